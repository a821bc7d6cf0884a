"""Reading tables and counting them, with the refusals a person meets."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heirloom.pathways.diversity import errors
from heirloom.pathways.diversity.counting import Counts, count
from heirloom.pathways.diversity.table import Row, rows


def read(folder: Path, text: str | bytes, separator: str = ";") -> list[Row]:
    path = folder / "table"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return list(rows(path, "records.csv", separator))


def test_csv_with_a_byte_order_mark_several_values_and_short_rows(tmp_path: Path) -> None:
    table = "\ufefflanguage,region , form\r\nlo; km;lo,LA,song\r\n\r\n th ,\r\n"
    assert read(tmp_path, table) == [
        {"language": ("lo", "km"), "region": ("LA",), "form": ("song",)},
        {"language": ("th",), "region": (), "form": ()},
    ]


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_the_delimiter_is_found_in_the_heading(delimiter: str, tmp_path: Path) -> None:
    table = f"a{delimiter}b\n1{delimiter}2|3\n"
    assert read(tmp_path, table, "|") == [{"a": ("1",), "b": ("2", "3")}]


def test_json_lines_with_lists(tmp_path: Path) -> None:
    table = '{"language": ["lo", "km", "lo"], "year": 1937, "region": null, "deep": {"a": 1}}\n\n{"language": "th;vi"}\n'
    assert read(tmp_path, table) == [
        {"language": ("lo", "km"), "year": ("1937",), "region": ()},
        {"language": ("th", "vi")},
    ]


def test_values_are_nfc(tmp_path: Path) -> None:
    assert read(tmp_path, "a\ncafe\u0301\ncaf\u00e9\n") == [{"a": ("caf\u00e9",)}] * 2


def test_cells_may_hold_lines_and_quotes(tmp_path: Path) -> None:
    assert read(tmp_path, 'a,b\n"one\ntwo ""x""",2\n') == [{"a": ('one\ntwo "x"',), "b": ("2",)}]


@pytest.mark.parametrize(
    ("table", "error"),
    [
        (b"a\n\xff\xfe\n", errors.NotUtf8),
        ('{"a": "\\ud800"}\n', errors.NotUtf8),
        ("a,a\n1,2\n", errors.ColumnTwice),
        ("a,b\n1,2,3\n", errors.TooManyCells),
        ('a,b\n1,"2"x\n', errors.BadQuoting),
        ('a,b\n1,"2\n', errors.BadQuoting),
        ('{"a": 1}\n[1]\n', errors.NotJsonObject),
        ('{"a": 1}\n{"a"\n', errors.NotJsonObject),
        ('{"a": 1}\n' + "[" * 100_000 + "\n", errors.NotJsonObject),
        ("a\n" + "x" * 1_100_000, errors.BadQuoting),
    ],
)
def test_tables_that_cannot_be_read_say_where(
    table: str | bytes, error: type[Exception], tmp_path: Path
) -> None:
    with pytest.raises(error, match=r"records\.csv") as caught:
        read(tmp_path, table)
    assert str(caught.value.args[0]).endswith(".")


cell = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=8)


@settings(max_examples=60)
@given(st.lists(st.tuples(cell, cell), max_size=12))
def test_any_csv_that_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, lines: list[tuple[str, str]]
) -> None:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["one", "two"])
    writer.writerows(lines)
    found = read(tmp_path_factory.mktemp("csv"), out.getvalue(), separator="")
    import unicodedata

    wanted = [tuple(unicodedata.normalize("NFC", part).strip() for part in line) for line in lines]
    wanted = [line for line in wanted if any(part.strip() for part in line)]
    told = [("".join(row["one"]), "".join(row["two"])) for row in found]
    assert [line for line in told if any(line)] == wanted


RECORDS: list[Row] = [
    {"language": ("lo",), "region": ("LA",), "form": ("song", "dance")},
    {"language": ("lo",), "region": ("TH",), "form": ("song",)},
    {"language": (), "region": ("LA",), "form": ("song",)},
    {"language": ("km",), "region": ("KH", "VN"), "form": ()},
]


def test_counting() -> None:
    found = count(RECORDS, "t", facets=None, compare_by="region", cross=("language", "region"))
    assert list(found.facets) == ["language", "region", "form"]
    language = found.facets["language"]
    assert (language.records, language.without, language.several) == (3, 1, False)
    assert language.counts == {"lo": 2, "km": 1}
    assert language.sample().kind == "abundance"
    form = found.facets["form"].sample()
    assert (form.kind, form.n, form.total) == ("incidence", 3, 4)
    assert found.groups["language"]["LA"].counts == {"lo": 1}
    assert found.groups["language"]["LA"].without == 1
    assert set(found.groups) == {"language", "form"}
    assert found.pairs == {("lo", "LA"): 1, ("lo", "TH"): 1, ("km", "KH"): 1, ("km", "VN"): 1}


def test_counts_survive_json() -> None:
    found = count(RECORDS, "t", facets=["form"], compare_by="region", cross=("language", "region"))
    assert Counts.from_json(json.loads(json.dumps(found.to_json()))) == found


def test_columns_asked_for_must_be_there() -> None:
    with pytest.raises(errors.NoColumn, match=r"no column called colour. It has: form, language, region"):
        count(RECORDS, "t", facets=["colour"])
    with pytest.raises(errors.NoColumn):
        count(RECORDS, "t", facets=None, compare_by="colour")
    with pytest.raises(errors.NoColumn):
        count(RECORDS, "t", facets=None, cross=("colour", "form"))
    with pytest.raises(errors.NoFacet):
        count([{"id": ("1",)}], "t", facets=None)
    with pytest.raises(errors.NoRecords):
        count([], "t", facets=None)


def test_a_column_of_identifiers_is_no_facet() -> None:
    with pytest.raises(errors.TooManyValues):
        count(({"form": (str(number),)} for number in range(30_000)), "t", facets=None)
