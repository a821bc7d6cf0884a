"""The archive: an OCFL 1.1 storage root behind one small door.

Everything that is kept for good goes in and out here. A storage root of any OCFL program can be opened and
read; new objects are written with SHA-512 under the layout that the root declares.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import unicodedata
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import BinaryIO, Final, Literal

from heirloom.archive import inventory as inventories
from heirloom.archive import layout as layouts
from heirloom.archive import ocfl_write
from heirloom.archive.inventory import Inventory
from heirloom.archive.lock import Locked
from heirloom.archive.ocfl import (
    DECLARATION,
    INVENTORY,
    ROOT_DECLARATION,
    SPECIFICATIONS,
    Agent,
    BadPath,
    CrateSource,
    Damaged,
    FileInfo,
    NoFile,
    NoObject,
    NoRoom,
    NotArchive,
    NoVersion,
    ObjectVersion,
    Source,
    VersionConflict,
)
from heirloom.archive.storage import WORK, WORKSPACE, LocalStorage, Storage

_CACHED_BYTES: Final = 32 << 20
_LONGEST_ID: Final = 1000


class _Recent:
    """The inventories read last, as long as their files have not changed."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[tuple[int, ...], int, str, Inventory]] = OrderedDict()
        self._size = 0
        self._lock = Lock()

    def get(self, key: str, stamp: tuple[int, ...]) -> tuple[str, Inventory] | None:
        with self._lock:
            found = self._kept.get(key)
            if found is None or found[0] != stamp:
                return None
            self._kept.move_to_end(key)
            return found[2], found[3]

    def put(self, key: str, stamp: tuple[int, ...], size: int, digest: str, inventory: Inventory) -> None:
        with self._lock:
            old = self._kept.pop(key, None)
            self._size += size - (old[1] if old else 0)
            self._kept[key] = (stamp, size, digest, inventory)
            while self._size > _CACHED_BYTES and len(self._kept) > 1:
                self._size -= self._kept.popitem(last=False)[1][1]


