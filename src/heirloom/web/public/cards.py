"""Items and cases as cards."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from heirloom.catalogue.models import Item
from heirloom.web.addresses import picture
from heirloom.web.templatetags.heirloom_public import country_name, date_words

from .summaries import CaseSummary

ICONS: Final[Mapping[str, str]] = {
    "image": "image",
    "surface": "image",
    "model": "shape",
    "recording": "sound",
    "text": "document",
    "data": "bytes",
    "place": "place",
    "practice": "person",
    "object": "shape",
}
_WIDTHS = (104, 208, 320)
_SIZES = "(min-width: 36rem) 16rem, 6.5rem"
"""A list is read on slow phones first: its pictures are thumbnails, and come closer on the page of the thing."""
_LARGE_WIDTHS = (320, 640)
_LARGE_SIZES = "(min-width: 56rem) 30rem, 20rem"


def _image(key: str, media: Mapping[str, Any], *, large: bool = False) -> dict[str, Any] | None:
    """A card's picture; the title beside it says what it is, so it has no words of its own."""
    found = picture(key, media, _LARGE_WIDTHS if large else _WIDTHS, form="webp")
    if found is None:
        return None
    smallest = found["srcset"].split(" ")[0]
    return {**found, "src": smallest, "alt": "", "sizes": _LARGE_SIZES if large else _SIZES}


def item_card(item: Item) -> dict[str, Any]:
    """Return an item as a card; reads the prefetched ``media`` and ``places``."""
    images = (
        _image(
            item.key,
            {
                "media_type": media.media_type,
                "width": media.width,
                "height": media.height,
                "sha512": media.sha512,
            },
        )
        for media in item.media.all()
    )
    badges = []
    if item.state != Item.State.PUBLISHED:
        badges.append({"label": capfirst(item.get_state_display()), "kind": "warning"})
    if item.illustrative:
        badges.append({"label": _("Illustrative"), "kind": "quiet"})
    place = next((place for place in item.places.all() if place.name), None)
    return {
        "url": reverse("item", args=[item.key]),
        "title": item.title or item.key,
        "eyebrow": capfirst(item.get_kind_display()),
        "image": next((image for image in images if image), None),
        "icon": ICONS.get(item.kind, "shape"),
        "badges": badges,
        "meta": [entry for entry in (date_words(item.date), place.name if place else "") if entry],
    }


def case_card(
    case: CaseSummary, open_items: Collection[str], *, theme: Any = "", large: bool = False
) -> dict[str, Any]:
    """Return a case as a card; its cover is shown where *open_items* has it, *large* where it leads a page."""
    image = _image(*case.cover, large=large) if case.cover and case.cover[0] in open_items else None
    badges = []
    if case.rerunnable:
        badges.append({"label": _("Can be run again"), "kind": "good"})
    if case.illustrative:
        badges.append({"label": _("Illustrative"), "kind": "quiet"})
    return {
        "url": reverse("case", args=[case.key]),
        "title": case.title or case.key,
        "eyebrow": theme,
        "text": case.summary,
        "image": image,
        "icon": "document",
        "badges": badges,
        "meta": [country_name(code) for code in case.countries],
    }
