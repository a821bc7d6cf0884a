"""From a file, folder or address to drafts: which reader takes what, in one place for the pages and the command.

.. code-block:: python

    with opened("csv", Path("objects.csv"), source="museum", mapping=mapping) as source:
        ingest_records(user, source.drafts)
    source.notes  # what people should know about the source as a whole
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from heirloom.archive.fetch import FetchPolicy, FetchRefused, fetch
from heirloom.archive.safe_json import UnsafeJson, load_json
from heirloom.catalogue import export_csv, lido, linkedart_read
from heirloom.catalogue.iiif import presentation_read
from heirloom.errors import gettext_noop
from heirloom.text import InvalidTranslated

from . import jsonlines, tables
from .checks import problem
from .draft import ItemDraft, SourceError
from .folders import Folder
from .harvest import Harvest
from .mapping import FieldMapping
from .tables import Note

FORMATS: Final = ("csv", "xlsx", "jsonl", "folder", "iiif", "oai", "linked-art", "lido")
_ADDRESSES: Final = frozenset({"iiif", "oai", "linked-art", "lido"})
MAX_DOCUMENT: Final = 64 * 1024 * 1024
MAX_MANIFESTS: Final = 100_000

Get = Callable[[str], bytes]


class UnknownFormat(SourceError):
    code = "import.format"
    message = gettext_noop("{name} cannot be imported. Choose one of: {known}.")
    kept = gettext_noop("Nothing was changed.")


class NeedsMapping(SourceError):
    code = "import.needs-mapping"
    message = gettext_noop("A source of the form {name} needs a mapping that says what its fields mean.")
    kept = gettext_noop("Nothing was changed.")


@dataclass(slots=True)
class Source:
    """An opened source: ``drafts`` to be read once; ``notes`` are complete when they have been."""

    drafts: Iterable[ItemDraft] = ()
    notes: list[Note] = field(default_factory=list)
    next_since: str = ""


@contextmanager
def opened(
    form: str,
    where: Path | str,
    *,
    source: str,
    mapping: FieldMapping | None = None,
    options: Mapping[str, Any] | None = None,
    get: Get | None = None,
) -> Iterator[Source]:
    """Open *where*, a path or (for ``iiif``, ``oai``, ``linked-art``, ``lido``) an address of the web.

    Args:
        form: one of :data:`FORMATS`.
        source: name under which the records are kept; a mapping's own name counts before it.
        options: of the reader: ``encoding``, ``delimiter``, ``header``, ``sheet``, ``language``, ``set``, ``since``, ``until``.
        get: fetches an address; by default the guarded fetch.

    Raises:
        UnknownFormat, NeedsMapping, SourceError; while reading also FetchRefused.
    """
    if form not in FORMATS:
        raise UnknownFormat(name=form, known=", ".join(FORMATS))
    given = {**(mapping.reader if mapping else {}), **(options or {})}
    name = mapping.source if mapping else source
    made = Source()
    if form == "oai":
        yield _harvest(made, str(where), name, given, get)
    elif isinstance(where, str) and form in _ADDRESSES:
        made.drafts = _fetched(form, where, name, get or _guarded, made.notes)
        yield made
    else:
        with _OPENERS[form](Path(where), name, mapping, given, made):
            yield made


def _guarded(address: str) -> bytes:
    with tempfile.TemporaryDirectory(prefix="heirloom-import-") as folder:
        policy = FetchPolicy(max_bytes=MAX_DOCUMENT, seconds=60.0)
        accepts = {"Accept": "application/ld+json, application/json, text/xml"}
        return fetch(address, Path(folder), policy, headers=accepts).path.read_bytes()


def _harvest(made: Source, url: str, source: str, given: Mapping[str, Any], get: Get | None) -> Source:
    harvest = Harvest(
        url,
        source,
        **{part: str(given[part]) for part in ("set", "since", "until", "language") if given.get(part)},  # type: ignore[arg-type]
        get=get,
    )

    def drafts() -> Iterator[ItemDraft]:
        yield from harvest
        made.next_since = harvest.next_since
        made.notes.append(
            Note("source.harvested", {"requests": harvest.requests, "next_since": harvest.next_since})
        )

    made.drafts = drafts()
    return made


@contextmanager
def _csv(
    path: Path, source: str, mapping: FieldMapping | None, given: Mapping[str, Any], made: Source
) -> Iterator[None]:
    with path.open("rb") as stream:
        reading = {part: given[part] for part in ("encoding", "delimiter", "header") if part in given}
        table = tables.open_csv(stream, restore=mapping is None, **reading)
        _rows(table, source, mapping, made)
        yield


@contextmanager
def _xlsx(
    path: Path, source: str, mapping: FieldMapping | None, given: Mapping[str, Any], made: Source
) -> Iterator[None]:
    reading = {part: given[part] for part in ("sheet", "header") if part in given}
    _rows(tables.open_xlsx(path, **reading), source, mapping, made)
    yield


def _rows(table: tables.Table, source: str, mapping: FieldMapping | None, made: Source) -> None:
    """A table by its mapping; one that was exported here needs none."""
    if mapping is not None:
        made.notes.extend(tables.notes_on(table, mapping))
        made.drafts = tables.drafts(table, mapping)
    elif export_csv.is_ours(table.header):
        made.notes.extend(table.notes)
        made.drafts = export_csv.drafts_of(table, source)
    else:
        raise NeedsMapping(name="csv")


@contextmanager
def _jsonl(
    path: Path, _source: str, mapping: FieldMapping | None, _given: Mapping[str, Any], made: Source
) -> Iterator[None]:
    if mapping is None:
        raise NeedsMapping(name="jsonl")
    made.drafts = jsonlines.drafts(path, mapping)
    yield


@contextmanager
def _folder(
    path: Path, source: str, mapping: FieldMapping | None, given: Mapping[str, Any], made: Source
) -> Iterator[None]:
    folder = Folder(path, source, mapping, language=str(given.get("language", "und")))

    def drafts() -> Iterator[ItemDraft]:
        yield from folder
        made.notes.extend(Note("source.orphan", dict(orphan)) for orphan in folder.orphans)

    made.drafts = drafts()
    yield


@contextmanager
def _lido(
    path: Path, source: str, _mapping: FieldMapping | None, _given: Mapping[str, Any], made: Source
) -> Iterator[None]:
    with path.open("rb") as stream:
        made.drafts = lido.drafts(stream, source)
        yield


@contextmanager
def _documents(
    path: Path, source: str, _mapping: FieldMapping | None, given: Mapping[str, Any], made: Source
) -> Iterator[None]:
    """A JSON file, or all of a folder, of manifests or Linked Art records."""
    files = sorted(path.rglob("*.json")) if path.is_dir() else [path]
    read = _manifest if given.get("form") == "iiif" else _linked_art
    made.drafts = (
        draft
        for file in files
        if not file.is_symlink()
        for draft in read(file.read_bytes(), source, file.name)
    )
    yield


def _as(form: str) -> Any:
    @contextmanager
    def opener(
        path: Path, source: str, mapping: FieldMapping | None, given: Mapping[str, Any], made: Source
    ) -> Iterator[None]:
        with _documents(path, source, mapping, {**given, "form": form}, made):
            yield

    return opener


_OPENERS: Final[Mapping[str, Any]] = {
    "csv": _csv,
    "xlsx": _xlsx,
    "jsonl": _jsonl,
    "folder": _folder,
    "lido": _lido,
    "iiif": _as("iiif"),
    "linked-art": _as("linked-art"),
}


def _unreadable(source: str, error: Exception, where: str) -> ItemDraft:
    return ItemDraft(
        source, "", problems=(problem("draft.unreadable", value=error, fatal=True),), where=where
    )


def _manifest(data: bytes, source: str, where: str) -> Iterator[ItemDraft]:
    try:
        yield presentation_read.draft(presentation_read.load(data), source)
    except (UnsafeJson, SourceError, InvalidTranslated) as error:
        yield _unreadable(source, error, where)


def _linked_art(data: bytes, source: str, where: str) -> Iterator[ItemDraft]:
    try:
        value = load_json(data)
        entries = value if isinstance(value, list) else [value]
        for entry in entries:
            if isinstance(entry, dict):
                yield linkedart_read.draft(entry, source)
            else:
                yield _unreadable(source, ValueError("no JSON object"), where)
    except (UnsafeJson, InvalidTranslated) as error:
        yield _unreadable(source, error, where)


def _fetched(form: str, address: str, source: str, get: Get, notes: list[Note]) -> Iterator[ItemDraft]:
    """Documents of the web; a collection of manifests is walked, each address once, breadth first."""
    if form == "lido":
        yield from lido.drafts(io.BytesIO(get(address)), source)
    elif form == "linked-art":
        yield from _linked_art(get(address), source, address)
    else:
        yield from walk(address, source, get, notes)


def walk(address: str, source: str, get: Get, notes: list[Note] | None = None) -> Iterator[ItemDraft]:
    """The manifests that can be reached from a manifest or collection; one that fails is a problem, not the end.

    Collections are followed only on the host where the walk began.
    """
    waiting, seen = [address], {address}
    home = urlsplit(address).netloc
    while waiting and len(seen) <= MAX_MANIFESTS:
        current = waiting.pop(0)
        try:
            document = presentation_read.load(get(current))
            if presentation_read.is_collection(document):
                for kind, member in presentation_read.members(document):
                    if member not in seen and (kind == "Manifest" or urlsplit(member).netloc == home):
                        seen.add(member)
                        waiting.append(member)
            else:
                yield presentation_read.draft(document, source)
        except (FetchRefused, UnsafeJson, SourceError, InvalidTranslated) as error:
            if current == address:
                raise
            yield _unreadable(source, error, current)
    if waiting and notes is not None:
        notes.append(Note("source.too-many", {"limit": MAX_MANIFESTS}))
