"""Normals and albedo from photos under many lights, tile by tile, by a solver of one's choice.

The model of every pixel is ``I_i = G_i (S_i - p) . g`` with ``g = albedo * normal``. For distant lights S_i is the
light's direction, p = 0 and G = 1. For near lights S_i is its position, p the pixel's place and ``G = r_i^2 / |S_i -
p|^3`` the inverse-square fall, so that an albedo of 1 facing a light at the distance r_i gives 1. Every solver then
is a few matrix products a tile, whatever the lights.

Solvers:

- ``l2``: least squares (Woodham 1980). Fast; shadows and gloss pull at it.
- ``trimmed``: least squares over the middle part of the values, sorted by brightness.
- ``geman-mcclure``: iteratively reweighted least squares with Geman and McClure's weights.
- ``consensus``: the best of many triples of lights by the sum of cut residuals (as MSAC, Torr and Zisserman 2000), then
  reweighted as above. Stands up to many shadows and strong gloss.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from heirloom.pathways.condition import errors
from heirloom.pathways.condition.arrays import F32, F64, U8, U16, pixel_positions
from heirloom.pathways.condition.lights import Lights
from heirloom.pathways.condition.stack import FULL, Stack

Solver = Literal["l2", "trimmed", "geman-mcclure", "consensus"]
FEWEST = 6
# Pixels at once: few enough that what is computed of them stays in one core's cache.
_TILE = 1024
_TRIPLES = 20
_CUT = np.float32(0.08)
_SPREADS = (0.06, 0.04, 0.03, 0.03)


@dataclass(frozen=True)
class Solution:
    """Of one area: unit normals (rows, W, 3); albedo and residual (rows, W); and how many lights agreed.

    *residual* is the root mean square of what the model does not explain among the lights that agreed, as a share of
    the albedo. Fewer than three agreeing lights make a pixel unmeasured: its normal is (0, 0, 1), its albedo 0.
    """

    normals: F32
    albedo: F32
    residual: F32
    agreeing: U8


class Model:
    """The lights of an epoch as the solvers want them."""

    def __init__(self, lights: Lights, seed: int = 0) -> None:
        if len(lights) < FEWEST:
            raise errors.TooFewLights(given=len(lights), minimum=FEWEST)
        self.near = lights.near
        self.s = lights.vectors.astype(np.float32)
        if np.linalg.matrix_rank(lights.directions(), tol=0.05) < 3:
            raise errors.TooFewLights(given=len(lights), minimum=FEWEST)
        s = lights.vectors
        self._radius = np.linalg.norm(s, axis=1).astype(np.float32)
        pairs = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)]
        # Rows: the six products of a light's coordinates, the three coordinates, and one.
        self.products = np.array(
            [s[:, a] * s[:, b] for a, b in pairs] + [s[:, 0], s[:, 1], s[:, 2], np.ones(len(s))], np.float32
        )
        self.triples = _triples(lights.directions(), seed)
        inverse = np.linalg.inv(s[self.triples])
        self.inverse = inverse.astype(np.float32)
        self.of_one = inverse.sum(axis=2).astype(np.float32)
        self.pseudo = np.linalg.pinv(s).astype(np.float32)

    def gains(self, places: F32) -> F32:
        """G (N, P) for near lights at the pixels' *places* (3, P)."""
        square = np.zeros((len(self.s), places.shape[1]), np.float32)
        for axis in range(3):
            square += (self.s[:, axis, None] - places[axis]) ** 2
        return np.asarray(self._radius[:, None] ** 2 / (square * np.sqrt(square)), np.float32)


def _triples(directions: F64, seed: int) -> np.ndarray[tuple[int, int], np.dtype[np.intp]]:
    """Triples of lights that fix a normal well, each light used about as often as any other."""
    random = np.random.default_rng([seed, 5])
    count = len(directions)
    drawn = np.stack([random.permutation(count)[:3] for _ in range(40 * _TRIPLES)])
    volume = np.abs(np.linalg.det(directions[drawn]))
    chosen: list[int] = []
    used = np.zeros(count)
    open_ = np.ones(len(drawn), bool)
    for _ in range(_TRIPLES):
        worth = volume / (1 + used[drawn].sum(axis=1))
        best = int(np.argmax(np.where(open_, worth, -1)))
        open_[best] = False
        chosen.append(best)
        used[drawn[best]] += 1
    return np.asarray(drawn[chosen])


