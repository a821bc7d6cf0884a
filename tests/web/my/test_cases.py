"""Telling a case and applying with it: the forms keep what was typed, save by themselves, and end in a sealed version."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from tests.factories.calls import accept, make_call, make_submission, words
from tests.factories.cases import make_case
from tests.factories.catalogue import make_item
from tests.factories.pages import Page, browser, read
from tests.factories.people import make_user

from heirloom.calls import actions
from heirloom.calls.models import Submission
from heirloom.cases.models import Case, CaseMember

pytestmark = [
    pytest.mark.database,
    pytest.mark.django_db,
    pytest.mark.usefixtures("installation"),
]


def fields(page: Page, **over: str) -> dict[str, Any]:
    """Return what a browser would send of the page's filled fields, with changes."""
    return {**page.values, **over}


def machine(en: str, lo: str) -> dict[str, Any]:
    return {"en": {"text": en, "origin": "human"}, "lo": {"text": lo, "origin": "machine"}}


def test_a_case_is_begun_told_and_previewed() -> None:
    person = make_user()
    client = browser(person)
    empty = client.post(reverse("case-new"), {"title.en": " "})
    assert empty.status_code == 400
    assert "A case needs a title." in read(empty).words
    made = client.post(reverse("case-new"), {"title.en": "Boats & songs"})
    case = Case.objects.get()
    assert made.headers["Location"] == reverse("case-edit", args=[case.key])
    address = reverse("case-edit", args=[case.key])
    lacking = read(client.get(reverse("case-preview", args=[case.key])))
    assert "Not ready to be submitted" in lacking.words

    page = read(client.get(address))
    sent = fields(
        page,
        **{
            "summary.en": "What we did.",
            "sections.0.heading.en": "First",
            "sections.0.body.en": "We listened.\n\n- one\n- two",
            "costs.0.what.en": "Recorder",
            "costs.0.amount": "120.50",
            "costs.0.currency": "lak",
            "goals.0.goal": "5",
            "goals.0.evidence.en": "Women lead.",
            "partners.0.name.en": "House",
            "partners.0.country": "la",
            "sources.0.title": "Report",
            "add_language": "lo",
            "more": "sections",
        },
    )
    again = client.post(address, sent)
    assert again.status_code == 200
    grown = read(again)
    assert "sections.1.heading.en" in grown.values
    assert "title.lo" in grown.values, "one more language to write in"
    done = client.post(address, fields(grown, **{"title.lo": "ເຮືອ", "sections.1.heading.lo": "ທີສອງ"}))
    assert done.status_code == 302
    case = Case.objects.get()
    assert case.title["lo"].value == "ເຮືອ"
    assert [section.heading.text(["en"]) for section in case.sections.all()] == ["First", "ທີສອງ"]
    assert case.costs.get().currency == "LAK"
    assert case.partners.get().country == "LA"
    preview = read(client.get(reverse("case-preview", args=[case.key])))
    assert "Not ready to be submitted" not in preview.words
    assert "We listened." in preview.words


def test_a_refused_case_keeps_every_field_and_leads_to_the_one_that_is_wrong() -> None:
    person = make_user()
    case = make_case(person)
    client = browser(person)
    address = reverse("case-edit", args=[case.key])
    before = read(client.get(address)).values
    typed = {
        "title.en": "Boats <b>&</b> songs",
        "summary.en": "New summary",
        "started": "2021-13",
        "costs.0.what.en": "Recorder",
        "costs.0.amount": "a lot",
        "costs.0.currency": "LAK",
        "costs.0.kind": "people",
        "costs.0.recurring": "1",
        "reach.0.who.en": "Elders",
        "reach.0.number": "12",
        "sections.0.body.en": "Line one\nline two",
        "illustrative": "1",
        "add_language": "km",
    }
    response = client.post(address, {**before, **typed})
    assert response.status_code == 400
    page = read(response)
    del typed["add_language"]
    assert {name: page.values[name] for name in typed} == {name: [value] for name, value in typed.items()}
    assert "started" in page.fragments
    assert "title.km" in page.values
    assert page.values["version"] == before["version"]
    fixed = client.post(address, {**page.values, "started": "2021", "costs.0.amount": "5"})
    assert fixed.status_code == 302
    assert Case.objects.get().costs.get().recurring is True


