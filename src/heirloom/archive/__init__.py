"""Files that outlive this program: OCFL objects, crates, bags, fixity, safe intake."""

from heirloom.archive.archive import Archive
from heirloom.archive.lock import Locked
from heirloom.archive.ocfl import (
    Agent,
    BadPath,
    Damaged,
    Existing,
    FileInfo,
    NoFile,
    NoObject,
    NoRoom,
    NotArchive,
    NoVersion,
    ObjectVersion,
    Tombstone,
    VersionConflict,
    Write,
)

__all__ = [
    "Agent",
    "Archive",
    "BadPath",
    "Damaged",
    "Existing",
    "FileInfo",
    "Locked",
    "NoFile",
    "NoObject",
    "NoRoom",
    "NoVersion",
    "NotArchive",
    "ObjectVersion",
    "Tombstone",
    "VersionConflict",
    "Write",
]
