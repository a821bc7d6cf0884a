"""What a reader can ask of a list of items, as a value, as a query string and as conditions on rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final

from django.db.models import Q, QuerySet

from . import rights
from .models import Contribution, Item, Media, Term

SCHEMES: Final = ("language", "technique", "material", "form", "subject", "period")


@dataclass(frozen=True, slots=True)
class Filters:
    """What a reader asks for. Values within one field are alternatives; fields are joined by AND.

    Attributes:
        q: words to search for.
        kind, state: of ``Item.Kind`` and ``Item.State``. language, technique, material, form, subject, period: codes of terms.
        community: slugs. place: keys of places (their parts count too). country: ISO 3166-1 alpha-2.
        century: as :func:`heirloom.catalogue.dates.century` counts, by the earliest year. rights: addresses.
        agent: keys of agents. source: names of sources.
        bbox: west, south, east, north in degrees; west > east crosses the antimeridian.
        illustrative: only marked illustrations, or only others. media: with, or without, files.
        mine: only items that the reader owns.
    """

    q: str = ""
    kind: tuple[str, ...] = ()
    state: tuple[str, ...] = ()
    language: tuple[str, ...] = ()
    technique: tuple[str, ...] = ()
    material: tuple[str, ...] = ()
    form: tuple[str, ...] = ()
    subject: tuple[str, ...] = ()
    period: tuple[str, ...] = ()
    community: tuple[str, ...] = ()
    place: tuple[str, ...] = ()
    country: tuple[str, ...] = ()
    century: tuple[int, ...] = ()
    rights: tuple[str, ...] = ()
    agent: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    bbox: tuple[float, float, float, float] | None = None
    illustrative: bool | None = None
    media: bool | None = None
    mine: bool = False

    @classmethod
    def from_query(cls, query: Mapping[str, Any]) -> Filters:
        """Read a query string (a ``QueryDict`` or a mapping of lists); what cannot be read is left out."""
        made: dict[str, Any] = {}
        for part in fields(cls):
            given = query.getlist(part.name) if hasattr(query, "getlist") else query.get(part.name, [])
            values = [value.replace("\x00", "")[:500] for value in given if isinstance(value, str) and value]
            if values and (read := _read(part.name, values)) is not None:
                made[part.name] = read
        return cls(**made)

    def to_query(self) -> list[tuple[str, str]]:
        """The pairs of a query string that :meth:`from_query` reads back."""
        pairs: list[tuple[str, str]] = []
        for part in fields(self):
            value = getattr(self, part.name)
            if part.name == "bbox":
                pairs.extend([("bbox", ",".join(map(repr, value)))] if value else [])
            elif isinstance(value, tuple):
                pairs.extend((part.name, str(entry)) for entry in value)
            elif isinstance(value, bool):
                pairs.extend([(part.name, "1" if value else "0")] if value or part.name != "mine" else [])
            elif value:
                pairs.append((part.name, value))
        return pairs

    def without(self, name: str) -> Filters:
        """The same without what is asked of one field."""
        changed: dict[str, Any] = {name: _DEFAULTS[name]}
        return replace(self, **changed)

    def toggled(self, name: str, value: Any) -> Filters:
        """The same with *value* of a facet added, or taken away where it is there."""
        have: tuple[Any, ...] = getattr(self, name)
        values = tuple(v for v in have if v != value) if value in have else (*have, value)
        changed: dict[str, Any] = {name: values}
        return replace(self, **changed)


_DEFAULTS: Final = {part.name: part.default for part in fields(Filters)}


def _read(name: str, values: list[str]) -> Any:
    if name == "q":
        return values[0]
    if name in ("illustrative", "media"):
        return {"1": True, "0": False}.get(values[0])
    if name == "mine":
        return values[0] == "1"
    if name == "bbox":
        return _bbox(values[0])
    if name == "century":
        numbers = (value.removeprefix("-") for value in values)
        if all(number.isascii() and number.isdigit() and len(number) < 6 for number in numbers):
            return tuple(dict.fromkeys(int(value) for value in values))
        return None
    return tuple(dict.fromkeys(values[:50]))


def _bbox(value: str) -> tuple[float, float, float, float] | None:
    try:
        west, south, east, north = (float(part) for part in value.split(","))
    except ValueError:
        return None
    if abs(west) <= 180 and abs(east) <= 180 and -90 <= south <= north <= 90:
        return west, south, east, north
    return None


# -- conditions ----------------------------------------------------------------------------------------------------


def _with(rows: QuerySet[Any]) -> Q:
    """Items whose key is in the first column of *rows*: a condition that never repeats an item."""
    return Q(pk__in=rows)


def conditions(who: rights.Viewer, filters: Filters) -> dict[str, Q]:
    """One condition for each field that asks something."""
    made = {**_plain(who, filters), **_joined(filters)}
    for scheme in SCHEMES:
        codes = getattr(filters, scheme)
        if codes:
            terms = Term.objects.filter(scheme=scheme, code__in=codes)
            made[scheme] = _with(Item.terms.through.objects.filter(term__in=terms).values("item_id"))
    if filters.media is not None:
        with_media = _with(Media.objects.values("item_id"))
        made["media"] = with_media if filters.media else ~with_media
    return made


def _plain(who: rights.Viewer, filters: Filters) -> dict[str, Q]:
    """Conditions on the item's own columns."""
    made: dict[str, Q] = {}
    for name in ("kind", "state", "source"):
        if values := getattr(filters, name):
            made[name] = Q(**{f"{name}__in": values})
    if filters.rights:
        made["rights"] = Q(rights__in=["" if uri == "none" else uri for uri in filters.rights])
    if filters.century:
        ranges = Q()
        for number in filters.century:
            ranges |= Q(year_from__range=_years_of(number))
        made["century"] = ranges
    if filters.illustrative is not None:
        made["illustrative"] = Q(illustrative=filters.illustrative)
    if filters.mine:
        made["mine"] = Q(owner=who.user) if who.user else Q(pk__in=[])
    return made


