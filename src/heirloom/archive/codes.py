"""The OCFL specification's validation codes, with sentences of our own that can be translated.

Source: "OCFL Validation Codes" 1.0 and 1.1. A code may be met in several ways; each way is a *case* with a
sentence (``E001-folder``), and its code is the part before the dash. Codes with no sentence cannot be met on
their own: they repeat another (E002, E045), instruct a program (E051, E087), or speak of what no file shows
(E062, E074, E089). Codes with an H are ours, for what the archive promises beyond OCFL.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from heirloom.errors import gettext_noop as _

CASES: Final[dict[str, str]] = {
    # the object's folder
    "E001": _("The object's folder holds the file {name}, which does not belong there."),
    "E001-folder": _("The object's folder holds the folder {name}, which does not belong there."),
    "E003": _("The object has no declaration file (0=ocfl_object_ and a version)."),
    "E003-several": _("The object has {count} declaration files; there must be one."),
    "E004": _("The file {name} looks like a declaration, but does not begin with 0=."),
    "E006": _("The declaration {name} names no version of OCFL that is known."),
    "E007": _(
        "The declaration {name} must hold its own name after 0= and a line end, and holds something else."
    ),
    "E008": _("The inventory lists no versions."),
    "E009": _("The versions do not begin at 1."),
    "E010": _("The versions have a gap: {name} is missing."),
    "E011": _("The version {name} has no leading zero, although the others are padded."),
    "E012": _("The versions are numbered in different ways ({name})."),
    "E013": _("The version {name} breaks with the numbering of the versions before it."),
    "E015": _("The version folder {where} holds the file {name}, which does not belong there."),
    "E017": _("contentDirectory must be a name without a slash, not {value}."),
    "E018": _("contentDirectory must not be {value}."),
    "E019": _("contentDirectory is not set alike in the first version and the newest."),
    "E020": _("contentDirectory is {value} here and {expected} in the newest version."),
    "E023": _("The file {path} is in the object, but the inventory does not list it."),
    "E023-lost": _("The file {path} is listed in an earlier inventory and no longer in this one."),
    "E024": _("The content folder holds the empty folder {path}."),
    "E025": _("digestAlgorithm must be sha512 or sha256, not {value}."),
    "E033": _("The inventory is not readable as JSON in UTF-8 ({reason})."),
    "E033-deep": _("The inventory's JSON is nested deeper than any inventory."),
    "E033-repeated": _("The inventory's JSON names {name} twice in one object."),
    "E033-shape": _("The inventory must be a JSON object."),
    "E036": _("The inventory has no {name}."),
    "E037": _("The inventory's id must be a text that is not empty."),
    "E037-other": _("The inventory's id is {value}, but the newest version's is {expected}."),
    "E038": _("The inventory's type is {value}; it should be {expected}."),
    "E040": _("The inventory's head is {value}; it should be {expected}."),
    "E041": _("The inventory has no {name}."),
    "E041-shape": _("The inventory's manifest must be a JSON object."),
    "E042": _("The content path {path} does not lead into the content folder of a version of this object."),
    "E044": _("The inventory's versions must be a JSON object."),
    "E046": _("The version {name} has no folder."),
    "E046-extra": _("The folder {name} looks like a version, but the inventory does not list it."),
    "E046-name": _("{name} is no name of a version."),
    "E047": _("What is said of version {version} must be a JSON object."),
    "E048": _("Version {version} has no {name}."),
    "E049": _("Version {version} must say when it was created, by day, second and time zone, not {value}."),
    "E050": _("Version {version} has the digest {digest}, which the manifest does not list."),
    "E050-shape": _("The state of version {version} must map digests to lists of paths."),
    "E052": _("The logical path {path} of version {version} has a part that is empty, . or .. ."),
    "E053": _("The logical path {path} of version {version} begins or ends with a slash."),
    "E054": _("The user of version {version} must have a name, as a text."),
    "E054-address": _("The address of the user of version {version} must be a text."),
    "E056": _("The fixity block names the digest algorithm {value}, which is not known."),
    "E056-shape": _("The fixity block must be a JSON object."),
    "E057": _("The fixity block for {algorithm} must map digests to lists of content paths."),
    "E057-digest": _("The fixity block for {algorithm} has {digest}, which is not a digest of that kind."),
    "E057-path": _("The fixity block for {algorithm} names {path}, which the manifest does not list."),
    "E058": _("The inventory has no sidecar {name}."),
    "E060": _("The inventory's digest is not the one in its sidecar: one of the two has changed."),
    "E061": _("The sidecar {name} must hold a digest and the name inventory.json."),
    "E063": _("The object has no inventory."),
    "E064": _("The object's inventory differs from the one in its newest version."),
    "E066": _("This inventory and the newest one disagree about the files of version {version} ({path})."),
    "E066-versions": _("This inventory knows versions that the newest one does not."),
    "E067": _("The object's extensions folder holds {name}, which is no folder."),
    "E090": _("{path} is a link or a special file; only plain files and folders can be kept."),
    "E092": _("The file {path} does not have the digest that the inventory gives: it has changed."),
    "E092-missing": _("The file {path} is missing."),
    "E092-shape": _("The manifest must map digests to lists of content paths ({digest})."),
    "E092-digest": _("The manifest has {digest}, which is not a digest of the kind {algorithm}."),
    "E093": _("The file {path} does not have the {algorithm} digest that the fixity block gives."),
    "E093-missing": _("The fixity block names the file {path}, which is missing."),
    "E094": _("The message of version {version} must be a text."),
    "E095": _("Version {version} names the file {path} twice."),
    "E095-folder": _("Version {version} has {path} as a file and as a folder."),
    "E096": _("The manifest lists the digest {digest} twice, in different case."),
    "E097": _("The fixity block for {algorithm} lists the digest {digest} twice, in different case."),
    "E099": _("The content path {path} has a part that is empty, . or .. ."),
    "E100": _("The content path {path} begins or ends with a slash."),
    "E101": _("The content path {path} is listed twice."),
    "E101-folder": _("The content path {path} is a file and a folder."),
    "E102": _("The inventory has {name}, which the specification does not describe."),
    "E103": _("This version follows OCFL {value}, older than the {expected} of the version before it."),
    "E104": _("{name} is no name of a version."),
    "E106": _("The inventory's manifest must be a JSON object."),
    "E107": _("The manifest lists the digest {digest}, which no version uses."),
    "E108": _("contentDirectory must be a name, not {value}."),
    "E110": _("The object changes its id from {expected} to {value}."),
    "E111": _("The fixity block must be a JSON object."),
    # the storage root
    "E069": _("The storage root has no declaration file (0=ocfl_ and a version)."),
    "E070": _("ocfl_layout.json must be a JSON object with the texts extension and description."),
    "E071": _("ocfl_layout.json names the extension {value}, which is not registered."),
    "E072": _("The folder {path} is no object and holds files."),
    "E073": _("The folder {path} is empty."),
    "E076": _("The storage root has {count} declaration files; there must be one."),
    "E079": _("The storage root's declaration {name} names no version of OCFL that is known."),
    "E080": _(
        "The declaration {name} must hold its own name after 0= and a line end, and holds something else."
    ),
    "E081": _("The object follows OCFL {value}, newer than the storage root's {expected}."),
    "E083": _("The object {value} stands where the layout does not put it; it should stand at {expected}."),
    "E112": _("The storage root's extensions folder holds {name}, which is no folder."),
    # the archive's own records beside OCFL
    "H001": _("The file {name} of the storage root has changed since the root was made."),
    "H002": _("The record {name} of a purged object has changed."),
    # recommendations
    "W001": _("The versions are numbered with leading zeros; v1, v2, ... is better."),
    "W002": _("The version folder {where} holds the folder {name} beside its content."),
    "W003": _("The version {where} has an empty content folder."),
    "W004": _("The digests are SHA-256; SHA-512 is better."),
    "W005": _("The id {value} is no URI."),
    "W007": _("Version {version} has no {name}."),
    "W008": _("The user of version {version} has no address."),
    "W009": _("The address of the user of version {version} is no URI."),
    "W010": _("The version {where} has no inventory of its own."),
    "W011": _("This inventory and the newest one disagree about the {name} of version {version}."),
    "W013": _("The object's extension {name} is not registered."),
    "W015": _("Some objects stand directly in the storage root and some in folders below it."),
    "W016": _("The storage root's extension {name} is not registered."),
}
"""Case -> sentence with ``{parameters}``."""

_LONGEST: Final = 400


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a validator found.

    Attributes:
        case: a key of :data:`CASES`.
        where: folder of the object, and of the version in it, that it was found in, relative to the root.
        params: what fills the sentence's fields; always printable.
    """

    case: str
    where: str
    params: Mapping[str, str]

    @classmethod
    def of(cls, case: str, where: str, **params: object) -> Finding:
        """A finding with its parameters made safe to print, whatever a hostile inventory put there."""
        safe = {name: _printable(value) for name, value in params.items()}
        return cls(case, _printable(where), {"where": _printable(where), **safe})

    @property
    def code(self) -> str:
        """The specification's code, such as ``E092``."""
        return self.case.partition("-")[0]

    @property
    def level(self) -> Literal["error", "warning"]:
        """An error breaks a MUST of the specification, or a promise of the archive; a warning a SHOULD."""
        return "warning" if self.case[0] == "W" else "error"

    @property
    def template(self) -> str:
        """The English sentence before its fields are filled: translate this, then ``format(**params)``."""
        return CASES[self.case]

    @property
    def message(self) -> str:
        """The English sentence."""
        return self.template.format(**self.params)

    def to_json(self) -> dict[str, object]:
        """As data, for a report."""
        params = {name: value for name, value in self.params.items() if name != "where"}
        return {
            "code": self.code,
            "case": self.case,
            "level": self.level,
            "where": self.where,
            "params": params,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, object]) -> Finding:
        """What :meth:`to_json` gave."""
        params = document["params"]
        assert isinstance(params, Mapping)
        return cls.of(str(document["case"]), str(document["where"]), **params)


def _printable(value: object) -> str:
    text = value if isinstance(value, str) else repr(value)
    if len(text) > _LONGEST:
        text = f"{text[: _LONGEST - 1]}…"
    if text.isprintable():
        return text
    return "".join(
        character.encode("unicode_escape").decode()
        if unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}
        else character
        for character in text
    )
