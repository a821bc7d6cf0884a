"""Running a call: how it stands, who reviews what, decisions, publishing."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
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
from heirloom.calls.errors import PhaseClosed
from heirloom.calls.models import CallMember, Conflict, Decision, Phase, Review, Submission
from heirloom.errors import HeirloomError, NotFound
from heirloom.people.models import User
from heirloom.people.queries import person_by_email
from heirloom.text import Translated, canonical
from heirloom.text.languages import InvalidLanguageTag
from heirloom.web.forms.nested import translated
from heirloom.web.forms.refusals import plain, refusal
from heirloom.web.forms.writing import writing_languages
from heirloom.web.organise.edit import organised
from heirloom.web.reader import languages
from heirloom.web.review.views import sealed_page, sealed_title


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
    rows = _titled(queries.organiser_table(request.user, found, order=order, state=state))
    return render(
        request,
        "heirloom/organise/call.html",
        {
            "call": found,
            "phases": queries.phases_now(found),
            "progress": queries.progress(found),
            "page_obj": Paginator(rows, 50).get_page(request.GET.get("page")),
            "order": order,
            "orders": [
                ("submitted", _("as they came")),
                ("standing", _("by standing")),
                ("lacking", _("those that lack reviews first")),
            ],
            "state": state,
            "states": [choice for choice in Submission.State.choices if choice[0] != Submission.State.DRAFT],
        },
    )


def _titled(rows: Iterable[queries.Row]) -> list[tuple[queries.Row, Translated]]:
    """Return the rows of what was submitted, with the titles as they were sealed.

    An application that was taken back before it was submitted was never shown to organisers, so it is not now.
    """
    return [(row, sealed_title(row.submission)) for row in rows if row.submission.seal is not None]


@login_required
@require_http_methods(["GET", "POST"])
def people(request: HttpRequest, slug: str) -> HttpResponse:
    """Invite organisers and reviewers who have an account."""
    assert isinstance(request.user, User)
    found = organised(request, slug)
    error: dict[str, Any] | None = None
    if request.method == "POST":
        person = person_by_email(request.POST.get("email", ""))
        role = request.POST.get("role", "")
        if person is None or role not in CallMember.Role.values:
            asked = _("Nobody here has this address. Ask them to create an account first.")
            error = plain(asked, field="email", kept=_("Nothing was changed."))
        else:
            try:
                _change_member(request, found, person, role)
            except InvalidLanguageTag as refused:
                error = refusal(refused, field="languages")
            except HeirloomError as refused:
                error = refusal(refused)
            else:
                messages.success(request, _("Saved."))
                if not rules.organises(request.user, found):
                    return redirect("organise" if rules.may_create_call(request.user) else "my")
                return redirect("call-people", slug)
    sent = request.POST if error and "remove" not in request.POST else {}
    return render(
        request,
        "heirloom/organise/people.html",
        {
            "call": found,
            "members": found.members.select_related("user").order_by("role", "user__name", "pk"),
            "roles": CallMember.Role.choices,
            "sent": {
                "email": sent.get("email", ""),
                "role": sent.get("role", CallMember.Role.REVIEWER),
                "languages": sent.get("languages", ""),
                "capacity": sent.get("capacity", "10"),
                "organisation": sent.get("organisation", ""),
            },
            "error": error,
            "wrong": error["wrong"] if error else {},
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
        capacity=min(1000, int(capacity)) if capacity.isdecimal() and len(capacity) < 15 else 10,
        organisation=request.POST.get("organisation", "").strip()[:300],
    )


@login_required
@require_http_methods(["GET", "POST"])
def assign(request: HttpRequest, slug: str) -> HttpResponse:
    """Show who could review what, and assign it."""
    assert isinstance(request.user, User)
    found = organised(request, slug)
    error: dict[str, Any] | None = None
    if request.method == "POST":
        try:
            done = review_actions.assign_proposed(request.user, found)
        except HeirloomError as refused:
            error = refusal(refused)
        else:
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
            "error": error,
        },
        status=409 if error else 200,
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
    error: dict[str, Any] | None = None
    status = 200
    if request.method == "POST":
        try:
            error = _act(request, request.user, one)
        except HeirloomError as refused:
            error, status = refusal(refused), refused.status
        else:
            if error is None:
                messages.success(request, _("Saved."))
                if rules.in_conflict(request.user, queries.submission_row(one.pk)):
                    return redirect("organise-call", slug)
                return redirect("organise-submission", slug, key)
            status = 400
    members = found.members.select_related("user").order_by("user__name", "pk")
    people = {member.user_id: str(member.user) for member in members}
    asked = list(one.reviews.exclude(state=Review.State.DECLINED).select_related("reviewer"))
    taken = {review.reviewer_id for review in asked}
    standing = queries.standing_of(request.user, found, one)
    titles = {criterion.slug: criterion.title for criterion in found.criteria.all()}
    decision = one.decision if rules.sees_decision(request.user, one) else None
    return render(
        request,
        "heirloom/organise/submission.html",
        {
            "call": found,
            "submission": one,
            "page": sealed_page(request.user, one.seal, named=True),
            "answers": queries.answers(request.user, one),
            "answer_language": one.language,
            "reviews": queries.final_reviews(request.user, one),
            "assigned": [review for review in asked if review.state != Review.State.FINAL],
            "reviewers": [
                (member.user_id, str(member.user))
                for member in members
                if member.role == CallMember.Role.REVIEWER and member.user_id not in taken
            ],
            "people": [
                (request.user.pk, _("Mine")),
                *((pk, name) for pk, name in people.items() if pk != request.user.pk),
            ],
            "standing": standing,
            "by_criterion": [
                {"label": titles[name], "value": round(100 * share)}
                for name, share in standing.by_criterion.items()
            ],
            "decision": decision,
            "may_decide": rules.may_decide(request.user, one),
            "not_now": _not_now(request.user, one),
            "outcomes": Decision.Outcome.choices,
            "conflicts": [("", "–"), *Conflict.Kind.choices],
            "languages": writing_languages(request, decision.reason if decision else ()),
            "sent": _sent(request, decision if error is None else None, decision),
            "error": error,
            "wrong": error["wrong"] if error else {},
        },
        status=status,
    )


def _not_now(user: User, one: Submission) -> str:
    """Say why there is no form to decide with, where the call's dates alone stand between."""
    if not rules.decides(user, one) or rules.may_decide(user, one):
        return ""
    return str(refusal(PhaseClosed(phase=Phase.Kind.DECISION.label))["message"])


