"""What harvesters may learn: the last change of every item that is, or was, open to everybody.

An item stands in the feed while a visitor without an account may see it. When it no longer is (withdrawn, purged, closed by its community, out of its
protocol's season), it stands there as deleted, so that harvesters forget it. What was never open to everybody does not
stand there at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from . import rights
from .actions_keep import whole
from .models import Change, Community, Item, Protocol


@dataclass(frozen=True, slots=True)
class Entry:
    """One item of the feed: its last change, and the whole item where the public may see it (else it is deleted)."""

    cursor: int
    at: datetime
    key: str
    kind: str
    item: Item | None


@dataclass(frozen=True, slots=True)
class Selection:
    """Which entries: changed from and until a moment (both inclusive, to the second), of a community, of a kind."""

    since: datetime | None = None
    until: datetime | None = None
    community: str = ""
    kind: str = ""


def changes(selection: Selection | None = None) -> QuerySet[Change]:
    """The last change of each item that may be told of, in the order in which they happened.

    A row that says ``Delete`` stands only where the public saw the item once (:mod:`heirloom.catalogue.actions_feed`).
    """
    mine = Item.objects.filter(key=OuterRef("key"))
    newer = Change.objects.filter(about="item", key=OuterRef("key"), pk__gt=OuterRef("pk"))
    seen = Exists(mine.filter(rights.visible_items(None)))
    seasonal = Exists(
        mine.filter(
            state=Item.State.PUBLISHED, protocol__audience=Protocol.Audience.PUBLIC, protocol__attributes={}
        )
    )
    found = Change.objects.filter(
        Q(seen) | Q(seasonal) | Q(kind=Change.Kind.DELETE), ~Exists(newer), about="item"
    ).order_by("pk")
    if selection is None:
        return found
    if selection.since:
        found = found.filter(at__gte=selection.since)
    if selection.until:
        found = found.filter(at__lt=selection.until + timedelta(seconds=1))
    if selection.community:
        found = found.filter(Exists(mine.filter(communities__slug=selection.community)))
    if selection.kind:
        found = found.filter(Exists(mine.filter(kind=selection.kind)))
    return found


def page(selection: Selection, after: int, size: int) -> list[Entry]:
    """Up to *size* entries behind the cursor *after*; the same few queries whatever the size."""
    return entries(list(changes(selection).filter(pk__gt=after)[:size]))


def entries(rows: Sequence[Change]) -> list[Entry]:
    """Changes with their items, where the public may see them."""
    keys = [row.key for row in rows]
    items = {item.key: item for item in whole(Item.objects.filter(rights.visible_items(None), key__in=keys))}
    return [
        Entry(
            row.pk, row.at, row.key, row.kind if row.key in items else Change.Kind.DELETE, items.get(row.key)
        )
        for row in rows
    ]


def one(key: str) -> Entry | None:
    """The entry of one item; None where the public may know nothing of it."""
    found = entries(list(changes().filter(key=key)[:1]))
    return found[0] if found else None


def earliest() -> datetime:
    """When the feed begins."""
    first = Change.objects.order_by("at").values_list("at", flat=True).first()
    return (first or timezone.now()).astimezone(UTC).replace(microsecond=0)


def sets() -> list[Community]:
    """The communities with something that the public may see."""
    seen = Item.objects.filter(rights.visible_items(None), communities=OuterRef("pk"))
    return list(Community.objects.filter(Exists(seen)).order_by("slug"))


def kinds() -> list[str]:
    """The kinds of item with something that the public may see."""
    found = (
        Item.objects.filter(rights.visible_items(None)).order_by().values_list("kind", flat=True).distinct()
    )
    return sorted(found)
