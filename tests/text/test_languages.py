"""Language tags: form, canonical case, fallback, script, direction, names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.text.texts import subtags

from heirloom.text import (
    InvalidLanguageTag,
    autonym,
    canonical,
    direction,
    display_name,
    fallback_chain,
    is_well_formed,
    primary,
    same_language,
    script_of,
)


@pytest.mark.parametrize(
    ("given_tag", "expected"),
    [
        ("ZH-hANT-hk", "zh-Hant-HK"),
        ("zh_CN", "zh-CN"),
        ("KJG", "kjg"),
        ("my-qaag", "my-Qaag"),
        ("es-419", "es-419"),
        ("sl-ROZAJ-biske-1994", "sl-rozaj-biske-1994"),
        ("de-ch-1901-X-Phonebk", "de-CH-1901-x-phonebk"),
        ("en-u-CO-phonebk-a-BBB", "en-a-bbb-u-co-phonebk"),
        ("x-Village", "x-village"),
        ("zh-yue-HK", "yue-HK"),
        ("iw", "he"),
        ("i-klingon", "tlh"),
        ("en-GB-oed", "en-GB-oxendict"),
        ("i-default", "i-default"),
        ("qaa-Thai", "qaa-Thai"),
    ],
)
def test_canonical_form(given_tag: str, expected: str) -> None:
    assert canonical(given_tag) == expected
    assert canonical(expected) == expected


@pytest.mark.parametrize(
    "tag",
    ["", " ", "a", "1a", "en-", "-en", "en--us", "en-u", "en-x", "abcdefghi", "de-1901-1901", "ar-a-aaa-b-bbb-a-ccc",
     "日本", "en us", "ｅｎ", "en\n", "x" * 101, "en-a", "en-Latn-Thai-", "eng-u-"],
)  # fmt: skip
def test_malformed_tags_are_refused_with_a_sentence(tag: str) -> None:
    assert not is_well_formed(tag)
    with pytest.raises(InvalidLanguageTag) as caught:
        canonical(tag)
    assert caught.value.code == "text.language-tag"


@given(st.text(max_size=20))
def test_no_input_breaks_the_parser(text: str) -> None:
    if is_well_formed(text):
        assert canonical(canonical(text)) == canonical(text)


@given(subtags)
def test_chain_starts_with_the_tag_and_never_leaves_the_language(tag: str) -> None:
    chain = fallback_chain(tag)
    assert chain[0] == canonical(tag)
    assert len(chain) == len(set(chain))
    assert all(canonical(member) == member for member in chain)
    assert all(same_language(member, tag) for member in chain)


@pytest.mark.parametrize(
    ("tag", "chain"),
    [
        ("zh-Hant-HK", ["zh-Hant-HK", "zh-Hant", "zh"]),
        ("zh-HK", ["zh-HK", "zh-Hant-HK", "zh-Hant", "zh"]),
        ("zh", ["zh", "zh-Hans"]),
        ("cmn", ["cmn", "cmn-Hans", "zh", "zh-Hans"]),
        ("lo", ["lo", "lo-Laoo"]),
        ("my-Qaag", ["my-Qaag", "my"]),
        ("en-a-bbb-x-a-ccc", ["en-a-bbb-x-a-ccc", "en-a-bbb", "en", "en-Latn"]),
        ("x-village", ["x-village"]),
    ],
)
def test_fallback(tag: str, chain: list[str]) -> None:
    assert fallback_chain(tag) == chain


def test_other_languages_come_only_from_the_caller() -> None:
    assert "th" not in fallback_chain("lo")
    assert fallback_chain("lo", ["en", "lo"]) == ["lo", "lo-Laoo", "en", "en-Latn"]


@pytest.mark.parametrize(
    ("tag", "script"),
    [("lo", "Laoo"), ("th", "Thai"), ("km", "Khmr"), ("my", "Mymr"), ("vi", "Latn"), ("zh", "Hans"), ("zh-TW", "Hant"),
     ("shn", "Mymr"), ("mnw", "Mymr"), ("blt", "Tavt"), ("kjg", "Laoo"), ("hmn", "Latn"), ("mww", "Latn"),
     ("hnj-Hmnp", "Hmnp"), ("khb", "Talu"), ("ug", "Arab"), ("cmn", "Hans"), ("qaa", "Zzzz"), ("x-village", "Zzzz")],
)  # fmt: skip
def test_script(tag: str, script: str) -> None:
    assert script_of(tag) == script


def test_direction() -> None:
    assert {tag: direction(tag) for tag in ("ar", "ug", "az-Arab", "lo", "zh", "rhg-Rohg", "qaa", "az")} == {
        "ar": "rtl", "ug": "rtl", "az-Arab": "rtl", "lo": "ltr", "zh": "ltr", "rhg-Rohg": "rtl", "qaa": "ltr", "az": "ltr",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("tag", "name"),
    [("lo", "ລາວ"), ("th", "ไทย"), ("km", "ខ្មែរ"), ("my", "မြန်မာ"), ("vi", "Tiếng Việt"), ("zh-Hans", "简体中文"), ("zh-Hant", "繁體中文"),
     ("shn", "တႆး"), ("mnw", "ဘာသာမန်"), ("hmn", "Hmoob"), ("blt", "ꪼꪕꪒꪾ"), ("kjg", "Kmhmu’"), ("hmn-LA", "Hmoob (LA)"),
     ("ar", "العربية"), ("tlh", "Klingon"), ("qaa", "qaa"), ("x-village", "x-village")],
)  # fmt: skip
def test_autonym(tag: str, name: str) -> None:
    assert autonym(tag) == name


def test_display_name_in_the_readers_language() -> None:
    assert display_name("lo", "en") == "Lao"
    assert display_name("lo", "zh-Hans") == "老挝语"
    assert display_name("vi", "lo-LA") == "ຫວຽດນາມ"
    assert display_name("mnw", "en") == "Mon"
    assert display_name("mnw", "th") == "ဘာသာမန်"
    assert display_name("mnw-TH", "en") == "Mon (TH)"
    assert display_name("qaa-Thai", "en") == "qaa-Thai"
    assert display_name("lo", "qaa") == "ລາວ"


@given(subtags, subtags)
def test_every_tag_has_some_name(tag: str, reader: str) -> None:
    assert autonym(tag)
    assert display_name(tag, reader)
    assert script_of(tag)
    assert direction(tag) in {"ltr", "rtl"}
    assert same_language(tag, primary(tag))
