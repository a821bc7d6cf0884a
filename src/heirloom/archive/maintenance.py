"""Verifying a whole store: with progress, resumable, cancellable, and with a report that a machine can read."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self, TextIO

from heirloom.archive.codes import Finding
from heirloom.archive.lock import Locked
from heirloom.archive.ocfl import INVENTORY
from heirloom.archive.validate import ObjectReport
from heirloom.archive.validate_root import RootReport, judge_object, judge_root, walk

if TYPE_CHECKING:
    from heirloom.archive.archive import Archive

Json = dict[str, object]

_STATE: Final = "heirloom-verify-state/1"
_REPORT: Final = "heirloom-verify/1"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far long work has come: objects done of all, files looked at, and the object at hand."""

    done: int
    total: int
    files: int
    key: str


class Cancelled(Exception):
    """The work was asked to stop."""


@dataclass
class Watch:
    """What long work tells to whoever waits for it, and asks of them.

    Attributes:
        progress: called after every file and every object.
        cancelled: asked as often; once it answers True the work stops, and what was done is kept.
    """

    progress: Callable[[Progress], None] | None = None
    cancelled: Callable[[], bool] | None = None
    done: int = 0
    total: int = 0
    files: int = 0
    key: str = ""

    def tick(self, files: int = 1) -> None:
        """Some files more. Raises :class:`Cancelled`."""
        self.files += files
        if self.progress is not None:
            self.progress(Progress(self.done, self.total, self.files, self.key))
        if self.cancelled is not None and self.cancelled():
            raise Cancelled

    def begin(self, key: str) -> None:
        """The next object."""
        self.key = key

    def end(self) -> None:
        """That object is done. Raises :class:`Cancelled`."""
        self.done += 1
        self.tick(0)


def now() -> str:
    """The time, for reports: UTC to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


@dataclass
class VerifyReport:
    """What a verification found.

    Attributes:
        root: where the store is.
        started, finished: RFC 3339.
        complete: every object was looked at; False when it was cancelled.
        objects, files: how many were looked at. ``files`` counts content files compared with their digests.
        findings: errors and warnings, of the root and of its objects.
        damaged: keys of files that are missing, changed or unreadable, relative to the root.
        invalid: object folder -> object identifier (None where it cannot be read), of objects with errors.
    """

    root: str
    started: str
    finished: str = ""
    complete: bool = False
    objects: int = 0
    files: int = 0
    findings: list[Finding] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    invalid: dict[str, str | None] = field(default_factory=dict)

    @property
    def valid(self) -> bool:
        """Everything was looked at and nothing breaks a MUST of the specification."""
        return self.complete and all(finding.level != "error" for finding in self.findings)

    def add(self, report: ObjectReport) -> None:
        """Take in what was found in one object."""
        self.objects += 1
        self.files += report.files
        self.findings += report.findings
        self.damaged += report.damaged
        if not report.valid:
            self.invalid[report.key] = report.object_id

    def to_json(self) -> Json:
        """As data. ``format`` tells its version."""
        return {
            "format": _REPORT,
            "root": self.root,
            "started": self.started,
            "finished": self.finished,
            "complete": self.complete,
            "valid": self.valid,
            "objects": self.objects,
            "files": self.files,
            "invalid": self.invalid,
            "damaged": self.damaged,
            "findings": [finding.to_json() for finding in self.findings],
        }

    def to_bytes(self) -> bytes:
        """As JSON in ASCII: names that are no proper text survive."""
        return (json.dumps(self.to_json(), indent=1) + "\n").encode("ascii")


class _State:
    """The file that lets a verification go on where it stopped: a line for each object that is done."""

    def __init__(self, path: Path | None, *, content: bool) -> None:
        self.path = path
        self.done: dict[str, Json] = {}
        self.started = now()
        self._stream: TextIO | None = None
        if path is None:
            return
        header = {"format": _STATE, "content": content, "started": self.started}
        lines = self._read(path)
        if lines and all(lines[0].get(name) == header[name] for name in ("format", "content")):
            self.started = str(lines[0].get("started"))
            self.done = {str(line["key"]): line for line in lines[1:] if "key" in line}
            self._stream = path.open("a", encoding="ascii")
            self._stream.write("\n")  # a line that broke off stays apart
        else:
            self._stream = path.open("w", encoding="ascii")
            self._write(header)

    @staticmethod
    def _read(path: Path) -> list[Json]:
        lines: list[Json] = []
        with suppress(FileNotFoundError), path.open(encoding="ascii", errors="replace") as stream:
            for text in stream:
                try:
                    line = json.loads(text)
                except ValueError:
                    continue
                if isinstance(line, dict):
                    lines.append(line)
        return lines

    def _write(self, line: Json) -> None:
        if self._stream is not None:
            self._stream.write(json.dumps(line) + "\n")
            self._stream.flush()

    def known(self, key: str, stamp: list[int]) -> ObjectReport | None:
        """What an earlier run found in *key*, unless the object got a version since."""
        line = self.done.get(key)
        if line is None or line.get("stamp") != stamp:
            return None
        try:
            return _object_from_json(line)
        except (KeyError, TypeError, AssertionError):
            return None

    def add(self, report: ObjectReport, stamp: list[int]) -> None:
        self._write(
            {
                "key": report.key,
                "stamp": stamp,
                "object_id": report.object_id,
                "files": report.files,
                "damaged": report.damaged,
                "findings": [finding.to_json() for finding in report.findings],
            }
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._stream is not None:
            self._stream.close()

    def finish(self) -> None:
        """All is done: the next verification starts anew."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)


