"""Running a call: how it stands, who reviews what, decisions, publishing."""

from __future__ import annotations

import csv
import io
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from heirloom.archive.safe import neutralise_formula
from heirloom.calls import actions, queries, review_actions, rules
from heirloom.calls.collection import publish_collection
from heirloom.calls.models import CallMember, Conflict, Decision
from heirloom.errors import HeirloomError, NotFound
from heirloom.people.models import User
from heirloom.people.queries import person_by_email
from heirloom.text import Translated, canonical
from heirloom.web.forms.nested import translated
from heirloom.web.middleware import explain
from heirloom.web.organise.edit import organised
from heirloom.web.reader import languages
from heirloom.web.review.views import sealed_page


@login_required
@require_GET
def calls(request: HttpRequest) -> HttpResponse:
    """List the calls that this person organises."""
    mine = list(queries.organised_calls(request.user))
    if not mine and not rules.may_create_call(request.user):
        raise NotFound
    return render(
        request,
        "heirloom/organise/calls.html",
        {
            "calls": [(call, queries.phases_now(call)) for call in mine],
            "may_create": rules.may_create_call(request.user),
        },
    )


@login_required
@require_GET
def call(request: HttpRequest, slug: str) -> HttpResponse:
    """Show how the call stands, with every submission."""
    found = organised(request, slug)
    order, state = request.GET.get("order", "submitted"), request.GET.get("state", "")
    rows = queries.organiser_table(request.user, found, order=order, state=state)
    return render(
        request,
        "heirloom/organise/call.html",
        {
            "call": found,
            "phases": queries.phases_now(found),
            "progress": queries.progress(found),
            "page_obj": Paginator(rows, 50).get_page(request.GET.get("page")),
            "order": order,
            "state": state,
        },
    )


@login_required
@require_http_methods(["GET", "POST"])
def people(request: HttpRequest, slug: str) -> HttpResponse:
    """Invite organisers and reviewers who have an account."""
    assert isinstance(request.user, User)
    found = organised(request, slug)
    error: dict[str, str] | None = None
    if request.method == "POST":
        person = person_by_email(request.POST.get("email", ""))
        role = request.POST.get("role", "")
        if person is None or role not in CallMember.Role.values:
            error = {
                "message": _("Nobody here has this address. Ask them to create an account first."),
                "kept": "",
            }
        else:
            try:
                _change_member(request, found, person, role)
            except HeirloomError as refused:
                error = explain(refused)
            else:
                messages.success(request, _("Saved."))
                return redirect("call-people", slug)
    return render(
        request,
        "heirloom/organise/people.html",
        {
            "call": found,
            "members": found.members.select_related("user").order_by("role", "user__name"),
            "roles": CallMember.Role.choices,
            "error": error,
        },
        status=400 if error else 200,
    )


def _change_member(request: HttpRequest, found: Any, person: User, role: str) -> None:
    assert isinstance(request.user, User)
    if "remove" in request.POST:
        actions.remove_call_member(request.user, found, person, role)
        return
    capacity = request.POST.get("capacity", "")
    tags = [canonical(tag) for tag in request.POST.get("languages", "").replace(",", " ").split()]
    actions.set_call_member(
        request.user,
        found,
        person,
        role,
        languages=tags,
        capacity=min(1000, int(capacity)) if capacity.isdecimal() else 10,
        organisation=request.POST.get("organisation", "").strip()[:300],
    )


@login_required
@require_http_methods(["GET", "POST"])
def assign(request: HttpRequest, slug: str) -> HttpResponse:
    """Show who could review what, and assign it."""
    assert isinstance(request.user, User)
    found = organised(request, slug)
    if request.method == "POST":
        done = review_actions.assign_proposed(request.user, found)
        messages.success(request, _("Reviews assigned: %(count)s.") % {"count": len(done.pairs)})
        return redirect("organise-call", slug)
    plan = review_actions.propose(request.user, found)
    submissions = found.submissions.select_related("case").in_bulk([pair[0] for pair in plan.pairs])
    lacking = found.submissions.select_related("case").in_bulk(list(plan.lacking))
    reviewers = User.objects.in_bulk([pair[1] for pair in plan.pairs])
    return render(
        request,
        "heirloom/organise/assign.html",
        {
            "call": found,
            "pairs": [(submissions[submission], reviewers[reviewer]) for submission, reviewer in plan.pairs],
            "lacking": [(lacking[pk], count) for pk, count in plan.lacking.items()],
        },
    )


