"""A grotto panel that never was: rock with exact ground truth, photographed under lights that are known.

For teaching, and for checking any tool that claims to see or to measure. Everything follows from a seed. Heights and
widths are in pixels; *scale* says how many millimetres one pixel is meant to be.

The model: Lambert's law with a glossy part (Blinn 1977), cast shadows by marching towards the light, inverse-square fall
of near lights, photon and read noise, sRGB and 8 bits. What it leaves out, and real rock has: light thrown from one part of
the surface to another, and transparency.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from heirloom.pathways.condition.arrays import F32, U8, Mask, normals_of, pixel_positions, to_srgb
from heirloom.pathways.condition.lights import Lights
from heirloom.pathways.condition.resample import resample


@dataclass(frozen=True)
class Panel:
    """Ground truth of one surface.

    Attributes:
        height: (H, W), pixels, towards the camera.
        albedo: (H, W, 3), 0 to 1, linear light.
        gloss: (H, W), 0 to 1, share of the glossy part.
        strokes: where faint engraved strokes are.
        crack_distance: (H, W), pixels to the middle of the nearest crack (a million where there is none near).
        crack_width: the width of every crack, pixels.
        scale: millimetres a pixel.
    """

    height: F32
    albedo: F32
    gloss: F32
    strokes: Mask
    crack_distance: F32
    crack_width: float = 0.0
    scale: float = 0.1

    @property
    def shape(self) -> tuple[int, int]:
        return self.height.shape[0], self.height.shape[1]

    def normals(self) -> F32:
        return normals_of(self.height)


@dataclass(frozen=True)
class Damage:
    """What changed from one panel to the next: masks, and the change of depth (px, negative is loss)."""

    spalls: Mask
    pigment: Mask
    salts: Mask
    depth: F32


def _random(seed: int, *purpose: int) -> np.random.Generator:
    return np.random.default_rng([seed, *purpose])


def _rough(shape: tuple[int, int], random: np.random.Generator, slope: float, shortest: float) -> F32:
    """Noise with a power-law spectrum, mean 0, deviation 1; nothing shorter than *shortest* pixels."""
    height, width = shape
    spectrum = np.fft.rfft2(random.standard_normal(shape, dtype=np.float32))
    fy = np.fft.fftfreq(height)[:, None]
    fx = np.fft.rfftfreq(width)[None, :]
    frequency = np.hypot(fx, fy)
    frequency[0, 0] = 1
    longest = 1 / min(200.0, *shape)
    gain = np.maximum(frequency, longest) ** -slope * np.exp(-((frequency * shortest) ** 2))
    gain[0, 0] = 0
    made = np.fft.irfft2(spectrum * gain, s=shape).astype(np.float32)
    return np.asarray(made / made.std(), np.float32)


def _wander(shape: tuple[int, int], random: np.random.Generator, length: float) -> F32:
    """A wandering line as (n, 2) points x, y."""
    steps = max(8, int(length / 4))
    start = random.uniform(0.15, 0.85, 2) * (shape[1], shape[0])
    turn = random.uniform(0, 2 * math.pi) + np.cumsum(random.normal(0, 0.15, steps))
    path = start + np.cumsum(4 * np.stack([np.cos(turn), np.sin(turn)], axis=1), axis=0)
    return np.asarray(path, np.float32)


def _distance(shape: tuple[int, int], paths: list[F32]) -> F32:
    """Distance in pixels to the nearest of *paths*, exact to about 0.1 px."""
    fine = 4
    canvas = np.full((shape[0], shape[1]), 255, np.uint8)
    near = np.full(shape, 1e6, np.float32)
    for path in paths:
        cv2.polylines(canvas, [np.round(path * 2**fine).astype(np.int32)], False, 0, 1, cv2.LINE_8, fine)
    band = cv2.distanceTransform(canvas, cv2.DIST_L2, 5) < 40
    rows, columns = np.nonzero(band)
    if not len(rows):
        return near
    points = np.stack([columns, rows], axis=1).astype(np.float32)
    best = np.full(len(points), 1e6, np.float32)
    for path in paths:
        low, high = path.min(axis=0) - 42, path.max(axis=0) + 42
        inside = np.flatnonzero(((points >= low) & (points <= high)).all(axis=1))
        for a, b in itertools.pairwise(path):
            here = inside[(np.abs(points[inside] - a) < 44).all(axis=1)]
            along = b - a
            t = np.clip((points[here] - a) @ along / float(along @ along), 0, 1)
            best[here] = np.minimum(best[here], np.linalg.norm(points[here] - a - t[:, None] * along, axis=1))
    near[band] = best
    return near


def rock(
    shape: tuple[int, int],
    seed: int = 0,
    *,
    strokes: int = 5,
    stroke_depth: float = 0.5,
    cracks: int = 2,
    crack_width: float = 2.0,
    glossy: float = 0.16,
    roughness: float = 1.0,
    scale: float = 0.1,
) -> Panel:
    """A painted rock panel of *shape* (rows, columns).

    *stroke_depth* is the depth of the engraved strokes in pixels, *glossy* the share of the surface that shines,
    *roughness* scales the relief (1: slopes of about 10 degrees).
    """
    random = _random(seed, 1)
    relief = _rough(shape, random, 1.9, 6.0)
    slopes = np.hypot(*np.gradient(relief))
    height = (relief * np.float32(roughness * 0.17 / slopes.mean())).astype(np.float32)
    size = min(shape)
    engraved = (
        _distance(shape, [_wander(shape, random, size * 0.6) for _ in range(strokes)]) if strokes else None
    )
    marks = np.zeros(shape, bool)
    if engraved is not None:
        height -= np.float32(stroke_depth) * np.exp(-((engraved / np.float32(2.5)) ** 2))
        marks = engraved < 3
    split = np.full(shape, 1e6, np.float32)
    if cracks:
        split = _distance(shape, [_wander(shape, random, size * 0.7) for _ in range(cracks)])
    tone = 0.45 + 0.10 * _rough(shape, random, 1.5, 3.0) + 0.04 * _rough(shape, random, 0.6, 1.5)
    tint = np.array([1.08, 0.98, 0.84], np.float32)
    albedo = np.clip(tone, 0.12, 0.8)[..., None].astype(np.float32) * tint
    paint = _rough(shape, random, 2.2, 8.0)
    red = np.clip((paint - 0.8) * 4, 0, 1)[..., None] * np.float32(0.6)
    albedo = albedo * (1 - red) + red * np.array([0.42, 0.16, 0.10], np.float32)
    albedo *= _cracked(split, crack_width)
    shine = _rough(shape, random, 2.0, 10.0)
    edge = np.quantile(shine, 1 - glossy) if glossy else np.inf
    gloss = np.clip((shine - edge) * 6, 0, 1) if glossy else np.zeros(shape)
    return Panel(
        height,
        np.clip(albedo, 0.02, 0.9).astype(np.float32),
        gloss.astype(np.float32),
        marks,
        split,
        crack_width,
        scale,
    )


def _cracked(distance: F32, width: float) -> F32:
    """What share of the light a crack leaves: 0.2 in its middle, soft edges; across it the loss adds up to 0.8 *width*."""
    dark = np.clip(np.float32(width / 2 + 0.5) - distance, 0, 1)
    return np.asarray(1 - np.float32(0.8) * dark[..., None], np.float32)


def _spots(
    shape: tuple[int, int], random: np.random.Generator, count: int, low: float, high: float
) -> Iterator[tuple[tuple[slice, slice], F32]]:
    """Ragged round spots: a window and the distance from its middle as a share of the radius."""
    for _ in range(count):
        radius = random.uniform(low, high)
        margin = int(radius * 1.5) + 2
        cx = random.uniform(margin, shape[1] - margin)
        cy = random.uniform(margin, shape[0] - margin)
        left, top = int(cx) - margin, int(cy) - margin
        window = (slice(max(0, top), int(cy) + margin), slice(max(0, left), int(cx) + margin))
        rows, columns = np.mgrid[window].astype(np.float32)
        turn = np.arctan2(rows - cy, columns - cx)
        ragged = (
            1 + 0.2 * np.sin(3 * turn + random.uniform(0, 6)) + 0.1 * np.sin(5 * turn + random.uniform(0, 6))
        )
        yield window, (np.hypot(rows - cy, columns - cx) / (radius * ragged)).astype(np.float32)


def weather(
    panel: Panel,
    seed: int = 0,
    *,
    spalls: int = 8,
    depth: tuple[float, float] = (0.3, 1.5),
    pigment: int = 8,
    loss: tuple[float, float] = (0.05, 0.15),
    salts: int = 0,
    size: tuple[float, float] = (6.0, 14.0),
    growth: float = 0.0,
) -> tuple[Panel, Damage]:
    """*panel* as time has left it, and what changed.

    *depth* in pixels of the spalls' deepest point, *loss* as a share of the albedo, *size* radii in pixels,
    *growth* in pixels by which every crack widens.
    """
    random = _random(seed, 2)
    height, albedo = panel.height.copy(), panel.albedo.copy()
    masks = {name: np.zeros(panel.shape, bool) for name in ("spalls", "pigment", "salts")}
    for window, away in _spots(panel.shape, random, spalls, *size):
        deep = np.float32(random.uniform(*depth))
        height[window] -= deep * np.clip(1 - away**2, 0, 1)
        masks["spalls"][window] |= away < 1
    for window, away in _spots(panel.shape, random, pigment, *size):
        lost = np.float32(random.uniform(*loss))
        albedo[window] *= 1 - lost * np.clip((1 - away) * 6, 0, 1)[..., None]
        masks["pigment"][window] |= away < 1
    for window, away in _spots(panel.shape, random, salts, *size):
        bloom = np.clip((1 - away) * 3, 0, 1) * np.float32(0.6)
        albedo[window] = albedo[window] * (1 - bloom[..., None]) + np.float32(0.75) * bloom[..., None]
        height[window] += bloom * np.float32(0.2)
        masks["salts"][window] |= away < 1
    wider = panel.crack_width + growth
    if growth:
        albedo *= _cracked(panel.crack_distance, wider) / _cracked(panel.crack_distance, panel.crack_width)
    changed = dataclasses.replace(panel, height=height, albedo=albedo, crack_width=wider)
    return changed, Damage(masks["spalls"], masks["pigment"], masks["salts"], height - panel.height)


def moved(panel: Panel, matrix: F32) -> Panel:
    """*panel* as a camera sees it that has moved a little within the picture plane: a 2 x 3 matrix of cv2.warpAffine.

    Heights and colours are resampled (Lanczos), so the ground truth of the moved panel is its own.
    """
    size = (panel.shape[1], panel.shape[0])
    back = np.linalg.inv(np.vstack([np.asarray(matrix, np.float64), [0, 0, 1]]))

    def warp(values: F32) -> F32:
        return resample(values, back, panel.shape, cv2.BORDER_REFLECT)

    def nearest(values: F32) -> F32:
        return np.asarray(
            cv2.warpAffine(values, matrix, size, flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_REFLECT),
            np.float32,
        )

    return Panel(
        warp(panel.height),
        np.clip(warp(panel.albedo), 0.01, 1),
        np.clip(warp(panel.gloss), 0, 1),
        nearest(panel.strokes.astype(np.float32)) > 0.5,
        nearest(panel.crack_distance),
        panel.crack_width,
        panel.scale,
    )


def lit_from(height: F32, direction: F32) -> Mask:
    """Where a distant light reaches the surface: the shadow of every point, marched in steps of one pixel."""
    flat = math.hypot(float(direction[0]), float(direction[1]))
    if flat < 1e-3:
        return np.ones(height.shape, bool)
    rise = float(direction[2]) / flat
    right, down = float(direction[0]) / flat, -float(direction[1]) / flat
    top = float(height.max() - height.min())
    size = (height.shape[1], height.shape[0])
    shadow = np.zeros(height.shape, bool)
    for step in range(1, min(int(top / max(rise, 0.05)) + 2, 120)):
        move = np.array([[1, 0, -right * step], [0, 1, -down * step]], np.float32)
        there = cv2.warpAffine(height, move, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        shadow |= there > height + np.float32(step * rise + 0.02)
    return ~shadow


def shade(panel: Panel, vector: F32, near: bool, *, shadows: bool = True, channels: int = 3) -> F32:
    """The light that comes back, linear, (H, W, channels): albedo 1 facing a light of distance 1 gives 1."""
    normals = panel.normals()
    if near:
        places = pixel_positions(panel.shape)
        width = np.float32(panel.shape[1])
        to = np.stack(
            [vector[0] - places[0], vector[1] - places[1], vector[2] - panel.height / width], axis=-1
        ).astype(np.float32)
        distance = np.linalg.norm(to, axis=-1)
        light = to / distance[..., None]
        power = (np.float32(np.linalg.norm(vector)) / distance) ** 2
    else:
        light = np.broadcast_to(np.asarray(vector, np.float32), normals.shape)
        power = np.ones(panel.shape, np.float32)
    cosine = np.maximum((normals * light).sum(axis=-1), 0)
    half = light + np.array([0, 0, 1], np.float32)
    half = half / np.linalg.norm(half, axis=-1, keepdims=True)
    shine = panel.gloss * np.maximum((normals * half).sum(axis=-1), 0) ** 40 * (cosine > 0)
    reach = power
    if shadows:
        middle = np.asarray(vector, np.float32) / np.float32(np.linalg.norm(vector))
        reach = power * lit_from(panel.height, middle)
    albedo = panel.albedo if channels == 3 else panel.albedo.mean(axis=-1, keepdims=True)
    return np.asarray(
        (albedo * cosine[..., None] + np.float32(0.5) * shine[..., None]) * reach[..., None], np.float32
    )


def photograph(
    panel: Panel,
    lights: Lights,
    seed: int = 0,
    *,
    exposure: float = 0.9,
    noise: float = 0.004,
    shadows: bool = True,
    channels: int = 3,
    encoded: bool = True,
) -> Iterator[U8]:
    """The photos, one a light, 8 bits, (H, W, channels); sRGB where *encoded*, else linear.

    *noise* is the deviation in linear units at full white; it falls with the root of the light.
    """
    for number, vector in enumerate(lights.vectors.astype(np.float32)):
        random = _random(seed, 3, number)
        image = shade(panel, vector, lights.near, shadows=shadows, channels=channels) * np.float32(exposure)
        grain = np.float32(noise) * np.sqrt(np.clip(image, 0, 1) + np.float32(0.02))
        image += grain * random.standard_normal(image.shape, dtype=np.float32)
        values = to_srgb(image) if encoded else np.clip(image, 0, 1)
        yield (values * 255 + np.float32(0.5)).astype(np.uint8)


def board(shape: tuple[int, int], lights: Lights, seed: int = 0, *, exposure: float = 0.9) -> Iterator[U8]:
    """Photos of a flat white board (albedo 0.85) under the same lights: what a flat field is made from."""
    ones = np.ones(shape, np.float32)
    flat = Panel(
        ones * 0,
        np.repeat(ones[..., None] * np.float32(0.85), 3, axis=-1),
        ones * 0,
        np.zeros(shape, bool),
        ones * 1e6,
    )
    yield from photograph(flat, lights, seed + 1, exposure=exposure, shadows=False)
