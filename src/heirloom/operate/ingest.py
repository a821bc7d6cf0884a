"""Importing from the command line: the same plan and import as in the pages."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

from heirloom.catalogue.actions_import import begin_import, plan_import, run_import
from heirloom.catalogue.importers import mapping as mappings
from heirloom.catalogue.importers.report import Report
from heirloom.catalogue.importers.sources import opened
from heirloom.errors import HeirloomError, gettext_noop
from heirloom.people.models import User

FORM_OF = {".csv": "csv", ".tsv": "csv", ".xlsx": "xlsx", ".jsonl": "jsonl", ".json": "jsonl", ".xml": "lido"}


class UnclearForm(HeirloomError):
    """The file's name does not say what it is."""

    code = "import.form-unclear"
    message = gettext_noop("What is {name}? Say it with --form.")
    kept = gettext_noop("Nothing was changed.")


def form_of(where: str) -> str:
    """Return the form that a file name or a folder speaks for.

    Raises:
        UnclearForm: an address, or a name without a known ending.
    """
    path = Path(where)
    if path.is_dir():
        return "folder"
    endings = [part for part in path.suffixes if part != ".gz"]
    if "://" in where or not endings or endings[-1].lower() not in FORM_OF:
        raise UnclearForm(name=where)
    return FORM_OF[endings[-1].lower()]


def _meter() -> Callable[[int], None]:
    def tell(done: int) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{done} records ")
            sys.stderr.flush()

    return tell


def ingest(
    by: User,
    where: str,
    *,
    mapping: Path | None = None,
    form: str = "",
    source: str = "",
    dry_run: bool = False,
    publish: bool = True,
) -> Report:
    """Import *where*, a file, folder or address, and return the report of what was (or would be) done.

    Raises:
        NotAllowed: *by* is no cataloguer; UnclearForm, SourceError and errors of the archive.
    """
    form = form or form_of(where)
    fields = mappings.read(mapping, flat=form in ("csv", "xlsx")) if mapping else None
    name = source or (fields.source if fields else Path(where).stem)
    batch = begin_import(by, form, name, fields.plain if fields else None)
    with opened(form, where if "://" in where else Path(where), source=name, mapping=fields) as opening:
        run = plan_import if dry_run else run_import
        return run(by, batch, opening, publish=publish, progress=_meter())


def say(report: Report) -> int:
    """Print what an import did; return 1 where records were left out."""
    sys.stdout.write(f"{'would be: ' if report.dry_run else ''}{report.total} records\n")
    for outcome, count in report.counts.items():
        if count:
            sys.stdout.write(f"  {outcome}: {count}\n")
    for code, count in report.problems.most_common():
        first = json.dumps(report.problem_samples[code][0], ensure_ascii=False, sort_keys=True)
        sys.stdout.write(f"  {code}: {count}, such as {first}\n")
    return int(bool(report.counts["problem"]))
