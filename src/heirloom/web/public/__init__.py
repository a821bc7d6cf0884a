"""Pages for everybody: collection, items, places, cases, calls."""
