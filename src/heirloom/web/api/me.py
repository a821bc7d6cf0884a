"""Who asks."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.middleware.csrf import get_token
from ninja import Router, Schema
from pydantic import Field

from .access import answers, person, signed_in

router = Router(tags=["me"])


class Me(Schema):
    """The person whose session this is."""

    name: str
    email: str
    language: str
    grants: list[str] = Field(description="roles in the whole installation")
    csrf_token: str = Field(description="to be sent as X-CSRFToken with everything that changes something")


@router.get("/me", response=answers(Me, 401), auth=signed_in, operation_id="get_me")
def get_me(request: HttpRequest) -> dict[str, Any]:
    """Who you are here, and the token for changes."""
    user = person(request)
    return {
        "name": user.name,
        "email": user.email,
        "language": user.language,
        "grants": sorted(user.grants.values_list("role", flat=True)),
        "csrf_token": get_token(request),
    }
