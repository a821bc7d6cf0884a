"""Pages and the API: thin, calling actions and queries."""
