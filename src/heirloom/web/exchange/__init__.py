"""Addresses for programs: IIIF, harvesting, media files and downloads."""
