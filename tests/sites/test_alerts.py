"""Alerts from series, against a slow second way of finding them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from heirloom.sites.alerts import GAP, Limits, Window, windows

RH = Limits(above=True, threshold=75, release=70, hold=600)


def rows(*values: float, step: int = 300) -> list[tuple[int, float]]:
    return [(number * step, value) for number, value in enumerate(values)]


def test_an_alert_begins_past_the_threshold_and_ends_past_the_release() -> None:
    found = list(windows(rows(60, 76, 80, 74, 71, 70, 76), RH))
    assert found == [Window(300, 1500, 80)]


def test_short_ones_are_left_out_and_the_dead_band_joins() -> None:
    assert list(windows(rows(60, 76, 69, 60), RH)) == []
    assert list(windows(rows(76, 74, 76, 74, 76, 69), RH)) == [Window(0, 1500, 76)]


def test_one_that_still_stands_has_no_end() -> None:
    assert list(windows(rows(76, 77, 78), RH)) == [Window(0, None, 78)]


def test_a_long_gap_ends_an_alert_before_it() -> None:
    series = [(0, 76.0), (600, 77.0), (600 + GAP + 1, 76.0), (1200 + GAP + 1, 60.0)]
    assert list(windows(series, RH)) == [Window(0, 600, 77), Window(600 + GAP + 1, 1200 + GAP + 1, 76)]


def test_below_is_the_mirror_of_above() -> None:
    down = Limits(above=False, threshold=-75, release=-70, hold=600)
    up = list(windows(rows(60, 76, 80, 74, 71, 70, 76, 78, 79), RH))
    low = list(windows(rows(-60, -76, -80, -74, -71, -70, -76, -78, -79), down))
    assert [(one.started, one.ended, -one.extreme) for one in low] == [
        (one.started, one.ended, one.extreme) for one in up
    ]


@given(st.lists(st.integers(min_value=60, max_value=85), max_size=40), st.integers(0, 1500))
def test_every_alert_is_whole_and_none_is_missed(values: list[int], hold: int) -> None:
    limits = Limits(above=True, threshold=75, release=70, hold=hold)
    series = rows(*map(float, values))
    found = list(windows(series, limits))
    covered: set[int] = set()
    for one in found:
        end = one.ended if one.ended is not None else series[-1][0]
        assert end - one.started >= hold
        inside = [(time, value) for time, value in series if one.started <= time <= end]
        assert inside[0][1] > 75
        body = inside[:-1] if one.ended is not None else inside
        assert all(value > 70 for _, value in body)
        assert one.extreme == max(value for _, value in body)
        covered.update(time for time, _ in body)
    if hold == 0:
        assert {time for time, value in series if value > 75} <= covered
