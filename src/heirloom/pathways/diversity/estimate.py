"""Estimates of one sample with their intervals, as plain data: what the results hold for each facet and group."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from statistics import NormalDist
from typing import Any

import numpy as np

from heirloom.pathways.diversity.hill import Floats, Order, Sample

Json = dict[str, Any]

# Below this coverage the estimate of the unseen rests on next to nothing (Chao & Jost 2012, discussion).
LOW_COVERAGE = 0.5


def knots(n: int, number: int) -> list[int]:
    """Sizes from 1 to 2n at which the curve is worked out: half up to n, n itself, half beyond."""
    half = max(2, number // 2)
    low = np.unique(np.linspace(1, n, half).round().astype(int))
    high = np.unique(np.linspace(n, 2 * n, half).round().astype(int))
    return [int(m) for m in np.unique(np.concatenate([low, high]))]


def rounded(value: float | None) -> float | None:
    """Six decimals: more than the estimates mean, few enough to be the same on every machine."""
    return None if value is None or not math.isfinite(value) else round(value, 6)


class Resampled:
    """The bootstrap replicates of a sample, worked out on the curve's knots once and used for every interval.

    Intervals are estimate +- z standard errors, as in Chao & Jost (2012) and iNEXT, cut to what is possible.
    """

    def __init__(
        self,
        sample: Sample,
        sizes: Sequence[int],
        orders: Sequence[Order],
        replicates: int,
        confidence: float,
        random: np.random.Generator,
        tick: Callable[[], None],
    ) -> None:
        self.sample = sample
        self.orders = tuple(orders)
        self.z = NormalDist().inv_cdf(0.5 + confidence / 2)
        self.replicates = replicates
        coverage = np.empty((replicates, len(sizes)))
        hill = np.empty((len(orders), replicates, len(sizes)))
        asymptotic = np.full((len(orders), replicates), np.nan)
        at_n = np.empty(replicates)
        for k in range(replicates):
            tick()
            other = sample.resample(random)
            at_n[k] = other.coverage
            coverage[k], hill[:, k] = other.curve(sizes, orders)
            for i, q in enumerate(orders):
                end = other.asymptotic(q)
                asymptotic[i, k] = np.nan if end is None else end
        self._coverage = coverage
        self._hill = hill
        self._asymptotic = asymptotic
        self._at_n = at_n

    def _error(self, values: Floats) -> float | None:
        kept = values[np.isfinite(values)]
        return float(kept.std(ddof=1)) if kept.size > 1 else None

    def _interval(self, estimate: float | None, error: float | None, low: float, high: float) -> Json:
        if estimate is None or error is None:
            return {"estimate": rounded(estimate), "error": None, "low": None, "high": None}
        return {
            "estimate": rounded(estimate),
            "error": rounded(error),
            "low": rounded(min(high, max(low, estimate - self.z * error))),
            "high": rounded(min(high, max(low, estimate + self.z * error))),
        }

    def coverage(self) -> Json:
        return self._interval(self.sample.coverage, self._error(self._at_n), 0.0, 1.0)

    def coverage_at(self, index: int, size: float) -> Json:
        """At the knot *index*, of *size* records."""
        return self._interval(self.sample.coverage_at(size), self._error(self._coverage[:, index]), 0.0, 1.0)

    def hill_at(self, which: int, index: int, size: float) -> Json:
        """The order *which* at a knot: interval at a fixed size."""
        estimate = self.sample.hill_at(size, self.orders[which])
        return self._interval(estimate, self._error(self._hill[which][:, index]), 1.0, math.inf)

    def hill_at_coverage(self, which: int, level: float, size: float) -> Json:
        """The order *which* at a coverage: wider, since the size that reaches it varies too."""
        at_level = np.array(
            [np.interp(level, self._coverage[k], self._hill[which][k]) for k in range(self.replicates)]
        )
        estimate = self.sample.hill_at(size, self.orders[which])
        return self._interval(estimate, self._error(at_level), 1.0, math.inf)

    def asymptotic(self, which: int) -> Json:
        """The whole's Hill number; for richness the interval starts at what was seen."""
        q = self.orders[which]
        floor = self.sample.observed(0) if q == 0 else 1.0
        return self._interval(
            self.sample.asymptotic(q), self._error(self._asymptotic[which]), floor, math.inf
        )


def warnings(sample: Sample) -> list[str]:
    """Codes of what a reader should know before believing the numbers."""
    found = []
    if sample.once == sample.total:
        found.append("all-once")
    elif sample.coverage < LOW_COVERAGE:
        found.append("low-coverage")
    if sample.once and not sample.twice:
        found.append("none-twice")
    return found


def describe(
    sample: Sample,
    orders: Sequence[Order],
    replicates: int,
    confidence: float,
    number_of_knots: int,
    random: np.random.Generator,
    tick: Callable[[], None],
) -> tuple[Json, Resampled]:
    """Coverage, Hill numbers and the curve of *sample* with intervals, and the replicates behind them."""
    sizes = knots(sample.n, number_of_knots)
    again = Resampled(sample, sizes, orders, replicates, confidence, random, tick)
    hill = []
    at_n = sizes.index(sample.n)
    for i, q in enumerate(orders):
        hill.append({"q": q, "observed": again.hill_at(i, at_n, sample.n), "asymptotic": again.asymptotic(i)})
    curve = []
    for j, size in enumerate(sizes):
        level = sample.coverage_at(size)
        curve.append(
            {
                "size": size,
                "way": sample.at(size, ()).way,
                "coverage": again.coverage_at(j, size),
                "hill": [
                    {
                        "q": q,
                        "at_size": again.hill_at(i, j, size),
                        "at_coverage": again.hill_at_coverage(i, level, size),
                    }
                    for i, q in enumerate(orders)
                ],
            }
        )
    described = {
        "data": sample.kind,
        "values": sample.richness,
        "once": sample.once,
        "twice": sample.twice,
        "unseen": rounded(sample.unseen),
        "coverage": again.coverage(),
        "chance_of_new": rounded(1 - sample.coverage),
        "hill": hill,
        "curve": curve,
        "warnings": warnings(sample),
    }
    return described, again


def at_same_coverage(
    groups: dict[str, tuple[Sample, Resampled]], orders: Sequence[Order]
) -> tuple[float, list[Json]]:
    """The groups at one coverage: the lowest that a group reaches at twice its size (Chao & Jost 2012).

    Standardising by coverage compares equal shares of each whole; equal numbers of records would not.
    """
    level = min(sample.coverage_at(2 * sample.n) for sample, _ in groups.values())
    compared = []
    for name, (sample, again) in groups.items():
        size = min(sample.size_for(level), 2.0 * sample.n)
        compared.append(
            {
                "group": name,
                "size": rounded(size),
                "way": sample.at(size, ()).way,
                "hill": [{"q": q, **again.hill_at_coverage(i, level, size)} for i, q in enumerate(orders)],
            }
        )
    return level, compared
