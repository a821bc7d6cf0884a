"""Every write of an organiser and an applicant: call, application, submission, decision, collection."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from heirloom.cases import actions as case_actions
from heirloom.cases.models import Case, CaseMember
from heirloom.cases.reading import Reader
from heirloom.errors import NotAllowed, gettext_noop
from heirloom.people.actions import log, post
from heirloom.people.models import User
from heirloom.text import Translated

from . import content, rules
from .answers import check_answers, read_answers
from .collection import keep_edited
from .errors import NotDecided, NotReadyToAnnounce, NotReadyToSubmit, PhaseClosed
from .models import UNFINISHED, Call, CallMember, Decision, Phase, Review, Submission, Theme


@transaction.atomic
def create_call(by: User, slug: str, title: Translated) -> Call:
    """Begin a call; whoever begins it organises it."""
    if not rules.may_create_call(by):
        raise NotAllowed
    reader = Reader({"slug": slug})
    checked = content._slug(reader)  # noqa: SLF001 -- the same rule as for every other short name
    if Call.objects.filter(slug=checked).exists():
        raise reader.refuse("slug", gettext_noop("Another call has this short name."))
    call = Call.objects.create(slug=checked, title=title)
    CallMember.objects.create(call=call, user=by, role=CallMember.Role.ORGANISER)
    rules.forget_roles(by)
    log(by, "create", "call", call.key)
    return call


@transaction.atomic
def save_call(by: User, call: Call, data: object) -> Call:
    """Save the call's texts, phases, questions, themes and rubric; see :mod:`heirloom.calls.content`."""
    call = Call.objects.select_for_update().get(pk=call.pk)
    if not rules.organises(by, call):
        raise NotAllowed
    applied = call.submissions.exclude(state=Submission.State.DRAFT).exists()
    content.apply(call, data, keep_rubric=applied)
    log(by, "save", "call", call.key)
    keep_edited(by, call)
    return call


@transaction.atomic
def announce(by: User, call: Call) -> Call:
    """Show the call to the public; applications open by its dates. What is announced or closed already stays as it is."""
    call = Call.objects.select_for_update().get(pk=call.pk)
    if not rules.organises(by, call):
        raise NotAllowed
    if call.state != Call.State.DRAFT:
        return call
    kinds = set(call.phases.values_list("kind", flat=True))
    if not call.summary:
        raise NotReadyToAnnounce(problem=gettext_noop("it has no summary."))
    if not {Phase.Kind.SUBMISSION, Phase.Kind.REVIEW} <= kinds:
        raise NotReadyToAnnounce(problem=gettext_noop("it needs dates for submission and for review."))
    if not call.criteria.exists():
        raise NotReadyToAnnounce(problem=gettext_noop("it has no criteria."))
    call.state = Call.State.OPEN
    call.save(update_fields=["state"])
    log(by, "announce", "call", call.key)
    return call


@transaction.atomic
def set_call_member(by: User, call: Call, user: User, role: str, **fields: Any) -> CallMember:
    """Make *user* an organiser or reviewer of the call; ``languages``, ``capacity`` and ``organisation`` may be given."""
    if not rules.organises(by, call):
        raise NotAllowed
    member, _created = CallMember.objects.update_or_create(
        call=call, user=user, role=CallMember.Role(role), defaults=fields
    )
    rules.forget_roles(user)
    log(by, "share", "call", call.key, user=user.pk, role=role)
    return member


@transaction.atomic
def remove_call_member(by: User, call: Call, user: User, role: str) -> None:
    """Take a role in the call away; the last organiser stays. A reviewer's unfinished reviews are closed, final ones stay."""
    call = Call.objects.select_for_update().get(pk=call.pk)
    if not rules.organises(by, call):
        raise NotAllowed
    organisers = call.members.filter(role=CallMember.Role.ORGANISER).exclude(user=user)
    if role == CallMember.Role.ORGANISER and not organisers.exists():
        raise NotReadyToAnnounce(problem=gettext_noop("a call needs somebody who organises it."))
    call.members.filter(user=user, role=role).delete()
    if role == CallMember.Role.REVIEWER:
        Review.objects.filter(submission__call=call, reviewer=user, state__in=UNFINISHED).update(
            state=Review.State.DECLINED
        )
    rules.forget_roles(user)
    log(by, "unshare", "call", call.key, user=user.pk, role=role)