def _joined(filters: Filters) -> dict[str, Q]:
    """Conditions on communities, places and agents."""
    made: dict[str, Q] = {}
    if filters.community:
        communities = Item.communities.through.objects
        made["community"] = _with(communities.filter(community__slug__in=filters.community).values("item_id"))
    if filters.agent:
        made["agent"] = _with(Contribution.objects.filter(agent__key__in=filters.agent).values("item_id"))
    places = Item.places.through.objects
    if filters.place:
        inside = Q()
        for path in ("place", "place__part_of", "place__part_of__part_of"):
            inside |= Q(**{f"{path}__key__in": filters.place})
        made["place"] = _with(places.filter(inside).values("item_id"))
    if filters.country:
        made["country"] = _with(places.filter(place__country__in=filters.country).values("item_id"))
    if filters.bbox:
        made["bbox"] = _with(places.filter(inside_q(filters.bbox, "place__")).values("item_id"))
    return made


def _years_of(number: int) -> tuple[int, int]:
    """First and last astronomical year of a century as :func:`dates.century` counts."""
    return (number * 100 - 99, number * 100) if number > 0 else (number * 100 + 1, (number + 1) * 100)


def inside_q(bbox: tuple[float, float, float, float], prefix: str = "") -> Q:
    west, south, east, north = bbox
    latitude = Q(**{f"{prefix}latitude__range": (south, north)})
    if west <= east:
        return latitude & Q(**{f"{prefix}longitude__range": (west, east)})
    return latitude & (Q(**{f"{prefix}longitude__gte": west}) | Q(**{f"{prefix}longitude__lte": east}))


def filtered(who: rights.Viewer, filters: Filters, *, leave_out: str = "") -> QuerySet[Item]:
    """The items that *who* may see and that *filters* ask for, without the search words; one field may be left out."""
    items = Item.objects.filter(rights.visible_items(who))
    for name, condition in conditions(who, filters).items():
        if name != leave_out:
            items = items.filter(condition)
    return items
