"""What all exports share: whole items page by page, addresses, what the public may see, days of a date."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final
from urllib.parse import quote

from django.db.models import Q, QuerySet
from django.utils import translation
from django.utils.translation import gettext

from heirloom.text import Translated

from . import dates, rights
from .actions_keep import whole
from .models import Item, Media, Protocol

PAGE: Final = 200
DIGEST_SIGNS: Final = 40
"""Characters of a file's digest in its addresses."""
IMAGE_TYPES: Final = frozenset(
    {"image/jpeg", "image/png", "image/tiff", "image/webp", "image/gif", "image/jp2", "image/avif"}
)


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where things of this installation stand; ``base_url`` has no slash at its end, and is empty for addresses within the site.

    The pages, the interface and the exports take every address of an item and its files from here.
    """

    base_url: str

    def page(self, key: str) -> str:
        return f"{self.base_url}/items/{key}/"

    def manifest(self, key: str) -> str:
        return f"{self.base_url}/iiif/presentation/3/item/{key}/manifest"

    def collection(self, name: str = "all", page: int | None = None) -> str:
        path = f"{self.base_url}/iiif/presentation/3/collection/{quote(name, safe=':')}"
        return path if page is None else f"{path}/{page}"

    def image(self, key: str, sha512: str) -> str:
        """The image service of a file of an item; it names content, so what it answers may be cached for ever."""
        return f"{self.base_url}/iiif/3/{key}-{sha512[:DIGEST_SIGNS]}"

    def file(self, key: str, sha512: str) -> str:
        """A file of an item, as it is downloaded; named by its content like its image service."""
        return f"{self.base_url}/media/{key}/{sha512[:DIGEST_SIGNS]}"

    def linked_art(self, key: str) -> str:
        return f"{self.base_url}/linked-art/item/{key}"

    def visual(self, key: str) -> str:
        return f"{self.base_url}/linked-art/visual/{key}"

    def agent(self, key: str) -> str:
        return f"{self.base_url}/linked-art/agent/{key}"

    def place(self, key: str) -> str:
        return f"{self.base_url}/linked-art/place/{key}"

    def community(self, slug: str) -> str:
        return f"{self.base_url}/communities/{slug}/"

    def activity(self, page: int | None = None) -> str:
        """IIIF Change Discovery: the stream, or one of its pages."""
        return f"{self.base_url}/iiif/discovery/1/activity" + ("" if page is None else f"/page/{page}")

    def oai(self) -> str:
        return f"{self.base_url}/oai"


def in_pages(items: QuerySet[Item], size: int = PAGE) -> Iterator[list[Item]]:
    """Whole items (places, terms, agents, media, labels, communities fetched) in order of their rows.

    A page costs the same few queries however long the list is, and no page is held once the next is asked for.
    """
    ordered = whole(items.order_by("pk"))
    last = 0
    while page := list(ordered.filter(pk__gt=last)[:size]):
        yield page
        last = page[-1].pk


def public_items(today: date | None = None) -> QuerySet[Item]:
    """What a visitor without an account may see today; the only items that go into feeds."""
    return Item.objects.filter(rights.visible_items(None, today))


def closed_to_public() -> Q:
    """Items under a protocol that never opens them to everybody."""
    return Q(protocol__isnull=False) & (
        ~Q(protocol__audience=Protocol.Audience.PUBLIC) | ~Q(protocol__attributes={})
    )


def is_image(media: Media) -> bool:
    """Whether the image service can show the file."""
    return media.media_type in IMAGE_TYPES and bool(media.width and media.height)


def masters(item: Item) -> list[Media]:
    """The files of *item* that are the thing itself, in their order."""
    return sorted((media for media in item.media.all() if media.role == Media.Role.MASTER), key=_order)


def others(item: Item) -> list[Media]:
    """Transcripts and supplements, in their order."""
    return sorted((media for media in item.media.all() if media.role != Media.Role.MASTER), key=_order)


def _order(media: Media) -> tuple[int, int]:
    return (media.position, media.pk or 0)


def days(edtf: str) -> tuple[dates.Day | None, dates.Day | None]:
    """The first and the last day that a date may mean; None where it is open, unknown or no date at all."""
    if not edtf:
        return None, None
    try:
        parsed = dates.parse(edtf)
    except dates.InvalidDate:
        return None, None
    firsts: list[dates.Day] = []
    lasts: list[dates.Day] = []
    for part in parsed.parts:
        start, end = (part.start, part.end) if isinstance(part, dates.Span) else (part, part)
        if isinstance(start, str) or isinstance(end, str):
            return (
                None if isinstance(start, str) else start.earliest,
                None if isinstance(end, str) else end.latest,
            )
        firsts.append(start.earliest)
        lasts.append(end.latest)
    return min(firsts), max(lasts)


def day_text(day: dates.Day) -> str:
    """A day in ISO 8601, with a sign before years before 0 (XML Schema 1.1)."""
    year, month, number = day
    return f"{'-' if year < 0 else ''}{abs(year):04d}-{month:02d}-{number:02d}"


@lru_cache(maxsize=512)
def words(message: str) -> Translated:
    """A word of the interface in every language that it is translated to; English first."""
    from django.conf import settings  # at call time: tests change the languages

    found = {"en": message}
    for tag, _name in settings.LANGUAGES:
        with translation.override(tag):
            said = gettext(message)
        if said != message:
            found[tag] = said
    return Translated(found)
