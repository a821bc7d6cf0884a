"""The page of a run: what was done to which files with which settings, what came out, and what it cost."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from heirloom.cases import queries, rules, run_actions
from heirloom.cases.models import Run
from heirloom.catalogue import rights
from heirloom.pathways import registry
from heirloom.pathways.errors import PathwayError
from heirloom.pathways.face import Method
from heirloom.pathways.record import RunRecord, compare
from heirloom.people.models import User
from heirloom.text import Translated
from heirloom.web.findings import findings
from heirloom.web.outputs import shown_outputs
from heirloom.web.reader import languages
from heirloom.web.relightable import relightables

from . import summaries

STATE_KINDS: Final[Mapping[str, str]] = {
    Run.State.DONE: "good",
    Run.State.FAILED: "bad",
    Run.State.CANCELLED: "warning",
    Run.State.RUNNING: "accent",
}

_FIELD: Final = re.compile(r"\{[^{}]*\}")


def _method(run: Run) -> Method | None:
    try:
        return registry.method(run.method)
    except PathwayError:
        return None


def _params(run: Run, method: Method | None) -> list[dict[str, Any]]:
    """The settings with the names that the method gives them, those left at their default too."""
    given = {**run.params, **(run.record.get("params") or {})}
    declared = {param.name: param for param in method.params} if method else {}
    shown = []
    for name, value in given.items():
        param = declared.get(name)
        titles = {choice.value: _(choice.title) for choice in param.choices} if param else {}
        values = value if isinstance(value, list) else [value]
        words = [_said(titles.get(one, one) if isinstance(one, str | int | float) else one) for one in values]
        shown.append(
            {
                "label": _(param.title) if param else name,
                "value": ", ".join(words) if words else "–",
                "unit": param.unit if param else "",
            }
        )
    return shown


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return "–" if value is None else str(value)


def _inputs(run: Run, who: rights.Viewer, method: Method | None) -> list[dict[str, Any]]:
    """The files that went in; a link where they belong to an item that the reader may see."""
    titles = {declared.name: _(declared.title) for declared in method.inputs} if method else {}
    keys = {_item_key(entry) for entry in run.inputs} - {""}
    seen = summaries.open_items(who, keys)
    return [
        {
            "input": titles.get(entry["input"], entry["input"]),
            "name": entry["name"]
            if not (key := _item_key(entry)) or key in seen
            else _("a file that is not open to you"),
            "url": reverse("item", args=[key]) if key in seen else "",
            "size": entry["size"],
            "sha512": entry["sha512"],
        }
        for entry in run.inputs
    ]


def _item_key(entry: Mapping[str, Any]) -> str:
    identifier = str(entry["source"]["object"])
    return identifier.removeprefix("heirloom:item:") if identifier.startswith("heirloom:item:") else ""


def failure(run: Run) -> dict[str, str]:
    """Return why a run failed in the reader's language: what was wrong and what was kept."""
    if not run.error:
        return {}
    recorded = run.record.get("failure") or {}
    template = str(run.error.get("message") or "")
    try:
        message = _(template).format(**run.error.get("params", {})) if template else ""
    except (KeyError, IndexError, ValueError):
        message = template
    kept = str(recorded.get("kept") or "")
    return {"message": message or _("The run ended without results."), "kept": _(kept) if kept else ""}


def _record(run: Run) -> RunRecord | None:
    try:
        return RunRecord.from_json(run.record)
    except (KeyError, ValueError, TypeError):
        return None


def _case_title(run: Run) -> Translated:
    """The title of the run's case as the public knows it."""
    seal = run.case.published_seal if run.case else None
    return Translated.from_json(seal.content["title"]) if seal else Translated({})


def _compared(run: Run, others: Iterable[Run]) -> list[dict[str, Any]]:
    """Each of *others* beside *run*: whether they gave the same bytes."""
    own = _record(run)
    found = []
    for other in others:
        theirs = _record(other)
        comparison = (
            compare(own, theirs) if own and theirs and other.state == run.state == Run.State.DONE else None
        )
        found.append(
            {
                "run": other,
                "verdict": comparison.verdict if comparison else "",
                "same": len(comparison.same) if comparison else 0,
                "differ": [*comparison.differ, *comparison.only_a, *comparison.only_b] if comparison else [],
                "same_software": comparison.same_software if comparison else True,
            }
        )
    return found


def _related(user: Any, run: Run) -> tuple[list[Run], list[Run]]:
    """The run that this one repeats, and those that repeat it, as far as *user* may see them."""
    repeats = (
        run.repeated_by.select_related("case__published_seal", "case__protocol")
        .prefetch_related("case__members", "case__protocol__communities")
        .order_by("created_at", "pk")[:50]
    )
    first = []
    if run.repeats is not None and rules.visible_run(user, run.repeats):
        first = [run.repeats]
    return first, [other for other in repeats if rules.visible_run(user, other)]


@require_safe
@never_cache
def run(request: HttpRequest, key: str) -> HttpResponse:
    """Show a run to whoever may see it; while it goes on, ``?part=progress`` gives the progress alone."""
    user = request.user
    found = queries.run(user, key)
    active = found.state in run_actions.ACTIVE
    owned = isinstance(user, User) and (
        found.requested_by_id == user.pk or (found.case is not None and rules.may_edit(user, found.case))
    )
    address = reverse("run", args=[key])
    context: dict[str, Any] = {
        "run": found,
        "active": active,
        "label": capfirst(found.get_state_display()),
        "value": round(found.progress * 100) if found.state != Run.State.QUEUED else None,
        "detail": _FIELD.sub("…", _(found.message)) if found.message else "",
        "page_url": address,
        "poll_url": f"{address}?part=progress",
        "cancel_url": reverse("run-cancel", args=[key])
        if owned and found.state != Run.State.CANCELLING
        else "",
    }
    if request.GET.get("part") == "progress":
        response = render(request, "heirloom/public/run_progress.html", context)
        if not active:
            response["HX-Refresh"] = "true"
        return response
    method = _method(found)
    first, repeats = _related(user, found)
    said = findings(found.key, found.outputs)
    lit = relightables(found.key, found.outputs)
    drawn = {picture["file"] for picture in said["pictures"]} if said else set()
    context |= {
        "found": said,
        "relightables": lit,
        "drawn": drawn.union(*(one["paths"] for one in lit)),
        "method": method,
        "method_title": _(method.title) if method else found.method,
        "run_title": found.title.text(languages(request)),
        "method_summary": _(method.summary) if method else "",
        "badge": STATE_KINDS.get(found.state, "quiet"),
        "params": _params(found, method),
        "inputs": _inputs(found, rights.viewer(user), method),
        "outputs": shown_outputs(found.key, method, found.outputs),
        "failure": failure(found) if found.state == Run.State.FAILED else {},
        "log_tail": found.record.get("log_tail", "") if owned else "",
        "software": (found.record.get("software") or {}).items(),
        "cost": {
            "cpu_seconds": found.cpu_seconds,
            "wall_seconds": found.wall_seconds,
            "peak_bytes": found.peak_bytes,
            "bytes_in": found.bytes_in,
            "bytes_out": found.bytes_out,
            "device": found.device,
        }
        if found.cpu_seconds is not None
        else None,
        "case": found.case
        if found.case and found.case.published_seal and rules.visible_case(user, found.case)
        else None,
        "case_title": _case_title(found),
        "owned": owned,
        "may_repeat": method is not None and not active and rules.may_repeat(user, found),
        "repeated": _compared(found, repeats),
        "original": next(iter(_compared(found, first)), None),
    }
    return render(request, "heirloom/public/run.html", context)
