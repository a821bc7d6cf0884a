"""Search in every script: tokens for an index, and queries that no input can break.

**Tokens.** Scripts that write spaces give words. Scripts that do not (Han, Thai, Lao, Khmer, Myanmar and others,
see :data:`heirloom.text.folding.UNSPACED`) give orthographic clusters: a base with its marks and the consonants
stacked on it. No dictionary is asked, so a language without one is found as well as any other.

**Index.** Clusters are indexed as overlapping pairs (``ສະບາຍ`` as ``ສະບາ ບາຍ ຍ``), each run ending in its last
cluster alone; a query is a phrase of such pairs whose last token is a prefix. Against single clusters this makes
posting lists shorter (queries cost less than half) and keeps PostgreSQL's limit of 255 positions a lexeme far away; the index is
larger by about a third. White space between clusters of unspaced scripts is not indexed, because writers set it
where they please. Words are followed, after all other tokens, by their endings (``ᚁerlin ᚁrlin ...`` for
``berlin``), each marked so that only a search *inside* words sees them.

**Queries.** Words and runs are joined by AND; what stands in double quotes is a phrase. The last word matches as a
prefix, so that results come while someone types; a word of one or two letters also matches inside words, so that a
two-letter query is not empty where the letters occur. Two or three Vietnamese syllables are one phrase, because
there spaces divide syllables. ``loose=True`` is for a second attempt when the first found nothing: every word
also matches inside words, and no phrase is asked for beyond an unspaced run.

Result strings hold only letters, digits and marks within quotes, whatever the person typed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

import regex

from heirloom.text.folding import UNSPACED, fold
from heirloom.text.zawgyi import THRESHOLD, is_zawgyi, zawgyi_to_unicode

#: How an SQLite FTS5 table must split what :func:`index_text` gives.
FTS5_TOKENIZE: Final = "unicode61 remove_diacritics 0 categories 'L* N* Co M* S*'"
#: The ``prefix`` option of that table: it keeps queries of one cluster as fast as longer ones.
FTS5_PREFIX: Final = "1"

MAX_QUERY_LENGTH: Final = 500
MAX_QUERY_TOKENS: Final = 64
MAX_TOKEN_LENGTH: Final = 48  # characters; PostgreSQL refuses lexemes of more than 2,046 bytes

_INSIDE: Final = "\u1681"  # an Ogham letter: a letter for every tokenizer, and never before a modern word
_ENDING_LENGTH: Final = 8
_ENDINGS: Final = 24

_RUN = regex.compile(
    rf"(?V1)(?P<run>[{UNSPACED}&&[\p{{L}}\p{{N}}\p{{M}}]][[{UNSPACED}&&[\p{{L}}\p{{N}}\p{{M}}]]\p{{M}}]*)"
    rf"|(?P<word>[[\p{{L}}\p{{N}}\p{{Co}}]--[{UNSPACED}]][[\p{{L}}\p{{M}}\p{{N}}\p{{Co}}]--[{UNSPACED}]]*)"
)
_CLUSTER = regex.compile(r"\P{M}\p{M}*|^\p{M}+")
# Between two runs of unspaced scripts these do not divide: spaces, and the Tibetan syllable dot.
_TRANSPARENT = frozenset(" \u0f0b\u0f0c")
_LEADING_MARKS = regex.compile(r"^\p{M}+")
_HANGUL = regex.compile(r"\p{Script=Hangul}")
_ASCII_WORD = regex.compile("[a-z0-9]+")
_QUOTED = regex.compile('"([^"]*)"|“([^”]*)”|„([^“”]*)[“”]|«([^»]*)»|「([^」]*)」|『([^』]*)』')
# Letters and tones that only Vietnamese uses together with Latin letters.
_VIETNAMESE = regex.compile("[đĐăĂơƠưƯ]|[\u1ea0-\u1ef9]")


@dataclass(frozen=True, slots=True)
class Piece:
    """A word, or a run of clusters, with where it stands in the folded text."""

    clusters: tuple[str, ...]
    is_word: bool
    start: int
    end: int


def pieces(folded: str) -> Iterator[Piece]:
    """Yield the words and runs of clusters of a folded text."""
    if folded.isascii():
        for match in _ASCII_WORD.finditer(folded):
            yield Piece((match[0],), True, match.start(), match.end())
        return
    for match in _RUN.finditer(folded):
        if match.lastgroup == "word":
            yield Piece((match[0],), True, match.start(), match.end())
        else:
            yield Piece(tuple(_CLUSTER.findall(match[0])), False, match.start(), match.end())


def search_tokens(text: str) -> list[str]:
    """Return the folded tokens of *text*: words of spaced scripts, orthographic clusters of the others."""
    return [token for piece in pieces(fold(text)) for token in piece.clusters]


def _clip(token: str) -> str:
    return token[:MAX_TOKEN_LENGTH]


def _runs(folded: str) -> Iterator[tuple[Sequence[str], bool]]:
    """Yield (clusters or one word, is it a word); unspaced runs joined across transparent characters."""
    waiting: list[str] = []
    end = 0
    for piece in pieces(folded):
        if piece.is_word:
            if waiting:
                yield waiting, False
                waiting = []
            yield piece.clusters, True
            continue
        if waiting and not joined(folded, end, piece.start, waiting[-1]):
            yield waiting, False
            waiting = []
        waiting += piece.clusters
        end = piece.end
    if waiting:
        yield waiting, False


def joined(folded: str, end: int, start: int, last: str) -> bool:
    """Whether nothing but transparent characters stands between two runs; Korean writes its spaces on purpose."""
    between = folded[end:start]
    return set(between) <= _TRANSPARENT and not (" " in between and _HANGUL.match(last))


def _pairs(clusters: Sequence[str]) -> list[str]:
    return [_clip(first + second) for first, second in pairwise(clusters)]


def _endings(word: str) -> Iterator[str]:
    """The endings of a word from its second letter on, at least two characters long, each cut to eight."""
    starts = (
        range(1, len(word)) if word.isascii() else [match.start() for match in _CLUSTER.finditer(word)][1:]
    )
    for start in starts[:_ENDINGS]:
        if start + 1 < len(word):
            yield _INSIDE + word[start : start + _ENDING_LENGTH]


def _index_tokens(folded: str, endings: dict[str, None]) -> list[str]:
    tokens: list[str] = []
    for clusters, is_word in _runs(folded):
        if is_word:
            word = _clip(clusters[0])
            tokens.append(word)
            endings.update(dict.fromkeys(_endings(word)))
        else:
            tokens += _pairs(clusters)
            tokens.append(_clip(clusters[-1]))
    return tokens


def index_text(text: str) -> str:
    """Return what to put into the search index for *text*: tokens joined by spaces.

    For an FTS5 column with :data:`FTS5_TOKENIZE`, or for ``to_tsvector('simple', ...)``. Burmese that is Zawgyi is
    indexed as written and as converted, so that it is found from both keyboards; the text itself is not touched.
    """
    endings: dict[str, None] = {}
    tokens = _index_tokens(fold(text), endings)
    if is_zawgyi(text) >= THRESHOLD:
        tokens += _index_tokens(fold(zawgyi_to_unicode(text)), endings)
    return " ".join([*tokens, *endings])


Match = Literal["exact", "prefix", "inside"]
#: One word, or the clusters of one run; and whether it is a word.
Unit = tuple[tuple[str, ...], bool]


@dataclass(frozen=True, slots=True)
class Phrase:
    """Tokens that stand next to each other.

    Attributes:
        units: words and runs of clusters, as in the text.
        match: how the last token is compared; ``inside`` also finds it within words.
    """

    units: tuple[Unit, ...]
    match: Match

    @property
    def tokens(self) -> tuple[str, ...]:
        """The index tokens of the phrase."""
        result: list[str] = []
        last = len(self.units) - 1
        for number, (clusters, is_word) in enumerate(self.units):
            if is_word:
                result.append(_clip(clusters[0]))
            else:
                result += _pairs(clusters)
                if number < last or len(clusters) == 1:
                    result.append(_clip(clusters[-1]))
        return tuple(result)

    @property
    def is_word(self) -> bool:
        """Whether this is one word of a spaced script."""
        return len(self.units) == 1 and self.units[0][1]


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query: every phrase must be found. ``alternatives`` are whole queries, any of which will do."""

    phrases: tuple[Phrase, ...]
    alternatives: tuple[Query, ...] = ()


