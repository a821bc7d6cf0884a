"""What is made from the files of items and can be made again: deep-zoom masters for the image service.

They stand in ``settings.DERIVATIVES_ROOT`` under the digest of the file they were made from, so that the same picture in two items
is made once and a changed one is another. The folder may be emptied at any time; a backup leaves it out.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django_tasks import task

from heirloom.archive.lock import hold
from heirloom.keys import object_id

from . import store
from .exchange import is_image
from .iiif import pyramid
from .models import Media


def master_path(media: Media) -> Path:
    """Where the master of *media* stands, or would stand."""
    digest = media.sha512
    return Path(settings.DERIVATIVES_ROOT) / "masters" / digest[:2] / f"{digest[:40]}.tif"


def master(media: Media, version: int | None = None) -> Path:
    """Return the deep-zoom master of an image, made now where it is missing; two callers make it once.

    Args:
        media: the file; a row, or one made up for a file that only older versions of the item's package have.
        version: of the item's package; the newest by default.

    Raises:
        pyramid.NotAnImage, pyramid.TooManyPixels; archive.Damaged, NoFile: the file is not there.
    """
    path = master_path(media)
    if path.is_file():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    with hold(str(path.with_suffix(".lock")), "the picture", timeout=300):
        if not path.is_file():
            with store.archive().local(object_id("item", media.item.key), media.path, version) as source:
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


def forget_soon(files: Iterable[Media]) -> None:
    """Remove the masters of files whose item is erased, once this transaction is through; those of another item's file stay."""
    digests = {media.sha512: master_path(media) for media in files}

    def forget() -> None:
        for digest, path in digests.items():
            if not Media.objects.filter(sha512=digest).exists():
                path.unlink(missing_ok=True)

    transaction.on_commit(forget)
