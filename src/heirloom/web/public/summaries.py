"""What lists show of published cases, read from their seals.

The rows of a case are the version in preparation; what the public may know is the published seal alone. A seal never
changes, so what was read from one is remembered by its digest.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import QuerySet

from heirloom.cases import queries
from heirloom.cases.models import Case, Seal
from heirloom.catalogue import rights
from heirloom.catalogue.models import Item
from heirloom.text import Translated

MOST_REMEMBERED: Final = 5000


@dataclass(frozen=True, slots=True)
class CasePoint:
    """A place of a case: its key, name and position in degrees (None where it has none)."""

    key: str
    name: Translated
    country: str
    longitude: float | None
    latitude: float | None


@dataclass(frozen=True, slots=True)
class CaseSummary:
    """A sealed version as a card, a filter or a map knows it.

    Attributes:
        cover: the key of the item on the cover and its first picture as sealed; None where there is none.
        languages: those the case can be read in, the widest covered first (BCP 47).
        goals: numbers of the Sustainable Development Goals it claims.
        items, communities: keys of what it shows and whose culture it is.
    """

    key: str
    number: int
    digest: str
    title: Translated
    summary: Translated
    cover: tuple[str, Mapping[str, Any]] | None
    points: tuple[CasePoint, ...]
    languages: tuple[str, ...]
    goals: tuple[int, ...]
    items: frozenset[str]
    communities: frozenset[str]
    runs: int
    rerunnable: bool
    illustrative: bool

    @property
    def countries(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(point.country for point in self.points if point.country))


@dataclass(frozen=True, slots=True)
class PublishedCase:
    """A published case in a list: its row, when it was published, and what its seal says."""

    pk: int
    published_at: datetime
    shown: CaseSummary


def summarise(digest: str, number: int, content: Mapping[str, Any], facts: Mapping[str, Any]) -> CaseSummary:
    """Read what lists show from the content of a seal."""
    cover = content.get("cover")
    pin = content["items"].get(cover) if cover else None
    pictures = [media for media in pin["media"] if media["media_type"].startswith("image/")] if pin else []
    return CaseSummary(
        key=content["key"],
        number=number,
        digest=digest,
        title=Translated.from_json(content["title"]),
        summary=Translated.from_json(content["summary"]),
        cover=(cover, pictures[0]) if cover and pictures else None,
        points=tuple(
            CasePoint(
                key,
                Translated.from_json(place["name"]),
                place["country"],
                place["longitude"],
                place["latitude"],
            )
            for key, place in sorted(content["places_described"].items())
        ),
        languages=tuple(facts.get("languages") or {}),
        goals=tuple(sorted({goal["goal"] for goal in content["goals"]})),
        items=frozenset(content["items"]),
        communities=frozenset(content["communities_described"]),
        runs=len(content["runs"]),
        rerunnable=bool((facts.get("rerun") or {}).get("all")),
        illustrative=bool(content["illustrative"]),
    )


class _Remembered:
    """Summaries by digest; forgets all when there are too many, since reading them again is cheap."""

    def __init__(self) -> None:
        self._known: dict[str, CaseSummary] = {}
        self._lock = threading.Lock()

    def of(self, digests: Iterable[str]) -> dict[str, CaseSummary]:
        wanted = list(dict.fromkeys(digests))
        found = {digest: self._known[digest] for digest in wanted if digest in self._known}
        missing = [digest for digest in wanted if digest not in found]
        if missing:
            rows = Seal.objects.filter(digest__in=missing).values_list("digest", "number", "content", "facts")
            read = {digest: summarise(digest, *rest) for digest, *rest in rows}
            with self._lock:
                if len(self._known) + len(read) > MOST_REMEMBERED:
                    self._known.clear()
                self._known.update(read)
            found |= read
        return found

    def forget(self) -> None:
        with self._lock:
            self._known.clear()


_remembered = _Remembered()


def forget() -> None:
    """Read every seal again when it is next asked for."""
    _remembered.forget()


def of_seals(seals: Iterable[Seal]) -> dict[str, CaseSummary]:
    """Return the summaries of seals by digest."""
    return _remembered.of(seal.digest for seal in seals)


def published_rows(who: rights.Viewer) -> QuerySet[Case]:
    """Return the published cases that *who* may see, newest first, as rows to search in or to count."""
    seen = queries.published_cases(who).order_by().values("pk")
    return Case.objects.filter(pk__in=seen).order_by("-published_at", "-pk")


def published(
    who: rights.Viewer, *, among: Iterable[int] | None = None, most: int | None = None
) -> list[PublishedCase]:
    """List the published cases that *who* may see, newest first; two queries beside rights, whatever their number.

    Args:
        among: only these rows, in this order. most: at most so many.
    """
    rows = published_rows(who)
    if among is not None:
        among = list(among)
        rows = rows.filter(pk__in=among)
    listed = list(rows.values_list("pk", "published_at", "published_seal__digest")[:most])
    shown = _remembered.of(digest for _, _, digest in listed if digest)
    found = [
        PublishedCase(pk, at, shown[digest])
        for pk, at, digest in listed
        if digest in shown and at is not None
    ]
    if among is not None:
        order = {pk: number for number, pk in enumerate(among)}
        found.sort(key=lambda case: order[case.pk])
    return found


def open_items(who: rights.Viewer, keys: Iterable[str]) -> frozenset[str]:
    """Return which of these items *who* may see; one query beside rights, none where no item is asked for."""
    wanted = set(keys)
    if not wanted:
        return frozenset()
    return frozenset(
        Item.objects.filter(rights.visible_items(who), key__in=wanted).values_list("key", flat=True)
    )
