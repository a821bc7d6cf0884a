"""The demonstration's content: what it tells in English, and the translations of that.

``content/translations.json`` holds the translations, by language (BCP 47) and then by the whole English text, exactly as
it stands in the other files of ``content/``::

    {
      "lo": {"Grottoes": "ຖ້ຳ"},
      "zh-Hans": {"Grottoes": "石窟"}
    }

A text without a translation stays English. All of them are marked as made by a machine. Where a label or a name already
has a word of a person in its own file, that word stays. Markdown of a text (``**bold**``, ``- list``) belongs into its
translation too. ``python -m heirloom.demo.words LANGUAGE`` prints what has none yet, as a file to fill in.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any, Final

from heirloom.text import Text, Translated, canonical

LANGUAGES: Final = ("km", "lo", "my", "th", "vi", "zh-Hans")
CALL_TEXTS: Final = frozenset({"title", "summary", "body", "description", "text", "help", "anchor"})
SHORT_TEXTS: Final = (
    "Global Digital Innovation Case Collection 2025",
    "Illustrative decision.",
)


def load(name: str) -> Any:
    """Read a file of the demonstration's content."""
    return json.loads(files("heirloom.demo").joinpath("content", name).read_text("utf-8"))


class Words:
    """English texts of the content with the translations that exist for them, which are marked as a machine's."""

    def __init__(self, known: Mapping[str, Mapping[str, str]] | None = None) -> None:
        given = load("translations.json") if known is None else known
        self.known: dict[str, dict[str, str]] = {}
        for language, texts in given.items():
            for english, words in texts.items():
                self.known.setdefault(english, {})[canonical(language)] = words

    def __call__(self, english: str) -> Translated:
        texts = {"en": Text(english)}
        texts |= {tag: Text(words, "machine") for tag, words in self.known.get(english, {}).items() if words}
        return Translated(texts)

    def label(self, labels: Mapping[str, str]) -> Translated:
        """Return a name with the words that people gave it, and translations where they gave none."""
        given = Translated({tag: Text(words) for tag, words in labels.items()})
        return self(labels["en"]).merged(given)

    def within(self, value: Any, names: frozenset[str]) -> Any:
        """Replace every English text under one of *names* in nested content by its translations, as JSON."""
        if isinstance(value, Mapping):
            return {
                key: self(part).to_json()
                if key in names and isinstance(part, str) and part
                else self.within(part, names)
                for key, part in value.items()
            }
        if isinstance(value, list):
            return [self.within(part, names) for part in value]
        return value


def _told(case: Mapping[str, Any]) -> Iterator[str]:
    yield case["title"]
    yield case["summary"]
    for heading, body in case["sections"]:
        yield heading
        yield body
    for name, role, _country in case.get("partners", ()):
        yield name
        yield role
    for name in ("skills", "run"):
        if name in case:
            yield case[name]


def _under(value: Any, names: frozenset[str]) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, part in value.items():
            if key in names and isinstance(part, str):
                yield part
            else:
                yield from _under(part, names)
    elif isinstance(value, list):
        for part in value:
            yield from _under(part, names)


def english(language: str = "") -> list[str]:
    """Return every English text that can be translated, each once, in the order of reading.

    Args:
        language: leave out names and labels that people already gave in this language (BCP 47).
    """
    opened, illustrations, panel = load("open-call.json"), load("illustrations.json"), load("panel.json")
    names = [*load("terms.json").values(), *(place["name"] for place in load("places.json").values())]
    told = [
        text
        for case in (*load("cases.json"), load("study.json"), panel, opened["case"])
        for text in _told(case)
    ]
    found = [
        *told,
        *(labels["en"] for labels in names if language not in labels),
        illustrations["caption"],
        illustrations["description"],
        *panel["picture"].values(),
        *panel["runs"].values(),
        *panel["site"].values(),
        *(
            text
            for picture in illustrations["pictures"].values()
            for text in (picture["title"], picture["alt"])
        ),
        *SHORT_TEXTS,
        *_under(load("call-2025.json"), CALL_TEXTS - {"title"}),
        *_under(load("call-2025.json"), frozenset({"title"})),
        *_under(opened["call"], CALL_TEXTS),
        opened["draft"],
    ]
    return [text for text in dict.fromkeys(found) if text]


def missing(language: str) -> dict[str, str]:
    """Return the English texts that have no translation into *language*, each with an empty one."""
    words = Words()
    return {text: "" for text in english(language) if not words.known.get(text, {}).get(canonical(language))}


if __name__ == "__main__":
    sys.stdout.write(json.dumps({tag: missing(tag) for tag in sys.argv[1:]}, ensure_ascii=False, indent=1))
    sys.stdout.write("\n")
