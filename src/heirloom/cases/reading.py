"""Reads untrusted content field by field; every refusal names the field."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import TypeVar

from django.utils.dateparse import parse_datetime

from heirloom.catalogue import dates
from heirloom.errors import HeirloomError, gettext_noop
from heirloom.text import Translated

from .errors import InvalidContent

MAX_PARTS = 200
_T = TypeVar("_T")


class Reader:
    """Reads one object; raises :class:`InvalidContent` with the path of the first field that is wrong."""

    def __init__(self, value: object, path: str = "") -> None:
        if not isinstance(value, Mapping):
            raise InvalidContent(field=path or "case", problem=gettext_noop("This must be an object."))
        self.value = value
        self.path = path

    def _field(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name

    def refuse(self, name: str, problem: str) -> InvalidContent:
        return InvalidContent(field=self._field(name), problem=problem)

    def text(self, name: str, limit: int = 300, pattern: re.Pattern[str] | None = None) -> str:
        value = self.value.get(name) or ""
        if not isinstance(value, str) or len(value) > limit:
            raise self.refuse(name, gettext_noop("This text is too long, or not a text."))
        value = value.strip()
        if value and pattern and not pattern.fullmatch(value):
            raise self.refuse(name, gettext_noop("This does not have the form that is asked for."))
        return value

    def web_address(self, name: str) -> str:
        value = self.text(name)
        if value and not value.startswith(("https://", "http://")):
            raise self.refuse(name, gettext_noop("A web address starts with https:// or http://."))
        return value

    def translated(self, name: str, *, required: bool = False) -> Translated:
        try:
            value = Translated.from_json(self.value.get(name) or {})
        except (HeirloomError, ValueError, TypeError) as error:
            raise self.refuse(name, str(error)) from error
        if required and not value:
            raise self.refuse(name, gettext_noop("This is needed in at least one language."))
        return value

    def number_or_none(self, name: str, low: int, high: int) -> int | None:
        return None if self.value.get(name) in (None, "") else self.number(name, low, high)

    def number(self, name: str, low: int, high: int) -> int:
        value = self.value.get(name)
        if isinstance(value, str) and value.strip().isdecimal():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise self.refuse(name, gettext_noop("This must be a whole number in the allowed range."))
        return value

    def amount(self, name: str) -> Decimal:
        try:
            value = Decimal(str(self.value.get(name, "")).strip())
        except InvalidOperation as error:
            raise self.refuse(name, gettext_noop("This must be an amount such as 120.50.")) from error
        if not value.is_finite() or not 0 <= value < Decimal(10) ** 12:
            raise self.refuse(name, gettext_noop("This amount is out of range."))
        return value.quantize(Decimal("0.01"))

    def flag(self, name: str) -> bool:
        return self.value.get(name) is True

    def choice(self, name: str, choices: Sequence[str]) -> str:
        value = self.value.get(name)
        if value not in choices:
            raise self.refuse(name, gettext_noop("Choose one of the offered values."))
        return str(value)

    def date(self, name: str) -> str:
        value = self.text(name, 100)
        if value:
            try:
                dates.parse(value)
            except HeirloomError as error:
                raise self.refuse(name, str(error)) from error
        return value

    def keys(self, name: str) -> list[str]:
        value = self.value.get(name) or []
        if (
            not isinstance(value, list)
            or len(value) > MAX_PARTS
            or not all(isinstance(key, str) and len(key) <= 120 for key in value)
        ):
            raise self.refuse(name, gettext_noop("This must be a list."))
        return list(dict.fromkeys(value))

    def parts(self, name: str, read: Callable[[Reader], _T]) -> Iterator[_T]:
        value = self.value.get(name) or []
        if not isinstance(value, list) or len(value) > MAX_PARTS:
            raise self.refuse(name, gettext_noop("This must be a list of at most 200 parts."))
        for number, part in enumerate(value):
            yield read(Reader(part, f"{self._field(name)}.{number}"))

    def moment_or_none(self, name: str) -> datetime | None:
        return None if self.value.get(name) in (None, "") else self.moment(name)

    def moment(self, name: str) -> datetime:
        """Read a date and time with its offset from UTC."""
        value = self.value.get(name)
        try:
            found = value if isinstance(value, datetime) else parse_datetime(str(value))
        except ValueError:
            found = None
        if found is None or found.tzinfo is None:
            raise self.refuse(name, gettext_noop("Give a date and a time."))
        return found
