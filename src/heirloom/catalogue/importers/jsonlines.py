"""Dumps of museums: one JSON object a line (optionally gzipped), or one JSON document with a list inside."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

from heirloom.archive.safe_json import JsonLimits, UnsafeJson, load_json
from heirloom.errors import gettext_noop

from . import paths
from .draft import ItemDraft, SourceError
from .mapping import FieldMapping

MAX_LINE: Final = 16 * 1024 * 1024
MAX_DOCUMENT: Final = 256 * 1024 * 1024
_LIMITS: Final = JsonLimits(bytes=MAX_LINE, depth=64, values=500_000)


class BadDump(SourceError):
    """The dump as such cannot be read."""

    code = "import.dump"
    message = gettext_noop("The dump cannot be read at line {line}: {reason}")
    kept = gettext_noop("Nothing was changed.")


Record = tuple[str, Mapping[str, Any] | Exception]


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """The bytes of *path*, unpacked when it is gzipped (by content, not by name)."""
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        if packed:
            with gzip.open(file) as unpacked:
                yield unpacked  # type: ignore[misc]
        else:
            yield file


def records(stream: IO[bytes], limit: int | None = None) -> Iterator[Record]:
    """``("line 1", record)`` for each line; a line that is no JSON object gives the error in its place.

    Raises:
        BadDump: a line is longer than 16 MiB, or the packed stream is damaged.
    """
    number = 0
    while limit is None or number < limit:
        try:
            line = stream.readline(MAX_LINE + 1)
        except (OSError, EOFError) as error:
            raise BadDump(line=number + 1, reason=str(error)) from error
        if not line:
            return
        number += 1
        if len(line) > MAX_LINE:
            raise BadDump(line=number, reason="the line is longer than 16 MiB")
        if line.isspace():
            continue
        yield f"line {number}", _record(line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line)


def _record(line: bytes) -> Mapping[str, Any] | Exception:
    try:
        value = _quick(line) if len(line) < 65536 else load_json(line, _LIMITS)
    except UnsafeJson as error:
        return error
    if not isinstance(value, dict):
        return ValueError("not a JSON object")
    return value


def _quick(line: bytes) -> Any:
    """A short line by the standard parser; anything it or we doubt goes through the careful one."""
    if b"\\ud" in line or b"\\uD" in line or b"NaN" in line or b"Infinity" in line or line.count(b"[") > 2000:
        return load_json(line, _LIMITS)
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return load_json(line, _LIMITS)


def document_records(data: bytes, path: str) -> Iterator[Record]:
    """Records of one JSON document: the objects of the list at the dotted *path* (``"items[]"``; ``"[]"`` the top).

    Raises:
        UnsafeJson: it is no JSON.
        BadDump: *path* is no path.
    """
    value = load_json(data, JsonLimits(bytes=MAX_DOCUMENT, depth=64, values=5_000_000))
    try:
        found = paths.values(value, path)
        for number, record in enumerate(found, 1):
            yield f"record {number}", record if isinstance(record, dict) else ValueError("not a JSON object")
    except paths.BadPath as error:
        raise BadDump(line=0, reason=f"{path} is not a path") from error


def drafts(path: Path, mapping: FieldMapping, *, limit: int | None = None) -> Iterator[ItemDraft]:
    """The records of the file as drafts. ``reader.records`` of the mapping names the list of a single document."""
    where = str(mapping.reader.get("records", ""))
    with opened(path) as stream:
        if where:
            yield from mapping.drafts(document_records(stream.read(MAX_DOCUMENT + 1), where))
        else:
            yield from mapping.drafts(records(stream, limit))
