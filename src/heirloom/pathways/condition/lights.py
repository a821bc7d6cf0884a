"""Where the light stood: a dome of lamps or a flash on a stick, distant or near, and the ``.lp`` files that say so.

Coordinates are those of reflectance transformation imaging: origin in the middle of the picture, x right, y up, z to
the camera. A near light's position is in image widths.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np

from heirloom.pathways.condition import errors
from heirloom.pathways.condition.arrays import F64

_MOST_LIGHTS = 2000


@dataclass(frozen=True)
class Lights:
    """*vectors* (N, 3): unit directions where ``near`` is false, positions in image widths where it is true.

    *names* are the photos' names, in the same order; empty where there are none.
    """

    vectors: F64
    near: bool = False
    names: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.vectors)

    def directions(self) -> F64:
        """Unit directions seen from the middle of the picture."""
        lengths = np.linalg.norm(self.vectors, axis=1, keepdims=True)
        return np.asarray(self.vectors / lengths, np.float64)

    def at_distance(self, distance: float) -> Lights:
        """The same directions as positions *distance* image widths away: what a dome or a stick of known length gives."""
        return Lights(self.directions() * distance, True, self.names)


def dome(count: int, seed: int = 0, *, lowest: float = 20.0, highest: float = 75.0) -> Lights:
    """*count* distant lights spread evenly over the dome between two elevations in degrees, each a little off.

    A spiral of equal areas (golden angle), turned and shaken by *seed*.
    """
    random = np.random.default_rng([seed, 17])
    z_low, z_high = math.sin(math.radians(lowest)), math.sin(math.radians(highest))
    z = z_low + (z_high - z_low) * (np.arange(count) + 0.5) / count
    turn = np.arange(count) * math.pi * (3 - math.sqrt(5)) + random.uniform(0, 2 * math.pi)
    turn = turn + random.normal(0, 0.03, count)
    z = np.clip(z + random.normal(0, 0.01, count), z_low, z_high)
    flat = np.sqrt(1 - z**2)
    return Lights(np.stack([flat * np.cos(turn), flat * np.sin(turn), z], axis=1))


def read_lp(text: str, name: str = "lights.lp") -> Lights:
    """Lights from an ``.lp`` file: a count, then a line ``photo x y z`` each; a photo's name may hold spaces.

    Only the last part of a path counts as the photo's name. Vectors are made unit directions. Raises LightsUnreadable.
    """
    lines = [line.strip() for line in text.replace("\r", "\n").split("\n") if line.strip()]
    if not lines or not lines[0].isdecimal() or int(lines[0]) != len(lines) - 1:
        raise errors.LightsUnreadable(name=name, line=1)
    if len(lines) - 1 > _MOST_LIGHTS:
        raise errors.LightsUnreadable(name=name, line=_MOST_LIGHTS)
    names: list[str] = []
    vectors: list[list[float]] = []
    for number, line in enumerate(lines[1:], 2):
        parts = line.rsplit(None, 3)
        try:
            vector = [float(part) for part in parts[1:]]
        except ValueError:
            vector = []
        if len(vector) != 3 or not all(map(math.isfinite, vector)) or not any(vector) or vector[2] < 0:
            raise errors.LightsUnreadable(name=name, line=number)
        names.append(PurePosixPath(parts[0].strip('"').replace("\\", "/")).name)
        length = math.hypot(*vector)
        vectors.append([part / length for part in vector])
    if not names or len(set(names)) != len(names):
        raise errors.LightsUnreadable(name=name, line=1)
    return Lights(np.array(vectors, np.float64), False, tuple(names))


def write_lp(lights: Lights, names: Sequence[str] = ()) -> str:
    """The ``.lp`` file of *lights*."""
    names = tuple(names) or lights.names
    if len(names) != len(lights):
        raise ValueError("a light without a photo")
    lines = [str(len(lights))]
    for photo, (x, y, z) in zip(names, lights.directions(), strict=True):
        lines.append(f"{photo} {x:.6f} {y:.6f} {z:.6f}")
    return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Coverage:
    """How well lights stand around a surface.

    *gap* is the widest angle, in degrees, from any direction of the dome between 20 and 70 degrees of elevation to its
    nearest light; *condition* the condition number of the least-squares system; *sectors* how many of eight compass
    sectors have a light. *gap_azimuth* (from x towards y) and *gap_elevation* say where the gap's middle is, *empty* the middles of
    the sectors without light, all in degrees.
    """

    count: int
    gap: float
    condition: float
    sectors: int
    gap_azimuth: float = 0.0
    gap_elevation: float = 0.0
    empty: tuple[float, ...] = ()


def coverage(lights: Lights) -> Coverage:
    directions = lights.directions()
    azimuth = np.radians(np.arange(0, 360, 10))
    probes = np.concatenate(
        [
            np.stack(
                [
                    np.cos(azimuth) * math.cos(elevation),
                    np.sin(azimuth) * math.cos(elevation),
                    np.full_like(azimuth, math.sin(elevation)),
                ],
                axis=1,
            )
            for elevation in np.radians([20, 35, 50, 70])
        ]
    )
    nearest = np.degrees(np.arccos(np.clip(probes @ directions.T, -1, 1))).min(axis=1)
    worst = int(nearest.argmax())
    flat = directions[directions[:, 2] < math.sin(math.radians(80))]
    sectors = np.unique(((np.arctan2(flat[:, 1], flat[:, 0]) + math.pi) / (math.pi / 4)).astype(int) % 8)
    values = np.linalg.svd(directions, compute_uv=False)
    condition = float(values[0] / values[-1]) if values[-1] > 1e-9 and len(values) == 3 else math.inf
    empty = tuple(45.0 * n - 157.5 for n in range(8) if n not in sectors)
    return Coverage(
        len(lights),
        float(nearest[worst]),
        condition,
        len(sectors),
        10.0 * (worst % 36),
        (20.0, 35.0, 50.0, 70.0)[worst // 36],
        empty,
    )
