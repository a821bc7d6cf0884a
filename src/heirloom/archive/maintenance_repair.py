"""Mending a store: from the copies that each object keeps of its inventories, and from a mirror.

A file is only ever replaced by bytes that have the digest a trusted inventory gives, checked before the
rename. An inventory is trusted when two witnesses agree on it: copies of it and sidecars, here and in the
mirror, are the witnesses. What nobody can vouch for is left as it is and reported.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from heirloom.archive import inventory as inventories
from heirloom.archive.inventory import Inventory
from heirloom.archive.maintenance import Cancelled, Progress, VerifyReport, Watch, judge, now
from heirloom.archive.maintenance_copy import copy_object, sound_inventory, stage_checked
from heirloom.archive.ocfl import DECLARATION, INVENTORY, Damaged, NoObject
from heirloom.archive.storage import Storage
from heirloom.archive.validate_root import ROOT_RECORD, changed_root_files, judge_root, root_files

if TYPE_CHECKING:
    from heirloom.archive.archive import Archive

_REPORT: Final = "heirloom-repair/1"


@dataclass
class RepairReport:
    """What was mended. All lists hold keys relative to the root.

    Attributes:
        complete: everything was looked at; False when it was cancelled.
        mended: files that were put back.
        restored: object folders that were missing and are there again.
        lost: files that stay damaged: neither this store nor the mirror has a good copy.
        invalid: object folders that are still not valid, for whatever reason.
    """

    root: str
    mirror: str
    started: str
    finished: str = ""
    complete: bool = False
    mended: list[str] = field(default_factory=list)
    restored: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    invalid: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Nothing is left to mend."""
        return self.complete and not (self.lost or self.invalid)

    def to_json(self) -> dict[str, object]:
        """As data. ``format`` tells its version."""
        return {
            "format": _REPORT,
            "root": self.root,
            "mirror": self.mirror,
            "started": self.started,
            "finished": self.finished,
            "complete": self.complete,
            "good": self.good,
            "mended": self.mended,
            "restored": self.restored,
            "lost": self.lost,
            "invalid": self.invalid,
        }

    def to_bytes(self) -> bytes:
        """As JSON in ASCII: names that are no proper text survive."""
        return (json.dumps(self.to_json(), indent=1) + "\n").encode("ascii")


def _read(storage: Storage | None, key: str) -> bytes | None:
    if storage is None:
        return None
    try:
        return storage.read(key)
    except OSError:
        return None


@dataclass
class _Votes:
    """Who vouches for which inventory bytes: each copy is a voice for itself, each sidecar for its digest."""

    copies: Counter[bytes] = field(default_factory=Counter)
    digests: Counter[str] = field(default_factory=Counter)

    def hear(self, storage: Storage | None, folder: str) -> None:
        data = _read(storage, f"{folder}/{INVENTORY}")
        if data is not None:
            self.copies[data] += 1
        for algorithm in ("sha512", "sha256"):
            sidecar = _read(storage, f"{folder}/{INVENTORY}.{algorithm}")
            stated = inventories.sidecar_digest(sidecar or b"")
            if stated is not None:
                self.digests[stated] += 1

    def trusted(self, key: str) -> list[tuple[int, bytes, Inventory]]:
        """(voices, bytes, parsed) of the readable inventories that have two voices or more."""
        found: list[tuple[int, bytes, Inventory]] = []
        for data, copies in self.copies.items():
            try:
                inventory = inventories.parse(data, key)
            except Damaged:
                continue
            voices = (
                copies
                + self.digests[hashlib.new(inventory.algorithm, data, usedforsecurity=False).hexdigest()]
            )
            if voices >= 2:
                found.append((voices, data, inventory))
        return found


def _version_folders(storage: Storage | None, key: str) -> list[str]:
    if storage is None:
        return []
    try:
        return [name for name, kind in storage.children(key) if kind == "folder" and name[:1] == "v"]
    except OSError:
        return []


