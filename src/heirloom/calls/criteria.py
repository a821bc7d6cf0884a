"""Scores by a weighted rubric. Plain computations; nothing here knows of tables."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """One criterion's scale: its lowest and highest anchored value, and its weight (> 0)."""

    lowest: int
    highest: int
    weight: float


@dataclass(frozen=True)
class Standing:
    """How a submission stands: mean of the reviews' totals (0 to 1), their spread, and how many there are."""

    mean: float | None
    deviation: float | None
    reviews: int
    by_criterion: Mapping[str, float]


def total(scales: Mapping[str, Scale], values: Mapping[str, int]) -> float:
    """Return the weighted mean of the values, each placed between 0 (lowest level) and 1 (highest level).

    Raises:
        KeyError: a criterion has no value.
        ValueError: a value lies outside its scale.
    """
    weights = math.fsum(scale.weight for scale in scales.values())
    return math.fsum(place(scale, values[name]) * scale.weight for name, scale in scales.items()) / weights


def place(scale: Scale, value: int) -> float:
    """Return where *value* lies on its scale, from 0 to 1; a scale of one level counts as full."""
    if not scale.lowest <= value <= scale.highest:
        raise ValueError(value)
    if scale.highest == scale.lowest:
        return 1.0
    return (value - scale.lowest) / (scale.highest - scale.lowest)


def standing(scales: Mapping[str, Scale], reviews: Sequence[Mapping[str, int]]) -> Standing:
    """Return how a submission stands by its final reviews (criterion -> value).

    ``deviation`` is the sample standard deviation of the totals, ``None`` for fewer than two reviews.
    """
    if not reviews:
        return Standing(None, None, 0, {})
    totals = [total(scales, review) for review in reviews]
    mean = math.fsum(totals) / len(totals)
    deviation = None
    if len(totals) > 1:
        deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in totals) / (len(totals) - 1))
    by_criterion = {
        name: math.fsum(place(scale, review[name]) for review in reviews) / len(reviews)
        for name, scale in scales.items()
    }
    return Standing(mean, deviation, len(reviews), by_criterion)