def test_a_conflict_shows_both_and_loses_neither() -> None:
    person, second = make_user(), make_user()
    case = make_case(person)
    CaseMember.objects.create(case=case, user=second, role="editor")
    address = reverse("case-edit", args=[case.key])
    mine, theirs = browser(person), browser(second)
    first, other = read(mine.get(address)), read(theirs.get(address))
    assert theirs.post(address, fields(other, **{"summary.en": "Theirs"})).status_code == 302
    conflict = mine.post(address, fields(first, **{"summary.en": "Mine"}))
    assert conflict.status_code == 409
    page = read(conflict)
    assert page.values["summary.en"] == ["Mine"]
    assert Case.objects.get().summary["en"].value == "Theirs"
    assert mine.post(address, fields(page)).status_code == 302
    assert Case.objects.get().summary["en"].value == "Mine"


def test_a_case_saves_by_itself_and_a_later_save_is_no_conflict() -> None:
    person = make_user()
    case = make_case(person)
    client = browser(person)
    address, saving = reverse("case-edit", args=[case.key]), reverse("case-autosave", args=[case.key])
    page = read(client.get(address))
    answer = client.post(f"{saving}?page=a1", fields(page, **{"summary.en": "By itself"}))
    assert answer.status_code == 200
    version = answer.json()["version"]
    assert version == str(Case.objects.get().revision)
    assert client.post(f"{address}?page=a1", fields(page, version=version)).status_code == 302
    stale = client.post(f"{saving}?page=zz", fields(page, **{"summary.en": "From an old page"}))
    assert stale.status_code == 409
    wrong = client.post(f"{saving}?page=a1", fields(read(client.get(address)), started="someday"))
    assert wrong.status_code == 400
    assert browser(make_user()).post(saving, fields(page)).status_code == 404


def test_goals_keep_what_shows_them_and_machine_texts_their_mark() -> None:
    person = make_user()
    item = make_item(owner=person, state="draft")
    case = make_case(
        person,
        goals=[{"goal": 5, "target": "", "evidence": words("Women lead."), "item": item.key}],
        sections=[
            {"heading": machine("A", "ກ"), "body": words("a")},
            {"heading": machine("B", "ຂ"), "body": words("b")},
        ],
    )
    client = browser(person)
    address = reverse("case-edit", args=[case.key])
    page = read(client.get(address))
    moved = fields(
        page,
        **{"sections.0.position": "9", "sections.1.heading.lo": "ຂໍ້", "sections.0.body.lo": "ໃໝ່"},
    )
    assert client.post(address, moved).status_code == 302
    case = Case.objects.get()
    assert case.goals.get().item == item
    second, first = case.sections.all()
    assert (first.heading["lo"].origin, second.heading["lo"].origin) == ("machine", "human")
    reviewed = fields(
        read(client.get(address)), **{"sections.1.heading.lo.reviewed": "1", "started": "nonsense"}
    )
    refused = client.post(address, reviewed)
    again = fields(read(refused), started="")
    assert client.post(address, again).status_code == 302
    assert Case.objects.get().sections.all()[1].heading["lo"].origin == "reviewed", (
        "a tick is not lost by an error"
    )


def test_a_translator_changes_texts_and_nothing_else() -> None:
    person, translator = make_user(), make_user()
    case = make_case(person, rights="https://creativecommons.org/licenses/by/4.0/", started="2020")
    CaseMember.objects.create(case=case, user=translator, role="translator")
    client = browser(translator)
    address = reverse("case-edit", args=[case.key])
    page = read(client.get(address))
    assert "started" not in page.values
    sent = fields(
        page, **{"title.lo": "ເພງ", "sections.0.body.lo": "ຟັງ", "started": "1999", "illustrative": "1"}
    )
    assert client.post(address, sent).status_code == 302
    case = Case.objects.get()
    assert (case.title["lo"].value, case.started) == ("ເພງ", "2020")
    assert case.rights == "https://creativecommons.org/licenses/by/4.0/"
    assert case.sections.get().body["lo"].value == "ຟັງ"
    assert case.illustrative is False
    gone = fields(page, version=str(case.revision), **{"sections.0.heading.en": "", "sections.0.body.en": ""})
    assert client.post(address, gone).status_code == 400


