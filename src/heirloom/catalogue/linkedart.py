"""Linked Art 1.0: items, agents and places as JSON-LD that validates against its API schemas (https://linked.art/api/1.0/).

Wiring: ``GET /linked-art/item/KEY`` -> :func:`item`, ``/linked-art/agent/KEY`` -> :func:`agent`,
``/linked-art/place/KEY`` -> :func:`place`, ``/linked-art/visual/KEY`` -> :func:`visual`, all of what the visitor may see, as
:data:`MEDIA_TYPE` with CORS open.

What an item becomes depends on its kind: a made thing (object, image, surface) a ``HumanMadeObject``; a text a
``LinguisticObject``; a recording, model or data a ``DigitalObject``; a place a ``Place``; a practice a
``PropositionalObject``, the idea that its performances carry out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from heirloom.text import Translated
from heirloom.text.languages import primary

from . import vocabularies
from .exchange import Addresses, day_text, days, is_image, masters
from .linkedart_languages import AAT_LANGUAGES
from .models import Agent, Contribution, Item, Place, Term

CONTEXT: Final = "https://linked.art/ns/v1/linked-art.json"
MEDIA_TYPE: Final = f'application/ld+json;profile="{CONTEXT}"'
AAT: Final = "http://vocab.getty.edu/aat/"
RELATORS: Final = "http://id.loc.gov/vocabulary/relators/"
BCP47: Final = "urn:ietf:bcp:47:"
TYPES: Final = {
    Item.Kind.OBJECT: "HumanMadeObject",
    Item.Kind.IMAGE: "HumanMadeObject",
    Item.Kind.SURFACE: "HumanMadeObject",
    Item.Kind.TEXT: "LinguisticObject",
    Item.Kind.RECORDING: "DigitalObject",
    Item.Kind.MODEL: "DigitalObject",
    Item.Kind.DATA: "DigitalObject",
    Item.Kind.PLACE: "Place",
    Item.Kind.PRACTICE: "PropositionalObject",
}

PRIMARY_NAME: Final = ("300404670", "Primary Name")
DESCRIPTION: Final = ("300435416", "Description")
BRIEF_TEXT: Final = ("300418049", "Brief Text")
CREDIT_LINE: Final = ("300435418", "Credit Line")
RIGHTS_STATEMENT: Final = ("300435434", "Copyright/License Statement")
SYSTEM_NUMBER: Final = ("300435704", "System-Assigned Number")
ACCESSION_NUMBER: Final = ("300312355", "Accession Number")
DISPLAY_TITLE: Final = ("300404669", "Display Title")
WEB_PAGE: Final = ("300264578", "Web Page")
KIND_URN: Final = "urn:heirloom:kind:"
TK_URN: Final = "urn:heirloom:label:"
STATEMENT_URN: Final = "urn:heirloom:statement"


def aat(term: tuple[str, str], **more: Any) -> dict[str, Any]:
    """A type from the thesaurus."""
    number, label = term
    return {"id": f"{AAT}{number}", "type": "Type", "_label": label, **more}


def brief(term: tuple[str, str]) -> dict[str, Any]:
    """The type of a statement, marked as a text to be shown."""
    return aat(term, classified_as=[aat(BRIEF_TEXT)])


def language(tag: str) -> dict[str, Any]:
    """A language by its address in the thesaurus, else in ISO 639-3; ``equivalent`` carries the exact BCP 47 tag."""
    base = primary(tag)
    if base in AAT_LANGUAGES:
        identifier = f"{AAT}{AAT_LANGUAGES[base]}"
    elif len(base) == 3:
        identifier = f"http://lexvo.org/id/iso639-3/{base}"
    else:
        identifier = f"{BCP47}{tag}"
    return {
        "id": identifier,
        "type": "Language",
        "_label": tag,
        "equivalent": [{"id": f"{BCP47}{tag}", "type": "Language", "_label": tag}],
    }


def _spoken(made: dict[str, Any], tag: str) -> dict[str, Any]:
    return made if tag in ("und", "") else made | {"language": [language(tag)]}


def names(text: Translated) -> list[dict[str, Any]]:
    """One Name a language; each the primary one in its language."""
    return [
        _spoken({"type": "Name", "content": part.value, "classified_as": [aat(PRIMARY_NAME)]}, tag)
        for tag, part in text.items()
    ]


def statements(text: Translated, kind: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """One LinguisticObject a language."""
    for tag, part in text.items():
        yield _spoken({"type": "LinguisticObject", "content": part.value, "classified_as": [kind]}, tag)


def label_of(text: Translated, default: str) -> str:
    """The label for developers: English where there is one."""
    return text.text(["en"], default=default) or default


def _identifier(content: str, kind: tuple[str, str]) -> dict[str, Any]:
    return {"type": "Identifier", "content": content, "classified_as": [aat(kind)]}


# -- terms, people, times ----------------------------------------------------------------------------------------------


def term_ref(term: Term, kind: str = "Type") -> dict[str, Any]:
    """A term as a reference; terms of our own are URNs."""
    made: dict[str, Any] = {
        "id": term.uri or f"urn:heirloom:term:{term.scheme}:{term.code}",
        "type": kind,
        "_label": label_of(term.label, term.code),
    }
    if kind == "Type" and term.label:
        made["identified_by"] = names(term.label)
    return made


def _terms(item: Item, scheme: str) -> list[Term]:
    return sorted((term for term in item.terms.all() if term.scheme == scheme), key=lambda term: term.code)


def agent_ref(agent: Agent, addresses: Addresses) -> dict[str, Any]:
    made: dict[str, Any] = {
        "id": addresses.agent(agent.key),
        "type": "Person" if agent.kind == Agent.Kind.PERSON else "Group",
        "_label": label_of(agent.name, agent.key),
    }
    if agent.uri:
        made["equivalent"] = [{"id": agent.uri, "type": made["type"], "_label": made["_label"]}]
    return made


def place_ref(place: Place, addresses: Addresses) -> dict[str, Any]:
    made: dict[str, Any] = {
        "id": addresses.place(place.key),
        "type": "Place",
        "_label": label_of(place.name, place.key),
    }
    if place.gazetteer:
        made["equivalent"] = [{"id": place.gazetteer, "type": "Place", "_label": made["_label"]}]
    return made


def time_span(item: Item) -> dict[str, Any] | None:
    """The date as a TimeSpan with its outer bounds and the words in which it is given."""
    first, last = days(item.date)
    if not item.date and not item.date_note:
        return None
    made: dict[str, Any] = {"type": "TimeSpan"}
    said = [
        _spoken({"type": "Name", "content": part.value, "classified_as": [aat(DISPLAY_TITLE)]}, tag)
        for tag, part in item.date_note.items()
    ]
    if item.date:
        said.append({"type": "Name", "content": item.date, "_label": "EDTF"})
    made["identified_by"] = said
    if first:
        made["begin_of_the_begin"] = f"{day_text(first)}T00:00:00Z"
    if last:
        made["end_of_the_end"] = f"{day_text(last)}T23:59:59Z"
    return made


def _event(item: Item, kind: str, addresses: Addresses) -> dict[str, Any] | None:
    """How it came to be: a Production or Creation with a part for each contributor's role."""
    made: dict[str, Any] = {"type": kind}
    if span := time_span(item):
        made["timespan"] = span
    if techniques := [term_ref(term) for term in _terms(item, Term.Scheme.TECHNIQUE)]:
        made["technique"] = techniques
    if places := [place_ref(place, addresses) for place in item.places.all()]:
        made["took_place_at"] = places
    if periods := [_period(term) for term in _terms(item, Term.Scheme.PERIOD)]:
        made["during"] = periods
    parts = sorted(item.contributions.all(), key=lambda part: (part.position, part.pk))
    if parts:
        made["part"] = [_part(part, kind, addresses) for part in parts]
    return made if len(made) > 1 else None


