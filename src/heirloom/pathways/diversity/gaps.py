"""What is absent: the values and combinations of a reference list that no record names."""

from __future__ import annotations

import csv
import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from heirloom.pathways.diversity import errors
from heirloom.pathways.diversity.table import Row

_GLOTTOCODE = re.compile(r"[a-z]{4}[0-9]{4}\Z")

# A macrolanguage tag says less than a language: it is counted as the member that its speakers' tags usually mean
# (Unicode CLDR, supplementalMetadata, languageAlias "macrolanguage").
_USUAL_MEMBER = {
    "zho": "cmn",
    "mon": "khk",
    "uzb": "uzn",
    "msa": "zlm",
    "nep": "npi",
    "kor": "kor",
    "ori": "ory",
}


@dataclass
class Reference:
    """What could be there, by facet, and which combinations of two facets could be.

    Attributes:
        titles: facet -> what the list of it is called, as the reader is shown it.
        values: facet -> value -> label.
        pairs: two facets -> combinations.
        aliases: facet -> other spellings of a value -> value.
    """

    titles: dict[str, str] = field(default_factory=dict)
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    pairs: dict[tuple[str, str], set[tuple[str, str]]] = field(default_factory=dict)
    aliases: dict[str, dict[str, str]] = field(default_factory=dict)
    languages: frozenset[str] = frozenset()

    def key(self, facet: str, value: str) -> str:
        """*value* as the list spells it; unchanged where the list does not know it."""
        known = self.values.get(facet, {})
        if value in known:
            return value
        aliases = self.aliases.get(facet, {})
        folded = value.casefold()
        if folded in aliases:
            return aliases[folded]
        if facet in self.languages and (code := _iso639_3(value)) in aliases:
            return aliases[code]
        return value

    def label(self, facet: str, value: str) -> str:
        return self.values.get(facet, {}).get(value, value)

    def possible(self, a: str, b: str) -> set[tuple[str, str]] | None:
        """Combinations the list names for the two facets, in this order; None where it says nothing of them."""
        if (a, b) in self.pairs:
            return self.pairs[a, b]
        if (b, a) in self.pairs:
            return {(second, first) for first, second in self.pairs[b, a]}
        return None


def _iso639_3(tag: str) -> str:
    """The ISO 639-3 code a language tag or glottocode stands for, folded; "" where it is none."""
    folded = tag.casefold()
    if _GLOTTOCODE.match(folded):
        return folded
    primary = re.split(r"[-_]", folded, maxsplit=1)[0]
    if not primary.isascii() or not primary.isalpha() or len(primary) not in (2, 3):
        return ""
    if len(primary) == 2:
        import icu

        primary = str(icu.Locale(primary).getISO3Language())  # type: ignore[attr-defined]
    return _USUAL_MEMBER.get(primary, primary)


def from_table(rows: Iterable[Row], name: str, facets: Sequence[str], languages: Iterable[str]) -> Reference:
    """A reference list of the caller's own: columns named like facets, each row a value or a combination.

    A column ``<facet>_label`` names the value for readers. Raises ReferenceUnusable where no column is a facet.
    """
    found = Reference(languages=frozenset(languages))
    for row in rows:
        present = [facet for facet in facets if row.get(facet)]
        for facet in present:
            labels = row.get(f"{facet}_label", ())
            known = found.values.setdefault(facet, {})
            for index, value in enumerate(row[facet]):
                label = labels[index] if len(labels) == len(row[facet]) else ""
                known[value] = label or known.get(value) or value
        for index, first in enumerate(present):
            for second in present[index + 1 :]:
                together = found.pairs.setdefault((first, second), set())
                together.update((a, b) for a in row[first] for b in row[second])
    if not found.values:
        raise errors.ReferenceUnusable(name=name, columns=", ".join(facets))
    for facet, known in found.values.items():
        found.titles[facet] = name
        spelled = found.aliases.setdefault(facet, {})
        for value in known:
            spelled.setdefault(value.casefold(), value)
            if facet in found.languages and (code := _iso639_3(value)):
                spelled.setdefault(code, value)
    return found


