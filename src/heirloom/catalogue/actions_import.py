"""An import from its plan to its end, remembered as a row: what would happen, and then what did.

A dry run reads the whole source and stores nothing but its report; a person looks at it and lets the import run, or not. Reports
are bounded in size (:mod:`heirloom.catalogue.importers.report`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from heirloom.archive.lock import Locked, hold
from heirloom.errors import NotAllowed
from heirloom.people import actions as people
from heirloom.people.models import User

from . import rights
from .actions_errors import WrongState
from .actions_ingest import ingest_records
from .actions_settle import lock_of
from .importers.report import Report
from .importers.sources import FORMATS, Source, UnknownFormat
from .models import ImportBatch

Progress = Callable[[int], None]


@transaction.atomic
def begin_import(by: User, form: str, source: str, mapping: Mapping[str, Any] | None = None) -> ImportBatch:
    """Remember that *by* wants to import from *source*.

    Raises:
        NotAllowed: only cataloguers import.
        UnknownFormat.
    """
    if not rights.viewer(by).cataloguer:
        raise NotAllowed
    if form not in FORMATS:
        raise UnknownFormat(name=form, known=", ".join(FORMATS))
    batch = ImportBatch.objects.create(
        format=form, source=source[:100], mapping=dict(mapping or {}), started_by=by
    )
    people.log(by, "begin-import", "import", batch.key, source=source[:100], form=form)
    return batch


def plan_import(
    by: User, batch: ImportBatch, source: Source, *, publish: bool = True, progress: Progress | None = None
) -> Report:
    """Read the source and say what an import would do; the report stands in ``batch.report``. Nothing else is written.

    Raises:
        NotAllowed; WrongState: the import runs or has run; SourceError: the source cannot be read.
    """
    if batch.state in (ImportBatch.State.RUNNING, ImportBatch.State.DONE):
        raise WrongState(state=batch.get_state_display())
    report = ingest_records(
        by, source.drafts, publish=publish, dry_run=True, report=Report(dry_run=True), progress=progress
    )
    return _reported(batch, report, source, ImportBatch.State.PLANNED)


def run_import(
    by: User, batch: ImportBatch, source: Source, *, publish: bool = True, progress: Progress | None = None
) -> Report:
    """Import the source for good. What a broken-off import has done stays, and doing it again completes it.

    Raises:
        NotAllowed; WrongState: the import has run, or runs in another process; SourceError and errors of the archive, with which the
        batch is remembered as failed.
    """
    try:
        with hold(lock_of(batch), "the import", timeout=0):
            return _run(by, batch, source, publish=publish, progress=progress)
    except Locked as error:
        batch.refresh_from_db()
        raise WrongState(state=batch.get_state_display()) from error


def _run(by: User, batch: ImportBatch, source: Source, *, publish: bool, progress: Progress | None) -> Report:
    started = ImportBatch.objects.filter(
        pk=batch.pk, state__in=[ImportBatch.State.PLANNED, ImportBatch.State.FAILED]
    ).update(state=ImportBatch.State.RUNNING)
    batch.refresh_from_db()
    if not started:
        raise WrongState(state=batch.get_state_display())
    report = Report()
    try:
        ingest_records(by, source.drafts, publish=publish, report=report, progress=progress, key=batch.key)
    except BaseException as error:
        report.note(
            "import.failed", error=getattr(error, "code", type(error).__name__), reason=str(error)[:300]
        )
        _reported(batch, report, source, ImportBatch.State.FAILED)
        raise
    _reported(batch, report, source, ImportBatch.State.DONE)
    people.log(
        by, "import", "import", batch.key, **{name: count for name, count in report.counts.items() if count}
    )
    return report


def _reported(batch: ImportBatch, report: Report, source: Source, state: str) -> Report:
    for note in source.notes:
        report.note(note.code, **note.details)
    batch.report = report.to_json()
    batch.state = state
    batch.ended_at = None if state == ImportBatch.State.PLANNED else timezone.now()
    batch.save(update_fields=["report", "state", "ended_at"])
    return report
