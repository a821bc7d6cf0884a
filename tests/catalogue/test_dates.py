"""EDTF: examples of the specification, bounds, and agreement with the reference validator."""

from __future__ import annotations

import re
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heirloom.catalogue import dates

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the reference validator uses old names of its parser library
    from edtf_validate.valid_edtf import is_valid


def reference(text: str) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return bool(is_valid(text))


# Examples of the specification's text, by the level under which they stand.
LEVELS = {
    0: "1985-04-12 1985-04 1985 1985-04-12T23:20:30 1985-04-12T23:20:30Z 1985-04-12T23:20:30-04 "
    "1985-04-12T23:20:30+04:30 1964/2008 2004-06/2006-08 2004-02-01/2005-02-08 2004-02-01/2005-02 "
    "2004-02-01/2005 2005/2006-02",
    1: "Y170000002 Y-170000002 2001-21 2001-22 1984? 2004-06~ 2004-06-11% 201X 20XX 2004-XX 1985-04-XX "
    "1985-XX-XX 1985-04-12/.. 1985-04/.. 1985/.. ../1985-04-12 ../1985-04 ../1985 1985-04-12/ 1985-04/ "
    "1985/ /1985-04-12 /1985-04 /1985 1984~/2004-06 1984/2004-06~ 1984~/2004~ 1984?/2004% -1985",
    2: "Y-17E7 Y17E8 1950S2 Y171010000S3 Y3388E2S3 2001-34 [1667,1668,1670..1672] [..1760-12-03] [1760-12..] "
    "[1760-01,1760-02,1760-12..] [1667,1760-12] {1667,1668,1670..1672} {1960,1961-12} {..1984} 2004-06~-11 "
    "2004?-06-11 ?2004-06-~11 2004-%06-11 156X-12-25 15XX-12-25 XXXX-12-XX 1XXX-XX 1XXX-12 1984-1X "
    "2004-06-~01/2004-06-~20 2004-06-XX/2004-07-03",
}


@pytest.mark.parametrize(
    ("text", "level"), [(text, level) for level, line in LEVELS.items() for text in line.split()]
)
def test_examples_of_the_specification(text: str, level: int) -> None:
    assert dates.parse(text).level == level


@pytest.mark.parametrize(
    "text",
    ["", " ", "85", "19850412", "1985-4-1", "1985-13", "1985-02-30", "2001-02-29", "1985-04-12T25:00:00", "2004/2003",
     "2004-06-11??", "-0000", "Y1985", "/", "2001-20", "2001-42", "[1667", "{1667]", "[1667,..1668]", "2001-21-01",
     "2004-00", "2004-01-00", "Y17E", "1950S5", "12XX-02-30", "1985-04T10:10:10", "circa 1900", "1900-1950", "[..]",
     "1985/1986/1987", "１９８５", "Y1E99", "{" + "1,"*600 + "1}"],
)  # fmt: skip
def test_what_is_no_date_has_a_code(text: str) -> None:
    with pytest.raises(dates.InvalidDate) as caught:
        dates.parse(text)
    assert caught.value.code == "date.invalid"


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("", None, None),
        ("1937", 1937, 1937),
        ("193X", 1930, 1939),
        ("19XX-05", 1900, 1999),
        ("-004X", -49, -40),
        ("-0043/0100", -43, 100),
        ("1900/..", 1900, None),
        ("../1900", None, 1900),
        ("/1900", None, 1900),
        ("[1667,1668,1670..1672]", 1667, 1672),
        ("[..1760-12-03]", None, 1760),
        ("1950S2", 1900, 1999),
        ("Y-17E7", -170000000, -170000000),
        ("Y17E11", dates.LAST_YEAR, dates.LAST_YEAR),
        ("Y-17E11", -dates.LAST_YEAR, -dates.LAST_YEAR),
    ],
)
def test_bounds(text: str, first: int | None, last: int | None) -> None:
    assert dates.years(text) == (first, last)


