"""Where an object stands under the storage root: the registered OCFL layout extensions.

Sources: OCFL community extensions 0002 (flat direct), 0003 (hash and id n-tuple), 0004 (hashed n-tuple),
0006 (flat omit prefix). New roots use 0003: its folder names show the object's identifier, so that a person
with a file browser finds an object without this program. Roots with any other layout, or none, are read by
looking for objects; new objects are not written there.
"""

from __future__ import annotations

import json
import re
import string
from dataclasses import dataclass
from typing import ClassVar, Final, Protocol
from urllib.parse import unquote

from heirloom.archive.fixity import ALGORITHMS, LENGTHS
from heirloom.errors import HeirloomError, gettext_noop

FILE: Final = "ocfl_layout.json"
REGISTERED: Final = frozenset(
    {
        "0001-digest-algorithms",
        "0002-flat-direct-storage-layout",
        "0003-hash-and-id-n-tuple-storage-layout",
        "0004-hashed-n-tuple-storage-layout",
        "0005-mutable-head",
        "0006-flat-omit-prefix-storage-layout",
        "0007-n-tuple-omit-prefix-storage-layout",
        "0008-schema-registry",
        "0009-digest-algorithms",
        "0010-differential-n-tuple-omit-prefix-storage-layout",
        "0011-direct-clean-path-layout",
        "0012-hash-and-no-prefix-id-n-tuple-storage-layout",
        "initial",
    }
)
"""Extension names in the OCFL registry."""

_SAFE: Final = frozenset(string.ascii_letters + string.digits + "-_")
_LONGEST_NAME: Final = 100


class BadLayout(HeirloomError):
    """The layout's description or configuration breaks its extension's rules."""

    code: ClassVar[str] = "archive.layout"
    message: ClassVar[str] = gettext_noop("The storage root's layout cannot be used: {reason}.")


class Layout(Protocol):
    """A deterministic way from an object's identifier to its folder."""

    name: ClassVar[str]
    description: ClassVar[str]

    def key(self, object_id: str) -> str:
        """The folder of *object_id*, relative to the storage root, with ``/`` between names."""

    def id_of(self, key: str) -> str | None:
        """The identifier that the folder *key* shows, or None where the folder's name does not tell."""

    def config(self) -> dict[str, object]:
        """What stands in the extension's ``config.json``; empty where it needs none."""


def _digest(algorithm: str, text: str) -> str:
    digest = ALGORITHMS[algorithm]()
    digest.update(text.encode("utf-8"))
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class _Tuples:
    digest_algorithm: str = "sha256"
    tuple_size: int = 3
    number_of_tuples: int = 3

    def __post_init__(self) -> None:
        if not isinstance(self.digest_algorithm, str) or self.digest_algorithm not in LENGTHS:
            raise BadLayout(reason=f"digestAlgorithm {self.digest_algorithm!r}")
        for name, value in (("tupleSize", self.tuple_size), ("numberOfTuples", self.number_of_tuples)):
            if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 32:
                raise BadLayout(reason=f"{name} {value!r}")
        if (self.tuple_size == 0) != (self.number_of_tuples == 0):
            raise BadLayout(reason="tupleSize and numberOfTuples must both be 0 or neither")
        if self.tuple_size * self.number_of_tuples > LENGTHS[self.digest_algorithm]:
            raise BadLayout(reason="tupleSize x numberOfTuples is longer than the digest")

    def tuples(self, digest: str) -> list[str]:
        size = self.tuple_size
        return [digest[i * size : (i + 1) * size] for i in range(self.number_of_tuples)]


def _percent_encoded(object_id: str) -> str:
    return "".join(
        chr(byte) if byte < 128 and chr(byte) in _SAFE else f"%{byte:02x}"
        for byte in object_id.encode("utf-8")
    )


@dataclass(frozen=True, slots=True)
class HashAndId(_Tuples):
    """Extension 0003: tuples of the identifier's digest, then the percent-encoded identifier."""

    name: ClassVar[str] = "0003-hash-and-id-n-tuple-storage-layout"
    description: ClassVar[str] = (
        "Hashed truncated n-tuple trees; the folder of each object is its percent-encoded identifier."
    )

    def key(self, object_id: str) -> str:
        digest = _digest(self.digest_algorithm, object_id)
        folder = _percent_encoded(object_id)
        if len(folder) > _LONGEST_NAME:
            folder = f"{folder[:_LONGEST_NAME]}-{digest}"
        return "/".join([*self.tuples(digest), folder])

    def id_of(self, key: str) -> str | None:
        object_id = unquote(key.rpartition("/")[2], errors="replace")
        return object_id if self.key(object_id) == key else None

    def config(self) -> dict[str, object]:
        return {
            "extensionName": self.name,
            "digestAlgorithm": self.digest_algorithm,
            "tupleSize": self.tuple_size,
            "numberOfTuples": self.number_of_tuples,
        }


