"""Is a capture good enough, and if not, what to shoot again.

Findings are data: a code, the photos concerned, and the number that was measured with the limit it passed. :mod:`.advice` puts them
into sentences.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np

from heirloom.pathways.condition.arrays import F32, F64, to_srgb
from heirloom.pathways.condition.lights import Lights, coverage
from heirloom.pathways.condition.relief import smooth
from heirloom.pathways.condition.stack import FULL, Stack

Code = Literal[
    "other-size",
    "no-reflection",
    "small-ball",
    "blurred",
    "moved",
    "exposure",
    "too-bright",
    "too-dark",
    "few-lights",
    "light-gap",
    "one-sided",
    "one-height",
]
Verdict = Literal["good", "care", "again"]
_SIDE = 800
_STILL_SIDE = 400
MOST_CLIPPED, MOST_DARK = 0.01, 0.5
LEAST_SHARP = 0.5
MOST_MOTION = 0.5
MOST_GAIN = 1.6
FEWEST_LIGHTS, WIDEST_GAP, FEWEST_SECTORS, LEAST_SPAN = 12, 40.0, 6, 20.0


@dataclass(frozen=True)
class Finding:
    """What is wrong: *refuses* where nothing sound can come of it; *photos* to shoot again, by name.

    *towards* are azimuths (degrees from x towards y) where light is missing, *height* its height in degrees.
    """

    code: Code
    refuses: bool
    photos: tuple[str, ...]
    measured: float
    limit: float
    towards: tuple[float, ...] = ()
    height: float = 0.0

    def to_json(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "refuses": self.refuses,
            "photos": list(self.photos),
            "measured": round(float(self.measured), 4),
            "limit": self.limit,
            "towards_degrees": list(self.towards),
            "height_degrees": self.height,
        }


@dataclass(frozen=True)
class Quality:
    """Of one photo.

    *sharpness* is the energy of the finest detail as a share of the next coarser; *clipped* and *dark* are shares of the pixels;
    *motion* is in pixels against where most photos are, *gain* the brightness against what all together let expect.
    """

    name: str
    sharpness: float
    clipped: float
    dark: float
    motion: float = 0.0
    gain: float = 1.0


def sharpness(grey: F32) -> float:
    """How much detail of the size of one pixel there is, against that of two and four: does not depend on light or motif much."""
    coded = to_srgb(grey)
    one = coded - smooth(coded, 1)
    two = smooth(coded, 1) - smooth(coded, 3)
    return float(one.std() / max(float(two.std()), 1e-6))


def _middle(grey: F32, side: int) -> F32:
    height, width = grey.shape
    top, left = max(0, (height - side) // 2), max(0, (width - side) // 2)
    return np.asarray(grey[top : top + side, left : left + side], np.float32)


# --- motion and exposure ------------------------------------------------------------------------------------


def _matt(photos: F32, directions: F32) -> F32:
    """Albedo times normal of every pixel, (3, pixels), by Lambert's law; shadow and gloss count little (Geman and McClure)."""
    found = np.linalg.pinv(directions) @ photos
    for _ in range(2):
        off = np.abs(photos - np.maximum(directions @ found, 0))
        weight = 1 / (1 + (off / (2 * np.median(off, axis=0) + np.float32(2e-3))) ** 2)
        matrix = np.einsum("np,ni,nj->pij", weight, directions, directions, optimize=True)
        matrix += np.float32(1e-4) * np.eye(3, dtype=np.float32)
        right = np.einsum("np,ni,np->pi", weight, directions, photos, optimize=True)
        found = np.linalg.solve(matrix, right[..., None])[..., 0].T
    return np.asarray(found, np.float32)


def _detail(grey: F32) -> F32:
    values = np.sqrt(np.maximum(grey, 0))
    values = smooth(values, 1) - smooth(values, 6)
    return np.asarray(values / np.sqrt(smooth(values * values, 10) + np.float32(1e-6)), np.float32)


