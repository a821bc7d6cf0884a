"""The API: the same actions and queries as the pages, with the same permissions, described by OpenAPI."""
