"""Erasing a case for good, with everything that rests on it: where consent is withdrawn, or the law demands it.

It stands with calls because calls is the topmost part that keeps something about cases. The items that the case showed are
things of their own and stay. Of a collection that held it, a new version without it is kept; older versions name
its title and digest, and nothing else of it.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction

from heirloom.cases.models import Case, Replication, Run
from heirloom.catalogue import rights, search
from heirloom.catalogue.actions_errors import InvalidField
from heirloom.catalogue.models import Change
from heirloom.catalogue.store import purge
from heirloom.errors import NotAllowed
from heirloom.keys import object_id
from heirloom.people.actions import log
from heirloom.people.models import User

from .collection import keep_edited
from .models import Call, Entry


def purge_case(by: User, case: Case, reason: str) -> None:
    """Erase a case, its sealed versions, applications, reviews, runs and replications; tombstones with the reason stay.

    The rows go first and the packages last, so that after a crash in between the action can be repeated.

    Raises:
        NotAllowed: *by* is no archivist; InvalidField: no reason is given.
    """
    if not rights.may_purge(by):
        raise NotAllowed
    if not reason.strip():
        raise InvalidField(field="reason", value="''")
    forget_case(case, reason, by)


@transaction.atomic
def forget_case(case: Case, reason: str, by: Any = None) -> None:
    """Do what :func:`purge_case` does for a caller that has checked that it may be done."""
    case = Case.objects.select_for_update().get(pk=case.pk)
    calls = list(Call.objects.filter(collection__entries__seal__case=case).distinct().order_by("pk"))
    runs = list(Run.objects.filter(case=case).order_by("pk"))
    replications = list(Replication.objects.filter(seal__case=case).order_by("pk"))
    Entry.objects.filter(seal__case=case).delete()
    case.submissions.all().delete()
    case.sections.all().delete()
    for thing in (*replications, *runs):
        thing.delete()
    Case.objects.filter(pk=case.pk).update(published_seal=None)
    case.seals.all().delete()
    search.remove("case", [case.pk])
    case.delete()
    if Change.objects.filter(about="case", key=case.key).exists():
        Change.objects.create(kind=Change.Kind.DELETE, about="case", key=case.key)
    log(by, "purge", "case", case.key, reason=reason)
    for call in calls:
        keep_edited(by, call)
    for kind, things in (("replication", replications), ("run", runs), ("case", [case])):
        for thing in things:
            purge(object_id(kind, thing.key), reason, by)
