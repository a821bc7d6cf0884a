"""Communities, their members and protocols; places, terms and agents that are found again and never lose a language."""

from __future__ import annotations

import json

import pytest
from tests.factories.catalogue import make_community, make_item, make_kept_item, make_protocol
from tests.factories.people import make_user

from heirloom.catalogue import actions_community as communities
from heirloom.catalogue import actions_shared as shared
from heirloom.catalogue import store
from heirloom.catalogue.actions_errors import InUse, InvalidField, InvalidProtocol, SlugTaken
from heirloom.catalogue.models import Agent, Community, Item, Membership, Place, Protocol, Term
from heirloom.catalogue.vocabularies import InvalidTerm
from heirloom.errors import NotAllowed
from heirloom.keys import object_id
from heirloom.people.models import User
from heirloom.text import Translated

pytestmark = [pytest.mark.database, pytest.mark.django_db, pytest.mark.usefixtures("installation")]

NAME = Translated({"en": "Weavers"})


@pytest.fixture
def cataloguer() -> User:
    return make_user(grants=["cataloguer"])


def record(kind: str, key: str) -> dict:
    return json.loads(store.archive().read(object_id(kind, key), "record.json"))


def test_a_community_is_founded_by_a_cataloguer_and_led_by_its_stewards(cataloguer: User) -> None:
    with pytest.raises(NotAllowed):
        communities.create_community(make_user(), slug="weavers", name=NAME)
    community = communities.create_community(cataloguer, slug="weavers", name=NAME)
    steward, person = make_user(), make_user()
    communities.add_member(cataloguer, community, steward, role="steward")
    with pytest.raises(NotAllowed):
        communities.add_member(cataloguer, community, person)
    with pytest.raises(NotAllowed):
        communities.edit_community(cataloguer, community, contact="x")
    communities.add_member(steward, community, person, attributes={"gender": "women"})
    communities.add_member(steward, community, person, role="steward")
    assert Membership.objects.get(user=person).attributes == {"gender": "women"}
    communities.edit_community(steward, community, name=Translated({"lo": "ຊ່າງຕໍ່າ"}))
    assert record("community", community.key)["name"].keys() == {"lo"}
    assert "women" not in json.dumps(record("community", community.key))


@pytest.mark.parametrize("slug", ["", "a b", "ຊ່າງ", "x" * 51, "../x"])
def test_a_short_name_is_plain(cataloguer: User, slug: str) -> None:
    with pytest.raises(InvalidField):
        communities.create_community(cataloguer, slug=slug, name=NAME)


def test_a_short_name_is_taken_once(cataloguer: User) -> None:
    communities.create_community(cataloguer, slug="weavers", name=NAME)
    with pytest.raises(SlugTaken):
        communities.create_community(cataloguer, slug="weavers", name=NAME)
    assert Community.objects.count() == 1


def test_people_may_leave_and_stewards_may_remove(cataloguer: User) -> None:
    steward, first, second = make_user(), make_user(), make_user()
    community = make_community(stewards=[steward], members=[first, second])
    with pytest.raises(NotAllowed):
        communities.remove_member(first, Membership.objects.get(user=second))
    communities.remove_member(first, Membership.objects.get(user=first))
    communities.remove_member(steward, Membership.objects.get(user=second))
    assert community.memberships.count() == 1


def test_protocols_are_defined_by_stewards() -> None:
    steward = make_user()
    community = make_community(stewards=[steward])
    with pytest.raises(NotAllowed):
        communities.define_protocol(
            make_user(superuser=True), name=NAME, audience="members", communities=[community]
        )
    protocol = communities.define_protocol(
        steward,
        name=NAME,
        audience="members",
        communities=[community],
        seasons=[("11-01", "02-10")],
        attributes={"gender": ["women"]},
    )
    kept = record("protocol", protocol.key)
    assert (kept["seasons"], kept["attributes"]) == ([["11-01", "02-10"]], {"gender": ["women"]})
    communities.edit_protocol(steward, protocol, seasons=[])
    assert record("protocol", protocol.key)["seasons"] == []
    with pytest.raises(NotAllowed):
        communities.edit_protocol(steward, protocol, communities=[make_community()])


@pytest.mark.parametrize(
    "over",
    [{"audience": "friends"}, {"name": Translated()}, {"seasons": [["02-30", "03-01"]]}, {"seasons": ["always"]},
     {"attributes": {"gender": "women"}}, {"attributes": {"gender": []}}, {"attributes": {"gender": [1]}}],
)  # fmt: skip
def test_a_protocol_that_nobody_could_follow_is_refused(over: dict) -> None:
    steward = make_user()
    community = make_community(stewards=[steward])
    fields = {"name": NAME, "audience": "members", "communities": [community], **over}
    with pytest.raises(InvalidProtocol):
        communities.define_protocol(steward, **fields)
    assert not Protocol.objects.exists()


