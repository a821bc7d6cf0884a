"""What changed between two epochs, and what would have had to change to be seen.

Three quantities are compared pixel by pixel: tilt (degrees between normals), albedo (per cent) and depth (pixels, or
millimetres with a scale; only what is smaller than about 60 px, less in small pictures: see :func:`band`). The level of detection is the 99 % quantile of the same
quantities between two captures of the same visit, between which nothing changed; higher where the captures are less sure of
themselves (gloss, shadow), and where the registration of the two epochs is worse than that of the repeat. Without a repeat there is no level and nothing is called a change.

A change of the whole panel at once (all of it darker, all of it tilted) cannot be told from another exposure or another
camera, and is taken out.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import cv2
import numpy as np

from heirloom.pathways.condition import subpixel
from heirloom.pathways.condition.arrays import F32, U8, AnyArray, Mask, angle_degrees
from heirloom.pathways.condition.register import Registration, register
from heirloom.pathways.condition.relief import integrate, slopes, smooth

QUANTITIES = ("tilt", "albedo", "depth")
NOT_MEASURABLE, NO_CHANGE, CHANGED = 0, 1, 2
SURE = 2.576  # normal deviations of a 99 % interval
_LEAST_SHARE = 0.7
_FINE, _LARGE, _DOUBT = 1.5, 30.0, 4.0
_FEWEST_PLACES = 30


@dataclass(frozen=True)
class Epoch:
    """One capture: unit normals (H, W, 3), albedo (H, W), where both were measured, and the solver's residual there.

    The residual (a share of the albedo) says where a capture is less sure of itself: on gloss, in narrow shadow.
    """

    normals: F32
    albedo: F32
    measured: Mask
    residual: F32


@dataclass(frozen=True)
class Differences:
    """Maps (H, W) in the geometry of the first epoch, *sign* kept: tilt in degrees (never negative), albedo in per cent
    (negative is darker), depth in pixels (negative is loss). *pull*: how much each would change by one pixel of shift.
    *doubt*: the residuals of both epochs together, blurred."""

    tilt: F32
    albedo: F32
    depth: F32
    pull: dict[str, F32]
    doubt: F32
    measurable: Mask
    registration: Registration

    def of(self, quantity: str) -> F32:
        return {"tilt": self.tilt, "albedo": self.albedo, "depth": self.depth}[quantity]


def _turned(normals: F32, angle: float) -> F32:
    """Normals of a camera rolled by *angle* (x towards y down), as the first camera sees them."""
    cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    x, y = normals[..., 0], normals[..., 1]
    return np.stack([cos * x - sin * y, sin * x + cos * y, normals[..., 2]], axis=-1)


def _masked_blur(values: F32, mask: Mask, sigma: float) -> F32:
    """Blur that takes nothing from where *mask* is False."""
    weight = mask.astype(np.float32)
    below = np.maximum(smooth(weight, sigma), np.float32(1e-3))
    if values.ndim == 3:
        return np.stack(
            [smooth(values[..., c] * weight, sigma) / below for c in range(values.shape[2])], axis=-1
        )
    return np.asarray(smooth(values * weight, sigma) / below, np.float32)


def _gradient(values: F32) -> F32:
    down, right = np.gradient(values)
    return np.asarray(np.hypot(down, right), np.float32)


def _unit(normals: F32) -> F32:
    return np.asarray(normals / np.maximum(np.linalg.norm(normals, axis=-1, keepdims=True), 1e-6), np.float32)


def band(shape: tuple[int, int]) -> float:
    """Sigma (px) of the blur whose result is taken out of depth: 30, but at most a thirtieth of the shorter side.

    The error of integration is smooth: over the panel it has about as many independent values as there are places of this size.
    With few of them the quantile of one repeat says little about another visit.
    """
    return min(_LARGE, min(shape) / _FEWEST_PLACES)


@dataclass(frozen=True)
class _Maps:
    """Both epochs in the geometry of the first, blurred: slopes and log albedo of each, and where both were measured."""

    inside: Mask
    first: tuple[F32, F32, F32]
    second: tuple[F32, F32, F32]
    normals: F32
    doubt: F32


def _laid(first: Epoch, second: Epoch, found: Registration) -> _Maps:
    shape = (first.albedo.shape[0], first.albedo.shape[1])
    brought = _turned(found.bring(second.normals, shape), found.turn())
    albedo = found.bring(second.albedo, shape)
    inside = first.measured & found.seen(second.measured, shape) & (first.albedo > 0.01) & (albedo > 0.01)
    edge = np.zeros(shape, bool)
    edge[4:-4, 4:-4] = True
    inside &= edge
    a = _unit(_masked_blur(first.normals, inside, _FINE))
    b = _unit(_masked_blur(brought, inside, _FINE))
    log_a = _masked_blur(np.log(np.maximum(first.albedo, np.float32(0.005))), inside, _FINE)
    log_b = _masked_blur(np.log(np.maximum(albedo, np.float32(0.005))), inside, _FINE)
    doubt = smooth(first.residual**2, _DOUBT) + smooth(found.bring(second.residual, shape) ** 2, _DOUBT)
    return _Maps(
        inside,
        (*slopes(a), log_a),
        (*slopes(b), log_b),
        a,
        np.sqrt(np.maximum(doubt, np.float32(1e-8))),
    )


def _settled(maps: _Maps, found: Registration) -> Registration:
    """*found* with what the maps themselves say of the last hundredths of a pixel."""
    shift = subpixel.find(list(maps.first), list(maps.second), maps.inside, maps.doubt)
    if not shift.tiles:
        return found
    return dataclasses.replace(
        found, matrix=found.matrix @ np.linalg.inv(shift.matrix), residual=shift.residual
    )


def difference(first: Epoch, second: Epoch, registration: Registration | None = None) -> Differences:
    """*second* less *first*. Raises NotRegistered where they cannot be laid on each other."""
    shape = (first.albedo.shape[0], first.albedo.shape[1])
    found = registration or register(first.albedo, second.albedo)
    found = _settled(_laid(first, second, found), found)
    maps = _laid(first, second, found)
    inside, a, doubt = maps.inside, maps.normals, maps.doubt
    right_a, down_a, log_a = maps.first
    right_b, down_b, log_b = maps.second
    gap_x, gap_y = right_b - right_a, down_b - down_a
    if inside.any():
        gap_x -= np.median(gap_x[inside])
        gap_y -= np.median(gap_y[inside])
    level = _unit(np.stack([-(right_a + gap_x), down_a + gap_y, np.ones_like(gap_x)], axis=-1))
    depth = integrate(np.where(inside, gap_x, 0), np.where(inside, gap_y, 0))
    large = band(shape)
    depth -= smooth(depth, large)
    ratio = log_b - log_a
    if inside.any():
        ratio -= np.median(ratio[inside])
    steep = np.sqrt(_gradient(right_a) ** 2 + _gradient(down_a) ** 2)
    pull = {
        "tilt": np.degrees(np.arctan(steep)).astype(np.float32),
        "albedo": (100 * _gradient(log_a)).astype(np.float32),
        "depth": np.hypot(right_a - smooth(right_a, large), down_a - smooth(down_a, large)).astype(
            np.float32
        ),
    }
    return Differences(
        angle_degrees(a, level),
        (100 * np.expm1(ratio)).astype(np.float32),
        depth,
        pull,
        doubt,
        inside,
        found,
    )


@dataclass(frozen=True)
class Level:
    """The level of detection, from a repeat without change.

    It is higher where the captures are less sure of themselves: at each pixel it is *at* times the pixel's doubt as a share of
    *doubt*, the repeat's median. *at* is the quantile of each quantity's absolute value over the repeat's
    measurable pixels, each divided by that share; *samples* are these values, sorted; *residual* is the repeat's own registration
    residual (px), already inside them.
    """

    at: dict[str, float]
    confidence: float
    residual: float
    doubt: float
    samples: dict[str, F32]

    def widening(self, quantity: str, found: Differences) -> F32:
        """By what factor the level at each pixel is larger (or smaller) than *at*: doubt, and worse registration."""
        share = np.maximum(found.doubt / np.float32(self.doubt), np.float32(_LEAST_SHARE))
        more = max(0.0, found.registration.residual**2 - self.residual**2) ** 0.5
        extra = np.float32(SURE * more) * found.pull[quantity]
        return np.asarray(np.hypot(share, extra / np.float32(max(self.at[quantity], 1e-9))), np.float32)


def level_of_detection(repeat: Differences, confidence: float = 0.99) -> Level:
    """From two captures of one visit."""
    inside = repeat.measurable
    doubt = float(np.median(repeat.doubt[inside])) if inside.any() else 1.0
    share = np.maximum(repeat.doubt[inside] / np.float32(doubt), np.float32(_LEAST_SHARE))
    samples = {name: np.sort(np.abs(repeat.of(name)[inside]) / share) for name in QUANTITIES}
    at = {
        name: float(np.quantile(values, confidence)) if len(values) else math.inf
        for name, values in samples.items()
    }
    return Level(at, confidence, repeat.registration.residual, doubt, samples)


def chances(found: Differences, level: Level, quantity: str) -> F32:
    """For every pixel, how often the repeat shows so much without any change (at least 1 / number of its pixels)."""
    values = np.abs(found.of(quantity)) / level.widening(quantity, found)
    sample = level.samples[quantity]
    above = len(sample) - np.searchsorted(sample, values, side="left")
    return np.asarray((above + 1) / (len(sample) + 1), np.float32)


def benjamini_hochberg(chance: AnyArray, rate: float) -> float:
    """The largest chance still called a discovery when false ones shall be at most *rate* of all; 0 for none.

    Benjamini & Hochberg 1995.
    """
    ordered = np.sort(np.asarray(chance).ravel())
    if not len(ordered):
        return 0.0
    passed = np.flatnonzero(ordered <= rate * np.arange(1, len(ordered) + 1) / len(ordered))
    return float(ordered[passed[-1]]) if len(passed) else 0.0


@dataclass(frozen=True)
class Cluster:
    """A changed place: box in pixels (left, top, width, height), area, and the largest signed difference of each quantity."""

    box: tuple[int, int, int, int]
    area: int
    peak: dict[str, float]


@dataclass(frozen=True)
class Classes:
    """*classes* (H, W): 0 not measurable, 1 no change detectable, 2 changed; *beyond*: pixels past the level, of each quantity."""

    classes: U8
    clusters: tuple[Cluster, ...]
    beyond: dict[str, float]


def _filled(mask: Mask) -> Mask:
    """*mask* with its holes filled."""
    outlines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    whole = np.zeros(mask.shape, np.uint8)
    cv2.drawContours(whole, outlines, -1, 1, cv2.FILLED)
    return whole.astype(bool)


def classify(found: Differences, level: Level, *, rate: float = 0.05, smallest: int = 20) -> Classes:
    """Changed places: past the level of detection, false discovery rate at most *rate*, at least *smallest* pixels together.

    Tilt and albedo decide; the chance of a pixel is the lesser of its two chances, times two (Bonferroni). Depth is told of each
    place but does not decide: a spall throws a faint ring of depth as far as the band reaches. What a changed place
    wholly surrounds (the floor of a spall) belongs to it.
    """
    inside = found.measurable
    least = np.ones(inside.shape, np.float32)
    past = np.zeros(inside.shape, bool)
    beyond = {}
    for name in QUANTITIES:
        over = inside & (np.abs(found.of(name)) > level.at[name] * level.widening(name, found))
        beyond[name] = float(over.sum() / max(1, inside.sum()))
        if name != "depth":
            least = np.minimum(least, chances(found, level, name))
            past |= over
    combined = np.minimum(1, 2 * least)
    limit = benjamini_hochberg(combined[inside], rate)
    changed = inside & past & (combined <= limit) if limit else np.zeros(inside.shape, bool)
    changed = _filled(changed) & inside
    count, labels, stats, _ = cv2.connectedComponentsWithStats(changed.astype(np.uint8), connectivity=8)
    clusters = []
    classes = np.where(inside, NO_CHANGE, NOT_MEASURABLE).astype(np.uint8)
    for number in range(1, count):
        left, top, width, height, area = (int(value) for value in stats[number])
        if area < smallest:
            continue
        window = (slice(top, top + height), slice(left, left + width))
        mask = labels[window] == number
        classes[window][mask] = CHANGED
        peak = {}
        for name in QUANTITIES:
            values = found.of(name)[window][mask]
            peak[name] = float(values[np.argmax(np.abs(values))])
        clusters.append(Cluster((left, top, width, height), area, peak))
    clusters.sort(key=lambda cluster: (-cluster.area, cluster.box))
    return Classes(classes, tuple(clusters), beyond)
