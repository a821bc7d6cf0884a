"""Zip archives from strangers: judged from their directory before a byte is unpacked, then unpacked under count.

Names are judged as the archive stores them, not as a library has mended them. The directory and the local headers
must agree, since programs differ in which they believe. Sources: PKWARE APPNOTE 6.3.10; Fifield, "A better zip
bomb" (WOOT 2019) for bombs that overlap instead of nesting.
"""

from __future__ import annotations

import os
import shutil
import stat
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Self

from heirloom.archive.durable import sync_folder, sync_tree
from heirloom.archive.names import check_relative_path, collision_key
from heirloom.archive.safe_errors import (
    BadName,
    ZipBomb,
    ZipCollision,
    ZipDamaged,
    ZipEncrypted,
    ZipLink,
    ZipMethod,
    ZipName,
    ZipNameEncoding,
    ZipNested,
    ZipOverlap,
    ZipTooMany,
)

_CHUNK = 1 << 20
#: First bytes of archives; a document that is a zip inside is told by its name.
_ARCHIVES = (
    b"PK\x03\x04",
    b"\x1f\x8b",
    b"7z\xbc\xaf\x27\x1c",
    b"Rar!\x1a\x07",
    b"\xfd7zXZ\0",
    b"BZh",
    b"\x28\xb5\x2f\xfd",
)
_DOCUMENTS = frozenset({"xlsx", "docx", "pptx", "odt", "ods", "odp", "epub"})


@dataclass(frozen=True, slots=True)
class ZipLimits:
    """Limits of one archive.

    Attributes:
        entries: entries in all.
        total_bytes: bytes of all entries unpacked.
        entry_bytes: bytes of one entry unpacked.
        ratio: unpacked to packed, of all and of each entry; judged only above *ratio_from* unpacked bytes.
        nested: whether archives inside are left in place unopened, or refused.
        name_encodings: what names without the Unicode mark may be in, in order.
    """

    entries: int = 20_000
    total_bytes: int = 8 * 1024**3
    entry_bytes: int = 4 * 1024**3
    ratio: int = 200
    ratio_from: int = 1024**2
    nested: bool = False
    name_encodings: tuple[str, ...] = ("ascii", "utf-8")


@dataclass(frozen=True, slots=True)
class ZipEntry:
    """A file of an archive: its path in NFC with ``/``, its size unpacked, and how to find it."""

    path: str
    size: int
    packed: int
    info: zipfile.ZipInfo


