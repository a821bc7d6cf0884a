"""The API: what it gives, takes and refuses."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.factories.calls import (
    accept,
    call_content,
    make_call,
    make_review,
    make_reviewer,
    make_submission,
    words,
)
from tests.factories.cases import CONSENT, make_case
from tests.factories.catalogue import (
    make_community,
    make_item,
    make_kept_item,
    make_place,
    make_protocol,
    png,
)
from tests.factories.people import make_user
from tests.web.api.calling import Program

from heirloom.calls import review_actions
from heirloom.calls.models import Submission
from heirloom.cases import actions as case_actions
from heirloom.cases.models import Run
from heirloom.catalogue import actions_media
from heirloom.catalogue.models import Item
from heirloom.pathways import registry
from heirloom.text import Translated
from heirloom.web.api import docs
from heirloom.web.api.app import api

pytestmark = [pytest.mark.database, pytest.mark.django_db, pytest.mark.usefixtures("installation")]


def english(text: str) -> dict[str, Any]:
    return words(text)


def multipart(program: Program, path: str, name: str, data: bytes, **fields: str) -> tuple[int, Any]:
    file = io.BytesIO(data)
    file.name = name
    response = program.client.post(
        f"/api{path}", {"file": file, **fields}, headers={"X-CSRFToken": program.token}
    )
    return response.status_code, response.json()


def publish(lead: Any, organiser: Any, case: Any) -> Any:
    return case_actions.publish(organiser, case_actions.seal(lead, case, consent=CONSENT))


# -- description ---------------------------------------------------------------------------------------------------


def test_the_description_and_its_page_stand_where_they_are_said_to() -> None:
    schema = Program().get("/openapi.json")
    assert schema["openapi"].startswith("3.")
    page = Client().get("/api/docs")
    assert page.status_code == 200
    text = page.content.decode()
    assert "script-src 'self'" in page["Content-Security-Policy"]
    main = text[text.index("<main") : text.index("</main>")]
    assert "<script" not in main
    for operation in docs.operations(schema):
        assert f'id="{operation["id"]}"' in main
    assert Client().get("/api/")["Location"] == "/api/docs"


def test_every_operation_is_described_and_says_how_it_refuses() -> None:
    names = set()
    for operation in docs.operations(api.get_openapi_schema()):
        names.add(operation["id"])
        assert operation["summary"], operation
        statuses = {answer["status"] for answer in operation["answers"]}
        if operation["signed_in"]:
            assert 401 in statuses, operation
        if operation["method"] != "GET":
            assert statuses >= {401, 403, 404, 409, 422}, operation
        elif "{" in operation["path"]:
            assert 404 in statuses, operation
    assert len(names) == len(list(docs.operations(api.get_openapi_schema())))


# -- who asks ------------------------------------------------------------------------------------------------------


def test_without_a_session_nothing_changes() -> None:
    status, body = Program()("POST", "/items", {"kind": "image", "title": english("Mural")})
    assert (status, body["code"], body["kept"]) == (401, "not-signed-in", "Nothing was changed.")
    assert not Item.objects.exists()


def test_a_change_needs_the_token_of_the_session() -> None:
    program = Program(make_user())
    program.token = ""
    status, body = program("POST", "/items", {"kind": "image", "title": english("Mural")})
    assert (status, body["code"]) == (403, "csrf")
    assert not Item.objects.exists()


def test_a_closed_account_has_no_session() -> None:
    user = make_user()
    program = Program(user)
    user.is_active = False
    user.save()
    assert program("GET", "/me")[0] == 401


def test_me_says_who_asks() -> None:
    user = make_user(name="Noy", grants=["organiser"])
    told = Program(user).get("/me")
    assert (told["name"], told["email"], told["grants"]) == ("Noy", user.email, ["organiser"])


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"kind": "spaceship", "title": english("x")}, "kind"),
        ({"kind": "image"}, "title"),
        ({"kind": "image", "title": {"not a tag": {"text": "x"}}}, "title"),
        ({"kind": "image", "title": english("x"), "date": "a\x00b"}, "date"),
        ({"kind": "image", "title": {"en": {"text": "a\ud800"}}}, "title"),
    ],
)
def test_what_is_not_understood_is_refused_with_its_place(body: Any, where: str) -> None:
    status, said = Program(make_user())("POST", "/items", body)
    assert (status, said["code"]) == (422, "request.invalid")
    assert any(where in problem["where"] for problem in said["problems"])


@pytest.mark.parametrize("body", ['{"a": 1e999}', "{", '"text"', "[]", "\xff"])
def test_what_cannot_be_read_is_refused(body: str) -> None:
    program = Program(make_user())
    status, said = program("POST", "/runs", data=body, content_type="application/json")
    assert status in (400, 422)
    assert said["code"].startswith("request.")


def test_an_error_is_told_in_the_language_of_the_request() -> None:
    program = Program()
    english_answer = program("GET", f"/items/{'0' * 26}")[1]
    vietnamese = program("GET", f"/items/{'0' * 26}", headers={"Accept-Language": "vi"})[1]
    assert english_answer["code"] == vietnamese["code"] == "not-found"


# -- catalogue -----------------------------------------------------------------------------------------------------


def test_items_are_listed_filtered_searched_and_counted() -> None:
    place = make_place(longitude=102.1, latitude=19.9)
    boat = make_item(title="River boat", kind="image", places=[place], communities=[make_community()])
    make_item(title="Drum", kind="object")
    closed = make_item(title="Mask", protocol=make_protocol("members", communities=[make_community()]))
    program = Program()
    assert program.get("/items")["total"] == 2
    assert [one["key"] for one in program.get("/items?kind=image")["results"]] == [boat.key]
    assert [one["key"] for one in program.get("/items?q=boat")["results"]] == [boat.key]
    assert [one["key"] for one in program.get("/items?bbox=100,10,110,30")["results"]] == [boat.key]
    assert program("GET", "/items?bbox=500,10,110,30")[0] == 400
    assert program("GET", "/items?kind=nothing")[0] == 422
    assert program("GET", "/items?page=0")[0] == 422
    assert program.get("/items?page=9999")["page"] == 1
    facets = program.get("/facets")
    assert {value["value"]: value["count"] for value in facets["kind"]} == {"image": 1, "object": 1}
    assert [one["key"] for one in program.get("/search?q=river")["results"]] == [boat.key]
    assert program.get("/places")["results"][0]["key"] == place.key
    assert program.get(f"/places/{place.key}")["total"] == 1
    assert program.get("/map")[0]["count"] == 1
    assert program.get(f"/items/{boat.key}")["title"]["en"]["text"] == "River boat"
    assert program("GET", f"/items/{closed.key}")[0] == 404


def test_an_item_is_described_gets_a_file_is_published_and_withdrawn() -> None:
    owner, cataloguer = Program(make_user()), Program(make_user(grants=["cataloguer"]))
    status, item = owner("POST", "/items", {"kind": "image", "title": english("Mural"), "date": "1937"})
    assert (status, item["state"], item["date"]) == (201, "draft", "1937")
    key = item["key"]
    status, file = multipart(owner, f"/items/{key}/files", "ເຮືອ.png", png(), alt="A boat")
    assert (status, file["name"], file["media_type"]) == (201, "ເຮືອ.png", "image/png")
    assert file["image_service"]
    assert owner("POST", f"/items/{key}/publish")[0] == 403
    assert owner("GET", f"/items/{key}")[1]["revision"] == 1
    assert cataloguer("POST", f"/items/{key}/publish")[1]["state"] == "published"
    seen = Program().get(f"/items/{key}")
    status, said = owner("PATCH", f"/items/{key}", {"revision": 0, "date": "1940"})
    assert (status, said["code"]) == (409, "item.stale") if said["code"] == "item.stale" else (status == 409)
    assert (
        owner("PATCH", f"/items/{key}", {"revision": seen["revision"], "date": "1940"})[1]["date"] == "1940"
    )
    assert cataloguer("POST", f"/items/{key}/withdraw", {"reason": "asked"})[1]["state"] == "withdrawn"
    assert Program()("GET", f"/items/{key}")[0] == 404


def test_a_file_must_come_once() -> None:
    owner = Program(make_user())
    key = owner("POST", "/items", {"kind": "image", "title": english("Mural")})[1]["key"]
    response = owner.client.post(
        f"/api/items/{key}/files", {"role": "master"}, headers={"X-CSRFToken": owner.token}
    )
    assert (response.status_code, response.json()["code"]) == (400, "item.invalid-field") or (
        response.status_code == 422
    )
    assert not Item.objects.get(key=key).media.exists()


# -- cases and runs ------------------------------------------------------------------------------------------------


def test_a_case_is_begun_saved_and_shown_once_published() -> None:
    lead, organiser = make_user(), make_user(grants=["organiser"])
    program = Program(lead)
    status, case = program("POST", "/cases", {"title": english("River songs")})
    assert status == 201
    content = case["content"] | {"summary": english("Songs.")}
    status, saved = program("PUT", f"/me/cases/{case['key']}", {"revision": 0, "content": content})
    assert (status, saved["content"]["summary"]["en"]["text"]) == (200, "Songs.")
    assert program("PUT", f"/me/cases/{case['key']}", {"revision": 0, "content": content})[0] == 409
    assert Program(make_user())("GET", f"/me/cases/{case['key']}")[0] == 404
    assert Program()("GET", f"/cases/{case['key']}")[0] == 404
    ready = publish(lead, organiser, make_case(lead))
    shown = Program().get(f"/cases/{ready.key}")
    assert shown["digest"] == ready.published_seal.digest
    assert shown["kit"].endswith(f"/cases/{ready.key}/kit.zip")
    assert "consent" not in shown["content"]
    assert [one["key"] for one in Program().get("/cases")["results"]] == [ready.key]
    assert [one["key"] for one in Program().get("/search?q=river&kind=case")["results"]] == [ready.key]


def test_a_published_case_does_not_tell_of_what_it_shows_under_a_protocol() -> None:
    lead, organiser, steward = make_user(), make_user(grants=["organiser", "cataloguer"]), make_user()
    secret = make_kept_item(lead, publish=False, title=Translated({"en": "Masks of the closed house"}))
    case = publish(lead, organiser, make_case(lead, cover=secret.key))
    protocol = make_protocol("stewards", communities=[make_community(stewards=[steward])])
    Item.objects.filter(pk=secret.pk).update(protocol=protocol)
    shown = Program().get(f"/cases/{case.key}")
    assert shown["withheld"] == 1
    assert "closed house" not in json.dumps(shown)
    assert secret.key not in json.dumps(shown)
    assert "closed house" in json.dumps(Program(steward).get(f"/cases/{case.key}"))


def test_a_run_is_asked_for_on_files_of_items_and_cancelled() -> None:
    user = make_user(grants=["cataloguer"])
    program = Program(user)
    method = registry.methods()[0]
    assert method.id in [one["id"] for one in Program().get("/methods")]
    assert program("POST", "/runs", {"method": "no.such", "inputs": {}})[0] == 404
    declared = method.inputs[0]
    status, said = program(
        "POST",
        "/runs",
        {"method": method.id, "inputs": {declared.name: [{"item": "0" * 26, "path": "media/x.csv"}]}},
    )
    assert (status, said["code"]) == (400, "run.invalid-inputs")
    run = Run.objects.create(method=method.id, method_version="1", requested_by=user)
    assert program.get("/runs")["results"][0]["key"] == run.key
    assert Program(make_user())("GET", f"/runs/{run.key}")[0] == 404
    assert Program(make_user())("POST", f"/runs/{run.key}/cancel")[0] == 404
    assert program("POST", f"/runs/{run.key}/cancel")[1]["state"] == "cancelled"


def test_a_run_takes_the_files_of_visible_items_alone() -> None:
    method = registry.method("diversity.coverage")
    declared = method.inputs[0]
    owner = make_user()
    item = make_kept_item(owner, media=False, publish=False, kind="data")
    media = actions_media.add_media(owner, item, io.BytesIO(b"language,item\nlao,a\nkhm,b\n"), "t.csv")
    wanted = {
        "method": method.id,
        "inputs": {declared.name: [{"item": item.key, "path": media.path}]},
        "params": {},
    }
    status, said = Program(make_user())("POST", "/runs", wanted)
    assert (status, said["code"]) == (400, "run.invalid-inputs")
    status, said = Program(owner)("POST", "/runs", wanted)
    assert status in (201, 422), said
    if status == 201:
        assert said["inputs"][0]["source"]["path"] == media.path


# -- calls ---------------------------------------------------------------------------------------------------------


def test_an_application_goes_its_whole_way() -> None:
    call, organiser = make_call()
    applicant = make_user()
    case = make_case(applicant)
    mine, theirs = Program(applicant), Program(organiser)
    assert mine.get(f"/calls/{call.slug}")["accepts"] is True
    status, one = mine("POST", f"/calls/{call.slug}/submissions", {"case": case.key})
    assert (status, one["state"]) == (201, "draft")
    key = one["key"]
    assert theirs("GET", f"/submissions/{key}")[0] == 404
    sent = {"revision": one["revision"], "theme": "song", "language": "en"}
    sent["answers"] = {"consent": "yes", "who": "The elders."}
    assert mine("PUT", f"/submissions/{key}", sent)[0] == 200
    assert mine("PUT", f"/submissions/{key}", sent)[0] == 409
    assert mine("POST", f"/submissions/{key}/submit", {"agreed": False})[0] == 400
    status, one = mine("POST", f"/submissions/{key}/submit", CONSENT)
    assert (status, one["state"]) == (200, "submitted")
    assert one["receipt"]
    reviewer = make_reviewer(call, organiser)
    submission = Submission.objects.get(key=key)
    review = review_actions.assign(organiser, submission, reviewer)
    judge = Program(reviewer)
    seen = judge.get(f"/submissions/{key}")
    assert (seen["applicant"], seen["case"], seen["receipt"]) == (None, None, "")
    assert "who" not in seen["answers"]
    assert [one["key"] for one in judge.get("/reviews")["results"]] == [review.key]
    said = {"revision": 0, "scores": {"people": 5}, "final": True}
    assert judge("PUT", f"/reviews/{review.key}", said)[0] == 400
    said = {"revision": 1, "scores": {"people": 5, "cost": 3}, "for_applicant": "Fine.", "final": True}
    status, done = judge("PUT", f"/reviews/{review.key}", said)
    assert (status, done["state"]) == (200, "final")
    assert mine("GET", f"/reviews/{review.key}")[0] == 404
    assert theirs("PUT", f"/reviews/{review.key}", said | {"revision": 2})[0] == 403
    row = theirs.get(f"/calls/{call.slug}/table")[0]
    assert (row["final"], row["decision"], row["applicant"]) == (1, None, str(applicant))
    assert judge("GET", f"/calls/{call.slug}/table")[0] == 404
    decided = theirs("PUT", f"/submissions/{key}/decision", {"outcome": "accept", "reason": english("Fine.")})
    assert decided[1]["decision"] == "accept"
    assert mine.get(f"/submissions/{key}")["decision"] is None


def test_an_organiser_in_conflict_sees_a_bare_row() -> None:
    call, organiser = make_call()
    submission = make_submission(call)
    review_actions.declare_conflict(organiser, submission, organiser, "family")
    program = Program(organiser)
    row = program.get(f"/calls/{call.slug}/table")[0]
    assert (row["in_conflict"], row["applicant"], row["case"], row["mean"]) == (True, None, None, None)
    assert program("GET", f"/submissions/{submission.key}")[0] == 404
    assert program.get("/submissions?by=organiser")["total"] == 0


# -- cost ----------------------------------------------------------------------------------------------------------

LISTS = (
    "/items",
    "/facets",
    "/places",
    "/map",
    "/cases",
    "/calls",
    "/collections",
    "/submissions",
    "/submissions?by=organiser",
    "/reviews",
    "/runs",
    "/me/cases",
    "/search?q=thing",
    "/search?q=songs&kind=case",
)
MOST = 12
"""Queries of any list; the session, the person and their rights are five of them."""


def populated(rows: int) -> tuple[Any, Any, str]:
    call, organiser = make_call()
    applicant = make_user(grants=["cataloguer"])
    for number in range(rows):
        place = make_place(f"Place {number}", longitude=100 + number, latitude=10)
        make_item(title=f"Thing {number}", places=[place], communities=[make_community()], owner=applicant)
        Run.objects.create(method="x.y", method_version="1", requested_by=applicant)
        submission = make_submission(call, applicant)
        reviewer = make_reviewer(call, organiser)
        make_review(submission, organiser, reviewer)
        accept(submission, organiser)
        case_actions.publish(organiser, submission.seal)
    return applicant, organiser, call.slug


def test_lists_cost_the_same_for_one_row_and_for_three() -> None:
    counts: dict[str, list[int]] = {}
    for rows in (1, 2):  # on top of the first: three
        applicant, organiser, slug = populated(rows)
        programs = (Program(applicant), Program(organiser))
        for path in [*LISTS, f"/calls/{slug}/table"]:
            program = programs["organiser" in path or "table" in path]
            with CaptureQueriesContext(
                connection,
            ) as captured:
                program.get(path)
            counts.setdefault("table" if "table" in path else path, []).append(len(captured))
    for path, (one, three) in counts.items():
        assert three <= one, f"{path}: {one} queries for one row, {three} for three"
        assert three <= (15 if path == "table" else MOST), f"{path}: {three} queries"


def test_a_call_in_preparation_is_its_organisers_alone() -> None:
    call, organiser = make_call(announced=False, **call_content())
    assert Program(organiser).get(f"/calls/{call.slug}")["state"] == "draft"
    assert Program()("GET", f"/calls/{call.slug}")[0] == 404
    assert Program().get("/calls")["total"] == 0
