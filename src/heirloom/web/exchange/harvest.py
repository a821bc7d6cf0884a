"""What harvesters read: OAI-PMH, IIIF Change Discovery, and lists of items as CSV."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase, StreamingHttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from heirloom.catalogue import discovery as feed
from heirloom.catalogue import export_csv, filters, rights, search
from heirloom.catalogue import oai as provider
from heirloom.web.public.collection import asked
from heirloom.web.reader import languages

from .answers import addresses, json_ld, preflighted

FEED_TYPE = f'application/ld+json;profile="{feed.CONTEXT}"'
_read = require_http_methods(["GET", "HEAD", "OPTIONS"])


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def oai(request: HttpRequest) -> HttpResponse:
    """Answer an OAI-PMH request; by POST it changes nothing either, so that it needs no token."""
    given = request.GET
    if request.method == "POST":
        # Nothing but a form's fields is read: files that somebody sends along are not even looked at.
        form = request.content_type == "application/x-www-form-urlencoded"
        given = request.POST if form else given
    arguments = [(name, value) for name, values in given.lists() for value in values]
    repository = provider.Repository(addresses(), settings.SITE_NAME, settings.DEFAULT_FROM_EMAIL)
    response = HttpResponse(provider.respond(arguments, repository), content_type=provider.MEDIA_TYPE)
    response["Cache-Control"] = "no-cache"
    return response


@_read
@preflighted
def activity(request: HttpRequest) -> HttpResponse:
    """Say how many changes there are, and where their pages are."""
    return json_ld(request, feed.collection(addresses()), FEED_TYPE, public=True)


@_read
@preflighted
def activity_page(request: HttpRequest, number: int) -> HttpResponse:
    """List one page of changes."""
    return json_ld(request, feed.page(number, addresses()), FEED_TYPE, public=True)


@require_safe
def items_csv(request: HttpRequest) -> HttpResponseBase:
    """Send the items of the list, with the same filters, as far as this visitor may see them."""
    who = rights.viewer(request.user)
    wanted = asked(request.GET)
    items = filters.filtered(who, wanted)
    if wanted.q.strip():
        found = search.find(
            wanted.q, "item", items, language=languages(request)[0], limit=search.MOST_MATCHES
        )
        items = items.filter(pk__among=found.pks)
    if request.method == "HEAD":
        response: HttpResponseBase = HttpResponse(content_type=export_csv.MEDIA_TYPE)
    else:
        response = StreamingHttpResponse(export_csv.export(items), content_type=export_csv.MEDIA_TYPE)
    response["Content-Disposition"] = 'attachment; filename="items.csv"'
    response["Cache-Control"] = "private, no-cache"
    return response
