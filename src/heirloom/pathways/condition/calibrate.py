"""From what the camera saw to what the surface gave back: flat fields from a white board.

A white board in the surface's place, photographed under the same lights, tells how each light spreads over the picture and
how the lens darkens its corners. The board is matt and faces the camera, so what it *should* show follows from the light's
place; each photo is divided by what is left. With the lights' distance unknown, the fall-off of the light is taken out, but
not the change of its direction over the picture: that needs the distance (see :mod:`.solve`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from heirloom.pathways.condition.arrays import F32, pixel_positions
from heirloom.pathways.condition.lights import Lights

_MOST_GAIN = 8.0


def _terms(shape: tuple[int, int]) -> F32:
    x, y = (plane.reshape(-1) * 2 for plane in pixel_positions(shape))
    powers = [(i, j) for i in range(6) for j in range(6 - i)]
    return np.stack([x**i * y**j for i, j in powers], axis=1).astype(np.float32)


def smooth_field(field: F32) -> F32:
    """A board photo without its grain: a polynomial of the fifth degree in the logarithm, fitted on every nth pixel.

    Light falls off smoothly, so nothing of the board's dust or the sensor's noise gets into the correction.
    """
    height, width = field.shape
    step = max(1, min(height, width) // 64)
    terms = _terms(field.shape)
    grid = np.zeros(field.shape, bool)
    grid[::step, ::step] = True
    chosen = grid.reshape(-1) & (field.reshape(-1) > 1e-3)
    logs = np.log(np.maximum(field.reshape(-1)[chosen], 1e-3))
    found, *_ = np.linalg.lstsq(terms[chosen].astype(np.float64), logs.astype(np.float64), rcond=None)
    return np.exp(terms @ found.astype(np.float32)).reshape(height, width).astype(np.float32)


def expected_field(shape: tuple[int, int], vector: F32) -> F32:
    """What a matt board facing the camera shows under a near light at *vector* (image widths); 1 where distance and angle are 1."""
    x, y = pixel_positions(shape)
    square = (vector[0] - x) ** 2 + (vector[1] - y) ** 2 + vector[2] ** 2
    radius = np.float32(np.linalg.norm(vector))
    return np.asarray(radius**2 * vector[2] / (square * np.sqrt(square)), np.float32)


@dataclass(frozen=True)
class FlatField:
    """One smooth gain a photo, (H, W) each."""

    gains: tuple[F32, ...]

    def correct(self, number: int, grey: F32) -> F32:
        return np.asarray(grey * self.gains[number], np.float32)


def flat_field(boards: Sequence[F32], lights: Lights) -> FlatField:
    """Gains from linear board photos in the order of *lights*, 1 in the mean of all photos, at most eight.

    A board under a distant light of direction l shows l_z everywhere; under a near light what :func:`expected_field` says.
    """
    shape = (boards[0].shape[0], boards[0].shape[1])
    ratios = []
    for board, vector in zip(boards, lights.vectors.astype(np.float32), strict=True):
        if lights.near:
            wanted: F32 | np.float32 = expected_field(shape, vector)
        else:
            wanted = np.float32(vector[2])
        ratios.append(np.asarray(wanted / np.maximum(smooth_field(board), np.float32(1e-3)), np.float32))
    middle = float(np.median([float(np.median(ratio)) for ratio in ratios]))
    return FlatField(
        tuple(
            np.clip(ratio / np.float32(middle), 1 / _MOST_GAIN, _MOST_GAIN).astype(np.float32)
            for ratio in ratios
        )
    )
