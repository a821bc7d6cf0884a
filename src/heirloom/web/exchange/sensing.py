"""Readings of monitored places by OGC SensorThings 1.1: reading only."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_http_methods

from heirloom.errors import HeirloomError
from heirloom.people.models import User
from heirloom.sites.sensorthings import options
from heirloom.sites.sensorthings_read import Service
from heirloom.web.middleware import explain
from heirloom.web.reader import languages

from .answers import keep, preflighted, share

ROOT = "/api/sensorthings/v1.1/"


@require_http_methods(["GET", "HEAD", "OPTIONS"])
@preflighted
def sensorthings(request: HttpRequest, resource: str = "") -> HttpResponse:
    """Answer from what this visitor may see; an error is a code and a sentence."""
    pairs = [(name, value) for name, values in request.GET.lists() for value in values]
    response: HttpResponse
    try:
        asked = options(pairs)
        service = Service(request.user, languages(request), settings.SITE_URL.rstrip("/") + ROOT)
        document = service.answer(resource, asked, pairs) if resource.strip("/") else service.index()
    except HeirloomError as error:
        response = JsonResponse(explain(error), status=error.status)
    else:
        response = (
            HttpResponse(document, content_type="text/plain; charset=utf-8")
            if isinstance(document, str)
            else JsonResponse(document, json_dumps_params={"ensure_ascii": False})
        )
    keep(response, public=False)
    return response if isinstance(request.user, User) else share(response)
