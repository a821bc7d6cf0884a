"""A list of items as CSV that a spreadsheet opens safely and that an import takes back without loss.

A column is named for its field, with the language after ``@`` (``title@lo``); a machine's text has ``+machine`` behind
it (``title@lo+machine``), so that it cannot come back as a person's. Cells with several values hold one a line. The columns
for people, places, terms, labels and statements hold JSON where plain words would lose something. A second import of
an edited copy changes what was edited: columns and languages that are taken out erase nothing. The columns ``state``, ``labels``
and ``media`` are there to be seen and are not read: publishing, labels and files have actions of their own.

Wiring: ``GET /export/items.csv`` -> ``StreamingHttpResponse(export(items, languages))`` as :data:`MEDIA_TYPE`.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, BinaryIO, Final

from django.db.models import QuerySet

from heirloom.errors import HeirloomError
from heirloom.text import InvalidTranslated, Text, Translated

from .exchange import in_pages
from .importers import tables
from .importers.checks import problem
from .importers.draft import (
    AgentDraft,
    ContributionDraft,
    ItemDraft,
    LabelDraft,
    PlaceDraft,
    Problem,
    Statement,
    TermDraft,
)
from .importers.stored import draft_of
from .importers.values import Origin, clean, flag, language_tag
from .models import Item, Term

MEDIA_TYPE: Final = "text/csv; charset=utf-8; header=present"
_TEXTS: Final = ("title", "description", "date_note")
_PLAIN: Final = ("kind", "date", "rights", "rights_holder", "protocol", "source_uri", "illustrative")
_JSON: Final = ("contributions", "places", "labels", "statements")
_COLUMN: Final = re.compile(
    r"(?P<field>title|description|date_note)@(?P<language>[A-Za-z0-9-]+)(?:\+(?P<origin>machine|reviewed))?"
)
#: Written into the cell of the key so that a table without columns of ours is not taken for one of ours.
COLUMNS: Final = ("key", "source", "source_id", "state")


class _Line:
    """Takes what a CSV writer writes, one line at a time."""

    def __init__(self) -> None:
        self.last = ""

    def write(self, line: str) -> int:
        self.last = line
        return len(line)


def text_columns(items: QuerySet[Item]) -> list[str]:
    """The columns of texts that *items* need: a pass over the texts alone, in pages, without keeping any."""
    found: dict[str, set[tuple[str, str]]] = {name: set() for name in _TEXTS}
    for texts in items.order_by("pk").values_list(*_TEXTS).iterator(chunk_size=2000):
        for name, text in zip(_TEXTS, texts, strict=True):
            found[name].update((language, part.origin) for language, part in text.items())
    return [
        f"{name}@{language}" + ("" if origin == "human" else f"+{origin}")
        for name in _TEXTS
        for language, origin in sorted(found[name])
    ]


def header(columns: Iterable[str]) -> list[str]:
    """The names of all columns, given those of the texts."""
    return [
        *COLUMNS,
        *_PLAIN,
        *columns,
        "communities",
        *(f"terms.{scheme}" for scheme in Term.Scheme.values),
        *_JSON,
        "media",
    ]


def export(items: QuerySet[Item], columns: Iterable[str] | None = None) -> Iterator[bytes]:
    """*items* as CSV in UTF-8 with a mark, line by line; a page of records costs the same few queries.

    Give what the visitor may see: ``Item.objects.filter(rights.visible_items(user))``.
    """
    texts = list(columns) if columns is not None else text_columns(items)
    line = _Line()
    writer = csv.writer(line)
    writer.writerow(header(texts))
    yield b"\xef\xbb\xbf" + line.last.encode()
    for page in in_pages(items):
        for item in page:
            writer.writerow([tables.guarded(cell) for cell in _cells(item, texts)])
            yield line.last.encode()


def _cells(item: Item, columns: Iterable[str]) -> Iterator[str]:
    draft = draft_of(item)
    yield from (item.key, item.source, item.source_id, item.state)
    for name in _PLAIN:
        value = getattr(draft, name)
        yield value if isinstance(value, str) else "true" if value else "false"
    for column in columns:
        match = _COLUMN.fullmatch(column)
        assert match is not None
        text = getattr(draft, match["field"]).get(match["language"])
        yield text.value if text is not None and text.origin == (match["origin"] or "human") else ""
    yield "\n".join(draft.communities)
    for scheme in Term.Scheme.values:
        yield "\n".join(map(_term_cell, (term for term in draft.terms if term.scheme == scheme)))
    for name in _JSON:
        parts = [_WRITERS[name](part) for part in getattr(draft, name)]
        yield json.dumps(parts, ensure_ascii=False) if parts else ""
    yield "\n".join(media.name for media in draft.media)


def _term_cell(term: TermDraft) -> str:
    """``code = label``; the label is for people and is read again only for a term that is not there yet."""
    label = term.label.text(["en"]).replace("\n", " ")
    return f"{term.code} = {label}" if label else term.code


def _contribution_json(part: ContributionDraft) -> dict[str, Any]:
    agent = part.agent
    made = {
        "role": part.role,
        "name": agent.name.to_json(),
        "kind": agent.kind,
        "uri": agent.uri,
        "id": agent.source_id,
    }
    return {name: value for name, value in made.items() if value}


def _place_json(place: PlaceDraft) -> dict[str, Any]:
    made = {
        "name": place.name.to_json(),
        "gazetteer": place.gazetteer,
        "country": place.country,
        "longitude": place.longitude,
        "latitude": place.latitude,
        "precision_km": place.precision_km,
        "geometry": place.geometry,
    }
    return {name: value for name, value in made.items() if value not in ("", None)}


def _label_json(label: LabelDraft) -> dict[str, Any]:
    return {"community": label.community, "code": label.code, "text": label.text.to_json()}


_WRITERS: Final[Mapping[str, Callable[[Any], dict[str, Any]]]] = {
    "contributions": _contribution_json,
    "places": _place_json,
    "labels": _label_json,
    "statements": Statement.to_json,
}


# -- reading it back -------------------------------------------------------------------------------------------


def is_ours(names: Iterable[str]) -> bool:
    """Whether a table with these columns was exported here, or follows the same names."""
    there = set(names)
    return {"key", "source_id"} <= there and any(map(_COLUMN.fullmatch, there))


def drafts(stream: BinaryIO, source: str) -> Iterator[ItemDraft]:
    """The rows of an exported table as drafts. *source* stands for rows that name none and have no key.

    Raises:
        SourceError: it is no table.
    """
    yield from drafts_of(tables.open_csv(stream, encoding="utf-8-sig", restore=True), source)


def drafts_of(table: tables.Table, source: str) -> Iterator[ItemDraft]:
    """The rows of a table with the columns of an export as drafts; its formulas are restored already."""
    for where, record in table:
        try:
            yield draft_of_row(record, source, where)
        except InvalidTranslated as error:
            unreadable = problem("draft.unreadable", value=error, fatal=True)
            yield ItemDraft(source, record.get("source_id", ""), problems=(unreadable,), where=where)


def draft_of_row(record: Mapping[str, str], source: str, where: str) -> ItemDraft:
    problems: list[Problem] = []
    fields: dict[str, Any] = {name: clean(record.get(name, "")) for name in _PLAIN if name != "illustrative"}
    fields |= {name: _text(record, name) for name in _TEXTS}
    for name in _READERS:
        fields[name] = tuple(_parsed(record.get(name, ""), name, problems))
    return ItemDraft(
        source=clean(record.get("source", "")) or ("" if record.get("key") else source),
        source_id=clean(record.get("source_id", "")),
        key=clean(record.get("key", "")),
        terms=tuple(_terms(record)),
        communities=tuple(_lines(record.get("communities", ""))),
        illustrative=flag(record.get("illustrative", "")),
        problems=tuple(problems),
        where=where,
        **fields,
    )


def _text(record: Mapping[str, str], name: str) -> Translated:
    found: dict[str, Text] = {}
    for column, cell in record.items():
        match = _COLUMN.fullmatch(column)
        if match and match["field"] == name and (value := clean(cell)):
            language = language_tag(match["language"])
            origin: Origin = match["origin"] or "human"  # type: ignore[assignment]
            if language not in found or found[language].origin == "machine":
                found[language] = Text(value, origin)
    return Translated(found)


def _lines(cell: str) -> list[str]:
    return [line for part in cell.splitlines() if (line := clean(part))]


def _terms(record: Mapping[str, str]) -> Iterator[TermDraft]:
    for scheme in Term.Scheme.values:
        for line in _lines(record.get(f"terms.{scheme}", "")):
            code, _, label = line.partition(" = ")
            yield TermDraft(
                scheme, code.strip(), Translated({"en": label}) if label.strip() else Translated()
            )


def _parsed(cell: str, name: str, problems: list[Problem]) -> Iterator[Any]:
    if not cell.strip():
        return
    try:
        parts = json.loads(cell)
        if not isinstance(parts, list):
            raise TypeError(name)
        yield from [_READERS[name](part) for part in parts]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, HeirloomError):
        problems.append(problem("draft.unreadable", name, cell))


def _contribution(part: Mapping[str, Any]) -> ContributionDraft:
    agent = AgentDraft(
        Translated.from_json(part.get("name", {})),
        str(part.get("kind", "person")),
        str(part.get("uri", "")),
        str(part.get("id", "")),
    )
    return ContributionDraft(agent, str(part.get("role", "cre")))


def _place(part: Mapping[str, Any]) -> PlaceDraft:
    known = {
        name: part[name] for name in ("longitude", "latitude", "precision_km") if part.get(name) is not None
    }
    return PlaceDraft(
        name=Translated.from_json(part.get("name", {})),
        gazetteer=str(part.get("gazetteer", "")),
        country=str(part.get("country", "")),
        geometry=part.get("geometry"),
        **{name: float(value) for name, value in known.items()},
    )


_READERS: Final[Mapping[str, Callable[[Mapping[str, Any]], Any]]] = {
    "contributions": _contribution,
    "places": _place,
    "statements": Statement.from_json,
}


def written(items: QuerySet[Item]) -> bytes:
    """The whole table at once; for small lists."""
    made = io.BytesIO()
    for line in export(items):
        made.write(line)
    return made.getvalue()