def _shift(expected: F32, photo: F32) -> F64:
    """x, y in pixels by which *photo* lies off *expected*: phase correlation in nine overlapping parts, and their median."""
    a, b = _detail(expected), _detail(photo)
    high, wide = max(8, a.shape[0] // 2), max(8, a.shape[1] // 2)
    window = cv2.createHanningWindow((wide, high), cv2.CV_32F)
    found = []
    for top in range(0, a.shape[0] - high + 1, max(1, high // 2)):
        for left in range(0, a.shape[1] - wide + 1, max(1, wide // 2)):
            part = np.s_[top : top + high, left : left + wide]
            found.append(
                cv2.phaseCorrelate(np.ascontiguousarray(a[part]), np.ascontiguousarray(b[part]), window)[0]
            )
    return np.asarray(np.median(np.array(found, np.float64), axis=0), np.float64)


def steadiness(photos: Sequence[F32], lights: Lights) -> tuple[F64, F64]:
    """Of each photo (linear grey): shift in pixels (n, 2) against where most are, and gain (n,) against the rest.

    A photo is held against what all together say a matt surface should show under its light, so other shadows do not count as motion.
    Photos found moved are put back and all are asked once more.
    """
    taken = np.stack([_middle(photo, _STILL_SIDE) for photo in photos])
    shape = taken.shape[1:]
    directions = lights.directions().astype(np.float32)
    put, shifts = taken, np.zeros((len(taken), 2))
    expected = taken
    for _ in range(3):
        matt = _matt(put.reshape(len(put), -1), directions)
        expected = np.maximum(directions @ matt, 0).reshape(taken.shape).astype(np.float32)
        found = np.array([_shift(a, b) for a, b in zip(expected, taken, strict=True)])
        found -= np.median(found, axis=0)
        settled = np.abs(found - shifts).max() < 0.1
        shifts = found
        if settled or np.hypot(found[:, 0], found[:, 1]).max() < 0.6 * MOST_MOTION:
            break
        size = (shape[1], shape[0])
        put = np.stack(
            [
                cv2.warpAffine(
                    photo, np.array([[1, 0, -x], [0, 1, -y]], np.float32), size, borderMode=cv2.BORDER_REFLECT
                )
                for photo, (x, y) in zip(taken, shifts, strict=True)
            ]
        )
    gains = []
    for photo, wanted in zip(put, expected, strict=True):
        lit = wanted > 0.5 * float(wanted.mean()) + 1e-4
        gains.append(float(np.median(photo[lit] / wanted[lit])) if lit.any() else 1.0)
    usual = max(float(np.median(gains)), 1e-3)
    return shifts, np.array(gains) / usual


# --- findings ---------------------------------------------------------------------------------------------


def quality(photos: Sequence[tuple[str, F32]], lights: Lights | None = None) -> list[Quality]:
    """Of each photo (name, linear grey); motion and gain only where *lights* of six photos or more are known."""
    found = [
        Quality(
            name, sharpness(_middle(grey, _SIDE)), float((grey >= 0.995).mean()), float((grey < 0.003).mean())
        )
        for name, grey in photos
    ]
    if lights is None or len(photos) < 6:
        return found
    shifts, gains = steadiness([grey for _, grey in photos], lights)
    return [
        dataclasses.replace(one, motion=float(np.hypot(*shift)), gain=float(gain))
        for one, shift, gain in zip(found, shifts, gains, strict=True)
    ]


def gate(found: Sequence[Quality], lights: Lights) -> list[Finding]:
    """What is wrong with a capture, the refusing things first; empty where nothing is."""
    said: list[Finding] = []

    def photos_with(code: Code, bad: Sequence[Quality], worst: float, limit: float) -> None:
        if bad:
            refuses = len(found) - len(bad) < FEWEST_LIGHTS // 2
            said.append(Finding(code, refuses, tuple(one.name for one in bad), worst, limit))

    usual = float(np.median([one.sharpness for one in found])) if found else 1.0
    blurred = [one for one in found if one.sharpness < LEAST_SHARP * usual]
    photos_with("blurred", blurred, min((one.sharpness / usual for one in blurred), default=1.0), LEAST_SHARP)
    moved = [one for one in found if one.motion > MOST_MOTION and one not in blurred]
    photos_with("moved", moved, max((one.motion for one in moved), default=0.0), MOST_MOTION)
    bright = [one for one in found if one.clipped > MOST_CLIPPED]
    photos_with("too-bright", bright, max((one.clipped for one in bright), default=0.0), MOST_CLIPPED)
    dark = [one for one in found if one.dark > MOST_DARK]
    photos_with("too-dark", dark, max((one.dark for one in dark), default=0.0), MOST_DARK)
    other = [
        one
        for one in found
        if max(one.gain, 1 / max(one.gain, 1e-3)) > MOST_GAIN and one not in (*bright, *dark)
    ]
    photos_with(
        "exposure",
        other,
        max((max(one.gain, 1 / max(one.gain, 1e-3)) for one in other), default=1.0),
        MOST_GAIN,
    )
    said += _light(lights)
    return sorted(said, key=lambda finding: not finding.refuses)


def _light(lights: Lights) -> list[Finding]:
    said: list[Finding] = []
    spread = coverage(lights)
    if spread.count < FEWEST_LIGHTS:
        said.append(Finding("few-lights", spread.count < 6, (), spread.count, FEWEST_LIGHTS))
    if spread.gap > WIDEST_GAP:
        where = (spread.gap_azimuth,)
        said.append(
            Finding("light-gap", spread.gap > 80, (), spread.gap, WIDEST_GAP, where, spread.gap_elevation)
        )
    if spread.sectors < FEWEST_SECTORS:
        said.append(
            Finding("one-sided", spread.sectors < 3, (), spread.sectors, FEWEST_SECTORS, spread.empty)
        )
    heights = np.degrees(np.arcsin(np.clip(lights.directions()[:, 2], -1, 1)))
    span = float(np.ptp(heights)) if len(heights) else 0.0
    if span < LEAST_SPAN:
        said.append(Finding("one-height", False, (), span, LEAST_SPAN, (), float(np.median(heights))))
    return said


def examine(stack: Stack, lights: Lights, names: Sequence[str] = ()) -> tuple[list[Quality], list[Finding]]:
    """What the check finds, by the middle of the photos of *stack*: the quality of those that *lights* names, and what is wrong.

    *names* are all photos of the stack in its order (those of *lights* where empty); of a photo without a known light only blur and
    brightness can be told.
    """
    height, width = stack.shape
    top, left = max(0, (height - _SIDE) // 2), max(0, (width - _SIDE) // 2)
    rows = stack.window(top, min(height, top + _SIDE), left, min(width, left + _SIDE))
    names = tuple(names) or lights.names
    greys = {name: rows[n] * np.float32(1 / FULL) for n, name in enumerate(names)}
    found = quality([(name, greys[name]) for name in lights.names], lights)
    unlit = quality([(name, grey) for name, grey in greys.items() if name not in lights.names])
    return found, gate([*found, *unlit], lights)


def verdict(findings: Sequence[Finding]) -> Verdict:
    """Good, usable with care, or to be shot again."""
    if any(finding.refuses for finding in findings):
        return "again"
    return "care" if findings else "good"
