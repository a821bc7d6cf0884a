"""A person's data across all parts: what is kept about them, and its erasure.

It stands with calls because calls is the topmost part that keeps something about people. What a sealed version holds
stays as its consent allows: seals are evidence that others relied on; they never hold an address.
"""

from __future__ import annotations

from typing import Any

from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone

from heirloom.cases import run_actions
from heirloom.cases.models import Case, CaseMember, GoalClaim, Replication, Run, Seal
from heirloom.catalogue.actions import ERASED, erase_drafts
from heirloom.catalogue.models import Item, Membership
from heirloom.people.actions import log
from heirloom.people.models import Grant, LogEntry, Message, User

from .models import Call, CallMember, Conflict, Review, Submission
from .purge import forget_case


def everything(user: User) -> dict[str, Any]:
    """Return all that is kept about a person, as plain values."""
    return {
        "account": {
            "email": user.email,
            "name": user.name,
            "language": user.language,
            "joined_at": user.joined_at.isoformat(),
            "roles": list(user.grants.values_list("role", flat=True)),
        },
        "communities": [
            {
                "community": membership.community.slug,
                "role": membership.role,
                "attributes": membership.attributes,
            }
            for membership in Membership.objects.filter(user=user).select_related("community")
        ],
        "cases": [
            {"key": member.case.key, "title": member.case.title.to_json(), "role": member.role}
            for member in CaseMember.objects.filter(user=user).select_related("case")
        ],
        "submissions": [
            {
                "key": submission.key,
                "call": submission.call.slug,
                "state": submission.state,
                "answers": submission.answers,
                "receipt": submission.receipt,
                "submitted_at": submission.submitted_at.isoformat() if submission.submitted_at else None,
            }
            for submission in Submission.objects.filter(applicant=user).select_related("call")
        ],
        "reviews": [
            {
                "key": review.key,
                "call": review.submission.call.slug,
                "state": review.state,
                "for_organisers": review.for_organisers,
                "for_applicant": review.for_applicant,
                "scores": {score.criterion.slug: score.value for score in review.scores.all()},
            }
            for review in Review.objects.filter(reviewer=user)
            .select_related("submission__call")
            .prefetch_related("scores__criterion")
        ],
        "calls": [
            {"call": member.call.slug, "role": member.role, "languages": member.languages}
            for member in CallMember.objects.filter(user=user).select_related("call")
        ],
        "conflicts": [
            {"submission": conflict.submission.key, "kind": conflict.kind, "reason": conflict.reason}
            for conflict in Conflict.objects.filter(reviewer=user).select_related("submission")
        ],
        "items": [
            {"key": item.key, "title": item.title.to_json(), "state": item.state}
            for item in Item.objects.filter(owner=user)
        ],
        "runs": [
            {"key": run.key, "method": run.method, "title": run.title.to_json(), "state": run.state}
            for run in Run.objects.filter(requested_by=user)
        ],
        "replications": [
            {"key": made.key, "who": made.who, "where": made.where, "note": made.note.to_json()}
            for made in Replication.objects.filter(by=user)
        ],
        "messages": [
            {"subject": message.subject, "body": message.body, "created_at": message.created_at.isoformat()}
            for message in Message.objects.filter(user=user)
        ],
        "log": [
            {"at": entry.at.isoformat(), "action": entry.action, "about": entry.about, "key": entry.key}
            for entry in LogEntry.objects.filter(actor=user)
        ],
    }


def what_stays(user: User) -> dict[str, int]:
    """Return how much would stay after an erasure, without the person's name on it."""
    going = [
        case.pk for case in Case.objects.filter(members__user=user) if _is_alone(case) and not _may_stay(case)
    ]
    return {
        "seals": Seal.objects.filter(case__members__user=user).exclude(case__in=going).distinct().count(),
        "reviews": Review.objects.filter(reviewer=user, state=Review.State.FINAL).count(),
        "shared_cases": Case.objects.filter(members__user=user)
        .exclude(state=Case.State.DRAFT)
        .exclude(pk__in=going)
        .distinct()
        .count(),
    }


@transaction.atomic
def erase(user: User) -> None:
    """Erase a person: account, drafts that are theirs alone, messages, memberships; what others rely on loses their name.

    Final reviews stay without a name. So do sealed versions that others work on too, or of which the person said that they may
    stay; all others are taken out of the archive. Unfinished reviews, drafts and the person's answers to drafts go, and so
    do their own items that were never published and runs that no case shows. Drafts that others work on stay with them;
    where nobody is left to lead one, whoever has worked on it longest does. A call that nobody else organises goes to the
    organisers of the installation.
    """
    pk = user.pk
    Message.objects.filter(user=user).delete()
    Message.objects.filter(to__iexact=user.email).delete()
    Membership.objects.filter(user=user).delete()
    _hand_over_calls(user)
    CallMember.objects.filter(user=user).delete()
    Review.objects.filter(reviewer=user).exclude(state=Review.State.FINAL).delete()
    _hand_over(user)
    for case in Case.objects.filter(members__user=user).order_by("pk"):
        _erase_alone(case)
    CaseMember.objects.filter(user=user).delete()
    run_actions.erase_runs(user)
    erase_drafts(user, shown=_shown)
    user.grants.all().delete()
    _end_sessions(pk)
    user.delete()
    log(None, "erase", "user", str(pk))


def _hand_over_calls(user: User) -> None:
    """Let the installation's organisers run each call that nobody else organises: people have applied to it."""
    role = CallMember.Role.ORGANISER
    organised = CallMember.objects.filter(user=user, role=role).values("call")
    shared = CallMember.objects.filter(role=role).exclude(user=user).values("call")
    heirs = list(
        User.objects.filter(is_active=True, grants__role=Grant.Role.ORGANISER).exclude(pk=user.pk).distinct()
    )
    for call in Call.objects.filter(pk__in=organised).exclude(pk__in=shared).order_by("pk"):
        for heir in heirs:
            CallMember.objects.create(call=call, user=heir, role=role)


def _hand_over(user: User) -> None:
    """Let somebody lead each case that others still work on."""
    others = CaseMember.objects.exclude(user=user).order_by("pk")
    for case in Case.objects.filter(members__user=user, members__role=CaseMember.Role.LEAD).distinct():
        left = others.filter(case=case)
        if left.exists() and not left.filter(role=CaseMember.Role.LEAD).exists():
            heir = left.filter(role=CaseMember.Role.EDITOR).first() or left[0]
            CaseMember.objects.filter(pk=heir.pk).update(role=CaseMember.Role.LEAD)


def _erase_alone(case: Case) -> None:
    """Erase a case that one person alone works on, unless it was sealed and may stay."""
    if not _is_alone(case):
        return
    if _may_stay(case):
        case.submissions.filter(seal=None).delete()
    else:
        forget_case(case, ERASED)


def _is_alone(case: Case) -> bool:
    return case.members.count() == 1


def _may_stay(case: Case) -> bool:
    """Whether the newest consent to a sealed version says that it may stay."""
    newest = case.seals.order_by("-number").first()
    return newest is not None and newest.consent.get("keep_after_erasure") is True


def _shown(item: Item) -> bool:
    """Whether somebody else's case shows the item, in preparation or sealed."""
    return (
        Case.objects.filter(cover=item).exists()
        or GoalClaim.objects.filter(item=item).exists()
        or Seal.objects.filter(content__items__has_key=item.key).exists()
    )


def _end_sessions(pk: int) -> None:
    for session in Session.objects.filter(expire_date__gte=timezone.now()).iterator():
        if session.get_decoded().get("_auth_user_id") == str(pk):
            session.delete()
