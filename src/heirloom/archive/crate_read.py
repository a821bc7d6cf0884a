"""RO-Crate: read a metadata document that others wrote.

Tolerant: what can be understood is returned, and what is not right is listed with a code. Only what leaves nothing
to return is an error. Versions 1.0 to 1.3 are read (the differences lie outside of what is used here).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from types import MappingProxyType

from heirloom.archive.crate import METADATA_FILE, Crate, Entity, id_to_path
from heirloom.archive.safe_json import Json, JsonLimits, load_json
from heirloom.errors import HeirloomError, gettext_noop

LIMITS = JsonLimits(bytes=64 * 1024 * 1024, depth=32, values=2_000_000)


class UnreadableCrate(HeirloomError):
    """The document is JSON but not an RO-Crate metadata document."""

    code = "crate.unreadable"
    message = gettext_noop("This is not the description of a package: {detail}.")
    kept = gettext_noop("Nothing was stored.")


#: Code -> sentence of everything that reading may remark on.
PROBLEMS: dict[str, str] = {
    "crate.version": gettext_noop("The document follows a version of the specification that is not known."),
    "crate.entity": gettext_noop("An entry without an identifier or a type was left out."),
    "crate.duplicate": gettext_noop("Two entries have the same identifier; they were merged."),
    "crate.nested": gettext_noop("An entry holds another one instead of referring to it."),
    "crate.missing": gettext_noop("The package lacks a property that the specification demands."),
    "crate.dangling": gettext_noop("The package lists a part that it does not describe."),
    "crate.path": gettext_noop("A file's path leaves the package; the file was left out."),
    "crate.date": gettext_noop("The date of publication is not an ISO 8601 date."),
}


@dataclass(frozen=True, slots=True)
class CrateProblem:
    """What is not right: a code of :data:`PROBLEMS` and the identifier or property it concerns."""

    code: str
    subject: str

    @property
    def message(self) -> str:
        """The English sentence, marked for translation."""
        return PROBLEMS[self.code]


@dataclass(frozen=True, slots=True)
class ReadCrate:
    """A crate that was read, its version URI, and what was not right with it."""

    crate: Crate
    version: str
    problems: tuple[CrateProblem, ...]


_ISO_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?)?)?")
_VERSION = re.compile(r"https://w3id\.org/ro/crate/1\.[0-3](-DRAFT)?")


def read_crate(data: bytes, limits: JsonLimits = LIMITS) -> ReadCrate:
    """Read a metadata document.

    Raises:
        UnsafeJson: not JSON, or beyond *limits* (see :func:`heirloom.archive.safe_json.load_json`).
        UnreadableCrate: there is no graph, no descriptor, or no root dataset.
    """
    document = load_json(data, limits)
    graph = document.get("@graph") if isinstance(document, dict) else None
    if not isinstance(graph, list):
        raise UnreadableCrate(detail="it has no @graph")
    problems: list[CrateProblem] = []
    entities = _entities(graph, problems)
    descriptor = _descriptor(entities)
    root_id = next(iter(descriptor.refs("about")), "")
    root = entities.get(root_id)
    if root is None or "Dataset" not in root.types:
        raise UnreadableCrate(detail="it does not describe a root dataset")
    version = next((uri for uri in descriptor.refs("conformsTo") if "/ro/crate" in uri), "")
    if not _VERSION.fullmatch(version):
        problems.append(CrateProblem("crate.version", version))
    del entities[descriptor.id]
    problems.extend(_check_root(root, entities))
    for identifier in [key for key, entity in entities.items() if _escapes(entity)]:
        problems.append(CrateProblem("crate.path", identifier))
        del entities[identifier]
    return ReadCrate(Crate(MappingProxyType(entities), root_id), version, tuple(problems))


def _entities(graph: list[Json], problems: list[CrateProblem]) -> dict[str, Entity]:
    found: dict[str, Entity] = {}
    for position, item in enumerate(graph):
        entity = _entity(item)
        if entity is None:
            problems.append(CrateProblem("crate.entity", f"@graph[{position}]"))
            continue
        problems.extend(CrateProblem("crate.nested", f"{entity.id} {name}") for name in _nested(entity))
        if (known := found.get(entity.id)) is not None:
            problems.append(CrateProblem("crate.duplicate", entity.id))
            types = tuple(dict.fromkeys((*known.types, *entity.types)))
            entity = Entity(entity.id, types, MappingProxyType({**known.properties, **entity.properties}))
        found[entity.id] = entity
    return found


def _entity(item: Json) -> Entity | None:
    if not isinstance(item, dict):
        return None
    identifier, types = item.get("@id"), item.get("@type")
    names = types if isinstance(types, list) else [types]
    kept = tuple(name for name in names if isinstance(name, str) and name)
    if not isinstance(identifier, str) or not identifier or not kept:
        return None
    properties = {key: value for key, value in item.items() if key not in {"@id", "@type"}}
    return Entity(identifier, kept, MappingProxyType(properties))


def _nested(entity: Entity) -> Iterator[str]:
    for name, value in entity.properties.items():
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, dict) and "@value" not in part and (len(part) > 1 or "@id" not in part):
                yield name


def _descriptor(entities: dict[str, Entity]) -> Entity:
    """Find the descriptor (RO-Crate 1.2, "Finding the Root Data Entity")."""
    for name in (METADATA_FILE, f"./{METADATA_FILE}", "ro-crate-metadata.jsonld"):
        if name in entities:
            return entities[name]
    for identifier, entity in entities.items():
        if identifier.endswith(("/" + METADATA_FILE, "-" + METADATA_FILE)) and entity.refs("about"):
            return entity
    raise UnreadableCrate(detail="it has no metadata descriptor")


def _check_root(root: Entity, entities: dict[str, Entity]) -> Iterator[CrateProblem]:
    for name in ("name", "description", "license", "datePublished"):
        if not root.text(name) and not root.refs(name):
            yield CrateProblem("crate.missing", name)
    published = root.text("datePublished")
    if published and not _ISO_DATE.fullmatch(published):
        yield CrateProblem("crate.date", published)
    for entity in entities.values():
        for part in entity.refs("hasPart"):
            if part not in entities:
                yield CrateProblem("crate.dangling", part)


def _escapes(entity: Entity) -> bool:
    """Whether a data entity names a path outside of the package."""
    if not {"File", "Dataset"}.intersection(entity.types) or entity.id in {"./", "."}:
        return False
    path = id_to_path(entity.id)
    if path is None:
        return entity.id.startswith(("//", "file:"))
    pieces = path.replace("\\", "/").rstrip("/").split("/")
    return path.startswith("/") or ".." in pieces or "\0" in path or not path
