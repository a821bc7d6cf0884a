"""LIDO 1.0 and 1.1 as drafts (http://www.lido-schema.org): read as a stream, one ``lido:lido`` at a time.

Every text carries the ``xml:lang`` of its own element or of the nearest one around it. What the reader has no field for,
such as measurements and inscriptions, becomes a statement.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import BinaryIO, Final
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from heirloom.errors import gettext_noop
from heirloom.text import InvalidTranslated, Text, Translated

from .importers.checks import problem
from .importers.draft import (
    AgentDraft,
    ContributionDraft,
    ItemDraft,
    MediaDraft,
    PlaceDraft,
    SourceError,
    Statement,
    TermDraft,
)
from .importers.values import (
    clean,
    edtf,
    language_code,
    language_tag,
    number,
    rights_uri,
    shortened,
    term_code,
    year_range,
)

NAMESPACE: Final = "http://www.lido-schema.org"
_L: Final = f"{{{NAMESPACE}}}"
_LANG: Final = "{http://www.w3.org/XML/1998/namespace}lang"
MAX_DEPTH: Final = 60
MAX_RECORD_ELEMENTS: Final = 100_000
_PRODUCTION: Final = frozenset({"lido00007", "lido00012", "lido00030", "lido00224", "lido00031"})
_AAT: Final = "vocab.getty.edu/aat/"


class BadLido(SourceError):
    """The file is no LIDO, or not well-formed."""

    code = "import.lido"
    message = gettext_noop("This is no LIDO file: {reason}")
    kept = gettext_noop("Nothing was changed.")


def drafts(stream: BinaryIO, source: str) -> Iterator[ItemDraft]:
    """The records of a LIDO file (``lido:lidoWrap`` or a single ``lido:lido``).

    Raises:
        BadLido: not well-formed, a document type, too deep, a record too large, or no LIDO at all.
    """
    found = 0
    for record in _records(stream):
        found += 1
        try:
            yield draft(record, source, f"record {found}")
        except InvalidTranslated as error:
            unreadable = problem("draft.unreadable", value=error, fatal=True)
            yield ItemDraft(source, "", problems=(unreadable,), where=f"record {found}")
    if not found:
        raise BadLido(reason="it holds no lido:lido")


def _records(stream: BinaryIO) -> Iterator[Element]:
    """Each ``lido:lido`` whole; everything before is let go."""
    depth = count = 0
    path: list[Element] = []
    try:
        for event, element in iterparse(stream, events=("start", "end"), forbid_dtd=True):
            if event == "start":
                path.append(element)
                depth += 1
                count += 1
                if depth > MAX_DEPTH or count > MAX_RECORD_ELEMENTS:
                    raise BadLido(reason="a record is nested too deeply or too large")
                continue
            depth -= 1
            path.pop()
            if element.tag == f"{_L}lido":
                yield element
                count = 0
                element.clear()
                if path:
                    path[-1].remove(element)
    except DefusedXmlException as error:
        raise BadLido(reason="it declares a document type") from error
    except (ParseError, ValueError, LookupError) as error:
        raise BadLido(reason=str(error)[:120]) from error


class _Record:
    """A record with the language of each of its elements."""

    def __init__(self, root: Element) -> None:
        self.root = root
        self.languages: dict[Element, str] = {}
        self._spread(root, "")

    def _spread(self, element: Element, around: str) -> None:
        waiting = [(element, around)]
        while waiting:
            part, language = waiting.pop()
            language = part.get(_LANG, language)
            self.languages[part] = language
            waiting.extend((child, language) for child in part)

    def all(self, path: str, start: Element | None = None) -> list[Element]:
        """The elements at a path of LIDO names."""
        return (self.root if start is None else start).findall(
            "/".join(f"{_L}{step}" if step[0].isalpha() else step for step in path.split("/"))
        )

    def said(self, path: str, start: Element | None = None) -> Iterator[tuple[str, str]]:
        """``(language, words)`` of the elements at a path."""
        for element in self.all(path, start):
            if words := _words(element):
                yield language_tag(self.languages[element]), words

    def first(self, path: str, start: Element | None = None) -> str:
        return next((words for _, words in self.said(path, start)), "")

    def text(self, path: str, start: Element | None = None, *, preferred: bool = True) -> Translated:
        """One text a language: the preferred one, else the first."""
        found: dict[str, Text] = {}
        elements = self.all(path, start)
        if preferred:
            elements.sort(key=lambda element: element.get(f"{_L}pref", "preferred") != "preferred")
        for element in elements:
            if words := _words(element):
                found.setdefault(language_tag(self.languages[element]), Text(words))
        return Translated(found)

    def joined(self, path: str) -> Translated:
        """All texts of a language together, as paragraphs."""
        found: dict[str, list[str]] = {}
        for language, words in self.said(path):
            if words not in found.setdefault(language, []):
                found[language].append(words)
        return Translated({language: "\n\n".join(texts) for language, texts in found.items()})


def _words(element: Element) -> str:
    return clean(" ".join("".join(element.itertext()).split()))


def draft(root: Element, source: str, where: str = "") -> ItemDraft:
    """One ``lido:lido`` element as a draft."""
    record = _Record(root)
    identification = "descriptiveMetadata/objectIdentificationWrap"
    identifier = record.first("lidoRecID")
    events = record.all("descriptiveMetadata/eventWrap/eventSet/event")
    making = [event for event in events if _is_making(record, event)] or events[:1]
    date, note = _date(record, making)
    rights, holder, rights_words = _rights(record)
    return ItemDraft(
        source=source,
        source_id=identifier or record.first("administrativeMetadata/recordWrap/recordID"),
        source_uri=record.first("administrativeMetadata/recordWrap/recordInfoSet/recordInfoLink"),
        kind="",
        title=record.text(f"{identification}/titleWrap/titleSet/appellationValue"),
        description=record.joined(
            f"{identification}/objectDescriptionWrap/objectDescriptionSet/descriptiveNoteValue"
        ),
        date=date,
        date_note=note,
        contributions=tuple(
            dict.fromkeys(part for event in making for part in _actors(record, event, source))
        ),
        places=tuple(dict.fromkeys(part for event in events for part in _places(record, event))),
        terms=tuple(dict.fromkeys(_terms(record, making))),
        rights=rights,
        rights_holder=holder,
        statements=tuple(dict.fromkeys([*_statements(record), *rights_words])),
        media=tuple(dict.fromkeys(_media(record))),
        where=where or identifier,
    )


def _is_making(record: _Record, event: Element) -> bool:
    """Whether the event is the thing's production or creation, by LIDO's own terms or by its words."""
    for kind in record.all("eventType/conceptID", event):
        if _words(kind).rpartition("/")[2] in _PRODUCTION:
            return True
    words = " ".join(words.casefold() for _, words in record.said("eventType/term", event))
    return any(word in words for word in ("production", "creation", "herstellung", "制作", "création"))


def _date(record: _Record, events: list[Element]) -> tuple[str, Translated]:
    for event in events:
        words = record.text("eventDate/displayDate", event)
        start = record.first("eventDate/date/earliestDate", event)
        end = record.first("eventDate/date/latestDate", event)
        exact = edtf(start) if start and start == end else ""
        found = exact or year_range(_year(start), _year(end))
        if not found:
            found = next(filter(None, (edtf(text.value) for text in words.values())), "")
        if found or words:
            return found, words
    return "", Translated()


def _year(value: str) -> str:
    sign = "-" if value.startswith("-") else ""
    return sign + value.lstrip("-").partition("-")[0]


def _actors(record: _Record, event: Element, source: str) -> Iterator[ContributionDraft]:
    for actor in record.all("eventActor/actorInRole", event):
        name = record.text("actor/nameActorSet/appellationValue", actor)
        if not name:
            continue
        identifiers = [words for _, words in record.said("actor/actorID", actor)]
        address = next((one for one in identifiers if one.startswith("http")), "")
        own = next((one for one in identifiers if one != address), "")
        kinds = {part.get(f"{_L}type", "") for part in record.all("actor", actor)}
        role = next(
            (
                found
                for _, words in record.said("roleActor/term", actor)
                if (found := _ROLES.get(words.casefold()))
            ),
            "cre",
        )
        agent = AgentDraft(
            name=name,
            kind="organisation"
            if "corporation" in kinds
            else "group"
            if kinds & {"group", "family"}
            else "person",
            uri=address,
            source_id=shortened(f"{source}:{own}", 200) if own else "",
        )
        yield ContributionDraft(agent, role)


_ROLES: Final = {
    "artist": "art", "künstler": "art", "painter": "art", "maler": "art", "photographer": "pht", "fotograf": "pht",
    "author": "aut", "architect": "arc", "sculptor": "scl", "composer": "cmp", "performer": "prf",
    "illustrator": "ill", "editor": "edt", "publisher": "pbl", "printer": "prt", "collector": "col",
}  # fmt: skip


def _places(record: _Record, event: Element) -> Iterator[PlaceDraft]:
    for entry in record.all("eventPlace/place", event):
        name = record.text("namePlaceSet/appellationValue", entry)
        address = next((words for _, words in record.said("placeID", entry) if words.startswith("http")), "")
        longitude = latitude = None
        position = next((part for part in entry.iter() if part.tag.endswith("}pos")), None)
        if position is not None and len(parts := _words(position).split()) >= 2:
            latitude, longitude = number(parts[0]), number(parts[1])  # GML, EPSG:4326: latitude first
        if name or address or latitude is not None:
            yield PlaceDraft(name, gazetteer=address, longitude=longitude, latitude=latitude)


_CONCEPTS: Final = (
    ("form", "descriptiveMetadata/objectClassificationWrap/objectWorkTypeWrap/objectWorkType"),
    ("form", "descriptiveMetadata/objectClassificationWrap/classificationWrap/classification"),
    ("subject", "descriptiveMetadata/objectRelationWrap/subjectWrap/subjectSet/subject/subjectConcept"),
)


def _terms(record: _Record, events: list[Element]) -> Iterator[TermDraft]:
    for scheme, path in _CONCEPTS:
        for concept in record.all(path):
            yield from _term(record, concept, scheme)
    for event in events:
        for concept in record.all("eventMaterialsTech/materialsTech/termMaterialsTech", event):
            kind = concept.get(f"{_L}type", "").casefold()
            yield from _term(
                record, concept, "technique" if "tech" in kind or "lido00131" in kind else "material"
            )
        for concept in record.all("periodName", event):
            yield from _term(record, concept, "period")
    for concept in record.all(
        "descriptiveMetadata/objectClassificationWrap/objectWorkTypeWrap/objectLanguage"
    ):
        if code := language_code(_words(concept)):
            yield TermDraft("language", code)


def _term(record: _Record, concept: Element, scheme: str) -> Iterator[TermDraft]:
    label = record.text("term", concept)
    addresses = [words for _, words in record.said("conceptID", concept)]
    thesaurus = next((one for one in addresses if _AAT in one), "")
    if thesaurus:
        digits = thesaurus.rstrip("/").rpartition("/")[2]
        yield TermDraft(scheme, f"aat:{digits}", label, f"http://{_AAT}{digits}")
    elif code := term_code(label.text(["en"])):
        yield TermDraft(scheme, code, label, next((one for one in addresses if one.startswith("http")), ""))


_STATEMENTS: Final = (
    ("inscription", "descriptiveMetadata/objectIdentificationWrap/inscriptionsWrap/inscriptions/inscriptionTranscription"),
    ("dimensions", "descriptiveMetadata/objectIdentificationWrap/objectMeasurementsWrap/objectMeasurementsSet/displayObjectMeasurements"),
    ("repository", "descriptiveMetadata/objectIdentificationWrap/repositoryWrap/repositorySet/repositoryName/legalBodyName/appellationValue"),
    ("inventory number", "descriptiveMetadata/objectIdentificationWrap/repositoryWrap/repositorySet/workID"),
    ("materials and technique", "descriptiveMetadata/eventWrap/eventSet/event/eventMaterialsTech/displayMaterialsTech"),
    ("culture", "descriptiveMetadata/eventWrap/eventSet/event/culture/term"),
    ("event", "descriptiveMetadata/eventWrap/eventSet/displayEvent"),
    ("subject", "descriptiveMetadata/objectRelationWrap/subjectWrap/subjectSet/displaySubject"),
    ("related work", "descriptiveMetadata/objectRelationWrap/relatedWorksWrap/relatedWorkSet/relatedWork/displayObject"),
)  # fmt: skip


def _statements(record: _Record) -> Iterator[Statement]:
    for name, path in _STATEMENTS:
        for language, words in record.said(path):
            yield Statement(name, words, "" if language == "und" else language)


def _rights(record: _Record) -> tuple[str, str, list[Statement]]:
    """The rights address, the holder, and rights in words that are no known statement."""
    uri, holder, rest = "", "", []
    paths = (
        "administrativeMetadata/rightsWorkWrap/rightsWorkSet",
        "administrativeMetadata/resourceWrap/resourceSet/rightsResource",
    )
    for path in paths:
        for entry in record.all(path):
            for part in ("rightsType/conceptID", "rightsType/term", "creditLine"):
                for language, words in record.said(part, entry):
                    if found := rights_uri(words):
                        uri = uri or found
                    elif part == "creditLine" and not holder:
                        holder = words
                    else:
                        rest.append(Statement("rights", words, "" if language == "und" else language))
            name = record.first("rightsHolder/legalBodyName/appellationValue", entry)
            if name and not holder:
                holder = name
            elif name and name != holder:
                rest.append(Statement("rights holder", name))
    return uri, holder, rest


def _media(record: _Record) -> Iterator[MediaDraft]:
    for entry in record.all("administrativeMetadata/resourceWrap/resourceSet"):
        caption = record.text("resourceDescription", entry)
        for link in record.all("resourceRepresentation/linkResource", entry)[:1]:
            address = _words(link)
            if address.startswith(("http://", "https://")):
                name = PurePosixPath(urlsplit(address).path).name or "file"
                yield MediaDraft(
                    name, uri=address, media_type=link.get(f"{_L}formatResource", ""), caption=caption
                )
