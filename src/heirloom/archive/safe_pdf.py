"""PDF from strangers: whole, not locked, and without anything that runs.

The bytes are searched for the names that make a PDF act (ISO 32000-2, 12.6.4), also where a name is written with
escapes, and inside compressed object streams, which are unpacked under count. Streams that use another filter than
Flate, or several, are not looked into.
"""

from __future__ import annotations

import mmap
import os
import re
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from heirloom.archive.safe_errors import BrokenFile, PdfActive, PdfEncrypted

# The key /JS always stands with /S /JavaScript or /S /Rendition; alone it is too short not to occur by chance.
_ACTIVE = re.compile(
    rb"/(JavaScript|Launch|EmbeddedFiles?|RichMedia|SubmitForm|ImportData|XFA|GoToE|Rendition)(?=[\s/<>\[\]()%]|\Z)"
)
_ESCAPE = re.compile(rb"#([0-9A-Fa-f]{2})")
_ESCAPED_NAME = re.compile(rb"/[^\s/<>\[\]()%]*#[0-9A-Fa-f]{2}[^\s/<>\[\]()%]*")
_OBJECT_STREAM = re.compile(rb"/ObjStm\b.{0,1024}?stream\r?\n", re.DOTALL)
#: Bytes that object streams of one file may unpack to.
MAX_UNPACKED = 256 * 1024 * 1024


def check_pdf(file: BinaryIO) -> None:
    """Look through the whole file.

    Raises:
        BrokenFile: no cross-reference or end mark.
        PdfEncrypted: it is encrypted.
        PdfActive: it holds scripts, launches programs, sends forms or carries files.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - 2048))
    tail = file.read(2048)
    if b"%%EOF" not in tail or b"startxref" not in tail:
        raise BrokenFile(media_type="application/pdf", detail="its end is missing")
    with _mapped(file, size) as data:
        if re.search(rb"/Encrypt\s*(?:\d+\s+\d+\s+R|<<)", data):
            raise PdfEncrypted
        for piece in _pieces(data):
            found = _ACTIVE.search(piece)
            if found:
                raise PdfActive(detail=found[1].decode("ascii"))


class _mapped:  # noqa: N801  (used as a function)
    """The file's bytes without reading them all into memory, where the file has a descriptor."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._map: mmap.mmap | None = None
        try:
            self._map = mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ)
        except (OSError, ValueError):
            file.seek(0)
            self._bytes = file.read()

    def __enter__(self) -> mmap.mmap | bytes:
        return self._bytes if self._map is None else self._map

    def __exit__(self, *exc: object) -> None:
        if self._map is not None:
            self._map.close()


def _pieces(data: mmap.mmap | bytes) -> Iterator[mmap.mmap | bytes]:
    """The file itself, its names that are written with escapes, and its object streams unpacked."""
    yield data
    escaped = b" ".join(
        _ESCAPE.sub(lambda match: bytes([int(match[1], 16)]), found[0])
        for found in _ESCAPED_NAME.finditer(data)
    )
    yield escaped + b" "
    left = MAX_UNPACKED
    for found in _OBJECT_STREAM.finditer(data):
        unpacker = zlib.decompressobj()
        try:
            content = unpacker.decompress(data[found.end() : found.end() + (64 << 20)], left)
        except zlib.error:
            continue
        left -= len(content)
        if left <= 0:
            raise BrokenFile(media_type="application/pdf", detail="its objects unpack to too much")
        yield content
        yield _ESCAPE.sub(lambda match: bytes([int(match[1], 16)]), content)
