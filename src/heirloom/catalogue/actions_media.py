"""What people do with the files of an item. Every file is hostile until :mod:`heirloom.archive.safe` has judged it."""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from heirloom.archive import safe
from heirloom.archive.ocfl import Existing, Source
from heirloom.errors import NotAllowed
from heirloom.keys import new_key, object_id
from heirloom.people import actions as people
from heirloom.people.models import User
from heirloom.text import Translated
from heirloom.text.languages import canonical

from . import derivatives, record, rights, store
from .actions import locked
from .actions_errors import InvalidField, Stale
from .actions_feed import announce
from .actions_keep import keep_item
from .models import Item, Media

AT_ONCE: Final = 16 * 1024**2
"""Larger files are copied into the archive before the transaction, so that nobody waits for the copy to end."""


def policy() -> safe.Policy:
    """What is accepted as a file of an item, with the installation's limits."""
    return safe.Policy(max_bytes=settings.UPLOAD_LIMIT, max_pixels=settings.PIXEL_LIMIT)


def add_media(
    by: User,
    item: Item,
    file: Path | BinaryIO,
    name: str | bytes,
    *,
    role: str = Media.Role.MASTER,
    alt: Translated | None = None,
    caption: Translated | None = None,
    language: str = "",
    duration: float | None = None,
    revision: int | None = None,
) -> Media:
    """Take in a file and keep it in the item's package at once, as a new version.

    Args:
        file: a plain file, or an open, seekable one.
        name: the name that it came with, in any script; it is kept and shown, never used as a path.
        alt: what it shows, for people who do not see it.
        language: BCP 47 tag of what is spoken or written in it.
        duration: seconds, where known.
        revision: ``Item.revision`` that the person saw; None skips the check.

    Raises:
        NotAllowed; Stale; safe.Refused: the file is not accepted; InvalidField: no such role; InvalidLanguageTag.
    """
    if not rights.may_edit(by, item):
        raise NotAllowed
    if role not in Media.Role.values:
        raise InvalidField(field="role", value=repr(role))
    language = canonical(language) if language else ""
    taken = {path.casefold() for path in item.media.values_list("path", flat=True)}
    made = prepare(file, name, taken)
    if made.large:
        keep_large(item, made, by)
    with transaction.atomic():
        item = locked(item)
        if not rights.may_edit(by, item):
            raise NotAllowed
        if revision is not None and revision != item.revision:
            raise Stale
        taken = {path.casefold() for path in item.media.values_list("path", flat=True)}
        if made.path.casefold() in taken:  # somebody added a file of this name meanwhile
            made.path = _free_path(made.accepted, taken)
        media = made.media(item, item.media.count())
        media.role, media.language, media.duration = role, language, duration
        media.alt, media.caption = alt or Translated(), caption or Translated()
        media.save()
        people.log(by, "add-media", "item", item.key, path=media.path, size=media.size)
        _finish(by, item, f"add {media.path}", {media.path: made.source})
        derivatives.make_soon(media)
    return media


@dataclass
class Prepared:
    """A file that was judged and may be kept: what is known of it, and its bytes (or where in the archive they are).

    ``replaces`` is the row of the file whose place it takes.
    """

    given: str
    path: str
    accepted: safe.Accepted
    size: int
    sha512: str
    source: Source
    replaces: Media | None = None

    @property
    def large(self) -> bool:
        """Whether it should go into the archive before the transaction."""
        return self.size > AT_ONCE

    def media(self, item: Item, position: int) -> Media:
        """The row, not yet saved."""
        return Media(
            item=item,
            path=self.path,
            original_name=_storable(self.accepted.original_name),
            media_type=self.accepted.media_type,
            size=self.size,
            sha512=self.sha512,
            width=self.accepted.width,
            height=self.accepted.height,
            position=position,
        )


def prepare(file: Path | BinaryIO, name: str | bytes, taken: set[str]) -> Prepared:
    """Judge a file and find it a path that is not among *taken* (casefolded). Raises safe.Refused."""
    accepted = safe.inspect(file, name, policy())
    source = _source(file, accepted)
    size = len(accepted.sanitised) if accepted.sanitised is not None else accepted.size
    given = name if isinstance(name, str) else name.decode("utf-8", "replace")
    return Prepared(given, _free_path(accepted, taken), accepted, size, _digest(source), source)