def _object_from_json(line: Json) -> ObjectReport:
    object_id, files, damaged, findings = line["object_id"], line["files"], line["damaged"], line["findings"]
    assert isinstance(files, int)
    assert isinstance(damaged, list)
    assert isinstance(findings, list)
    return ObjectReport(
        key=str(line["key"]),
        object_id=None if object_id is None else str(object_id),
        findings=[Finding.from_json(each) for each in findings],
        damaged=[str(each) for each in damaged],
        files=files,
    )


def verify(
    archive: Archive,
    *,
    state: str | os.PathLike[str] | None = None,
    content: bool = True,
    progress: Callable[[Progress], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> VerifyReport:
    """Verify a whole store: see :meth:`heirloom.archive.Archive.verify`."""
    archive.recover()
    storage = archive.storage
    with _State(Path(state) if state is not None else None, content=content) as known:
        report = VerifyReport(root=storage.name, started=known.started)
        root = judge_root(storage)
        report.damaged += root.damaged
        keys = list(walk(storage, root))
        watch = Watch(progress, cancelled, total=len(keys))
        try:
            for key in keys:
                watch.begin(key)
                entry = storage.entry(f"{key}/{INVENTORY}")
                stamp = list(entry.stamp) if entry else []
                found = known.known(key, stamp)
                if found is None:
                    found = judge(archive, key, root, watch, content=content)
                    known.add(found, stamp)
                else:
                    watch.files += found.files
                report.add(found)
                watch.end()
            report.complete = True
            known.finish()
        except Cancelled:
            pass
        report.findings[:0] = root.findings
    report.finished = now()
    return report


def judge(
    archive: Archive, key: str, root: RootReport, watch: Watch, *, content: bool, locked: bool = False
) -> ObjectReport:
    """Judge one object; what looks wrong is looked at again while nobody writes to it.

    Args:
        locked: the caller holds the object's lock already.
    """
    found = judge_object(archive.storage, key, root, content=content, tick=watch.tick)
    if found.valid or locked:
        return found
    try:
        with archive.lock_key(key, timeout=60):
            return judge_object(archive.storage, key, root, content=content, tick=lambda: watch.tick(0))
    except (Locked, OSError):
        return found  # somebody writes for very long, or nothing can be locked here
