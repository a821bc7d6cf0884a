"""A year of made-up climate at a panel, whose wet spells, gap and stuck sensor are known. It is of no real place."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from heirloom.pathways.condition.arrays import F64
from heirloom.pathways.condition.climate.psychrometry import saturation_pressure

START = datetime(2025, 1, 1, tzinfo=UTC)
HOURS = 365 * 24
GAP = (5000, 5072)
"""Hours without readings: three days."""
STUCK = (2000, 2048)
"""Hours in which the sensor for humidity stands still: two days."""


def _wander(random: np.random.Generator, keep: float, size: float) -> F64:
    """Noise that remembers: the share *keep* of each hour's value goes into the next; deviation *size*."""
    made = np.empty(HOURS)
    now = 0.0
    for hour, step in enumerate(random.normal(0, size * np.sqrt(1 - keep**2), HOURS)):
        now = keep * now + step
        made[hour] = now
    return made


def year(seed: int) -> str:
    """CSV with a head ``time,air_temperature,humidity,surface_temperature`` (UTC, degrees C, %, degrees C) and a reading an hour.

    Air follows the seasons and the day, the wall follows the air slowly, vapour follows the seasons, and now and then comes a wet spell.
    """
    random = np.random.default_rng([seed, 13])
    hour = np.arange(HOURS)
    season, day = np.cos(2 * np.pi * (hour / HOURS - 0.55)), np.cos(2 * np.pi * (hour - 14) / 24)
    air = 18 + 8 * season + 3 * day + _wander(random, 0.98, 1.5)
    wall = np.empty(HOURS)
    now = float(air[:24].mean())
    for n in range(HOURS):
        now += (air[n] - now) / 60
        wall[n] = now
    vapour = 0.62 * saturation_pressure(17 + 8 * season) * np.exp(_wander(random, 0.99, 0.15))
    for start in random.integers(0, HOURS - 96, 8):
        vapour[start : start + 96] *= 1.35
    humidity = np.clip(100 * vapour / saturation_pressure(air), 5, 100)
    humidity[STUCK[0] : STUCK[1]] = humidity[STUCK[0]]
    lines = ["time,air_temperature,humidity,surface_temperature"]
    for n in np.concatenate([hour[: GAP[0]], hour[GAP[1] :]]):
        moment = datetime.fromtimestamp(START.timestamp() + 3600 * int(n), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        lines.append(f"{moment},{air[n]:.2f},{humidity[n]:.1f},{wall[n]:.2f}")
    return "\n".join(lines) + "\n"
