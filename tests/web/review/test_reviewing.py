"""The pages of a reviewer: who gets in, what a blind reviewer cannot learn, and writing a review without losing a word."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from tests.factories.calls import make_submission, words
from tests.factories.cases import make_case
from tests.factories.catalogue import make_community, make_kept_item
from tests.factories.pages import ROLES, Scene, browser, make_scene, read

from heirloom.calls import review_actions
from heirloom.calls.models import Conflict, Phase, Review
from heirloom.calls.queries import call as get_call
from heirloom.text import Translated

pytestmark = [pytest.mark.database, pytest.mark.django_db]


@pytest.fixture
def scene(installation: Path) -> Scene:
    return make_scene()


def test_who_gets_in(scene: Scene) -> None:
    for role in ROLES:
        client = browser(scene.who(role))
        for name, key, open_to in (
            ("review", scene.review.key, {"reviewer"}),
            ("review-conflict", scene.review.key, {"reviewer"}),
            ("review", scene.lost_review.key, set()),
            ("review-conflict", scene.lost_review.key, set()),
        ):
            status = client.get(reverse(name, args=[key])).status_code
            expected = 302 if role == "anonymous" else 200 if role in open_to else 404
            assert status == expected, (role, name, status)
            if name == "review":
                saving = client.post(reverse("review-autosave", args=[key]), {"version": "0"}).status_code
                assert saving == expected, (role, name, saving)
        assert client.get(reverse("reviews")).status_code == (302 if role == "anonymous" else 200)


def test_the_list_offers_the_conflict_before_the_case_is_opened(scene: Scene) -> None:
    client = browser(scene.reviewer)
    page = read(client.get(reverse("reviews")))
    html = client.get(reverse("reviews")).content.decode()
    assert reverse("review-conflict", args=[scene.review.key]) in html
    assert "River songs" in page.words
    assert "Nothing waits for you" in read(browser(scene.conflicted).get(reverse("reviews"))).words


def _identifying_case(applicant: Any) -> dict[str, Any]:
    item = make_kept_item(
        applicant, publish=False, title=Translated({"en": "A boat"}), rights_holder="Holder Bounmy"
    )
    community = make_community("boat-people", name=Translated({"en": "Boat people of Pak Beng"}))
    return {
        "cover": item.key,
        "sections": [{"heading": words("What we did"), "body": words("We listened."), "item": item.key}],
        "partners": [
            {
                "name": words("Partner House"),
                "role": words("lent the boats"),
                "uri": "https://partner.example",
            }
        ],
        "sources": [{"title": "Our own report", "url": "https://source.example/report"}],
        "communities": [community.key],
    }


def test_a_blind_reviewer_learns_nothing_of_who_is_behind_the_case(installation: Path) -> None:
    scene = make_scene()
    case = make_case(scene.applicant, "Boats", **_identifying_case(scene.applicant))
    submission = make_submission(scene.call, scene.applicant, case=case)
    review = review_actions.assign(scene.organiser, submission, scene.reviewer)
    secrets = (
        "Applicant Noy", "noy@boats.example", "Partner House", "partner.example", "Our own report", "source.example",
        "The elders.", "Holder Bounmy", "Boat people of Pak Beng", "boat-people", submission.receipt,
    )  # fmt: skip
    for name in ("review", "review-conflict"):
        html = browser(scene.reviewer).get(reverse(name, args=[review.key])).content.decode()
        assert "Boats" in html
        assert [secret for secret in secrets if secret in html] == []
    page = browser(scene.reviewer).get(reverse("review", args=[review.key])).content.decode()
    assert "Did the people agree?" in page, "answers that identify nobody are shown"
    shown_item = case.sections.get().item
    assert shown_item is not None
    assert f"/items/{shown_item.key}/" not in page
    seen = browser(scene.organiser).get(
        reverse("organise-submission", args=[scene.call.slug, submission.key])
    )
    shown = seen.content.decode()
    assert [secret for secret in secrets if secret not in shown and secret != "boat-people"] == [
        "noy@boats.example",
        "Boat people of Pak Beng",
    ]


def test_reviewers_see_the_sealed_title_not_what_the_case_is_called_since(scene: Scene) -> None:
    from tests.factories.cases import edit_case

    edit_case(scene.applicant, scene.submission.case, title=words("By Applicant Noy"))
    for address in (reverse("reviews"), reverse("my"), reverse("review", args=[scene.review.key])):
        html = browser(scene.reviewer).get(address).content.decode()
        assert "River songs" in html
        assert "By Applicant Noy" not in html


def _form(**over: str) -> dict[str, str]:
    return {
        "version": "0",
        "score.people": "5",
        "reason.people": "They decide.",
        "score.cost": "3",
        "reason.cost": "",
        "confidence": "4",
        "for_applicant": "Thank you.",
        "for_organisers": "Strong.",
        **over,
    }


def test_a_review_is_saved_and_made_final(scene: Scene) -> None:
    client = browser(scene.reviewer)
    address = reverse("review", args=[scene.review.key])
    assert client.post(address, _form()).status_code == 302
    page = read(client.get(address))
    assert page.values["score.people"] == ["5"]
    assert page.values["reason.people"] == ["They decide."]
    assert page.values["confidence"] == ["4"]
    assert page.values["version"] == ["1"]
    done = client.post(address, _form(version="1", final="1"))
    assert done.headers["Location"] == reverse("reviews")
    assert Review.objects.get(pk=scene.review.pk).state == "final"
    final = read(client.get(address))
    assert "version" not in final.values, "a final review has no form"
    assert "They decide." in " ".join(final.words)


def test_an_incomplete_review_marks_what_is_missing_and_keeps_every_word(scene: Scene) -> None:
    client = browser(scene.reviewer)
    form = _form(final="1", for_applicant="  Two\n\nlines & <b>signs</b>")
    del form["score.cost"]
    form["reason.cost"] = "Written before choosing."
    response = client.post(reverse("review", args=[scene.review.key]), form)
    assert response.status_code == 400
    page = read(response)
    assert "Choose a level." in page.words
    assert page.values["score.people"] == ["5"]
    assert page.values["reason.cost"] == ["Written before choosing."]
    assert page.values["for_applicant"] == ["  Two\n\nlines & <b>signs</b>"]
    assert page.values["confidence"] == ["4"]
    assert "score.cost" in page.fragments
    again = {**form, "score.cost": "1", "version": page.values["version"][0]}
    assert client.post(reverse("review", args=[scene.review.key]), again).status_code == 302
    assert (
        Review.objects.get(pk=scene.review.pk).scores.get(criterion__slug="cost").reason
        == "Written before choosing."
    )


def test_a_reason_without_a_level_is_not_lost_in_silence(scene: Scene) -> None:
    client = browser(scene.reviewer)
    form = {"version": "0", "reason.people": "Half a thought", "for_applicant": "kept"}
    response = client.post(reverse("review", args=[scene.review.key]), form)
    assert response.status_code == 400
    page = read(response)
    assert page.values["reason.people"] == ["Half a thought"]
    assert Review.objects.get(pk=scene.review.pk).for_applicant == "kept"
    autosaved = client.post(
        reverse("review-autosave", args=[scene.review.key]) + "?page=a1",
        {**form, "version": page.values["version"][0]},
    )
    assert autosaved.status_code == 422


def test_saving_by_itself_keeps_the_version_of_the_page_in_step(scene: Scene) -> None:
    client = browser(scene.reviewer)
    saving = reverse("review-autosave", args=[scene.review.key]) + "?page=a1"
    first = client.post(saving, _form())
    assert first.json() == {"version": "1"}
    lost = client.post(saving, _form(for_applicant="Thank you very much."))
    assert lost.json() == {"version": "2"}, "an answer that was lost on the way is no conflict with oneself"
    manual = client.post(reverse("review", args=[scene.review.key]) + "?page=a1", _form(version="1"))
    assert manual.status_code == 302, "nor is Save, pressed while the page was saving"
    another_tab = client.post(
        reverse("review-autosave", args=[scene.review.key]) + "?page=b2", _form(version="1")
    )
    assert another_tab.status_code == 409
    page = client.post(
        reverse("review", args=[scene.review.key]) + "?page=b2", _form(version="1", for_organisers="Mine")
    )
    assert page.status_code == 409
    shown = read(page)
    assert shown.values["for_organisers"] == ["Mine"]
    kept = Review.objects.get(pk=scene.review.pk)
    assert shown.values["version"] == [str(kept.revision)], (
        "saving again after a conflict is a choice, not an error"
    )
    assert kept.for_organisers == "Strong."


def test_outside_its_phase_a_review_is_shown_and_not_changed(scene: Scene) -> None:
    past = timezone.now() - timedelta(minutes=1)
    Phase.objects.filter(call=scene.call, kind="review").update(closes_at=past)
    client = browser(scene.reviewer)
    page = read(client.get(reverse("review", args=[scene.review.key])))
    assert "version" not in page.values
    refused = client.post(reverse("review-autosave", args=[scene.review.key]), _form())
    assert refused.status_code == 422, "409 would tell the page that somebody else had changed it"


def test_declaring_a_conflict_takes_the_case_away(scene: Scene) -> None:
    client = browser(scene.reviewer)
    address = reverse("review-conflict", args=[scene.review.key])
    wrong = client.post(address, {"reason": "we share an office"})
    assert wrong.status_code == 400
    assert read(wrong).values["reason"] == ["we share an office"]
    assert client.post(address, {"kind": "organisation", "reason": "we share an office"}).status_code == 302
    assert Conflict.objects.get(reviewer=scene.reviewer).reason == "we share an office"
    assert client.get(reverse("review", args=[scene.review.key])).status_code == 404
    assert client.post(reverse("review-autosave", args=[scene.review.key]), _form()).status_code == 404


def test_a_review_can_be_given_back(scene: Scene) -> None:
    client = browser(scene.reviewer)
    assert client.post(reverse("review-decline", args=[scene.review.key])).status_code == 302
    assert Review.objects.get(pk=scene.review.pk).state == "declined"
    assert client.get(reverse("review-decline", args=[scene.review.key])).status_code == 405


def test_who_hears_the_form_hears_which_criterion_a_reason_is_for(scene: Scene) -> None:
    page = browser(scene.reviewer).get(reverse("review", args=[scene.review.key])).content.decode()
    reasons = re.findall(r'<label class="field-label" for="([^"]+)">Why(.*?)</label>', page)
    told = [re.sub(r"<[^>]+>", "", rest) for _id, rest in reasons]
    assert len(told) == len(set(told)) > 1, told


def test_the_list_costs_the_same_for_one_and_three(scene: Scene) -> None:
    client = browser(scene.reviewer)
    counts = []
    for more in (0, 2):
        for _ in range(more):
            submission = make_submission(get_call(scene.organiser, scene.call.slug))
            review_actions.assign(scene.organiser, submission, scene.reviewer)
        client.get(reverse("reviews"))
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert client.get(reverse("reviews")).status_code == 200
        counts.append(len(captured))
    assert counts[0] == counts[1] <= 10
