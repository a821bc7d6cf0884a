"""The arrays of this pathway: rows x columns, row 0 on top, x to the right, y up, z towards the camera."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
U8 = NDArray[np.uint8]
U16 = NDArray[np.uint16]
Mask = NDArray[np.bool_]
AnyArray = NDArray[Any]


def to_linear(encoded: AnyArray) -> F32:
    """sRGB values 0..1 as relative light (IEC 61966-2-1)."""
    values = np.asarray(encoded, np.float32)
    low = values <= np.float32(0.04045)
    high = ((values + np.float32(0.055)) / np.float32(1.055)) ** np.float32(2.4)
    return np.where(low, values / np.float32(12.92), high).astype(np.float32)


def to_srgb(linear: AnyArray) -> F32:
    """Relative light, cut to 0..1, as sRGB values 0..1 (IEC 61966-2-1)."""
    values = np.clip(np.asarray(linear, np.float32), 0, 1)
    low = values <= np.float32(0.0031308)
    high = np.float32(1.055) * values ** np.float32(1 / 2.4) - np.float32(0.055)
    return np.where(low, values * np.float32(12.92), high).astype(np.float32)


def pixel_positions(shape: tuple[int, int], top: int = 0, bottom: int | None = None) -> F32:
    """x, y of each pixel of the rows *top* to *bottom*, in image widths from the image's centre; shape (2, rows, W)."""
    height, width = shape
    rows = np.arange(top, height if bottom is None else bottom, dtype=np.float32)
    x = (np.arange(width, dtype=np.float32) - np.float32((width - 1) / 2)) / np.float32(width)
    y = (np.float32((height - 1) / 2) - rows) / np.float32(width)
    return np.stack(np.broadcast_arrays(x[None, :], y[:, None])).astype(np.float32)


def angle_degrees(a: AnyArray, b: AnyArray) -> F32:
    """Angle between unit vectors along the last axis, in degrees; exact also for small angles."""
    half = np.linalg.norm(np.asarray(a, np.float32) - np.asarray(b, np.float32), axis=-1) / 2
    return np.asarray(np.degrees(2 * np.arcsin(np.clip(half, 0, 1))), np.float32)


def normals_of(height: AnyArray) -> F32:
    """Unit normals of a height map in pixels (central differences); shape (H, W, 3)."""
    down, right = np.gradient(np.asarray(height, np.float32))
    normals = np.stack([-right, down, np.ones_like(right)], axis=-1)
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    return np.asarray(normals, np.float32)
