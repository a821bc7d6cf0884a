"""Find a file by its item and digest, for somebody: among the item's files, else in the sealed cases that they may see."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from heirloom.calls import rules
from heirloom.calls.models import Submission
from heirloom.cases import rules as case_rules
from heirloom.cases.models import Seal
from heirloom.catalogue.models import Item, Media
from heirloom.errors import NotFound
from heirloom.keys import object_id
from heirloom.web.public.cases import public_numbers

from .answers import open_to_all

_DIGEST: Final = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file in the archive that somebody may have.

    Attributes:
        media: its row, or one made up (never saved) where only an older version of the package has it.
        version: of the package in which it stands.
        public: whether shared caches may keep it.
    """

    media: Media
    version: int
    public: bool

    @property
    def object_id(self) -> str:
        return object_id("item", self.media.item.key)


def find(user: Any, key: str, digest: str) -> StoredFile:
    """Return the file of the item *key* whose SHA-512 begins with *digest* (40 characters).

    A file that was taken out of the item is found only through a sealed case that *user* may see, since the case still
    shows it; the item itself must be open to them all the same.

    Args:
        user: a person, nobody (``None``), or a function that returns them, called only for what is not open to all.

    Raises:
        NotFound.
    """
    if not _DIGEST.fullmatch(digest):
        raise NotFound
    item = (
        Item.objects.filter(key=key)
        .select_related("protocol")
        .prefetch_related("protocol__communities", "communities", "media")
        .first()
    )
    if item is None:
        raise NotFound
    public = open_to_all(item)
    person = None if public else user() if callable(user) else user
    if not public and not rules.sees_item(person, item):
        raise NotFound
    for media in item.media.all():
        if media.sha512.startswith(digest):
            media.item = item
            return StoredFile(media, item.object_version, public)
    return _sealed(user() if callable(user) else user, item, digest)


def _sealed(user: Any, item: Item, digest: str) -> StoredFile:
    """The file as a sealed case pins it. Raises NotFound."""
    seals = Seal.objects.filter(content__items__has_key=item.key).select_related(
        "case__protocol", "case__published_seal"
    )
    for seal in seals.prefetch_related("case__members", "case__protocol__communities").order_by("-number"):
        pin = seal.content["items"][item.key]
        pinned = next((one for one in pin["media"] if one["sha512"].startswith(digest)), None)
        if pinned is None or not _sees_seal(user, seal):
            continue
        name = str(pinned["path"]).rpartition("/")[2]
        fields = ("path", "media_type", "size", "sha512", "width", "height", "language")
        media = Media(item=item, original_name=name, **{field: pinned[field] for field in fields})
        return StoredFile(media, int(pin["version"]), public=False)
    raise NotFound


def _sees_seal(user: Any, seal: Seal) -> bool:
    """Whether *user* may see this sealed version: once published, part of a submission they see, or of their own case."""
    if case_rules.role_on(user, seal.case) is not None:
        return True
    if case_rules.visible_case(user, seal.case) and seal.number in public_numbers(seal.case):
        return True
    return Submission.objects.filter(rules.visible_submissions(user), seal=seal).exists()
