"""Descriptions of things in the standards that other programs read: IIIF Presentation 3 and Linked Art."""

from __future__ import annotations

from django.conf import settings
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from heirloom.calls import queries as call_queries
from heirloom.catalogue import linkedart, rights
from heirloom.catalogue.actions_keep import whole
from heirloom.catalogue.exchange import PAGE, public_items
from heirloom.catalogue.iiif import presentation
from heirloom.catalogue.models import Agent, Item, Place
from heirloom.errors import NotFound
from heirloom.text import Translated

from .answers import addresses, json_ld, open_to_all, preflighted

ALL = "all"
_read = require_http_methods(["GET", "HEAD", "OPTIONS"])


def _item(request: HttpRequest, key: str) -> tuple[Item, bool]:
    """The item with everything, if the visitor may see it, and whether everybody may. Raises NotFound."""
    item = whole(Item.objects.filter(key=key)).first()
    if item is None:
        raise NotFound
    public = open_to_all(item)
    if not public and not rights.visible(request.user, item):
        raise NotFound
    return item, public


@_read
@preflighted
def manifest(request: HttpRequest, key: str) -> HttpResponse:
    """Describe an item as an IIIF manifest."""
    item, public = _item(request, key)
    made = presentation.manifest(item, addresses(), settings.SITE_NAME)
    return json_ld(request, made, presentation.PROFILE, public=public)


@_read
@preflighted
def collection(request: HttpRequest, name: str) -> HttpResponse:
    """List everything that is open to all, or the items of a published collection's cases."""
    if name == ALL:
        made = presentation.collection(ALL, _site(), public_items().count(), addresses())
        made["items"] += [
            {
                "id": addresses().collection(one.slug),
                "type": "Collection",
                "label": presentation.language_map(one.title, one.slug),
            }
            for one in call_queries.collections()
        ]
    else:
        found, entries = call_queries.collection(None, name)
        keys = {key for entry in entries for key in entry.seal.content["items"]}
        items = public_items().filter(key__in=keys).prefetch_related("media").order_by("pk")
        made = presentation.collection_page(name, None, found.title, items, addresses())
        made["partOf"] = [{"id": addresses().collection(), "type": "Collection"}]
    return json_ld(request, made, presentation.PROFILE, public=True)


@_read
@preflighted
def collection_page(request: HttpRequest, page: int) -> HttpResponse:
    """List one page of everything that is open to all."""
    first = (page - 1) * PAGE
    items = public_items().only("key", "title").prefetch_related("media").order_by("pk")
    rows = list(items[first : first + PAGE]) if 0 <= first < 2**31 else []
    if not rows:
        raise NotFound
    made = presentation.collection_page(ALL, page, _site(), rows, addresses())
    return json_ld(request, made, presentation.PROFILE, public=True)


def _site() -> Translated:
    return Translated({"und": settings.SITE_NAME})


@_read
@preflighted
def linked_art_item(request: HttpRequest, key: str) -> HttpResponse:
    """Describe an item as Linked Art."""
    item, public = _item(request, key)
    return json_ld(request, linkedart.item(item, addresses()), linkedart.MEDIA_TYPE, public=public)


@_read
@preflighted
def linked_art_visual(request: HttpRequest, key: str) -> HttpResponse:
    """Describe what an item shows as Linked Art."""
    item, public = _item(request, key)
    return json_ld(request, linkedart.visual(item, addresses()), linkedart.MEDIA_TYPE, public=public)


@_read
@preflighted
def linked_art_agent(request: HttpRequest, key: str) -> HttpResponse:
    """Describe a person or group that had a part in something that everybody may see."""
    agent = Agent.objects.filter(key=key, contributions__item__in=public_items()).first()
    if agent is None:
        raise NotFound
    return json_ld(request, linkedart.agent(agent, addresses()), linkedart.MEDIA_TYPE, public=True)


@_read
@preflighted
def linked_art_place(request: HttpRequest, key: str) -> HttpResponse:
    """Describe a place of something that everybody may see, or a place around it."""
    seen = public_items().order_by().values("pk")
    around = Q(items__in=seen) | Q(parts__items__in=seen) | Q(parts__parts__items__in=seen)
    place = Place.objects.filter(around, key=key).select_related("part_of").first()
    if place is None:
        raise NotFound
    return json_ld(request, linkedart.place(place, addresses()), linkedart.MEDIA_TYPE, public=True)
