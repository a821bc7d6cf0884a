"""Where a place stands on a drawn map.

Two frames, both made by ``frontend/scripts/map.mjs``:

* the world in Equal Earth (B. Savric, T. Patterson, B. Jenny, "The Equal Earth map projection", IJGIS 33(3), 2019) around 11 degrees east;
* a region in plain degrees times 100, with x shortened by the cosine of the middle latitude.

Natural Earth's outlines show land and no borders: where borders run is not ours to say.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

_A1, _A2, _A3, _A4 = 1.340264, -0.081106, 0.000893, 0.003796
_M = math.sqrt(3) / 2
CENTRE = 11.0
WIDTH = 2000
NORTH, SOUTH = 84.0, -57.0
_SCALE = WIDTH / (2 * math.pi / (_M * _A1))

# A set of places narrower than this (degrees) is drawn as a region, and never less than the second number is shown: without
# borders and names a coast must be long enough to be known again.
REGION_AT_MOST = 45.0
REGION_AT_LEAST = 32.0


def _unit(east: float, latitude: float) -> tuple[float, float]:
    theta = math.asin(_M * math.sin(math.radians(latitude)))
    t2 = theta * theta
    t6 = t2 * t2 * t2
    x = math.radians(east) * math.cos(theta) / (_M * (_A1 + 3 * _A2 * t2 + t6 * (7 * _A3 + 9 * _A4 * t2)))
    return x, theta * (_A1 + _A2 * t2 + t6 * (_A3 + _A4 * t2))


_TOP = _unit(0, NORTH)[1] * _SCALE
HEIGHT = round(_TOP - _unit(0, SOUTH)[1] * _SCALE)


def project(longitude: float, latitude: float) -> tuple[float, float]:
    """Return where a place (degrees, WGS 84) stands in the world map's frame ``0 0 WIDTH HEIGHT``; y grows downwards."""
    east = (longitude - CENTRE + 180) % 360 - 180
    x, y = _unit(east, latitude)
    return WIDTH / 2 + x * _SCALE, _TOP - y * _SCALE


@dataclass(frozen=True)
class Frame:
    """A map's frame: which outline, how it is stretched, the view box, and the lines of the grid."""

    outline: str
    left: float
    top: float
    width: float
    height: float
    stretch: float | None = None

    @property
    def view_box(self) -> str:
        return f"{self.left:.0f} {self.top:.0f} {self.width:.0f} {self.height:.0f}"

    def place(self, longitude: float, latitude: float) -> tuple[float, float]:
        """Return where a place (degrees) stands in this frame."""
        if self.stretch is None:
            return project(longitude, latitude)
        return longitude * 100 * self.stretch, -latitude * 100


WORLD = Frame("land-110m.svg", 0, 0, WIDTH, HEIGHT)


def frame_for(points: Sequence[tuple[float, float]], *, region: bool) -> Frame:
    """Return the region's frame around *points* (longitude, latitude) if asked for and if they lie close together, else the world.

    Places on both sides of the date line get the world map.
    """
    if not region or not points:
        return WORLD
    longitudes = [point[0] for point in points]
    latitudes = [point[1] for point in points]
    wide, high = max(longitudes) - min(longitudes), max(latitudes) - min(latitudes)
    middle = (max(latitudes) + min(latitudes)) / 2
    if wide > REGION_AT_MOST or high > REGION_AT_MOST or abs(middle) > 75:
        return WORLD
    stretch = math.cos(math.radians(middle))
    # A quarter of room on each side, and a sheet of 3:2 that holds it.
    width = max(wide * 1.5 * stretch, high * 1.5 * 1.5, REGION_AT_LEAST * 1.5) * 100
    height = width / 1.5
    centre = (max(longitudes) + min(longitudes)) / 2 * 100 * stretch
    return Frame("land-50m.svg", centre - width / 2, -middle * 100 - height / 2, width, height, stretch)