def _period(term: Term) -> dict[str, Any]:
    return term_ref(term, "Period")


def _part(part: Contribution, kind: str, addresses: Addresses) -> dict[str, Any]:
    role = vocabularies.RELATORS.get(part.role, part.role)
    return {
        "type": kind,
        "classified_as": [{"id": f"{RELATORS}{part.role}", "type": "Type", "_label": role}],
        "carried_out_by": [agent_ref(part.agent, addresses)],
    }


# -- the item -----------------------------------------------------------------------------------------------------------


def item(thing: Item, addresses: Addresses) -> dict[str, Any]:
    """*thing* as a Linked Art record; no query where it was prefetched by ``whole``."""
    kind = TYPES[Item.Kind(thing.kind)]
    made: dict[str, Any] = {
        "@context": CONTEXT,
        "id": addresses.linked_art(thing.key),
        "type": kind,
        "_label": label_of(thing.title, thing.key),
        "identified_by": [*names(thing.title), _identifier(thing.key, SYSTEM_NUMBER)],
        "classified_as": [
            {"id": f"{KIND_URN}{thing.kind}", "type": "Type", "_label": thing.kind},
            *(term_ref(term) for term in _terms(thing, Term.Scheme.FORM)),
        ],
    }
    if thing.source_id:
        made["identified_by"].append(_identifier(thing.source_id, ACCESSION_NUMBER))
    if texts := list(_referred(thing)):
        made["referred_to_by"] = texts
    if communities := list(thing.communities.all()):
        made["member_of"] = [
            {
                "id": addresses.community(community.slug),
                "type": "Set",
                "_label": label_of(community.name, community.slug),
            }
            for community in communities
        ]
    if shown := _representation(thing, addresses):
        made["representation"] = shown
    made["subject_of"] = list(_subject_of(thing, addresses))
    if thing.source_uri and kind != "PropositionalObject":
        made["equivalent"] = [{"id": thing.source_uri, "type": kind, "_label": made["_label"]}]
    _BY_TYPE[kind](made, thing, addresses)
    return made


