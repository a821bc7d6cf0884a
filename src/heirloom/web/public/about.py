"""The first page, what this installation is, and what programs can ask of it."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from heirloom import __version__
from heirloom.calls import queries as call_queries
from heirloom.catalogue import rights
from heirloom.catalogue.exchange import Addresses
from heirloom.catalogue.models import Item

from . import summaries
from .calls import call_entry
from .cards import case_card, item_card

CASES_SHOWN = 7
"""The newest stands large at the top, the others below."""
ITEMS_SHOWN = 4


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Open the door: what one can apply to, the newest cases, things from the collection."""
    who = rights.viewer(request.user)
    cases = summaries.published(who, most=CASES_SHOWN)
    covers = summaries.open_items(who, [case.shown.cover[0] for case in cases if case.shown.cover])
    cards = [case_card(case.shown, covers, large=not number) for number, case in enumerate(cases)]
    items = (
        Item.objects.filter(rights.visible_items(who), state=Item.State.PUBLISHED)
        .exclude(key__in=covers)
        .prefetch_related("media", "places")
        .order_by("-updated_at", "-pk")[:ITEMS_SHOWN]
    )
    entries = [call_entry(call) for call in call_queries.calls(request.user)[:20]]
    return render(
        request,
        "heirloom/public/home.html",
        {
            "open_calls": [entry for entry in entries if entry["open"]],
            "lead": next(iter(cards), None),
            "cases": cards[1:],
            "items": [item_card(item) for item in items],
            "published_collections": call_queries.collections()[:3],
        },
    )


@require_safe
def about(request: HttpRequest) -> HttpResponse:
    """Say what this installation is and what it keeps about those who visit it."""
    return render(
        request,
        "heirloom/public/about.html",
        {
            "version": __version__,
            "session_days": settings.SESSION_COOKIE_AGE // 86400,
            "session_cookie": settings.SESSION_COOKIE_NAME,
            "csrf_cookie": settings.CSRF_COOKIE_NAME,
            "language_cookie": settings.LANGUAGE_COOKIE_NAME,
        },
    )


@require_safe
def for_programs(request: HttpRequest) -> HttpResponse:
    """Say which interfaces programs may use, each with an address that works."""
    addresses = Addresses(settings.SITE_URL)
    return render(
        request,
        "heirloom/public/for_programs.html",
        {
            "api": f"{settings.SITE_URL}/api/",
            "oai": addresses.oai(),
            "manifest": addresses.manifest("KEY"),
            "collection": addresses.collection(),
            "linked_art": addresses.linked_art("KEY"),
            "activity": addresses.activity(),
        },
    )


@require_safe
def capture_protocol(request: HttpRequest) -> HttpResponse:
    """Show, to be printed, how to photograph a surface under many lights."""
    return render(
        request,
        "heirloom/public/capture_protocol.html",
        {
            "hours": (12, *range(1, 12)),
            "heights": ("20", "40", "65"),
            "lines": (
                _("Place and panel"),
                _("Date and time"),
                _("Photographed by, permission of"),
                _("Camera, lens, settings"),
                _("Distance of the camera, of the light"),
                _("Length of the scale bar, mm"),
                _("Width of the balls, mm"),
                _("What was different this time"),
            ),
        },
    )
