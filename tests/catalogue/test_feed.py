"""What harvesters are told when a community edits its protocol, and when a season opens and closes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from xml.etree import ElementTree as ET

import pytest
from django.utils import timezone
from django_tasks_db.models import DBTaskResult
from tests.catalogue.test_rebuild import delete_everything
from tests.factories.catalogue import make_community, make_kept_item, make_protocol
from tests.factories.people import make_user

from heirloom.catalogue import (
    actions,
    actions_community,
    actions_feed,
    actions_ingest,
    discovery,
    oai,
    rights,
    store,
)
from heirloom.catalogue.exchange import Addresses
from heirloom.catalogue.importers.draft import ItemDraft
from heirloom.catalogue.models import Change, Item, Protocol
from heirloom.catalogue.rebuild import rebuild, snapshot
from heirloom.keys import object_id
from heirloom.people.models import User
from heirloom.text import Translated

pytestmark = [pytest.mark.database, pytest.mark.django_db, pytest.mark.usefixtures("installation")]
ADDRESSES = Addresses("https://example.org")
NAMESPACE = "{http://www.openarchives.org/OAI/2.0/}"
Day = Callable[[int], None]


@pytest.fixture
def steward() -> User:
    return make_user()


@pytest.fixture
def by() -> User:
    return make_user(grants=["cataloguer"])


@pytest.fixture
def day(monkeypatch: pytest.MonkeyPatch) -> Day:
    """Go to a day, counted from 1 June 2026."""

    def go(number: int) -> None:
        moment = datetime(2026, 6, 1, 12, tzinfo=UTC) + timedelta(days=number)
        monkeypatch.setattr(timezone, "now", lambda: moment)

    go(0)
    return go


def protocol_of(steward: User, audience: str, **over: object) -> Protocol:
    return actions_community.define_protocol(
        steward,
        name=Translated({"en": "Ours"}),
        audience=audience,
        communities=[make_community(stewards=[steward])],
        **over,
    )


def kinds(item: Item) -> list[str]:
    return [change.kind for change in Change.objects.filter(about="item", key=item.key).order_by("pk")]


def harvested(*, since: str = "") -> dict[str, str]:
    """Item -> ``there`` or ``deleted``, as OAI-PMH says; of changes from *since* on."""
    asked = [("verb", "ListIdentifiers"), ("metadataPrefix", "oai_dc"), *([("from", since)] if since else [])]
    answer = oai.respond(asked, oai.Repository(ADDRESSES, "Museum", "a@example.org"))
    return {
        header.findtext(f"{NAMESPACE}identifier", "").rpartition(":")[2]: header.get("status", "there")
        for header in ET.fromstring(answer).iter(f"{NAMESPACE}header")
    }


def discovered(item: Item) -> list[str]:
    """The activities about *item* that IIIF Change Discovery tells."""
    found: list[str] = []
    address = discovery.collection(ADDRESSES)["last"]["id"]
    while address:
        page = discovery.page(int(address.rpartition("/")[2]), ADDRESSES)
        about = ADDRESSES.manifest(item.key)
        found[:0] = [one["type"] for one in page["orderedItems"] if one["object"]["id"] == about]
        address = page.get("prev", {}).get("id")
    return found


@pytest.mark.parametrize("audience", ["signed-in", "members", "stewards"])
def test_an_edited_protocol_closes_and_opens_items_for_harvesters(
    audience: str, by: User, steward: User
) -> None:
    protocol = protocol_of(steward, "public")
    items = [make_kept_item(by, protocol=protocol, media=False) for _ in range(2)]
    other = make_kept_item(by, media=False)
    actions_community.edit_protocol(steward, protocol, audience=audience)
    assert harvested() == {items[0].key: "deleted", items[1].key: "deleted", other.key: "there"}
    assert discovered(items[0]) == ["Delete"]
    actions_community.edit_protocol(steward, protocol, audience="public")
    assert set(harvested().values()) == {"there"}
    assert [kinds(item) for item in (*items, other)] == [["Create", "Delete", "Create"]] * 2 + [["Create"]]


def test_a_harvester_that_asks_for_what_is_new_learns_of_the_edit(by: User, steward: User, day: Day) -> None:
    protocol = protocol_of(steward, "public")
    item = make_kept_item(by, protocol=protocol, media=False)
    day(10)
    since = "2026-06-10T00:00:00Z"
    assert harvested(since=since) == {}
    actions_community.edit_protocol(steward, protocol, audience="members")
    assert harvested(since=since) == {item.key: "deleted"}


def test_an_edit_that_opens_nothing_tells_nothing(steward: User) -> None:
    protocol = protocol_of(steward, "members")
    item = make_kept_item(steward, protocol=protocol, media=False)
    actions_community.edit_protocol(steward, protocol, audience="stewards")
    actions_community.edit_protocol(steward, protocol, note=Translated({"en": "why"}))
    assert (harvested(), discovered(item), kinds(item)) == ({}, [], ["Create"])


def test_what_the_public_never_saw_is_not_told_of_when_it_goes(steward: User) -> None:
    protocol = protocol_of(steward, "members")
    withdrawn, purged = (make_kept_item(steward, protocol=protocol, media=False) for _ in range(2))
    actions.withdraw_item(steward, withdrawn)
    actions.purge_item(make_user(grants=["archivist"]), purged, "court order")
    assert (harvested(), discovered(withdrawn), discovered(purged)) == ({}, [], [])


def test_what_was_closed_and_then_withdrawn_stays_deleted_for_harvesters(by: User, steward: User) -> None:
    protocol = protocol_of(steward, "public")
    item = make_kept_item(by, protocol=protocol, media=False)
    actions_community.edit_protocol(steward, protocol, audience="members")
    actions.apply_label(steward, item, protocol.communities.get(), "TK A")
    assert harvested() == {item.key: "deleted"}
    actions.withdraw_item(steward, item)
    assert harvested() == {item.key: "deleted"}


def test_a_season_that_opens_and_closes_is_told(by: User, steward: User, day: Day) -> None:
    protocol = protocol_of(steward, "public", seasons=[["06-05", "06-08"]])
    always, kept_to_members = make_kept_item(by, media=False), protocol_of(steward, "members")
    hidden = make_kept_item(steward, protocol=kept_to_members, media=False)
    item = make_kept_item(by, protocol=protocol, media=False)
    told = []
    for number in range(12):
        day(number)
        told.append(actions_feed.announce_seasons())
        assert actions_feed.announce_seasons() == 0
        expected = "there" if 4 <= number <= 7 else "deleted"
        assert harvested() == {item.key: expected, always.key: "there"}
    assert told == [0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0]
    assert (kinds(item), kinds(hidden)) == (["Delete", "Create", "Delete"], ["Create"])
    assert harvested(since="2026-06-09T00:00:00Z") == {item.key: "deleted"}


def test_what_changes_out_of_season_comes_back_with_it(steward: User, day: Day) -> None:
    protocol = protocol_of(steward, "public", seasons=[["06-05", "06-08"]])
    item = make_kept_item(steward, protocol=protocol, media=False)
    day(1)
    actions.edit_item(steward, item, title=Translated({"en": "Other"}))
    day(5)
    actions_feed.announce_seasons()
    actions.edit_item(steward, item, title=Translated({"en": "In season"}))
    assert kinds(item) == ["Delete", "Delete", "Create", "Update"]


def test_an_import_tells_the_truth_about_seasons(by: User, day: Day) -> None:
    day(0)
    resting = make_protocol("public", seasons=[["01-01", "01-02"]])
    draft = ItemDraft("tate", "A1", kind="object", title=Translated({"en": "Drum"}), protocol=resting.key)
    actions_ingest.ingest_records(by, [draft])
    item = Item.objects.get()
    assert (kinds(item), harvested()) == (["Delete"], {item.key: "deleted"})


def test_what_was_told_of_protocols_and_seasons_is_rebuilt(by: User, steward: User, day: Day) -> None:
    protocol = protocol_of(steward, "public", seasons=[["06-05", "06-08"]])
    items = [make_kept_item(by, protocol=protocol, media=False) for _ in range(3)]
    day(5)
    actions_feed.announce_seasons()
    day(6)
    actions.edit_item(by, items[0], title=Translated({"en": "Other"}))
    day(7)
    actions_community.edit_protocol(steward, protocol, audience="members")
    versions = len(store.archive().versions(object_id("item", items[1].key)))
    before = snapshot([Change, Item, Protocol])
    assert kinds(items[0]) == ["Delete", "Create", "Update", "Delete"]
    delete_everything()
    rebuild()
    assert snapshot([Change, Item, Protocol]) == before
    assert versions == 1


def test_a_worker_looks_every_day(day: Day) -> None:
    actions_feed.look_tomorrow()
    actions_feed.look_tomorrow()
    waiting = DBTaskResult.objects.get()
    assert timezone.localtime(waiting.run_after).date() == date(2026, 6, 2)
    waiting.status = "RUNNING"
    waiting.save()
    day(1)
    actions_feed.look_at_seasons.func()
    assert DBTaskResult.objects.filter(status="READY").count() == 1


def test_nobody_sees_more_by_being_told(by: User, steward: User) -> None:
    protocol = protocol_of(steward, "public")
    item = make_kept_item(by, protocol=protocol, media=False)
    actions_community.edit_protocol(steward, protocol, audience="members")
    assert not rights.visible(None, Item.objects.get(pk=item.pk))
    answer = oai.respond(
        [("verb", "ListRecords"), ("metadataPrefix", "oai_dc")],
        oai.Repository(ADDRESSES, "Museum", "a@example.org"),
    )
    assert b"<metadata>" not in answer
    assert item.title.text(["en"]).encode() not in answer
