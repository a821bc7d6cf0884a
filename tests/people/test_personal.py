"""What a person can take along, and what is left of them after they were erased."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from tests.factories.calls import make_call, make_review, make_reviewer, make_submission
from tests.factories.cases import make_case
from tests.factories.catalogue import make_community, make_item, make_kept_item
from tests.factories.people import make_user

from heirloom.calls import actions, personal, review_actions
from heirloom.calls.models import CallMember, Review, Submission
from heirloom.cases.actions import seal, set_member
from heirloom.cases.models import Case, CaseMember, Run, Seal
from heirloom.catalogue import search, store
from heirloom.catalogue.models import Item, SearchEntry
from heirloom.keys import object_id
from heirloom.people.models import LogEntry, Message, User

pytestmark = [pytest.mark.database, pytest.mark.django_db, pytest.mark.usefixtures("installation")]
MAY_STAY = {"agreed": True, "keep_after_erasure": True}
MAY_NOT = {"agreed": True, "keep_after_erasure": False}


@pytest.fixture
def person() -> User:
    return make_user("kham@example.org", name="Kham Phoui", grants=["cataloguer"])


def test_everything_about_a_person_can_be_taken_along(person: User) -> None:
    make_community("weavers", members=[person])
    person.memberships.update(attributes={"gender": "women"})
    call, organiser = make_call()
    submission = make_submission(call, person)
    make_review(make_submission(call), organiser, make_reviewer(call, organiser))
    reviewed = make_submission(call)
    actions.set_call_member(organiser, call, person, "reviewer", languages=["lo"])
    make_review(reviewed, organiser, person, value=3)
    review_actions.declare_conflict(organiser, submission, person, "family", "his sister")
    item = make_item(owner=person, state="draft", title="Secret drum")
    run = Run.objects.create(requested_by=person, method="diversity.coverage", method_version="1")
    data = json.loads(json.dumps(personal.everything(person)))
    assert data["account"]["email"] == "kham@example.org"
    assert data["account"]["roles"] == ["cataloguer"]
    assert data["communities"] == [
        {"community": "weavers", "role": "member", "attributes": {"gender": "women"}}
    ]
    assert [one["receipt"] for one in data["submissions"]] == [submission.receipt]
    assert data["submissions"][0]["answers"]["who"] == "The elders."
    assert [one["scores"] for one in data["reviews"]] == [{"people": 3, "cost": 3}]
    assert data["conflicts"] == [{"submission": submission.key, "kind": "family", "reason": "his sister"}]
    assert [one["key"] for one in data["items"]] == [item.key]
    assert [one["key"] for one in data["runs"]] == [run.key]
    assert any(submission.receipt in one["body"] for one in data["messages"])
    assert {"submit", "review"} <= {one["action"] for one in data["log"]}
    others = json.dumps(personal.everything(organiser))
    assert "Secret drum" not in others
    assert "his sister" not in others


def test_an_erased_person_leaves_no_trace_of_their_own(person: User, installation: Path) -> None:
    session = SessionStore()
    session["_auth_user_id"] = str(person.pk)
    session.create()
    call, _organiser = make_call()
    draft = make_submission(call, person, case=make_case(person, "Dawnsong"), submitted=False)
    withdrawn = make_submission(call, person, case=make_case(person, "Dusksong"), submitted=False)
    actions.withdraw_submission(person, withdrawn)
    make_kept_item(person, publish=False)
    run = Run.objects.create(
        requested_by=person, method="diversity.coverage", method_version="1", state="done"
    )
    store.archive().write(
        object_id("run", run.key), {"inputs/a.csv": b"mine"}, message="inputs", agent=store.SYSTEM
    )
    personal.erase(person)
    assert not User.objects.filter(email="kham@example.org").exists()
    for thing in (draft, withdrawn):
        assert not Submission.objects.filter(pk=thing.pk).exists()
        assert not Case.objects.filter(pk=thing.case_id).exists()
    assert (Item.objects.count(), Run.objects.count(), Session.objects.count()) == (0, 0, 0)
    assert not Message.objects.filter(to="kham@example.org").exists()
    assert search.find("Dawnsong", "case", Case.objects.all()).pks == ()
    assert not SearchEntry.objects.filter(title__icontains="dawnsong").exists()
    assert list(store.archive().ids()) == []
    left = b"".join(path.read_bytes() for path in installation.rglob("*") if path.is_file())
    assert b"Kham Phoui" not in left
    assert b"kham@example.org" not in left
    entry = LogEntry.objects.get(action="erase")
    assert (entry.actor, LogEntry.objects.filter(actor__isnull=False, actor=person.pk).count()) == (None, 0)


@pytest.mark.parametrize(
    ("consent", "stays"), [(MAY_STAY, True), (MAY_NOT, False), ({"agreed": True}, False)]
)
def test_a_sealed_version_stays_as_its_consent_allows(consent: dict, stays: bool, person: User) -> None:
    case = make_case(person)
    sealed = seal(person, case, consent=consent)
    assert personal.what_stays(person)["seals"] == int(stays)
    personal.erase(person)
    assert Seal.objects.filter(pk=sealed.pk).exists() is stays
    archive, identifier = store.archive(), object_id("case", case.key)
    assert archive.exists(identifier) is stays
    assert len(archive.tombstones()) == int(not stays)
    if stays:
        package = b"".join(archive.read(identifier, path) for path in archive.files(identifier))
        assert b"kham@example.org" not in package
        assert all(
            "Kham" not in version.agent.name for version in archive.versions(identifier) if version.agent
        )


def test_the_newest_consent_counts(person: User) -> None:
    case = make_case(person)
    seal(person, case, consent=MAY_NOT)
    seal(person, case, consent=MAY_STAY)
    personal.erase(person)
    assert Seal.objects.count() == 2


def test_what_others_work_on_stays_with_them(person: User) -> None:
    translator, editor = make_user(), make_user()
    case = make_case(person)
    set_member(person, case, translator, "translator")
    set_member(person, case, editor, "editor")
    call, _organiser = make_call()
    draft = make_submission(call, person, case=case, submitted=False)
    sealed = make_case(person)
    set_member(person, sealed, editor, "editor")
    seal(person, sealed, consent=MAY_NOT)
    shown = make_kept_item(person, publish=False)
    case.sections.update(item=shown)
    imported = make_item(owner=person, state="draft", source="tate", source_id="1")
    personal.erase(person)
    draft.refresh_from_db()
    assert (draft.state, draft.applicant) == ("draft", None)
    assert {(member.user, member.role) for member in CaseMember.objects.filter(case=case)} == {
        (translator, "translator"),
        (editor, "lead"),
    }
    assert CaseMember.objects.get(case=sealed).role == "lead"
    assert Seal.objects.count() == 1
    assert set(Item.objects.all()) == {shown, imported}


def test_a_final_review_stays_without_its_name_and_others_go(person: User) -> None:
    call, organiser = make_call(reviews_per_submission=2)
    actions.set_call_member(organiser, call, person, "reviewer")
    done, begun = make_submission(call), make_submission(call)
    final = make_review(done, organiser, person)
    review_actions.assign(organiser, begun, person)
    assert personal.what_stays(person)["reviews"] == 1
    personal.erase(person)
    left = Review.objects.get()
    assert (left.pk, left.reviewer, left.for_applicant) == (final.pk, None, "Thank you.")
    assert not call.members.filter(role="reviewer").exists()


def test_a_call_is_not_left_without_somebody_who_organises_it() -> None:
    call, organiser = make_call()
    heir, _stranger = make_user(grants=["organiser"]), make_user()
    shared, _same = make_call(organiser)
    partner = make_user()
    actions.set_call_member(organiser, shared, partner, CallMember.Role.ORGANISER)
    personal.erase(organiser)
    organisers = CallMember.objects.filter(role=CallMember.Role.ORGANISER)
    assert [member.user for member in organisers.filter(call=call)] == [heir]
    assert [member.user for member in organisers.filter(call=shared)] == [partner]
