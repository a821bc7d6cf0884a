"""Calls, collections, submissions and reviews."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from ninja import Router, Schema, Status
from ninja.params import Query
from pydantic import Field

from heirloom.calls import actions, queries, rules
from heirloom.calls.models import Call, Collection, Phase, Submission
from heirloom.cases import queries as case_queries

from .access import OWN, READ, WRITE, answers, person, signed_in
from .cases import CaseCard
from .cases import card as case_card
from .forms import (
    Key,
    Line,
    Page,
    PageNumber,
    PageSize,
    Prose,
    Slug,
    Texts,
    TextsIn,
    Value,
    paged,
    translated,
)

router = Router(tags=["calls"])


class PhaseOut(Schema):
    """A span of time in which one kind of work is done; ``state`` is done, now or next."""

    kind: str
    opens_at: datetime
    closes_at: datetime | None
    state: str


class CallCard(Schema):
    """A call as lists show it."""

    slug: str
    state: str
    title: Texts
    summary: Texts
    phases: list[PhaseOut]
    accepts: bool = Field(description="whether one can apply now")
    collection: str | None
    url: str


class CallPage(Page):
    """One page of calls."""

    results: list[CallCard]


class ThemeOut(Schema):
    """An area that a call seeks cases in."""

    slug: str
    title: Texts
    description: Texts


class QuestionOut(Schema):
    """A question that an application answers."""

    slug: str
    kind: str
    text: Texts
    help: Texts
    choices: list[Any]
    required: bool
    eligibility: bool
    required_answer: bool | None
    max_length: int | None


class LevelOut(Schema):
    """One anchored level of a criterion."""

    value: int
    anchor: Texts


class CriterionOut(Schema):
    """One criterion of the rubric; its weight is relative to the sum of all."""

    slug: str
    title: Texts
    description: Texts
    weight: float
    levels: list[LevelOut]


class CallOut(CallCard):
    """A call with its texts, themes, questions and rubric."""

    body: Texts
    contact: str
    time_zone: str
    blind: bool
    reviews_per_submission: int
    themes: list[ThemeOut]
    questions: list[QuestionOut]
    criteria: list[CriterionOut]


class CollectionCard(Schema):
    """A published collection; ``iiif`` lists its items as IIIF manifests."""

    slug: str
    title: Texts
    summary: Texts
    call: str
    published_at: datetime
    iiif: str


class CollectionPage(Page):
    """One page of collections."""

    results: list[CollectionCard]


class CollectionOut(CollectionCard):
    """A published collection with those of its cases that you may see."""

    cases: list[CaseCard]


def _phases(call: Call) -> list[dict[str, Any]]:
    return [
        {
            "kind": now.phase.kind,
            "opens_at": now.phase.opens_at,
            "closes_at": now.phase.closes_at,
            "state": now.state,
        }
        for now in queries.phases_now(call)
    ]


def _card(call: Call) -> dict[str, Any]:
    collection = getattr(call, "collection", None)
    return {
        "slug": call.slug,
        "state": call.state,
        "title": call.title.to_json(),
        "summary": call.summary.to_json(),
        "phases": _phases(call),
        "accepts": call.state == Call.State.OPEN and rules.phase_open(call, Phase.Kind.SUBMISSION),
        "collection": collection.slug if collection is not None and collection.published_at else None,
        "url": f"{settings.SITE_URL}{reverse('call', args=[call.slug])}",
    }


def _collection(found: Collection) -> dict[str, Any]:
    return {
        "slug": found.slug,
        "title": found.title.to_json(),
        "summary": found.summary.to_json(),
        "call": found.call.slug,
        "published_at": found.published_at,
        "iiif": f"{settings.SITE_URL}{reverse('iiif-collection', args=[found.slug])}",
    }


@router.get("/calls", response=answers(CallPage, 422), operation_id="list_calls")
def list_calls(request: HttpRequest, page: PageNumber = 1, size: PageSize = 24) -> dict[str, Any]:
    """List the calls, the newest first; those in preparation are shown to their organisers."""
    return paged(queries.calls(request.user), page, size, _card)


@router.get("/calls/{slug}", response=answers(CallOut, *READ), operation_id="get_call")
def get_call(request: HttpRequest, slug: Slug) -> dict[str, Any]:
    """A call with its texts, dates, questions and rubric."""
    call = queries.call(request.user, slug)
    return _card(call) | {
        "body": call.body.to_json(),
        "contact": call.contact,
        "time_zone": call.time_zone,
        "blind": call.blind,
        "reviews_per_submission": call.reviews_per_submission,
        "themes": [
            {"slug": one.slug, "title": one.title.to_json(), "description": one.description.to_json()}
            for one in call.themes.all()
        ],
        "questions": [
            {
                "slug": one.slug,
                "kind": one.kind,
                "text": one.text.to_json(),
                "help": one.help.to_json(),
                "choices": one.choices,
                "required": one.required,
                "eligibility": one.eligibility,
                "required_answer": one.required_answer,
                "max_length": one.max_length,
            }
            for one in call.questions.all()
        ],
        "criteria": [
            {
                "slug": one.slug,
                "title": one.title.to_json(),
                "description": one.description.to_json(),
                "weight": float(one.weight),
                "levels": [
                    {"value": level.value, "anchor": level.anchor.to_json()} for level in one.levels.all()
                ],
            }
            for one in call.criteria.all()
        ],
    }


@router.get("/collections", response=answers(CollectionPage, 422), operation_id="list_collections")
def list_collections(
    request: HttpRequest,  # noqa: ARG001 - as all operations
    page: PageNumber = 1,
    size: PageSize = 24,
) -> dict[str, Any]:
    """List the published collections, the newest first."""
    return paged(queries.collections(), page, size, _collection)


@router.get("/collections/{slug}", response=answers(CollectionOut, *READ), operation_id="get_collection")
def get_collection(request: HttpRequest, slug: Slug) -> dict[str, Any]:
    """A published collection with those of its cases that you may see."""
    found, entries = queries.collection(request.user, slug)
    return _collection(found) | {"cases": [case_card(entry.seal.case, entry.seal) for entry in entries]}


# -- submissions ---------------------------------------------------------------------------------------------------


class SubmissionCard(Schema):
    """A submission as lists show it. ``case`` and ``applicant`` are left out where you may not know them."""

    key: str
    call: str
    state: str
    title: Texts
    theme: str | None
    case: str | None
    applicant: str | None
    submitted_at: datetime | None
    receipt: str


class SubmissionPage(Page):
    """One page of submissions."""

    results: list[SubmissionCard]


class SubmissionOut(SubmissionCard):
    """A submission with the answers that you may read, and the decision once you may know it."""

    language: str
    revision: int
    answers: dict[str, Any]
    decision: Literal["accept", "reject"] | None
    reason: Texts | None
    feedback: list[str]


class NewSubmission(Schema):
    """An application: with a case that you lead, or with a new one of this title."""

    title: TextsIn = {}
    case: Line | None = None


class SubmissionIn(Schema):
    """The answers of a draft by the questions' short names, and the revision that you saw."""

    revision: Annotated[int, Field(ge=0, le=2**31)]
    theme: Annotated[Line, Field(max_length=50)] = ""
    language: Annotated[Line, Field(max_length=35)] = ""
    answers: Value = {}


