"""Language tags: well-formedness, canonical case, fallback, script, direction and names.

Tags follow BCP 47 (RFC 5646 for syntax, RFC 4647 for fallback). A tag is checked for form, not against a list
of known languages: small languages, private-use codes (``qaa`` to ``qtz``, ``x-...``) and codes that are newer
than this program are as welcome as any other. Likely scripts and names come from CLDR through Babel, which is
loaded only when a name or a likely script is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import ClassVar, Literal

from heirloom.errors import HeirloomError, gettext_noop
from heirloom.text.language_names import AUTONYMS, ENGLISH_NAMES, SCRIPTS

Direction = Literal["ltr", "rtl"]

MAX_TAG_LENGTH = 100
UNKNOWN_SCRIPT = "Zzzz"

# RFC 5646, section 2.1. Irregular grandfathered tags are looked up before this pattern is tried.
_TAG = re.compile(
    r"""
    (?:
      (?P<language>[a-z]{2,3}(?P<extlang>(?:-[a-z]{3}){0,3})|[a-z]{4}|[a-z]{5,8})
      (?:-(?P<script>[a-z]{4}))?
      (?:-(?P<region>[a-z]{2}|[0-9]{3}))?
      (?P<variants>(?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*)
      (?P<extensions>(?:-[0-9a-wy-z](?:-[a-z0-9]{2,8})+)*)
      (?:-(?P<private>x(?:-[a-z0-9]{1,8})+))?
    | (?P<only_private>x(?:-[a-z0-9]{1,8})+)
    )
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
_EXTENSION = re.compile(r"-([0-9a-wy-z])((?:-[a-z0-9]{2,8})+)", re.ASCII)

# IANA Language Subtag Registry: grandfathered tags with their preferred value, or themselves where there is none.
_GRANDFATHERED = {
    "art-lojban": "jbo",
    "cel-gaulish": "cel-gaulish",
    "en-gb-oed": "en-GB-oxendict",
    "i-ami": "ami",
    "i-bnn": "bnn",
    "i-default": "i-default",
    "i-enochian": "i-enochian",
    "i-hak": "hak",
    "i-klingon": "tlh",
    "i-lux": "lb",
    "i-mingo": "i-mingo",
    "i-navajo": "nv",
    "i-pwn": "pwn",
    "i-tao": "tao",
    "i-tay": "tay",
    "i-tsu": "tsu",
    "no-bok": "nb",
    "no-nyn": "nn",
    "sgn-be-fr": "sfb",
    "sgn-be-nl": "vgt",
    "sgn-ch-de": "sgg",
    "zh-guoyu": "cmn",
    "zh-hakka": "hak",
    "zh-min": "zh-min",
    "zh-min-nan": "nan",
    "zh-xiang": "hsn",
}
# The registry's deprecated two-letter languages. Its other deprecations merge or split living languages and are
# left as the writer gave them.
_DEPRECATED = {"in": "id", "iw": "he", "ji": "yi", "jw": "jv", "mo": "ro"}
# One language under an individual code and under the code of its macrolanguage (CLDR's alias).
_SAME_LANGUAGE = {"cmn": "zh"}

_RIGHT_TO_LEFT = frozenset(
    [
        "Adlm",
        "Arab",
        "Aran",
        "Armi",
        "Avst",
        "Chrs",
        "Cprt",
        "Elym",
        "Gara",
        "Hatr",
        "Hebr",
        "Hung",
        "Khar",
        "Lydi",
        "Mand",
        "Mani",
        "Mend",
        "Merc",
        "Mero",
        "Narb",
        "Nbat",
        "Nkoo",
        "Orkh",
        "Ougr",
        "Palm",
        "Phli",
        "Phlp",
        "Phnx",
        "Prti",
        "Rohg",
        "Samr",
        "Sarb",
        "Sidt",
        "Sogd",
        "Sogo",
        "Syrc",
        "Syre",
        "Syrj",
        "Syrn",
        "Thaa",
        "Yezi",
    ]
)


class InvalidLanguageTag(HeirloomError):
    """The tag is not well-formed by BCP 47."""

    code: ClassVar[str] = "text.language-tag"
    message: ClassVar[str] = gettext_noop(
        "“{tag}” is not a language tag. Write it like “lo”, “zh-Hant” or “x-village”."
    )
    kept: ClassVar[str] = gettext_noop("Nothing was changed.")


@lru_cache(maxsize=4096)
def canonical(tag: str) -> str:
    """Return *tag* in the canonical form of RFC 5646, section 4.5 (case, order of extensions, preferred values).

    An underscore is read as a hyphen, because POSIX and CLDR write it so. Extended-language subtags become the
    primary language (``zh-yue`` is ``yue``), grandfathered and deprecated two-letter codes their replacement.

    Raises:
        InvalidLanguageTag: the tag is not well-formed, repeats a variant or an extension, or is longer than 100.
    """
    lowered = tag.replace("_", "-").lower() if tag.isascii() else ""
    if lowered in _GRANDFATHERED:
        return _GRANDFATHERED[lowered]
    match = _TAG.fullmatch(lowered) if len(lowered) <= MAX_TAG_LENGTH else None
    if match is None:
        raise InvalidLanguageTag(tag=tag[:MAX_TAG_LENGTH])
    if match["only_private"]:
        return match["only_private"]
    variants = match["variants"].split("-")[1:]
    extensions = _EXTENSION.findall(match["extensions"])
    if len(set(variants)) < len(variants) or len({singleton for singleton, _ in extensions}) < len(
        extensions
    ):
        raise InvalidLanguageTag(tag=tag)
    if match["extlang"]:
        language = match["extlang"].split("-")[1]
    else:
        language = _DEPRECATED.get(match["language"], match["language"])
    parts = [language]
    if match["script"]:
        parts.append(match["script"].title())
    if match["region"]:
        parts.append(match["region"].upper())
    parts += variants
    parts += [singleton + rest for singleton, rest in sorted(extensions)]
    if match["private"]:
        parts.append(match["private"])
    return "-".join(parts)


def is_well_formed(tag: str) -> bool:
    """Say whether :func:`canonical` accepts *tag*."""
    try:
        canonical(tag)
    except InvalidLanguageTag:
        return False
    return True


@lru_cache(maxsize=4096)
def _core(tag: str) -> tuple[str, str, str]:
    """Language, script and region of *tag*, empty where it names none (all empty for ``x-...`` and ``i-...``)."""
    match = _TAG.fullmatch(canonical(tag))
    if match is None or match["only_private"]:
        return "", "", ""
    return match["language"], match["script"] or "", match["region"] or ""


def primary(tag: str) -> str:
    """Return the primary language of *tag*; a private-use or grandfathered tag is its own."""
    language, _, _ = _core(tag)
    return language or canonical(tag)


def _cldr_likely_script(language: str, region: str) -> str:
    # Late: Babel's tables are read only when a tag without a script meets us.
    from babel.core import get_global

    likely: dict[str, str] = get_global("likely_subtags")  # type: ignore[assignment]
    for key in (f"{language}_{region}", language) if region else (language,):
        for part in likely.get(key, "").split("_")[1:]:
            if len(part) == 4 and part.isalpha():
                return part
    return ""


@lru_cache(maxsize=4096)
def script_of(tag: str) -> str:
    """Return the ISO 15924 script that texts in *tag* are written in.

    The script named in the tag, else the likely one (CLDR likely subtags, and a small table for languages that
    CLDR does not know), else ``Zzzz``.
    """
    language, script, region = _core(tag)
    if script:
        return script
    if not language:
        return UNKNOWN_SCRIPT
    language = _SAME_LANGUAGE.get(language, language)
    return SCRIPTS.get(language) or _cldr_likely_script(language, region) or UNKNOWN_SCRIPT


def direction(tag: str) -> Direction:
    """Return the writing direction of *tag*'s script, for the ``dir`` attribute."""
    return "rtl" if script_of(tag) in _RIGHT_TO_LEFT else "ltr"


@lru_cache(maxsize=4096)
def _chain(tag: str) -> tuple[str, ...]:
    tag = canonical(tag)
    language, script, region = _core(tag)
    chain: list[str] = []
    rest = tag
    while rest:
        chain.append(rest)
        rest = rest.rpartition("-")[0]
        while (
            len(rest.rpartition("-")[2]) == 1 and "-" in rest
        ):  # RFC 4647, 3.4: a singleton goes with what follows it
            rest = rest.rpartition("-")[0]
    if not language:
        return (tag,)
    if not script and (likely := script_of(tag)) != UNKNOWN_SCRIPT:
        with_region = [f"{language}-{likely}-{region}"] if region else []
        chain[-1:-1] = [*with_region, f"{language}-{likely}"] if region else []
        if not region:
            chain.append(f"{language}-{likely}")
    if language in _SAME_LANGUAGE:
        same = _SAME_LANGUAGE[language]
        chain += [same + other[len(language) :] for other in chain]
    return tuple(dict.fromkeys(chain))


def fallback_chain(tag: str, defaults: Sequence[str] = ()) -> list[str]:
    """Return the tags to try for a reader of *tag*, best first.

    The tag, then its truncations (RFC 4647 lookup) with the likely script made explicit where the tag leaves it
    out: ``zh-HK`` gives ``zh-HK, zh-Hant-HK, zh-Hant, zh``. Never another language, however near: what comes
    after the reader's own language is the caller's decision, given as *defaults* (each with its own chain).

    Raises:
        InvalidLanguageTag: a tag is not well-formed.
    """
    chain = list(_chain(tag))
    for default in defaults:
        chain += _chain(default)
    return list(dict.fromkeys(chain))


def same_language(one: str, other: str) -> bool:
    """Say whether two tags name the same language, whatever their script, region or variant."""
    first, second = primary(one), primary(other)
    return _SAME_LANGUAGE.get(first, first) == _SAME_LANGUAGE.get(second, second)


@lru_cache(maxsize=2048)
def _cldr_name(tag: str, in_language: str) -> str:
    """CLDR's name of *tag* in *in_language*, or an empty string where CLDR has none in that very language."""
    # Late: a locale's data is read from disk only when a name is asked for.
    from babel import Locale, UnknownLocaleError

    locale = None
    for candidate in _chain(in_language):
        try:
            locale = Locale.parse("_".join(part for part in _core(candidate) if part))
            break
        except (UnknownLocaleError, ValueError):
            continue
    if locale is None:
        return ""
    language, script, region = _core(tag)
    language = _SAME_LANGUAGE.get(language, language)
    whole = (f"{language}_{script}_{region}", f"{language}_{region}") if region else ()
    for key, rest in (
        *((key, ("", "")) for key in whole),
        (f"{language}_{script}", ("", region)),
        (language, (script, region)),
    ):
        name = locale.languages.get(key)
        if name:
            details = [locale.scripts.get(rest[0], rest[0]), locale.territories.get(rest[1], rest[1])]
            return _with_details(str(name), details)
    return ""


def _with_details(name: str, details: Sequence[str]) -> str:
    told = [detail for detail in details if detail]
    return f"{name} ({', '.join(told)})" if told else name


def autonym(tag: str) -> str:
    """Return the name of a language in that language itself (``lo`` gives ``ລາວ``).

    CLDR's name; a table of our own for languages that CLDR does not name; else the English name; else the tag.
    """
    language, script, region = _core(tag)
    if name := AUTONYMS.get(canonical(tag)):
        return name
    if name := _cldr_name(tag, tag):
        return name
    if name := AUTONYMS.get(language):
        return _with_details(name, (script, region))
    return display_name(tag, "en")


def display_name(tag: str, in_language: str) -> str:
    """Return the name of *tag* for a reader of *in_language*.

    CLDR's name in that language, else the language's name in itself, else its English name, else the tag. The
    English name is kept for readers of English because a name in a foreign script would not help them.
    """
    if name := _cldr_name(tag, in_language):
        return name
    language, script, region = _core(tag)
    own = AUTONYMS.get(canonical(tag)) or _cldr_name(tag, tag) or AUTONYMS.get(language, "")
    english = _cldr_name(tag, "en") or _with_details(ENGLISH_NAMES.get(language, ""), (script, region))
    if not ENGLISH_NAMES.get(language) and not _cldr_name(tag, "en"):
        english = ""
    first, second = (english, own) if primary(in_language) == "en" else (own, english)
    return first or second or canonical(tag)
