"""Manifests, collections, Linked Art, OAI-PMH, Change Discovery, CSV: reachable, linked to each other, and nothing leaks."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import defusedxml.ElementTree as ElementTree
import pytest
from django.conf import settings
from tests.factories.calls import accept, make_call, make_review, make_reviewer, make_submission
from tests.factories.cases import make_case
from tests.factories.catalogue import (
    make_agent,
    make_community,
    make_item,
    make_kept_item,
    make_place,
    make_protocol,
)
from tests.factories.people import make_user
from tests.web.exchange.reading import client

from heirloom.calls import actions as call_actions
from heirloom.calls import collection
from heirloom.catalogue import actions, discovery
from heirloom.catalogue.models import Contribution, Item
from heirloom.text import Translated

pytestmark = [pytest.mark.database, pytest.mark.django_db, pytest.mark.usefixtures("installation")]

MANIFEST = "/iiif/presentation/3/item/{}/manifest"
ALL = "/iiif/presentation/3/collection/all"


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)
    elif isinstance(value, str):
        yield value


def test_every_address_in_a_manifest_answers() -> None:
    item = make_kept_item(places=[make_place(longitude=102.1, latitude=19.9)])
    Contribution.objects.create(item=item, agent=make_agent())
    made = client().get(MANIFEST.format(item.key))
    assert made.status_code == 200
    assert made["Access-Control-Allow-Origin"] == "*"
    assert made["Content-Type"].startswith("application/ld+json;profile=")
    ours = {
        text.partition("#")[0]
        for text in strings(json.loads(made.body))
        if text.startswith(settings.SITE_URL) and "/canvas" not in text
    }
    reachable = set()
    for address in ours:
        path = urlsplit(address).path
        if path.startswith(("/iiif", "/items/", "/linked-art", "/media")):
            assert client().get(path).status_code in (200, 303), path
            reachable.add(path.split("/")[1])
    assert reachable >= {"iiif", "items", "linked-art"}


def test_linked_art_records_link_to_each_other() -> None:
    place = make_place(longitude=102.1, latitude=19.9)
    item = make_kept_item(places=[place])
    agent = make_agent()
    Contribution.objects.create(item=item, agent=agent)
    for path in (f"item/{item.key}", f"visual/{item.key}", f"agent/{agent.key}", f"place/{place.key}"):
        response = client().get(f"/linked-art/{path}")
        assert response.status_code == 200, path
        assert response.json()["id"] == f"{settings.SITE_URL}/linked-art/{path}"
    assert client().get(f"/items/{item.key}.jsonld", follow=True).json()["id"].endswith(item.key)


def test_people_and_places_of_closed_things_are_not_described() -> None:
    place, agent = make_place(), make_agent()
    item = make_item(state="draft", places=[place])
    Contribution.objects.create(item=item, agent=agent)
    assert client().get(f"/linked-art/place/{place.key}").status_code == 404
    assert client().get(f"/linked-art/agent/{agent.key}").status_code == 404


def test_a_browser_is_shown_plain_json_and_a_copy_is_not_sent_twice() -> None:
    url = MANIFEST.format(make_kept_item().key)
    assert client().get(url, headers={"Accept": "text/html,*/*"})["Content-Type"] == "application/json"
    first = client().get(url)
    again = client().get(url, headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.body) == (304, b"")
    assert again["Access-Control-Allow-Origin"] == "*"


def test_a_page_of_another_site_may_ask_first() -> None:
    answer = client().options(MANIFEST.format("nothing"))
    assert (answer.status_code, answer["Access-Control-Allow-Origin"]) == (204, "*")


def test_a_private_manifest_is_for_its_reader_alone() -> None:
    owner = make_user()
    item = make_kept_item(owner, publish=False)
    url = MANIFEST.format(item.key)
    assert client().get(url).status_code == 404
    mine = client(owner).get(url)
    assert mine.status_code == 200
    assert mine["Cache-Control"] == "private, no-cache"
    assert "Access-Control-Allow-Origin" not in mine


def test_the_top_collection_lists_what_is_open_and_the_collections() -> None:
    call, organiser = make_call()
    applicant = make_user()
    item = make_kept_item(applicant, publish=False)
    submission = make_submission(call, applicant, case=make_case(applicant, cover=item.key))
    make_review(submission, organiser, make_reviewer(call, organiser))
    accept(submission, organiser)
    call_actions.announce_decisions(organiser, call)
    published = collection.publish_collection(organiser, call, call.title, call.summary)
    secret = make_item(protocol=make_protocol("members", communities=[make_community()]))
    top = client().get(ALL).json()
    paths = [urlsplit(entry["id"]).path for entry in top["items"]]
    assert paths == [f"{ALL}/1", f"/iiif/presentation/3/collection/{published.slug}"]
    for path in paths:
        response = client().get(path)
        assert [urlsplit(entry["id"]).path for entry in response.json()["items"]] == [
            MANIFEST.format(item.key)
        ]
        assert secret.key not in response.body.decode()
    assert client().get(f"{ALL}/2").status_code == 404
    assert client().get(f"{ALL}/0").status_code == 404
    assert client().get("/iiif/presentation/3/collection/none").status_code == 404


@pytest.mark.parametrize("rows", [1, 3])
def test_a_page_of_the_collection_costs_the_same_for_any_number(
    rows: int, django_assert_max_num_queries: Any
) -> None:
    for _ in range(rows):
        make_kept_item()
    with django_assert_max_num_queries(4):
        assert len(client().get(f"{ALL}/1").json()["items"]) == rows
    with django_assert_max_num_queries(5):
        client().get(ALL)


def test_oai_answers_by_get_and_post_and_takes_no_files() -> None:
    item = make_kept_item()
    query = {"verb": "ListRecords", "metadataPrefix": "oai_dc"}
    for response in (
        client().get("/oai", query),
        client().post(
            "/oai", "verb=ListRecords&metadataPrefix=oai_dc", content_type="application/x-www-form-urlencoded"
        ),
    ):
        assert response["Content-Type"] == "text/xml; charset=utf-8"
        ElementTree.fromstring(response.body)
        assert item.key in response.body.decode()
    refused = client().post("/oai", {**query, "file": io.BytesIO(b"x")})
    assert b"badVerb" in refused.body
    assert b"badArgument" in client().get("/oai?verb=Identify&verb2=x").body
    assert b"badVerb" in client().get("/oai?verb=Identify&verb=Identify").body


def test_the_change_feed_pages_are_reachable() -> None:
    item = make_kept_item()
    stream = client().get("/discovery/activity", follow=True)
    assert stream.json()["@context"] == discovery.CONTEXT
    last = urlsplit(stream.json()["last"]["id"]).path
    page = client().get(last)
    assert page.json()["orderedItems"][-1]["object"]["id"].endswith(MANIFEST.format(item.key))
    assert client().get("/iiif/discovery/1/activity/page/999").status_code == 404


def read_csv(body: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"))))


def test_the_table_has_the_filters_of_the_list_and_what_the_reader_may_see() -> None:
    steward = make_user()
    community = make_community(stewards=[steward])
    shown = make_item(title="River boat", kind="image")
    other = make_item(title="River drum", kind="object")
    closed = make_item(title="River mask", protocol=make_protocol("stewards", communities=[community]))
    make_item(title="River draft", state="draft")

    def keys(query: str, user: Any = None) -> set[str]:
        return {row["key"] for row in read_csv(client(user).get(f"/items.csv{query}").body)}

    assert keys("") == {shown.key, other.key}
    assert keys("?kind=image") == {shown.key}
    assert keys("?q=drum") == {other.key}
    assert keys("?q=river&kind=object", steward) == {other.key, closed.key}
    assert keys("?state=draft") == {shown.key, other.key}
    assert client().get("/export/items.csv?kind=image")["Location"] == "/items.csv?kind=image"
    assert client().head("/items.csv").body == b""


def test_a_withdrawn_item_leaves_every_description() -> None:
    by = make_user(grants=["cataloguer"])
    item = make_kept_item(by, title=Translated({"en": "Unmistakable lantern"}))
    actions.withdraw_item(by, Item.objects.get(pk=item.pk))
    for path in (
        MANIFEST.format(item.key),
        f"/linked-art/item/{item.key}",
        f"/linked-art/visual/{item.key}",
        f"{ALL}/1",
        ALL,
        "/items.csv",
        "/oai?verb=ListRecords&metadataPrefix=oai_dc",
        "/iiif/discovery/1/activity/page/0",
    ):
        assert "Unmistakable" not in client().get(path).body.decode("utf-8", "replace"), path
