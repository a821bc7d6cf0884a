"""What a run found, in the reader's words and numbers: the sentences, pictures and tables of its ``summary.json``.

A method writes its summary as data (see :mod:`heirloom.pathways.message` and :mod:`heirloom.pathways.charts`), because a run
outlives the language it was started in. Here a page turns it into that of its reader.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from babel.numbers import format_decimal, format_percent
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from heirloom.catalogue.store import archive
from heirloom.errors import HeirloomError
from heirloom.keys import object_id
from heirloom.pathways.charts import NARROW, Chart, svg
from heirloom.pathways.message import Message, Value
from heirloom.web.templatetags.measures import page_language, reader_locale

SUMMARY: Final = "summary.json"
LARGEST: Final = 2_000_000  # bytes of a summary that a page still reads
_REMEMBERED: Final = 64


def findings(run_key: str, outputs: Iterable[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Return what the outputs of a run say; ``None`` where its method writes no summary, or it cannot be read.

    Args:
        outputs: the run's outputs as recorded or sealed, with ``path``, ``size`` and ``sha512``.

    Returns:
        ``sentences`` (str), ``pictures`` (``file``, ``label``, ``note``, ``svg``, ``narrow``, and ``columns`` and ``rows`` of its
        table), and ``tables`` that belong to no picture (``label``, ``columns``, ``rows``).

    """
    out = next((out for out in outputs if out["path"].rpartition("/")[2] == SUMMARY), None)
    if out is None or int(out["size"]) > LARGEST:
        return None
    summary = document(run_key, out["path"], out["sha512"])
    if summary is None:
        return None
    try:
        return _said(summary, run_key)
    except (KeyError, TypeError, ValueError, IndexError):
        return None  # written by a method that means something else by this name


@functools.lru_cache(_REMEMBERED)
def document(run_key: str, path: str, sha512: str) -> Mapping[str, Any] | None:
    """Return the JSON object in a run's output with this digest: files never change, so it is read once."""
    try:
        content = archive().read(object_id("run", run_key), path)
    except HeirloomError:
        return None
    if hashlib.sha512(content).hexdigest() != sha512:
        return None
    try:
        found = json.loads(content)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _said(summary: Mapping[str, Any], run_key: str) -> dict[str, Any]:
    tables = {table["id"]: table for table in summary["tables"]}
    pictures = []
    for number, picture in enumerate(summary["pictures"]):
        chart = Chart.from_json(picture["chart"])
        name = f"chart-{run_key[-8:]}-{number}"
        pictures.append(
            {
                "file": picture["file"],
                "label": chart.title.text(gettext, _written),
                "note": chart.description.text(gettext, _written),
                "svg": _drawn(chart, name),
                "narrow": _drawn(chart, f"{name}-narrow", width=NARROW),
                **_table(tables.pop(picture["table"], None)),
            }
        )
    return {
        "sentences": [Message.from_json(one).text(gettext, _written) for one in summary["sentences"]],
        "pictures": pictures,
        "tables": [
            {"label": Message.from_json(table["title"]).text(gettext, _written), **_table(table)}
            for table in tables.values()
        ],
    }


def _drawn(chart: Chart, name: str, **options: Any) -> SafeString:
    drawn = svg(
        chart,
        translate=gettext,
        write=_written,
        language=page_language(),
        name=name,
        standalone=False,
        **options,
    )
    return mark_safe(drawn)  # noqa: S308 - the drawing escapes every word it is given


def _table(table: Mapping[str, Any] | None) -> dict[str, Any]:
    if table is None:
        return {"columns": [], "rows": []}
    return {
        "columns": [Message.from_json(column).text(gettext, _written) for column in table["columns"]],
        "rows": [
            ["–" if cell is None else _written(Value(**cell), gettext) for cell in row]
            for row in table["rows"]
        ],
    }


def _written(value: Value, translate: Callable[[str], str]) -> str:
    """A value as this reader writes numbers."""
    if value.style == "message":
        return translate(str(value.value))
    if value.style == "text":
        return str(value.value)
    digits = "0" * value.digits
    pattern = "#,##0" + (f".{digits}" if digits else "")
    if value.style == "percent":
        return str(format_percent(value.value, _percent(digits), locale=reader_locale()))
    return str(format_decimal(value.value, pattern, locale=reader_locale()))


def _percent(digits: str) -> str:
    """The locale's pattern for per cent with so many decimals: some put a space before the sign, some the sign first."""
    own = str(reader_locale().percent_formats[None].pattern).partition(";")[0]
    return own.replace("#,##0", "#,##0" + (f".{digits}" if digits else ""))
