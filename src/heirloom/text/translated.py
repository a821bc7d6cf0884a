"""Translated texts: one statement in one or more languages, each marked by who wrote it.

A :class:`Translated` is immutable. Its rule for change is that nothing a person wrote is lost by accident:

- merging two keeps every language of both;
- where both have a language, a text by a person (``human`` or ``reviewed``) beats a machine's, and between two of the
  same standing the one merged in, which is newer, wins;
- an empty text never replaces anything;
- only :meth:`Translated.without` removes a language.

Texts are kept in NFC, which changes no letter that a reader can see; where it changed a code point, what was
received is kept beside it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import ClassVar, Final, Literal, cast, get_args

from heirloom.errors import HeirloomError, gettext_noop
from heirloom.text.languages import InvalidLanguageTag, canonical, fallback_chain, same_language

Origin = Literal["human", "machine", "reviewed"]
ORIGINS: Final[tuple[Origin, ...]] = get_args(Origin)

MAX_LENGTH: Final = 200_000
MAX_LANGUAGES: Final = 200

# NUL cannot be stored in PostgreSQL, other controls not in XML 1.0, lone surrogates not in UTF-8 at all.
_UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class InvalidTranslated(HeirloomError):
    """A translated text, or its JSON form, is not as it should be."""

    code: ClassVar[str] = "text.translated"
    message: ClassVar[str] = gettext_noop("This translated text cannot be read: {reason}")
    kept: ClassVar[str] = gettext_noop("Nothing was changed.")


class TextTooLong(InvalidTranslated):
    """A text, or the number of its languages, is over the limit."""

    code = "text.too-long"
    message = gettext_noop("The text is too long: {length} of at most {limit} {unit}.")


class UnstorableCharacter(InvalidTranslated):
    """The text holds a control character or half a surrogate pair."""

    code = "text.character"
    message = gettext_noop(
        "The text holds a character that cannot be kept: {character} at position {position}."
    )


class KeepsHumanText(HeirloomError):
    """A machine's text would take the place of a person's."""

    code: ClassVar[str] = "text.keeps-human"
    message: ClassVar[str] = gettext_noop(
        "A person wrote or checked the text in “{language}”. A machine does not replace it."
    )
    kept: ClassVar[str] = gettext_noop("The person’s text was kept.")
    status: ClassVar[int] = 409


@dataclass(frozen=True, slots=True)
class Text:
    """A text in one language.

    Attributes:
        value: the text in NFC, not blank.
        origin: ``human`` (a person wrote it), ``machine`` (translated by a program and not checked), ``reviewed``
            (by a program, and a person checked it).
        original: what was received, where NFC changed it; otherwise ``None``.

    Raises:
        InvalidTranslated: blank, too long, not storable, or an unknown origin.
    """

    value: str
    origin: Origin = "human"
    original: str | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        """Check, and bring into NFC."""
        if not isinstance(self.value, str) or not (self.original is None or isinstance(self.original, str)):
            raise InvalidTranslated(reason="a text is a string")
        if self.origin not in ORIGINS:
            raise InvalidTranslated(reason=f"the origin is one of {', '.join(ORIGINS)}")
        received = self.value if self.original is None else self.original
        value = unicodedata.normalize("NFC", self.value)
        for text in (value, received):
            _check_storable(text)
        if not value.strip():
            raise InvalidTranslated(reason="a text is not blank")
        if self.original is not None and unicodedata.normalize("NFC", self.original) != value:
            raise InvalidTranslated(reason="the original is another text")
        object.__setattr__(self, "value", value)
        object.__setattr__(self, "original", received if received != value else None)

    @property
    def by_person(self) -> bool:
        """Whether a person wrote or checked it."""
        return self.origin != "machine"

    def to_json(self) -> dict[str, str]:
        """Return ``{"text": ..., "origin": ...}``, and ``"original"`` where there is one."""
        result = {"text": self.value, "origin": str(self.origin)}
        if self.original is not None:
            result["original"] = self.original
        return result

    @classmethod
    def from_json(cls, value: object) -> Text:
        """Read what :meth:`to_json` wrote.

        Raises:
            InvalidTranslated: another shape, or an invalid text.
        """
        if not isinstance(value, Mapping) or not {"text", "origin"} <= value.keys() <= {
            "text",
            "origin",
            "original",
        }:
            raise InvalidTranslated(reason="a text has “text” and “origin”")
        if "original" in value and not isinstance(value["original"], str):
            raise InvalidTranslated(reason="a text is a string")
        return cls(value["text"], value["origin"], value.get("original"))


def _check_storable(text: str) -> None:
    if len(text) > MAX_LENGTH:
        raise TextTooLong(length=len(text), limit=MAX_LENGTH, unit="characters")
    if match := _UNSTORABLE.search(text):
        raise UnstorableCharacter(character=f"U+{ord(match[0]):04X}", position=match.start())


def _is_blank(value: object) -> bool:
    return isinstance(value, str) and not value.strip()


class Translated(Mapping[str, Text]):
    """Texts by language: an immutable mapping of canonical BCP 47 tags to :class:`Text`, in the order of the tags.

    Values may be given as plain strings, which a person is taken to have written; blank strings are left out, so that
    an empty field of a form is no text.

    Raises:
        InvalidTranslated: an invalid text, two keys for one language tag, or too many languages.
        InvalidLanguageTag: a key is not well-formed.
    """

    __slots__ = ("_texts",)

    def __init__(self, texts: Mapping[str, Text | str] | None = None) -> None:
        """Check and order *texts*."""
        found: dict[str, Text] = {}
        for tag, value in (texts or {}).items():
            if not isinstance(tag, str):
                raise InvalidTranslated(reason="a language is a string")
            language = canonical(tag)
            if language in found:
                raise InvalidTranslated(reason=f"there are two texts for {language}")
            if _is_blank(value):
                continue
            found[language] = value if isinstance(value, Text) else Text(value)
        if len(found) > MAX_LANGUAGES:
            raise TextTooLong(length=len(found), limit=MAX_LANGUAGES, unit="languages")
        self._texts: Mapping[str, Text] = MappingProxyType({tag: found[tag] for tag in sorted(found)})

    def __getitem__(self, language: str) -> Text:
        """Return the text in exactly *language*, in any case; no fallback.

        Raises:
            KeyError: there is none.
        """
        try:
            return self._texts[canonical(language)]
        except (InvalidLanguageTag, AttributeError):
            raise KeyError(language) from None

    def __iter__(self) -> Iterator[str]:
        """Iterate over the tags, in their order."""
        return iter(self._texts)

    def __len__(self) -> int:
        """Return the number of languages."""
        return len(self._texts)

    def __hash__(self) -> int:
        """Hash by content."""
        return hash(tuple(self._texts.items()))

    def __eq__(self, other: object) -> bool:
        """Compare by content, with any mapping."""
        if isinstance(other, Mapping):
            return dict(self._texts) == dict(other)
        return NotImplemented

    def __repr__(self) -> str:
        """Show the texts."""
        return f"Translated({dict(self._texts)!r})"

    def __reduce__(self) -> tuple[type[Translated], tuple[dict[str, Text]]]:
        """Pickle and copy by content."""
        return Translated, (dict(self._texts),)

    @property
    def languages(self) -> tuple[str, ...]:
        """The tags, in their order."""
        return tuple(self._texts)

    def best(self, languages: Sequence[str] | str) -> tuple[str, Text] | None:
        """Return the best (language, text) for a reader, or ``None`` where there is no text at all.

        For each wanted language in turn: its fallback chain, then any text in the same language (for a reader of
        ``zh-Hans`` that is ``zh-Hant``), a person's before a machine's. Only when none of the wanted languages is
        there: any text, a person's first, then English, then by tag. The language is returned so that the page can
        say which it is.

        Raises:
            InvalidLanguageTag: a wanted tag is not well-formed.
        """
        wanted = [languages] if isinstance(languages, str) else languages
        for language in wanted:
            for tag in fallback_chain(language):
                if tag in self._texts:
                    return tag, self._texts[tag]
            if related := [tag for tag in self._texts if same_language(tag, language)]:
                tag = min(related, key=self._standing)
                return tag, self._texts[tag]
        if not self._texts:
            return None
        tag = min(self._texts, key=self._standing)
        return tag, self._texts[tag]

    def _standing(self, tag: str) -> tuple[bool, bool, str]:
        return not self._texts[tag].by_person, not same_language(tag, "en"), tag

    def text(self, languages: Sequence[str] | str, default: str = "") -> str:
        """Return the string of :meth:`best`, or *default*."""
        found = self.best(languages)
        return found[1].value if found else default

    def merged(self, other: Mapping[str, Text | str]) -> Translated:
        """Return the texts of both; see the rules at the head of this module. Never raises for a conflict.

        A machine's text in *other* leaves a person's here as it is; ``set(result) == set(self) | set(other)``.

        Raises:
            InvalidTranslated, InvalidLanguageTag: *other* is not valid, or there are too many languages together.
        """
        result = dict(self._texts)
        for tag, text in Translated(other).items():
            mine = result.get(tag)
            if mine is None or text.by_person or not mine.by_person:
                result[tag] = text
        return Translated(result)

    def with_text(self, language: str, value: str, origin: Origin = "human") -> Translated:
        """Return a copy with one text set. A blank *value* changes nothing: to remove, use :meth:`without`.

        Raises:
            KeepsHumanText: *origin* is ``machine`` and a person's different text is there.
            InvalidTranslated, InvalidLanguageTag: the text or the tag is not valid.
        """
        tag = canonical(language)
        if _is_blank(value):
            return self
        text = Text(value, origin)
        mine = self._texts.get(tag)
        if mine is not None and mine.by_person and not text.by_person:
            if mine.value == text.value:
                return self
            raise KeepsHumanText(language=tag)
        return Translated({**self._texts, tag: text})

    def without(self, language: str) -> Translated:
        """Return a copy without *language*; the same where it has none."""
        tag = canonical(language)
        return Translated({key: text for key, text in self._texts.items() if key != tag})

    def to_json(self) -> dict[str, dict[str, str]]:
        """Return ``{"en": {"text": "Hello", "origin": "human"}}``, in the order of the tags."""
        return {tag: text.to_json() for tag, text in self._texts.items()}

    @classmethod
    def from_json(cls, value: object) -> Translated:
        """Read what :meth:`to_json` wrote, from a source that may be hostile.

        Raises:
            InvalidTranslated: another shape, an invalid tag or text, or two keys for one language.
        """
        if not isinstance(value, Mapping):
            raise InvalidTranslated(reason="it is not an object of languages")
        if len(value) > MAX_LANGUAGES:
            raise TextTooLong(length=len(value), limit=MAX_LANGUAGES, unit="languages")
        try:
            return cls({cast("str", tag): Text.from_json(text) for tag, text in value.items()})
        except InvalidLanguageTag as error:
            raise InvalidTranslated(reason=str(error)) from error
