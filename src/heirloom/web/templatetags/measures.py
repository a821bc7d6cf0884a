"""Numbers as the reader writes them: sizes, lengths of time, separators."""

from __future__ import annotations

from datetime import timedelta

from babel import Locale, UnknownLocaleError
from babel.numbers import format_decimal
from babel.units import format_unit
from django.conf import settings
from django.utils.translation import get_language

from heirloom.text.languages import canonical


def page_language() -> str:
    """Return the page's language as BCP 47."""
    return canonical(get_language() or settings.LANGUAGE_CODE)


def reader_locale() -> Locale:
    """Return the locale that numbers, dates and amounts are written in for this reader; English where Babel has none."""
    try:
        return Locale.parse(page_language(), sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale("en")


_BYTES = ("byte", "kilobyte", "megabyte", "gigabyte", "terabyte")


def size(count: float) -> str:
    """Return a number of bytes in the largest decimal unit (1 kB = 1000 bytes), as the reader writes numbers.

    Bytes are written out where CLDR can: its short form of them has no plural in English ("423 byte").
    """
    value, unit = float(count), 0
    while value >= 1000 and unit < len(_BYTES) - 1:
        value, unit = value / 1000, unit + 1
    number = round(value, 1 if value < 100 and unit else 0)
    name, locale = f"digital-{_BYTES[unit]}", reader_locale()
    written = format_unit(number, name, length="short", locale=locale)
    if unit:
        return written
    in_full = format_unit(number, name, length="long", locale=locale)
    return (
        written if name in in_full else in_full
    )  # Babel writes the unit's identifier where a locale has no words


def duration(seconds: float | timedelta) -> str:
    """Return a length of time in the two largest units that matter, as the reader writes them."""
    total = seconds.total_seconds() if isinstance(seconds, timedelta) else float(seconds)
    locale = reader_locale()
    if total < 1:
        return format_unit(round(total * 1000), "duration-millisecond", length="short", locale=locale)
    if total < 60:
        return format_unit(
            round(total, 1 if total < 10 else 0), "duration-second", length="short", locale=locale
        )
    whole = round(total)
    for large, length, small, part in (
        ("day", 86400, "hour", 3600),
        ("hour", 3600, "minute", 60),
        ("minute", 60, "second", 1),
    ):
        if whole >= length:
            first = format_unit(whole // length, f"duration-{large}", length="short", locale=locale)
            rest = whole % length // part
            second = format_unit(rest, f"duration-{small}", length="short", locale=locale) if rest else ""
            return f"{first} {second}".strip()
    return format_unit(whole, "duration-second", length="short", locale=locale)


def number(value: float) -> str:
    """Return a number with the reader's separators, at most two digits after the point."""
    return format_decimal(value, format="#,##0.##", locale=reader_locale())
