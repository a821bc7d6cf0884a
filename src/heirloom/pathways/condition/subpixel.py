"""The last hundredths of a pixel between two epochs, from the very maps that are compared.

Where a surface bends by two degrees a pixel, a hundredth of a pixel of shift is a tenth of the noise of tilt, and more than that in
the tail that a level of detection is made of. Registration by albedo alone leaves about that much, another amount on each visit,
so levels taken from a repeat would be too high for one visit and too low for the next. Slopes and the logarithm of albedo
together say the shift ten times as exactly: the difference of two maps is, for a small shift, the shift times their gradient
(Lucas & Kanade 1981), here with the shift of a small homography, one offset a map, and Tukey's biweight, so that places that did
change have no say.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heirloom.pathways.condition.arrays import F32, F64, Mask

TILE = 96
_MOST = 400_000
_FEWEST = 500
_ROUNDS = 6
_TUKEY = 4.685
_UNKNOWN = 8


@dataclass(frozen=True)
class Shift:
    """*matrix* (3, 3) leads from where a place of the first epoch was thought to be to where it is, in the first's pixels.

    *residual*: what is left after it (px, 1 sigma each way, from tiles); *tiles*: of how many.
    """

    matrix: F64
    residual: float
    tiles: int


def _normal_equations(design: F64, gap: F64, weights: F64) -> tuple[F64, F64]:
    drawn = design * weights[:, None]
    return design.T @ drawn, drawn.T @ gap


def _scale(values: F64) -> float:
    return 1.4826 * float(np.median(np.abs(values - np.median(values)))) + 1e-12


def _biweight(values: F64, scale: float) -> F64:
    inside = np.clip(1 - np.square(values / (_TUKEY * scale)), 0, 1)
    return np.asarray(inside * inside, np.float64)


def find(first: list[F32], second: list[F32], inside: Mask, doubt: F32) -> Shift:
    """The shift between maps (H, W) of the same places.

    *doubt*: how unsure each pixel is; its weight falls with the square. Few pixels, or maps without structure, give no shift.
    """
    height, width = inside.shape
    still = Shift(np.eye(3), 0.0, 0)
    rows, columns = np.nonzero(inside)
    if len(rows) < _FEWEST:
        return still
    step = max(1, len(rows) // _MOST)
    rows, columns = rows[::step], columns[::step]
    unsure = doubt[rows, columns].astype(np.float64)
    sure: F64 = 1 / np.square(np.maximum(unsure, np.median(unsure)))
    sure /= sure.max()
    size = float(max(height, width))
    x, y = columns / size - 0.5, rows / size - 0.5
    ones = np.ones(len(rows))
    rights: list[F64] = []
    downs: list[F64] = []
    gaps: list[F64] = []
    for a, b in zip(first, second, strict=True):
        middle = (a + b) / 2
        down, right = np.gradient(middle, axis=0), np.gradient(middle, axis=1)
        rights.append(right[rows, columns].astype(np.float64))
        downs.append(down[rows, columns].astype(np.float64))
        gap = (b - a)[rows, columns].astype(np.float64)
        gaps.append(gap - np.median(gap))
    designs = [
        np.column_stack([r, r * x, r * y, d, d * x, d * y, (r * x + d * y) * x, (r * x + d * y) * y, ones])
        for r, d in zip(rights, downs, strict=True)
    ]
    guess: F64 = np.zeros(_UNKNOWN)
    offsets = np.zeros(len(gaps))
    left = gaps
    weights = [sure] * len(gaps)
    for _ in range(_ROUNDS):
        whole, right_side = np.zeros((_UNKNOWN, _UNKNOWN)), np.zeros(_UNKNOWN)
        scales = [_scale(gap) for gap in left]
        weights = [sure * _biweight(gap, scale) for gap, scale in zip(left, scales, strict=True)]
        for number, (design, gap) in enumerate(zip(designs, gaps, strict=True)):
            m, v = _normal_equations(design, gap, weights[number] / scales[number] ** 2)
            # The offset of each map (the last unknown) is solved for within: Schur complement.
            one = max(float(m[-1, -1]), 1e-300)
            whole += m[:-1, :-1] - np.outer(m[:-1, -1], m[-1, :-1]) / one
            right_side += v[:-1] - m[:-1, -1] * v[-1] / one
        if np.linalg.cond(whole) > 1e12:
            return still
        guess = np.asarray(np.linalg.solve(whole, right_side), np.float64)
        for number, (design, gap) in enumerate(zip(designs, gaps, strict=True)):
            part = gap - design[:, :-1] @ guess
            offsets[number] = np.average(part, weights=weights[number] + 1e-12)
        left = [
            gap - design[:, :-1] @ guess - offset
            for design, gap, offset in zip(designs, gaps, offsets, strict=True)
        ]
    # In coordinates of -0.5 to 0.5 this is, to first order, a homography near to one.
    parts = np.array([guess[[1, 2, 0]], guess[[4, 5, 3]], [-guess[6], -guess[7], 0]])
    to_unit = np.array([[1 / size, 0, -0.5], [0, 1 / size, -0.5], [0, 0, 1]])
    matrix = np.linalg.inv(to_unit) @ (np.eye(3) + parts / size) @ to_unit
    if not np.isfinite(matrix).all() or np.abs(guess).max() > 2:
        return still
    scales = [_scale(gap) for gap in left]
    residual, tiles = _residual(rights, downs, left, weights, scales, rows, columns)
    return Shift(matrix, residual, tiles)


def _residual(
    rights: list[F64],
    downs: list[F64],
    left: list[F64],
    weights: list[F64],
    scales: list[float],
    rows: np.ndarray[tuple[int], np.dtype[np.intp]],
    columns: np.ndarray[tuple[int], np.dtype[np.intp]],
) -> tuple[float, int]:
    """Root mean square (px, each way) of the tiles' own shifts, and of how many tiles. The median, so that change has no say."""
    number = (rows // TILE) * (int(columns.max()) // TILE + 1) + columns // TILE
    count = int(number.max()) + 1

    def summed(values: F64) -> F64:
        return np.asarray(np.bincount(number, values, count), np.float64)

    xx, xy, yy, bx, by = (np.zeros(count) for _ in range(5))
    for r, d, gap, weight, scale in zip(rights, downs, left, weights, scales, strict=True):
        w = weight / scale**2
        xx += summed(w * r * r)
        xy += summed(w * r * d)
        yy += summed(w * d * d)
        bx += summed(w * r * gap)
        by += summed(w * d * gap)
    determinant = xx * yy - xy * xy
    full = (np.bincount(number, minlength=count) > 0.3 * np.bincount(number, minlength=count).max()) & (
        determinant > 1e-6 * xx * yy
    )
    if not full.any():
        return 0.0, 0
    dx = (yy * bx - xy * by)[full] / determinant[full]
    dy = (xx * by - xy * bx)[full] / determinant[full]
    # Of a normal error in x and y the distance has the median 1.1774 sigma (Rayleigh).
    return float(np.median(np.hypot(dx, dy)) / 1.1774), int(full.sum())