@dataclass
class _Object:
    """One object being mended."""

    storage: Storage
    mirror: Storage | None
    key: str
    report: RepairReport
    watch: Watch

    def put(self, key: str, data: bytes) -> None:
        if _read(self.storage, key) != data:
            self.storage.put(key, data)
            self.report.mended.append(key)

    def mend(self) -> None:
        newest = self.newest()
        if newest is None:
            self.report.lost.append(f"{self.key}/{INVENTORY}")
            return
        data, inventory = newest
        for version in inventory.versions[:-1]:
            self.mend_earlier(version.folder, inventory)
        self.mend_content(inventory)
        folder = f"{self.key}/{inventory.versions[-1].folder}"
        names = [
            name for storage in (self.storage, self.mirror) if storage for name in _names(storage, folder)
        ]
        if not names or any(name.startswith(INVENTORY) for name in names):
            self.put_inventory(folder, data, inventory.algorithm)
        self.put_inventory(self.key, data, inventory.algorithm)
        declaration = f"{DECLARATION}{inventory.specification}"
        self.put(f"{self.key}/{declaration}", f"{declaration[2:]}\n".encode())

    def newest(self) -> tuple[bytes, Inventory] | None:
        """The newest inventory that can be trusted, here first."""
        votes = _Votes()
        for storage in (self.storage, self.mirror):
            votes.hear(storage, self.key)
            for folder in _version_folders(storage, self.key):
                votes.hear(storage, f"{self.key}/{folder}")
        trusted = votes.trusted(self.key)
        if not trusted:
            return None
        _, data, inventory = max(trusted, key=lambda each: (each[2].head, each[0]))
        if inventory.head < len(_version_folders(self.storage, self.key)):
            return None  # a version would be lost with its inventory: leave everything as it is
        return data, inventory

    def put_inventory(self, folder: str, data: bytes, algorithm: str) -> None:
        self.put(f"{folder}/{INVENTORY}", data)
        digest = hashlib.new(algorithm, data, usedforsecurity=False).hexdigest()
        sidecar = f"{folder}/{INVENTORY}.{algorithm}"
        if inventories.sidecar_digest(_read(self.storage, sidecar) or b"") != digest:
            self.put(sidecar, inventories.sidecar(digest))

    def mend_earlier(self, version: str, newest: Inventory) -> None:
        """The inventory of an earlier version: one that its sidecar, or the mirror's, vouches for."""
        folder = f"{self.key}/{version}"
        known = [
            name for storage in (self.storage, self.mirror) if storage for name in _names(storage, folder)
        ]
        if not any(name.startswith(INVENTORY) for name in known):
            return  # this version never had one
        votes = _Votes()
        votes.hear(self.storage, folder)
        votes.hear(self.mirror, folder)
        fitting = [
            (voices, data, inventory)
            for voices, data, inventory in votes.trusted(folder)
            if inventory.versions[-1].folder == version and inventory.object_id == newest.object_id
        ]
        if not fitting:
            self.report.lost.append(f"{folder}/{INVENTORY}")
            return
        _, data, inventory = max(fitting, key=lambda each: each[0])
        self.put_inventory(folder, data, inventory.algorithm)

    def mend_content(self, inventory: Inventory) -> None:
        for digest, paths in inventory.manifest.items():
            for path in paths:
                key = f"{self.key}/{path}"
                if not self.has(self.storage, key, inventory.algorithm, digest.lower()):
                    self.mend_file(key, paths, inventory.algorithm, digest.lower())
                self.watch.tick()

    @staticmethod
    def has(storage: Storage, key: str, algorithm: str, digest: str) -> bool:
        try:
            return storage.digests(key, (algorithm,))[algorithm] == digest
        except OSError:
            return False

    def mend_file(self, key: str, paths: list[str], algorithm: str, digest: str) -> None:
        sources = [
            (storage, f"{self.key}/{path}") for path in paths for storage in (self.mirror, self.storage)
        ]
        for storage, source in sources:
            if storage is None or (storage is self.storage and source == key):
                continue
            with self.storage.stage() as stage:
                try:
                    stage_checked(storage, source, stage, "file", algorithm, digest)
                except (Damaged, OSError):
                    continue
                stage.replace("file", key)
            self.report.mended.append(key)
            return
        self.report.lost.append(key)


