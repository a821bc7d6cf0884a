"""Languages, scripts and translated texts.

Knows no Django. The names below are the part's public interface; each is loaded when it is first asked for, so that
importing this package costs nothing, and ICU and CLDR data are read only by what needs them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from heirloom.text.collation import collation_key, collation_locale, collation_version
    from heirloom.text.folding import fold, index_version
    from heirloom.text.highlight import Segment, highlight, snippet
    from heirloom.text.languages import (
        InvalidLanguageTag,
        autonym,
        canonical,
        direction,
        display_name,
        fallback_chain,
        is_well_formed,
        primary,
        same_language,
        script_of,
    )
    from heirloom.text.scripts import detect_script, graphemes, script_counts, truncate
    from heirloom.text.search import (
        FTS5_PREFIX,
        FTS5_TOKENIZE,
        index_text,
        query_fts5,
        query_tsquery,
        search_tokens,
    )
    from heirloom.text.translated import (
        InvalidTranslated,
        KeepsHumanText,
        Origin,
        Text,
        TextTooLong,
        Translated,
    )
    from heirloom.text.zawgyi import EncodingNotice, check_encoding, is_zawgyi, zawgyi_to_unicode

__all__ = [
    "FTS5_PREFIX",
    "FTS5_TOKENIZE",
    "EncodingNotice",
    "InvalidLanguageTag",
    "InvalidTranslated",
    "KeepsHumanText",
    "Origin",
    "Segment",
    "Text",
    "TextTooLong",
    "Translated",
    "autonym",
    "canonical",
    "check_encoding",
    "collation_key",
    "collation_locale",
    "collation_version",
    "detect_script",
    "direction",
    "display_name",
    "fallback_chain",
    "fold",
    "graphemes",
    "highlight",
    "index_text",
    "index_version",
    "is_well_formed",
    "is_zawgyi",
    "primary",
    "query_fts5",
    "query_tsquery",
    "same_language",
    "script_counts",
    "script_of",
    "search_tokens",
    "snippet",
    "truncate",
    "zawgyi_to_unicode",
]

_MODULES = {
    "collation": ("collation_key", "collation_locale", "collation_version"),
    "folding": ("fold", "index_version"),
    "highlight": ("Segment", "highlight", "snippet"),
    "languages": (
        "InvalidLanguageTag",
        "autonym",
        "canonical",
        "direction",
        "display_name",
        "fallback_chain",
        "is_well_formed",
        "primary",
        "same_language",
        "script_of",
    ),
    "scripts": ("detect_script", "graphemes", "script_counts", "truncate"),
    "search": ("FTS5_PREFIX", "FTS5_TOKENIZE", "index_text", "query_fts5", "query_tsquery", "search_tokens"),
    "translated": ("InvalidTranslated", "KeepsHumanText", "Origin", "Text", "TextTooLong", "Translated"),
    "zawgyi": ("EncodingNotice", "check_encoding", "is_zawgyi", "zawgyi_to_unicode"),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Load the module of a public name on first use (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names."""
    return __all__
