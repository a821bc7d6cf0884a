"""Take what a picture tells about its taker out of it, without touching a pixel.

A camera writes where and when, on which device, sometimes a thumbnail of what was cropped away. Communities may not
want that published. Whole segments are left out; colour profile and orientation stay. Sources: ITU-T T.81 annex B,
PNG third edition section 11, CIPA DC-008 (Exif).
"""

from __future__ import annotations

import contextlib
import os
import struct
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from heirloom.archive.durable import sync_folder
from heirloom.archive.safe_errors import BrokenFile, TypeNotAllowed
from heirloom.archive.safe_image import exif_has, read_header

_COPY = 1 << 20
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
#: Chunks that a picture needs to look as it does, or to move.
_PNG_KEPT = frozenset(
    b"IHDR PLTE IDAT IEND tRNS gAMA cHRM sRGB iCCP sBIT bKGD hIST pHYs sPLT acTL fcTL fdAT cICP mDCV cLLI".split()
)


@dataclass(frozen=True, slots=True)
class Stripped:
    """What was left out (names of segments or chunks, in order), and the orientation that was kept."""

    removed: tuple[str, ...]
    orientation: int


def has_location(path: Path) -> bool:
    """Whether the JPEG or PNG at *path* says where it was taken (Exif GPS directory, or coordinates in XMP).

    Raises:
        TypeNotAllowed, BrokenFile: see :func:`strip_metadata`.
    """
    with path.open("rb") as source:
        start = source.read(8)
        if start.startswith(b"\xff\xd8\xff"):
            notes: Iterator[bytes] = (
                segment for code, segment in _segments_before_scan(source) if code == 0xE1
            )
        elif start == _PNG_SIGNATURE:
            read_header(source, "image/png")
            notes = _png_notes(source)
        else:
            raise TypeNotAllowed(media_type="application/octet-stream")
        return any(_tells_place(note) for note in notes)


def _tells_place(note: bytes) -> bool:
    if b"GPSLatitude" in note:
        return True
    block = note.removeprefix(b"Exif\0\0")
    return block[:4] in {b"II*\0", b"MM\0*"} and exif_has(block, 0x8825)


def _segments_before_scan(source: BinaryIO) -> Iterator[tuple[int, bytes]]:
    for code, segment in _segments(source, 2):
        if code == 0xDA:
            return
        yield code, segment


def _png_notes(source: BinaryIO) -> Iterator[bytes]:
    """Give the Exif and text chunks, the text unpacked where it is packed (PNG, 11.3.3)."""
    source.seek(8)
    while len(raw := source.read(8)) == 8:
        (length,) = struct.unpack(">I", raw[:4])
        if raw[4:] in {b"eXIf", b"iTXt"} and length < 1 << 24:
            content = source.read(length)
            keyword, _, rest = content.partition(b"\0")
            if raw[4:] == b"iTXt" and rest[:1] == b"\1":
                packed = rest[2:].split(b"\0", 2)[-1]
                with contextlib.suppress(zlib.error):
                    content = keyword + zlib.decompressobj().decompress(packed, 1 << 24)
            yield content
            source.seek(4, os.SEEK_CUR)
        else:
            source.seek(length + 4, os.SEEK_CUR)


def strip_metadata(path: Path, destination: Path | None = None) -> Stripped:
    """Write the JPEG or PNG at *path* without metadata to *destination* (itself, by default), in one step.

    Raises:
        TypeNotAllowed: it is neither.
        BrokenFile: its structure is not sound; the file is left as it was.
    """
    target = destination or path
    with path.open("rb") as source:
        start = source.read(8)
        if start.startswith(b"\xff\xd8\xff"):
            write = _jpeg
        elif start == _PNG_SIGNATURE:
            write = _png
        else:
            raise TypeNotAllowed(media_type="application/octet-stream")
        descriptor, temporary = tempfile.mkstemp(prefix=".strip-", dir=target.parent)
        try:
            with os.fdopen(descriptor, "wb") as out:
                stripped = write(source, out)
                out.flush()
                os.fchmod(out.fileno(), path.stat().st_mode & 0o777)
                os.fsync(out.fileno())
            Path(temporary).replace(target)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    sync_folder(str(target.parent))
    return stripped


def _orientation_block(orientation: int) -> bytes:
    """An Exif block with one entry: the orientation."""
    return b"MM\0*\0\0\0\x08\0\x01" + struct.pack(">HHIHH", 0x0112, 3, 1, orientation, 0) + b"\0\0\0\0"


