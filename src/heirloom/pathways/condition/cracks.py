"""How wide cracks are and by how much they grew, from albedo maps of two registered epochs.

A crack of less than a pixel or a few shows as a dark line whose darkness, added up across it, is its width times its
contrast. In cells along the crack this *equivalent width* is the darkness of the cell's share of the crack by its length. Absolute
widths hang on the contrast (how dark a crack is inside), which is assumed; growth hardly does, as most of that error is
the same in both epochs. Both read low, by about a quarter on the made-up panel, as the middle line found is longer than the crack;
so a growth that is found is at least as large as said.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from heirloom.pathways.condition.arrays import F32, Mask
from heirloom.pathways.condition.relief import smooth

CELL = 50
_REACH = 7


@dataclass(frozen=True)
class Segment:
    """Of one cell: its corner (left, top), crack length and equivalent width, pixels."""

    left: int
    top: int
    length: float
    width: float


def ridges(albedo: F32, *, sigma: float = 1.5, least: float = 0.8) -> tuple[Mask, F32]:
    """Middle lines of dark cracks, one pixel thick, and the direction across them (radians).

    The largest curvature of the blurred logarithm (Hessian), thinned to its maxima across, where a line one pixel wide that lowers
    the logarithm by *least* or more would give such curvature; specks shorter than 25 px are dropped. The grain of paint
    stays below this; faint and very narrow cracks do too.
    """
    soft = smooth(np.log(np.maximum(albedo, np.float32(0.01))), sigma)
    down, right = np.gradient(soft)
    xy, xx = np.gradient(right)
    yy, _ = np.gradient(down)
    spread = np.sqrt(((xx - yy) / 2) ** 2 + xy**2)
    curved = (xx + yy) / 2 + spread
    across = np.arctan2(2 * xy, xx - yy) / 2
    # A line one pixel wide and that lowers the logarithm by c bends it by c / (sqrt(2 pi) sigma^3).
    strong = curved > least / (np.sqrt(2 * np.pi) * sigma**3)
    rows, columns = np.indices(albedo.shape, dtype=np.float32)
    step_x, step_y = np.cos(across).astype(np.float32), np.sin(across).astype(np.float32)
    field = curved.astype(np.float32)
    top = strong.copy()
    for sign in (-1, 1):
        beside = cv2.remap(
            field,
            columns + sign * step_x,
            rows + sign * step_y,
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        top &= field >= beside
    grown = cv2.dilate(top.astype(np.uint8), np.ones((3, 3), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(grown, connectivity=8)
    long = np.array([max(stats[n][2], stats[n][3]) >= 25 for n in range(count)])
    long[0] = False
    return np.asarray(top & long[labels]), across.astype(np.float32)


def darkness(albedo: F32, line: Mask) -> F32:
    """By what share each pixel near *line* is darker than the surface beside it."""
    near = cv2.dilate(line.astype(np.uint8), np.ones((2 * _REACH - 1,) * 2, np.uint8)).astype(bool)
    clear = (~near).astype(np.float32)
    beside = smooth(albedo * clear, 6) / np.maximum(smooth(clear, 6), np.float32(1e-3))
    return np.where(near, 1 - albedo / np.maximum(beside, np.float32(1e-3)), 0).astype(np.float32)


def segments(
    albedo: F32,
    line: Mask,
    across: F32,
    *,
    contrast: float = 0.8,
    reach: int = _REACH,
    seen: Mask | None = None,
) -> list[Segment]:
    """Equivalent widths in cells of 50 x 50 pixels that hold at least 25 pixels of crack.

    *contrast* is the share of light that the inside of a crack swallows. Cells that are not wholly *seen* are left out.
    """
    dark = darkness(albedo, line) / np.float32(contrast)
    size = 2 * (reach // 2) + 1
    band = cv2.dilate(
        line.astype(np.uint8), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    ).astype(bool)
    share = np.where(band, dark, 0)
    # A pixel of the line is as long as the way through it: 1 straight, 1.41 on the diagonal.
    length = line / np.maximum(np.abs(np.cos(across)), np.abs(np.sin(across)))
    found = []
    height, width = albedo.shape
    for top in range(0, height - CELL + 1, CELL):
        for left in range(0, width - CELL + 1, CELL):
            part = (slice(top, top + CELL), slice(left, left + CELL))
            if seen is not None and not seen[part].all():
                continue
            run = float(length[part].sum())
            if run >= CELL / 2:
                found.append(Segment(left, top, run, float(share[part].sum()) / run))
    return found


def growth(
    before: F32, after: F32, *, contrast: float = 0.8, seen: Mask | None = None
) -> list[tuple[Segment, float]]:
    """Each segment of *before* and by how many pixels it is wider in *after*, a registered albedo map of the same place.

    The middle lines are those of *before* and the exposures are matched, so that only what is along the cracks counts.
    """
    line, across = ridges(before)
    if not line.any():
        return []
    both = np.maximum(before, np.float32(1e-3))
    matched = after / np.float32(np.median(after[::2, ::2] / both[::2, ::2]))
    first = segments(before, line, across, contrast=contrast, seen=seen)
    second = {(s.left, s.top): s.width for s in segments(matched, line, across, contrast=contrast, seen=seen)}
    return [(segment, second[segment.left, segment.top] - segment.width) for segment in first]
