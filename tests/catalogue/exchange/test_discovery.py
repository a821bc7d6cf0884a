"""Change Discovery: stable pages, and nothing about what is closed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.factories.catalogue import make_community, make_item, make_protocol

from heirloom.catalogue import discovery
from heirloom.catalogue.exchange import Addresses
from heirloom.catalogue.models import Change, Item
from heirloom.errors import NotFound

pytestmark = [pytest.mark.database, pytest.mark.django_db]
AT = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


def tell(item: Item, kind: str = "Create") -> Change:
    return Change.objects.create(about="item", key=item.key, kind=kind, at=AT)


def walk(addresses: Addresses, size: int) -> list[dict]:
    """All activities, as a harvester reads them: from the last page backwards."""
    found: list[dict] = []
    address = discovery.collection(addresses, size)["last"]["id"]
    while address:
        page = discovery.page(int(address.rpartition("/")[2]), addresses, size)
        found[:0] = page["orderedItems"]
        assert page["id"] == address
        address = page.get("prev", {}).get("id")
    return found


def test_a_harvester_reads_backwards(addresses: Addresses) -> None:
    items = [make_item() for _ in range(7)]
    for item in items:
        tell(item)
    tell(items[2], "Update")
    Item.objects.filter(pk=items[4].pk).update(state="withdrawn")
    tell(items[4], "Delete")
    found = walk(addresses, 3)
    assert len(found) == 9 == discovery.collection(addresses, 3)["totalItems"]
    assert [one["object"]["id"] for one in found[:7]] == [addresses.manifest(item.key) for item in items]
    assert [one["type"] for one in found] == ["Create"] * 4 + ["Delete"] + ["Create"] * 2 + [
        "Update",
        "Delete",
    ]
    assert found[0]["endTime"] == "2026-03-04T05:06:07Z"
    assert "seeAlso" in found[0]["object"]
    assert "seeAlso" not in found[4]["object"]


def test_closing_an_item_moves_no_other_to_another_page(addresses: Addresses) -> None:
    items = [make_item() for _ in range(9)]
    rows = [tell(item) for item in items]
    number = (rows[8].pk - 1) // 3
    before = discovery.page(number, addresses, 3)["orderedItems"]
    items[0].protocol = make_protocol("members", communities=[make_community()])
    items[0].save()
    assert discovery.page(number, addresses, 3)["orderedItems"] == before
    assert addresses.manifest(items[0].key) not in {one["object"]["id"] for one in walk(addresses, 3)}


@pytest.mark.parametrize("audience", ["signed-in", "members", "stewards"])
def test_what_is_closed_is_not_told_of(audience: str, addresses: Addresses) -> None:
    protocol = make_protocol(audience, communities=[make_community()])
    tell(make_item(protocol=protocol))
    tell(make_item(protocol=protocol, state="withdrawn"), "Update")
    assert walk(addresses, 10) == []
    with pytest.raises(NotFound):
        discovery.page(10**6, addresses)


def test_an_empty_stream_has_an_empty_first_page(addresses: Addresses) -> None:
    stream = discovery.collection(addresses)
    assert stream["totalItems"] == 0
    assert discovery.page(0, addresses)["orderedItems"] == []


def test_a_page_costs_few_queries(addresses: Addresses) -> None:
    for _ in range(5):
        tell(make_item())
    first = (Change.objects.order_by("pk")[0].pk - 1) // 200
    with CaptureQueriesContext(connection) as queries:
        discovery.page(first, addresses)
    assert len(queries) <= 8
