"""Dates as the field writes them: EDTF, levels 0, 1 and 2.

Source: Library of Congress, Extended Date/Time Format specification, 2019 (https://www.loc.gov/standards/datetime/),
the profile of ISO 8601-2:2019. Years are astronomical: ``0000`` is 1 BCE, ``-0043`` is 44 BCE; the calendar is
the proleptic Gregorian one. The words of a page are not made here: :class:`Edtf` is the structure they are made from.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from heirloom.errors import HeirloomError, gettext_noop

LAST_YEAR: Final = 2**31 - 1
"""Years further away than this are cut to it in bounds: they have to fit a column of 32 bits."""

Day = tuple[int, int, int]
Open = Literal["open", "unknown"]


class InvalidDate(HeirloomError):
    """A text is no EDTF date."""

    code = "date.invalid"
    message = gettext_noop(
        "{value} is not a date that we can read. Write for example 1937, 1937-05-01, 193X, 1937~ (about), "
        "1937? (uncertain), 1900/1950 or -0043 (44 BCE)."
    )
    kept = gettext_noop("Nothing was changed.")


@dataclass(frozen=True, slots=True)
class Moment:
    """One date: a year, and where known a month or season and a day.

    Attributes:
        year: the digits as written, with sign, ``X`` for unspecified digits (``"193X"``); a long year without its ``Y``.
        month: two characters, ``X`` unspecified, or ``""``. Seasons (21 to 41) stand in ``season``.
        day: two characters, ``X`` unspecified, or ``""``.
        season: 21-24 spring to winter anywhere, 25-28 northern, 29-32 southern, 33-36 quarters, 37-39 four-month, 40-41 halves.
        time: what follows ``T``, or ``""``.
        uncertain: the parts marked ``?`` or ``%``. approximate: the parts marked ``~`` or ``%``.
        significant: number of significant digits of the year (``S``), 0 where not stated.
        earliest, latest: first and last day that it may mean.
        level: 0, 1 or 2, the level of EDTF it needs.
    """

    year: str
    month: str
    day: str
    season: int
    time: str
    uncertain: frozenset[str]
    approximate: frozenset[str]
    significant: int
    earliest: Day
    latest: Day
    level: int


@dataclass(frozen=True, slots=True)
class Span:
    """From one moment to another; an end is ``"open"`` (``..``) or ``"unknown"`` (nothing written)."""

    start: Moment | Open
    end: Moment | Open


@dataclass(frozen=True, slots=True)
class Edtf:
    """A parsed date.

    Attributes:
        text: the date as written.
        kind: ``date``; ``interval`` (one :class:`Span` in ``parts``); ``one-of`` (``[...]``) and ``all-of`` (``{...}``), whose
            parts are moments and spans.
        parts: in the order written.
        level: 0, 1 or 2.
    """

    text: str
    kind: Literal["date", "interval", "one-of", "all-of"]
    parts: tuple[Moment | Span, ...]
    level: int

    @property
    def year_from(self) -> int | None:
        """The earliest year it may mean; None where it begins open or unknown."""
        starts = [part.start if isinstance(part, Span) else part for part in self.parts]
        years = [start.earliest[0] for start in starts if isinstance(start, Moment)]
        return min(years) if len(years) == len(starts) else None

    @property
    def year_to(self) -> int | None:
        """The latest year it may mean; None where it ends open or unknown."""
        ends = [part.end if isinstance(part, Span) else part for part in self.parts]
        years = [end.latest[0] for end in ends if isinstance(end, Moment)]
        return max(years) if len(years) == len(ends) else None


_MARK = r"[?~%]"
_YEAR = re.compile(
    rf"(?P<before>{_MARK})?(?P<year>-?[0-9X]{{4}})(?:S(?P<digits>[1-9][0-9]*))?(?P<after>{_MARK})?"
)
_LONG = re.compile(r"Y(?P<year>-?[1-9][0-9]*)(?:E(?P<power>[1-9][0-9]*))?(?:S(?P<digits>[1-9][0-9]*))?")
_PART = re.compile(rf"(?P<before>{_MARK})?(?P<value>[0-9X]{{2}})(?P<after>{_MARK})?")
_TIME = re.compile(
    r"(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]|24:00:00)"
    r"(?:Z|[+-](?:(?:0[0-9]|1[0-3])(?::[0-5][0-9])?|14(?::00)?))?"
)
_LENGTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_SEASON_MONTHS: Final = {
    **dict.fromkeys((21, 22, 23, 24), (1, 12)),  # which months depends on where; the year holds them all
    25: (3, 5), 26: (6, 8), 27: (9, 11), 28: (1, 12),
    29: (9, 11), 30: (1, 12), 31: (3, 5), 32: (6, 8),
    33: (1, 3), 34: (4, 6), 35: (7, 9), 36: (10, 12),
    37: (1, 4), 38: (5, 8), 39: (9, 12), 40: (1, 6), 41: (7, 12),
}  # fmt: skip


@lru_cache(maxsize=4096)
def parse(text: str) -> Edtf:
    """Read an EDTF date.

    Raises:
        InvalidDate: it is none, or an interval that ends before it begins.
    """
    try:
        return _expression(text)
    except (ValueError, IndexError) as error:
        raise InvalidDate(value=repr(text[:80])) from error


def is_valid(text: str) -> bool:
    """Whether *text* is an EDTF date of level 0, 1 or 2."""
    try:
        parse(text)
    except InvalidDate:
        return False
    return True


def years(text: str) -> tuple[int | None, int | None]:
    """The earliest and latest year that *text* may mean; ``(None, None)`` for an empty text. Raises InvalidDate."""
    if not text:
        return None, None
    date = parse(text)
    return date.year_from, date.year_to


def century(year: int) -> int:
    """The century of an astronomical *year*: 20 for 1937, -1 for the first century BCE (there is no century 0)."""
    return (year + 99) // 100 if year > 0 else -((-year) // 100 + 1)


def _expression(text: str) -> Edtf:
    if len(text) > 1000:
        raise ValueError("too long")
    if text[:1] in ("[", "{"):
        return _set(text)
    if "/" in text:
        first, second = text.split("/")
        span = Span(_end(first), _end(second))
        return Edtf(text, "interval", (span,), _span_level(span))
    if "T" in text:
        return _date_and_time(text)
    moment = _moment(text)
    return Edtf(text, "date", (moment,), moment.level)


def _end(text: str) -> Moment | Open:
    if text == "..":
        return "open"
    return _moment(text) if text else "unknown"


def _span_level(span: Span) -> int:
    levels = [0]
    ends: list[Moment] = []
    for end in (span.start, span.end):
        if isinstance(end, str):
            levels.append(1)
        else:
            ends.append(end)
            unspecified = "X" in end.year + end.month + end.day
            levels.append(2 if unspecified else end.level)
    if not ends:
        if span.start == span.end == "unknown":
            raise ValueError("nothing is known")
    elif len(ends) == 2 and ends[0].earliest > ends[1].latest:
        raise ValueError("ends before it begins")
    return max(levels)


def _set(text: str) -> Edtf:
    kind: Literal["one-of", "all-of"] = "one-of" if text[0] == "[" else "all-of"
    if text[-1] != ("]" if kind == "one-of" else "}"):
        raise ValueError("not closed")
    members = text[1:-1].split(",")
    parts: list[Moment | Span] = []
    for position, member in enumerate(members):
        member = member.strip(" ")
        if ".." not in member:
            parts.append(_moment(member))
            continue
        first, second = member.split("..")
        if (
            (not first and position > 0)
            or (not second and position < len(members) - 1)
            or not (first or second)
        ):
            raise ValueError("an open end in the middle")
        span = Span(_moment(first) if first else "open", _moment(second) if second else "open")
        _span_level(span)
        parts.append(span)
    return Edtf(text, kind, tuple(parts), 2)


def _date_and_time(text: str) -> Edtf:
    date, time = text.split("T")
    moment = _moment(date)
    if len(date.lstrip("-")) != 10 or not moment.day or "X" in date or not _TIME.fullmatch(time):
        raise ValueError("a time needs a whole date")
    whole = Moment(
        moment.year, moment.month, moment.day, 0, time, frozenset(), frozenset(), 0,
        moment.earliest, moment.latest, moment.level,
    )  # fmt: skip
    return Edtf(text, "date", (whole,), moment.level)


def _moment(text: str) -> Moment:
    found = _LONG.match(text)
    if found:
        return _long_year(text, found)
    found = _YEAR.match(text)
    if found is None:
        raise ValueError(text)
    rest = [text[found.end() :]]
    if rest[0]:
        if rest[0][0] != "-" or found["digits"]:
            raise ValueError(text)
        rest = rest[0][1:].split("-")
        if len(rest) > 2:
            raise ValueError(text)
    else:
        rest = []
    year = found["year"]
    if year == "-0000":
        raise ValueError("there is no year -0")
    parts = [_PART.fullmatch(part) for part in rest]
    if any(part is None for part in parts):
        raise ValueError(text)
    values = [part["value"] for part in parts if part]
    season = 0
    if values and "X" not in values[0] and int(values[0]) > 20:
        season = int(values.pop(0))
        if season not in _SEASON_MONTHS or values:
            raise ValueError("no such season")
    names = ["year", "season" if season else "month", "day"][: len(rest) + 1]
    uncertain, approximate = _marks(names, [(found["before"], found["after"])] + [
        (part["before"], part["after"]) for part in parts if part
    ])  # fmt: skip
    month = values[0] if values else ""
    day = values[1] if len(values) > 1 else ""
    digits = int(found["digits"] or 0)
    if digits > len(year.lstrip("-0X") or "0"):
        raise ValueError("more significant digits than digits")
    low, high = _significant(*_year_range(year), digits)
    first, last = _days(year, low, high, month, day, season)
    level = _level(text, season, digits)
    return Moment(year, month, day, season, "", uncertain, approximate, digits, first, last, level)


def _long_year(text: str, found: re.Match[str]) -> Moment:
    if found.end() != len(text):
        raise ValueError(text)
    digits = found["year"]
    if found["power"]:
        if int(found["power"]) > 12:
            raise ValueError("beyond any calendar")
        year = int(digits) * 10 ** int(found["power"])
    elif len(digits.lstrip("-")) < 5 and not found["digits"]:
        raise ValueError("a long year has five digits or more")
    else:
        year = int(digits)
    significant = int(found["digits"] or 0)
    if significant > len(str(abs(year))):
        raise ValueError("more significant digits than digits")
    low, high = _significant(year, year, significant)
    low, high = max(low, -LAST_YEAR), min(high, LAST_YEAR)
    return Moment(
        digits + (f"E{found['power']}" if found["power"] else ""), "", "", 0, "", frozenset(), frozenset(),
        significant, (min(low, LAST_YEAR), 1, 1), (max(high, -LAST_YEAR), 12, 31),
        2 if found["power"] or significant else 1,
    )  # fmt: skip


def _marks(
    names: list[str], marks: list[tuple[str | None, str | None]]
) -> tuple[frozenset[str], frozenset[str]]:
    """A mark before a part is about that part; one after it is about it and all to its left (level 2)."""
    uncertain: set[str] = set()
    approximate: set[str] = set()
    for position, (before, after) in enumerate(marks):
        for mark, about in ((before, names[position : position + 1]), (after, names[: position + 1])):
            if mark in ("?", "%"):
                uncertain.update(about)
            if mark in ("~", "%"):
                approximate.update(about)
    return frozenset(uncertain), frozenset(approximate)


def _year_range(year: str) -> tuple[int, int]:
    low, high = int(year.replace("X", "0")), int(year.replace("X", "9"))
    return (high, low) if year.startswith("-") else (low, high)


def _significant(low: int, high: int, digits: int) -> tuple[int, int]:
    if not digits:
        return low, high
    length = len(str(max(abs(low), abs(high))))
    step = 10 ** max(0, length - digits)
    if low < 0:
        return -((-low) // step * step + step - 1), -((-high) // step * step)
    return low // step * step, high // step * step + step - 1


def _matching(pattern: str, last: int) -> list[int]:
    shape = re.compile(pattern.replace("X", "[0-9]"))
    return [number for number in range(1, last + 1) if shape.fullmatch(f"{number:02d}")]


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _days(year: str, low: int, high: int, month: str, day: str, season: int) -> tuple[Day, Day]:
    if season:
        first, last = _SEASON_MONTHS[season]
        return (low, first, 1), (high, last, _LENGTHS[last - 1])
    if not month:
        return (low, 1, 1), (high, 12, 31)
    leap = "X" in year or _is_leap(low)
    days = [
        (number, there)
        for number in _matching(month, 12)
        for there in _matching(day or "XX", _LENGTHS[number - 1] - (number == 2 and not leap))
    ]
    if not days:
        raise ValueError("no such day")
    return (low, *days[0]), (high, *days[-1])


_PLAIN = re.compile(r"[0-9]{4}(?:-[0-9]{2}){0,2}")
_LEVEL_1 = re.compile(
    r"-?[0-9]{4}(?:-[0-9]{2}){0,2}[?~%]?|-?[0-9]{2}(?:[0-9]|X)X|-?[0-9]{4}-XX(?:-XX)?|-?[0-9]{4}-[0-9]{2}-XX"
)


def _level(text: str, season: int, digits: int) -> int:
    if season > 24 or digits:
        return 2
    if not season and _PLAIN.fullmatch(text):
        return 0
    return 1 if _LEVEL_1.fullmatch(text) else 2
