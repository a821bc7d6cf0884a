"""Pages of a signed-in person: cases, applications, runs, items, personal data."""
