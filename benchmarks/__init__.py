"""Measurements of what the project claims, each against a peer or a physical limit in one run."""
