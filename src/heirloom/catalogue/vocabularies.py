"""What may stand in a described item: rights, labels, roles, identifiers of languages and terms.

Sources: RightsStatements.org 1.0; Creative Commons; Local Contexts labels; MARC relators; Getty Art & Architecture
Thesaurus addresses (http://vocab.getty.edu/aat/); ISO 639-3; Glottolog.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from heirloom.errors import HeirloomError, gettext_noop

from .vocabulary.labels import LABELS
from .vocabulary.roles import ROLES
from .vocabulary.statements import (
    CC0,
    LICENCE_VERSIONS,
    LICENCES,
    PUBLIC_DOMAIN_MARK,
    RIGHTS_STATEMENTS,
)


class InvalidTerm(HeirloomError):
    """An identifier does not have the shape that its scheme demands."""

    code = "vocabulary.invalid"
    message = gettext_noop("{value} is not a valid identifier of the kind {scheme}.")
    kept = gettext_noop("Nothing was changed.")


class UnknownRights(HeirloomError):
    """An address is no rights statement or licence that we know."""

    code = "rights.unknown"
    message = gettext_noop(
        "{value} is not a statement of RightsStatements.org or a licence of Creative Commons. Choose one from the list."
    )
    kept = gettext_noop("Nothing was changed.")


class UnknownLabel(HeirloomError):
    """There is no such TK or BC label."""

    code = "label.unknown"
    message = gettext_noop("There is no Local Contexts label {value}.")
    kept = gettext_noop("Nothing was changed.")


class UnknownRole(HeirloomError):
    """There is no such role in our list of relators."""

    code = "role.unknown"
    message = gettext_noop("There is no role {value}.")
    kept = gettext_noop("Nothing was changed.")


@dataclass(frozen=True, slots=True)
class Statement:
    """A rights statement or licence.

    Attributes:
        uri: its canonical address, the value of ``Item.rights``.
        code: short name for people and facets (``InC``, ``CC BY 4.0``).
        name: English name, marked for translation (licence versions are not part of it).
        share, adapt, sell: what it allows anybody; None where it does not say.
        attribute, share_alike: what it demands.
        free: public domain, or a licence that lets everybody share, adapt and sell.
    """

    uri: str
    code: str
    name: str
    share: bool | None
    adapt: bool | None
    sell: bool | None
    attribute: bool = False
    share_alike: bool = False

    @property
    def free(self) -> bool:
        return bool(self.share and self.adapt and self.sell)


@dataclass(frozen=True, slots=True)
class LabelKind:
    """A TK or BC label: its code, group (provenance, protocol, permission), English name and explanation."""

    code: str
    group: str
    name: str
    explanation: str

    @property
    def slug(self) -> str:
        """The code for addresses and file names (``tk-a``)."""
        return self.code.lower().replace(" ", "-")


def _statements() -> dict[str, Statement]:
    found = [
        Statement(f"http://rightsstatements.org/vocab/{code}/1.0/", code, name, *allows)
        for code, name, allows in RIGHTS_STATEMENTS
    ]
    found.append(Statement(CC0, "CC0", gettext_noop("Public Domain Dedication"), True, True, True))
    found.append(Statement(PUBLIC_DOMAIN_MARK, "PDM", gettext_noop("Public Domain Mark"), True, True, True))
    found.extend(
        _licence(f"https://creativecommons.org/licenses/{licence}/4.0/", licence, "4.0")
        for licence in LICENCES
    )
    return {statement.uri: statement for statement in found}


def _licence(uri: str, licence: str, version: str, port: str = "") -> Statement:
    parts = licence.split("-")
    code = f"CC {licence.upper()} {version}{' ' + port.upper() if port else ''}"
    return Statement(
        uri, code, LICENCES[licence], True, "nd" not in parts, "nc" not in parts, True, "sa" in parts
    )


STATEMENTS: Final[Mapping[str, Statement]] = MappingProxyType(_statements())
"""The statements that are offered, by address: RightsStatements.org, CC0, PDM and the current licences."""

LABEL_KINDS: Final[Mapping[str, LabelKind]] = MappingProxyType(
    {code: LabelKind(code, group, name, explanation) for code, group, name, explanation in LABELS}
)
"""The TK and BC labels by code."""

RELATORS: Final[Mapping[str, str]] = MappingProxyType(ROLES)
"""English names of roles by MARC relator code."""

_RIGHTS_STATEMENT = re.compile(
    r"https?://(?:www\.)?rightsstatements\.org/(?:vocab|page)/([A-Za-z-]+)/1\.0/?(?:\?.*)?"
)
_CREATIVE_COMMONS = re.compile(
    r"https?://(?:www\.)?creativecommons\.org/"
    r"(?:(?P<tool>publicdomain/(?:zero|mark))|licenses/(?P<licence>[a-z-]+))/(?P<version>[0-9.]+)"
    r"(?:/(?P<port>[a-z]{2,4}|igo))?/?(?:(?:deed|legalcode)(?:\.[A-Za-z_-]+)?)?"
)


def statement(uri: str) -> Statement:
    """Return the statement or licence at *uri*, however it is written (http, ``/deed.fr``, no final slash).

    Older versions and ported licences of Creative Commons are known too.

    Raises:
        UnknownRights: it is none of them.
    """
    if uri in STATEMENTS:
        return STATEMENTS[uri]
    if found := _RIGHTS_STATEMENT.fullmatch(uri):
        canonical = f"http://rightsstatements.org/vocab/{found[1]}/1.0/"
        if canonical in STATEMENTS:
            return STATEMENTS[canonical]
    if found := _CREATIVE_COMMONS.fullmatch(uri):
        if found["tool"] and found["version"] == "1.0":
            return STATEMENTS[f"https://creativecommons.org/{found['tool']}/1.0/"]
        licence, version, port = found["licence"], found["version"], found["port"] or ""
        if licence in LICENCES and version in LICENCE_VERSIONS and (not port or version != "4.0"):
            end = f"{port}/" if port else ""
            return _licence(
                f"https://creativecommons.org/licenses/{licence}/{version}/{end}", licence, version, port
            )
    raise UnknownRights(value=uri)


def check_rights(uri: str) -> str:
    """Return the canonical address of a statement or licence; empty stays empty. Raises UnknownRights."""
    return statement(uri).uri if uri else ""


def check_label(code: str) -> str:
    """Return the label's code as Local Contexts writes it (``tk-a`` becomes ``TK A``). Raises UnknownLabel."""
    written = code.strip().upper().replace("-", " ").replace("_", " ")
    if written not in LABEL_KINDS:
        raise UnknownLabel(value=code)
    return written