def _source(file: Path | BinaryIO, accepted: safe.Accepted) -> Source:
    if accepted.sanitised is not None:
        return accepted.sanitised
    if not isinstance(file, Path):
        file.seek(0)
    return file


def _digest(source: Source) -> str:
    """SHA-512 of what will be kept."""
    if isinstance(source, bytes):
        return hashlib.sha512(source).hexdigest()
    if isinstance(source, Path):
        with source.open("rb") as stream:
            return hashlib.file_digest(stream, "sha512").hexdigest()
    stream = source  # type: ignore[assignment]
    stream.seek(0)
    digest = hashlib.file_digest(stream, "sha512").hexdigest()
    stream.seek(0)
    return digest


def _storable(name: str) -> str:
    """A name as a database keeps it: bytes that are no Unicode become replacement characters, NUL goes."""
    return name.encode("utf-8", "replace").decode("utf-8").replace("\x00", "")[:500]


def _free_path(accepted: safe.Accepted, taken: set[str]) -> str:
    """A logical path for the file: its own safe name with the extension of its kind, numbered when taken."""
    stem = accepted.name.rpartition(".")[0] if "." in accepted.name.lstrip(".") else accepted.name
    number = 1
    while True:
        mark = "" if number == 1 else f"-{number}"
        path = f"{record.MEDIA_FOLDER}/{stem}{mark}.{accepted.extension.lstrip('.')}"
        if path.casefold() not in taken:
            return path
        number += 1


def keep_large(item: Item, made: Prepared, by: User) -> None:
    """Copy a large file into the package before its row exists; a crash leaves it to the next version to drop.

    From then on it is known by the version that took it in: whatever happens to the item meanwhile does not lose it.
    """
    identifier = object_id("item", item.key)
    if not store.archive().exists(identifier):
        with transaction.atomic():
            keep_item(locked(item), by, "begin a package")
    # Under a path of its own: under that of the file it could take the place of one that somebody adds meanwhile.
    waiting = f"{record.MEDIA_FOLDER}/{new_key()}/{made.path.rpartition('/')[2]}"
    files: dict[str, Source] = {waiting: made.source}
    version = store.archive().write(identifier, files, message=f"take in {made.path}", agent=store.agent(by))
    made.source = Existing(waiting, version.number)


def _finish(by: User, item: Item, message: str, files: dict[str, Source]) -> None:
    item.revision += 1
    item.updated_at = timezone.now()
    item.save()
    if item.state != Item.State.DRAFT:
        announce(item, "Update", item.updated_at)
    keep_item(item, by, message, files)


@transaction.atomic
def describe_media(
    by: User,
    media: Media,
    *,
    alt: Translated | None = None,
    caption: Translated | None = None,
    role: str | None = None,
    language: str | None = None,
    duration: float | None = None,
    position: int | None = None,
) -> Media:
    """Change what is said of a file; None leaves a field as it is.

    Raises:
        NotAllowed; InvalidField; InvalidLanguageTag.
    """
    item = locked(media.item)
    if not rights.may_edit(by, item):
        raise NotAllowed
    if role is not None and role not in Media.Role.values:
        raise InvalidField(field="role", value=repr(role))
    given: dict[str, Any] = {
        "alt": alt,
        "caption": caption,
        "role": role,
        "language": canonical(language) if language else language,
        "duration": duration,
        "position": position,
    }
    for name, value in given.items():
        if value is not None:
            setattr(media, name, value)
    media.save()
    people.log(by, "describe-media", "item", item.key, path=media.path)
    _finish(by, item, f"describe {media.path}", {})
    return media


@transaction.atomic
def remove_media(by: User, media: Media) -> None:
    """Take a file out of the item; older versions of its package keep it.

    Raises:
        NotAllowed.
    """
    item = locked(media.item)
    if not rights.may_edit(by, item):
        raise NotAllowed
    path = media.path
    media.delete()
    people.log(by, "remove-media", "item", item.key, path=path)
    _finish(by, item, f"remove {path}", {})


@contextlib.contextmanager
def opened(media: Media) -> Any:
    """The file of *media* as a path on this machine, for reading within the block (see ``Archive.local``)."""
    with store.archive().local(object_id("item", media.item.key), media.path) as path:
        yield path
