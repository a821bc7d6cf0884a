"""Replications: sending one for a published case, running its methods here, and deciding what its page shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from heirloom.archive.safe import Policy
from heirloom.cases import queries, replication_actions
from heirloom.cases.models import Replication, Seal
from heirloom.errors import HeirloomError, NotFound
from heirloom.pathways import registry
from heirloom.pathways.errors import PathwayError
from heirloom.people.models import User
from heirloom.text import Translated
from heirloom.web.forms.nested import translated
from heirloom.web.forms.refusals import plain, refusal
from heirloom.web.intake import received
from heirloom.web.reader import languages

from .runs import chosen_inputs, offered_media, run_refusal

LARGEST_RECORD: Final = 5_000_000


@login_required
@require_http_methods(["GET", "POST"])
def replicate(request: HttpRequest, key: str) -> HttpResponse:
    """Send a replication record, or run a method of the case here on one's own files."""
    assert isinstance(request.user, User)
    case, seal = queries.published_case(request.user, key)
    error: dict[str, Any] | None = None
    status = 200
    what = request.POST.get("what", "")
    note = Translated.from_json(translated(request.POST, "note"))
    asked = request.POST.get("run") or request.GET.get("run", "")
    runs = _runs(seal)
    chosen = next((run for run in runs if run["key"] == asked and run["method"]), None)
    if chosen is None and len(runs) == 1 and runs[0]["method"]:
        chosen = runs[0]
    if request.method == "POST":
        try:
            if what == "run" and chosen is not None:
                return _here(request, request.user, seal, chosen)
            if what == "run":
                error = plain(_("Choose a run of this case."), kept=_("Nothing was run."))
            else:
                error = _receive(request, request.user, seal, note)
        except HeirloomError as refused:
            status = refused.status
            if what == "run" and chosen is not None:
                error = run_refusal(refused, chosen["method"])
            else:
                error = refusal(refused, field="record")
        else:
            if error is None:
                messages.success(
                    request, _("Thank you. Those who lead the case decide whether its page shows it.")
                )
                return redirect("case", key)
            status = 400
    return render(
        request,
        "heirloom/my/replicate.html",
        {
            "case": case,
            "seal": seal,
            "title": Translated.from_json(seal.content["title"]),
            "runs": runs,
            "chosen": chosen,
            "media": offered_media(request, request.user, chosen["method"]) if chosen else [],
            "who": request.POST.get("who", request.user.name),
            "where": request.POST.get("where", ""),
            "note": note,
            "languages": languages(request)[:1],
            "what": what,
            "error": error,
            "wrong": error["wrong"] if error else {},
        },
        status=status,
    )


def _runs(seal: Seal) -> list[dict[str, Any]]:
    """Return the runs of a sealed case; ``method`` is None where this installation does not have it."""
    found = []
    for key, pin in seal.content["runs"].items():
        try:
            method = registry.method(pin["method"])
        except PathwayError:
            method = None
        found.append(
            {"key": key, "title": Translated.from_json(pin["title"]), "id": pin["method"], "method": method}
        )
    return found


def _here(request: HttpRequest, user: User, seal: Seal, chosen: Mapping[str, Any]) -> HttpResponse:
    with chosen_inputs(request, user, chosen["method"]) as inputs:
        made = replication_actions.replicate_here(
            user,
            seal,
            chosen["key"],
            inputs,
            who=request.POST.get("who", "").strip(),
            where=request.POST.get("where", "").strip(),
        )
    messages.success(request, _("The run is waiting for a free worker."))
    assert made.run is not None
    return redirect("run", made.run.key)


def _receive(request: HttpRequest, user: User, seal: Seal, note: Translated) -> dict[str, Any] | None:
    with received(request, Policy(max_bytes=LARGEST_RECORD)) as uploads:
        files = uploads.get("record", [])
        if not files:
            return plain(_("Choose the file replication.json."), field="record", kept=_("Nothing was sent."))
        replication_actions.receive(user, seal, files[0].path.read_bytes(), note)
    return None


@login_required
@require_http_methods(["GET", "POST"])
def replications(request: HttpRequest, key: str) -> HttpResponse:
    """Show what was sent for a case; its leads and organisers decide what its page shows."""
    assert isinstance(request.user, User)
    case, rows, may_decide = queries.replications_for(request.user, key)
    error: dict[str, Any] | None = None
    if request.method == "POST":
        one = next((row for row in rows if row.key == request.POST.get("replication")), None)
        if one is None:
            raise NotFound
        try:
            replication_actions.decide(request.user, one, show="show" in request.POST)
        except HeirloomError as refused:
            error = refusal(refused)
        else:
            messages.success(request, _("Saved."))
            return redirect("case-replications", key)
    return render(
        request,
        "heirloom/my/replications.html",
        {
            "case": case,
            "replications": [(row, _verdicts(row)) for row in rows],
            "may_decide": may_decide,
            "worker": any(member.user_id == request.user.pk for member in case.members.all()),
            "error": error,
        },
        status=409 if error else 200,
    )


def _verdicts(row: Replication) -> list[dict[str, Any]]:
    titles = {key: Translated.from_json(pin["title"]) for key, pin in row.seal.content["runs"].items()}
    return [
        {"title": titles.get(key, Translated()), "verdict": one.get("verdict", "")}
        for key, one in row.comparison.items()
        if isinstance(one, Mapping)
    ]
