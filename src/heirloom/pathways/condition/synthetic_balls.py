"""Shining black balls for made-up photos, by following rays, so that whatever finds lights in photos can be held against the truth.

A ball lies on the wall, mirrors the light as a round spot and, towards its rim, the wall (Schlick 1994), and throws its shadow.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from heirloom.pathways.condition import synthetic
from heirloom.pathways.condition.arrays import F32, F64, U8, to_srgb
from heirloom.pathways.condition.balls import Camera
from heirloom.pathways.condition.lights import Lights

_FINE = 4
_LAMP = math.radians(2)
_PLASTIC = 0.04


def _to_light(points: F64, vector: F64, near: bool) -> F64:
    to = vector - points if near else np.broadcast_to(vector, points.shape)
    return np.asarray(to / np.linalg.norm(to, axis=-1, keepdims=True), np.float64)


def add_ball(image: F32, centre: F64, radius: float, vector: F64, *, near: bool, focal: float = 0.0) -> None:
    """Put a ball into a linear *image* (H, W, channels), in place.

    *centre* (x, y on the wall) and *radius* in picture widths; the light's *vector* and *near* as in :class:`Lights`.
    """
    height, width = image.shape[:2]
    middle = np.array([centre[0], centre[1], radius])
    camera = Camera((height, width), focal)
    reach = 4.5 * radius
    x = (np.arange(width * _FINE) + 0.5) / _FINE - 0.5
    y = (np.arange(height * _FINE) + 0.5) / _FINE - 0.5
    inside_x = np.abs((x - (width - 1) / 2) / width - centre[0]) < reach
    inside_y = np.abs(((height - 1) / 2 - y) / width - centre[1]) < reach
    left, right = (int(v) // _FINE for v in np.flatnonzero(inside_x)[[0, -1]])
    top, bottom = (int(v) // _FINE for v in np.flatnonzero(inside_y)[[0, -1]])
    right, bottom = right + 1, bottom + 1
    fine_x, fine_y = np.meshgrid(x[left * _FINE : right * _FINE], y[top * _FINE : bottom * _FINE])
    origins, rays = camera.rays(fine_x, fine_y)
    base = np.repeat(np.repeat(image[top:bottom, left:right], _FINE, axis=0), _FINE, axis=1)
    # The wall, with the ball's shadow on it.
    wall = origins + rays * (-origins[..., 2] / rays[..., 2])[..., None]
    to = _to_light(wall, vector, near)
    off = wall - middle
    along = (off * to).sum(axis=-1)
    shaded = ((off**2).sum(axis=-1) - along**2 < radius**2) & (along < 0)
    base = np.where(shaded[..., None], base * np.float32(0.03), base)
    # The ball: rays that meet it.
    off = origins - middle
    along = (off * rays).sum(axis=-1)
    depth = along**2 - (off**2).sum(axis=-1) + radius**2
    hit = depth > 0
    points = origins + rays * (-along - np.sqrt(np.maximum(depth, 0)))[..., None]
    normals = (points - middle) / radius
    facing = np.clip(-(rays * normals).sum(axis=-1), 0, 1)
    mirrored = rays + 2 * facing[..., None] * normals
    shine = _PLASTIC + (1 - _PLASTIC) * (1 - facing) ** 5
    to = _to_light(points, vector, near)
    cosine = np.clip((mirrored * to).sum(axis=-1), -1, 1)
    spot = 1 / (1 + np.exp(np.minimum((np.arccos(cosine) - _LAMP) * (5 / _LAMP), 50)))
    around = np.where(mirrored[..., 2] < 0, 0.35 * float(image.mean()), 0.004)
    lambert = 0.015 * np.clip((normals * to).sum(axis=-1), 0, 1)
    value = (lambert + shine * around + shine * 60 * spot)[..., None]
    fine = np.where(hit[..., None], value, base)
    shape = (bottom - top, _FINE, right - left, _FINE, image.shape[2])
    image[top:bottom, left:right] = fine.reshape(shape).mean(axis=(1, 3))


def photograph(
    panel: synthetic.Panel,
    lights: Lights,
    balls: Sequence[tuple[float, float, float]],
    seed: int = 0,
    *,
    focal: float = 0.0,
    exposure: float = 0.9,
    noise: float = 0.004,
    channels: int = 1,
) -> Iterator[U8]:
    """As :func:`.synthetic.photograph`, with *balls* (x, y, radius; picture widths) on the panel."""
    for number, vector in enumerate(lights.vectors):
        random = np.random.default_rng([seed, 5, number])
        image = synthetic.shade(panel, vector.astype(np.float32), lights.near, channels=channels)
        for x, y, radius in balls:
            add_ball(image, np.array([x, y]), radius, vector, near=lights.near, focal=focal)
        image = np.clip(image * np.float32(exposure), 0, 4)
        grain = np.float32(noise) * np.sqrt(np.clip(image, 0, 1) + np.float32(0.02))
        image = image + grain * random.standard_normal(image.shape, dtype=np.float32)
        yield (to_srgb(image) * 255 + np.float32(0.5)).astype(np.uint8)
