"""Assignment: nobody over capacity, no conflict, nothing missing that could be had."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from heirloom.calls.assign import Plan, Reviewer, Work, plan

LANGUAGES = ("lo", "th", "en")


@st.composite
def problems(draw: st.DrawFn) -> tuple[list[Work], list[Reviewer], dict[int, int]]:
    people = draw(st.integers(0, 5))
    reviewers = [
        Reviewer(key, draw(st.integers(0, 3)), frozenset(draw(st.sets(st.sampled_from(LANGUAGES)))))
        for key in range(people)
    ]
    work = [
        Work(
            100 + key,
            draw(st.integers(0, 3)),
            frozenset(draw(st.sets(st.sampled_from(LANGUAGES), max_size=1))),
            frozenset(draw(st.sets(st.integers(0, 4)))),
        )
        for key in range(draw(st.integers(0, 4)))
    ]
    load = draw(st.dictionaries(st.integers(0, 4), st.integers(0, 3)))
    return work, reviewers, load


def most_possible(work: list[Work], reviewers: list[Reviewer], load: dict[int, int]) -> int:
    """The largest number of reviews by the min-cut of the assignment network (max-flow min-cut theorem)."""
    room = {one.key: max(0, one.capacity - load.get(one.key, 0)) for one in reviewers}
    best = None
    for size in range(len(work) + 1):
        for cut in combinations(work, size):
            kept = [task for task in work if task not in cut]
            value = sum(task.needed for task in cut)
            for person in reviewers:
                value += min(room[person.key], sum(person.key not in task.barred for task in kept))
            best = value if best is None else min(best, value)
    return best or 0


@given(problems())
@settings(deadline=None, max_examples=300)
def test_plan_keeps_every_limit_and_is_as_large_as_can_be(
    problem: tuple[list[Work], list[Reviewer], dict[int, int]],
) -> None:
    work, reviewers, load = problem
    made = plan(work, reviewers, load)
    tasks = {task.key: task for task in work}
    assert len(set(made.pairs)) == len(made.pairs)
    for submission, reviewer in made.pairs:
        assert reviewer not in tasks[submission].barred
    for person in reviewers:
        given_now = sum(reviewer == person.key for _, reviewer in made.pairs)
        assert given_now <= max(0, person.capacity - load.get(person.key, 0))
    for task in work:
        held = sum(submission == task.key for submission, _ in made.pairs)
        assert held + made.lacking.get(task.key, 0) == task.needed
    assert len(made.pairs) == most_possible(work, reviewers, load)


def test_a_shared_language_comes_first_and_work_is_even() -> None:
    reviewers = [
        Reviewer(1, 2, frozenset({"th"})),
        Reviewer(2, 2, frozenset({"lo"})),
        Reviewer(3, 2, frozenset({"lo"})),
    ]
    work = [Work(10, 1, frozenset({"lo"})), Work(11, 1, frozenset({"lo"})), Work(12, 1, frozenset({"th"}))]
    assert set(plan(work, reviewers).pairs) == {(10, 2), (11, 3), (12, 1)}


def test_order_of_arguments_does_not_matter() -> None:
    reviewers = [Reviewer(key, 2) for key in range(4)]
    work = [Work(key, 2, barred=frozenset({key % 4})) for key in range(10, 14)]
    assert plan(work, reviewers) == plan(list(reversed(work)), list(reversed(reviewers)))


def test_nobody_to_ask() -> None:
    assert plan([Work(1, 2)], []) == Plan((), {1: 2})
