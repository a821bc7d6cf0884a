"""Sort keys by language."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.text.texts import SENTENCES, storable_text

from heirloom.text import InvalidLanguageTag, collation_key, collation_locale, collation_version

icu: Any = import_module("icu")


@pytest.mark.parametrize(
    ("language", "in_order"),
    [
        # Leading vowels sort by the consonant after them; tones come last.
        ("th", ["กา", "แก", "ขา", "เขา", "ไข่", "คน"]),
        ("lo", ["ກາ", "ແກ", "ຂາ", "ເຂົາ", "ໄຂ່", "ຄົນ"]),
        ("km", ["កក", "កា", "ខ", "គោ", "ងារ"]),
        ("my", ["ကာ", "ကောင်း", "ခါး", "ဂဏန်း", "ငါး"]),
        # Vietnamese: a, ă, â; d before đ; o, ô, ơ.
        ("vi", ["an", "ăn", "ân", "da", "đa", "on", "ôn", "ơn"]),
        # Pinyin: Běijīng, Guǎngzhōu, Lǎowō, Yúnnán.
        ("zh", ["北京", "广州", "老挝", "云南"]),
    ],
)
def test_order_of_each_language(language: str, in_order: list[str]) -> None:
    keys = [collation_key(text, language) for text in in_order]
    assert all(one < other for one, other in pairwise(keys))


@given(st.sampled_from(["lo", "th", "km", "my", "vi", "zh", "zh-Hant", "en"]), storable_text, storable_text)
def test_keys_order_like_icu(language: str, one: str, other: str) -> None:
    collator = icu.Collator.createInstance(icu.Locale.forLanguageTag(language))
    collator.setAttribute(icu.UCollAttribute.NORMALIZATION_MODE, icu.UCollAttributeValue.ON)
    first, second = collation_key(one, language), collation_key(other, language)
    assert (first > second) - (first < second) == collator.compare(one, other)


def test_small_languages_sort_as_their_script() -> None:
    assert collation_locale("kjg") == "lo"
    assert collation_locale("mnw") == "my"
    assert collation_locale("shn-TH") == "my"
    assert collation_locale("hmn") == "und"
    assert collation_locale("zh-Hans-CN") in {"zh-Hans-CN", "zh-Hans", "zh"}
    assert collation_locale("zh-u-co-stroke") == "zh-u-co-stroke"
    assert collation_key("ກາ", "kjg") == collation_key("ກາ", "lo")


def test_the_servers_own_locale_plays_no_part() -> None:
    before = icu.Locale.getDefault()
    try:
        expected = collation_key("đa", "hmn")
        icu.Locale.setDefault(icu.Locale("vi"))
        collator = icu.Collator.createInstance(icu.Locale.forLanguageTag(collation_locale("hmn")))
        assert collator.getSortKey("đa") == expected
    finally:
        icu.Locale.setDefault(before)


def test_numbers_by_value_when_asked() -> None:
    names = ["Cave 10", "Cave 9", "Cave 100"]
    assert sorted(names, key=lambda text: collation_key(text, "en", numeric=True)) == [
        "Cave 9",
        "Cave 10",
        "Cave 100",
    ]
    assert min(names, key=lambda text: collation_key(text, "en")) == "Cave 10"


def test_any_string_has_a_key() -> None:
    assert collation_key("", "lo") == collation_key("", "lo")
    assert isinstance(collation_key("a\ud800b\x00", "lo"), bytes)
    with pytest.raises(InvalidLanguageTag):
        collation_key("a", "not a tag")
    assert collation_version().split(".")[0].isdigit()


def test_threads_agree() -> None:
    texts = [text for text in SENTENCES.values() for _ in range(20)]
    alone = [collation_key(text, "th") for text in texts]
    with ThreadPoolExecutor(min(8, (os.cpu_count() or 1) + 2)) as pool:
        together = list(pool.map(lambda text: collation_key(text, "th"), texts))
    assert together == alone
