"""Calls, receipts and the collections that calls end in."""

from __future__ import annotations

from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.text import capfirst
from django.views.decorators.http import require_safe

from heirloom.calls import queries, rules
from heirloom.calls.models import Call, Entry, Phase
from heirloom.catalogue import rights
from heirloom.errors import NotFound

from . import summaries
from .cards import case_card

_LONGEST = 40
"""Characters of a receipt's number."""


def _zone(call: Call) -> Any:
    try:
        return ZoneInfo(call.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        return timezone.get_default_timezone()


def _phases(call: Call) -> list[dict[str, Any]]:
    """The phases as their component shows them, in the call's own time zone."""
    zone = _zone(call)
    return [
        {
            "label": capfirst(now.phase.get_kind_display()),
            "start": timezone.localtime(now.phase.opens_at, zone),
            "end": timezone.localtime(now.phase.closes_at, zone) if now.phase.closes_at else None,
            "state": now.state,
            "kind": now.phase.kind,
        }
        for now in queries.phases_now(call)
    ]


def call_entry(call: Call) -> dict[str, Any]:
    """Return a call with where it stands, for lists."""
    phases = _phases(call)
    submission = next((phase for phase in phases if phase["kind"] == Phase.Kind.SUBMISSION), None)
    is_open = call.state == Call.State.OPEN and rules.phase_open(call, Phase.Kind.SUBMISSION)
    collection = getattr(call, "collection", None)
    return {
        "call": call,
        "phases": phases,
        "open": is_open,
        "draft": call.state == Call.State.DRAFT,
        "closes": submission["end"] if submission and is_open else None,
        "opens": submission["start"] if submission and submission["state"] == "next" else None,
        "collection": collection if collection is not None and collection.published_at else None,
    }


@require_safe
def calls(request: HttpRequest) -> HttpResponse:
    """List the calls, those that one can apply to first."""
    entries = [call_entry(call) for call in queries.calls(request.user)]
    entries.sort(key=lambda entry: not entry["open"])
    return render(
        request,
        "heirloom/public/calls.html",
        {
            "open_calls": [entry for entry in entries if entry["open"]],
            "other_calls": [entry for entry in entries if not entry["open"]],
        },
    )


@require_safe
def call(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a call: what it seeks, when, who may apply, and by what cases are judged."""
    found = queries.call(request.user, slug)
    criteria = list(found.criteria.all())
    weight = sum(float(criterion.weight) for criterion in criteria) or 1.0
    questions = list(found.questions.all())
    with timezone.override(_zone(found)):
        return render(
            request,
            "heirloom/public/call.html",
            {
                **call_entry(found),
                "themes": found.themes.all(),
                "eligibility": [question for question in questions if question.eligibility],
                "questions": [question for question in questions if not question.eligibility],
                "criteria": [
                    {
                        "criterion": criterion,
                        "share": float(criterion.weight) / weight,
                        "levels": list(criterion.levels.all()),
                    }
                    for criterion in criteria
                ],
            },
        )


@require_safe
def receipt(request: HttpRequest, number: str) -> HttpResponse:
    """Confirm a receipt: which call, when, and the digest of what was sealed; never what it is or whose."""
    number = number.strip()
    found = (
        queries.submission_by_receipt(number) if number.isprintable() and len(number) <= _LONGEST else None
    )
    if found is None or found.seal is None:
        raise NotFound
    return render(
        request,
        "heirloom/public/receipt.html",
        {
            "number": found.receipt,
            "digest": found.seal.digest,
            "sealed_at": found.seal.sealed_at,
            "submitted_at": found.submitted_at,
            "call": found.call,
        },
    )


@require_safe
def collections(request: HttpRequest) -> HttpResponse:
    """List the published collections; each says how many of its cases this visitor may see."""
    listed = list(queries.collections())
    counts = dict(
        Entry.objects.filter(
            collection__in=listed, seal__case__in=summaries.published_rows(rights.viewer(request.user))
        )
        .order_by()
        .values_list("collection")
        .annotate(Count("pk"))
    )
    return render(
        request,
        "heirloom/public/collections.html",
        {"entries": [(collection, counts.get(collection.pk, 0)) for collection in listed]},
    )


@require_safe
def collection(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a published collection: the cases of a call, by theme."""
    found, entries = queries.collection(request.user, slug)
    shown = summaries.of_seals([entry.seal for entry in entries])
    covers = summaries.open_items(
        rights.viewer(request.user), [case.cover[0] for case in shown.values() if case.cover]
    )
    ordered = sorted(
        entries, key=lambda entry: (entry.theme.position if entry.theme else 10_000, entry.position)
    )
    groups = [
        (theme, [case_card(shown[entry.seal.digest], covers) for entry in of_theme])
        for theme, of_theme in groupby(ordered, key=lambda entry: entry.theme)
    ]
    return render(
        request,
        "heirloom/public/collection.html",
        {"collection": found, "call": found.call, "groups": groups, "total": len(entries)},
    )
