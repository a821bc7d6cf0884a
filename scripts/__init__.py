"""What maintainers run: the generated documentation, the changelog, pictures of the pages."""
