"""The SensorThings service: what the standard asks of answers, who sees what, and clear refusals."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.factories.catalogue import make_place, make_protocol
from tests.factories.people import make_user
from tests.factories.sites import make_monitored, make_readings, make_sensor

from heirloom.sites.models import MonitoredPlace, Sensor

pytestmark = [pytest.mark.database, pytest.mark.django_db]
ROOT = "/api/sensorthings/v1.1/"
T = 1_700_000_000  # 2023-11-14T22:13:20Z


def ask(path: str, client: Client | None = None, status: int = 200, **query: str) -> Any:
    response = (client or Client()).get(ROOT + path, {f"${name}": value for name, value in query.items()})
    assert response.status_code == status, response.content
    return response.json()


@pytest.fixture
def sensor() -> Sensor:
    place = make_place("Vat Phou", longitude=105.8, latitude=14.8)
    monitored = make_monitored(name="Cave of bells", place=place, withhold_position=False)
    made = make_sensor(monitored, name="O'Neill's logger", longitude=105.81, latitude=14.81)
    make_readings(made, (50.0 + number for number in range(5)), step=3600)
    return made


def test_the_root_names_the_sets_and_every_link_leads_somewhere(sensor: Sensor) -> None:
    root = ask("")
    assert [one["name"] for one in root["value"]] == [
        "Things", "Locations", "Datastreams", "Sensors", "ObservedProperties", "Observations",
    ]  # fmt: skip
    assert "conformance" in root["serverSettings"]
    followed = 0
    for one in root["value"]:
        [entity, *_] = ask(urlsplit(one["url"]).path.removeprefix(ROOT))["value"]
        again = ask(urlsplit(entity["@iot.selfLink"]).path.removeprefix(ROOT))
        assert again == entity
        for name, link in entity.items():
            if name.endswith("@iot.navigationLink"):
                assert ask(urlsplit(link).path.removeprefix(ROOT))
                followed += 1
    assert followed == 10


def test_entities_have_the_mandatory_properties(sensor: Sensor) -> None:
    [stream] = ask("Datastreams")["value"]
    assert stream["@iot.id"] == sensor.key
    assert stream["name"] == "O'Neill's logger"
    assert stream["unitOfMeasurement"]["symbol"] == "%"
    assert stream["observationType"].endswith("OM_Measurement")
    assert stream["phenomenonTime"] == "2023-11-14T22:13:20Z/2023-11-15T02:13:20Z"
    assert stream["observedArea"] == {"type": "Point", "coordinates": [105.81, 14.81]}
    [location] = ask("Locations")["value"]
    assert location["location"] == {"type": "Point", "coordinates": [105.8, 14.8]}
    assert location["encodingType"] == "application/geo+json"
    [instrument] = ask("Sensors")["value"]
    assert {"name", "description", "encodingType", "metadata"} <= set(instrument)
    [observed] = ask("ObservedProperties")["value"]
    assert observed["definition"].startswith("http://vocab.nerc.ac.uk/")


def test_observations_are_filtered_ordered_counted_and_paged(sensor: Sensor) -> None:
    path = f"Datastreams('{sensor.key}')/Observations"
    found = ask(
        path,
        filter="result gt 51 and phenomenonTime lt 2023-11-15T02:13:20Z",
        orderby="result desc",
        count="true",
    )
    assert [one["result"] for one in found["value"]] == [53.0, 52.0]
    assert found["@iot.count"] == 2
    assert "@iot.nextLink" not in found
    local = ask(path, filter="phenomenonTime ge 2023-11-15T08:13:20+07:00")
    assert [one["result"] for one in local["value"]] == [53.0, 54.0]
    flipped = ask(path, filter="not (51.5 lt result) or result eq 54")
    assert [one["result"] for one in flipped["value"]] == [50.0, 51.0, 54.0]
    fraction = ask(path, filter="phenomenonTime gt 2023-11-15T01:13:20.5Z")
    assert [one["result"] for one in fraction["value"]] == [54.0]
    seen, at, pages = [], f"{path}?$top=2&$orderby=phenomenonTime desc", 0
    while at:
        response = Client().get(ROOT + at)
        page = response.json()
        seen += [one["result"] for one in page["value"]]
        link = urlsplit(page.get("@iot.nextLink", ""))
        at = f"{link.path.removeprefix(ROOT)}?{link.query}" if link.path else ""
        pages += 1
    assert (seen, pages) == ([54.0, 53.0, 52.0, 51.0, 50.0], 3)
    newest = ask(path, orderby="phenomenonTime desc", top="1", select="id,result")["value"]
    assert newest == [{"@iot.id": f"{sensor.key}-{T + 4 * 3600}", "result": 54.0}]
    assert ask(path, top="0", count="true") == {"@iot.count": 5, "value": []}
    assert len(ask("Observations", filter=f"Datastream/id eq '{sensor.key}'")["value"]) == 5
    one = ask(f"Observations('{sensor.key}-{T}')")
    assert one["result"] == 50.0
    assert ask(f"Observations('{sensor.key}-{T}')/Datastream")["@iot.id"] == sensor.key


def test_one_level_is_expanded_with_its_own_options(sensor: Sensor) -> None:
    found = ask(
        "Datastreams",
        expand="Observations($top=2;$orderby=phenomenonTime desc;$count=true),Thing,Sensor($select=name)",
    )
    [stream] = found["value"]
    assert [one["result"] for one in stream["Observations"]] == [54.0, 53.0]
    assert stream["Observations@iot.count"] == 5
    assert stream["Thing"]["name"] == "Cave of bells"
    assert stream["Sensor"] == {"name": "O'Neill's logger"}
    assert "Thing@iot.navigationLink" not in stream


def test_arrays_of_data(sensor: Sensor) -> None:
    found = ask("Observations", resultFormat="dataArray", top="2")
    [group] = found["value"]
    assert group["components"] == ["id", "phenomenonTime", "resultTime", "result"]
    assert group["dataArray@iot.count"] == 2
    assert group["dataArray"][0] == [
        f"{sensor.key}-{T}",
        "2023-11-14T22:13:20Z",
        "2023-11-14T22:13:20Z",
        50.0,
    ]
    assert "@iot.nextLink" in found


def test_properties_values_and_links(sensor: Sensor) -> None:
    assert ask(f"Datastreams('{sensor.key}')/name") == {"name": "O'Neill's logger"}
    value = Client().get(f"{ROOT}Datastreams('{sensor.key}')/name/$value")
    assert value.content.decode() == "O'Neill's logger"
    assert value["Content-Type"].startswith("text/plain")
    [link] = ask("Datastreams/$ref")["value"]
    assert link["@iot.selfLink"].endswith(f"Datastreams('{sensor.key}')")
    assert len(ask("Datastreams", filter="name eq 'O''Neill''s logger'")["value"]) == 1
    assert len(ask("Datastreams", filter="name eq 'No one'")["value"]) == 0


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("Nothing", 404),
        ("Things('none')", 404),
        ("Things(1)", 400),
        ("FeaturesOfInterest", 501),
        ("Things?$apply=groupby", 501),
        ("Things?$top=-1", 400),
        ("Things?$top=many", 400),
        ("Things?$count=perhaps", 400),
        ("Things?$filter=name eq", 400),
        ("Things?$filter=startswith(name,'a')", 400),
        ("Things?$filter=" + "(" * 60, 400),
        ("Datastreams?$expand=Thing/Locations", 501),
        ("Datastreams?$expand=Moon", 400),
        ("Datastreams?$select=moon", 400),
        ("Datastreams?$filter=moon eq 1", 501),
        ("Things?$resultFormat=dataArray", 501),
        ("Observations?$orderby=result", 501),
        ("Observations?$filter=phenomenonTime gt 'x'", 400),
        ("Observations?$filter=result eq 'x'", 501),
    ],
)
def test_what_is_not_offered_is_refused_with_a_code(sensor: Sensor, path: str, status: int) -> None:
    response = Client().get(ROOT + quote(path, safe="/?$=&()"))
    assert response.status_code == status, response.content
    assert set(response.json()) == {"code", "message", "kept"}
    assert Client().post(ROOT + "Things", {}).status_code == 405


def test_nobody_reads_what_they_may_not_see_by_any_address() -> None:
    steward_only = make_protocol("stewards")
    hidden = [
        make_sensor(make_monitored(state="private", name="Secret"), name="Secret"),
        make_sensor(make_monitored(protocol=steward_only, name="Secret"), name="Secret"),
    ]
    for one in hidden:
        make_readings(one, [50.0])
    keeper = Client()
    keeper.force_login(make_user(grants=["organiser"]))
    for name in ("Things", "Locations", "Datastreams", "Sensors", "ObservedProperties", "Observations"):
        assert ask(name)["value"] == []
    assert len(ask("Things", keeper)["value"]) == 1
    for one in hidden:
        for path in (
            f"Things('{one.monitored.key}')",
            f"Datastreams('{one.key}')",
            f"Sensors('{one.key}')",
            f"Observations('{one.key}-{T}')",
            f"Datastreams('{one.key}')/Observations",
        ):
            ask(path, status=404)


def test_a_withheld_position_is_told_to_those_who_look_after_it_alone(sensor: Sensor) -> None:
    MonitoredPlace.objects.update(withhold_position=True)
    everything = "".join(
        str(ask(name)) for name in ("Things", "Locations", "Datastreams", "Sensors", "Observations")
    )
    assert "105.8" not in everything
    assert "Vat Phou" not in everything
    keeper = Client()
    keeper.force_login(make_user(grants=["cataloguer"]))
    assert len(ask("Locations", keeper)["value"]) == 1


def test_lists_cost_the_same_at_one_and_three_rows(sensor: Sensor) -> None:
    def costs() -> list[int]:
        counted = []
        for name in ("Things", "Datastreams", "Observations", "Datastreams?$expand=Thing,Sensor"):
            with CaptureQueriesContext(connection) as asked:
                assert Client().get(ROOT + name).status_code == 200
            counted.append(len(asked))
        return counted

    before = costs()
    for _ in range(2):
        make_readings(make_sensor(make_monitored(withhold_position=False, place=make_place())), [40.0])
    assert costs() == before
    assert max(before) <= 6, before
