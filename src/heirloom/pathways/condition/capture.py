"""Is a capture good enough, and if not, what to shoot again; and where the light came from, by a shining ball.

Findings are data: a code, the photos concerned, and the number that was measured with the limit it passed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from heirloom.pathways.condition.arrays import F32, F64, AnyArray, to_srgb
from heirloom.pathways.condition.lights import Lights, coverage
from heirloom.pathways.condition.relief import smooth

Code = Literal["blurred", "moved", "too-bright", "too-dark", "few-lights", "light-gap", "one-sided"]
_SIDE = 1200
MOST_CLIPPED, MOST_DARK = 0.01, 0.5
MOST_MOTION = 0.5
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
    """Of one photo: *sharpness* (energy of the finest detail as a share of the next coarser), *clipped* and *dark* shares, and
    *motion* in pixels against what the photos together say."""

    name: str
    sharpness: float
    clipped: float
    dark: float
    motion: float


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


def _even(grey: F32) -> F32:
    values = np.sqrt(np.maximum(grey, 0))
    values = smooth(values, 1) - smooth(values, 12)
    return np.asarray(values / np.float32(values.std() + 1e-6), np.float32)


def motion(photo: F32, expected: F32) -> float:
    """Pixels between a photo and what it should show, both linear, by phase correlation of their detail."""
    a, b = _even(expected), _even(photo)
    window = cv2.createHanningWindow((a.shape[1], a.shape[0]), cv2.CV_32F)
    (dx, dy), _ = cv2.phaseCorrelate(a, b, window)
    return float(np.hypot(dx, dy))


def quality(photos: Sequence[tuple[str, F32]], lights: Lights) -> list[Quality]:
    """Of each photo (name, linear grey), in the order of *lights*.

    A photo is held against what all together say it should show under its light (least squares, Lambert), so a camera
    that moved once stands out although every photo has other shadows.
    """
    little = [_little(grey) for _, grey in photos]
    stack = np.stack(little).reshape(len(little), -1)
    directions = lights.directions().astype(np.float32)
    albedo_normal = np.linalg.pinv(directions).astype(np.float32) @ stack
    found = []
    for (name, grey), part, direction in zip(photos, little, directions, strict=True):
        expected = np.maximum(direction @ albedo_normal, 0).reshape(part.shape)
        found.append(
            Quality(
                name,
                sharpness(part),
                float((grey >= 0.995).mean()),
                float((grey < 0.003).mean()),
                motion(part, expected),
            )
        )
    return found


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
    moved = [one for one in found if one.motion > MOST_MOTION]
    photos_with("moved", moved, max((one.motion for one in moved), default=0.0), MOST_MOTION)
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


@dataclass(frozen=True)
class Ball:
    """A shining ball in the picture: middle (x, y) and radius, pixels."""

    x: float
    y: float
    radius: float


def highlight(grey: AnyArray, ball: Ball) -> tuple[float, float] | None:
    """The middle of the light's reflection on *ball* (x, y, pixels), or None where there is no distinct one."""
    left, top = int(ball.x - ball.radius), int(ball.y - ball.radius)
    right, bottom = int(ball.x + ball.radius) + 1, int(ball.y + ball.radius) + 1
    if left < 0 or top < 0 or bottom > grey.shape[0] or right > grey.shape[1]:
        return None
    part = np.asarray(grey[top:bottom, left:right], np.float32)
    rows, columns = np.mgrid[top:bottom, left:right]
    inside = np.hypot(columns - ball.x, rows - ball.y) < 0.97 * ball.radius
    part = np.where(inside, part, 0)
    peak = float(part.max())
    if peak < 3 * float(np.median(part[inside])) + 0.05:
        return None
    _, labels, stats, _ = cv2.connectedComponentsWithStats((part > 0.7 * peak).astype(np.uint8))
    row, column = np.unravel_index(int(np.argmax(smooth(part, 1))), part.shape)
    number = int(labels[row, column])
    if number == 0 or stats[number][cv2.CC_STAT_AREA] > 0.1 * part.size:
        return None
    mask = labels == number
    weight = part[mask] - np.float32(0.5 * peak)
    return float((columns[mask] * weight).sum() / weight.sum()), float(
        (rows[mask] * weight).sum() / weight.sum()
    )


def direction_from_ball(point: tuple[float, float], ball: Ball) -> F64:
    """Unit direction of a distant light whose reflection on *ball* is at *point* (camera far away, looking along -z).

    The ball's normal there halves the angle between view and light: ``l = 2 (n . v) n - v`` with v = (0, 0, 1).
    """
    nx, ny = (point[0] - ball.x) / ball.radius, (ball.y - point[1]) / ball.radius
    square = nx * nx + ny * ny
    if square >= 1:
        raise ValueError("the reflection lies outside the ball")
    nz = np.sqrt(1 - square)
    return np.array([2 * nz * nx, 2 * nz * ny, 2 * nz * nz - 1], np.float64)
