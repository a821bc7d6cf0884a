"""Dew point and absolute humidity."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heirloom.pathways.condition.climate import psychrometry

AIR = st.floats(-40, 60)
HUMIDITY = st.floats(1, 100)


def test_saturation_at_25_degrees_is_that_of_steam_tables() -> None:
    """IAPWS-95 (Wagner & Pruss 2002): 31.70 hPa at 25 degrees C; the Magnus form is 0.31 % lower there (0.05 K of dew point)."""
    assert psychrometry.saturation_pressure(25.0) == pytest.approx(31.70, rel=0.004)


def test_saturated_air_at_20_degrees_holds_17_grams() -> None:
    """Steam tables: saturated vapour at 20 degrees C has a density of 17.3 g/m3."""
    assert psychrometry.absolute_humidity(20.0, 100.0) == pytest.approx(17.3, abs=0.1)


@given(AIR, HUMIDITY)
def test_dew_point_inverts_saturation_and_is_never_above_the_air(air: float, humidity: float) -> None:
    dew = psychrometry.dew_point(air, humidity)
    assert dew <= air + 1e-9
    assert psychrometry.saturation_pressure(dew) == pytest.approx(
        psychrometry.saturation_pressure(air) * humidity / 100, rel=1e-9
    )


@given(AIR, HUMIDITY, HUMIDITY)
def test_damper_air_never_widens_the_margin(air: float, one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert psychrometry.dew_margin(air, high, air) <= psychrometry.dew_margin(air, low, air) + 1e-9


def test_impossible_humidity_gives_no_number() -> None:
    assert np.isnan(psychrometry.dew_point([20.0, 20.0, 20.0], [0.0, -1.0, 101.0])).all()
