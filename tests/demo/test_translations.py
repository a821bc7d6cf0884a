"""The demonstration is told in all six languages of the region: no English text of it is forgotten."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import pytest

from heirloom.demo.words import LANGUAGES, english, load, missing
from heirloom.text.scripts import script_counts

SCRIPT = {"km": "Khmr", "lo": "Laoo", "my": "Mymr", "th": "Thai", "vi": "Latn", "zh-Hans": "Hani"}
NUMBER = re.compile(r"\d+")
SENTENCE = re.compile(r"\S \S")


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from strings(part)
    elif isinstance(value, list):
        for part in value:
            yield from strings(part)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_english_text_has_a_translation(language: str) -> None:
    """Who writes a new English text finds here what ``python -m heirloom.demo.words`` prints to be filled in."""
    assert sorted(missing(language)) == []


def test_every_sentence_of_the_content_is_one_that_can_be_translated() -> None:
    told = set(english())
    for path in files("heirloom.demo").joinpath("content").iterdir():
        if path.name in ("translations.json", "terms.json", "places.json"):
            continue
        written = {text for text in strings(json.loads(path.read_text("utf-8"))) if SENTENCE.search(text)}
        assert sorted(written - told) == [], path.name


def test_every_sentence_that_the_program_tells_by_itself_can_be_translated() -> None:
    tree = ast.parse(files("heirloom.demo").joinpath("build.py").read_text("utf-8"))
    told = set(english())
    found = [
        str(call.args[0].value)
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr == "words"
        and isinstance(call.args[0], ast.Constant)
    ]
    assert found
    assert sorted(set(found) - told) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_keep_numbers_and_are_written_in_their_own_script(language: str) -> None:
    for text, words in load("translations.json")[language].items():
        assert set(NUMBER.findall(text)) <= set(NUMBER.findall(words)), text
        assert words != text or " " not in text, text
        scripts = set(script_counts(words))
        assert scripts <= {SCRIPT[language], "Latn"}, words
        assert SCRIPT[language] in scripts or words == text, words