def test_a_protocol_for_members_names_whose(cataloguer: User) -> None:
    with pytest.raises(InvalidProtocol):
        communities.define_protocol(cataloguer, name=NAME, audience="members")
    assert communities.define_protocol(cataloguer, name=NAME, audience="signed-in").pk


def test_a_protocol_in_use_is_not_removed() -> None:
    steward = make_user()
    protocol = communities.define_protocol(
        steward, name=NAME, audience="members", communities=[make_community(stewards=[steward])]
    )
    item = make_item(protocol=protocol)
    with pytest.raises(InUse):
        communities.remove_protocol(steward, protocol)
    assert store.archive().exists(object_id("protocol", protocol.key))
    item.delete()
    communities.remove_protocol(steward, Protocol.objects.get())
    assert not store.archive().exists(object_id("protocol", protocol.key))


def test_a_place_is_found_again_and_gains_languages() -> None:
    user = make_user()
    uri = "https://www.geonames.org/1655559"
    first = shared.ensure_place(user, name=Translated({"en": "Luang Prabang"}), gazetteer=uri)
    again = shared.ensure_place(
        user,
        name=Translated({"lo": "ຫຼວງພະບາງ", "en": "Other"}),
        gazetteer=uri,
        country="la",
        longitude=102.1,
        latitude=19.9,
    )
    assert first == again
    assert again.name.to_json().keys() == {"en", "lo"}
    assert again.name.text(["en"]) == "Luang Prabang"
    assert (again.country, again.longitude, again.revision) == ("LA", 102.1, 1)
    assert shared.ensure_place(user, name=Translated({"en": "Pakse"}), country="LA") == shared.ensure_place(
        user, name=Translated({"en": "Pakse"}), country="LA"
    )
    assert Place.objects.count() == 2


@pytest.mark.parametrize(
    "over",
    [{"country": "LAO"}, {"country": "ລາ"}, {"longitude": 181.0, "latitude": 0.0}, {"longitude": 1.0}, {"gazetteer": "javascript:1"},
     {"geometry": {"type": "Point", "coordinates": [200, 0]}}, {"geometry": {"type": "Point", "coordinates": "x"}},
     {"geometry": {"type": "Polygon", "coordinates": [[1, 2]]}}, {"geometry": []}, {"geometry": {"type": "GeometryCollection"}},
     {"name": Translated()}],
)  # fmt: skip
def test_places_that_cannot_be_are_refused(over: dict) -> None:
    with pytest.raises(InvalidField):
        shared.ensure_place(make_user(), **{"name": NAME, **over})
    assert not Place.objects.exists()


def test_terms_and_agents_are_found_again() -> None:
    user = make_user()
    for label in ({"en": "weaving"}, {"lo": "ການຕໍ່າ"}):
        shared.ensure_term(user, scheme="technique", code="aat:300053642", label=Translated(label))
        shared.ensure_agent(user, name=Translated(label), source_id="tate:1")
    assert Term.objects.get().label.to_json().keys() == {"en", "lo"}
    assert Agent.objects.get().name.to_json().keys() == {"en", "lo"}
    named = shared.ensure_agent(user, name=Translated({"en": "Kham"}))
    assert shared.ensure_agent(user, name=Translated({"en": "Kham"})) == named
    assert shared.ensure_agent(user, name=Translated({"en": "Kham"}), kind="group") != named
    with pytest.raises(InvalidTerm):
        shared.ensure_term(user, scheme="language", code="Lao!")
    with pytest.raises(InvalidField):
        shared.ensure_term(user, scheme="colour", code="red")
    with pytest.raises(NotAllowed):
        shared.ensure_term(None, scheme="language", code="lao")  # type: ignore[arg-type]


def test_a_correction_is_kept_and_searchable(cataloguer: User) -> None:
    from heirloom.catalogue.queries import Filters, list_items

    term = shared.ensure_term(cataloguer, scheme="language", code="lao", label=Translated({"en": "Lao"}))
    make_kept_item(cataloguer, terms=[term])
    assert not store.archive().exists(object_id("term", "language:lao"))
    shared.ensure_term(cataloguer, scheme="language", code="lao", label=Translated({"lo": "ລາວ"}))
    assert record("term", "language:lao")["revision"] == 1
    assert list_items(None, Filters(q="ລາວ")).total == 1


def test_protocols_of_items_are_seen_through_a_protocol_edit() -> None:
    steward = make_user()
    protocol = make_protocol("stewards", communities=[make_community(stewards=[steward])])
    item = make_item(protocol=protocol)
    from heirloom.catalogue import rights

    assert not rights.visible(None, Item.objects.get(pk=item.pk))
    communities.edit_protocol(steward, protocol, audience="public")
    assert rights.visible(None, Item.objects.get(pk=item.pk))