def test_a_large_case_fits_one_form() -> None:
    person = make_user()
    texts = {
        tag: {"text": f"Text {tag}", "origin": "human"}
        for tag in ("en", "lo", "th", "km", "my", "vi", "zh-Hans")
    }
    case = make_case(person, sections=[{"heading": texts, "body": texts}] * 80)
    client = browser(person)
    page = read(client.get(reverse("case-edit", args=[case.key])))
    assert len(page.values) > 1000
    assert client.post(reverse("case-edit", args=[case.key]), page.values).status_code == 302
    assert Case.objects.get().sections.count() == 80


def test_people_share_a_case_and_the_last_lead_stays() -> None:
    person, other = make_user(), make_user(name="Dara")
    case = make_case(person)
    client = browser(person)
    address = reverse("case-people", args=[case.key])
    unknown = client.post(address, {"email": "nobody@example.org", "role": "translator"})
    assert unknown.status_code == 400
    assert read(unknown).values["email"][-1] == "nobody@example.org"
    assert read(unknown).values["role"] == ["translator"]
    assert client.post(address, {"email": other.email, "role": "lead"}).status_code == 302
    assert client.post(address, {"email": person.email, "remove": "1"}).headers["Location"] == reverse("my")
    assert [member.user for member in CaseMember.objects.filter(case=case)] == [other]
    assert client.get(address).status_code == 404
    last = browser(other).post(address, {"email": other.email, "remove": "1"})
    assert last.status_code == 400


# Applying -------------------------------------------------------------------------------------------------------------


def _apply(client: Client, slug: str) -> Submission:
    assert client.post(reverse("apply", args=[slug]), {"title.en": "Boats"}).status_code == 302
    return Submission.objects.get()


def test_an_application_from_the_first_word_to_the_receipt() -> None:
    call, _organiser = make_call()
    person = make_user()
    client = browser(person)
    assert client.post(reverse("apply", args=[call.slug]), {}).status_code == 400
    made = _apply(client, call.slug)
    address = reverse("submission", args=[made.key])
    page = read(client.get(address))
    sent = fields(page, **{"answer.consent": "yes", "answer.who": "The elders & us.\nAll.", "theme": "song"})
    saved = client.post(address, {**sent, "next": "submit"})
    assert saved.headers["Location"] == reverse("submission-submit", args=[made.key])
    early = client.post(saved.headers["Location"], {"agreed": "1", "consent_note": "At the meeting"})
    assert early.status_code == 400, "the case tells nothing yet"
    assert read(early).values["consent_note"] == ["At the meeting"]
    assert read(early).values["agreed"] == ["1"]
    edit = reverse("case-edit", args=[made.case.key])
    told = fields(read(client.get(edit)), **{"summary.en": "What", "sections.0.body.en": "We listened."})
    assert client.post(edit, told).status_code == 302
    looked = read(client.get(saved.headers["Location"]))
    assert "The elders & us.\nAll." in "\n".join(looked.words)
    done = client.post(saved.headers["Location"], {"agreed": "1"})
    assert done.headers["Location"] == address
    made.refresh_from_db()
    receipt = read(client.get(address))
    assert made.receipt in receipt.words
    assert "answer.who" not in receipt.values, "what was submitted is shown, not edited"
    assert client.post(address, sent).status_code == 403
    assert client.get(saved.headers["Location"]).status_code == 302
    assert client.post(reverse("submission-withdraw", args=[made.key])).status_code == 302
    assert Submission.objects.get().state == "withdrawn"


def test_an_accepted_application_is_taken_back_on_its_page() -> None:
    call, organiser = make_call()
    made = make_submission(call)
    accept(made, organiser)
    actions.announce_decisions(organiser, call)
    address = reverse("submission-withdraw", args=[made.key])
    client = browser(made.applicant)
    assert client.get(address).status_code == 200
    assert client.post(address).status_code == 302
    assert Submission.objects.get().state == "withdrawn"
    assert client.get(address).status_code == 302, "once is enough"


