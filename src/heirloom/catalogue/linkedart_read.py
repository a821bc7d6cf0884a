"""Linked Art records of others (and our own) as drafts; what has no field becomes a statement.

Only what a record itself says is read; nothing is fetched. Patterns follow the Linked Art model 1.0: names and
statements with ``language`` and ``classified_as``, ``produced_by``/``created_by`` with ``part``, ``timespan``,
``made_of``, ``representation``, ``subject_to``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any, Final
from urllib.parse import urlsplit

from heirloom.text import Text, Translated

from . import vocabularies
from .importers.checks import problem
from .importers.draft import (
    AgentDraft,
    ContributionDraft,
    ItemDraft,
    MediaDraft,
    PlaceDraft,
    Statement,
    TermDraft,
)
from .importers.values import clean, edtf, language_code, language_tag, rights_uri, term_code, year_range
from .linkedart import (
    AAT,
    ACCESSION_NUMBER,
    BCP47,
    CREDIT_LINE,
    DESCRIPTION,
    DISPLAY_TITLE,
    KIND_URN,
    RELATORS,
    RIGHTS_STATEMENT,
    STATEMENT_URN,
    SYSTEM_NUMBER,
    TK_URN,
)
from .linkedart_languages import AAT_TO_LANGUAGE

Json = Mapping[str, Any]

KINDS: Final = {
    "HumanMadeObject": "object",
    "LinguisticObject": "text",
    "DigitalObject": "data",
    "Place": "place",
    "PropositionalObject": "practice",
    "VisualItem": "image",
}
_DESCRIPTIONS: Final = {f"{AAT}{DESCRIPTION[0]}", f"{AAT}300080091", f"{AAT}300411780"}
_CREDITS: Final = {f"{AAT}{CREDIT_LINE[0]}", f"{AAT}300026687"}
_RIGHTS: Final = {f"{AAT}{RIGHTS_STATEMENT[0]}", f"{AAT}300055547", f"{AAT}300417696"}
_SYSTEM: Final = f"{AAT}{SYSTEM_NUMBER[0]}"
_ACCESSION: Final = f"{AAT}{ACCESSION_NUMBER[0]}"
_LEXVO: Final = "http://lexvo.org/id/iso639-3/"


def _list(record: Json, name: str) -> list[Json]:
    """The objects at *name*: a list of them, a single one, or none."""
    value = record.get(name)
    entries = value if isinstance(value, list) else [value]
    return [entry for entry in entries if isinstance(entry, dict)]


def _text(record: Json, name: str) -> str:
    value = record.get(name)
    return clean(value) if isinstance(value, str) else ""


def _ids(record: Json, name: str) -> set[str]:
    return {_address(part) for part in _list(record, name)}


def _address(record: Json) -> str:
    """The id with the prefixes that Linked Art documents use written out, ``http`` for the Getty's."""
    identifier = _text(record, "id")
    if identifier.startswith("aat:"):
        return f"{AAT}{identifier[4:]}"
    return identifier.replace("https://vocab.getty.edu/", "http://vocab.getty.edu/")


def language_of(record: Json) -> str:
    """The language of a name or statement as a BCP 47 tag, ``und`` where it is not said or not known."""
    for spoken in _list(record, "language"):
        for part in (*_list(spoken, "equivalent"), spoken):
            address = _address(part)
            if address.startswith(BCP47):
                return language_tag(address[len(BCP47) :])
            if address.startswith(AAT) and (code := AAT_TO_LANGUAGE.get(address[len(AAT) :])):
                return code
            if address.startswith(_LEXVO) or "/iso639-" in address:
                return language_tag(address.rstrip("/").rpartition("/")[2])
    return "und"


def _names(record: Json) -> Translated:
    """Names by language; the primary one first where a language has several."""
    found: dict[str, Text] = {}
    names = [part for part in _list(record, "identified_by") if part.get("type") == "Name"]
    for name in sorted(names, key=lambda part: f"{AAT}300404670" not in _ids(part, "classified_as")):
        if content := _text(name, "content"):
            found.setdefault(language_of(name), Text(content))
    if not found and (label := _text(record, "_label")):
        found["und"] = Text(label)
    return Translated(found)


