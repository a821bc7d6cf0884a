"""Translated texts: shape, fallback, merge rules, JSON."""

from __future__ import annotations

import copy
import json
import pickle
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.text.texts import SENTENCES, storable_text, subtags

from heirloom.text import (
    InvalidLanguageTag,
    InvalidTranslated,
    KeepsHumanText,
    Text,
    TextTooLong,
    Translated,
    canonical,
)
from heirloom.text.translated import MAX_LANGUAGES, MAX_LENGTH, ORIGINS

texts = st.builds(Text, storable_text, st.sampled_from(ORIGINS))
translations = st.lists(st.tuples(subtags, texts), max_size=5).map(
    lambda pairs: Translated({canonical(tag): text for tag, text in pairs})
)


@given(translations)
def test_json_round_trip(value: Translated) -> None:
    again = Translated.from_json(json.loads(json.dumps(value.to_json())))
    assert again == value
    assert again.to_json() == value.to_json()
    assert [text.original for text in again.values()] == [text.original for text in value.values()]
    assert hash(again) == hash(value)
    assert pickle.loads(pickle.dumps(value)) == value == copy.deepcopy(value)


@given(translations, translations)
def test_merge_never_loses_a_language(mine: Translated, theirs: Translated) -> None:
    merged = mine.merged(theirs)
    assert set(merged) == set(mine) | set(theirs)
    for tag, text in merged.items():
        assert text in [side[tag] for side in (mine, theirs) if tag in side]
        if any(side[tag].by_person for side in (mine, theirs) if tag in side):
            assert text.by_person


@given(translations, translations, translations)
def test_merge_is_idempotent_and_associative(a: Translated, b: Translated, c: Translated) -> None:
    assert a.merged(a) == a
    assert a.merged(b).merged(b) == a.merged(b)
    assert a.merged(b).merged(c) == a.merged(b.merged(c))
    assert a.merged({}) == a == Translated().merged(a)


@given(translations, subtags, st.text(max_size=8), st.sampled_from(ORIGINS))
def test_with_text_keeps_the_others(value: Translated, tag: str, text: str, origin: str) -> None:
    try:
        changed = value.with_text(tag, text, origin)  # type: ignore[arg-type]
    except (KeepsHumanText, InvalidTranslated):
        return
    assert set(value) <= set(changed)
    assert all(changed[other] == value[other] for other in value if other != canonical(tag))


@given(storable_text)
def test_nfc_is_kept_and_the_original_beside_it(received: str) -> None:
    text = Text(received)
    assert unicodedata.is_normalized("NFC", text.value)
    assert (text.original or text.value) == received
    assert (text.original is None) == (text.value == received)
    assert Text.from_json(text.to_json()).original == text.original


def test_agreed_shape() -> None:
    value = Translated({"zh-hant": "你好", "en": Text("Hello", "machine")})
    assert value.to_json() == {
        "en": {"text": "Hello", "origin": "machine"},
        "zh-Hant": {"text": "你好", "origin": "human"},
    }
    assert value["ZH_hant"].value == "你好"
    assert "zh" not in value
    assert 7 not in value  # type: ignore[comparison-overlap]
    assert value.languages == ("en", "zh-Hant")
    assert (
        repr(Translated({"en": "a"})) == "Translated({'en': Text(value='a', origin='human', original=None)})"
    )
    assert value != 3
    assert Translated() == {}
    with pytest.raises(AttributeError):
        value.extra = 1  # type: ignore[attr-defined]
    with pytest.raises(TypeError):
        value["lo"] = Text("x")  # type: ignore[index]


def test_best_follows_the_reader() -> None:
    value = Translated({"zh-Hant": "繁", "lo": "ລາວ", "en": "English", "fr": Text("Français", "machine")})
    assert value.text("zh-HK") == "繁"
    assert value.text(["th", "lo"]) == "ລາວ"
    assert value.best("zh-Hans") == ("zh-Hant", value["zh-Hant"])
    assert value.best("lo-LA") == ("lo", value["lo"])
    assert value.best("th") == ("en", value["en"])
    assert value.text("fr-CA") == "Français"
    assert value.without("en").best("th") == ("lo", value["lo"])
    assert Translated({"cmn": "普"}).text("zh-CN") == "普"
    assert Translated({"fr": Text("a", "machine"), "vi": "b"}).text([]) == "b"
    assert Translated().best("lo") is None
    assert Translated().text("lo", "–") == "–"
    with pytest.raises(InvalidLanguageTag):
        value.best("not a tag")


