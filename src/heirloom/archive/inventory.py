"""The inventory of an object (OCFL 1.1, 3.5): reading one, and making the next version's.

Reading trusts nothing: whatever is not of the shape the specification gives raises
:class:`~heirloom.archive.ocfl.Damaged`, so that code further on may rely on it. Judging an inventory with
the specification's codes is the work of :mod:`heirloom.archive.validate_inventory`.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from heirloom.archive.layout import VERSION_FOLDER
from heirloom.archive.ocfl import Agent, BadPath, Damaged

Json = dict[str, object]

SPECIFICATION: Final = "1.1"
TYPE: Final = f"https://ocfl.io/{SPECIFICATION}/spec/#inventory"
_LONGEST_NAME: Final = 255
_LONGEST_PATH: Final = 3000


@dataclass(frozen=True, slots=True)
class Version:
    """One version block. ``state`` maps each logical path to its digest."""

    folder: str
    created: datetime
    message: str
    agent: Agent | None
    state: Mapping[str, str]
    block: Json = field(repr=False)


@dataclass(frozen=True, slots=True)
class Inventory:
    """A parsed inventory.

    Attributes:
        object_id: the object's identifier.
        specification: the version of OCFL that it follows.
        algorithm: ``sha512`` or ``sha256``.
        content_directory: name of the content folder in each version.
        manifest: digest, as written -> content paths relative to the object.
        versions: in order; number 1 stands at index 0.
        fixity: the fixity block as found.
        content_directory_set: whether the key ``contentDirectory`` is there.
    """

    object_id: str
    specification: str
    algorithm: str
    content_directory: str
    manifest: Mapping[str, list[str]]
    versions: tuple[Version, ...]
    fixity: Json = field(repr=False)
    content_directory_set: bool = False

    @property
    def head(self) -> int:
        return len(self.versions)

    def folder(self, number: int) -> str:
        """The name of version *number*'s folder: the convention of the first is kept (OCFL 1.1, E013)."""
        if number <= self.head:
            return self.versions[number - 1].folder
        first = self.versions[0].folder
        return f"v{number}" if first == "v1" else f"v{number:0{len(first) - 1}d}"


def parse(data: bytes, key: str) -> Inventory:
    """Read an inventory; *key* names it in errors.

    Raises:
        Damaged: not JSON, or not of an inventory's shape.
    """
    try:
        document = json.loads(data)
        return _from_json(document)
    except (BadPath, ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
        raise Damaged(
            key=key, reason=f"the inventory cannot be read ({type(error).__name__}: {error})"
        ) from error


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a text is expected, not {type(value).__name__}")
    return value


def _texts(value: object) -> list[str]:
    if not isinstance(value, list):
        raise TypeError(f"a list is expected, not {type(value).__name__}")
    return [_text(each) for each in value]


def _from_json(document: Json) -> Inventory:
    algorithm = _text(document["digestAlgorithm"])
    if algorithm not in {"sha512", "sha256"}:
        raise ValueError(f"digestAlgorithm {algorithm!r}")
    content_directory = _text(document.get("contentDirectory", "content"))
    raw_manifest, raw_versions = document["manifest"], document["versions"]
    if not isinstance(raw_manifest, dict) or not isinstance(raw_versions, dict) or not raw_versions:
        raise TypeError("manifest and versions must be filled objects")
    manifest = {digest: _texts(paths) for digest, paths in raw_manifest.items()}
    for paths in manifest.values():
        for path in paths:
            check_path(path)
    numbered: list[tuple[int, str]] = []
    for name in raw_versions:
        matched = VERSION_FOLDER.fullmatch(name)
        if matched is None:
            raise ValueError(f"version {name!r}")
        numbered.append((int(matched[2]), name))
    numbered.sort()
    if [number for number, _ in numbered] != list(range(1, len(numbered) + 1)):
        raise ValueError("the versions have gaps")
    if document.get("head") != numbered[-1][1]:
        raise ValueError("head is not the last version")
    fixity = document.get("fixity", {})
    return Inventory(
        object_id=_text(document["id"]),
        specification="1.0"
        if document.get("type") == "https://ocfl.io/1.0/spec/#inventory"
        else SPECIFICATION,
        algorithm=algorithm,
        content_directory=content_directory,
        manifest=manifest,
        versions=tuple(_version(name, raw_versions[name], manifest) for _, name in numbered),
        fixity=fixity if isinstance(fixity, dict) else {},
        content_directory_set="contentDirectory" in document,
    )


def _version(folder: str, block: Json, manifest: Mapping[str, list[str]]) -> Version:
    raw_state = block["state"]
    if not isinstance(raw_state, dict):
        raise TypeError("state must be an object")
    state: dict[str, str] = {}
    for digest, paths in raw_state.items():
        if not manifest.get(digest):
            raise ValueError(f"digest {digest[:16]} is not in the manifest")
        for path in _texts(paths):
            state[path] = digest
    user = block.get("user")
    agent = None
    if isinstance(user, dict) and isinstance(user.get("name"), str):
        address = user.get("address")
        agent = Agent(user["name"], address if isinstance(address, str) else "")
    message = block.get("message")
    return Version(
        folder=folder,
        created=parse_created(_text(block["created"])),
        message=message if isinstance(message, str) else "",
        agent=agent,
        state=state,
        block=block,
    )


_RFC3339: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))", re.ASCII
)