def _solve3(m: F32, b: F32) -> F32:
    """Per pixel the solution of a symmetric 3 x 3 system: m (6, P) as xx xy xz yy yz zz, b (3, P)."""
    xx, xy, xz, yy, yz, zz = m
    c00, c01, c02 = yy * zz - yz * yz, xz * yz - xy * zz, xy * yz - xz * yy
    c11, c12, c22 = xx * zz - xz * xz, xy * xz - xx * yz, xx * yy - xy * xy
    determinant = xx * c00 + xy * c01 + xz * c02
    scale = np.float32(1e-9) + np.float32(1e-6) * np.abs(xx * yy * zz)
    safe = np.where(determinant > scale, determinant, np.float32(np.inf))
    return np.stack(
        [
            (c00 * b[0] + c01 * b[1] + c02 * b[2]) / safe,
            (c01 * b[0] + c11 * b[1] + c12 * b[2]) / safe,
            (c02 * b[0] + c12 * b[1] + c22 * b[2]) / safe,
        ]
    )


class _Tile:
    """A tile's values (N, P), divided by each pixel's brightness, and its geometry."""

    def __init__(self, model: Model, values: F32, places: F32 | None) -> None:
        self.model = model
        self.values = values
        self.places = places
        self.gain = model.gains(places) if places is not None else None
        self._room = np.empty_like(values)
        self._weights = np.empty_like(values)

    def predicted(self, g: F32) -> F32:
        """``G (S - p) . g`` into a work area that the next call uses again."""
        np.matmul(self.model.s, g, out=self._room)
        if self.places is not None and self.gain is not None:
            self._room -= (self.places * g).sum(axis=0)
            self._room *= self.gain
        return self._room

    def weighted(self, weights: F32) -> F32:
        """g by least squares with *weights* (N, P)."""
        if self.places is None or self.gain is None:
            moments = self.model.products[:6] @ weights
            weights = np.multiply(weights, self.values, out=self._room)
            return _solve3(moments, self.model.s.T @ weights)
        pull = weights * self.gain
        right = np.multiply(pull, self.values, out=self._room)
        pull *= self.gain
        m = self.model.products @ pull
        p = self.places
        one = m[9]
        sx, sy, sz = m[6], m[7], m[8]
        moments = np.stack(
            [
                m[0] - 2 * p[0] * sx + p[0] * p[0] * one,
                m[1] - p[0] * sy - p[1] * sx + p[0] * p[1] * one,
                m[2] - p[0] * sz - p[2] * sx + p[0] * p[2] * one,
                m[3] - 2 * p[1] * sy + p[1] * p[1] * one,
                m[4] - p[1] * sz - p[2] * sy + p[1] * p[2] * one,
                m[5] - 2 * p[2] * sz + p[2] * p[2] * one,
            ]
        )
        return _solve3(moments, self.model.s.T @ right - p * right.sum(axis=0))

    def least_squares(self, valid: F32 | None = None) -> F32:
        if self.places is None and valid is None:
            return np.asarray(self.model.pseudo @ self.values, np.float32)
        return self.weighted(np.ones_like(self.values) if valid is None else valid)

    def trimmed(self, valid: F32) -> F32:
        """Least squares over the values between a fifth and four fifths of each pixel's order of brightness."""
        shown = self.values if self.gain is None else self.values / self.gain
        order = np.argsort(np.argsort(shown.T, axis=1), axis=1).T
        count = len(shown)
        middle = ((order >= 0.2 * count) & (order < 0.8 * count)).astype(np.float32) * valid
        return self.weighted(middle)

    def reweighted(self, g: F32, valid: F32, spreads: tuple[float, ...]) -> F32:
        """Geman-McClure: weights ``(s^2 / (s^2 + r^2))^2``, with a share *s* of each pixel's albedo that narrows."""
        for spread in spreads:
            g = self.weighted(self.weights(g, valid, spread))
        return g

    def weights(self, g: F32, valid: F32, spread: float) -> F32:
        square = np.maximum(np.float32(spread**2) * (g * g).sum(axis=0), np.float32(1e-10))
        w = self._weights
        np.maximum(self.predicted(g), 0, out=w)
        w -= self.values
        w *= w
        w /= square
        w += 1
        np.reciprocal(w, out=w)
        w *= w
        w *= valid
        return w

    def consensus(self, start: F32, valid: F32) -> F32:
        """The triple whose normal leaves the smallest sum of cut residuals; the *start* takes part."""
        brightness = np.sqrt(np.maximum((start * start).sum(axis=0), np.float32(1e-8)))
        cut = _CUT * brightness
        best = start
        lowest = self._cost(start, cut, valid)
        shown = self.values if self.gain is None else self.values / self.gain
        for triple, inverse, of_one in zip(
            self.model.triples, self.model.inverse, self.model.of_one, strict=True
        ):
            g = inverse @ shown[triple]
            if self.places is not None:
                along = (self.places * g).sum(axis=0) / (1 - of_one @ self.places)
                g = g + of_one[:, None] * along
            cost = self._cost(g, cut, valid)
            better = cost < lowest
            lowest = np.where(better, cost, lowest)
            best = np.where(better, g, best)
        return best

    def _cost(self, g: F32, cut: F32, valid: F32) -> F32:
        room = self.predicted(g)
        np.maximum(room, 0, out=room)
        room -= self.values
        np.abs(room, out=room)
        np.minimum(room, cut, out=room)
        room *= valid
        return np.asarray(room.sum(axis=0), np.float32)


