"""CSV and XLSX by a mapping."""

from __future__ import annotations

import io
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from heirloom.archive.safe import Refused
from heirloom.catalogue.importers import mapping, tables
from heirloom.catalogue.importers.checks import prepared
from heirloom.catalogue.importers.draft import ItemDraft, SourceError
from heirloom.text import Translated

MAPPING: dict[str, Any] = {
    "format": "heirloom/mapping/1",
    "source": "museum",
    "language": "en",
    "rules": [
        {"to": "source_id", "from": "No."},
        {"to": "title", "from": "Title"},
        {"to": "title", "from": "Title (Lao)", "language": "lo"},
        {"to": "title", "from": "Title (MT)", "language": "th", "origin": "machine"},
        {"to": "description", "from": "Text", "language": {"from": "Lang"}},
        {"to": "kind", "from": "Type", "map": {"photo": "image", "thing": "object"}, "unmapped": "problem", "default": "object"},
        {"to": "date", "from": ["From", "To"], "as": "year-range"},
        {"to": "date", "from": "When", "as": "edtf"},
        {"to": "date_note", "from": "When"},
        {"to": "rights", "value": "CC BY 4.0"},
        {"to": "source_uri", "template": "https://museum.example/{No.}"},
        {"to": "term", "scheme": "material", "from": "Material", "split": [";", "/"], "vocabulary": "materials"},
        {"to": "term", "scheme": "language", "from": "Lang", "as": "language"},
        {"to": "contribution", "from": "Maker", "split": ";", "role": {"value": "mus"}},
        {"to": "place", "name": "Place", "country": {"value": "LA"}, "longitude": "Lon", "latitude": "Lat"},
        {"to": "media", "from": "Files", "split": "|", "alt": [{"from": "Alt", "language": "en"}]},
        {"to": "statement", "name": "size", "from": "Size"},
    ],
    "vocabularies": {
        "materials": {"Silk": {"code": "aat:300014072", "uri": "http://vocab.getty.edu/aat/300014072", "label": {"en": "silk", "lo": "ໄໝ"}}}
    },
    "ignore": ["Internal"],
}  # fmt: skip


def read(text: str, plain: dict[str, Any] = MAPPING, **options: Any) -> list[ItemDraft]:
    table = tables.open_csv(io.BytesIO(text.encode(options.get("encoding", "utf-8"))), **options)
    return list(prepared(tables.drafts(table, mapping.from_plain(plain))))


def test_a_row_becomes_a_draft() -> None:
    (draft,) = read(
        "No.,Title,Title (Lao),Title (MT),Text,Lang,Type,From,To,When,Material,Maker,Place,Lon,Lat,Files,Alt,Size,Internal,Extra\n"
        '7,Skirt,ສິ້ນ,ผ้าซิ่น,ຜ້າ,lo,Thing,1900,1910,,"silk; cotton/ໄໝ",A; B,Xam Neua,"104,05",20.4,a.jpg|https://x.org/b.jpg?s=1,A skirt,3 m,secret,left over\n'
    )
    assert draft.title.to_json() == Translated({"en": "Skirt", "lo": "ສິ້ນ", "th": draft.title["th"]}).to_json()
    assert draft.title["th"].origin == "machine"
    assert set(draft.description) == {"lo"}
    assert (draft.kind, draft.date, draft.rights) == (
        "object",
        "1900/1910",
        "https://creativecommons.org/licenses/by/4.0/",
    )
    assert draft.source_uri == "https://museum.example/7"
    assert [(term.scheme, term.code) for term in draft.terms] == [
        ("material", "aat:300014072"), ("material", "cotton"), ("material", "ໄໝ"), ("language", "lao"),
    ]  # fmt: skip
    assert draft.terms[0].label["lo"].value == "ໄໝ"
    assert [(part.agent.name.text("en"), part.role) for part in draft.contributions] == [
        ("A", "mus"),
        ("B", "mus"),
    ]
    assert (draft.places[0].longitude, draft.places[0].latitude, draft.places[0].country) == (
        104.05,
        20.4,
        "LA",
    )
    assert [(file.name, file.uri) for file in draft.media] == [
        ("a.jpg", ""),
        ("b.jpg", "https://x.org/b.jpg?s=1"),
    ]
    assert [(one.name, one.value, one.language) for one in draft.statements] == [
        ("size", "3 m", "en"),
        ("Extra", "left over", ""),
    ]
    assert draft.problems == ()
    assert draft.where == "row 2"


def test_problems_are_told_by_row_and_field() -> None:
    drafts = read("No.,Title,Type,When\n1,A,spoon,never\n,B,,\n2,C,photo,c. 1937,too,many\n\n")
    assert [[(found.code, found.field) for found in draft.problems] for draft in drafts] == [
        [("draft.value-unmapped", "kind")],
        [("draft.no-identifier", "source_id")],
        [("draft.too-many-columns", "")],
    ]
    assert [draft.fatal for draft in drafts] == [False, True, False]
    assert (drafts[0].date, drafts[0].date_note.text("en")) == ("", "never")
    assert (drafts[2].date, drafts[2].where) == ("1937~", "row 4")


def test_a_row_for_each_language() -> None:
    plain = {
        **MAPPING,
        "rules": [{"to": "source_id", "from": "id"}, {"to": "title", "from": "t", "language": {"from": "l"}}],
    }
    (draft,) = read("id,l,t\n1,en,Boat\n1,lo,ເຮືອ\n1,nonsense!,x\n", plain)
    assert {tag: text.value for tag, text in draft.title.items()} == {"en": "Boat", "lo": "ເຮືອ", "und": "x"}


