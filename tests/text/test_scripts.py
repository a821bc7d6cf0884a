"""Script detection and grapheme clusters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.text.texts import SENTENCES, any_text

from heirloom.text import detect_script, graphemes, script_counts, truncate


@pytest.mark.parametrize(
    ("language", "script"),
    [("zh", "Hani"), ("lo", "Laoo"), ("th", "Thai"), ("km", "Khmr"), ("my", "Mymr"), ("vi", "Latn"), ("shn", "Mymr"),
     ("bo", "Tibt"), ("ko", "Kore"), ("ar", "Arab"), ("hi", "Deva")],
)  # fmt: skip
def test_script_of_sentences(language: str, script: str) -> None:
    assert detect_script(SENTENCES[language]) == script


def test_mixtures() -> None:
    assert detect_script("") == "Zyyy"
    assert detect_script("1984 … 🎭") == "Zyyy"
    assert detect_script("漆器の作り方") == "Jpan"
    assert detect_script("ꪼꪕꪒꪾ") == "Tavt"
    assert detect_script("ᦅᧄᦺᦑᦟᦹᧉ") == "Talu"
    assert detect_script("ꓡꓲ-ꓢꓴ") == "Lisu"
    assert detect_script("ꆈꌠꉙ") == "Yiii"
    assert script_counts("ab ກຂຄ 中") == {"Laoo": 3, "Latn": 2, "Hani": 1}


@given(any_text)
def test_clusters_join_back_to_the_text(text: str) -> None:
    assert "".join(graphemes(text)) == text


def test_clusters_are_what_readers_count() -> None:
    assert graphemes("ກໍ່ດີ") == ["ກໍ່", "ດີ"]
    assert graphemes("น้ำ") == ["น้ำ"]
    assert graphemes("e\u0323\u0302") == ["e\u0323\u0302"]
    assert graphemes("👩‍🎨🇱🇦") == ["👩‍🎨", "🇱🇦"]


@given(any_text, st.integers(1, 30))
def test_truncation_never_splits_a_cluster(text: str, limit: int) -> None:
    short = truncate(text, limit, ending="")
    assert text.startswith(short)
    assert len(graphemes(short)) <= limit
    assert graphemes(text)[: len(graphemes(short))] == graphemes(short)
