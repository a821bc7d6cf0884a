"""The collection of items: list, facets, search, map."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from heirloom.catalogue import queries, rights
from heirloom.catalogue.filters import Filters
from heirloom.catalogue.models import Item
from heirloom.web.reader import languages
from heirloom.web.templatetags.heirloom_public import century_words, country_name
from heirloom.web.templatetags.rights_names import rights_name

from .cards import item_card
from .places import item_points, labelled

OFFERED = 15
"""Values of a facet that the page offers; those that are chosen are always among them."""
OPEN_FACETS = ("kind", "language")
FEW_FACETS = 3
"""So few stand open from the start."""
_ASKED = (*queries.FACETS, "subject", "place", "agent")

FACET_LABELS = {
    "kind": gettext_lazy("Kind"),
    "language": gettext_lazy("Language"),
    "community": gettext_lazy("Community"),
    "country": gettext_lazy("Country"),
    "century": gettext_lazy("Century"),
    "technique": gettext_lazy("Technique"),
    "material": gettext_lazy("Material"),
    "form": gettext_lazy("Form"),
    "period": gettext_lazy("Period"),
    "rights": gettext_lazy("Rights"),
}
SORT_LABELS = {
    "relevance": gettext_lazy("Best match"),
    "recent": gettext_lazy("Newest here"),
    "title": gettext_lazy("Title"),
    "oldest": gettext_lazy("Oldest"),
    "newest": gettext_lazy("Youngest"),
}


def asked(query: Any) -> Filters:
    """Read what a visitor asks for: published items alone, by what the public list offers."""
    read = Filters.from_query(query)
    chosen = {name: getattr(read, name) for name in _ASKED}
    return Filters(q=read.q, bbox=read.bbox, state=(Item.State.PUBLISHED,), **chosen)


def pairs(filters: Filters, *left_out: str) -> list[tuple[str, str]]:
    """Return the query of a filter without what every visitor is given."""
    return [pair for pair in filters.to_query() if pair[0] != "state" and pair[0] not in left_out]


def facet_options(facets: Mapping[str, Sequence[queries.FacetValue]]) -> list[dict[str, Any]]:
    """Return the facets as their component shows them, in the reader's words; one with nothing to choose is left out."""
    shown = []
    for name, values in facets.items():
        offered = [value for number, value in enumerate(values) if number < OFFERED or value.selected]
        if len(offered) > 1 or any(value.selected for value in offered):
            shown.append(
                {
                    "name": name,
                    "label": FACET_LABELS[name],
                    "open": name in OPEN_FACETS or any(value.selected for value in offered),
                    "options": [
                        {
                            "value": value.value,
                            "label": facet_label(name, value),
                            "count": value.count,
                            "selected": value.selected,
                        }
                        for value in offered
                    ],
                }
            )
    for facet in shown:
        facet["open"] = facet["open"] or len(shown) <= FEW_FACETS
    return shown


def facet_label(name: str, value: queries.FacetValue) -> Any:
    """Name a value of a facet: translated terms as they are, codes in the reader's words."""
    if name == "kind":
        return capfirst(str(dict(Item.Kind.choices).get(str(value.value), value.value)))
    if name == "country":
        return country_name(str(value.value))
    if name == "century":
        return century_words(int(value.value))
    if name == "rights":
        return _("not stated") if value.value == "none" else rights_name(str(value.value))[0]
    return value.label or value.value


def chosen_tags(filters: Filters, facets: Iterable[Mapping[str, Any]], path: str) -> list[dict[str, Any]]:
    """Return what is chosen, each with the address of the list without it."""
    tags = []
    for facet in facets:
        for option in facet["options"]:
            if option["selected"]:
                rest = filters.toggled(facet["name"], option["value"])
                tags.append(
                    {"label": option["label"], "facet": facet["label"], "url": _address(path, pairs(rest))}
                )
    known = {facet["name"] for facet in facets}
    for name, label in (("subject", _("Subject")), ("place", _("Place")), ("agent", _("Person or group"))):
        if getattr(filters, name) and name not in known:
            tags.append({"label": label, "facet": "", "url": _address(path, pairs(filters.without(name)))})
    if filters.bbox:
        tags.append(
            {
                "label": _("Part of the map"),
                "facet": "",
                "url": _address(path, pairs(filters.without("bbox"))),
            }
        )
    return tags


def _address(path: str, query: list[tuple[str, str]]) -> str:
    return f"{path}?{urlencode(query)}" if query else path


@require_safe
def explore(request: HttpRequest) -> HttpResponse:
    """List the items that this visitor may see, narrowed by facets and words, as a list or on a map."""
    who = rights.viewer(request.user)
    filters = asked(request.GET)
    on_map = request.GET.get("view") == "map"
    number = request.GET.get("page", "")
    listed = queries.list_items(
        who,
        filters,
        sort=request.GET.get("sort", ""),
        page=int(number) if number.isdecimal() and len(number) < 8 else 1,
        size=1 if on_map else queries.PAGE,
        language=languages(request)[0],
    )
    path = reverse("explore")
    facets = facet_options(listed.facets)
    sort = request.GET.get("sort", "") if listed.sort == request.GET.get("sort") else ""
    extra = [("sort", sort)] if sort else []
    reader = languages(request)
    chosen = chosen_tags(filters, facets, path)
    points = labelled(item_points(who, filters, path, pairs(filters, "bbox")), reader) if on_map else []
    return render(
        request,
        "heirloom/public/explore.html",
        {
            "listed": listed,
            "cards": [] if on_map else [item_card(item) for item in listed.items],
            "page_obj": Paginator(range(listed.total), queries.PAGE).get_page(listed.page),
            "facets": facets,
            "chosen": chosen,
            "hidden": [*pairs(filters, *queries.FACETS), *extra, *([("view", "map")] if on_map else [])],
            "search_hidden": [*pairs(filters, "q"), *([("view", "map")] if on_map else [])],
            "sort_hidden": pairs(filters),
            "sorts": [
                (value, label)
                for value, label in SORT_LABELS.items()
                if value != "relevance" or filters.q.strip()
            ],
            "list_url": _address(path, [*pairs(filters), *extra]),
            "map_url": _address(path, [*pairs(filters), ("view", "map")]),
            "action": path,
            "clear_url": path if chosen else "",
            "on_map": on_map,
            "points": points,
            "proposal_url": _address(path, [("q", listed.warning.proposal)]) if listed.warning else "",
        },
    )