@login_required
@require_http_methods(["GET", "POST"])
def submission(request: HttpRequest, slug: str, key: str) -> HttpResponse:
    """Show one submission with its reviews; assign, declare a conflict, decide."""
    assert isinstance(request.user, User)
    found = organised(request, slug)
    one = queries.submission(request.user, key)
    if one.call_id != found.pk or one.seal is None:
        raise NotFound
    error: dict[str, str] | None = None
    status = 200
    if request.method == "POST":
        try:
            _act(request, request.user, one)
        except HeirloomError as refused:
            error, status = explain(refused), refused.status
        else:
            messages.success(request, _("Saved."))
            if rules.in_conflict(request.user, queries.submission_row(one.pk)):
                return redirect("organise-call", slug)
            return redirect("organise-submission", slug, key)
    reviewers = found.members.filter(role=CallMember.Role.REVIEWER).select_related("user")
    return render(
        request,
        "heirloom/organise/submission.html",
        {
            "call": found,
            "submission": one,
            "page": sealed_page(request.user, one.seal, named=True),
            "answers": queries.answers(request.user, one),
            "reviews": queries.final_reviews(request.user, one),
            "assigned": one.reviews.exclude(state="declined").select_related("reviewer"),
            "reviewers": [member.user for member in reviewers],
            "standing": queries.standing_of(request.user, found, one),
            "decision": one.decision if rules.sees_decision(request.user, one) else None,
            "may_decide": rules.may_decide(request.user, one),
            "outcomes": Decision.Outcome.choices,
            "conflicts": Conflict.Kind.choices,
            "languages": languages(request)[:1],
            "error": error,
        },
        status=status,
    )


def _act(request: HttpRequest, user: User, one: Any) -> None:
    post = request.POST
    what = post.get("what", "")
    if what == "decide" and post.get("outcome") in Decision.Outcome.values:
        before = getattr(one, "decision", None)
        reason = Translated.from_json(translated(post, "reason", before.reason if before else None))
        actions.decide(user, one, post["outcome"], reason)
    elif what == "assign" and post.get("reviewer", "").isdecimal():
        reviewer = User.objects.filter(pk=int(post["reviewer"])).first()
        if reviewer is None:
            raise NotFound
        review_actions.assign(user, one, reviewer)
    elif what == "conflict" and post.get("kind") in Conflict.Kind.values:
        person = (
            User.objects.filter(pk=int(post["person"])).first()
            if post.get("person", "").isdecimal()
            else user
        )
        if person is None:
            raise NotFound
        review_actions.declare_conflict(user, one, person, post["kind"], post.get("reason", ""))


@login_required
@require_http_methods(["GET", "POST"])
def decisions(request: HttpRequest, slug: str) -> HttpResponse:
    """Look at all decisions together, then tell the applicants."""
    assert isinstance(request.user, User)
    found = organised(request, slug)
    error: dict[str, str] | None = None
    if request.method == "POST":
        try:
            count = actions.announce_decisions(request.user, found)
        except HeirloomError as refused:
            error = explain(refused)
        else:
            messages.success(request, _("Applicants told: %(count)s.") % {"count": count})
            return redirect("organise-call", slug)
    rows = queries.organiser_table(request.user, found, order="standing")
    return render(
        request,
        "heirloom/organise/decisions.html",
        {"call": found, "rows": rows, "error": error},
        status=409 if error else 200,
    )


@login_required
@require_http_methods(["GET", "POST"])
def publish(request: HttpRequest, slug: str) -> HttpResponse:
    """Name the collection and publish it."""
    assert isinstance(request.user, User)
    found = organised(request, slug)
    collection = getattr(found, "collection", None)
    error: dict[str, str] | None = None
    if request.method == "POST":
        title = Translated.from_json(
            translated(request.POST, "title", collection.title if collection else None)
        )
        summary = Translated.from_json(
            translated(request.POST, "summary", collection.summary if collection else None)
        )
        try:
            made = publish_collection(request.user, found, title or found.title, summary)
        except HeirloomError as refused:
            error = explain(refused)
        else:
            messages.success(request, _("The collection is published."))
            return redirect("collection", made.slug)
    return render(
        request,
        "heirloom/organise/publish.html",
        {
            "call": found,
            "collection": collection,
            "title": collection.title if collection else found.title,
            "summary": collection.summary if collection else Translated(),
            "accepted": found.submissions.filter(state="accepted").select_related("case"),
            "languages": languages(request)[:1],
            "error": error,
        },
        status=409 if error else 200,
    )


@login_required
@require_GET
def export(request: HttpRequest, slug: str) -> HttpResponse:
    """Give the table as CSV, safe to open in a spreadsheet."""
    found = organised(request, slug)
    wanted = languages(request)
    out = io.StringIO()
    writer = csv.writer(out)
    criteria = [criterion.slug for criterion in found.criteria.all()]
    writer.writerow(
        ["key", "title", "theme", "state", "submitted_at", "reviews", "final", "mean", "deviation", *criteria]
    )
    for row in queries.organiser_table(request.user, found):
        cells = [
            row.submission.key,
            row.submission.case.title.text(wanted),
            row.submission.theme.slug if row.submission.theme else "",
            row.submission.state,
            row.submission.submitted_at.isoformat() if row.submission.submitted_at else "",
            row.reviews,
            row.final,
            "" if row.standing.mean is None else f"{row.standing.mean:.4f}",
            "" if row.standing.deviation is None else f"{row.standing.deviation:.4f}",
            *(
                f"{row.standing.by_criterion[name]:.4f}" if name in row.standing.by_criterion else ""
                for name in criteria
            ),
        ]
        writer.writerow([neutralise_formula(cell) if isinstance(cell, str) else cell for cell in cells])
    response = HttpResponse(out.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{found.slug}.csv"'
    return response