def test_an_application_saves_by_itself() -> None:
    call, _organiser = make_call()
    client = browser(make_user())
    made = _apply(client, call.slug)
    saving = reverse("submission-autosave", args=[made.key])
    first = client.post(f"{saving}?page=a1", {"version": "0", "answer.who": "The eld"})
    assert first.json() == {"version": "1"}
    lost = client.post(f"{saving}?page=a1", {"version": "0", "answer.who": "The elders"})
    assert lost.json() == {"version": "2"}
    other = client.post(f"{saving}?page=b1", {"version": "0", "answer.who": "Somebody"})
    assert other.status_code == 409
    assert Submission.objects.get().answers == {"who": "The elders"}
    page = client.post(
        reverse("submission", args=[made.key]) + "?page=b1",
        {"version": "0", "answer.who": "Somebody", "language": "lo"},
    )
    assert page.status_code == 409
    shown = read(page)
    assert shown.values["answer.who"] == ["Somebody"]
    assert shown.values["language"] == ["lo"]
    assert shown.values["version"] == ["2"]


def test_an_answer_of_the_wrong_form_is_marked_and_kept() -> None:
    questions = [
        {"slug": "many", "kind": "number", "text": words("How many?"), "help": words("About.")},
        {
            "slug": "form",
            "kind": "choice",
            "text": words("Form?"),
            "choices": [
                {"value": "sung", "text": machine("Sung", "ຮ້ອງ")},
                {"value": "told", "text": words("Told")},
            ],
        },
        {"slug": "name", "kind": "short", "text": words("Name?"), "max_length": 20},
    ]
    call, _organiser = make_call(questions=questions)
    client = browser(make_user())
    made = _apply(client, call.slug)
    address = reverse("submission", args=[made.key])
    sent = {
        "version": "0",
        "answer.many": "a few",
        "answer.form": "told",
        "answer.name": '"Noy" <x>',
        "theme": "song",
    }
    response = client.post(address, sent)
    assert response.status_code == 400
    page = read(response)
    assert {name: page.values[name] for name in sent} == {name: [value] for name, value in sent.items()}
    assert "answer-many" in page.fragments
    assert client.post(address, {**sent, "answer.many": "12"}).status_code == 302
    assert Submission.objects.get().answers == {"many": 12, "form": "told", "name": '"Noy" <x>'}
    again = read(client.get(address))
    assert again.values["answer.many"] == ["12"]
    assert "ຮ້ອງ" not in again.words


def test_lists_cost_the_same_for_one_and_three() -> None:
    person = make_user()
    call, _organiser = make_call()
    client = browser(person)
    counts: dict[str, list[int]] = {name: [] for name in ("my", "my-items", "runs")}
    for more in (1, 2):
        for _ in range(more):
            make_submission(call, person)
            make_item(owner=person, state="draft")
        for name, found in counts.items():
            client.get(reverse(name))
            with CaptureQueriesContext(connection) as captured:
                assert client.get(reverse(name)).status_code == 200
            found.append(len(captured))
    for name, (one, three) in counts.items():
        assert one == three, (name, one, three)
        assert three <= (20 if name == "my" else 10), (name, three)


def test_nothing_of_another_person_s_work_can_be_written_to(tmp_path: Path) -> None:
    call, _organiser = make_call()
    made = make_submission(call, submitted=False)
    stranger = browser(make_user())
    item = make_item(state="draft", owner=made.applicant)
    for name, key in (
        ("case-edit", made.case.key),
        ("case-people", made.case.key),
        ("case-autosave", made.case.key),
        ("submission", made.key),
        ("submission-autosave", made.key),
        ("submission-submit", made.key),
        ("submission-withdraw", made.key),
        ("item-edit", item.key),
    ):
        answer = stranger.post(reverse(name, args=[key]), {"version": "0", "what": "discard", "agreed": "1"})
        assert answer.status_code == 404, name
    made.refresh_from_db()
    assert made.state == "draft"
