"""Pictures in and out: 8 and 16 bits, with what they say of their colours. pyvips does the reading and writing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyvips

from heirloom.pathways.condition import errors
from heirloom.pathways.condition.arrays import F32, U8, U16, AnyArray

_LOADERS = ("jpegload", "pngload", "tiffload")
FULL = 65535


@dataclass(frozen=True)
class Photo:
    """Pixels (H, W) or (H, W, 3) of 8 or 16 bits, and what the file says of itself."""

    pixels: AnyArray
    loader: str
    profile: bool

    @property
    def lossy(self) -> bool:
        return self.loader == "jpegload"


def read(path: Path, name: str = "") -> Photo:
    """A JPEG, PNG or TIFF. Alpha is dropped; the picture is not turned (the camera stood still). Raises PhotoUnreadable."""
    try:
        image = pyvips.Image.new_from_file(str(path), access="sequential", fail_on="truncated")
        loader = str(image.get("vips-loader")).removesuffix("_source")
        if loader not in _LOADERS or image.format not in ("uchar", "ushort") or image.bands > 4:
            raise errors.PhotoUnreadable(name=name or path.name)
        if image.bands in (2, 4):
            image = image.extract_band(0, n=image.bands - 1)
        profile = image.get_typeof("icc-profile-data") != 0
        pixels = image.numpy()
    except pyvips.Error:
        raise errors.PhotoUnreadable(name=name or path.name) from None
    return Photo(pixels, loader, profile)


def _image(pixels: AnyArray) -> pyvips.Image:
    pixels = np.ascontiguousarray(pixels)
    image = pyvips.Image.new_from_array(pixels)
    if pixels.dtype == np.uint16:
        return image.copy(interpretation="rgb16" if pixels.ndim == 3 else "grey16")
    if pixels.dtype == np.uint8:
        return image.copy(interpretation="srgb" if pixels.ndim == 3 else "b-w")
    return image


def write_png(path: Path, pixels: AnyArray) -> None:
    _image(pixels).pngsave(str(path), compression=6, keep=0)


def write_jpeg(path: Path, pixels: U8, quality: int = 92, *, full_colour: bool = False) -> None:
    """*full_colour* keeps the colour as fine as the light (no chroma subsampling)."""
    _image(pixels).jpegsave(str(path), Q=quality, keep=0, subsample_mode="off" if full_colour else "auto")


def write_tiff(path: Path, values: F32) -> None:
    """32-bit floating point, deflated."""
    _image(np.asarray(values, np.float32)).tiffsave(
        str(path), compression="deflate", predictor="float", keep=0
    )


def read_float(path: Path) -> F32:
    return np.asarray(pyvips.Image.new_from_file(str(path)).numpy(), np.float32)


def encode_normals(normals: F32) -> U16:
    """Unit normals as 16-bit RGB, ``(n + 1) / 2``: steps of 0.002 degrees. (With 8 bits they would be 0.5.)"""
    return np.asarray(np.clip((normals + 1) * np.float32(FULL / 2) + np.float32(0.5), 0, FULL), np.uint16)


def decode_normals(pixels: AnyArray) -> F32:
    full = np.float32(np.iinfo(pixels.dtype).max)
    normals = pixels.astype(np.float32) * (2 / full) - 1
    normals /= np.maximum(np.linalg.norm(normals, axis=-1, keepdims=True), np.float32(1e-6))
    return np.asarray(normals, np.float32)


def encode_unit(values: AnyArray) -> U16:
    """0 to 1 as 16 bits."""
    return np.asarray(np.clip(values * np.float32(FULL) + np.float32(0.5), 0, FULL), np.uint16)


def decode_unit(pixels: AnyArray) -> F32:
    grey = pixels if pixels.ndim == 2 else pixels[..., 0]
    return grey.astype(np.float32) / np.float32(np.iinfo(pixels.dtype).max)


def shown(values: F32, low: float = 0.01, high: float = 0.99) -> U8:
    """A map as grey 8-bit picture between two of its quantiles."""
    sample = values.ravel()[:: max(1, values.size // 1_000_000)]
    bottom, top = (float(q) for q in np.quantile(sample, [low, high]))
    scaled = (values - np.float32(bottom)) / np.float32(max(top - bottom, 1e-9))
    return np.asarray(np.clip(scaled, 0, 1) * 255 + np.float32(0.5), np.uint8)
