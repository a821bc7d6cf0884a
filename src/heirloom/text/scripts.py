"""Scripts and grapheme clusters by Unicode property."""

from __future__ import annotations

from typing import Final

import regex

UNKNOWN_SCRIPT: Final = "Zyyy"

# ISO 15924 code -> Unicode property value. Every script of Unicode that a text of a living or documented
# culture is likely to be in; the region's scripts first because detection stops at the first that covers a text.
_SCRIPTS: Final[dict[str, str]] = {
    "Latn": "Latin",
    "Hani": "Han",
    "Laoo": "Lao",
    "Thai": "Thai",
    "Khmr": "Khmer",
    "Mymr": "Myanmar",
    "Lana": "Tai_Tham",
    "Tale": "Tai_Le",
    "Talu": "New_Tai_Lue",
    "Tavt": "Tai_Viet",
    "Tibt": "Tibetan",
    "Yiii": "Yi",
    "Lisu": "Lisu",
    "Plrd": "Miao",
    "Hmng": "Pahawh_Hmong",
    "Hmnp": "Nyiakeng_Puachue_Hmong",
    "Kali": "Kayah_Li",
    "Rohg": "Hanifi_Rohingya",
    "Cham": "Cham",
    "Nshu": "Nushu",
    "Hira": "Hiragana",
    "Kana": "Katakana",
    "Bopo": "Bopomofo",
    "Hang": "Hangul",
    "Cyrl": "Cyrillic",
    "Grek": "Greek",
    "Arab": "Arabic",
    "Hebr": "Hebrew",
    "Deva": "Devanagari",
    "Beng": "Bengali",
    "Guru": "Gurmukhi",
    "Gujr": "Gujarati",
    "Orya": "Oriya",
    "Taml": "Tamil",
    "Telu": "Telugu",
    "Knda": "Kannada",
    "Mlym": "Malayalam",
    "Sinh": "Sinhala",
    "Mtei": "Meetei_Mayek",
    "Olck": "Ol_Chiki",
    "Sund": "Sundanese",
    "Java": "Javanese",
    "Bali": "Balinese",
    "Batk": "Batak",
    "Bugi": "Buginese",
    "Rjng": "Rejang",
    "Tglg": "Tagalog",
    "Hano": "Hanunoo",
    "Buhd": "Buhid",
    "Tagb": "Tagbanwa",
    "Mong": "Mongolian",
    "Phag": "Phags_Pa",
    "Limb": "Limbu",
    "Lepc": "Lepcha",
    "Newa": "Newa",
    "Ahom": "Ahom",
    "Cakm": "Chakma",
    "Armn": "Armenian",
    "Geor": "Georgian",
    "Ethi": "Ethiopic",
    "Syrc": "Syriac",
    "Thaa": "Thaana",
    "Nkoo": "Nko",
    "Adlm": "Adlam",
    "Vaii": "Vai",
    "Tfng": "Tifinagh",
    "Cher": "Cherokee",
    "Cans": "Canadian_Aboriginal",
    "Ogam": "Ogham",
    "Runr": "Runic",
    "Copt": "Coptic",
    "Goth": "Gothic",
    "Egyp": "Egyptian_Hieroglyphs",
    "Xsux": "Cuneiform",
    "Tang": "Tangut",
    "Brai": "Braille",
}
_GROUPS = regex.compile("|".join(f"(?P<{code}>\\p{{Script={name}}}+)" for code, name in _SCRIPTS.items()))
_CLUSTER = regex.compile(r"\X")

_SAMPLE = 20_000


def script_counts(text: str) -> dict[str, int]:
    """Count the characters of each script (ISO 15924) in the first 20,000 characters of *text*, most first.

    Digits, punctuation, spaces and marks shared between scripts belong to none and are not counted.
    """
    counts: dict[str, int] = {}
    for match in _GROUPS.finditer(text[:_SAMPLE]):
        code = match.lastgroup or UNKNOWN_SCRIPT
        counts[code] = counts.get(code, 0) + match.end() - match.start()
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def detect_script(text: str) -> str:
    """Return the ISO 15924 code of the script that most letters of *text* are in.

    Japanese and Korean mixtures are named as such: ``Jpan`` where kana stand among Han, ``Kore`` where Hangul
    do. ``Zyyy`` where no letter belongs to a script.
    """
    counts = script_counts(text)
    if not counts:
        return UNKNOWN_SCRIPT
    best = next(iter(counts))
    kana = counts.get("Hira", 0) + counts.get("Kana", 0)
    if best in {"Hani", "Hira", "Kana"} and kana and (kana * 10 >= counts.get("Hani", 0)):
        return "Jpan"
    if best == "Hang" or (best == "Hani" and counts.get("Hang", 0) * 10 >= counts["Hani"]):
        return "Kore"
    return best


def graphemes(text: str) -> list[str]:
    """Split *text* into extended grapheme clusters (UAX #29): what a reader takes for one character.

    The clusters joined give the text back. For length limits, truncation and cursor movement; search has its own,
    coarser clusters that do not change with the version of Unicode (see :func:`heirloom.text.search_tokens`).
    """
    return _CLUSTER.findall(text)


def truncate(text: str, clusters: int, ending: str = "…") -> str:
    """Return at most *clusters* grapheme clusters of *text*, ending in *ending* where something was left out."""
    if len(text) <= clusters:
        return text
    parts = graphemes(text)
    if len(parts) <= clusters:
        return text
    return "".join(parts[: max(clusters - 1, 0)]).rstrip() + ending
