"""Monitored places in the archive: closed months as files, made anew only where something changed, and brought back by a rebuild."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from tests.factories.catalogue import make_community, make_kept_item
from tests.factories.people import make_user
from tests.factories.sites import make_monitored, make_panel, make_readings, make_sensor

from heirloom.catalogue import rebuild, store
from heirloom.catalogue.models import Community, Item
from heirloom.keys import object_id
from heirloom.sites import actions, keeping, recording
from heirloom.sites.models import (
    AlertRule,
    AlertWindow,
    Epoch,
    MonitoredPlace,
    Observation,
    Panel,
    Sensor,
    Visit,
)
from heirloom.text import Translated

pytestmark = [pytest.mark.database, pytest.mark.django_db, pytest.mark.usefixtures("installation")]
TABLES = (MonitoredPlace, Panel, Visit, Epoch, Sensor, AlertRule, AlertWindow)


def at(year: int, month: int, day: int, hour: int = 0) -> int:
    return int(datetime(year, month, day, hour, tzinfo=UTC).timestamp())


def months(place: MonitoredPlace) -> dict[str, list[str]]:
    identifier = object_id("site", place.key)
    archive = store.archive()
    return {
        path.rpartition("/")[2]: archive.read(identifier, path).decode().splitlines()
        for path in sorted(archive.files(identifier))
        if path.endswith(".csv")
    }


def test_a_month_is_written_when_it_has_been_over_for_a_week() -> None:
    place = make_monitored()
    sensor = make_sensor(place)
    make_readings(sensor, [0.1 + 0.2, 61.0, -0.0, 1e-9], start=at(2026, 1, 31, 22), step=3600)
    assert keeping.keep(place, now=at(2026, 2, 7, 23)) is not None
    assert months(place) == {}
    kept = keeping.keep(place, now=at(2026, 2, 8))
    assert kept is not None
    assert months(place) == {
        "2026-01.csv": ["time,value", "2026-01-31T22:00:00Z,0.30000000000000004", "2026-01-31T23:00:00Z,61.0"]
    }
    assert keeping.keep(place, now=at(2026, 2, 9)) is None, "nothing is new"
    assert keeping.keep(place, now=at(2026, 3, 9)) is not None
    assert list(months(place)) == ["2026-01.csv", "2026-02.csv"]
    assert store.archive().verify().damaged == []


def test_a_late_reading_makes_only_its_own_month_anew() -> None:
    place = make_monitored()
    sensor, by, now = make_sensor(place), make_user(grants=["cataloguer"]), at(2026, 6, 1)
    make_readings(sensor, [50.0] * 90, start=at(2026, 1, 1), step=86_400)
    keeping.keep(place, now=now)
    identifier, archive = object_id("site", place.key), store.archive()
    before = archive.files(identifier)
    recording.record(by, sensor, [(1, at(2026, 2, 3, 4), 55.5)])
    kept = keeping.keep(place, now=now)
    assert kept is not None
    changed = {path for path, info in archive.files(identifier).items() if info.sha512 != before[path].sha512}
    assert {path.rpartition("/")[2] for path in changed} == {
        "2026-02.csv",
        "record.json",
        "ro-crate-metadata.json",
    }
    assert "2026-02-03T04:00:00Z,55.5" in months(place)["2026-02.csv"]


def test_what_is_removed_here_leaves_the_archive() -> None:
    by = make_user(grants=["cataloguer"])
    place = make_monitored(by, state="private")
    sensor = make_sensor(place)
    make_readings(sensor, [50.0] * 40, start=at(2026, 1, 1), step=86_400)
    keeping.keep(place, now=at(2026, 6, 1))
    assert months(place)
    actions.remove(by, sensor)
    keeping.keep(place, now=at(2026, 6, 1))
    assert months(place) == {}
    actions.remove_place(by, place)
    assert not store.archive().exists(object_id("site", place.key))


def test_a_rebuild_brings_back_all_but_owners_names_and_the_open_month(installation: Path) -> None:
    by = make_user(grants=["cataloguer"])
    item = make_kept_item()
    place = make_monitored(
        by, name="Cave", state="shown", communities=[make_community()], withhold_position=False
    )
    panel = make_panel(place)
    panel.items.add(item)
    visit = actions.add_visit(
        by,
        place,
        day=date(2026, 3, 2),
        people_there="Somebody",
        done=Translated({"en": "Photos"}),
        note="Dry.",
    )
    actions.add_epoch(by, visit, panel, items=[item], repeat=True)
    sensor = actions.add_sensor(
        by,
        place,
        name=Translated({"en": "Logger"}),
        kind="humidity",
        panel=panel,
        longitude=102.1,
        latitude=19.9,
    )
    make_readings(sensor, [50 + (n * 7 % 40) / 3 for n in range(3000)], start=at(2026, 1, 1), step=3600)
    recording.add_rule(by, sensor, direction="above", threshold=60.0, release=58.0, hold=3600)
    now = at(2026, 5, 10)
    assert keeping.keep_all(now=now) == 1
    assert keeping.keep_all(now=now) == 0
    Observation.objects.filter(time__gte=at(2026, 5, 1)).delete()
    recording.follow(sensor.rules.get())
    Visit.objects.update(people="")
    before = rebuild.snapshot(TABLES)
    readings = sorted(Observation.objects.values_list("sensor__key", "time", "value"))
    assert before["AlertWindow"]
    assert len(readings) == 24 * (31 + 28 + 31 + 30)
    for table in (MonitoredPlace, Item, Community):
        table.objects.all().delete()
    for table in rebuild.CATALOGUE:
        table.objects.all().delete()
    report = rebuild.rebuild()
    assert report.made["site"] == 1
    assert report.unread == {}
    assert rebuild.snapshot(TABLES) == before
    assert sorted(Observation.objects.values_list("sensor__key", "time", "value")) == readings
    assert MonitoredPlace.objects.get().owner is None
    assert installation.exists()
