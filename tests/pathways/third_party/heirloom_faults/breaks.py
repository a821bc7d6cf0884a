"""Fails while it is imported."""

raise RuntimeError("a library is missing")
