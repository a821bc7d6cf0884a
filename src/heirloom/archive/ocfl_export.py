"""Taking a version out of the store: as a folder, or file by file into any other form; always checked."""

from __future__ import annotations

import errno
import io
import secrets
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, cast

from heirloom.archive import durable
from heirloom.archive.fixity import ALGORITHMS
from heirloom.archive.inventory import check_paths
from heirloom.archive.ocfl import Damaged, FileInfo

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

    from heirloom.archive.archive import Archive

_BUFFER: Final = 1 << 18


class _Checked(io.RawIOBase):
    """A file read from start to end, whose end is only reached when its SHA-512 is right."""

    def __init__(self, stream: BinaryIO, key: str, sha512: str) -> None:
        self._stream = stream
        self._key = key
        self._expected = sha512
        self._digest = ALGORITHMS["sha512"]()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer).cast("B")
        data = self._stream.read(len(view))
        if data:
            view[: len(data)] = data
            self._digest.update(data)
        elif view and self._digest.hexdigest() != self._expected:
            raise Damaged(key=self._key, reason="its digest does not match")
        return len(data)

    def close(self) -> None:
        self._stream.close()
        super().close()


def _opened(archive: Archive, object_id: str, version: int | None, info: FileInfo) -> BinaryIO:
    stream = archive.stream(object_id, info.path, version)
    checked = _Checked(stream, f"{object_id} {info.path}", info.sha512)
    return cast("BinaryIO", io.BufferedReader(checked, _BUFFER))


def sources(archive: Archive, object_id: str, version: int | None) -> dict[str, Callable[[], BinaryIO]]:
    """See :meth:`heirloom.archive.Archive.sources`."""
    found = archive.files(object_id, version)
    return {path: partial(_opened, archive, object_id, version, info) for path, info in found.items()}


def export(archive: Archive, object_id: str, folder: str | Path, version: int | None) -> dict[str, FileInfo]:
    """See :meth:`heirloom.archive.Archive.export`."""
    target = Path(folder)
    if target.exists():
        raise FileExistsError(errno.EEXIST, "the folder is there already", str(target))
    found = archive.files(object_id, version)
    check_paths(found)
    waiting = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    waiting.mkdir(parents=True)
    try:
        for path, opening in sources(archive, object_id, version).items():
            (waiting / path).parent.mkdir(parents=True, exist_ok=True)
            with opening() as stream:
                durable.copy_new(stream, str(waiting / path), ())
        durable.sync_tree(str(waiting))
        waiting.rename(target)
    finally:
        shutil.rmtree(waiting, ignore_errors=True)
    durable.sync_folder(str(target.parent))
    return found