@transaction.atomic
def start_submission(by: User, call: Call, title: Translated, *, case: Case | None = None) -> Submission:
    """Begin an application, with a new case or one that the applicant leads.

    Raises:
        NotAllowed, PhaseClosed.
    """
    if not rules.visible_call(by, call) or not by.is_active:
        raise NotAllowed
    if not rules.may_apply(by, call):
        raise PhaseClosed(phase=Phase.Kind.SUBMISSION.label)
    if case is None:
        case = case_actions.create_case(by, title)
    elif not case.members.filter(user=by, role=CaseMember.Role.LEAD).exists():
        raise NotAllowed
    submission, created = Submission.objects.get_or_create(
        call=call, case=case, defaults={"applicant": by, "language": by.language}
    )
    if created:
        log(by, "start", "submission", submission.key)
    elif submission.state == Submission.State.WITHDRAWN and submission.seal_id is None:
        # It was taken back before it was ever submitted: nobody relied on it.
        submission.state = Submission.State.DRAFT
        submission.save(update_fields=["state"])
        log(by, "start", "submission", submission.key, again=True)
    return submission


@transaction.atomic
def save_submission(by: User, submission: Submission, data: object, *, revision: int) -> Submission:
    """Save the answers of a draft (also automatically): ``{"theme", "language", "answers": {slug: answer}}``.

    Raises:
        NotAllowed, PhaseClosed, InvalidContent; ``EditedMeanwhile`` when somebody saved in between.
    """
    from heirloom.cases.errors import EditedMeanwhile

    submission = Submission.objects.select_for_update().get(pk=submission.pk)
    _require_editable(by, submission)
    if revision != submission.revision:
        raise EditedMeanwhile
    reader = Reader(data)
    theme = reader.text("theme", 50)
    submission.theme = Theme.objects.filter(call=submission.call_id, slug=theme).first() if theme else None
    if theme and submission.theme is None:
        raise reader.refuse("theme", gettext_noop("Choose one of the offered values."))
    submission.language = reader.text("language", 35)
    submission.answers = read_answers(reader, list(submission.call.questions.all()))
    submission.revision += 1
    submission.saved_at = timezone.now()
    submission.save()
    return submission


def _require_editable(by: User, submission: Submission) -> None:
    if not rules.owns(by, submission) or submission.state != Submission.State.DRAFT:
        raise NotAllowed
    if not rules.phase_open(submission.call, Phase.Kind.SUBMISSION):
        raise PhaseClosed(phase=Phase.Kind.SUBMISSION.label)


def submit(by: User, submission: Submission, *, consent: Mapping[str, Any]) -> Submission:
    """Seal the case, fix the answers and give a receipt. Calling it again after a crash completes it.

    Raises:
        NotAllowed, PhaseClosed, NotReadyToSubmit, NotEligible, ``NotReadyToSeal``.
    """
    submission = Submission.objects.select_related("call", "case", "theme").get(pk=submission.pk)
    if submission.state == Submission.State.SUBMITTED and rules.owns(by, submission):
        return submission
    _require_editable(by, submission)
    if not rules.may_submit(by, submission):
        raise NotAllowed
    if submission.theme is None and submission.call.themes.exists():
        raise NotReadyToSubmit(problem=gettext_noop("choose the area that it belongs to."))
    check_answers(submission.answers, list(submission.call.questions.all()))
    note = submission.call.title.text(by.languages, default=submission.call.slug)
    seal = case_actions.seal(by, submission.case, consent=consent, note=note)
    with transaction.atomic():
        submission = Submission.objects.select_for_update().get(pk=submission.pk)
        if submission.state == Submission.State.SUBMITTED:
            return submission
        if submission.state != Submission.State.DRAFT:
            raise NotAllowed
        # Somebody who works on it too may have saved other answers while the case was sealed.
        check_answers(submission.answers, list(submission.call.questions.all()))
        submission.state = Submission.State.SUBMITTED
        submission.seal = seal
        submission.submitted_at = timezone.now()
        submission.receipt = receipt_number(submission.key, seal.digest)
        submission.save()
        log(by, "submit", "submission", submission.key, digest=seal.digest, receipt=submission.receipt)
        with override(by.language or None):
            post(
                by,
                _("Received: %(title)s") % {"title": submission.case.title.text(by.languages)},
                _(
                    "Your case was received for the call “%(call)s”.\n\nReceipt: %(receipt)s\n"
                    "Sealed version: %(digest)s\n\nKeep this message: with it you can show what you submitted, and when."
                )
                % {
                    "call": submission.call.title.text(by.languages),
                    "receipt": submission.receipt,
                    "digest": seal.digest,
                },
                about="submission",
                key=submission.key,
            )
    return submission


