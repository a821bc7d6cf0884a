"""Who may see what: the predicate and its query agree, and the decisions of rights.py hold."""

from __future__ import annotations

from datetime import date
from itertools import product
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.factories.catalogue import make_community, make_item, make_protocol
from tests.factories.people import make_user

from heirloom.cases.models import Case
from heirloom.catalogue import rights
from heirloom.catalogue.models import Community, Item, Membership, Protocol
from heirloom.people.models import User

pytestmark = [pytest.mark.database, pytest.mark.django_db]

NOBODY = AnonymousUser()
JUNE, DECEMBER = date(2026, 6, 15), date(2026, 12, 24)

attributes = st.dictionaries(
    st.sampled_from(["gender", "clan"]),
    st.lists(st.sampled_from(["women", "men", "naga"]), max_size=2),
    max_size=2,
)
seasons = st.lists(
    st.sampled_from(
        [
            ["11-01", "02-28"],
            ["06-01", "06-30"],
            ["12-24", "12-24"],
            ["13-01", "14-01"],
            "always",
            ["02-29", "03-01"],
        ]
    ),
    max_size=2,
)
protocols = st.fixed_dictionaries(
    {
        "audience": st.sampled_from([*Protocol.Audience.values, "nonsense"]),
        "communities": st.sets(st.integers(0, 2)),
        "seasons": st.one_of(seasons, st.just({})),
        "attributes": st.one_of(attributes, st.just([])),
    }
)
memberships = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.integers(0, 2),
        st.sampled_from(Membership.Role.values),
        st.dictionaries(
            st.sampled_from(["gender", "clan"]), st.sampled_from(["women", "men", "naga"]), max_size=2
        ),
    ),
    max_size=5,
    unique_by=lambda made: made[:2],
)
items = st.lists(
    st.tuples(
        st.sampled_from(Item.State.values),
        st.one_of(st.none(), st.integers(0, 2)),
        st.sets(st.integers(0, 2)),
        st.one_of(st.none(), st.integers(0, 3)),
    ),
    min_size=1,
    max_size=6,
)
days = st.sampled_from([JUNE, DECEMBER, date(2026, 2, 28), date(2028, 2, 29), date(2026, 11, 1)])


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(protocols, min_size=3, max_size=3), memberships, items, days)
def test_the_predicate_and_its_query_agree(
    made_protocols: list[dict[str, Any]], made_memberships: list[Any], made_items: list[Any], today: date
) -> None:
    with transaction.atomic():
        users = [
            make_user(),
            make_user(grants=["cataloguer"]),
            make_user(superuser=True),
            make_user(grants=["organiser"]),
        ]
        communities = [make_community() for _ in range(3)]
        rows = [
            make_protocol(
                made["audience"],
                communities=[communities[n] for n in made["communities"]],
                attributes={},
                seasons=[],
            )
            for made in made_protocols
        ]
        for row, made in zip(rows, made_protocols, strict=True):
            Protocol.objects.filter(pk=row.pk).update(seasons=made["seasons"], attributes=made["attributes"])
        for person, community, role, held in made_memberships:
            Membership.objects.create(
                user=users[person], community=communities[community], role=role, attributes=held
            )
        for state, protocol, named, owner in made_items:
            chosen = {
                "state": state,
                "protocol": None if protocol is None else rows[protocol],
                "communities": [communities[n] for n in named],
            }
            make_item(**chosen, owner=None if owner is None else users[owner], indexed=False)
        for user in (None, NOBODY, *(User.objects.get(pk=user.pk) for user in users)):
            who = rights.viewer(user, today)
            listed = list(Item.objects.filter(rights.visible_items(who)).values_list("pk", flat=True))
            assert len(listed) == len(set(listed))
            assert set(listed) == {
                item.pk
                for item in Item.objects.all()
                if rights.visible(user, Item.objects.get(pk=item.pk), today)
            }
            allowed = set(Item.objects.filter(rights.protocol_q(user, today)).values_list("pk", flat=True))
            assert allowed == {
                item.pk for item in Item.objects.all() if rights.protocol_allows(user, item.protocol, today)
            }
            handled = set(Item.objects.filter(rights.handled_q(user, today)).values_list("pk", flat=True))
            assert handled == {
                item.pk for item in Item.objects.all() if rights.handles(user, item.protocol, today)
            }
        transaction.set_rollback(True)


