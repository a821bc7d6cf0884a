"""The storage interface that the archive stands on, and the local folder behind it.

Keys are ``/``-joined names relative to the storage root. The interface asks for little on purpose, so that
an object store without ``rename`` can stand behind it too: a staged tree appears at its key either in one
step (a folder) or with its inventory last (an object store), and small files are replaced in one step.
Everything that is not yet or no longer part of an object stands in :data:`WORK`.
"""

# The plain os functions stand here on purpose: they work on descriptors and name what the kernel does.
# ruff: noqa: PTH103, PTH104, PTH105, PTH106, PTH108, PTH112, PTH114, PTH118, PTH120, PTH208

from __future__ import annotations

import contextlib
import errno
import io
import os
import secrets
import shutil
import stat
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Literal, Protocol

from heirloom.archive import durable, lock
from heirloom.archive.fixity import digests_of

WORKSPACE: Final = "extensions/heirloom-archive"
"""The archive's own folder: an extension of the storage root, ignored by other OCFL programs."""

WORK: Final = f"{WORKSPACE}/work"
"""Files on their way, journal entries (``*.journal``) and locks (``*.lock``); nothing here is of lasting value."""

Kind = Literal["file", "folder", "other"]


@dataclass(frozen=True, slots=True)
class Entry:
    """What stands at a key. ``stamp`` changes whenever the content may have changed."""

    name: str
    kind: Kind
    size: int
    stamp: tuple[int, ...]


class Stage(Protocol):
    """A private tree of files on their way into the store."""

    def add(self, path: str, source: BinaryIO, algorithms: Iterable[str]) -> tuple[int, dict[str, str]]:
        """Copy *source* to *path*; return its size in bytes and its digests in lowercase hex."""

    def put(self, path: str, data: bytes) -> None:
        """Write a small file."""

    def move(self, path: str, target: str) -> None:
        """Give a staged file another place in the tree."""

    def discard(self, path: str) -> None:
        """Take a staged file back."""

    def publish(self, path: str, key: str) -> None:
        """Make the staged folder *path* (``""`` for the whole tree) appear at *key*; FileExistsError if taken."""

    def replace(self, path: str, key: str) -> None:
        """Put the staged file *path* at *key* in one step, in place of what may be there; parents are made."""


class Storage(Protocol):
    """Where a storage root's bytes are."""

    @property
    def name(self) -> str:
        """Where it is, in words for a report."""

    def private(self, name: str) -> Path:
        """A path on this machine for a file of the archive's own that can be lost without harm."""

    def entry(self, key: str) -> Entry | None:
        """What stands at *key*, or None. Links are never followed: they are of kind ``other``."""

    def children(self, key: str) -> list[tuple[str, Kind]]:
        """Names and kinds directly below the folder *key*; FileNotFoundError when it is missing."""

    def read(self, key: str) -> bytes:
        """The whole file."""

    def stream(self, key: str) -> BinaryIO:
        """The file, opened for reading from its start; seekable."""

    def local(self, key: str) -> AbstractContextManager[Path]:
        """The file under a path of this machine, valid within the block, to be read only."""

    def digests(self, key: str, algorithms: Iterable[str]) -> dict[str, str]:
        """Digests of the file by OCFL algorithm name, in lowercase hex, in one reading."""

    def put(self, key: str, data: bytes) -> None:
        """Replace one small file in one step; parents are made."""

    def remove(self, key: str, *, with_parents: bool = False) -> None:
        """Take away a file, or a tree in one visible step.

        Args:
            with_parents: take the folders along that would be empty; only with the store's lock held alone.
        """

    def stage(self) -> AbstractContextManager[Stage]:
        """A fresh stage; what was not published is gone after the block."""

    def later(self) -> AbstractContextManager[None]:
        """Within the block, what this thread writes need not be durable until :meth:`sync`."""

    def sync(self) -> None:
        """Make everything durable that was written."""

    def lock(
        self, name: str, what: str, *, shared: bool = False, timeout: float = 30.0
    ) -> AbstractContextManager[None]:
        """A lock by name that all processes on this store respect; raises :class:`lock.Locked`."""

    def leftovers(self) -> list[str]:
        """Names in :data:`WORK` besides locks: of living writers, or of dead ones."""

    def clean(self) -> int:
        """Remove the leftovers, but for journal entries; call with the store's lock held alone.

        Returns how many there were.
        """


def _kind(mode: int) -> Kind:
    if stat.S_ISREG(mode):
        return "file"
    return "folder" if stat.S_ISDIR(mode) else "other"


class LocalStage:
    """A staged tree in a folder on the store's own file system."""

    def __init__(self, folder: str, root: str) -> None:
        self._folder = folder
        self._root = root
        self._tree = os.path.join(folder, "tree")
        os.makedirs(self._tree)

    def _path(self, path: str) -> str:
        target = os.path.join(self._tree, *_parts(path))
        os.makedirs(os.path.dirname(target), exist_ok=True)
        return target

    def add(self, path: str, source: BinaryIO, algorithms: Iterable[str]) -> tuple[int, dict[str, str]]:
        target = self._path(path)
        try:
            return durable.copy_new(source, target, algorithms)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(target)
            raise

    def put(self, path: str, data: bytes) -> None:
        durable.write_new(self._path(path), data)

    def move(self, path: str, target: str) -> None:
        old = os.path.join(self._tree, *_parts(path))
        os.rename(old, self._path(target))
        self._drop_empty(os.path.dirname(old))

    def discard(self, path: str) -> None:
        target = os.path.join(self._tree, *_parts(path))
        os.unlink(target)
        self._drop_empty(os.path.dirname(target))

    def _drop_empty(self, folder: str) -> None:
        while folder != self._tree:
            try:
                os.rmdir(folder)
            except OSError:
                return
            folder = os.path.dirname(folder)

    def publish(self, path: str, key: str) -> None:
        source = os.path.join(self._tree, *_parts(path)) if path else self._tree
        durable.sync_tree(source)
        durable.move_in(source, self._root, key)

    def replace(self, path: str, key: str) -> None:
        target = os.path.join(self._root, *_parts(key))
        durable.make_folders(os.path.dirname(target))
        if os.path.isdir(target) and not os.path.islink(target):
            shutil.rmtree(target)
        os.replace(os.path.join(self._tree, *_parts(path)), target)
        durable.sync_folder(os.path.dirname(target))


