"""Roles in the installation, and the log of what was done."""

from __future__ import annotations

import logging

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from tests.factories.people import make_user

from heirloom.people import actions
from heirloom.people.models import Grant, LogEntry, User
from heirloom.people.queries import has_grant, person_by_email

pytestmark = [pytest.mark.database, pytest.mark.django_db]


def test_a_role_is_granted_once_and_logged() -> None:
    by, user = make_user(superuser=True), make_user()
    assert not has_grant(user, Grant.Role.CATALOGUER)
    first = actions.grant(by, user, Grant.Role.CATALOGUER)
    assert actions.grant(make_user(), user, Grant.Role.CATALOGUER) == first
    assert (first.granted_by, Grant.objects.count()) == (by, 1)
    again = User.objects.get(pk=user.pk)
    assert has_grant(again, Grant.Role.CATALOGUER)
    assert not has_grant(again, Grant.Role.ARCHIVIST)
    entry = LogEntry.objects.get()
    assert (entry.actor, entry.action, entry.about, entry.key) == (by, "grant", "user", str(user.pk))
    assert entry.details == {"role": "cataloguer"}


@pytest.mark.parametrize("role", list(Grant.Role))
def test_who_is_not_active_or_has_no_account_may_nothing(role: Grant.Role) -> None:
    gone, chief = make_user(grants=[role]), make_user(superuser=True)
    assert has_grant(User.objects.get(pk=gone.pk), role)
    User.objects.update(is_active=False)
    for user in (User.objects.get(pk=gone.pk), User.objects.get(pk=chief.pk), AnonymousUser(), None):
        assert not has_grant(user, role)


def test_the_log_is_kept_with_the_action_or_not_at_all(caplog: pytest.LogCaptureFixture) -> None:
    user = make_user()

    def breaks() -> None:
        with transaction.atomic():
            actions.log(user, "edit", "item", "k")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        breaks()
    assert not LogEntry.objects.exists()
    with caplog.at_level(logging.INFO, "heirloom.people"):
        actions.log(AnonymousUser(), "look", "item", "k", why={"a": 1})
    assert LogEntry.objects.get().actor is None
    assert LogEntry.objects.get().details == {"why": {"a": 1}}
    said = caplog.records[-1]
    assert (said.message, said.about, said.key) == ("look", "item", "k")  # type: ignore[attr-defined]


def test_a_person_is_found_by_the_address_in_any_case() -> None:
    user = make_user("Kham@Example.org")
    assert person_by_email(" KHAM@example.ORG ") == user
    assert person_by_email("") is person_by_email("kham") is None
    User.objects.update(is_active=False)
    assert person_by_email("kham@example.org") is None
