"""Files and pictures within the site, by the catalogue's own addresses: a file is named by its item and its digest, so that a sealed case keeps its pictures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from heirloom.catalogue.exchange import Addresses

HERE = Addresses("")
"""Addresses within the site."""


def media_url(item_key: str, sha512: str) -> str:
    """Return where a file of an item is downloaded."""
    return HERE.file(item_key, sha512)


def run_file_url(run_key: str, path: str) -> str:
    """Return where an output of a run is downloaded."""
    return f"/runs/{run_key}/files/{path}"


def image_service(item_key: str, sha512: str) -> str:
    """Return the address of an image's IIIF service."""
    return HERE.image(item_key, sha512)


def picture(
    item_key: str,
    media: Mapping[str, Any],
    widths: tuple[int, ...] = (320, 640, 1280),
    *,
    form: str = "jpg",
) -> dict[str, Any] | None:
    """Return an image as components show it: address, size, alternatives by width, and where to zoom.

    *media* is a file as a sealed case or a record describes it; ``None`` for what is no image with a known size.
    """
    width, height = media.get("width"), media.get("height")
    if not str(media.get("media_type", "")).startswith("image/") or not width or not height:
        return None
    service = image_service(item_key, media["sha512"])
    fitting = [wide for wide in widths if wide < width] or [width]
    shown = fitting[min(1, len(fitting) - 1)]
    return {
        "src": f"{service}/full/{shown},/0/default.{form}",
        "srcset": ", ".join(f"{service}/full/{wide},/0/default.{form} {wide}w" for wide in fitting),
        "sizes": "(max-width: 48rem) 100vw, 44rem",
        "width": shown,
        "height": max(1, round(height * shown / width)),
        "alt": media.get("alt") or {},
        "info": f"{service}/info.json",
    }
