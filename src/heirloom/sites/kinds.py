"""What sensors measure: each kind with its unit and the vocabulary entry that defines it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_CF = "http://vocab.nerc.ac.uk/standard_name/"
_QUDT = "http://qudt.org/vocab/quantitykind/"


@dataclass(frozen=True, slots=True)
class Measured:
    """One kind of measurement.

    Attributes:
        unit: code in UCUM (ucum.org). symbol: how people write it.
        definition: address of the entry in the CF standard names or in QUDT.
        low, high: what the quantity can be at all, in *unit*; a reading outside is no reading.
    """

    unit: str
    unit_name: str
    symbol: str
    definition: str
    low: float
    high: float


KINDS: Final = {
    "air-temperature": Measured("Cel", "degree Celsius", "°C", _CF + "air_temperature", -90, 90),
    "surface-temperature": Measured("Cel", "degree Celsius", "°C", _CF + "surface_temperature", -90, 120),
    "humidity": Measured("%", "percent", "%", _CF + "relative_humidity", 0, 105),
    "illuminance": Measured("lx", "lux", "lx", _QUDT + "Illuminance", 0, 200_000),
    "carbon-dioxide": Measured(
        "[ppm]", "parts per million", "ppm", _CF + "mole_fraction_of_carbon_dioxide_in_air", 0, 1_000_000
    ),
    "rain": Measured("mm", "millimetre", "mm", _CF + "thickness_of_rainfall_amount", 0, 2_000),
    "wind": Measured("m/s", "metre per second", "m/s", _CF + "wind_speed", 0, 120),
    "crack-width": Measured("mm", "millimetre", "mm", _QUDT + "Width", -100, 1_000),
    "vibration": Measured("mm/s", "millimetre per second", "mm/s", _QUDT + "Velocity", -10_000, 10_000),
}
"""A sensor for humidity may read slightly above 100 % in fog; readings up to 105 % are kept as they are."""
