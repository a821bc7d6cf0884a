"""What can go wrong with cases and runs."""

from __future__ import annotations

from heirloom.errors import HeirloomError, gettext_noop


class InvalidContent(HeirloomError):
    """A part of a case's content cannot be understood; ``field`` says where (``costs.2.amount``)."""

    code = "case.invalid-content"
    message = gettext_noop("{field}: {problem}")
    kept = gettext_noop("The case is as it was last saved.")


class EditedMeanwhile(HeirloomError):
    """Somebody else saved the case after this copy was loaded."""

    code = "case.edited-meanwhile"
    message = gettext_noop("Somebody else saved this case while you were editing it.")
    kept = gettext_noop(
        "Their version is saved; your text is still in the form. Compare the two and save again."
    )
    status = 409


class NotReadyToSeal(HeirloomError):
    """The case lacks something that a sealed version needs."""

    code = "case.not-ready"
    message = gettext_noop("This case cannot be sealed yet: {problem}")
    kept = gettext_noop("Your draft is saved.")


class NoSuchMethod(HeirloomError):
    """This installation does not have the method, or not this version of it."""

    code = "run.no-such-method"
    message = gettext_noop("This installation does not have the method {method}.")
    kept = gettext_noop("Nothing was run.")
    status = 404


class GivenUp(HeirloomError):
    """A run was begun several times, and each time its worker came to an end first."""

    code = "run.given-up"
    message = gettext_noop("The run was begun several times and never came to its end.")
    kept = gettext_noop("Its files and settings are kept. You can repeat it.")
    status = 500


class InvalidInputs(HeirloomError):
    """The chosen files do not fit what the method declares."""

    code = "run.invalid-inputs"
    message = gettext_noop("The files for “{input}” do not fit: {problem}")
    kept = gettext_noop("Nothing was run.")


class NotAKit(HeirloomError):
    """The file is not a kit, or it is damaged."""

    code = "kit.invalid"
    message = gettext_noop("This is not a kit that can be used: {problem}")
    kept = gettext_noop("Nothing was changed.")


class NotAReplication(HeirloomError):
    """The file is not a replication record, or it belongs to another kit."""

    code = "replication.invalid"
    message = gettext_noop("This is not a replication record for this case: {problem}")
    kept = gettext_noop("The case's page is unchanged.")
