"""Weighted scores."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heirloom.calls.criteria import Scale, place, standing, total

RUBRIC = {"people": Scale(1, 5, 3.0), "cost": Scale(0, 10, 1.0)}


def test_weights_count() -> None:
    assert total(RUBRIC, {"people": 5, "cost": 0}) == pytest.approx(0.75)
    assert total(RUBRIC, {"people": 1, "cost": 10}) == pytest.approx(0.25)


def test_standing_shows_mean_spread_and_criteria() -> None:
    found = standing(RUBRIC, [{"people": 5, "cost": 10}, {"people": 3, "cost": 5}])
    assert found.mean == pytest.approx(0.75)
    assert found.deviation == pytest.approx(0.35355339)
    assert found.reviews == 2
    assert found.by_criterion == {"people": pytest.approx(0.75), "cost": pytest.approx(0.75)}


def test_no_review_is_no_score() -> None:
    found = standing(RUBRIC, [])
    assert (found.mean, found.deviation, found.reviews) == (None, None, 0)


def test_a_single_review_has_no_spread() -> None:
    assert standing(RUBRIC, [{"people": 2, "cost": 2}]).deviation is None


@pytest.mark.parametrize("value", [0, 6])
def test_values_outside_the_scale_are_refused(value: int) -> None:
    with pytest.raises(ValueError):
        place(RUBRIC["people"], value)


@given(
    st.lists(st.tuples(st.integers(1, 5), st.floats(0.01, 100)), min_size=1, max_size=8),
    st.floats(0.01, 1000),
)
def test_total_lies_between_0_and_1_and_does_not_depend_on_the_weights_unit(
    scored: list[tuple[int, float]], unit: float
) -> None:
    rubric = {str(number): Scale(1, 5, weight) for number, (_, weight) in enumerate(scored)}
    scaled = {name: Scale(1, 5, scale.weight * unit) for name, scale in rubric.items()}
    values = {str(number): value for number, (value, _) in enumerate(scored)}
    assert 0 <= total(rubric, values) <= 1 + 1e-12
    assert total(rubric, values) == pytest.approx(total(scaled, values))
