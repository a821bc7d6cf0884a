"""Days and moments as the reader writes them, each in a ``<time>``: the one way in which pages show dates.

The words are those of the Unicode CLDR. A moment is told in the zone that it was given (a call has its own), else in the
installation's, and always names the zone, since readers live in several.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale
from babel.dates import (
    format_date,
    format_time,
    get_datetime_format,
    get_timezone_gmt,
    get_timezone_location,
    get_timezone_name,
)
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from .measures import reader_locale


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return timezone.get_current_timezone()


def placed(value: datetime, zone: str = "") -> datetime:
    """Return a moment in the zone named; else as it is where it has a place; else (a row's, in UTC) in the zone in force."""
    if timezone.is_naive(value):
        value = value.replace(tzinfo=UTC)
    if zone:
        return value.astimezone(_zone(zone))
    return value if isinstance(value.tzinfo, ZoneInfo) else timezone.localtime(value)


def zone_name(at: datetime, locale: Locale) -> str:
    """Name the zone of a moment: as CLDR does, by its country where CLDR knows only the offset, else by the offset."""
    key = getattr(at.tzinfo, "key", "")
    if at.tzinfo is UTC or key in {"UTC", "Etc/UTC"}:
        return "UTC"
    offset = str(get_timezone_gmt(at, "long", locale=locale))
    name = str(get_timezone_name(at, "long", locale=locale))
    if name == offset and "/" in key and not key.startswith("Etc/"):
        return str(get_timezone_location(at.tzinfo, locale=locale))
    return name


def day(value: datetime | date | None, zone: str = "") -> SafeString:
    """Write a day: ``{{ call.opens_at|day:call.time_zone }}``; nothing where there is none."""
    if not isinstance(value, date):
        return SafeString("")
    at = placed(value, zone) if isinstance(value, datetime) else value
    return format_html(
        '<time datetime="{}">{}</time>',
        at.isoformat(timespec="seconds") if isinstance(at, datetime) else at.isoformat(),
        format_date(at, "long", locale=reader_locale()),
    )


def moment(value: datetime | None, zone: str = "") -> SafeString:
    """Write a day and time to the minute, and which zone is meant; nothing where there is none."""
    if not isinstance(value, datetime):
        return SafeString("")
    locale = reader_locale()
    at = placed(value, zone)
    pattern = str(get_datetime_format("medium", locale=locale)).replace("'", "")
    # The pattern's places are {0} for the time and {1} for the day.
    words = pattern.format(format_time(at, "short", locale=locale), format_date(at, "long", locale=locale))
    return format_html(
        '<time datetime="{}">{} ({})</time>', at.isoformat(timespec="seconds"), words, zone_name(at, locale)
    )
