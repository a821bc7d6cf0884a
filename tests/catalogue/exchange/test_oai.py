"""The OAI-PMH provider, harvested by another program over real HTTP, and its errors one by one."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from xml.etree import ElementTree as ET

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.catalogue.exchange.conftest import Rich
from tests.factories.catalogue import make_community, make_item, make_protocol

from heirloom.archive.fetch import FetchPolicy, FetchRefused
from heirloom.catalogue import oai
from heirloom.catalogue.importers.harvest import Harvest
from heirloom.catalogue.models import Change, Item
from heirloom.text import Translated

with warnings.catch_warnings():  # its source has escapes that Python warns of when it compiles them
    warnings.simplefilter("ignore")
    from sickle import Sickle
    from sickle.oaiexceptions import BadArgument, IdDoesNotExist, NoRecordsMatch

pytestmark = [pytest.mark.database]
OAI = "{http://www.openarchives.org/OAI/2.0/}"
DC = "{http://purl.org/dc/elements/1.1/}"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"
START = datetime(2026, 1, 1, tzinfo=UTC)


def announced(item: Item, kind: str = "Create", minutes: int = 0) -> Item:
    Change.objects.create(about="item", key=item.key, kind=kind, at=START + timedelta(minutes=minutes))
    return item


def repository(**more: int) -> oai.Repository:
    return oai.repository("https://example.org", "Heirloom", "keeper@example.org", **more)


def ask(size: int = 3, **arguments: str) -> ET.Element:
    pairs = [(name.rstrip("_"), value) for name, value in arguments.items()]
    return ET.fromstring(oai.respond(pairs, repository(page=size)))


def error(answer: ET.Element) -> str:
    found = answer.find(f"{OAI}error")
    assert found is not None
    return found.attrib["code"]


class Quiet(WSGIRequestHandler):
    def log_message(self, *_arguments: object) -> None:
        return


@pytest.fixture
def server(transactional_db: None) -> Iterator[str]:
    def application(environ: dict, start_response) -> list[bytes]:
        try:
            body = oai.respond(parse_qsl(environ["QUERY_STRING"], keep_blank_values=True), repository(page=4))
        finally:
            connections.close_all()
        start_response("200 OK", [("Content-Type", oai.MEDIA_TYPE), ("Content-Length", str(len(body)))])
        return [body]

    made: WSGIServer = make_server("127.0.0.1", 0, application, handler_class=Quiet)
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{made.server_port}/oai"
    made.shutdown()
    thread.join()
    made.server_close()


def test_another_program_harvests_everything(server: str) -> None:
    community = make_community("tai-lue")
    keys = [
        announced(
            make_item(title={"en": f"Boat {n}", "lo": "ເຮືອ"}, communities=[community] if n % 2 else []),
            minutes=n,
        ).key
        for n in range(10)
    ]
    gone = announced(announced(make_item(state="withdrawn")), "Delete", 99).key
    harvester = Sickle(server)
    records = list(harvester.ListRecords(metadataPrefix="oai_dc"))
    assert [record.header.identifier.rpartition(":")[2] for record in records] == [*keys, gone]
    assert [record.deleted for record in records] == [False] * 10 + [True]
    assert records[3].metadata["title"] == ["Boat 3", "ເຮືອ"]
    assert "community:tai-lue" in records[3].header.setSpecs
    odd = list(harvester.ListIdentifiers(metadataPrefix="oai_dc", set="community:tai-lue"))
    assert [header.identifier.rpartition(":")[2] for header in odd] == keys[1::2]
    some = harvester.ListRecords(
        **{"metadataPrefix": "oai_dc", "from": "2026-01-01T00:03:00Z", "until": "2026-01-01T00:05:00Z"}
    )
    assert [record.header.identifier.rpartition(":")[2] for record in some] == keys[3:6]
    assert {found.setSpec for found in harvester.ListSets()} == {
        "community",
        "community:tai-lue",
        "kind",
        "kind:object",
    }
    assert harvester.Identify().deletedRecord == "persistent"
    assert [found.metadataPrefix for found in harvester.ListMetadataFormats()] == ["oai_dc"]
    assert (
        harvester.GetRecord(identifier=records[0].header.identifier, metadataPrefix="oai_dc").metadata[
            "title"
        ][0]
        == "Boat 0"
    )
    with pytest.raises(IdDoesNotExist):
        harvester.GetRecord(identifier="oai:example.org:" + "0" * 26, metadataPrefix="oai_dc")
    with pytest.raises(NoRecordsMatch):
        harvester.ListRecords(**{"metadataPrefix": "oai_dc", "from": "2030-01-01"})
    with pytest.raises(BadArgument):
        harvester.ListRecords(metadataPrefix="oai_dc", **{"from": "yesterday"})


def test_our_own_harvester_reads_our_own_provider(server: str, rich_item: Rich) -> None:
    item = announced(rich_item())
    for number in range(6):
        announced(make_item(), minutes=number)
    gone = announced(make_item(state="withdrawn"), "Delete", 9)
    with pytest.raises(FetchRefused):
        list(Harvest(server, "us", pause=0))
    port = server.split(":")[2].partition("/")[0]
    policy = FetchPolicy(allow=frozenset({f"127.0.0.1:{port}"}))
    drafts = {
        draft.source_id.rpartition(":")[2]: draft for draft in Harvest(server, "us", pause=0, policy=policy)
    }
    assert len(drafts) == 8
    found = drafts[item.key]
    assert found.title == item.title
    assert found.rights == item.rights
    assert {term.code for term in found.terms if term.scheme == "language"} == {"lao"}
    assert found.source_uri == f"https://example.org/items/{item.key}/"
    assert drafts[gone.key].deleted


@pytest.mark.django_db
def test_only_what_everybody_may_see() -> None:
    shown = announced(make_item(title="shown"))
    for audience in ("signed-in", "members", "stewards"):
        hidden = make_item(title="hidden", protocol=make_protocol(audience, communities=[make_community()]))
        announced(hidden)
        announced(announced(make_item(title="hidden", state="withdrawn", protocol=hidden.protocol)), "Update")
    announced(make_item(title="hidden", state="draft"))
    asked = make_protocol("public", attributes={"gender": ["women"]}, communities=[make_community()])
    announced(make_item(title="hidden", protocol=asked))
    answer = ask(50, verb="ListRecords", metadataPrefix="oai_dc")
    found = [record.findtext(f"{OAI}header/{OAI}identifier") for record in answer.iter(f"{OAI}record")]
    assert found == [f"oai:example.org:{shown.key}"]
    assert b"hidden" not in ET.tostring(answer)


@pytest.mark.django_db
def test_out_of_season_is_deleted_and_comes_back() -> None:
    season = make_protocol("public", seasons=[["02-30", "02-30"]])
    item = announced(make_item(protocol=season))
    answer = ask(verb="GetRecord", metadataPrefix="oai_dc", identifier=f"oai:example.org:{item.key}")
    header = answer.find(f".//{OAI}header")
    assert header is not None
    assert header.attrib == {"status": "deleted"}
    season.seasons = [["01-01", "12-31"]]
    season.save()
    answer = ask(verb="GetRecord", metadataPrefix="oai_dc", identifier=f"oai:example.org:{item.key}")
    assert answer.find(f".//{DC}title") is not None


@pytest.mark.django_db
def test_texts_carry_their_language_and_rights_are_there(rich_item: Rich) -> None:
    item = announced(rich_item())
    answer = ask(verb="GetRecord", metadataPrefix="oai_dc", identifier=f"oai:example.org:{item.key}")
    titles = {title.attrib[LANG]: title.text for title in answer.iter(f"{DC}title")}
    assert titles == {"en": "Naga boat", "lo": "ເຮືອນາກ", "zh-Hans": "龙舟"}
    rights = [element.text for element in answer.iter(f"{DC}rights")]
    assert rights[:2] == ["https://creativecommons.org/licenses/by/4.0/", "Museum of Boats"]
    assert "TK A: ໃຫ້ກຽດ" in rights
    assert [element.text for element in answer.iter(f"{DC}language")] == ["lao"]


@pytest.mark.django_db
def test_a_change_in_the_middle_of_a_harvest_is_not_lost() -> None:
    items = [announced(make_item(title=f"{n}"), minutes=n) for n in range(5)]
    first = ask(2, verb="ListIdentifiers", metadataPrefix="oai_dc")
    token = first.findtext(f".//{OAI}resumptionToken") or ""
    announced(items[0], "Update", 50)
    announced(items[4], "Delete", 51)
    Item.objects.filter(pk=items[4].pk).update(state="withdrawn")
    seen = []
    while token:
        answer = ask(2, verb="ListIdentifiers", resumptionToken=token)
        seen += [
            (header.findtext(f"{OAI}identifier"), header.get("status"))
            for header in answer.iter(f"{OAI}header")
        ]
        token = answer.findtext(f".//{OAI}resumptionToken") or ""
    expected = [(items[2], None), (items[3], None), (items[0], None), (items[4], "deleted")]
    assert seen == [(f"oai:example.org:{item.key}", status) for item, status in expected]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({}, "badVerb"),
        ({"verb": "Steal"}, "badVerb"),
        ({"verb": "ListRecords"}, "badArgument"),
        ({"verb": "ListRecords", "metadataPrefix": "marc"}, "cannotDisseminateFormat"),
        ({"verb": "ListRecords", "metadataPrefix": "oai_dc"}, "noRecordsMatch"),
        ({"verb": "ListRecords", "metadataPrefix": "oai_dc", "set": "nothing"}, "noRecordsMatch"),
        ({"verb": "ListRecords", "metadataPrefix": "oai_dc", "from_": "2026-02-30"}, "badArgument"),
        ({"verb": "ListRecords", "metadataPrefix": "oai_dc", "from_": "2026-02-02", "until": "2026-02-01"}, "badArgument"),
        ({"verb": "ListRecords", "metadataPrefix": "oai_dc", "from_": "2026-02-02", "until": "2026-02-03T00:00:00Z"}, "badArgument"),
        ({"verb": "ListRecords", "resumptionToken": "x"}, "badResumptionToken"),
        ({"verb": "ListRecords", "resumptionToken": "x", "metadataPrefix": "oai_dc"}, "badArgument"),
        ({"verb": "ListSets", "resumptionToken": "x"}, "badResumptionToken"),
        ({"verb": "Identify", "extra": "1"}, "badArgument"),
        ({"verb": "GetRecord", "metadataPrefix": "oai_dc", "identifier": "oai:other.org:1"}, "idDoesNotExist"),
        ({"verb": "ListMetadataFormats", "identifier": "oai:example.org:" + "0" * 26}, "idDoesNotExist"),
    ],
)  # fmt: skip
def test_errors(arguments: dict[str, str], code: str) -> None:
    answer = ask(**arguments)
    assert error(answer) == code
    request = answer.find(f"{OAI}request")
    assert request is not None
    assert bool(request.attrib) == (code not in ("badVerb", "badArgument"))


@pytest.mark.django_db
def test_repeated_arguments_and_forged_tokens() -> None:
    pairs = [("verb", "ListRecords"), ("metadataPrefix", "oai_dc"), ("metadataPrefix", "oai_dc")]
    assert error(ET.fromstring(oai.respond(pairs, repository()))) == "badArgument"
    for number in range(4):
        announced(make_item(), minutes=number)
    token = ask(2, verb="ListRecords", metadataPrefix="oai_dc").findtext(f".//{OAI}resumptionToken") or ""
    assert token
    assert (
        error(ask(verb="ListRecords", resumptionToken=token[:-2] + ("AA" if token[-2:] != "AA" else "BB")))
        == "badResumptionToken"
    )


@pytest.mark.django_db
def test_a_page_costs_the_same_whatever_its_length() -> None:
    community = make_community()

    def count(size: int) -> int:
        with CaptureQueriesContext(connection) as queries:
            ask(size, verb="ListRecords", metadataPrefix="oai_dc")
        return len(queries)

    for number in range(12):
        announced(make_item(communities=[community]), minutes=number)
    assert count(2) == count(10) <= 16


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.text(
        st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"),
        min_size=1,
        max_size=40,
    )
)
@pytest.mark.django_db
def test_any_text_is_well_formed_xml(text: str) -> None:
    item = announced(make_item(title={"en": "x"}, description=Translated({"lo": text}), indexed=False))
    answer = ask(verb="GetRecord", metadataPrefix="oai_dc", identifier=f"oai:example.org:{item.key}")
    assert answer.find(f".//{DC}title") is not None
