"""Folding: the form in which two spellings of one text are equal to a search.

A folded text is for comparing, never for showing or storing in place of the text. What is folded:

- compatibility forms and width (NFKC), letter case, white space;
- invisible characters: every default-ignorable code point (joiners, soft hyphen, byte order mark, direction and
  variation marks). A zero-width space is a word boundary between letters of scripts that write spaces, and nothing
  in scripts that do not;
- marks on Latin and Greek letters, and letters with a stroke (Vietnamese ``đ`` is ``d``, tones are dropped); stress
  and diaeresis on Cyrillic, but not the breve of ``й`` and ``ў``, which are letters of their own; Hebrew points and
  Arabic vowel signs, hamza seats and tatweel. The marks of all other scripts are part of the word and stay;
- the order of marks in Thai, Lao, Khmer and Myanmar (:mod:`heirloom.text.mark_order`);
- traditional Chinese characters, to simplified ones, one by one;
- decimal digits of any script, to ASCII.

Zawgyi is not converted here: folding must not guess (see :mod:`heirloom.text.zawgyi`).
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from importlib import import_module
from typing import Any, Final

import regex

from heirloom.text.mark_order import ORDERS

# Raise it with every change of the rules below, of the order of marks, or of the search tokens.
_RULES_VERSION: Final = 1

# Scripts whose words are not divided by spaces (or, as Tibetan and Hangul, by something other than word ends).
UNSPACED: Final = (
    r"\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Bopomofo}\p{Script=Hangul}\p{Script=Yi}"
    r"\p{Script=Nushu}\p{Script=Tangut}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}"
    r"\p{Script=Tai_Tham}\p{Script=Tai_Le}\p{Script=New_Tai_Lue}\p{Script=Tai_Viet}\p{Script=Tibetan}"
    r"\p{Script=Javanese}\p{Script=Balinese}\p{Script=Buginese}\u30FC"
)
_SPACED_LETTER = rf"[[\p{{L}}\p{{M}}\p{{N}}]--[{UNSPACED}]]"

_ZERO_WIDTH_SPACE = regex.compile(rf"(?V1)(?<={_SPACED_LETTER})\u200B+(?={_SPACED_LETTER})")
_IGNORABLE = regex.compile(r"\p{Default_Ignorable_Code_Point}+")
BLANK = regex.compile(r"[\p{Z}\p{Cc}\p{Cs}]+")
# Marks that several scripts share, among them all of Latin and Greek; the kana sound marks U+3099 and U+309A make other syllables and stay.
_SHARED_MARK = regex.compile(
    r"(?V1)(?<![иу])\u0306|(?<!і)\u0308|[[\p{Script=Inherited}&&\p{M}]--[\u0306\u0308\u3099\u309A]]"
)
_SEMITIC_MARK = regex.compile(
    r"[\u0591-\u05BD\u05BF\u05C1\u05C2\u05C4\u05C5\u05C7\u0610-\u061A\u06D6-\u06DC\u06DF-\u06E4\u06E7\u06E8\u06EA-\u06ED\u0640]+"
)
_LETTERS: Final = str.maketrans(
    {
        "đ": "d", "ð": "d", "ɖ": "d", "ħ": "h", "ı": "i", "ł": "l", "ø": "o", "ŧ": "t", "ƀ": "b", "ɨ": "i", "ʉ": "u",
        "æ": "ae", "œ": "oe", "þ": "th", "ŋ": "ng",
        "ى": "ي", "ی": "ي", "ک": "ك", "ٱ": "ا",
    }
)  # fmt: skip
# Modifier letters for a glottal stop, stress or length: half of the writers leave them out.
_MODIFIER = regex.compile(r"[\u02B9-\u02CF\u02D0\u02D1\u02EC\u02EE\uA788\uA78B\uA78C]+")
_DIGIT = regex.compile(r"(?V1)[\p{Nd}--[0-9]]")
_ROUNDS: Final = 4
_HAN = regex.compile(r"\p{Script=Han}")


@lru_cache(maxsize=1)
def _simplified() -> dict[int, str]:
    """ICU's Traditional-Simplified transform as a map of single characters, closed under repetition."""
    # Late: ICU is loaded for the first Chinese text only.
    icu: Any = import_module("icu")

    characters = [chr(code) for code in (*range(0x3400, 0x4DC0), *range(0x4E00, 0xA000))]
    transform = icu.Transliterator.createInstance("Traditional-Simplified")
    # One a line, so that rules for whole words do not see neighbours.
    simple = str(transform.transliterate("\n".join(characters))).split("\n")
    pairs = {old: new for old, new in zip(characters, simple, strict=True) if old != new}
    closed: dict[int, str] = {}
    for old, new in pairs.items():
        seen = {old}
        while new in pairs and new not in seen:
            seen.add(new)
            new = pairs[new]
        if new not in seen:
            closed[ord(old)] = new
    return closed


def _in_order(text: str) -> str:
    for quick, order in ORDERS:
        if quick.search(text):
            text = order(text)
    return text


def fold(text: str) -> str:
    """Fold *text* for comparison; ``fold(fold(text)) == fold(text)`` and the result is in NFC.

    Any string is accepted. Runs of white space, controls and lone surrogates become one space; there is none at
    the ends.
    """
    if text.isascii():
        return " ".join(text.lower().replace("\x7f", " ").translate(_ASCII_CONTROLS).split())
    text = _IGNORABLE.sub("", _ZERO_WIDTH_SPACE.sub(" ", unicodedata.normalize("NFKD", text)))
    text = _SEMITIC_MARK.sub("", _MODIFIER.sub("", text))
    # Lowered once more because Cherokee folds to capitals, which other programs lower again.
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold().lower())
    text = _SHARED_MARK.sub("", text).translate(_LETTERS)
    text = _in_order(text)
    # Marks of several scripts on one letter may need canonical order again, which may part or join what the rules see.
    for _ in range(_ROUNDS):
        if unicodedata.is_normalized("NFD", text):
            break
        text = _in_order(_SHARED_MARK.sub("", unicodedata.normalize("NFD", text)))
    if _HAN.search(text):
        text = text.translate(_simplified())
    text = _DIGIT.sub(lambda match: str(unicodedata.digit(match[0], match[0])), text)
    return unicodedata.normalize("NFC", BLANK.sub(" ", text).strip())


_ASCII_CONTROLS: Final = dict.fromkeys(range(32), " ")


def index_version() -> str:
    """Name the rules and the Unicode data that folded texts depend on: an index of another version is stale."""
    return f"{_RULES_VERSION}-{unicodedata.unidata_version}"