def _jpeg(source: BinaryIO, out: BinaryIO) -> Stripped:
    header = read_header(source, "image/jpeg")
    out.write(b"\xff\xd8")
    removed: list[str] = []
    kept_orientation = header.orientation != 1
    position = 2
    first = True
    for code, segment in _segments(source, position):
        # JFIF must stand first (T.871, 10.1); our own Exif block follows it, or is first itself.
        if first and code != 0xE0 and kept_orientation:
            block = b"Exif\0\0" + _orientation_block(header.orientation)
            out.write(b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block)
        first = first and code == 0xE0
        if _jpeg_keeps(code, segment):
            out.write(bytes((0xFF, code)) + struct.pack(">H", len(segment) + 2) + segment)
        else:
            removed.append("COM" if code == 0xFE else f"APP{code - 0xE0}")
        if code == 0xDA:
            _copy_scan(source, out)
    out.write(b"\xff\xd9")
    # What stands after the end (other pictures of a burst, a depth map, film) has metadata of its own.
    if source.read(1):
        removed.append("trailing")
    return Stripped(tuple(removed), header.orientation)


def _jpeg_keeps(code: int, segment: bytes) -> bool:
    if code == 0xFE:
        return False
    if not 0xE0 <= code <= 0xEF:
        return True
    if code == 0xE0:
        return segment.startswith(b"JFIF\0")
    if code == 0xE2:
        return segment.startswith(b"ICC_PROFILE\0")
    return code == 0xEE and segment.startswith(b"Adobe")


def _segments(source: BinaryIO, position: int) -> Iterator[tuple[int, bytes]]:
    """Give each marker segment; the caller reads on from where a scan begins."""
    source.seek(position)
    while True:
        mark = source.read(2)
        while mark == b"\xff\xff":
            mark = b"\xff" + source.read(1)
        if len(mark) < 2 or mark[0] != 0xFF:
            raise BrokenFile(media_type="image/jpeg", detail="a marker is missing")
        code = mark[1]
        if code == 0xD9:
            return
        if code == 0x01 or 0xD0 <= code <= 0xD8:
            continue
        raw = source.read(2)
        length = struct.unpack(">H", raw)[0] if len(raw) == 2 else 0
        segment = source.read(max(0, length - 2))
        if length < 2 or len(segment) != length - 2:
            raise BrokenFile(media_type="image/jpeg", detail="it ends too early")
        yield code, segment


def _copy_scan(source: BinaryIO, out: BinaryIO) -> None:
    """Copy entropy-coded bytes up to the next marker that is neither stuffing nor a restart (T.81, B.1.1.5)."""
    while True:
        start = source.tell()
        chunk = source.read(_COPY)
        at = 0
        while (at := chunk.find(b"\xff", at)) >= 0:
            if at + 1 >= len(chunk):
                break
            if chunk[at + 1] == 0 or 0xD0 <= chunk[at + 1] <= 0xD7:
                at += 2
                continue
            out.write(chunk[:at])
            source.seek(start + at)
            return
        if not chunk or (at == 0 and len(chunk) == 1):
            raise BrokenFile(media_type="image/jpeg", detail="it has no end")
        # A lone 0xFF at the end of a piece is looked at again with what follows it.
        used = at if at >= 0 else len(chunk)
        out.write(chunk[:used])
        source.seek(start + used)


def _png(source: BinaryIO, out: BinaryIO) -> Stripped:
    header = read_header(source, "image/png")
    source.seek(8)
    out.write(_PNG_SIGNATURE)
    removed: list[str] = []
    while True:
        raw = source.read(8)
        if len(raw) < 8:
            raise BrokenFile(media_type="image/png", detail="it ends too early")
        (length,) = struct.unpack(">I", raw[:4])
        kind = raw[4:]
        if kind in _PNG_KEPT:
            out.write(raw)
            _copy(source, out, length + 4)
        else:
            source.seek(length + 4, os.SEEK_CUR)
            removed.append(kind.decode("ascii", "replace"))
        if kind == b"IHDR" and header.orientation != 1:
            block = b"eXIf" + _orientation_block(header.orientation)
            out.write(struct.pack(">I", len(block) - 4) + block + struct.pack(">I", zlib.crc32(block)))
        if kind == b"IEND":
            break
    if source.read(1):
        removed.append("trailing")
    return Stripped(tuple(removed), header.orientation)


def _copy(source: BinaryIO, out: BinaryIO, length: int) -> None:
    while length:
        chunk = source.read(min(length, _COPY))
        if not chunk:
            raise BrokenFile(media_type="image/png", detail="it ends too early")
        out.write(chunk)
        length -= len(chunk)
