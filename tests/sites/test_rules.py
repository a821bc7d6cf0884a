"""Who sees and edits monitored places; the predicate and its queryset twin agree."""

from __future__ import annotations

import itertools

import pytest
from tests.factories.catalogue import make_community, make_protocol
from tests.factories.people import make_user
from tests.factories.sites import make_monitored

from heirloom.people.models import User
from heirloom.sites import rules
from heirloom.sites.models import MonitoredPlace

pytestmark = [pytest.mark.database, pytest.mark.django_db]


def test_the_predicate_and_its_twin_agree_for_everybody_and_every_place() -> None:
    steward, member, owner = make_user(), make_user(), make_user()
    community = make_community(stewards=[steward], members=[member])
    people: dict[str, User | None] = {
        "nobody": None,
        "stranger": make_user(),
        "member": member,
        "steward": steward,
        "owner": owner,
        "organiser": make_user(grants=["organiser"]),
        "cataloguer": make_user(grants=["cataloguer"]),
        "superuser": make_user(superuser=True),
    }
    protocols = [
        None,
        make_protocol("public"),
        make_protocol("signed-in", communities=[community]),
        make_protocol("members", communities=[community]),
        make_protocol("stewards", communities=[community]),
    ]
    for state, protocol, of in itertools.product(("private", "shown"), protocols, ((), (community,))):
        make_monitored(owner, state=state, protocol=protocol, communities=of)
    seen: dict[str, int] = {}
    for name, person in people.items():
        listed = set(MonitoredPlace.objects.filter(rules.visible_places(person)))
        every = list(MonitoredPlace.objects.all())
        assert listed == {one for one in every if rules.visible(person, one)}, name
        assert all(rules.visible(person, one) for one in every if rules.may_edit(person, one)), name
        seen[name] = len(listed)
    # Shown: two protocols are open to all, with and without a community; private ones are for those who look after them.
    assert seen["nobody"] == 4
    assert seen["stranger"] == 6
    assert seen["member"] == 8
    assert seen["owner"] == 6 + 10
    assert seen["organiser"] == seen["cataloguer"] == seen["superuser"] == 6 + 6
    assert seen["steward"] == 10 + 3 + 5


def test_who_may_edit_and_who_knows_the_position() -> None:
    keeper, stranger = make_user(grants=["organiser"]), make_user()
    shown = make_monitored()
    assert rules.may_edit(keeper, shown)
    assert not rules.may_edit(stranger, shown)
    assert not rules.may_edit(None, shown)
    assert rules.sees_position(keeper, shown)
    assert not rules.sees_position(stranger, shown)
    open_one = make_monitored(withhold_position=False)
    assert rules.sees_position(None, open_one)
    assert rules.may_add(keeper)
    assert not rules.may_add(stranger)
    assert not rules.may_add(None)
