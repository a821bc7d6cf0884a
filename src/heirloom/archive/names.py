"""File names from anywhere, in any script: kept to the letter, shown safely, never used as paths.

A :class:`StoredName` remembers the name exactly as it was given, and beside it one that is safe to show and to
offer for download: Unicode NFC, no path, no control or direction-changing characters, nothing that a common
system reserves. Joiners (U+200C, U+200D) and the zero-width space stay: scripts of South-East Asia need them.

Sources: UAX 15 (NFC), UAX 9 (bidirectional controls), Unicode Technical Report 36 section 3.4,
Microsoft "Naming Files, Paths, and Namespaces" (reserved names), Trojan Source (CVE-2021-42574).
"""

from __future__ import annotations

import base64
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import regex

from heirloom.archive.safe_errors import BadName

Change: TypeAlias = Literal[
    "encoding",
    "path",
    "nfc",
    "control",
    "bidi",
    "invisible",
    "character",
    "dots",
    "reserved",
    "length",
    "empty",
]

#: Longest stored name in bytes of UTF-8; file systems allow 255, the rest is for what we append.
MAX_BYTES = 200
MAX_PATH_BYTES = 1024
MAX_PATH_DEPTH = 32

_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_JOINERS = frozenset("\u200b\u200c\u200d")
_RESERVED_CHARACTERS = frozenset('<>:"|?*\\/')
_RESERVED_NAMES = frozenset(
    ["con", "prn", "aux", "nul", "conin$", "conout$"]
    + [f"{device}{digit}" for device in ("com", "lpt") for digit in "0123456789¹²³"]
)
_CLUSTER = regex.compile(r"\X")


@dataclass(frozen=True, slots=True)
class StoredName:
    """A file name in two forms.

    Attributes:
        value: the name to show and to download under: NFC, one path segment, at most :data:`MAX_BYTES` bytes.
        original: the name as given; bytes that are not UTF-8 stand in it as lone surrogates (PEP 383).
        changes: what was done to get from *original* to *value*, in order.
    """

    value: str
    original: str
    changes: tuple[Change, ...] = ()

    @property
    def original_bytes(self) -> bytes:
        """The name as given, in bytes."""
        return self.original.encode("utf-8", "surrogateescape")

    @property
    def extension(self) -> str:
        """The last extension, lower case, without the dot; empty where there is none."""
        stem, dot, extension = self.value.rpartition(".")
        return extension.lower() if dot and stem else ""

    def to_json(self) -> dict[str, object]:
        """Return a JSON value; a name that is not Unicode is kept as base64 of its bytes."""
        result: dict[str, object] = {"value": self.value, "changes": list(self.changes)}
        if _is_unicode(self.original):
            result["original"] = self.original
        else:
            result["original_base64"] = base64.b64encode(self.original_bytes).decode("ascii")
        return result

    @classmethod
    def from_json(cls, value: dict[str, object]) -> StoredName:
        """Read what :meth:`to_json` wrote; the shown name is made anew from the original, not trusted."""
        encoded = value.get("original_base64")
        if isinstance(encoded, str):
            return clean_name(base64.b64decode(encoded, validate=True))
        original = value.get("original")
        if not isinstance(original, str):
            raise BadName(detail="no original name was kept")
        return clean_name(original)


def clean_name(
    given: str | bytes,
    *,
    hidden: Literal["strip", "refuse"] = "strip",
    max_bytes: int = MAX_BYTES,
) -> StoredName:
    """Return the stored form of a file name that somebody gave.

    Args:
        given: the name, as text or as the bytes of a file system or archive.
        hidden: what to do with characters that hide what the name is (direction changes, control characters).
        max_bytes: longest result in bytes of UTF-8.

    Raises:
        BadName: *hidden* is ``"refuse"`` and there are such characters.
    """
    if isinstance(given, bytes):
        given = given.decode("utf-8", "surrogateescape")
    changes: list[Change] = []
    name = given
    for change, step in _STEPS:
        after = step(name)
        if after != name:
            if hidden == "refuse" and change in {"control", "bidi", "invisible"}:
                raise BadName(detail="it holds hidden characters")
            changes.append(change)
            name = after
    if not name or not name.strip("._ "):
        name = "file"
        changes.append("empty")
    shortened = _shorten(name, max_bytes)
    if shortened != name:
        changes.append("length")
    return StoredName(shortened, given, tuple(changes))


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _readable(name: str) -> str:
    return "".join("\ufffd" if "\ud800" <= character <= "\udfff" else character for character in name)


def _last_segment(name: str) -> str:
    """Browsers on Windows and archives send whole paths; only what stands last is the name."""
    return name.replace("\\", "/").rstrip("/").rpartition("/")[2]


