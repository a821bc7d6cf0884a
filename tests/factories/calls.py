"""Calls for tests."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

from django.utils import timezone

from heirloom.calls import actions, content, review_actions
from heirloom.calls.models import Call, CallMember, Decision, Review, Submission
from heirloom.calls.queries import call as get_call
from heirloom.cases.models import Case
from heirloom.people.models import User
from heirloom.text import Translated

from .cases import CONSENT, make_case
from .people import make_user

_numbers = itertools.count(1)


def words(text: str) -> dict[str, Any]:
    return {"en": {"text": text, "origin": "human"}}


def call_content(**parts: Any) -> dict[str, Any]:
    """Return the content of a small call whose phases are all open."""
    now = timezone.now()
    opened, later = (now - timedelta(days=1)).isoformat(), (now + timedelta(days=1)).isoformat()
    return {
        "title": words("Songs of rivers"),
        "summary": words("Cases about songs."),
        "reviews_per_submission": 1,
        "phases": [
            {"kind": kind, "opens_at": opened, "closes_at": later}
            for kind in ("submission", "review", "decision", "publication")
        ],
        "themes": [{"slug": "song", "title": words("Song")}],
        "questions": [
            {
                "slug": "consent",
                "kind": "yes-no",
                "text": words("Did the people agree?"),
                "eligibility": True,
                "required_answer": True,
            },
            {
                "slug": "who",
                "kind": "long",
                "text": words("Who decides?"),
                "required": True,
                "identifying": True,
            },
        ],
        "criteria": [
            {
                "slug": slug,
                "title": words(slug),
                "weight": weight,
                "levels": [{"value": value, "anchor": words(f"level {value}")} for value in (1, 3, 5)],
            }
            for slug, weight in (("people", "2"), ("cost", "1"))
        ],
        **parts,
    }


def make_call(organiser: User | None = None, *, announced: bool = True, **parts: Any) -> tuple[Call, User]:
    """Create a call with its organiser."""
    organiser = organiser or make_user(grants=["organiser"])
    call = actions.create_call(organiser, f"call-{next(_numbers)}", Translated({"en": "Songs of rivers"}))
    call = actions.save_call(organiser, call, call_content(**parts))
    if announced:
        actions.announce(organiser, call)
    return get_call(organiser, call.slug), organiser


def make_reviewer(call: Call, organiser: User, **fields: Any) -> User:
    reviewer = make_user(name=fields.pop("name", ""))
    actions.set_call_member(organiser, call, reviewer, CallMember.Role.REVIEWER, **fields)
    return reviewer


def make_submission(
    call: Call, applicant: User | None = None, *, case: Case | None = None, submitted: bool = True
) -> Submission:
    """Apply with a ready case, and submit it."""
    applicant = applicant or make_user()
    case = case or make_case(applicant)
    submission = actions.start_submission(applicant, call, case.title, case=case)
    submission = actions.save_submission(
        applicant,
        submission,
        {"theme": "song", "language": "en", "answers": {"consent": "yes", "who": "The elders."}},
        revision=submission.revision,
    )
    return actions.submit(applicant, submission, consent=CONSENT) if submitted else submission


def make_review(submission: Submission, organiser: User, reviewer: User, value: int = 5) -> Review:
    """Assign, score and finish a review."""
    review = review_actions.assign(organiser, submission, reviewer)
    return review_actions.save_review(
        reviewer,
        review,
        {
            "scores": {"people": value, "cost": value},
            "for_applicant": "Thank you.",
            "for_organisers": "Strong.",
        },
        revision=review.revision,
        final=True,
    )


def accept(submission: Submission, organiser: User) -> Decision:
    return actions.decide(organiser, submission, Decision.Outcome.ACCEPT, Translated({"en": "A fine case."}))


__all__ = [
    "accept",
    "call_content",
    "content",
    "make_call",
    "make_review",
    "make_reviewer",
    "make_submission",
    "words",
]