@given(translations, st.lists(subtags, max_size=3))
def test_best_finds_a_text_whenever_there_is_one(value: Translated, wanted: list[str]) -> None:
    found = value.best(wanted)
    assert (found is None) == (len(value) == 0)
    if found:
        assert value[found[0]] is found[1]


def test_people_before_machines() -> None:
    person, machine, reviewed = Text("p"), Text("m", "machine"), Text("r", "reviewed")
    assert Translated({"lo": person}).merged({"lo": machine})["lo"] == person
    assert Translated({"lo": reviewed}).merged({"lo": machine})["lo"] == reviewed
    assert Translated({"lo": machine}).merged({"lo": reviewed})["lo"] == reviewed
    assert Translated({"lo": machine}).merged({"lo": Text("m2", "machine")})["lo"].value == "m2"
    assert Translated({"lo": reviewed}).merged({"lo": person})["lo"] == person
    assert Translated({"lo": person}).merged({"lo": " "})["lo"] == person
    for kept in (person, reviewed):
        with pytest.raises(KeepsHumanText) as caught:
            Translated({"lo": kept}).with_text("lo", "m", "machine")
        assert caught.value.params == {"language": "lo"}
        assert Translated({"lo": kept}).with_text("lo", kept.value, "machine")["lo"] == kept
    assert Translated({"lo": machine}).with_text("lo", "x", "machine")["lo"].value == "x"
    assert Translated({"lo": person}).with_text("lo", "  ") == {"lo": person}
    assert Translated({"lo": person}).without("LO") == {}


@pytest.mark.parametrize(
    "value",
    [
        None, [], "en", 7, {"en": "Hello"}, {"en": {"text": "a"}}, {"en": {"text": 1, "origin": "human"}},
        {"en": {"text": "a", "origin": "god"}}, {"en": {"text": "a", "origin": "human", "more": 1}}, {"en us": {"text": "a", "origin": "human"}},
        {"en": {"text": " ", "origin": "human"}}, {"en": {"text": "a\x00", "origin": "human"}}, {"en": {"text": "\ud800", "origin": "human"}},
        {"en": {"text": "a", "origin": "human", "original": "b"}}, {"en": {"text": "a", "origin": "human", "original": None}},
        {1: {"text": "a", "origin": "human"}}, {"en": {"text": "a", "origin": "human"}, "EN": {"text": "b", "origin": "human"}},
        {"en": {"text": "a", "origin": ["human"]}}, {"en": {"text": "x" * (MAX_LENGTH + 1), "origin": "human"}},
    ],
)  # fmt: skip
def test_bad_json_is_refused(value: object) -> None:
    with pytest.raises(InvalidTranslated) as caught:
        Translated.from_json(value)
    assert caught.value.code.startswith("text.")
    assert str(caught.value)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["en", "lo", "text", "origin", "original", "x"]), inner, max_size=3
            )
        ),
        max_leaves=6,
    )
)
def test_no_json_breaks_the_reader(value: object) -> None:
    try:
        Translated.from_json(value)
    except InvalidTranslated:
        pass


def test_limits() -> None:
    many = {f"x-{number}": "a" for number in range(MAX_LANGUAGES + 1)}
    for attempt in (
        lambda: Translated(many),
        lambda: Translated.from_json({tag: Text("a").to_json() for tag in many}),
        lambda: Text("x" * (MAX_LENGTH + 1)),
    ):
        with pytest.raises(TextTooLong):
            attempt()
    assert len(Text("ກ" * MAX_LENGTH).value) == MAX_LENGTH
    assert all(Text(sentence).value for sentence in SENTENCES.values())
    with pytest.raises(InvalidTranslated):
        Translated({"en": 3})  # type: ignore[dict-item]
    with pytest.raises(InvalidTranslated):
        Translated({3: "a"})  # type: ignore[dict-item]
