"""People for tests."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from heirloom.people.models import Grant, User

_numbers = itertools.count(1)


def make_user(
    email: str = "",
    *,
    name: str = "",
    password: str | None = None,
    grants: Iterable[str] = (),
    superuser: bool = False,
) -> User:
    """Create an account; ``grants`` are roles in the whole installation."""
    number = next(_numbers)
    create = User.objects.create_superuser if superuser else User.objects.create_user
    user = create(email or f"person{number}@example.org", password, name=name or f"Person {number}")
    Grant.objects.bulk_create(Grant(user=user, role=role) for role in grants)
    return user