def languages_of_countries(
    path: Path,
    title: str,
    *,
    countries: Sequence[str],
    dormant: bool,
    language_facet: str,
    country_facet: str,
) -> Reference:
    """The languages of *countries* (ISO 3166-1) from the table in ``reference/``.

    Without *dormant*, languages that Glottolog marks as no longer spoken are left out.
    """
    wanted = set(countries)
    languages: dict[str, str] = {}
    aliases: dict[str, str] = {}
    pairs: set[tuple[str, str]] = set()
    with path.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            here = wanted.intersection(row["countries"].split())
            if not here or (row["last_documented"] and not dormant):
                continue
            code = row["glottocode"]
            languages[code] = row["name"]
            aliases[row["name"].casefold()] = code
            if row["iso639_3"]:
                aliases[row["iso639_3"]] = code
            pairs.update((code, country) for country in here)
    return Reference(
        titles={language_facet: title, country_facet: title},
        values={language_facet: languages, country_facet: {country: country for country in sorted(wanted)}},
        pairs={(language_facet, country_facet): pairs},
        aliases={language_facet: aliases, country_facet: {c.casefold(): c for c in wanted}},
        languages=frozenset({language_facet}),
    )


def merged(first: Reference | None, second: Reference | None) -> Reference | None:
    """Both lists as one; where both speak of a facet, the first counts."""
    if first is None or second is None:
        return first or second
    return Reference(
        {**second.titles, **first.titles},
        {**second.values, **first.values},
        {**second.pairs, **first.pairs},
        {**second.aliases, **first.aliases},
        first.languages | second.languages,
    )


@dataclass(frozen=True)
class Absent:
    """One facet against the list: counts by the list's spelling, what is empty, what the list does not know."""

    counts: Mapping[str, int]
    empty: tuple[str, ...]
    outside: tuple[str, ...]

    @functools.cached_property
    def size(self) -> int:
        return len(self.counts)


def absent_values(reference: Reference, facet: str, counts: Mapping[str, int]) -> Absent | None:
    """*counts* of *facet* held against the list; None where the list says nothing of it."""
    known = reference.values.get(facet)
    if not known:
        return None
    found = dict.fromkeys(known, 0)
    outside = []
    for value, number in sorted(counts.items()):
        key = reference.key(facet, value)
        if key in found:
            found[key] += number
        else:
            outside.append(value)
    return Absent(found, tuple(value for value, number in found.items() if not number), tuple(outside))


@dataclass(frozen=True)
class Crossed:
    """Two facets together. ``cells`` holds a count for each combination that could be, 0 where no record names it.

    *listed* says that the combinations come from a reference list; otherwise every seen value of one facet is held
    against every seen value of the other, and an empty cell may be one that cannot be.
    """

    cells: Mapping[tuple[str, str], int]
    outside: Mapping[tuple[str, str], int]
    listed: bool


def crossed(
    reference: Reference | None, facets: tuple[str, str], counts: Mapping[tuple[str, str], int]
) -> Crossed:
    """The combinations of two facets: counted, empty, and outside the list."""
    a, b = facets
    possible = reference.possible(a, b) if reference else None
    keyed: dict[tuple[str, str], int] = {}
    for (first, second), number in sorted(counts.items()):
        pair = (reference.key(a, first), reference.key(b, second)) if reference else (first, second)
        keyed[pair] = keyed.get(pair, 0) + number
    if possible is not None:
        cells = dict.fromkeys(sorted(possible), 0)
        outside = {}
        for pair, number in keyed.items():
            if pair in cells:
                cells[pair] = number
            else:
                outside[pair] = number
        return Crossed(cells, outside, listed=True)
    rows = sorted({first for first, _ in keyed} | set(reference.values.get(a, ()) if reference else ()))
    columns = sorted({second for _, second in keyed} | set(reference.values.get(b, ()) if reference else ()))
    return Crossed({(r, c): keyed.get((r, c), 0) for r in rows for c in columns}, {}, listed=False)
