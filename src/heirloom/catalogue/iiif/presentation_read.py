"""IIIF manifests of others, Presentation 2 and 3, as drafts; collections as the addresses of their manifests.

Nothing is fetched here: whoever walks a collection fetches each address through :mod:`heirloom.archive.fetch`.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import nh3

from heirloom.archive.safe_json import load_json
from heirloom.catalogue.importers.checks import problem
from heirloom.catalogue.importers.draft import (
    ItemDraft,
    MediaDraft,
    PlaceDraft,
    Problem,
    SourceError,
    Statement,
)
from heirloom.catalogue.importers.values import clean, edtf, language_tag, number, rights_uri
from heirloom.errors import gettext_noop
from heirloom.text import Text, Translated

Json = Mapping[str, Any]
MAX_CANVASES: Final = 5_000
_DATE_LABELS: Final = frozenset(
    {
        "date",
        "dates",
        "date created",
        "created",
        "date of creation",
        "年代",
        "日期",
        "ວັນທີ",
        "วันที่",
        "ngày",
        "năm",
    }
)


class NotPresentation(SourceError):
    """The document is no IIIF manifest or collection that we know."""

    code = "import.not-iiif"
    message = gettext_noop("This is no IIIF manifest or collection of version 2 or 3: {reason}")
    kept = gettext_noop("Nothing was changed.")


def load(data: bytes) -> Json:
    """The JSON object of a document. Raises UnsafeJson, NotPresentation."""
    value = load_json(data)
    if not isinstance(value, dict):
        raise NotPresentation(reason="it is no JSON object")
    return value


def version(document: Json) -> int:
    """2 or 3, by the type and the context. Raises NotPresentation."""
    if document.get("type") in ("Manifest", "Collection"):
        return 3
    if document.get("@type") in ("sc:Manifest", "sc:Collection"):
        return 2
    raise NotPresentation(reason=str(document.get("type", document.get("@type", "no type")))[:60])


def is_collection(document: Json) -> bool:
    return document.get("type") == "Collection" or document.get("@type") == "sc:Collection"


def members(document: Json) -> Iterator[tuple[str, str]]:
    """``("Manifest" or "Collection", address)`` for each member of a collection; its pages come last, as collections."""
    if version(document) == 3:
        entries = _objects(document, "items")
    else:
        entries = [
            *_objects(document, "manifests"),
            *_objects(document, "collections"),
            *_objects(document, "members"),
        ]
    for entry in entries:
        kind = str(entry.get("type", entry.get("@type", ""))).removeprefix("sc:")
        address = _identifier(entry)
        if kind in ("Manifest", "Collection") and address.startswith(("http://", "https://")):
            yield kind, address
    for name in ("first", "next"):
        page = document.get(name)
        address = page if isinstance(page, str) else _identifier(page) if isinstance(page, dict) else ""
        if address.startswith(("http://", "https://")):
            yield "Collection", address


def draft(document: Json, source: str) -> ItemDraft:
    """A manifest as a draft of *source*; its address is the identifier.

    Raises:
        NotPresentation: it is no manifest.
    """
    if is_collection(document):
        raise NotPresentation(reason="a collection has no files of its own")
    return _three(document, source) if version(document) == 3 else _two(document, source)


def _objects(record: Json, name: str) -> list[Json]:
    value = record.get(name)
    return [entry for entry in (value if isinstance(value, list) else [value]) if isinstance(entry, dict)]


def _identifier(record: Json) -> str:
    return str(record.get("id") or record.get("@id") or "")


def _plain(value: str) -> str:
    """The words of a value that may hold HTML (Presentation 3, section 4.3)."""
    value = clean(value)
    if value.startswith("<") and value.endswith(">"):
        value = html.unescape(nh3.clean(value, tags=set())).strip()
    return value


# -- version 3 ---------------------------------------------------------------------------------------------------


def language_map(value: Any) -> Translated:
    """A language map as a text; several values of a language on lines of their own, ``none`` as undetermined."""
    found: dict[str, Text] = {}
    if isinstance(value, dict):
        for language, texts in value.items():
            entries = texts if isinstance(texts, list) else [texts]
            joined = "\n".join(filter(None, (_plain(text) for text in entries if isinstance(text, str))))
            if joined:
                found.setdefault(
                    "und" if language in ("none", "@none") else language_tag(language), Text(joined)
                )
    elif isinstance(value, str) and _plain(value):
        found["und"] = Text(_plain(value))
    return Translated(found)


def _three(document: Json, source: str) -> ItemDraft:
    pairs = [
        (language_map(entry.get("label")), language_map(entry.get("value")))
        for entry in _objects(document, "metadata")
    ]
    required = _objects(document, "requiredStatement")
    holder = language_map(required[0].get("value")) if required else Translated()
    places = [
        place
        for part in _objects(document, "navPlace")
        for feature in _objects(part, "features")
        if (place := _feature(feature))
    ]
    canvases = _objects(document, "items")[:MAX_CANVASES]
    media = [file for canvas in canvases for file in _canvas_three(canvas)]
    media += [
        _linked(entry) for entry in _objects(document, "rendering") if _identifier(entry).startswith("http")
    ]
    return _made(
        document,
        source,
        language_map(document.get("label")),
        language_map(document.get("summary")),
        pairs,
        holder,
        str(document.get("rights") or ""),
        places,
        media,
    )


def _canvas_three(canvas: Json) -> Iterator[MediaDraft]:
    label = language_map(canvas.get("label"))
    for page in _objects(canvas, "items"):
        for annotation in _objects(page, "items"):
            if annotation.get("motivation") == "painting":
                for body in _objects(annotation, "body"):
                    chosen = _objects(body, "items")[:1] if body.get("type") == "Choice" else [body]
                    for part in chosen:
                        yield from _body(part, label, "master")
    for page in _objects(canvas, "annotations"):
        for annotation in _objects(page, "items"):
            if annotation.get("motivation") == "supplementing":
                for body in _objects(annotation, "body"):
                    yield from _body(body, language_map(body.get("label")), "transcript")


def _body(body: Json, label: Translated, role: str) -> Iterator[MediaDraft]:
    address = _identifier(body)
    if not address.startswith(("http://", "https://")) or body.get("type") == "TextualBody":
        return
    language = body.get("language")
    yield MediaDraft(
        name=_name(address, body),
        uri=address,
        role=role,
        media_type=str(body.get("format") or ""),
        language=language_tag(language) if isinstance(language, str) else "",
        caption=label,
        service=_service(body),
    )


def _service(body: Json) -> str:
    for service in _objects(body, "service"):
        kind = f"{service.get('type', '')} {service.get('@type', '')} {service.get('@context', '')} {service.get('profile', '')}"
        if "ImageService" in kind or "/image/" in kind or "image-api" in kind:
            return _identifier(service)
    return ""


def _name(address: str, body: Json) -> str:
    """A name for the file: the last part of its address, or for a IIIF image the service's identifier."""
    service = _service(body)
    path = urlsplit(service or address).path.rstrip("/")
    name = unquote(PurePosixPath(path).name) or "file"
    if service and "." not in name[-5:]:
        name += ".jpg"
    return name.replace("/", "_")[:200]


