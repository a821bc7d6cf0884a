"""The pages of monitored places: who sees what, what charts say, and what lists cost."""

from __future__ import annotations

import re
from datetime import date
from xml.etree import ElementTree as ET

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from tests.factories.catalogue import make_item, make_place
from tests.factories.people import make_user
from tests.factories.sites import make_monitored, make_panel, make_readings, make_sensor

from heirloom.sites import recording
from heirloom.sites.models import Epoch, MonitoredPlace, Observation, Visit
from heirloom.text import Translated

pytestmark = [pytest.mark.database, pytest.mark.django_db]
T = 1_700_000_000  # 2023-11-14T22:13:20Z


def page(client: Client, monitored: MonitoredPlace) -> str:
    response = client.get(reverse("monitored-place", args=[monitored.key]))
    assert response.status_code == 200
    return str(response.content.decode())


def full(number: int) -> MonitoredPlace:
    monitored = make_monitored(name=f"Grotto {number}")
    panel = make_panel(monitored)
    visit = Visit.objects.create(monitored=monitored, date=date(2024, 1, number), people="Noy", note="zznote")
    Epoch.objects.create(visit=visit, panel=panel)
    make_readings(make_sensor(monitored), [50.0, 60.0])
    return monitored


def test_the_list_costs_the_same_at_one_and_three_rows(client: Client) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(reverse("monitored-places")).status_code == 200
        return len(captured)

    full(1)
    cost()
    first = cost()
    full(2)
    full(3)
    assert cost() == first <= 6


def test_lists_show_what_is_open_and_the_map_leads_there(client: Client) -> None:
    make_monitored(name="Closed grotto", state="private")
    assert reverse("monitored-places") not in client.get(reverse("map")).content.decode()
    make_monitored(name="Open grotto")
    assert f'href="{reverse("monitored-places")}"' in client.get(reverse("map")).content.decode()
    listed = client.get(reverse("monitored-places")).content.decode()
    assert "Open grotto" in listed
    assert "Closed grotto" not in listed


def test_where_it_is_and_who_went_stay_with_those_who_look_after_it(client: Client) -> None:
    owner = make_user()
    place = make_place("Secret valley", longitude=105.123, latitude=14.987)
    monitored = make_monitored(owner, place=place)
    hidden = make_item(title="Zzhidden photo", state="draft")
    panel = make_panel(monitored)
    panel.items.add(hidden, make_item(title="Open photo"))
    Visit.objects.create(
        monitored=monitored,
        date=date(2024, 1, 2),
        people="Noy",
        note="zznote",
        done=Translated({"en": "Swept"}),
    )
    said = page(client, monitored)
    assert "Where this place is stays with those who look after it." in said
    assert "Swept" in said
    assert "Open photo" in said
    assert not re.search("Secret valley|105.1|14.98|zznote|Noy|Zzhidden", said)
    keeper = Client()
    keeper.force_login(owner)
    said = page(keeper, monitored)
    assert "Secret valley" in said
    assert "zznote" in said
    assert "Noy" in said


def test_visits_stand_newest_first(client: Client) -> None:
    monitored = full(3)
    Visit.objects.create(monitored=monitored, date=date(2024, 2, 1))
    Visit.objects.create(monitored=monitored, date=date(2023, 2, 1))
    assert re.findall(r'datetime="(\d{4}-\d\d-\d\d)"', page(client, monitored)) == [
        "2024-02-01",
        "2024-01-03",
        "2023-02-01",
    ]


def test_a_chart_and_its_table_say_the_same_and_break_where_nothing_was_measured(client: Client) -> None:
    monitored = make_monitored()
    sensor = make_sensor(monitored, name="Logger <1>")
    make_readings(sensor, [40.0, 44.0, 42.5], start=T, step=43_200)
    make_readings(sensor, [70.0, 71.0], start=T + 10 * 86_400, step=43_200)
    Observation.objects.create(sensor=sensor, time=T - 40 * 86_400, value=99.0)  # older than the chart
    said = page(client, monitored)
    [drawn] = re.findall(r"<svg viewBox=\"0 0 640.*?</svg>", said, re.DOTALL)
    svg = ET.fromstring(drawn)
    lines = svg.findall("polyline")
    assert [len(line.attrib["points"].split()) for line in lines] == [3, 2]
    heights = [float(point.split(",")[1]) for line in lines for point in line.attrib["points"].split()]
    assert sorted(heights, reverse=True) == [heights[0], heights[2], heights[1], heights[3], heights[4]]
    assert svg.attrib["aria-label"] == "Logger <1>: 40 – 71 %"
    table = said[said.index("<table") : said.index("</table>")]
    assert re.findall(r'<td class="numeric">([\d.]+)</td>', table)[1::3] == ["40", "44", "42.5", "70", "71"]
    assert "99" not in table


def test_one_reading_and_none(client: Client) -> None:
    monitored = make_monitored()
    make_readings(make_sensor(monitored, name="One"), [-0.0])
    make_sensor(monitored, name="Silent")
    said = page(client, monitored)
    assert said.count("chart-dot") == 1
    assert "None yet" in said
    assert "nan" not in said


def test_only_alerts_that_stand_are_shown(client: Client) -> None:
    keeper = make_user(grants=["cataloguer"])
    monitored = make_monitored(keeper)
    for name, values in (("Damp", [50.0, 91.0, 93.5]), ("Dry again", [50.0, 95.0, 50.0])):
        sensor = make_sensor(monitored, name=name)
        make_readings(sensor, values)
        recording.add_rule(keeper, sensor, direction="above", threshold=90, release=85)
    said = page(client, monitored)
    alerts = said[said.index("alerts-title") : said.index("sensors-title")]
    assert "Damp" in alerts
    assert "93.5 %" in alerts
    assert "Dry again" not in alerts
