"""Runs: which methods there are, asking for one, watching it, repeating it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from heirloom.cases import queries, rules, run_actions
from heirloom.cases.errors import InvalidInputs
from heirloom.cases.models import Case, Run
from heirloom.catalogue.models import Media
from heirloom.errors import HeirloomError, NotFound
from heirloom.pathways import registry
from heirloom.pathways.errors import InvalidParams, PathwayError
from heirloom.pathways.face import Input, Method
from heirloom.people.models import User
from heirloom.web.forms.refusals import refusal, target
from heirloom.web.intake import received


@login_required
@require_GET
def runs(request: HttpRequest) -> HttpResponse:
    """List this person's runs, newest first."""
    page = Paginator(queries.runs_of(request.user), 25).get_page(request.GET.get("page"))
    return render(request, "heirloom/my/runs.html", {"page_obj": page})


@login_required
@require_GET
def methods(request: HttpRequest) -> HttpResponse:
    """Show every method that this installation has."""
    return render(
        request,
        "heirloom/my/methods.html",
        {
            "pathways": registry.pathways(),
            "problems": registry.problems(),
            "case": request.GET.get("case", ""),
        },
    )


@login_required
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest, method: str) -> HttpResponse:
    """Choose files and settings, then ask for the run."""
    assert isinstance(request.user, User)
    try:
        found = registry.method(method)
    except PathwayError as missing:
        raise NotFound from missing
    cases = [case for case in queries.my_cases(request.user) if rules.may_edit(request.user, case)]
    error: dict[str, Any] | None = None
    status = 200
    if request.method == "POST":
        try:
            run = _request(request, request.user, found, cases)
        except HeirloomError as refused:
            error, status = run_refusal(refused, found), refused.status
        else:
            messages.success(request, _("The run is waiting for a free worker."))
            return redirect("run", run.key)
    return render(
        request,
        "heirloom/my/run_new.html",
        {
            "method": found,
            "params": [(param, request.POST.getlist(f"param.{param.name}")) for param in found.params],
            "cases": cases,
            "chosen": request.POST.get("case", request.GET.get("case", "")),
            "media": offered_media(request, request.user, found),
            "error": error,
            "wrong": error["wrong"] if error else {},
        },
        status=status,
    )


def run_refusal(error: HeirloomError, method: Method) -> dict[str, Any]:
    """Return why a run was not taken, naming settings and files as the form does."""
    said = refusal(error)
    if isinstance(error, InvalidParams):
        titles = {param.name: _(param.title) for param in method.params}
        wrong = {
            f"param.{name}": _(problem.message).format(
                **{**problem.params, "param": f"“{titles.get(name, name)}”"}
            )
            for name, problem in error.problems.items()
        }
        first = next(iter(wrong), "")
        said |= {
            "message": _("Some settings are not right."),
            "wrong": wrong,
            "field": first,
            "target": target(first),
        }
    elif isinstance(error, InvalidInputs):
        asked = next((one for one in method.inputs if one.title == error.params["input"]), None)
        if asked is not None:
            problem = _(str(error.params["problem"]))
            said["message"] = _(error.message).format(input=_(asked.title), problem=problem)
            said |= {"field": f"media.{asked.name}", "target": f"media-{asked.name}", "wrong": {}}
    return said


def offered_media(
    request: HttpRequest, user: User, method: Method
) -> list[tuple[Input, list[tuple[Media, bool]]]]:
    """Return for every input the files of items that fit and that the person may use, and whether each is chosen."""
    found = []
    items = queries.embeddable_items(user)
    for declared in method.inputs:
        chosen = set(request.POST.getlist(f"media.{declared.name}"))
        rows = (
            Media.objects.filter(item__in=items)
            .select_related("item")
            .order_by("-item__updated_at", "pk")[:300]
        )
        fitting = [(media, str(media.pk) in chosen) for media in rows if declared.accepts(media.media_type)]
        found.append((declared, fitting[:100]))
    return found


@contextlib.contextmanager
def chosen_inputs(
    request: HttpRequest, user: User, method: Method
) -> Iterator[dict[str, list[Media | Path]]]:
    """Yield the files that the form chose or brought, by input; what was brought is gone afterwards."""
    items = queries.embeddable_items(user)
    with received(request) as uploads:
        inputs: dict[str, list[Media | Path]] = {}
        for declared in method.inputs:
            sent = request.POST.getlist(f"media.{declared.name}")
            numbers = [pk for pk in sent if pk.isdecimal() and len(pk) < 15]
            media = Media.objects.filter(pk__in=numbers, item__in=items).select_related("item")
            files = [upload.path for upload in uploads.get(f"input.{declared.name}", [])]
            if media or files:
                inputs[declared.name] = [*media, *files]
        yield inputs


def _request(request: HttpRequest, user: User, method: Method, cases: Sequence[Case]) -> Run:
    chosen = next((case for case in cases if case.key == request.POST.get("case")), None)
    params = {
        param.name: value
        for param in method.params
        if (value := _param(param, request.POST.getlist(f"param.{param.name}"))) is not None
    }
    with chosen_inputs(request, user, method) as inputs:
        return run_actions.request_run(user, method.id, inputs, params, case=chosen)


def _param(param: Any, values: list[str]) -> Any:
    """Return what the form sent for a parameter; the method itself checks it."""
    sent = [value.strip() for value in values if value.strip()]
    if param.kind == "boolean":
        return "true" in sent
    if not sent:
        return None
    if param.many:
        return [part.strip() for value in sent for part in value.split(",") if part.strip()]
    if param.kind in {"integer", "number"}:
        try:
            return json.loads(sent[0])
        except ValueError:
            return sent[0]
    return sent[0]


@login_required
@require_POST
def cancel(request: HttpRequest, key: str) -> HttpResponse:
    """Stop a run."""
    assert isinstance(request.user, User)
    run_actions.cancel_run(request.user, queries.run(request.user, key))
    return redirect("run", key)


@login_required
@require_POST
def repeat(request: HttpRequest, key: str) -> HttpResponse:
    """Run it again on the same files."""
    assert isinstance(request.user, User)
    again = run_actions.repeat_run(request.user, queries.run(request.user, key))
    messages.success(request, _("The repeat is waiting for a free worker."))
    return redirect("run", again.key)
