"""A list taken out as CSV, edited, and taken in again."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.catalogue.exchange.conftest import Rich
from tests.factories.catalogue import make_community, make_item, make_protocol
from tests.factories.people import make_user

from heirloom.catalogue import export_csv, rights
from heirloom.catalogue.actions_import import begin_import, run_import
from heirloom.catalogue.importers.sources import opened
from heirloom.catalogue.models import Item
from heirloom.people.models import User

pytestmark = [pytest.mark.database, pytest.mark.django_db, pytest.mark.usefixtures("installation")]


@pytest.fixture
def cataloguer() -> User:
    return make_user(grants=["cataloguer"])


def run(by: User, path: Path) -> dict[str, Any]:
    batch = begin_import(by, "csv", "museum")
    with opened("csv", path, source="museum") as source:
        run_import(by, batch, source)
    batch.refresh_from_db()
    return batch.report


def test_out_edited_and_in_again(cataloguer: User, rich_item: Rich, tmp_path: Path) -> None:
    item = rich_item()
    label = item.labels.get()
    make_item(title={"en": "=cmd()", "und": "'=1"}, description={})
    data = export_csv.written(Item.objects.all())
    path = tmp_path / "out.csv"
    path.write_bytes(data)
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
    assert not any(cell.startswith(("=", "@", "\t")) for row in rows for cell in row)
    report = run(cataloguer, path)
    assert [one["differences"] for one in report["samples"].get("update", [])] == []
    assert report["counts"]["unchanged"] == 2
    header, first, second = rows
    first[header.index("title@lo")] = "ເຮືອໃໝ່"
    first[header.index("description@th+machine")] = ""
    keep = [index for index, name in enumerate(header) if name != "title@en"]
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([[row[index] for index in keep] for row in (header, first, second)])
    report = run(cataloguer, path)
    assert report["counts"]["update"] == 1
    assert [one["field"] for one in report["samples"]["update"][0]["differences"]] == ["title.lo"]
    item.refresh_from_db()
    assert {tag: text.value for tag, text in item.title.items()} == {
        "en": "Naga boat",
        "lo": "ເຮືອໃໝ່",
        "zh-Hans": "龙舟",
    }
    assert item.description["th"].origin == "machine"
    assert item.labels.get().text == label.text


def test_an_export_costs_the_same_however_long(rich_item: Rich) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            list(export_csv.export(Item.objects.filter(rights.visible_items(None))))
        return len(found)

    rich_item()
    few = queries()
    for _ in range(4):
        make_item()
    assert queries() == few


def test_an_export_holds_what_the_visitor_may_see(cataloguer: User) -> None:
    make_item(title="open")
    make_item(title="draft", state="draft")
    make_item(title="secret", protocol=make_protocol("stewards", communities=[make_community()]))
    public = b"".join(export_csv.export(Item.objects.filter(rights.visible_items(None))))
    assert b"open" in public
    assert b"secret" not in public
    assert b"draft" not in public
    assert b"secret" not in b"".join(export_csv.export(Item.objects.filter(rights.visible_items(cataloguer))))
