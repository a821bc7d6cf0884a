"""Dates in words, rights, languages, codes, encodings."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heirloom.catalogue import dates, vocabularies
from heirloom.catalogue.importers import encoding, tables, values


@pytest.mark.parametrize(
    ("said", "edtf"),
    [
        ("1937", "1937"),
        ("1937-05-01", "1937-05-01"),
        ("c.1785", "1785~"),
        ("circa 1785", "1785~"),
        ("c. 1785?", "1785%"),
        ("?1785", "?1785"),
        ("1785 ?", "1785?"),
        ("1785-90", "1785/1790"),
        ("1785–1790", "1785/1790"),
        ("c.1785–90", "1785~/1790~"),
        ("1780s", "178X"),
        ("19th century", "18XX"),
        ("18世纪", "17XX"),
        ("1937年5月1日", "1937-05-01"),
        ("约1937年", "1937~"),
        ("พ.ศ. 2480", "1937"),
        ("พ.ศ. ๒๔๘๐", "1937"),
        ("ພ.ສ. 2480", "1937"),
        ("500 BC", "-0499"),
        ("1 BCE", "0000"),
        ("date not known", ""),
        ("03/04/1937", ""),
        ("1790-1785", ""),
        ("99999", ""),
        ("", ""),
    ],
)
def test_dates_in_words(said: str, edtf: str) -> None:
    assert values.edtf(said) == edtf


@given(st.text(max_size=20))
def test_what_is_read_as_a_date_is_one(said: str) -> None:
    found = values.edtf(said)
    assert found == "" or dates.is_valid(found)


@given(st.integers(-9999, 9999), st.integers(-9999, 9999))
def test_year_ranges_are_dates(one: int, other: int) -> None:
    found = values.year_range(str(one), str(other))
    assert dates.years(found) == (min(one, other), max(one, other))


@pytest.mark.parametrize(
    ("said", "uri"),
    [
        ("CC BY-SA 4.0", "https://creativecommons.org/licenses/by-sa/4.0/"),
        ("cc-by 3.0", "https://creativecommons.org/licenses/by/3.0/"),
        ("CC0", "https://creativecommons.org/publicdomain/zero/1.0/"),
        (
            "http://creativecommons.org/licenses/by/4.0/deed.fr",
            "https://creativecommons.org/licenses/by/4.0/",
        ),
        ("creativecommons.org/publicdomain/mark/1.0", "https://creativecommons.org/publicdomain/mark/1.0/"),
        ("InC", "http://rightsstatements.org/vocab/InC/1.0/"),
        (
            "https://rightsstatements.org/page/NoC-US/1.0/?language=en",
            "http://rightsstatements.org/vocab/NoC-US/1.0/",
        ),
        ("All rights reserved", ""),
        ("CC BY-XX 4.0", ""),
    ],
)
def test_rights(said: str, uri: str) -> None:
    assert values.rights_uri(said) == uri


@pytest.mark.parametrize(
    ("said", "code"),
    [("lo", "lao"), ("lao", "lao"), ("zh-Hans", "zho"), ("chi", "zho"), ("laoo1244", "laoo1244"), ("English", ""), ("", ""),
     ("https://glottolog.org/resource/languoid/id/laoo1244", "laoo1244"), ("my", "mya")],
)  # fmt: skip
def test_language_codes(said: str, code: str) -> None:
    assert values.language_code(said) == code


@pytest.mark.parametrize(
    "label", ["Oil on canvas", "ໄໝ", "ผ้าไหม", "ភាសាខ្មែរ", "မြန်မာ", "đồng", "Ré / Mi", "a" * 300]
)
def test_codes_from_labels_are_accepted(label: str) -> None:
    code = values.term_code(label)
    assert vocabularies.check_term("form", code)[0] == code
    assert values.term_code(label) == code


TEXTS = {
    "utf-8": "ຊື່,Title\nເຮືອ,Boat\n",
    "utf-16": "ຊື່,Title\nເຮືອ,Boat\n",
    "utf-16-le": "Name,Title\nBoot,Boat\nມ,x\n",
    "utf-16-be": "Name,Title\nBoot,Boat\n",
    "gb18030": "名称,年代\n青花瓷瓶,清代\n龙舟竞渡图,明代\n",
    "cp1252": "Nom,Titre\nÉtoffe,Châle brodé – 1890\n",
}


@pytest.mark.parametrize("name", TEXTS)
def test_encodings_are_recognised(name: str) -> None:
    data = TEXTS[name].encode(name)
    found = encoding.guess(data)
    assert data.decode(found.name).lstrip("\ufeff") == TEXTS[name]
    assert bool(found.code) == (name not in ("utf-8", "utf-16"))


def test_a_declared_encoding_counts() -> None:
    table = tables.open_csv(io.BytesIO("ชื่อ,ปี\nเรือ,2480\n".encode("cp874")), encoding="windows-874")
    assert [record for _, record in table] == [{"ชื่อ": "เรือ", "ปี": "2480"}]
    assert table.notes == []
    with pytest.raises(encoding.UnknownEncoding):
        encoding.declared("klingon-8")


def test_a_wrong_encoding_is_said_not_hidden() -> None:
    with pytest.raises(encoding.WrongEncoding):
        list(tables.open_csv(io.BytesIO(b"a,b\n\xff\xfe\xfa,1\n"), encoding="utf-8"))


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_formulas_are_tamed_and_given_back(cell: str) -> None:
    safe = tables.guarded(cell)
    assert tables.restored(safe) == cell
    assert not safe.startswith(("=", "@", "\t", "\r"))
