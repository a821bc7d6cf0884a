"""Reads of the catalogue. Each obeys :mod:`heirloom.catalogue.rights`; none picks a language for a reader.

A page makes one :func:`heirloom.catalogue.rights.viewer` and hands it to every query here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.db.models import (
    Avg,
    Case,
    CharField,
    Count,
    F,
    FloatField,
    IntegerField,
    Min,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce, Floor

from heirloom.errors import NotFound
from heirloom.text import Translated, zawgyi

from . import rights, search
from .filters import Filters, filtered, inside_q
from .models import Community, Contribution, Item, Media, Place, Term, TitleKey

PAGE: Final = 24
MOST_VALUES: Final = 40
"""Values of a facet that are offered, the most frequent ones."""

FACETS: Final = (
    "kind", "language", "community", "country", "century", "technique", "material", "form", "period", "rights",
)  # fmt: skip
_COUNTED_SCHEMES: Final = ("language", "technique", "material", "form", "period")


# -- the list ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FacetValue:
    """A value of a facet: what to put into the filter, its name (a text, or translated), and how many items have it."""

    value: str | int
    label: Translated | str
    count: int
    selected: bool = False


@dataclass(frozen=True, slots=True)
class ItemList:
    """One page of items.

    Attributes:
        items: rows with ``media``, ``places``, ``communities`` and ``protocol`` at hand.
        total: how many there are on all pages. capped: there are more matches than were looked at.
        facets: by name (:data:`FACETS`), each the most frequent values first.
        loose: nothing matched as typed; these match inside words.
        warning: the query looks like Zawgyi; what it probably means.
    """

    items: list[Item]
    total: int
    page: int
    pages: int
    filters: Filters
    sort: str
    facets: Mapping[str, Sequence[FacetValue]] = field(default_factory=dict)
    capped: bool = False
    loose: bool = False
    warning: zawgyi.EncodingNotice | None = None


SORTS: Final = ("relevance", "recent", "title", "oldest", "newest")


def list_items(
    user: rights.type_of_person,
    filters: Filters | None = None,
    *,
    sort: str = "",
    page: int = 1,
    size: int = PAGE,
    language: str = "en",
    facets: bool = True,
) -> ItemList:
    """List, filter, search and count what *user* may see; at most 10 queries for a visitor, 11 for a person who searches.

    Args:
        sort: one of :data:`SORTS`; default ``relevance`` for a search, else ``recent``. ``oldest`` and ``newest`` go by the date of the thing.
        language: the reader's (BCP 47): titles in it come first and in its order; Vietnamese queries are read as such.
    """
    who = rights.viewer(user)
    filters = filters or Filters()
    found: search.Found | None = None
    if search.has_tokens(filters.q):
        allowed = Item.objects.filter(rights.visible_items(who))
        found = search.find(filters.q, "item", allowed, language=language, limit=search.MOST_MATCHES)
    elif filters.q.strip():
        found = search.Found((), asked=False)
    if sort not in SORTS or (sort == "relevance" and found is None):
        sort = "recent" if found is None else "relevance"
    counted = (
        _count(who, filters, found) if facets else {"total": {"": _matching(who, filters, found).count()}}
    )
    total = counted.get("total", {}).get("", 0)
    pages = max(1, -(-total // size))
    page = min(max(1, page), pages)
    items: list[Item] = []
    if total:
        narrowed = filters != Filters(q=filters.q)
        matching = _matching(who, filters, found)
        items = _page(matching, found, sort, language, (page - 1) * size, size, narrowed=narrowed)
    return ItemList(
        items,
        total,
        page,
        pages,
        filters,
        sort,
        _facets(filters, counted) if facets else {},
        capped=bool(found and found.more),
        loose=bool(found and found.loose),
        warning=search.warning(filters.q) if filters.q else None,
    )


def _matching(
    who: rights.Viewer, filters: Filters, found: search.Found | None, leave_out: str = ""
) -> QuerySet[Item]:
    items = filtered(who, filters, leave_out=leave_out)
    return items if found is None else items.filter(pk__among=found.pks)


def _page(
    items: QuerySet[Item],
    found: search.Found | None,
    sort: str,
    language: str,
    offset: int,
    size: int,
    *,
    narrowed: bool,
) -> list[Item]:
    shown = items.select_related("protocol").prefetch_related(
        "media", "communities", Prefetch("places", Place.objects.only("key", "name", "country"))
    )
    if sort == "relevance" and found is not None:
        matching = set(items.values_list("pk", flat=True)) if narrowed else set(found.pks)
        wanted = [pk for pk in found.pks if pk in matching][offset : offset + size]
        rows = {item.pk: item for item in shown.filter(pk__in=wanted)}
        return [rows[pk] for pk in wanted if pk in rows]
    return list(_sorted(shown, sort, language)[offset : offset + size])


def _sorted(items: QuerySet[Item], sort: str, language: str) -> QuerySet[Item]:
    if sort == "title":
        keys = TitleKey.objects.filter(item=OuterRef("pk"))
        mine = Subquery(keys.filter(language=language).values("key"))
        return items.annotate(_key=Coalesce(mine, Subquery(keys.filter(language="").values("key")))).order_by(
            "_key", "pk"
        )
    if sort == "oldest":
        return items.order_by(F("year_from").asc(nulls_last=True), "pk")
    if sort == "newest":
        return items.order_by(F("year_to").desc(nulls_last=True), "-pk")
    return items.order_by("-updated_at", "-pk")


# -- facets --------------------------------------------------------------------------------------------------------

Counted = dict[str, dict[str, int]]


def _row(name: str, value: Any, count: Any, rows: QuerySet[Any]) -> QuerySet[Any]:
    """Rows of (facet, value as text, number of items)."""
    counted: QuerySet[Any] = (
        rows.order_by()
        .annotate(_facet=Cast(Value(name), CharField()), _value=Cast(value, CharField()))
        .values("_facet", "_value")
        .annotate(_count=count)
        .values_list("_facet", "_value", "_count")
    )
    return counted


def _count(who: rights.Viewer, filters: Filters, found: search.Found | None) -> Counted:
    """Count the whole list and all facets in one query; each facet ignores what is chosen in itself."""
    every = _matching(who, filters, found)

    def base(name: str) -> QuerySet[Item]:
        return _matching(who, filters, found, name) if getattr(filters, name) else every

    def through(rows: QuerySet[Any], name: str) -> QuerySet[Any]:
        return rows.filter(item__in=base(name).order_by().values("pk"))

    distinct = Count("item_id", distinct=True)
    parts = [
        _row("total", Value(""), Count("pk"), every),
        _row("kind", F("kind"), Count("pk"), base("kind")),
        _row("rights", F("rights"), Count("pk"), base("rights")),
        _row("century", _CENTURY, Count("pk"), base("century").filter(year_from__isnull=False)),
        _row(
            "community",
            F("community_id"),
            distinct,
            through(Item.communities.through.objects.all(), "community"),
        ),
        _row(
            "country",
            F("place__country"),
            distinct,
            through(Item.places.through.objects.exclude(place__country=""), "country"),
        ),
    ]
    parts.extend(
        _row(
            scheme,
            F("term_id"),
            distinct,
            through(Item.terms.through.objects.filter(term__scheme=scheme), scheme),
        )
        for scheme in _COUNTED_SCHEMES
    )
    counted: Counted = {}
    for name, value, count in parts[0].union(*parts[1:], all=True):
        counted.setdefault(name, {})[value] = count
    return counted


_CENTURY: Final = Case(
    When(year_from__gt=0, then=(F("year_from") + 99) / 100),
    default=-((-F("year_from")) / 100 + 1),
    output_field=IntegerField(),
)


def _facets(filters: Filters, counted: Counted) -> dict[str, list[FacetValue]]:
    best = {name: _most(counted.get(name, {})) for name in FACETS}
    labels = _labels(best)
    made: dict[str, list[FacetValue]] = {}
    for name in FACETS:
        chosen = {str(value) for value in getattr(filters, name)}
        values: list[FacetValue] = []
        for raw, count in best[name]:
            value, label = labels.get((name, raw), (raw, raw))
            if name == "rights" and not raw:
                value = label = "none"
            values.append(
                FacetValue(int(value) if name == "century" else value, label, count, str(value) in chosen)
            )
        made[name] = values
    return made


def _most(values: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(values.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST_VALUES]


def _labels(best: Mapping[str, Sequence[tuple[str, int]]]) -> dict[tuple[str, str], tuple[str, Translated]]:
    """Code or slug and name of the terms and communities that are counted, in one query."""
    terms = [int(raw) for name in _COUNTED_SCHEMES for raw, _ in best[name]]
    communities = [int(raw) for raw, _ in best["community"]]
    if not terms and not communities:
        return {}
    text = CharField()
    rows = (
        Term.objects.filter(pk__in=terms)
        .annotate(_facet=Cast(F("scheme"), text), _code=Cast(F("code"), text))
        .values_list("_facet", "pk", "_code", "label")
        .union(
            Community.objects.filter(pk__in=communities)
            .annotate(_facet=Cast(Value("community"), text), _code=Cast(F("slug"), text))
            .values_list("_facet", "pk", "_code", "name"),
            all=True,
        )
    )
    return {(name, str(pk)): (code, label) for name, pk, code, label in rows}


# -- one thing -----------------------------------------------------------------------------------------------------


def get_item(user: rights.type_of_person, key: str) -> Item:
    """Return an item with everything that its page shows.

    Raises:
        NotFound: there is none, or *user* may not know of it.
    """
    item = (
        Item.objects.filter(key=key)
        .select_related("protocol", "owner")
        .prefetch_related(
            "protocol__communities",
            "communities",
            "terms",
            "media",
            "labels__community",
            Prefetch("places", Place.objects.select_related("part_of")),
            Prefetch("contributions", Contribution.objects.select_related("agent")),
        )
        .first()
    )
    if item is None or not rights.visible(user, item):
        raise NotFound
    return item


def items_to_edit(user: rights.type_of_person) -> QuerySet[Item]:
    """Return the items that *user* began and may see, and those of communities that they serve; the last changed first."""
    who = rights.viewer(user)
    mine = Q(owner=who.user) if who.user is not None else Q(pk__in=[])
    stewarded = rights.stewards_q(who, Item)
    if stewarded is not None:
        mine |= stewarded
    return Item.objects.filter(rights.visible_items(who)).filter(mine).order_by("-updated_at", "-pk")


def get_media(user: rights.type_of_person, key: str, path: str) -> Media:
    """Return a file of an item that *user* may see. Raises NotFound."""
    media = (
        Media.objects.filter(item__key=key, path=path)
        .select_related("item__protocol")
        .prefetch_related("item__communities", "item__protocol__communities")
        .first()
    )
    if media is None or not rights.visible(user, media.item):
        raise NotFound
    return media


@dataclass(frozen=True, slots=True)
class PlacePage:
    """A place with what *user* may see there: items (newest first), how many, and the places within it that have some."""

    place: Place
    items: list[Item]
    total: int
    parts: list[tuple[Place, int]]


def get_place(user: rights.type_of_person, key: str, *, size: int = PAGE) -> PlacePage:
    """Return a place and its items. Raises NotFound: there is none."""
    place = Place.objects.select_related("part_of__part_of").filter(key=key).first()
    if place is None:
        raise NotFound
    who = rights.viewer(user)
    items = filtered(who, Filters(place=(key,)))
    visible = Item.objects.filter(rights.visible_items(who)).order_by().values("pk")
    parts = (
        Place.objects.filter(part_of=place)
        .annotate(_items=Count("items", filter=Q(items__in=visible), distinct=True))
        .order_by("-_items", "pk")
    )
    shown = items.select_related("protocol").prefetch_related("media", "communities", "places")
    return PlacePage(
        place,
        list(shown.order_by("-updated_at", "-pk")[:size]),
        items.count(),
        [(part, part._items) for part in parts],  # noqa: SLF001  our annotation
    )


# -- maps and times ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cluster:
    """Items near each other: how many, where their middle is, and the only place's key where there is but one."""

    longitude: float
    latitude: float
    count: int
    place: str


