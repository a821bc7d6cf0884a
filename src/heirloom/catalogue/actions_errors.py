"""What can be wrong with a write to the catalogue."""

from __future__ import annotations

from heirloom.errors import HeirloomError, gettext_noop

_NOTHING = gettext_noop("Nothing was changed.")


class Stale(HeirloomError):
    """Somebody else changed the thing since it was read."""

    code = "catalogue.stale"
    message = gettext_noop("Somebody else changed this meanwhile. Look at the new version, then save again.")
    kept = gettext_noop("Their changes are kept; yours are still in your form.")
    status = 409


class NoTitle(HeirloomError):
    """An item without a title cannot be published."""

    code = "item.no-title"
    message = gettext_noop("Give it a title in at least one language before you publish it.")
    kept = gettext_noop("The draft is kept as it is.")


class InvalidField(HeirloomError):
    """A field has a value that it cannot have."""

    code = "item.invalid-field"
    message = gettext_noop("The field {field} cannot be {value}.")
    kept = _NOTHING


class WrongState(HeirloomError):
    """This cannot be done to a thing in its present state."""

    code = "item.wrong-state"
    message = gettext_noop("This cannot be done now: it is {state}.")
    kept = _NOTHING
    status = 409


class InUse(HeirloomError):
    """Something else refers to the thing."""

    code = "catalogue.in-use"
    message = gettext_noop("This is used elsewhere ({where}) and cannot be taken away.")
    kept = _NOTHING
    status = 409


class SlugTaken(HeirloomError):
    """Another community has this short name."""

    code = "community.slug-taken"
    message = gettext_noop("There is a community with the short name {slug} already.")
    kept = _NOTHING
    status = 409


class InvalidProtocol(HeirloomError):
    """A protocol says something that nobody could follow."""

    code = "protocol.invalid"
    message = gettext_noop("The protocol cannot be kept: {reason}.")
    kept = _NOTHING
