"""The API for programs: one router for each part, described by OpenAPI at ``/api/openapi.json`` and, for people, at ``/api/docs``.

Everything goes through the same actions and queries as the pages, so that the permissions are the same.
"""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.http import require_safe
from django.views.generic import RedirectView
from ninja import NinjaAPI

from heirloom import __version__

from . import access, calls, cases, catalogue, me, reviews, runs
from .docs import OperationsPage

DESCRIPTION = """\
What is open to everybody needs no account. For the rest, a program acts with the session of a person who signed in; there are no
tokens. With everything that changes something it sends the header `X-CSRFToken` with the value from `GET /api/me`. Errors have a
stable `code`, a sentence in the language of the request, and what was kept. Texts come in all their languages, by BCP 47 tag.
"""

api = NinjaAPI(
    title="Heirloom",
    version=__version__,
    description=DESCRIPTION,
    docs=OperationsPage(),
    docs_url="/docs",
    openapi_url="/openapi.json",
    urls_namespace="api",
)
access.install(api)
for part in (catalogue, cases, calls, reviews, runs, me):
    api.add_router("", part.router)


@lru_cache(maxsize=1)
def description() -> bytes:
    """The description as JSON; made once, since it follows from the code alone."""
    return json.dumps(api.get_openapi_schema(), separators=(",", ":")).encode()


@require_safe
def openapi(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - as all views
    """Give the description to programs."""
    response = HttpResponse(description(), content_type="application/json")
    response["ETag"] = f'"{hashlib.blake2s(description(), digest_size=12).hexdigest()}"'
    response["Cache-Control"] = "public, max-age=300"
    return response


def _addresses() -> tuple[list[Any], str, str]:
    """The addresses of the API; its root leads people to the description."""
    patterns, app, namespace = api.urls
    own = [
        path("", RedirectView.as_view(pattern_name=f"{namespace}:openapi-view"), name="api-root"),
        path("openapi.json", openapi, name="openapi-json"),
    ]
    names = {one.name for one in own}
    return [*own, *(one for one in patterns if getattr(one, "name", "") not in names)], app, namespace


urls = _addresses()