# -- the decisions, each by itself ---------------------------------------------------------------------------------


@pytest.fixture
def community() -> Community:
    return make_community()


def member(community: Community, role: str = "member", **held: str) -> User:
    user = make_user()
    Membership.objects.create(user=user, community=community, role=role, attributes=held)
    return user


def sees(user: Any, item: Item, today: date = JUNE) -> bool:
    found = rights.visible(user, item, today)
    assert Item.objects.filter(rights.visible_items(user, today), pk=item.pk).exists() == found
    return found


@pytest.mark.parametrize(
    ("audience", "visitor", "stranger", "of_it", "steward", "cataloguer", "superuser"),
    [
        ("public", True, True, True, True, True, True),
        ("signed-in", False, True, True, True, True, True),
        ("members", False, False, True, True, False, False),
        ("stewards", False, False, False, True, False, False),
    ],
)
def test_audiences(
    community: Community,
    audience: str,
    visitor: bool,
    stranger: bool,
    of_it: bool,
    steward: bool,
    cataloguer: bool,
    superuser: bool,
) -> None:
    item = make_item(protocol=make_protocol(audience, communities=[community]))
    people = (
        NOBODY,
        make_user(),
        member(community),
        member(community, "steward"),
        make_user(grants=["cataloguer"]),
        make_user(superuser=True),
    )
    assert [sees(user, item) for user in people] == [visitor, stranger, of_it, steward, cataloguer, superuser]


def test_seasons_may_cross_the_new_year(community: Community) -> None:
    item = make_item(protocol=make_protocol("public", communities=[community], seasons=[["11-01", "02-10"]]))
    assert [sees(NOBODY, item, day) for day in (date(2026, 10, 31), date(2026, 11, 1), DECEMBER, date(2027, 2, 10), date(2027, 2, 11))] == [
        False, True, True, True, False,
    ]  # fmt: skip
    assert sees(member(community, "steward"), item, JUNE)
    assert not sees(member(community), item, JUNE)


def test_attributes_are_matched_within_one_membership(community: Community) -> None:
    asked = {"gender": ["women"], "clan": ["naga", "phaya"]}
    other = make_community()
    item = make_item(protocol=make_protocol("members", communities=[community, other], attributes=asked))
    assert sees(member(community, gender="women", clan="naga"), item)
    assert not sees(member(community, gender="men", clan="naga"), item)
    assert not sees(member(community, gender="women"), item)
    split = member(community, gender="women")
    Membership.objects.create(user=split, community=other, attributes={"clan": "naga"})
    assert not sees(split, item)


def test_attributes_close_even_a_public_protocol(community: Community) -> None:
    item = make_item(
        protocol=make_protocol("public", communities=[community], attributes={"gender": ["women"]})
    )
    assert not sees(NOBODY, item)
    assert not sees(make_user(grants=["cataloguer"]), item)
    assert sees(member(community, gender="women"), item)


def test_a_protocol_for_members_of_nobody_opens_to_nobody(community: Community) -> None:
    item = make_item(protocol=make_protocol("members"), communities=[community])
    assert not sees(member(community), item)
    assert sees(member(community, "steward"), item)


def test_stewards_of_another_community_do_not_get_around_a_protocol(community: Community) -> None:
    other = make_community()
    item = make_item(
        protocol=make_protocol("stewards", communities=[community]), communities=[community, other]
    )
    assert not sees(member(other, "steward"), item)


def test_drafts(community: Community) -> None:
    owner, cataloguer = make_user(), make_user(grants=["cataloguer"])
    plain = make_item(state="draft", owner=owner, communities=[community])
    bound = make_item(state="draft", owner=owner, protocol=make_protocol("members", communities=[community]))
    people = (
        NOBODY,
        make_user(),
        owner,
        cataloguer,
        make_user(superuser=True),
        member(community),
        member(community, "steward"),
    )
    assert [sees(user, plain) for user in people] == [False, False, True, True, True, False, True]
    assert [sees(user, bound) for user in people] == [False, False, True, False, False, False, True]
    own = make_item(
        state="draft", owner=cataloguer, protocol=make_protocol("stewards", communities=[community])
    )
    assert sees(cataloguer, own)


