"""The pages of an organiser: who gets in, making a call, running it to its collection, and never losing what was typed."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from tests.factories.calls import accept, make_review, make_reviewer, make_submission
from tests.factories.pages import ROLES, Page, Scene, browser, make_scene, read
from tests.factories.people import make_user

from heirloom.calls import review_actions
from heirloom.calls.models import Call, CallMember, Collection, Decision, Phase
from heirloom.calls.queries import call as get_call
from heirloom.people.models import Message

pytestmark = [pytest.mark.database, pytest.mark.django_db]

NAMES = (
    "organise-call",
    "call-edit",
    "call-people",
    "call-assign",
    "call-decisions",
    "call-publish",
    "call-export",
)


@pytest.fixture
def scene(installation: Path) -> Scene:
    return make_scene()


def fields(page: Page, **over: str) -> dict[str, Any]:
    """Return what a browser would send of the page's filled fields, with changes."""
    return {**page.values, **over}


def test_who_gets_in(scene: Scene) -> None:
    for role in ROLES:
        client = browser(scene.who(role))
        addresses = [reverse(name, args=[scene.call.slug]) for name in NAMES]
        addresses.append(reverse("organise-submission", args=[scene.call.slug, scene.submission.key]))
        for address in addresses:
            response = client.get(address)
            expected = {"anonymous": 302, "organiser": 200}.get(role, 404)
            assert response.status_code == expected, (role, address, response.status_code)
            if role == "organiser" and "export" not in address:
                read(response)
        posted = client.post(reverse("call-announce", args=[scene.call.slug]))
        assert posted.status_code == {"anonymous": 302, "organiser": 302}.get(role, 404)
        listed = client.get(reverse("organise")).status_code
        organisers = {"organiser", "other_organiser"}
        assert listed == (302 if role == "anonymous" else 200 if role in organisers else 404)
        begun = client.get(reverse("call-new")).status_code
        assert begun == (302 if role == "anonymous" else 200 if role in organisers else 403)


def test_an_organiser_with_a_conflict_does_not_see_the_submission(scene: Scene) -> None:
    client = browser(scene.organiser)
    address = reverse("organise-submission", args=[scene.call.slug, scene.submission.key])
    assert client.post(address, {"what": "conflict", "kind": ""}).status_code == 400
    declared = client.post(
        address, {"what": "conflict", "person": "", "kind": "family", "conflict_reason": "sister"}
    )
    assert declared.headers["Location"] == reverse("organise-call", args=[scene.call.slug])
    assert client.get(address).status_code == 404
    for name in ("organise-call", "call-decisions"):
        page = read(client.get(reverse(name, args=[scene.call.slug])))
        assert "Conflict of interest" in page.words
        assert "River songs" in page.words


def test_a_call_is_made_on_its_pages_from_first_word_to_announcement(installation: Path) -> None:
    organiser = make_user(grants=["organiser"])
    client = browser(organiser)
    wrong = client.post(reverse("call-new"), {"title.en": "Songs & <rivers>", "slug": "Not a slug"})
    assert wrong.status_code == 400
    assert read(wrong).values["title.en"] == ["Songs & <rivers>"]
    assert read(wrong).values["slug"] == ["Not a slug"]
    made = client.post(reverse("call-new"), {"title.en": "Songs", "slug": "songs-2027"})
    address = reverse("call-edit", args=["songs-2027"])
    assert made.headers["Location"] == address

    early = client.post(reverse("call-announce", args=["songs-2027"]))
    assert early.status_code == 400
    assert "it has no summary" in " ".join(read(early).words)

    page = read(client.get(address))
    sent = fields(
        page,
        **{
            "title.lo": "ເພງ",
            "summary.en": "Cases about songs.",
            "time_zone": "Asia/Vientiane",
            "phase.submission.opens_at": "2027-01-01T09:00",
            "phase.submission.closes_at": "2027-02-01T09:00",
            "phase.review.opens_at": "2027-02-01T09:00",
            "themes.0.slug": "song",
            "themes.0.title.en": "Song",
            "questions.0.slug": "consent",
            "questions.0.kind": "yes-no",
            "questions.0.text.en": "Do all agree?",
            "questions.0.eligibility": "1",
            "questions.0.required_answer": "no",
            "criteria.0.slug": "people",
            "criteria.0.weight": "2",
            "criteria.0.title.en": "People",
            "criteria.0.levels.0.anchor.en": "Not there",
            "more": "questions",
        },
    )
    refused = client.post(address, sent)
    assert refused.status_code == 400, "one level is no scale"
    kept = read(refused)
    assert kept.values["criteria.0.levels.0.anchor.en"] == ["Not there"]
    assert kept.values["title.lo"] == ["ເພງ"]
    assert kept.values["phase.submission.opens_at"] == ["2027-01-01T09:00"]
    assert "criteria-0-levels" in kept.fragments

    again = client.post(address, {**sent, "criteria.0.levels.1.anchor.en": "Wholly there"})
    assert again.status_code == 200
    grown = read(again)
    assert "questions.1.slug" in grown.values, "a blank question was added"
    call = get_call(organiser, "songs-2027")
    assert call.questions.get().required_answer is False
    opens = Phase.objects.get(call=call, kind="submission").opens_at
    assert opens.isoformat() == "2027-01-01T02:00:00+00:00", "nine o'clock in Vientiane"
    assert [level.value for level in call.criteria.get().levels.all()] == [1, 2]

    more = fields(
        grown,
        **{
            "questions.1.slug": "form",
            "questions.1.kind": "choice",
            "questions.1.text.en": "Which form?",
            "questions.1.choices_text": "sung: Sung\nspoken: Spoken",
        },
    )
    assert client.post(address, more).status_code == 302
    assert client.post(reverse("call-announce", args=["songs-2027"])).status_code == 302
    assert Call.objects.get().state == "open"
    assert read(client.get(address)).values["questions.1.choices_text"] == ["sung: Sung\nspoken: Spoken"]