def _without(drop: Callable[[str], bool]) -> Callable[[str], str]:
    return lambda name: "".join(character for character in name if not drop(character))


def _is_control(character: str) -> bool:
    return unicodedata.category(character) in {"Cc", "Zl", "Zp"}


def _is_invisible(character: str) -> bool:
    """Format characters and noncharacters; letters newer than our Unicode tables are left alone."""
    if character in _JOINERS or character in _BIDI or _is_seen(character):
        return False
    point = ord(character)
    return unicodedata.category(character) == "Cf" or point & 0xFFFE == 0xFFFE or 0xFDD0 <= point <= 0xFDEF


def _is_seen(character: str) -> bool:
    """Arabic number signs and the like are format characters that are seen (UCD, Prepended_Concatenation_Mark)."""
    return (
        character in "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
    )


def _without_reserved_characters(name: str) -> str:
    return "".join("_" if character in _RESERVED_CHARACTERS else character for character in name)


def _without_edges(name: str) -> str:
    """Leading dots hide a file, trailing dots and spaces vanish on some systems, a leading dash is an option."""
    stripped = name.strip().rstrip(". ").lstrip(". ")
    return f"_{stripped}" if stripped.startswith(("-", "~")) else stripped


def _without_reserved_name(name: str) -> str:
    stem = name.split(".", 1)[0].rstrip().casefold()
    return f"_{name}" if stem in _RESERVED_NAMES else name


def _shorten(name: str, limit: int) -> str:
    """Cut between grapheme clusters, keeping the extension."""
    if len(name.encode("utf-8")) <= limit:
        return name
    stem, dot, extension = name.rpartition(".")
    if not stem or len(extension.encode("utf-8")) > 16:
        stem, dot, extension = name, "", ""
    room = limit - len((dot + extension).encode("utf-8"))
    kept: list[str] = []
    for cluster in _CLUSTER.findall(stem):
        room -= len(cluster.encode("utf-8"))
        if room < 0:
            break
        kept.append(cluster)
    cut = unicodedata.normalize("NFC", "".join(kept)).rstrip(". ") or "file"
    return cut + dot + extension


_STEPS: tuple[tuple[Change, Callable[[str], str]], ...] = (
    ("encoding", _readable),
    ("path", _last_segment),
    ("control", _without(_is_control)),
    ("bidi", _without(_BIDI.__contains__)),
    ("invisible", _without(_is_invisible)),
    ("nfc", lambda name: unicodedata.normalize("NFC", name)),
    ("character", _without_reserved_characters),
    ("dots", _without_edges),
    ("reserved", _without_reserved_name),
)


def check_relative_path(path: str) -> tuple[str, ...]:
    """Return the segments of a relative path that came from elsewhere, in NFC.

    Raises:
        BadName: it is absolute, climbs, names a drive or a reserved device, has a backslash, an empty or hidden
            segment, control or direction characters, or is too long or too deep.
    """
    if not path or path.startswith(("/", "~")) or "\\" in path or "\0" in path:
        raise BadName(detail="it is not a plain relative path")
    if not _is_unicode(path):
        raise BadName(detail="it is not Unicode")
    segments = tuple(unicodedata.normalize("NFC", segment) for segment in path.split("/"))
    if len(segments) > MAX_PATH_DEPTH or len(path.encode("utf-8")) > MAX_PATH_BYTES:
        raise BadName(detail="it is too long")
    for segment in segments:
        _check_segment(segment)
    return segments


def _check_segment(segment: str) -> None:
    if segment in {"", ".", ".."}:
        raise BadName(detail="it climbs out of its folder or has an empty part")
    if len(segment.encode("utf-8")) > 255:
        raise BadName(detail="it is too long")
    if any(_is_control(character) or character in _BIDI for character in segment):
        raise BadName(detail="it holds hidden characters")
    if ":" in segment or segment.rstrip(". ") != segment:
        raise BadName(detail="it holds a part that some systems read as something else")
    if segment.split(".", 1)[0].rstrip().casefold() in _RESERVED_NAMES:
        raise BadName(detail="it holds a name that some systems reserve")


def collision_key(path: str) -> str:
    """Return what two paths share when a case-insensitive or normalising file system takes them for one."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", path).casefold())


def first_collision(paths: Iterable[str]) -> str | None:
    """Return the first path that another one before it would overwrite, or that stands below a file."""
    seen: set[str] = set()
    folders: set[str] = set()
    for path in paths:
        key = collision_key(path)
        parents = [key[:at] for at, character in enumerate(key) if character == "/"]
        if key in seen or key in folders or seen.intersection(parents):
            return path
        seen.add(key)
        folders.update(parents)
    return None
