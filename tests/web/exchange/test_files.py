"""Files of items, runs and cases: who gets them, and how long a copy may be kept."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
from tests.factories.calls import accept, make_call, make_review, make_reviewer, make_submission, words
from tests.factories.cases import CONSENT, edit_case, make_case
from tests.factories.catalogue import add_picture, make_community, make_kept_item, make_protocol, png
from tests.factories.people import make_user
from tests.web.exchange.reading import client

from heirloom.calls import actions as call_actions
from heirloom.calls import collection
from heirloom.cases import actions as case_actions
from heirloom.cases import run_actions
from heirloom.cases.models import Case, Run
from heirloom.catalogue import actions, actions_media
from heirloom.catalogue.models import Item, Media
from heirloom.operate.work import work
from heirloom.pathways import registry
from heirloom.people.models import User
from heirloom.text import Translated
from heirloom.web.addresses import media_url

pytestmark = [pytest.mark.database, pytest.mark.django_db, pytest.mark.usefixtures("installation")]


RECORDS = {"facets": ["language", "region"]}


def published_case(lead: User, organiser: User, item: Item) -> Case:
    case = make_case(lead, cover=item.key)
    return case_actions.publish(organiser, case_actions.seal(lead, case, consent=CONSENT))


def test_a_file_of_a_public_item_comes_to_everybody_and_may_be_kept() -> None:
    item = make_kept_item()
    media = item.media.get()
    response = client().get(media_url(item.key, media.sha512))
    assert response.status_code == 200
    assert response.body == png()
    assert response["Content-Type"] == "image/png"
    assert "immutable" in response["Cache-Control"]
    assert "public" in response["Cache-Control"]
    assert 'filename="picture.png"' in response["Content-Disposition"]
    assert "Cookie" not in response.get("Vary", "")
    assert "Access-Control-Allow-Origin" not in response


def test_what_a_season_closes_is_never_kept_by_others() -> None:
    item = make_kept_item()
    Item.objects.filter(pk=item.pk).update(protocol=make_protocol("public", seasons=[["01-01", "12-31"]]))
    response = client().get(media_url(item.key, item.media.get().sha512))
    assert response.status_code == 200
    assert "private" in response["Cache-Control"]


def test_a_part_of_a_file_comes_through_all_middleware() -> None:
    item = make_kept_item()
    url = media_url(item.key, item.media.get().sha512)
    response = client().get(url, headers={"Range": "bytes=1-3", "Accept-Encoding": "gzip"})
    assert response.status_code == 206
    assert response.body == b"PNG"
    assert "Content-Encoding" not in response


@pytest.mark.parametrize("digest", ["0" * 40, "f" * 39, "../x", "F" * 40])
def test_no_other_digest_finds_a_file(digest: str) -> None:
    item = make_kept_item()
    assert client().get(f"/media/{item.key}/{digest}").status_code == 404


def test_a_file_of_a_draft_comes_to_its_owner_alone() -> None:
    owner = make_user()
    item = make_kept_item(owner, publish=False)
    url = media_url(item.key, item.media.get().sha512)
    assert client(owner).get(url).status_code == 200
    assert client(owner).get(url)["Cache-Control"] == "private, no-cache"
    assert client(make_user()).get(url).status_code == 404
    assert client().get(url).status_code == 404


def test_a_reviewer_gets_the_files_of_what_they_review() -> None:
    call, organiser = make_call()
    applicant = make_user()
    item = make_kept_item(applicant, publish=False)
    submission = make_submission(call, applicant, case=make_case(applicant, cover=item.key))
    reviewer, other = make_reviewer(call, organiser), make_reviewer(call, organiser)
    make_review(submission, organiser, reviewer)
    url = media_url(item.key, item.media.get().sha512)
    assert client(reviewer).get(url).status_code == 200
    assert client(other).get(url).status_code == 404


def test_a_file_that_was_replaced_stays_where_a_published_case_shows_it() -> None:
    lead, organiser = make_user(), make_user(grants=["organiser", "cataloguer"])
    item = make_kept_item(lead, publish=False)
    old = item.media.get()
    url = media_url(item.key, old.sha512)
    published_case(lead, organiser, item)
    actions_media.remove_media(organiser, Media.objects.get(pk=old.pk))
    response = client().get(url)
    assert response.status_code == 200
    assert response.body == png()
    actions.withdraw_item(organiser, Item.objects.get(pk=item.pk))
    assert client().get(url).status_code == 404


def test_a_file_that_was_taken_out_and_is_shown_nowhere_is_gone() -> None:
    by = make_user(grants=["cataloguer"])
    item = make_kept_item(by)
    old = item.media.get()
    url = media_url(item.key, old.sha512)
    actions_media.remove_media(by, old)
    assert [client(user).get(url).status_code for user in (None, by)] == [404, 404]


def test_a_replaced_file_in_a_draft_of_a_case_is_not_public() -> None:
    lead, by = make_user(), make_user(grants=["cataloguer"])
    item = make_kept_item(by)
    case = make_case(lead, cover=item.key)
    case_actions.seal(lead, case, consent=CONSENT)
    old = item.media.get()
    actions_media.remove_media(by, old)
    url = media_url(item.key, old.sha512)
    assert client().get(url).status_code == 404
    assert client(make_user()).get(url).status_code == 404
    assert client(lead).get(url).status_code == 200


def names_in(response) -> str:
    with zipfile.ZipFile(io.BytesIO(response.body)) as kit:
        return b"\n".join(kit.read(name) for name in kit.namelist()).decode("utf-8", "replace")


def test_kits_and_crates_of_a_case_tell_nothing_of_what_is_not_open() -> None:
    lead, organiser = make_user(), make_user(grants=["organiser", "cataloguer"])
    steward = make_user()
    community = make_community(stewards=[steward])
    open_item = make_kept_item(lead, publish=False)
    secret = make_kept_item(
        lead, publish=False, title=Translated({"en": "Masks of the closed house"}), communities=[community]
    )
    case = make_case(lead, cover=open_item.key)
    section = {
        "heading": {"en": {"text": "What we did", "origin": "human"}},
        "body": {"en": {"text": "We listened first.", "origin": "human"}},
        "item": secret.key,
    }
    case = edit_case(lead, case, sections=[section])
    case_actions.publish(organiser, case_actions.seal(lead, case, consent=CONSENT))
    actions.set_protocol(
        lead, Item.objects.get(pk=secret.pk), make_protocol("stewards", communities=[community])
    )
    kit = client().get(f"/cases/{case.key}/kit.zip")
    assert kit.status_code == 200
    assert kit["Content-Disposition"].startswith("attachment")
    said = names_in(kit)
    assert "River songs" in said
    assert "closed house" not in said
    crate = client().get(f"/cases/{case.key}/ro-crate-metadata.json")
    assert crate.status_code == 200
    graph = {entity["@id"]: entity for entity in json.loads(crate.content)["@graph"]}
    assert f"heirloom:item:{open_item.key}" in graph
    assert "closed house" not in crate.content.decode()
    assert f"heirloom:item:{secret.key}" not in crate.content.decode()
    seen = client(steward).get(f"/cases/{case.key}/ro-crate-metadata.json").content.decode()
    assert f"heirloom:item:{secret.key}" in seen
    assert "closed house" in seen


@pytest.mark.django_db(transaction=True)
def test_a_kit_does_not_say_what_a_closed_file_that_a_run_read_was_called() -> None:
    lead, organiser = make_user(grants=["cataloguer"]), make_user(grants=["organiser", "cataloguer"])
    item = make_kept_item(lead, media=False, publish=False)
    table = (registry.pathway("diversity").folder() / "fixture/coverage/records/records.csv").read_bytes()
    given = actions_media.add_media(lead, item, io.BytesIO(table), "names-of-singers.csv")
    actions.publish_item(organiser, Item.objects.get(pk=item.pk))
    case = make_case(lead)
    run = run_actions.request_run(lead, "diversity.coverage", {"records": [given]}, RECORDS, case=case)
    work(until_empty=True)
    run.refresh_from_db()
    assert run.state == Run.State.DONE, run.error
    section = {"heading": words("Evidence"), "body": words("See."), "item": None, "run": run.key}
    case = edit_case(lead, Case.objects.get(pk=case.pk), sections=[section])
    case_actions.publish(organiser, case_actions.seal(lead, case, consent=CONSENT))
    addresses = [
        f"/cases/{case.key}/kit.zip",
        f"/cases/{case.key}/ro-crate-metadata.json",
        f"/api/cases/{case.key}",
    ]
    kit, crate, shown = (client().get(address) for address in addresses)
    assert "names-of-singers" in names_in(kit)
    actions.set_protocol(
        lead, Item.objects.get(pk=item.pk), make_protocol("stewards", communities=[make_community()])
    )
    kit, crate, shown = (client().get(address) for address in addresses)
    assert {answer.status_code for answer in (kit, crate, shown)} == {200}
    told = names_in(kit) + crate.body.decode() + shown.body.decode()
    assert "names-of-singers" not in told
    assert given.sha512 in names_in(kit)
    assert shown.json()["withheld"] == 0


def test_a_case_in_preparation_has_neither_kit_nor_crate() -> None:
    lead = make_user()
    case = make_case(lead)
    for name in ("kit.zip", "ro-crate-metadata.json"):
        assert client(make_user()).get(f"/cases/{case.key}/{name}").status_code == 404


def test_an_accepted_case_gives_its_kit_to_everybody() -> None:
    call, organiser = make_call()
    submission = make_submission(call)
    reviewer = make_reviewer(call, organiser)
    make_review(submission, organiser, reviewer)
    accept(submission, organiser)
    call_actions.announce_decisions(organiser, call)
    collection.publish_collection(organiser, call, call.title, call.summary)
    submission.refresh_from_db()
    assert client().get(f"/cases/{submission.case.key}/kit.zip").status_code == 200


def test_pictures_of_two_versions_are_two_addresses() -> None:
    by = make_user(grants=["cataloguer"])
    item = make_kept_item(by)
    first = item.media.get()
    actions_media.remove_media(by, first)
    second = add_picture(by, Item.objects.get(pk=item.pk), "other.png")
    assert first.sha512 == second.sha512
    assert client().get(media_url(item.key, second.sha512)).status_code == 200
