"""Translated text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from heirloom.errors import HeirloomError, gettext_noop
from heirloom.text.languages import canonical, fallback_chain

Origin = Literal["human", "machine", "reviewed"]


class InvalidTranslated(HeirloomError):
    code = "text.invalid-translated"
    message = gettext_noop("This is not a translated text.")


@dataclass(frozen=True, slots=True)
class Text:
    value: str
    origin: Origin = "human"


class Translated(Mapping[str, Text]):
    __slots__ = ("_texts",)

    def __init__(self, texts: Mapping[str, str | Text] | None = None) -> None:
        self._texts = {
            canonical(tag): text if isinstance(text, Text) else Text(text)
            for tag, text in (texts or {}).items()
        }

    def __getitem__(self, tag: str) -> Text:
        return self._texts[tag]

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Translated) and self._texts == other._texts

    def __hash__(self) -> int:
        return hash(frozenset(self._texts.items()))

    def best(self, languages: Sequence[str] | str) -> tuple[str, Text] | None:
        wanted = [languages] if isinstance(languages, str) else languages
        for tag in wanted:
            for step in fallback_chain(tag) if tag else []:
                if step in self._texts:
                    return step, self._texts[step]
        return next(iter(self._texts.items()), None)

    def text(self, languages: Sequence[str] | str, default: str = "") -> str:
        found = self.best(languages)
        return found[1].value if found else default

    def to_json(self) -> dict[str, dict[str, str]]:
        return {tag: {"text": text.value, "origin": text.origin} for tag, text in self._texts.items()}

    @classmethod
    def from_json(cls, data: Any) -> Translated:
        if not isinstance(data, Mapping):
            raise InvalidTranslated
        return cls({tag: Text(part["text"], part["origin"]) for tag, part in data.items()})
