"""Applying to a call: answers with autosave, submitting, the receipt, taking it back."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from heirloom.calls import actions, queries, rules
from heirloom.calls.models import Phase, Submission
from heirloom.cases import facts, rerun, sealing
from heirloom.cases import queries as cases
from heirloom.cases.errors import EditedMeanwhile
from heirloom.errors import HeirloomError, NotFound
from heirloom.people.models import User
from heirloom.text import Translated, autonym, canonical
from heirloom.web.case_page import case_page
from heirloom.web.forms.drafts import base_version, page_name, refused, remember, saved
from heirloom.web.forms.nested import translated
from heirloom.web.forms.refusals import plain, refusal, target
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
        error = plain(_("Give the case a title, or choose one that you have begun."), field="title")
    return render(
        request,
        "heirloom/my/apply.html",
        {
            "call": call,
            "cases": mine,
            "chosen": request.POST.get("case", ""),
            "error": error,
            "wrong": error["wrong"] if error else {},
            "languages": languages(request)[:1],
        },
        status=400 if error else 200,
    )


def _owned(user: Any, key: str) -> Submission:
    found = queries.submission(user, key)
    if not rules.owns(user, found):
        raise NotFound
    return found


def _posted(request: HttpRequest) -> dict[str, Any]:
    post = request.POST
    return {
        "theme": post.get("theme", ""),
        "language": post.get("language", ""),
        "answers": {
            name.removeprefix("answer."): post.get(name, "").replace("\r\n", "\n")
            for name in post
            if name.startswith("answer.") and post.get(name)
        },
    }


def _save(request: HttpRequest, found: Submission) -> Submission:
    assert isinstance(request.user, User)
    version = base_version(request, f"submission:{found.key}", found.revision)
    return actions.save_submission(request.user, found, _posted(request), revision=version)


@login_required
@require_http_methods(["GET", "POST"])
def submission(request: HttpRequest, key: str) -> HttpResponse:
    """Show or save an application; after it is submitted, its receipt and what became of it."""
    found = _owned(request.user, key)
    error: dict[str, Any] | None = None
    sent: dict[str, Any] = {}
    status = 200
    if request.method == "POST":
        try:
            _save(request, found)
        except HeirloomError as refused_:
            error, sent, status = refusal(refused_), _posted(request), refused_.status
            error = _named(error)
            if not isinstance(refused_, EditedMeanwhile):
                sent["version"] = request.POST.get("version", "")
        else:
            if request.POST.get("next") == "submit":
                return redirect("submission-submit", key)
            messages.success(request, _("Saved."))
            return redirect("submission", key)
    return render(request, "heirloom/my/submission.html", _page(request, found, sent, error), status=status)


def _named(error: dict[str, Any]) -> dict[str, Any]:
    """Call a question's field as the form does: ``answer.SLUG`` where the content says ``answers.SLUG``."""
    if error["field"].startswith("answers."):
        name = "answer." + error["field"].removeprefix("answers.")
        return {**error, "field": name, "target": target(name), "wrong": {name: error["message"]}}
    return error


def _page(request: HttpRequest, found: Submission, sent: dict[str, Any], error: Any) -> dict[str, Any]:
    """Return what the pages of an application show; *sent* is what a refused form held."""
    user = request.user
    call = found.call
    answers = sent.get("answers", found.answers)
    language = sent.get("language") or found.language
    try:
        language = canonical(language) if language else languages(request)[0]
    except HeirloomError:
        language = languages(request)[0]
    offered = dict.fromkeys(
        [language, *languages(request), *(canonical(code) for code, _name in settings.LANGUAGES)]
    )
    phases = {phase.kind: phase for phase in call.phases.all()}
    may_edit = rules.may_edit_submission(user, found)
    return {
        "submission": found,
        "call": call,
        "case": found.case,
        "questions": [(question, answers.get(question.slug)) for question in call.questions.all()],
        "themes": [(theme.slug, theme.title) for theme in call.themes.all()],
        "theme": sent.get("theme", found.theme.slug if found.theme else ""),
        "theme_title": found.theme.title if found.theme else None,
        "answer_language": language,
        "answer_languages": [(code, autonym(code)) for code in offered],
        "version": sent.get("version", found.revision),
        "page": page_name(request),
        "error": error,
        "wrong": error["wrong"] if error else {},
        "may_edit": may_edit,
        "may_submit": rules.may_submit(user, found),
        "may_withdraw": rules.may_withdraw(user, found),
        "closes": phases[Phase.Kind.SUBMISSION].closes_at if may_edit else None,
        "decision": found.decision if rules.sees_decision(user, found) else None,
        "feedback": queries.feedback(user, found),
    }


@login_required
@require_POST
def autosave(request: HttpRequest, key: str) -> JsonResponse:
    """Save a draft in the background; says the new version, or why it was not saved."""
    try:
        made = _save(request, _owned(request.user, key))
    except HeirloomError as error:
        return refused(error)
    remember(request, f"submission:{key}", made.revision)
    return saved(made.revision)


@login_required
@require_http_methods(["GET", "POST"])
def submit(request: HttpRequest, key: str) -> HttpResponse:
    """Look at everything once more, agree, and submit."""
    assert isinstance(request.user, User)
    found = _owned(request.user, key)
    error: dict[str, Any] | None = None
    status = 200
    consent: dict[str, Any] = {}
    if request.method == "POST":
        consent = {
            "agreed": "agreed" in request.POST,
            "keep_after_erasure": "keep_after_erasure" in request.POST,
            "note": request.POST.get("consent_note", "")[:2000],
        }
        try:
            actions.submit(request.user, found, consent=consent)
        except HeirloomError as refused_:
            error, status = refusal(refused_), refused_.status
        else:
            messages.success(request, _("Your case was submitted. Keep the receipt."))
            return redirect("submission", key)
    elif found.state != Submission.State.DRAFT:
        return redirect("submission", key)
    sealed = sealing.sealed_content(cases.case_for_editing(request.user, found.case.key))
    sealed["facts"] = facts.compute(sealed, rerun.rerunnable(sealed))
    return render(
        request,
        "heirloom/my/submit.html",
        {**_page(request, found, {}, error), "page": case_page(sealed), "consent": consent},
        status=status,
    )


@login_required
@require_http_methods(["GET", "POST"])
def withdraw(request: HttpRequest, key: str) -> HttpResponse:
    """Ask, then take the application back."""
    assert isinstance(request.user, User)
    found = _owned(request.user, key)
    if not rules.may_withdraw(request.user, found):
        return redirect("submission", key)
    if request.method == "POST":
        actions.withdraw_submission(request.user, found)
        messages.success(request, _("Your application was taken back. The case itself is still yours."))
        return redirect("submission", key)
    return render(
        request, "heirloom/my/withdraw.html", {"submission": found, "case": found.case, "call": found.call}
    )
