"""Maps seen by a camera that moved, exact to about a thousandth of a pixel.

OpenCV looks up its interpolation weights at every 1/32 of a pixel, and no kernel of its own leaves a slope in place: Lanczos' moves
it by up to a hundredth of a pixel, the cubic one by a fiftieth. Where change is measured, all of that is as large as the noise. So
values are taken at the nearest 1/32 with Lanczos' kernel, and what is left of the way, known exactly, is made up for by the gradient.
"""

from __future__ import annotations

import functools

import cv2
import numpy as np

from heirloom.pathways.condition.arrays import F32, F64

_STEPS = 32
_ROWS = 512
_MARGIN = 2


def _places(matrix: F64, width: int, top: int, bottom: int) -> tuple[F64, F64]:
    x = np.arange(width, dtype=np.float64)[None, :]
    y = np.arange(top, bottom, dtype=np.float64)[:, None]
    below = matrix[2, 0] * x + matrix[2, 1] * y + matrix[2, 2]
    return (
        (matrix[0, 0] * x + matrix[0, 1] * y + matrix[0, 2]) / below,
        (matrix[1, 0] * x + matrix[1, 1] * y + matrix[1, 2]) / below,
    )


@functools.cache
def _led_astray() -> F64:
    """(32,): how far from the asked place the kernel's weights are centred, pixels, by the 1/32 of a pixel asked for."""
    ramp = np.arange(32, dtype=np.float32)[None, :]
    asked = np.float32(16) + np.arange(_STEPS, dtype=np.float32)[None, :] / _STEPS
    found = cv2.remap(ramp, asked, np.zeros_like(asked), cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(np.asarray(found, np.float64)[0] - asked[0], np.float64)


def _left(wanted: F64) -> tuple[F32, F32]:
    """The places to ask for, and the way that is left from where the values come from to *wanted*, pixels."""
    steps = np.round(wanted * _STEPS).astype(np.int64)
    asked = steps / _STEPS
    return asked.astype(np.float32), (wanted - asked - _led_astray()[steps % _STEPS]).astype(np.float32)


def resample(values: F32, matrix: F64, shape: tuple[int, int], border: int = cv2.BORDER_REPLICATE) -> F32:
    """*values* (H, W) or (H, W, channels) at the places to which *matrix* (3, 3) leads from each pixel (x, y, 1) of *shape*."""
    height, width = shape
    values = np.asarray(values, np.float32)
    made = np.empty((height, width, *values.shape[2:]), np.float32)
    back = np.linalg.inv(np.asarray(matrix, np.float64)[:2, :2])
    for top in range(0, height, _ROWS):
        bottom = min(height, top + _ROWS)
        # A margin of rows, so that the gradient knows both sides.
        low, high = max(0, top - _MARGIN), min(height, bottom + _MARGIN)
        x, y = _places(np.asarray(matrix, np.float64), width, low, high)
        (near_x, off_x), (near_y, off_y) = _left(x), _left(y)
        part = np.asarray(
            cv2.remap(
                values,
                near_x,
                near_y,
                cv2.INTER_LANCZOS4,
                borderMode=border,
            ),
            np.float32,
        )
        # The way that is left, in the pixels of the new picture.
        right = np.float32(back[0, 0]) * off_x + np.float32(back[0, 1]) * off_y
        down = np.float32(back[1, 0]) * off_x + np.float32(back[1, 1]) * off_y
        if part.ndim == 3:
            right, down = right[..., None], down[..., None]
        if min(part.shape[:2]) > 1:
            by_row, by_column = np.gradient(part, axis=(0, 1))
            part = part + right * by_column + down * by_row
        made[top:bottom] = part[top - low : bottom - low]
    return made