def test_a_wrong_date_is_marked_where_it_stands(scene: Scene) -> None:
    client = browser(scene.organiser)
    address = reverse("call-edit", args=[scene.call.slug])
    page = read(client.get(address))
    opens = page.values["phase.review.opens_at"][0]
    response = client.post(
        address, fields(page, **{"phase.review.closes_at": opens, "summary.en": "Newer words"})
    )
    assert response.status_code == 400
    shown = read(response)
    assert "phase-review-closes_at" in shown.fragments
    assert "A phase closes after it opens." in shown.words
    assert shown.values["summary.en"] == ["Newer words"]


def test_two_organisers_do_not_overwrite_each_other_unseen(scene: Scene) -> None:
    client = browser(scene.organiser)
    address = reverse("call-edit", args=[scene.call.slug])
    first, second = read(client.get(address)), read(client.get(address))
    assert client.post(address, fields(first, **{"summary.en": "First"})).status_code == 302
    conflict = client.post(address, fields(second, **{"summary.en": "Second"}))
    assert conflict.status_code == 409
    shown = read(conflict)
    assert shown.values["summary.en"] == ["Second"]
    assert Call.objects.get(pk=scene.call.pk).summary["en"].value == "First"
    assert client.post(address, fields(shown)).status_code == 302
    assert Call.objects.get(pk=scene.call.pk).summary["en"].value == "Second"


def test_what_a_machine_translated_keeps_its_mark_when_parts_move(scene: Scene) -> None:
    from heirloom.calls import actions, content

    described = content.describe(scene.call)
    described["themes"] = [
        {
            "slug": "song",
            "title": {"en": {"text": "Song", "origin": "human"}, "lo": {"text": "ເພງ", "origin": "machine"}},
        },
        {
            "slug": "dance",
            "title": {"en": {"text": "Dance", "origin": "human"}, "lo": {"text": "ຟ້ອນ", "origin": "machine"}},
        },
    ]
    fresh = Call.objects.create(slug="themes", title=scene.call.title)
    CallMember.objects.create(call=fresh, user=scene.organiser, role="organiser")
    actions.save_call(scene.organiser, fresh, described)
    client = browser(scene.organiser)
    address = reverse("call-edit", args=["themes"])
    page = read(client.get(address))
    moved = fields(page, **{"themes.0.position": "3", "themes.0.title.lo.reviewed": "1"})
    assert client.post(address, moved).status_code == 302
    themes = list(Call.objects.get(slug="themes").themes.all())
    assert [theme.slug for theme in themes] == ["dance", "song"]
    assert [theme.title["lo"].origin for theme in themes] == ["machine", "reviewed"]
    assert [theme.title["en"].origin for theme in themes] == ["human", "human"]


def test_people_are_invited_changed_and_taken_off(scene: Scene) -> None:
    client = browser(scene.organiser)
    address = reverse("call-people", args=[scene.call.slug])
    unknown = client.post(
        address, {"email": "nobody@example.org", "role": "reviewer", "organisation": "Museum"}
    )
    assert unknown.status_code == 400
    assert read(unknown).values["email"][-1] == "nobody@example.org"
    assert read(unknown).values["organisation"] == ["Museum"]
    wrong = client.post(
        address, {"email": scene.other.email, "role": "reviewer", "languages": "lo, not a tag!"}
    )
    assert wrong.status_code == 400
    assert read(wrong).values["languages"] == ["lo, not a tag!"]
    sent = {
        "email": scene.other.email.upper(),
        "role": "reviewer",
        "languages": "LO, zh-hans",
        "capacity": "4",
    }
    assert client.post(address, sent).status_code == 302
    member = CallMember.objects.get(call=scene.call, user=scene.other)
    assert (member.languages, member.capacity) == (["lo", "zh-Hans"], 4)
    assert (
        client.post(address, {"email": scene.other.email, "role": "reviewer", "remove": "1"}).status_code
        == 302
    )
    assert not CallMember.objects.filter(call=scene.call, user=scene.other).exists()
    last = client.post(address, {"email": scene.organiser.email, "role": "organiser", "remove": "1"})
    assert last.status_code == 400


