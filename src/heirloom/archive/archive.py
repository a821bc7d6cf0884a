"""The archive: an OCFL 1.1 storage root behind one small door.

Everything that is kept for good goes in and out here. A storage root of any OCFL program can be opened and
read; new objects are written with SHA-512 under the layout that the root declares.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import unicodedata
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, BinaryIO, Final, Literal

from heirloom.archive import inventory as inventories
from heirloom.archive import layout as layouts
from heirloom.archive import ocfl_batch, ocfl_export, ocfl_purge, ocfl_write
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
    NotArchive,
    NoVersion,
    ObjectVersion,
    Source,
    Tombstone,
    VersionConflict,
    Write,
)
from heirloom.archive.storage import WORK, LocalStorage, Storage
from heirloom.archive.validate_root import read_layout

if TYPE_CHECKING:
    from heirloom.archive.fixity_scan import ScanReport
    from heirloom.archive.maintenance import Progress, VerifyReport
    from heirloom.archive.maintenance_copy import MirrorReport
    from heirloom.archive.maintenance_repair import RepairReport

_CACHED_BYTES: Final = 32 << 20
_LONGEST_ID: Final = 1000
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
_READ_ONLY: Final = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})


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

        A root whose layout cannot be relied on is still read, by looking for objects, but gets no new ones.

        Raises:
            NotArchive: the folder is no storage root (and may not become one).
        """
        storage = LocalStorage(path)
        if create:
            from heirloom.archive import ocfl_root  # only once in a store's life

            ocfl_root.create(storage, path)
        if not any(storage.entry(f"{ROOT_DECLARATION}{version}") for version in SPECIFICATIONS):
            raise NotArchive(path=str(path))
        archive = cls(storage, read_layout(storage))
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
                        with contextlib.suppress(
                            Damaged, FileNotFoundError
                        ):  # that object needs repair first
                            done += ocfl_write.recover(self.storage, f"{WORK}/{name}")
                return done + self.storage.clean()
        except Locked:
            return 0
        except OSError as error:
            if error.errno in _FULL | _READ_ONLY:
                return 0  # it stays readable; the next writer tries again
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
        return self.lock_key(self.key(object_id), object_id, timeout=timeout)

    def lock_key(self, key: str, what: str = "", *, timeout: float = 30.0) -> AbstractContextManager[None]:
        """The same lock by the object's folder."""
        name = f"object-{hashlib.sha256(key.encode()).hexdigest()[:40]}"
        return self.storage.lock(name, what or key, timeout=timeout)

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
        request = Write(
            object_id=object_id,
            files=files,
            message=message,
            agent=agent,
            remove=tuple(remove),
            base=base,
            created=created,
            crate=crate,
            expected_head=expected_head,
            fixity=tuple(fixity),
        )
        return next(self.write_many([request], at_once=1, timeout=timeout))

    def write_many(
        self, requests: Iterable[Write], *, at_once: int = 200, timeout: float = 30.0
    ) -> Iterator[ObjectVersion]:
        """Make many versions, in order, several times faster than one by one.

        Up to *at_once* versions of different objects are staged, made durable together, and then made
        visible one by one; each is as safe as one that is written alone. The answer must be iterated: a
        version is there when it is given out.

        Raises:
            as :meth:`write`, for the first request that cannot be done; all before it are done.
        """
        self.recover()
        return ocfl_batch.write_many(self, requests, at_once, timeout)

    def change(self, request: Write) -> ocfl_write.Change:
        """What *request* means in this store. Raises BadPath."""
        _check_id(request.object_id)
        return ocfl_write.Change(
            object_id=request.object_id,
            key=self.key(request.object_id),
            files=request.files,
            remove=frozenset(request.remove),
            keep=request.base == "previous",
            message=request.message,
            agent=request.agent,
            created=request.created or datetime.now(UTC).replace(microsecond=0),
            crate=request.crate,
            fixity=tuple(dict.fromkeys(name for name in request.fixity if name != "sha512")),
        )

    def before(self, object_id: str, expected_head: int | None) -> Inventory | None:
        """The inventory that the next version builds on; None for a new object.

        The caller holds the object's lock. Raises VersionConflict, Damaged.
        """
        ocfl_write.recover(self.storage, ocfl_write.journal_key(object_id))
        try:
            before = self._inventory(object_id)[2]
        except NoObject:
            before = None
        actual = before.head if before else 0
        if expected_head is not None and expected_head != actual:
            raise VersionConflict(object_id=object_id, actual=actual, expected=expected_head)
        return before

    def purge(
        self, object_id: str, reason: str, *, agent: Agent | None = None, timeout: float = 30.0
    ) -> Tombstone:
        """Take an object away for good, all versions, and keep a record that it was.

        Mirrors follow at the next :meth:`mirror`. Nobody can write anything meanwhile.

        Raises:
            NoObject, Damaged, lock.Locked.
        """
        self.recover()
        with self.storage.lock("root", "the archive", timeout=timeout):
            versions = self.versions(object_id)
            tombstone = Tombstone(
                object_id=object_id,
                key=self.key(object_id),
                reason=reason,
                agent=agent,
                purged=datetime.now(UTC),
                head=versions[-1].number,
                digest=versions[-1].digest,
                seals=tuple(version.digest for version in versions if version.digest),
            )
            ocfl_purge.purge(self.storage, tombstone, tombstone.key, ocfl_write.journal_key(object_id))
        self._found.pop(object_id, None)
        return tombstone

    def purge_as(self, tombstone: Tombstone, *, timeout: float = 30.0) -> None:
        """Purge a copy of what *tombstone* says was purged elsewhere, and keep the same record."""
        with self.storage.lock("root", "the archive", timeout=timeout):
            journal = ocfl_write.journal_key(tombstone.object_id)
            ocfl_purge.purge(self.storage, tombstone, self.key(tombstone.object_id), journal)

    def keep_tombstone(self, tombstone: Tombstone) -> None:
        """Keep the record of an object that was purged elsewhere and is not here."""
        self.storage.put(ocfl_purge.tombstone_key(tombstone), tombstone.to_bytes())

    def tombstones(self) -> list[Tombstone]:
        """The record of all purged objects, in the order of their purging."""
        return ocfl_purge.tombstones(self.storage)

    # -- taking out ------------------------------------------------------------------------------------

    def sources(self, object_id: str, version: int | None = None) -> dict[str, Callable[[], BinaryIO]]:
        """For each file of a version what opens it, to be read once from start to end.

        The end is only reached when the digest is right: Damaged is raised instead. This is what
        :func:`heirloom.archive.bag.write_bag` takes as its payload.
        """
        return ocfl_export.sources(self, object_id, version)

    def export(self, object_id: str, folder: str | Path, version: int | None = None) -> dict[str, FileInfo]:
        """Write the files of a version under their logical paths to the new folder *folder*.

        Every file is checked against its digest. The folder appears in one step, when all is well.

        Raises:
            FileExistsError: *folder* is there already.
            NoObject, NoVersion; Damaged; BadPath for a name that would lead out of the folder.
        """
        return ocfl_export.export(self, object_id, folder, version)

    # -- keeping well ----------------------------------------------------------------------------------

    def verify(
        self,
        *,
        state: str | Path | None = None,
        content: bool = True,
        progress: Callable[[Progress], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> VerifyReport:
        """Judge the whole store by the OCFL specification and compare every file with its digests.

        Args:
            state: a file that remembers what is done, so that the next call goes on there after an
                interruption; it is removed when all is done.
            content: read the files too, not only names and inventories.
            progress: told after each file and object.
            cancelled: asked as often; True ends the work, with ``complete`` False in the report.
        """
        from heirloom.archive import maintenance  # long work is loaded when it is needed

        return maintenance.verify(self, state=state, content=content, progress=progress, cancelled=cancelled)

    def mirror(
        self,
        target: Archive | str | Path,
        *,
        progress: Callable[[Progress], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> MirrorReport:
        """Bring a second storage root (made when missing) up to date with this one.

        Only what the mirror lacks is copied, each file verified on the way, each version visible in one step.
        Objects purged here are purged there. Nothing else in the mirror is ever replaced or removed: what is
        damaged here, or went another way there, is reported.

        Raises:
            NotArchive: the target is no storage root, or it is this very one.
        """
        from heirloom.archive import maintenance_copy

        if not isinstance(target, Archive):
            from heirloom.archive import ocfl_root

            ocfl_root.create_mirror(self.storage, target)
            target = Archive.open(target)
        if target.storage.name == self.storage.name:
            raise NotArchive(path=target.storage.name)
        return maintenance_copy.mirror(self, target, progress=progress, cancelled=cancelled)

    def repair(
        self,
        mirror: Archive | str | Path | None,
        report: VerifyReport | None = None,
        *,
        progress: Callable[[Progress], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> RepairReport:
        """Put back rotten or missing files from the mirror, and inventories also from their copies here.

        Args:
            mirror: the mirror, or None to use only what this store has twice.
            report: what :meth:`verify` found (None: it is asked first).
        """
        from heirloom.archive import maintenance_repair

        source = mirror if isinstance(mirror, Archive) or mirror is None else Archive.open(mirror)
        return maintenance_repair.repair(self, source, report, progress=progress, cancelled=cancelled)

    def quick_scan(
        self,
        *,
        seconds: float | None = None,
        progress: Callable[[Progress], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> ScanReport:
        """Compare every file with its BLAKE3 of the last scan; a first scan records it.

        Args:
            seconds: stop after so long, the files that were not looked at for longest first.
        """
        from heirloom.archive import fixity_scan

        database = self.storage.private("scan.sqlite3")
        return fixity_scan.quick_scan(self, database, seconds=seconds, progress=progress, cancelled=cancelled)


def _check_id(object_id: str) -> None:
    if not object_id.strip():
        raise BadPath(path=repr(object_id), reason="it is empty")
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in object_id):
        raise BadPath(path=repr(object_id), reason="it has control characters or broken text")
    if len(object_id.encode()) > _LONGEST_ID:
        raise BadPath(path=repr(object_id[:40]), reason="it is too long")