class SafeZip:
    """An archive that has passed every check of its directory; use as a context manager."""

    def __init__(self, file: BinaryIO, limits: ZipLimits | None = None) -> None:
        """Read and judge the directory.

        Raises:
            Refused: one of the zip errors of :mod:`heirloom.archive.safe_errors`.
        """
        self._limits = limits or ZipLimits()
        self._file = file
        _check_end(file, self._limits)
        try:
            self._zip = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error, OSError) as error:
            raise ZipDamaged(detail=str(error)[:120]) from None
        self.entries: tuple[ZipEntry, ...] = tuple(self._judge())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._zip.close()

    @property
    def names(self) -> frozenset[str]:
        """The paths of all files."""
        return frozenset(entry.path for entry in self.entries)

    def read_start(self, path: str, length: int = 4096) -> bytes | None:
        """Return the first bytes of a file, None where there is none."""
        entry = next((entry for entry in self.entries if entry.path == path), None)
        if entry is None:
            return None
        return next(self._chunks(entry, length), b"")

    def chunks(self, entry: ZipEntry) -> Iterator[bytes]:
        """Unpack one file in pieces; the size and checksum announced must hold."""
        return self._chunks(entry, _CHUNK)

    def verify(self) -> None:
        """Unpack everything to nowhere: sizes and checksums must hold, archives inside are found by content."""
        for entry in self.entries:
            for number, chunk in enumerate(self._chunks(entry, _CHUNK)):
                if number == 0:
                    self._refuse_nested(entry, chunk)

    def extract(self, destination: Path) -> list[ZipEntry]:
        """Unpack everything into the new folder *destination*, which appears whole or not at all.

        Raises:
            FileExistsError: *destination* exists.
            Refused: an entry is not what the directory announced.
        """
        if destination.exists():
            raise FileExistsError(destination)
        work = Path(tempfile.mkdtemp(prefix=f".{destination.name[:40]}-", dir=destination.parent))
        try:
            for entry in self.entries:
                self._unpack(entry, work / PurePosixPath(entry.path))
            sync_tree(str(work))
            work.rename(destination)
        except BaseException:
            shutil.rmtree(work, ignore_errors=True)
            raise
        sync_folder(str(destination.parent))
        return list(self.entries)

    def _unpack(self, entry: ZipEntry, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        with os.fdopen(descriptor, "wb") as target:
            for number, chunk in enumerate(self._chunks(entry, _CHUNK)):
                if number == 0:
                    self._refuse_nested(entry, chunk)
                target.write(chunk)
            target.flush()
            os.fsync(target.fileno())

    def _chunks(self, entry: ZipEntry, step: int) -> Iterator[bytes]:
        seen = 0
        try:
            with self._zip.open(entry.info) as stream:
                while chunk := stream.read(step):
                    seen += len(chunk)
                    yield chunk
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OSError) as error:
            raise ZipDamaged(detail=str(error)[:120]) from None
        if seen != entry.size:
            raise ZipDamaged(detail="an entry is shorter than announced")

    def _refuse_nested(self, entry: ZipEntry, start: bytes) -> None:
        if self._limits.nested or not start.startswith(_ARCHIVES):
            return
        if start.startswith(b"PK") and entry.path.rpartition(".")[2].lower() in _DOCUMENTS:
            return
        raise ZipNested(name=entry.path)

    def _judge(self) -> Iterator[ZipEntry]:
        limits = self._limits
        infos = self._zip.infolist()
        if len(infos) > limits.entries:
            raise ZipTooMany(count=len(infos), limit=limits.entries)
        paths = [_path(info, limits) for info in infos]
        _check_collisions(paths)
        _check_spans(self._file, infos, self._zip.start_dir)
        total = packed = 0
        for info, path in zip(infos, paths, strict=True):
            _check_entry(info, path)
            total += info.file_size
            packed += info.compress_size
            if info.file_size > limits.entry_bytes or total > limits.total_bytes:
                raise ZipBomb(detail=f"more than {limits.total_bytes} bytes")
            if info.file_size > limits.ratio_from and info.file_size > limits.ratio * info.compress_size:
                raise ZipBomb(detail=f"an entry grows more than {limits.ratio} times")
        if total > limits.ratio_from and total > limits.ratio * max(packed, 1):
            raise ZipBomb(detail=f"it grows more than {limits.ratio} times")
        for info, path in zip(infos, paths, strict=True):
            if not path.endswith("/"):
                yield ZipEntry(path, info.file_size, info.compress_size, info)


def extract_zip(source: Path, destination: Path, limits: ZipLimits | None = None) -> list[ZipEntry]:
    """Judge the archive *source* and unpack it into the new folder *destination*."""
    with source.open("rb") as file, SafeZip(file, limits) as archive:
        return archive.extract(destination)


