"""Every write about runs: ask for one, do it, cancel it, repeat it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from heirloom.archive import FileInfo, crate
from heirloom.catalogue import record as record_format
from heirloom.catalogue import rights
from heirloom.catalogue.actions import ERASED
from heirloom.catalogue.models import Media
from heirloom.catalogue.store import agent, archive, purge
from heirloom.errors import NotAllowed, gettext_noop
from heirloom.keys import new_key, object_id
from heirloom.pathways import registry
from heirloom.pathways.errors import PathwayError, RunBusy
from heirloom.pathways.execute import InputFile, Limits, Progress, discard, execute, output_folder
from heirloom.pathways.record import RunRecord
from heirloom.people.actions import log
from heirloom.people.models import User
from heirloom.text import Translated

from . import rules, sealing
from .errors import GivenUp, InvalidInputs, NoSuchMethod
from .models import Case, Replication, Run

OUTPUTS = "outputs"
INPUTS = "inputs"
RUN_RECORD = "run.json"
ACTIVE = (Run.State.QUEUED, Run.State.RUNNING, Run.State.CANCELLING)


def media_source(media: Media) -> dict[str, Any]:
    """Return where a file of an item stands, as a run's input names it."""
    item = media.item
    return {"object": object_id("item", item.key), "version": item.object_version, "path": media.path}


def request_run(
    by: User,
    method: str,
    inputs: Mapping[str, Sequence[Media | Path]],
    params: Mapping[str, Any] | None = None,
    *,
    case: Case | None = None,
    title: Translated | None = None,
    repeats: Run | None = None,
) -> Run:
    """Ask for a run; a worker does it.

    Args:
        inputs: by the method's input names: files of items, or checked files of one's own, which are kept with the run.
        params: settings; checked now.

    Raises:
        NotAllowed, NoSuchMethod, InvalidInputs, ``InvalidParams``.
    """
    if not rules.may_run(by, case):
        raise NotAllowed
    try:
        found = registry.method(method)
    except PathwayError as error:
        raise NoSuchMethod(method=method) from error
    found.validate(params or {})
    key = new_key()
    listed: list[dict[str, Any]] = []
    own: dict[str, Path] = {}
    for declared in found.inputs:
        given = list(inputs.get(declared.name, ()))
        if len(given) < declared.minimum or (declared.maximum is not None and len(given) > declared.maximum):
            raise InvalidInputs(
                input=declared.title, problem=gettext_noop("There are too few or too many files.")
            )
        for number, source in enumerate(given):
            if isinstance(source, Media):
                if not rights.visible(by, source.item):
                    raise NotAllowed
                listed.append(_listed(declared.name, Path(source.path).name, source, media_source(source)))
            else:
                path = f"{INPUTS}/{declared.name}/{number:04d}-{source.name}"
                own[path] = source
                listed.append({"input": declared.name, "name": source.name, "path": path})
    if unknown := set(inputs) - {declared.name for declared in found.inputs}:
        raise InvalidInputs(
            input=", ".join(sorted(unknown)), problem=gettext_noop("The method has no such input.")
        )
    if own:
        _keep_inputs(by, key, own, listed)
    with transaction.atomic():
        run = Run.objects.create(
            key=key,
            case=case,
            method=found.id,
            method_version=found.version,
            title=title or Translated({"en": found.title}),
            inputs=listed,
            params=dict(params or {}),
            requested_by=by,
            repeats=repeats,
        )
        log(by, "request-run", "run", run.key, method=found.id)
        _enqueue(run)
    return run


def _listed(input_name: str, name: str, media: Media, source: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "input": input_name,
        "name": name,
        "source": dict(source),
        "sha512": media.sha512,
        "size": media.size,
        "media_type": media.media_type,
    }


def _keep_inputs(by: User, key: str, own: Mapping[str, Path], listed: list[dict[str, Any]]) -> None:
    """Take a person's own files into the run's archive object and complete their entries."""
    from heirloom.pathways.execute import media_type_of

    identifier = object_id("run", key)
    types = {path: media_type_of(file.name) for path, file in own.items()}
    version = archive().write(
        identifier,
        own,
        message="inputs",
        agent=agent(by),
        expected_head=0,
        crate=lambda kept: _inputs_crate(key, types, kept.values()),
    )
    files = archive().files(identifier)
    for entry in listed:
        if "source" in entry:
            continue
        info = files[entry["path"]]
        entry["source"] = {"object": identifier, "version": version.number, "path": info.path}
        entry |= {"sha512": info.sha512, "size": info.size, "media_type": media_type_of(entry["name"])}
        del entry["path"]


