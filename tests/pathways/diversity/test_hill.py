"""Hill numbers and coverage against published worked examples, a peer library, brute force, and their own laws."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
import pytest
import skbio.diversity.alpha as peer  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st

from heirloom.pathways.diversity.hill import Sample

# Spiders of two canopy treatments of hemlock (Sackett et al. 2011, Ecosphere 2:art74), the worked example of iNEXT.
GIRDLED = [46, 22, 17, 15, 15, 9, 8, 6, 6, 4, 2, 2, 2, 2] + [1] * 12
LOGGED = [88, 22, 16, 15, 13, 10, 8, 8, 7, 7, 7, 5, 4, 4, 4, 3, 3, 3, 3, 2, 2, 2, 2] + [1] * 14
# Ants in 200 samples at 1,500 m and at 2,000 m (Longino & Colwell 2011, Ecosphere 2:art29), its example for incidences.
ANTS_1500 = [
    144, 113, 79, 76, 74, 73, 53, 50, 43, 33, 32, 30, 29, 25, 25, 25, 24, 23, 23, 19, 18, 17, 17, 11, 11, 9, 9, 9, 9, 6,
    6, 5, 5, 5, 5, 4, 4, 3, 3, 2, 2, 2, 2, *[1] * 13,
]  # fmt: skip
ANTS_2000 = [80, 59, 34, 23, 19, 15, 13, 8, 8, 4, 3, 2, 2, 1]

counts = st.lists(st.integers(1, 60), min_size=1, max_size=25)


@st.composite
def incidences(draw: st.DrawFn) -> Sample:
    records = draw(st.integers(1, 40))
    return Sample(
        draw(st.lists(st.integers(1, records), min_size=1, max_size=20)), kind="incidence", records=records
    )


samples = st.one_of(counts.map(Sample), incidences())


# --- published values -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sample", "n", "richness", "coverage", "once", "twice"),
    [(GIRDLED, 168, 26, 0.9289, 12, 4), (LOGGED, 252, 37, 0.9446, 14, 4)],
)
def test_iNEXT_data_information(
    sample: list[int], n: int, richness: int, coverage: float, once: int, twice: int
) -> None:
    """iNEXT vignette (Hsieh, Ma & Chao), table DataInfo of the spider data."""
    found = Sample(sample)
    assert (found.n, found.richness, found.once, found.twice) == (n, richness, once, twice)
    assert round(found.coverage, 4) == coverage


@pytest.mark.parametrize(
    ("sample", "observed", "asymptotic"),
    [
        (GIRDLED, (26.000, 12.060, 7.840), (43.893, 13.826, 8.175)),
        (LOGGED, (37.000, 14.421, 6.761), (61.403, 16.337, 6.920)),
    ],
)
def test_iNEXT_asymptotic_estimates(
    sample: list[int], observed: Sequence[float], asymptotic: Sequence[float]
) -> None:
    """iNEXT vignette, table AsyEst of the spider data."""
    found = Sample(sample)
    for q in (0, 1, 2):
        assert round(found.observed(q), 3) == observed[q]
        end = found.asymptotic(q)
        assert end is not None
        assert round(end, 3) == asymptotic[q]


@pytest.mark.parametrize(
    ("sample", "size", "way", "richness", "coverage"),
    [
        (GIRDLED, 1, "rarefaction", 1.000, 0.122),
        (GIRDLED, 84, "rarefaction", 18.912, 0.900),
        (GIRDLED, 168, "observed", 26.000, 0.929),
        (GIRDLED, 248, "extrapolation", 30.883, 0.948),
        (GIRDLED, 336, "extrapolation", 34.731, 0.964),
        (LOGGED, 1, "rarefaction", 1.000, 0.145),
        (LOGGED, 126, "rarefaction", 28.268, 0.908),
        (LOGGED, 252, "observed", 37.000, 0.945),
        (LOGGED, 371, "extrapolation", 42.786, 0.958),
        (LOGGED, 504, "extrapolation", 47.644, 0.969),
    ],
)
def test_iNEXT_rarefaction_and_extrapolation(
    sample: list[int], size: int, way: str, richness: float, coverage: float
) -> None:
    """iNEXT vignette, table iNextEst of the spider data, size-based, order 0."""
    point = Sample(sample).at(size, (0,))
    assert point.way == way
    assert round(point.hill[0], 3) == richness
    assert round(point.coverage, 3) == coverage


@pytest.mark.parametrize(
    ("size", "richness"),
    [(10, 6.478617), (19, 9.450323), (28, 11.514220), (37, 13.126817), (47, 14.622424)],
)
def test_iNEXT_curve_to_six_decimals(size: int, richness: float) -> None:
    """iNEXT vignette, the first rows of ``fortify(out)`` for the girdled plots."""
    assert Sample(GIRDLED).hill_at(size, 0) == pytest.approx(richness, abs=5e-7)


@pytest.mark.parametrize(
    ("sample", "size", "hill"),
    [
        (ANTS_1500, 125.959, (50.479, 26.249, 18.649)),
        (ANTS_2000, 104.631, (12.910, 7.711, 5.795)),
    ],
)
def test_iNEXT_incidences_at_a_coverage(sample: list[int], size: float, hill: Sequence[float]) -> None:
    """iNEXT vignette, ``estimateD(ant, base = "coverage", level = 0.985)``: sizes and all three orders."""
    found = Sample(sample, kind="incidence", records=200)
    reached = found.size_for(0.985)
    assert round(reached, 3) == size
    assert [round(found.hill_at(reached, q), 3) for q in (0, 1, 2)] == list(hill)


@pytest.mark.parametrize(
    ("sample", "index", "published"),
    [(GIRDLED, 84, 0.01403), (GIRDLED, 168, 0.01276), (LOGGED, 126, 0.01122), (LOGGED, 252, 0.00995)],
)
def test_iNEXT_bootstrap_errors_of_coverage(sample: list[int], index: int, published: float) -> None:
    """The vignette's intervals rest on 50 replicates; its standard error must be one that 50 of ours can give."""
    found = Sample(sample)
    random = np.random.default_rng(5)
    errors = []
    for _ in range(24):
        again = [found.resample(random).coverage_at(index) for _ in range(50)]
        errors.append(np.std(again, ddof=1))
    assert min(errors) * 0.9 <= published <= max(errors) * 1.1


