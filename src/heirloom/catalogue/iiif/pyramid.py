"""Masters for deep zoom: pyramidal tiled TIFFs made from any accepted image.

A master is a derivative for delivery, made to be cut into tiles: upright, sRGB or grey, 8 bits, tiles of 256
pixels, every level half the one before. The original in the archive stays what it is. JPEG tiles (quality 85)
are handed on without decoding (:mod:`heirloom.catalogue.iiif.tiff`); images with transparency, and those made
``lossless``, are kept with Deflate and always drawn afresh.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from heirloom.catalogue.iiif.engine import VERSION, pyvips
from heirloom.catalogue.iiif.tiff import TiledTiff
from heirloom.catalogue.iiif.tiff_write import write_pyramid
from heirloom.errors import HeirloomError, gettext_noop

MAX_PIXELS = 2_000_000_000
"""Pixels of the largest image that is accepted where the caller names no other limit."""

LOADERS = frozenset(
    f"VipsForeignLoad{kind}Source" for kind in ("Jpeg", "Png", "Webp", "Tiff", "Nsgif", "Heif")
)
"""libvips loaders that may read an original, chosen by the file's content and never by its name."""

_BIG = 3_900_000_000


class NotAnImage(HeirloomError):
    """The file is no image of a kind that masters are made from, or it is damaged."""

    code = "iiif.not-an-image"
    message = gettext_noop("“{name}” is not an image that can be shown: {reason}.")
    kept = gettext_noop("The file itself was not changed.")


class TooManyPixels(HeirloomError):
    """The header announces more pixels than are accepted; nothing was decoded."""

    code = "iiif.too-many-pixels"
    message = gettext_noop(
        "“{name}” has {width} × {height} pixels; at most {most} million pixels are accepted."
    )
    kept = gettext_noop("The file itself was not changed.")


class Cancelled(HeirloomError):
    """The work was stopped by whoever watched its progress."""

    code = "iiif.cancelled"
    message = gettext_noop("Preparing “{name}” for viewing was stopped.")
    kept = gettext_noop("The file itself was not changed.")


@dataclass(frozen=True, slots=True)
class Master:
    """A finished master: its file, its upright size in pixels, its bands and how its tiles are kept."""

    path: Path
    width: int
    height: int
    bands: int
    compression: str
    bytes: int
    engine: str


def make(
    source: Path | str,
    target: Path | str,
    *,
    lossless: bool = False,
    quality: int = 85,
    tile: int = 256,
    max_pixels: int = MAX_PIXELS,
    progress: Callable[[float], bool] | None = None,
) -> Master:
    """Make the master of the image *source* at *target*; only a finished file is ever seen there.

    The bytes depend on the source, the arguments and the version of libvips alone. Pixels stream through, so memory
    grows with the width of the image only (about 120 MB for 100 megapixels). An image stored turned (EXIF
    orientation) is first unpacked, to a temporary file where it is large (400 MB, most of it that file's pages);
    progressive JPEG and WebP must be decoded as a whole (7 to 8 bytes a pixel).

    Args:
        source: a JPEG, PNG, WebP, TIFF, GIF, HEIC or AVIF image; of several pages the first.
        target: where the TIFF is written, by a temporary file in the same folder and a rename.
        lossless: keep all pixels exactly (Deflate), at several times the size and cost.
        quality: JPEG quality, 1 to 100.
        tile: width and height of a tile in pixels, a multiple of 16 (TIFF 6.0, section 15).
        max_pixels: refuse larger images by their header, before decoding.
        progress: called now and then with the part done (0 to 1); answers whether to go on.

    Raises:
        NotAnImage: no accepted image, or damaged.
        TooManyPixels: larger than *max_pixels*.
        Cancelled: *progress* answered that it is not to go on.
        OSError: the target's folder cannot be written.
    """
    source, target = Path(source), Path(target)
    if tile % 16 or not 16 <= tile <= 4096:
        raise ValueError("tile must be a multiple of 16 between 16 and 4096")
    stopped: list[bool] = []
    with _temporary(target.parent) as finished:
        try:
            image = upright_srgb(source, max_pixels=max_pixels)
            if progress is not None:
                _report(image, progress, stopped)
            options = {
                "tile": True,
                "tile_width": tile,
                "tile_height": tile,
                "pyramid": True,
                "depth": "onetile",
            }
            options |= {"region_shrink": "mean", "keep": "none", "bigtiff": _is_big(image)}
            if lossless or image.hasalpha():
                compression = "deflate"
                image.tiffsave(str(finished), compression=compression, predictor="horizontal", **options)
            else:
                compression = "jpeg"
                with _temporary(target.parent) as margined:
                    sizes = _levels(image.width, image.height, tile)
                    wide = image.embed(0, 0, *_with_margin(sizes), extend="copy")
                    wide.tiffsave(str(margined), compression=compression, Q=quality, **options)
                    with finished.open("wb") as file:
                        write_pyramid(file, TiledTiff(margined), sizes)
        except pyvips.Error as error:
            if stopped:
                raise Cancelled(name=source.name) from error
            raise NotAnImage(name=source.name, reason=_reason(error)) from error
        _publish(finished, target)
    return Master(
        path=target,
        width=image.width,
        height=image.height,
        bands=image.bands,
        compression=compression,
        bytes=target.stat().st_size,
        engine=f"libvips {VERSION}",
    )


def _levels(width: int, height: int, tile: int) -> list[tuple[int, int]]:
    """Sizes of the levels: halves, down to one tile or until a side has hardly any pixels left."""
    sizes = [(width, height)]
    while max(width, height) > tile and min(width, height) >= 32:
        width, height = width // 2, height // 2
        sizes.append((width, height))
    return sizes