class Consent(Schema):
    """What the people of the case agreed is kept."""

    agreed: bool
    by: Prose = ""


def sealed_title(one: Submission, *, owns: bool) -> dict[str, Any]:
    found: dict[str, Any]
    found = one.case.title.to_json() if owns or one.seal is None else one.seal.content["title"]
    return found


def _submission(user: Any, one: Submission) -> dict[str, Any]:
    """A submission as *user* may know it; call it only for what they may see."""
    owns = rules.owns(user, one)
    named = owns or rules.organises(user, one.call) or not one.call.blind
    return {
        "key": one.key,
        "call": one.call.slug,
        "state": one.state,
        "title": sealed_title(one, owns=owns),
        "theme": one.theme.slug if one.theme else None,
        "case": one.case.key if named else None,
        "applicant": str(one.applicant) if named and one.applicant else None,
        "submitted_at": one.submitted_at,
        "receipt": one.receipt if named else "",
    }


def _submission_whole(user: Any, key: str) -> dict[str, Any]:
    one = queries.submission(user, key)
    decided = rules.sees_decision(user, one)
    return _submission(user, one) | {
        "language": one.language,
        "revision": one.revision,
        "answers": {question.slug: answer for question, answer in queries.answers(user, one)},
        "decision": one.decision.outcome if decided else None,
        "reason": one.decision.reason.to_json() if decided else None,
        "feedback": queries.feedback(user, one),
    }


@router.get(
    "/submissions", response=answers(SubmissionPage, *OWN), auth=signed_in, operation_id="list_submissions"
)
def list_submissions(
    request: HttpRequest,
    by: Annotated[
        Literal["applicant", "organiser"], Query(description="in which role you ask")
    ] = "applicant",
    page: PageNumber = 1,
    size: PageSize = 24,
) -> dict[str, Any]:
    """List what you applied with, or what was submitted to the calls that you organise."""
    user = person(request)
    rows = queries.my_submissions(user)
    if by == "organiser":
        rows = (
            Submission.objects.filter(
                rules.visible_submissions(user), call__in=queries.organised_calls(user).values("pk")
            )
            .exclude(state=Submission.State.DRAFT)
            .select_related("call", "case", "theme", "seal", "applicant")
            .prefetch_related("case__members")
            .order_by("submitted_at", "pk")
        )
    return paged(rows, page, size, lambda one: _submission(user, one))


