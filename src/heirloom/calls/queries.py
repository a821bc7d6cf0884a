"""Every read of calls. A page of a list costs the same number of queries whatever its length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Prefetch, Q, QuerySet
from django.utils import timezone

from heirloom.cases.models import CaseMember
from heirloom.errors import NotFound
from heirloom.people.models import User

from . import rules
from .criteria import Scale, Standing, standing
from .models import (
    Call,
    Collection,
    Conflict,
    Criterion,
    Decision,
    Entry,
    Phase,
    Question,
    Review,
    Score,
    Submission,
)


def calls(user: Any) -> QuerySet[Call]:
    """Return the calls that *user* may see, newest first, with their phases."""
    return (
        Call.objects.filter(rules.visible_calls(user)).prefetch_related("phases").select_related("collection")
    )


def call(user: Any, slug: str) -> Call:
    """Return one call with everything its page shows. Raises NotFound."""
    found = (
        Call.objects.filter(rules.visible_calls(user), slug=slug)
        .select_related("collection")
        .prefetch_related("phases", "themes", "questions", "criteria__levels")
        .first()
    )
    if found is None:
        raise NotFound
    return found


def organised_call(user: Any, slug: str) -> Call:
    """Return one call for those who organise it, with its phases and rubric. Raises NotFound."""
    found = (
        Call.objects.filter(slug=slug)
        .select_related("collection")
        .prefetch_related("phases", "criteria__levels")
        .first()
    )
    if found is None or not rules.organises(user, found):
        raise NotFound
    return found


@dataclass(frozen=True)
class PhaseNow:
    """A phase and where it stands: ``done``, ``now`` or ``next``."""

    phase: Phase
    state: str


def phases_now(one: Call, now: datetime | None = None) -> list[PhaseNow]:
    """Return the call's phases in order with where each stands."""
    now = now or timezone.now()
    return [
        PhaseNow(
            phase,
            "next"
            if now < phase.opens_at
            else ("done" if phase.closes_at is not None and now >= phase.closes_at else "now"),
        )
        for phase in one.phases.all()
    ]


def scales(one: Call) -> dict[str, Scale]:
    """Return the rubric's scales by criterion."""
    found = {}
    for criterion in one.criteria.all():
        values = [level.value for level in criterion.levels.all()]
        found[criterion.slug] = Scale(min(values), max(values), float(criterion.weight))
    return found


def _reviews(*, scores: bool) -> QuerySet[Review]:
    rows = Review.objects.select_related("reviewer")
    known = Score.objects.select_related("criterion").order_by("criterion__position", "pk")
    return rows.prefetch_related(Prefetch("scores", queryset=known)) if scores else rows


def _submissions(user: Any) -> QuerySet[Submission]:
    return (
        Submission.objects.filter(rules.visible_submissions(user))
        .select_related("call", "case", "theme", "seal", "applicant", "decision")
        .prefetch_related("case__members", "conflicts", "call__phases")
    )


def my_submissions(user: Any) -> QuerySet[Submission]:
    """Return what *user* applied with or edits, the last saved first."""
    if not isinstance(user, User):
        return Submission.objects.none()
    editing = (CaseMember.Role.LEAD, CaseMember.Role.EDITOR)
    theirs = CaseMember.objects.filter(user=user, role__in=editing).values("case")
    return _submissions(user).filter(Q(applicant=user) | Q(case__in=theirs)).order_by("-saved_at", "-pk")


def submission(user: Any, key: str) -> Submission:
    """Return one submission with its call's questions and rubric. Raises NotFound."""
    found = (
        _submissions(user)
        .prefetch_related("call__questions", "call__themes", "call__criteria__levels", "reviews")
        .filter(key=key)
        .first()
    )
    if found is None:
        raise NotFound
    return found


def submission_by_receipt(receipt: str) -> Submission | None:
    """Return the submission that a receipt belongs to; whoever holds a receipt may check its date and digest."""
    return (
        Submission.objects.filter(receipt=receipt).exclude(receipt="").select_related("call", "seal").first()
    )


def answers(user: Any, one: Submission) -> list[tuple[Question, Any]]:
    """Return the answers that *user* may read, in the questions' order; identifying ones are hidden from blind reviewers."""
    named = rules.sees_identities(user, one)
    return [
        (question, one.answers[question.slug])
        for question in one.call.questions.all()
        if question.slug in one.answers and (named or not question.identifying)
    ]


@dataclass(frozen=True)
class Row:
    """A submission on the organiser's table."""

    submission: Submission
    reviews: int
    final: int
    lacking: int
    standing: Standing
    decision: Decision | None
    in_conflict: bool


