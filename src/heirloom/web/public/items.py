"""The page of an item: its files, what is known about it, its labels and rights, and where its records stand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from heirloom.catalogue import queries, rights
from heirloom.catalogue.exchange import Addresses
from heirloom.catalogue.models import Item, Label, Media
from heirloom.catalogue.vocabularies import LABEL_KINDS
from heirloom.text import Translated, fallback_chain
from heirloom.web.addresses import image_service, media_url, picture
from heirloom.web.reader import languages
from heirloom.web.templatetags.heirloom_public import date_words

from . import summaries, transcripts
from .cards import case_card

_SCHEMES = (
    ("language", gettext_lazy("Languages")),
    ("form", gettext_lazy("Form")),
    ("technique", gettext_lazy("Technique")),
    ("material", gettext_lazy("Material")),
    ("period", gettext_lazy("Period")),
    ("subject", gettext_lazy("Subject")),
)
_WIDTHS = (320, 640, 1280)
_MAKERS = frozenset({"cre", "aut", "art", "prf", "pht", "cmp", "chr", "rcd", "sng", "stl", "mus", "dnc"})


def _figures(item: Item, reader: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Each file that can be looked at or heard, as the page shows it."""
    media = list(item.media.all())
    captions = [one for one in media if one.role == Media.Role.TRANSCRIPT]
    images = 0
    for one in media:
        if one.role != Media.Role.MASTER:
            continue
        family = one.media_type.partition("/")[0]
        if family == "image" and one.width and one.height:
            shown = picture(
                item.key,
                {
                    "media_type": one.media_type,
                    "width": one.width,
                    "height": one.height,
                    "sha512": one.sha512,
                },
                _WIDTHS,
            )
            assert shown is not None
            service = image_service(item.key, one.sha512)
            images += 1
            alt = one.alt.text(reader) or item.title.text(reader)
            yield {
                "kind": "image",
                "image": {
                    **shown,
                    "alt": alt,
                    "sizes": "(min-width: 76rem) 72rem, 92vw",
                    "width": one.width,
                    "height": one.height,
                },
                "info": f"{service}/info.json",
                "largest": f"{service}/full/max/0/default.jpg",
                "caption": _caption(one, item),
                "first": images == 1,
            }
        elif family in {"audio", "video"}:
            yield {
                "kind": family,
                "url": media_url(item.key, one.sha512),
                "media_type": one.media_type,
                "caption": one.caption,
                "label": one.alt.text(reader) or item.title.text(reader),
                "width": one.width,
                "height": one.height,
                "tracks": _tracks(item, captions, reader) if family == "video" else [],
                "transcripts": _transcripts(item, captions),
            }


def _caption(one: Media, item: Item) -> Translated:
    """The caption of a file, unless the page's title or description says the same again."""
    return Translated({}) if one.caption in (item.title, item.description) else one.caption


def _tracks(item: Item, captions: Sequence[Media], reader: Sequence[str]) -> list[dict[str, Any]]:
    wanted = [tag for language in reader for tag in fallback_chain(language)]
    found = [
        {"url": media_url(item.key, one.sha512), "language": one.language or "und", "default": False}
        for one in captions
        if one.media_type == "text/vtt"
    ]
    best = next((track for tag in wanted for track in found if track["language"] == tag), None)
    if best is not None:
        best["default"] = True
    return found


def _transcripts(item: Item, captions: Sequence[Media]) -> list[dict[str, Any]]:
    return [
        {"language": one.language, "lines": lines}
        for one in captions
        if (lines := transcripts.lines(item, one))
    ]


def _downloads(item: Item) -> list[dict[str, Any]]:
    return [
        {
            "url": media_url(item.key, one.sha512),
            "name": one.original_name or one.path.rpartition("/")[2],
            "media_type": one.media_type,
            "size": one.size,
            "sha512": one.sha512,
            "role": one.get_role_display() if one.role != Media.Role.MASTER else "",
            "language": one.language,
        }
        for one in item.media.all()
    ]


def _terms(item: Item) -> list[dict[str, Any]]:
    explore = reverse("explore")
    found = []
    for scheme, label in _SCHEMES:
        terms = [term for term in item.terms.all() if term.scheme == scheme]
        if terms:
            found.append(
                {
                    "label": label,
                    "terms": [
                        {
                            "label": term.label or term.code,
                            "url": f"{explore}?{urlencode({scheme: term.code})}",
                        }
                        for term in terms
                    ],
                }
            )
    return found


def _label(label: Label) -> dict[str, Any]:
    kind = LABEL_KINDS.get(label.code)
    return {
        "code": label.code.removeprefix("TK ").removeprefix("BC "),
        "kind": label.code[:2],
        "name": _(kind.name) if kind else label.code,
        "text": label.text or (_(kind.explanation) if kind else ""),
        "community": label.community.name or label.community.slug,
        "url": reverse("community", args=[label.community.slug]),
    }


def _citation(item: Item, reader: Sequence[str]) -> str:
    """Who, what, when, where it is kept, its address; the parts that are known, in that order."""
    makers = [part.agent.name.text(reader) for part in item.contributions.all() if part.role in _MAKERS]
    parts = [
        "; ".join(maker for maker in makers if maker),
        item.title.text(reader, default=item.key),
        date_words(item.date),
        item.rights_holder,
        settings.SITE_NAME,
    ]
    return (
        f"{'. '.join(part for part in parts if part)}. {settings.SITE_URL}{reverse('item', args=[item.key])}"
    )


@require_safe
def item(request: HttpRequest, key: str) -> HttpResponse:
    """Show an item that this visitor may see."""
    who = rights.viewer(request.user)
    found = queries.get_item(who, key)
    reader = languages(request)
    cases = [case for case in summaries.published(who) if key in case.shown.items]
    covers = summaries.open_items(who, [case.shown.cover[0] for case in cases if case.shown.cover])
    addresses = Addresses(settings.SITE_URL)
    open_to_all = rights.visible(None, found) and found.state == Item.State.PUBLISHED
    figures = list(_figures(found, reader))
    return render(
        request,
        "heirloom/public/item.html",
        {
            "item": found,
            "figures": figures,
            "further": [figure for figure in figures if figure["kind"] == "image" and not figure["first"]],
            "terms": _terms(found),
            "labels": [_label(label) for label in found.labels.all()],
            "downloads": _downloads(found),
            "citation": _citation(found, reader),
            "cases": [case_card(case.shown, covers) for case in cases],
            "points": [
                {
                    "lon": place.longitude,
                    "lat": place.latitude,
                    "label": place.name or place.key,
                    "url": reverse("place", args=[place.key]),
                }
                for place in found.places.all()
                if place.longitude is not None and place.latitude is not None
            ],
            "manifest_url": addresses.manifest(key) if open_to_all else "",
            "linked_art_url": addresses.linked_art(key) if open_to_all else "",
            "open_to_all": open_to_all,
        },
    )