def _parts(key: str) -> list[str]:
    """The names of *key*; refuses whatever could lead out of the root."""
    parts = key.split("/") if key else []
    for part in parts:
        if part in {"", ".", ".."} or "\0" in part:
            raise FileNotFoundError(errno.ENOENT, "not a key", key)
    return parts


class LocalStorage:
    """A storage root that is a folder of this machine."""

    def __init__(self, root: str | Path) -> None:
        self.root = os.path.realpath(root)
        self._work = os.path.join(self.root, *WORK.split("/"))

    @property
    def name(self) -> str:
        return self.root

    def private(self, name: str) -> Path:
        folder = os.path.dirname(self._work)
        durable.make_folders(folder)
        return Path(folder, name)

    def _path(self, key: str) -> str:
        return os.path.join(self.root, *_parts(key))

    def _inside(self, key: str) -> str:
        """The path of *key*, refused where a link on the way leads anywhere else."""
        path = self._path(key)
        if os.path.realpath(path) != path:
            raise FileNotFoundError(errno.ENOENT, "a link stands in the way", key)
        return path

    def entry(self, key: str) -> Entry | None:
        try:
            found = os.lstat(self._path(key))
        except (FileNotFoundError, NotADirectoryError):
            return None
        return Entry(
            key.rpartition("/")[2],
            _kind(found.st_mode),
            found.st_size,
            (found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_size),
        )

    def children(self, key: str) -> list[tuple[str, Kind]]:
        found: list[tuple[str, Kind]] = []
        with os.scandir(self._path(key)) as entries:
            for entry in entries:
                if entry.is_file(follow_symlinks=False):
                    found.append((entry.name, "file"))
                elif entry.is_dir(follow_symlinks=False):
                    found.append((entry.name, "folder"))
                else:
                    found.append((entry.name, "other"))
        return found

    def stream(self, key: str) -> BinaryIO:
        descriptor = os.open(self._inside(key), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise FileNotFoundError(errno.ENOENT, "not a regular file", key)
        return io.BufferedReader(io.FileIO(descriptor))

    def read(self, key: str) -> bytes:
        with self.stream(key) as stream:
            return stream.read()

    @contextlib.contextmanager
    def local(self, key: str) -> Iterator[Path]:
        path = Path(self._inside(key))
        if not path.is_file():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), key)
        yield path

    def digests(self, key: str, algorithms: Iterable[str]) -> dict[str, str]:
        descriptor = os.open(f"{self.root}/{key}", os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            return digests_of(descriptor, algorithms)
        finally:
            os.close(descriptor)

    def put(self, key: str, data: bytes) -> None:
        path = self._path(key)
        durable.make_folders(os.path.dirname(path))
        durable.make_folders(self._work)
        durable.replace_file(path, data, self._work)

    def remove(self, key: str, *, with_parents: bool = False) -> None:
        parts = _parts(key)
        target = self._path(key)
        if os.path.islink(target) or not os.path.isdir(target):
            os.unlink(target)
            durable.sync_folder(os.path.dirname(target))
            return
        while with_parents and len(parts) > 1 and len(os.listdir(os.path.dirname(target))) == 1:
            parts.pop()
            target = os.path.dirname(target)
        durable.make_folders(self._work)
        trash = os.path.join(self._work, f"gone-{secrets.token_hex(8)}")
        os.rename(target, trash)
        durable.sync_folder(os.path.dirname(target))
        shutil.rmtree(trash)

    @contextlib.contextmanager
    def stage(self) -> Iterator[LocalStage]:
        folder = os.path.join(self._work, f"stage-{secrets.token_hex(8)}")
        try:
            yield LocalStage(folder, self.root)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def later(self) -> AbstractContextManager[None]:
        return durable.later()

    def sync(self) -> None:
        durable.sync_file_system(self.root)

    def lock(
        self, name: str, what: str, *, shared: bool = False, timeout: float = 30.0
    ) -> AbstractContextManager[None]:
        path = os.path.join(self._work, f"{name}.lock")
        return lock.hold(path, what, shared=shared, timeout=timeout, forget=name != "root")

    def leftovers(self) -> list[str]:
        try:
            names = os.listdir(self._work)
        except FileNotFoundError:
            return []
        return [name for name in names if not name.endswith(".lock")]

    def clean(self) -> int:
        leftovers = [name for name in self.leftovers() if not name.endswith(".journal")]
        for name in leftovers:
            path = os.path.join(self._work, name)
            if os.path.isdir(path) and not os.path.islink(path):
                shutil.rmtree(path)
            else:
                os.unlink(path)
        return len(leftovers)
