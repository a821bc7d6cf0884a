"""Index and queries against a real FTS5 table, and PostgreSQL where there is one."""

from __future__ import annotations

import os
import sqlite3
import unicodedata
from collections.abc import Iterator
from itertools import pairwise

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.text.texts import SENTENCES, any_text

from heirloom.text import (
    FTS5_PREFIX,
    FTS5_TOKENIZE,
    fold,
    graphemes,
    index_text,
    query_fts5,
    query_tsquery,
    search_tokens,
)
from heirloom.text.search import MAX_QUERY_TOKENS, parse_query


class Index:
    """An FTS5 table made as the catalogue makes it."""

    def __init__(self) -> None:
        self.database = sqlite3.connect(":memory:")
        self.database.execute(
            f'CREATE VIRTUAL TABLE words USING fts5(body, content="", tokenize="{FTS5_TOKENIZE}", prefix="{FTS5_PREFIX}")'
        )

    def add(self, *texts: str) -> Index:
        (count,) = self.database.execute("SELECT count(*) FROM words").fetchone()
        rows = [(number, index_text(text)) for number, text in enumerate(texts, start=count + 1)]
        self.database.executemany("INSERT INTO words(rowid, body) VALUES (?, ?)", rows)
        return self

    def match(self, expression: str) -> list[int]:
        found = self.database.execute(
            "SELECT rowid FROM words WHERE words MATCH ? ORDER BY rank, rowid", (expression,)
        )
        return [row for (row,) in found]

    def find(self, query: str, *, language: str | None = None, loose: bool = False) -> list[int]:
        return self.match(query_fts5(query, language=language, loose=loose))


@pytest.fixture(scope="module")
def sentences() -> Index:
    return Index().add(*SENTENCES.values())


NUMBER = {language: number for number, language in enumerate(SENTENCES, start=1)}


@pytest.mark.parametrize(
    ("language", "query"),
    [
        ("zh", "织布"), ("zh", "山歌"), ("zh", "織布"), ("zh", "村"), ("zh", "唱山歌。"),
        ("lo", "ຕໍ່າແຜ່ນ"), ("lo", "ນໍ້າຂອງ"), ("lo", "ເດັກ"), ("lo", "ຮ້ອງເພງ ເດັກນ້ອຍ"), ("lo", "ນ້ຳ"),
        ("th", "ทอผ้า"), ("th", "แม่นํ้า"), ("th", "ผ้า"),
        ("km", "មេគង្គ"), ("km", "ក្មេង"), ("km", "ច្រៀង"), ("km", "ឲ្យ"),
        ("my", "ရက်ကန်း"), ("my", "သီချင်း"), ("my", "ကလေး"),
        ("vi", "hát ru"), ("vi", "hat ru"), ("vi", "dệt vải"), ("vi", "dêm hôi"), ("vi", "Mê Kông"), ("vi", "me kong"), ("vi", "do"),
        ("en", "WEAVING songs"), ("en", "riv"), ("en", "\"beside the river\""), ("en", "ea"),
        ("shn", "လုၵ်ႈ"), ("bo", "གླུ"), ("bo", "བྱིས་པ"), ("ko", "노래"), ("ko", "아이들"), ("ar", "الأطفال"),
        ("hi", "बुनाई"),
    ],
)  # fmt: skip
def test_words_are_found_in_their_sentence(sentences: Index, language: str, query: str) -> None:
    assert NUMBER[language] in sentences.find(query)


def spans(text: str) -> list[str]:
    """Every pair of neighbouring letters, with their marks."""
    clusters = graphemes(text)
    return [
        first + second
        for first, second in pairwise(clusters)
        if all(unicodedata.category(cluster[0])[0] == "L" for cluster in (first, second))
    ]


@pytest.mark.parametrize(
    "language", ["zh", "lo", "th", "km", "my", "vi", "en", "shn", "bo", "ko", "ar", "hi"]
)
def test_two_letters_are_never_empty(sentences: Index, language: str) -> None:
    queries = spans(SENTENCES[language])
    assert len(queries) >= 7
    missed = [query for query in queries if NUMBER[language] not in sentences.find(query)]
    assert missed == []


@pytest.mark.parametrize("language", ["zh", "lo", "th", "km", "my", "hi"])
def test_two_code_points_are_never_empty(sentences: Index, language: str) -> None:
    text = SENTENCES[language]
    queries = [text[i : i + 2] for i in range(len(text) - 1)]
    queries = [query for query in queries if any(unicodedata.category(letter)[0] == "L" for letter in query)]
    if language == "hi":  # words of one code point are found as beginnings only
        queries = [query for query in queries if regex.fullmatch(r"\p{L}[\p{L}\p{M}]", query)]
    missed = [query for query in queries if NUMBER[language] not in sentences.find(query)]
    assert missed == []


@settings(max_examples=300)
@given(any_text, any_text, st.booleans())
def test_no_query_can_break_fts5(text: str, query: str, loose: bool) -> None:
    index = Index().add(text)
    for language in (None, "vi"):
        index.find(query, language=language, loose=loose)


HOSTILE = [
    "", '"', '""', '" OR "', "*", "a*", "^a", "a AND", "OR", "NOT x", "NEAR(a b, 2)", "body:a", "{body}: a", "-a", "a - b", "(", "a)",
    "a + b", "'; DROP TABLE words; --", "a\x00b", "\ud800", "%_\\", "a:*", "!a", "a <-> b", "a & | b", "'", "\\'", "\u0e31\u0e48", "\u0301",
    "x" * 10_000, "a " * 5_000, "ក" * 5_000, "\u0301" * 5_000, "e" + "\u1039" * 5_000, '"' * 999, "“”„«»「」『』", "ᚁart", "🎭", "\ue000",
]  # fmt: skip


