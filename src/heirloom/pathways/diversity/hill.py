"""Hill numbers and sample coverage of one sample: observed, rarefied, extrapolated, asymptotic.

Two kinds of sample, with one set of formulas:

- *abundance*: every record names exactly one value. Sampling unit: the record; ``n`` records.
- *incidence*: a record may name several values (a song in two languages). Sampling unit: still the record, but the
  values inside one record are not independent, so counts are incidence frequencies over ``n`` records.

With x_i the count of value i, n the number of records and U the sum of the x_i (U = n for abundance):

- Coverage C and its interpolation and extrapolation: Chao & Jost (2012) Ecology 93:2533-2547, doi:10.1890/11-1952.1,
  equations 4a, 4b, 12 (abundance); Chao et al. (2014) Ecological Monographs 84:45-67, doi:10.1890/13-0133.1, table 2
  (incidence). By Good (1953) and Turing, what occurs once tells how much is still unseen.
- Hill numbers of order 0, 1, 2 at any size: Chao et al. (2014) tables 1 and 2.
- Asymptotic richness: Chao (1984, 1987); Shannon: Chao, Wang & Jost (2013) doi:10.1111/2041-210X.12108; Simpson: the
  unbiased estimator of the sum of squares (Good 1953).
- Bootstrap community: Chao & Jost (2012) appendix, Chao et al. (2014) appendix G.

Checked against the worked example of the R package iNEXT (Hsieh, Ma & Chao 2016, doi:10.1111/2041-210X.12613): spiders
of girdled and logged hemlock plots (Sackett et al. 2011) and ants along a mountain (Longino & Colwell 2011).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Kind = Literal["abundance", "incidence"]
Order = int
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@functools.lru_cache(maxsize=8)
def _log_factorials(n: int) -> Floats:
    """log(k!) for k = 0..n."""
    table = np.zeros(n + 1)
    np.cumsum(np.log(np.arange(1, n + 1)), out=table[1:])
    return table


@functools.lru_cache(maxsize=8)
def _harmonic(n: int) -> Floats:
    """H_k = 1 + 1/2 + ... + 1/k for k = 0..n; digamma(n) - digamma(x) = H_{n-1} - H_{x-1}."""
    table = np.zeros(n + 1)
    np.cumsum(1.0 / np.arange(1, n + 1), out=table[1:])
    return table


@dataclass(frozen=True, slots=True)
class At:
    """Where a size stands on the curve: *size* records, their coverage, the Hill number of each order asked."""

    size: float
    coverage: float
    hill: tuple[float, ...]
    way: Literal["rarefaction", "observed", "extrapolation"]


class Sample:
    """Counts of values among *n* records.

    Args:
        counts: how many records name each value; zeros are dropped, order does not matter.
        records: number of records; needed for incidence, for abundance it is the sum.

    Raises ValueError on negative counts, an empty sample, or a count larger than the number of records.
    """

    def __init__(
        self, counts: Iterable[int], *, kind: Kind = "abundance", records: int | None = None
    ) -> None:
        given = np.asarray(list(counts), dtype=np.int64)
        if given.size and given.min() < 0:
            raise ValueError("a count is negative")
        given = given[given > 0]
        if not given.size:
            raise ValueError("nothing was counted")
        self.kind: Kind = kind
        self.counts: Integers = np.sort(given)[::-1].copy()
        self.total = int(given.sum())
        self.n = self.total if records is None else int(records)
        if (kind == "abundance" and self.n != self.total) or self.counts[0] > self.n:
            raise ValueError("the counts do not fit the number of records")
        values, frequencies = np.unique(self.counts, return_counts=True)
        self.values: Integers = values.astype(np.int64)
        self.frequencies: Integers = frequencies.astype(np.int64)
        self.richness = int(given.size)
        self.once: int = int((given == 1).sum())
        self.twice: int = int((given == 2).sum())

    # --- what was seen ----------------------------------------------------------------------------------

    def observed(self, q: float) -> float:
        """The Hill number of order *q* >= 0 of the counts as they are: an effective number of values."""
        if q == 0:
            return float(self.richness)
        p = self.values / self.total
        if q == 1:
            return float(np.exp(-np.sum(self.frequencies * p * np.log(p))))
        if math.isinf(q):
            return float(1 / p.max())
        return float(np.sum(self.frequencies * p**q) ** (1 / (1 - q)))

    # --- what was not seen ------------------------------------------------------------------------------

    @functools.cached_property
    def unseen(self) -> float:
        """f0: the estimated number of values not seen (a lower bound; Chao 1984)."""
        scale = (self.n - 1) / self.n
        if self.twice:
            return scale * self.once**2 / (2 * self.twice)
        return scale * self.once * (self.once - 1) / 2

    @functools.cached_property
    def _a(self) -> float:
        """The factor A by which the unseen share shrinks with each further record."""
        if not self.once:
            return 0.0
        n = self.n
        if self.twice:
            return float((n - 1) * self.once / ((n - 1) * self.once + 2 * self.twice))
        return (n - 1) * (self.once - 1) / ((n - 1) * (self.once - 1) + 2) if self.once > 1 else 0.0

    @functools.cached_property
    def coverage(self) -> float:
        """The estimated share of the whole that the seen values stand for; 1 minus it is the chance of something new."""
        return 1 - self.once / self.total * self._a

    # --- at other sizes ---------------------------------------------------------------------------------

    def coverage_at(self, size: float) -> float:
        """Expected coverage of *size* records, rarefied or extrapolated; *size* need not be whole."""
        if size <= 0:
            return 0.0
        n = self.n
        if size > n or math.isclose(size, n):
            return float(1 - self.once / self.total * self._a ** (max(0.0, size - n) + 1))
        missed = 0.0
        base = math.lgamma(n) - math.lgamma(n - size)
        for x, f in zip(self.values.tolist(), self.frequencies.tolist(), strict=True):
            if n - x - size > -1:
                missed += (
                    f
                    * x
                    / self.total
                    * math.exp(math.lgamma(n - x + 1) - math.lgamma(n - x - size + 1) - base)
                )
        return min(1.0, max(0.0, 1 - missed))

    def size_for(self, coverage: float) -> float:
        """How many records are expected to reach *coverage*; infinite where the estimate never does."""
        if coverage <= 0:
            return 0.0
        if coverage > self.coverage and not math.isclose(coverage, self.coverage):
            if coverage >= 1 or self._a <= 0:
                return math.inf
            wanted = math.log((1 - coverage) * self.total / self.once) / math.log(self._a)
            return self.n + wanted - 1
        low, high = 0.0, float(self.n)
        for _ in range(80):
            middle = (low + high) / 2
            if self.coverage_at(middle) < coverage:
                low = middle
            else:
                high = middle
        return high

    def hill_at(self, size: float, q: Order) -> float:
        """Expected Hill number of order 0, 1 or 2 among *size* records; between whole sizes it runs straight."""
        if q not in (0, 1, 2):
            raise ValueError(f"order {q}")
        below = math.floor(size)
        if below != size:
            first, second = (self.hill_at(whole, q) if whole else 0.0 for whole in (below, below + 1))
            return first + (second - first) * (size - below)
        if below < 1:
            return 0.0
        if q == 2:
            return self._simpson_at(below)
        if below == self.n:
            return self.observed(q)
        if below < self.n:
            return self._richness_at(below) if q == 0 else self._shannon_at(below)
        return self._extrapolated(below, q)

    def at(self, size: float, orders: Sequence[Order] = (0, 1, 2)) -> At:
        """The point of the curve at *size* records."""
        way: Literal["rarefaction", "observed", "extrapolation"] = (
            "observed" if size == self.n else "rarefaction" if size < self.n else "extrapolation"
        )
        return At(size, self.coverage_at(size), tuple(self.hill_at(size, q) for q in orders), way)

    def curve(self, sizes: Sequence[int], orders: Sequence[Order]) -> tuple[Floats, Floats]:
        """Coverage (sizes,) and Hill numbers (orders, sizes) at whole *sizes*: :meth:`at` for many sizes at once."""
        m = np.asarray(sizes, dtype=np.int64)
        inside = m[m < self.n]
        coverage = np.array([self.coverage_at(size) if size >= self.n else 0.0 for size in m.tolist()])
        hill = np.empty((len(orders), m.size))
        if inside.size:
            # A table of log(k!) and one outer difference: log of the chance that none of a value's x records is drawn.
            table = _log_factorials(self.n)
            x = self.values[:, None]
            left = self.n - x - inside
            fits = left >= 0
            safe = np.where(fits, left, 0)
            ways = table[self.n - x] - table[safe]
            none = np.where(fits, np.exp(ways - table[self.n] + table[self.n - inside]), 0.0)
            less = np.where(fits, np.exp(ways - table[self.n - 1] + table[self.n - 1 - inside]), 0.0)
            coverage[m < self.n] = 1 - (self.frequencies * self.values) @ less / self.total
        for row, q in enumerate(orders):
            if q == 0 and inside.size:
                hill[row, m < self.n] = self.richness - self.frequencies @ none
            for column, size in enumerate(m.tolist()):
                if q or size >= self.n:
                    hill[row, column] = self.hill_at(size, q)
        return np.clip(coverage, 0.0, 1.0), hill

    def _richness_at(self, m: int) -> float:
        table = _log_factorials(self.n)
        x = self.values
        fits = self.n - x >= m
        log_missed = table[self.n - x[fits]] - table[self.n - x[fits] - m] - table[self.n] + table[self.n - m]
        return float(self.richness - np.sum(self.frequencies[fits] * np.exp(log_missed)))

    @functools.cached_property
    def _ladder(self) -> tuple[Integers, Integers, Floats]:
        """For every distinct count x, all k = 1..x: x, k, and the log of C(x, k) times how often x occurs."""
        x = np.repeat(self.values, self.values)
        starts = np.repeat(np.cumsum(self.values) - self.values, self.values)
        k = np.arange(1, x.size + 1) - starts
        table = _log_factorials(self.n)
        weight = np.log(np.repeat(self.frequencies, self.values))
        return x, k, weight + table[x] - table[k] - table[x - k]

    def _shannon_at(self, m: int) -> float:
        """Through the expected number of values that occur k times among m records (hypergeometric)."""
        table = _log_factorials(self.n)
        x, k, log_ways = self._ladder
        fits = (k <= m) & (self.n - x - m + k >= 0)
        x, k, log_ways = x[fits], k[fits], log_ways[fits]
        rest = self.n - x
        log_p = log_ways + table[rest] - table[m - k] - table[rest - m + k]
        expected = np.exp(log_p - (table[self.n] - table[m] - table[self.n - m]))
        share = k / (m * self.total / self.n)
        return float(np.exp(-np.sum(expected * share * np.log(share))))

    @functools.cached_property
    def _pairs(self) -> float:
        """Sum of x(x-1) / (n(n-1)): the unbiased estimate of the sum of squared probabilities."""
        if self.n < 2:
            return 0.0
        x = self.values.astype(float)
        return float(np.sum(self.frequencies * x * (x - 1)) / (self.n * (self.n - 1.0)))

    def _simpson_at(self, m: int) -> float:
        mean = self.total / self.n  # values a record names
        return float(m * mean**2 / (mean + (m - 1) * self._pairs))

    def _extrapolated(self, m: int, q: Order) -> float:
        extra = m - self.n
        if q == 0:
            f0 = self.unseen
            if not f0:
                return float(self.richness)
            return self.richness + f0 * (1 - (1 - self.once / (self.n * f0 + self.once)) ** extra)
        here, end = self.observed(1), self.asymptotic(1)
        assert end is not None
        before = self._shannon_at(self.n - 1) if self.n > 1 else 0.0
        if end <= here or math.isclose(end, before):
            return here
        slope = min(1.0, max(0.0, (here - before) / (end - before)))
        return here + (end - here) * (1 - (1 - slope) ** extra)

    # --- at the end of the curve ------------------------------------------------------------------------

    def asymptotic(self, q: Order) -> float | None:
        """The estimated Hill number of the whole; for order 0 a lower bound. None where it cannot be estimated."""
        if q == 0:
            return self.richness + self.unseen
        if q == 1:
            return math.exp(self._entropy())
        if self._pairs <= 0:
            return None
        return (self.total / self.n) ** 2 / self._pairs

    def _entropy(self) -> float:
        n = self.n
        harmonic = _harmonic(n)
        x = self.values
        inner = x[x < n]
        seen = float(np.sum(self.frequencies[x < n] * inner / n * (harmonic[n - 1] - harmonic[inner - 1])))
        rest = self.once / n * self._rare_tail() if self.once else 0.0
        mean = self.total / n
        return (seen + rest) / mean + math.log(mean)

    def _rare_tail(self) -> float:
        """(1-A)^(1-n) * (-log A - sum over r < n of (1-A)^r / r), where A here is the estimated share of a value seen once.

        Equal to the sum over j >= 1 of (1-A)^j / (n-1+j), which does not cancel; the closed form is used only where that
        sum would be long, and there it does not cancel either.
        """
        n = self.n
        if self.twice:
            share = 2 * self.twice / ((n - 1) * self.once + 2 * self.twice)
        elif self.once > 1:
            share = 2 / ((n - 1) * (self.once - 1) + 2)
        else:
            return 0.0
        if share >= 1:
            return 0.0
        rest = 1 - share
        if share * n > 1:
            j = np.arange(1, math.ceil(40 / share) + 1)
            return float(np.sum(np.exp(j * math.log1p(-share)) / (n - 1 + j)))
        r = np.arange(1, n)
        tail = -math.log(share) - float(np.sum(np.exp(r * math.log1p(-share)) / r))
        return tail * rest ** (1 - n)

    # --- resampling -------------------------------------------------------------------------------------

    @functools.cached_property
    def _community(self) -> Floats:
        """Probabilities of the seen values, drawn in a little, and of the estimated unseen ones."""
        p = self.counts / self.n
        miss = (1 - p) ** self.n
        unseen = math.ceil(self.unseen)
        share = (1 - self.coverage) * self.total / self.n
        weight = float(np.sum(p * miss))
        pull = share / weight if unseen and weight > 0 else 0.0
        seen = p * (1 - pull * miss)
        rare = np.full(unseen, share / unseen if unseen else 0.0)
        return np.asarray(np.clip(np.concatenate([seen, rare]), 0.0, 1.0), dtype=np.float64)

    def resample(self, random: np.random.Generator) -> Sample:
        """One sample of the same number of records from the estimated community."""
        p = self._community
        if self.kind == "abundance":
            return Sample(random.multinomial(self.n, p / p.sum()))
        while not (counts := random.binomial(self.n, p)).any():
            pass  # an all-empty sample says nothing and cannot be described
        return Sample(counts, kind="incidence", records=self.n)
