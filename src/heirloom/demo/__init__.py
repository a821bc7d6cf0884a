"""The demonstration: a real call and real practices, with everything illustrative marked as such."""
