"""Dew point, deliquescence and mould against published values, and what ten years of readings cost: ``python -m benchmarks.climate``."""

from __future__ import annotations

import sys
import time

import numpy as np

from heirloom.pathways.condition.climate import mould, psychrometry, quality, salts

SATURATION = {0.01: 6.117, 10.0: 12.282, 20.0: 23.393, 25.0: 31.699, 30.0: 42.470, 40.0: 73.849}
"""hPa by degrees C: IAPWS-95 as tabled by Wagner & Pruss (2002)."""
SODIUM_CHLORIDE = {0.0: 74.9, 30.0: 75.6, 50.0: 74.7}
"""% RH by degrees C: Wexler & Hasegawa 1954."""
WEEKS = 1.48
"""Until index 1 on pine at 20 degrees C and 97 %: the equation of Hukka & Viitanen 1999."""
YEARS = 10
STEP = 300


def say(bar: str, name: str, value: float, unit: str, most: float) -> None:
    print(f"{bar} {name} {value:.4g} {unit} <={most} {'ok' if value <= most else 'short'}", flush=True)


def main() -> int:
    wrong = max(
        abs(
            float(
                psychrometry.dew_point(45.0, 100 * pressure / float(psychrometry.saturation_pressure(45.0)))
            )
            - temperature
        )
        for temperature, pressure in SATURATION.items()
    )
    say("condition.7a", "dew-point-against-steam-tables-worst-of-6", wrong, "K", 0.1)
    wrong = max(abs(float(salts.deliquescence("NaCl", t)) - rh) for t, rh in SODIUM_CHLORIDE.items())
    say("condition.7b", "deliquescence-of-NaCl-worst-of-3", wrong, "%RH", 2.0)
    found = mould.index(np.full(400, 20.0), np.full(400, 97.0), "very-sensitive")
    weeks = float(np.argmax(found >= 1)) / 168
    say("condition.7c", "weeks-to-mould-index-1", abs(weeks - WEEKS), "weeks-apart", 0.03)
    count = YEARS * 365 * 86_400 // STEP
    random = np.random.default_rng(1)
    moments = 1_500_000_000 + STEP * np.arange(count, dtype=np.int64)
    day = 2 * np.pi * moments / 86_400
    air = 18 + 5 * np.sin(day) + random.normal(0, 0.3, count)
    humidity = np.clip(74 - 12 * np.sin(day) + random.normal(0, 2, count), 1, 100)
    began = time.process_time()
    psychrometry.dew_margin(air, humidity, air - 1)
    damp = salts.surface_humidity(air, humidity, air - 1)
    excess = damp - salts.deliquescence("NaCl", air - 1)
    sure, raw = len(salts.crossings(excess, 2.0, quality.gaps(moments))), len(salts.crossings(excess, 0.0))
    mould.index(air[::12], np.minimum(damp[::12], 100), "medium-resistant")
    spent = time.process_time() - began
    say(
        "condition.7d", f"10-years-of-5-minutes-crossings-{sure}-without-dead-band-{raw}", spent, "CPU-s", 2.0
    )
    print("condition.7e mqtt-sync-through-broker-restarts skipped: there is no MQTT client yet", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