def draft(record: Json, source: str) -> ItemDraft:
    """One Linked Art entity as a draft of *source*; its ``id`` is the identifier of the draft."""
    kind = str(record.get("type", ""))
    identifier = _text(record, "id")
    event = next(iter(_list(record, "produced_by") or _list(record, "created_by")), {})
    span: Json = next(iter(_list(event, "timespan")), {})
    reading = _Reading(record)
    reading.read_statements()
    date, note = _date(span)
    return ItemDraft(
        source=source,
        source_id=identifier,
        source_uri=identifier if urlsplit(identifier).scheme in ("http", "https") else "",
        kind=_kind(record, kind),
        title=_names(record),
        description=Translated(reading.description),
        date=date,
        date_note=note,
        contributions=tuple(dict.fromkeys(_contributions(event))),
        places=tuple(dict.fromkeys(_places(record, event))),
        terms=tuple(dict.fromkeys(_terms(record, event))),
        rights=reading.rights or _rights(record),
        rights_holder=reading.credit,
        statements=tuple(dict.fromkeys([*_identifiers(record), *reading.statements])),
        media=tuple(dict.fromkeys(_media(record))),
        problems=() if kind in KINDS else (problem("draft.kind-unknown", "type", kind),),
        where=identifier,
    )


def _kind(record: Json, kind: str) -> str:
    for address in _ids(record, "classified_as"):
        if address.startswith(KIND_URN):
            return address[len(KIND_URN) :]
    return KINDS.get(kind, "object")


class _Reading:
    """Sorts the statements of a record into description, credit, rights and the rest."""

    def __init__(self, record: Json) -> None:
        self.record = record
        self.description: dict[str, Text] = {}
        self.credit = ""
        self.rights = ""
        self.statements: list[Statement] = []

    def read_statements(self) -> None:
        for part in _list(self.record, "referred_to_by"):
            content = _text(part, "content")
            kinds = _ids(part, "classified_as")
            language = language_of(part)
            if not content:
                continue
            if kinds & _DESCRIPTIONS and language not in self.description:
                self.description[language] = Text(content)
            elif kinds & _CREDITS and not self.credit:
                self.credit = content
            elif kinds & _RIGHTS and (found := next(filter(None, map(rights_uri, [*kinds, content])), "")):
                self.rights = self.rights or found
            else:
                self.statements.append(
                    Statement(self._name(part), content, "" if language == "und" else language)
                )

    @staticmethod
    def _name(part: Json) -> str:
        for kind in _list(part, "classified_as"):
            address = _address(kind)
            if address == STATEMENT_URN or address.startswith(TK_URN) or _text(kind, "_label"):
                return _text(kind, "_label") or "statement"
        return _text(part, "_label") or "statement"


def _rights(record: Json) -> str:
    entities = [record, *_list(record, "shows"), *_list(record, "representation")]
    addresses = (
        address
        for entity in entities
        for right in _list(entity, "subject_to")
        for address in _ids(right, "classified_as")
    )
    return next(filter(None, map(rights_uri, addresses)), "")


def _identifiers(record: Json) -> Iterator[Statement]:
    for part in _list(record, "identified_by"):
        if part.get("type") == "Identifier" and (content := _text(part, "content")):
            kinds = _ids(part, "classified_as")
            if _SYSTEM in kinds:
                continue  # the number of another system says nothing here
            name = next((_text(kind, "_label") for kind in _list(part, "classified_as")), "")
            yield Statement("accession number" if _ACCESSION in kinds else name or "identifier", content)


_YEAR = re.compile(r"(-?\d{4,})-(\d{2})-(\d{2})")


def _date(span: Json) -> tuple[str, Translated]:
    """EDTF from our own name of the date, from its words or from its bounds; the words beside it."""
    said: dict[str, Text] = {}
    found = ""
    for name in _list(span, "identified_by"):
        content = _text(name, "content")
        if not content:
            continue
        if not found and (made := edtf(content)):
            found = made
        if _text(name, "_label") != "EDTF" or f"{AAT}{DISPLAY_TITLE[0]}" in _ids(name, "classified_as"):
            said.setdefault(language_of(name), Text(content))
    start, end = _text(span, "begin_of_the_begin"), _text(span, "end_of_the_end")
    if not found:
        first, last = _YEAR.match(start), _YEAR.match(end)
        if first and last and first[0] == last[0]:
            found = first[0]
        else:
            found = year_range(first[1] if first else "", last[1] if last else "")
    own = next(
        (_text(name, "content") for name in _list(span, "identified_by") if _text(name, "_label") == "EDTF"),
        "",
    )
    return own or found, Translated(said)


