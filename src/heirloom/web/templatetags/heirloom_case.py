"""Template tags of cases: narrative, items, runs, money, goals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from babel.numbers import format_currency, format_percent
from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from heirloom.cases.models import Cost
from heirloom.pathways import registry
from heirloom.pathways.errors import PathwayError
from heirloom.text import direction
from heirloom.web.findings import findings
from heirloom.web.outputs import shown_outputs
from heirloom.web.prose import to_html
from heirloom.web.relightable import relightables
from heirloom.web.templatetags import heirloom_ui

register = template.Library()


@register.simple_tag(takes_context=True)
def prose(context: Mapping[str, Any], value: Any) -> SafeString:
    """Show narrative text (CommonMark) in the best language, with ``lang`` and the mark of its origin."""
    found = heirloom_ui.best_text(context, value) if isinstance(value, Mapping) else None
    if found is None:
        return SafeString("")
    language, words, origin = found
    return format_html(
        '<div class="prose" lang="{}" dir="{}">{}</div>{}',
        language,
        direction(language),
        to_html(words),
        heirloom_ui.origin(origin),
    )


@register.inclusion_tag("heirloom/cases/item.html", takes_context=True)
def case_item(context: Mapping[str, Any], item: Mapping[str, Any]) -> dict[str, Any]:
    """Show the files of an item of a case."""
    return {"item": item, "request": context.get("request")}


@register.inclusion_tag("heirloom/cases/run.html", takes_context=True)
def case_run(context: Mapping[str, Any], run: Mapping[str, Any]) -> dict[str, Any]:
    """Show a run as evidence: what it says, one picture of it, its measured cost, its files.

    The picture is one that can be lit anew, or else a chart that its summary names, or else the first that the method calls a picture.
    """
    try:
        method = registry.method(run["method"])
    except PathwayError:
        method = None
    outputs = shown_outputs(run["key"], method, run["outputs"])
    said, lit = findings(run["key"], run["outputs"]), relightables(run["key"], run["outputs"])[:1]
    charts = said["pictures"][:1] if said and not lit else []
    plain = [] if lit or charts else [out for out in outputs if out["picture"]][:1]
    return {
        "run": {**run, "method_title": method.title if method else run["method"], "outputs": outputs},
        "found": said,
        "relightables": lit,
        "charts": charts,
        "pictures": plain,
        "request": context.get("request"),
    }


@register.simple_tag(takes_context=True)
def case_map(context: Mapping[str, Any], places: Iterable[Mapping[str, Any]], label: str) -> str:
    """Show places on a map."""
    points = [
        {
            "lon": place["longitude"],
            "lat": place["latitude"],
            "label": heirloom_ui.plain(context, place["name"]),
            "url": f"/places/{place['key']}/",
        }
        for place in places
    ]
    return str(heirloom_ui.map_figure(context, points, label))


@register.simple_tag
def cost_kind(kind: str) -> str:
    """Return the name of a kind of cost."""
    return str(dict(Cost.Kind.choices).get(kind, kind))


@register.filter
def money(amount: Any, currency: str) -> str:
    """Show an amount in its currency as the reader's locale writes it."""
    try:
        return str(
            format_currency(
                Decimal(str(amount)), currency, locale=heirloom_ui.reader_locale(), currency_digits=True
            )
        )
    except (ValueError, ArithmeticError):
        return f"{amount} {currency}"


@register.filter
def percent(share: float) -> str:
    """Show a share between 0 and 1 in per cent."""
    return str(format_percent(share, locale=heirloom_ui.reader_locale()))


@register.simple_tag
def rights_badge(uri: str) -> SafeString:
    """Show a rights statement."""
    return heirloom_ui.rights(uri)


@register.simple_tag
def goal_name(goal: int) -> str:
    """Return the number and short name of a Sustainable Development Goal (UN A/RES/70/1)."""
    names = {
        1: _("No poverty"),
        2: _("Zero hunger"),
        3: _("Good health and well-being"),
        4: _("Quality education"),
        5: _("Gender equality"),
        6: _("Clean water and sanitation"),
        7: _("Affordable and clean energy"),
        8: _("Decent work and economic growth"),
        9: _("Industry, innovation and infrastructure"),
        10: _("Reduced inequalities"),
        11: _("Sustainable cities and communities"),
        12: _("Responsible consumption and production"),
        13: _("Climate action"),
        14: _("Life below water"),
        15: _("Life on land"),
        16: _("Peace, justice and strong institutions"),
        17: _("Partnerships for the goals"),
    }
    return f"{goal}. {names.get(int(goal), '')}"
