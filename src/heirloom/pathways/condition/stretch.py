"""Decorrelation stretch: faded paint made visible, with an honest account of the noise that comes with it.

Gillespie, Kahle & Walker 1986: colours are turned to their principal axes, each axis is stretched to the same spread, and
turned back. Small differences of hue become large; so do noise and the blocks of JPEG. The matrix is stored, so the same stretch can be
applied again and to other pictures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np

from heirloom.pathways.condition.arrays import F32, U8, AnyArray
from heirloom.pathways.condition.relief import smooth

Space = Literal["lab", "yuv", "rgb"]


@dataclass(frozen=True)
class Stretch:
    """``out = matrix (in - mean) + mean`` in *space*; *gains*: by how much noise grows along the three axes, root mean square in
    the last place of the whole: *gain*."""

    space: Space
    matrix: F32
    mean: F32
    gain: float

    def to_json(self) -> dict[str, Any]:
        return {
            "space": self.space,
            "matrix": [[round(float(v), 6) for v in row] for row in self.matrix],
            "mean": [round(float(v), 4) for v in self.mean],
            "noise_gain": round(self.gain, 3),
        }


def _into(picture: AnyArray, space: Space) -> F32:
    values = picture.astype(np.float32) / 255
    if space == "lab":
        return np.asarray(cv2.cvtColor(values, cv2.COLOR_RGB2LAB), np.float32)
    if space == "yuv":
        return np.asarray(cv2.cvtColor(values, cv2.COLOR_RGB2YUV) * 100, np.float32)
    return np.asarray(values * 100, np.float32)


def _back(values: F32, space: Space) -> F32:
    if space == "lab":
        limits = np.array([[0, 100], [-127, 127], [-127, 127]], np.float32)
        cut = np.clip(values, limits[:, 0], limits[:, 1]).astype(np.float32)
        return np.asarray(cv2.cvtColor(cut, cv2.COLOR_LAB2RGB), np.float32)
    if space == "yuv":
        return np.asarray(cv2.cvtColor(values / 100, cv2.COLOR_YUV2RGB), np.float32)
    return np.asarray(values / 100, np.float32)


def plan(picture: U8, space: Space = "lab", *, spread: float = 20.0, most_gain: float = 40.0) -> Stretch:
    """The stretch of *picture* (H, W, 3), sRGB: every principal axis gets the deviation *spread*.

    No axis is stretched more than *most_gain* times: an axis with nothing but noise stays noise.
    """
    values = _into(picture, space).reshape(-1, 3)
    sample = values[:: max(1, len(values) // 500_000)].astype(np.float64)
    mean = sample.mean(axis=0)
    variances, axes = np.linalg.eigh(np.cov((sample - mean).T))
    gains = np.minimum(spread / np.sqrt(np.maximum(variances, 1e-6)), most_gain)
    matrix = axes @ np.diag(gains) @ axes.T
    return Stretch(
        space, matrix.astype(np.float32), mean.astype(np.float32), float(np.sqrt((gains**2).mean()))
    )


def apply(picture: U8, stretch: Stretch) -> U8:
    """The stretched picture, sRGB."""
    values = _into(picture, stretch.space)
    out = (values - stretch.mean) @ stretch.matrix.T + stretch.mean
    rgb = _back(np.asarray(out, np.float32), stretch.space)
    return np.asarray(np.clip(rgb, 0, 1) * 255 + np.float32(0.5), np.uint8)


def noise_gain(picture: U8, stretch: Stretch, *, step: float = 1.0) -> F32:
    """How many times noise grows at every pixel: the stretched picture's answer to a step of one grey level in each channel.

    Includes what the colour space does to it; where the result is cut to black or white the gain is less.
    """
    smoothed = np.clip(smooth(picture, 1.0), step, 255 - step)
    total = np.zeros(picture.shape[:2], np.float32)
    for channel in range(3):
        answers = []
        for sign in (-1, 1):
            moved = smoothed.copy()
            moved[..., channel] += np.float32(sign * step)
            values = _into(moved, stretch.space)
            out = (values - stretch.mean) @ stretch.matrix.T + stretch.mean
            answers.append(np.clip(_back(np.asarray(out, np.float32), stretch.space), 0, 1))
        total += ((answers[1] - answers[0]) ** 2).sum(axis=-1) * np.float32((255 / (2 * step)) ** 2)
    return np.asarray(np.sqrt(total / 3), np.float32)


def blockiness(picture: AnyArray) -> float:
    """How much larger the steps across the borders of 8 x 8 blocks are than others; about 1 without JPEG, 1.05 and more with."""
    grey = picture.astype(np.float32).mean(axis=-1) if picture.ndim == 3 else picture.astype(np.float32)
    ratios = []
    for axis in (0, 1):
        steps = np.abs(np.diff(grey, axis=axis)).mean(axis=1 - axis)
        if len(steps) < 24:
            continue
        border = np.arange(len(steps)) % 8 == 7
        ratios.append(float(steps[border].mean() / max(steps[~border].mean(), 1e-6)))
    return float(np.mean(ratios)) if ratios else 1.0
