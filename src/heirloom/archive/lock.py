"""Locks that processes and threads respect and that die with their holder.

``flock(2)`` belongs to the open file, so two threads exclude each other as two processes do, and the kernel
drops it when the holder ends, however it ends: there is no stale lock. The lock's file is removed by its
last holder; whoever opened it meanwhile notices that the name is gone and opens anew.
"""

# The plain os functions stand here on purpose: they work on descriptors and name what the kernel does.
# ruff: noqa: PTH103, PTH108, PTH116, PTH120

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import time
from collections.abc import Iterator
from typing import ClassVar

from heirloom.errors import HeirloomError, gettext_noop

_LONGEST_PAUSE = 0.05


class Locked(HeirloomError):
    """Another process or thread holds the lock and did not let go in time."""

    code: ClassVar[str] = "archive.locked"
    message: ClassVar[str] = gettext_noop(
        "Somebody else is writing {what} just now. Please try again in a moment."
    )
    kept: ClassVar[str] = gettext_noop("Nothing was changed.")
    status: ClassVar[int] = 423


def _open(path: str) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except FileNotFoundError:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)


def _is_current(descriptor: int, path: str) -> bool:
    try:
        named = os.stat(path)
    except FileNotFoundError:
        return False
    held = os.fstat(descriptor)
    return (held.st_ino, held.st_dev) == (named.st_ino, named.st_dev)


def acquire(path: str, *, shared: bool, timeout: float) -> int | None:
    """Take the lock in the file *path*; return its descriptor, or None after *timeout* seconds in vain."""
    mode = (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB
    deadline = time.monotonic() + timeout
    pause = 0.001
    while True:
        descriptor = _open(path)
        try:
            fcntl.flock(descriptor, mode)
        except OSError as error:
            os.close(descriptor)
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES, errno.EINTR):
                raise
            if time.monotonic() >= deadline:
                return None
            time.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
            continue
        except BaseException:
            os.close(descriptor)
            raise
        if _is_current(descriptor, path):
            return descriptor
        os.close(descriptor)


def release(descriptor: int, path: str, *, forget: bool) -> None:
    """Let go; with *forget* (only for an exclusive lock) also remove the lock's file."""
    try:
        if forget:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def hold(
    path: str, what: str, *, shared: bool = False, timeout: float = 30.0, forget: bool = True
) -> Iterator[None]:
    """Hold the lock in the file *path* for the length of the block.

    Args:
        path: the lock's file; made when missing.
        what: what is being locked, for the message.
        shared: many may hold it at once, unless somebody holds it alone.
        timeout: seconds to wait.
        forget: remove the file afterwards (never done for a shared lock).

    Raises:
        Locked: not free within *timeout*.
    """
    descriptor = acquire(path, shared=shared, timeout=timeout)
    if descriptor is None:
        raise Locked(what=what)
    try:
        yield
    finally:
        release(descriptor, path, forget=forget and not shared)
