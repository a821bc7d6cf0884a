"""The smallest pathway that keeps to the contract: one method over any number of texts."""

from heirloom.errors import gettext_noop
from heirloom.pathways import Input, Method, Output, Param, Pathway

PATHWAY = Pathway(
    id="example",
    title=gettext_noop("Example"),
    summary=gettext_noop("Shows how to add a pathway."),
    package="heirloom_example",
    methods=(
        Method(
            name="letters",
            title=gettext_noop("Letters"),
            summary=gettext_noop("Counts the characters of each text."),
            version="1.2",
            run="heirloom_example.letters:run",
            inputs=(Input("texts", gettext_noop("Texts"), media_types=("text/*",), maximum=None),),
            params=(
                Param(
                    "case_matters",
                    "boolean",
                    gettext_noop("Capital letters are letters of their own"),
                    default=True,
                ),
            ),
            outputs=(
                Output("letters.json", gettext_noop("All counts"), "application/json", "data"),
                Output("by-text", gettext_noop("Counts of each text"), "application/json", "data", many=True),
            ),
        ),
    ),
)
