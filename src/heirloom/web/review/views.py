"""Reviewing: what waits, one case with its rubric, conflicts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from heirloom.calls import queries, review_actions, rules
from heirloom.calls.models import Conflict, Review
from heirloom.catalogue import rights
from heirloom.catalogue.models import Item
from heirloom.errors import HeirloomError
from heirloom.people.models import User
from heirloom.web.case_page import case_page
from heirloom.web.middleware import explain


@login_required
@require_GET
def reviews(request: HttpRequest) -> HttpResponse:
    """List the cases that this person reviews."""
    mine = list(queries.my_reviews(request.user))
    return render(
        request,
        "heirloom/review/reviews.html",
        {
            "waiting": [review for review in mine if review.state != Review.State.FINAL],
            "done": [review for review in mine if review.state == Review.State.FINAL],
        },
    )


def sealed_page(user: Any, seal: Any, *, named: bool) -> dict[str, Any]:
    """Return a sealed case as *user* may see it through a call: without what a protocol keeps from them."""
    today: date = timezone.localdate()
    items = {
        item.key: item
        for item in Item.objects.filter(key__in=seal.content["items"])
        .select_related("protocol")
        .prefetch_related("protocol__communities")
    }
    withdrawn = Item.State.WITHDRAWN

    def may_see(key: str) -> bool:
        item = items.get(key)
        return (
            item is not None
            and item.state != withdrawn
            and rights.protocol_allows(user, item.protocol, today)
        )

    return case_page(seal.content, may_see=may_see, named=named)


@login_required
@require_http_methods(["GET", "POST"])
def review(request: HttpRequest, key: str) -> HttpResponse:
    """Show the sealed case beside the rubric; save the review, or make it final."""
    assert isinstance(request.user, User)
    found = queries.review(request.user, key)
    posted: Mapping[str, Any] | None = None
    error: dict[str, str] | None = None
    status = 200
    if request.method == "POST":
        final = "final" in request.POST
        posted = _posted(request.POST.dict())
        try:
            review_actions.save_review(request.user, found, posted, revision=posted["revision"], final=final)
        except HeirloomError as refused:
            error, status = explain(refused), refused.status
            found = queries.review(request.user, key)
        else:
            done = _("Your review is final. Thank you.") if final else _("Saved.")
            messages.success(request, done)
            return redirect("reviews" if final else request.path)
    submission = found.submission
    named = rules.sees_identities(request.user, submission)
    return render(
        request,
        "heirloom/review/review.html",
        {
            "review": found,
            "call": submission.call,
            "submission": submission,
            "page": sealed_page(request.user, submission.seal, named=named),
            "answers": queries.answers(request.user, submission),
            "criteria": _criteria(found, posted),
            "may_review": rules.may_review(request.user, found),
            "named": named,
            "for_organisers": (posted or {}).get("for_organisers", found.for_organisers),
            "for_applicant": (posted or {}).get("for_applicant", found.for_applicant),
            "confidence": (posted or {}).get("confidence", found.confidence),
            "error": error,
        },
        status=status,
    )


def _criteria(found: Review, posted: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    held = {score.criterion.slug: score for score in found.scores.all()}
    sent, reasons = (posted or {}).get("scores", {}), (posted or {}).get("reasons", {})
    rows = []
    for criterion in found.submission.call.criteria.all():
        score = held.get(criterion.slug)
        rows.append(
            {
                "criterion": criterion,
                "levels": [
                    {"value": level.value, "label": level.anchor, "description": None}
                    for level in criterion.levels.all()
                ],
                "value": sent.get(criterion.slug, score.value if score else None),
                "reason": reasons.get(criterion.slug, score.reason if score else ""),
            }
        )
    return rows


def _posted(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return a review as the form or its autosave sent it."""

    def whole(value: Any) -> int | None:
        return int(value) if str(value).isdecimal() else None

    scores, reasons = {}, {}
    for name, value in fields.items():
        if name.startswith("score.") and (number := whole(value)) is not None:
            scores[name.removeprefix("score.")] = number
        elif name.startswith("reason."):
            reasons[name.removeprefix("reason.")] = str(value)
    revision = whole(fields.get("revision", ""))
    return {
        "scores": scores,
        "reasons": reasons,
        "for_organisers": str(fields.get("for_organisers", "")),
        "for_applicant": str(fields.get("for_applicant", "")),
        "confidence": whole(fields.get("confidence", "")),
        "revision": -1 if revision is None else revision,
    }


@login_required
@require_POST
def autosave(request: HttpRequest, key: str) -> JsonResponse:
    """Save a review in the background."""
    assert isinstance(request.user, User)
    fields: Mapping[str, Any] = request.POST.dict()
    if request.content_type == "application/json":
        try:
            sent = json.loads(request.body)
        except ValueError:
            sent = {}
        fields = sent if isinstance(sent, dict) else {}
    posted = _posted(fields)
    try:
        found = queries.review(request.user, key)
        saved = review_actions.save_review(request.user, found, posted, revision=posted["revision"])
    except HeirloomError as error:
        return JsonResponse({"error": explain(error)}, status=error.status)
    return JsonResponse(
        {"revision": saved.revision, "saved_at": saved.saved_at and saved.saved_at.isoformat()}
    )


@login_required
@require_http_methods(["GET", "POST"])
def conflict(request: HttpRequest, key: str) -> HttpResponse:
    """Declare a conflict of interest, before or after looking."""
    assert isinstance(request.user, User)
    found = queries.review(request.user, key)
    if found.reviewer_id != request.user.pk:
        return redirect("review", key)
    if request.method == "POST" and request.POST.get("kind") in Conflict.Kind.values:
        review_actions.declare_conflict(
            request.user,
            found.submission,
            request.user,
            request.POST["kind"],
            request.POST.get("reason", ""),
        )
        messages.success(request, _("Thank you. The case was taken from your list."))
        return redirect("reviews")
    return render(request, "heirloom/review/conflict.html", {"review": found, "kinds": Conflict.Kind.choices})


@login_required
@require_POST
def decline(request: HttpRequest, key: str) -> HttpResponse:
    """Give a review back."""
    assert isinstance(request.user, User)
    review_actions.decline_review(request.user, queries.review(request.user, key))
    messages.success(request, _("The review was given back."))
    return redirect("reviews")