def _referred(thing: Item) -> Iterator[dict[str, Any]]:
    yield from statements(thing.description, brief(DESCRIPTION))
    if thing.rights_holder:
        yield {
            "type": "LinguisticObject",
            "content": thing.rights_holder,
            "classified_as": [brief(CREDIT_LINE)],
        }
    if thing.rights:
        yield _rights_statement(thing.rights)
    for mark in sorted(thing.labels.all(), key=lambda mark: (mark.position, mark.pk)):
        kind = vocabularies.LABEL_KINDS.get(mark.code)
        name = kind.name if kind else mark.code
        community = label_of(mark.community.name, mark.community.slug)
        address = f"{TK_URN}{mark.community.slug}:{mark.code.replace(' ', '-')}"
        tagged = {"id": address, "type": "Type", "_label": f"{mark.code} {name} ({community})"}
        text = mark.text or Translated({"en": name})
        yield from statements(text, tagged)
    for statement in thing.statements:
        if value := str(statement.get("value", "")):
            name = str(statement.get("name", ""))
            marked = {"id": STATEMENT_URN, "type": "Type", "_label": name}
            yield from statements(Translated({str(statement.get("language") or "und"): value}), marked)


def _rights_statement(uri: str) -> dict[str, Any]:
    try:
        known = vocabularies.statement(uri)
        content = f"{known.name} ({known.code})"
    except vocabularies.UnknownRights:
        content = uri
    return {
        "type": "LinguisticObject",
        "content": content,
        "classified_as": [brief(RIGHTS_STATEMENT), {"id": uri, "type": "Type", "_label": content}],
    }


def right(uri: str) -> dict[str, Any]:
    """A rights statement as a Right, for the entities that may carry one."""
    return {"type": "Right", "classified_as": [{"id": uri, "type": "Type"}]}


