"""Which encoding a table of text is in: said by whoever sends it, marked in the file, or guessed with a warning."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import BinaryIO

from heirloom.errors import gettext_noop

from .draft import SourceError

SAMPLE = 4 * 1024 * 1024

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class UnknownEncoding(SourceError):
    code = "import.encoding-unknown"
    message = gettext_noop("There is no encoding called {name}.")
    kept = gettext_noop("Nothing was changed.")


class WrongEncoding(SourceError):
    code = "import.encoding-wrong"
    message = gettext_noop(
        "The file is not in the encoding {name}: the bytes after character {position} mean nothing in it."
    )
    kept = gettext_noop("Nothing was changed.")


@dataclass(frozen=True, slots=True)
class Encoding:
    """Python's name of the encoding, and how sure we are.

    ``code`` is empty when the encoding was declared, marked or is valid UTF-8; otherwise the code of the warning
    that people should see (``"source.encoding-guessed"``).
    """

    name: str
    code: str = ""


def declared(name: str) -> Encoding:
    """The encoding that a person named."""
    try:
        return Encoding(codecs.lookup(re.sub(r"(?i)^windows-", "cp", name.strip())).name)
    except LookupError as error:
        raise UnknownEncoding(name=name[:40]) from error


def guess(data: bytes, *, whole: bool = True) -> Encoding:
    """Guess from the first bytes of a file; *whole* says that *data* is all of it.

    UTF-8 is recognised strictly: text in another encoding is practically never valid UTF-8. Of what is left, UTF-16
    without a mark shows in its zero bytes; GB18030 in pairs of bytes that are mostly the frequent characters of GB 2312's
    first level (lead bytes B0 to D7); everything else is taken for Windows-1252.
    """
    for mark, name in _MARKS:
        if data.startswith(mark):
            return Encoding(name)
    if name := _utf16(data):  # first: text in Latin letters with zero bytes between is valid UTF-8, too
        return Encoding(name, "source.encoding-guessed")
    if _is_valid(data, "utf-8", whole):
        return Encoding("utf-8")
    if _is_valid(data, "gb18030", whole) and _frequent_han(data) >= 0.6:
        return Encoding("gb18030", "source.encoding-guessed")
    name = "cp1252" if _is_valid(data, "cp1252", whole) else "latin-1"
    return Encoding(name, "source.encoding-guessed")


def guess_stream(stream: BinaryIO) -> Encoding:
    """Guess from the beginning of a seekable *stream*, and put it back to its beginning."""
    stream.seek(0)
    data = stream.read(SAMPLE + 1)
    stream.seek(0)
    return guess(data[:SAMPLE], whole=len(data) <= SAMPLE)


def _is_valid(data: bytes, name: str, whole: bool) -> bool:
    try:
        codecs.getincrementaldecoder(name)("strict").decode(data, final=whole)
    except UnicodeDecodeError:
        return False
    return True


def _utf16(data: bytes) -> str:
    """``utf-16-le`` or ``utf-16-be`` where every other byte of the beginning is mostly zero, else nothing."""
    head = data[:4096]
    half = len(head) // 2
    if half < 4:
        return ""
    if head[1::2].count(0) > half * 0.4 and head[0::2].count(0) < half * 0.1:
        return "utf-16-le"
    if head[0::2].count(0) > half * 0.4 and head[1::2].count(0) < half * 0.1:
        return "utf-16-be"
    return ""


def _frequent_han(data: bytes) -> float:
    """Share of the non-ASCII characters, read as GB18030, that are frequent Han characters or CJK punctuation."""
    frequent = others = 0
    place, end = 0, min(len(data), 200_000)
    while place < end - 1:
        lead, trail = data[place], data[place + 1]
        if lead < 0x80:
            place += 1
        elif 0x30 <= trail <= 0x39:
            others += 1
            place += 4
        else:
            good = trail >= 0xA1 and (0xB0 <= lead <= 0xD7 or lead in (0xA1, 0xA3))
            frequent, others = frequent + good, others + (not good)
            place += 2
    return frequent / (frequent + others) if frequent + others else 0.0
