"""Who may do what in a call: predicates, and the queryset twin of each visibility rule.

Deny by default. A conflict of interest closes a submission to a reviewer and to an organiser alike. Reviewers see
sealed versions only; in a blind call they see nothing that identifies the people behind one.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.db.models import Q
from django.utils import timezone

from heirloom.cases import rules as case_rules
from heirloom.cases.models import Case, CaseMember, Section
from heirloom.catalogue import rights
from heirloom.catalogue.models import Item
from heirloom.people.models import Grant, User
from heirloom.people.queries import has_grant

from .models import UNFINISHED, Call, CallMember, Conflict, Phase, Review, Submission


def _active(user: Any) -> bool:
    return isinstance(user, User) and user.is_active


def _roles(user: Any, call: Call) -> frozenset[str]:
    """The person's roles in the call; one query a person and call, then remembered on the person."""
    if not _active(user):
        return frozenset()
    known: dict[int, frozenset[str]] = user.__dict__.setdefault("_call_roles", {})
    if call.pk not in known:
        known[call.pk] = frozenset(
            CallMember.objects.filter(call=call, user=user).values_list("role", flat=True)
        )
    return known[call.pk]


def forget_roles(user: Any) -> None:
    """Read the person's roles anew; called after they change."""
    user.__dict__.pop("_call_roles", None)


def may_create_call(user: Any) -> bool:
    return has_grant(user, Grant.Role.ORGANISER)


def organises(user: Any, call: Call) -> bool:
    return CallMember.Role.ORGANISER in _roles(user, call)


def reviews_for(user: Any, call: Call) -> bool:
    return CallMember.Role.REVIEWER in _roles(user, call)


def visible_call(user: Any, call: Call) -> bool:
    """Everybody sees an announced call; its organisers see it before."""
    return call.state != Call.State.DRAFT or organises(user, call)


def visible_calls(user: Any) -> Q:
    shown = ~Q(state=Call.State.DRAFT)
    if _active(user):
        mine = CallMember.objects.filter(user=user, role=CallMember.Role.ORGANISER)
        return shown | Q(pk__in=mine.values("call"))
    return shown


def phase_open(call: Call, kind: str, now: datetime | None = None) -> bool:
    """Whether the phase is open now; the moment it closes is outside."""
    now = now or timezone.now()
    return any(
        phase.kind == kind and phase.opens_at <= now and (phase.closes_at is None or now < phase.closes_at)
        for phase in call.phases.all()
    )


def phase_allows(call: Call, kind: str, now: datetime | None = None) -> bool:
    """Whether the call's dates leave room for what a phase is for; a call that gives it no dates leaves it to its organisers."""
    return phase_open(call, kind, now) or all(phase.kind != kind for phase in call.phases.all())


def may_apply(user: Any, call: Call, now: datetime | None = None) -> bool:
    return _active(user) and call.state == Call.State.OPEN and phase_open(call, Phase.Kind.SUBMISSION, now)


def owns(user: Any, submission: Submission) -> bool:
    """The applicant, and everybody who edits the case, own a submission."""
    if not _active(user):
        return False
    return submission.applicant_id == user.pk or case_rules.may_edit(user, submission.case)


def may_edit_submission(user: Any, submission: Submission, now: datetime | None = None) -> bool:
    return (
        owns(user, submission)
        and submission.state == Submission.State.DRAFT
        and phase_open(submission.call, Phase.Kind.SUBMISSION, now)
    )


def may_submit(user: Any, submission: Submission, now: datetime | None = None) -> bool:
    """Submitting seals the case, so only who leads the case may."""
    return may_edit_submission(user, submission, now) and case_rules.may_lead(user, submission.case)


def may_withdraw(user: Any, submission: Submission) -> bool:
    """Owners take an application back until it is decided, and an accepted one until its case is published."""
    back = {Submission.State.DRAFT, Submission.State.SUBMITTED}
    if submission.case.state == Case.State.DRAFT:
        back.add(Submission.State.ACCEPTED)
    return owns(user, submission) and submission.state in back


def in_conflict(user: Any, submission: Submission) -> bool:
    return _active(user) and any(conflict.reviewer_id == user.pk for conflict in submission.conflicts.all())


def visible_submission(user: Any, submission: Submission) -> bool:
    """Owners always; organisers and assigned reviewers once it is submitted, unless a conflict stands between."""
    if owns(user, submission):
        return True
    if submission.state == Submission.State.DRAFT or in_conflict(user, submission) or not _active(user):
        return False
    if organises(user, submission.call):
        return True
    if submission.state == Submission.State.WITHDRAWN:
        return False
    return any(
        review.reviewer_id == user.pk and review.state != Review.State.DECLINED
        for review in submission.reviews.all()
    )


