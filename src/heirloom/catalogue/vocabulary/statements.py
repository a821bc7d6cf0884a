"""Rights statements of RightsStatements.org (version 1.0) and the licences of Creative Commons.

Codes, names and addresses are theirs. What each allows is stated as facts: True, False, or None where the
statement itself does not say.
"""

from __future__ import annotations

from heirloom.errors import gettext_noop as _

#: code, name, (share, adapt, sell): may one pass it on, change it, use it commercially?
RIGHTS_STATEMENTS: tuple[tuple[str, str, tuple[bool | None, bool | None, bool | None]], ...] = (
    ("InC", _("In Copyright"), (None, None, None)),
    ("InC-OW-EU", _("In Copyright - EU Orphan Work"), (None, None, None)),
    ("InC-EDU", _("In Copyright - Educational Use Permitted"), (None, None, False)),
    ("InC-NC", _("In Copyright - Non-Commercial Use Permitted"), (True, None, False)),
    ("InC-RUU", _("In Copyright - Rights-holder(s) Unlocatable or Unidentifiable"), (None, None, None)),
    ("NoC-CR", _("No Copyright - Contractual Restrictions"), (None, None, None)),
    ("NoC-NC", _("No Copyright - Non-Commercial Use Only"), (True, True, False)),
    ("NoC-OKLR", _("No Copyright - Other Known Legal Restrictions"), (None, None, None)),
    ("NoC-US", _("No Copyright - United States"), (None, None, None)),
    ("CNE", _("Copyright Not Evaluated"), (None, None, None)),
    ("UND", _("Copyright Undetermined"), (None, None, None)),
    ("NKC", _("No Known Copyright"), (None, None, None)),
)

#: licence -> name
LICENCES: dict[str, str] = {
    "by": _("Attribution"),
    "by-sa": _("Attribution-ShareAlike"),
    "by-nc": _("Attribution-NonCommercial"),
    "by-nd": _("Attribution-NoDerivatives"),
    "by-nc-sa": _("Attribution-NonCommercial-ShareAlike"),
    "by-nc-nd": _("Attribution-NonCommercial-NoDerivatives"),
}
LICENCE_VERSIONS = ("1.0", "2.0", "2.1", "2.5", "3.0", "4.0")
CC0 = "https://creativecommons.org/publicdomain/zero/1.0/"
PUBLIC_DOMAIN_MARK = "https://creativecommons.org/publicdomain/mark/1.0/"
