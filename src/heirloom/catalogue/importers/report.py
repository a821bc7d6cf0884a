"""What an import did, or would do: counts, problems by code, and samples that a person can look at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from .draft import ItemDraft, Problem
from .merge import Difference

FORMAT = "heirloom/import-report/1"
SAMPLES = 20


class Outcome(StrEnum):
    """What becomes of one draft."""

    CREATE = "create"
    UPDATE = "update"
    UNCHANGED = "unchanged"
    WITHDRAW = "withdraw"
    SKIPPED = "skipped"
    PROBLEM = "problem"


@dataclass(slots=True)
class Report:
    """Filled draft by draft; bounded in size however long the source is.

    ``samples`` keeps the first records of each outcome, with the differences field by field.
    """

    dry_run: bool = False
    counts: Counter[str] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)
    problem_samples: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    samples: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    changed_fields: Counter[str] = field(default_factory=Counter)
    notes: list[dict[str, Any]] = field(default_factory=list)

    def add(
        self,
        outcome: Outcome,
        draft: ItemDraft,
        differences: Iterable[Difference] = (),
        *,
        key: str = "",
        reason: str = "",
    ) -> None:
        """Count one draft. *reason* says why a skipped one was skipped; *key* is the item's key once it has one."""
        self.counts[outcome.value] += 1
        for problem in draft.problems:
            self.add_problem(problem, draft)
        kept = self.samples.setdefault(outcome.value, [])
        wanted = len(kept) < SAMPLES
        if outcome is Outcome.UPDATE or wanted:
            found = list(differences)
            if outcome is Outcome.UPDATE:
                self.changed_fields.update({one.field.partition(".")[0] for one in found})
            if wanted:
                kept.append(_sample(draft, found, key, reason))

    def add_problem(self, problem: Problem, draft: ItemDraft | None = None) -> None:
        self.problems[problem.code] += 1
        kept = self.problem_samples.setdefault(problem.code, [])
        if len(kept) < SAMPLES:
            made = problem.to_json()
            if draft is not None:
                made |= {"source_id": draft.source_id, "where": draft.where}
            kept.append(made)

    def note(self, code: str, **details: Any) -> None:
        """Something about the source as a whole: a guessed encoding, an orphan file, an unmapped column."""
        if len(self.notes) < 10 * SAMPLES:
            self.notes.append({"code": code, **details})

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def changes(self) -> int:
        """How many items this import makes, changes or withdraws."""
        return sum(self.counts[one.value] for one in (Outcome.CREATE, Outcome.UPDATE, Outcome.WITHDRAW))

    def to_json(self) -> dict[str, Any]:
        """As it is kept in ``ImportBatch.report``."""
        return {
            "format": FORMAT,
            "dry_run": self.dry_run,
            "total": self.total,
            "counts": {one.value: self.counts[one.value] for one in Outcome},
            "changed_fields": dict(self.changed_fields.most_common()),
            "problems": dict(self.problems.most_common()),
            "problem_samples": self.problem_samples,
            "samples": self.samples,
            "notes": self.notes,
        }


def _sample(draft: ItemDraft, found: list[Difference], key: str, reason: str) -> dict[str, Any]:
    made: dict[str, Any] = {
        "source_id": draft.source_id,
        "where": draft.where,
        "title": {language: text.value for language, text in draft.title.items()},
    }
    if key:
        made["key"] = key
    if reason:
        made["reason"] = reason
    if found:
        made["differences"] = [one.to_json() for one in found]
    if draft.problems:
        made["problems"] = [one.to_json() for one in draft.problems]
    return made
