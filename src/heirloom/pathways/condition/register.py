"""Lay one epoch on another, to a small part of a pixel, or refuse.

Registration works on albedo, where the light has been taken out; photos under raking light show other things on each
visit and lead astray. Every result is checked on its own by phase correlation of tiles, and what remains (the residual) goes
into the level of detection.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from heirloom.pathways.condition import errors
from heirloom.pathways.condition.arrays import F32, F64, U8, Mask
from heirloom.pathways.condition.relief import smooth
from heirloom.pathways.condition.resample import resample

FEWEST_INLIERS = 30
_TILE = 96
_MOST_SIDE = 2048


@dataclass(frozen=True)
class Registration:
    """*matrix* (3, 3) leads from a pixel (x, y, 1) of the first epoch to the same place in the second.

    *residual*: what is left, pixels (1 sigma, from tiles); *agreeing*: share of tiles that agree within a pixel.
    """

    matrix: F64
    inliers: int
    residual: float
    agreeing: float

    def bring(self, values: F32, shape: tuple[int, int]) -> F32:
        """A map of the second epoch as the first sees it (NaN-free, edges repeated)."""
        return resample(values, self.matrix, shape)

    def seen(self, mask: Mask, shape: tuple[int, int]) -> Mask:
        """A mask of the second epoch as the first sees it; what lies outside is False."""
        moved = cv2.warpPerspective(
            mask.astype(np.uint8) * 255,
            self.matrix,
            (shape[1], shape[0]),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=0,
        )
        return np.asarray(moved == 255)

    def turn(self) -> float:
        """How far the second camera was rolled, radians (positive turns x towards y down)."""
        return math.atan2(self.matrix[1, 0] - self.matrix[0, 1], self.matrix[0, 0] + self.matrix[1, 1])


def _evened(albedo: F32) -> F32:
    """The logarithm, without what is larger than 40 px, in robust deviations."""
    values = np.log(np.maximum(np.asarray(albedo, np.float32), np.float32(1e-3)))
    values = values - smooth(values, 40)
    spread = float(np.quantile(np.abs(values[::4, ::4]), 0.9)) + 1e-6
    return np.asarray(np.clip(values / np.float32(spread), -3, 3), np.float32)


def _as_bytes(even: F32) -> U8:
    return np.asarray((even + 3) * np.float32(255 / 6), np.uint8)


def _matches(first: U8, second: U8) -> tuple[F32, F32]:
    sift = cv2.SIFT.create(nfeatures=4000, contrastThreshold=0.02)
    points_a, marks_a = sift.detectAndCompute(first, None)
    points_b, marks_b = sift.detectAndCompute(second, None)
    if marks_a is None or marks_b is None or len(points_a) < 4 or len(points_b) < 4:
        return np.zeros((0, 2), np.float32), np.zeros((0, 2), np.float32)
    pairs = cv2.BFMatcher(cv2.NORM_L2).knnMatch(marks_a, marks_b, k=2)
    good = [m[0] for m in pairs if len(m) == 2 and m[0].distance < 0.8 * m[1].distance]
    return (
        np.array([points_a[m.queryIdx].pt for m in good], np.float32).reshape(-1, 2),
        np.array([points_b[m.trainIdx].pt for m in good], np.float32).reshape(-1, 2),
    )


def _plausible(matrix: F64, shape: tuple[int, int]) -> bool:
    height, width = shape
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    mapped = cv2.perspectiveTransform(corners[None], matrix)[0]
    if not np.isfinite(mapped).all() or not cv2.isContourConvex(mapped.astype(np.float32)):
        return False
    area = float(cv2.contourArea(mapped.astype(np.float32), oriented=True))
    return 0.25 < area / (width * height) < 4


def _fine(first: F32, second: F32) -> tuple[float, float]:
    """The small shift of *second* against *first* by least squares on the slopes (Lucas & Kanade 1981)."""
    down, right = np.gradient((first + second) / 2)
    gap = first - second
    xx, xy, yy = float((right * right).sum()), float((right * down).sum()), float((down * down).sum())
    bx, by = float((right * gap).sum()), float((down * gap).sum())
    determinant = xx * yy - xy * xy
    if determinant <= 1e-6 * xx * yy:
        return 0.0, 0.0
    return (yy * bx - xy * by) / determinant, (xx * by - xy * bx) / determinant


def _offsets(first: F32, second: F32, registration: Registration) -> tuple[F64, F64, int]:
    """Centres (n, 2) and offsets (n, 2) of the tiles that agree within a pixel, and how many tiles could be looked at.

    Phase correlation says whether a tile agrees: it also sees a shift of many pixels. How far the two are apart then is
    measured on the slopes, which is ten times as exact for small shifts.
    """
    height, width = first.shape
    side = min(_TILE, height // 2, width // 2)
    brought = registration.bring(second, first.shape)
    inside = registration.seen(np.ones(second.shape, bool), first.shape)
    window = cv2.createHanningWindow((side, side), cv2.CV_32F)
    soft_a, soft_b = smooth(first, 1.5), smooth(brought, 1.5)
    centres: list[tuple[float, float]] = []
    offsets: list[tuple[float, float]] = []
    looked = 0
    for top in range(0, height - side + 1, side):
        for left in range(0, width - side + 1, side):
            part = (slice(top, top + side), slice(left, left + side))
            if not inside[part].all() or first[part].std() < 1e-3:
                continue
            looked += 1
            (dx, dy), answer = cv2.phaseCorrelate(first[part], brought[part], window)
            if answer > 0.05 and math.hypot(dx, dy) < 1:
                centres.append((left + side / 2, top + side / 2))
                offsets.append(_fine(soft_a[part], soft_b[part]))
    return np.array(centres).reshape(-1, 2), np.array(offsets).reshape(-1, 2), looked


def _checked(first: F32, second: F32, matrix: F64, inliers: int) -> Registration:
    bare = Registration(matrix, inliers, 0.0, 0.0)
    _, offsets, looked = _offsets(first, second, bare)
    far = np.linalg.norm(offsets, axis=1)
    # Of a normal error in x and y the distance has the median 1.1774 sigma (Rayleigh).
    residual = float(np.median(far) / 1.1774) if len(far) else math.inf
    return Registration(matrix, inliers, residual, len(far) / max(looked, 1))


def _refined(first: F32, second: F32, matrix: F64) -> F64:
    """ECC maximisation (Evangelidis & Psarakis 2008), from *matrix*."""
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 60, 1e-7)
    try:
        _, better = cv2.findTransformECC(
            first, second, matrix.astype(np.float32), cv2.MOTION_HOMOGRAPHY, criteria, None, 5
        )
    except cv2.error:
        return matrix
    return np.asarray(better, np.float64)


def _nudged(first: F32, second: F32, found: Registration) -> F64:
    """*found* with the tiles' offsets taken into account by an affine fit."""
    centres, offsets, _ = _offsets(first, second, found)
    if len(offsets) < 6:
        return found.matrix
    design = np.column_stack([centres, np.ones(len(centres))])
    fit, *_ = np.linalg.lstsq(design, centres + offsets, rcond=None)
    affine = np.eye(3)
    affine[:2] = fit.T
    return np.asarray(found.matrix @ affine, np.float64)