def _representation(thing: Item, addresses: Addresses) -> list[dict[str, Any]]:
    """Pictures of the item, each with its file and its image service."""
    found = []
    for media in masters(thing):
        if not is_image(media):
            continue
        service = addresses.image(thing.key, media.sha512)
        shown: dict[str, Any] = {
            "type": "DigitalObject",
            "format": "image/jpeg",
            "access_point": [{"id": f"{service}/full/max/0/default.jpg", "type": "DigitalObject"}],
            "digitally_available_via": [
                {
                    "type": "DigitalService",
                    "access_point": [{"id": service, "type": "DigitalObject"}],
                    "conforms_to": [{"id": "http://iiif.io/api/image", "type": "InformationObject"}],
                }
            ],
        }
        if alt := list(statements(media.alt, brief(DESCRIPTION))):
            shown["referred_to_by"] = alt
        found.append({"type": "VisualItem", "digitally_shown_by": [shown]})
    return found


def _subject_of(thing: Item, addresses: Addresses) -> Iterator[dict[str, Any]]:
    pages = [addresses.page(thing.key)]
    if thing.source_uri and thing.kind == Item.Kind.PRACTICE:
        pages.append(thing.source_uri)  # the schema of a PropositionalObject has no fitting "equivalent"
    for page in pages:
        yield {
            "type": "LinguisticObject",
            "digitally_carried_by": [
                {
                    "type": "DigitalObject",
                    "format": "text/html",
                    "classified_as": [aat(WEB_PAGE)],
                    "access_point": [{"id": page, "type": "DigitalObject"}],
                }
            ],
        }
    yield {
        "type": "LinguisticObject",
        "digitally_carried_by": [
            {
                "type": "DigitalObject",
                "format": 'application/ld+json;profile="http://iiif.io/api/presentation/3/context.json"',
                "access_point": [{"id": addresses.manifest(thing.key), "type": "DigitalObject"}],
                "conforms_to": [{"id": "http://iiif.io/api/presentation", "type": "InformationObject"}],
            }
        ],
    }


def _about(thing: Item) -> list[dict[str, Any]]:
    return [term_ref(term, "Type") for term in _terms(thing, Term.Scheme.SUBJECT)]


