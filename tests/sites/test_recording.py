"""Readings: kept once, bad ones told, summed up by the database, followed by alerts."""

from __future__ import annotations

import math
import statistics
from collections import defaultdict

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.factories.people import make_user
from tests.factories.sites import make_monitored, make_readings, make_sensor

from heirloom.catalogue.actions_errors import InvalidField
from heirloom.errors import NotAllowed, NotFound
from heirloom.people.models import LogEntry
from heirloom.sites import queries, recording
from heirloom.sites.models import AlertWindow, Observation

pytestmark = [pytest.mark.database, pytest.mark.django_db]
T = 1_700_000_000


def test_the_same_readings_again_double_nothing() -> None:
    keeper, sensor = make_user(grants=["cataloguer"]), make_sensor(make_monitored())
    rows = [(number, T + 300 * number, 50 + number % 7) for number in range(12_000)]
    first = recording.record(keeper, sensor, rows)
    assert (first.read, first.added, first.known, first.refused) == (12_000, 12_000, 0, 0)
    assert (first.first, first.last) == (T, T + 300 * 11_999)
    again = recording.record(keeper, sensor, [*reversed(rows), (12_000, T - 300, 50.0)])
    assert (again.added, again.known) == (1, 12_000)
    assert Observation.objects.count() == 12_001
    entry = LogEntry.objects.filter(action="record").last()
    assert entry is not None
    assert entry.details["added"] == 1


def test_rows_that_cannot_be_are_told_and_nothing_is_replaced() -> None:
    keeper, sensor = make_user(grants=["cataloguer"]), make_sensor(make_monitored())
    recording.record(keeper, sensor, [(1, T, 50.0)])
    report = recording.record(
        keeper,
        sensor,
        [(1, T, 51.0), (2, T + 1, math.nan), (3, T + 2, 400.0), (4, 99_999_999_999, 50.0), (5, T + 3, 50.0), (6, T + 3, 49.0)],
    )  # fmt: skip
    assert report.added == 1
    assert report.refused == 5
    assert [(one.row, one.reason) for one in report.told] == [
        (2, "value"), (3, "value"), (4, "time"), (1, "differs"), (6, "differs"),
    ]  # fmt: skip
    assert dict(Observation.objects.values_list("time", "value")) == {T: 50.0, T + 3: 50.0}


def test_strangers_record_nothing() -> None:
    with pytest.raises(NotAllowed):
        recording.record(make_user(), make_sensor(make_monitored()), [(1, T, 50.0)])
    with pytest.raises(NotFound):
        recording.record(make_user(), make_sensor(make_monitored(state="private")), [(1, T, 50.0)])
    with pytest.raises(NotAllowed):
        recording.add_rule(
            make_user(), make_sensor(make_monitored()), direction="above", threshold=1, release=0
        )


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(st.integers(0, 50_000), st.floats(0, 100), max_size=60),
    st.integers(0, 20_000),
    st.integers(1, 40_000),
    st.integers(2, 40),
)
def test_sums_of_the_database_are_those_of_a_loop(
    readings: dict[int, float], start: int, length: int, most: int
) -> None:
    sensor = make_sensor(make_monitored())
    make_readings(make_sensor(sensor.monitored), [1.0, 99.0], start=start)
    Observation.objects.bulk_create(
        Observation(sensor=sensor, time=time, value=value) for time, value in readings.items()
    )
    found = queries.series(sensor, start, start + length, most=most)
    groups = defaultdict(list)
    for time, value in readings.items():
        if start <= time < start + length:
            groups[time - time % found.width].append(value)
    assert [bucket.start for bucket in found.buckets] == sorted(groups)
    assert len(found.buckets) <= most + 1
    for bucket in found.buckets:
        values = groups[bucket.start]
        assert (bucket.low, bucket.high, bucket.count) == (min(values), max(values), len(values))
        assert bucket.mean == pytest.approx(statistics.fmean(values), abs=1e-9)


def test_ten_years_come_back_as_few_rows_from_the_index() -> None:
    sensor = make_sensor(make_monitored())
    make_readings(sensor, (50 + number % 40 for number in range(5000)))
    span = queries.span(sensor)
    assert span == (T, T + 300 * 4999)
    with CaptureQueriesContext(connection) as asked:
        found = queries.series(sensor, T, T + 10 * 365 * 86_400)
    assert len(asked) == 1
    assert found.width == 11 * 86_400
    assert sum(bucket.count for bucket in found.buckets) == 5000
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(
                "EXPLAIN QUERY PLAN "
                + "SELECT max(time) FROM heirloom_observation WHERE sensor_id = %s AND time < %s",
                [sensor.pk, T],
            )
            plan = str(cursor.fetchall())
            assert "USING PRIMARY KEY" in plan, plan
            cursor.execute("SELECT sql FROM sqlite_master WHERE name = 'heirloom_observation'")
            assert "WITHOUT ROWID" in cursor.fetchone()[0]


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from([60, 69, 71, 74, 76, 80]), min_size=1, max_size=30), st.data())
def test_alerts_do_not_depend_on_the_order_in_which_files_come(
    values: list[int], data: st.DataObject
) -> None:
    keeper = make_user(grants=["cataloguer"])
    rows = [(number, T + 300 * number, float(value)) for number, value in enumerate(values)]
    whole, pieces = (make_sensor(make_monitored()) for _ in range(2))
    rules_ = [
        recording.add_rule(keeper, sensor, direction="above", threshold=75, release=70, hold=600)
        for sensor in (whole, pieces)
    ]
    recording.record(keeper, whole, rows)
    order = data.draw(st.permutations(rows))
    cut = data.draw(st.integers(0, len(rows)))
    for part in (order[:cut], order[cut:]):
        recording.record(keeper, pieces, part)
    one, other = (
        list(
            AlertWindow.objects.filter(rule=rule)
            .order_by("started")
            .values_list("started", "ended", "extreme")
        )
        for rule in rules_
    )
    assert one == other
    late = recording.add_rule(keeper, whole, direction="above", threshold=75, release=70, hold=600)
    assert list(late.windows.order_by("started").values_list("started", "ended", "extreme")) == one


def test_a_rule_needs_its_release_behind_its_threshold() -> None:
    keeper, sensor = make_user(grants=["cataloguer"]), make_sensor(make_monitored())
    for wrong in (
        {"direction": "above", "threshold": 70, "release": 75},
        {"direction": "below", "threshold": 70, "release": 65},
        {"direction": "sideways", "threshold": 70, "release": 65},
        {"direction": "above", "threshold": math.nan, "release": 65},
        {"direction": "above", "threshold": 70, "release": 65, "hold": -1},
    ):
        with pytest.raises(InvalidField):
            recording.add_rule(keeper, sensor, **wrong)  # type: ignore[arg-type]