def _linked(entry: Json) -> MediaDraft:
    address = _identifier(entry)
    return MediaDraft(
        name=_name(address, entry),
        uri=address,
        role="master" if entry.get("type") == "Model" else "supplement",
        media_type=str(entry.get("format") or ""),
        caption=language_map(entry.get("label")),
    )


def _feature(feature: Json) -> PlaceDraft | None:
    geometry = feature.get("geometry")
    if not isinstance(geometry, dict):
        return None
    properties = feature.get("properties")
    name = language_map(properties.get("label") if isinstance(properties, dict) else None)
    point = geometry.get("coordinates")
    if geometry.get("type") == "Point" and isinstance(point, list) and len(point) >= 2:
        longitude, latitude = number(str(point[0])), number(str(point[1]))
        return PlaceDraft(name=name, longitude=longitude, latitude=latitude)
    return PlaceDraft(name=name, geometry=geometry) if name or geometry else None


# -- version 2 ---------------------------------------------------------------------------------------------------


def _texts_two(value: Any) -> Translated:
    """A value of version 2: a text, ``{"@value", "@language"}``, or a list of these."""
    found: dict[str, list[str]] = {}
    for entry in value if isinstance(value, list) else [value]:
        if isinstance(entry, dict):
            language, said = str(entry.get("@language") or "und"), entry.get("@value")
        else:
            language, said = "und", entry
        if isinstance(said, str) and (text := _plain(said)):
            found.setdefault(language_tag(language), []).append(text)
    return Translated({language: Text("\n".join(texts)) for language, texts in found.items()})