def _check_end(file: BinaryIO, limits: ZipLimits) -> None:
    """Judge the number of entries by the last record, before a library reads the whole directory."""
    size = file.seek(0, os.SEEK_END)
    length = min(size, 22 + 65535 + 20)
    file.seek(size - length)
    tail = file.read(length)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < 22:
        raise ZipDamaged(detail="its end is missing")
    disk, start_disk, _, count, directory, start, comment = struct.unpack_from("<HHHHIIH", tail, at + 4)
    end = size - length + at
    if disk or start_disk:
        raise ZipDamaged(detail="it is one part of several")
    if at + 22 + comment != len(tail):
        raise ZipDamaged(detail="there are bytes after its end")
    locator = tail[at - 20 : at] if at >= 20 else b""
    if locator.startswith(b"PK\x06\x07"):
        (offset,) = struct.unpack_from("<Q", locator, 8)
        file.seek(min(offset, size))
        record = file.read(56)
        if len(record) < 56 or not record.startswith(b"PK\x06\x06"):
            raise ZipDamaged(detail="its 64-bit end is missing")
        _, count, directory, start = struct.unpack_from("<QQQQ", record, 24)
        end = offset
    if count > limits.entries or directory > limits.entries * 1024:
        raise ZipTooMany(count=count, limit=limits.entries)
    # Libraries silently shift all offsets when something stands before the archive; then programs disagree.
    if start + directory != end:
        raise ZipDamaged(detail="its directory is not where it says")


def _path(info: zipfile.ZipInfo, limits: ZipLimits) -> str:
    """Return the entry's path as stored, decoded, judged, in NFC; a folder keeps its ``/``."""
    name = info.orig_filename
    if not info.flag_bits & 0x800:
        # The library has read the bytes as code page 437, which maps every byte: take them back.
        raw = name.encode("cp437")
        for encoding in limits.name_encodings:
            try:
                name = raw.decode(encoding)
                break
            except UnicodeDecodeError:
                continue
        else:
            raise ZipNameEncoding
    try:
        segments = check_relative_path(name.removesuffix("/"))
    except BadName:
        raise ZipName(name=ascii(name)[:120]) from None
    return "/".join(segments) + ("/" if name.endswith("/") else "")


def _check_collisions(paths: list[str]) -> None:
    """Refuse entries that would be one file, and files that stand where another needs a folder."""
    files: set[str] = set()
    folders: set[str] = set()
    for path in paths:
        key = collision_key(path)
        bare = key.removesuffix("/")
        if bare in files or (not key.endswith("/") and bare in folders):
            raise ZipCollision(name=path)
        parents = {bare[:at] for at, character in enumerate(bare) if character == "/"}
        if parents & files:
            raise ZipCollision(name=path)
        folders |= parents
        (folders if key.endswith("/") else files).add(bare)


def _check_entry(info: zipfile.ZipInfo, path: str) -> None:
    if info.flag_bits & 0x41:
        raise ZipEncrypted
    mode = info.external_attr >> 16
    if info.create_system == 3 and mode and stat.S_IFMT(mode) not in {0, stat.S_IFREG, stat.S_IFDIR}:
        raise ZipLink(name=path)
    if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise ZipMethod
    if path.endswith("/") and info.file_size:
        raise ZipDamaged(detail="a folder holds bytes")


def _check_spans(file: BinaryIO, infos: list[zipfile.ZipInfo], directory: int) -> None:
    """Local headers must agree with the directory, and no two entries may share bytes."""
    spans: list[tuple[int, int]] = []
    for info in infos:
        file.seek(info.header_offset)
        header = file.read(30)
        if len(header) < 30 or not header.startswith(b"PK\x03\x04"):
            raise ZipDamaged(detail="an entry is missing")
        flags, method = struct.unpack_from("<HH", header, 6)
        name_length, extra_length = struct.unpack_from("<HH", header, 26)
        name = file.read(name_length)
        encoding = "utf-8" if info.flag_bits & 0x800 else "cp437"
        if name != info.orig_filename.encode(encoding, "surrogateescape") or method != info.compress_type:
            raise ZipDamaged(detail="an entry has two names or methods")
        if (flags ^ info.flag_bits) & 0x41:
            raise ZipDamaged(detail="an entry is locked in one place and open in the other")
        end = info.header_offset + 30 + name_length + extra_length + info.compress_size
        spans.append((info.header_offset, end))
    spans.sort()
    position = 0
    for start, end in spans:
        if start < position:
            raise ZipOverlap
        position = end
    if position > directory:
        raise ZipOverlap
