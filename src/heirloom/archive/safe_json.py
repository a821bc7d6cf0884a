"""JSON from strangers: parsed with limits on size, depth and number of values.

The standard parser is quick but trusting: it accepts ``NaN``, numbers that overflow to infinity, lone
surrogates and repeated keys, and nests as deep as the stack allows. What passes here can be written again
as strict JSON (RFC 8259) in UTF-8.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TypeAlias

from heirloom.archive.safe_errors import Refused
from heirloom.errors import gettext_noop

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


class UnsafeJson(Refused):
    """Base of what is wrong with a JSON text."""

    code = "json.invalid"
    message = gettext_noop("This is not a JSON text: {detail}.")


class JsonTooLarge(UnsafeJson):
    """More bytes or values than the limit."""

    code = "json.too-large"
    message = gettext_noop("This JSON text is too large: the limit is {limit} {unit}.")


class JsonTooDeep(UnsafeJson):
    """Nested deeper than the limit."""

    code = "json.too-deep"
    message = gettext_noop("This JSON text is nested too deeply: the limit is {limit} levels.")


@dataclass(frozen=True, slots=True)
class JsonLimits:
    """Limits for one JSON text: bytes, levels of nesting, values in all."""

    bytes: int = 32 * 1024 * 1024
    depth: int = 64
    values: int = 2_000_000


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"the number {text[:40]} is out of range")
    return value


def _constant(text: str) -> float:
    raise ValueError(f"{text} is not JSON")


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a key is repeated in one object")
    return result


def _check(value: Json, limits: JsonLimits) -> None:
    """Walk the value without recursion; refuse depth, number and text that is not Unicode."""
    count = 0
    level: list[Json] = [value]
    depth = 0
    while level:
        depth += 1
        count += len(level)
        if count > limits.values:
            raise JsonTooLarge(limit=limits.values, unit="values")
        if depth > limits.depth:
            raise JsonTooDeep(limit=limits.depth)
        below: list[Json] = []
        for item in level:
            if isinstance(item, dict):
                below.extend(item.keys())
                below.extend(item.values())
            elif isinstance(item, list):
                below.extend(item)
            elif isinstance(item, str) and not _is_unicode(item):
                raise UnsafeJson(detail="a text holds half of a surrogate pair")
        level = below


def _is_unicode(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def load_json(data: bytes, limits: JsonLimits | None = None) -> Json:
    """Parse *data* (UTF-8, a byte order mark is tolerated) as JSON.

    Raises:
        JsonTooLarge, JsonTooDeep: a limit of *limits* is passed.
        UnsafeJson: not UTF-8, not JSON, a repeated key, a number out of range, a lone surrogate.
    """
    limits = limits or JsonLimits()
    if len(data) > limits.bytes:
        raise JsonTooLarge(limit=limits.bytes, unit="bytes")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnsafeJson(detail=f"byte {error.start} is not UTF-8") from None
    try:
        value: Json = json.loads(
            text, object_pairs_hook=_object, parse_constant=_constant, parse_float=_number
        )
    except RecursionError:
        raise JsonTooDeep(limit=limits.depth) from None
    except ValueError as error:
        raise UnsafeJson(detail=str(error)[:200]) from None
    _check(value, limits)
    return value
