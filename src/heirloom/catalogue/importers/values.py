"""Single values as sources write them: texts, dates in words, rights, yes and no, numbers."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from functools import lru_cache
from typing import Literal

from heirloom.catalogue import dates, vocabularies
from heirloom.catalogue.vocabulary.statements import CC0
from heirloom.text import Text, Translated
from heirloom.text.languages import InvalidLanguageTag, canonical

Origin = Literal["human", "machine", "reviewed"]

UNDETERMINED = "und"
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufeff\ud800-\udfff\ufffe\uffff]")


def clean(value: str) -> str:
    """The text without characters that nobody can keep (controls, halves of surrogate pairs) and blanks around it.

    Its Unicode form stays as it is: :class:`heirloom.text.Text` normalises, and keeps what was received.
    """
    if value.isascii() and value.isprintable():
        return value.strip()
    value = value.replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROL.sub("", value).strip()


def folded(value: str) -> str:
    """The text as maps and vocabularies are looked up: NFC, without case."""
    return unicodedata.normalize("NFC", clean(value)).casefold()


def text(value: str, language: str = "", origin: Origin = "human") -> Translated:
    """One text in one language; without a language it is undetermined (``und``). Blank gives no text at all."""
    value = clean(value)
    return Translated({language or UNDETERMINED: Text(value, origin)}) if value else Translated()


@lru_cache(maxsize=1024)
def language_tag(value: str) -> str:
    """The canonical tag, or ``und`` where *value* is none."""
    try:
        return canonical(value.strip()) if value.strip() else UNDETERMINED
    except InvalidLanguageTag:
        return UNDETERMINED


_TRUE = {"1", "true", "yes", "y", "x", "on"}
_FALSE = {"0", "false", "no", "n", "off", "-"}


def flag(value: str) -> bool | None:
    """Yes, no, or None where the value is neither."""
    folded = value.strip().casefold()
    return True if folded in _TRUE else False if folded in _FALSE else None


def number(value: str) -> float | None:
    """A finite number with a point or a comma before its fraction; None where it is none."""
    try:
        found = float(value.strip().replace(",", "."))
    except ValueError:
        return None
    return found if abs(found) < 1e300 else None


# --- rights ---------------------------------------------------------------------------------------------------------

_CC_NAME = re.compile(r"cc[ -]?(?P<name>by(?:[ -](?:nc|sa|nd))*)[ -]v?(?P<version>[1-4]\.\d)", re.IGNORECASE)
_BY_CODE = {statement.code.casefold(): uri for uri, statement in vocabularies.STATEMENTS.items()}


@lru_cache(maxsize=1024)
def rights_uri(value: str) -> str:
    """The canonical address of a Creative Commons or RightsStatements.org statement, or an empty text.

    Addresses in any of their spellings, and names such as ``CC BY-SA 4.0``, ``CC0`` and ``InC`` are understood.
    """
    value = value.strip()
    if known := _BY_CODE.get(value.casefold()):
        return known
    if re.fullmatch(r"cc[ -]?0(?:[ -]1\.0)?", value, re.IGNORECASE):
        return CC0
    if match := _CC_NAME.fullmatch(value):
        name = match["name"].lower().replace(" ", "-")
        value = f"https://creativecommons.org/licenses/{name}/{match['version']}/"
    if value.startswith(("creativecommons.org/", "rightsstatements.org/", "www.")):
        value = f"https://{value}"
    try:
        return vocabularies.statement(value).uri
    except vocabularies.UnknownRights:
        return ""


# --- codes -----------------------------------------------------------------------------------------------------------

_NO_CODE = re.compile(r"[^\w\u0300-\u036f\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff.:]+")


@lru_cache(maxsize=65536)
def term_code(label: str) -> str:
    """A code made from a label, in its own script: ``Oil on canvas`` is ``oil-on-canvas``; at most 80 characters."""
    code = _NO_CODE.sub("-", folded(label)).strip("-.:")
    return code if len(code) <= 80 else shortened(code, 80)


def shortened(code: str, limit: int) -> str:
    """A code cut to *limit* characters that stays different for different codes."""
    return (
        code
        if len(code) <= limit
        else f"{code[: limit - 13]}-{hashlib.sha512(code.encode()).hexdigest()[:12]}"
    )


@lru_cache(maxsize=4096)
def language_code(value: str) -> str:
    """The ISO 639-3 code or Glottocode that *value* means (``lo``, ``lao``, ``lo-LA``, ``laoo1244``, a Glottolog or
    Library of Congress address), or an empty text."""
    value = value.strip().rstrip("/").rpartition("/")[2].lower()
    if re.fullmatch(r"[a-z0-9]{4}[0-9]{4}|[a-z]{3}", value):
        return _BIBLIOGRAPHIC.get(value, value)
    tag = language_tag(value)
    if tag == UNDETERMINED or tag.startswith(("x-", "i-")):
        return ""
    import icu  # large; only where a two-letter code has to be looked up

    found = str(icu.Locale(tag.partition("-")[0]).getISO3Language())  # type: ignore[attr-defined]
    return found if len(found) == 3 else ""


#: ISO 639-2/B codes, as library records write them, that differ from ISO 639-3 (loc.gov/standards/iso639-2).
_BIBLIOGRAPHIC = {
    "alb": "sqi", "arm": "hye", "baq": "eus", "bur": "mya", "chi": "zho", "cze": "ces", "dut": "nld", "fre": "fra",
    "geo": "kat", "ger": "deu", "gre": "ell", "ice": "isl", "mac": "mkd", "mao": "mri", "may": "msa", "per": "fas",
    "rum": "ron", "slo": "slk", "tib": "bod", "wel": "cym",
}  # fmt: skip


# --- dates in words --------------------------------------------------------------------------------------------------

_ABOUT = re.compile(
    r"^\s*(?:circa|ca\.?|c\.?|about|around|approx(?:\.|imately)?|约|約|ประมาณ|ປະມານ|khoảng)\s*", re.IGNORECASE
)
_YEARS = re.compile(r"^(\d{3,4})\s*(?:[-–—/]|to|until)\s*(?:c\.?\s*)?(\d{2}|\d{4})$")
_DECADE = re.compile(r"^(\d{3})0['’]?s$")
_CENTURY = re.compile(r"^(\d{1,2})(?:st|nd|rd|th)?\s+century$", re.IGNORECASE)
_HAN_CENTURY = re.compile(r"^(\d{1,2})\s*世[纪紀]$")
_HAN_DATE = re.compile(r"^(\d{3,4})\s*年(?:\s*(\d{1,2})\s*月(?:\s*(\d{1,2})\s*日)?)?$")
_BUDDHIST = re.compile(r"^(?:พ\.?\s*ศ\.?|ພ\.?\s*ສ\.?|b\.?\s*e\.?|ព\.?\s*ស\.?)\s*(\d{4})$", re.IGNORECASE)
_BEFORE = re.compile(r"^(\d{1,4})\s*(?:bc|bce|b\.c\.)$", re.IGNORECASE)
_BUDDHIST_ERA = 543


def _western_digits(value: str) -> str:
    return "".join(
        str(unicodedata.digit(sign)) if sign.isdigit() and not sign.isascii() else sign for sign in value
    )


@lru_cache(maxsize=8192)
def edtf(value: str) -> str:
    """The EDTF date that *value* says in words or digits, or an empty text where that would be a guess.

    Understood: EDTF itself, years and spans of years (``1785-90``), decades, centuries, ``c.`` and ``?``, years before
    Christ, Chinese dates, and Buddhist years (``พ.ศ. 2480`` is 1937). Dates such as ``03/04/1937`` are left alone:
    nobody can know which number is the month.
    """
    value = value.strip()
    if not value:
        return ""
    if dates.is_valid(value):
        return value
    doubtful = value.startswith("?") or value.endswith(("?", "(?)"))
    core = _western_digits(value).removeprefix("?").removesuffix("(?)").removesuffix("?").strip()
    about = _ABOUT.match(core)
    if about and about.end():
        core = core[about.end() :]
    mark = "%" if doubtful and about else "?" if doubtful else "~" if about else ""
    found = _simple(core, mark)
    return found if found and dates.is_valid(found) else ""


def _simple(core: str, mark: str) -> str:  # one line a form
    if re.fullmatch(r"\d{3,4}", core):
        return f"{int(core):04d}{mark}"
    if match := _YEARS.match(core):
        start, end = match[1], match[2]
        end = start[: len(start) - 2] + end if len(end) == 2 else end
        return f"{int(start):04d}{mark}/{int(end):04d}{mark}"
    if match := _DECADE.match(core):
        return f"{match[1]}X{mark}"
    if (match := _CENTURY.match(core) or _HAN_CENTURY.match(core)) and 1 <= int(match[1]) <= 21:
        return f"{int(match[1]) - 1:02d}XX{mark}"
    if match := _HAN_DATE.match(core):
        return (
            "-".join([f"{int(match[1]):04d}", *(f"{int(part):02d}" for part in match.groups()[1:] if part)])
            + mark
        )
    if match := _BUDDHIST.match(core):
        return f"{int(match[1]) - _BUDDHIST_ERA:04d}{mark}"
    if match := _BEFORE.match(core):
        year = 1 - int(match[1])
        return f"-{-year:04d}{mark}" if year < 0 else f"0000{mark}"
    return ""


def year_range(start: str, end: str) -> str:
    """EDTF from a first and a last year; one year where they are the same, empty where neither is a year."""
    years = [
        int(year) for part in (start, end) if (year := part.strip()) and re.fullmatch(r"-?\d{1,5}", year)
    ]
    if not years:
        return ""
    written = [f"-{-year:04d}" if year < 0 else f"{year:04d}" for year in sorted(years)]
    found = written[0] if written[0] == written[-1] else "/".join(written)
    return found if dates.is_valid(found) else ""
