"""Monitored places: the list of those that a visitor may see, and the page of one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from babel.dates import format_date
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from heirloom.catalogue import rights
from heirloom.sites import queries, rules
from heirloom.sites.kinds import KINDS
from heirloom.sites.models import AlertWindow, Sensor
from heirloom.web.reader import languages
from heirloom.web.templatetags.days import moment
from heirloom.web.templatetags.measures import number, reader_locale

SPAN: Final = 30 * 86_400
"""Seconds before the newest reading that a chart tells of."""
STRETCHES: Final = 60
CHARTS: Final = 24
"""Charts on a page, at most; further sensors show their newest reading."""
_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM = 640, 220, 72, 12, 36


def _at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _day(seconds: int) -> str:
    return str(format_date(timezone.localtime(_at(seconds)), "short", locale=reader_locale()))


def drawing(series: queries.Series, label: str) -> SafeString:
    """Draw the mean as a line over a band from the lowest to the highest reading of each stretch; ``series`` is not empty.

    A stretch without readings breaks line and band, so that nothing is drawn where nothing was measured.
    """
    buckets = series.buckets
    low, high = min(one.low for one in buckets), max(one.high for one in buckets)
    middle, room = (low + high) / 2, max(high - low, 1e-6 * max(abs(low), abs(high), 1.0))
    first, last = buckets[0].start, buckets[-1].start
    across = max(last - first, series.width)

    def x(start: int) -> float:
        return _LEFT + (start - first) / across * (_WIDTH - _LEFT - 8)

    def y(value: float) -> float:
        half = (_HEIGHT - _TOP - _BOTTOM) / 2
        return _TOP + half - (value - middle) / room * 2 * half

    pieces: list[list[queries.Bucket]] = []
    for one in buckets:
        if pieces and one.start - pieces[-1][-1].start <= series.width:
            pieces[-1].append(one)
        else:
            pieces.append([one])

    def points(pairs: Sequence[tuple[int, float]]) -> str:
        return " ".join(f"{x(start):.1f},{y(value):.1f}" for start, value in pairs)

    drawn = [
        format_html(
            '<polygon class="chart-band" points="{}"/><polyline class="chart-line" points="{}"/>',
            points(
                [(one.start, one.high) for one in piece] + [(one.start, one.low) for one in reversed(piece)]
            ),
            points([(one.start, one.mean) for one in piece]),
        )
        if len(piece) > 1
        else format_html(
            '<circle class="chart-dot" cx="{}" cy="{}" r="3.5"/>',
            f"{x(piece[0].start):.1f}",
            f"{y(piece[0].mean):.1f}",
        )
        for piece in pieces
    ]
    levels = [low, high] if high > low else [low]
    grid = format_html_join(
        "",
        '<line class="chart-grid" x1="{}" x2="{}" y1="{}" y2="{}"/><text x="{}" y="{}" text-anchor="end">{}</text>',
        (
            (
                _LEFT,
                _WIDTH - 8,
                f"{y(level):.1f}",
                f"{y(level):.1f}",
                _LEFT - 8,
                f"{y(level) + 5:.1f}",
                number(level),
            )
            for level in levels
        ),
    )
    days = format_html(
        '<text class="chart-quiet" x="{}" y="{}">{}</text>', _LEFT, _HEIGHT - 8, _day(first)
    ) + (
        format_html(
            '<text class="chart-quiet" x="{}" y="{}" text-anchor="end">{}</text>',
            _WIDTH - 8,
            _HEIGHT - 8,
            _day(last),
        )
        if last > first
        else SafeString("")
    )
    return format_html(
        '<svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}{}</svg>',
        _WIDTH,
        _HEIGHT,
        label,
        grid,
        format_html_join("", "{}", ((one,) for one in drawn)),
        days,
    )


def _sensor(sensor: Sensor, reader: Sequence[str], *, chart: bool) -> dict[str, Any]:
    kind = KINDS[sensor.kind]
    entry: dict[str, Any] = {"sensor": sensor, "symbol": kind.symbol}
    newest = getattr(sensor, "newest", None)
    if newest is None:
        return entry
    entry |= {"newest": _at(newest), "value": getattr(sensor, "newest_value", None)}
    if chart:
        series = queries.series(sensor, newest + 1 - SPAN, newest + 1, most=STRETCHES)
        low, high = min(one.low for one in series.buckets), max(one.high for one in series.buckets)
        name = sensor.name.text(reader, default=sensor.key)
        label = f"{name}: {number(low)} – {number(high)} {kind.symbol}"
        entry |= {
            "label": label,
            "svg": drawing(series, label),
            "columns": [_("From"), _("Lowest"), _("Mean"), _("Highest")],
            "rows": [
                [moment(_at(one.start)), number(one.low), number(one.mean), number(one.high)]
                for one in series.buckets
            ],
        }
    return entry


def _alert(window: AlertWindow) -> dict[str, Any]:
    sensor = window.rule.sensor
    return {
        "sensor": sensor,
        "rule": window.rule,
        "symbol": KINDS[sensor.kind].symbol,
        "since": _at(window.started),
        "extreme": window.extreme,
    }


@require_safe
def monitored_places(request: HttpRequest) -> HttpResponse:
    """List the monitored places that this visitor may see."""
    page = Paginator(queries.places(request.user), queries.PAGE).get_page(request.GET.get("page"))
    return render(request, "heirloom/public/monitored_places.html", {"page_obj": page})


@require_safe
def monitored_place(request: HttpRequest, key: str) -> HttpResponse:
    """Show a monitored place: its panels, visits, sensors with their last readings, and the alerts that stand."""
    who = rights.viewer(request.user)
    found = queries.get_place(who, key)
    known = rules.sees_position(who, found)
    place = found.place if known else None
    points = (
        [{"lon": place.longitude, "lat": place.latitude, "label": place.name or found.name, "url": ""}]
        if place is not None and place.longitude is not None and place.latitude is not None
        else []
    )
    reader = languages(request)
    return render(
        request,
        "heirloom/public/monitored_place.html",
        {
            "monitored": found,
            "place": place,
            "withheld": found.place_id is not None and not known,
            "points": points,
            "keeps": rules.may_edit(who, found),
            "private": found.state == found.State.PRIVATE,
            "panels": queries.panels(who, found),
            "visits": queries.visits(who, found),
            "sensors": [
                _sensor(sensor, reader, chart=place_in_list < CHARTS)
                for place_in_list, sensor in enumerate(queries.sensors(found))
            ],
            "alerts": [_alert(window) for window in queries.open_alerts(found)],
        },
    )
