"""Reviews: a reviewer's own, and the final ones for organisers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from heirloom.calls import queries, review_actions
from heirloom.calls.models import Review
from heirloom.errors import NotAllowed

from .access import OWN, WRITE, answers, person, signed_in
from .calls import sealed_title
from .forms import Key, Line, Page, PageNumber, PageSize, Prose, Texts, paged

router = Router(tags=["reviews"])


class ReviewCard(Schema):
    """A review as lists show it."""

    key: str
    state: str
    submission: str
    call: str
    title: Texts
    assigned_at: datetime
    final_at: datetime | None


class ReviewPage(Page):
    """One page of reviews."""

    results: list[ReviewCard]


class ScoreOut(Schema):
    """The value of one criterion and why."""

    criterion: str
    value: int
    reason: str


class ReviewOut(ReviewCard):
    """A review with its scores."""

    revision: int
    scores: list[ScoreOut]
    for_organisers: str
    for_applicant: str
    language: str
    confidence: int | None


class ReviewIn(Schema):
    """What a reviewer says: values and reasons by criterion, texts. ``revision`` is the one that you saw."""

    revision: Annotated[int, Field(ge=0, le=2**31)]
    scores: Annotated[dict[Line, Annotated[int, Field(ge=0, le=1000)]], Field(max_length=100)] = {}
    reasons: Annotated[dict[Line, Prose], Field(max_length=100)] = {}
    for_organisers: Prose | None = None
    for_applicant: Prose | None = None
    language: Annotated[Line, Field(max_length=35)] | None = None
    confidence: Annotated[int, Field(ge=1, le=5)] | None = None
    final: bool = False


def _review(one: Review) -> dict[str, Any]:
    return {
        "key": one.key,
        "state": one.state,
        "submission": one.submission.key,
        "call": one.submission.call.slug,
        "title": sealed_title(one.submission, owns=False),
        "assigned_at": one.assigned_at,
        "final_at": one.final_at,
    }


def _review_whole(user: Any, key: str) -> dict[str, Any]:
    one = queries.review(user, key)
    return _review(one) | {
        "revision": one.revision,
        "scores": [
            {"criterion": score.criterion.slug, "value": score.value, "reason": score.reason}
            for score in one.scores.all()
        ],
        "for_organisers": one.for_organisers,
        "for_applicant": one.for_applicant,
        "language": one.language,
        "confidence": one.confidence,
    }


@router.get("/reviews", response=answers(ReviewPage, *OWN), auth=signed_in, operation_id="list_reviews")
def list_reviews(request: HttpRequest, page: PageNumber = 1, size: PageSize = 24) -> dict[str, Any]:
    """List the reviews that you are asked for or have written."""
    return paged(queries.my_reviews(request.user), page, size, _review)


@router.get(
    "/reviews/{key}", response=answers(ReviewOut, 404, *OWN), auth=signed_in, operation_id="get_review"
)
def get_review(request: HttpRequest, key: Key) -> dict[str, Any]:
    """Your own review, or a final one of a call that you organise."""
    return _review_whole(person(request), key)


@router.put("/reviews/{key}", response=answers(ReviewOut, *WRITE), auth=signed_in, operation_id="save_review")
def save_review(request: HttpRequest, key: Key, sent: ReviewIn) -> dict[str, Any]:
    """Save a review, or make it final; what is absent stays as it was."""
    user = person(request)
    one = queries.review(user, key)
    if one.reviewer_id != user.pk:
        raise NotAllowed
    data = sent.model_dump(exclude_none=True, exclude={"revision", "final"})
    review_actions.save_review(user, one, data, revision=sent.revision, final=sent.final)
    return _review_whole(user, key)


class ConflictIn(Schema):
    """Why you should not review this."""

    kind: Literal["involved", "organisation", "family", "rival", "other"]
    reason: Annotated[Prose, Field(max_length=2000)] = ""


class Done(Schema):
    """It is done."""

    done: bool = True


@router.post(
    "/reviews/{key}/conflict", response=answers(Done, *WRITE), auth=signed_in, operation_id="declare_conflict"
)
def declare_conflict(request: HttpRequest, key: Key, sent: ConflictIn) -> dict[str, Any]:
    """Declare a conflict of interest; the submission is closed to you from then on."""
    user = person(request)
    one = queries.review(user, key)
    if one.reviewer_id != user.pk:
        raise NotAllowed
    review_actions.declare_conflict(user, one.submission, user, sent.kind, sent.reason)
    return {"done": True}


@router.post(
    "/reviews/{key}/decline", response=answers(Done, *WRITE), auth=signed_in, operation_id="decline_review"
)
def decline_review(request: HttpRequest, key: Key) -> dict[str, Any]:
    """Give a review back."""
    user = person(request)
    review_actions.decline_review(user, queries.review(user, key))
    return {"done": True}
