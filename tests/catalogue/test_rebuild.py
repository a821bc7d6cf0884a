"""The rows come back from the archive alone, one by one."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.factories.catalogue import add_picture, make_kept_item
from tests.factories.people import make_user

from heirloom.catalogue import (
    actions,
    actions_community,
    actions_media,
    actions_shared,
    queries,
    record,
    store,
)
from heirloom.catalogue.actions_keep import keep_missing, whole
from heirloom.catalogue.models import (
    Agent,
    Change,
    Community,
    Item,
    Membership,
    Place,
    Protocol,
    SearchEntry,
    Term,
)
from heirloom.catalogue.rebuild import AlreadyThere, rebuild, snapshot
from heirloom.keys import object_id
from heirloom.people.models import User
from heirloom.text import Text, Translated

pytestmark = [pytest.mark.database, pytest.mark.django_db, pytest.mark.usefixtures("installation")]


def delete_everything() -> None:
    Item.objects.all().delete()
    for table in (Protocol, Community, Place, Term, Agent, Change, SearchEntry):
        table.objects.all().delete()


def build(by: User, steward: User) -> None:
    """A small catalogue in which every kind of row and every action takes part."""
    community = actions_community.create_community(
        by, slug="weavers", name=Translated({"en": "Weavers", "lo": "ຊ່າງຕໍ່າ"}), contact="house 3"
    )
    actions_community.add_member(by, community, steward, role="steward")
    actions_community.edit_community(steward, community, description=Translated({"lo": "ບ້ານ"}))
    protocol = actions_community.define_protocol(
        steward,
        name=Translated({"en": "In the dry season"}),
        audience="members",
        communities=[community],
        seasons=[["11-01", "03-31"]],
        attributes={"gender": ["women"]},
    )
    actions_community.edit_protocol(steward, protocol, audience="public", attributes={})
    country = actions_shared.ensure_place(by, name=Translated({"en": "Laos"}), country="la")
    town = actions_shared.ensure_place(
        by,
        name=Translated({"en": "Luang Prabang"}),
        country="LA",
        gazetteer="https://www.geonames.org/1655559",
        longitude=102.135,
        latitude=19.885,
        geometry={"type": "Point", "coordinates": [102.135, 19.885]},
        part_of=country,
    )
    weaver = actions_shared.ensure_agent(by, name=Translated({"en": "Kham"}), source_id="tate:1")
    loom = actions_shared.ensure_term(
        by, scheme="technique", code="aat:300053642", label=Translated({"en": "weaving"})
    )
    lao = actions_shared.ensure_term(by, scheme="language", code="lao", label=Translated({"en": "Lao"}))
    first = make_kept_item(
        by,
        title=Translated({"en": Text("Skirt", "machine"), "my": "ထဘီ"}),
        description=Translated({"km": "សំពត់"}),
        date="1937~/..",
        places=[town],
        terms=[loom, lao],
        communities=[community],
        contributions=[(weaver, "cre"), (weaver, "pht")],
        statements=[{"name": "medium", "value": "silk", "language": "en"}],
        source="tate",
        source_id="A00001",
        source_uri="https://example.org/A00001",
        illustrative=True,
    )
    actions_media.describe_media(
        by, add_picture(by, first, "ຜ້າ.png"), caption=Translated({"vi": "váy"}), position=5
    )
    actions.set_protocol(by, first, protocol)
    actions.apply_label(steward, first, community, "TK A", Translated({"lo": "ຂອງພວກເຮົາ"}))
    actions.withdraw_item(by, make_kept_item(by, places=[town], terms=[lao]))
    second = make_kept_item(by, terms=[loom], contributions=[(weaver, "cre")])
    actions_media.remove_media(by, second.media.get())
    # Corrections of what is shared, after packages with the older words were written.
    actions_shared.ensure_place(
        by, name=Translated({"lo": "ຫຼວງພະບາງ"}), gazetteer="https://www.geonames.org/1655559"
    )
    actions_shared.ensure_term(by, scheme="language", code="lao", label=Translated({"lo": "ລາວ"}))
    actions_shared.ensure_agent(
        by, name=Translated({"lo": "ຄຳ"}), source_id="tate:1", uri="https://example.org/k"
    )
    make_kept_item(by, publish=False)


def test_rebuilding_gives_the_same_rows() -> None:
    by, steward = make_user(grants=["cataloguer"]), make_user()
    build(by, steward)
    before = snapshot()
    assert {name: len(rows) for name, rows in before.items()} == {
        "Community": 1, "Protocol": 1, "Place": 2, "Term": 2, "Agent": 1, "Item": 4, "Contribution": 3,
        "Media": 4, "Label": 1, "Change": 10, "TitleKey": 9,
    }  # fmt: skip
    found = [item.key for item in queries.list_items(by, queries.Filters(q="ຫຼວງພະບາງ")).items]
    delete_everything()
    report = rebuild()
    assert report.unread == {}
    assert report.made["item"] == 4
    assert snapshot() == before
    assert [item.key for item in queries.list_items(by, queries.Filters(q="ຫຼວງພະບາງ")).items] == found != []


def test_a_snapshot_sees_every_difference() -> None:
    by = make_user(grants=["cataloguer"])
    item = make_kept_item(by)
    before = snapshot()
    for change in (
        {"title": Translated({"en": "Other"})},
        {"year_from": 3},
        {"digest": "0"},
        {"state": "draft"},
    ):
        Item.objects.filter(pk=item.pk).update(**change)
        assert snapshot() != before
        Item.objects.filter(pk=item.pk).update(**{name: getattr(item, name) for name in change})
    assert snapshot() == before


def test_purged_items_stay_gone_and_are_told_as_deleted() -> None:
    by, archivist = make_user(grants=["cataloguer"]), make_user(grants=["archivist"])
    item = make_kept_item(by)
    actions.purge_item(archivist, item, "court order")
    delete_everything()
    rebuild()
    assert not Item.objects.exists()
    assert [(change.kind, change.key) for change in Change.objects.all()] == [("Delete", item.key)]


def test_rebuilding_refuses_a_catalogue_with_rows() -> None:
    make_kept_item()
    before = snapshot()
    with pytest.raises(AlreadyThere):
        rebuild()
    assert snapshot() == before


def test_a_package_that_cannot_be_read_is_reported_and_the_others_are_made() -> None:
    item, other = make_kept_item(), make_kept_item()
    broken = object_id("item", other.key)
    store.archive().write(broken, {"record.json": b"{"}, message="break", agent=store.SYSTEM)
    delete_everything()
    report = rebuild()
    assert list(report.unread) == [broken]
    assert [row.key for row in Item.objects.all()] == [item.key]


def test_packages_that_a_crash_prevented_are_written() -> None:
    steward = make_user()
    community = Community.objects.create(slug="weavers", name=Translated({"en": "Weavers"}))
    Membership.objects.create(user=steward, community=community, role="steward")
    assert keep_missing() == 1
    assert keep_missing() == 0
    assert store.archive().exists(object_id("community", community.key))


texts = st.dictionaries(
    st.sampled_from(["en", "lo", "zh-Hant-TW", "my", "und"]),
    st.builds(
        Text,
        st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30).filter(str.strip),
        st.sampled_from(["human", "machine", "reviewed"]),
    ),
    max_size=3,
).map(Translated)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    title=texts,
    description=texts,
    holder=st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20),
    date=st.sampled_from(["", "1937", "-0043/..", "[1667,1668..1670]"]),
)
def test_any_description_survives(title: Translated, description: Translated, holder: str, date: str) -> None:
    delete_everything()
    by = make_user(grants=["cataloguer"])
    item = actions.create_item(
        by,
        kind="text",
        title=title.merged({"en": "x"}),
        description=description,
        rights_holder=holder,
        date=date,
    )
    item = actions.publish_item(by, item)
    stored = record.load(store.archive().read(object_id("item", item.key), record.RECORD), "x")
    again = whole(Item.objects.filter(pk=item.pk)).get()
    assert stored == record.item_record(again, Change.objects.filter(key=item.key))
    before = snapshot()
    # Other examples' packages are still in the archive; look at this one alone.
    delete_everything()
    rebuild()
    after = snapshot()
    assert {name: [row for row in rows if item.key in row] for name, rows in after.items()} == {
        name: [row for row in rows if item.key in row] for name, rows in before.items()
    }
