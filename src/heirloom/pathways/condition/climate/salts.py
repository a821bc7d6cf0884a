"""At what humidity salts in a wall dissolve, and how often that was crossed.

The humidity over a saturated solution follows RH = A exp(B / T), T in kelvin, with the constants that Wexler gives in the CRC Handbook of Chemistry
and Physics (section "Constant humidity solutions", from Greenspan 1977 and others), generally within 2 % RH. Mixtures of salts, the rule in
real walls, dissolve over a range that begins lower: single salts are a sign, not a prediction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .psychrometry import Floats, saturation_pressure

__all__ = ["SALTS", "Salt", "crossings", "deliquescence", "surface_humidity"]


@dataclass(frozen=True, slots=True)
class Salt:
    """Constants of a salt (*b* in kelvin) and the temperatures (degrees C) for which they are given."""

    a: float
    b: float
    low: float
    high: float


SALTS: Final = {
    "MgCl2": Salt(29.26, 34, 5, 45),
    "Ca(NO3)2": Salt(1.89, 981, 10, 30),
    "Mg(NO3)2": Salt(25.28, 220, 5, 35),
    "NaNO3": Salt(26.94, 302, 10, 40),
    "NaCl": Salt(69.20, 25, 10, 40),
    "KCl": Salt(49.38, 159, 5, 25),
    "KNO3": Salt(43.22, 225, 0, 50),
    "K2SO4": Salt(86.75, 34, 10, 50),
}


def deliquescence(salt: str, surface: ArrayLike) -> Floats:
    """Relative humidity (%) above which *salt* dissolves on a *surface* of so many degrees C; any shape.

    Outside the salt's own range of temperatures the constants of its nearer end are used.
    """
    known = SALTS[salt]
    kelvin = np.clip(np.asarray(surface, dtype=np.float64), known.low, known.high) + 273.15
    return np.asarray(known.a * np.exp(known.b / kelvin), dtype=np.float64)


def surface_humidity(air: ArrayLike, humidity: ArrayLike, surface: ArrayLike) -> Floats:
    """Relative humidity (%) of the room's air where it has the *surface*'s temperature; above 100 it condenses."""
    pressure = saturation_pressure(air) * np.asarray(humidity, dtype=np.float64)
    return np.asarray(pressure / saturation_pressure(surface), dtype=np.float64)


def crossings(excess: ArrayLike, band: float = 2.0, breaks: ArrayLike | None = None) -> NDArray[np.int64]:
    """Where a series crosses 0 for good: indices of the readings that came out on the other side of a dead band.

    Args:
        excess: (n,) humidity less deliquescence, % RH; no number is no reading.
        band: half the dead band: a crossing counts when it comes to *band* beyond 0, having been as far on the other side. 0: every crossing.
        breaks: (n,) True where a gap lies before the reading: what happened in it is not known, so nothing is counted across it.

    Noise of a sensor near the threshold makes many crossings of one; a dead band a little wider than the noise leaves that one.
    """
    values = np.asarray(excess, dtype=np.float64)
    side = np.where(values > band, 1, np.where(values < -band, -1, 0))
    if band == 0:
        side = np.where(values > 0, 1, -1)
    side[np.isnan(values)] = 0
    run = np.zeros(len(values), np.int64) if breaks is None else np.cumsum(np.asarray(breaks, bool))
    sure = np.flatnonzero(side)
    changed = (side[sure[1:]] != side[sure[:-1]]) & (run[sure[1:]] == run[sure[:-1]])
    return np.asarray(sure[1:][changed], np.int64)
