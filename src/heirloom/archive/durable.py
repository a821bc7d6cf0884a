"""Writes that survive a crash: a temporary name, ``fsync`` of file and folder, then ``rename``.

A file system promises atomic visibility by ``rename`` and durability by ``fsync`` of both the file and the
folder that names it; neither promise includes the other (``rename(2)``, ``fsync(2)``).
"""

# The plain os functions stand here on purpose: they work on descriptors and name what the kernel does.
# ruff: noqa: PTH102, PTH103, PTH104, PTH105, PTH108, PTH112, PTH118, PTH120, PTH208

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import secrets
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from heirloom.archive.fixity import ALGORITHMS

CHUNK = 1 << 20
"""Bytes read at once while a file is copied or hashed."""


class _Own(threading.local):
    later = False


_own = _Own()


@contextlib.contextmanager
def later() -> Iterator[None]:
    """Within the block, this thread leaves durability to a :func:`sync_file_system` that it owes."""
    before, _own.later = _own.later, True
    try:
        yield
    finally:
        _own.later = before


def sync_file_system(path: str) -> None:
    """Make everything on the file system of *path* durable at once (``syncfs(2)``, else ``sync(2)``)."""
    call = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
    if call is None:
        os.sync()
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if call(descriptor) != 0:
            error = ctypes.get_errno()
            raise OSError(error, os.strerror(error), path)
    finally:
        os.close(descriptor)


def sync(descriptor: int) -> None:
    """Make an open file durable, unless that is left for later."""
    if not _own.later:
        os.fsync(descriptor)


def sync_folder(folder: str) -> None:
    """Make the names in *folder* durable, unless that is left for later."""
    if _own.later:
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_new(path: str, data: bytes) -> None:
    """Write *data* to the new file *path* and make its content durable (its name is not yet)."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
        sync(descriptor)
    finally:
        os.close(descriptor)


def copy_new(source: BinaryIO, path: str, algorithms: Iterable[str]) -> tuple[int, dict[str, str]]:
    """Copy *source* to the new file *path*, durable; return its size in bytes and its digests by algorithm."""
    running = [(name, ALGORITHMS[name]()) for name in algorithms]
    size = 0
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    try:
        while chunk := source.read(CHUNK):
            for _, digest in running:
                digest.update(chunk)
            size += len(chunk)
            view = memoryview(chunk)
            while view:
                view = view[os.write(descriptor, view) :]
        sync(descriptor)
    finally:
        os.close(descriptor)
    return size, {name: digest.hexdigest() for name, digest in running}


def replace_file(path: str, data: bytes, workspace: str) -> None:
    """Put *data* at *path* in one step; the old content stays readable until then.

    The temporary file stands in *workspace* (a folder on the same file system), so that a crash leaves
    nothing beside *path*.
    """
    temporary = os.path.join(workspace, f"put-{secrets.token_hex(8)}")
    try:
        write_new(temporary, data)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    sync_folder(os.path.dirname(path))


def sync_tree(folder: str) -> None:
    """Make the names of every folder at and below *folder* durable, the deepest first."""
    if _own.later:
        return
    for path, _, _ in os.walk(folder, topdown=False):
        sync_folder(path)


def make_folders(path: str) -> None:
    """Create *path* and its missing parents; every new name is durable."""
    missing: list[str] = []
    at = path
    while not os.path.isdir(at):
        missing.append(at)
        at = os.path.dirname(at)
    for folder in reversed(missing):
        with contextlib.suppress(FileExistsError):
            os.mkdir(folder)
        sync_folder(os.path.dirname(folder))


def move_in(staged: str, root: str, key: str) -> None:
    """Make the folder *staged* appear as *root*/*key* in one step, with every missing parent folder.

    Missing parents are first built around *staged* and then renamed together with it, so that no empty
    folder is ever visible under *root*, not even after a crash (OCFL 1.1, E073).

    Raises:
        FileExistsError: something stands at *key* already.
    """
    parts = key.split("/")
    while True:
        depth = 0
        at = root
        while depth < len(parts) - 1 and os.path.isdir(os.path.join(at, parts[depth])):
            at = os.path.join(at, parts[depth])
            depth += 1
        target = os.path.join(at, parts[depth])
        if depth == len(parts) - 1 and os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), target)
        wrapped = staged
        if depth < len(parts) - 1:
            wrapped = f"{staged}.chain-{secrets.token_hex(4)}"
            inner = os.path.join(wrapped, *parts[depth + 1 : -1])
            os.makedirs(inner)
            os.rename(staged, os.path.join(inner, parts[-1]))
            sync_tree_names(wrapped, len(parts) - 1 - depth)
        try:
            os.rename(wrapped, target)
        except OSError as error:
            if wrapped is not staged:
                os.rename(os.path.join(wrapped, *parts[depth + 1 :]), staged)
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT):
                raise
            if depth == len(parts) - 1:
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), target) from error
            continue  # somebody else made that parent meanwhile: join it one level deeper
        sync_folder(at)
        return


def sync_tree_names(folder: str, levels: int) -> None:
    """Make *levels* nested single-child folders from *folder* down durable."""
    chain = [folder]
    for _ in range(levels - 1):
        chain.append(os.path.join(chain[-1], next(iter(os.listdir(chain[-1])))))
    for path in reversed(chain):
        sync_folder(path)


@contextlib.contextmanager
def opened(path: str | Path) -> Iterator[BinaryIO]:
    """Open the regular file *path* for reading without following a symbolic link at its last step."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb", buffering=0) as stream:
        yield stream
