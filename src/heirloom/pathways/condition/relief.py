"""Relief from normals: heights, and the views of them in which faint traces stand out.

Heights are in pixels of the picture (times the scale: millimetres). Integration keeps what is small and drifts over what is
large: a height difference across the whole panel is not a measurement, a stroke or a spall is.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import cv2
import numpy as np

from heirloom.pathways.condition.arrays import F32, AnyArray

_STEEPEST = np.float32(8)


def slopes(normals: F32) -> tuple[F32, F32]:
    """dz/dx (to the right) and dz/drow (downwards) of unit normals."""
    z = np.maximum(normals[..., 2], np.float32(0.05))
    right = np.clip(-normals[..., 0] / z, -_STEEPEST, _STEEPEST)
    down = np.clip(normals[..., 1] / z, -_STEEPEST, _STEEPEST)
    return right.astype(np.float32), down.astype(np.float32)


def _dct_rows(values: F32, back: bool = False) -> F32:
    flags = cv2.DCT_ROWS | (cv2.DCT_INVERSE if back else 0)
    return np.asarray(cv2.dct(np.ascontiguousarray(values), flags=flags), np.float32)


def _good_length(length: int) -> int:
    return 2 * int(cv2.getOptimalDFTSize((length + 1) // 2))


def integrate(right: F32, down: F32) -> F32:
    """The height map whose slopes are nearest to these, mean 0: Poisson's equation with free edges, by the cosine transform.

    Simchony, Chellappa & Shao 1990. Memory: about four float32 pictures.
    """
    rows, columns = right.shape
    height, width = _good_length(rows), _good_length(columns)
    flux = np.zeros((height, width), np.float32)
    # Beyond the edge the surface goes on as it was, so that a size the transform likes better changes nothing inside.
    room = ((0, height - rows), (0, width - columns))
    padded = np.pad(right, room, mode="edge")
    between = (padded[:, 1:] + padded[:, :-1]) / 2
    flux[:, :-1] += between
    flux[:, 1:] -= between
    padded = np.pad(down, room, mode="edge")
    between = (padded[1:] + padded[:-1]) / 2
    flux[:-1] += between
    flux[1:] -= between
    del padded, between
    spectrum = _dct_rows(flux)
    del flux
    spectrum = _dct_rows(np.ascontiguousarray(spectrum.T))
    kx = (2 * np.cos(math.pi * np.arange(width) / width) - 2).astype(np.float32)
    ky = (2 * np.cos(math.pi * np.arange(height) / height) - 2).astype(np.float32)
    for row in range(width):
        below = kx[row] + ky
        if row == 0:
            below[0] = 1
        spectrum[row] /= below
    spectrum[0, 0] = 0
    made = _dct_rows(spectrum, back=True)
    made = _dct_rows(np.ascontiguousarray(made.T), back=True)[:rows, :columns]
    return np.asarray(made - made.mean(), np.float32)


def height_map(normals: F32) -> F32:
    """Heights in pixels of unit normals (H, W, 3)."""
    return integrate(*slopes(normals))


def smooth(values: AnyArray, sigma: float) -> F32:
    """Gaussian blur; large radii on a picture made smaller, which is nearly the same and much cheaper."""
    values = np.asarray(values, np.float32)
    if sigma <= 0:
        return values
    shrink = int(sigma // 6)
    if shrink < 2 or min(values.shape[:2]) < 8 * shrink:
        return np.asarray(cv2.GaussianBlur(values, (0, 0), sigma, borderType=cv2.BORDER_REFLECT), np.float32)
    size = (values.shape[1], values.shape[0])
    little = cv2.resize(values, (size[0] // shrink, size[1] // shrink), interpolation=cv2.INTER_AREA)
    little = cv2.GaussianBlur(little, (0, 0), sigma / shrink, borderType=cv2.BORDER_REFLECT)
    return np.asarray(cv2.resize(little, size, interpolation=cv2.INTER_LINEAR), np.float32)


def _spread(values: F32) -> float:
    """Robust standard deviation: 1.4826 times the median absolute deviation, on at most a million values."""
    sample = values.ravel()[:: max(1, values.size // 1_000_000)]
    return float(1.4826 * np.median(np.abs(sample - np.median(sample)))) + 1e-9


def local_relief(height: F32, scales: tuple[float, ...] = (2.0, 4.0, 8.0)) -> F32:
    """Multi-scale local relief: bands of the height map, each as deviations of its own noise, averaged.

    A band is the height after a blur of half a scale, less the height after a blur of three scales; a stroke about as
    wide as a scale is strongest there. Negative is a hollow. Unit: robust deviations.
    """
    whole = np.zeros(height.shape, np.float32)
    for scale in scales:
        band = smooth(height, scale / 2) - smooth(height, 3 * scale)
        whole += band / np.float32(_spread(band))
    return whole / np.float32(len(scales))


def _line_kernels(across: float, along: float, directions: int) -> Iterator[F32]:
    """Second derivatives across a line of elongated Gaussians, mean 0, unit length."""
    reach = math.ceil(3 * along)
    rows, columns = np.mgrid[-reach : reach + 1, -reach : reach + 1].astype(np.float32)
    for turn in range(directions):
        angle = math.pi * turn / directions
        u = columns * math.cos(angle) + rows * math.sin(angle)
        v = rows * math.cos(angle) - columns * math.sin(angle)
        kernel = np.exp(-((u / along) ** 2 + (v / across) ** 2) / 2) * ((v / across) ** 2 - 1)
        kernel -= kernel.mean()
        yield np.asarray(kernel / np.linalg.norm(kernel), np.float32)


def engraved(height: F32, width: float = 4.0, directions: int = 16) -> F32:
    """Hollow lines about *width* pixels wide, in whatever direction they run; robust deviations, positive in hollows.

    The largest answer of elongated second derivatives of a Gaussian, four widths long (Jacob & Unser 2004, IEEE TPAMI 26(8)). A stroke
    is a line and the grain of rock is not, so what adds up along a line tells strokes that no relief or raking light tells.
    """
    across, along = 0.45 * width, 4 * width
    shrink = max(1, int(across / 0.9))
    detail = height - smooth(height, 5 * width)
    rows, columns = height.shape
    if shrink > 1 and min(rows, columns) >= 8 * shrink:
        size = (columns // shrink, rows // shrink)
        detail = np.asarray(cv2.resize(detail, size, interpolation=cv2.INTER_AREA), np.float32)
        across, along = across / shrink, along / shrink
    strongest = np.full(detail.shape, -np.inf, np.float32)
    for kernel in _line_kernels(across, along, directions):
        found = cv2.filter2D(detail, cv2.CV_32F, kernel, borderType=cv2.BORDER_REFLECT)
        np.maximum(strongest, found, out=strongest)
    strongest = np.asarray(cv2.resize(strongest, (columns, rows), interpolation=cv2.INTER_LINEAR), np.float32)
    return np.asarray((strongest - np.median(strongest)) / np.float32(_spread(strongest)), np.float32)


def curvature(normals: F32, sigma: float = 1.5) -> F32:
    """Mean curvature (1 / px) of the smoothed surface; positive in hollows.

    Half the divergence of the normals' flat part: exact for any slope, as normals are of unit length.
    """
    nx, ny = smooth(normals[..., 0], sigma), smooth(normals[..., 1], sigma)
    return np.asarray(-(np.gradient(nx, axis=1) - np.gradient(ny, axis=0)) / 2, np.float32)


def horizons(height: F32, radius: int = 24, directions: int = 8) -> tuple[F32, F32]:
    """Sky-view factor (0..1) and positive openness (degrees) within *radius* pixels.

    Zakšek, Oštir & Kokalj 2011 (sky view); Yokoyama, Shirasawa & Pike 2002 (openness).
    """
    size = (height.shape[1], height.shape[0])
    sky = np.zeros(height.shape, np.float32)
    openness = np.zeros(height.shape, np.float32)
    reach: list[float] = []
    step = 1.0
    while step <= radius:
        reach.append(step)
        step = max(step + 1, step * 1.35)
    for turn in range(directions):
        angle = 2 * math.pi * turn / directions
        highest = np.full(height.shape, -np.inf, np.float32)
        for distance in reach:
            move = np.array(
                [[1, 0, -distance * math.cos(angle)], [0, 1, -distance * math.sin(angle)]], np.float32
            )
            there = cv2.warpAffine(
                height, move, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
            )
            np.maximum(highest, (there - height) / np.float32(distance), out=highest)
        horizon = np.arctan(highest)
        sky += 1 - np.sin(np.maximum(horizon, 0))
        openness += np.float32(90) - np.degrees(horizon)
    return sky / np.float32(directions), openness / np.float32(directions)
