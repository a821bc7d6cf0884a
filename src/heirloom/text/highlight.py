"""Where a query's words stand in the original text: hits for highlighting, and snippets around them.

Matching is done on folded text with the same tokens as the index; each folded character remembers which characters of
the original it came from, so that the original is shown and marked, never its folded form.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from heirloom.text.folding import BLANK, fold
from heirloom.text.scripts import graphemes
from heirloom.text.search import Phrase, Query, joined, parse_query, pieces

Segment = tuple[str, bool]

_ELLIPSIS = "…"


@dataclass(slots=True)
class _Folded:
    """Folded text; ``starts[i]`` and ``ends[i]`` bound what character *i* came from in the original."""

    text: str
    starts: list[int]
    ends: list[int]


@dataclass(frozen=True, slots=True)
class _Unit:
    token: str
    is_word: bool
    start: int
    end: int
    joined: bool  # nothing that divides stands between this unit and the one before


def _fold_part(part: str, offset: int) -> _Folded:
    """Fold a part without blanks, keeping for each folded character where it came from."""
    folded = fold(part)
    if part.isascii():  # ASCII without blanks keeps its length
        return _Folded(
            folded, [offset + i for i in range(len(folded))], [offset + i + 1 for i in range(len(folded))]
        )
    starts: list[int] = []
    ends: list[int] = []
    pieces_joined: list[str] = []
    position = offset
    for cluster in graphemes(part):
        single = fold(cluster)
        pieces_joined.append(single)
        starts += [position] * len(single)
        ends += [position + len(cluster)] * len(single)
        position += len(cluster)
    apart = "".join(pieces_joined)
    if apart == folded:
        return _Folded(folded, starts, ends)
    # A rule looked across clusters. Align the two; a character that differs came from the whole stretch that differs.
    new_starts: list[int] = []
    new_ends: list[int] = []
    for kind, a0, a1, b0, b1 in SequenceMatcher(None, apart, folded, autojunk=False).get_opcodes():
        if kind == "equal":
            new_starts += starts[a0:a1]
            new_ends += ends[a0:a1]
        elif b1 > b0:
            low = min(starts[a0:a1], default=ends[a0 - 1] if a0 else offset)
            high = max(ends[a0:a1], default=starts[a0] if a0 < len(starts) else offset + len(part))
            new_starts += [min(low, high)] * (b1 - b0)
            new_ends += [max(low, high)] * (b1 - b0)
    return _Folded(folded, new_starts, new_ends)


def _fold_with_origin(text: str) -> _Folded:
    whole = _Folded("", [], [])
    parts: list[str] = []
    position = 0
    bounds = [(match.start(), match.end()) for match in BLANK.finditer(text)]
    for start, end in [*bounds, (len(text), len(text))]:
        part = _fold_part(text[position:start], position)
        if part.text:
            if parts:
                parts.append(" ")
                whole.starts.append(whole.ends[-1])
                whole.ends.append(part.starts[0])
            parts.append(part.text)
            whole.starts += part.starts
            whole.ends += part.ends
        position = end
    whole.text = "".join(parts)
    return whole


def _units(folded: str) -> list[_Unit]:
    units: list[_Unit] = []
    for piece in pieces(folded):
        position = piece.start
        for number, cluster in enumerate(piece.clusters):
            follows = number > 0 or (
                bool(units)
                and not piece.is_word
                and not units[-1].is_word
                and joined(folded, units[-1].end, piece.start, units[-1].token)
            )
            units.append(_Unit(cluster, piece.is_word, position, position + len(cluster), follows))
            position += len(cluster)
    return units


def _match_at(units: list[_Unit], index: int, wanted: list[tuple[str, bool, bool]], *, prefix: bool) -> bool:
    if index + len(wanted) > len(units):
        return False
    last = len(wanted) - 1
    for number, (token, is_word, follows) in enumerate(wanted):
        unit = units[index + number]
        if unit.is_word != is_word or (follows and not unit.joined):
            return False
        if unit.token != token and not (prefix and number == last and unit.token.startswith(token)):
            return False
    return True


def _find(units: list[_Unit], phrase: Phrase) -> Iterator[tuple[int, int]]:
    """Yield the folded spans where *phrase* stands."""
    wanted = [
        (cluster, is_word, number > 0)
        for clusters, is_word in phrase.units
        for number, cluster in enumerate(clusters)
    ]
    for index in range(len(units) - len(wanted) + 1):
        if _match_at(units, index, wanted, prefix=phrase.match != "exact"):
            yield units[index].start, units[index + len(wanted) - 1].end
        elif phrase.match == "inside" and units[index].is_word:
            within = units[index].token.find(wanted[0][0], 1)
            if within > 0:
                yield units[index].start + within, units[index].start + within + len(wanted[0][0])


def _spans(text: str, query: Query) -> list[tuple[int, int]]:
    """Return sorted, disjoint spans of the original that the query found."""
    origin = _fold_with_origin(text)
    units = _units(origin.text)
    phrases = [*query.phrases, *(phrase for other in query.alternatives for phrase in other.phrases)]
    found = sorted(
        (origin.starts[start], max(origin.ends[start:end]))
        for phrase in phrases
        for start, end in _find(units, phrase)
    )
    spans: list[tuple[int, int]] = []
    for start, end in found:
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        elif end > start:
            spans.append((start, end))
    return spans


def highlight(text: str, query: str, *, language: str | None = None, loose: bool = False) -> list[Segment]:
    """Split *text* into segments and say of each whether the query found it.

    The segments joined give *text* back. Take the same *language* and *loose* as for the search itself.
    """
    return _segments(text, _spans(text, parse_query(query, language=language, loose=loose)))


def _segments(text: str, spans: list[tuple[int, int]]) -> list[Segment]:
    segments: list[Segment] = []
    position = 0
    for start, end in spans:
        if start > position:
            segments.append((text[position:start], False))
        segments.append((text[start:end], True))
        position = end
    if position < len(text):
        segments.append((text[position:], False))
    return segments


def snippet(
    text: str, query: str, *, clusters: int = 120, language: str | None = None, loose: bool = False
) -> list[Segment]:
    """Return about *clusters* grapheme clusters of *text* around its first hit, as segments like :func:`highlight`.

    An ellipsis stands where something was left out. Without a hit it is the beginning of the text.
    """
    spans = _spans(text, parse_query(query, language=language, loose=loose))
    bounds = [0]
    for cluster in graphemes(text):
        bounds.append(bounds[-1] + len(cluster))
    total = len(bounds) - 1
    first = max(bisect_left(bounds, spans[0][0] + 1) - 1, 0) if spans else 0
    begin = max(min(first - clusters // 4, total - clusters), 0)
    end = min(begin + clusters, total)
    low, high = bounds[begin], bounds[end]
    inner = [(max(a, low) - low, min(b, high) - low) for a, b in spans if b > low and a < high]
    segments = _segments(text[low:high], inner)
    if low:
        segments.insert(0, (_ELLIPSIS, False))
    if high < len(text):
        segments.append((_ELLIPSIS, False))
    return segments
