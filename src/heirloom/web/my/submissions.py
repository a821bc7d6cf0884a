"""Applying to a call: answers with autosave, submitting, the receipt, taking it back."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from heirloom.calls import actions, queries, rules
from heirloom.calls.models import Submission
from heirloom.cases import queries as cases
from heirloom.errors import HeirloomError, NotFound
from heirloom.people.models import User
from heirloom.text import Translated
from heirloom.web.case_page import case_page
from heirloom.web.forms.nested import translated
from heirloom.web.middleware import explain
from heirloom.web.reader import languages


@login_required
@require_http_methods(["GET", "POST"])
def start(request: HttpRequest, slug: str) -> HttpResponse:
    """Begin an application with a new case, or with one that the person leads."""
    assert isinstance(request.user, User)
    call = queries.call(request.user, slug)
    if not rules.may_apply(request.user, call):
        return redirect("call", slug)
    mine = [case for case in cases.my_cases(request.user) if not case.submissions.all()]
    error = None
    if request.method == "POST":
        chosen = next((case for case in mine if case.key == request.POST.get("case")), None)
        title = Translated.from_json(translated(request.POST, "title"))
        if chosen is not None or title:
            made = actions.start_submission(request.user, call, title, case=chosen)
            return redirect("submission", made.key)
        error = {"message": _("Give the case a title, or choose one that you have begun."), "kept": ""}
    return render(
        request,
        "heirloom/my/apply.html",
        {"call": call, "cases": mine, "error": error, "languages": languages(request)[:1]},
        status=400 if error else 200,
    )


def _owned(user: Any, key: str) -> Submission:
    found = queries.submission(user, key)
    if not rules.owns(user, found):
        raise NotFound
    return found


def _posted(request: HttpRequest) -> dict[str, Any]:
    if request.content_type == "application/json":
        try:
            sent = json.loads(request.body)
        except ValueError:
            sent = {}
        fields = sent if isinstance(sent, dict) else {}
    else:
        fields = {name: request.POST.get(name, "") for name in request.POST}
    return {
        "theme": fields.get("theme", ""),
        "language": fields.get("language", ""),
        "answers": {
            name.removeprefix("answer."): value
            for name, value in fields.items()
            if name.startswith("answer.") and value != ""
        },
        "revision": fields.get("revision", ""),
    }


def _save(request: HttpRequest, found: Submission) -> Submission:
    assert isinstance(request.user, User)
    data = _posted(request)
    revision = int(data["revision"]) if str(data["revision"]).isdecimal() else -1
    return actions.save_submission(request.user, found, data, revision=revision)


@login_required
@require_http_methods(["GET", "POST"])
def submission(request: HttpRequest, key: str) -> HttpResponse:
    """Show or save an application; after it is submitted, its receipt and what became of it."""
    found = _owned(request.user, key)
    error, answers, status = None, found.answers, 200
    if request.method == "POST":
        try:
            _save(request, found)
        except HeirloomError as refused:
            error, answers, status = explain(refused), _posted(request)["answers"], refused.status
        else:
            if request.POST.get("next") == "submit":
                return redirect("submission-submit", key)
            messages.success(request, _("Saved."))
            return redirect("submission", key)
    return render(
        request, "heirloom/my/submission.html", _page(request, found, answers, error), status=status
    )


def _page(request: HttpRequest, found: Submission, answers: Any, error: Any) -> dict[str, Any]:
    user = request.user
    return {
        "submission": found,
        "call": found.call,
        "case": found.case,
        "questions": [(question, answers.get(question.slug)) for question in found.call.questions.all()],
        "error": error,
        "may_edit": rules.may_edit_submission(user, found),
        "may_submit": rules.may_submit(user, found),
        "decision": found.decision if rules.sees_decision(user, found) else None,
        "feedback": queries.feedback(user, found),
        "phases": queries.phases_now(found.call),
        "reader_language": languages(request)[0],
    }


@login_required
@require_POST
def autosave(request: HttpRequest, key: str) -> JsonResponse:
    """Save a draft in the background; says the new revision, or why it was not saved."""
    try:
        saved = _save(request, _owned(request.user, key))
    except HeirloomError as error:
        return JsonResponse({"error": explain(error)}, status=error.status)
    return JsonResponse({"revision": saved.revision, "saved_at": saved.saved_at.isoformat()})


@login_required
@require_http_methods(["GET", "POST"])
def submit(request: HttpRequest, key: str) -> HttpResponse:
    """Look at everything once more, agree, and submit."""
    assert isinstance(request.user, User)
    found = _owned(request.user, key)
    error, status = None, 200
    if request.method == "POST":
        consent = {
            "agreed": "agreed" in request.POST,
            "keep_after_erasure": "keep_after_erasure" in request.POST,
            "note": request.POST.get("consent_note", "")[:2000],
        }
        try:
            actions.submit(request.user, found, consent=consent)
        except HeirloomError as refused:
            error, status = explain(refused), refused.status
        else:
            messages.success(request, _("Your case was submitted. Keep the receipt."))
            return redirect("submission", key)
    from heirloom.cases import facts, rerun, sealing

    sealed = sealing.sealed_content(cases.case_for_editing(request.user, found.case.key))
    sealed["facts"] = facts.compute(sealed, rerun.rerunnable(sealed))
    return render(
        request,
        "heirloom/my/submit.html",
        {**_page(request, found, found.answers, error), "page": case_page(sealed)},
        status=status,
    )


@login_required
@require_http_methods(["GET", "POST"])
def withdraw(request: HttpRequest, key: str) -> HttpResponse:
    """Ask, then take the application back."""
    assert isinstance(request.user, User)
    found = _owned(request.user, key)
    if request.method == "POST":
        actions.withdraw_submission(request.user, found)
        messages.success(request, _("Your application was taken back. The case itself is still yours."))
        return redirect("submission", key)
    return render(
        request, "heirloom/my/withdraw.html", {"submission": found, "case": found.case, "call": found.call}
    )
