"""Climate at a surface: computations on logger readings, as plain arrays."""
