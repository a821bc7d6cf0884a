"""Imports whose process was cut off. Apart from :mod:`.actions_import`, as a worker that starts needs none of what reads sources."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from heirloom.archive.lock import Locked, hold
from heirloom.people import actions as people

from .importers.report import Report
from .models import ImportBatch


def lock_of(batch: ImportBatch) -> str:
    """The file whose lock an import holds while it runs; the kernel lets go of it however the process ends."""
    folder = Path(settings.INTAKE_ROOT)
    folder.mkdir(parents=True, exist_ok=True)
    return str(folder / f"import-{batch.key}.lock")


def settle_imports() -> int:
    """Write down as failed the imports whose process was cut off, so that they can be run again; return how many."""
    settled = 0
    for batch in ImportBatch.objects.filter(state=ImportBatch.State.RUNNING):
        try:
            with hold(lock_of(batch), "the import", timeout=0), transaction.atomic():
                batch = ImportBatch.objects.select_for_update().get(pk=batch.pk)
                if batch.state != ImportBatch.State.RUNNING:
                    continue
                report = Report()
                report.note("import.cut-off")
                batch.report = report.to_json()
                batch.state, batch.ended_at = ImportBatch.State.FAILED, timezone.now()
                batch.save(update_fields=["report", "state", "ended_at"])
                people.log(None, "import-cut-off", "import", batch.key)
                settled += 1
        except Locked:
            continue  # its process is alive
    return settled
