"""The way of a call, from its opening to the published collection, as its people go it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.core import mail
from tests.factories.calls import (
    accept,
    call_content,
    make_call,
    make_review,
    make_reviewer,
    make_submission,
)
from tests.factories.cases import CONSENT, edit_case, make_case
from tests.factories.people import make_user

from heirloom.calls import actions, queries, review_actions, rules
from heirloom.calls.collection import publish_collection
from heirloom.calls.errors import (
    HasConflict,
    NotDecided,
    NotEligible,
    NotReadyToSubmit,
    PhaseClosed,
    ReviewIncomplete,
)
from heirloom.calls.models import Conflict, Decision, Review, Submission
from heirloom.cases import queries as case_queries
from heirloom.cases.errors import EditedMeanwhile
from heirloom.cases.models import Case, Seal
from heirloom.catalogue.store import archive
from heirloom.errors import NotAllowed, NotFound
from heirloom.people import actions as people
from heirloom.people.models import Message
from heirloom.text import Translated

pytestmark = [pytest.mark.database, pytest.mark.django_db, pytest.mark.usefixtures("installation")]


def test_from_opening_to_published_collection() -> None:
    call, organiser = make_call()
    reviewer = make_reviewer(call, organiser)
    accepted, refused = make_submission(call), make_submission(call)
    make_review(accepted, organiser, reviewer, 5)
    make_review(refused, organiser, reviewer, 1)
    accept(accepted, organiser)
    actions.decide(organiser, refused, Decision.Outcome.REJECT, Translated({"en": "Not this time."}))
    assert actions.announce_decisions(organiser, call) == 2

    collection = publish_collection(
        organiser, call, Translated({"en": "The songs"}), Translated({"en": "All."})
    )

    found, entries = queries.collection(None, collection.slug)
    accepted.refresh_from_db()
    assert [entry.seal for entry in entries] == [accepted.seal]
    _case, seal = case_queries.published_case(None, accepted.case.key)
    assert seal.digest == accepted.seal.digest
    with pytest.raises(NotFound):
        case_queries.published_case(None, refused.case.key)
    record = json.loads(archive().read(f"heirloom:collection:{found.key}", "record.json"))
    assert [entry["digest"] for entry in record["entries"]] == [seal.digest]
    assert record["call"]["criteria"][0]["slug"] == "people"


def test_publishing_again_changes_nothing() -> None:
    call, organiser = make_call()
    submission = make_submission(call)
    accept(submission, organiser)
    actions.announce_decisions(organiser, call)
    title, summary = Translated({"en": "The songs"}), Translated({"en": "All."})
    first = publish_collection(organiser, call, title, summary)
    versions = {name: archive().head(name).number for name in archive().ids()}
    second = publish_collection(organiser, call, title, summary)
    assert (first.digest, first.published_at) == (second.digest, second.published_at)
    assert {name: archive().head(name).number for name in archive().ids()} == versions


def test_a_receipt_says_what_was_submitted_and_when() -> None:
    call, _organiser = make_call()
    submission = make_submission(call)
    found = queries.submission_by_receipt(submission.receipt)
    assert found is not None
    assert found.seal.digest == archive().head(f"heirloom:case:{submission.case.key}").digest
    message = Message.objects.get(about="submission", key=submission.key)
    assert submission.receipt in message.body
    assert submission.seal.digest in message.body
    people.deliver()
    assert [sent.to for sent in mail.outbox] == [[submission.applicant.email]]
    people.deliver()
    assert len(mail.outbox) == 1


def test_submitting_fixes_the_version_whatever_is_edited_after() -> None:
    call, organiser = make_call()
    submission = make_submission(call)
    before = submission.seal.content["title"]
    edit_case(
        submission.applicant, submission.case, title={"en": {"text": "Another title", "origin": "human"}}
    )
    seen = queries.submission(organiser, submission.key)
    assert seen.seal.content["title"] == before


def test_submitting_twice_makes_one_seal() -> None:
    call, _organiser = make_call()
    submission = make_submission(call)
    again = actions.submit(submission.applicant, submission, consent=CONSENT)
    assert again.seal == submission.seal
    assert Seal.objects.count() == 1


def test_a_seal_whose_row_was_lost_in_a_crash_is_adopted() -> None:
    call, _organiser = make_call()
    submission = make_submission(call, submitted=False)
    from heirloom.cases.actions import seal

    made = seal(submission.applicant, submission.case, consent=CONSENT, note=call.title.text("en"))
    Seal.objects.all().delete()
    done = actions.submit(submission.applicant, submission, consent=CONSENT)
    assert done.seal.digest == made.digest
    assert archive().head(f"heirloom:case:{submission.case.key}").number == 1


@pytest.mark.parametrize(
    ("answers", "theme", "error"),
    [
        ({"consent": "no", "who": "x"}, "song", NotEligible),
        ({"consent": "yes"}, "song", NotReadyToSubmit),
        ({"who": "x"}, "song", NotReadyToSubmit),
        ({"consent": "yes", "who": "x"}, "", NotReadyToSubmit),
    ],
)
def test_what_is_not_complete_cannot_be_submitted(
    answers: dict[str, str], theme: str, error: type[Exception]
) -> None:
    call, _organiser = make_call()
    applicant = make_user()
    submission = make_submission(call, applicant, submitted=False)
    submission = actions.save_submission(
        applicant, submission, {"theme": theme, "answers": answers}, revision=submission.revision
    )
    with pytest.raises(error):
        actions.submit(applicant, submission, consent=CONSENT)
    submission.refresh_from_db()
    assert submission.state == Submission.State.DRAFT
    assert submission.answers == {
        slug: {"yes": True, "no": False}.get(value, value) for slug, value in answers.items()
    }


def test_two_people_editing_one_application_do_not_overwrite_each_other() -> None:
    call, _organiser = make_call()
    submission = make_submission(call, submitted=False)
    actions.save_submission(submission.applicant, submission, {"answers": {"who": "first"}}, revision=1)
    with pytest.raises(EditedMeanwhile):
        actions.save_submission(submission.applicant, submission, {"answers": {"who": "second"}}, revision=1)
    submission.refresh_from_db()
    assert submission.answers["who"] == "first"


def test_phases_close() -> None:
    call, organiser = make_call()
    reviewer = make_reviewer(call, organiser)
    submission = make_submission(call)
    draft = make_submission(call, submitted=False)
    review = review_actions.assign(organiser, submission, reviewer)
    call.phases.update(closes_at="2020-01-02T00:00:00Z", opens_at="2020-01-01T00:00:00Z")
    for attempt in (
        lambda: actions.start_submission(make_user(), call, Translated({"en": "Late"})),
        lambda: actions.submit(draft.applicant, draft, consent=CONSENT),
        lambda: review_actions.save_review(reviewer, review, {}, revision=0),
    ):
        with pytest.raises(PhaseClosed):
            attempt()


def test_decisions_are_announced_all_at_once() -> None:
    call, organiser = make_call()
    first, second = make_submission(call), make_submission(call)
    accept(first, organiser)
    with pytest.raises(NotDecided):
        actions.announce_decisions(organiser, call)
    assert not rules.sees_decision(first.applicant, queries.submission(first.applicant, first.key))
    accept(second, organiser)
    actions.announce_decisions(organiser, call)
    assert rules.sees_decision(first.applicant, queries.submission(first.applicant, first.key))


def test_an_unfinished_review_is_saved_but_not_final() -> None:
    call, organiser = make_call()
    reviewer = make_reviewer(call, organiser)
    review = review_actions.assign(organiser, make_submission(call), reviewer)
    with pytest.raises(ReviewIncomplete):
        review_actions.save_review(
            reviewer, review, {"scores": {"people": 3}, "for_organisers": "So far."}, revision=0, final=True
        )
    review.refresh_from_db()
    assert (review.state, review.for_organisers) == (Review.State.DRAFT, "So far.")
    assert [score.value for score in review.scores.all()] == [3]


def test_a_reason_stays_where_only_the_value_is_sent() -> None:
    call, organiser = make_call()
    reviewer = make_reviewer(call, organiser)
    review = review_actions.assign(organiser, make_submission(call), reviewer)
    both = {"scores": {"people": 3}, "reasons": {"people": "They decide."}}
    review = review_actions.save_review(reviewer, review, both, revision=0)
    review = review_actions.save_review(reviewer, review, {"scores": {"people": 5}}, revision=1)
    assert [(score.value, score.reason) for score in review.scores.all()] == [(5, "They decide.")]
    taken_back = {"scores": {"people": 5}, "reasons": {"people": ""}}
    review = review_actions.save_review(reviewer, review, taken_back, revision=2)
    assert [score.reason for score in review.scores.all()] == [""]


def test_a_conflict_closes_the_submission_for_good() -> None:
    call, organiser = make_call()
    reviewer = make_reviewer(call, organiser)
    submission = make_submission(call)
    review = review_actions.assign(organiser, submission, reviewer)
    assert queries.review(reviewer, review.key) == review
    review_actions.declare_conflict(reviewer, submission, reviewer, Conflict.Kind.FAMILY, "My sister.")
    for look in (
        lambda: queries.review(reviewer, review.key),
        lambda: queries.submission(reviewer, submission.key),
    ):
        with pytest.raises(NotFound):
            look()
    with pytest.raises(HasConflict):
        review_actions.assign(organiser, submission, reviewer)


def test_people_of_a_case_cannot_be_asked_to_review_it() -> None:
    call, organiser = make_call()
    submission = make_submission(call)
    actions.set_call_member(organiser, call, submission.applicant, "reviewer")
    with pytest.raises(HasConflict):
        review_actions.assign(organiser, submission, submission.applicant)


def test_an_organiser_who_applies_does_not_judge_it() -> None:
    call, organiser = make_call()
    other = make_user(grants=["organiser"])
    actions.set_call_member(organiser, call, other, "organiser")
    submission = make_submission(call, other)
    reviewer = make_reviewer(call, organiser)
    make_review(submission, organiser, reviewer)
    with pytest.raises(NotAllowed):
        accept(submission, other)
    assert queries.final_reviews(other, submission) == []
    row = next(row for row in queries.organiser_table(other, call) if row.submission == submission)
    assert row.standing.mean is None
    assert len(queries.final_reviews(organiser, submission)) == 1


def test_reviewers_are_proposed_and_assigned() -> None:
    call, organiser = make_call()
    reviewers = [make_reviewer(call, organiser, capacity=2) for _ in range(2)]
    submissions = [make_submission(call) for _ in range(3)]
    review_actions.declare_conflict(organiser, submissions[0], reviewers[0], Conflict.Kind.RIVAL)
    plan = review_actions.assign_proposed(organiser, call)
    assert plan.lacking == {}
    assert Review.objects.count() == 3
    assert submissions[0].reviews.get().reviewer == reviewers[1]
    assert Message.objects.filter(about="review").count() == 3


def test_a_blind_reviewer_does_not_learn_who_applied() -> None:
    call, organiser = make_call()
    reviewer = make_reviewer(call, organiser)
    submission = make_submission(call)
    review = review_actions.assign(organiser, submission, reviewer)
    seen = queries.review(reviewer, review.key).submission
    assert [question.slug for question, _ in queries.answers(reviewer, seen)] == ["consent"]
    assert [question.slug for question, _ in queries.answers(organiser, seen)] == ["consent", "who"]


def test_rubric_stays_once_people_have_applied() -> None:
    from heirloom.calls.errors import AlreadyAnnounced

    call, organiser = make_call()
    make_submission(call)
    content = call_content()
    content["criteria"][0]["weight"] = "9"
    with pytest.raises(AlreadyAnnounced):
        actions.save_call(organiser, call, content)
    renamed = call_content(summary={"en": {"text": "Better words.", "origin": "human"}})
    assert actions.save_call(organiser, call, renamed).summary.text("en") == "Better words."


@pytest.mark.parametrize("count", [1, 3])
def test_lists_cost_the_same_whatever_their_length(count: int, django_assert_max_num_queries: object) -> None:
    call, organiser = make_call()
    reviewer = make_reviewer(call, organiser)
    for _ in range(count):
        make_review(make_submission(call), organiser, reviewer)
    rules.forget_roles(organiser)
    with django_assert_max_num_queries(13):  # type: ignore[operator]
        rows = queries.organiser_table(organiser, queries.call(organiser, call.slug))
        assert [(row.final, row.lacking) for row in rows] == [(1, 0)] * count
    with django_assert_max_num_queries(4):  # type: ignore[operator]
        assert len(list(queries.my_reviews(reviewer))) == count


def test_a_draft_case_is_its_peoples_alone(installation: Path) -> None:
    owner = make_user()
    case = make_case(owner)
    assert case_queries.case_for_editing(owner, case.key) == case
    for other in (make_user(), make_user(grants=["organiser", "cataloguer"]), make_user(superuser=True)):
        with pytest.raises(NotFound):
            case_queries.case_for_editing(other, case.key)
    assert not Case.objects.filter(state=Case.State.PUBLISHED).exists()
