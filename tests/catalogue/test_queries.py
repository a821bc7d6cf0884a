"""Lists, facets, maps and the feed: what they show, to whom, and in how many queries."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.factories.catalogue import (
    make_community,
    make_item,
    make_place,
    make_protocol,
    make_term,
)
from tests.factories.people import make_user

from heirloom.catalogue import actions, queries
from heirloom.catalogue.filters import Filters
from heirloom.errors import NotFound
from heirloom.people.models import User

pytestmark = [pytest.mark.database, pytest.mark.django_db]

NOBODY = AnonymousUser()


@contextmanager
def at_most(number: int) -> Iterator[None]:
    with CaptureQueriesContext(connection) as captured:
        yield
    assert len(captured) <= number, "\n".join(query["sql"] for query in captured)


def titles(found: queries.ItemList) -> list[str]:
    return [item.title.text(["en"]) for item in found.items]


def labelled(found: queries.ItemList, name: str) -> dict[str, int]:
    values = found.facets[name]
    return {
        value.label if isinstance(value.label, str) else value.label.text(["en"]): value.count
        for value in values
    }


@pytest.mark.parametrize("number", [1, 3])
@pytest.mark.parametrize("person", ["visitor", "member"])
@pytest.mark.parametrize("q", ["", "boat"])
def test_a_list_costs_the_same_queries_however_long_it_is(number: int, person: str, q: str) -> None:
    community = make_community()
    protocol = make_protocol("public", communities=[community])
    for place in range(number):
        make_item(
            title=f"boat {place}",
            protocol=protocol,
            communities=[community],
            places=[make_place()],
            terms=[make_term(), make_term("technique", "weaving")],
            date="1937",
        )
    user = NOBODY
    if person == "member":
        made = make_user()
        make_community(members=[made])
        user = User.objects.get(pk=made.pk)
    with at_most(11 if person == "member" and q else 10):
        found = queries.list_items(user, Filters(q=q))
        for item in found.items:
            list(item.media.all())
            [place.name.text(["en"]) for place in item.places.all()]
            [community.slug for community in item.communities.all()]
            assert item.protocol is not None
    assert found.total == number


def test_facets_count_items_once_and_ignore_themselves() -> None:
    lao, thai = make_term(code="lao"), make_term(code="tha")
    weaving = make_term("technique", "weaving")
    first, second = make_place("Vientiane"), make_place("Champasak")
    cambodia = make_place("Angkor", country="KH")
    make_item(title="a", kind="image", terms=[lao, weaving], places=[first, second], date="1937")
    make_item(title="b", kind="object", terms=[lao, thai], places=[cambodia], date="-0043")
    make_item(title="c", kind="object", terms=[thai], date="1900")
    found = queries.list_items(NOBODY)
    assert found.total == 3
    assert labelled(found, "language") == {"Lao": 2, "Tha": 2}
    assert labelled(found, "technique") == {"Weaving": 1}
    assert labelled(found, "country") == {"LA": 1, "KH": 1}
    assert {value.value: value.count for value in found.facets["century"]} == {20: 1, -1: 1, 19: 1}
    chosen = queries.list_items(NOBODY, Filters(language=("lao",)))
    assert sorted(titles(chosen)) == ["a", "b"]
    assert labelled(chosen, "language") == {"Lao": 2, "Tha": 2}
    assert labelled(chosen, "kind") == {"image": 1, "object": 1}
    assert [value.value for value in chosen.facets["language"] if value.selected] == ["lao"]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(kind=("image",)), ["a"]),
        (Filters(kind=("image", "object")), ["a", "b"]),
        (Filters(century=(20,)), ["a"]),
        (Filters(century=(-1,)), ["b"]),
        (Filters(country=("KH",)), ["b"]),
        (Filters(community=("weavers",)), ["a"]),
        (Filters(rights=("none",)), ["b"]),
        (Filters(bbox=(100.0, 15.0, 110.0, 20.0)), ["a"]),
        (Filters(bbox=(170.0, -10.0, -170.0, 10.0)), ["b"]),
        (Filters(media=True), []),
        (Filters(illustrative=True), []),
        (Filters(mine=True), []),
        (Filters(language=("lao",), kind=("object",)), []),
        (Filters(q="loom"), ["a"]),
        (Filters(q="!!"), []),
    ],
)
def test_filters(filters: Filters, expected: list[str]) -> None:
    make_item(
        title="a",
        description=actions.Translated({"en": "Made on a loom"}),
        kind="image",
        date="1937~",
        rights="https://creativecommons.org/licenses/by/4.0/",
        communities=[make_community("weavers")],
        places=[make_place(longitude=102.1, latitude=19.9)],
        terms=[make_term()],
    )
    make_item(
        title="b",
        date="-0043/0100",
        places=[make_place("Tuvalu", country="KH", longitude=-179.2, latitude=-8.5)],
    )
    assert sorted(titles(queries.list_items(NOBODY, filters))) == expected


def test_filters_survive_a_query_string() -> None:
    filters = Filters(
        q="ເຮືອ", kind=("image", "text"), century=(-1, 20), bbox=(1.5, 2.0, 3.0, 4.0), media=False, mine=True
    )
    pairs: dict[str, list[str]] = {}
    for name, value in filters.to_query():
        pairs.setdefault(name, []).append(value)
    assert Filters.from_query(pairs) == filters


@pytest.mark.parametrize(
    "query",
    [{"bbox": ["1,2,3"]}, {"century": ["x"]}, {"century": ["²"]}, {"media": ["maybe"]}, {"unknown": ["1"]}, {"q": ["\x00"]},
     {"bbox": ["nan,1,2,3"]}, {"kind": ["'; DROP TABLE item; --"]}],
)  # fmt: skip
def test_a_hostile_query_string_is_only_not_understood(query: dict[str, list[str]]) -> None:
    make_item(title="a")
    assert queries.list_items(NOBODY, Filters.from_query(query)).total in (0, 1)


def test_titles_are_sorted_for_the_reader() -> None:
    make_item(title={"lo": "ກາ", "en": "zebra"})
    make_item(title={"lo": "ເກາະ", "en": "yak"})
    make_item(title={"lo": "ຂາ", "en": "ant"})
    make_item(title={"en": "apple"})
    make_item(title={"en": "Éclair"})
    in_lao = [
        item.title.text(["lo"]) for item in queries.list_items(NOBODY, sort="title", language="lo").items
    ]
    assert in_lao == ["ກາ", "ເກາະ", "ຂາ", "apple", "Éclair"]
    in_english = queries.list_items(NOBODY, sort="title", language="en")
    assert titles(in_english) == ["ant", "apple", "Éclair", "yak", "zebra"]


def test_pages_do_not_overlap_and_reach_everything() -> None:
    for number in range(7):
        make_item(title=f"boat {number}")
    for sort in queries.SORTS:
        seen = [
            title
            for page in (1, 2, 3)
            for title in titles(queries.list_items(NOBODY, Filters(q="boat"), sort=sort, page=page, size=3))
        ]
        assert sorted(seen) == [f"boat {number}" for number in range(7)]
    assert queries.list_items(NOBODY, page=99, size=3).page == 3


def test_what_may_not_be_seen_is_neither_listed_nor_counted_nor_found() -> None:
    protocol = make_protocol("stewards", communities=[make_community()])
    make_item(
        title="hidden boat", protocol=protocol, places=[make_place(longitude=1.0, latitude=1.0)], date="1937"
    )
    make_item(title="draft boat", state="draft")
    for filters in (Filters(), Filters(q="boat")):
        found = queries.list_items(NOBODY, filters)
        assert (found.total, found.items) == (0, [])
        assert not any(found.facets.values())
    assert queries.items_on_map(NOBODY) == []
    assert queries.timeline(NOBODY) == []


def test_an_item_that_may_not_be_seen_is_not_found() -> None:
    item = make_item(state="draft")
    with pytest.raises(NotFound):
        queries.get_item(NOBODY, item.key)
    with pytest.raises(NotFound):
        queries.get_item(NOBODY, "none")
    assert queries.get_item(make_user(grants=["cataloguer"]), item.key) == item


def test_the_map_gathers_what_is_near() -> None:
    near = [make_place(f"p{n}", longitude=102.0 + n / 100, latitude=19.0) for n in range(2)]
    far = make_place("far", longitude=-70.0, latitude=-30.0)
    make_item(places=near)
    make_item(places=near[:1])
    make_item(places=[far])
    clusters = {
        (round(cluster.longitude), cluster.count, cluster.place) for cluster in queries.items_on_map(NOBODY)
    }
    assert clusters == {(102, 2, ""), (-70, 1, far.key)}
    world = Filters(bbox=(101.999, 18.0, 102.02, 20.0))
    fine = queries.items_on_map(NOBODY, world, columns=100)
    assert sorted(cluster.count for cluster in fine) == [1, 2]


def test_a_place_shows_its_parts() -> None:
    country = make_place("Laos")
    town = make_place("Luang Prabang", part_of=country)
    make_place("Empty", part_of=country)
    make_item(title="boat", places=[town])
    make_item(title="secret", places=[town], state="draft")
    page = queries.get_place(NOBODY, country.key)
    assert [item.title.text(["en"]) for item in page.items] == ["boat"]
    assert [(part.name.text(["en"]), count) for part, count in page.parts] == [
        ("Luang Prabang", 1),
        ("Empty", 0),
    ]


def test_a_timeline_counts_by_spans_before_and_after_year_0() -> None:
    for date in ("1937", "1950", "-0043", "0001"):
        make_item(date=date)
    assert queries.timeline(NOBODY, step=100) == [(-100, 1), (0, 1), (1900, 2)]
