"""An item as it is kept: ``record.json``, the lossless and versioned form from which rows can be made again.

Each record stands alone: it holds full descriptions of the places, terms, agents, communities and the protocol that it refers
to. Places, terms and agents are shared by many records and may be corrected later; each description carries its
``revision``, and the highest one is the truth (:mod:`heirloom.catalogue.rebuild`). Who owns an item is not
kept here: accounts live only in the database.

Formats: ``heirloom/item/1``, ``heirloom/community/1``, ``heirloom/protocol/1``, ``heirloom/place/1``, ``heirloom/term/1``,
``heirloom/agent/1``. Times are ISO 8601 in UTC with microseconds; texts are ``Translated.to_json``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from heirloom.archive import FileInfo
from heirloom.archive import crate as crates
from heirloom.archive.crate import Crate
from heirloom.errors import HeirloomError, gettext_noop
from heirloom.text import Translated

from . import vocabularies
from .models import Agent, Change, Community, Item, Media, Place, Protocol, Term

RECORD: Final = "record.json"
MEDIA_FOLDER: Final = "media"
FORMATS: Final = frozenset(
    f"heirloom/{kind}/1" for kind in ("item", "community", "protocol", "place", "term", "agent")
)
NOT_EVALUATED: Final = "http://rightsstatements.org/vocab/CNE/1.0/"


class InvalidRecord(HeirloomError):
    """A ``record.json`` cannot be read."""

    code = "record.invalid"
    message = gettext_noop("The record of {object_id} cannot be read: {reason}.")
    kept = gettext_noop("The archive is unchanged.")
    status = 500


def when(value: datetime) -> str:
    """A time as records write it."""
    return value.astimezone(UTC).isoformat(timespec="microseconds")


def parse_when(value: str) -> datetime:
    """Read what :func:`when` wrote."""
    return datetime.fromisoformat(value)


def dump(record: Mapping[str, Any]) -> bytes:
    """A record as bytes: UTF-8, keys sorted, one line feed at the end; the same record is always the same bytes."""
    return (json.dumps(record, ensure_ascii=False, sort_keys=True, separators=(",", ":")) + "\n").encode()


def load(data: bytes, object_id: str) -> dict[str, Any]:
    """Read a record of a known format.

    Raises:
        InvalidRecord: no JSON object, or a format that this version does not know.
    """
    try:
        record = json.loads(data)
    except ValueError as error:
        raise InvalidRecord(object_id=object_id, reason=str(error)) from error
    if not isinstance(record, dict) or not isinstance(record.get("format"), str):
        raise InvalidRecord(object_id=object_id, reason="it has no format")
    return record


# -- descriptions of what items share -----------------------------------------------------------------------


def describe_place(place: Place) -> dict[str, Any]:
    """A place with the places that it is part of."""
    return {
        "key": place.key,
        "name": place.name.to_json(),
        "gazetteer": place.gazetteer,
        "country": place.country,
        "geometry": place.geometry,
        "longitude": place.longitude,
        "latitude": place.latitude,
        "precision_km": place.precision_km,
        "part_of": describe_place(place.part_of) if place.part_of is not None else None,
        "revision": place.revision,
    }


def describe_term(term: Term) -> dict[str, Any]:
    """An entry of a vocabulary."""
    return {
        "scheme": term.scheme,
        "code": term.code,
        "uri": term.uri,
        "label": term.label.to_json(),
        "revision": term.revision,
    }


def describe_agent(agent: Agent) -> dict[str, Any]:
    """A person, organisation or group."""
    return {
        "key": agent.key,
        "kind": agent.kind,
        "name": agent.name.to_json(),
        "uri": agent.uri,
        "source_id": agent.source_id,
        "revision": agent.revision,
    }


def describe_community(community: Community) -> dict[str, Any]:
    """A community; its members are people's data and not part of it."""
    return {
        "key": community.key,
        "slug": community.slug,
        "name": community.name.to_json(),
        "description": community.description.to_json(),
        "contact": community.contact,
        "created_at": when(community.created_at),
    }


def describe_protocol(protocol: Protocol) -> dict[str, Any]:
    """A cultural protocol with the communities that it names."""
    return {
        "key": protocol.key,
        "name": protocol.name.to_json(),
        "note": protocol.note.to_json(),
        "audience": protocol.audience,
        "communities": [
            describe_community(community) for community in sorted(protocol.communities.all(), key=_key)
        ],
        "seasons": protocol.seasons,
        "attributes": protocol.attributes,
    }


def _key(thing: Any) -> str:
    return str(thing.key)


def describe_media(media: Media) -> dict[str, Any]:
    """One file."""
    return {
        "path": media.path,
        "original_name": media.original_name,
        "role": media.role,
        "media_type": media.media_type,
        "size": media.size,
        "sha512": media.sha512,
        "width": media.width,
        "height": media.height,
        "duration": media.duration,
        "language": media.language,
        "alt": media.alt.to_json(),
        "caption": media.caption.to_json(),
        "position": media.position,
    }


def describe_change(change: Change) -> dict[str, str]:
    """What harvesters learned."""
    return {"at": when(change.at), "kind": change.kind}


# -- whole records --------------------------------------------------------------------------------------------

PARTS: Final = ("media", "contributions__agent", "labels__community", "terms", "communities")
"""What to prefetch before :func:`item_record`, with ``places__part_of`` and the protocol's communities."""


