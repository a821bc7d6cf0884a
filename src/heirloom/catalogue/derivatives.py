"""What is made from the files of items and can be made again: deep-zoom masters for the image service.

They stand in ``settings.DERIVATIVES_ROOT`` under the digest of the file they were made from, so that the same picture in two items
is made once and a changed one is another. The folder may be emptied at any time; a backup leaves it out.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import transaction
from django_tasks import task

from heirloom.archive.lock import hold
from heirloom.keys import LENGTH, object_id

from . import rights, store
from .exchange import is_image
from .iiif import pyramid
from .iiif.service import ServedImage
from .models import Item, Media

_DIGEST: Final = 16
"""Characters of a file's digest in an image's identifier (``exchange.image_identifier``)."""


def master_path(media: Media) -> Path:
    """Where the master of *media* stands, or would stand."""
    digest = media.sha512
    return Path(settings.DERIVATIVES_ROOT) / "masters" / digest[:2] / f"{digest[:40]}.tif"


def master(media: Media) -> Path:
    """Return the deep-zoom master of an image, made now where it is missing; two callers make it once.

    Raises:
        pyramid.NotAnImage, pyramid.TooManyPixels; archive.Damaged, NoFile: the file is not there.
    """
    path = master_path(media)
    if path.is_file():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    with hold(str(path.with_suffix(".lock")), "the picture", timeout=300):
        if not path.is_file():
            with store.archive().local(object_id("item", media.item.key), media.path) as source:
                pyramid.make(source, path, max_pixels=settings.PIXEL_LIMIT)
    return path


@task()
def make_master(key: str, path: str) -> None:
    """Make the master of one file before anybody asks for it."""
    media = Media.objects.select_related("item").filter(item__key=key, path=path).first()
    if media is not None and is_image(media):
        master(media)


def make_soon(media: Media) -> None:
    """Ask a worker for the master once this transaction is through; files that are no images are left alone."""
    if is_image(media):
        key, path = media.item.key, media.path
        transaction.on_commit(lambda: make_master.enqueue(key, path))


class Images:
    """Where the image service finds pictures, for one visitor: only those of items that the visitor may see."""

    def __init__(self, base_uri: str, user: rights.type_of_person) -> None:
        """*base_uri*: scheme, server and prefix of the service, without a slash at the end."""
        self.base_uri = base_uri
        self._who = rights.viewer(user)

    def find(self, identifier: str) -> ServedImage | None:
        """The image called ``KEY-DIGEST`` (``exchange.image_identifier``)."""
        key, dash, digest = identifier.partition("-")
        if not dash or len(key) != LENGTH or len(digest) != _DIGEST or not identifier.isascii():
            return None
        media = (
            Media.objects.filter(item__key=key, sha512__startswith=digest)
            .select_related("item__protocol")
            .prefetch_related("item__communities", "item__protocol__communities")
            .first()
        )
        if media is None or not is_image(media) or not rights.visible(self._who, media.item):
            return None
        try:
            path = master(media)
        except (pyramid.NotAnImage, pyramid.TooManyPixels):
            return None
        return ServedImage(path, rights=media.item.rights or None, public=self._public(media.item))

    def _public(self, item: Item) -> bool:
        """Whether shared caches may keep it: nobody is kept from it, now or in another season."""
        protocol = item.protocol
        return rights.visible(None, item) and (protocol is None or not protocol.seasons)


def sweep() -> int:
    """Remove masters of files that no item has any more; return how many."""
    root = Path(settings.DERIVATIVES_ROOT) / "masters"
    removed = 0
    for path in root.glob("*/*.tif"):
        if not Media.objects.filter(sha512__startswith=path.stem).exists():
            path.unlink(missing_ok=True)
            removed += 1
    return removed
