"""A well-described item, and the schemas of others where they are at hand."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.factories.catalogue import make_agent, make_community, make_item, make_place, make_term

from heirloom.catalogue.actions_keep import whole
from heirloom.catalogue.exchange import Addresses
from heirloom.catalogue.models import Contribution, Item, Label, Media
from heirloom.text import Text, Translated

CC_BY = "https://creativecommons.org/licenses/by/4.0/"
Rich = Callable[..., Item]


@pytest.fixture
def addresses() -> Addresses:
    return Addresses("https://example.org")


def whole_item(key: str) -> Item:
    return whole(Item.objects.filter(key=key)).get()


def add_media(item: Item, name: str, media_type: str, **over: Any) -> Media:
    """A file's row alone; nothing is in the archive."""
    return Media.objects.create(
        item=item,
        path=f"media/{name}",
        original_name=name,
        media_type=media_type,
        size=10,
        sha512=hashlib.sha512(f"{item.key}{name}".encode()).hexdigest(),
        position=over.pop("position", item.media.count()),
        **over,
    )


@pytest.fixture
def rich_item() -> Callable[..., Item]:
    """Make an item with something in every field; returned as exports want it."""

    def make(kind: str = "image", **over: Any) -> Item:
        place = make_place(
            "Luang Prabang", longitude=102.135, latitude=19.885, gazetteer="https://www.geonames.org/1655559"
        )
        community = make_community(name=Translated({"en": "Tai Lue of Ban Phanom", "lo": "ໄທລື້"}))
        item = make_item(
            kind=kind,
            title={"en": "Naga boat", "lo": "ເຮືອນາກ", "zh-Hans": "龙舟"},
            description=Translated({"en": Text("A boat.", "human"), "th": Text("เรือ", "machine")}),
            date="1937~",
            date_note=Translated({"en": "about 1937"}),
            rights=CC_BY,
            rights_holder="Museum of Boats",
            communities=[community],
            places=[place],
            terms=[
                make_term("language", "lao", uri="https://lexvo.org/id/iso639-3/lao"),
                make_term("material", "aat:300011914", uri="http://vocab.getty.edu/aat/300011914"),
                make_term("technique", "aat:300053149", uri="http://vocab.getty.edu/aat/300053149"),
                make_term("form", "boat"),
                make_term("subject", "naga"),
                make_term("period", "french-indochina"),
            ],
            source="museum",
            source_id="B 17",
            source_uri="https://museum.example/b17",
            statements=[
                {"name": "dimensions", "value": "3 m", "language": "en"},
                {"name": "hull", "value": "4"},
            ],
            **over,
        )
        for position, role in enumerate(("mus", "pht")):
            agent = make_agent(f"Agent {role}", uri="https://viaf.org/1" if role == "pht" else "")
            Contribution.objects.create(item=item, agent=agent, role=role, position=position)
        Label.objects.create(item=item, community=community, code="TK A", text=Translated({"lo": "ໃຫ້ກຽດ"}))
        return item

    return make


def _schema_folder(variable: str, what: str) -> Path:
    folder = os.environ.get(variable, "")
    if not folder or not Path(folder).is_dir():
        pytest.skip(f"no {what}: set {variable} to their folder")
    return Path(folder)


@pytest.fixture(scope="session")
def presentation_schema() -> Callable[[Any], list[str]]:
    """Errors of a document by the JSON schema of the Presentation 3 validator (``iiif_3_0.json``)."""
    from jsonschema import Draft7Validator

    folder = _schema_folder("HEIRLOOM_IIIF_SCHEMAS", "schemas of IIIF/presentation-validator")
    validator = Draft7Validator(json.loads((folder / "iiif_3_0.json").read_text()))
    return lambda document: [
        f"{error.json_path}: {error.message[:300]}" for error in validator.iter_errors(document)
    ]


@pytest.fixture(scope="session")
def linked_art_schema() -> Callable[[Any], list[str]]:
    """Errors of a document by the Linked Art 1.0 API schemas."""
    from jsonschema import Draft202012Validator
    from referencing import Registry, Resource

    folder = _schema_folder("HEIRLOOM_LINKED_ART_SCHEMAS", "Linked Art 1.0 schemas (docs/api/1.0/schema)")
    schemas = {path.stem: json.loads(path.read_text()) for path in folder.glob("*.json")}
    registry = Registry().with_resources(
        (schema["$id"], Resource.from_contents(schema)) for schema in schemas.values()
    )
    by_type = {
        "HumanMadeObject": "object", "LinguisticObject": "text", "DigitalObject": "digital", "Place": "place",
        "PropositionalObject": "abstract", "VisualItem": "image", "Person": "person", "Group": "group",
    }  # fmt: skip

    def errors(document: Any) -> list[str]:
        validator = Draft202012Validator(schemas[by_type[document["type"]]], registry=registry)
        return [f"{error.json_path}: {error.message[:300]}" for error in validator.iter_errors(document)]

    return errors