def items_on_map(
    user: rights.type_of_person, filters: Filters | None = None, *, columns: int = 32
) -> list[Cluster]:
    """Gather items by the cells of a grid over ``filters.bbox`` (default: the whole Earth); one query beside rights.

    Args:
        columns: number of cells from west to east; cells are square in degrees.
    """
    who = rights.viewer(user)
    filters = filters or Filters()
    found = None
    if filters.q.strip():
        allowed = Item.objects.filter(rights.visible_items(who))
        found = search.find(filters.q, "item", allowed, limit=search.MOST_MATCHES)
    west, south, east, north = filters.bbox or (-180.0, -90.0, 180.0, 90.0)
    width = east - west if west <= east else east - west + 360
    cell = max(width, 1e-6) / max(1, columns)
    items = _matching(who, filters, found).order_by().values("pk")
    through: QuerySet[Any] = Item.places.through.objects.all()
    rows = (
        through.filter(item__in=items, place__longitude__isnull=False)
        .filter(inside_q((west, south, east, north), "place__"))
        .annotate(_x=Floor(F("place__longitude") / Value(cell)), _y=Floor(F("place__latitude") / Value(cell)))
        .values("_x", "_y")
        .annotate(
            _items=Count("item_id", distinct=True),
            _places=Count("place_id", distinct=True),
            _only=Min("place__key"),
            _longitude=Avg("place__longitude"),
            _latitude=Avg("place__latitude"),
        )
        .order_by("_x", "_y")
    )
    return [
        Cluster(
            row["_longitude"], row["_latitude"], row["_items"], row["_only"] if row["_places"] == 1 else ""
        )
        for row in rows
    ]


def timeline(
    user: rights.type_of_person, filters: Filters | None = None, *, step: int = 100
) -> list[tuple[int, int]]:
    """How many items begin in each span of *step* years: (first year, number of items), in order of time."""
    who = rights.viewer(user)
    rows = (
        filtered(who, filters or Filters())
        .filter(year_from__isnull=False)
        .order_by()
        .annotate(_span=Floor(Cast(F("year_from"), FloatField()) / Value(float(step))))
        .values("_span")
        .annotate(_count=Count("pk"))
        .order_by("_span")
    )
    return [(int(row["_span"]) * step, row["_count"]) for row in rows]
