"""What each reader sees of what a community closes and of what is not published: pages, lists, counts, search, map."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from django.test import Client
from django.urls import reverse
from tests.factories.catalogue import make_community, make_item, make_place, make_protocol, make_term
from tests.factories.people import make_user

from heirloom.catalogue.models import Community, Item, Place
from heirloom.people.models import User
from heirloom.text import Translated

pytestmark = [pytest.mark.database, pytest.mark.django_db]

READERS = ["anonymous", "signed-in", "member", "steward", "superuser"]
OPEN_TO = {
    "public": set(READERS),
    "signed-in": {"signed-in", "member", "steward", "superuser"},
    "members": {"member", "steward"},
    "stewards": {"steward"},
}


@dataclass
class World:
    community: Community
    people: dict[str, User | None]
    items: dict[str, Item]
    places: dict[str, Place]

    def client(self, reader: str) -> Client:
        client = Client()
        person = self.people[reader]
        if person is not None:
            client.force_login(person)
        return client


@pytest.fixture
def world() -> World:
    """An item for every audience, each with a place, a form and words of its own, and one that is not published."""
    people: dict[str, User | None] = {
        "anonymous": None,
        "signed-in": make_user(),
        "member": make_user(),
        "steward": make_user(),
        "superuser": make_user(superuser=True),
    }
    member, steward = people["member"], people["steward"]
    assert member
    assert steward
    community = make_community("weavers", stewards=[steward], members=[member])
    items, places = {}, {}
    for number, audience in enumerate(OPEN_TO):
        places[audience] = make_place(f"Village {audience}", longitude=90.0 + 8 * number, latitude=15.0)
        items[audience] = make_item(
            title=f"Cloth zz{audience.replace('-', '')}",
            places=[places[audience]],
            terms=[make_term("form", f"form-{audience}", label=Translated({"en": f"Form {audience}"}))],
            protocol=make_protocol(audience, communities=[community]),
            communities=[community],
            date="1937",
        )
    items["draft"] = make_item(title="Cloth zzdraft", state="draft", owner=people["signed-in"])
    return World(community, people, items, places)


@pytest.mark.parametrize("reader", READERS)
def test_the_page_of_an_item_is_there_for_those_it_is_open_to(world: World, reader: str) -> None:
    client = world.client(reader)
    for audience, readers in OPEN_TO.items():
        response = client.get(reverse("item", args=[world.items[audience].key]))
        assert response.status_code == (200 if reader in readers else 404), audience
        said = response.content.decode()
        assert (f"zz{audience.replace('-', '')}" in said) == (reader in readers)


@pytest.mark.parametrize("reader", READERS)
def test_the_list_its_counts_and_its_facets_hold_what_is_open(world: World, reader: str) -> None:
    said = world.client(reader).get(reverse("explore")).content.decode()
    seen = [audience for audience, readers in OPEN_TO.items() if reader in readers]
    for audience in OPEN_TO:
        assert (world.items[audience].key in said) == (audience in seen), audience
        assert (f"Form {audience}" in said) == (audience in seen and len(seen) > 1), audience
    assert f"{len(seen)} item" in said
    assert world.items["draft"].key not in said, "the public list is of published items, for cataloguers too"


@pytest.mark.parametrize("reader", READERS)
def test_search_finds_what_is_open(world: World, reader: str) -> None:
    client = world.client(reader)
    for audience, readers in OPEN_TO.items():
        words = f"zz{audience.replace('-', '')}"
        response = client.get(reverse("explore"), {"q": words})
        assert response.context["listed"].total == (1 if reader in readers else 0), audience


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("page", ["map", "explore"])
def test_maps_show_places_of_what_is_open(world: World, reader: str, page: str) -> None:
    said = world.client(reader).get(reverse(page), {"view": "map"}).content.decode()
    for audience, readers in OPEN_TO.items():
        assert (f"Village {audience} (1 item)" in said) == (reader in readers), audience


@pytest.mark.parametrize("reader", READERS)
def test_a_place_where_a_reader_may_see_nothing_is_not_there(world: World, reader: str) -> None:
    client = world.client(reader)
    for audience, readers in OPEN_TO.items():
        response = client.get(reverse("place", args=[world.places[audience].key]))
        assert response.status_code == (200 if reader in readers else 404), audience


def test_a_place_names_no_part_where_a_reader_may_see_nothing(world: World) -> None:
    country = make_place("The whole country")
    Place.objects.update(part_of=None)
    Place.objects.exclude(pk=country.pk).update(part_of=country)
    said = world.client("anonymous").get(reverse("place", args=[country.key])).content.decode()
    assert "Village public" in said
    assert "Village members" not in said
    assert (
        "Village stewards"
        in world.client("steward").get(reverse("place", args=[country.key])).content.decode()
    )


@pytest.mark.parametrize("reader", READERS)
def test_a_community_shows_each_reader_what_it_opens_to_them(world: World, reader: str) -> None:
    Community.objects.filter(pk=world.community.pk).update(contact="the council, house 7")
    response = world.client(reader).get(reverse("community", args=["weavers"]))
    said = response.content.decode()
    for audience, readers in OPEN_TO.items():
        assert (world.items[audience].key in said) == (reader in readers), audience
    assert ("house 7" in said) == (reader != "anonymous")
    assert ("You are a steward" in said) == (reader == "steward")


def test_a_draft_is_there_for_its_owner_and_marked(world: World) -> None:
    url = reverse("item", args=[world.items["draft"].key])
    assert world.client("anonymous").get(url).status_code == 404
    assert world.client("member").get(url).status_code == 404
    said = world.client("signed-in").get(url).content.decode()
    assert "badge--warning" in said
    assert "manifest" not in said, "programs are not sent to what is not public"


def test_records_for_programs_are_named_where_everybody_may_read_them(world: World) -> None:
    client = world.client("steward")
    assert "/manifest" in client.get(reverse("item", args=[world.items["public"].key])).content.decode()
    assert "/manifest" not in client.get(reverse("item", args=[world.items["members"].key])).content.decode()


def test_a_query_cannot_ask_for_what_the_list_does_not_offer(world: World) -> None:
    client = world.client("superuser")
    for query in ({"state": "draft"}, {"state": "withdrawn"}, {"mine": "1"}):
        assert client.get(reverse("explore"), query).context["listed"].total == 2, query
    for query in (
        {"page": "999999999999999999999"},
        {"page": "-1"},
        {"page": "٣"},
        {"sort": "'; --"},
        {"bbox": "1,2"},
        {"century": "x"},
        {"q": "\x00"},
        {"q": "\u200b"},
        {"q": '"(*' * 200},
        {"kind": "x" * 5000},
    ):
        assert client.get(reverse("explore"), query).status_code == 200, query


def test_facets_narrow_and_can_be_taken_back(world: World) -> None:
    client = world.client("steward")
    page = client.get(reverse("explore"), {"form": ["form-public", "form-members"]})
    assert page.context["listed"].total == 2
    tags = {str(tag["label"]): tag["url"] for tag in page.context["chosen"]}
    assert len(tags) == 2
    fewer = client.get(next(iter(tags.values())))
    assert fewer.context["listed"].total == 1
    assert client.get(reverse("explore"), {"place": world.places["public"].key}).context["listed"].total == 1


def test_a_mark_of_several_places_leads_to_its_items(world: World) -> None:
    for name in ("a", "b"):
        make_item(title=f"near {name}", places=[make_place(name, longitude=20.01, latitude=50.01)])
    page = world.client("anonymous").get(reverse("explore"), {"view": "map"})
    mark = next(point for point in page.context["points"] if point["items"] == 2)
    listed = world.client("anonymous").get(mark["url"]).context["listed"]
    assert {item.title.text(["en"]) for item in listed.items} == {"near a", "near b"}
