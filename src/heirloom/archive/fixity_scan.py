"""The quick scan: BLAKE3 over the whole store, several times faster than SHA-512, against a private record.

OCFL knows no BLAKE3, so its digests stay in a database of our own beside the objects. The first scan of a
file reads it once and computes both; its BLAKE3 is only recorded when its SHA-512 is right. Later scans
compare BLAKE3 alone. What differs is a reason to verify that object, which decides by SHA-512.

Source: BLAKE3 specification (O'Connor, Aumasson, Neves, Wilcox-O'Hearn, 2020).
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from blake3 import blake3

from heirloom.archive.fixity import ALGORITHMS
from heirloom.archive.inventory import Inventory
from heirloom.archive.maintenance import Cancelled, Progress, Watch, now
from heirloom.archive.maintenance_copy import sound_inventory
from heirloom.archive.ocfl import DECLARATION, INVENTORY
from heirloom.archive.storage import Storage

if TYPE_CHECKING:
    from heirloom.archive.archive import Archive

_CHUNK: Final = 1 << 18
_REPORT: Final = "heirloom-quick-scan/1"
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS file (
    key TEXT PRIMARY KEY,
    recorded TEXT NOT NULL,
    blake3 BLOB NOT NULL,
    checked REAL NOT NULL
) WITHOUT ROWID;
PRAGMA user_version = 1;
"""


@dataclass
class ScanReport:
    """What a quick scan found.

    Attributes:
        complete: every file was looked at; False when it was cancelled or its time was up.
        checked: files compared with their recorded BLAKE3.
        recorded: files seen for the first time and found right by their own digest.
        suspect: keys of files that are missing, changed or unreadable: verify and repair.
        objects: folders of the objects that they belong to.
    """

    root: str
    started: str
    finished: str = ""
    complete: bool = False
    checked: int = 0
    recorded: int = 0
    suspect: list[str] = field(default_factory=list)
    objects: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, object]:
        """As data. ``format`` tells its version."""
        return {
            "format": _REPORT,
            "root": self.root,
            "started": self.started,
            "finished": self.finished,
            "complete": self.complete,
            "checked": self.checked,
            "recorded": self.recorded,
            "suspect": self.suspect,
            "objects": self.objects,
        }


def _digests(storage: Storage, key: str, algorithm: str | None) -> tuple[bytes, str]:
    """BLAKE3 of the file, and its digest by *algorithm* (``""`` when that is None), in one reading."""
    quick = blake3()
    slow = ALGORITHMS[algorithm]() if algorithm else None
    with storage.stream(key) as stream:
        while chunk := stream.read(_CHUNK):
            quick.update(chunk)
            if slow is not None:
                slow.update(chunk)
    return quick.digest(), slow.hexdigest() if slow is not None else ""


def _content(archive: Archive, report: ScanReport) -> Iterator[tuple[str, str, str, str]]:
    """(object folder, content key, algorithm, digest) of every file; unsound inventories are suspects."""
    for folder in archive.object_keys():
        sound = sound_inventory(archive.storage, folder)
        if sound is None:
            report.suspect.append(f"{folder}/{INVENTORY}")
            report.objects.append(folder)
            continue
        inventory = sound[1]
        suspect = list(_suspect_inventories(archive.storage, folder, inventory))
        if suspect:
            report.suspect += suspect
            report.objects.append(folder)
        for digest, paths in inventory.manifest.items():
            for path in paths:
                yield folder, f"{folder}/{path}", inventory.algorithm, digest.lower()


def _suspect_inventories(storage: Storage, folder: str, inventory: Inventory) -> Iterator[str]:
    """Keys of the small files of an object that are not as they should be."""
    for version in inventory.versions:
        place = f"{folder}/{version.folder}"
        if storage.entry(f"{place}/{INVENTORY}") is not None and sound_inventory(storage, place) is None:
            yield f"{place}/{INVENTORY}"
    declaration = f"{DECLARATION}{inventory.specification}"
    try:
        if storage.read(f"{folder}/{declaration}") == f"{declaration[2:]}\n".encode():
            return
    except OSError:
        pass
    yield f"{folder}/{declaration}"


def quick_scan(
    archive: Archive,
    database: Path,
    *,
    seconds: float | None = None,
    progress: Callable[[Progress], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> ScanReport:
    """Scan a store against *database*: see :meth:`heirloom.archive.Archive.quick_scan`."""
    report = ScanReport(archive.storage.name, now())
    watch = Watch(progress, cancelled)
    deadline = None if seconds is None else time.monotonic() + seconds
    with closing(sqlite3.connect(database, timeout=20, isolation_level=None)) as connection:
        connection.executescript(_SCHEMA)
        known = {
            key: (recorded, digest, checked)
            for key, recorded, digest, checked in connection.execute(
                "SELECT key, recorded, blake3, checked FROM file"
            )
        }
        files = list(_content(archive, report))
        if deadline is not None:  # what was not looked at for longest comes first
            files.sort(key=lambda each: known[each[1]][2] if each[1] in known else 0.0)
        watch.total = len(files)
        try:
            for folder, key, algorithm, digest in files:
                watch.begin(key)
                if not _scan_file(archive.storage, connection, known, key, algorithm, digest, report):
                    report.suspect.append(key)
                    if folder not in report.objects:
                        report.objects.append(folder)
                watch.files += 1
                watch.end()
                if deadline is not None and time.monotonic() > deadline:
                    raise Cancelled
            report.complete = True
            gone = known.keys() - {key for _, key, _, _ in files}
            connection.execute("BEGIN")
            connection.executemany("DELETE FROM file WHERE key = ?", [(key,) for key in gone])
            connection.execute("COMMIT")
        except Cancelled:
            pass
    report.finished = now()
    return report


def _scan_file(
    storage: Storage,
    connection: sqlite3.Connection,
    known: dict[str, tuple[str, bytes, float]],
    key: str,
    algorithm: str,
    digest: str,
    report: ScanReport,
) -> bool:
    """Whether the file is as recorded, or right by its own digest when it is new."""
    before = known.get(key)
    fresh = before is None or before[0] != digest
    try:
        quick, slow = _digests(storage, key, algorithm if fresh else None)
    except OSError:
        return False
    if fresh:
        if slow != digest:
            return False
        report.recorded += 1
    else:
        assert before is not None
        if quick != before[1]:
            return False
        report.checked += 1
    connection.execute(
        "INSERT OR REPLACE INTO file (key, recorded, blake3, checked) VALUES (?, ?, ?, ?)",
        (key, digest, quick, time.time()),
    )
    return True
