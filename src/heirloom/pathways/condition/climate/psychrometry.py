"""Dew point, dew margin and absolute humidity of moist air.

Saturation over water by the Magnus form with the coefficients of Sonntag (1990), as printed in the WMO Guide to
Instruments and Methods of Observation (WMO-No. 8), annex on formulae for humidity: valid from -45 to 60 degrees C.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["absolute_humidity", "dew_margin", "dew_point", "saturation_pressure"]

Floats = NDArray[np.float64]

_A, _B, _C = 6.112, 17.62, 243.12  # hPa, 1, degrees C
_WATER = 461.5  # J/(kg K), gas constant of water vapour


def saturation_pressure(air: ArrayLike) -> Floats:
    """Saturation vapour pressure over water in hPa at *air* degrees C; any shape."""
    t = np.asarray(air, dtype=np.float64)
    return np.asarray(_A * np.exp(_B * t / (_C + t)), dtype=np.float64)


def dew_point(air: ArrayLike, humidity: ArrayLike) -> Floats:
    """Dew point in degrees C at *air* degrees C and *humidity* % RH; no number where humidity is not in (0, 100]."""
    t, h = np.broadcast_arrays(np.asarray(air, dtype=np.float64), np.asarray(humidity, dtype=np.float64))
    usable = np.where((h > 0) & (h <= 100), h, np.nan)
    g = np.log(usable / 100) + _B * t / (_C + t)
    return np.asarray(_C * g / (_B - g), dtype=np.float64)


def dew_margin(air: ArrayLike, humidity: ArrayLike, surface: ArrayLike) -> Floats:
    """How many kelvin the *surface* (degrees C) is above the dew point of the air; water condenses below 0."""
    return np.asarray(np.asarray(surface, dtype=np.float64) - dew_point(air, humidity), dtype=np.float64)


def absolute_humidity(air: ArrayLike, humidity: ArrayLike) -> Floats:
    """Water vapour in g/m3, by the ideal gas law, at *air* degrees C and *humidity* % RH."""
    t = np.asarray(air, dtype=np.float64)
    pressure = saturation_pressure(t) * np.asarray(humidity, dtype=np.float64)  # hPa x % = Pa
    return np.asarray(1000 * pressure / (_WATER * (t + 273.15)), dtype=np.float64)
