"""Reaching into nested records by dotted paths: ``contributors[].name``, ``dateRange.startYear``.

``[]`` walks through a list, ``[0]`` takes one entry; ``**`` collects the dictionaries found at any depth under a key
(``subjects.**children[]``). A backslash keeps the next dot or bracket as part of a name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

_STEP = re.compile(r"(?P<deep>\*\*)?(?P<name>(?:[^.\[\]\\]|\\.)*)(?P<lists>(?:\[\d*\])*)")

Step = tuple[str, bool, tuple[int | None, ...]]


class BadPath(ValueError):
    """The path is not well-formed."""


@lru_cache(maxsize=4096)
def steps(path: str) -> tuple[Step, ...]:
    """The parsed path: for each step a name, whether it is sought at any depth, and the list entries taken."""
    found: list[Step] = []
    place = 0
    while True:
        match = _STEP.match(path, place)
        assert match is not None
        name = re.sub(r"\\(.)", r"\1", match["name"])
        if not name and not (match["lists"] and not found):
            raise BadPath(path)
        indexes = tuple(int(part) if part else None for part in re.findall(r"\[(\d*)\]", match["lists"]))
        found.append((name, bool(match["deep"]), indexes))
        place = match.end()
        if place == len(path):
            return tuple(found)
        if path[place] != ".":
            raise BadPath(path)
        place += 1


def head(path: str) -> str:
    """The first name of a path: what of the record it uses."""
    return steps(path)[0][0]


def values(record: Any, path: str) -> Iterator[Any]:
    """What stands at *path*, in order; nothing where the path leads nowhere or to null."""
    yield from _walk(record, steps(path), 0)


def _walk(value: Any, path: tuple[Step, ...], place: int) -> Iterator[Any]:
    if place == len(path):
        if value is not None:
            yield value
        return
    name, deep, indexes = path[place]
    if deep:
        for part in _at_any_depth(value, name):
            for entry in _entries(part, indexes):
                yield from _walk(entry, path, place + 1)
        return
    if name:
        if not isinstance(value, Mapping):
            return
        value = value.get(name)
    for entry in _entries(value, indexes):
        yield from _walk(entry, path, place + 1)


def _entries(value: Any, indexes: tuple[int | None, ...]) -> Iterator[Any]:
    if value is None:
        return
    if not indexes:
        yield value
        return
    index, rest = indexes[0], indexes[1:]
    entries = value if isinstance(value, list) else [value]
    chosen = entries if index is None else entries[index : index + 1]
    for entry in chosen:
        yield from _entries(entry, rest)


def _at_any_depth(value: Any, name: str) -> Iterator[Any]:
    if isinstance(value, Mapping):
        for key, part in value.items():
            if key == name:
                yield part
            yield from _at_any_depth(part, name)
    elif isinstance(value, list):
        for part in value:
            yield from _at_any_depth(part, name)


def leaves(value: Any, name: str) -> Iterator[tuple[str, str]]:
    """Every text, number and truth value under *value* with its dotted name, for what no rule has named."""
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from leaves(part, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list):
        for part in value:
            yield from leaves(part, name)
    elif value is not None and value != "":
        yield name, as_text(value)


def as_text(value: Any) -> str:
    """A single value as text: whole numbers without a fraction, truth as ``true`` and ``false``, objects as nothing."""
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, Mapping):
        return ""
    if isinstance(value, list):
        return "; ".join(filter(None, map(as_text, value)))
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)
