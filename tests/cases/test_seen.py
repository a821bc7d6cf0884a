"""What of a case can be found and by whom: nothing that is not in the version that the reader may see."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from tests.factories.cases import CONSENT, edit_case, make_case
from tests.factories.catalogue import make_community, make_place, make_protocol, make_term
from tests.factories.people import make_user

from heirloom.cases import actions, queries, rules
from heirloom.cases.errors import InvalidContent
from heirloom.cases.models import Case
from heirloom.catalogue import rights, search
from heirloom.people.models import User
from heirloom.text import Translated

pytestmark = [pytest.mark.database, pytest.mark.django_db, pytest.mark.usefixtures("installation")]


@pytest.fixture(autouse=True)
def static_root() -> None:
    """The folder that WhiteNoise looks into."""
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)


@pytest.fixture
def lead() -> User:
    return make_user()


@pytest.fixture
def organiser() -> User:
    return make_user(grants=["organiser"])


def found(user: User | None, words: str) -> list[int]:
    """The cases that *user* finds in the list of published cases and among all that they may know of."""
    shown = search.find(words, "case", queries.published_cases(user).order_by())
    known = search.find(
        words, "case", Case.objects.filter(pk__in=Case.objects.filter(rules.visible_cases(user)))
    )
    assert set(shown.pks) <= set(known.pks)
    return list(known.pks)


def published(lead: User, organiser: User, **parts: object) -> Case:
    case = make_case(lead, str(parts.pop("title", "River songs")), **parts)
    return actions.publish(organiser, actions.seal(lead, case, consent=CONSENT))


def test_what_a_draft_adds_to_a_published_case_is_not_found(lead: User, organiser: User) -> None:
    place, term = make_place("Muang Ngoi"), make_term("technique", "weaving")
    case = published(lead, organiser, places=[place.key], terms=[str(term)])
    secret = {
        "places": [make_place("Hiddenvale").key],
        "terms": [str(make_term("technique", "secretdyeing"))],
        "communities": [make_community(name=Translated({"en": "Quietpeople"})).key],
        "skills": {"en": {"text": "Unspoken", "origin": "human"}},
    }
    edit_case(lead, case, **secret)
    for rebuilt in (False, True):
        if rebuilt:
            search.reindex()
        for words in ("Hiddenvale", "secretdyeing", "Quietpeople", "Unspoken"):
            assert found(None, words) == []
        assert found(None, "Muang Ngoi") == found(None, "weaving") == [case.pk]
    visitor = Client()
    for words in ("Hiddenvale", "secretdyeing", "Quietpeople"):
        assert visitor.get("/api/search", {"q": words, "kind": "case"}).json()["results"] == []
        assert case.key not in visitor.get("/cases/", {"q": words}).content.decode()
    for path in ("/cases/", "/map/", f"/cases/{case.key}/", "/api/cases"):
        page = visitor.get(path).content.decode()
        assert not any(words in page for words in ("Hiddenvale", "secretdyeing", "Quietpeople", "Unspoken"))
    actions.publish(organiser, actions.seal(lead, case, consent=CONSENT))
    assert found(None, "Hiddenvale") == found(None, "Quietpeople") == [case.pk]
    assert found(None, "Muang Ngoi") == []


def test_a_draft_and_a_withdrawn_case_are_found_by_their_people_alone(lead: User, organiser: User) -> None:
    draft = make_case(lead, "Dawnsong", places=[make_place("Hiddenvale").key])
    gone = published(lead, organiser, title="Dusksong")
    actions.withdraw(organiser, gone, "asked to")
    for user in (None, make_user(), organiser, make_user(superuser=True)):
        assert found(user, "Dawnsong") == found(user, "Hiddenvale") == found(user, "Dusksong") == []
    assert found(lead, "Hiddenvale") == [draft.pk]
    assert found(lead, "Dusksong") == [gone.pk]


def test_a_case_under_a_protocol_is_found_by_whom_it_is_for(lead: User, organiser: User) -> None:
    member = make_user()
    protocol = make_protocol("members", communities=[make_community(members=[member])])
    case = published(lead, organiser, protocol=protocol.key, places=[make_place("Hiddenvale").key])
    for user in (None, make_user(), organiser, make_user(superuser=True)):
        assert found(user, "Hiddenvale") == []
    assert found(member, "Hiddenvale") == [case.pk]


def test_only_its_stewards_lift_a_protocol_from_a_case(lead: User, organiser: User) -> None:
    community = make_community()
    protocol = make_protocol("members", communities=[community])
    case = published(lead, organiser, protocol=protocol.key)
    for other in ("", make_protocol("public").key):
        with pytest.raises(InvalidContent) as refused:
            edit_case(lead, case, protocol=other)
        assert refused.value.params["field"] == "protocol"
    case.refresh_from_db()
    assert case.protocol == protocol
    assert not rules.visible_case(None, case)
    edit_case(lead, case, skills={"en": {"text": "Listening", "origin": "human"}})
    community.memberships.create(user=lead, role="steward")
    edit_case(lead, case, protocol="")
    case.refresh_from_db()
    assert rules.visible_case(None, case)


def test_a_viewer_is_the_person_behind_it(lead: User, organiser: User) -> None:
    closed = make_protocol("members", communities=[make_community()])
    case = published(lead, organiser, protocol=closed.key)
    for person, sees in ((lead, True), (organiser, False), (None, False)):
        for who in (person, rights.viewer(person)):
            assert rules.visible_case(who, case) is sees
            assert queries.published_cases(who).filter(pk=case.pk).exists() is sees