def parse_query(text: str, *, language: str | None = None, loose: bool = False) -> Query:
    """Parse what a person typed; never fails. At most 500 characters and 64 tokens are read.

    Args:
        text: the query. Double quotes of any style make a phrase; nothing else is an operator.
        language: BCP 47 tag of the query where known; only ``vi`` changes anything.
        loose: match inside words and drop phrases of words: for a second attempt.
    """
    text = text[:MAX_QUERY_LENGTH]
    query = Query(_limited(_parse(text, language, loose)))
    if is_zawgyi(text) >= 0.5:  # a query is short: ask for both readings before being sure
        query = Query(query.phrases, (Query(_limited(_parse(zawgyi_to_unicode(text), language, loose))),))
    return query


def _limited(phrases: Sequence[Phrase]) -> tuple[Phrase, ...]:
    kept: list[Phrase] = []
    left = MAX_QUERY_TOKENS
    for phrase in dict.fromkeys(phrases):
        left -= len(phrase.tokens)
        if left < 0 and kept:
            break
        kept.append(phrase)
    return tuple(kept)


def _query_units(folded: str) -> tuple[Unit, ...]:
    return tuple((tuple(clusters), is_word) for clusters, is_word in _runs(folded))


def _parse(text: str, language: str | None, loose: bool) -> list[Phrase]:
    phrases: list[Phrase] = []
    position = 0
    for match in _QUOTED.finditer(text):
        phrases += _parse_plain(text[position : match.start()], language, loose, final=False)
        quoted = next((group for group in match.groups() if group is not None), "")
        if units := _query_units(fold(quoted)):
            phrases.append(Phrase(units, "exact" if units[-1][1] else "prefix"))
        position = match.end()
    return phrases + _parse_plain(text[position:], language, loose, final=True)