def register(first: F32, second: F32) -> Registration:
    """Where the places of *first* are in *second*: two albedo maps, (H, W) each.

    SIFT (Lowe 2004), MAGSAC++ (Barath et al. 2020), ECC, then tiles by phase correlation; the best of the last three by the
    tiles' residual. Raises NotRegistered where fewer than 30 matches agree, where the outcome is no possible view, where less
    than six tenths of the tiles confirm it, or where more than a pixel would be left.
    """
    cv2.setNumThreads(1)
    cv2.setRNGSeed(1)
    even_a, even_b = _evened(first), _evened(second)
    from_, to = _matches(_as_bytes(even_a), _as_bytes(even_b))
    if len(from_) < FEWEST_INLIERS:
        raise errors.NotRegistered
    matrix, mask = cv2.findHomography(from_, to, cv2.USAC_MAGSAC, 1.5, maxIters=5000, confidence=0.9999)
    inliers = int(mask.sum()) if matrix is not None else 0
    if inliers < FEWEST_INLIERS:
        raise errors.NotRegistered
    if not _plausible(matrix, even_a.shape[:2]):
        raise errors.NotRegistered
    tries = [_checked(even_a, even_b, matrix, inliers)]
    tries.append(_checked(even_a, even_b, _refined(even_a, even_b, matrix), inliers))
    best = max(tries, key=lambda r: (round(r.agreeing, 1), -r.residual))
    tries.append(_checked(even_a, even_b, _nudged(even_a, even_b, best), inliers))
    best = max(tries, key=lambda r: (round(r.agreeing, 1), -r.residual))
    if best.agreeing < 0.6 or best.residual > 0.6:
        raise errors.NotRegistered
    return best