def _by(solver: Solver, tile: _Tile, valid: F32) -> F32:
    if solver == "l2":
        return tile.least_squares(valid)
    if solver == "trimmed":
        return tile.trimmed(valid)
    start = tile.least_squares(valid)
    if solver == "geman-mcclure":
        return tile.reweighted(start, valid, (0.2, 0.1, *_SPREADS))
    return tile.reweighted(tile.consensus(start, valid), valid, _SPREADS)


def _finish(tile: _Tile, g: F32, valid: F32, solver: Solver) -> tuple[F32, F32, F32, U8]:
    albedo = np.sqrt((g * g).sum(axis=0))
    if solver in ("l2", "trimmed"):
        agree = valid * (np.abs(np.maximum(tile.predicted(g), 0) - tile.values) < np.float32(0.15) * albedo)
    else:
        agree = (tile.weights(g, valid, 0.08) > 0.25).astype(np.float32)
    count = agree.sum(axis=0)
    off = (np.maximum(tile.predicted(g), 0) - tile.values) * agree
    known = (count >= 3) & (albedo > 1e-6) & np.isfinite(albedo)
    share = np.where(known, albedo, np.float32(1))
    residual = np.sqrt((off * off).sum(axis=0) / np.maximum(count, 1)) / share
    normal = np.where(known, g / share, np.array([[0], [0], [1]], np.float32))
    return normal, np.where(known, albedo, 0), np.where(known, residual, 1), count.astype(np.uint8)


def solve_rows(model: Model, values: U16, solver: Solver, shape: tuple[int, int], top: int = 0) -> Solution:
    """Solve rows *top* and below of a picture of *shape* from *values* (N, rows, W), 16 bits, linear."""
    count, rows, width = values.shape
    flat = values.reshape(count, rows * width)
    places = pixel_positions(shape, top, top + rows).reshape(2, -1) if model.near else None
    normals = np.empty((rows * width, 3), np.float32)
    albedo = np.empty(rows * width, np.float32)
    residual = np.empty(rows * width, np.float32)
    agreeing = np.empty(rows * width, np.uint8)
    for start in range(0, rows * width, _TILE):
        part = slice(start, min(start + _TILE, rows * width))
        raw = flat[:, part]
        here: F32 | None = None
        if places is not None:
            here = np.concatenate([places[:, part], np.zeros((1, raw.shape[1]), np.float32)])
        tile = _Tile(model, raw * np.float32(1 / FULL), here)
        valid = (raw < FULL).astype(np.float32)
        made = _finish(tile, _by(solver, tile, valid), valid, solver)
        normals[part], albedo[part], residual[part], agreeing[part] = made[0].T, made[1], made[2], made[3]
    return Solution(
        normals.reshape(rows, width, 3),
        albedo.reshape(rows, width),
        residual.reshape(rows, width),
        agreeing.reshape(rows, width),
    )


def least_squares_only(model: Model, values: U16) -> F32:
    """g = albedo * normal (3, rows, W) of distant lights and nothing else: the fast first look."""
    count, rows, width = values.shape
    flat = values.reshape(count, rows * width)
    found = np.empty((3, rows * width), np.float32)
    pseudo = model.pseudo * np.float32(1 / FULL)
    room = np.empty((count, _TILE), np.float32)
    for start in range(0, rows * width, _TILE):
        part = slice(start, min(start + _TILE, rows * width))
        here = room[:, : part.stop - start]
        here[:] = flat[:, part]
        np.matmul(pseudo, here, out=found[:, part])
    return found.reshape(3, rows, width)


def solve(
    stack: Stack,
    lights: Lights,
    solver: Solver = "consensus",
    *,
    seed: int = 0,
    tick: Callable[[float], None] | None = None,
) -> Iterator[tuple[int, int, Solution]]:
    """Solve a stack strip by strip: (top, bottom, solution). *tick* is told the share done."""
    if len(lights) != stack.count:
        raise ValueError("as many lights as photos")
    model = Model(lights, seed)
    for top, bottom in stack.strips():
        yield top, bottom, solve_rows(model, stack.read(top, bottom), solver, stack.shape, top)
        if tick is not None:
            tick(bottom / stack.shape[0])


def whole(parts: Iterator[tuple[int, int, Solution]]) -> Solution:
    """All strips as one."""
    made = [solution for _, _, solution in parts]
    return Solution(
        np.concatenate([part.normals for part in made]),
        np.concatenate([part.albedo for part in made]),
        np.concatenate([part.residual for part in made]),
        np.concatenate([part.agreeing for part in made]),
    )
