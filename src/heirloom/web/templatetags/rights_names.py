"""Names of rights statements and licences."""

from __future__ import annotations

from django.utils.translation import gettext, gettext_noop

_STATEMENTS = {
    "InC": (gettext_noop("In copyright"), "InC"),
    "InC-OW-EU": (gettext_noop("In copyright: EU orphan work"), "InC"),
    "InC-EDU": (gettext_noop("In copyright: educational use permitted"), "InC"),
    "InC-NC": (gettext_noop("In copyright: non-commercial use permitted"), "InC"),
    "InC-RUU": (gettext_noop("In copyright: rights-holder not locatable"), "InC"),
    "NoC-CR": (gettext_noop("No copyright: contractual restrictions"), "NoC"),
    "NoC-NC": (gettext_noop("No copyright: non-commercial use only"), "NoC"),
    "NoC-OKLR": (gettext_noop("No copyright: other known legal restrictions"), "NoC"),
    "NoC-US": (gettext_noop("No copyright: United States"), "NoC"),
    "CNE": (gettext_noop("Copyright not evaluated"), "?"),
    "UND": (gettext_noop("Copyright undetermined"), "?"),
    "NKC": (gettext_noop("No known copyright"), "NKC"),
}


def rights_name(uri: str) -> tuple[str, str]:
    """Return (name, short sign) of a rights URI; a URI that is neither is its own name.

    Names are those of RightsStatements.org 1.0 and of the Creative Commons deeds.
    """
    parts = [part for part in uri.split("://", 1)[-1].split("/") if part]
    if len(parts) >= 3 and parts[0] == "rightsstatements.org":
        name, sign = _STATEMENTS.get(parts[2], (parts[2], "?"))
        return gettext(name), sign
    if len(parts) >= 3 and parts[0].removeprefix("www.") == "creativecommons.org":
        version = parts[3] if len(parts) > 3 else ""
        if parts[2] == "zero":
            return f"CC0 {version}".strip(), "CC0"
        if parts[1] == "publicdomain":
            return gettext("Public domain"), "PD"
        return f"CC {parts[2].upper()} {version}".strip(), "CC"
    return uri, "§"
