"""What a sealed version holds: the case's content, what it shows pinned by digest, and the crate that describes it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from heirloom.archive import FileInfo, crate
from heirloom.catalogue import record
from heirloom.catalogue.models import Item
from heirloom.keys import object_id

from . import content as contents
from .models import Case, Run

RECORD = "record.json"
PUBLICATION = "publication.json"


def pin_item(item: Item) -> dict[str, Any]:
    """Return an item as a sealed case refers to it: by archive object, version and digest, with its media."""
    return {
        "object": object_id("item", item.key),
        "version": item.object_version,
        "digest": item.digest,
        "kind": item.kind,
        "title": item.title.to_json(),
        "rights": item.rights,
        "rights_holder": item.rights_holder,
        "protocol": item.protocol.key if item.protocol else None,
        "illustrative": item.illustrative,
        "media": [
            {
                "path": media.path,
                "media_type": media.media_type,
                "size": media.size,
                "sha512": media.sha512,
                "width": media.width,
                "height": media.height,
                "language": media.language,
                "alt": media.alt.to_json(),
                "caption": media.caption.to_json(),
            }
            for media in item.media.all()
        ],
    }


def pin_run(run: Run) -> dict[str, Any]:
    """Return a run as a sealed case refers to it."""
    return {
        "object": object_id("run", run.key),
        "version": run.object_version,
        "digest": run.digest,
        "method": run.method,
        "method_version": run.method_version,
        "title": run.title.to_json(),
        "state": run.state,
        "inputs": run.inputs,
        "params": run.params,
        "outputs": run.outputs,
        "started_at": run.started_at.isoformat() if run.started_at else None,
        "ended_at": run.ended_at.isoformat() if run.ended_at else None,
        "cost": {
            "cpu_seconds": run.cpu_seconds,
            "wall_seconds": run.wall_seconds,
            "peak_bytes": run.peak_bytes,
            "bytes_in": run.bytes_in,
            "bytes_out": run.bytes_out,
            "device": run.device,
        },
    }


def shown_items(case: Case) -> list[Item]:
    """Return the items that the case shows, each once, cover first; reads what is prefetched."""
    shown = [
        case.cover,
        *(section.item for section in case.sections.all()),
        *(goal.item for goal in case.goals.all()),
    ]
    return list({item.pk: item for item in shown if item is not None}.values())


def shown_runs(case: Case) -> list[Run]:
    """Return the runs that the case shows as evidence, each once."""
    shown = [*(section.run for section in case.sections.all()), *(goal.run for goal in case.goals.all())]
    return list({run.pk: run for run in shown if run is not None}.values())


def sealed_content(case: Case) -> dict[str, Any]:
    """Return the whole value that a seal fixes."""
    return {
        **contents.describe(case),
        "key": case.key,
        "created_at": record.when(case.created_at),
        "updated_at": record.when(case.updated_at),
        "revision": case.revision,
        "items": {item.key: pin_item(item) for item in shown_items(case)},
        "runs": {run.key: pin_run(run) for run in shown_runs(case)},
        "places_described": {place.key: record.describe_place(place) for place in case.places.all()},
        "communities_described": {
            community.key: record.describe_community(community) for community in case.communities.all()
        },
        "terms_described": {str(term): record.describe_term(term) for term in case.terms.all()},
        "protocol_described": record.describe_protocol(case.protocol) if case.protocol else None,
    }


def to_bytes(value: Mapping[str, Any]) -> bytes:
    """Return JSON as the archive keeps it: UTF-8, sorted, ending in a line feed."""
    return (json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1, allow_nan=False) + "\n").encode()


def describe_crate(sealed: Mapping[str, Any], sealed_at: str, files: Iterable[FileInfo]) -> crate.Crate:
    """Return the RO-Crate of a sealed case; what it shows stands in packages of its own and is referred to."""
    title = _words(sealed["title"])
    described = crate.Crate.new(
        name=title,
        description=_words(sealed["summary"]) or title,
        published=sealed_at,
        license=sealed["rights"] or record.NOT_EVALUATED,
        identifier=object_id("case", sealed["key"]),
    )
    described = described.with_files(
        crate.CrateFile(info.path, info.size, info.sha512, "application/json") for info in files
    )
    mentioned = []
    for kind, pins in (("item", sealed["items"]), ("run", sealed["runs"])):
        for key, pin in sorted(pins.items()):
            identifier = object_id(kind, key)
            mentioned.append(identifier)
            described = described.with_entities(
                crate.Entity.of(
                    identifier,
                    "CreativeWork",
                    name=crate.words(_words(pin["title"]) or pin.get("method") or key),
                    version=f"v{pin['version']}",
                    identifier=f"sha512:{pin['digest']}",
                )
            )
    for place_key, place in sorted(sealed["places_described"].items()):
        if place["latitude"] is None or place["longitude"] is None:
            continue
        entities = crate.place(
            place["gazetteer"] or f"#place-{place_key}",
            _words(place["name"]),
            latitude=place["latitude"],
            longitude=place["longitude"],
        )
        described = described.with_entities(*entities)
        mentioned.append(entities[0].id)
    return described.with_root(mentions=crate.refs(mentioned)) if mentioned else described


def _words(translated: Mapping[str, Any]) -> dict[str, str]:
    return {language: part["text"] for language, part in translated.items()}