# --- a peer library ---------------------------------------------------------------------------------------


@given(counts)
def test_observed_hill_numbers_are_those_of_scikit_bio(sample: list[int]) -> None:
    found = Sample(sample)
    for q in (0, 1, 2):
        assert found.observed(q) == pytest.approx(peer.hill(sample, order=q), rel=1e-9)
    assert found.observed(math.inf) == pytest.approx(1 / peer.berger_parker_d(sample), rel=1e-9)


@given(counts)
def test_richness_is_scikit_bios_chao1_but_for_its_small_sample_factor(sample: list[int]) -> None:
    """scikit-bio leaves out the factor (n-1)/n of Chao (1984) in iNEXT and Chao & Jost (2012)."""
    found = Sample(sample)
    bias_corrected = not found.once or not found.twice
    theirs = peer.chao1(sample, bias_corrected=bias_corrected) - found.richness
    assert found.unseen == pytest.approx(theirs * (found.n - 1) / found.n, rel=1e-9, abs=1e-9)


@given(counts)
def test_coverage_is_never_below_goods_estimate(sample: list[int]) -> None:
    """Good's estimate is 1 - f1/n; that of Chao & Jost (2012) shrinks the unseen share, never enlarges it."""
    found = Sample(sample)
    good = peer.goods_coverage(sample)
    assert good - 1e-12 <= found.coverage <= 1


# --- brute force ------------------------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 4), min_size=1, max_size=4), st.data())
def test_rarefaction_is_the_mean_over_all_subsets(sample: list[int], data: st.DataObject) -> None:
    """Every subset of m records drawn once: the very definition, for order 0 and for the counts behind order 1 and 2."""
    found = Sample(sample)
    m = data.draw(st.integers(1, found.n))
    records = [value for value, count in enumerate(sample) for _ in range(count)]
    richness = []
    entropy = []
    squares = []
    for drawn in itertools.combinations(records, m):
        share = np.bincount(drawn, minlength=len(sample)) / m
        richness.append(np.count_nonzero(share))
        entropy.append(-sum(p * math.log(p) for p in share if p))
        squares.append(float(np.sum(share**2)))
    assert found.hill_at(m, 0) == pytest.approx(float(np.mean(richness)), rel=1e-9)
    # Chao et al. (2014) take the Hill number of the expected frequency counts: the mean entropy, the mean sum of squares.
    assert math.log(found.hill_at(m, 1)) == pytest.approx(float(np.mean(entropy)), abs=1e-9)
    assert 1 / found.hill_at(m, 2) == pytest.approx(float(np.mean(squares)), rel=1e-9)


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_rarefied_incidences_are_the_mean_over_all_subsets_of_records(data: st.DataObject) -> None:
    rows = data.draw(
        st.lists(st.frozensets(st.integers(0, 4), min_size=1), min_size=2, max_size=6), label="records"
    )
    tally = [sum(value in row for row in rows) for value in range(5)]
    found = Sample(tally, kind="incidence", records=len(rows))
    m = data.draw(st.integers(1, len(rows)))
    seen = [len(frozenset().union(*drawn)) for drawn in itertools.combinations(rows, m)]
    assert found.hill_at(m, 0) == pytest.approx(float(np.mean(seen)), rel=1e-9)


