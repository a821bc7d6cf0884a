"""Is a capture good enough, and if not, what to shoot again.

Findings are data: a code, the photos concerned, and the number that was measured with the limit it passed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from heirloom.pathways.condition.arrays import F32, to_srgb
from heirloom.pathways.condition.lights import Lights, coverage
from heirloom.pathways.condition.relief import smooth

Code = Literal["blurred", "too-bright", "too-dark", "few-lights", "light-gap", "one-sided"]
_SIDE = 1200
MOST_CLIPPED, MOST_DARK = 0.01, 0.5
LEAST_SHARP = 0.5
FEWEST_LIGHTS, WIDEST_GAP, FEWEST_SECTORS = 12, 40.0, 6


@dataclass(frozen=True)
class Finding:
    """What is wrong: *refuses* where nothing sound can come of it; *photos* to shoot again, by name."""

    code: Code
    refuses: bool
    photos: tuple[str, ...]
    measured: float
    limit: float


@dataclass(frozen=True)
class Quality:
    """Of one photo: *sharpness* (energy of the finest detail as a share of the next coarser), *clipped* and *dark* shares."""

    name: str
    sharpness: float
    clipped: float
    dark: float


def _little(grey: F32) -> F32:
    """At most 1200 pixels from the middle: enough to judge by, whatever the camera."""
    height, width = grey.shape
    top, left = max(0, (height - _SIDE) // 2), max(0, (width - _SIDE) // 2)
    return np.asarray(grey[top : top + _SIDE, left : left + _SIDE], np.float32)


def sharpness(grey: F32) -> float:
    """How much detail of the size of one pixel there is, against that of two and four: does not depend on light or motif much."""
    coded = to_srgb(grey)
    one = coded - smooth(coded, 1)
    two = smooth(coded, 1) - smooth(coded, 3)
    return float(one.std() / max(float(two.std()), 1e-6))


def quality(photos: Sequence[tuple[str, F32]]) -> list[Quality]:
    """Of each photo (name, linear grey)."""
    return [
        Quality(name, sharpness(_little(grey)), float((grey >= 0.995).mean()), float((grey < 0.003).mean()))
        for name, grey in photos
    ]


def gate(found: Sequence[Quality], lights: Lights) -> list[Finding]:
    """What is wrong with a capture, the refusing things first; empty where nothing is."""
    said: list[Finding] = []

    def photos_with(code: Code, bad: Sequence[Quality], worst: float, limit: float) -> None:
        if bad:
            refuses = len(found) - len(bad) < FEWEST_LIGHTS // 2
            said.append(Finding(code, refuses, tuple(one.name for one in bad), worst, limit))

    usual = float(np.median([one.sharpness for one in found]))
    blurred = [one for one in found if one.sharpness < LEAST_SHARP * usual]
    photos_with("blurred", blurred, min((one.sharpness / usual for one in blurred), default=1.0), LEAST_SHARP)
    bright = [one for one in found if one.clipped > MOST_CLIPPED]
    photos_with("too-bright", bright, max((one.clipped for one in bright), default=0.0), MOST_CLIPPED)
    dark = [one for one in found if one.dark > MOST_DARK]
    photos_with("too-dark", dark, max((one.dark for one in dark), default=0.0), MOST_DARK)
    spread = coverage(lights)
    if spread.count < FEWEST_LIGHTS:
        said.append(Finding("few-lights", spread.count < 6, (), spread.count, FEWEST_LIGHTS))
    if spread.gap > WIDEST_GAP:
        said.append(Finding("light-gap", spread.gap > 80, (), spread.gap, WIDEST_GAP))
    if spread.sectors < FEWEST_SECTORS:
        said.append(Finding("one-sided", spread.sectors < 3, (), spread.sectors, FEWEST_SECTORS))
    return sorted(said, key=lambda finding: not finding.refuses)
