"""Errors that carry a code, a translatable sentence and what was kept.

Every error a person can meet is a small subclass of :class:`HeirloomError`. The sentence is an English
template marked for translation; whoever shows it translates the template and then fills in the parameters,
so no layer below the pages needs a translation machinery.
"""

from __future__ import annotations

from typing import ClassVar


def gettext_noop(message: str) -> str:
    """Mark *message* for extraction; return it unchanged."""
    return message


class HeirloomError(Exception):
    """Base of all errors with a code.

    Attributes:
        code: stable, dotted identifier (``"intake.too-large"``), part of the public interface.
        message: English template; ``{name}`` fields are filled from ``params``.
        kept: English sentence that says what was kept; empty where nothing could have been lost.
        status: the HTTP status a page or the API answers with.
    """

    code: ClassVar[str] = "error"
    message: ClassVar[str] = gettext_noop("Something went wrong.")
    kept: ClassVar[str] = ""
    status: ClassVar[int] = 400

    def __init__(self, **params: object) -> None:
        self.params = params
        super().__init__(self.message.format(**params))


class NotAllowed(HeirloomError):
    """The person may not do this; deliberately silent about whether the thing exists."""

    code = "not-allowed"
    message = gettext_noop("You are not allowed to do this.")
    kept = gettext_noop("Nothing was changed.")
    status = 403


class NotFound(HeirloomError):
    """There is no such thing, or the person may not know of it."""

    code = "not-found"
    message = gettext_noop("There is nothing here, or it is not open to you.")
    status = 404