class Archive:
    """A storage root. Get one by :meth:`open`; it may be shared by threads, and opened by many processes."""

    def __init__(self, storage: Storage, layout: layouts.Layout | None) -> None:
        self.storage = storage
        self.layout = layout
        self._recent = _Recent()
        self._found: dict[str, str] = {}

    # -- opening ---------------------------------------------------------------------------------------

    @classmethod
    def open(cls, path: str | Path, *, create: bool = False) -> Archive:
        """Open the storage root in the folder *path*; with *create*, make an empty folder one.

        What a dead writer left is cleaned up here, unless somebody is writing at the moment.

        Raises:
            NotArchive: the folder is no storage root (and may not become one).
            layout.BadLayout: its layout's configuration breaks the extension's rules.
        """
        storage = LocalStorage(path)
        if create:
            _create(storage, path)
        if not any(storage.entry(f"{ROOT_DECLARATION}{version}") for version in SPECIFICATIONS):
            raise NotArchive(path=str(path))
        archive = cls(storage, _read_layout(storage))
        archive.recover()
        return archive

    def recover(self) -> int:
        """Clean up after dead writers, if nobody is writing now; return how many leftovers there were."""
        if not self.storage.leftovers():
            return 0
        try:
            with self.storage.lock("root", "the archive", timeout=0):
                done = 0
                for name in self.storage.leftovers():
                    if name.endswith(".journal"):
                        done += ocfl_write.recover(self.storage, f"{WORK}/{name}")
                return done + self.storage.clean()
        except (Locked, PermissionError):
            return 0
        except OSError as error:
            if error.errno == errno.EROFS:
                return 0
            raise

    # -- finding ---------------------------------------------------------------------------------------

    def ids(self) -> Iterator[str]:
        """The identifiers of all objects, in no promised order."""
        for key in self.object_keys():
            object_id = self.layout.id_of(key) if self.layout else None
            yield object_id if object_id is not None else self._inventory_at(key)[1].object_id

    def object_keys(self) -> Iterator[str]:
        """The folders of all objects, relative to the storage root."""
        waiting = [
            name for name, kind in self.storage.children("") if kind == "folder" and name != "extensions"
        ]
        waiting.sort(reverse=True)
        while waiting:
            key = waiting.pop()
            if self.layout is not None and self.layout.id_of(key) is not None:
                yield key
                continue
            try:
                children = self.storage.children(key)
            except FileNotFoundError:
                continue  # purged meanwhile
            if any(kind == "file" and name.startswith(DECLARATION) for name, kind in children):
                yield key
            else:
                folders = (f"{key}/{name}" for name, kind in children if kind == "folder")
                waiting.extend(sorted(folders, reverse=True))

    def key(self, object_id: str) -> str:
        """The folder of *object_id*, relative to the storage root.

        Raises:
            NoObject: only where the root's layout cannot be computed and no object was found.
        """
        if self.layout is not None:
            return self.layout.key(object_id)
        if object_id not in self._found:
            self._found = {self._inventory_at(key)[1].object_id: key for key in self.object_keys()}
        try:
            return self._found[object_id]
        except KeyError:
            raise NoObject(object_id=object_id) from None

    def exists(self, object_id: str) -> bool:
        """Whether there is an object *object_id*."""
        try:
            return self.storage.entry(f"{self.key(object_id)}/{INVENTORY}") is not None
        except (NoObject, layouts.BadLayout):
            return False

    def _inventory_at(self, key: str) -> tuple[str, Inventory]:
        """SHA-512 of the root inventory in the object folder *key*, and the inventory."""
        entry = self.storage.entry(f"{key}/{INVENTORY}")
        if entry is None:
            raise FileNotFoundError(errno.ENOENT, "no inventory", key)
        recent = self._recent.get(key, entry.stamp)
        if recent is not None:
            return recent
        data = self.storage.read(f"{key}/{INVENTORY}")
        digest = hashlib.sha512(data).hexdigest()
        inventory = inventories.parse(data, key)
        self._recent.put(key, entry.stamp, len(data), digest, inventory)
        return digest, inventory

    def _inventory(self, object_id: str) -> tuple[str, str, Inventory]:
        """Object folder, digest of its root inventory, and the inventory."""
        key = self.key(object_id)
        try:
            digest, inventory = self._inventory_at(key)
        except FileNotFoundError:
            raise NoObject(object_id=object_id) from None
        if inventory.object_id != object_id:
            raise Damaged(key=key, reason=f"it says that it is {inventory.object_id!r}")
        return key, digest, inventory

    # -- reading ---------------------------------------------------------------------------------------

    def head(self, object_id: str) -> ObjectVersion:
        """The newest version. Raises NoObject, Damaged."""
        key, digest, inventory = self._inventory(object_id)
        return self._object_version(key, digest, inventory, inventory.head)

    def versions(self, object_id: str) -> list[ObjectVersion]:
        """All versions, the first one first. Raises NoObject, Damaged."""
        key, digest, inventory = self._inventory(object_id)
        return [self._object_version(key, digest, inventory, number + 1) for number in range(inventory.head)]

    def version(self, object_id: str, number: int) -> ObjectVersion:
        """Version *number*. Raises NoObject, NoVersion, Damaged."""
        key, digest, inventory = self._inventory(object_id)
        self._state(inventory, number)
        return self._object_version(key, digest, inventory, number)

    def _object_version(self, key: str, digest: str, inventory: Inventory, number: int) -> ObjectVersion:
        version = inventory.versions[number - 1]
        if number != inventory.head:
            try:
                digest = self.storage.digests(f"{key}/{version.folder}/{INVENTORY}", ("sha512",))["sha512"]
            except FileNotFoundError:
                digest = ""
        return ObjectVersion(
            inventory.object_id, number, digest, version.created, version.message, version.agent
        )

    @staticmethod
    def _state(inventory: Inventory, number: int | None) -> Mapping[str, str]:
        if number is None:
            return inventory.versions[-1].state
        if not 1 <= number <= inventory.head:
            raise NoVersion(object_id=inventory.object_id, version=number)
        return inventory.versions[number - 1].state

    def files(self, object_id: str, version: int | None = None) -> dict[str, FileInfo]:
        """The files of a version (None: the newest) by logical path.

        Raises:
            NoObject, NoVersion, Damaged.
        """
        key, _, inventory = self._inventory(object_id)
        found: dict[str, FileInfo] = {}
        for path, digest in self._state(inventory, version).items():
            content = f"{key}/{inventory.manifest[digest][0]}"
            entry = self.storage.entry(content)
            if entry is None:
                raise Damaged(key=content, reason="it is missing")
            if inventory.algorithm == "sha512":
                sha512 = digest.lower()
            else:
                sha512 = self.storage.digests(content, ("sha512",))["sha512"]
            found[path] = FileInfo(path, entry.size, sha512)
        return found

    def _content(self, object_id: str, path: str, version: int | None) -> tuple[str, str, str]:
        """Key of the content behind a logical path, its digest as recorded, and the digest's algorithm."""
        key, _, inventory = self._inventory(object_id)
        digest = self._state(inventory, version).get(path)
        if digest is None:
            raise NoFile(object_id=object_id, path=path, version=version or inventory.head)
        return f"{key}/{inventory.manifest[digest][0]}", digest, inventory.algorithm

    def read(self, object_id: str, path: str, version: int | None = None) -> bytes:
        """A file's bytes, checked against their digest.

        Raises:
            NoObject, NoVersion, NoFile; Damaged when the bytes are not those that were written.
        """
        key, digest, algorithm = self._content(object_id, path, version)
        try:
            data = self.storage.read(key)
        except FileNotFoundError:
            raise Damaged(key=key, reason="it is missing") from None
        if hashlib.new(algorithm, data, usedforsecurity=False).hexdigest() != digest.lower():
            raise Damaged(key=key, reason="its digest does not match")
        return data

    def stream(self, object_id: str, path: str, version: int | None = None) -> BinaryIO:
        """A file opened for reading, seekable, not checked; raises as :meth:`read`, when missing."""
        key, _, _ = self._content(object_id, path, version)
        try:
            return self.storage.stream(key)
        except FileNotFoundError:
            raise Damaged(key=key, reason="it is missing") from None

    @contextlib.contextmanager
    def local(self, object_id: str, path: str, version: int | None = None) -> Iterator[Path]:
        """A file under a path of this machine within the block, to be read only; its name is not promised."""
        key, _, _ = self._content(object_id, path, version)
        with contextlib.ExitStack() as stack:
            try:
                found = stack.enter_context(self.storage.local(key))
            except FileNotFoundError:
                raise Damaged(key=key, reason="it is missing") from None
            yield found

    # -- writing ---------------------------------------------------------------------------------------

    def lock(self, object_id: str, *, timeout: float = 30.0) -> AbstractContextManager[None]:
        """The lock that every writer of *object_id* takes; raises :class:`lock.Locked`."""
        name = f"object-{hashlib.sha256(object_id.encode()).hexdigest()[:40]}"
        return self.storage.lock(name, object_id, timeout=timeout)

    def write(
        self,
        object_id: str,
        files: Mapping[str, Source],
        *,
        remove: Iterable[str] = (),
        base: Literal["previous", "empty"] = "previous",
        message: str,
        agent: Agent,
        created: datetime | None = None,
        crate: CrateSource | None = None,
        expected_head: int | None = None,
        fixity: Iterable[str] = (),
        timeout: float = 30.0,
    ) -> ObjectVersion:
        """Add a version to *object_id*, or make the object with its first.

        Args:
            object_id: the identifier, best a URI; any text of at most 1000 bytes without control characters.
            files: logical path -> where its bytes come from; replaces what has the same path.
            remove: logical paths of the previous version that this one does not have.
            base: start from the previous version's files, or from none.
            message: why this version is made.
            agent: who makes it.
            created: when, with time zone (default: now).
            crate: the RO-Crate, kept as ``ro-crate-metadata.json``: a document, or a function that makes it
                from the other files of the version.
            expected_head: refuse unless this is the number of the newest version now (0: no object yet).
            fixity: digest algorithms to record for new content besides SHA-512, such as ``md5``.
            timeout: seconds to wait for another writer of the same object.

        Raises:
            VersionConflict: *expected_head* does not hold.
            lock.Locked: another writer took too long.
            NoFile, NoVersion, BadPath: what is asked for cannot be.
            NoRoom: the disk is full. The archive is as it was before.
            Damaged: the object must be mended first.
        """
        _check_id(object_id)
        change = ocfl_write.Change(
            object_id=object_id,
            key=self.layout.key(object_id) if self.layout else self.key(object_id),
            files=files,
            remove=frozenset(remove),
            keep=base == "previous",
            message=message,
            agent=agent,
            created=created or datetime.now(UTC).replace(microsecond=0),
            crate=crate,
            fixity=tuple(dict.fromkeys(name for name in fixity if name != "sha512")),
        )
        self.recover()
        with (
            self.storage.lock("root", "the archive", shared=True, timeout=timeout),
            self.lock(object_id, timeout=timeout),
        ):
            try:
                return self._write(change, expected_head)
            except OSError as error:
                if error.errno in (errno.ENOSPC, errno.EDQUOT):
                    raise NoRoom from error
                raise

    def _write(self, change: ocfl_write.Change, expected_head: int | None) -> ObjectVersion:
        ocfl_write.recover(self.storage, ocfl_write.journal_key(change.object_id))
        try:
            before = self._inventory(change.object_id)[2]
        except NoObject:
            before = None
        actual = before.head if before else 0
        if expected_head is not None and expected_head != actual:
            raise VersionConflict(object_id=change.object_id, actual=actual, expected=expected_head)
        data = ocfl_write.write(self.storage, change, before)
        inventory = inventories.parse(data, change.key)
        digest = hashlib.sha512(data).hexdigest()
        return self._object_version(change.key, digest, inventory, inventory.head)


