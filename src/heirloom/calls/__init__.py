"""Calls: from the opening of a call for cases to its published collection."""