def _inputs_crate(key: str, types: Mapping[str, str], kept: Iterable[FileInfo]) -> crate.Crate:
    """Return the RO-Crate of a run that is still to be done: the files that a person gave for it."""
    return crate.Crate.new(
        name=f"Files for the run {key}",
        description="Files given for a run that was asked for.",
        published=timezone.now().date().isoformat(),
        license=record_format.NOT_EVALUATED,
        identifier=object_id("run", key),
    ).with_files(crate.CrateFile(info.path, info.size, info.sha512, types[info.path]) for info in kept)


def _enqueue(run: Run) -> None:
    from .jobs import do_run  # jobs call actions

    do_run.enqueue(
        run.key
    )  # the queue stands in the same database: the run and its job are committed together


@transaction.atomic
def cancel_run(by: User, run: Run) -> Run:
    """Ask a run to stop; one that waits is cancelled at once."""
    run = Run.objects.select_for_update().get(pk=run.pk)
    if run.requested_by_id != by.pk and not (run.case and rules.may_edit(by, run.case)):
        raise NotAllowed
    if run.state == Run.State.QUEUED:
        run.state = Run.State.CANCELLED
        run.ended_at = timezone.now()
    elif run.state == Run.State.RUNNING:
        run.state = Run.State.CANCELLING
    run.save(update_fields=["state", "ended_at"])
    log(by, "cancel-run", "run", run.key)
    return run


def repeat_run(by: User, run: Run) -> Run:
    """Run the same method on the same files with the same settings, and link the two.

    Raises:
        NotAllowed: *by* may not see the run, or what it read; NoSuchMethod.
    """
    if not rules.may_repeat(by, run):
        raise NotAllowed
    try:
        found = registry.method(run.method)
    except PathwayError as error:
        raise NoSuchMethod(method=run.method) from error
    with transaction.atomic():
        again = Run.objects.create(
            case=None,
            method=found.id,
            method_version=found.version,
            title=run.title,
            inputs=run.inputs,
            params=run.params,
            requested_by=by,
            repeats=run,
        )
        log(by, "repeat-run", "run", again.key, repeats=run.key)
        _enqueue(again)
    return again


def do_run(key: str) -> Run:
    """Do a run that was asked for, from where a killed worker left it; called by the worker.

    Outputs go into the archive first, in one version with the record; then the row says that the run is done. A run
    whose archive object is complete is only written down.
    """
    run = Run.objects.select_related("requested_by", "case").get(key=key)
    if run.state not in ACTIVE:
        return run
    scratch = Path(settings.RUNS_ROOT) / run.key
    if (kept := _kept(run)) is not None:
        run = _conclude(run, kept)
        discard(scratch)
        return run
    if run.state == Run.State.QUEUED:
        Run.objects.filter(pk=run.pk, state=Run.State.QUEUED).update(
            state=Run.State.RUNNING, started_at=timezone.now()
        )
    run.attempts += 1
    Run.objects.filter(pk=run.pk).update(attempts=run.attempts)
    try:
        record = _execute(run, scratch)
    except RunBusy:
        return run  # another process is at it, and will bring it to its end
    except PathwayError as error:
        return _fail(run, {"code": error.code, "message": error.message, "params": _plain(error.params)})
    if record.status == "done":
        _keep(run, record, scratch)
    run = _conclude(run, record)
    discard(scratch)
    return run


