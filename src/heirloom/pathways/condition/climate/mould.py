"""The mould index of the VTT model, also called the Finnish mould growth model.

Hukka & Viitanen 1999 (Wood Science and Technology 33, 475-485), with the classes of sensitivity of Ojanen, Viitanen et al. 2010 (Buildings XI,
ASHRAE). 0: no growth; 1: under the microscope; 3: visible, under 10 % of the surface; 6: covered. Laboratory and building materials: on a painted wall it
is a sign of favourable weeks, not a forecast.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from .psychrometry import Floats

__all__ = ["CLASSES", "Sensitivity", "critical_humidity", "index"]

HIGHEST: Final = 6.0


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """Growth before (*early*) and after (*late*) index 1, coefficients of the highest index, least critical humidity (%), share of the decline."""

    early: float
    late: float
    a: float
    b: float
    c: float
    least: float
    decline: float


CLASSES: Final = {
    "very-sensitive": Sensitivity(1.0, 2.0, 1.0, 7.0, 2.0, 80.0, 1.0),
    "sensitive": Sensitivity(0.578, 0.386, 0.3, 6.0, 1.0, 80.0, 0.5),
    "medium-resistant": Sensitivity(0.072, 0.097, 0.0, 5.0, 1.5, 85.0, 0.25),
    "resistant": Sensitivity(0.033, 0.014, 0.0, 3.0, 1.0, 85.0, 0.1),
}
"""Untreated wood; planed or glued wood; concrete, plaster and stone-like materials; glass and metal. The decline's share is that of the
classes from strong to almost none in Ojanen et al.; which one a surface has is not part of its class there, so take it as a first guess."""


def critical_humidity(temperature: ArrayLike, sensitivity: str) -> Floats:
    """Relative humidity (%) from which mould grows at *temperature* degrees C; 100 at and below 0. Any shape."""
    t = np.asarray(temperature, dtype=np.float64)
    warm = ((-0.00267 * t + 0.160) * t - 3.13) * t + 100
    least = CLASSES[sensitivity].least
    return np.asarray(np.where(t <= 0, 100.0, np.where(t > 20, least, np.maximum(warm, least))), np.float64)


def index(temperature: ArrayLike, humidity: ArrayLike, sensitivity: str, *, start: float = 0.0) -> Floats:
    """The index after each hour, (n,), from hourly temperature (degrees C) and relative humidity (%) at the surface, (n,).

    An hour without a number leaves the index as it was: nothing is claimed about it.
    """
    known = CLASSES[sensitivity]
    t = np.asarray(temperature, dtype=np.float64)
    rh = np.minimum(np.asarray(humidity, dtype=np.float64), 100.0)
    critical = critical_humidity(t, sensitivity)
    grows = (t > 0) & (t < 50) & (rh >= critical) & (critical < 100)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        wet = (critical - rh) / (critical - 100)
        most = np.clip(known.a + known.b * wet - known.c * wet**2, 0, HIGHEST)
        weeks = np.exp(-0.68 * np.log(t) - 13.9 * np.log(rh) + 66.02)
    missing = np.isnan(t) | np.isnan(rh)
    found = np.empty(len(t))
    now, dry = start, 0
    for hour in range(len(t)):
        if missing[hour]:
            pass
        elif grows[hour]:
            dry = 0
            held = max(1 - math.exp(2.3 * (now - most[hour])), 0.0)
            now += (known.early if now < 1 else known.late) * held / (7 * 24 * weeks[hour])
        else:
            dry += 1
            # The first six hours, and what comes after a day; in between it rests.
            rate = 0.032 if dry <= 6 else 0.0 if dry <= 24 else 0.016
            now = max(now - known.decline * rate / 24, 0.0)
        found[hour] = now
    return found