def test_reviews_are_proposed_and_assigned(scene: Scene) -> None:
    make_reviewer(scene.call, scene.organiser, name="Reviewer Ta")
    client = browser(scene.organiser)
    address = reverse("call-assign", args=[scene.call.slug])
    page = read(client.get(address))
    assert "Reviewer Ta" in page.words
    assert "Reviewer Su" not in page.words, "who declared a conflict is not proposed"
    assert client.post(address).status_code == 302
    assert scene.submission.reviews.exclude(state="declined").count() == 2
    assert "Every submission has its reviews" in read(client.get(address)).words


def test_a_case_is_decided_announced_and_published(scene: Scene) -> None:
    review_actions.save_review(
        scene.reviewer,
        scene.review,
        {
            "scores": {"people": 5, "cost": 3},
            "reasons": {"people": "Because they decide."},
            "for_applicant": "Go on.",
        },
        revision=0,
        final=True,
    )
    client = browser(scene.organiser)
    one = reverse("organise-submission", args=[scene.call.slug, scene.submission.key])
    page = read(client.get(one))
    assert "Because they decide." in page.words
    assert "83" in page.words, "weights 2 and 1, values 1 and a half: 5/6"
    early = client.post(reverse("call-decisions", args=[scene.call.slug]))
    assert early.status_code == 409
    undecided = client.post(one, {"what": "decide", "reason.en": "Fine & simple"})
    assert undecided.status_code == 400
    assert read(undecided).values["reason.en"] == ["Fine & simple"]
    assert (
        client.post(one, {"what": "decide", "outcome": "accept", "reason.en": "Fine & simple"}).status_code
        == 302
    )
    assert read(client.get(one)).values["outcome"] == ["accept"]
    applicant = browser(scene.applicant)
    before = applicant.get(reverse("submission", args=[scene.submission.key])).content.decode()
    assert "Fine" not in before, "applicants learn it when it is announced"
    assert client.post(reverse("call-decisions", args=[scene.call.slug])).status_code == 302
    after = read(applicant.get(reverse("submission", args=[scene.submission.key])))
    assert "Fine & simple" in after.words
    assert "Go on." in after.words
    assert "Reviewer Li" not in " ".join(after.words)
    assert Message.objects.filter(user=scene.applicant, subject__startswith="Decision").count() == 1
    publishing = reverse("call-publish", args=[scene.call.slug])
    filled = read(client.get(publishing))
    assert client.post(publishing, fields(filled, **{"title.en": "Songs, collected"})).status_code == 302
    collection = Collection.objects.get()
    assert collection.title["en"].value == "Songs, collected"
    assert "Publish anew" in read(client.get(publishing)).words


def test_the_page_says_why_nobody_decides_yet(scene: Scene) -> None:
    client = browser(scene.organiser)
    one = reverse("organise-submission", args=[scene.call.slug, scene.submission.key])
    assert "Record the decision" in read(client.get(one)).words
    scene.call.phases.filter(kind=Phase.Kind.DECISION).delete()
    scene.call.phases.create(kind=Phase.Kind.DECISION, opens_at=timezone.now() + timedelta(days=1))
    page = read(client.get(one))
    assert "Record the decision" not in page.words
    assert any("only while the call's phase “decision” is open" in words for words in page.words)
    assert client.post(one, {"what": "decide", "outcome": "accept"}).status_code == 409
    assert not Decision.objects.exists()


def test_the_table_has_only_what_was_submitted_and_is_safe_in_a_spreadsheet(scene: Scene) -> None:
    from tests.factories.cases import make_case

    from heirloom.calls import actions

    writer = make_user()
    case = make_case(writer, "=HYPERLINK(1)")
    make_submission(get_call(scene.organiser, scene.call.slug), writer, case=case)
    shy = make_submission(get_call(scene.organiser, scene.call.slug), submitted=False)
    assert shy.applicant is not None
    actions.withdraw_submission(shy.applicant, shy)
    client = browser(scene.organiser)
    assert shy.key not in client.get(reverse("organise-call", args=[scene.call.slug])).content.decode()
    table = client.get(reverse("call-export", args=[scene.call.slug])).content.decode()
    rows = list(csv.DictReader(io.StringIO(table)))
    assert [row["title"] for row in rows] == ["River songs", "'=HYPERLINK(1)"]


def test_lists_cost_the_same_for_one_and_three(scene: Scene) -> None:
    client = browser(scene.organiser)
    names = ("organise", "organise-call", "call-people", "call-decisions")
    counts: dict[str, list[int]] = {name: [] for name in names}
    for more in (0, 2):
        for _ in range(more):
            submission = make_submission(get_call(scene.organiser, scene.call.slug))
            make_review(submission, scene.organiser, make_reviewer(scene.call, scene.organiser))
            accept(submission, scene.organiser)
        for name in names:
            address = reverse(name, args=[] if name == "organise" else [scene.call.slug])
            client.get(address)
            with CaptureQueriesContext(connection) as captured:
                assert client.get(address).status_code == 200
            counts[name].append(len(captured))
    assert Decision.objects.count() == 2
    for name, (one, three) in counts.items():
        assert one == three <= (10 if name in {"organise", "call-people"} else 15), (name, one, three)
