"""Places: the map, a place's page, a community's page."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from heirloom.catalogue import queries, rights
from heirloom.catalogue.filters import Filters
from heirloom.catalogue.models import Community, Item, Place
from heirloom.errors import NotFound
from heirloom.sites import queries as site_queries
from heirloom.web.reader import languages

from . import summaries
from .cards import case_card, item_card
from .summaries import PublishedCase

FINE: Final = 1440
COARSE: Final = 96
MOST_MARKS: Final = 250
_PUBLISHED = Filters(state=(Item.State.PUBLISHED,))


def _clusters(who: rights.Viewer, filters: Filters) -> tuple[list[queries.Cluster], float]:
    """Gather items as finely as a sheet can carry marks; return them with the side of their cells in degrees."""
    for columns in (FINE, COARSE):
        found = queries.items_on_map(who, filters, columns=columns)
        if len(found) <= MOST_MARKS:
            break
    west, _south, east, _north = filters.bbox or (-180.0, -90.0, 180.0, 90.0)
    width = east - west if west <= east else east - west + 360
    return found, max(width, 1e-6) / columns


def item_points(
    who: rights.Viewer, filters: Filters, path: str, query: Sequence[tuple[str, str]]
) -> list[dict[str, Any]]:
    """Return the marks of a map of items: each with its name, how many items, and where it leads.

    Args:
        path, query: the list that a mark of several places leads to, narrowed to its cell.
    """
    clusters, cell = _clusters(who, filters)
    names = dict(
        Place.objects.filter(key__in={cluster.place for cluster in clusters if cluster.place}).values_list(
            "key", "name"
        )
    )
    points = []
    for cluster in clusters:
        if cluster.place:
            url = reverse("place", args=[cluster.place])
        else:
            west, south = (math.floor(at / cell) * cell for at in (cluster.longitude, cluster.latitude))
            box = (west, south, min(west + cell, 180.0), min(south + cell, 90.0))
            url = f"{path}?{urlencode([*query, ('bbox', ','.join(f'{edge:.6g}' for edge in box))])}"
        points.append(
            {
                "key": cluster.place,
                "lon": cluster.longitude,
                "lat": cluster.latitude,
                "name": names.get(cluster.place) or _("Several places near each other"),
                "items": cluster.count,
                "cases": 0,
                "url": url,
            }
        )
    return points


def with_cases(points: Iterable[dict[str, Any]], cases: Iterable[PublishedCase]) -> list[dict[str, Any]]:
    """Add the places of cases to the marks of items; a place that has both is one mark."""
    made = list(points)
    by_place = {point["key"]: point for point in made if point["key"]}
    for case in cases:
        for place in case.shown.points:
            if place.longitude is None or place.latitude is None:
                continue
            known = by_place.get(place.key)
            if known is None:
                known = by_place[place.key] = {
                    "key": place.key,
                    "lon": place.longitude,
                    "lat": place.latitude,
                    "name": place.name or place.key,
                    "items": 0,
                    "cases": 0,
                    "url": reverse("place", args=[place.key]),
                }
                made.append(known)
            known["cases"] += 1
    return made


def labelled(points: list[dict[str, Any]], reader: Sequence[str]) -> list[dict[str, Any]]:
    """Give each mark its words, most things first."""
    points.sort(key=lambda point: (-point["items"] - point["cases"], point["lon"], point["lat"]))
    for point in points:
        counts = []
        if point["items"]:
            counts.append(
                ngettext("%(count)d item", "%(count)d items", point["items"]) % {"count": point["items"]}
            )
        if point["cases"]:
            counts.append(
                ngettext("%(count)d case", "%(count)d cases", point["cases"]) % {"count": point["cases"]}
            )
        name = point["name"]
        point["counts"] = ", ".join(counts)
        point["label"] = f"{name if isinstance(name, str) else name.text(reader)} ({point['counts']})"
    return points


@require_safe
def world(request: HttpRequest) -> HttpResponse:
    """Show the places of items and cases on a map, with a list beside it."""
    who = rights.viewer(request.user)
    points = item_points(who, _PUBLISHED, reverse("explore"), [])
    points = with_cases(points, summaries.published(who))
    return render(
        request,
        "heirloom/public/map.html",
        {"points": labelled(points, languages(request)), "monitored": site_queries.places(who).exists()},
    )


@require_safe
def place(request: HttpRequest, key: str) -> HttpResponse:
    """Show a place with what this visitor may see there; a place where they may see nothing is not there for them."""
    who = rights.viewer(request.user)
    found = queries.get_place(who, key)
    parts = [(part, count) for part, count in found.parts if count]
    cases = [
        case for case in summaries.published(who) if any(point.key == key for point in case.shown.points)
    ]
    if not (found.items or parts or cases):
        raise NotFound
    covers = summaries.open_items(who, [case.shown.cover[0] for case in cases if case.shown.cover])
    shown = found.place
    point = (
        [{"lon": shown.longitude, "lat": shown.latitude, "label": shown.name or shown.key, "url": ""}]
        if shown.longitude is not None and shown.latitude is not None
        else []
    )
    return render(
        request,
        "heirloom/public/place.html",
        {
            "place": shown,
            "items": [item_card(item) for item in found.items],
            "total": found.total,
            "more_url": f"{reverse('explore')}?{urlencode({'place': key})}"
            if found.total > len(found.items)
            else "",
            "parts": parts,
            "cases": [case_card(case.shown, covers) for case in cases],
            "points": point,
        },
    )


@require_safe
def community(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a community in its own words, with what this visitor may see of it."""
    found = Community.objects.filter(slug=slug).first()
    if found is None:
        raise NotFound
    who = rights.viewer(request.user)
    filters = Filters(community=(slug,), state=(Item.State.PUBLISHED,))
    listed = queries.list_items(who, filters, facets=False, language=languages(request)[0])
    cases = [case for case in summaries.published(who) if found.key in case.shown.communities]
    covers = summaries.open_items(who, [case.shown.cover[0] for case in cases if case.shown.cover])
    return render(
        request,
        "heirloom/public/community.html",
        {
            "community": found,
            "items": [item_card(item) for item in listed.items],
            "total": listed.total,
            "more_url": f"{reverse('explore')}?{urlencode({'community': slug})}"
            if listed.total > len(listed.items)
            else "",
            "cases": [case_card(case.shown, covers) for case in cases],
            "stewarded": rights.is_steward(who, found),
        },
    )
