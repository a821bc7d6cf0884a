"""IIIF Change Discovery 1.0 (https://iiif.io/api/discovery/1.0/): what was created, updated and removed, level 2.

Wiring: ``GET /iiif/discovery/1/activity`` -> :func:`collection`, ``GET /iiif/discovery/1/activity/page/N`` -> :func:`page`,
as ``application/ld+json`` with CORS open. Pages are stable: they are cut by the number of the change's row, and rows are
only ever added, so that no activity moves to another page; pages therefore differ in length. An activity about an item
that the public may no longer see turns into its deletion.
"""

from __future__ import annotations

from datetime import UTC
from typing import Any, Final

from django.db.models import Count, Exists, Max, Min, OuterRef, Q, QuerySet

from heirloom.errors import NotFound

from . import rights
from .exchange import Addresses, closed_to_public
from .models import Change, Item

CONTEXT: Final = "http://iiif.io/api/discovery/1/context.json"
PAGE: Final = 200


def activities() -> QuerySet[Change]:
    """Changes that may be told of, oldest first: what the public sees, saw, or sees in some seasons.

    What stands under a protocol that opens it to members, stewards, people with an account or an attribute alone is
    not told of, except that it was removed from view.
    """
    mine = Item.objects.filter(key=OuterRef("key"))
    seen = Exists(mine.filter(rights.visible_items(None)))
    closed = Exists(mine.filter(closed_to_public()))
    told = Q(seen) | ~Q(closed) | Q(kind=Change.Kind.DELETE)
    return Change.objects.filter(told, about="item").order_by("pk")


def _number(row: int | None, size: int) -> int:
    return max(0, ((row or 1) - 1) // size)


def collection(addresses: Addresses, size: int = PAGE) -> dict[str, Any]:
    """The stream as a whole: how many activities there are, the first and the last page."""
    bounds = activities().order_by().aggregate(total=Count("pk"), first=Min("pk"), last=Max("pk"))
    return {
        "@context": CONTEXT,
        "id": addresses.activity(),
        "type": "OrderedCollection",
        "totalItems": bounds["total"],
        "first": _page_ref(_number(bounds["first"], size), addresses),
        "last": _page_ref(_number(bounds["last"], size), addresses),
        "seeAlso": [{"id": addresses.collection(), "type": "Collection", "format": "application/ld+json"}],
    }


def _page_ref(number: int, addresses: Addresses) -> dict[str, str]:
    return {"id": addresses.activity(number), "type": "OrderedCollectionPage"}


def page(number: int, addresses: Addresses, size: int = PAGE) -> dict[str, Any]:
    """Page *number*, from 0, oldest first: what may be told of the rows ``number * size + 1`` and *size* - 1 more.

    Raises:
        NotFound: there is nothing on this page (and it is not the first).
    """
    first, last = number * size + 1, (number + 1) * size
    told = activities()
    rows = list(told.filter(pk__range=(first, last))) if 0 <= number < 2**40 else []
    if not rows and number != 0:
        raise NotFound
    before = told.filter(pk__lt=first).values_list("pk", flat=True).last()
    after = told.filter(pk__gt=last).values_list("pk", flat=True).first()
    keys = {row.key for row in rows}
    shown = set(Item.objects.filter(rights.visible_items(None), key__in=keys).values_list("key", flat=True))
    made: dict[str, Any] = {
        "@context": CONTEXT,
        "id": addresses.activity(number),
        "type": "OrderedCollectionPage",
        "partOf": {"id": addresses.activity(), "type": "OrderedCollection"},
    }
    if before is not None:
        made["prev"] = _page_ref(_number(before, size), addresses)
    if after is not None:
        made["next"] = _page_ref(_number(after, size), addresses)
    made["orderedItems"] = [_activity(row, row.key in shown, addresses) for row in rows]
    return made


def _activity(row: Change, shown: bool, addresses: Addresses) -> dict[str, Any]:
    thing: dict[str, Any] = {"id": addresses.manifest(row.key), "type": "Manifest"}
    if shown:
        thing["seeAlso"] = [
            {
                "id": addresses.linked_art(row.key),
                "type": "Dataset",
                "format": "application/ld+json",
                "profile": "https://linked.art/ns/v1/linked-art.json",
            }
        ]
    return {
        "id": f"{addresses.activity()}/{row.pk}",
        "type": row.kind if shown else Change.Kind.DELETE.value,
        "endTime": row.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "object": thing,
    }
