"""Making the next version of an object, in steps that a crash may interrupt anywhere.

A new object is built aside and appears by one rename. A new version's folder is built aside too; a journal
entry says what is about to happen, then the folder, the root inventory and its sidecar take their places.
The root inventory decides: until it is replaced, the version never was; from then on it is there, and
:func:`recover` finishes or undoes what a dead writer left. An object store, which cannot rename, follows the
same order: content first, inventory last.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final

from heirloom.archive import inventory as inventories
from heirloom.archive import ocfl_purge
from heirloom.archive.durable import opened
from heirloom.archive.inventory import Inventory, Json
from heirloom.archive.ocfl import (
    CRATE_FILE,
    DECLARATION,
    INVENTORY,
    SPECIFICATIONS,
    Agent,
    BadPath,
    CrateSource,
    Damaged,
    Existing,
    FileInfo,
    NoFile,
    NoVersion,
    Source,
)
from heirloom.archive.storage import WORK, Stage, Storage

_DECLARED: Final = f"{DECLARATION}{inventories.SPECIFICATION}"


@dataclass(frozen=True, slots=True)
class Change:
    """What a caller asks for: one new version of one object."""

    object_id: str
    key: str
    files: Mapping[str, Source]
    remove: frozenset[str]
    keep: bool
    message: str
    agent: Agent
    created: datetime
    crate: CrateSource | None
    fixity: tuple[str, ...]


def journal_key(object_id: str) -> str:
    """Where the journal entry of *object_id* stands while one of its versions is being put in place."""
    return f"{WORK}/{hashlib.sha256(object_id.encode()).hexdigest()}.journal"


@contextlib.contextmanager
def _opened(source: Source) -> Iterator[BinaryIO]:
    if isinstance(source, bytes | bytearray | memoryview):
        yield io.BytesIO(source)
    elif isinstance(source, Path):
        if not source.is_file() or source.is_symlink():
            raise BadPath(path=repr(source.name), reason="it is not a regular file")
        with opened(source) as stream:
            yield stream
    else:
        assert not isinstance(source, Existing)
        yield source


@dataclass
class _Version:
    """The version in the making."""

    change: Change
    storage: Storage
    stage: Stage
    before: Inventory | None
    state: dict[str, str] = field(default_factory=dict)
    manifest: dict[str, list[str]] = field(default_factory=dict)
    fixity: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    staged: int = 0

    @property
    def folder(self) -> str:
        return self.before.folder(self.before.head + 1) if self.before else "v1"

    @property
    def content(self) -> str:
        return self.before.content_directory if self.before else "content"

    def start(self) -> None:
        """Take over what the version is based on, with SHA-512 throughout."""
        if self.before is None:
            return
        renamed = self._digests_before(self.before)
        for digest, paths in self.before.manifest.items():
            self.manifest.setdefault(renamed[digest], []).extend(paths)
        for algorithm, block in self.before.fixity.items():
            if isinstance(block, dict):
                self.fixity[algorithm] = {digest: list(paths) for digest, paths in block.items()}
        if self.change.keep:
            for path, digest in self.before.versions[-1].state.items():
                self.state[path] = renamed[digest]
        for path in self.change.remove:
            if self.state.pop(path, None) is None and path not in self.change.files:
                raise NoFile(object_id=self.change.object_id, path=path, version=self.before.head)

    def _digests_before(self, before: Inventory) -> dict[str, str]:
        """SHA-512 for each digest of the manifest; content under SHA-256 is read once and checked on the way."""
        if before.algorithm == "sha512":
            return {digest: digest for digest in before.manifest}
        renamed: dict[str, str] = {}
        for digest, paths in before.manifest.items():
            found = self.storage.digests(f"{self.change.key}/{paths[0]}", ("sha512", before.algorithm))
            if found[before.algorithm] != digest.lower():
                raise Damaged(key=f"{self.change.key}/{paths[0]}", reason="its digest does not match")
            renamed[digest] = found["sha512"]
        return renamed

    def add(self, path: str, source: Source) -> None:
        """Bring in one file; content that the object has already is not kept twice."""
        if isinstance(source, Existing):
            self.state[path] = self._existing(source)
            return
        self.staged += 1
        waiting = f"incoming/{self.staged}"
        with _opened(source) as stream:
            size, digests = self.stage.add(waiting, stream, ("sha512", *self.change.fixity))
        digest = digests["sha512"]
        spelled = self._spelling(digest)
        self.sizes[spelled] = size
        self.state[path] = spelled
        if spelled in self.manifest:
            self.stage.discard(waiting)
            return
        name = f"{self.folder}/{self.content}/{inventories.content_name(path, digest, self.taken)}"
        self.stage.move(waiting, name)
        self.manifest[spelled] = [name]
        for algorithm in self.change.fixity:
            self.fixity.setdefault(algorithm, {}).setdefault(digests[algorithm], []).append(name)

    def _spelling(self, digest: str) -> str:
        """The digest as the manifest spells it: another program may have written uppercase."""
        upper = digest.upper()
        return upper if upper in self.manifest else digest

    def _existing(self, source: Existing) -> str:
        before = self.before
        if before is None:
            raise NoFile(object_id=self.change.object_id, path=source.path, version=0)
        number = before.head if source.version is None else source.version
        if not 1 <= number <= before.head:
            raise NoVersion(object_id=self.change.object_id, version=number)
        digest = before.versions[number - 1].state.get(source.path)
        if digest is None:
            raise NoFile(object_id=self.change.object_id, path=source.path, version=number)
        if before.algorithm == "sha512":
            return digest
        content = before.manifest[digest][0]
        return next(name for name, paths in self.manifest.items() if content in paths)

    def files(self) -> dict[str, FileInfo]:
        """Logical path -> what is known of it."""
        found: dict[str, FileInfo] = {}
        for path, digest in self.state.items():
            if digest not in self.sizes:
                entry = self.storage.entry(f"{self.change.key}/{self.manifest[digest][0]}")
                if entry is None:
                    raise Damaged(key=f"{self.change.key}/{self.manifest[digest][0]}", reason="it is missing")
                self.sizes[digest] = entry.size
            found[path] = FileInfo(path, self.sizes[digest], digest.lower())
        return found

    def inventory(self) -> bytes:
        change = self.change
        blocks: dict[str, Json] = {}
        if self.before is not None:
            renamed = None if self.before.algorithm == "sha512" else self._digests_before(self.before)
            for version in self.before.versions:
                blocks[version.folder] = _respelled(version.block, renamed)
        blocks[self.folder] = inventories.version_block(
            change.created, change.message, change.agent, self.state
        )
        used = {digest for block in blocks.values() for digest in _state(block)}
        return inventories.serialise(
            object_id=change.object_id,
            head=self.folder,
            manifest={digest: paths for digest, paths in self.manifest.items() if digest in used},
            versions=blocks,
            fixity=dict(self.fixity),
            content_directory=self.content if self.before and self.before.content_directory_set else None,
        )


def _state(block: Json) -> Mapping[str, object]:
    state = block.get("state")
    return state if isinstance(state, dict) else {}


def _respelled(block: Json, renamed: Mapping[str, str] | None) -> Json:
    if renamed is None:
        return block
    return {**block, "state": {renamed[digest]: paths for digest, paths in _state(block).items()}}


@dataclass(frozen=True, slots=True)
class Prepared:
    """A version that stands complete on a stage: only names are missing."""

    change: Change
    folder: str
    data: bytes
    is_first: bool


def prepare(storage: Storage, stage: Stage, change: Change, before: Inventory | None) -> Prepared:
    """Stage the version that *change* asks for after *before*.

    The caller holds the object's lock and has called :func:`recover`.

    Raises:
        BadPath: a logical path that cannot be kept.
        NoFile, NoVersion: a file to remove, or to take over, is not there.
        OSError: the disk is full or fails.
    """
    version = _Version(change, storage, stage, before)
    version.start()
    for path, source in change.files.items():
        inventories.check_path(path)
        version.add(path, source)
    if change.crate is not None:
        files = version.files()
        files.pop(CRATE_FILE, None)
        crate = change.crate(files) if callable(change.crate) else change.crate
        version.add(CRATE_FILE, crate.to_bytes())
    inventories.check_paths(version.state)
    data = version.inventory()
    sidecar = inventories.sidecar(hashlib.sha512(data).hexdigest())
    stage.put(f"{version.folder}/{INVENTORY}", data)
    stage.put(f"{version.folder}/{INVENTORY}.sha512", sidecar)
    if before is None:
        stage.put(_DECLARED, _declaration())
        stage.put(INVENTORY, data)
        stage.put(f"{INVENTORY}.sha512", sidecar)
    return Prepared(change, version.folder, data, before is None)


def commit(storage: Storage, stage: Stage, prepared: Prepared) -> None:
    """Make a prepared version visible.

    Raises:
        FileExistsError: it is an object's first, and something stands in its place.
        OSError: the disk fails; nothing is visible then, at the latest after :func:`recover`.
    """
    change = prepared.change
    if prepared.is_first:
        stage.publish("", change.key)
    else:
        put_in_place(storage, stage, change.object_id, change.key, prepared.folder, prepared.data)


def put_in_place(storage: Storage, stage: Stage, object_id: str, key: str, folder: str, data: bytes) -> None:
    """Move the staged version *folder*, whose inventory is *data*, into the object *key* as its newest."""
    digest = hashlib.sha512(data).hexdigest()
    journal = journal_key(object_id)
    entry = {"id": object_id, "key": key, "version": folder, "sha512": digest}
    stage.put(f"place/{INVENTORY}", data)
    stage.put("place/sidecar", inventories.sidecar(digest))
    stage.put("place/declaration", _declaration())
    storage.put(journal, json.dumps(entry).encode())
    try:  # from here on nothing needs room: all is written, only names change
        stage.publish(folder, f"{key}/{folder}")
        if storage.entry(f"{key}/{_DECLARED}") is None:
            stage.replace("place/declaration", f"{key}/{_DECLARED}")
        stage.replace(f"place/{INVENTORY}", f"{key}/{INVENTORY}")
        stage.replace("place/sidecar", f"{key}/{INVENTORY}.sha512")
        _drop_old(storage, key)
        storage.remove(journal)
    except OSError:
        with contextlib.suppress(OSError):
            recover(storage, journal)
        raise


def _declaration() -> bytes:
    return f"{_DECLARED.removeprefix('0=')}\n".encode()


def _take_place(storage: Storage, key: str, data: bytes, digest: str) -> None:
    """Make *data* the root inventory; may be repeated from any point on."""
    if storage.entry(f"{key}/{_DECLARED}") is None:
        storage.put(f"{key}/{_DECLARED}", _declaration())
    storage.put(f"{key}/{INVENTORY}", data)
    storage.put(f"{key}/{INVENTORY}.sha512", inventories.sidecar(digest))
    _drop_old(storage, key)


def _drop_old(storage: Storage, key: str) -> None:
    """Take away the declaration and the sidecar that an older specification or SHA-256 left."""
    for specification in SPECIFICATIONS[:-1]:
        if storage.entry(f"{key}/{DECLARATION}{specification}") is not None:
            storage.remove(f"{key}/{DECLARATION}{specification}")
    if storage.entry(f"{key}/{INVENTORY}.sha256") is not None:
        storage.remove(f"{key}/{INVENTORY}.sha256")


def recover(storage: Storage, journal: str) -> bool:
    """Finish or undo what a dead writer left of the version that the entry *journal* announces.

    The caller holds the object's lock, or the store's alone. Returns whether there was an entry.
    """
    try:
        entry = json.loads(storage.read(journal))
        if "purge" in entry:
            ocfl_purge.finish(storage, str(entry["purge"]))
            storage.remove(journal)
            return True
        key, folder, digest = entry["key"], entry["version"], entry["sha512"]
    except FileNotFoundError:
        return False
    except (ValueError, KeyError, TypeError):
        storage.remove(journal)  # entries are put in one step, so this was never one of ours
        return True
    if storage.entry(f"{key}/{folder}") is not None:
        data = storage.read(f"{key}/{INVENTORY}")
        if hashlib.sha512(data).hexdigest() == digest:
            _take_place(storage, key, data, digest)
        else:
            before = inventories.parse(data, key)
            if before.versions[-1].folder != folder:
                storage.remove(f"{key}/{folder}")
            if before.specification != inventories.SPECIFICATION and storage.entry(f"{key}/{_DECLARED}"):
                storage.remove(f"{key}/{_DECLARED}")
    storage.remove(journal)
    return True
