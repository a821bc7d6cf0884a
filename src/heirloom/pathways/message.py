"""Sentences as data: a template and its parameters, put into words only where a reader is known.

A run's results outlive the language it was started in, so no result carries ready-made prose. A
:class:`Message` is a template marked for translation and typed parameters. Whoever shows it translates the
template, writes the numbers in the reader's way, and fills them in.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Style = Literal["text", "integer", "decimal", "percent", "message"]
Json = dict[str, Any]


def _unchanged(template: str) -> str:
    return template


@dataclass(frozen=True, slots=True)
class Value:
    """A parameter of a sentence and how it wants to be written.

    ``percent`` takes a fraction (0.93 is written 93 %). ``digits`` are the decimals kept. ``message`` values are
    templates of their own and are translated before they are filled in.
    """

    value: str | int | float
    style: Style = "text"
    digits: int = 0

    def to_json(self) -> Json:
        return {"value": self.value, "style": self.style, "digits": self.digits}


def plain(value: Value, translate: Callable[[str], str] = _unchanged) -> str:
    """*value* in English digits: what logs, CSV captions and tests use. Pages bring their own."""
    match value.style:
        case "integer":
            return f"{value.value:,.0f}"
        case "decimal":
            return f"{value.value:,.{value.digits}f}"
        case "percent":
            return f"{float(value.value) * 100:.{value.digits}f} %"
        case "message":
            return translate(str(value.value))
        case _:
            return str(value.value)


@dataclass(frozen=True, slots=True)
class Message:
    """A sentence: *template* is English and marked with ``gettext_noop``; *params* fill its ``{fields}``."""

    template: str
    params: Mapping[str, Value] = field(default_factory=dict)

    def __post_init__(self) -> None:
        wanted = {name for _, name, _, _ in string.Formatter().parse(self.template) if name}
        if missing := wanted - set(self.params):
            raise ValueError(f"no value for {sorted(missing)} in {self.template!r}")

    def text(
        self,
        translate: Callable[[str], str] = _unchanged,
        write: Callable[[Value, Callable[[str], str]], str] = plain,
    ) -> str:
        """The sentence for a reader: *translate* maps the template, *write* puts a value into words."""
        filled = {name: write(value, translate) for name, value in self.params.items()}
        return translate(self.template).format(**filled)

    def to_json(self) -> Json:
        return {"text": self.template, "params": {name: v.to_json() for name, v in self.params.items()}}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Message:
        params = {name: Value(v["value"], v["style"], v["digits"]) for name, v in data["params"].items()}
        return cls(data["text"], params)