def _two(document: Json, source: str) -> ItemDraft:
    pairs = [
        (_texts_two(entry.get("label")), _texts_two(entry.get("value")))
        for entry in _objects(document, "metadata")
    ]
    sequences = _objects(document, "sequences")[:1]
    canvases = [canvas for sequence in sequences for canvas in _objects(sequence, "canvases")][:MAX_CANVASES]
    media = [file for canvas in canvases for file in _canvas_two(canvas)]
    given = document.get("license")
    rights = str(given[0] if isinstance(given, list) and given else given or "")
    return _made(
        document,
        source,
        _texts_two(document.get("label")),
        _texts_two(document.get("description")),
        pairs,
        _texts_two(document.get("attribution")),
        rights,
        [],
        media,
    )


def _canvas_two(canvas: Json) -> Iterator[MediaDraft]:
    label = _texts_two(canvas.get("label"))
    for annotation in _objects(canvas, "images"):
        for resource in _objects(annotation, "resource"):
            chosen = _objects(resource, "default") if resource.get("@type") == "oa:Choice" else [resource]
            for part in chosen:
                yield from _body({"type": "Image", **part}, label, "master")


# -- both -----------------------------------------------------------------------------------------------------------


def _made(
    document: Json,
    source: str,
    title: Translated,
    description: Translated,
    pairs: list[tuple[Translated, Translated]],
    holder: Translated,
    rights: str,
    places: list[PlaceDraft],
    media: list[MediaDraft],
) -> ItemDraft:
    identifier = _identifier(document)
    statements: list[Statement] = []
    problems: list[Problem] = []
    date, note = "", Translated()
    for label, value in pairs:
        name = label.text(["en"], default="metadata")
        if not date and any(text.value.casefold() in _DATE_LABELS for text in label.values()):
            date = next(
                filter(None, (edtf(line) for text in value.values() for line in text.value.splitlines())), ""
            )
            note = value
            continue
        statements.extend(
            Statement(name, text.value, "" if language == "und" else language)
            for language, text in value.items()
        )
    known = rights_uri(rights)
    if rights and not known:
        problems.append(problem("draft.rights-unknown", "rights", rights))
        statements.append(Statement("rights", clean(rights)))
    credit = holder.text(["en"])
    if len(holder) > 1 or len(credit) > 300 or "\n" in credit:
        statements.extend(
            Statement("required statement", text.value, "" if language == "und" else language)
            for language, text in holder.items()
        )
    return ItemDraft(
        source=source,
        source_id=identifier,
        source_uri=_homepage(document) or identifier,
        kind=_kind(media),
        title=title,
        description=description,
        date=date,
        date_note=note,
        places=tuple(places),
        rights=known,
        rights_holder=credit if len(credit) <= 300 else "",
        statements=tuple(dict.fromkeys(statements)),
        media=tuple(_named_apart(media)),
        problems=tuple(problems),
        where=identifier,
    )


def _homepage(document: Json) -> str:
    for name in ("homepage", "related"):
        for entry in _objects(document, name):
            address = _identifier(entry)
            if address.startswith(("http://", "https://")):
                return address
    return ""


def _kind(media: list[MediaDraft]) -> str:
    types = {file.media_type.partition("/")[0] for file in media if file.role == "master"}
    if types & {"audio", "video"}:
        return "recording"
    if "model" in types:
        return "model"
    return "image" if media else "object"


def _named_apart(media: list[MediaDraft]) -> Iterator[MediaDraft]:
    """The files with names that differ: pages of a book are often all called ``default.jpg``."""
    seen: dict[str, int] = {}
    for file in dict.fromkeys(media):
        count = seen[file.name] = seen.get(file.name, 0) + 1
        if count == 1:
            yield file
        else:
            stem, dot, ending = file.name.rpartition(".")
            yield replace(file, name=f"{stem}-{count}.{ending}" if dot else f"{file.name}-{count}")
