"""The query language of OGC SensorThings 1.1 (18-088, clause 9.3), as far as it is offered. No tables.

Offered: ``$filter`` with comparisons, ``and``, ``or``, ``not`` and brackets; ``$orderby``, ``$top``, ``$skip``, ``$count``, ``$select``;
``$expand`` of one level with its own options; ``$resultFormat=dataArray``. All else is refused by name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from heirloom.errors import HeirloomError, gettext_noop

LONGEST: Final = 2_000
"""Characters of an option."""
MOST: Final = 1_000
PAGE: Final = 100
"""Entities of a page: at most, and where ``$top`` does not say."""
DEEPEST: Final = 20


class NotOffered(HeirloomError):
    """A part of the standard that this service does not have."""

    code = "sensorthings.not-offered"
    message = gettext_noop("This service does not offer {what}.")
    status = 501


class NotUnderstood(HeirloomError):
    """A part of the address does not follow the standard."""

    code = "sensorthings.not-understood"
    message = gettext_noop("This part of the address is not understood: {part}.")
    status = 400


Literal = str | float | bool | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """``path op value``; ``op`` is one of eq, ne, gt, ge, lt, le. Moments are texts (ISO 8601)."""

    path: str
    op: str
    value: Literal


@dataclass(frozen=True, slots=True)
class Junction:
    """``and``, ``or`` or ``not`` of its parts."""

    op: str
    parts: tuple[Condition, ...]


Condition = Comparison | Junction


@dataclass(frozen=True, slots=True)
class Options:
    """What a query asks for; ``expand`` has the options of each relation that is wanted inline."""

    filter: Condition | None = None
    orderby: tuple[tuple[str, bool], ...] = ()
    top: int = PAGE
    skip: int = 0
    count: bool = False
    select: tuple[str, ...] = ()
    expand: dict[str, Options] = field(default_factory=dict)
    data_array: bool = False


_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')"
    r"|(?P<moment>\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d))"
    r"|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.])"
    r"|(?P<word>[@A-Za-z_][\w.@]*(?:/[A-Za-z_][\w.@]*)*)"
    r"|(?P<bracket>[()]))"
)
_FLIPPED: Final = {"eq": "eq", "ne": "ne", "gt": "lt", "ge": "le", "lt": "gt", "le": "ge"}


def _tokens(text: str) -> list[tuple[str, str]]:
    found, at = [], 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise NotUnderstood(part=text[at:].strip()[:80])
        found.append((match.lastgroup, match.group(match.lastgroup)))
        at = match.end()
    return found


class _Filter:
    """A recursive descent over the tokens of ``$filter``."""

    def __init__(self, text: str) -> None:
        self.tokens = _tokens(text)
        self.at = 0

    def whole(self) -> Condition:
        found = self.disjunction(0)
        if self.at < len(self.tokens):
            raise NotUnderstood(part=self.tokens[self.at][1][:80])
        return found

    def next(self, *words: str) -> str | None:
        if self.at < len(self.tokens) and self.tokens[self.at][1] in words:
            self.at += 1
            return self.tokens[self.at - 1][1]
        return None

    def disjunction(self, depth: int) -> Condition:
        return self._joined("or", lambda: self._joined("and", lambda: self.negation(depth)))

    def _joined(self, op: str, part: Any) -> Condition:
        parts = [part()]
        while self.next(op):
            parts.append(part())
        return parts[0] if len(parts) == 1 else Junction(op, tuple(parts))

    def negation(self, depth: int) -> Condition:
        if depth > DEEPEST:
            raise NotUnderstood(part="$filter")
        if self.next("not"):
            return Junction("not", (self.negation(depth + 1),))
        if self.next("("):
            found = self.disjunction(depth + 1)
            if not self.next(")"):
                raise NotUnderstood(part="$filter")
            return found
        return self.comparison()

    def comparison(self) -> Condition:
        left, op, right = self.operand(), self.next(*_FLIPPED), None
        if op is None:
            called = self.next("(")
            if called and left[0] == "word":
                raise NotOffered(what=f"{left[1]}()")
            raise NotUnderstood(part=left[1][:80])
        right = self.operand()
        if left[0] == "word" and right[0] != "word":
            return Comparison(left[1], op, _literal(*right))
        if right[0] == "word" and left[0] != "word":
            return Comparison(right[1], _FLIPPED[op], _literal(*left))
        raise NotOffered(what=f"{left[1]} {op} {right[1]}"[:80])

    def operand(self) -> tuple[str, str]:
        if self.at >= len(self.tokens):
            raise NotUnderstood(part="$filter")
        kind, text = self.tokens[self.at]
        if kind == "bracket":
            raise NotUnderstood(part="$filter")
        self.at += 1
        return ("literal", text) if text in ("true", "false", "null") else (kind, text)


def _literal(kind: str, text: str) -> Literal:
    if kind == "text":
        return text[1:-1].replace("''", "'")
    if kind == "number":
        return float(text)
    if kind == "literal":
        return {"true": True, "false": False, "null": None}[text]
    return text


def parted(text: str, mark: str) -> list[str]:
    """Split at *mark* where it stands outside brackets and quotation marks."""
    parts, depth, quoted, last = [], 0, False, 0
    for at, letter in enumerate(text):
        if letter == "'":
            quoted = not quoted
        elif not quoted and letter in "()":
            depth += 1 if letter == "(" else -1
        elif not quoted and depth == 0 and letter == mark:
            parts.append(text[last:at])
            last = at + 1
    if depth or quoted:
        raise NotUnderstood(part=text[:80])
    return [*parts, text[last:]]


def _whole(name: str, text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise NotUnderstood(part=f"{name}={text}"[:80])
    return int(text)


def _order(text: str) -> tuple[tuple[str, bool], ...]:
    found = []
    for part in text.split(","):
        words = part.split()
        if len(words) not in (1, 2) or words[1:] not in ([], ["asc"], ["desc"]):
            raise NotUnderstood(part=f"$orderby={text}"[:80])
        found.append((words[0], words[1:] == ["desc"]))
    return tuple(found)


def options(pairs: Iterable[tuple[str, str]], *, inner: bool = False) -> Options:
    """Read the options of a query; names without ``$`` are not ours and left alone.

    Args:
        inner: they stand in an ``$expand``, where there is no further one.

    Raises:
        NotOffered; NotUnderstood.
    """
    read: dict[str, Any] = {}
    for name, value in pairs:
        if not name.startswith("$"):
            continue
        text, key = value.strip(), name[1:]
        if key in read or len(value) > LONGEST:
            raise NotUnderstood(part=name[:80])
        if key in ("top", "skip"):
            read[key] = _whole(name, text)
        elif key == "count":
            if text not in ("true", "false"):
                raise NotUnderstood(part=f"{name}={text}"[:80])
            read[key] = text == "true"
        elif key == "select":
            read[key] = tuple(part.strip() for part in text.split(","))
        elif key == "orderby":
            read[key] = _order(text)
        elif key == "filter":
            read[key] = _Filter(text).whole()
        elif key == "expand" and not inner:
            read[key] = dict(_expanded(part.strip()) for part in parted(text, ","))
        elif key == "resultFormat" and text == "dataArray" and not inner:
            read["data_array"] = True
        else:
            raise NotOffered(what=f"{name}={text}"[:80])
    read["top"] = min(read.get("top", PAGE), MOST)
    return Options(**read)


def _expanded(text: str) -> tuple[str, Options]:
    name, bracket, rest = text.partition("(")
    if "/" in name:
        raise NotOffered(what=f"$expand={text}"[:80])
    if not name.isalpha() or (bracket and not rest.endswith(")")):
        raise NotUnderstood(part=f"$expand={text}"[:80])
    pairs = [part.strip().partition("=") for part in parted(rest[:-1], ";")] if bracket else []
    return name, options([(key, value) for key, _equals, value in pairs], inner=True)