def _with_margin(sizes: list[tuple[int, int]]) -> tuple[int, int]:
    """Width and height with enough margin that on every level the last JPEG blocks hold no foreign pixels.

    A block of JPEG with halved chroma is 16 pixels wide, and smoothing the chroma looks one sample further.
    """
    return (
        max((width + 2 + 15) // 16 * 16 << step for step, (width, _) in enumerate(sizes)),
        max((height + 2 + 15) // 16 * 16 << step for step, (_, height) in enumerate(sizes)),
    )


def _is_big(image: Any) -> bool:
    """Whether the file could outgrow classic TIFF even if compression saved nothing."""
    return bool(image.width * image.height * image.bands * 3 // 2 > _BIG)


@contextlib.contextmanager
def _temporary(folder: Path) -> Iterator[Path]:
    """A new hidden file in *folder*, gone afterwards unless it was renamed."""
    descriptor, name = tempfile.mkstemp(prefix=".master-", suffix=".tmp", dir=folder)
    os.close(descriptor)
    try:
        yield Path(name)
    finally:
        with contextlib.suppress(FileNotFoundError):
            Path(name).unlink()


def upright_srgb(source: Path, *, max_pixels: int = MAX_PIXELS) -> Any:
    """The image *source* as a lazy libvips image: upright, sRGB or grey, 8 bits, with alpha only where used.

    Raises:
        NotAnImage, TooManyPixels; ``pyvips.Error`` later, while pixels are read, where the data is damaged.
    """
    header = _open(source, "random")
    if header.width * header.height > max_pixels:
        raise TooManyPixels(
            name=source.name, width=header.width, height=header.height, most=max_pixels // 1_000_000
        )
    # Turning, and finding the range of a measured surface, read rows out of order or twice.
    turned = header.get_typeof("orientation") != 0 and header.get("orientation") not in (0, 1)
    streams = not turned and not _is_measurement(header)
    image = _open(source, "sequential" if streams else "random")
    if turned:
        image = image.autorot()
    opaque = image.hasalpha() and _open(source, "sequential")[header.bands - 1].min() >= _full_alpha(header)
    image = _srgb(image)
    if image.hasalpha() and opaque:
        image = image.extract_band(0, n=image.bands - 1)
    return image


def _open(source: Path, access: str) -> Any:
    # A source, not a file name: libvips reads "[...]" at the end of a name as options.
    try:
        origin = pyvips.Source.new_from_file(str(source))
        found = pyvips.vips_lib.vips_foreign_find_load_source(origin.pointer)
        kind = pyvips.ffi.string(found).decode() if found != pyvips.ffi.NULL else ""
        if kind not in LOADERS:
            raise NotAnImage(name=source.name, reason="it is of another kind")
        return pyvips.Image.new_from_source(origin, "", access=access, fail_on="truncated")
    except pyvips.Error as error:
        raise NotAnImage(name=source.name, reason=_reason(error)) from error


def _srgb(image: Any) -> Any:
    """*image* in 8-bit sRGB, or 8-bit grey where it has no colour; alpha stays the last band."""
    if _is_measurement(image):
        image = image.scaleimage()
    image = _named_colours(image)
    grey = image.bands - int(image.hasalpha()) == 1
    if "icc-profile-data" in image.get_fields() or image.interpretation == "cmyk":
        # A profile that does not fit its image (CMYK in a grey scan) is common; the plain meaning of the
        # numbers is then the best that is left.
        with contextlib.suppress(pyvips.Error):
            image = image.icc_transform(
                "srgb",
                embedded=True,
                intent="relative",
                black_point_compensation=True,
                **({"input_profile": "cmyk"} if image.interpretation == "cmyk" else {}),
            )
    image = image.colourspace("b-w" if grey else "srgb")
    return image if image.format == "uchar" else image.cast("uchar")


def _named_colours(image: Any) -> Any:
    """*image* with an interpretation that says what its bands are; bands past colour and alpha are dropped."""
    wide = image.format == "ushort"
    name = image.interpretation
    if name == "multiband" or (wide and name in ("b-w", "srgb")):
        grey = image.bands < 3
        name = ("grey16" if wide else "b-w") if grey else ("rgb16" if wide else "srgb")
        image = image.copy(interpretation=name)
    colours = {"b-w": 1, "grey16": 1, "cmyk": 4}.get(name, 3)
    # One more band is transparency; several more are measurements nobody named.
    return image if image.bands <= colours + 1 else image.extract_band(0, n=colours)


def _is_measurement(image: Any) -> bool:
    """Whether the numbers are no colours but, say, heights, so that only their range can be shown."""
    return image.format not in ("uchar", "ushort") and image.interpretation in (
        "b-w",
        "grey16",
        "multiband",
        "srgb",
        "rgb16",
    )


def _full_alpha(image: Any) -> float:
    if image.interpretation in ("rgb16", "grey16") or image.format == "ushort":
        return 65535.0
    return 1.0 if image.interpretation == "scrgb" else 255.0


def _report(image: Any, progress: Callable[[float], bool], stopped: list[bool]) -> None:
    def on_progress(running: Any, state: Any) -> None:
        if not progress(state.percent / 100):
            stopped.append(True)
            running.set_kill(True)

    image.set_progress(True)
    image.signal_connect("eval", on_progress)


def _reason(error: pyvips.Error) -> str:
    lines = [line.strip() for line in str(error.detail or error.message).splitlines() if line.strip()]
    return lines[0] if lines else "it cannot be read"


def _publish(temporary: Path, target: Path) -> None:
    with temporary.open("rb+") as file:
        os.fchmod(file.fileno(), 0o644)
        os.fsync(file.fileno())
    temporary.replace(target)
    folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