def _refs(parts: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """References only: the schemas let ``about`` and its like carry nothing but these."""
    return [{name: part[name] for name in ("id", "type", "_label") if name in part} for part in parts]


def _object(made: dict[str, Any], thing: Item, addresses: Addresses) -> None:
    if event := _event(thing, "Production", addresses):
        made["produced_by"] = event
    if materials := [term_ref(term, "Material") for term in _terms(thing, Term.Scheme.MATERIAL)]:
        made["made_of"] = materials
    if _about(thing):
        made["shows"] = [visual_ref(thing, addresses)]
    if languages := _terms(thing, Term.Scheme.LANGUAGE):
        made["classified_as"].extend(term_ref(term) for term in languages)


def _text(made: dict[str, Any], thing: Item, addresses: Addresses) -> None:
    _created(made, thing, addresses)
    if about := _about(thing):
        made["about"] = _refs(about)
    if languages := [term_ref(term, "Language") for term in _terms(thing, Term.Scheme.LANGUAGE)]:
        made["language"] = languages
    if thing.rights:
        made["subject_to"] = [right(thing.rights)]
    made["classified_as"].extend(term_ref(term) for term in _terms(thing, Term.Scheme.MATERIAL))


def _digital(made: dict[str, Any], thing: Item, addresses: Addresses) -> None:
    _created(made, thing, addresses)
    files = [media for media in masters(thing) if not is_image(media)]
    if files:
        made["access_point"] = [
            {
                "id": addresses.file(thing.key, media.sha512),
                "type": "DigitalObject",
                "_label": media.original_name,
            }
            for media in files
        ]
        made["format"] = files[0].media_type
    if _about(thing):
        made["digitally_shows"] = [visual_ref(thing, addresses)]
    for scheme in (Term.Scheme.LANGUAGE, Term.Scheme.MATERIAL):
        made["classified_as"].extend(term_ref(term) for term in _terms(thing, scheme))


def _created(made: dict[str, Any], thing: Item, addresses: Addresses) -> None:
    if event := _event(thing, "Creation", addresses):
        made["created_by"] = event


def _idea(made: dict[str, Any], thing: Item, addresses: Addresses) -> None:
    _created(made, thing, addresses)
    if about := _about(thing):
        made["about"] = _refs(about)
    if thing.rights:
        made["subject_to"] = [right(thing.rights)]
    for scheme in (Term.Scheme.LANGUAGE, Term.Scheme.MATERIAL):
        made["classified_as"].extend(term_ref(term) for term in _terms(thing, scheme))


def _site(made: dict[str, Any], thing: Item, addresses: Addresses) -> None:
    """A place as a thing of its own: its first point, and what it is classified as."""
    places = list(thing.places.all())
    for place_ in places:
        if wkt := _wkt(place_):
            made["defined_by"] = wkt
            break
    if places:
        made["part_of"] = [place_ref(place_, addresses) for place_ in places]
    for scheme in (
        Term.Scheme.SUBJECT,
        Term.Scheme.LANGUAGE,
        Term.Scheme.MATERIAL,
        Term.Scheme.TECHNIQUE,
        Term.Scheme.PERIOD,
    ):
        made["classified_as"].extend(term_ref(term) for term in _terms(thing, scheme))


_BY_TYPE: Final = {
    "HumanMadeObject": _object,
    "LinguisticObject": _text,
    "DigitalObject": _digital,
    "PropositionalObject": _idea,
    "Place": _site,
}


def visual_ref(thing: Item, addresses: Addresses) -> dict[str, Any]:
    return {
        "id": addresses.visual(thing.key),
        "type": "VisualItem",
        "_label": f"What {label_of(thing.title, thing.key)} shows",
    }


def visual(thing: Item, addresses: Addresses) -> dict[str, Any]:
    """What an item shows, as a VisualItem: its subjects and its rights."""
    made: dict[str, Any] = {"@context": CONTEXT, **visual_ref(thing, addresses)}
    if subjects := _about(thing):
        made["represents_instance_of_type"] = subjects
    if thing.rights:
        made["subject_to"] = [right(thing.rights)]
    return made


# -- agents and places --------------------------------------------------------------------------------------------------


def agent(thing: Agent, addresses: Addresses) -> dict[str, Any]:
    """A person or group as a Linked Art record."""
    made: dict[str, Any] = {
        "@context": CONTEXT,
        **agent_ref(thing, addresses),
        "identified_by": [*names(thing.name), _identifier(thing.key, SYSTEM_NUMBER)],
    }
    if thing.kind == Agent.Kind.ORGANISATION:
        made["classified_as"] = [aat(("300025948", "Organization"))]
    return made


def place(thing: Place, addresses: Addresses) -> dict[str, Any]:
    """A place as a Linked Art record, its geometry as WKT where it is a point or a polygon."""
    made: dict[str, Any] = {
        "@context": CONTEXT,
        **place_ref(thing, addresses),
        "identified_by": [*names(thing.name), _identifier(thing.key, SYSTEM_NUMBER)],
    }
    if wkt := _wkt(thing):
        made["defined_by"] = wkt
    if thing.part_of is not None:
        made["part_of"] = [place_ref(thing.part_of, addresses)]
    return made


def _wkt(thing: Place) -> str:
    """Well-known text of a point or polygon; empty for other shapes."""
    geometry = thing.geometry or {}
    coordinates = geometry.get("coordinates")
    if geometry.get("type") == "Polygon" and coordinates:
        rings = ("(" + ", ".join(f"{point[0]} {point[1]}" for point in ring) + ")" for ring in coordinates)
        return f"POLYGON({', '.join(rings)})"
    if thing.longitude is not None and thing.latitude is not None:
        return f"POINT({thing.longitude} {thing.latitude})"
    return ""