@dataclass(frozen=True, slots=True)
class HashedTuples(_Tuples):
    """Extension 0004: tuples of the identifier's digest, then the digest or the rest of it."""

    name: ClassVar[str] = "0004-hashed-n-tuple-storage-layout"
    description: ClassVar[str] = (
        "Hashed n-tuple trees; the folder of each object is the digest of its identifier."
    )
    short_object_root: bool = False

    def __post_init__(self) -> None:
        _Tuples.__post_init__(self)
        if (
            self.short_object_root
            and self.tuple_size * self.number_of_tuples == LENGTHS[self.digest_algorithm]
        ):
            raise BadLayout(reason="shortObjectRoot leaves no name for the object")

    def key(self, object_id: str) -> str:
        digest = _digest(self.digest_algorithm, object_id)
        rest = digest[self.tuple_size * self.number_of_tuples :] if self.short_object_root else digest
        return "/".join([*self.tuples(digest), rest])

    def id_of(self, key: str) -> str | None:  # noqa: ARG002  a digest cannot be turned back
        return None

    def config(self) -> dict[str, object]:
        return {
            "extensionName": self.name,
            "digestAlgorithm": self.digest_algorithm,
            "tupleSize": self.tuple_size,
            "numberOfTuples": self.number_of_tuples,
            "shortObjectRoot": self.short_object_root,
        }


@dataclass(frozen=True, slots=True)
class FlatDirect:
    """Extension 0002: the identifier is the folder's name."""

    name: ClassVar[str] = "0002-flat-direct-storage-layout"
    description: ClassVar[str] = "The folder of each object is its identifier."

    def key(self, object_id: str) -> str:
        if "/" in object_id or object_id in {"", ".", "..", "extensions"} or len(object_id.encode()) > 255:
            raise BadLayout(reason=f"{object_id!r} cannot be a folder's name")
        return object_id

    def id_of(self, key: str) -> str | None:
        return key if "/" not in key else None

    def config(self) -> dict[str, object]:
        return {}


@dataclass(frozen=True, slots=True)
class FlatOmitPrefix:
    """Extension 0006: the part of the identifier after its last delimiter is the folder's name."""

    name: ClassVar[str] = "0006-flat-omit-prefix-storage-layout"
    description: ClassVar[str] = "The folder of each object is its identifier without the prefix."
    delimiter: str = ":"

    def __post_init__(self) -> None:
        if not isinstance(self.delimiter, str) or not self.delimiter:
            raise BadLayout(reason="the delimiter is missing")

    def key(self, object_id: str) -> str:
        at = object_id.lower().rfind(self.delimiter.lower())
        folder = object_id[at + len(self.delimiter) :] if at >= 0 else object_id
        return FlatDirect().key(folder)

    def id_of(self, key: str) -> str | None:  # noqa: ARG002  the prefix is not in the name
        return None

    def config(self) -> dict[str, object]:
        return {"extensionName": self.name, "delimiter": self.delimiter}


def from_description(layout: object, config: object) -> Layout | None:
    """The layout that ``ocfl_layout.json`` and the extension's ``config.json`` (parsed, or None) describe.

    Returns:
        None for a layout this program does not compute: such roots are read by looking for objects.

    Raises:
        BadLayout: the parameters break the extension's rules.
    """
    extension = layout.get("extension") if isinstance(layout, dict) else None
    values = config if isinstance(config, dict) else {}
    tuples = {
        "digest_algorithm": values.get("digestAlgorithm", "sha256"),
        "tuple_size": values.get("tupleSize", 3),
        "number_of_tuples": values.get("numberOfTuples", 3),
    }
    if extension == HashAndId.name:
        return HashAndId(**tuples)
    if extension == HashedTuples.name:
        short = values.get("shortObjectRoot", False)
        if not isinstance(short, bool):
            raise BadLayout(reason=f"shortObjectRoot {short!r}")
        return HashedTuples(**tuples, short_object_root=short)
    if extension == FlatDirect.name:
        return FlatDirect()
    if extension == FlatOmitPrefix.name:
        return FlatOmitPrefix(values.get("delimiter", ""))
    return None


def to_description(layout: Layout) -> bytes:
    """The bytes of ``ocfl_layout.json`` for *layout*."""
    document = {"extension": layout.name, "description": layout.description}
    return (json.dumps(document, indent=2) + "\n").encode()


VERSION_FOLDER: Final = re.compile(r"v(0*)([1-9][0-9]*)")
"""A version folder's name: groups are the padding and the number (OCFL 1.1, 3.3)."""
