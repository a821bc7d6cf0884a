"""Dates in words, lines of captions, names: what the public pages say that no other part says."""

from __future__ import annotations

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from heirloom.web.public.transcripts import spoken
from heirloom.web.templatetags.heirloom_public import (
    century_words,
    country_name,
    date_words,
    own_name,
    role_name,
)


@pytest.mark.parametrize(
    ("edtf", "words"),
    [
        ("1937", "1937"),
        ("1937~", "about 1937"),
        ("1937?", "1937 (uncertain)"),
        ("1937%", "about 1937 (uncertain)"),
        ("193X", "1930s"),
        ("19XX", "20th century"),
        ("00XX", "1st century"),
        ("1XXX", "between 1000 and 1999"),
        ("1937-05", "May 1937"),
        ("1937-05-01", "May 1, 1937"),
        ("1937-XX-XX", "1937"),
        ("1937-05-XX", "May 1937"),
        ("2001-21", "spring 2001"),
        ("2001-32", "winter 2001"),
        ("2001-34", "quarter 2 of 2001"),
        ("-0043", "44 BCE"),
        ("0000", "1 BCE"),
        ("1900/1950", "1900 to 1950"),
        ("1900/..", "from 1900"),
        ("../1950", "until 1950"),
        ("1900/", "from 1900 to an unknown date"),
        ("/1950", "from an unknown date to 1950"),
        ("[1900, 1950]", "1900 or 1950"),
        ("{1900, 1950}", "1900, 1950"),
        ("Y-170000002", "170000003 BCE"),
        ("no date at all", "no date at all"),
        ("", ""),
    ],
)
def test_dates_in_english(edtf: str, words: str) -> None:
    with translation.override("en"):
        assert date_words(edtf) == words


@pytest.mark.parametrize("language", ["zh-hans", "lo", "th", "km", "my", "vi"])
def test_dates_in_every_language(language: str) -> None:
    with translation.override(language):
        for edtf in ("1937-05-01", "1937-05", "19XX", "[..1984]", "1900/..", "2001-21", "-0043"):
            said = date_words(edtf)
            assert said
            assert "{" not in said
        assert "May" not in date_words("1937-05-01")


@given(st.text(alphabet="0123456789-X~?%/.[]{},YES ", max_size=24))
def test_no_date_breaks_a_page(text: str) -> None:
    assert isinstance(date_words(text), str)


@pytest.mark.parametrize(
    ("number", "words"), [(1, "1st century"), (2, "2nd century"), (3, "3rd century"), (11, "11th century"), (21, "21st century"), (-1, "1st century BCE")]
)  # fmt: skip
def test_centuries(number: int, words: str) -> None:
    with translation.override("en"):
        assert century_words(number) == words


def test_names_that_are_not_known_stay_as_they_are() -> None:
    with translation.override("en"):
        assert (country_name("LA"), country_name("QQ")) == ("Laos", "QQ")
        assert (role_name("prf"), role_name("zzz")) == ("performer", "zzz")
        assert (own_name("lo"), own_name("not a tag")) == ("ລາວ", "not a tag")


def test_captions_become_lines() -> None:
    captions = (
        "WEBVTT - songs\n\nNOTE made by hand\nover two lines\n\nSTYLE\n::cue { color: red }\n\n"
        "intro\n00:00.000 --> 00:01.500 align:start\n<v Kham>ຝົນ<c.loud>ຕົກ</c></v>\nແລ້ວ\n\n"
        "01:00:01.500 --> 01:00:02.000\nrain &amp; river &lt;3\n\n01:00:02.000 --> 01:00:03.000\nrain &amp; river &lt;3\n"
    )
    assert spoken(captions) == ["ຝົນຕົກ ແລ້ວ", "rain & river <3"]
    assert spoken("1\r\n00:00:01,000 --> 00:00:02,000\r\nHello\r\n") == ["Hello"]
    assert spoken("") == []


@given(st.text(alphabet="WEBVTT\n 0123456789:.,->abc<&;", max_size=200))
def test_no_captions_break_a_page(text: str) -> None:
    assert all(line.strip() for line in spoken(text))
