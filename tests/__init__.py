"""Tests of Heirloom; the tree mirrors the package."""