@pytest.mark.parametrize("query", HOSTILE)
def test_hostile_queries_find_nothing_or_something(sentences: Index, query: str) -> None:
    for loose in (False, True):
        sentences.find(query, loose=loose)
        assert len(query_fts5(query, loose=loose)) < 20_000
        assert len(query_tsquery(query, loose=loose)) < 20_000


@pytest.mark.parametrize("query", ["", " ", "***", "\u0301", '""', "🎭", "…"])
def test_a_query_without_words_finds_nothing(sentences: Index, query: str) -> None:
    assert sentences.find(query) == []
    assert query_tsquery(query) == ""


def test_operators_are_not_operators(sentences: Index) -> None:
    assert sentences.find("weaving NOT songs") == []
    assert sentences.find("body weaving") == []


@given(any_text)
def test_every_text_is_found_by_its_own_words(text: str) -> None:
    index = Index().add(text)
    for word in fold(text).split(" "):
        tokens = search_tokens(word)
        if tokens and sum(map(len, tokens)) < MAX_QUERY_TOKENS // 2 and '"' not in word:
            assert index.find(f'"{word}"') == [1] or not index_text(word)


@given(any_text)
def test_index_text_is_made_of_words(text: str) -> None:
    for token in index_text(text).split(" "):
        assert regex.fullmatch(r"[\p{L}\p{M}\p{N}\p{Co}]{0,48}", token)


def test_word_boundaries_in_spaced_scripts() -> None:
    index = Index().add("fine art", "a party", "artists meet", "the heart of art")
    assert set(index.find("art")) == {1, 3, 4}
    assert index.find("art")[0] in {1, 4}
    assert set(index.find("art", loose=True)) == {1, 2, 3, 4}
    assert index.find("arty") == []
    assert index.find("arty", loose=True) == [2]
    assert set(index.find('"art"')) == {1, 4}
    assert index.find("art fine") == [1]
    assert index.find('"art fine"') == []
    assert index.find("a")[0] == 2
    assert index.find("a heart") == []


def test_a_word_behind_a_proclitic_needs_the_second_attempt(sentences: Index) -> None:
    assert NUMBER["ar"] not in sentences.find("الغناء")
    assert sentences.find("الغناء", loose=True) == [NUMBER["ar"]]


def test_vietnamese_syllables_are_words_together() -> None:
    index = Index().add("văn hóa Lào", "hóa đơn và văn bản", "vân hoà")
    assert set(index.find("văn hóa")) == {1, 3}
    assert set(index.find("van hoa")) == {1, 2, 3}
    assert set(index.find("van hoa", language="vi")) == {1, 3}
    assert set(index.find("văn hóa", loose=True)) == {1, 2, 3}


def test_spaces_and_zero_width_spaces_do_not_divide_unspaced_scripts() -> None:
    index = Index().add("ສະບາຍ ດີ", "ສະ\u200bບາຍ\u200bດີ", "ສະບາຍດີ", "မြန် မာ", "བོད་ཡིག", "བོད ཡིག")
    assert set(index.find("ສະບາຍດີ")) == {1, 2, 3}
    assert set(index.find("ສະບາຍ ດີ")) == {1, 2, 3}
    assert index.find("မြန်မာ") == [4]
    assert set(index.find("བོད་ཡིག")) == {5, 6}


def test_scripts_side_by_side() -> None:
    index = Index().add("2025年中国文化", "第2025页", "AI技术")
    assert index.find("2025年") == [1]
    assert index.find("年中国") == [1]
    assert index.find("第2025页") == [2]
    assert index.find("AI技术") == [3]
    assert set(index.find("2025")) == {1, 2}


def test_long_queries_are_cut_and_still_match() -> None:
    text = "ແມ່ເຖົ້າສອນເດັກນ້ອຍ" * 60
    index = Index().add(text)
    assert index.find(text) == [1]
    assert sum(len(phrase.tokens) for phrase in parse_query("word " * 400).phrases) <= MAX_QUERY_TOKENS


def test_zawgyi_queries_find_unicode_texts() -> None:
    index = Index().add("မြန်မာဘာသာ")
    assert index.find("ျမန္မာ") == [1]


def test_whole_words_rank_above_beginnings() -> None:
    index = Index().add("carting", "cart", "cartoon")
    assert index.find("cart")[0] == 2


@pytest.fixture(scope="module")
def postgres() -> Iterator[object]:
    address = os.environ.get("HEIRLOOM_DATABASE", "")
    if not address.startswith("postgres"):
        pytest.skip("no PostgreSQL (set HEIRLOOM_DATABASE)")
    psycopg = pytest.importorskip("psycopg")
    with psycopg.connect(address) as connection:
        connection.execute("CREATE TEMPORARY TABLE words (number integer, body tsvector)")
        for number, text in enumerate(SENTENCES.values(), start=1):
            connection.execute(
                "INSERT INTO words VALUES (%s, to_tsvector('simple', %s))", (number, index_text(text))
            )
        connection.commit()
        yield connection


@pytest.mark.parametrize("cast", ["%s::tsquery", "to_tsquery('simple', %s)"])
def test_postgresql_finds_what_fts5_finds(postgres: object, sentences: Index, cast: str) -> None:
    def find(query: str, *, loose: bool) -> set[int]:
        sql = f"SELECT number FROM words WHERE body @@ {cast}"
        rows = postgres.execute(sql, (query_tsquery(query, loose=loose),))  # type: ignore[attr-defined]
        return {number for (number,) in rows}

    queries = [pair for text in SENTENCES.values() for pair in spans(text)]
    queries += [word for text in SENTENCES.values() for word in text.split()]
    for query in queries + HOSTILE:
        for loose in (False, True):
            assert find(query, loose=loose) == set(sentences.find(query, loose=loose)), query