@router.get(
    "/submissions/{key}",
    response=answers(SubmissionOut, 404, *OWN),
    auth=signed_in,
    operation_id="get_submission",
)
def get_submission(request: HttpRequest, key: Key) -> dict[str, Any]:
    """A submission: your own, or one that you organise or review."""
    return _submission_whole(person(request), key)


@router.post(
    "/calls/{slug}/submissions",
    response=answers(SubmissionOut, *WRITE, status=201),
    auth=signed_in,
    operation_id="start_submission",
)
def start_submission(request: HttpRequest, slug: Slug, sent: NewSubmission) -> Status[dict[str, Any]]:
    """Begin an application while the call accepts them."""
    user = person(request)
    case = case_queries.case_for_editing(user, sent.case) if sent.case else None
    one = actions.start_submission(user, queries.call(user, slug), translated(sent.title), case=case)
    return Status(201, _submission_whole(user, one.key))


@router.put(
    "/submissions/{key}",
    response=answers(SubmissionOut, *WRITE),
    auth=signed_in,
    operation_id="save_submission",
)
def save_submission(request: HttpRequest, key: Key, sent: SubmissionIn) -> dict[str, Any]:
    """Save the answers of a draft; 409 when somebody else saved meanwhile or the call is closed."""
    user = person(request)
    one = queries.submission(user, key)
    data = {"theme": sent.theme, "language": sent.language, "answers": sent.answers}
    actions.save_submission(user, one, data, revision=sent.revision)
    return _submission_whole(user, key)


@router.post(
    "/submissions/{key}/submit",
    response=answers(SubmissionOut, *WRITE),
    auth=signed_in,
    operation_id="submit_submission",
)
def submit_submission(request: HttpRequest, key: Key, sent: Consent) -> dict[str, Any]:
    """Seal the case, fix the answers, get a receipt."""
    user = person(request)
    actions.submit(user, queries.submission(user, key), consent=sent.model_dump())
    return _submission_whole(user, key)


@router.post(
    "/submissions/{key}/withdraw",
    response=answers(SubmissionOut, *WRITE),
    auth=signed_in,
    operation_id="withdraw_submission",
)
def withdraw_submission(request: HttpRequest, key: Key) -> dict[str, Any]:
    """Take an application back before it is decided."""
    user = person(request)
    actions.withdraw_submission(user, queries.submission(user, key))
    return _submission_whole(user, key)


# -- organisers ----------------------------------------------------------------------------------------------------


class TableRow(SubmissionCard):
    """A submission on the organiser's table. ``mean`` is of the final reviews' totals, from 0 to 1."""

    reviews: int
    final: int
    lacking: int
    mean: float | None
    deviation: float | None
    decision: Literal["accept", "reject"] | None
    in_conflict: bool


@router.get(
    "/calls/{slug}/table",
    response=answers(list[TableRow], 404, *OWN),
    auth=signed_in,
    operation_id="get_call_table",
)
def get_call_table(
    request: HttpRequest,
    slug: Slug,
    order: Annotated[Literal["submitted", "standing", "lacking"], Query()] = "submitted",
) -> list[dict[str, Any]]:
    """All that was submitted to a call that you organise, with how each stands. What you have a conflict with is listed bare."""
    user = person(request)
    call = queries.call(user, slug)
    bare = {"case": None, "applicant": None, "receipt": ""}
    return [
        _submission(user, row.submission)
        | (bare if rules.in_conflict(user, row.submission) else {})
        | {
            "reviews": row.reviews,
            "final": row.final,
            "lacking": row.lacking,
            "mean": row.standing.mean,
            "deviation": row.standing.deviation,
            "decision": row.decision.outcome if row.decision else None,
            "in_conflict": row.in_conflict,
        }
        for row in queries.organiser_table(user, call, order=order)
    ]


class DecisionIn(Schema):
    """A decision; the applicant learns of it when all are announced."""

    outcome: Literal["accept", "reject"]
    reason: TextsIn = {}


@router.put(
    "/submissions/{key}/decision",
    response=answers(SubmissionOut, *WRITE),
    auth=signed_in,
    operation_id="decide_submission",
)
def decide_submission(request: HttpRequest, key: Key, sent: DecisionIn) -> dict[str, Any]:
    """Record a decision; it may change until it is announced."""
    user = person(request)
    actions.decide(user, queries.submission(user, key), sent.outcome, translated(sent.reason))
    return _submission_whole(user, key)