def test_withdrawn_items_are_for_cataloguers_within_protocols(community: Community) -> None:
    owner, cataloguer = make_user(), make_user(grants=["cataloguer"])
    plain = make_item(state="withdrawn", owner=owner, communities=[community])
    bound = make_item(state="withdrawn", protocol=make_protocol("stewards", communities=[community]))
    people = (NOBODY, owner, member(community, "steward"), cataloguer)
    assert [sees(user, plain) for user in people] == [False, False, False, True]
    assert not any(sees(user, bound) for user in people)


def test_somebody_who_was_deactivated_is_a_visitor(community: Community) -> None:
    user = member(community)
    user.is_active = False
    item = make_item(protocol=make_protocol("members", communities=[community]))
    assert not sees(user, item)


@pytest.mark.parametrize(
    ("span", "valid"),
    [(["01-01", "12-31"], True), (["02-29", "02-29"], True), (["02-30", "03-01"], False), (["1-1", "12-31"], False),
     (["01-01"], False), ("01-01", False), ([1, 2], False), (None, False)],
)  # fmt: skip
def test_what_a_season_is(span: Any, valid: bool) -> None:
    assert rights.valid_season(span) is valid


def test_cases_use_the_same_protocols(community: Community) -> None:
    for audience in Protocol.Audience.values:
        Case.objects.create(protocol=make_protocol(audience, communities=[community]))
    Case.objects.create()
    for user in (NOBODY, make_user(), member(community), member(community, "steward")):
        listed = set(Case.objects.filter(rights.protocol_q(user)).values_list("pk", flat=True))
        assert listed == {
            case.pk for case in Case.objects.all() if rights.protocol_allows(user, case.protocol)
        }


def test_rights_cost_three_queries_for_a_person_and_one_for_a_visitor(community: Community) -> None:
    person = User.objects.get(pk=member(community).pk)
    for _ in range(5):
        make_protocol("members", communities=[community])
    for user, most in ((person, 3), (NOBODY, 1)):
        with CaptureQueriesContext(connection) as captured:
            who = rights.viewer(user)
            rights.visible_items(who)
            rights.visible_items(who)
        assert len(captured) == most


# -- doing ---------------------------------------------------------------------------------------------------------


def test_who_may_do_what(community: Community) -> None:
    owner = make_user()
    item = make_item(state="draft", owner=owner, communities=[community])
    people = {
        "visitor": NOBODY,
        "stranger": make_user(),
        "owner": owner,
        "cataloguer": make_user(grants=["cataloguer"]),
        "organiser": make_user(grants=["organiser"]),
        "archivist": make_user(grants=["archivist"]),
        "member": member(community),
        "steward": member(community, "steward"),
    }
    allowed = {
        "describe": (rights.may_describe, set(people) - {"visitor"}),
        "edit": (lambda user: rights.may_edit(user, item), {"owner", "cataloguer", "steward"}),
        "publish": (lambda user: rights.may_publish(user, item), {"cataloguer", "organiser", "steward"}),
        "withdraw": (
            lambda user: rights.may_withdraw(user, item),
            {"owner", "cataloguer", "organiser", "steward"},
        ),
        "label": (lambda user: rights.may_label(user, community), {"steward"}),
        "lead": (lambda user: rights.may_lead(user, community), {"steward"}),
        "found": (rights.may_found, {"cataloguer"}),
        "define": (lambda user: rights.may_define(user, [community]), {"steward"}),
        "purge": (rights.may_purge, {"archivist"}),
    }
    for (deed, (may, who)), (name, user) in product(allowed.items(), people.items()):
        assert may(user) == (name in who), f"{name} {deed}"


def test_a_cataloguer_leads_a_community_until_it_has_a_steward(community: Community) -> None:
    cataloguer = make_user(grants=["cataloguer"])
    assert rights.may_lead(cataloguer, community)
    member(community, "steward")
    assert not rights.may_lead(cataloguer, community)


def test_only_its_stewards_lift_a_community_s_protocol(community: Community) -> None:
    owner = make_user()
    item = make_item(state="draft", owner=owner)
    assert rights.may_set_protocol(owner, item)
    item.protocol = make_protocol("public", communities=[community])
    item.save()
    assert not rights.may_set_protocol(owner, item)
    assert rights.may_set_protocol(member(community, "steward"), item)