def check_role(code: str) -> str:
    """Return *code* when it is one of :data:`RELATORS`. Raises UnknownRole."""
    if code not in RELATORS:
        raise UnknownRole(value=code)
    return code


_LANGUAGE = re.compile(r"[a-z]{3}|[a-z0-9]{4}[0-9]{4}")
"""ISO 639-3, or a Glottocode: four letters or digits and four digits."""
_OTHER = re.compile(r"\w[\w\u0300-\u036f\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff.:-]{0,79}")
"""A code of one's own. ``\\w`` leaves out the vowel signs of scripts of the region, so they are named."""
_AAT = re.compile(r"(?:https?://vocab\.getty\.edu/(?:page/)?aat/|aat:)(3[0-9]{8})")


def check_term(scheme: str, code: str, uri: str = "") -> tuple[str, str]:
    """Return a term's code and address in canonical form.

    Args:
        scheme: one of ``Term.Scheme``.
        code: an ISO 639-3 code or Glottocode for languages; for the others a Getty AAT identifier
            (``aat:300011443`` or its address) or the installation's own short code, in any script.
        uri: the term's address; for a language and an AAT term it follows from the code when empty.

    Raises:
        InvalidTerm: the shape is wrong.
    """
    if scheme == "language":
        if not _LANGUAGE.fullmatch(code):
            raise InvalidTerm(value=repr(code), scheme=scheme)
        if not uri:
            glottolog = f"https://glottolog.org/resource/languoid/id/{code}"
            uri = glottolog if len(code) == 8 else f"http://id.loc.gov/vocabulary/iso639-3/{code}"
        return code, uri
    if found := _AAT.fullmatch(code) or _AAT.fullmatch(uri):
        return f"aat:{found[1]}", f"http://vocab.getty.edu/aat/{found[1]}"
    if code.startswith("aat:") or not _OTHER.fullmatch(code):
        raise InvalidTerm(value=repr(code), scheme=scheme)
    return code, uri


def aat(uri: str) -> str:
    """Return the number of a Getty AAT term from its address or ``aat:`` code. Raises InvalidTerm."""
    found = _AAT.fullmatch(uri)
    if found is None:
        raise InvalidTerm(value=repr(uri), scheme="aat")
    return found[1]
