"""Whole imports, on the real database and a real archive."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.factories.catalogue import make_community, make_item, make_kept_item, make_protocol, png
from tests.factories.people import make_user

from heirloom.catalogue import store
from heirloom.catalogue.actions_errors import WrongState
from heirloom.catalogue.actions_import import begin_import, plan_import, run_import
from heirloom.catalogue.importers import mapping
from heirloom.catalogue.importers.encoding import WrongEncoding
from heirloom.catalogue.importers.sources import NeedsMapping, Source, UnknownFormat, opened
from heirloom.catalogue.models import Change, ImportBatch, Item
from heirloom.errors import NotAllowed
from heirloom.keys import object_id
from heirloom.people.models import User

pytestmark = [pytest.mark.database, pytest.mark.django_db, pytest.mark.usefixtures("installation")]

MAPPING = mapping.from_plain(
    {
        "format": "heirloom/mapping/1",
        "source": "museum",
        "rules": [
            {"to": "source_id", "from": "id"},
            {"to": "title", "from": "title_en", "language": "en"},
            {"to": "title", "from": "title_lo", "language": "lo"},
            {"to": "description", "from": "text", "language": "en"},
            {"to": "date", "from": "year", "as": "edtf"},
            {"to": "term", "scheme": "material", "from": "material", "split": ";", "language": "en"},
            {"to": "contribution", "from": "maker", "language": "en"},
        ],
    }
)


@pytest.fixture
def cataloguer() -> User:
    return make_user(grants=["cataloguer"])


def table(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "objects.csv"
    path.write_text(text, encoding="utf-8")
    return path


def run(by: User, path: Path, **more: Any) -> dict[str, Any]:
    form = more.pop("form", "csv")
    batch = begin_import(by, form, "museum")
    with opened(form, path, source="museum", mapping=more.pop("mapping", MAPPING)) as source:
        run_import(by, batch, source, **more)
    batch.refresh_from_db()
    assert batch.state == ImportBatch.State.DONE
    return batch.report


def versions(item: Item) -> int:
    return store.archive().head(object_id("item", item.key)).number


def test_a_dry_run_says_what_the_real_one_does(cataloguer: User, tmp_path: Path) -> None:
    run(cataloguer, table(tmp_path, "id,title_en,year\n1,Boat,1937\n2,Drum,1938\n"))
    path = table(
        tmp_path,
        "id,title_en,title_lo,year,material\n1,Boat,ເຮືອ,1939,wood; silk\n2,Drum,,1938,\n3,Gong,,never,\n,Lost,,,\n",
    )
    batch = begin_import(cataloguer, "csv", "museum", MAPPING.plain)
    with opened("csv", path, source="museum", mapping=MAPPING) as source:
        plan_import(cataloguer, batch, source)
    batch.refresh_from_db()
    plan = batch.report
    assert batch.state == ImportBatch.State.PLANNED
    assert plan["dry_run"] is True
    assert plan["counts"] == {
        "create": 1,
        "update": 1,
        "unchanged": 1,
        "withdraw": 0,
        "skipped": 0,
        "problem": 1,
    }
    assert (
        plan["problems"] == {"draft.date-not-edtf": 0, "draft.no-identifier": 1}
        or plan["problems"]["draft.no-identifier"] == 1
    )
    differences = {
        one["field"]: (one["before"], one["after"]) for one in plan["samples"]["update"][0]["differences"]
    }
    assert differences["title.lo"] == (None, "ເຮືອ")
    assert differences["date"] == ("1937", "1939")
    assert [term["code"] for term in differences["terms"][1]] == ["wood", "silk"]
    assert Item.objects.count() == 2
    with opened("csv", path, source="museum", mapping=MAPPING) as source:
        run_import(cataloguer, batch, source)
    batch.refresh_from_db()
    assert batch.report["counts"] == plan["counts"]
    assert batch.report["samples"]["update"][0]["differences"] == plan["samples"]["update"][0]["differences"]
    assert Item.objects.get(source_id="1").date == "1939"
    with pytest.raises(WrongState), opened("csv", path, source="museum", mapping=MAPPING) as source:
        run_import(cataloguer, batch, source)


def test_the_same_import_again_changes_nothing(cataloguer: User, tmp_path: Path) -> None:
    path = table(tmp_path, "id,title_en,year,maker,material,other\n1,Boat,1937,A,silk,x\n2,Drum,,B,,y\n")
    run(cataloguer, path)
    before = {item.source_id: (item.revision, item.digest, versions(item)) for item in Item.objects.all()}
    changes = Change.objects.count()
    report = run(cataloguer, path)
    assert report["counts"]["unchanged"] == 2
    assert {
        item.source_id: (item.revision, item.digest, versions(item)) for item in Item.objects.all()
    } == before
    assert Change.objects.count() == changes


def test_a_table_with_one_language_leaves_the_others(cataloguer: User, tmp_path: Path) -> None:
    run(cataloguer, table(tmp_path, "id,title_en,text,year,material\n1,Boat,A boat.,1937,silk\n"))
    run(cataloguer, table(tmp_path, "id,title_lo\n1,ເຮືອ\n"))
    item = Item.objects.get(source_id="1")
    assert {language: text.value for language, text in item.title.items()} == {"en": "Boat", "lo": "ເຮືອ"}
    assert (item.date, item.description.text("en"), item.terms.count()) == ("1937", "A boat.", 1)
    run(cataloguer, table(tmp_path, "id,title_en,title_lo\n1,Long boat,\n"))
    item.refresh_from_db()
    assert {language: text.value for language, text in item.title.items()} == {"en": "Long boat", "lo": "ເຮືອ"}
    assert (
        json.loads(store.archive().read(object_id("item", item.key), "record.json"))["title"]["lo"]["text"]
        == "ເຮືອ"
    )


def test_only_cataloguers_import(tmp_path: Path) -> None:
    with pytest.raises(NotAllowed):
        begin_import(make_user(), "csv", "museum")


def test_an_import_does_not_reach_what_its_person_may_not_change(cataloguer: User, tmp_path: Path) -> None:
    community = make_community(stewards=[make_user()])
    secret = make_item(
        title="secret",
        source="museum",
        source_id="1",
        protocol=make_protocol("members", communities=[community]),
    )
    report = run(cataloguer, table(tmp_path, "id,title_en\n1,Stolen\n"))
    assert report["counts"]["problem"] == 1
    assert "secret" not in json.dumps(report)
    secret.refresh_from_db()
    assert secret.title.text("en") == "secret"


def test_a_broken_source_is_remembered(cataloguer: User, tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(b"id,title_en\n1,Boat\n" + b"\n" * 100_000 + b"2,\xff\xfe\n")
    batch = begin_import(cataloguer, "csv", "museum")
    reading = {"encoding": "utf-8"}
    with (
        opened("csv", path, source="museum", mapping=MAPPING, options=reading) as source,
        pytest.raises(WrongEncoding),
    ):
        run_import(cataloguer, batch, source)
    batch.refresh_from_db()
    assert batch.state == ImportBatch.State.FAILED
    assert {note.get("error") for note in batch.report["notes"]} >= {"import.encoding-wrong"}
    path.write_bytes(b"id,title_en\n1,Boat\n2,Drum\n")
    with opened("csv", path, source="museum", mapping=MAPPING) as source:
        run_import(cataloguer, batch, source)
    assert Item.objects.count() == 2


def test_sources_that_cannot_be_opened(tmp_path: Path) -> None:
    path = table(tmp_path, "a,b\n1,2\n")
    with pytest.raises(NeedsMapping), opened("csv", path, source="m"):
        pass
    with pytest.raises(NeedsMapping), opened("jsonl", path, source="m"):
        pass
    with pytest.raises(UnknownFormat), opened("marc", path, source="m"):
        pass


def test_a_folder_of_pictures(cataloguer: User, tmp_path: Path) -> None:
    folder = tmp_path / "media"
    folder.mkdir()
    (folder / "boat.png").write_bytes(png())
    (folder / "boat.json").write_text(
        json.dumps({"title": {"lo": "ເຮືອ"}, "alt": {"en": "A red field"}, "rights": "CC0"})
    )
    (folder / "evil.png").write_bytes(b"MZ" + b"\0" * 100)
    (folder / "alone.json").write_text("{}")
    report = run(cataloguer, folder, form="folder", mapping=None)
    assert report["counts"]["create"] == 2
    assert report["problems"]["draft.file-refused"] == 1
    assert {"code": "source.orphan", "name": "alone.json", "reason": "describes no file"} in report["notes"]
    boat = Item.objects.get(source_id="boat")
    media = boat.media.get()
    assert (media.media_type, media.width, media.alt.text("en")) == ("image/png", 3, "A red field")
    assert boat.rights.endswith("zero/1.0/")
    before = versions(boat)
    assert run(cataloguer, folder, form="folder", mapping=None)["counts"]["unchanged"] >= 1
    assert versions(boat) == before


def test_harvesting_withdraws_what_is_gone(cataloguer: User) -> None:
    from heirloom.catalogue.importers.draft import ItemDraft
    from heirloom.text import Translated

    item = make_kept_item(cataloguer, media=False)
    Item.objects.filter(pk=item.pk).update(source="other", source_id="oai:x:1")
    batch = begin_import(cataloguer, "oai", "other")
    gone = [ItemDraft("other", "oai:x:1", deleted=True), ItemDraft("other", "oai:x:2", deleted=True)]
    report = run_import(cataloguer, batch, Source(gone))
    assert (report.counts["withdraw"], report.counts["skipped"]) == (1, 1)
    item.refresh_from_db()
    assert item.state == Item.State.WITHDRAWN
    assert item.title != Translated()
