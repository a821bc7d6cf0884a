"""Where the light stood, read from shining black balls in the picture.

A ball mirrors the light towards the camera at one point. There its normal halves the angle between view and light, so the
reflection's place gives the light's direction: ``l = 2 (n . v) n - v``. Two balls or more see a near light in different directions, and
its place is where these meet. (Mudge, M. et al. 2006, New reflection transformation imaging methods for rock art, VAST 2006.)

Space is that of :mod:`.lights`: picture widths, origin in the middle of the picture on the surface, x right, y up, z to the
camera. Balls lie on the surface. Pixels: x right, y down, (0, 0) the middle of the first.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from heirloom.pathways.condition.arrays import F32, F64, AnyArray, Mask, to_srgb

Circle = tuple[float, float, float]
"""Middle x, y and radius, pixels."""

_SEARCHED = 1000
_SMALLEST, _LARGEST = 0.012, 0.15
_RAYS = 180
_MIRROR = 0.75
"""Share of the radius in which every light above the surface is mirrored (at 0.71 it would stand in the plane of the wall)."""
_LEAST_EDGE = 0.6
_NEAR_FROM = 0.25
"""Degrees by which the balls must disagree about a far light before it is taken as near."""
_MEET = 0.85
"""Share of the lights whose lines must meet in front of the wall; errors alone let half of them meet there."""


@dataclass(frozen=True)
class Camera:
    """A camera facing the surface. *focal* in picture widths; 0: so far away that all rays are parallel."""

    shape: tuple[int, int]
    focal: float = 0.0

    @classmethod
    def of_35mm(cls, shape: tuple[int, int], millimetres: float) -> Camera:
        """By the focal length that gives the same angle on 36 x 24 mm film (compared over the diagonal); 0: far away."""
        return cls(shape, millimetres / math.hypot(36, 24) * math.hypot(*shape) / shape[1])

    def rays(self, x: AnyArray, y: AnyArray) -> tuple[F64, F64]:
        """Origins and unit directions (..., 3) of the rays through pixels."""
        height, width = self.shape
        across = (np.asarray(x, np.float64) - (width - 1) / 2) / width
        up = ((height - 1) / 2 - np.asarray(y, np.float64)) / width
        nought = np.zeros_like(across)
        if not self.focal:
            return np.stack([across, up, nought], axis=-1), np.stack([nought, nought, nought - 1], axis=-1)
        directions = np.stack([across, up, nought - self.focal], axis=-1)
        directions /= np.linalg.norm(directions, axis=-1, keepdims=True)
        return np.broadcast_to(np.array([0.0, 0.0, self.focal]), directions.shape), directions


@dataclass(frozen=True)
class Ball:
    """A ball: *centre* (3,) and *radius* in picture widths, and the *circle* it fills in the picture."""

    centre: F64
    radius: float
    circle: Circle

    def mirror(self, camera: Camera, x: AnyArray, y: AnyArray) -> tuple[F64, F64]:
        """Points on the ball that pixels show, and the directions mirrored there, (..., 3) each; NaN beside the ball."""
        origins, rays = camera.rays(x, y)
        to = origins - self.centre
        along = (rays * to).sum(axis=-1)
        inside = along**2 - (to**2).sum(axis=-1) + self.radius**2
        with np.errstate(invalid="ignore"):
            points = origins + rays * (-along - np.sqrt(inside))[..., None]
        normals = (points - self.centre) / self.radius
        return points, rays - 2 * (rays * normals).sum(axis=-1, keepdims=True) * normals


def ball_of(edge: F64, circle: Circle, camera: Camera) -> Ball:
    """The ball whose outline goes through the points *edge* (n, 2), pixels.

    Seen from near, the rays that touch a ball make a cone around its middle, and its outline is an ellipse: the cone is fitted
    (``ray . axis = cos(angle)``, linear in ``axis / cos(angle)``), so the ball is right also at the picture's rim.
    """
    height, width = camera.shape
    if not camera.focal:
        x, y, radius = circle
        far = radius / width
        return Ball(
            np.array([(x - (width - 1) / 2) / width, ((height - 1) / 2 - y) / width, far]), far, circle
        )
    _, rays = camera.rays(edge[:, 0], edge[:, 1])
    axis, *_ = np.linalg.lstsq(rays, np.ones(len(rays)), rcond=None)
    cosine = 1 / float(np.linalg.norm(axis))
    axis = axis * cosine
    sine = math.sqrt(max(1e-12, 1 - cosine**2))
    away = camera.focal / (sine - float(axis[2]))  # so that the ball touches the surface
    return Ball(np.asarray(axis * away + (0, 0, camera.focal), np.float64), away * sine, circle)


# --- finding balls ----------------------------------------------------------------------------------------


def circle_through(points: F64) -> Circle:
    """The circle of least squares through *points* (n, 2): Kasa's start, then Gauss-Newton on the distances."""
    matrix = np.column_stack([points, np.ones(len(points))])
    found, *_ = np.linalg.lstsq(matrix, (points**2).sum(axis=1), rcond=None)
    x, y = found[0] / 2, found[1] / 2
    radius = math.sqrt(max(1e-9, found[2] + x * x + y * y))
    for _ in range(5):
        away = points - (x, y)
        length = np.maximum(np.hypot(away[:, 0], away[:, 1]), 1e-9)
        slopes = np.column_stack([-away / length[:, None], -np.ones(len(points))])
        move, *_ = np.linalg.lstsq(slopes, radius - length, rcond=None)
        x, y, radius = x + move[0], y + move[1], radius + move[2]
    return float(x), float(y), float(radius)


