"""How the API knows who asks, and how it says no.

A program acts with the session of a person who signed in: there are no tokens. It sends the session's cookie and, with everything
that changes something, the header ``X-CSRFToken`` with the value that ``GET /api/me`` gives.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from ninja import NinjaAPI, Schema
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.security import SessionAuth
from ninja.utils import check_csrf
from pydantic import Field

from heirloom.errors import HeirloomError, gettext_noop
from heirloom.people.models import User
from heirloom.web.middleware import explain


class NotSignedIn(HeirloomError):
    """The operation is for people who have signed in."""

    code = "not-signed-in"
    message = gettext_noop("Sign in first.")
    kept = gettext_noop("Nothing was changed.")
    status = 401


class NoToken(HeirloomError):
    """A change was asked for without the token that shows that the person's own page or program asks."""

    code = "csrf"
    message = gettext_noop("The token of your session is missing or no longer right. Ask for it anew.")
    kept = gettext_noop("Nothing was changed.")
    status = 403


class InvalidRequest(HeirloomError):
    """The request does not have the form that the description of the API gives."""

    code = "request.invalid"
    message = gettext_noop("The request is not understood: {where}.")
    kept = gettext_noop("Nothing was changed.")
    status = 422


class UnreadableRequest(HeirloomError):
    """The body of the request cannot be read at all."""

    code = "request.unreadable"
    message = gettext_noop("The request cannot be read.")
    kept = gettext_noop("Nothing was changed.")
    status = 400


class Problem(Schema):
    """One part of a request that is not right."""

    where: str
    problem: str


class Refusal(Schema):
    """Why something was not done: a stable code, a sentence in the reader's language, and what was kept."""

    code: str = Field(examples=["not-found"])
    message: str
    kept: str
    problems: list[Problem] | None = None


class SignedIn(SessionAuth):
    """The session of a person who signed in; a change also needs the session's token."""

    def __init__(self) -> None:
        super().__init__(csrf=False)

    def authenticate(self, request: HttpRequest, key: str | None) -> User | None:  # noqa: ARG002 - ninja's signature
        user = request.user
        if not isinstance(user, User) or not user.is_active:
            return None
        if check_csrf(request) is not None:
            raise NoToken
        return user


signed_in: Final = SignedIn()

READ: Final = (404, 422)
OWN: Final = (401, 403, 422)
WRITE: Final = (400, 401, 403, 404, 409, 422, 423, 507)


def answers(good: Any, *refusals: int, status: int = 200) -> dict[int, Any]:
    """The documented answers of an operation: the good one, and refusals by their status."""
    return {status: good, **dict.fromkeys(refusals, Refusal)}


def person(request: HttpRequest) -> User:
    """Return who asks; only in operations with ``auth=signed_in``."""
    assert isinstance(request.user, User)
    return request.user


def install(api: NinjaAPI) -> None:
    """Let *api* answer every error as a :class:`Refusal`."""

    def refuse(
        request: HttpRequest, error: HeirloomError, problems: list[Mapping[str, str]] | None = None
    ) -> HttpResponse:
        body: dict[str, Any] = dict(explain(error))
        if problems:
            body["problems"] = problems
        response = api.create_response(request, body, status=error.status)
        response["Cache-Control"] = "no-store"
        return response

    def invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
        problems = [
            {"where": ".".join(map(str, one.get("loc", ()))), "problem": gettext(str(one.get("msg", "")))}
            for one in error.errors[:50]
        ]
        where = problems[0]["where"] if problems else ""
        return refuse(request, InvalidRequest(where=where[:200]), [dict(one) for one in problems])

    def http(request: HttpRequest, error: HttpError) -> HttpResponse:
        if isinstance(error, AuthenticationError):
            return refuse(request, NotSignedIn())
        return refuse(request, UnreadableRequest())

    handlers: dict[type[Exception], Any] = {HeirloomError: refuse, ValidationError: invalid, HttpError: http}
    for kind, handler in handlers.items():
        api.add_exception_handler(kind, handler)