def organiser_table(user: Any, one: Call, *, order: str = "submitted", state: str = "") -> list[Row]:
    """Return all submitted cases of the call with how each stands; six queries for any number.

    What the organiser has a conflict with is listed without its reviews.
    """
    if not rules.organises(user, one):
        raise NotFound
    submissions = (
        one.submissions.exclude(state=Submission.State.DRAFT)
        .select_related("case", "theme", "seal", "applicant", "decision")
        .prefetch_related(
            Prefetch("reviews", queryset=_reviews(scores=True)),
            "conflicts",
            "case__members",
        )
    )
    if state:
        submissions = submissions.filter(state=state)
    rubric = scales(one)
    rows = []
    for found in submissions:
        found.call = one
        hidden = rules.in_conflict(user, found) or rules.owns(user, found)
        active = [review for review in found.reviews.all() if review.state != Review.State.DECLINED]
        final = [review for review in active if review.state == Review.State.FINAL]
        values = [{score.criterion.slug: score.value for score in review.scores.all()} for review in final]
        rows.append(
            Row(
                found,
                len(active),
                len(final),
                max(0, one.reviews_per_submission - len(active)),
                standing(rubric, [] if hidden else values),
                None if hidden else getattr(found, "decision", None),
                hidden,
            )
        )
    keys = {
        "submitted": lambda row: (
            row.submission.submitted_at or row.submission.created_at,
            row.submission.pk,
        ),
        "standing": lambda row: (
            -(row.standing.mean if row.standing.mean is not None else -1),
            row.submission.pk,
        ),
        "lacking": lambda row: (-row.lacking, row.submission.pk),
    }
    return sorted(rows, key=keys.get(order, keys["submitted"]))


def my_reviews(user: Any) -> QuerySet[Review]:
    """Return the reviews that *user* is asked for or has written, open ones first."""
    if not isinstance(user, User):
        return Review.objects.none()
    conflicted = Conflict.objects.filter(reviewer=user).values("submission")
    return (
        Review.objects.filter(reviewer=user)
        .exclude(state=Review.State.DECLINED)
        .exclude(submission__in=conflicted)
        .exclude(submission__state=Submission.State.WITHDRAWN)
        .select_related("submission__call", "submission__case", "submission__theme", "submission__seal")
        .prefetch_related("submission__call__phases", "scores")
        .order_by("final_at", "assigned_at", "pk")
    )


def review(user: Any, key: str) -> Review:
    """Return one review with the sealed case, rubric and scores. Raises NotFound."""
    found = (
        Review.objects.filter(rules.visible_reviews(user), key=key)
        .select_related(
            "submission__call", "submission__case", "submission__seal__case", "submission__theme", "reviewer"
        )
        .prefetch_related(
            "scores__criterion",
            "submission__conflicts",
            "submission__case__members",
            "submission__reviews",
            "submission__call__phases",
            "submission__call__questions",
            "submission__call__criteria__levels",
        )
        .first()
    )
    if found is None:
        raise NotFound
    return found


def final_reviews(user: Any, one: Submission) -> list[Review]:
    """Return the final reviews that *user* may read."""
    return list(
        _reviews(scores=True)
        .filter(rules.visible_reviews(user), submission=one, state=Review.State.FINAL)
        .order_by("final_at", "pk")
    )


def feedback(user: Any, one: Submission) -> list[str]:
    """Return what reviewers wrote for the applicant, without their names, once the decision is announced."""
    if not rules.sees_feedback(user, one):
        return []
    texts = one.reviews.filter(state=Review.State.FINAL).exclude(for_applicant="").order_by("final_at", "pk")
    return list(texts.values_list("for_applicant", flat=True))


def progress(one: Call) -> dict[str, int]:
    """Return how far the call is: drafts, submissions, reviews assigned and final, decisions."""
    rows = one.submissions.order_by().values_list("state").annotate(Count("pk"), Count("decision"))
    states = {state: count for state, count, _decided in rows}
    reviews = dict(
        Review.objects.filter(submission__call=one)
        .exclude(state=Review.State.DECLINED)
        .order_by()
        .values_list("state")
        .annotate(Count("pk"))
    )
    return {
        "drafts": states.get(Submission.State.DRAFT, 0),
        "submitted": sum(states.get(state, 0) for state in ("submitted", "accepted", "rejected")),
        "reviews": sum(reviews.values()),
        "final": reviews.get(Review.State.FINAL, 0),
        "decided": sum(decided for _state, _count, decided in rows),
    }


def collections() -> QuerySet[Collection]:
    """Return the published collections, newest first."""
    return (
        Collection.objects.filter(published_at__isnull=False)
        .select_related("call")
        .annotate(cases=Count("entries"))
        .order_by("-published_at", "pk")
    )


def collection(user: Any, slug: str) -> tuple[Collection, list[Entry]]:
    """Return a published collection and those of its entries that *user* may see. Raises NotFound."""
    from heirloom.cases import rules as case_rules
    from heirloom.cases.models import Case

    found = Collection.objects.filter(published_at__isnull=False, slug=slug).select_related("call").first()
    if found is None:
        raise NotFound
    seen = Case.objects.filter(case_rules.visible_cases(user)).values("pk")
    entries = (
        found.entries.filter(seal__case__in=seen)
        .select_related("seal__case__cover", "theme")
        .prefetch_related("seal__case__cover__media")
    )
    return found, list(entries)


def organised_calls(user: Any) -> QuerySet[Call]:
    """Return the calls that *user* organises."""
    if not isinstance(user, User):
        return Call.objects.none()
    return Call.objects.filter(members__user=user, members__role="organiser").prefetch_related("phases")


def criteria_of(one: Call) -> Sequence[Criterion]:
    return list(one.criteria.all())


def submission_row(pk: int) -> Submission:
    """Return a submission as it is now, with its conflicts; for checks after a write."""
    return Submission.objects.prefetch_related("conflicts").select_related("call", "case").get(pk=pk)


def standing_of(user: Any, one: Call, found: Submission) -> Standing:
    """Return how a submission stands by the final reviews that *user* may read."""
    values = [
        {score.criterion.slug: score.value for score in review.scores.all()}
        for review in final_reviews(user, found)
    ]
    return standing(scales(one), values)