def item_record(item: Item, changes: Iterable[Change]) -> dict[str, Any]:
    """The record of *item*, as its rows are now; *changes* are its rows of the feed."""
    return {
        "format": "heirloom/item/1",
        "key": item.key,
        "kind": item.kind,
        "state": item.state,
        "title": item.title.to_json(),
        "description": item.description.to_json(),
        "date": item.date,
        "date_note": item.date_note.to_json(),
        "rights": item.rights,
        "rights_holder": item.rights_holder,
        "protocol": describe_protocol(item.protocol) if item.protocol is not None else None,
        "communities": [
            describe_community(community) for community in sorted(item.communities.all(), key=_key)
        ],
        "places": [describe_place(place) for place in sorted(item.places.all(), key=_key)],
        "terms": [
            describe_term(term)
            for term in sorted(item.terms.all(), key=lambda term: (term.scheme, term.code))
        ],
        "contributions": [
            {"agent": describe_agent(part.agent), "role": part.role, "position": part.position}
            for part in _placed(item.contributions.all())
        ],
        "media": [describe_media(media) for media in _placed(item.media.all())],
        "labels": [
            {
                "community": describe_community(label.community),
                "code": label.code,
                "text": label.text.to_json(),
                "position": label.position,
            }
            for label in _placed(item.labels.all())
        ],
        "illustrative": item.illustrative,
        "source": item.source,
        "source_id": item.source_id,
        "source_uri": item.source_uri,
        "statements": item.statements,
        "revision": item.revision,
        "created_at": when(item.created_at),
        "updated_at": when(item.updated_at),
        "changes": [describe_change(change) for change in changes],
    }


def _placed(rows: Iterable[Any]) -> list[Any]:
    return sorted(rows, key=lambda row: (row.position, row.pk))


def community_record(community: Community) -> dict[str, Any]:
    """The record of a community."""
    return {"format": "heirloom/community/1", **describe_community(community)}


def protocol_record(
    protocol: Protocol, changes: Iterable[Change], opened: Iterable[Change]
) -> dict[str, Any]:
    """The record of a protocol; *changes* are its rows of the feed, *opened* those of items that it opened or closed."""
    items: dict[tuple[str, str], list[str]] = {}
    for change in opened:
        items.setdefault((when(change.at), change.kind), []).append(change.key)
    return {
        "format": "heirloom/protocol/1",
        **describe_protocol(protocol),
        "changes": [describe_change(change) for change in changes],
        "item_changes": [{"at": at, "kind": kind, "items": keys} for (at, kind), keys in items.items()],
    }


def shared_record(thing: Place | Term | Agent) -> dict[str, Any]:
    """The record of a place, term or agent that was corrected after items with it had been kept."""
    if isinstance(thing, Place):
        return {"format": "heirloom/place/1", **describe_place(thing)}
    if isinstance(thing, Term):
        return {"format": "heirloom/term/1", **describe_term(thing)}
    return {"format": "heirloom/agent/1", **describe_agent(thing)}


# -- crates ------------------------------------------------------------------------------------------------------

_AGENT_TYPES: Final = {"person": "Person", "organisation": "Organization", "group": "Organization"}


def _words(text: Translated, default: str) -> Any:
    return text or default


def item_crate(item: Item, files: Mapping[str, FileInfo]) -> Crate:
    """Describe the package of *item* as an RO-Crate, for programs that know nothing of our records."""
    statement = item.rights or NOT_EVALUATED
    try:
        known = vocabularies.statement(statement)
        licence: Any = crates.licence(statement, f"{known.name} ({known.code})")
    except vocabularies.UnknownRights:
        licence = statement
    contributors = [part.agent for part in _placed(item.contributions.all())]
    terms = list(item.terms.all())
    languages: list[Any] = [term.code for term in terms if term.scheme == Term.Scheme.LANGUAGE]
    crate = Crate.new(
        name=_words(item.title, item.key),
        description=_words(item.description, "") or _words(item.title, item.key),
        published=when(item.updated_at)[:10],
        license=licence,
        identifier=f"heirloom:item:{item.key}",
        dateCreated=item.date or None,
        inLanguage=languages or None,
        creator=crates.refs(f"#agent-{agent.key}" for agent in contributors) or None,
        contentLocation=crates.refs(f"#place-{place.key}" for place in item.places.all()) or None,
        keywords=[term.label.text(["en"], default=term.code) for term in terms] or None,
        creditText=item.rights_holder or None,
    )
    entities = [
        crates.Entity.of(
            f"#agent-{agent.key}",
            _AGENT_TYPES[agent.kind],
            name=crates.words(_words(agent.name, agent.key)),
            url=agent.uri or None,
        )
        for agent in contributors
    ]
    for place in item.places.all():
        entities.extend(
            crates.place(
                f"#place-{place.key}",
                _words(place.name, place.key),
                latitude=place.latitude,
                longitude=place.longitude,
                same_as=place.gazetteer or None,
            )
        )
    described = {media.path: media for media in item.media.all()}
    return crate.with_entities(*entities).with_files(
        _crate_file(info, described.get(info.path)) for info in files.values()
    )


def _crate_file(info: FileInfo, media: Media | None) -> crates.CrateFile:
    if media is None:
        return crates.CrateFile(info.path, info.size, info.sha512, "application/json")
    return crates.CrateFile(
        info.path,
        info.size,
        info.sha512,
        media.media_type,
        name=media.original_name,
        description=media.caption or media.alt or None,
    )


def plain_crate(record: Mapping[str, Any], name: Translated, files: Mapping[str, FileInfo]) -> Crate:
    """Describe the package of a community, protocol, place, term or agent."""
    identifier = str(record.get("key") or record.get("code"))
    made = Crate.new(
        name=_words(name, identifier),
        description=_words(name, identifier),
        published=datetime.now(UTC).date().isoformat(),
        license=crates.licence(NOT_EVALUATED, "Copyright Not Evaluated (CNE)"),
        identifier=f"heirloom:{str(record['format']).split('/')[1]}:{identifier}",
    )
    return made.with_files(_crate_file(info, None) for info in files.values())