def _edge(picture: F32, circle: Circle, spread: float) -> F64:
    """Where it grows brightest along rays from the middle, between 1 - *spread* and 1 + *spread* radii: (n, 2), pixels."""
    x, y, radius = circle
    turn = np.arange(_RAYS) * (2 * math.pi / _RAYS)
    steps = np.arange(radius * (1 - spread), radius * (1 + spread), 0.5)
    if len(steps) < 5:
        return np.zeros((0, 2))
    over = (x + np.cos(turn)[:, None] * steps).astype(np.float32)
    down = (y + np.sin(turn)[:, None] * steps).astype(np.float32)
    values = cv2.remap(picture, over, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    grown = np.gradient(cv2.GaussianBlur(values, (0, 0), sigmaX=2.0, sigmaY=0.01), axis=1)
    best = np.clip(grown.argmax(axis=1), 1, len(steps) - 2)
    rays = np.arange(_RAYS)
    before, here, after = grown[rays, best - 1], grown[rays, best], grown[rays, best + 1]
    bend = before - 2 * here + after
    shift = np.where(bend < -1e-9, 0.5 * (before - after) / np.minimum(bend, -1e-9), 0)
    far = steps[best] + 0.5 * np.clip(shift, -1, 1)
    points = np.column_stack([x + np.cos(turn) * far, y + np.sin(turn) * far])
    height, width = picture.shape
    kept = (here > 0.01) & (points > 0).all(axis=1) & (points[:, 0] < width - 1) & (points[:, 1] < height - 1)
    return np.asarray(points[kept], np.float64)


def _agreed(points: F64, near: float) -> Mask:
    """Which of *points* lie within *near* pixels of the circle that most of them share (three at a time, fixed draws)."""
    random = np.random.default_rng(7)
    best = np.zeros(len(points), bool)
    for _ in range(150):
        three = points[random.choice(len(points), 3, replace=False)]
        matrix = np.column_stack([2 * three, np.ones(3)])
        if abs(np.linalg.det(matrix)) < 1e-6:
            continue
        a, b, c = np.linalg.solve(matrix, (three**2).sum(axis=1))
        radius = math.sqrt(max(1e-9, c + a * a + b * b))
        close = np.abs(np.hypot(points[:, 0] - a, points[:, 1] - b) - radius) < near
        if close.sum() > best.sum():
            best = close
    return best


def refined(picture: F32, circle: Circle, spread: float = 0.4) -> tuple[Circle, F64] | None:
    """The dark disc near *circle* in *picture* (0..1), and the points of its edge; None where there is none.

    On linear values the edge is where it truly is; on coded ones it seems a quarter of a pixel further in.
    """
    points = np.zeros((0, 2))
    for width in (spread, 0.15, 0.08):
        points = _edge(picture, circle, width)
        if len(points) < _LEAST_EDGE * _RAYS:
            return None
        near = max(1.0, 0.02 * circle[2])
        kept = _agreed(points, near)
        if kept.sum() < _LEAST_EDGE * _RAYS * (0.6 if width == spread else 1):
            return None
        points = points[kept]
        circle = circle_through(points)
    return circle, points


def _dark_discs(picture: F32) -> Iterator[Circle]:
    """Candidates: round dark spots, and circles voted for by gradients (Hough)."""
    side = min(picture.shape)
    eight = (np.clip(picture, 0, 1) * 255).astype(np.uint8)
    eight = cv2.medianBlur(eight, 5)
    for share in (0.35, 0.5, 0.65):
        dark = (eight < share * float(np.median(eight))).astype(np.uint8)
        dark = cv2.morphologyEx(dark, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
        outlines, _ = cv2.findContours(dark, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        for outline in outlines:
            (x, y), radius = cv2.minEnclosingCircle(outline)
            area = cv2.contourArea(cv2.convexHull(outline))
            if _SMALLEST * side < radius < _LARGEST * side and area > 0.6 * math.pi * radius**2:
                yield float(x), float(y), math.sqrt(area / math.pi)
    low, high = max(4, int(_SMALLEST * side)), int(_LARGEST * side)
    voted = cv2.HoughCircles(
        eight, cv2.HOUGH_GRADIENT, 1.5, 2 * low, param1=120, param2=30, minRadius=low, maxRadius=high
    )
    if voted is not None:
        for x, y, radius in voted.reshape(-1, 3)[:40]:
            yield float(x), float(y), float(radius)


def _is_dark(picture: F32, circle: Circle) -> bool:
    """Whether the disc is plainly darker than the ring around it."""
    x, y, radius = circle
    reach = int(1.5 * radius) + 1
    top, left = max(0, int(y) - reach), max(0, int(x) - reach)
    part = picture[top : int(y) + reach + 1, left : int(x) + reach + 1]
    rows, columns = np.indices(part.shape)
    away = np.hypot(columns + left - x, rows + top - y) / radius
    inner, ring = part[away < 0.8], part[(away > 1.08) & (away < 1.4)]
    return bool(len(inner) and len(ring) and np.median(inner) < 0.7 * np.median(ring))


def candidates(middle: F32, given: Sequence[Circle] = ()) -> list[Circle]:
    """Circles that may be balls in *middle*, the median of all photos (linear), largest share of dark edge first.

    With *given* (x, y, and a radius or 0) only what lies there.
    """
    scale = min(1.0, _SEARCHED / max(middle.shape))
    if scale < 1:
        middle = cv2.resize(middle, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    picture = cv2.GaussianBlur(to_srgb(middle), (0, 0), 0.7).astype(np.float32)
    side = min(picture.shape)
    tried: list[Circle] = []
    if given:
        for x, y, radius in given:
            radii = [radius * scale] if radius else np.geomspace(_SMALLEST * side, _LARGEST * side, 14)
            tried += [(x * scale, y * scale, float(one)) for one in radii]
    else:
        tried += _dark_discs(picture)
    found: list[tuple[int, Circle]] = []
    for circle in tried:
        better = refined(picture, circle)
        if better is None:
            continue
        (x, y, radius), points = better
        inside = radius < x < picture.shape[1] - radius and radius < y < picture.shape[0] - radius
        if inside and 0.8 * _SMALLEST * side < radius < _LARGEST * side and _is_dark(picture, better[0]):
            found.append((len(points), better[0]))
    kept: list[Circle] = []
    for _, (x, y, radius) in sorted(found, key=lambda one: (-one[0], one[1])):
        whole = (x / scale, y / scale, radius / scale)
        if all(math.hypot(whole[0] - o[0], whole[1] - o[1]) > 0.9 * max(whole[2], o[2]) for o in kept):
            kept.append(whole)
    return kept


def box(circle: Circle, shape: tuple[int, int]) -> tuple[int, int, int, int]:
    """Top, bottom, left, right of what is looked at around a ball."""
    x, y, radius = circle
    reach = 1.5 * radius + 4
    return (
        max(0, int(y - reach)),
        min(shape[0], int(y + reach) + 1),
        max(0, int(x - reach)),
        min(shape[1], int(x + reach) + 1),
    )


# --- reflections ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reflection:
    """Of the light on a ball: its place (x, y, pixels), the *point* (3,) on the ball, and the *direction* (3,) of the light."""

    x: float
    y: float
    point: F64
    direction: F64


def reflection(part: F32, still: F32, ball: Ball, camera: Camera, top: int, left: int) -> Reflection | None:
    """The light's reflection in *part*, the pixels (linear) around *ball*, or None where there is no distinct one.

    *still* is what all photos show there (their minimum): windows, sky and wall mirrored in the ball. Directions, not places,
    are averaged: a ball seen from afar mirrors equal areas into equal solid angles, so the mean is not pulled to the middle.
    """
    x, y, radius = ball.circle
    grid: AnyArray = np.indices(part.shape)
    rows, columns = grid[0], grid[1]
    inside: Mask = np.hypot(columns + left - x, rows + top - y) < _MIRROR * radius
    lit = np.where(inside, part - still, 0).astype(np.float32)
    soft = cv2.GaussianBlur(lit, (0, 0), 1.0)
    peak, usual = float(lit.max(initial=0)), float(np.median(lit[inside])) if inside.any() else 0.0
    if peak < 6 * usual + 0.08:
        return None
    bright = (lit > usual + 0.4 * (peak - usual)).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(bright)
    row, column = np.unravel_index(int(np.argmax(np.where(bright > 0, soft, -1))), part.shape)
    number = int(labels[row, column])
    if number == 0 or int(stats[number, cv2.CC_STAT_AREA]) > 0.12 * inside.sum():
        return None
    spot: AnyArray = cv2.dilate((labels == number).astype(np.uint8), np.ones((3, 3), np.uint8))
    near = spot > 0
    weight = np.clip(lit[near] - (usual + 0.1 * (peak - usual)), 0, None).astype(np.float64)
    across, down = (columns[near] + left).astype(np.float64), (rows[near] + top).astype(np.float64)
    points, directions = ball.mirror(camera, across, down)
    whole = np.isfinite(directions).all(axis=1) & (weight > 0)
    weight = weight[whole] / weight[whole].sum()
    direction = weight @ directions[whole]
    place = float(weight @ across[whole]), float(weight @ down[whole])
    return Reflection(*place, weight @ points[whole], direction / np.linalg.norm(direction))


def meeting(points: F64, directions: F64) -> F64:
    """The point nearest to all lines (least squares of the distances): *points* on them and unit *directions*, (n, 3) each.

    Raises numpy's LinAlgError where the lines are parallel.
    """
    across = np.eye(3) - directions[:, :, None] * directions[:, None, :]
    matrix = across.sum(axis=0)
    if np.linalg.eigvalsh(matrix)[0] < 1e-12:
        raise np.linalg.LinAlgError("parallel lines")
    return np.asarray(np.linalg.solve(matrix, (across @ points[:, :, None]).sum(axis=0))[:, 0], np.float64)


def _angle(a: F64, b: F64) -> float:
    return math.degrees(math.atan2(float(np.linalg.norm(np.cross(a, b))), float(a @ b)))


@dataclass(frozen=True)
class Placed:
    """Where the lights stood.

    Attributes:
        directions: (n, 3) seen from the middle of the picture, NaN where no ball shows the light.
        distances: (n,) picture widths, NaN where not known.
        disagreement: median angle in degrees between what each ball says and the light found; NaN with one ball.
        near: whether distances were found.
    """

    directions: F64
    distances: F64
    disagreement: float
    near: bool


def placed(seen: Sequence[Sequence[Reflection | None]]) -> Placed:
    """Lights from reflections, *seen* by photo and ball.

    Lights are taken as near where the balls disagree about far ones, and nearly all their lines meet before the wall, twice as well.
    """
    count = len(seen)
    far = np.full((count, 3), np.nan)
    spots = np.full((count, 3), np.nan)
    apart: list[float] = []
    nearer: list[float] = []
    for number, row in enumerate(seen):
        whole = [one for one in row if one is not None]
        if not whole:
            continue
        rays = np.array([one.direction for one in whole])
        mean = rays.mean(axis=0)
        far[number] = mean / np.linalg.norm(mean)
        if len(whole) < 2:
            continue
        points = np.array([one.point for one in whole])
        apart += [_angle(ray, far[number]) for ray in rays]
        try:
            spot = meeting(points, rays)
        except np.linalg.LinAlgError:
            continue
        if spot[2] > 0 and (((spot - points) * rays).sum(axis=1) > 0).all():
            spots[number] = spot
            nearer += [_angle(ray, spot - point) for ray, point in zip(rays, points, strict=True)]
    nowhere = np.full(count, np.nan)
    if not apart:
        return Placed(far, nowhere, math.nan, near=False)
    by_distance = float(np.median(apart))
    known = [bool(np.isfinite(spot).all()) for spot in spots]
    double = len([row for row in seen if sum(one is not None for one in row) > 1])
    if sum(known) < max(1, _MEET * double) or by_distance < _NEAR_FROM or np.median(nearer) > by_distance / 2:
        return Placed(far, nowhere, by_distance, near=False)
    distances = np.linalg.norm(spots, axis=1)
    directions = np.where(np.array(known)[:, None], spots / distances[:, None], far)
    return Placed(directions, distances, float(np.median(nearer)), near=True)
