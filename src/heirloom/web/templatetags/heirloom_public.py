"""Template tags of the public pages: dates of the catalogue in words, names of countries and roles."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from babel import UnknownLocaleError
from babel.dates import format_date, format_skeleton
from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from heirloom.catalogue import dates
from heirloom.catalogue.dates import Edtf, InvalidDate, Moment, Span
from heirloom.catalogue.vocabularies import RELATORS
from heirloom.text import autonym, is_well_formed, truncate
from heirloom.web.templatetags import heirloom_ui

register = template.Library()

_SEASONS = {
    0: gettext_noop("spring {year}"),
    1: gettext_noop("summer {year}"),
    2: gettext_noop("autumn {year}"),
    3: gettext_noop("winter {year}"),
}


# Dates --------------------------------------------------------------------------------------------------------------


@register.filter
def date_words(value: str) -> str:
    """Say an EDTF date in the reader's words; what is no EDTF date is shown as it stands."""
    if not value:
        return ""
    try:
        found = dates.parse(value)
    except InvalidDate:
        return value
    return _date(found)


def _date(found: Edtf) -> str:
    words = [_span(part) if isinstance(part, Span) else _moment(part) for part in found.parts]
    if found.kind == "one-of":
        return _(" or ").join(words)
    return ", ".join(words)


def _span(span: Span) -> str:
    start = _moment(span.start) if isinstance(span.start, Moment) else ""
    end = _moment(span.end) if isinstance(span.end, Moment) else ""
    if start and end:
        return _("{start} to {end}").format(start=start, end=end)
    if start:
        words = _("from {start}") if span.end == "open" else _("from {start} to an unknown date")
        return words.format(start=start)
    if end:
        words = _("until {end}") if span.start == "open" else _("from an unknown date to {end}")
        return words.format(end=end)
    return _("date unknown")


def _moment(moment: Moment) -> str:
    words = _exact(moment)
    if moment.approximate:
        words = _("about {date}").format(date=words)
    if moment.uncertain:
        words = _("{date} (uncertain)").format(date=words)
    return words


def _exact(moment: Moment) -> str:
    year, month, day = moment.earliest
    if "X" in moment.year or moment.significant:
        return _unspecified(moment)
    if moment.season:
        return _season(moment, _year(year))
    if not 1 <= year <= 9999:
        return _year(year)
    locale = heirloom_ui.reader_locale()
    if moment.day and "X" not in moment.day + moment.month:
        return str(format_date(date(year, month, day), "long", locale=locale))
    if moment.month and "X" not in moment.month:
        return str(format_skeleton("yMMMM", date(year, month, 1), locale=locale))
    return _year(year)


def _season(moment: Moment, year: str) -> str:
    if moment.season < 33:
        return _(_SEASONS[(moment.season - 21) % 4]).format(year=year)
    if moment.season < 37:
        return _("quarter {number} of {year}").format(number=moment.season - 32, year=year)
    first, last = moment.earliest[1], moment.latest[1]
    return _("months {first} to {last} of {year}").format(first=first, last=last, year=year)


def _unspecified(moment: Moment) -> str:
    """Decades and centuries by their names, everything else by its bounds."""
    first, last = moment.earliest[0], moment.latest[0]
    if first > 0 and last - first == 9 and first % 10 == 0:
        return _("{year}s").format(year=first)
    if last - first == 99 and first >= 0 and first % 100 == 0:
        return century_words(first // 100 + 1)
    if first == last:
        return _year(first)
    return _("between {first} and {last}").format(first=_year(first), last=_year(last))


def _year(year: int) -> str:
    return str(year) if year > 0 else _("{year} BCE").format(year=1 - year)


@register.filter
def century_words(number: int) -> str:
    """Name a century as the catalogue counts them: 20 is the 20th century, -1 the first before the common era."""
    ordinal = _ordinal(abs(number))
    if number > 0:
        return _("{ordinal} century").format(ordinal=ordinal)
    return _("{ordinal} century BCE").format(ordinal=ordinal)


def _ordinal(number: int) -> str:
    """English writes ordinals with a suffix; in other languages the sentence around the number says it."""
    if heirloom_ui.reader_locale().language != "en":
        return str(number)
    suffix = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"


# Names --------------------------------------------------------------------------------------------------------------


@register.filter
def country_name(code: str) -> str:
    """Name a country (ISO 3166-1 alpha-2) in the reader's language; a code without a name stays a code."""
    try:
        return str(heirloom_ui.reader_locale().territories.get(code, code))
    except UnknownLocaleError:
        return code


@register.filter
def role_name(code: str) -> str:
    """Name a MARC relator role in the reader's language."""
    name = RELATORS.get(code)
    return _(name) if name else code


@register.filter
def own_name(tag: str) -> str:
    """Name a language in itself; what is no language tag is shown as it stands."""
    return autonym(tag) if is_well_formed(tag) else tag


@register.simple_tag(takes_context=True)
def describe(context: Mapping[str, Any], value: Any) -> SafeString:
    """Write the page's meta description from a text, at most 160 clusters long; nothing where there is no text."""
    words = " ".join(heirloom_ui.plain(context, value).split())
    if not words:
        return SafeString("")
    return format_html('<meta name="description" content="{}">', truncate(words, 160))
