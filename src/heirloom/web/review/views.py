"""Reviewing: what waits, one case with its rubric, conflicts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from heirloom.calls import queries, review_actions, rules
from heirloom.calls.errors import ReviewIncomplete
from heirloom.calls.models import Conflict, Phase, Review, Submission
from heirloom.cases.errors import EditedMeanwhile
from heirloom.catalogue import rights
from heirloom.catalogue.models import Item
from heirloom.errors import HeirloomError
from heirloom.people.models import User
from heirloom.text import Translated
from heirloom.web.case_page import case_page
from heirloom.web.forms.drafts import base_version, page_name, refused, remember, saved
from heirloom.web.forms.refusals import plain, refusal


def sealed_title(submission: Submission) -> Translated:
    """Return the title that was sealed; what the applicant calls the case since then is not shown to reviewers."""
    if submission.seal is None:
        return Translated(submission.case.title)
    return Translated.from_json(submission.seal.content["title"])


@login_required
@require_GET
def reviews(request: HttpRequest) -> HttpResponse:
    """List the cases that this person reviews."""
    mine = [(review, sealed_title(review.submission)) for review in queries.my_reviews(request.user)]
    return render(
        request,
        "heirloom/review/reviews.html",
        {
            "waiting": [(one, title, _closes(one)) for one, title in mine if one.state != Review.State.FINAL],
            "done": [(one, title) for one, title in mine if one.state == Review.State.FINAL],
        },
    )


def _closes(review: Review) -> datetime | None:
    for phase in review.submission.call.phases.all():
        if phase.kind == Phase.Kind.REVIEW:
            return phase.closes_at
    return None


def sealed_page(user: Any, seal: Any, *, named: bool) -> dict[str, Any]:
    """Return a sealed case as *user* may see it through a call.

    What a protocol keeps from them is left out. Without *named*, so is everything that says who is behind the case: also who holds
    the rights to its items, and the way to pages that would say so.
    """
    today: date = timezone.localdate()
    items = {
        item.key: item
        for item in Item.objects.filter(key__in=seal.content["items"])
        .select_related("protocol")
        .prefetch_related("protocol__communities")
    }
    withdrawn = Item.State.WITHDRAWN
    who = rights.viewer(user, today)

    def may_see(key: str) -> bool:
        item = items.get(key)
        return item is not None and item.state != withdrawn and rights.protocol_allows(who, item.protocol)

    page = case_page(seal.content, may_see=may_see, named=named)
    if not named:
        for item in page["items"].values():
            item["rights_holder"] = ""
            item["url"] = item["media"][0]["url"] if item["media"] else ""
    return page


@login_required
@require_http_methods(["GET", "POST"])
def review(request: HttpRequest, key: str) -> HttpResponse:
    """Show the sealed case beside the rubric; save the review, or make it final."""
    assert isinstance(request.user, User)
    found = queries.review(request.user, key)
    posted: dict[str, Any] = {}
    error: dict[str, Any] | None = None
    status = 200
    if request.method == "POST":
        final = "final" in request.POST
        posted = _posted(request.POST)
        version = base_version(request, f"review:{key}", found.revision)
        try:
            review_actions.save_review(request.user, found, posted, revision=version, final=final)
        except HeirloomError as refused_:
            error, status = refusal(refused_), refused_.status
            if isinstance(refused_, ReviewIncomplete):
                error = _incomplete(error, found, posted)
            found = queries.review(request.user, key)
            if not isinstance(refused_, EditedMeanwhile | ReviewIncomplete):
                posted["version"] = request.POST.get("version", "")
        else:
            if not _unkept(found, posted):
                done = _("Your review is final. Thank you.") if final else _("Saved.")
                messages.success(request, done)
                return redirect("reviews" if final else request.path)
            found = queries.review(request.user, key)
            error, status = _without_level(found, posted), 400
    submission = found.submission
    named = rules.sees_identities(request.user, submission)
    return render(
        request,
        "heirloom/review/review.html",
        {
            "review": found,
            "call": submission.call,
            "theme": submission.theme,
            "sealed": submission.seal,
            "page": sealed_page(request.user, submission.seal, named=named),
            "answers": queries.answers(request.user, submission),
            "answer_language": submission.language,
            "criteria": _criteria(found, posted),
            "may_review": rules.may_review(request.user, found),
            "own": found.reviewer_id == request.user.pk,
            "named": named,
            "for_organisers": posted.get("for_organisers", found.for_organisers),
            "for_applicant": posted.get("for_applicant", found.for_applicant),
            "confidence": posted.get("confidence", found.confidence),
            "confidences": _confidences(),
            "closes": _closes(found),
            "version": posted.get("version", found.revision),
            "page_name": page_name(request),
            "error": error,
            "wrong": error["wrong"] if error else {},
        },
        status=status,
    )


def _confidences() -> list[tuple[int, str]]:
    return [
        (1, _("1: I know little of this field")),
        (2, _("2")),
        (3, _("3: I know it well enough")),
        (4, _("4")),
        (5, _("5: I work in this field")),
    ]


def _incomplete(error: dict[str, Any], found: Review, posted: Mapping[str, Any]) -> dict[str, Any]:
    """Mark each criterion that has no value yet, and lead to the first of them."""
    held = {score.criterion.slug for score in found.scores.all()} | set(posted["scores"])
    missing = [row.slug for row in found.submission.call.criteria.all() if row.slug not in held]
    wrong = {f"score.{slug}": _("Choose a level.") for slug in missing}
    first = next(iter(wrong), "")
    return {**error, "wrong": wrong, "field": first, "target": first}


def _unkept(found: Review, posted: Mapping[str, Any]) -> list[str]:
    """Return the criteria (in order) that have a reason but no level: a reason is kept with its level only."""
    held = {score.criterion.slug for score in found.scores.all()} | set(posted["scores"])
    return [
        row.slug
        for row in found.submission.call.criteria.all()
        if row.slug not in held and posted["reasons"].get(row.slug, "").strip()
    ]


def _without_level(found: Review, posted: Mapping[str, Any]) -> dict[str, Any]:
    said = plain(
        _("Choose a level where you have written a reason: a reason is kept with its level."),
        kept=_("Everything else is saved; your words are still in the form."),
    )
    names = [f"score.{slug}" for slug in _unkept(found, posted)]
    return {
        **said,
        "wrong": dict.fromkeys(names, _("Choose a level.")),
        "field": names[0] if names else "",
        "target": names[0] if names else "",
    }


def _criteria(found: Review, posted: Mapping[str, Any]) -> list[dict[str, Any]]:
    held = {score.criterion.slug: score for score in found.scores.all()}
    sent, reasons = posted.get("scores", {}), posted.get("reasons", {})
    rows = []
    for criterion in found.submission.call.criteria.all():
        score = held.get(criterion.slug)
        rows.append(
            {
                "criterion": criterion,
                "name": f"score.{criterion.slug}",
                "reason_name": f"reason.{criterion.slug}",
                "levels": [
                    {"value": level.value, "label": level.anchor, "description": None}
                    for level in criterion.levels.all()
                ],
                "value": sent.get(criterion.slug, score.value if score else None),
                "reason": reasons.get(criterion.slug, score.reason if score else ""),
            }
        )
    return rows


def _posted(post: QueryDict) -> dict[str, Any]:
    """Return a review as the form or its autosave sent it."""

    def whole(value: str) -> int | None:
        return int(value) if value.isascii() and value.isdecimal() and len(value) < 6 else None

    scores, reasons = {}, {}
    for name in post:
        value = post.get(name, "")
        if name.startswith("score.") and (number := whole(value)) is not None:
            scores[name.removeprefix("score.")] = number
        elif name.startswith("reason."):
            reasons[name.removeprefix("reason.")] = value.replace("\r\n", "\n")
    return {
        "scores": scores,
        "reasons": reasons,
        "for_organisers": post.get("for_organisers", "").replace("\r\n", "\n"),
        "for_applicant": post.get("for_applicant", "").replace("\r\n", "\n"),
        "confidence": whole(post.get("confidence", "")),
    }


@login_required
@require_POST
def autosave(request: HttpRequest, key: str) -> JsonResponse:
    """Save a review in the background."""
    assert isinstance(request.user, User)
    try:
        found = queries.review(request.user, key)
        version = base_version(request, f"review:{key}", found.revision)
        posted = _posted(request.POST)
        made = review_actions.save_review(request.user, found, posted, revision=version)
    except HeirloomError as error:
        return refused(error)
    remember(request, f"review:{key}", made.revision)
    if _unkept(found, posted):
        return JsonResponse(
            {"version": str(made.revision), "error": _without_level(found, posted)}, status=422
        )
    return saved(made.revision)


@login_required
@require_http_methods(["GET", "POST"])
def conflict(request: HttpRequest, key: str) -> HttpResponse:
    """Declare a conflict of interest, before or after looking."""
    assert isinstance(request.user, User)
    found = queries.review(request.user, key)
    if found.reviewer_id != request.user.pk:
        return redirect("review", key)
    error: dict[str, Any] | None = None
    if request.method == "POST":
        kind, reason = request.POST.get("kind", ""), request.POST.get("reason", "")
        if kind in Conflict.Kind.values:
            review_actions.declare_conflict(request.user, found.submission, request.user, kind, reason)
            messages.success(request, _("Thank you. The case was taken from your list."))
            return redirect("reviews")
        error = plain(_("Say what kind of conflict it is."), field="kind")
    return render(
        request,
        "heirloom/review/conflict.html",
        {
            "review": found,
            "title": sealed_title(found.submission),
            "kinds": Conflict.Kind.choices,
            "kind": request.POST.get("kind", ""),
            "reason": request.POST.get("reason", ""),
            "open": found.state in {Review.State.ASSIGNED, Review.State.DRAFT},
            "error": error,
            "wrong": error["wrong"] if error else {},
        },
        status=400 if error else 200,
    )


@login_required
@require_POST
def decline(request: HttpRequest, key: str) -> HttpResponse:
    """Give a review back."""
    assert isinstance(request.user, User)
    review_actions.decline_review(request.user, queries.review(request.user, key))
    messages.success(request, _("The review was given back."))
    return redirect("reviews")
