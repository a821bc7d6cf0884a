"""Asking for runs, sending replications and deciding on them, by their pages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from tests.cases.test_kit import own_records, packed, published
from tests.factories.cases import make_case
from tests.factories.pages import browser, read
from tests.factories.people import make_user

from heirloom.cases.models import Replication, Run, Seal
from heirloom.cases.replicate import RECORD, replicate
from heirloom.operate.work import work
from heirloom.people.models import User

pytestmark = [
    pytest.mark.database,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("installation"),
]

_ = published  # the fixture


def test_a_run_is_asked_for_and_a_refused_form_keeps_its_settings() -> None:
    client = browser(make_user())
    address = reverse("run-new", args=["diversity.coverage"])
    page = read(client.get(address))
    assert page.values["param.reference_list"] == ["none"]
    sent = {
        "param.facets": "language, region",
        "param.reference_list": "lancang-mekong-languages",
        "param.countries": ["LA", "KH"],
        "param.dormant_languages": "true",
    }
    without = client.post(address, sent)
    assert without.status_code == 400
    shown = read(without)
    assert shown.values["param.facets"] == ["language, region"]
    assert shown.values["param.reference_list"] == ["lancang-mekong-languages"]
    assert sorted(shown.values["param.countries"]) == ["KH", "LA"]
    assert shown.values["param.dormant_languages"] == ["true"]
    table = SimpleUploadedFile("records.csv", b"language,region\nlao,north\nkhmer,south\n", "text/csv")
    made = client.post(address, {**sent, "input.records": table})
    run = Run.objects.get()
    assert made.headers["Location"] == reverse("run", args=[run.key])
    assert run.params["countries"] == ["LA", "KH"]
    assert read(client.get(reverse("runs"))).words.count("Coverage and gaps") >= 0


def test_numbers_that_no_row_can_have_are_no_accident() -> None:
    person = make_user()
    client = browser(person)
    sent = {"media.records": ["9" * 30, "٣", "-1"], "param.facets": "language"}
    assert client.post(reverse("run-new", args=["diversity.coverage"]), sent).status_code == 400
    case = make_case(person)
    edit = {f"sections.{'9' * 5000}.body.en": "Too far.", "title.en": "River songs"}
    assert client.post(reverse("case-edit", args=[case.key]), edit).status_code < 500


def test_a_setting_that_is_out_of_bounds_is_marked(tmp_path: Path) -> None:
    from heirloom.pathways import registry

    method = registry.method("diversity.coverage")
    bounded = next((param for param in method.params if param.kind in {"integer", "number"}), None)
    if bounded is None:
        pytest.skip("the built-in methods have no bounded number")
    path = tmp_path / "records.csv"
    own_records(path)
    table = SimpleUploadedFile("records.csv", path.read_bytes(), "text/csv")
    sent = {f"param.{bounded.name}": "-77", "input.records": table}
    response = browser(make_user()).post(reverse("run-new", args=[method.id]), sent)
    assert response.status_code == 422
    page = read(response)
    assert page.values[f"param.{bounded.name}"] == ["-77"]
    assert f"param-{bounded.name}" in page.fragments


def test_a_replication_is_sent_decided_on_and_shown(
    published: tuple[Seal, User],
    tmp_path: Path,
) -> None:
    seal, owner = published
    mine = tmp_path / "mine"
    mine.mkdir()
    own_records(mine / "records.csv")
    replicate(
        packed(seal, tmp_path), tmp_path / "results", own=mine, who="A village team", where="Luang Namtha"
    )
    data = (tmp_path / "results" / RECORD).read_bytes()
    address = reverse("replicate", args=[seal.case.key])
    assert browser().get(address).status_code == 302
    sender = browser(make_user())
    read(sender.get(address))
    for wrong in (
        None,
        SimpleUploadedFile("replication.json", b'{"format": "x"}'),
        SimpleUploadedFile("a.json", b"{"),
    ):
        form = {"what": "record", "note.en": "From the north"} | ({"record": wrong} if wrong else {})
        refused = sender.post(address, form)
        assert refused.status_code in (400, 422)
        assert read(refused).values["note.en"] == ["From the north"]
    file = SimpleUploadedFile("replication.json", data, "application/json")
    sent = sender.post(address, {"what": "record", "record": file, "note.en": "From the north"})
    assert sent.headers["Location"] == reverse("case", args=[seal.case.key])
    made = Replication.objects.get()
    deciding = reverse("case-replications", args=[seal.case.key])
    assert sender.get(deciding).status_code == 404
    assert sender.post(deciding, {"replication": made.key, "show": "1"}).status_code == 404
    lead = browser(owner)
    assert "A village team" in " ".join(read(lead.get(reverse("my"))).words)
    assert "From the north" in read(lead.get(deciding)).words
    assert lead.post(deciding, {"replication": made.key, "show": "1"}).status_code == 302
    made.refresh_from_db()
    assert made.state == "shown"
    assert "A village team" not in " ".join(read(lead.get(reverse("my"))).words)


def test_the_kit_s_method_is_run_here_on_own_files(
    published: tuple[Seal, User],
    tmp_path: Path,
) -> None:
    seal, owner = published
    address = reverse("replicate", args=[seal.case.key])
    client = browser(make_user(name="Dara"))
    [key] = seal.content["runs"]
    nothing = client.post(address, {"what": "run", "run": key, "who": "Dara's team", "where": "Vientiane"})
    assert nothing.status_code == 400
    assert read(nothing).values["who"] == ["Dara's team"]
    path = tmp_path / "records.csv"
    own_records(path)
    table = SimpleUploadedFile("records.csv", path.read_bytes(), "text/csv")
    sent = client.post(address, {"what": "run", "run": key, "who": "Dara's team", "input.records": table})
    made = Replication.objects.get()
    assert made.run is not None
    assert sent.headers["Location"] == reverse("run", args=[made.run.key])
    deciding = reverse("case-replications", args=[seal.case.key])
    early = browser(owner).post(deciding, {"replication": made.key, "show": "1"})
    assert early.status_code == 409
    work(until_empty=True)
    assert browser(owner).post(deciding, {"replication": made.key, "show": "1"}).status_code == 302
    made.refresh_from_db()
    assert (made.state, made.who) == ("shown", "Dara's team")
    assert json.dumps(made.record).count(key) == 1


def test_what_is_not_public_is_not_replicated(published: tuple[Seal, User]) -> None:
    from heirloom.cases import actions

    seal, owner = published
    actions.withdraw(owner, seal.case, "asked to")
    client = browser(make_user())
    assert client.get(reverse("replicate", args=[seal.case.key])).status_code == 404
    assert client.post(reverse("replicate", args=[seal.case.key]), {"what": "record"}).status_code == 404
