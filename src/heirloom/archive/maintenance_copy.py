"""Copying objects from one store to another: every file verified on the way, nothing half-copied visible.

A mirror holds the same folders as its source. It never loses by mirroring: a damaged source is not copied
over a good copy, and an object that went another way in the mirror is left alone and reported.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from heirloom.archive import inventory as inventories
from heirloom.archive import ocfl_write
from heirloom.archive.inventory import Inventory
from heirloom.archive.layout import FILE
from heirloom.archive.maintenance import Cancelled, Progress, Watch, now
from heirloom.archive.ocfl import DECLARATION, INVENTORY, SPECIFICATIONS, Damaged
from heirloom.archive.storage import Stage, Storage

if TYPE_CHECKING:
    from heirloom.archive.archive import Archive

_REPORT: Final = "heirloom-mirror/1"


@dataclass
class MirrorReport:
    """What mirroring did. All lists hold object folders, relative to the root.

    Attributes:
        complete: every object was looked at; False when it was cancelled.
        copied: objects that the mirror did not have.
        updated: objects that got versions.
        unchanged: how many were up to date already.
        purged: objects taken away because they were purged in the source.
        damaged: objects that were not copied because the source is damaged: repair it first.
        diverged: objects of which the mirror has other versions than the source. They are left alone.
        missing: objects that only the mirror has, without a record that they were purged.
    """

    source: str
    target: str
    started: str
    finished: str = ""
    complete: bool = False
    copied: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    unchanged: int = 0
    purged: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    diverged: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """The mirror holds everything that the source holds."""
        return self.complete and not (self.damaged or self.diverged or self.missing)

    def to_json(self) -> dict[str, object]:
        """As data. ``format`` tells its version."""
        return {
            "format": _REPORT,
            "source": self.source,
            "target": self.target,
            "started": self.started,
            "finished": self.finished,
            "complete": self.complete,
            "good": self.good,
            "copied": self.copied,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "purged": self.purged,
            "damaged": self.damaged,
            "diverged": self.diverged,
            "missing": self.missing,
        }

    def to_bytes(self) -> bytes:
        """As JSON in ASCII: names that are no proper text survive."""
        return (json.dumps(self.to_json(), indent=1) + "\n").encode("ascii")


def sound_inventory(storage: Storage, folder: str) -> tuple[bytes, Inventory] | None:
    """The inventory in *folder* with its parsed form, or None unless it is there and its sidecar agrees."""
    try:
        data = storage.read(f"{folder}/{INVENTORY}")
        inventory = inventories.parse(data, folder)
        stated = inventories.sidecar_digest(storage.read(f"{folder}/{INVENTORY}.{inventory.algorithm}"))
    except (OSError, Damaged):
        return None
    if hashlib.new(inventory.algorithm, data, usedforsecurity=False).hexdigest() != stated:
        return None
    return data, inventory


def _tree(storage: Storage, folder: str) -> Iterator[str]:
    """Keys of all files at and below *folder*."""
    waiting = [folder]
    while waiting:
        at = waiting.pop()
        for name, kind in sorted(storage.children(at)):
            if kind == "folder":
                waiting.append(f"{at}/{name}")
            elif kind == "file":
                yield f"{at}/{name}"


def stage_checked(source: Storage, key: str, stage: Stage, path: str, algorithm: str, digest: str) -> None:
    """Copy the file *key* to *path* of *stage*, if it has the *digest* (lowercase).

    Raises:
        Damaged: it is missing, cannot be read or has another digest; nothing stays on the stage.
    """
    try:
        with source.stream(key) as stream:
            _, found = stage.add(path, stream, (algorithm,))
    except FileNotFoundError as error:
        raise Damaged(key=key, reason="it is missing") from error
    if found[algorithm] != digest:
        stage.discard(path)
        raise Damaged(key=key, reason="its digest does not match")


@dataclass
class _Copy:
    """One object on its way from *source* to *target*."""

    source: Storage
    target: Storage
    key: str
    inventory: Inventory
    data: bytes
    watch: Watch

    def content(self, stage: Stage, versions: set[str]) -> None:
        """Stage the listed content files of *versions*."""
        for digest, paths in self.inventory.manifest.items():
            for path in paths:
                if path.partition("/")[0] in versions:
                    key = f"{self.key}/{path}"
                    stage_checked(self.source, key, stage, path, self.inventory.algorithm, digest.lower())
                    self.watch.tick()

    def version_inventory(self, stage: Stage, folder: str) -> bytes | None:
        """Stage the inventory of a version folder, if it has one; Damaged if its sidecar does not agree."""
        if self.source.entry(f"{self.key}/{folder}/{INVENTORY}") is None:
            return None
        sound = sound_inventory(self.source, f"{self.key}/{folder}")
        if sound is None:
            raise Damaged(key=f"{self.key}/{folder}/{INVENTORY}", reason="its digest does not match")
        data, inventory = sound
        stage.put(f"{folder}/{INVENTORY}", data)
        stage.put(f"{folder}/{INVENTORY}.{inventory.algorithm}", _sidecar(inventory.algorithm, data))
        return data

    def whole(self, *, replace: bool = False) -> None:
        """Copy the object with all its versions; it appears in one step, all being verified by then.

        Args:
            replace: an earlier copy makes room just before.
        """
        with self.target.stage() as stage:
            folders = [version.folder for version in self.inventory.versions]
            self.content(stage, set(folders))
            for folder in folders:
                data = self.version_inventory(stage, folder)
            if folders and data is not None and data != self.data:
                raise Damaged(
                    key=f"{self.key}/{INVENTORY}", reason="it differs from that of the newest version"
                )
            for specification in SPECIFICATIONS:
                name = f"{DECLARATION}{specification}"
                if self.source.entry(f"{self.key}/{name}") is not None:
                    stage.put(name, f"{name[2:]}\n".encode())
            for extra in ("logs", "extensions"):
                if self.source.entry(f"{self.key}/{extra}") is not None:
                    for key in _tree(self.source, f"{self.key}/{extra}"):
                        with self.source.stream(key) as stream:
                            stage.add(key.removeprefix(f"{self.key}/"), stream, ())
            stage.put(INVENTORY, self.data)
            stage.put(
                f"{INVENTORY}.{self.inventory.algorithm}", _sidecar(self.inventory.algorithm, self.data)
            )
            if replace:
                self.target.remove(self.key)
            stage.publish("", self.key)

    def update(self, head: int) -> bool:
        """Add the versions after *head*, one by one; False when they keep no inventories to do it with."""
        steps: list[tuple[str, bytes, Inventory]] = []
        for version in self.inventory.versions[head:]:
            sound = sound_inventory(self.source, f"{self.key}/{version.folder}")
            if sound is None or sound[1].algorithm != "sha512":
                return False
            steps.append((version.folder, *sound))
        if steps[-1][1] != self.data:
            return False
        for folder, data, _ in steps:
            with self.target.stage() as stage:
                self.content(stage, {folder})
                self.version_inventory(stage, folder)
                ocfl_write.put_in_place(self.target, stage, self.inventory.object_id, self.key, folder, data)
        return True


def _sidecar(algorithm: str, data: bytes) -> bytes:
    return inventories.sidecar(hashlib.new(algorithm, data, usedforsecurity=False).hexdigest())


def copy_object(source: Storage, target: Storage, key: str, watch: Watch) -> Inventory:
    """Copy the object *key* to *target*, where nothing stands at that key.

    Raises:
        Damaged: the source is damaged; nothing is visible in the target.
        FileExistsError: something stands there.
    """
    sound = sound_inventory(source, key)
    if sound is None:
        raise Damaged(key=key, reason="its inventory is damaged")
    _Copy(source, target, key, sound[1], sound[0], watch).whole()
    return sound[1]


def _mirror_object(source: Archive, target: Archive, key: str, watch: Watch, report: MirrorReport) -> None:
    sound = sound_inventory(source.storage, key)
    if sound is None:
        report.damaged.append(key)
        return
    data, inventory = sound
    copy = _Copy(source.storage, target.storage, key, inventory, data, watch)
    with target.lock(inventory.object_id):
        ocfl_write.recover(target.storage, ocfl_write.journal_key(inventory.object_id))
        if target.storage.entry(key) is None:
            copy.whole()
            report.copied.append(key)
            return
        there = sound_inventory(target.storage, key)
        if there is not None and there[0] == data:
            report.unchanged += 1
            return
        if there is None or not _is_earlier(source.storage, key, there, inventory):
            report.diverged.append(key)
            return
        if not copy.update(there[1].head):
            copy.whole(replace=True)
        report.updated.append(key)


def _is_earlier(source: Storage, key: str, there: tuple[bytes, Inventory], ours: Inventory) -> bool:
    """Whether the inventory *there* is that of an earlier version of *ours*."""
    data, inventory = there
    if inventory.object_id != ours.object_id or inventory.head >= ours.head:
        return False
    folder = f"{key}/{ours.versions[inventory.head - 1].folder}"
    if source.entry(f"{folder}/{INVENTORY}") is not None:
        return source.read(f"{folder}/{INVENTORY}") == data
    blocks = zip(inventory.versions, ours.versions, strict=False)
    return all(theirs.block == mine.block for theirs, mine in blocks)


def prepare_root(source: Storage, target: Storage) -> None:
    """Give the empty storage *target* the declaration and layout of *source*."""
    keys = [FILE]
    for name, kind in source.children("extensions") if source.entry("extensions") else []:
        if kind == "folder" and source.entry(f"extensions/{name}/config.json") is not None:
            keys.append(f"extensions/{name}/config.json")
    keys += [name for name, kind in source.children("") if kind == "file" and name.startswith("0=ocfl_")]
    for key in keys:
        if source.entry(key) is not None and target.entry(key) is None:
            target.put(key, source.read(key))


def mirror(
    source: Archive,
    target: Archive,
    *,
    progress: Callable[[Progress], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> MirrorReport:
    """Bring *target* up to date with *source*: see :meth:`heirloom.archive.Archive.mirror`."""
    source.recover()
    target.recover()
    report = MirrorReport(source.storage.name, target.storage.name, now())
    watch = Watch(progress, cancelled)
    try:
        _mirror_purges(source, target, report)
        keys = list(source.object_keys())
        watch.total = len(keys)
        with target.storage.lock("root", target.storage.name, shared=True):
            for key in keys:
                watch.begin(key)
                try:
                    _mirror_object(source, target, key, watch, report)
                except (Damaged, FileNotFoundError):
                    report.damaged.append(key)
                watch.end()
        here = set(keys)
        report.missing = [key for key in target.object_keys() if key not in here]
        report.complete = True
    except Cancelled:
        pass
    report.finished = now()
    return report


def _mirror_purges(source: Archive, target: Archive, report: MirrorReport) -> None:
    """What was purged in the source goes from the mirror too, if it is that very object."""
    known = {tombstone.digest: tombstone for tombstone in target.tombstones()}
    for tombstone in source.tombstones():
        if tombstone.digest in known:
            continue
        key = tombstone.key
        seals: set[str] = set()
        if target.exists(tombstone.object_id):
            key = target.key(tombstone.object_id)
            with suppress(Damaged):
                seals = {version.digest for version in target.versions(tombstone.object_id)}
        if seals & set(tombstone.seals):
            target.purge_as(tombstone)
            report.purged.append(key)
        else:
            target.keep_tombstone(tombstone)
