"""One order for the marks of Thai, Lao, Khmer and Myanmar, for search alone.

In these scripts the same word can be typed in several orders that look alike, and no Unicode normalization form
unifies them, because most of the marks have combining class 0. Each function brings compatibility-decomposed
text (NFKD) without joiners into one order and unifies spellings that cannot be told apart by eye. The result is
a key for comparison, not a spelling to show: where an authority prescribes an order it is followed, but two
words may share a key.

Sources: The Unicode Standard, chapter 16 (Thai, Lao, Khmer, Myanmar); Unicode Technical Note 11 (Myanmar);
SIL's Khmer Character Specification. All functions are idempotent, and their result is in canonical order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import regex


def _ranks(*groups: str) -> dict[str, int]:
    return {mark: rank for rank, group in enumerate(groups) for mark in group}


def _ordered(marks: Iterable[str], ranks: dict[str, int]) -> list[str]:
    """Sort by rank, then code point, and drop repeated marks (a key pressed twice)."""
    return sorted(dict.fromkeys(marks), key=lambda mark: (ranks[mark], mark))


def _chars(first: int, last: int) -> str:
    return "".join(map(chr, range(first, last + 1)))


# --- Thai and Lao ---------------------------------------------------------------------------------------------
# Below, above (with nikhahit, the ring of SARA AM), tones, killers. Code points ascend with their combining class
# inside a group, so the order is canonical too.
_THAI = _ranks(
    _chars(0x0E38, 0x0E3A),
    "\u0e31" + _chars(0x0E34, 0x0E37) + "\u0e47\u0e4d",
    _chars(0x0E48, 0x0E4B),
    "\u0e4c\u0e4e",
)
_THAI["\u0e3a"] = -1
_LAO = _ranks(
    "\u0ebc",
    "\u0eba",
    "\u0eb8\u0eb9",
    "\u0eb1" + _chars(0x0EB4, 0x0EB7) + "\u0ebb\u0ecd",
    _chars(0x0EC8, 0x0ECB),
    "\u0ecc\u0ece",
)
# AA, the ring that makes it SARA AM, the ranks, and what is put in order.
_TAI: Final = (
    ("\u0e32", "\u0e4d", _THAI, regex.compile("[\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0e32]{2,}")),
    ("\u0eb2", "\u0ecd", _LAO, regex.compile("[\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ece\u0eb2]{2,}")),
)


def order_thai_lao(text: str) -> str:
    """Order Thai and Lao marks; SARA AM in all its spellings becomes tone, ring, AA.

    A tone belongs to the consonant, so a tone typed after AA goes before it. The ring goes last before AA, as it is
    typed in SARA AM, so that a word is found while it is being typed; without AA, where it is the Lao vowel O, it
    goes before the tone. Two SARA E are AE.
    """
    for aa, ring, ranks, pattern in _TAI:

        def arrange(
            match: regex.Match[str], aa: str = aa, ring: str = ring, ranks: dict[str, int] = ranks
        ) -> str:
            run = match[0]
            marks = _ordered((mark for mark in run if mark != aa), ranks)
            if aa in run and ring in marks:
                marks.remove(ring)
                marks.append(ring)
            return "".join(marks) + aa * run.count(aa)

        text = pattern.sub(arrange, text)
    return text.replace("\u0e40\u0e40", "\u0e41").replace("\u0ec0\u0ec0", "\u0ec1")


# --- Khmer ----------------------------------------------------------------------------------------------------
_KHMER_BASE = "\u1780-\u17b3"
_KHMER_SYLLABLE = regex.compile(f"([{_KHMER_BASE}])((?:\u17d2[{_KHMER_BASE}]|[\u17b6-\u17d1\u17d3\u17dd])+)")
_KHMER_ELEMENT = regex.compile(f"\u17d2[{_KHMER_BASE}]|.", regex.DOTALL)
_COENG_RO = "\u17d2\u179a"
_KHMER_MARKS = _ranks(
    "\u17c9\u17ca",  # register shifters
    _chars(0x17BE, 0x17C5),  # e, ae, ai and the vowels that surround the consonant
    _chars(0x17B7, 0x17BA),  # above
    _chars(0x17BB, 0x17BD),  # below
    "\u17b6",  # aa
    "\u17c6\u17c7\u17c8",
    _chars(0x17CB, 0x17D1) + "\u17d3\u17dd",
)
_KHMER_ABOVE = frozenset(_chars(0x17B7, 0x17BA) + "\u17be\u17d0")
# Consonants of the second series, which the shifter muusikatoan raises; the others take triisap.
_SECOND_SERIES = frozenset("ងញណនបមយរលវ")
_KHMER_LETTERS = str.maketrans(
    {
        "\u17a3": "\u17a2",  # deprecated by the standard
        "\u17a4": "\u17a2\u17b6",
        "\u17b2": "\u17b1",  # a variant of one letter
        "\u17b4": None,  # inherent vowels, invisible
        "\u17b5": None,
    }
)


def _khmer_syllable(match: regex.Match[str]) -> str:
    base, elements = match[1], _KHMER_ELEMENT.findall(match[2])
    subscripts = [element for element in elements if element[0] == "\u17d2" and element != _COENG_RO]
    subscripts += [element for element in elements if element == _COENG_RO][:1]
    marks = {element for element in elements if element[0] != "\u17d2"}
    # Vowels that were typed in their visible parts.
    if {"\u17c1", "\u17b8"} <= marks:
        marks = marks - {"\u17c1", "\u17b8"} | {"\u17be"}
    if {"\u17c1", "\u17b6"} <= marks:
        marks = marks - {"\u17c1", "\u17b6"} | {"\u17c4"}
    # Under a vowel above, a shifter is drawn like the vowel u and is often typed as one.
    if marks & _KHMER_ABOVE and marks & {"\u17bb", "\u17c9", "\u17ca"}:
        marks = marks - {"\u17bb", "\u17c9", "\u17ca"} | {"\u17c9" if base in _SECOND_SERIES else "\u17ca"}
    return base + "".join(subscripts) + "".join(_ordered(marks, _KHMER_MARKS))


def order_khmer(text: str) -> str:
    """Order a Khmer syllable: base, subscripts with RO last, shifter, vowels, signs; subscript DA is TA."""
    text = text.translate(_KHMER_LETTERS).replace("\u17d2\u178a", "\u17d2\u178f")
    return _KHMER_SYLLABLE.sub(_khmer_syllable, text)


# --- Myanmar --------------------------------------------------------------------------------------------------
_MYANMAR_BASE = (
    "\u1000-\u102a\u103f\u104e\u1050-\u1055\u105a-\u105d\u1061\u1065\u1066\u106e-\u1070\u1075-\u1081\u108e"
    "\ua9e0-\ua9e4\ua9e7-\ua9ef\ua9fa-\ua9fe\uaa60-\uaa6f\uaa71-\uaa76\uaa7a\uaa7e\uaa7f"
)
_MYANMAR_MARKS = _ranks(
    "\u105e\u105f\u1060\u103b\u103c\u103d\u1082\u103e",  # medials
    "\u1031\u1084\u1035",  # e
    "\u102d\u102e\u1032\u1033\u1034\u1085\u1086" + _chars(0x1071, 0x1074),  # above
    "\u102f\u1030",  # below
    "\u102b\u102c\u1062\u1063\u1067\u1068\u1083" + _chars(0x1056, 0x1059) + "\u1036",
    "\u1037",
    "\u103a",
    "\u1038\u1064"
    + _chars(0x1069, 0x106D)
    + _chars(0x1087, 0x108C)
    + "\u108f"
    + _chars(0x109A, 0x109D)
    + "\ua9e5\uaa7b\uaa7c\uaa7d",
    "\u108d",
)
_KINZI = "[\u1004\u101b\u105a]\u103a\u1039"
_MYANMAR_SYLLABLE = regex.compile(
    f"({_KINZI}[{_MYANMAR_BASE}]|(?!{_KINZI}[{_MYANMAR_BASE}])[{_MYANMAR_BASE}])"
    f"((?:\u1039[{_MYANMAR_BASE}]|[{''.join(_MYANMAR_MARKS)}])+)"
)
_MYANMAR_ELEMENT = regex.compile(f"\u1039[{_MYANMAR_BASE}]|.", regex.DOTALL)


def _rules(*pairs: tuple[str, str]) -> tuple[tuple[regex.Pattern[str], str], ...]:
    return tuple((regex.compile(pattern), replacement) for pattern, replacement in pairs)


# Digits typed as letters and the other way round; independent vowels typed as syllables.
_MYANMAR_BEFORE: Final = _rules(
    (r"(?<!\p{Nd})\u1040(?=[\u1000-\u1021\u102B-\u1032\u1036-\u103E])", "\u101d"),
    (r"\u1047(?=[\u102B-\u1032\u1036-\u103E])", "\u101b"),
    (r"(?<=\p{Nd})\u101D(?=\p{Nd}|\P{Myanmar}|\Z)", "\u1040"),
    (r"\u1029", "\u101e\u103c"),
    (r"\u102A", "\u101e\u103c\u1031\u102c\u103a"),
)
# Nya typed as the vowel that it resembles, the sign for aforementioned typed as a digit: seen once marks are in order.
_MYANMAR_AFTER: Final = _rules(
    (r"\u1025(?=[\u102B\u102C\u1039\u103A])", "\u1009"),
    (r"[\u1044\u104E](?=\u1004\u103A)", "\u104e"),
)


def _myanmar_syllable(match: regex.Match[str]) -> str:
    elements = _MYANMAR_ELEMENT.findall(match[2])
    stacked = [element for element in elements if element[0] == "\u1039"]
    marks = (element for element in elements if element[0] != "\u1039")
    return match[1] + "".join(stacked) + "".join(_ordered(marks, _MYANMAR_MARKS))


def order_myanmar(text: str) -> str:
    """Order a Myanmar syllable: kinzi, base, stack, medials, e, above, below, aa, dot, asat, tones."""
    for pattern, replacement in _MYANMAR_BEFORE:
        text = pattern.sub(replacement, text)
    text = _MYANMAR_SYLLABLE.sub(_myanmar_syllable, text)
    for pattern, replacement in _MYANMAR_AFTER:
        text = pattern.sub(replacement, text)
    return text


# A quick look decides whether a script's rules have to run at all.
ORDERS: Final[tuple[tuple[regex.Pattern[str], Callable[[str], str]], ...]] = (
    (regex.compile("[\u0e00-\u0eff]"), order_thai_lao),
    (regex.compile("[\u1780-\u17ff]"), order_khmer),
    (regex.compile("[\u1000-\u109f\ua9e0-\ua9ff\uaa60-\uaa7f]"), order_myanmar),
)
