"""What answers to programs share: addresses, JSON-LD, who may keep a copy, and who may read it from another site."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Final, TypeVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response, patch_vary_headers

from heirloom.catalogue import rights
from heirloom.catalogue.exchange import Addresses
from heirloom.catalogue.models import Item, Protocol

DAY: Final = 86_400
MOMENT: Final = 60
"""Seconds for which descriptions of public things may be used without asking again."""

View = Callable[..., HttpResponse]
Answer = TypeVar("Answer", bound=HttpResponseBase)


def addresses() -> Addresses:
    """Where things stand, seen from outside."""
    return Addresses(settings.SITE_URL)


def open_to_all(item: Item) -> bool:
    """Whether everybody may see *item* today and shared caches may keep it: no season closes it tomorrow."""
    return rights.visible(None, item) and steady(item.protocol)


def steady(protocol: Protocol | None) -> bool:
    """Whether what *protocol* opens to everybody stays open, whatever the day."""
    return protocol is None or not protocol.seasons


def keep(response: Answer, *, public: bool, seconds: int = MOMENT) -> Answer:
    """Say who may keep a copy: everybody for *seconds*, or the reader alone, who then asks each time."""
    response["Cache-Control"] = f"public, max-age={seconds}" if public else "private, no-cache"
    return response


def share(response: Answer) -> Answer:
    """Let pages of other sites read the answer; only for what everybody may see."""
    response["Access-Control-Allow-Origin"] = "*"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


def preflighted(view: View) -> View:
    """Answer a browser that asks first whether a page of another site may read what *view* gives.

    An ``Accept`` header with a profile in quotation marks makes browsers ask. The answer says nothing about what there is.
    """

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method != "OPTIONS":
            return view(request, *args, **kwargs)
        response = share(HttpResponse(status=204))
        response["Access-Control-Allow-Methods"] = "GET, HEAD, OPTIONS"
        response["Access-Control-Allow-Headers"] = "Accept, If-None-Match"
        response["Access-Control-Max-Age"] = str(DAY)
        return response

    return answer


def json_ld(
    request: HttpRequest, document: Mapping[str, Any], media_type: str, *, public: bool
) -> HttpResponse:
    """Answer with *document*, or say that the reader's copy is still right.

    A browser, which asks for HTML first, gets plain JSON, which it shows rather than saves.
    """
    accept = request.headers.get("Accept", "")
    browser = "text/html" in accept and "ld+json" not in accept
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    tag = f'"{hashlib.blake2s(body + bytes([browser]), digest_size=12).hexdigest()}"'
    response = HttpResponse(body, content_type="application/json" if browser else media_type)
    response["ETag"] = tag
    patch_vary_headers(response, ["Accept"])
    keep(response, public=public)
    found = get_conditional_response(request, etag=tag, response=response)
    assert isinstance(found, HttpResponse)
    return share(found) if public else found