def _contributions(event: Json) -> Iterator[ContributionDraft]:
    for part in (event, *_list(event, "part")):
        role = next(
            (found for found in map(_role, _ids(part, "classified_as") | _ids(part, "technique")) if found),
            "cre",
        )
        for person in _list(part, "carried_out_by"):
            address = _text(person, "id")
            same = next((_text(one, "id") for one in _list(person, "equivalent")), "")
            uri = same or address
            yield ContributionDraft(
                AgentDraft(
                    name=_names(person),
                    kind="person" if person.get("type") == "Person" else "group",
                    uri=uri if uri.startswith("http") else "",
                    source_id=address[:200],
                ),
                role,
            )


def _role(address: str) -> str:
    code = address[len(RELATORS) :] if address.startswith(RELATORS) else ""
    return code if code in vocabularies.RELATORS else ""


def _places(record: Json, event: Json) -> Iterator[PlaceDraft]:
    for part in (event, *_list(event, "part")):
        for place in _list(part, "took_place_at"):
            yield _place(place)
    if record.get("type") == "Place":
        for place in _list(record, "part_of"):
            yield _place(place)
        if point := _point(_text(record, "defined_by")):
            yield PlaceDraft(name=_names(record), longitude=point[0], latitude=point[1])


def _place(place: Json) -> PlaceDraft:
    same = next((_text(one, "id") for one in _list(place, "equivalent")), "") or _text(place, "id")
    point = _point(_text(place, "defined_by"))
    return PlaceDraft(
        name=_names(place),
        gazetteer=same if same.startswith("http") else "",
        longitude=point[0] if point else None,
        latitude=point[1] if point else None,
    )


_POINT = re.compile(r"\s*POINT\s*\(\s*(-?[\d.]+)\s+(-?[\d.]+)\s*\)\s*", re.IGNORECASE)


def _point(wkt: str) -> tuple[float, float] | None:
    match = _POINT.fullmatch(wkt)
    try:
        return (float(match[1]), float(match[2])) if match else None
    except ValueError:
        return None


def _terms(record: Json, event: Json) -> Iterator[TermDraft]:
    listed = [
        ("form", _list(record, "classified_as")),
        ("material", _list(record, "made_of")),
        ("technique", _list(event, "technique")),
        ("period", _list(event, "during")),
        ("subject", [*_list(record, "about"), *_list(record, "represents_instance_of_type")]),
        ("language", _list(record, "language")),
    ]
    listed.extend(
        ("technique", [one for one in _list(part, "technique") if not _role(_address(one))])
        for part in _list(event, "part")
    )
    listed.extend(
        ("subject", [*_list(shown, "about"), *_list(shown, "represents_instance_of_type")])
        for shown in (*_list(record, "shows"), *_list(record, "digitally_shows"))
    )
    for scheme, entries in listed:
        for entry in entries:
            if made := _term(scheme, entry):
                yield made


_OWN_TERM = re.compile(r"urn:heirloom:term:([a-z]+):(.+)")


def _term(scheme: str, entry: Json) -> TermDraft | None:
    address = _address(entry)
    if address.startswith(KIND_URN):
        return None
    label = _names(entry)
    if own := _OWN_TERM.fullmatch(address):
        return TermDraft(own[1], own[2], label)
    if address.startswith(AAT) and scheme != "language":
        return TermDraft(scheme, f"aat:{address[len(AAT) :]}", label, address)
    if scheme == "language" or "/iso639-" in address or "glottolog.org" in address:
        tag = language_of({"language": [entry]})
        code = language_code(address) or (language_code(tag) if tag != "und" else "")
        return TermDraft("language", code, label, address) if code else None
    code = term_code(label.text(["en"]) or address)
    return TermDraft(scheme, code, label, address if address.startswith("http") else "") if code else None


def _media(record: Json) -> Iterator[MediaDraft]:
    for visual in _list(record, "representation"):
        for file in _list(visual, "digitally_shown_by"):
            yield from _file(file)
    if record.get("type") == "DigitalObject":
        yield from _file(record)


def _file(file: Json) -> Iterator[MediaDraft]:
    service = ""
    for offered in _list(file, "digitally_available_via"):
        if "http://iiif.io/api/image" in _ids(offered, "conforms_to"):
            service = next((_text(point, "id") for point in _list(offered, "access_point")), "")
    alt = {
        language_of(part): Text(_text(part, "content"))
        for part in _list(file, "referred_to_by")
        if _text(part, "content")
    }
    for point in _list(file, "access_point"):
        address = _text(point, "id")
        if address.startswith(("http://", "https://")):
            yield MediaDraft(
                name=_text(point, "_label") or PurePosixPath(urlsplit(address).path).name or "file",
                uri=address,
                media_type=_text(file, "format"),
                service=service,
                alt=Translated(alt),
            )
