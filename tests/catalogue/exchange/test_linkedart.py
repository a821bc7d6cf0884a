"""Linked Art: against the API's schemas where they are at hand, and what must be in it always."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.catalogue.exchange.conftest import add_media, whole_item
from tests.factories.catalogue import make_agent, make_item, make_place

from heirloom.catalogue import linkedart, linkedart_read
from heirloom.catalogue.exchange import Addresses
from heirloom.catalogue.importers.checks import checked
from heirloom.catalogue.models import Item
from heirloom.text import Translated

pytestmark = [pytest.mark.database, pytest.mark.django_db]
Rich = Callable[..., Item]


@pytest.mark.parametrize("kind", Item.Kind.values)
def test_every_kind_validates(
    kind: str, rich_item: Rich, addresses: Addresses, linked_art_schema: Callable[[Any], list[str]]
) -> None:
    item = rich_item(kind)
    add_media(item, "one.jpg", "image/jpeg", width=10, height=20, alt=Translated({"en": "A boat"}))
    add_media(item, "song.flac", "audio/flac", duration=3.0)
    full = whole_item(item.key)
    assert linked_art_schema(linkedart.item(full, addresses)) == []
    assert linked_art_schema(linkedart.visual(full, addresses)) == []


def test_bare_things_validate(addresses: Addresses, linked_art_schema: Callable[[Any], list[str]]) -> None:
    for kind in Item.Kind.values:
        full = whole_item(make_item(kind=kind, title={"und": "?"}).key)
        assert linked_art_schema(linkedart.item(full, addresses)) == []
    for agent_kind in ("person", "organisation", "group"):
        agent = make_agent(kind=agent_kind, uri="https://viaf.org/7")
        assert linked_art_schema(linkedart.agent(agent, addresses)) == []
    region = make_place("Laos", gazetteer="https://www.geonames.org/1655842")
    polygon = {"type": "Polygon", "coordinates": [[[102, 19], [103, 19], [103, 20], [102, 19]]]}
    place = make_place("Ban Phanom", part_of=region, geometry=polygon)
    made = linkedart.place(place, addresses)
    assert made["defined_by"] == "POLYGON((102 19, 103 19, 103 20, 102 19))"
    assert linked_art_schema(made) == []


def test_names_carry_their_language(rich_item: Rich, addresses: Addresses) -> None:
    made = linkedart.item(whole_item(rich_item().key), addresses)
    names = {name["content"]: name["language"][0] for name in made["identified_by"] if name["type"] == "Name"}
    assert names["ເຮືອນາກ"]["id"] == "http://vocab.getty.edu/aat/300388688"
    assert names["龙舟"]["equivalent"][0]["id"] == "urn:ietf:bcp:47:zh-Hans"
    assert linkedart.language("hnj")["id"] == "http://lexvo.org/id/iso639-3/hnj"
    assert "language" not in linkedart.names(Translated({"und": "?"}))[0]


def test_rights_labels_people_and_dates(rich_item: Rich, addresses: Addresses) -> None:
    made = linkedart.item(whole_item(rich_item().key), addresses)
    kinds = {kind["id"]: text["content"] for text in made["referred_to_by"] for kind in text["classified_as"]}
    assert "https://creativecommons.org/licenses/by/4.0/" in kinds
    assert "ໃຫ້ກຽດ" in kinds.values()
    assert kinds["http://vocab.getty.edu/aat/300435418"] == "Museum of Boats"
    event = made["produced_by"]
    assert [part["classified_as"][0]["id"].rpartition("/")[2] for part in event["part"]] == ["mus", "pht"]
    assert event["part"][1]["carried_out_by"][0]["equivalent"][0]["id"] == "https://viaf.org/1"
    assert event["timespan"]["begin_of_the_begin"].startswith("1937-01-01")
    assert event["timespan"]["end_of_the_end"].startswith("1937-12-31")
    assert made["made_of"][0]["id"] == "http://vocab.getty.edu/aat/300011914"


def test_what_is_written_can_be_read_back(rich_item: Rich, addresses: Addresses) -> None:
    item = whole_item(rich_item().key)
    draft = checked(linkedart_read.draft(linkedart.item(item, addresses), "us"))
    assert draft.title == item.title
    assert {tag: text.value for tag, text in draft.description.items()} == {"en": "A boat.", "th": "เรือ"}
    assert (draft.kind, draft.date, draft.rights, draft.rights_holder) == (
        item.kind,
        item.date,
        item.rights,
        item.rights_holder,
    )
    assert draft.date_note == item.date_note
    stored = {(term.scheme, term.code) for term in item.terms.all()} - {("subject", "naga")}
    assert {(term.scheme, term.code) for term in draft.terms} == stored
    assert [part.role for part in draft.contributions] == ["mus", "pht"]
    assert draft.places[0].gazetteer == "https://www.geonames.org/1655559"
    said = {(one.name, one.value, one.language) for one in draft.statements}
    assert {("dimensions", "3 m", "en"), ("hull", "4", ""), ("accession number", "B 17", "")} <= said
