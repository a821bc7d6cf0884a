"""The page of a run: who may see it, what it shows while it goes on, when it is done, when it failed."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from tests.factories.cases import CONSENT, edit_case, make_case
from tests.factories.catalogue import make_item, make_protocol
from tests.factories.people import make_user

from heirloom.cases import actions, queries, run_actions
from heirloom.cases.models import Case, Run, Seal
from heirloom.operate.work import work
from heirloom.pathways import registry
from heirloom.people.models import User
from heirloom.text import Translated

pytestmark = [
    pytest.mark.database,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("installation"),
]


def as_person(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def make_run(by: User, **fields: Any) -> Run:
    return Run.objects.create(
        method="diversity.coverage",
        method_version="1.0",
        title=Translated({"en": "Coverage of songs"}),
        requested_by=by,
        **fields,
    )


def page(client: Client, run: Run) -> str:
    response = client.get(reverse("run", args=[run.key]))
    assert response.status_code == 200
    return response.content.decode()


def test_a_run_belongs_to_who_asked_for_it(client: Client) -> None:
    person = make_user()
    run = make_run(person)
    assert client.get(reverse("run", args=[run.key])).status_code == 404
    assert as_person(make_user()).get(reverse("run", args=[run.key])).status_code == 404
    assert "Coverage of songs" in page(as_person(person), run)


def test_a_run_that_goes_on_says_how_far_and_can_be_stopped() -> None:
    person = make_user()
    run = make_run(person, state="running", progress=0.4, message="Drawing {count} samples")
    said = page(as_person(person), run)
    assert 'value="40"' in said
    assert "Drawing … samples" in said
    assert '<meta http-equiv="refresh"' in said
    assert reverse("run-cancel", args=[run.key]) in said
    assert 'hx-get="' in said
    part = as_person(person).get(reverse("run", args=[run.key]), {"part": "progress"})
    assert b"<h1" not in part.content
    assert b"csrfmiddlewaretoken" in part.content
    assert "HX-Refresh" not in part
    Run.objects.filter(pk=run.pk).update(state="done", progress=1)
    assert as_person(person).get(reverse("run", args=[run.key]), {"part": "progress"})["HX-Refresh"] == "true"
    waiting = make_run(person)
    assert "value=" not in page(as_person(person), waiting).partition("<progress")[2].partition(">")[0]


def test_a_run_that_failed_says_why_in_the_readers_words() -> None:
    person = make_user()
    run = make_run(
        person,
        state="failed",
        error={
            "code": "pathways.run.out-of-time",
            "message": "The run took longer than the {seconds} seconds it was given.",
            "params": {"seconds": "3600"},
        },
        record={"log_tail": "the last line", "failure": {"kept": "Your files are unchanged."}},
    )
    said = page(as_person(person), run)
    assert "longer than the 3600 seconds" in said
    assert "Your files are unchanged." in said
    assert "the last line" in said
    broken = make_run(person, state="failed", error={"message": "{0} {nothing}", "params": {}})
    assert "{0} {nothing}" in page(as_person(person), broken)
    assert "The run ended without results." in page(
        as_person(person), make_run(person, state="failed", error={"code": "x"})
    )


def test_a_file_that_is_not_open_to_the_reader_is_not_named() -> None:
    person = make_user()
    shown, closed = make_item(title="Open"), make_item(title="Closed", protocol=make_protocol("stewards"))
    entry = {"input": "records", "sha512": "0" * 128, "size": 3, "media_type": "text/csv"}
    run = make_run(
        person,
        inputs=[
            {
                **entry,
                "name": f"{name}.csv",
                "source": {"object": f"heirloom:item:{item.key}", "version": 1, "path": "a"},
            }
            for name, item in (("open", shown), ("hidden-name", closed))
        ],
    )
    said = page(as_person(person), run)
    assert reverse("item", args=[shown.key]) in said
    assert "open.csv" in said
    assert "hidden-name" not in said
    assert closed.key not in said


def test_a_real_run_its_repeat_and_its_place_in_a_published_case(client: Client) -> None:
    person = make_user()
    case = make_case(person, "Counted songs")
    with tempfile.TemporaryDirectory() as folder:
        inputs, params = registry.pathway("diversity").fixture("coverage", Path(folder))
        run = run_actions.request_run(person, "diversity.coverage", inputs, params, case=case)
    work(until_empty=True)
    again = run_actions.repeat_run(person, Run.objects.get(pk=run.pk))
    work(until_empty=True)
    said = page(as_person(person), run)
    for part in (
        "The same, byte for byte",
        "What it cost",
        "coverage.csv",
        "image",
        "Run it again",
        "Software it ran with",
        "How much is covered",
    ):
        assert part in said, part
    assert said.count("<svg xmlns") == 2 * said.count('class="chart-wide"') > 0, (
        "one for desks, one for phones"
    )
    assert '<img src="/runs/' not in said, "what is drawn in the page is not fetched as a picture too"
    assert again.key in said
    assert run.key in page(as_person(person), again)
    assert client.get(reverse("run", args=[run.key])).status_code == 404
    edit_case(
        person,
        case,
        sections=[
            {"heading": {}, "body": {"en": {"text": "See.", "origin": "human"}}, "item": None, "run": run.key}
        ],
    )
    made = actions.seal(person, queries.with_content(Case.objects.filter(pk=case.pk)).get(), consent=CONSENT)
    actions.publish(make_user(grants=["organiser"]), Seal.objects.get(pk=made.pk))
    public = page(client, run)
    assert "coverage.csv" in public
    assert "Counted songs" in public
    assert again.key not in public, "a repeat is its owner's until they show it"
    assert "Last lines of the log" not in public
    assert reverse("run-repeat", args=[run.key]) not in public
    shown = client.get(reverse("case", args=[case.key])).content.decode()
    assert "heirloom replicate" in shown
    assert "Recorded run" in shown
    assert shown.count('class="chart-narrow"') == 1
    client.cookies["language"] = "lo"
    lao = client.get(reverse("case", args=[case.key])).content.decode()
    assert 'role="img" lang="lo"' in lao
    assert "How much is covered" not in lao
    assert reverse("kit", args=[case.key]) in shown
