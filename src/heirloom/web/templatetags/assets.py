"""Which file of the front-end build a name means, by the manifest that the build writes."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.templatetags.static import static

DIST = Path(__file__).resolve().parent.parent / "static" / "dist"

# Names that templates use, and the build's own names for them.
ENTRIES = {
    "main.css": "src/styles/index.css",
    "main.js": "src/main.ts",
    "viewer.js": "src/viewer.ts",
    "htmx.js": "src/htmx.ts",
    "land-110m.svg": "land-110m.svg",
    "land-50m.svg": "land-50m.svg",
}


class UnknownAsset(KeyError):
    """A template names a file that the build does not make: a mistake of the page's author."""


@lru_cache(maxsize=2)
def _read(stamp: int) -> dict[str, Any]:  # noqa: ARG001 -- the stamp only makes a new build a new key
    manifest: dict[str, Any] = json.loads((DIST / "manifest.json").read_text())
    return manifest


@lru_cache(maxsize=1)
def _stamp() -> int:
    return (DIST / "manifest.json").stat().st_mtime_ns


def manifest() -> dict[str, Any]:
    """Return the build's manifest; read once, and again after a new build where ``DEBUG`` is on.

    Raises:
        ImproperlyConfigured: the front end was never built.
    """
    if settings.DEBUG:
        _stamp.cache_clear()
    try:
        return _read(_stamp())
    except FileNotFoundError as error:
        raise ImproperlyConfigured(
            "The front end is not built: run `python hatch_build.py --frontend` in the repository, "
            "or install the package again."
        ) from error


def asset_path(name: str) -> str:
    """Return the path below the static files of the built file *name* (``main.css`` gives ``dist/assets/style-….css``)."""
    try:
        file = manifest()[ENTRIES[name]]["file"]
    except KeyError as error:
        raise UnknownAsset(name) from error
    return f"dist/{file}"


def asset_url(name: str) -> str:
    """Return the address of the built file *name*."""
    return static(asset_path(name))
