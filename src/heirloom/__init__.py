"""Heirloom: calls for cases whose answers can be seen, re-run and inherited."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("heirloom-commons")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0+unknown"
