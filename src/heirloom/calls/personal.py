"""A person's data across all parts: what is kept about them, and its erasure.

It stands with calls because calls is the topmost part that keeps something about people. What a sealed version holds
stays as its consent allows: seals are evidence that others relied on; they never hold an address.
"""

from __future__ import annotations

from typing import Any

from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone

from heirloom.cases.models import Case, CaseMember, Seal
from heirloom.catalogue.models import Membership
from heirloom.people.actions import log
from heirloom.people.models import LogEntry, Message, User

from .models import CallMember, Review, Submission


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
    return {
        "seals": Seal.objects.filter(case__members__user=user).distinct().count(),
        "reviews": Review.objects.filter(reviewer=user, state=Review.State.FINAL).count(),
        "shared_cases": Case.objects.filter(members__user=user)
        .exclude(state=Case.State.DRAFT)
        .distinct()
        .count(),
    }


@transaction.atomic
def erase(user: User) -> None:
    """Erase a person: account, drafts that are theirs alone, messages, memberships; what others rely on loses their name.

    Final reviews and sealed versions stay without a name; unfinished reviews, drafts and the person's answers to drafts go.
    """
    pk = user.pk
    Message.objects.filter(user=user).delete()
    Message.objects.filter(to__iexact=user.email).delete()
    Membership.objects.filter(user=user).delete()
    CallMember.objects.filter(user=user).delete()
    Review.objects.filter(reviewer=user).exclude(state=Review.State.FINAL).delete()
    Submission.objects.filter(applicant=user, state=Submission.State.DRAFT).delete()
    own = Case.objects.filter(
        members__user=user, state=Case.State.DRAFT, seals__isnull=True, submissions__isnull=True
    )
    for case in own.distinct():
        if not case.members.exclude(user=user).exists():
            case.runs.update(case=None)
            case.delete()
    CaseMember.objects.filter(user=user).delete()
    user.grants.all().delete()
    _end_sessions(pk)
    user.delete()
    log(None, "erase", "user", str(pk), at=timezone.now().isoformat())


def _end_sessions(pk: int) -> None:
    for session in Session.objects.filter(expire_date__gte=timezone.now()).iterator():
        if session.get_decoded().get("_auth_user_id") == str(pk):
            session.delete()
