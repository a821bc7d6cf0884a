"""Who may do what with cases and runs: predicates, and the queryset twin of each visibility rule.

Deny by default. A case in preparation is seen by the people who work on it; a published one by whom its cultural
protocol allows. Reviewers see a sealed version through the call's own rule, never the case in preparation.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import Q

from heirloom.catalogue import rights
from heirloom.catalogue.models import Item
from heirloom.keys import object_id
from heirloom.people.models import Grant, User
from heirloom.people.queries import has_grant

from .models import Case, CaseMember, Run


def _person(user: Any) -> Any:
    """The person behind what a page hands on: a viewer (:class:`heirloom.catalogue.rights.Viewer`) is asked for theirs."""
    return user.user if isinstance(user, rights.Viewer) else user


def role_on(user: Any, case: Case) -> str | None:
    """Return the person's role on the case, or ``None``."""
    user = _person(user)
    if not isinstance(user, User) or not user.is_active:
        return None
    for member in case.members.all():
        if member.user_id == user.pk:
            return str(member.role)
    return None


def may_edit(user: Any, case: Case) -> bool:
    """Leads and editors change a case; so do translators, through the texts alone."""
    return role_on(user, case) in {CaseMember.Role.LEAD, CaseMember.Role.EDITOR}


def may_translate(user: Any, case: Case) -> bool:
    return role_on(user, case) is not None


def may_lead(user: Any, case: Case) -> bool:
    """Leads seal, submit and share out roles."""
    return role_on(user, case) == CaseMember.Role.LEAD


def may_publish(user: Any) -> bool:
    """Organisers publish and withdraw cases."""
    return has_grant(user, Grant.Role.ORGANISER)


def visible_case(user: Any, case: Case, today: date | None = None) -> bool:
    """Whether *user* may know of *case* and see its published version."""
    if role_on(user, case) is not None:
        return True
    if case.state != Case.State.PUBLISHED or case.published_seal_id is None:
        return False
    return rights.protocol_allows(user, case.protocol, today)


def visible_cases(user: Any, today: date | None = None) -> Q:
    """The same rule as a filter on cases; may multiply rows, so use it in a subquery or with ``distinct()``."""
    published = Q(state=Case.State.PUBLISHED, published_seal__isnull=False) & rights.protocol_q(user, today)
    user = _person(user)
    if isinstance(user, User) and user.is_active:
        return published | Q(pk__in=CaseMember.objects.filter(user=user).values("case"))
    return published


def visible_run(user: Any, run: Run, today: date | None = None) -> bool:
    """A run is seen by whoever asked for it, by the people of its case, and by all who see it in a published case."""
    person = _person(user)
    if isinstance(person, User) and person.is_active and run.requested_by_id == person.pk:
        return True
    if run.case is None:
        return False
    if role_on(user, run.case) is not None:
        return True
    if not visible_case(user, run.case, today):
        return False
    seal = run.case.published_seal
    return seal is not None and run.key in seal.content.get("runs", {})


def may_repeat(user: Any, run: Run) -> bool:
    """Who sees a run repeats it, unless it read an item's files that are not open to them: doing it again would read them anew."""
    if not may_run(user, None) or not visible_run(user, run):
        return False
    prefix = object_id("item", "")
    read = {str(entry["source"]["object"]) for entry in run.inputs}
    keys = {one.removeprefix(prefix) for one in read if one.startswith(prefix)}
    return Item.objects.filter(rights.visible_items(user), key__in=keys).count() == len(keys)


def may_run(user: Any, case: Case | None) -> bool:
    """Signed-in people run methods on their own; on a case only those who edit it."""
    if not isinstance(user, User) or not user.is_active:
        return False
    return case is None or may_edit(user, case)
