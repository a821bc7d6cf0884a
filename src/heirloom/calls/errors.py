"""What can go wrong with calls, submissions and reviews."""

from __future__ import annotations

from heirloom.errors import HeirloomError, gettext_noop


class PhaseClosed(HeirloomError):
    """The phase in which this may be done is not open."""

    code = "call.phase-closed"
    message = gettext_noop("This can be done only while the call's phase “{phase}” is open.")
    kept = gettext_noop("What you saved before is kept.")
    status = 409


class NotReadyToAnnounce(HeirloomError):
    """The call lacks something that applicants need."""

    code = "call.not-ready"
    message = gettext_noop("This call cannot be announced yet: {problem}")
    kept = gettext_noop("The call is saved as a draft.")


class AlreadyAnnounced(HeirloomError):
    """A part of the call cannot change any more."""

    code = "call.already-announced"
    message = gettext_noop("This cannot be changed once people have applied: {part}")
    kept = gettext_noop("The call is as it was.")
    status = 409


class NotReadyToSubmit(HeirloomError):
    """The application lacks something that the call asks for."""

    code = "submission.not-ready"
    message = gettext_noop("This application cannot be submitted yet: {problem}")
    kept = gettext_noop("Your draft is saved.")


class NotEligible(HeirloomError):
    """An eligibility question was answered in a way that the call excludes."""

    code = "submission.not-eligible"
    message = gettext_noop("By your answer to “{question}” this case is not eligible for the call.")
    kept = gettext_noop("Your draft is saved.")


class HasConflict(HeirloomError):
    """A conflict of interest stands between the reviewer and the submission."""

    code = "review.conflict"
    message = gettext_noop("There is a conflict of interest between this reviewer and this submission.")
    kept = gettext_noop("Nothing was changed.")
    status = 409


class ReviewIncomplete(HeirloomError):
    """A review without a value for every criterion cannot be final."""

    code = "review.incomplete"
    message = gettext_noop("Every criterion needs a value before the review is final. Missing: {missing}")
    kept = gettext_noop("Your review is saved as begun.")


class InvalidScore(HeirloomError):
    """A value that the rubric does not have."""

    code = "review.invalid-score"
    message = gettext_noop("“{criterion}” has no level {value}.")
    kept = gettext_noop("Your review is as it was last saved.")


class NotDecided(HeirloomError):
    """Some submissions have no decision yet."""

    code = "call.not-decided"
    message = gettext_noop("There are submissions without a decision: {count}.")
    kept = gettext_noop("Nothing was announced.")
    status = 409