def test_structure_says_which_part_is_uncertain() -> None:
    (moment,) = dates.parse("2004-06~-?11").parts
    assert isinstance(moment, dates.Moment)
    assert (moment.approximate, moment.uncertain) == ({"year", "month"}, {"day"})
    (span,) = dates.parse("1984?/..").parts
    assert isinstance(span, dates.Span)
    assert span.end == "open"
    assert isinstance(span.start, dates.Moment)
    assert span.start.uncertain == {"year"}
    (season,) = dates.parse("2001-23").parts
    assert isinstance(season, dates.Moment)
    assert (season.season, season.month) == (23, "")


def test_days_know_leap_years_and_unspecified_digits() -> None:
    (moment,) = dates.parse("2023-02-2X").parts
    assert isinstance(moment, dates.Moment)
    assert (moment.earliest, moment.latest) == ((2023, 2, 20), (2023, 2, 28))
    assert dates.is_valid("20XX-02-29")
    assert not dates.is_valid("2023-02-29")


@pytest.mark.parametrize(
    ("year", "number"), [(1937, 20), (1900, 19), (1901, 20), (1, 1), (0, -1), (-99, -1), (-100, -2)]
)
def test_centuries_have_no_zero(year: int, number: int) -> None:
    assert dates.century(year) == number


digit = st.sampled_from("0123456789")
year = st.builds("".join, st.lists(digit, min_size=4, max_size=4)).filter(lambda text: text != "0000")
signed = st.builds(lambda sign, text: sign + text, st.sampled_from(["", "", "-"]), year)
unspecified = st.builds(lambda text, count: text[: 4 - count] + "X" * count, year, st.integers(1, 2))
month = st.integers(0, 13).map("{:02d}".format)
day = st.integers(0, 32).map("{:02d}".format)
mark = st.sampled_from(["", "", "?", "~", "%"])
date = st.one_of(
    st.builds("{}{}".format, signed, mark),
    st.builds("{}-{}{}".format, signed, month, mark),
    st.builds("{}-{}-{}{}".format, signed, month, day, mark),
    unspecified,
    st.builds("{}-XX".format, year),
    st.builds("{}-{}-XX".format, year, month),
    st.builds("{}-{}".format, year, st.integers(19, 26).map(str)),
    st.builds("Y{}{}".format, st.integers(1, 9), year),
)
plain = st.one_of(
    year, st.builds("{}-{}".format, year, month), st.builds("{}-{}-{}".format, year, month, day)
)
expression = st.one_of(
    date,
    st.builds("{}/{}".format, plain, plain),
    st.builds("{}/..".format, date),
    st.builds("../{}".format, date),
    st.builds("[{},{}]".format, plain, plain),
    st.builds("{{{}..{}}}".format, year, year),
    st.builds(
        "{}T{:02d}:{:02d}:{:02d}Z".format, plain, st.integers(0, 25), st.integers(0, 61), st.integers(0, 61)
    ),
)


def stricter(text: str) -> bool:
    """Where we know better than the reference: days that a February has not, times of less than a day, sets that run backwards."""
    return (
        re.search("-02-(29|30|31)", text) is not None
        or ("T" in text and len(text.split("T")[0]) < 10)
        or text.startswith("{")
    )


def wider(text: str) -> bool:
    """Where the reference has no grammar: beside an open end, years before 0, long years and what level 2 adds."""
    return (
        ".." in text and "/" in text and not re.fullmatch(r"[0-9]{4}(-[0-9]{2}){0,2}[?~%]?", text.strip("./"))
    )


@settings(max_examples=80, deadline=None)
@given(expression)
def test_agrees_with_the_reference_validator(text: str) -> None:
    ours = dates.is_valid(text)
    if not (stricter(text) if not ours else wider(text)):
        assert ours == reference(text), text


@settings(max_examples=200, deadline=None)
@given(expression)
def test_bounds_are_in_order(text: str) -> None:
    if dates.is_valid(text):
        first, last = dates.years(text)
        assert first is None or last is None or first <= last


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="0123456789X-/.?~%[]{},YES T:Z", max_size=25))
def test_no_text_breaks_the_parser(text: str) -> None:
    dates.is_valid(text)