def visible_submissions(user: Any) -> Q:
    """The same rule as a filter on submissions."""
    if not _active(user):
        return Q(pk__in=[])
    editing = (CaseMember.Role.LEAD, CaseMember.Role.EDITOR)
    owned = Q(applicant=user) | Q(
        case__in=CaseMember.objects.filter(user=user, role__in=editing).values("case")
    )
    organised = CallMember.objects.filter(user=user, role=CallMember.Role.ORGANISER).values("call")
    reviewed = Review.objects.filter(reviewer=user).exclude(state=Review.State.DECLINED).values("submission")
    free = ~Q(pk__in=Conflict.objects.filter(reviewer=user).values("submission"))
    submitted = ~Q(state=Submission.State.DRAFT) & free
    return owned | (
        submitted & (Q(call__in=organised) | (Q(pk__in=reviewed) & ~Q(state=Submission.State.WITHDRAWN)))
    )


def sees_identities(user: Any, submission: Submission) -> bool:
    """In a blind call reviewers do not learn who applied; owners and organisers do."""
    if owns(user, submission):
        return True
    return visible_submission(user, submission) and (
        organises(user, submission.call) or not submission.call.blind
    )


def visible_review(user: Any, review: Review) -> bool:
    """A review is seen by its reviewer and, once final, by the organisers who have no conflict.

    Applicants see only what a reviewer wrote for them, and only when the decision is announced; see
    :func:`sees_feedback`.
    """
    if not _active(user) or in_conflict(user, review.submission):
        return False
    if review.reviewer_id == user.pk:
        return review.state != Review.State.DECLINED
    return (
        review.state == Review.State.FINAL
        and organises(user, review.submission.call)
        and not owns(user, review.submission)
    )


def visible_reviews(user: Any) -> Q:
    """The same rule as a filter on reviews."""
    if not _active(user):
        return Q(pk__in=[])
    free = ~Q(submission__in=Conflict.objects.filter(reviewer=user).values("submission"))
    organised = CallMember.objects.filter(user=user, role=CallMember.Role.ORGANISER).values("call")
    editing = (CaseMember.Role.LEAD, CaseMember.Role.EDITOR)
    theirs = CaseMember.objects.filter(user=user, role__in=editing).values("case")
    not_owned = ~Q(submission__case__in=theirs) & (
        Q(submission__applicant__isnull=True) | ~Q(submission__applicant=user)
    )
    mine = Q(reviewer=user) & ~Q(state=Review.State.DECLINED)
    final = Q(state=Review.State.FINAL, submission__call__in=organised) & not_owned
    return free & (mine | final)


def may_review(user: Any, review: Review, now: datetime | None = None) -> bool:
    return (
        visible_review(user, review)
        and review.reviewer_id == user.pk
        and review.state in UNFINISHED
        and review.submission.state == Submission.State.SUBMITTED
        and phase_open(review.submission.call, Phase.Kind.REVIEW, now)
    )


def decides(user: Any, submission: Submission) -> bool:
    """Organisers decide on what was submitted, unless it is their own or they have a conflict."""
    return (
        organises(user, submission.call)
        and not owns(user, submission)
        and not in_conflict(user, submission)
        and submission.state == Submission.State.SUBMITTED
    )


def may_decide(user: Any, submission: Submission, now: datetime | None = None) -> bool:
    """Whether *user* may decide on the submission now, by the call's dates too."""
    return decides(user, submission) and phase_allows(submission.call, Phase.Kind.DECISION, now)


def sees_decision(user: Any, submission: Submission) -> bool:
    """Organisers see a decision when it is made; applicants when it is announced; reviewers never in advance."""
    decision = getattr(submission, "decision", None)
    if decision is None:
        return False
    if owns(user, submission):
        return decision.announced_at is not None
    return organises(user, submission.call) and visible_submission(user, submission)


def sees_feedback(user: Any, submission: Submission) -> bool:
    """Applicants read what reviewers wrote for them once the decision is announced."""
    decision = getattr(submission, "decision", None)
    return owns(user, submission) and decision is not None and decision.announced_at is not None


def sees_item(user: Any, item: Item, today: date | None = None) -> bool:
    """Whether *user* may see an item, also as part of a sealed case that they review, organise or work on.

    A cultural protocol binds there too: being a reviewer opens nothing that a community keeps to itself.
    """
    if rights.visible(user, item, today):
        return True
    if (
        not _active(user)
        or item.state == Item.State.WITHDRAWN
        or not rights.protocol_allows(user, item.protocol, today)
    ):
        return False
    if Submission.objects.filter(visible_submissions(user), seal__content__items__has_key=item.key).exists():
        return True
    theirs = CaseMember.objects.filter(user=user).values("case")
    return Section.objects.filter(case__in=theirs, item=item).exists()
