"""RO-Crate 1.2: write and read the metadata document of a package.

A :class:`Crate` is immutable: every ``with_...`` returns a new one, so that a crate may be shared between
threads and a half-built one is never written. The document it gives is deterministic: the same content is the
same bytes, whatever the order in which it was put together.

Sources: RO-Crate Metadata Specification 1.2 (https://w3id.org/ro/crate/1.2), Process Run Crate 0.5
(https://w3id.org/ro/wfrun/process/0.5).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol, TypeAlias
from urllib.parse import quote, unquote

from heirloom.archive.safe_json import Json
from heirloom.errors import HeirloomError, gettext_noop

METADATA_FILE = "ro-crate-metadata.json"
ROOT = "./"
SPECIFICATION = "https://w3id.org/ro/crate/1.2"
CONTEXT = "https://w3id.org/ro/crate/1.2/context"
REFERENCED_CRATE = "https://w3id.org/ro/crate"
PROCESS_RUN_PROFILE = "https://w3id.org/ro/wfrun/process/0.5"

#: Terms that we use and the RO-Crate 1.2 context does not define; kept in the document so that it needs no other.
EXTRA_TERMS: Mapping[str, str] = MappingProxyType(
    {
        "resourceUsage": "https://w3id.org/ro/terms/workflow-run#resourceUsage",
        "sha512": "https://w3id.org/ro/terms/workflow-run#sha512",
    }
)


class InvalidCrate(HeirloomError):
    """A crate cannot be written as asked."""

    code = "crate.invalid"
    message = gettext_noop("This package description cannot be written: {detail}.")
    kept = gettext_noop("Nothing was stored.")


class _HasValue(Protocol):
    """A text that knows its value, such as ``heirloom.text.Text``."""

    @property
    def value(self) -> str: ...


#: A text: plain, or by BCP 47 language tag (also ``heirloom.text.Translated``).
Words: TypeAlias = str | Mapping[str, str] | Mapping[str, _HasValue]


def words(value: Words) -> Json:
    """Return *value* as JSON-LD: a plain string, one language-tagged value, or a list of them by language."""
    if isinstance(value, str):
        return value
    tagged: list[Json] = []
    for language in sorted(value):
        text = value[language]
        tagged.append({"@language": language, "@value": text if isinstance(text, str) else text.value})
    if not tagged:
        return ""
    return tagged[0] if len(tagged) == 1 else tagged


def languages_of(value: Json) -> dict[str, str]:
    """Return a JSON-LD text as language -> text; text without a language stands under ``und``."""
    found: dict[str, str] = {}
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, str):
            found.setdefault("und", item)
        elif isinstance(item, dict) and isinstance(text := item.get("@value"), str):
            language = item.get("@language")
            found.setdefault(language if isinstance(language, str) else "und", text)
    return found


def path_to_id(path: str) -> str:
    """Return the ``@id`` of a file or folder path: a relative URI reference with native letters of every script.

    Space, percent and what URIs give a meaning are escaped (RO-Crate 1.2, "Encoding file paths in @ids"). A colon
    is escaped too, since in the first segment it would read as a scheme.
    """
    return "".join(
        character
        if not character.isascii() and character.isprintable()
        else quote(character, safe="/!$&'()*+,;=@~")
        for character in path
    )


def id_to_path(identifier: str) -> str | None:
    """Return the path that a relative ``@id`` names, or None for absolute URIs and local (``#``) names."""
    if identifier.startswith(("#", "//")):
        return None
    if ":" in identifier.split("/", 1)[0]:
        return None
    return unquote(identifier.split("#", 1)[0].split("?", 1)[0]).removeprefix("./")


@dataclass(frozen=True, slots=True)
class Entity:
    """One object of the ``@graph``: its ``@id``, its types, and its properties as JSON-LD values."""

    id: str
    types: tuple[str, ...]
    properties: Mapping[str, Json] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def of(cls, identifier: str, types: str | Iterable[str], /, **properties: Json) -> Entity:
        """Build an entity; properties that are None or an empty list are left out."""
        names = (types,) if isinstance(types, str) else tuple(types)
        kept = {name: value for name, value in properties.items() if value is not None and value != []}
        return cls(identifier, names, MappingProxyType(kept))

    def with_properties(self, **properties: Json) -> Entity:
        """Return the entity with these properties set."""
        return Entity.of(self.id, self.types, **{**self.properties, **properties})

    @property
    def ref(self) -> dict[str, Json]:
        """The reference to this entity, ``{"@id": ...}``."""
        return ref(self.id)

    def texts(self, name: str) -> dict[str, str]:
        """Return a text property as language -> text (``und`` where no language is given)."""
        return languages_of(self.properties.get(name))

    def text(self, name: str, default: str = "") -> str:
        """Return a text property in its first language."""
        return next(iter(self.texts(name).values()), default)

    def refs(self, name: str) -> list[str]:
        """Return the identifiers that a property refers to."""
        value = self.properties.get(name)
        items = value if isinstance(value, list) else [value]
        return [
            found for item in items if isinstance(item, dict) and isinstance(found := item.get("@id"), str)
        ]

    def to_json(self) -> dict[str, Json]:
        """Return the JSON-LD object."""
        types: Json = self.types[0] if len(self.types) == 1 else list(self.types)
        return {"@id": self.id, "@type": types, **self.properties}


def ref(identifier: str) -> dict[str, Json]:
    """Return ``{"@id": identifier}``."""
    return {"@id": identifier}


def refs(identifiers: Iterable[str]) -> Json:
    """Return references, sorted and once each; one alone is not put in a list; none is None."""
    found: list[Json] = [ref(identifier) for identifier in sorted(set(identifiers))]
    return None if not found else found[0] if len(found) == 1 else found


def person(
    identifier: str,
    name: Words,
    *,
    affiliation: str | None = None,
    email: str | None = None,
    url: str | None = None,
) -> Entity:
    """Describe a person; *identifier* is an ORCID or other URI, or a local name such as ``#weaver``."""
    return Entity.of(
        identifier,
        "Person",
        name=words(name),
        affiliation=ref(affiliation) if affiliation else None,
        email=email,
        url=url,
    )


def organization(identifier: str, name: Words, *, url: str | None = None) -> Entity:
    """Describe an organisation; *identifier* is a ROR or other URI, or a local name."""
    return Entity.of(identifier, "Organization", name=words(name), url=url)


def place(
    identifier: str,
    name: Words,
    *,
    latitude: float | None = None,
    longitude: float | None = None,
    same_as: str | None = None,
) -> tuple[Entity, ...]:
    """Describe a place, with its coordinates (decimal degrees, WGS 84) as an entity of their own."""
    if latitude is None or longitude is None:
        return (Entity.of(identifier, "Place", name=words(name), sameAs=ref(same_as) if same_as else None),)
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise InvalidCrate(detail="coordinates outside the globe")
    # RO-Crate 1.2, "Places": a GeoSPARQL geometry as well-known text, longitude first.
    point = Entity.of(
        f"#point-{latitude:.6f},{longitude:.6f}",
        "Geometry",
        name=f"{latitude:.6f}, {longitude:.6f}",
        asWKT=f"POINT ({longitude:.6f} {latitude:.6f})",
    )
    return (
        Entity.of(
            identifier, "Place", name=words(name), geo=point.ref, sameAs=ref(same_as) if same_as else None
        ),
        point,
    )


def licence(identifier: str, name: Words, description: Words | None = None) -> Entity:
    """Describe a licence or rights statement by its URI."""
    return Entity.of(
        identifier,
        "CreativeWork",
        name=words(name),
        description=words(description) if description is not None else words(name),
    )


def profile(identifier: str, name: str, version: str | None = None) -> Entity:
    """Describe a profile that a crate conforms to."""
    return Entity.of(identifier, ("CreativeWork", "Profile"), name=name, version=version)


def software(identifier: str, name: Words, *, version: str, url: str | None = None) -> Entity:
    """Describe the program that made a result."""
    return Entity.of(identifier, "SoftwareApplication", name=words(name), version=version, url=url)


@dataclass(frozen=True, slots=True)
class CrateFile:
    """A file of the package: path with ``/``, size in bytes, SHA-512 in hex, media type, and what is said of it."""

    path: str
    size: int
    sha512: str
    media_type: str
    name: Words | None = None
    description: Words | None = None
    properties: Mapping[str, Json] = field(default_factory=lambda: MappingProxyType({}))

    def entity(self) -> Entity:
        """Return the data entity."""
        return Entity.of(
            path_to_id(self.path),
            "File",
            **{
                **self.properties,
                "name": words(self.name) if self.name is not None else self.path.rsplit("/", 1)[-1],
                "description": words(self.description) if self.description is not None else None,
                "contentSize": str(self.size),
                "sha512": self.sha512.lower(),
                "encodingFormat": self.media_type,
            },
        )


@dataclass(frozen=True, slots=True)
class Measurement:
    """A measured cost of a run: a short id such as ``cpuTime``, a value, and its unit.

    *unit* is the UN/CEFACT common code where there is one (``SEC`` seconds, ``AD`` byte, ``KWH``).
    """

    property: str
    name: str
    value: float | int
    unit: str
    unit_text: str = ""


@dataclass(frozen=True, slots=True)
class ProcessRun:
    """One execution of a method (Process Run Crate 0.5, ``CreateAction``).

    *objects* and *results* are identifiers in the crate (see :func:`path_to_id` for files). *parameters* become
    ``PropertyValue`` entities under ``object``. Times are ISO 8601 with an offset. *error* marks a failed run.
    """

    id: str
    name: Words
    instrument: Entity
    agent: Entity
    started: str
    ended: str
    objects: tuple[str, ...] = ()
    results: tuple[str, ...] = ()
    parameters: Mapping[str, str | int | float | bool] = field(default_factory=lambda: MappingProxyType({}))
    costs: tuple[Measurement, ...] = ()
    description: str = ""
    error: str = ""

    def entities(self) -> tuple[Entity, ...]:
        """Return the action and everything it refers to that is not a file."""
        local = self.id if self.id.startswith("#") else f"#{self.id}"
        given = [
            Entity.of(f"{local}/parameter/{quote(key)}", "PropertyValue", name=key, value=_scalar(value))
            for key, value in sorted(self.parameters.items())
        ]
        measured = [
            Entity.of(
                f"{local}/cost/{quote(cost.property)}",
                "PropertyValue",
                name=cost.name,
                propertyID=cost.property,
                value=_scalar(cost.value),
                unitCode=cost.unit,
                unitText=cost.unit_text or None,
            )
            for cost in sorted(self.costs, key=lambda cost: cost.property)
        ]
        failed = bool(self.error)
        action = Entity.of(
            self.id,
            "CreateAction",
            name=words(self.name),
            description=self.description or None,
            instrument=self.instrument.ref,
            agent=self.agent.ref,
            startTime=self.started,
            endTime=self.ended,
            object=refs([*self.objects, *(entity.id for entity in given)]),
            result=refs(self.results),
            resourceUsage=refs(entity.id for entity in measured),
            actionStatus=f"http://schema.org/{'Failed' if failed else 'Completed'}ActionStatus",
            error=self.error or None,
        )
        return (action, self.instrument, self.agent, *given, *measured)


def _scalar(value: str | float | bool) -> Json:
    """Numbers are written as text: JSON-LD tools turn 1.0 into 1 and lose digits."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else repr(value)


@dataclass(frozen=True, slots=True)
class Crate:
    """A package's description: entities by ``@id``. Make one with :meth:`new` or :func:`read_crate`."""

    entities: Mapping[str, Entity]
    root_id: str = ROOT

    @classmethod
    def new(
        cls,
        *,
        name: Words,
        description: Words,
        published: str,
        license: Entity | str,  # noqa: A002  (the specification's name)
        publisher: Entity | None = None,
        identifier: str | None = None,
        **properties: Json,
    ) -> Crate:
        """Start a crate with what the specification demands of the root.

        Args:
            name: title, in one or more languages.
            description: what the package holds, in one or more languages.
            published: ISO 8601 date or date and time.
            license: a licence entity (:func:`licence`), or a URI or text.
            publisher: the organisation or person that answers for the package.
            identifier: a persistent identifier of the package.
            properties: further properties of the root, as JSON-LD.

        Raises:
            InvalidCrate: a mandatory property is empty.
        """
        if not words(name) or not words(description) or not published or not license:
            raise InvalidCrate(detail="a name, a description, a date of publication and a licence are needed")
        held = license.ref if isinstance(license, Entity) else _uri_or_text(license)
        root = Entity.of(
            ROOT,
            "Dataset",
            **{
                **properties,
                "name": words(name),
                "description": words(description),
                "datePublished": published,
                "license": held,
                "publisher": publisher.ref if publisher else None,
                "identifier": identifier,
            },
        )
        crate = cls(MappingProxyType({ROOT: root}))
        known = [entity for entity in (license, publisher) if isinstance(entity, Entity)]
        return crate.with_entities(*known)

    @property
    def root(self) -> Entity:
        """The root dataset."""
        return self.entities[self.root_id]

    def with_entities(self, *entities: Entity) -> Crate:
        """Return the crate with these contextual entities; one with the same ``@id`` is replaced."""
        changed = dict(self.entities)
        for entity in entities:
            if not entity.id or not entity.types:
                raise InvalidCrate(detail="an entity without an identifier or a type")
            if entity.id == METADATA_FILE:
                raise InvalidCrate(detail="the descriptor is written by the crate itself")
            changed[entity.id] = entity
        return Crate(MappingProxyType(changed), self.root_id)

    def with_root(self, **properties: Json) -> Crate:
        """Return the crate with these properties of the root dataset set; None removes one."""
        return self.with_entities(self.root.with_properties(**properties))

    def with_files(self, files: Iterable[CrateFile]) -> Crate:
        """Return the crate with these files; each stands in ``hasPart`` of the deepest folder that is described."""
        return self.with_entities(*(file.entity() for file in files))

    def with_dataset(
        self,
        path: str,
        *,
        name: Words,
        description: Words | None = None,
        referenced: bool = False,
        **properties: Json,
    ) -> Crate:
        """Return the crate with a folder described as a dataset.

        With *referenced* the folder is a crate of its own (RO-Crate 1.2, "Referencing other RO-Crates"): it says so
        and its files are not listed here.
        """
        identifier = path_to_id(path.strip("/")) + "/"
        if identifier == "/":
            raise InvalidCrate(detail="a nested dataset needs a path")
        nested = Entity.of(
            identifier,
            "Dataset",
            **{
                **properties,
                "name": words(name),
                "description": words(description) if description is not None else None,
                "conformsTo": ref(REFERENCED_CRATE) if referenced else None,
            },
        )
        return self.with_entities(nested)

    def with_profile(self, conforms_to: Entity) -> Crate:
        """Return the crate with its root conforming to one profile more."""
        known = [*self.root.refs("conformsTo"), conforms_to.id]
        return self.with_entities(conforms_to, self.root.with_properties(conformsTo=refs(known)))

    def with_run(self, run: ProcessRun) -> Crate:
        """Return the crate with a run's provenance, conforming to Process Run Crate 0.5."""
        mentions = [*self.root.refs("mentions"), run.id]
        crate = self.with_profile(profile(PROCESS_RUN_PROFILE, "Process Run Crate", "0.5"))
        crate = crate.with_entities(*run.entities())
        return crate.with_root(mentions=refs(mentions))

    def files(self) -> dict[str, Entity]:
        """Return the files by path; files on the web are left out."""
        return {
            path: entity
            for entity in self.entities.values()
            if "File" in entity.types and (path := id_to_path(entity.id))
        }

    def runs(self) -> list[Entity]:
        """Return the recorded actions, by identifier."""
        actions = {"CreateAction", "ActivateAction", "UpdateAction"}
        return [entity for _, entity in sorted(self.entities.items()) if actions.intersection(entity.types)]

    def to_json(self) -> dict[str, Json]:
        """Return the metadata document as JSON-LD, flattened and compacted."""
        placed = self._placed()
        described = {name for entity in placed for name in entity.properties if name in EXTRA_TERMS}
        terms: dict[str, Json] = {name: EXTRA_TERMS[name] for name in sorted(described)}
        context: Json = [CONTEXT, terms] if terms else CONTEXT
        descriptor = Entity.of(
            METADATA_FILE, "CreativeWork", about=ref(self.root_id), conformsTo=ref(SPECIFICATION)
        )
        return {"@context": context, "@graph": [entity.to_json() for entity in (descriptor, *placed)]}

    def to_bytes(self) -> bytes:
        """Return the metadata document as UTF-8: sorted, indented, ending in a line feed."""
        try:
            text = json.dumps(self.to_json(), ensure_ascii=False, allow_nan=False, indent=1, sort_keys=True)
            return f"{text}\n".encode()
        except ValueError as error:
            raise InvalidCrate(detail=str(error)) from None

    def _placed(self) -> list[Entity]:
        """Root first, then data entities, then the rest, by ``@id``; every data entity is part of a folder."""
        data = {key: entity for key, entity in self.entities.items() if self._is_data(entity)}
        folders = {key for key, entity in data.items() if key.endswith("/") and "Dataset" in entity.types}
        parts: dict[str, set[str]] = {}
        for key in data:
            parts.setdefault(self._parent(key, folders), set()).add(key)
        placed = []
        for key in (self.root_id, *sorted(data)):
            entity = self.entities[key]
            listed = {*entity.refs("hasPart"), *parts.get(key, ())}
            placed.append(entity.with_properties(hasPart=refs(listed)) if listed else entity)
        others = [
            entity for key, entity in sorted(self.entities.items()) if key not in data and key != self.root_id
        ]
        return placed + others

    def _is_data(self, entity: Entity) -> bool:
        if entity.id == self.root_id or entity.id.startswith("#"):
            return False
        return "File" in entity.types or "Dataset" in entity.types

    def _parent(self, key: str, folders: set[str]) -> str:
        end = key.rstrip("/").rfind("/")
        while end > 0:
            if key[: end + 1] in folders:
                return key[: end + 1]
            end = key.rfind("/", 0, end)
        return self.root_id


def _uri_or_text(value: str) -> Json:
    return ref(value) if value.startswith(("http://", "https://", "urn:")) else value
