"""One pass over the records: how many name each value, alone, within groups, and two columns together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from heirloom.pathways.diversity import errors
from heirloom.pathways.diversity.hill import Sample
from heirloom.pathways.diversity.table import Row

# Columns that the catalogue writes and that are counted when nobody names others.
KNOWN = ("language", "region", "community", "period", "form")
MOST_VALUES = 20_000


@dataclass
class Tally:
    """Counts of one column: over *records* that name at least one value; *without* name none.

    *several* says that some record names more than one, so that the counts are incidences.
    """

    records: int = 0
    without: int = 0
    several: bool = False
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, values: Sequence[str]) -> None:
        if not values:
            self.without += 1
            return
        self.records += 1
        self.several = self.several or len(values) > 1
        self.counts.update(values)

    def sample(self) -> Sample:
        """The tally as a sample; raises ValueError where nothing was counted."""
        if self.several:
            return Sample(self.counts.values(), kind="incidence", records=self.records)
        return Sample(self.counts.values())

    def to_json(self) -> dict[str, Any]:
        return {
            "records": self.records,
            "without": self.without,
            "several": self.several,
            "counts": dict(sorted(self.counts.items())),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Tally:
        return cls(data["records"], data["without"], data["several"], Counter(data["counts"]))


@dataclass
class Counts:
    """Everything counted: by facet, by facet within the groups of a column, and pairs of two columns."""

    records: int
    facets: dict[str, Tally]
    groups: dict[str, dict[str, Tally]]
    pairs: Counter[tuple[str, str]]

    def to_json(self) -> dict[str, Any]:
        return {
            "records": self.records,
            "facets": {name: tally.to_json() for name, tally in self.facets.items()},
            "groups": {
                name: {group: tally.to_json() for group, tally in sorted(by.items())}
                for name, by in self.groups.items()
            },
            "pairs": [[a, b, count] for (a, b), count in sorted(self.pairs.items())],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Counts:
        return cls(
            data["records"],
            {name: Tally.from_json(tally) for name, tally in data["facets"].items()},
            {
                name: {group: Tally.from_json(tally) for group, tally in by.items()}
                for name, by in data["groups"].items()
            },
            Counter({(a, b): count for a, b, count in data["pairs"]}),
        )


def count(
    records: Iterable[Row],
    name: str,
    *,
    facets: Sequence[str] | None,
    compare_by: str = "",
    cross: Sequence[str] = (),
) -> Counts:
    """Count *records* of the table called *name*.

    Args:
        facets: columns to count; None takes those of :data:`KNOWN` that the table has.
        compare_by: a column whose values are groups to compare.
        cross: no column, or two whose combinations are counted.

    Raises NoRecords, NoColumn, NoFacet, TooManyValues.
    """
    total = 0
    columns: set[str] = set()
    chosen: list[str] = list(facets or KNOWN)
    tallies = {facet: Tally() for facet in chosen}
    groups: dict[str, dict[str, Tally]] = {
        facet: {} for facet in chosen if compare_by and facet != compare_by
    }
    pairs: Counter[tuple[str, str]] = Counter()
    for row in records:
        total += 1
        columns.update(row)
        for facet, tally in tallies.items():
            tally.add(row.get(facet, ()))
            if len(tally.counts) > MOST_VALUES:
                raise errors.TooManyValues(column=facet, maximum=MOST_VALUES)
        for facet, by in groups.items():
            for group in row.get(compare_by, ()):
                by.setdefault(group, Tally()).add(row.get(facet, ()))
        if cross:
            pairs.update((a, b) for a in row.get(cross[0], ()) for b in row.get(cross[1], ()))
        if len(pairs) > 10 * MOST_VALUES:
            raise errors.TooManyValues(column=" x ".join(cross), maximum=10 * MOST_VALUES)
    if not total:
        raise errors.NoRecords(name=name)
    asked = [*(facets or ()), *cross, *([compare_by] if compare_by else [])]
    chosen = _present(chosen, asked, columns, name, open_choice=facets is None)
    return Counts(
        total,
        {facet: tallies[facet] for facet in chosen},
        {facet: groups[facet] for facet in chosen if facet in groups},
        pairs,
    )


def _present(
    chosen: Sequence[str], asked: Sequence[str], columns: set[str], name: str, *, open_choice: bool
) -> list[str]:
    """The facets the table has; what was asked for by name must be there."""
    for column in asked:
        if column not in columns:
            raise errors.NoColumn(name=name, column=column, columns=", ".join(sorted(columns)))
    present = [facet for facet in chosen if facet in columns] if open_choice else list(chosen)
    if not present:
        raise errors.NoFacet(name=name, columns=", ".join(KNOWN))
    return present
