"""What the archive hands out: versions, files, agents, and the errors a person can meet."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, ClassVar, Final, Literal, Protocol

from heirloom.errors import HeirloomError, gettext_noop

SPECIFICATIONS: Final = ("1.0", "1.1")
"""Versions of the OCFL specification that are read; the last one is written."""

INVENTORY: Final = "inventory.json"
CRATE_FILE: Final = "ro-crate-metadata.json"
DECLARATION: Final = "0=ocfl_object_"
ROOT_DECLARATION: Final = "0=ocfl_"


@dataclass(frozen=True, slots=True)
class Agent:
    """Who made a version: a name, and an address that is a URI (``mailto:`` or a personal identifier)."""

    name: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class ObjectVersion:
    """One version of an object.

    Attributes:
        object_id: the object's identifier.
        number: 1 for the first version.
        digest: SHA-512, in hex, of this version's ``inventory.json``: the seal over all its files. Empty
            for a version, made by another program, that keeps no inventory of its own.
        created: when, with time zone.
        message: why.
        agent: who, where recorded.
    """

    object_id: str
    number: int
    digest: str
    created: datetime
    message: str
    agent: Agent | None


@dataclass(frozen=True, slots=True)
class FileInfo:
    """A file of a version: its logical path, its size in bytes and its SHA-512 in hex."""

    path: str
    size: int
    sha512: str


@dataclass(frozen=True, slots=True)
class Tombstone:
    """What stays of a purged object: that it was, and why it is no more. None of its content.

    Attributes:
        object_id: its identifier.
        key: the folder it stood in.
        reason: why it was purged.
        agent: who purged it, where recorded.
        purged: when.
        head: the number of its newest version.
        digest: that version's seal (see :class:`ObjectVersion`).
        seals: the seals of all its versions, by which copies of it elsewhere are known.
    """

    object_id: str
    key: str
    reason: str
    agent: Agent | None
    purged: datetime
    head: int
    digest: str
    seals: tuple[str, ...]

    def to_bytes(self) -> bytes:
        """As JSON."""
        document = {
            "format": "heirloom-tombstone/1",
            "id": self.object_id,
            "key": self.key,
            "reason": self.reason,
            "agent": {"name": self.agent.name, "address": self.agent.address} if self.agent else None,
            "purged": self.purged.isoformat(),
            "head": self.head,
            "sha512": self.digest,
            "seals": list(self.seals),
        }
        return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Tombstone:
        """What :meth:`to_bytes` gave. Raises Damaged."""
        try:
            document = json.loads(data)
            agent = document["agent"]
            return cls(
                object_id=document["id"],
                key=document["key"],
                reason=document["reason"],
                agent=Agent(agent["name"], agent["address"]) if agent else None,
                purged=datetime.fromisoformat(document["purged"]),
                head=document["head"],
                digest=document["sha512"],
                seals=tuple(document["seals"]),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise Damaged(key="a tombstone", reason="it cannot be read") from error


@dataclass(frozen=True, slots=True)
class Existing:
    """As the source of a file: the content that *path* has in *version* (None: the base version) of the same object.

    Renaming is ``write(files={"new": Existing("old")}, remove=["old"])``; no byte is copied.
    """

    path: str
    version: int | None = None


Source = Path | bytes | BinaryIO | Existing
"""Where the bytes of a file come from."""


class CrateDocument(Protocol):
    """An RO-Crate's description, ready to be kept as :data:`CRATE_FILE`."""

    def to_bytes(self) -> bytes:
        """The bytes of ``ro-crate-metadata.json``."""


CrateSource = CrateDocument | Callable[[Mapping[str, FileInfo]], CrateDocument]
"""A crate, or what makes one from all other files of the version once their sizes and digests are known."""


@dataclass(frozen=True, slots=True)
class Write:
    """One version to make, as data; the fields are those of ``Archive.write``."""

    object_id: str
    files: Mapping[str, Source]
    message: str
    agent: Agent
    remove: Collection[str] = ()
    base: Literal["previous", "empty"] = "previous"
    created: datetime | None = None
    crate: CrateSource | None = None
    expected_head: int | None = None
    fixity: Collection[str] = ()


class NoObject(HeirloomError):
    """No object has this identifier."""

    code: ClassVar[str] = "archive.no-object"
    message: ClassVar[str] = gettext_noop("The archive has no object {object_id}.")
    status: ClassVar[int] = 404


class NoVersion(HeirloomError):
    """The object has no version of this number."""

    code: ClassVar[str] = "archive.no-version"
    message: ClassVar[str] = gettext_noop("{object_id} has no version {version}.")
    status: ClassVar[int] = 404


class NoFile(HeirloomError):
    """The version has no file of this name."""

    code: ClassVar[str] = "archive.no-file"
    message: ClassVar[str] = gettext_noop("{object_id} has no file {path} in version {version}.")
    status: ClassVar[int] = 404


class Damaged(HeirloomError):
    """What is stored is not what was written."""

    code: ClassVar[str] = "archive.damaged"
    message: ClassVar[str] = gettext_noop("{key} is damaged: {reason}. Mend it from the mirror.")
    kept: ClassVar[str] = gettext_noop("Nothing was changed.")
    status: ClassVar[int] = 500


class VersionConflict(HeirloomError):
    """Somebody else wrote a version meanwhile."""

    code: ClassVar[str] = "archive.conflict"
    message: ClassVar[str] = gettext_noop(
        "{object_id} is at version {actual}, not {expected}: somebody else changed it meanwhile."
    )
    kept: ClassVar[str] = gettext_noop("Nothing was changed.")
    status: ClassVar[int] = 409


class BadPath(HeirloomError):
    """A name that cannot be a logical path or an identifier."""

    code: ClassVar[str] = "archive.path"
    message: ClassVar[str] = gettext_noop("The archive cannot keep the name {path}: {reason}.")
    kept: ClassVar[str] = gettext_noop("Nothing was changed.")


class NotArchive(HeirloomError):
    """The folder is no OCFL storage root."""

    code: ClassVar[str] = "archive.no-root"
    message: ClassVar[str] = gettext_noop("{path} is not an archive (an OCFL storage root).")
    status: ClassVar[int] = 500


class NoRoom(HeirloomError):
    """The disk is full."""

    code: ClassVar[str] = "archive.disk-full"
    message: ClassVar[str] = gettext_noop("There is no room left where the archive is kept.")
    kept: ClassVar[str] = gettext_noop(
        "Everything that was there before is unchanged. Make room, then try again."
    )
    status: ClassVar[int] = 507