def parse_created(value: str) -> datetime:
    """An Internet date and time (RFC 3339); ValueError when it is none. A leap second counts as the 59th."""
    matched = _RFC3339.fullmatch(value)
    if matched is None:
        raise ValueError(f"not an Internet date and time: {value!r}")
    year, month, day, hour, minute, second = (int(part) for part in matched.groups()[:6])
    if second == 60:
        second = 59
    offset_hour, offset_minute = int(matched[9] or 0), int(matched[10] or 0)
    if offset_hour > 23 or offset_minute > 59:
        raise ValueError(f"not a time zone: {value!r}")
    fraction = int(f"{matched[7] or 0:0<6}"[:6])
    zone = f"{matched[8] or '+'}{offset_hour:02}{offset_minute:02}"
    text = f"{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}{zone}"
    return datetime.strptime(text, "%Y%m%d%H%M%S%z").replace(microsecond=fraction)


def check_path(path: str) -> None:
    """Refuse what can be neither a logical nor a content path (OCFL 1.1, E052, E053, E099, E100).

    Raises:
        BadPath: empty, ``.`` or ``..`` elements, a slash at either end, or characters that no JSON file or
            file system can carry.
    """
    if not path or path.startswith("/") or path.endswith("/"):
        raise BadPath(path=repr(path), reason="it is empty or begins or ends with a slash")
    if any(part in {"", ".", ".."} for part in path.split("/")):
        raise BadPath(path=repr(path), reason="one of its parts is empty, . or ..")
    if any(
        unicodedata.category(character) in {"Cc", "Cs"} for character in path if not character.isprintable()
    ):
        raise BadPath(path=repr(path), reason="it has control characters or broken text")


def check_paths(paths: Iterable[str]) -> None:
    """Refuse a set of logical paths where a file would also be a folder (OCFL 1.1, E095).

    Raises:
        BadPath: as :func:`check_path`, or a conflict.
    """
    known = set(paths)
    for path in known:
        check_path(path)
        at = path.rfind("/")
        while at > 0:
            if path[:at] in known:
                raise BadPath(
                    path=repr(path), reason=f"{path[:at]!r} is a file, so it cannot be a folder too"
                )
            at = path.rfind("/", 0, at)


_RESERVED: Final = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)


def content_name(path: str, digest: str, taken: set[str]) -> str:
    """The name, below a version's content folder, under which the file *path* is kept.

    The logical path itself where every usual file system can carry it, so that the files are found without
    this program; else the digest. *taken* holds the folded names given so far in this version and grows:
    names that differ only in case or Unicode form never meet in one folder.
    """
    parts = path.split("/")
    portable = len(path.encode()) <= _LONGEST_PATH and not any(
        len(part.encode()) > _LONGEST_NAME
        or part[-1] in ". "
        or any(character in '<>:"|?*\\' for character in part)
        or _RESERVED.fullmatch(part)
        for part in parts
    )
    if portable and _take(path, taken):
        return path
    suffix = re.search(r"\.[A-Za-z0-9]{1,8}$", parts[-1])
    name = f"by-digest/{digest[:40]}{suffix[0].lower() if suffix else ''}"
    _take(name, taken)
    return name


def _take(path: str, taken: set[str]) -> bool:
    """Claim *path* and its folders; False when a folded twin with another spelling is there already."""
    marks: list[tuple[str, str]] = []
    parts = path.split("/")
    for depth in range(1, len(parts) + 1):
        spelled = "/".join(parts[:depth])
        folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", spelled).casefold())
        marks.append((folded, ("F" if depth == len(parts) else "D") + spelled))
    for folded, mark in marks:
        if folded in taken and f"{folded}\0{mark}" not in taken:
            return False
    for folded, mark in marks:
        taken.add(folded)
        taken.add(f"{folded}\0{mark}")
    return True


def rfc3339(moment: datetime) -> str:
    """*moment* in UTC to the second, as ``2026-01-31T09:05:00Z``; to the microsecond where it has a fraction."""
    if moment.tzinfo is None:
        raise ValueError("a time without its time zone cannot be archived")
    text = moment.astimezone(UTC).isoformat()
    return text.replace("+00:00", "Z")


def serialise(
    *,
    object_id: str,
    head: str,
    manifest: Mapping[str, list[str]],
    versions: Mapping[str, Json],
    fixity: Json,
    content_directory: str | None,
) -> bytes:
    """The bytes of an inventory of OCFL 1.1 with SHA-512, in a stable order."""
    document: Json = {"id": object_id, "type": TYPE, "digestAlgorithm": "sha512", "head": head}
    if content_directory is not None:
        document["contentDirectory"] = content_directory
    document["manifest"] = {digest: sorted(paths) for digest, paths in sorted(manifest.items())}
    document["versions"] = versions
    if fixity:
        document["fixity"] = fixity
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode("utf-8")


def version_block(created: datetime, message: str, agent: Agent, state: Mapping[str, str]) -> Json:
    """A version block from *state*, logical path -> digest."""
    by_digest: dict[str, list[str]] = {}
    for path, digest in state.items():
        by_digest.setdefault(digest, []).append(path)
    user: Json = {"name": agent.name}
    if agent.address:
        user["address"] = agent.address
    return {
        "created": rfc3339(created),
        "message": message,
        "user": user,
        "state": {digest: sorted(paths) for digest, paths in sorted(by_digest.items())},
    }


def sidecar(digest: str) -> bytes:
    """The sidecar's content for an inventory of this digest (OCFL 1.1, 3.7)."""
    return f"{digest} inventory.json\n".encode()


_SIDECAR: Final = re.compile(rb"([0-9a-z]+|[0-9A-Z]+)[ \t]+inventory\.json[\r\n]*")


def sidecar_digest(data: bytes) -> str | None:
    """The digest that a sidecar states, in lowercase; None when it is not of the form ``DIGEST inventory.json``.

    A digest in mixed case is no form that anybody writes: it is what a flipped bit leaves.
    """
    matched = _SIDECAR.fullmatch(data)
    return matched[1].decode("ascii").lower() if matched else None
