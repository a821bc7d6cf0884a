"""Draw any region of a master: level, crop, scale, mirror, rotate, colour, encode (Image API 3.0, section 4.6).

The pyramid level is the smallest that still has at least the pixels asked for, so a request reads about as many
pixels as it returns, however large the image. Each thread keeps a few levels open (one libvips image per level
and thread), bounded by the memory that their caches of tiles can take.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from heirloom.catalogue.iiif.engine import pyvips
from heirloom.catalogue.iiif.image_request import Resolved
from heirloom.catalogue.iiif.tiff import Level, TiledTiff, UnreadableMaster, file_identity
from heirloom.errors import HeirloomError, gettext_noop

JPEG_QUALITY = 85
"""Quality of the JPEG images that are drawn; the same as that of the masters' tiles."""

LARGE = 4_000_000
"""Pixels from which an image counts as large; only :data:`LARGE_AT_ONCE` such are drawn at a time."""
LARGE_AT_ONCE = 2
LARGE_WAIT = 20.0

_THREAD_BYTES = 48 << 20
_THREAD_LEVELS = 12
_local = threading.local()
_large = threading.BoundedSemaphore(LARGE_AT_ONCE)

_WHITE = 255
THUMBNAIL = 320  # pixels; WebP this small is for lists on slow lines, where bytes count more than grain
# Encoders without metadata: a master is sRGB and upright, so nothing is left to say.
_ENCODERS: dict[str, tuple[str, dict[str, object]]] = {
    "jpg": ("jpegsave_buffer", {"Q": JPEG_QUALITY, "keep": "none"}),
    "png": ("pngsave_buffer", {"compression": 5, "keep": "none"}),
    "webp": ("webpsave_buffer", {"Q": 80, "effort": 2, "keep": "none"}),
    "tif": ("tiffsave_buffer", {"compression": "deflate", "predictor": "horizontal", "keep": "none"}),
    "gif": ("gifsave_buffer", {"effort": 3, "keep": "none"}),
}


class Busy(HeirloomError):
    """More large images are asked for at once than the server has memory to draw."""

    code = "iiif.busy"
    message = gettext_noop("Too many large images are being made right now. Please try again in a moment.")
    status = 503


def render(tiff: TiledTiff, levels: Sequence[Level], request: Resolved) -> bytes:
    """The encoded image for *request*; *levels* are those of *tiff* that are served, the first the full size.

    Raises:
        UnreadableMaster: the file is damaged.
        Busy: too many large images at once.
    """
    read = request.region[2] * request.region[3] / best_level(levels, request)[0] ** 2
    written = request.rotated_size[0] * request.rotated_size[1]
    if max(read, written) < LARGE:
        return _render(tiff, levels, request)
    if not _large.acquire(timeout=LARGE_WAIT):
        raise Busy
    try:
        return _render(tiff, levels, request)
    finally:
        _large.release()


def best_level(levels: Sequence[Level], request: Resolved) -> tuple[int, Level]:
    """The scale factor (1, 2, 4, ...) and the level from which *request* is drawn.

    Of the levels that have at least the pixels asked for, the smallest. A tile at the edge asks for its size
    rounded up (implementation notes, section 3), which its own level still satisfies.
    """
    _, _, w, h = request.region
    out_width, out_height = request.size
    factor, level = 1, levels[0]
    for step, candidate in enumerate(levels[1:], 1):
        if -(-w >> step) < out_width or -(-h >> step) < out_height:
            break
        factor, level = 1 << step, candidate
    return factor, level


def _render(tiff: TiledTiff, levels: Sequence[Level], request: Resolved) -> bytes:
    try:
        image = _rotated(_scaled(tiff, levels, request), request)
        image = _quality(image, request.quality)
        if request.format == "jpg" and image.hasalpha():
            image = image.flatten(background=_WHITE)
        name, options = _ENCODERS[request.format]
        if request.format == "png" and request.quality == "bitonal" and not image.hasalpha():
            options = {**options, "bitdepth": 1}
        if request.format == "webp" and max(image.width, image.height) <= THUMBNAIL:
            options = {**options, "Q": 40}
        encoded = pyvips.Operation.call(name, image, **options)
    except pyvips.Error as error:
        _forget()
        raise UnreadableMaster(reason=str(error.message)) from error
    return bytes(encoded)