def _names(storage: Storage, folder: str) -> list[str]:
    try:
        return [name for name, _ in storage.children(folder)]
    except OSError:
        return []


def _repair_root(archive: Archive, mirror: Archive | None, report: RepairReport) -> None:
    """Mend declaration, layout and records of the storage root, each from what can be made anew or the mirror."""
    there = mirror.storage if mirror is not None else None
    record = _read(there, ROOT_RECORD)
    if record is not None and _read(archive.storage, ROOT_RECORD) != record:
        known = dict(line.partition("  ")[::2] for line in record.decode("ascii", "replace").splitlines())
        files = {_sha512(_read(archive.storage, key)): key for key in root_files(archive.storage)}
        if (
            mirror is not None
            and not changed_root_files(mirror.storage)
            and len(known.keys() - files.keys()) <= 1
        ):
            archive.storage.put(ROOT_RECORD, record)
            report.mended.append(ROOT_RECORD)
    for key in dict.fromkeys(judge_root(archive.storage).damaged):
        data = f"{key[2:]}\n".encode() if key.startswith("0=") else _read(there, key)
        if data is not None:
            archive.storage.put(key, data)
        if data is None or key in judge_root(archive.storage).damaged:
            report.lost.append(key)
        else:
            report.mended.append(key)


def _sha512(data: bytes | None) -> str:
    return hashlib.sha512(data or b"").hexdigest()


def repair(
    archive: Archive,
    mirror: Archive | None,
    report: VerifyReport | None,
    *,
    progress: Callable[[Progress], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> RepairReport:
    """Mend *archive*: see :meth:`heirloom.archive.Archive.repair`."""
    done = RepairReport(archive.storage.name, mirror.storage.name if mirror else "", now())
    watch = Watch(progress, cancelled)
    if report is None:
        report = archive.verify(progress=progress, cancelled=cancelled)
    try:
        with archive.storage.lock("root", archive.storage.name, shared=True):
            _repair_root(archive, mirror, done)
        gone = _gone(archive, mirror) if mirror is not None else []
        watch.total = len(report.invalid) + len(gone)
        root = judge_root(archive.storage)
        for key in report.invalid:
            watch.begin(key)
            with archive.storage.lock("root", archive.storage.name, shared=True), archive.lock_key(key):
                _Object(archive.storage, mirror.storage if mirror else None, key, done, watch).mend()
                if not judge(archive, key, root, watch, content=True, locked=True).valid:
                    done.invalid.append(key)
            watch.end()
        for key in gone:
            assert mirror is not None
            watch.begin(key)
            with archive.storage.lock("root", archive.storage.name, shared=True), archive.lock_key(key):
                try:
                    copy_object(mirror.storage, archive.storage, key, watch)
                    done.restored.append(key)
                except Damaged:
                    done.lost.append(key)
            watch.end()
        done.complete = report.complete
    except Cancelled:
        pass
    done.finished = now()
    return done


def _gone(archive: Archive, mirror: Archive) -> list[str]:
    """Folders of objects that the mirror has and this store lost, other than by purging."""
    purged = {seal for tombstone in archive.tombstones() for seal in tombstone.seals}
    gone: list[str] = []
    for key in mirror.object_keys():
        if archive.storage.entry(key) is not None:
            continue
        sound = sound_inventory(mirror.storage, key)
        if sound is None:
            continue
        try:
            seals = {version.digest for version in mirror.versions(sound[1].object_id)}
        except NoObject:
            seals = set()
        if not seals & purged:
            gone.append(key)
    return gone
