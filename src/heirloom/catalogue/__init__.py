"""Catalogue: described items of all kinds, who may see them, and how they are found and exchanged."""