def _sent(request: HttpRequest, shown: Decision | None, held: Decision | None) -> dict[str, Any]:
    """Return what the page's three forms hold: the decision as it is, or what a refused form said."""
    post = request.POST
    reason = Translated.from_json(translated(post, "reason", held.reason if held else None))
    return {
        "outcome": post.get("outcome", shown.outcome if shown else ""),
        "reason": reason,
        "reviewer": post.get("reviewer", ""),
        "person": post.get("person", str(request.user.pk)),
        "kind": post.get("kind", ""),
        "conflict_reason": post.get("conflict_reason", ""),
    }


def _act(request: HttpRequest, user: User, one: Submission) -> dict[str, Any] | None:
    """Do what one of the page's forms asks; return what was wrong with it, if anything."""
    post = request.POST
    what = post.get("what", "")
    if what == "decide":
        if post.get("outcome") not in Decision.Outcome.values:
            return plain(_("Choose an outcome."), field="outcome", kept=_("Nothing was decided."))
        before = getattr(one, "decision", None)
        reason = Translated.from_json(translated(post, "reason", before.reason if before else None))
        actions.decide(user, one, post["outcome"], reason)
    elif what == "assign":
        review_actions.assign(user, one, _person(post.get("reviewer", "")))
    elif what == "conflict":
        if post.get("kind") not in Conflict.Kind.values:
            return plain(_("Say what kind of conflict it is."), field="kind", kept=_("Nothing was changed."))
        person = _person(post["person"]) if post.get("person") else user
        review_actions.declare_conflict(user, one, person, post["kind"], post.get("conflict_reason", ""))
    else:
        return plain(_("This form is not known here."), kept=_("Nothing was changed."))
    return None


def _person(number: str) -> User:
    """Return the person with this number. Raises NotFound."""
    fits = number.isascii() and number.isdecimal() and len(number) < 15
    found = User.objects.filter(pk=int(number)).first() if fits else None
    if found is None:
        raise NotFound
    return found


@login_required
@require_http_methods(["GET", "POST"])
def decisions(request: HttpRequest, slug: str) -> HttpResponse:
    """Look at all decisions together, then tell the applicants."""
    assert isinstance(request.user, User)
    found = organised(request, slug)
    error: dict[str, Any] | None = None
    if request.method == "POST":
        try:
            count = actions.announce_decisions(request.user, found)
        except HeirloomError as refused:
            error = refusal(refused)
        else:
            messages.success(request, _("Applicants told: %(count)s.") % {"count": count})
            return redirect("organise-call", slug)
    rows = _titled(queries.organiser_table(request.user, found, order="standing"))
    waiting = [row for row, _title in rows if row.submission.state == Submission.State.SUBMITTED]
    undecided = sum(not hasattr(row.submission, "decision") for row in waiting)
    return render(
        request,
        "heirloom/organise/decisions.html",
        {"call": found, "rows": rows, "waiting": len(waiting), "undecided": undecided, "error": error},
        status=409 if error else 200,
    )


@login_required
@require_http_methods(["GET", "POST"])
def publish(request: HttpRequest, slug: str) -> HttpResponse:
    """Name the collection and publish it."""
    assert isinstance(request.user, User)
    found = organised(request, slug)
    collection = getattr(found, "collection", None)
    title = collection.title if collection else found.title
    summary = collection.summary if collection else Translated()
    error: dict[str, Any] | None = None
    status = 200
    if request.method == "POST":
        title = Translated.from_json(translated(request.POST, "title", title))
        summary = Translated.from_json(translated(request.POST, "summary", summary))
        try:
            made = publish_collection(request.user, found, title or found.title, summary)
        except HeirloomError as refused:
            error, status = refusal(refused), refused.status
        else:
            messages.success(request, _("The collection is published."))
            return redirect("collection", made.slug)
    accepted = found.submissions.filter(state=Submission.State.ACCEPTED).select_related("case", "seal")
    return render(
        request,
        "heirloom/organise/publish.html",
        {
            "call": found,
            "collection": collection,
            "title": title,
            "summary": summary,
            "accepted": [(submission, sealed_title(submission)) for submission in accepted],
            "languages": writing_languages(request, [*title, *summary]),
            "error": error,
            "wrong": error["wrong"] if error else {},
        },
        status=status,
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
    for row, title in _titled(queries.organiser_table(request.user, found)):
        cells = [
            row.submission.key,
            title.text(wanted),
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
