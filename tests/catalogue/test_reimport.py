"""The same source again, as it was and changed: rows and versions exactly as expected, and nothing twice."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.factories.catalogue import make_community, png
from tests.factories.people import make_user

from heirloom.catalogue import store
from heirloom.catalogue.actions_ingest import ingest_records
from heirloom.catalogue.importers.draft import ItemDraft, LabelDraft, MediaDraft
from heirloom.catalogue.importers.report import Report
from heirloom.catalogue.importers.sources import opened
from heirloom.catalogue.models import Change, Item, Media
from heirloom.catalogue.rebuild import snapshot
from heirloom.keys import object_id
from heirloom.people.models import User
from heirloom.text import Translated

pytestmark = [pytest.mark.database, pytest.mark.django_db, pytest.mark.usefixtures("installation")]

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="3" height="2" onload="x()"><rect width="3" height="2"/></svg>'


@pytest.fixture
def by() -> User:
    return make_user(grants=["cataloguer"])


@pytest.fixture
def village(tmp_path: Path) -> Path:
    path = tmp_path / "village"
    path.mkdir()
    return path


def counts(report: Report) -> dict[str, int]:
    return {name: number for name, number in report.counts.items() if number}


def versions(item: Item) -> int:
    return store.archive().head(object_id("item", item.key)).number


def folder(by: User, path: Path, *, dry_run: bool = False) -> Report:
    with opened("folder", path, source="village") as source:
        return ingest_records(by, source.drafts, dry_run=dry_run)


def drum(**over: object) -> ItemDraft:
    return ItemDraft("village", "drum", kind="object", title=Translated({"en": "Drum"}), **over)


def test_a_folder_again_changes_nothing_also_with_rebuilt_and_refused_files(by: User, village: Path) -> None:
    (village / "drum.png").write_bytes(png())
    (village / "sign.svg").write_bytes(SVG)
    (village / "gong.png").write_bytes(png(4, 4))
    (village / "gong.jpg").write_bytes(b"MZ" + b"\0" * 500)
    assert counts(folder(by, village)) == {"create": 2}
    before, kept = snapshot(), [versions(item) for item in Item.objects.all()]
    for dry_run in (True, False):
        report = folder(by, village, dry_run=dry_run)
        assert counts(report) == {"unchanged": 2}
        assert report.problems == {"draft.file-refused": 1}
    assert snapshot() == before
    assert [versions(item) for item in Item.objects.all()] == kept == [1, 1]


def test_a_changed_file_takes_the_place_of_the_one_with_its_name(by: User, village: Path) -> None:
    (village / "drum.png").write_bytes(png())
    folder(by, village)
    item, first = Item.objects.get(), Media.objects.get()
    first.caption = Translated({"lo": "ກອງ"})
    first.save()
    (village / "drum.png").write_bytes(png(5, 7))
    assert counts(folder(by, village, dry_run=True)) == {"update": 1}
    assert counts(folder(by, village)) == {"update": 1}
    second = Media.objects.get()
    assert (second.pk, second.path, second.position) == (first.pk, first.path, first.position)
    assert (second.width, second.height, second.size) == (5, 7, len(png(5, 7)))
    assert second.caption == Translated({"lo": "ກອງ"})
    archive, identifier = store.archive(), object_id("item", item.key)
    assert archive.read(identifier, second.path) == png(5, 7)
    assert archive.read(identifier, first.path, version=1) == png()
    assert [path for path in archive.files(identifier) if path.startswith("media/")] == [second.path]
    assert (versions(item), Change.objects.count()) == (2, 2)
    assert counts(folder(by, village)) == {"unchanged": 1}
    (village / "drum.png").write_bytes(png())
    folder(by, village)
    assert (Media.objects.get().width, versions(item)) == (3, 3)


def test_a_large_changed_file_is_copied_before_and_still_replaces(
    by: User, village: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("actions_media", "actions_ingest"):
        monkeypatch.setattr(f"heirloom.catalogue.{module}.AT_ONCE", 10)
    (village / "drum.png").write_bytes(png())
    folder(by, village)
    (village / "drum.png").write_bytes(png(5, 7))
    folder(by, village)
    item, media = Item.objects.get(), Media.objects.get()
    assert store.archive().read(object_id("item", item.key), media.path) == png(5, 7)
    assert media.width == 5
    assert counts(folder(by, village)) == {"unchanged": 1}


def test_another_file_is_added_and_a_missing_one_stays(by: User, village: Path) -> None:
    one, two = village / "one.png", village / "two.png"
    one.write_bytes(png())
    two.write_bytes(png(9, 9))
    ingest_records(by, [drum(media=(MediaDraft("one.png", one),))])
    ingest_records(by, [drum(media=(MediaDraft("two.png", two),))])
    assert [media.path for media in Media.objects.all()] == ["media/one.png", "media/two.png"]
    assert counts(ingest_records(by, [drum(media=(MediaDraft("one.png", one),))])) == {"unchanged": 1}


def test_a_file_that_is_only_named_is_a_statement_once(by: User) -> None:
    named = drum(media=(MediaDraft("drum.jpg"), MediaDraft("far.jpg", uri="https://example.org/far.jpg")))
    assert ingest_records(by, [named]).problems == {"draft.file-missing": 1, "draft.file-elsewhere": 1}
    assert counts(ingest_records(by, [named])) == {"unchanged": 1}
    assert Item.objects.get().statements == [
        {"name": "media", "value": "drum.jpg"},
        {"name": "media", "value": "https://example.org/far.jpg"},
    ]


def test_the_words_of_a_label_that_one_may_not_apply_are_kept_once_and_follow_the_source(by: User) -> None:
    community = make_community("weavers")

    def said(words: str) -> ItemDraft:
        return drum(labels=(LabelDraft("weavers", "TK A", Translated({"en": words, "lo": "ຂອງພວກເຮົາ"})),))

    ingest_records(by, [said("Ours")])
    expected = [
        {"name": "label", "value": "TK A (weavers)"},
        {"name": "label TK A (weavers)", "value": "Ours", "language": "en"},
        {"name": "label TK A (weavers)", "value": "ຂອງພວກເຮົາ", "language": "lo"},
    ]
    item = Item.objects.get()
    assert item.statements == expected
    assert counts(ingest_records(by, [said("Ours")])) == {"unchanged": 1}
    assert counts(ingest_records(by, [said("It is ours")])) == {"update": 1}
    item.refresh_from_db()
    expected[1]["value"] = "It is ours"
    assert sorted(item.statements, key=str) == sorted(expected, key=str)
    assert versions(item) == 2
    community.memberships.create(user=by, role="steward")
    ingest_records(by, [said("It is ours")])
    item.refresh_from_db()
    assert (item.statements, item.labels.get().text.text(["en"])) == ([], "It is ours")
    assert counts(ingest_records(by, [said("It is ours")])) == {"unchanged": 1}


def test_a_community_that_came_to_be_is_no_statement_any_more(by: User) -> None:
    ingest_records(by, [drum(communities=("weavers", "drummers"))])
    make_community("weavers")
    ingest_records(by, [drum(communities=("weavers", "drummers"))])
    item = Item.objects.get()
    assert [community.slug for community in item.communities.all()] == ["weavers"]
    assert item.statements == [{"name": "community", "value": "drummers"}]
    assert counts(ingest_records(by, [drum(communities=("weavers", "drummers"))])) == {"unchanged": 1}
