"""Traditional Knowledge (TK) and Biocultural (BC) Labels of Local Contexts (https://localcontexts.org/labels/).

Codes and names are theirs. The explanations are our own and short; they only help to choose. The text that is
shown with an item is always the community's: only its stewards apply a label, and they may word it.
"""

from __future__ import annotations

from heirloom.errors import gettext_noop as _

LABELS: tuple[tuple[str, str, str, str], ...] = (
    # code, group, name, explanation
    ("TK A", "provenance", _("TK Attribution"), _("Name us as the source whenever this is used.")),
    ("TK CL", "provenance", _("TK Clan"), _("This belongs to a clan, which decides about it.")),
    ("TK F", "provenance", _("TK Family"), _("This belongs to a family, which decides about it.")),
    ("TK MC", "provenance", _("TK Multiple Communities"), _("Several communities share the responsibility for this.")),
    ("TK CV", "provenance", _("TK Community Voice"), _("Community members add their own accounts to this.")),
    ("TK CR", "provenance", _("TK Creative"), _("This is the creative work of a person in a living practice.")),
    ("TK V", "protocol", _("TK Verified"), _("The community has checked this and agrees with how it is told.")),
    ("TK NV", "protocol", _("TK Non-Verified"), _("The community has not checked this; it may be wrong or incomplete.")),
    ("TK S", "protocol", _("TK Seasonal"), _("This is for certain seasons of the year only.")),
    ("TK WG", "protocol", _("TK Women General"), _("By custom this is for women; think before you share it.")),
    ("TK MG", "protocol", _("TK Men General"), _("By custom this is for men; think before you share it.")),
    ("TK MR", "protocol", _("TK Men Restricted"), _("Only certain men may see or use this.")),
    ("TK WR", "protocol", _("TK Women Restricted"), _("Only certain women may see or use this.")),
    ("TK CS", "protocol", _("TK Culturally Sensitive"), _("This is sensitive; treat it with special care.")),
    ("TK SS", "protocol", _("TK Secret / Sacred"), _("This is secret or sacred; it is not for the public.")),
    ("TK C", "permission", _("TK Open to Commercialization"), _("We welcome talks about commercial use.")),
    ("TK NC", "permission", _("TK Non-Commercial"), _("Do not use this to earn money.")),
    ("TK CO", "permission", _("TK Community Use Only"), _("By custom this stays within the community.")),
    ("TK O", "permission", _("TK Outreach"), _("Use this for teaching and learning only.")),
    ("TK CB", "permission", _("TK Open to Collaboration"), _("We are open to working on this together.")),
    ("BC P", "provenance", _("BC Provenance"), _("The community has rights in this because of where it comes from.")),
    ("BC MC", "provenance", _("BC Multiple Communities"), _("Several communities share the responsibility for this data.")),
    ("BC CL", "provenance", _("BC Clan"), _("A clan is responsible for this data.")),
    ("BC CV", "protocol", _("BC Consent Verified"), _("There is a verified consent for the use of this data.")),
    ("BC CNV", "protocol", _("BC Consent Non-Verified"), _("It is not verified that consent was given for this data.")),
    ("BC R", "permission", _("BC Research Use"), _("This data may be used for research; anything else needs a new consent.")),
    ("BC CB", "permission", _("BC Open to Collaboration"), _("We are open to doing research on this together.")),
    ("BC OC", "permission", _("BC Open to Commercialization"), _("We welcome talks about commercial use of this data.")),
    ("BC NC", "permission", _("BC Non-Commercial"), _("Do not use this data to earn money.")),
    ("BC O", "permission", _("BC Outreach"), _("Use this data for teaching and learning only.")),
)  # fmt: skip
