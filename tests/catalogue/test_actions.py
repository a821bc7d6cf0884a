"""What people do to items, on the real database and a real archive."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.factories.catalogue import (
    add_picture,
    make_agent,
    make_community,
    make_item,
    make_kept_item,
    make_place,
    make_protocol,
    make_term,
    png,
)
from tests.factories.people import make_user

from heirloom.archive.safe import Refused
from heirloom.catalogue import actions, actions_media, store, vocabularies
from heirloom.catalogue.actions_errors import InUse, InvalidField, NoTitle, Stale, WrongState
from heirloom.catalogue.models import Change, Item, Protocol, SearchEntry
from heirloom.errors import NotAllowed
from heirloom.keys import object_id
from heirloom.people.models import LogEntry
from heirloom.text import Translated

pytestmark = [pytest.mark.database, pytest.mark.django_db, pytest.mark.usefixtures("installation")]

TITLE = Translated({"en": "Naga boat", "lo": "ເຮືອນາກ"})


def record_of(item: Item) -> dict:
    return json.loads(store.archive().read(object_id("item", item.key), "record.json"))


def test_a_draft_lives_in_the_database_alone() -> None:
    user = make_user()
    item = actions.create_item(user, kind="object", title=TITLE, date="-0043/0100")
    assert (item.owner, item.state, item.year_from, item.year_to) == (user, "draft", -43, 100)
    assert not store.archive().exists(object_id("item", item.key))
    assert LogEntry.objects.filter(about="item", key=item.key, action="create", actor=user).count() == 1
    assert not Change.objects.exists()


def test_nobody_without_an_account_describes() -> None:
    with pytest.raises(NotAllowed):
        actions.create_item(None, kind="object", title=TITLE)
    assert not Item.objects.exists()


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"kind": "spaceship"}, InvalidField),
        ({"date": "yesterday"}, actions.dates.InvalidDate),
        ({"rights": "https://example.org/mine"}, vocabularies.UnknownRights),
        ({"source_uri": "javascript:alert(1)"}, InvalidField),
        ({"statements": [{"value": "x"}]}, InvalidField),
        ({"rights_holder": "x" * 301}, InvalidField),
    ],
)
def test_wrong_values_are_refused_by_code(fields: dict, error: type) -> None:
    with pytest.raises(error):
        actions.create_item(make_user(), **{"kind": "object", "title": TITLE, **fields})
    assert not Item.objects.exists()


def test_a_role_must_be_a_relator() -> None:
    user = make_user()
    with pytest.raises(vocabularies.UnknownRole):
        actions.create_item(user, kind="object", title=TITLE, contributions=[(make_agent(), "wizard")])


def test_publishing_keeps_record_crate_and_media_in_one_version() -> None:
    by = make_user(grants=["cataloguer"])
    item = make_kept_item(by, title=TITLE, places=[make_place()], terms=[make_term()])
    identifier = object_id("item", item.key)
    assert set(store.archive().files(identifier)) == {
        "record.json",
        "ro-crate-metadata.json",
        "media/picture.png",
    }
    head = store.archive().head(identifier)
    assert (item.object_version, item.digest) == (head.number, head.digest) == (2, head.digest)
    assert record_of(item)["state"] == "published"
    assert [change.kind for change in Change.objects.filter(key=item.key)] == ["Create"]
    crate = json.loads(store.archive().read(identifier, "ro-crate-metadata.json"))
    files = {entity["@id"] for entity in crate["@graph"] if entity["@type"] == "File"}
    assert files == {"record.json", "media/picture.png"}


def test_publishing_twice_does_nothing() -> None:
    by = make_user(grants=["cataloguer"])
    item = make_kept_item(by)
    again = actions.publish_item(by, item)
    assert again.object_version == item.object_version
    assert Change.objects.filter(key=item.key).count() == 1


def test_an_applicant_cannot_publish() -> None:
    user = make_user()
    item = actions.create_item(user, kind="object", title=TITLE)
    with pytest.raises(NotAllowed):
        actions.publish_item(user, item)
    assert Item.objects.get().state == "draft"


def test_publishing_needs_a_title() -> None:
    by = make_user(grants=["cataloguer"])
    item = actions.create_item(by, kind="object", title=Translated())
    with pytest.raises(NoTitle):
        actions.publish_item(by, item)


def test_editing_a_published_item_publishes_it_anew() -> None:
    by = make_user(grants=["cataloguer"])
    item = make_kept_item(by)
    edited = actions.edit_item(
        by, item, revision=item.revision, description=Translated({"en": "Long and red"})
    )
    assert edited.object_version == item.object_version + 1
    assert record_of(item)["description"]["en"]["text"] == "Long and red"
    assert [change.kind for change in Change.objects.filter(key=item.key)] == ["Create", "Update"]


def test_an_edit_that_changes_nothing_makes_no_version() -> None:
    by = make_user(grants=["cataloguer"])
    item = make_kept_item(by)
    same = actions.edit_item(by, item, title=item.title)
    assert (same.revision, same.object_version) == (item.revision, item.object_version)


def test_an_edit_of_an_older_revision_is_refused() -> None:
    user = make_user()
    item = actions.create_item(user, kind="object", title=TITLE)
    actions.edit_item(user, item, revision=0, date="1937")
    with pytest.raises(Stale):
        actions.edit_item(user, item, revision=0, date="1938")
    assert Item.objects.get().date == "1937"


def test_strangers_cannot_edit() -> None:
    item = make_item(state="published")
    with pytest.raises(NotAllowed):
        actions.edit_item(make_user(), item, date="1937")


def test_media_are_kept_at_once_under_their_own_name() -> None:
    user = make_user()
    item = actions.create_item(user, kind="image", title=TITLE)
    media = add_picture(user, item, "ເຮືອ ນາກ.PNG")
    assert (media.path, media.original_name) == ("media/ເຮືອ ນາກ.png", "ເຮືອ ນາກ.PNG")
    assert (media.width, media.height, media.media_type) == (3, 2, "image/png")
    assert store.archive().files(object_id("item", item.key))[media.path].sha512 == media.sha512
    second = add_picture(user, item, "ເຮືອ ນາກ.png")
    assert second.path == "media/ເຮືອ ນາກ-2.png"


def test_a_hostile_file_stores_nothing() -> None:
    import io

    user = make_user()
    item = actions.create_item(user, kind="image", title=TITLE)
    with pytest.raises(Refused):
        actions_media.add_media(user, item, io.BytesIO(b"MZ\x90\x00" + b"\x00" * 400), "../../cat.png")
    assert not item.media.exists()
    assert not store.archive().exists(object_id("item", item.key))


@pytest.mark.parametrize("large", [False, True])
def test_a_file_of_the_same_name_that_comes_meanwhile_takes_nothing_away(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, large: bool
) -> None:
    by = make_user()
    item = actions.create_item(by, kind="image", title=TITLE)
    first, second = tmp_path / "first.png", tmp_path / "second.png"
    first.write_bytes(png(5, 4))
    second.write_bytes(png(3, 2))
    if large:
        monkeypatch.setattr(actions_media, "AT_ONCE", 10)
    locked = actions_media.locked

    def after_another(item: Item) -> Item:
        monkeypatch.undo()
        actions_media.add_media(by, item, second, "boat.png")
        return locked(item)

    monkeypatch.setattr(actions_media, "locked", after_another)
    actions_media.add_media(by, item, first, "boat.png")

    kept = store.archive().files(object_id("item", item.key))
    rows = {media.path: (media.sha512, media.size) for media in item.media.all()}
    assert len(rows) == 2
    assert {path: (kept[path].sha512, kept[path].size) for path in rows} == rows
    assert sorted(size for _digest, size in rows.values()) == sorted(
        path.stat().st_size for path in (first, second)
    )


def test_a_large_file_goes_in_before_the_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions_media, "AT_ONCE", 10)
    user = make_user()
    item = actions.create_item(user, kind="image", title=TITLE)
    media = add_picture(user, item)
    assert store.archive().read(object_id("item", item.key), media.path) == png()
    assert record_of(item)["media"][0]["sha512"] == media.sha512


def test_what_a_crash_left_in_the_package_is_dropped_by_the_next_version() -> None:
    by = make_user(grants=["cataloguer"])
    item = make_kept_item(by)
    identifier = object_id("item", item.key)
    store.archive().write(identifier, {"media/left.png": png()}, message="crash", agent=store.SYSTEM)
    actions.edit_item(by, item, date="1937")
    assert set(store.archive().files(identifier)) == {
        "record.json",
        "ro-crate-metadata.json",
        "media/picture.png",
    }


def test_removed_media_stay_in_older_versions() -> None:
    by = make_user(grants=["cataloguer"])
    item = make_kept_item(by)
    media = item.media.get()
    actions_media.remove_media(by, media)
    identifier = object_id("item", item.key)
    assert media.path not in store.archive().files(identifier)
    assert store.archive().read(identifier, media.path, version=2) == png()


def test_withdrawing_hides_and_keeps() -> None:
    by = make_user(grants=["cataloguer"])
    item = actions.withdraw_item(by, make_kept_item(by), reason="the family asked")
    assert record_of(item)["state"] == "withdrawn"
    assert Change.objects.filter(key=item.key).last().kind == "Delete"
    with pytest.raises(WrongState):
        actions.withdraw_item(by, actions.create_item(by, kind="object", title=TITLE))


def test_a_protocol_holds_at_once_and_in_the_package() -> None:
    steward, by = make_user(), make_user(grants=["cataloguer"])
    protocol = make_protocol("stewards", communities=[make_community(stewards=[steward])])
    item = make_kept_item(by)
    item = actions.set_protocol(by, item, protocol)
    assert record_of(item)["protocol"]["key"] == protocol.key
    with pytest.raises(NotAllowed):
        actions.set_protocol(by, item, None)
    assert actions.set_protocol(steward, item, None).protocol is None


def test_only_stewards_apply_labels() -> None:
    steward, by = make_user(), make_user(grants=["cataloguer"])
    community = make_community(stewards=[steward])
    item = make_kept_item(by)
    with pytest.raises(NotAllowed):
        actions.apply_label(by, item, community, "TK A")
    with pytest.raises(vocabularies.UnknownLabel):
        actions.apply_label(steward, item, community, "TK ZZ")
    label = actions.apply_label(steward, item, community, "tk-a", Translated({"lo": "ຂອງພວກເຮົາ"}))
    assert label.code == "TK A"
    assert record_of(item)["labels"][0]["text"]["lo"]["text"] == "ຂອງພວກເຮົາ"
    with pytest.raises(NotAllowed):
        actions.remove_label(by, label)
    actions.remove_label(steward, label)
    assert record_of(item)["labels"] == []


def test_purging_erases_and_leaves_a_tombstone() -> None:
    by = make_user(grants=["cataloguer"])
    item = make_kept_item(by)
    with pytest.raises(NotAllowed):
        actions.purge_item(by, item, "court order")
    archivist = make_user(grants=["archivist"])
    with pytest.raises(InvalidField):
        actions.purge_item(archivist, item, " ")
    actions.purge_item(archivist, item, "court order")
    assert not Item.objects.exists()
    assert not SearchEntry.objects.exists()
    assert not store.archive().exists(object_id("item", item.key))
    assert [stone.reason for stone in store.archive().tombstones()] == ["court order"]
    assert Change.objects.filter(key=item.key).last().kind == "Delete"


def test_what_a_case_shows_is_not_purged() -> None:
    from heirloom.cases.models import Case, Section

    item = make_kept_item()
    Section.objects.create(case=Case.objects.create(), item=item)
    with pytest.raises(InUse):
        actions.purge_item(make_user(grants=["archivist"]), item, "court order")
    assert store.archive().exists(object_id("item", item.key))
    assert SearchEntry.objects.count() == 1


def test_closing_an_item_tells_harvesters_that_it_is_gone() -> None:
    cataloguer = make_user(grants=["cataloguer"])
    item = actions.create_item(cataloguer, kind="object", title=Translated({"en": "Drum"}))
    item = actions.publish_item(cataloguer, item)
    closed = Protocol.objects.create(audience=Protocol.Audience.MEMBERS)
    item = actions.set_protocol(cataloguer, item, closed)
    kinds = Change.objects.filter(about="item", key=item.key).order_by("id").values_list("kind", flat=True)
    assert list(kinds) == ["Create", "Delete"]
