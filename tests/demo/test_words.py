"""The demonstration's words: every translation is of a text that is told, and says who made it."""

from __future__ import annotations

import re

import pytest

from heirloom.demo.words import CALL_TEXTS, LANGUAGES, Words, english, load, missing
from heirloom.text import Text, canonical


def test_every_translation_is_of_a_text_that_is_told() -> None:
    """A text that was changed takes its translations with it: those of the old one would never be shown."""
    told = set(english())
    given = load("translations.json")
    assert set(given) <= set(LANGUAGES)
    for language, texts in given.items():
        assert canonical(language) == language
        assert sorted(set(texts) - told) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_keep_the_marks_of_their_text(language: str) -> None:
    for text, words in load("translations.json").get(language, {}).items():
        assert words.strip() == words != "", text
        assert words.count("**") == text.count("**"), text
        assert len(re.findall(r"^- ", words, re.MULTILINE)) == len(re.findall(r"^- ", text, re.MULTILINE)), (
            text
        )
        assert words.count("\n\n") == text.count("\n\n"), text


def test_translations_are_a_machines_and_names_of_people_stay() -> None:
    words = Words({"lo": {"Lao": "machine", "Boat songs": "ເພງເຮືອ"}, "th": {"Lao": "ลาว"}})
    assert words("Boat songs") == {"en": Text("Boat songs"), "lo": Text("ເພງເຮືອ", "machine")}
    assert words("Not translated") == {"en": Text("Not translated")}
    label = words.label({"en": "Lao", "lo": "ລາວ"})
    assert label == {"en": Text("Lao"), "lo": Text("ລາວ"), "th": Text("ลาว", "machine")}


def test_texts_are_found_in_nested_content() -> None:
    words = Words({"lo": {"Boat songs": "ເພງເຮືອ"}})
    found = words.within({"slug": "Boat songs", "themes": [{"title": "Boat songs"}]}, CALL_TEXTS)
    assert found["slug"] == "Boat songs"
    assert found["themes"][0]["title"]["lo"] == {"text": "ເພງເຮືອ", "origin": "machine"}


def test_what_is_missing_can_be_listed_and_names_that_people_gave_are_not() -> None:
    told, for_lao = english(), missing("lo")
    assert len(told) == len(set(told)) > 150
    assert "Lao" in told
    assert "Lao" not in for_lao
    assert set(for_lao.values()) <= {""}
