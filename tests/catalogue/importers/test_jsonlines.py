"""Dumps of museums, by dotted paths."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from heirloom.archive.safe_json import UnsafeJson
from heirloom.catalogue.importers import jsonlines, mapping, paths
from heirloom.catalogue.importers.checks import prepared
from heirloom.catalogue.importers.draft import ItemDraft

REPOSITORY = Path(__file__).resolve().parents[3]
RECORD = {
    "id": 7,
    "name": {"en": "Drum", "lo": "ກອງ"},
    "makers": [{"n": "A", "r": "maker", "i": 1}, {"n": "B", "r": "painter", "i": 2}, {"n": ""}],
    "tags": [{"id": 1, "t": "bronze", "sub": [{"id": 2, "t": "frog"}]}],
    "dims": {"h": 3.0, "w": None},
    "a.b": "dotted",
    "flags": [True, "x"],
    "secret": {"x": 1},
}
MAPPING: dict[str, Any] = {
    "format": "heirloom/mapping/1",
    "source": "m",
    "language": "en",
    "rules": [
        {"to": "source_id", "from": "id"},
        {"to": "title", "from": "name"},
        {"to": "contribution", "each": "makers[]", "name": "n", "id": "i", "role": {"from": "r", "map": {"painter": "art"}, "unmapped": "skip"}},
        {"to": "term", "scheme": "subject", "each": "**tags[]", "code": {"from": "id", "prefix": "m:"}, "label": "t"},
        {"to": "term", "scheme": "subject", "each": "**sub[]", "code": {"from": "id", "prefix": "m:"}, "label": "t"},
        {"to": "date_note", "from": "a\\.b"},
    ],
    "ignore": ["secret"],
}  # fmt: skip


def test_a_nested_record() -> None:
    draft = mapping.from_plain(MAPPING, flat=False).draft(RECORD)
    assert {tag: text.value for tag, text in draft.title.items()} == {"en": "Drum", "lo": "ກອງ"}
    assert [(part.agent.source_id, part.role) for part in draft.contributions] == [
        ("m:1", "cre"),
        ("m:2", "art"),
    ]
    assert [(term.code, term.label.text("en")) for term in draft.terms] == [
        ("m:1", "bronze"),
        ("m:2", "frog"),
    ]
    assert draft.date_note.text("en") == "dotted"
    assert [(one.name, one.value) for one in draft.statements] == [
        ("dims.h", "3"),
        ("flags", "true"),
        ("flags", "x"),
    ]


@pytest.mark.parametrize("path", ["", "a..b", "a[", "a[x]", "a]b", ".a", "a."])
def test_no_path(path: str) -> None:
    with pytest.raises(paths.BadPath):
        paths.steps(path)


def test_paths() -> None:
    value = {"a": [{"b": [1, 2]}, {"b": [3]}], "c": None, "d": {"a": [{"b": [4]}]}}
    assert list(paths.values(value, "a[].b[]")) == [1, 2, 3]
    assert list(paths.values(value, "a[1].b[0]")) == [3]
    assert list(paths.values(value, "**a[].b[]")) == [1, 2, 3, 4]
    assert list(paths.values(value, "c.x")) == []
    assert list(paths.values(value, "a[7].b")) == []
    assert list(paths.values([{"x": 1}], "[].x")) == [1]


def test_bad_lines_do_not_stop_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "dump.jsonl.gz"
    lines = [
        b"\xef\xbb\xbf" + json.dumps({"id": 1}).encode(),
        b"{oops",
        b"",
        b"[1]",
        b'{"id": NaN}',
        b'{"id": 2, "n": "\\ud800"}',
        b'{"id": 3}',
    ]
    path.write_bytes(gzip.compress(b"\n".join(lines)))
    drafts = list(
        prepared(
            jsonlines.drafts(
                path,
                mapping.from_plain({**MAPPING, "rules": [{"to": "source_id", "from": "id"}]}, flat=False),
            )
        )
    )
    assert [(draft.source_id, draft.fatal, draft.where) for draft in drafts] == [
        ("1", False, "line 1"), ("", True, "line 2"), ("", True, "line 4"), ("", True, "line 5"), ("", True, "line 6"), ("3", False, "line 7"),
    ]  # fmt: skip


def test_a_document_with_a_list_inside(tmp_path: Path) -> None:
    path = tmp_path / "dump.json"
    path.write_text(json.dumps({"data": {"items": [{"id": 1}, 2, {"id": 3}]}}))
    plain = {**MAPPING, "rules": [{"to": "source_id", "from": "id"}], "reader": {"records": "data.items[]"}}
    drafts = list(jsonlines.drafts(path, mapping.from_plain(plain, flat=False)))
    assert [draft.source_id for draft in drafts] == ["1", "", "3"]
    path.write_text("{")
    with pytest.raises(UnsafeJson):
        list(jsonlines.drafts(path, mapping.from_plain(plain, flat=False)))


def test_damaged_and_endless_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "dump.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"id": 1}\n' * 1000)[:-20])
    made = mapping.from_plain({**MAPPING, "rules": [{"to": "source_id", "from": "id"}]}, flat=False)
    with pytest.raises(jsonlines.BadDump):
        list(jsonlines.drafts(path, made))
    monkeypatch.setattr(jsonlines, "MAX_LINE", 10)
    path.write_bytes(b'{"id": 12345678}\n')
    with pytest.raises(jsonlines.BadDump):
        list(jsonlines.drafts(path, made))


def test_the_records_of_a_national_museum(test_data: Path) -> None:
    dump = test_data / "tate-artworks.jsonl.gz"
    if not dump.exists():
        pytest.skip(f"no {dump.name} in the public test data")
    made = mapping.read(REPOSITORY / "benchmarks" / "tate-mapping.json", flat=False)
    drafts: list[ItemDraft] = list(islice(prepared(jsonlines.drafts(dump, made, limit=1500)), 1500))
    assert len({draft.source_id for draft in drafts}) == 1500
    assert not any(draft.fatal for draft in drafts)
    first = drafts[0]
    assert (first.source, first.source_id, first.kind) == ("tate", "A00001", "image")
    assert first.title.text("en").startswith("A Figure Bowing before a Seated Old Man")
    assert first.contributions[0].agent.source_id == "tate:38"
    assert ("subject", "tate:1050") in {(term.scheme, term.code) for term in first.terms}
    assert {one.name for one in first.statements} >= {"medium", "dimensions"}
    assert Counter(found.code for draft in drafts for found in draft.problems).keys() <= {
        "draft.role-unknown"
    }
