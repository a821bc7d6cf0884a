"""What happens out of order: late, twice, at once, after a change of mind, and after a crash."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone
from tests.factories.calls import accept, make_call, make_review, make_reviewer, make_submission
from tests.factories.cases import CONSENT, edit_case, make_case
from tests.factories.catalogue import make_community, make_kept_item, make_protocol
from tests.factories.people import make_user

from heirloom.calls import actions, collection, queries, review_actions, rules
from heirloom.calls.errors import HasConflict, NotEligible, PhaseClosed
from heirloom.calls.models import Call, Decision, Phase, Review, Submission
from heirloom.cases import actions as case_actions
from heirloom.cases.errors import NotReadyToSeal
from heirloom.cases.models import Case, CaseMember, Seal
from heirloom.catalogue import store
from heirloom.catalogue.actions import set_protocol
from heirloom.catalogue.models import Item
from heirloom.errors import NotAllowed
from heirloom.keys import object_id
from heirloom.people.models import Message
from heirloom.text import Translated

pytestmark = [pytest.mark.database, pytest.mark.django_db, pytest.mark.usefixtures("installation")]
TITLE = Translated({"en": "Our rivers"})


def close(call: Call, kind: str) -> None:
    now = timezone.now()
    call.phases.filter(kind=kind).update(
        opens_at=now - timedelta(days=2), closes_at=now - timedelta(seconds=1)
    )


def again(review: Review) -> Review:
    return Review.objects.get(pk=review.pk)


# -- phases ----------------------------------------------------------------------------------------------------------


def test_a_phase_holds_from_its_first_moment_until_before_its_last() -> None:
    call, _organiser = make_call()
    phase = call.phases.get(kind=Phase.Kind.SUBMISSION)
    assert phase.closes_at is not None
    moment = timedelta(microseconds=1)
    for now, is_open in (
        (phase.opens_at - moment, False),
        (phase.opens_at, True),
        (phase.closes_at - moment, True),
        (phase.closes_at, False),
    ):
        assert rules.phase_open(call, Phase.Kind.SUBMISSION, now) is is_open


def test_nothing_is_sealed_too_late() -> None:
    call, _organiser = make_call()
    submission = make_submission(call, submitted=False)
    close(call, Phase.Kind.SUBMISSION)
    assert submission.applicant is not None
    with pytest.raises(PhaseClosed):
        actions.submit(submission.applicant, submission, consent=CONSENT)
    assert not Seal.objects.exists()
    assert not store.archive().exists(object_id("case", submission.case.key))


def test_decisions_and_the_collection_keep_to_the_calls_dates() -> None:
    call, organiser = make_call()
    submission = make_submission(call)
    decision = call.phases.filter(kind=Phase.Kind.DECISION)
    soon = timezone.now() + timedelta(hours=1)
    decision.update(opens_at=soon, closes_at=None)
    for _too_early_and_too_late in range(2):
        assert not rules.may_decide(organiser, Submission.objects.get(pk=submission.pk))
        with pytest.raises(PhaseClosed):
            accept(submission, organiser)
        close(call, Phase.Kind.DECISION)
    assert not Decision.objects.exists()
    decision.delete()  # a call that says nothing of when it decides
    accept(submission, organiser)
    actions.announce_decisions(organiser, call)

    call.phases.filter(kind=Phase.Kind.PUBLICATION).update(opens_at=soon, closes_at=None)
    call = Call.objects.get(pk=call.pk)
    with pytest.raises(PhaseClosed):
        collection.publish_collection(organiser, call, TITLE, Translated())
    assert Case.objects.get().state == Case.State.DRAFT


def test_announcing_again_does_not_open_a_closed_call() -> None:
    call, organiser = make_call()
    collection.publish_collection(organiser, call, TITLE, TITLE)
    assert actions.announce(organiser, call).state == Call.State.CLOSED
    assert Call.objects.get(pk=call.pk).state == Call.State.CLOSED


# -- submitting ------------------------------------------------------------------------------------------------------


def test_submitting_twice_is_one_submission() -> None:
    call, _organiser = make_call()
    first = make_submission(call)
    assert first.applicant is not None
    second = actions.submit(first.applicant, first, consent=CONSENT)
    assert (second.receipt, second.submitted_at) == (first.receipt, first.submitted_at)
    assert (Seal.objects.count(), Message.objects.count()) == (1, 1)


def test_submitting_twice_at_once_seals_one_version(monkeypatch: pytest.MonkeyPatch) -> None:
    call, _organiser = make_call()
    submission = make_submission(call, submitted=False)
    by = submission.applicant
    assert by is not None
    compute = case_actions.facts.compute

    def while_it_is_prepared(*args: Any) -> dict[str, Any]:
        monkeypatch.undo()
        actions.submit(by, submission, consent=CONSENT)
        return compute(*args)

    monkeypatch.setattr(case_actions.facts, "compute", while_it_is_prepared)
    second = actions.submit(by, submission, consent=CONSENT)
    assert second.state == "submitted"
    assert (Seal.objects.count(), Message.objects.count()) == (1, 1)
    assert store.archive().head(object_id("case", submission.case.key)).number == 1


def test_sealing_what_did_not_change_gives_the_same_version() -> None:
    lead = make_user()
    case = make_case(lead)
    first = case_actions.seal(lead, case, consent=CONSENT)
    assert case_actions.seal(lead, case, consent=CONSENT) == first
    edit_case(lead, case, title={"en": {"text": "Another title", "origin": "human"}})
    assert case_actions.seal(lead, case, consent=CONSENT).number == 2


def meanwhile(monkeypatch: pytest.MonkeyPatch, what: Callable[[], object]) -> None:
    """Let something happen while the case is being sealed."""
    seal = case_actions.seal

    def sealed(*args: object, **over: object) -> Seal:
        made = seal(*args, **over)  # type: ignore[arg-type]
        what()
        return made

    monkeypatch.setattr(case_actions, "seal", sealed)


def test_what_is_withdrawn_while_it_is_sealed_is_not_submitted(monkeypatch: pytest.MonkeyPatch) -> None:
    call, _organiser = make_call()
    submission = make_submission(call, submitted=False)
    by = submission.applicant
    assert by is not None
    meanwhile(monkeypatch, lambda: actions.withdraw_submission(by, submission))
    with pytest.raises(NotAllowed):
        actions.submit(by, submission, consent=CONSENT)
    submission.refresh_from_db()
    assert (submission.state, submission.receipt) == ("withdrawn", "")
    assert not Message.objects.exists()


def test_answers_that_changed_while_it_was_sealed_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    call, _organiser = make_call()
    submission = make_submission(call, submitted=False)
    by = submission.applicant
    assert by is not None
    answers = {"theme": "song", "answers": {"consent": "no", "who": "I"}}
    meanwhile(
        monkeypatch,
        lambda: actions.save_submission(by, submission, answers, revision=submission.revision),
    )
    with pytest.raises(NotEligible):
        actions.submit(by, submission, consent=CONSENT)
    submission.refresh_from_db()
    assert submission.state == "draft"


def test_a_crash_after_sealing_is_completed_by_submitting_again(monkeypatch: pytest.MonkeyPatch) -> None:
    call, _organiser = make_call()
    submission = make_submission(call, submitted=False)
    by = submission.applicant
    assert by is not None

    def dies(*_args: object, **_over: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(case_actions, "_seal_row", dies)
        with pytest.raises(KeyboardInterrupt):
            actions.submit(by, submission, consent=CONSENT)
    assert (Seal.objects.count(), store.archive().head(object_id("case", submission.case.key)).number) == (
        0,
        1,
    )
    submission = actions.submit(by, submission, consent=CONSENT)
    assert submission.seal is not None
    assert (submission.state, submission.seal.number) == ("submitted", 1)
    assert store.archive().head(object_id("case", submission.case.key)).number == 1


def test_a_draft_that_was_taken_back_can_be_taken_up_again() -> None:
    call, _organiser = make_call()
    submission = make_submission(call, submitted=False)
    by = submission.applicant
    assert by is not None
    actions.withdraw_submission(by, submission)
    begun = actions.start_submission(by, call, submission.case.title, case=submission.case)
    assert (begun.pk, begun.state, begun.answers) == (submission.pk, "draft", submission.answers)
    actions.withdraw_submission(by, actions.submit(by, begun, consent=CONSENT))
    assert (
        actions.start_submission(by, call, submission.case.title, case=submission.case).state == "withdrawn"
    )


# -- reviewing -------------------------------------------------------------------------------------------------------


def test_a_conflict_that_shows_after_the_review_takes_it_out_of_the_count() -> None:
    call, organiser = make_call()
    submission, reviewer = make_submission(call), make_reviewer(call, organiser)
    review = make_review(submission, organiser, reviewer)
    assert queries.organiser_table(organiser, call)[0].final == 1
    review_actions.declare_conflict(reviewer, submission, reviewer, "family")
    (row,) = queries.organiser_table(organiser, call)
    assert (row.final, row.reviews, row.lacking) == (0, 0, 1)
    assert not rules.visible_review(reviewer, again(review))
    with pytest.raises(HasConflict):
        review_actions.assign(organiser, submission, reviewer)


def test_a_conflict_after_the_announcement_changes_no_history() -> None:
    call, organiser = make_call()
    submission, reviewer = make_submission(call), make_reviewer(call, organiser)
    review = make_review(submission, organiser, reviewer)
    accept(submission, organiser)
    actions.announce_decisions(organiser, call)
    review_actions.declare_conflict(organiser, submission, reviewer, "other")
    assert again(review).state == "final"


def test_a_reviewer_who_is_removed_sees_and_reviews_no_more() -> None:
    call, organiser = make_call()
    done, begun, reviewer = make_submission(call), make_submission(call), make_reviewer(call, organiser)
    final = make_review(done, organiser, reviewer)
    open_one = review_actions.assign(organiser, begun, reviewer)
    actions.remove_call_member(organiser, call, reviewer, "reviewer")
    assert (again(final).state, again(open_one).state) == ("final", "declined")
    assert not rules.visible_submission(reviewer, Submission.objects.get(pk=begun.pk))
    with pytest.raises(NotAllowed):
        review_actions.save_review(reviewer, again(open_one), {}, revision=0)


def test_who_gave_a_review_back_can_be_asked_again() -> None:
    call, organiser = make_call()
    submission, reviewer = make_submission(call), make_reviewer(call, organiser)
    review = review_actions.assign(organiser, submission, reviewer)
    review_actions.save_review(reviewer, review, {"scores": {"people": 3}}, revision=0)
    review_actions.decline_review(reviewer, review)
    asked = review_actions.assign(organiser, submission, reviewer)
    assert (asked.pk, asked.state, asked.scores.count()) == (review.pk, "draft", 1)
    assert Message.objects.filter(user=reviewer).count() == 2
    review_actions.assign(organiser, submission, reviewer)
    assert Message.objects.filter(user=reviewer).count() == 2


def test_an_organiser_does_not_choose_who_judges_their_own_case() -> None:
    call, organiser = make_call()
    own, other, reviewer = (
        make_submission(call, organiser),
        make_submission(call),
        make_reviewer(call, organiser),
    )
    with pytest.raises(NotAllowed):
        review_actions.assign(organiser, own, reviewer)
    with pytest.raises(NotAllowed):
        review_actions.declare_conflict(organiser, own, reviewer, "rival")
    assert review_actions.assign_proposed(organiser, call).pairs == ((other.pk, reviewer.pk),)
    assert Review.objects.get().submission == other


def test_an_organiser_with_a_conflict_still_assigns_the_others() -> None:
    call, organiser = make_call()
    near, far, reviewer = make_submission(call), make_submission(call), make_reviewer(call, organiser)
    review_actions.declare_conflict(organiser, near, organiser, "family")
    assert review_actions.assign_proposed(organiser, call).pairs == ((far.pk, reviewer.pk),)


def test_withdrawn_cases_take_nobody_s_time() -> None:
    call, organiser = make_call()
    submission, reviewer = make_submission(call), make_reviewer(call, organiser, capacity=1)
    review = review_actions.assign(organiser, submission, reviewer)
    assert submission.applicant is not None
    actions.withdraw_submission(submission.applicant, submission)
    assert again(review).state == "declined"
    other = make_submission(call)
    assert review_actions.propose(organiser, call).pairs == ((other.pk, reviewer.pk),)


# -- deciding --------------------------------------------------------------------------------------------------------


def test_a_decision_changes_until_it_is_announced() -> None:
    call, organiser = make_call()
    submission = make_submission(call)
    accept(submission, organiser)
    actions.decide(organiser, submission, "reject", TITLE)
    assert (Decision.objects.count(), Decision.objects.get().outcome) == (1, "reject")
    actions.announce_decisions(organiser, call)
    with pytest.raises(NotAllowed):
        accept(submission, organiser)
    assert actions.announce_decisions(organiser, call) == 0
    assert Message.objects.filter(subject__startswith="Decision").count() == 1


def test_what_is_withdrawn_before_the_announcement_needs_and_gets_no_decision() -> None:
    call, organiser = make_call()
    kept, gone = make_submission(call), make_submission(call)
    accept(kept, organiser)
    accept(gone, organiser)
    assert gone.applicant is not None
    actions.withdraw_submission(gone.applicant, gone)
    assert actions.announce_decisions(organiser, call) == 1
    gone.refresh_from_db()
    assert gone.state == "withdrawn"
    assert not rules.sees_decision(gone.applicant, gone)


def accepted_call() -> tuple[Call, object, Submission, Submission]:
    call, organiser = make_call()
    first, second = make_submission(call), make_submission(call)
    for submission in (first, second):
        accept(submission, organiser)
    actions.announce_decisions(organiser, call)
    return call, organiser, first, second


def test_an_accepted_case_can_be_taken_back_until_it_is_published() -> None:
    call, organiser, first, second = accepted_call()
    assert first.applicant is not None
    assert second.applicant is not None
    actions.withdraw_submission(first.applicant, first)
    shown = collection.publish_collection(organiser, call, TITLE, TITLE)  # type: ignore[arg-type]
    assert [entry.seal.case for entry in shown.entries.all()] == [second.case]
    assert Case.objects.get(pk=first.case_id).state == "draft"
    with pytest.raises(NotAllowed):
        actions.withdraw_submission(second.applicant, second)


def test_publishing_the_collection_again_brings_no_withdrawn_case_back() -> None:
    call, organiser, first, second = accepted_call()
    collection.publish_collection(organiser, call, TITLE, TITLE)  # type: ignore[arg-type]
    assert first.applicant is not None
    case_actions.withdraw(first.applicant, Case.objects.get(pk=first.case_id), "the singers asked")
    shown = collection.publish_collection(organiser, call, TITLE, TITLE)  # type: ignore[arg-type]
    assert Case.objects.get(pk=first.case_id).state == "withdrawn"
    assert [entry.seal.case for entry in shown.entries.all()] == [second.case]


def test_an_item_that_only_stewards_publish_does_not_stop_a_collection() -> None:
    steward, applicant = make_user(), make_user()
    protocol = make_protocol("members", communities=[make_community(stewards=[steward])])
    item = make_kept_item(applicant, publish=False)
    set_protocol(applicant, item, protocol)
    call, organiser = make_call()
    case = edit_case(applicant, make_case(applicant), cover=item.key)
    submission = make_submission(call, applicant, case=case)
    accept(submission, organiser)
    actions.announce_decisions(organiser, call)
    shown = collection.publish_collection(organiser, call, TITLE, TITLE)
    assert shown.entries.count() == 1
    assert Item.objects.get().state == "draft"


# -- at once ---------------------------------------------------------------------------------------------------------


def at_once(*works: Callable[[], object]) -> list[object]:
    """Do things in threads of their own, as near to each other as can be; return results and errors."""
    if connection.vendor == "sqlite":
        pytest.skip("SQLite lets one writer in at a time: only PostgreSQL can be in two transactions at once")
    start, results = threading.Barrier(len(works)), list[object]()

    def run(work: Callable[[], object]) -> None:
        try:
            start.wait(20)
            results.append(work())
        except Exception as error:
            results.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[work]) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


@pytest.mark.django_db(transaction=True)
def test_two_organisers_who_remove_each_other_leave_one() -> None:
    call, first = make_call()
    second = make_user()
    actions.set_call_member(first, call, second, "organiser")
    at_once(
        lambda: actions.remove_call_member(first, call, second, "organiser"),
        lambda: actions.remove_call_member(second, call, first, "organiser"),
    )
    assert call.members.filter(role="organiser").count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_leads_who_remove_each_other_leave_one() -> None:
    first, second = make_user(), make_user()
    case = make_case(first)
    case_actions.set_member(first, case, second, "lead")
    results = at_once(
        lambda: case_actions.set_member(first, Case.objects.get(pk=case.pk), second, None),
        lambda: case_actions.set_member(second, Case.objects.get(pk=case.pk), first, None),
    )
    assert CaseMember.objects.filter(case=case, role="lead").count() == 1
    assert any(isinstance(result, NotAllowed | NotReadyToSeal) for result in results)


@pytest.mark.django_db(transaction=True)
def test_a_decision_and_its_announcement_at_once_agree() -> None:
    call, organiser = make_call()
    submission = make_submission(call)
    accept(submission, organiser)
    decided, release = threading.Event(), threading.Event()

    def decide() -> None:
        with transaction.atomic():
            actions.decide(organiser, submission, "reject", TITLE)
            decided.set()
            release.wait(1)

    def announce() -> None:
        decided.wait(20)
        actions.announce_decisions(organiser, call)

    at_once(decide, announce)
    submission.refresh_from_db()
    decision = Decision.objects.get()
    assert decision.announced_at is not None
    assert (decision.outcome, submission.state) == ("reject", "rejected")
