"""TODO-PART."""