def _scaled(tiff: TiledTiff, levels: Sequence[Level], request: Resolved) -> Any:
    factor, level = best_level(levels, request)
    image = _level_image(tiff, level)
    x, y, w, h = request.region
    left, width = _on_level(x, w, factor, level.width)
    top, height = _on_level(y, h, factor, level.height)
    if (width, height) != (level.width, level.height):
        image = image.crop(left, top, width, height)
    if (width, height) == request.size:
        return image
    return _resized(image, *request.size)


def _on_level(start: int, length: int, factor: int, size: int) -> tuple[int, int]:
    """Where *start*, *length* of the full size lie on a level of *size* pixels, to the nearest pixel."""
    first = min((2 * start + factor) // (2 * factor), size - 1)
    end = min(max((2 * (start + length) + factor) // (2 * factor), first + 1), size)
    return first, end - first


def _resized(image: Any, width: int, height: int) -> Any:
    alpha = image.hasalpha()
    if alpha:
        image = image.premultiply()
    image = image.resize(width / image.width, vscale=height / image.height)
    if alpha:
        image = image.unpremultiply().cast("uchar")
    if (image.width, image.height) != (width, height):
        image = image.gravity("north-west", width, height, extend="copy")
    return image


def _rotated(image: Any, request: Resolved) -> Any:
    if request.mirror:
        image = image.fliphor()
    if request.rotation == 0:
        return image
    # Turning reads columns, for which a tiled file would be decoded over and over.
    image = image.copy_memory()
    if request.rotation % 90 == 0:
        return image.rot(f"d{int(request.rotation)}")
    angle = math.radians(request.rotation)
    cosine, sine = math.cos(angle), math.sin(angle)
    width, height = request.rotated_size
    see_through = request.format != "jpg"
    if see_through and not image.hasalpha():
        image = image.addalpha()
    # The box is laid around the turned centre, so that nothing is cut off and no side has more room than another.
    return image.affine(
        [cosine, -sine, sine, cosine],
        interpolate=pyvips.Interpolate.new("bicubic"),
        oarea=[0, 0, width, height],
        odx=width / 2 - (cosine * image.width - sine * image.height) / 2,
        ody=height / 2 - (sine * image.width + cosine * image.height) / 2,
        # Without transparency the corners are black: the API leaves it open, and its validator compares with black.
        background=[0] * image.bands,
        extend="background",
    )


def _quality(image: Any, quality: str) -> Any:
    if quality not in ("gray", "bitonal"):
        return image
    image = image.colourspace("b-w")
    if quality == "gray":
        return image
    if not image.hasalpha():
        return image >= 128
    return (image[0] >= 128).bandjoin(image[image.bands - 1]).copy(interpretation="b-w")


def _level_image(tiff: TiledTiff, level: Level) -> Any:
    """*level* as an open libvips image of this thread."""
    kept: OrderedDict[tuple[object, ...], tuple[Any, int]] | None = getattr(_local, "levels", None)
    if kept is None:
        kept = _local.levels = OrderedDict()
    key = (str(tiff.path), file_identity(tiff.stat), level.page, level.subifd)
    if key in kept:
        kept.move_to_end(key)
        return kept[key][0]
    image = pyvips.Image.tiffload(str(tiff.path), page=level.page, subifd=level.subifd, fail_on="truncated")
    if (image.width, image.height) != (level.width, level.height):
        raise UnreadableMaster(reason="it was changed while it was read")
    # libvips keeps two and a half rows of decoded tiles of every open level.
    cost = 5 * (level.across + 1) * level.tile_width * level.tile_height * level.samples // 2
    if cost > _THREAD_BYTES:
        return image
    kept[key] = (image, cost)
    while len(kept) > _THREAD_LEVELS or sum(bytes_ for _, bytes_ in kept.values()) > _THREAD_BYTES:
        kept.popitem(last=False)
    return image


def _forget() -> None:
    """Drop this thread's open levels, as one of them failed."""
    _local.levels = OrderedDict()
