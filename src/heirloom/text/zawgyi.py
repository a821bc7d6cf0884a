"""Zawgyi: finding Burmese text that was written for a font instead of for Unicode.

Zawgyi-One text uses the code points of Unicode's Myanmar block in another sense and in visual order. Such text
looks broken with every Unicode font, sorts wrongly and is not found by a search. About Unicode text nothing
says which of the two it is, so it has to be told by what only one of them writes.

The score adds log odds for each piece of evidence, starting from a prior of 5 % (Unicode is the rule today). Each
kind of evidence is structural: what an encoding *cannot* write, or hardly ever does. Shan and Mon, which share the
block, are weighed as Unicode too: a detector must not call a small language an encoding error. The weights are
rounded logarithms of the ratio of counts in 1,000 sentences of published Zawgyi, in their conversion, and in
Burmese, Shan and Mon texts in Unicode; ``tests/text/test_zawgyi.py`` measures the errors.

Nothing is ever converted silently: :func:`check_encoding` returns a warning with a proposal.
"""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Any, ClassVar, Final

import regex

from heirloom.errors import gettext_noop

PRIOR: Final = -2.94
THRESHOLD: Final = 0.95

_BASE = (
    r"\u1000-\u102A\u103F\u104E\u105A-\u105D\u1061\u1065\u1066\u106E-\u1070\u1075-\u1081\u108E"
    r"\uA9E0-\uA9FE\uAA60-\uAA7F"
)
_MEDIAL = r"\u103B-\u103E\u105E-\u1060\u1082"
_ENDS = r"\P{Myanmar}|[\u104A\u104B]|\Z"

# Log odds for Zawgyi of each occurrence, and what it is.
_EVIDENCE: Final = tuple(
    (weight, regex.compile(pattern))
    for weight, pattern in (
        # Vowel e before its consonant at the start of a syllable: visual order.
        (4.5, rf"(?<![{_BASE}{_MEDIAL}])\u1031(?=[\u1000-\u1021\u103B\u107E-\u1084])"),
        # U+1039 as a visible asat; in Unicode it only stacks the consonant that follows.
        (5.5, rf"\u1039(?![{_BASE}])"),
        # Medial ra before its consonant: visual order.
        (4.5, rf"(?<![{_BASE}{_MEDIAL}\u1039\u103A\u1050-\u109F])[\u103B\u107E-\u1084](?=[\u1000-\u1021])"),
        # U+103A is medial ya in Zawgyi and takes vowels; Unicode's asat does not.
        (2.5, r"\u103A[\u102D-\u1030\u1032\u1036\u1094\u1095\u103C\u103D]"),
        # Kinzi and lower dots on code points of other languages' letters and digits.
        (4.0, r"(?<=[\u1000-\u1021\u102D-\u1030\u1039\u103A\u103C\u103D])[\u1064\u1094\u1095]"),
        # Stacks across the rows of the alphabet: there U+1039 is an asat before the next syllable.
        (
            3.0,
            r"(?:[\u1000-\u1004]\u1039[\u1005-\u1021]|[\u1005-\u100A]\u1039[\u1000-\u1004\u100B-\u1021]"
            r"|[\u100B-\u1014]\u1039[\u1000-\u100A\u1015-\u1021]|[\u1015-\u1019]\u1039[\u1000-\u1014\u101A-\u1021]"
            r"|[\u101A\u1021]\u1039[\u1000-\u1021])(?![\u103A\u1039])",
        ),
        # Unicode: vowel e after its base and before aa, a tone or the end of the word.
        (-3.5, rf"(?<=[{_BASE}{_MEDIAL}])\u1031(?=[\u102B\u102C\u1037\u1038]|{_ENDS})"),
        # Unicode: asat with a tone.
        (-4.5, r"\u1037\u103A|\u103A[\u1037\u1038]"),
        # Unicode: a final consonant closed by asat.
        (-3.0, rf"(?<=[\u1000-\u1021\u105A\u1075-\u1081])\u103A(?=[{_BASE}]|{_ENDS})"),
        # Unicode: aa with asat, kinzi.
        (-3.0, r"[\u102B\u102C]\u103A|\u103A\u1039"),
        # Unicode: Shan finals and vowels with Shan tones.
        (-4.0, r"\u103A[\u1087-\u108A]|[\u1062\u1083-\u1086\u1035][\u1087-\u108A\u1075-\u1081]"),
    )
)
_MYANMAR = regex.compile(r"\p{Script=Myanmar}")
_RUN = regex.compile(r"[\p{Script=Myanmar}\u200B\u200C\u200D]+")
_SAMPLE = 20_000
_transliterating = threading.Lock()


def is_zawgyi(text: str) -> float:
    """Return the probability that the Myanmar-script part of *text* is Zawgyi; 0.0 where there is none.

    The first 20,000 characters are weighed. Short texts without evidence stay at the prior of 5 %.
    """
    text = text[:_SAMPLE]
    if not _MYANMAR.search(text):
        return 0.0
    score = PRIOR
    for weight, pattern in _EVIDENCE:
        score += weight * sum(1 for _ in pattern.finditer(text))
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, score))))


@lru_cache(maxsize=1)
def _transliterator() -> Any:
    # Late: ICU is loaded only for the first conversion.
    icu: Any = import_module("icu")

    return icu.Transliterator.createInstance("Zawgyi-my")


def zawgyi_to_unicode(text: str) -> str:
    """Convert Zawgyi to Unicode by CLDR's transform ``my-t-my-s0-zawgyi``; other scripts pass unchanged.

    The conversion of text that is not Zawgyi destroys it: ask :func:`is_zawgyi` first.
    """
    with _transliterating:  # an ICU transliterator keeps state while it works
        return _RUN.sub(lambda match: str(_transliterator().transliterate(match[0])), text)


@dataclass(frozen=True, slots=True)
class EncodingNotice:
    """A text that is probably not what it seems; the reader decides.

    Attributes:
        code: stable identifier, ``"text.zawgyi"``.
        probability: 0 to 1.
        proposal: the text as it would be after conversion.
        message: English template, translatable, with ``{percent}``.
    """

    code: ClassVar[str] = "text.zawgyi"
    message: ClassVar[str] = gettext_noop(
        "This Burmese text looks like Zawgyi ({percent} % sure). Most devices cannot show or find it. "
        "Compare it with the converted text and choose one."
    )
    probability: float
    proposal: str

    @property
    def percent(self) -> int:
        """The probability in whole percent, never rounded up to 100."""
        return min(99, round(self.probability * 100))


def check_encoding(text: str) -> EncodingNotice | None:
    """Return a warning with a converted proposal where *text* is Zawgyi with at least 95 % probability."""
    probability = is_zawgyi(text)
    if probability < THRESHOLD:
        return None
    return EncodingNotice(probability=probability, proposal=zawgyi_to_unicode(text))