def _plain(params: Mapping[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in params.items()}


def _execute(run: Run, scratch: Path) -> RunRecord:
    with contextlib.ExitStack() as stack:
        given: dict[str, list[InputFile]] = {}
        for entry in run.inputs:
            source = entry["source"]
            path = stack.enter_context(archive().local(source["object"], source["path"], source["version"]))
            file = InputFile(path, entry["name"], entry["media_type"], entry["sha512"])
            given.setdefault(entry["input"], []).append(file)

        def report(progress: Progress) -> None:
            message = progress.message.template if progress.message else ""
            Run.objects.filter(pk=run.pk).update(
                progress=max(0.0, min(1.0, progress.fraction)), message=message[:300]
            )

        def stopped() -> bool:
            return watch.asked()

        watch = _Watch(run.pk)
        return execute(
            run.method,
            given,
            run.params,
            scratch=scratch,
            agent=f"person {run.requested_by_id}" if run.requested_by_id else "",
            on_progress=report,
            cancelled=stopped,
            limits=Limits(wall_seconds=settings.RUN_LIMIT_SECONDS, memory_bytes=settings.RUN_LIMIT_MEMORY),
        )


class _Watch:
    """Asks the database at most once a second whether the run is to stop."""

    def __init__(self, pk: int) -> None:
        self.pk = pk
        self.last = 0.0

    def asked(self) -> bool:
        import time

        now = time.monotonic()
        if now - self.last < 1:
            return False
        self.last = now
        return Run.objects.filter(pk=self.pk, state=Run.State.CANCELLING).exists()


def _kept(run: Run) -> RunRecord | None:
    """Return the record of a run that the archive already holds complete."""
    identifier = object_id("run", run.key)
    if not archive().exists(identifier) or RUN_RECORD not in archive().files(identifier):
        return None
    return RunRecord.from_json(json.loads(archive().read(identifier, RUN_RECORD)))


def _keep(run: Run, record: RunRecord, scratch: Path) -> None:
    identifier = object_id("run", run.key)
    folder = output_folder(scratch)
    files: dict[str, Any] = {f"{OUTPUTS}/{out.path}": folder / out.path for out in record.outputs}
    files[RUN_RECORD] = sealing.to_bytes(record.to_json())
    files[sealing.RECORD] = sealing.to_bytes(describe(run))
    archive().write(
        identifier,
        files,
        message="done",
        agent=agent(run.requested_by),
        created=parse_datetime(record.ended),
        crate=lambda kept: run_crate(run, record, kept.values()),
    )


def describe(run: Run) -> dict[str, Any]:
    """Return what ``record.json`` keeps of a run beside the pathway's own record."""
    return {
        "format": "heirloom/run/1",
        "key": run.key,
        "case": run.case.key if run.case else None,
        "title": run.title.to_json(),
        "method": run.method,
        "method_version": run.method_version,
        "inputs": run.inputs,
        "params": run.params,
        "repeats": run.repeats.key if run.repeats else None,
        "attempts": run.attempts,
        "created_at": record_format.when(run.created_at),
    }


def run_crate(run: Run, record: RunRecord, kept: Iterable[FileInfo]) -> crate.Crate:
    """Return the RO-Crate of a run: Process Run Crate provenance with its measured cost."""
    types = {f"{OUTPUTS}/{out.path}": out.media_type for out in record.outputs}
    types |= {entry["source"]["path"]: entry["media_type"] for entry in run.inputs}
    title = {language: text.value for language, text in run.title.items()}
    described = crate.Crate.new(
        name=title,
        description=f"{record.title}: {record.method} {record.version}",
        published=record.ended,
        license=record_format.NOT_EVALUATED,
        identifier=object_id("run", run.key),
    ).with_files(
        crate.CrateFile(info.path, info.size, info.sha512, types.get(info.path, "application/json"))
        for info in kept
    )
    own = object_id("run", run.key)
    objects = []
    for entry in run.inputs:
        source = entry["source"]
        if source["object"] == own:
            objects.append(crate.path_to_id(source["path"]))
            continue
        identifier = f"{source['object']}#{source['path']}"
        objects.append(identifier)
        described = described.with_entities(
            crate.Entity.of(
                identifier,
                "CreativeWork",
                name=entry["name"],
                encodingFormat=entry["media_type"],
                version=f"v{source['version']}",
                identifier=f"sha512:{entry['sha512']}",
            )
        )
    cost = record.cost
    action = crate.ProcessRun(
        id=f"#run-{run.key}",
        name=title,
        instrument=crate.software(
            f"heirloom:method:{record.method}",
            record.title,
            version=record.version,
            url=f"{settings.SITE_URL}/my/runs/new/{record.method}/",  # the page where it is explained and run
        ),
        agent=crate.person("#agent", record.agent or "Heirloom"),
        started=record.started,
        ended=record.ended,
        objects=tuple(objects),
        results=tuple(crate.path_to_id(f"{OUTPUTS}/{out.path}") for out in record.outputs),
        parameters={name: _parameter(value) for name, value in record.params.items() if value is not None},
        costs=(
            crate.Measurement("cpuTime", "CPU time", cost.cpu_seconds, "SEC"),
            crate.Measurement("wallTime", "Wall time", cost.wall_seconds, "SEC"),
            crate.Measurement("peakMemory", "Peak resident memory", cost.peak_memory_bytes, "AD"),
            crate.Measurement("bytesIn", "Bytes read", cost.bytes_in, "AD"),
            crate.Measurement("bytesOut", "Bytes written", cost.bytes_out, "AD"),
        ),
    )
    return described.with_run(action)


def _parameter(value: Any) -> str | int | float | bool:
    return value if isinstance(value, str | int | float | bool) else json.dumps(value, ensure_ascii=False)


@transaction.atomic
def _conclude(run: Run, record: RunRecord) -> Run:
    run = Run.objects.select_for_update().get(pk=run.pk)
    fill(run, record)
    if run.state == Run.State.DONE:
        head = archive().head(object_id("run", run.key))
        run.object_version, run.digest = head.number, head.digest
    run.save()
    log(None, f"run-{run.state}", "run", run.key)
    return run


def fill(run: Run, record: RunRecord) -> None:
    """Write the pathway's record into the row."""
    states = {"done": Run.State.DONE, "failed": Run.State.FAILED, "cancelled": Run.State.CANCELLED}
    run.state = states[record.status]
    run.record = record.to_json()
    run.outputs = [
        {
            "path": f"{OUTPUTS}/{out.path}",
            "output": out.role,
            "media_type": out.media_type,
            "size": out.size,
            "sha512": out.sha512,
        }
        for out in record.outputs
    ]
    run.progress = 1.0 if record.status == "done" else run.progress
    run.message = ""
    run.error = (
        {
            "code": record.failure.code,
            "message": record.failure.message,
            "params": dict(record.failure.params),
        }
        if record.failure
        else {}
    )
    run.cpu_seconds = record.cost.cpu_seconds
    run.wall_seconds = record.cost.wall_seconds
    run.peak_bytes = record.cost.peak_memory_bytes
    run.bytes_in, run.bytes_out = record.cost.bytes_in, record.cost.bytes_out
    run.device = record.cost.device[:200]
    run.started_at = _moment(record.started) or run.started_at
    run.ended_at = _moment(record.ended)


def _moment(text: str) -> datetime | None:
    return parse_datetime(text)


def unattended(busy: Iterable[str]) -> Iterator[Run]:
    """Return the runs that are to be done and whose key is not among those that a job still stands for."""
    return Run.objects.filter(state__in=ACTIVE).exclude(key__in=busy).order_by("created_at", "pk").iterator()


def resume(run: Run) -> None:
    """Ask again for a run whose job was lost."""
    with transaction.atomic():
        _enqueue(run)
        log(None, "resume-run", "run", run.key)


def give_up(run: Run) -> Run:
    """Record that a run was begun too often and never came to an end."""
    return _fail(run, {"code": GivenUp.code, "message": GivenUp.message, "params": {}})


def sweep() -> int:
    """Remove the scratch folders of runs that are over; return how many there were."""
    root = Path(settings.RUNS_ROOT)
    folders = {path.name: path for path in root.iterdir()} if root.is_dir() else {}
    needed = set(Run.objects.filter(key__in=folders, state__in=ACTIVE).values_list("key", flat=True))
    for name in folders.keys() - needed:
        discard(folders[name])
    return len(folders.keys() - needed)


@transaction.atomic
def _fail(run: Run, error: dict[str, Any]) -> Run:
    run = Run.objects.select_for_update().get(pk=run.pk)
    run.state, run.error, run.ended_at = Run.State.FAILED, error, timezone.now()
    run.save(update_fields=["state", "error", "ended_at"])
    log(None, "run-failed", "run", run.key, code=error["code"])
    return run


def erase_runs(user: User) -> int:
    """Erase the runs of a person whose account is erased, with the files they gave, where no case shows them; return how many."""
    erased = 0
    alone = Run.objects.filter(requested_by=user, case=None).exclude(state__in=ACTIVE)
    replicated = Replication.objects.filter(run__isnull=False).values("run")
    for run in alone.exclude(pk__in=replicated).filter(sections=None).order_by("pk"):
        run.delete()
        purge(object_id("run", run.key), ERASED)
        erased += 1
    return erased
