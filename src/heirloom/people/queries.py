"""Reads about people."""

from __future__ import annotations

from typing import Any

from .models import Grant, User


def has_grant(user: Any, role: Grant.Role) -> bool:
    """Whether *user* may act in *role* anywhere; superusers may. One query a person, then remembered."""
    if not isinstance(user, User) or not user.is_active:
        return False
    if user.is_superuser:
        return True
    roles = getattr(user, "_granted_roles", None)
    if roles is None:
        roles = frozenset(user.grants.values_list("role", flat=True))
        user._granted_roles = roles  # type: ignore[attr-defined]  # noqa: SLF001
    return role in roles


def person_by_email(email: str) -> User | None:
    """Return the account with this address, whatever its letters' case."""
    return User.objects.filter(email__iexact=email.strip(), is_active=True).first() if email.strip() else None
