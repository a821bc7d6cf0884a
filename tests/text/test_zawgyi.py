"""Zawgyi: error rates on real text, and conversion."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from babel import Locale
from hypothesis import given
from tests.text.texts import SENTENCES, any_text

from heirloom.text import check_encoding, fold, index_text, is_zawgyi, zawgyi_to_unicode


@pytest.fixture(scope="module")
def published_zawgyi(test_data: Path) -> list[str]:
    """The Burmese column of NTREX-128 as published; the few lines without Burmese letters left out."""
    source = test_data / "ntrex-dev.tsv.gz"
    if not source.is_file():
        pytest.skip(f"no {source.name} in {test_data}")
    with gzip.open(source, "rt", encoding="utf-8") as lines:
        column = next(lines).rstrip("\n").split("\t").index("my")
        texts = [line.rstrip("\n").split("\t")[column] for line in lines]
    return [text for text in texts if any("\u1000" <= letter <= "\u109f" for letter in text)]


def unicode_names() -> list[str]:
    """Every Burmese name of a language, place, script or currency in CLDR: short texts in Unicode."""
    locale = Locale.parse("my")
    names = {
        *locale.languages.values(),
        *locale.territories.values(),
        *locale.scripts.values(),
        *locale.currencies.values(),
    }
    return sorted(name for name in names if any("\u1000" <= letter <= "\u109f" for letter in name))


def test_error_rates_on_sentences(published_zawgyi: list[str]) -> None:
    missed = [text for text in published_zawgyi if is_zawgyi(text) < 0.95]
    converted = [zawgyi_to_unicode(text) for text in published_zawgyi]
    false_alarms = [text for text in converted if is_zawgyi(text) >= 0.95]
    doubtful = [text for text in converted if is_zawgyi(text) >= 0.5]
    assert len(published_zawgyi) > 900
    assert len(missed) / len(published_zawgyi) <= 0.005, missed
    assert false_alarms == []
    assert len(doubtful) <= 1, doubtful


def test_error_rates_on_forty_characters(published_zawgyi: list[str]) -> None:
    short = [text[:40] for text in published_zawgyi]
    missed = [text for text in short if is_zawgyi(text) < 0.95]
    assert len(missed) / len(short) <= 0.05


def test_no_false_alarm_on_short_unicode_names() -> None:
    names = unicode_names()
    assert len(names) > 800
    assert [name for name in names if is_zawgyi(name) >= 0.95] == []
    assert sum(is_zawgyi(name) >= 0.5 for name in names) / len(names) <= 0.002


@pytest.mark.parametrize("text", [SENTENCES["my"], SENTENCES["shn"], "ဘာသာမန် ဂကောံမန်", "ပအိုဝ်ႏ", "ကညီကျိာ်"])
def test_languages_that_share_the_script_are_unicode(text: str) -> None:
    assert is_zawgyi(text) < 0.1


def test_other_scripts_are_certainly_not_zawgyi() -> None:
    assert is_zawgyi("") == 0.0
    assert is_zawgyi(SENTENCES["lo"] + SENTENCES["en"]) == 0.0


def test_the_warning_proposes_and_changes_nothing() -> None:
    text = "ျမန္မာဘာသာ"
    warning = check_encoding(text)
    assert warning is not None
    assert warning.proposal == "မြန်မာဘာသာ"
    assert warning.probability >= 0.95
    assert 95 <= warning.percent <= 99
    assert "Zawgyi" in warning.message.format(percent=warning.percent)
    assert check_encoding(warning.proposal) is None
    assert fold(text) != fold(warning.proposal)


def test_conversion_leaves_other_scripts_alone() -> None:
    assert zawgyi_to_unicode("Hà Nội ລາວ ျမန္မာ 中文") == "Hà Nội ລາວ မြန်မာ 中文"


def test_zawgyi_is_indexed_in_both_forms() -> None:
    tokens = index_text("ျမန္မာဘာသာ").split()
    assert set(index_text("မြန်မာဘာသာ").split()) <= set(tokens)


@given(any_text)
def test_probability_of_anything(text: str) -> None:
    assert 0.0 <= is_zawgyi(text) <= 1.0
