"""Lights, the .lp file, and how well lights stand around a surface."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heirloom.pathways.condition import errors
from heirloom.pathways.condition.arrays import angle_degrees, to_linear, to_srgb
from heirloom.pathways.condition.lights import Lights, coverage, dome, read_lp, write_lp

NAMES = st.lists(
    st.text(
        st.characters(codec="utf-8", exclude_categories=("C", "Z"), exclude_characters='/\\"'),
        min_size=1,
        max_size=12,
    ),
    min_size=1,
    max_size=8,
    unique=True,
)


@settings(max_examples=60, deadline=None)
@given(NAMES, st.integers(0, 1000))
def test_a_light_file_reads_back(names: list[str], seed: int) -> None:
    lights = dome(len(names), seed)
    again = read_lp(write_lp(lights, names))
    assert again.names == tuple(names)
    np.testing.assert_allclose(again.directions(), lights.directions(), atol=2e-6)


def test_a_light_file_may_hold_spaces_paths_and_lengths() -> None:
    lights = read_lp("2\r\nsome where\\my photo 1.jpg 0 0 2\r\n b.jpg 3 0 4\r\n")
    assert lights.names == ("my photo 1.jpg", "b.jpg")
    np.testing.assert_allclose(lights.vectors, np.array([[0, 0, 1], [0.6, 0, 0.8]]))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1),
        ("2\na.jpg 0 0 1\n", 1),
        ("1\na.jpg 0 0\n", 2),
        ("1\na.jpg 0 nan 1\n", 2),
        ("1\na.jpg 0 0 0\n", 2),
        ("1\na.jpg 0 0 -1\n", 2),
        ("2\na.jpg 0 0 1\na.jpg 0 1 1\n", 1),
    ],
)
def test_a_wrong_light_file_is_refused_with_its_line(text: str, line: int) -> None:
    with pytest.raises(errors.LightsUnreadable) as caught:
        read_lp(text)
    assert caught.value.params["line"] == line


def test_coverage_sees_a_gap() -> None:
    whole = coverage(dome(40))
    east = dome(40)
    half = coverage(Lights(east.vectors[east.vectors[:, 0] > 0]))
    assert whole.gap < 30 < 60 < half.gap
    assert whole.sectors == 8
    assert half.sectors <= 5


def test_srgb_there_and_back() -> None:
    values = np.linspace(0, 1, 1001)
    np.testing.assert_allclose(to_srgb(to_linear(values)), values, atol=1e-5)
    assert to_linear(np.array([0.5]))[0] == pytest.approx(0.2140, abs=1e-4)


def test_small_angles_are_exact() -> None:
    tiny = np.radians(0.01)
    turned = np.array([[np.sin(tiny), 0, np.cos(tiny)]])
    assert angle_degrees(np.array([[0, 0, 1.0]]), turned)[0] == pytest.approx(0.01, rel=0.02)
