"""Pages of an organiser: calls, assignment, decisions, collections."""
