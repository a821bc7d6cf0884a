"""Who reviews what: even work, no conflicts, a shared language where there is one. Knows nothing of tables."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Reviewer:
    """A reviewer with how many reviews they take, and the languages they read (BCP 47, primary subtags)."""

    key: int
    capacity: int
    languages: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Work:
    """A submission that needs ``needed`` more reviews; ``barred`` reviewers have a conflict or review it already."""

    key: int
    needed: int
    languages: frozenset[str] = frozenset()
    barred: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Plan:
    """Pairs of (submission, reviewer), and how many reviews each submission still lacks."""

    pairs: tuple[tuple[int, int], ...]
    lacking: Mapping[int, int] = field(default_factory=dict)


def plan(
    work: Collection[Work], reviewers: Collection[Reviewer], load: Mapping[int, int] | None = None
) -> Plan:
    """Assign reviews by augmenting paths, so that as many as possible are assigned within every limit.

    Among plans of that size, submissions with the fewest possible reviewers choose first, and each prefers a
    reviewer who shares a language, then the one with the least to do. The result does not depend on the order of
    the arguments.

    Args:
        work: the submissions.
        reviewers: the people, with how many reviews they may have in all.
        load: how many reviews each reviewer already has.
    """
    load = load or {}
    room = {one.key: max(0, one.capacity - load.get(one.key, 0)) for one in reviewers}
    people = {one.key: one for one in sorted(reviewers, key=lambda one: one.key)}
    tasks = {one.key: one for one in work}
    able = {task.key: [key for key in people if key not in task.barred and room[key] > 0] for task in work}
    held: dict[int, set[int]] = {key: set() for key in people}  # reviewer -> submissions in this plan

    def order(task: Work) -> list[int]:
        def rank(key: int) -> tuple[bool, int, int]:
            shared = not task.languages or bool(task.languages & people[key].languages)
            return (not shared, load.get(key, 0) + len(held[key]), key)

        return sorted(able[task.key], key=rank)

    def place(task: Work, tried: set[int]) -> bool:
        for key in order(task):
            if key in tried or task.key in held[key]:
                continue
            tried.add(key)
            if len(held[key]) < room[key]:
                held[key].add(task.key)
                return True
            for other in sorted(held[key]):
                held[key].discard(other)
                held[key].add(task.key)
                if place(tasks[other], tried):
                    return True
                held[key].discard(task.key)
                held[key].add(other)
        return False

    lacking: dict[int, int] = {}
    scarce = sorted(work, key=lambda task: (len(able[task.key]) - task.needed, task.key))
    for round_number in range(max((task.needed for task in work), default=0)):
        for task in scarce:
            if task.needed > round_number and not place(task, set()):
                lacking[task.key] = lacking.get(task.key, 0) + 1
    pairs = sorted((task, reviewer) for reviewer, tasks_held in held.items() for task in tasks_held)
    return Plan(tuple(pairs), lacking)