def test_coverage_of_a_known_whole_is_estimated_without_much_bias() -> None:
    """Samples from a whole we made ourselves: the mean estimate is the mean true coverage within 1.5 points."""
    random = np.random.default_rng(2)
    whole = 1 / np.arange(1, 101)
    whole /= whole.sum()
    truth, told = [], []
    for _ in range(300):
        drawn = random.multinomial(150, whole)
        truth.append(whole[drawn > 0].sum())
        told.append(Sample(drawn).coverage)
    assert abs(np.mean(told) - np.mean(truth)) < 0.015


def test_asymptotic_entropy_of_a_known_whole() -> None:
    """Chao, Wang & Jost (2013): far less biased than the entropy of the sample."""
    random = np.random.default_rng(3)
    whole = 1 / np.arange(1, 201)
    whole /= whole.sum()
    truth = math.exp(-float(np.sum(whole * np.log(whole))))
    drawn = [Sample(random.multinomial(200, whole)) for _ in range(200)]
    seen = np.mean([sample.observed(1) for sample in drawn])
    told = np.mean([end for sample in drawn if (end := sample.asymptotic(1)) is not None])
    assert abs(told - truth) < 0.3 * abs(seen - truth)


# --- laws -------------------------------------------------------------------------------------------------


@given(samples)
def test_hill_numbers_fall_with_the_order(sample: Sample) -> None:
    profile = [sample.observed(q) for q in (0, 0.5, 1, 1.5, 2, 5, math.inf)]
    assert profile[0] == sample.richness == int(profile[0])
    for higher, lower in itertools.pairwise(profile):
        assert lower <= higher * (1 + 1e-9)
    assert profile[-1] >= 1 - 1e-9


@given(counts)
def test_equal_counts_give_the_number_of_values_at_every_order(sample: list[int]) -> None:
    level = Sample([sample[0]] * len(sample))
    for q in (0, 1, 2, 3.5):
        assert level.observed(q) == pytest.approx(len(sample), rel=1e-9)


@given(counts, st.randoms())
def test_the_order_of_values_does_not_matter(sample: list[int], random: object) -> None:
    shuffled = [*sample, 0, 0]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = Sample(sample), Sample(shuffled)
    assert one.coverage == other.coverage
    for q in (0, 1, 2):
        assert one.observed(q) == other.observed(q)
        assert one.asymptotic(q) == other.asymptotic(q)
        assert one.hill_at(one.n * 1.5, q) == other.hill_at(other.n * 1.5, q)


@given(counts)
def test_doubling_every_count_changes_no_diversity_and_leaves_nothing_unseen(sample: list[int]) -> None:
    doubled = Sample([2 * count for count in sample])
    for q in (0, 1, 2):
        assert doubled.observed(q) == pytest.approx(Sample(sample).observed(q), rel=1e-9)
    assert doubled.coverage == 1
    assert doubled.unseen == 0
    assert doubled.coverage >= Sample(sample).coverage


@given(counts)
def test_a_copy_with_new_names_doubles_every_hill_number(sample: list[int]) -> None:
    """The replication principle (Hill 1973), which makes these numbers a diversity and an entropy not."""
    for q in (0, 1, 2, 0.7):
        assert Sample(sample * 2).observed(q) == pytest.approx(2 * Sample(sample).observed(q), rel=1e-9)


