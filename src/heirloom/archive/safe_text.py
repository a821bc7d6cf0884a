"""Text, tables and subtitles from strangers, and tables for strangers.

Text is UTF-8 without control characters. Tables are read with limits. What we write into tables is neutralised
against formula injection (OWASP "CSV Injection"; CWE-1236): a spreadsheet runs a cell that begins like a formula.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from heirloom.archive.safe_errors import BrokenFile, TableLimits, TextControls, TextEncoding

_CHUNK = 1 << 16
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class TableBounds:
    """Limits of one table: rows, columns, characters in a cell."""

    rows: int = 1_000_000
    columns: int = 4_000
    cell: int = 100_000


def check_text(file: BinaryIO) -> int:
    """Read *file* to its end as UTF-8; return how many characters it holds.

    Raises:
        TextEncoding: it is not UTF-8.
        TextControls: it holds control characters other than tab, line ends, form feed and escape.
    """
    return sum(len(text) for text in _decoded(file))


def _decoded(file: BinaryIO) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8")()
    file.seek(0)
    position = 0
    while True:
        chunk = file.read(_CHUNK)
        try:
            text = decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            raise TextEncoding(position=max(0, position + error.start)) from None
        if _CONTROLS.search(text):
            raise TextControls
        yield text
        if not chunk:
            return
        position += len(chunk)


def check_table(file: BinaryIO, limits: TableBounds, delimiter: str | None = None) -> str:
    """Read *file* to its end as a table; return its delimiter (comma, semicolon or tab).

    Raises:
        TextEncoding, TextControls: see :func:`check_text`.
        TableLimits: too many rows or columns, or too much in a cell.
        BrokenFile: quotes that do not close.
    """
    check_text(file)
    csv.field_size_limit(max(limits.cell, csv.field_size_limit()))
    try:
        return _read_table(file, limits, delimiter, strict=True)
    except csv.Error as error:
        if "field limit" in str(error):
            raise TableLimits(limit=limits.cell, unit="characters in a cell") from None
        if "unexpected end" in str(error):
            raise BrokenFile(media_type="text/csv", detail="a quotation mark is not closed") from None
    # Quotation marks within a cell that nobody doubled: readers take them, so they are let pass.
    try:
        return _read_table(file, limits, delimiter, strict=False)
    except csv.Error as error:
        raise BrokenFile(media_type="text/csv", detail=str(error)) from None


def _read_table(file: BinaryIO, limits: TableBounds, delimiter: str | None, *, strict: bool) -> str:
    file.seek(0)
    text = io.TextIOWrapper(io.BufferedReader(_Unclosing(file)), encoding="utf-8-sig", newline="")
    first = text.readline(1 << 20)
    chosen = delimiter or max(",;\t", key=first.count)
    text.seek(0)
    try:
        for number, row in enumerate(csv.reader(text, delimiter=chosen, strict=strict), start=1):
            if number > limits.rows:
                raise TableLimits(limit=limits.rows, unit="rows")
            if len(row) > limits.columns:
                raise TableLimits(limit=limits.columns, unit="columns")
            if any(len(cell) > limits.cell for cell in row):
                raise TableLimits(limit=limits.cell, unit="characters in a cell")
    finally:
        text.detach()
    return chosen


class _Unclosing(io.RawIOBase):
    """Lends a binary file to a text reader, which would close it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, position: int, whence: int = 0) -> int:
        return self._file.seek(position, whence)

    def tell(self) -> int:
        return self._file.tell()

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        data = self._file.read(len(view))
        view[: len(data)] = data
        return len(data)


_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d+)*|[.,]\d+)([eE][+-]?\d+)?%?")


def neutralise_formula(cell: object) -> object:
    """Return *cell* so that no spreadsheet takes it for a formula; call it on each cell that is exported.

    Text that begins like a formula, also after blanks or a quote mark or in full width, gets an
    apostrophe in front; numbers and everything that is not text stay as they are.
    """
    if not isinstance(cell, str):
        return cell
    bare = cell.lstrip(' \u00a0\u3000\u200b\ufeff"')
    if bare.startswith(_FORMULA_STARTS):
        return cell if _NUMBER.fullmatch(cell) else f"'{cell}"
    return cell