def receipt_number(key: str, digest: str) -> str:
    """Return the receipt of a submission: ten base-32 signs that follow from its key and the sealed digest."""
    signs = base64.b32encode(hashlib.sha256(f"{key}:{digest}".encode()).digest()).decode()[:10]
    return f"{signs[:5]}-{signs[5:]}"


@transaction.atomic
def withdraw_submission(by: User, submission: Submission) -> Submission:
    """Take an application back, also an accepted one until its case is published; a draft is kept too.

    What is published is taken from view by :func:`heirloom.cases.actions.withdraw`.
    """
    submission = (
        Submission.objects.select_for_update(of=("self",)).select_related("case").get(pk=submission.pk)
    )
    if not rules.may_withdraw(by, submission):
        raise NotAllowed
    submission.state = Submission.State.WITHDRAWN
    submission.save(update_fields=["state"])
    submission.reviews.filter(state__in=UNFINISHED).update(state=Review.State.DECLINED)
    log(by, "withdraw", "submission", submission.key)
    return submission


@transaction.atomic
def decide(by: User, submission: Submission, outcome: str, reason: Translated) -> Decision:
    """Record a decision, while the call's dates let decide; it may change until it is announced.

    Raises:
        NotAllowed, PhaseClosed.
    """
    submission = Submission.objects.select_for_update().get(pk=submission.pk)
    if not rules.decides(by, submission):
        raise NotAllowed
    if not rules.may_decide(by, submission):
        raise PhaseClosed(phase=Phase.Kind.DECISION.label)
    decision, _created = Decision.objects.update_or_create(
        submission=submission,
        defaults={
            "outcome": Decision.Outcome(outcome),
            "reason": reason,
            "decided_by": by,
            "decided_at": timezone.now(),
        },
    )
    log(by, "decide", "submission", submission.key, outcome=outcome)
    return decision


@transaction.atomic
def announce_decisions(by: User, call: Call) -> int:
    """Tell every applicant the decision, all at once; return how many were told.

    Raises:
        NotAllowed; NotDecided while a submission has no decision.
    """
    if not rules.organises(by, call):
        raise NotAllowed
    locked = call.submissions.select_for_update().filter(state=Submission.State.SUBMITTED)
    # Read only when all are locked: a decision may have been changed while this waited.
    waiting = list(
        call.submissions.filter(pk__in=[submission.pk for submission in locked]).select_related(
            "case", "applicant", "decision"
        )
    )
    undecided = [submission for submission in waiting if not hasattr(submission, "decision")]
    if undecided:
        raise NotDecided(count=len(undecided))
    now = timezone.now()
    for submission in waiting:
        accepted = submission.decision.outcome == Decision.Outcome.ACCEPT
        submission.state = Submission.State.ACCEPTED if accepted else Submission.State.REJECTED
        submission.save(update_fields=["state"])
        submission.decision.announced_at = now
        submission.decision.save(update_fields=["announced_at"])
        if submission.applicant is not None:
            _tell(submission, accepted=accepted)
    log(by, "announce-decisions", "call", call.key, count=len(waiting))
    return len(waiting)


def _tell(submission: Submission, *, accepted: bool) -> None:
    applicant = submission.applicant
    assert applicant is not None
    languages = applicant.languages
    with override(applicant.language or None):
        outcome = (
            _("Your case was accepted. It will be part of the published collection.")
            if accepted
            else _(
                "Your case was not accepted this time. You will find what reviewers wrote for you on your page."
            )
        )
        post(
            applicant,
            _("Decision: %(title)s") % {"title": submission.case.title.text(languages)},
            f"{outcome}\n\n{submission.decision.reason.text(languages)}".strip(),
            about="submission",
            key=submission.key,
        )