@given(samples)
def test_coverage_lies_between_nothing_and_all_and_grows(sample: Sample) -> None:
    sizes = sorted({1, max(1, sample.n // 3), sample.n, sample.n + 1, 2 * sample.n})
    along = [sample.coverage_at(size) for size in sizes]
    assert all(0 <= level <= 1 for level in along)
    for less, more in itertools.pairwise(along):
        assert less <= more + 1e-9
    assert sample.coverage_at(sample.n) == sample.coverage
    assert sample.coverage_at(0) == 0


@given(samples)
def test_at_its_own_size_a_sample_is_itself(sample: Sample) -> None:
    for q in (0, 1, 2):
        assert sample.hill_at(sample.n, q) == pytest.approx(sample.observed(q), rel=1e-9)


@given(samples)
def test_the_curve_grows_towards_its_end(sample: Sample) -> None:
    sizes = sorted({1, max(1, sample.n // 2), sample.n, sample.n + 3, 2 * sample.n, 20 * sample.n})
    for q in (0, 1, 2):
        along = [sample.hill_at(size, q) for size in sizes]
        assert all(math.isfinite(value) and value > 0 for value in along)
        for less, more in itertools.pairwise(along):
            assert less <= more * (1 + 1e-6)
        end = sample.asymptotic(q)
        assert end is None or (math.isfinite(end) and along[-1] <= end * (1 + 1e-6)) or q == 1


@given(counts)
def test_one_record_holds_one_value(sample: list[int]) -> None:
    for q in (0, 1, 2):
        assert Sample(sample).hill_at(1, q) == pytest.approx(1, rel=1e-9)


@given(samples, st.floats(0.01, 0.999))
def test_the_size_for_a_coverage_reaches_it(sample: Sample, level: float) -> None:
    size = sample.size_for(level)
    if math.isinf(size):
        assert sample.coverage < level
    elif size >= 1 and abs(size - sample.n) > 1:
        assert sample.coverage_at(size) == pytest.approx(level, abs=2e-3)


@given(samples)
def test_many_sizes_at_once_are_what_each_is_alone(sample: Sample) -> None:
    sizes = sorted({1, max(1, sample.n // 2), sample.n, sample.n + 1, 2 * sample.n})
    coverage, hill = sample.curve(sizes, (0, 1, 2))
    for index, size in enumerate(sizes):
        point = sample.at(size)
        assert coverage[index] == pytest.approx(point.coverage, abs=1e-9)
        assert hill[:, index] == pytest.approx(point.hill, rel=1e-9)


@settings(max_examples=40)
@given(samples, st.integers(0, 2**32))
def test_a_resample_is_a_sample_of_the_same_size(sample: Sample, seed: int) -> None:
    again = sample.resample(np.random.default_rng(seed))
    assert again.n == sample.n
    assert again.kind == sample.kind
    assert again.richness <= sample.richness + math.ceil(sample.unseen)


@pytest.mark.parametrize("sizes", [[1], [7], [1, 1], [1] * 500, [2] * 500, [10**6], [10**6, 1]])
def test_samples_at_the_edges_have_finite_answers(sizes: list[int]) -> None:
    sample = Sample(sizes)
    assert 0 <= sample.coverage <= 1
    assert math.isfinite(sample.unseen)
    for q in (0, 1, 2):
        end = sample.asymptotic(q)
        assert end is None or math.isfinite(end)
        for size in (1, sample.n, 2 * sample.n):
            assert math.isfinite(sample.hill_at(size, q))
    assert Sample([1] * 500).asymptotic(2) is None, (
        "no two records share a value: dominance cannot be estimated"
    )


def test_the_entropys_rare_part_is_the_same_in_both_forms() -> None:
    """Around the switch of forms (share * n = 1) the estimate must not jump; far from it neither may cancel."""
    for n_once, n_twice in ((40, 1), (41, 1), (300, 2), (5000, 1)):
        near = Sample([1] * n_once + [2] * n_twice + [500])
        share = 2 * near.twice / ((near.n - 1) * near.once + 2 * near.twice)
        j = np.arange(1, 4_000_000)
        slow = float(np.sum(np.exp(j * math.log1p(-share)) / (near.n - 1 + j)))
        if share * 4_000_000 > 40:
            assert near._rare_tail() == pytest.approx(slow, rel=1e-6)


def test_a_large_sample_is_quick_enough() -> None:
    import time

    random = np.random.default_rng(1)
    sample = Sample(random.multinomial(70_000, random.dirichlet(np.full(2_000, 0.2))))
    started = time.process_time()
    sample.curve(list(range(1, 140_000, 3_500)), (0, 1, 2))
    assert time.process_time() - started < 2.0


@pytest.mark.parametrize(
    ("given_counts", "more"),
    [
        ([], {}),
        ([0, 0], {}),
        ([3, -1], {}),
        ([3], {"records": 4}),
        ([5], {"kind": "incidence", "records": 4}),
    ],
)
def test_what_is_not_a_sample_is_refused(given_counts: list[int], more: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        Sample(given_counts, **more)  # type: ignore[arg-type]


def test_orders_other_than_0_1_2_have_no_curve() -> None:
    with pytest.raises(ValueError):
        Sample([1, 2]).hill_at(2, 3)
