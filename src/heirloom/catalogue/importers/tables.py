"""Tables: CSV in any of the encodings that people still have, and XLSX. Rows are read one by one.

The header row gives the names of the columns; a cell is always text (dates in ISO 8601, whole numbers without a
fraction), because a table has no types that one could rely on.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from itertools import islice
from pathlib import Path
from typing import IO, Any, BinaryIO, Final

from heirloom.archive.safe_text import neutralise_formula
from heirloom.archive.safe_zip import SafeZip, ZipLimits
from heirloom.errors import gettext_noop

from .checks import problem
from .draft import ItemDraft, Problem, SourceError, with_problems
from .encoding import Encoding, WrongEncoding, declared, guess_stream
from .mapping import FieldMapping
from .paths import as_text
from .values import clean

MAX_CELL: Final = 1_000_000
MAX_COLUMNS: Final = 2_000
_XLSX: Final = ZipLimits(entries=10_000, total_bytes=2 * 1024**3, entry_bytes=1024**3)
_EXTRA: Final = "\0extra"


class BadTable(SourceError):
    """The table as such cannot be read."""

    code = "import.table"
    message = gettext_noop("The table cannot be read at row {row}: {reason}")
    kept = gettext_noop("Nothing was changed.")


@dataclass(frozen=True, slots=True)
class Note:
    """Something about the table as a whole that a person should know, by a stable code."""

    code: str
    details: Mapping[str, Any] = field(default_factory=dict)


def guarded(cell: str) -> str:
    """A cell for a CSV file: no spreadsheet takes it for a formula, and :func:`restored` gives it back exactly."""
    safe = str(neutralise_formula(cell))
    return f"'{cell}" if safe == cell and _is_guarded(cell) else safe


def restored(cell: str) -> str:
    """What :func:`guarded` was given."""
    return cell[1:] if _is_guarded(cell) else cell


def _is_guarded(cell: str) -> bool:
    bare = cell.lstrip("'")
    return bare is not cell and cell.startswith("'") and neutralise_formula(bare) != bare


class Table:
    """A table to be read once.

    Attributes:
        header: names of the columns; one that comes again is numbered (``"Title (2)"``), one without a name is ``"column 3"``.
        notes: what was noticed on the way: a guessed encoding, columns named twice.
    """

    def __init__(
        self, header: list[str], rows: Iterator[list[str]], first_row: int, notes: list[Note]
    ) -> None:
        self.header = header
        self.notes = notes
        self._rows = rows
        self._first_row = first_row

    def __iter__(self) -> Iterator[tuple[str, dict[str, str]]]:
        """``("row 2", {column: cell})``; empty rows are left out, empty cells are empty texts."""
        width = len(self.header)
        for number, cells in enumerate(self._rows, self._first_row):
            if not any(cells):
                continue
            record = dict(zip(self.header, cells, strict=False))
            if len(cells) > width and any(cells[width:]):
                record[_EXTRA] = " | ".join(filter(None, cells[width:]))
            yield f"row {number}", record


def drafts(table: Table, mapping: FieldMapping) -> Iterator[ItemDraft]:
    """The rows of *table* as drafts."""
    for where, record in table:
        extra = record.pop(_EXTRA, None)
        draft = mapping.draft(record, where)
        if extra is not None:
            draft = with_problems(draft, [_extra(extra)])
        yield draft


def _extra(cells: str) -> Problem:
    return problem("draft.too-many-columns", value=cells)


def open_csv(
    stream: BinaryIO,
    *,
    encoding: str = "",
    delimiter: str = "",
    header: int = 1,
    restore: bool = False,
) -> Table:
    """Read a CSV table from a seekable stream of bytes, which must stay open while rows are read.

    Args:
        encoding: its name where it is known; otherwise it is guessed, with a note unless it is certainly UTF-8.
        delimiter: one character; otherwise the comma, semicolon, tab or bar that the header row has most of.
        header: number of the row with the names.
        restore: take away the apostrophes that an export put before formulas.

    Raises:
        SourceError: unknown or wrong encoding, a row that is no CSV, no header.
    """
    found = declared(encoding) if encoding else guess_stream(stream)
    notes = [Note(found.code, {"encoding": found.name})] if found.code else []
    stream.seek(0)
    # "surrogateescape" would hide a wrong encoding; strict errors are turned into a coded one in _csv_rows.
    text = io.TextIOWrapper(
        io.BufferedReader(_Borrowed(stream)), encoding=found.name, errors="strict", newline=""
    )
    head = "".join(islice(_lines(text, found), header))
    chosen = delimiter or _delimiter(head.splitlines()[-1] if head else "")
    text.seek(0)
    rows = _csv_rows(text, chosen, found)
    if restore:
        rows = ([restored(cell) for cell in row] for row in rows)
    return _table(rows, header, notes)


class _Borrowed(io.RawIOBase):
    """Reads a stream that belongs to somebody else: never closes it."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, position: int, whence: int = 0) -> int:
        return self._stream.seek(position, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def readinto(self, buffer: Any) -> int:
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def _lines(text: IO[str], encoding: Encoding) -> Iterator[str]:
    try:
        for line in text:  # "yield from" would close the file with the generator  # noqa: UP028
            yield line
    except UnicodeError as error:
        raise WrongEncoding(name=encoding.name, position=getattr(error, "start", "?")) from error


def _csv_rows(text: IO[str], delimiter: str, encoding: Encoding) -> Iterator[list[str]]:
    csv.field_size_limit(MAX_CELL)
    reader = csv.reader(text, delimiter=delimiter, strict=False)
    while True:
        try:
            row = next(reader, None)
        except UnicodeError as error:
            raise WrongEncoding(name=encoding.name, position=getattr(error, "start", "?")) from error
        except csv.Error as error:
            raise BadTable(row=reader.line_num, reason=str(error)) from error
        if row is None:
            return
        if len(row) > MAX_COLUMNS:
            raise BadTable(row=reader.line_num, reason=f"more than {MAX_COLUMNS} columns")
        yield row


def _delimiter(line: str) -> str:
    """The sign that the header row has most of, outside quotes."""
    bare = "".join(line.split('"')[::2])
    counts = {sign: bare.count(sign) for sign in ",;\t|"}
    best = max(counts, key=lambda sign: counts[sign])
    return best if counts[best] else ","


def _table(rows: Iterator[list[str]], header: int, notes: list[Note]) -> Table:
    for _ in range(header - 1):
        next(rows, None)
    names = next(rows, None)
    if not names or not any(names):
        raise BadTable(row=header, reason="there are no names of columns")
    while names and not clean(names[-1]):
        names.pop()
    unique: list[str] = []
    for place, raw in enumerate(names, 1):
        name = clean(raw) or f"column {place}"
        copies = sum(1 for other in unique if other == name or other.startswith(f"{name} ("))
        if name in unique:
            notes.append(Note("source.column-twice", {"column": name}))
            name = f"{name} ({copies + 1})"
        unique.append(name)
    return Table(unique, rows, header + 1, notes)


def open_xlsx(path: Path, *, sheet: str = "", header: int = 1) -> Table:
    """Read a sheet of an XLSX file: the named one, else the first. Formulas give the value that was last computed.

    Raises:
        Refused: the file is a bomb or damaged.
        BadTable: it is no workbook, or has no such sheet or header.
    """
    from openpyxl import load_workbook  # heavy, and only for workbooks

    with path.open("rb") as file, SafeZip(file, _XLSX) as archive:
        archive.verify()
    try:
        book = load_workbook(path, read_only=True, data_only=True, keep_links=False)
    except Exception as error:
        raise BadTable(row=0, reason=f"this is no workbook ({type(error).__name__})") from error
    if sheet and sheet not in book.sheetnames:
        book.close()
        raise BadTable(row=0, reason=f'there is no sheet "{sheet}"')
    chosen = book[sheet] if sheet else book.worksheets[0]

    def rows() -> Iterator[list[str]]:
        try:
            for number, row in enumerate(chosen.iter_rows(values_only=True), 1):
                if len(row) > MAX_COLUMNS:
                    row = row[:MAX_COLUMNS]
                    if number > header:
                        raise BadTable(row=number, reason=f"more than {MAX_COLUMNS} columns")
                yield [_cell(value) for value in row]
        finally:
            book.close()

    return _table(rows(), header, [])


def _cell(value: Any) -> str:
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    made = as_text(value)
    return "" if made.startswith("#") and made in _ERRORS else made[:MAX_CELL]


_ERRORS = frozenset({"#N/A", "#REF!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#VALUE!"})


def notes_on(table: Table, mapping: FieldMapping) -> Iterable[Note]:
    """What a dry run should say about the table as a whole."""
    yield from table.notes
    if absent := mapping.absent(table.header):
        yield Note("mapping.columns-absent", {"columns": absent})
    if unmapped := mapping.unmapped(table.header):
        yield Note(
            f"mapping.columns-{'kept' if mapping.rest == 'statements' else 'ignored'}", {"columns": unmapped}
        )
