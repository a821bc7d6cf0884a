"""Keeping the archive well: verify, mirror, repair, rebuild, as an operator runs them."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from django.conf import settings

from heirloom.archive.maintenance import Progress
from heirloom.catalogue import rebuild as rebuilding
from heirloom.catalogue import search
from heirloom.catalogue.store import archive

from .errors import NoMirror
from .serve import prepare


def _teller() -> Callable[[Progress], None]:
    """Tell progress on the terminal, at most twice a second."""
    last = 0.0

    def tell(progress: Progress) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last < 0.5 or not sys.stderr.isatty():
            return
        last = now
        sys.stderr.write(f"\r{progress.done}/{progress.total} objects, {progress.files} files ")
        sys.stderr.flush()

    return tell


def _mirror_folder(folder: Path | None) -> Path:
    found = folder or settings.ARCHIVE_MIRROR
    if found is None:
        raise NoMirror
    return Path(found)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def verify(report_path: Path | None, *, fresh: bool = False) -> int:
    """Verify the whole store; return 1 when something is wrong."""
    state = Path(settings.DATA) / "verify-state.json"
    if fresh:
        state.unlink(missing_ok=True)
    report = archive().verify(state=state, progress=_teller())
    if report_path:
        report_path.write_text(json.dumps(report.to_json(), indent=1), "utf-8")
    _say(f"{report.objects} objects, {report.files} files, {len(report.findings)} findings")
    for finding in report.findings:
        _say(f"  {finding}")
    return int(bool(report.damaged or report.invalid))


def mirror(folder: Path | None) -> int:
    """Bring the mirror up to date; return 1 when something could not be copied."""
    report = archive().mirror(_mirror_folder(folder), progress=_teller())
    _say(f"{len(report.copied)} new, {len(report.updated)} updated, {report.unchanged} unchanged")
    wrong = [*report.damaged, *report.diverged]
    for name in wrong:
        _say(f"  not copied: {name}")
    return int(bool(wrong))


def repair(folder: Path | None) -> int:
    """Mend what is rotten from the mirror; return 1 when something stays broken."""
    report = archive().repair(_mirror_folder(folder), progress=_teller())
    _say(json.dumps(report.to_json(), indent=1))
    return verify(None, fresh=True)


def rebuild() -> int:
    """Make every row again that the archive knows of; return 1 when a package could not be read."""
    prepare()

    def tell(done: int, total: int) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{done}/{total} packages ")
            sys.stderr.flush()

    report = rebuilding.rebuild(tell)
    _say(
        ", ".join(f"{count} {kind}" for kind, count in sorted(report.made.items())) or "the archive is empty"
    )
    for name, reason in report.unread.items():
        _say(f"  not read: {name}: {reason}")
    return int(bool(report.unread))


def reindex() -> int:
    """Make the search index anew."""
    _say(f"{search.reindex()} things can be found")
    return 0