def test_semicolons_tabs_and_names_that_come_twice() -> None:
    table = tables.open_csv(io.BytesIO(b'"a,b";Title;Title;;\n1;2;3;4;\n'))
    assert table.header == ["a,b", "Title", "Title (2)"]
    ((where, record),) = table
    assert (where, record) == ("row 2", {"a,b": "1", "Title": "2", "Title (2)": "3", "\0extra": "4"})
    assert [note.code for note in table.notes] == ["source.column-twice"]
    assert tables.open_csv(io.BytesIO(b"a\tb\n1\t2\n")).header == ["a", "b"]
    assert tables.open_csv(io.BytesIO(b"museum of boats\na,b\n1,2\n"), header=2).header == ["a", "b"]


def test_notes_say_what_is_kept_and_what_is_missing() -> None:
    table = tables.open_csv(io.BytesIO("No.,Título,Internal\n1,é,x\n".encode("cp1252")))
    notes = {note.code: note.details for note in tables.notes_on(table, mapping.from_plain(MAPPING))}
    assert notes["source.encoding-guessed"] == {"encoding": "cp1252"}
    assert "Title" in notes["mapping.columns-absent"]["columns"]
    assert notes["mapping.columns-kept"] == {"columns": ["Título"]}


@pytest.mark.parametrize("data", [b"", b"\n\n", b",,\n1,2,3\n"])
def test_no_table(data: bytes) -> None:
    with pytest.raises(tables.BadTable):
        tables.open_csv(io.BytesIO(data))


def test_a_cell_beyond_measure() -> None:
    with pytest.raises(SourceError):
        list(tables.open_csv(io.BytesIO(b"a\n" + b"x" * (tables.MAX_CELL + 1))))
    plain = {**MAPPING, "rules": [{"to": "source_id", "from": "a"}, {"to": "title", "from": "b"}]}
    (draft,) = read("a,b\n1," + "x" * 300_000 + "\n", plain)
    assert draft.fatal
    assert draft.problems[0].code == "draft.unreadable"


def test_a_workbook(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Objects"
    sheet.append(["No.", "Title", "When", "Size", None])
    sheet.append([7, "ສິ້ນ", datetime(1937, 5, 1), 3.5, None])
    sheet.append([8.0, True, date(1938, 1, 2), "#N/A", None])
    sheet.append([None, None, None, None, None])
    book.create_sheet("Other").append(["x"])
    path = tmp_path / "objects.xlsx"
    book.save(path)
    table = tables.open_xlsx(path, sheet="Objects")
    assert [record for _, record in table] == [
        {"No.": "7", "Title": "ສິ້ນ", "When": "1937-05-01", "Size": "3.5"},
        {"No.": "8", "Title": "true", "When": "1938-01-02", "Size": ""},
    ]
    assert tables.open_xlsx(path, sheet="Other").header == ["x"]
    with pytest.raises(tables.BadTable):
        tables.open_xlsx(path, sheet="None")


def test_no_workbook_and_a_bomb(tmp_path: Path) -> None:
    import zipfile

    path = tmp_path / "a.xlsx"
    path.write_bytes(b"PK\x05\x06" + b"\0" * 18)
    with pytest.raises((Refused, SourceError)):
        tables.open_xlsx(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"0" * 300_000_000)
    with pytest.raises(Refused):
        tables.open_xlsx(path)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"format": "x"}, "format"),
        ({"source": ""}, "source"),
        ({"rest": "x"}, "rest"),
        ({"replaces": ["media"]}, "replaces"),
        ({"surprise": 1}, "surprise"),
        ({"rules": []}, "rules"),
        ({"rules": [{"to": "title", "from": "a"}]}, "source_id"),
        ({"rules": [{"to": "mood", "from": "a"}]}, "mood"),
        ({"rules": [{"to": "title"}]}, "from"),
        ({"rules": [{"to": "title", "from": "a", "color": "red"}]}, "color"),
        ({"rules": [{"to": "title", "from": "a", "language": "!"}]}, "language tag"),
        ({"rules": [{"to": "title", "from": "a", "origin": "god"}]}, "origin"),
        ({"rules": [{"to": "date", "from": "a", "as": "magic"}]}, "magic"),
        ({"rules": [{"to": "date", "from": "a", "as": "year-range"}]}, "year-range"),
        ({"rules": [{"to": "term", "from": "a"}]}, "scheme"),
        ({"rules": [{"to": "term", "scheme": "form", "from": "a", "vocabulary": "v"}]}, "vocabulary"),
        ({"rules": [{"to": "title", "template": "x"}]}, "template"),
        ({"rules": [{"to": "contribution", "role": "a"}]}, "contribution"),
        ({"rules": [{"to": "label", "code": "a"}]}, "label"),
        ({"rules": [{"to": "media", "role": "a"}]}, "media"),
        ({"rules": ["x"]}, "object"),
        ({"rules": [{"to": "term", "scheme": "form", "each": "x[]", "from": "a"}]}, "each"),
    ],
)
def test_a_mapping_says_what_is_wrong_with_it(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(mapping.BadMapping, match=reason):
        mapping.from_plain({**MAPPING, **change})


def test_a_mapping_is_a_file_in_json_or_toml(tmp_path: Path) -> None:
    made = mapping.from_plain(MAPPING)
    assert mapping.load(mapping.written(made)).plain == MAPPING
    toml = b'format = "heirloom/mapping/1"\nsource = "m"\n[[rules]]\nto = "source_id"\nfrom = "a"\n'
    assert mapping.load(toml, "m.toml").source == "m"
    for data, name in ((b"{", "m.json"), (b"= 1", "m.toml"), (b"[]", "m.json")):
        with pytest.raises(mapping.BadMapping):
            mapping.load(data, name)