def _parse_plain(text: str, language: str | None, loose: bool, *, final: bool) -> list[Phrase]:
    chunks: list[tuple[Unit, ...]] = []
    for chunk in fold(text).split(" "):
        whole = _LEADING_MARKS.sub("", chunk)  # a query cut in the middle of a cluster
        if units := _query_units(whole):
            chunks.append(units)
    if loose:
        chunks = [(unit,) for units in chunks for unit in units]
    elif 2 <= len(chunks) <= 3 and _is_vietnamese(text, language):
        together = tuple(unit for units in chunks for unit in units)
        if all(is_word for _, is_word in together):
            chunks = [together]
    last = len(chunks) - 1
    lone = len(chunks) == 1
    return [
        Phrase(units, _how(units, loose=loose, lone=lone, last=final and number == last))
        for number, units in enumerate(chunks)
    ]


def _is_vietnamese(text: str, language: str | None) -> bool:
    return (language or "").lower().split("-")[0] == "vi" or _VIETNAMESE.search(text) is not None


def _how(units: tuple[Unit, ...], *, loose: bool, lone: bool, last: bool) -> Match:
    """How the last unit of a chunk is compared; see the text at the head of this module."""
    clusters, is_word = units[-1]
    if not is_word:
        return "prefix"
    letters = len(_CLUSTER.findall(clusters[0]))
    if len(units) == 1 and len(clusters[0]) > 1 and (loose or (lone and letters <= 2)):
        return "inside"
    return "prefix" if last and (lone or letters > 1) else "exact"


def _fts5_phrase(phrase: Phrase) -> str:
    tokens = phrase.tokens
    plain = " + ".join(f'"{token}"' for token in tokens)
    if phrase.match == "exact":
        return plain
    if not phrase.is_word:
        return f"{plain} *"
    # The word itself beside its prefix: whole words then rank above words that only begin with it.
    choices = [plain, f"{plain} *"]
    if phrase.match == "inside":
        choices.append(f'"{_INSIDE}{tokens[0][:_ENDING_LENGTH]}" *')
    return f"({' OR '.join(choices)})"


def _fts5(query: Query) -> str:
    return " AND ".join(_fts5_phrase(phrase) for phrase in query.phrases)


def query_fts5(text: str, *, language: str | None = None, loose: bool = False) -> str:
    """Return an FTS5 ``MATCH`` expression for what a person typed; ``""`` in quotes (no hit) where it has no token.

    See :func:`parse_query` for the arguments. The expression names no column and is valid for every input.

    FTS5 scores every match before it sorts. Where a query may match many thousands, score a bounded number of them::

        SELECT rowid FROM (SELECT rowid, rank AS score FROM words WHERE words MATCH ? LIMIT 2000)
        ORDER BY score LIMIT 20
    """
    query = parse_query(text, language=language, loose=loose)
    parts = [part for part in (_fts5(query), *map(_fts5, query.alternatives)) if part]
    if not parts:
        return '""'
    return parts[0] if len(parts) == 1 else " OR ".join(f"({part})" for part in parts)


def _tsquery(query: Query) -> str:
    parts = []
    for phrase in query.phrases:
        tokens = phrase.tokens
        star = "" if phrase.match == "exact" else ":*"
        plain = " <-> ".join(f"'{token}'" for token in tokens) + star
        if phrase.match == "inside":
            plain = f"({plain} | '{_INSIDE}{tokens[0][:_ENDING_LENGTH]}':*)"
        parts.append(f"({plain})" if len(tokens) > 1 else plain)
    return " & ".join(parts)


def query_tsquery(text: str, *, language: str | None = None, loose: bool = False) -> str:
    """Return a PostgreSQL text-search query for ``to_tsquery('simple', %s)`` (Django: ``search_type="raw"``).

    A cast (``%s::tsquery``) would leave out PostgreSQL's own parser, which for a few scripts splits tokens further, in
    the index as in the query. An empty string where the query has no token; PostgreSQL takes that as a query that finds nothing.
    """
    query = parse_query(text, language=language, loose=loose)
    parts = [part for part in (_tsquery(query), *map(_tsquery, query.alternatives)) if part]
    return parts[0] if len(parts) == 1 else " | ".join(f"({part})" for part in parts)
