"""Readings from the files of loggers: CSV with any usual delimiter, or XLSX. What cannot be read is told by its row, never dropped in silence."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heirloom.pathways.condition import errors

from .psychrometry import Floats

__all__ = ["Readings", "read"]

LIMITS = {
    "air": (-90.0, 90.0),
    "humidity": (0.0, 105.0),
    "surface": (-90.0, 120.0),
    "light": (0.0, 200_000.0),
}
"""What a quantity can be at all (degrees C, %, degrees C, lux); a value outside is no reading."""


@dataclass(frozen=True, slots=True)
class Readings:
    """Readings in the order of time.

    Attributes:
        time: (n,) seconds since 1970, UTC, rising.
        values: of each column that was asked for, (n,), no number where a row has none.
        refused: rows that were not taken: number in the file (the head is 1) and why: ``time``, ``value``, ``differs``.
        repeated: rows that were there twice with the same values.
    """

    time: NDArray[np.int64]
    values: Mapping[str, Floats]
    refused: tuple[tuple[int, str], ...] = ()
    repeated: int = 0


@dataclass
class _Taken:
    rows: dict[int, tuple[float, ...]] = field(default_factory=dict)
    refused: list[tuple[int, str]] = field(default_factory=list)
    repeated: int = 0


def _table(path: Path, name: str) -> Iterator[list[Any]]:
    if name.lower().endswith(".xlsx"):
        from openpyxl import load_workbook

        sheet = load_workbook(path, read_only=True, data_only=True).worksheets[0]
        yield from (list(row) for row in sheet.iter_rows(values_only=True))
        return
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise errors.NotReadings(name=name) from None
    first = text.partition("\n")[0]
    delimiter = max(";\t,", key=first.count)
    yield from csv.reader(io.StringIO(text), delimiter=delimiter)


def _moment(value: Any, offset: timezone) -> int | None:
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value).strip())
        return round((moment if moment.tzinfo else moment.replace(tzinfo=offset)).timestamp())
    except (ValueError, OverflowError):
        return None


def _number(value: Any) -> float:
    """The value; not a number for an empty cell. Raises ValueError."""
    text = str("" if value is None else value).strip()
    if not text:
        return math.nan
    return float(text.replace(",", ".") if text.count(",") == 1 and "." not in text else text)


def _values(row: list[Any], places: Iterable[tuple[str, int]]) -> tuple[float, ...] | None:
    found = []
    for kind, place in places:
        try:
            value = _number(row[place] if place < len(row) else None)
        except ValueError:
            return None
        low, high = LIMITS[kind]
        if not math.isnan(value) and not low <= value <= high:
            return None
        found.append(value)
    return None if all(math.isnan(value) for value in found) else tuple(found)


def read(path: Path, name: str, time: str, columns: Mapping[str, str], *, offset: float = 0.0) -> Readings:
    """Read a logger's file.

    Args:
        name: the file's own name; its ending tells XLSX from CSV.
        time: head of the column of times: ISO 8601, or year-month-day hour:minute.
        columns: head of the column for each of ``air``, ``humidity``, ``surface``, ``light`` that is wanted.
        offset: hours ahead of UTC of the logger's clock, where a time does not say.

    Raises:
        NotReadings: no table, or no usable row. NoColumn: a column is not there.
    """
    rows = _table(path, name)
    head = [str(cell if cell is not None else "").strip() for cell in next(rows, [])]
    for wanted in (time, *columns.values()):
        if wanted not in head:
            raise errors.NoColumn(name=name, column=wanted, columns=", ".join(filter(None, head))[:300])
    places = [(kind, head.index(wanted)) for kind, wanted in columns.items()]
    clock, zone = head.index(time), timezone(timedelta(hours=offset))
    taken = _Taken()
    for number, row in enumerate(rows, 2):
        if not any(str(cell).strip() for cell in row if cell is not None):
            continue
        moment = _moment(row[clock] if clock < len(row) else "", zone)
        values = _values(row, places)
        if moment is None or not 0 <= moment < 4_102_444_800:
            taken.refused.append((number, "time"))
        elif values is None:
            taken.refused.append((number, "value"))
        elif moment not in taken.rows:
            taken.rows[moment] = values
        elif np.array_equal(taken.rows[moment], values, equal_nan=True):
            taken.repeated += 1
        else:
            taken.refused.append((number, "differs"))
    if not taken.rows:
        raise errors.NotReadings(name=name)
    order = np.array(sorted(taken.rows), np.int64)
    found = np.array([taken.rows[int(moment)] for moment in order], np.float64)
    return Readings(
        order,
        {kind: found[:, place] for place, kind in enumerate(columns)},
        tuple(taken.refused),
        taken.repeated,
    )


def day(moment: int, offset: float = 0.0) -> str:
    """The calendar day of *moment* (seconds since 1970) so many hours ahead of UTC, ISO 8601."""
    return (datetime.fromtimestamp(moment, UTC) + timedelta(hours=offset)).date().isoformat()
