"""Sort keys by the rules of a language (CLDR collation through ICU)."""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from typing import Any, Final

from heirloom.text.languages import canonical, fallback_chain, script_of

# A language that CLDR has no order for is sorted as the neighbour whose script it is written in.
_BY_SCRIPT: Final = {"Khmr": "km", "Laoo": "lo", "Mymr": "my", "Thai": "th", "Tibt": "dz"}


@lru_cache(maxsize=1)
def _available() -> frozenset[str]:
    # Late: ICU is loaded for the first sort only.
    icu: Any = import_module("icu")

    return frozenset(name.replace("_", "-") for name in icu.Collator.getAvailableLocales())


@lru_cache(maxsize=512)
def collation_locale(language: str) -> str:
    """Return the BCP 47 tag whose order is used for *language*; ``und`` is Unicode's default order (DUCET/CLDR root).

    The language itself where CLDR has its order (an extension such as ``-u-co-stroke`` is kept), else the language
    that leads its script, else the root: never the order of the server's own locale, which ICU would take.
    """
    tag = canonical(language)
    available = _available()
    for candidate in fallback_chain(tag):
        plain = candidate.partition("-u-")[0]
        if plain in available:
            return tag if "-u-" in tag else plain
    return _BY_SCRIPT.get(script_of(tag), "und")


@lru_cache(maxsize=64)
def _collator(locale: str, numeric: bool) -> Any:
    icu: Any = import_module("icu")

    collator = icu.Collator.createInstance(icu.Locale.forLanguageTag(locale))
    # Marks may stand in any order in what people type.
    collator.setAttribute(icu.UCollAttribute.NORMALIZATION_MODE, icu.UCollAttributeValue.ON)
    if numeric:
        collator.setAttribute(icu.UCollAttribute.NUMERIC_COLLATION, icu.UCollAttributeValue.ON)
    return collator


def collation_key(text: str, language: str, *, numeric: bool = False) -> bytes:
    """Return a key whose byte order is the order of *text* among texts for readers of *language*.

    Chinese is sorted by pinyin (``zh-Hant``: by strokes), Lao, Thai, Khmer and Burmese by their dictionaries' order.
    Keys compare only with keys of the same language and *numeric* setting, and only from one ICU version: store
    them beside :func:`collation_version`, or do not store them.

    A collator is set up once and only read afterwards, which ICU allows from several threads.

    Args:
        text: any string; lone surrogates sort as the replacement character.
        language: BCP 47 tag of the reader, not of the text.
        numeric: sort runs of digits by their value (``2`` before ``10``).

    Raises:
        InvalidLanguageTag: *language* is not well-formed.
    """
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode("utf-8")
    key: bytes = _collator(collation_locale(language), numeric).getSortKey(text)
    return key


def collation_version() -> str:
    """Name the data that keys depend on (ICU's version)."""
    icu: Any = import_module("icu")

    return str(icu.ICU_VERSION)
