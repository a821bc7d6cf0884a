"""Methods, and runs of them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from ninja import Router, Schema, Status
from pydantic import Field

from heirloom.cases import queries, run_actions
from heirloom.cases.errors import InvalidInputs, NoSuchMethod
from heirloom.cases.models import Run
from heirloom.catalogue import rights
from heirloom.catalogue.models import Item, Media
from heirloom.errors import gettext_noop
from heirloom.pathways import registry
from heirloom.pathways.errors import PathwayError
from heirloom.pathways.face import Method
from heirloom.web.addresses import run_file_url
from heirloom.web.exchange import sealed

from .access import OWN, READ, WRITE, answers, person, signed_in
from .forms import Key, Line, Page, PageNumber, PageSize, Texts, TextsIn, Value, paged, translated

router = Router(tags=["runs"])


class MethodOut(Schema):
    """A method: what goes in and comes out, and its settings as JSON Schema 2020-12."""

    id: str
    version: str
    title: str
    summary: str
    inputs: list[dict[str, Any]]
    outputs: list[dict[str, Any]]
    params: dict[str, Any]


class RunCard(Schema):
    """A run as lists show it. ``progress`` is from 0 to 1."""

    key: str
    method: str
    method_version: str
    state: str
    title: Texts
    progress: float
    case: str | None
    created_at: datetime
    ended_at: datetime | None
    url: str


class RunPage(Page):
    """One page of runs."""

    results: list[RunCard]


class OutputOut(Schema):
    """A file that a run made."""

    output: str
    path: str
    url: str
    media_type: str
    size: int
    sha512: str


class CostOut(Schema):
    """What a run cost, by the operating system's accounting: seconds and bytes."""

    cpu_seconds: float | None
    wall_seconds: float | None
    peak_bytes: int | None
    bytes_in: int | None
    bytes_out: int | None
    device: str


class RunOut(RunCard):
    """A run with its files, settings and measured cost."""

    inputs: list[dict[str, Any]]
    outputs: list[OutputOut]
    params: dict[str, Any]
    error: dict[str, Any]
    cost: CostOut
    digest: str
    repeats: str | None


class FileOfItem(Schema):
    """A file of an item that you may see."""

    item: Line
    path: Line


class NewRun(Schema):
    """A run to be done: files of items by the method's input names, and its settings."""

    method: Line
    inputs: Annotated[dict[Line, Annotated[list[FileOfItem], Field(max_length=1000)]], Field(max_length=50)]
    params: Value = {}
    case: Line | None = None
    title: TextsIn | None = None


def _method(found: Method) -> dict[str, Any]:
    return {
        "id": found.id,
        "version": found.version,
        "title": _(found.title),
        "summary": _(found.summary),
        "inputs": [declared.to_json() for declared in found.inputs],
        "outputs": [declared.to_json() for declared in found.outputs],
        "params": found.params_schema(),
    }


def _card(run: Run) -> dict[str, Any]:
    return {
        "key": run.key,
        "method": run.method,
        "method_version": run.method_version,
        "state": run.state,
        "title": run.title.to_json(),
        "progress": run.progress,
        "case": run.case.key if run.case else None,
        "created_at": run.created_at,
        "ended_at": run.ended_at,
        "url": f"{settings.SITE_URL}{reverse('run', args=[run.key])}",
    }


def _whole(user: Any, run: Run) -> dict[str, Any]:
    keys = {
        object_id.rpartition(":")[2]
        for entry in run.inputs
        if (object_id := str(entry["source"]["object"])).startswith("heirloom:item:")
    }
    seen = Item.objects.filter(rights.visible_items(user), key__in=keys).values_list("key", flat=True)
    return _card(run) | {
        "inputs": sealed.inputs(run.inputs, keys.difference(seen)),
        "outputs": [
            {
                "output": out.get("output", ""),
                "path": out["path"],
                "url": f"{settings.SITE_URL}{run_file_url(run.key, out['path'])}",
                "media_type": out["media_type"],
                "size": out["size"],
                "sha512": out["sha512"],
            }
            for out in run.outputs
        ],
        "params": run.params,
        "error": run.error,
        "cost": {
            "cpu_seconds": run.cpu_seconds,
            "wall_seconds": run.wall_seconds,
            "peak_bytes": run.peak_bytes,
            "bytes_in": run.bytes_in,
            "bytes_out": run.bytes_out,
            "device": run.device,
        },
        "digest": run.digest,
        "repeats": run.repeats.key if run.repeats else None,
    }


@router.get("/methods", response=list[MethodOut], operation_id="list_methods")
def list_methods(request: HttpRequest) -> list[dict[str, Any]]:  # noqa: ARG001 - as all operations
    """List the methods that this installation has."""
    return [_method(found) for found in registry.methods()]


@router.get("/runs", response=answers(RunPage, *OWN), auth=signed_in, operation_id="list_runs")
def list_runs(request: HttpRequest, page: PageNumber = 1, size: PageSize = 24) -> dict[str, Any]:
    """List the runs that you asked for or that belong to your cases, the newest first."""
    return paged(queries.runs_of(request.user), page, size, _card)


@router.get("/runs/{key}", response=answers(RunOut, *READ), operation_id="get_run")
def get_run(request: HttpRequest, key: Key) -> dict[str, Any]:
    """A run: your own, of a case that you work on, or of a published case."""
    return _whole(request.user, queries.run(request.user, key))


@router.post("/runs", response=answers(RunOut, *WRITE, status=201), auth=signed_in, operation_id="create_run")
def create_run(request: HttpRequest, sent: NewRun) -> Status[dict[str, Any]]:
    """Ask for a run on files of items; a worker does it."""
    user = person(request)
    try:
        registry.method(sent.method)
    except PathwayError as error:
        raise NoSuchMethod(method=sent.method[:100]) from error
    keys = {one.item for files in sent.inputs.values() for one in files}
    rows = Media.objects.filter(item__key__in=keys).select_related("item__protocol")
    rows = rows.prefetch_related("item__communities", "item__protocol__communities")
    known = {
        (media.item.key, media.path): media
        for media in rows.filter(item__in=Item.objects.filter(rights.visible_items(user)).values("pk"))
    }
    inputs: dict[str, list[Any]] = {}
    for name, files in sent.inputs.items():
        for one in files:
            if (one.item, one.path) not in known:
                raise InvalidInputs(input=name, problem=gettext_noop("There is no such file."))
            inputs.setdefault(name, []).append(known[one.item, one.path])
    case = queries.case_for_editing(user, sent.case) if sent.case else None
    title = translated(sent.title) if sent.title else None
    run = run_actions.request_run(user, sent.method, inputs, sent.params, case=case, title=title)
    return Status(201, _whole(user, run))


@router.post(
    "/runs/{key}/cancel", response=answers(RunOut, *WRITE), auth=signed_in, operation_id="cancel_run"
)
def cancel_run(request: HttpRequest, key: Key) -> dict[str, Any]:
    """Ask a run to stop; one that waits is cancelled at once."""
    user = person(request)
    return _whole(user, run_actions.cancel_run(user, queries.run(user, key)))


@router.post(
    "/runs/{key}/repeat",
    response=answers(RunOut, *WRITE, status=201),
    auth=signed_in,
    operation_id="repeat_run",
)
def repeat_run(request: HttpRequest, key: Key) -> Status[dict[str, Any]]:
    """Run the same method on the same files with the same settings."""
    user = person(request)
    return Status(201, _whole(user, run_actions.repeat_run(user, queries.run(user, key))))
