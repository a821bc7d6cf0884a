"""Parameters of a method: typed, bounded, with a default, and the same rules for page, API, kit and notebook."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from heirloom.pathways import errors

Kind = Literal["number", "integer", "choice", "text", "language", "boolean"]
KINDS: tuple[Kind, ...] = ("number", "integer", "choice", "text", "language", "boolean")
Scalar = str | int | float | bool
ParamValue = Scalar | tuple[Scalar, ...] | None
Json = dict[str, Any]

# BCP 47 well-formedness (RFC 5646 section 2.1) as far as a form needs it; meaning is checked where it is used.
_TAG = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*\Z")
_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
_TRUE = frozenset({"true", "yes", "on", "1"})
_FALSE = frozenset({"false", "no", "off", "0", ""})


@dataclass(frozen=True, slots=True)
class Choice:
    """One allowed value and what a reader is shown for it (marked for translation)."""

    value: str | int | float
    title: str

    def to_json(self) -> Json:
        return {"value": self.value, "title": self.title}


@dataclass(frozen=True, slots=True)
class Param:
    """One setting of a method.

    Attributes:
        name: Python identifier in small letters; the key in every record.
        kind: what a value is. ``number`` is finite; ``language`` is a BCP 47 tag.
        title, description: English, marked with ``gettext_noop``.
        default: value used when nothing is given; ``None`` with ``required=False`` means "left open".
        unit: UCUM code of a number (``"mm"``, ``"deg"``, ``"%"``), empty for pure numbers.
        minimum, maximum: inclusive bounds of numbers; of the length of texts (``maximum``, default 1,000).
        step: numbers must be ``minimum + k * step``.
        choices: allowed values of a ``choice``.
        many: the value is a list (a tuple in Python) of such values, without repeats.
        at_least, at_most: how many values, when ``many``.
        required: the caller must give it.
        live: a viewer may change it and show the effect at once, without a new run.
        advanced: forms fold it away at first.
    """

    name: str
    kind: Kind
    title: str
    description: str = ""
    default: ParamValue = None
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    step: float | None = None
    choices: tuple[Choice, ...] = ()
    many: bool = False
    at_least: int = 0
    at_most: int = 100
    required: bool = False
    live: bool = False
    advanced: bool = False

    def __post_init__(self) -> None:
        if not _NAME.match(self.name):
            raise ValueError(f"parameter name {self.name!r}")
        if self.kind not in KINDS:
            raise ValueError(f"parameter {self.name}: unknown kind {self.kind!r}")
        if (self.kind == "choice") != bool(self.choices):
            raise ValueError(f"parameter {self.name}: choices go with the kind choice, and only with it")
        if self.step is not None and (self.step <= 0 or self.minimum is None):
            raise ValueError(f"parameter {self.name}: a step is positive and counts from a minimum")
        if self.required and self.default is not None:
            raise ValueError(f"parameter {self.name}: a required parameter has no default")
        if self.default is not None and self.value(self.default) != self.default:
            raise ValueError(f"parameter {self.name}: the default is not in its own form")

    def value(self, raw: object) -> ParamValue:
        """*raw* (from a form, JSON or Python) as a typed value.

        Raises a subclass of :class:`~heirloom.pathways.errors.ParamError`.
        """
        if raw is None or (raw == "" and self.kind not in ("text", "boolean")):
            if self.required:
                raise errors.ParamRequired(param=self.name)
            return self.default
        if not self.many:
            return self._one(raw)
        items: Sequence[object]
        if isinstance(raw, str):
            items = [part.strip() for part in raw.split(",") if part.strip()]
        elif isinstance(raw, Sequence):
            items = raw
        else:
            items = [raw]
        if len(items) > self.at_most:
            raise errors.ParamTooMany(param=self.name, maximum=self.at_most)
        values = tuple(self._one(item) for item in items)
        if len(set(values)) != len(values):
            raise errors.ParamRepeated(param=self.name)
        if len(values) < self.at_least:
            raise errors.ParamTooFew(param=self.name, minimum=self.at_least)
        return values

    def _one(self, raw: object) -> Scalar:
        match self.kind:
            case "number" | "integer":
                return self._number(raw)
            case "choice":
                for choice in self.choices:
                    if not isinstance(raw, bool) and (raw == choice.value or str(raw) == str(choice.value)):
                        return choice.value
                allowed = ", ".join(str(choice.value) for choice in self.choices)
                raise errors.ParamNotChoice(param=self.name, choices=allowed)
            case "boolean":
                return self._boolean(raw)
            case _:
                return self._text(raw)

    def _number(self, raw: object) -> int | float:
        wrong = errors.ParamNotInteger if self.kind == "integer" else errors.ParamNotNumber
        if isinstance(raw, bool) or not isinstance(raw, (int, float, str)):
            raise wrong(param=self.name)
        try:
            number = float(raw)
        except (ValueError, OverflowError):
            raise wrong(param=self.name) from None
        if not math.isfinite(number) or (self.kind == "integer" and not number.is_integer()):
            raise wrong(param=self.name)
        if self.minimum is not None and number < self.minimum:
            raise errors.ParamTooLow(param=self.name, minimum=_short(self.minimum))
        if self.maximum is not None and number > self.maximum:
            raise errors.ParamTooHigh(param=self.name, maximum=_short(self.maximum))
        if self.step is not None:
            assert self.minimum is not None
            steps = (number - self.minimum) / self.step
            if abs(steps - round(steps)) > 1e-6:
                raise errors.ParamNotOnStep(
                    param=self.name, step=_short(self.step), minimum=_short(self.minimum)
                )
        return int(number) if self.kind == "integer" else number

    def _boolean(self, raw: object) -> bool:
        if isinstance(raw, bool):
            return raw
        if isinstance(raw, str) and raw.lower() in _TRUE | _FALSE:
            return raw.lower() in _TRUE
        raise errors.ParamNotBoolean(param=self.name)

    def _text(self, raw: object) -> str:
        if not isinstance(raw, str) or "\0" in raw:
            raise errors.ParamNotText(param=self.name)
        if self.kind == "language" and not _TAG.match(raw):
            raise errors.ParamNotLanguage(param=self.name)
        maximum = int(self.maximum) if self.maximum is not None else 1000
        if len(raw) > maximum:
            raise errors.ParamTooLong(param=self.name, maximum=maximum)
        return raw

    def to_json(self) -> Json:
        default = list(self.default) if isinstance(self.default, tuple) else self.default
        return {
            "name": self.name,
            "kind": self.kind,
            "title": self.title,
            "description": self.description,
            "default": default,
            "unit": self.unit,
            "minimum": self.minimum,
            "maximum": self.maximum,
            "step": self.step,
            "choices": [choice.to_json() for choice in self.choices],
            "many": self.many,
            "at_least": self.at_least,
            "at_most": self.at_most,
            "required": self.required,
            "live": self.live,
            "advanced": self.advanced,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Param:
        known = dict(data)
        known["choices"] = tuple(Choice(**choice) for choice in data.get("choices", ()))
        if isinstance(known.get("default"), list):
            known["default"] = tuple(known["default"])
        return cls(**known)

    def json_schema(self) -> Json:
        """JSON Schema 2020-12 of one value, for the API and for forms made from it."""
        schema: Json = {}
        match self.kind:
            case "number" | "integer":
                schema["type"] = self.kind
                if self.minimum is not None:
                    schema["minimum"] = self.minimum
                if self.maximum is not None:
                    schema["maximum"] = self.maximum
                # multipleOf counts from 0 in JSON Schema, a step here from the minimum: only say it where they agree.
                if self.step is not None and self.minimum is not None and not self.minimum % self.step:
                    schema["multipleOf"] = self.step
            case "choice":
                schema["enum"] = [choice.value for choice in self.choices]
            case "boolean":
                schema["type"] = "boolean"
            case "language":
                schema |= {"type": "string", "pattern": "^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$"}
            case _:
                limit = int(self.maximum) if self.maximum is not None else 1000
                schema |= {"type": "string", "maxLength": limit}
        if self.many:
            schema = {
                "type": "array",
                "items": schema,
                "minItems": self.at_least,
                "maxItems": self.at_most,
                "uniqueItems": True,
            }
        schema["title"] = self.title
        if self.description:
            schema["description"] = self.description
        if self.unit:
            schema["x-unit"] = self.unit
        if self.default is not None:
            schema["default"] = list(self.default) if isinstance(self.default, tuple) else self.default
        return schema


def _short(number: float) -> str:
    return f"{number:g}"
