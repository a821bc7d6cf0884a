"""Every read of cases and runs."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import Count, Q, QuerySet

from heirloom.catalogue import rights
from heirloom.errors import NotFound
from heirloom.people.models import User

from . import rules
from .models import Case, CaseMember, Replication, Run, Seal


def with_content(cases: QuerySet[Case]) -> QuerySet[Case]:
    """Load everything that the content of a case names; a fixed number of queries for any number of cases."""
    return cases.select_related("cover", "protocol", "published_seal").prefetch_related(
        "members",
        "communities",
        "places",
        "terms",
        "sections__item__media",
        "sections__item__protocol",
        "sections__run",
        "costs",
        "reach",
        "goals__item__media",
        "goals__item__protocol",
        "goals__run",
        "partners",
        "cover__media",
        "cover__protocol",
        "protocol__communities",
    )


def my_cases(user: Any) -> QuerySet[Case]:
    """Return the cases that *user* works on, the last edited first."""
    if not isinstance(user, User):
        return Case.objects.none()
    return (
        Case.objects.filter(members__user=user)
        .select_related("cover", "published_seal")
        .prefetch_related("submissions__call", "members")
        .annotate(runs_count=Count("runs", distinct=True))
        .order_by("-updated_at", "-pk")
    )


def case_for_editing(user: Any, key: str) -> Case:
    """Return a case with its content for somebody who works on it. Raises NotFound."""
    found = with_content(Case.objects.filter(key=key)).first()
    if found is None or rules.role_on(user, found) is None:
        raise NotFound
    return found


def published_case(user: Any, key: str, today: date | None = None) -> tuple[Case, Seal]:
    """Return a published case with the sealed version that the public sees. Raises NotFound."""
    found = (
        Case.objects.filter(key=key, state=Case.State.PUBLISHED, published_seal__isnull=False)
        .select_related("published_seal", "protocol", "cover__protocol")
        .prefetch_related("members", "protocol__communities", "places", "seals")
        .first()
    )
    if found is None or not rules.visible_case(user, found, today) or found.published_seal is None:
        raise NotFound
    return found, found.published_seal


def published_cases(user: Any, today: date | None = None) -> QuerySet[Case]:
    """Return the published cases that *user* may see, newest first, with what a card shows."""
    seen = Case.objects.filter(rules.visible_cases(user, today)).values("pk")
    return (
        Case.objects.filter(pk__in=seen, state=Case.State.PUBLISHED, published_seal__isnull=False)
        .select_related("published_seal", "cover__protocol")
        .prefetch_related("cover__media", "places", "cover__protocol__communities")
        .order_by("-published_at", "-pk")
    )


def replications(seal: Seal, *, all_states: bool = False) -> list[Replication]:
    """Return the replications of any version of the seal's case: its lineage, oldest first."""
    found = Replication.objects.filter(seal__case=seal.case_id).select_related("seal", "run")
    if not all_states:
        found = found.filter(state=Replication.State.SHOWN)
    return list(found)


def replications_for(user: Any, key: str) -> tuple[Case, list[Replication], bool]:
    """Return a case with all its replications, newest first, and whether *user* decides on them.

    They are for who works on the case, and for organisers who see it published; not while it is in preparation.

    Raises:
        NotFound: for everybody else.
    """
    case = Case.objects.filter(key=key).select_related("protocol").prefetch_related("members").first()
    if case is None or not (
        rules.role_on(user, case) or (rules.may_publish(user) and rules.visible_case(user, case))
    ):
        raise NotFound
    rows = (
        Replication.objects.filter(seal__case=case)
        .select_related("seal__case", "run", "by")
        .prefetch_related("seal__case__members")
        .order_by("-at", "-pk")
    )
    return case, list(rows), rules.may_lead(user, case) or rules.may_publish(user)


def replications_waiting(user: Any) -> QuerySet[Replication]:
    """Return the replications that *user*, who leads their case, has not yet decided on."""
    if not isinstance(user, User):
        return Replication.objects.none()
    led = CaseMember.objects.filter(user=user, role=CaseMember.Role.LEAD).values("case")
    return Replication.objects.filter(state=Replication.State.RECEIVED, seal__case__in=led).select_related(
        "seal__case"
    )


def runs_of(user: Any) -> QuerySet[Run]:
    """Return the runs that *user* asked for or that belong to a case they work on, newest first."""
    if not isinstance(user, User):
        return Run.objects.none()
    shared = CaseMember.objects.filter(user=user).values("case")
    return (
        Run.objects.filter(Q(requested_by=user) | Q(case__in=shared))
        .select_related("case")
        .order_by("-created_at", "-pk")
    )


def run(user: Any, key: str) -> Run:
    """Return one run. Raises NotFound."""
    found = (
        Run.objects.filter(key=key)
        .select_related("case__published_seal", "case__protocol", "requested_by", "repeats")
        .prefetch_related("case__members", "case__protocol__communities")
        .first()
    )
    if found is None or not rules.visible_run(user, found):
        raise NotFound
    return found


def embeddable_items(user: Any) -> Any:
    """Return the items that *user* may show in a case."""
    from heirloom.catalogue.models import Item

    return Item.objects.filter(pk__in=Item.objects.filter(rights.visible_items(user)).values("pk"))
