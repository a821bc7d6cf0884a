"""Hits in the original text."""

from __future__ import annotations

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.text.texts import SENTENCES, any_text

from heirloom.text import fold, highlight, search_tokens, snippet

QUOTES = set('"“”„«»「」『』')


def hits(text: str, query: str, **options: object) -> list[str]:
    return [segment for segment, is_hit in highlight(text, query, **options) if is_hit]  # type: ignore[arg-type]


@settings(max_examples=200)
@given(any_text, any_text, st.booleans())
def test_segments_join_back_to_the_text(text: str, query: str, loose: bool) -> None:
    segments = highlight(text, query, loose=loose)
    assert "".join(segment for segment, _ in segments) == text
    assert all(segment for segment, _ in segments)
    assert all(one[1] or other[1] for one, other in pairwise(segments))


@given(any_text)
def test_a_text_is_hit_by_its_own_words(text: str) -> None:
    for word in text.split():
        folded = fold(word)
        tokens = search_tokens(word)
        if 0 < len(tokens) < 20 and len(folded) < 40 and not QUOTES & set(word) and " " not in folded:
            if unicodedata.category(folded[0])[0] == "M":
                continue  # a query does not begin in the middle of a cluster
            assert hits(word, word), tokens


@pytest.mark.parametrize(
    ("text", "query", "expected"),
    [
        ("Lễ hội té nước ở Lào, LÀO!", "le hoi lao", ["Lễ", "hội", "Lào", "LÀO"]),
        ("Đêm hội đông vui", "dong", ["đông"]),
        ("ສະ\u200bບາຍ ດີ ທຸກຄົນ", "ບາຍດີ", ["ບາຍ ດີ"]),
        ("ไปดูน้ำตก", "นํ้า", ["น้ำ"]),
        ("ริมเเม่น้ำโขง", "แม่น้ำ", ["เเม่น้ำ"]),
        ("កើតនៅសៀមរាប", "ក\u17c1\u17b8ត", ["កើត"]),
        ("ကျောင်းသားများ", "သား", ["သား"]),
        ("文化遺產保護", "遗产", ["遺產"]),
        ("ﬁne Œuvre", "fine oeuvre", ["ﬁne", "Œuvre"]),
        ("paintings and a painter", "paint", ["paintings", "painter"]),
        ("a painter", "\"paint\"", []),
        ("party", "art", []),
        ("", "art", []),
        ("art", "", []),
    ],
)  # fmt: skip
def test_hits(text: str, query: str, expected: list[str]) -> None:
    assert hits(text, query) == expected


def test_inside_words_only_the_letters_are_marked() -> None:
    assert highlight("party", "art", loose=True) == [("p", False), ("art", True), ("y", False)]


def test_snippet_is_around_the_first_hit() -> None:
    text = "x " * 200 + SENTENCES["lo"] + " y" * 200
    segments = snippet(text, "ຮ້ອງເພງ", clusters=40)
    assert ("ຮ້ອງເພງ", True) in segments
    assert segments[0] == ("…", False)
    assert segments[-1] == ("…", False)
    assert sum(len(segment) for segment, _ in segments) < 80


@given(any_text, any_text)
def test_snippet_is_part_of_the_text(text: str, query: str) -> None:
    segments = snippet(text, query, clusters=10)
    joined = "".join(segment for segment, _ in segments)
    assert joined == text or joined.removeprefix("…").removesuffix("…") in text
