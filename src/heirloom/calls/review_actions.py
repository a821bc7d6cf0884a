"""Every write of reviewing: conflicts, assignment, reviews."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from heirloom.cases.errors import EditedMeanwhile
from heirloom.errors import NotAllowed
from heirloom.people.actions import log, post
from heirloom.people.models import User

from . import rules
from .assign import Plan, Reviewer, Work, plan
from .errors import HasConflict, InvalidScore, PhaseClosed, ReviewIncomplete
from .models import UNFINISHED, Call, CallMember, Conflict, Phase, Review, Score, Submission


@transaction.atomic
def declare_conflict(
    by: User, submission: Submission, reviewer: User, kind: str, reason: str = ""
) -> Conflict:
    """Record a conflict of interest; the person's review is closed by it, a final one too until the decision is announced.

    A reviewer may declare it for themselves, an organiser for anybody, but not on an application of their own.
    """
    submission = Submission.objects.select_for_update().get(pk=submission.pk)
    own = by == reviewer and (rules.reviews_for(by, submission.call) or rules.organises(by, submission.call))
    if not own and (not rules.organises(by, submission.call) or rules.owns(by, submission)):
        raise NotAllowed
    conflict, _created = Conflict.objects.update_or_create(
        submission=submission,
        reviewer=reviewer,
        defaults={"kind": Conflict.Kind(kind), "reason": reason[:2000], "declared_by": by},
    )
    closed = (
        (*UNFINISHED, Review.State.FINAL) if submission.state == Submission.State.SUBMITTED else UNFINISHED
    )
    submission.reviews.filter(reviewer=reviewer, state__in=closed).update(state=Review.State.DECLINED)
    log(by, "conflict", "submission", submission.key, reviewer=reviewer.pk, kind=kind)
    return conflict


@transaction.atomic
def assign(by: User, submission: Submission, reviewer: User) -> Review:
    """Ask a reviewer of the call for a review; one who gave it back is asked again.

    Raises:
        NotAllowed; HasConflict: declared, or because the reviewer works on the case.
    """
    submission = Submission.objects.select_for_update().get(pk=submission.pk)
    if not _assigns(by, submission):
        raise NotAllowed
    if submission.state != Submission.State.SUBMITTED or not rules.reviews_for(reviewer, submission.call):
        raise NotAllowed
    if rules.in_conflict(reviewer, submission) or rules.owns(reviewer, submission):
        raise HasConflict
    if submission.case.members.filter(user=reviewer).exists():
        raise HasConflict
    review, created = Review.objects.get_or_create(
        submission=submission, reviewer=reviewer, defaults={"assigned_by": by}
    )
    if not created and review.state == Review.State.DECLINED:
        created = True
        review.state = Review.State.ASSIGNED if review.saved_at is None else Review.State.DRAFT
        review.final_at, review.assigned_by = None, by
        review.save(update_fields=["state", "final_at", "assigned_by"])
    if created:
        log(by, "assign", "submission", submission.key, reviewer=reviewer.pk)
        _ask(review)
    return review


def _assigns(by: User, submission: Submission) -> bool:
    """Whether *by* may choose who reviews the submission: organisers, unless it is their own or they have a conflict."""
    return (
        rules.organises(by, submission.call)
        and not rules.owns(by, submission)
        and not rules.in_conflict(by, submission)
    )


def _ask(review: Review) -> None:
    reviewer = review.reviewer
    assert reviewer is not None
    call = review.submission.call
    with override(reviewer.language or None):
        title = call.title.text(reviewer.languages)
        post(
            reviewer,
            _("A case to review: %(call)s") % {"call": title},
            _(
                "A case of the call “%(call)s” was assigned to you. You will find it among your reviews. "
                "If you have a conflict of interest, say so there before you open it."
            )
            % {"call": title},
            about="review",
            key=review.key,
        )


def propose(by: User, call: Call) -> Plan:
    """Return who could review what, as far as reviews are lacking; nothing is written.

    What *by* has a conflict with, or applied with, is left to other organisers.
    """
    if not rules.organises(by, call):
        raise NotAllowed
    members = list(CallMember.objects.filter(call=call, role=CallMember.Role.REVIEWER).select_related("user"))
    active = ~Q(state=Review.State.DECLINED)
    load = dict(
        Review.objects.filter(
            active,
            submission__call=call,
            submission__state=Submission.State.SUBMITTED,
            reviewer__isnull=False,
        )
        .values_list("reviewer")
        .annotate(Count("pk"))
    )
    submissions = (
        call.submissions.filter(state=Submission.State.SUBMITTED)
        .select_related("case")
        .prefetch_related("reviews", "conflicts", "case__members")
    )
    work = []
    for submission in submissions:
        submission.call = call
        if not _assigns(by, submission):
            continue
        held = [review for review in submission.reviews.all() if review.state != Review.State.DECLINED]
        barred = {review.reviewer_id for review in submission.reviews.all()}
        barred |= {conflict.reviewer_id for conflict in submission.conflicts.all()}
        barred |= {member.user_id for member in submission.case.members.all()} | {submission.applicant_id}
        work.append(
            Work(
                submission.pk,
                max(0, call.reviews_per_submission - len(held)),
                frozenset({submission.language.split("-")[0]} - {""}),
                frozenset(key for key in barred if key is not None),
            )
        )
    people = [
        Reviewer(
            member.user_id,
            member.capacity,
            frozenset(language.split("-")[0] for language in member.languages),
        )
        for member in members
        if member.user.is_active
    ]
    return plan(work, people, load)


@transaction.atomic
def assign_proposed(by: User, call: Call) -> Plan:
    """Assign what :func:`propose` finds; return the plan with what is still lacking."""
    proposed = propose(by, call)
    submissions = call.submissions.select_related("call", "case").in_bulk(
        [pair[0] for pair in proposed.pairs]
    )
    reviewers = User.objects.in_bulk([pair[1] for pair in proposed.pairs])
    for submission, reviewer in proposed.pairs:
        assign(by, submissions[submission], reviewers[reviewer])
    return proposed


@transaction.atomic
def decline_review(by: User, review: Review) -> Review:
    """Give a review back."""
    review = Review.objects.select_for_update().get(pk=review.pk)
    if review.reviewer != by or review.state not in UNFINISHED:
        raise NotAllowed
    review.state = Review.State.DECLINED
    review.save(update_fields=["state"])
    log(by, "decline", "review", review.key)
    return review


def save_review(
    by: User, review: Review, data: Mapping[str, Any], *, revision: int, final: bool = False
) -> Review:
    """Save a review (also automatically), or make it final; what is not complete enough to be final is saved.

    ``data`` holds ``scores`` (criterion slug -> value), ``reasons`` (criterion slug -> text), ``for_organisers``,
    ``for_applicant``, ``confidence`` (1 to 5) and ``language``; what is absent stays as it was.

    Raises:
        NotAllowed, PhaseClosed, HasConflict, InvalidScore, ReviewIncomplete, EditedMeanwhile.
    """
    review, missing = _save_review(by, review, data, revision, final)
    if missing:
        raise ReviewIncomplete(missing=", ".join(missing))
    return review


@transaction.atomic
def _save_review(
    by: User, review: Review, data: Mapping[str, Any], revision: int, final: bool
) -> tuple[Review, list[str]]:
    review = Review.objects.select_for_update().get(pk=review.pk)
    _require_reviewable(by, review)
    if revision != review.revision:
        raise EditedMeanwhile
    criteria = {criterion.slug: criterion for criterion in review.submission.call.criteria.all()}
    reasons = data.get("reasons") or {}
    for slug, value in (data.get("scores") or {}).items():
        criterion = criteria.get(slug)
        if criterion is None or value not in {level.value for level in criterion.levels.all()}:
            raise InvalidScore(criterion=criterion.title.text(["en"]) if criterion else slug, value=value)
        changed: dict[str, Any] = {"value": value}
        if slug in reasons:
            changed["reason"] = str(reasons[slug])[:5000]
        Score.objects.update_or_create(review=review, criterion=criterion, defaults=changed)
    for name in ("for_organisers", "for_applicant", "language"):
        if name in data:
            setattr(review, name, str(data[name])[: 35 if name == "language" else 20_000])
    if data.get("confidence") in {1, 2, 3, 4, 5}:
        review.confidence = data["confidence"]
    review.state = Review.State.DRAFT
    review.revision += 1
    review.saved_at = timezone.now()
    missing: list[str] = []
    if final:
        scored = set(review.scores.values_list("criterion__slug", flat=True))
        missing = [criterion.title.text(["en"]) for slug, criterion in criteria.items() if slug not in scored]
    if final and not missing:
        review.state = Review.State.FINAL
        review.final_at = review.saved_at
        log(by, "review", "review", review.key)
    review.save()
    return review, missing


def _require_reviewable(by: User, review: Review) -> None:
    if review.reviewer_id != by.pk:
        raise NotAllowed
    if rules.in_conflict(by, review.submission):
        raise HasConflict
    if not rules.phase_open(review.submission.call, Phase.Kind.REVIEW):
        raise PhaseClosed(phase=Phase.Kind.REVIEW.label)
    if not rules.may_review(by, review):
        raise NotAllowed
