"""Reading a table of records: CSV, TSV or JSON lines, UTF-8, one record a row, row by row."""

from __future__ import annotations

import csv
import json
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from heirloom.pathways.diversity import errors

Row = dict[str, tuple[str, ...]]
_CELL_LIMIT = 1_000_000


def rows(path: Path, name: str, separator: str) -> Iterator[Row]:
    """The records of the table: column -> the values the cell names (none, one or several), each once.

    A cell of text is cut at *separator*; a JSON list is taken as it is. Values are NFC with outer spaces removed.

    Raises NotUtf8, TableUnreadable.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            first = stream.read(4096)
            stream.seek(0)
            if first.lstrip()[:1] == "{":
                yield from _json_lines(stream, name, separator)
            else:
                yield from _delimited(stream, name, separator, first)
    except UnicodeError:
        raise errors.NotUtf8(name=name) from None


def _values(cell: str, separator: str) -> tuple[str, ...]:
    parts = cell.split(separator) if separator else [cell]
    cleaned = (unicodedata.normalize("NFC", part).strip() for part in parts)
    return tuple(dict.fromkeys(part for part in cleaned if part))


def _json_lines(stream: Iterator[str], name: str, separator: str) -> Iterator[Row]:
    for number, line in enumerate(stream, 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            raise errors.NotJsonObject(name=name, line=number) from None
        if not isinstance(record, dict):
            raise errors.NotJsonObject(name=name, line=number)
        # JSON can escape half a surrogate pair, which is no text and could not be written again.
        if "\\u" in line:
            json.dumps(record, ensure_ascii=False).encode()
        row: Row = {}
        for column, cell in record.items():
            if cell is None:
                row[column] = ()
            elif isinstance(cell, list):
                whole = (
                    str(item) for item in cell if item is not None and not isinstance(item, (dict, list))
                )
                row[column] = tuple(dict.fromkeys(v for item in whole for v in _values(item, "")))
            elif not isinstance(cell, dict):
                row[column] = _values(str(cell), separator)
        yield row


def _delimited(stream: Iterator[str], name: str, separator: str, first: str) -> Iterator[Row]:
    heading = first.partition("\n")[0]
    delimiter = max(",\t;", key=heading.count)
    csv.field_size_limit(_CELL_LIMIT)
    reader = csv.reader(stream, delimiter=delimiter, strict=True)
    columns: list[str] = []
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if not columns:
                columns = [unicodedata.normalize("NFC", cell).strip() for cell in cells]
                for column in columns:
                    if columns.count(column) > 1:
                        raise errors.ColumnTwice(name=name, column=column)
                continue
            if len(cells) > len(columns):
                raise errors.TooManyCells(name=name, line=reader.line_num)
            yield {
                column: _values(cell, separator)
                for column, cell in zip(columns, cells + [""] * (len(columns) - len(cells)), strict=True)
            }
    except csv.Error:
        raise errors.BadQuoting(name=name, line=reader.line_num) from None