def _check_id(object_id: str) -> None:
    if not object_id.strip():
        raise BadPath(path=repr(object_id), reason="it is empty")
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in object_id):
        raise BadPath(path=repr(object_id), reason="it has control characters or broken text")
    if len(object_id.encode()) > _LONGEST_ID:
        raise BadPath(path=repr(object_id[:40]), reason="it is too long")


_README: Final = """\
This folder is not part of any object. The archive keeps here what OCFL leaves to its user: what is on its
way in, and locks (work), the record of purged objects (tombstones) and the database of its quick scan
(scan.sqlite3). The tombstones are a record to keep. The rest is made anew when it is deleted while nobody
writes.
"""


def _create(storage: LocalStorage, path: str | Path) -> None:
    """Make the missing or empty folder *path* a storage root; leave a storage root alone."""
    folder = Path(path)
    folder.mkdir(parents=True, exist_ok=True)
    with storage.lock("root", "the archive"):
        if any(storage.entry(f"{ROOT_DECLARATION}{version}") for version in SPECIFICATIONS):
            return
        ours = {"extensions", layouts.FILE}
        if any(name not in ours for name, _ in storage.children("")):
            raise NotArchive(path=str(path))
        layout = layouts.HashAndId()
        for key, document in (
            (f"extensions/{layout.name}/config.json", layout.config()),
            (f"{WORKSPACE}/config.json", {"extensionName": WORKSPACE.rpartition("/")[2]}),
        ):
            storage.put(key, (json.dumps(document, indent=2) + "\n").encode())
        storage.put(f"{WORKSPACE}/README", _README.encode())
        storage.put(layouts.FILE, layouts.to_description(layout))
        storage.put(f"{ROOT_DECLARATION}{SPECIFICATIONS[-1]}", f"ocfl_{SPECIFICATIONS[-1]}\n".encode())


def _read_layout(storage: Storage) -> layouts.Layout | None:
    try:
        description = json.loads(storage.read(layouts.FILE))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise layouts.BadLayout(reason=f"{layouts.FILE} cannot be read") from error
    extension = description.get("extension") if isinstance(description, dict) else None
    config: object = None
    if isinstance(extension, str) and extension in layouts.REGISTERED:
        try:
            config = json.loads(storage.read(f"extensions/{extension}/config.json"))
        except FileNotFoundError:
            config = None
        except ValueError as error:
            raise layouts.BadLayout(reason=f"the configuration of {extension} cannot be read") from error
    return layouts.from_description(description, config)
