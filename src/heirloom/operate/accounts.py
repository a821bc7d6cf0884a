"""Accounts made by the operator, before anybody can sign in."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from heirloom.errors import HeirloomError, gettext_noop
from heirloom.people import actions
from heirloom.people.models import Grant, User


class BadAccount(HeirloomError):
    """The address or the password will not do."""

    code = "user.bad"
    message = gettext_noop("No account was made: {problem}")
    kept = gettext_noop("Nothing was changed.")


class NoSuchPerson(HeirloomError):
    """There is no account with this address."""

    code = "user.unknown"
    message = gettext_noop("There is no account {email}. Make one with: heirloom user {email}")
    kept = gettext_noop("Nothing was changed.")
    status = 404


@transaction.atomic
def set_up_user(
    email: str, password: str, *, name: str = "", roles: Iterable[str] = (), superuser: bool = False
) -> tuple[User, bool]:
    """Make an account, or set the password of one that is there, and add to its roles; return it and whether it is new.

    Raises:
        BadAccount: the address is none, or the password is too weak.
    """
    email = User.objects.normalize_email(email).lower()
    user = User.objects.filter(email=email).first() or User(email=email)
    new = user.pk is None
    user.name = name or user.name
    try:
        validate_email(email)
        validate_password(password, user)
    except ValidationError as error:
        raise BadAccount(problem=" ".join(error.messages)) from error
    user.is_superuser = user.is_staff = superuser or user.is_superuser
    user.set_password(password)
    user.save()
    actions.log(None, "create" if new else "set-password", "user", str(user.pk))
    for role in roles:
        actions.grant(None, user, Grant.Role(role))
    return user, new


def person(email: str) -> User:
    """Return the account with this address.

    Raises:
        NoSuchPerson.
    """
    found = User.objects.filter(email=email.lower(), is_active=True).first()
    if found is None:
        raise NoSuchPerson(email=email)
    return found
