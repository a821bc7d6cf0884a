"""What the climate did: published values, bounds of the models, and files of loggers as they come."""

from __future__ import annotations

import csv
import json
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from heirloom.pathways import registry
from heirloom.pathways.condition import errors, synthetic_climate
from heirloom.pathways.condition.climate import loggers, mould, quality, salts
from heirloom.pathways.execute import InputFile, execute, output_folder

HOUR = 3600


def test_deliquescence_is_as_published() -> None:
    """Wexler & Hasegawa 1954 (J. Res. NBS 53, 19): NaCl 74.9 % at 0, 75.6 % at 30 degrees C, and 74.7 % at 50; the equation is good to 2 %."""
    for temperature, humidity in ((0.0, 74.9), (30.0, 75.6), (50.0, 74.7)):
        assert salts.deliquescence("NaCl", temperature) == pytest.approx(humidity, abs=1.0)
    published = {
        "MgCl2": 33,
        "Ca(NO3)2": 51,
        "Mg(NO3)2": 53,
        "NaNO3": 74,
        "NaCl": 75,
        "KCl": 84,
        "KNO3": 92,
        "K2SO4": 97,
    }
    assert {name: round(float(salts.deliquescence(name, 25.0))) for name in salts.SALTS} == published


def test_a_dead_band_leaves_one_crossing_of_many() -> None:
    random = np.random.default_rng(3)
    excess = np.concatenate([np.full(200, -6.0), np.full(200, 0.0), np.full(200, 6.0)]) + random.normal(
        0, 0.7, 600
    )
    assert len(salts.crossings(excess, 0.0)) > 20
    assert len(salts.crossings(excess, 3.0)) == 1
    breaks = np.zeros(600, bool)
    breaks[300] = True
    assert len(salts.crossings(excess, 3.0, breaks)) == 0, "what happened in a gap is not known"


@given(st.lists(st.floats(-50, 50), max_size=80), st.floats(0.01, 10))
def test_crossings_alternate_and_a_wider_band_never_finds_more(values: list[float], band: float) -> None:
    found = salts.crossings(values, band)
    sides = np.sign(np.asarray(values))[found]
    assert (sides[1:] != sides[:-1]).all()
    assert len(salts.crossings(values, 2 * band)) <= len(found) <= len(salts.crossings(values, 0.0))


def test_mould_needs_as_many_weeks_as_published() -> None:
    """Hukka & Viitanen 1999: at 20 degrees C and 97 % pine reaches index 1 after exp(-0.68 ln 20 - 13.9 ln 97 + 66.02) = 1.48 weeks."""
    found = mould.index(np.full(400, 20.0), np.full(400, 97.0), "very-sensitive")
    weeks = float(np.argmax(found >= 1)) / (24 * 7)
    assert weeks == pytest.approx(1.48, abs=0.03)


@pytest.mark.parametrize("kind", mould.CLASSES)
def test_the_index_ends_where_the_model_says(kind: str) -> None:
    """For ever at 25 degrees and 100 %: the highest index is A + B - C, of at most 6."""
    known = mould.CLASSES[kind]
    found = mould.index(np.full(120_000, 25.0), np.full(120_000, 100.0), kind)
    assert found[-1] == pytest.approx(min(known.a + known.b - known.c, 6.0), abs=0.15)
    assert (np.diff(found) >= 0).all()


@given(
    st.lists(st.tuples(st.floats(-10, 60), st.floats(0, 105)), min_size=1, max_size=60),
    st.sampled_from(sorted(mould.CLASSES)),
)
def test_the_index_stays_within_its_bounds(hours: list[tuple[float, float]], kind: str) -> None:
    temperature, humidity = np.array(hours).T
    found = mould.index(temperature, humidity, kind, start=2.0)
    assert ((found >= 0) & (found <= 6)).all()
    dry = humidity < mould.critical_humidity(temperature, kind)
    change = np.diff(np.concatenate([[2.0], found]))
    assert (change[dry] <= 0).all()


def test_decline_pauses_after_six_hours_and_a_gap_changes_nothing() -> None:
    humidity = np.full(60, 50.0)
    found = mould.index(np.full(60, 20.0), humidity, "very-sensitive", start=1.0)
    assert found[5] == pytest.approx(1 - 6 * 0.032 / 24)
    assert found[23] == found[5]
    assert found[59] == pytest.approx(found[5] - 36 * 0.016 / 24)
    humidity[30:] = np.nan
    assert (mould.index(np.full(60, 20.0), humidity, "very-sensitive", start=1.0)[30:] == found[29]).all()


def test_gaps_are_not_bridged_and_a_stuck_sensor_is_told() -> None:
    time = np.concatenate([np.arange(0, 48), np.arange(100, 150)]).astype(np.int64) * HOUR
    values = np.where(time < 48 * HOUR, np.arange(98) % 7, 55.0)
    assert quality.gaps(time).sum() == 1
    assert quality.hours(time).sum() == 98
    assert quality.stuck(time, values) == [(100 * HOUR, 149 * HOUR)]
    assert quality.stuck(time, np.where(np.arange(98) % 2, values, np.nan)) == []


COLUMNS = {"air": "Temp", "humidity": "RH"}


def test_a_logger_s_file_is_read_as_it_comes(tmp_path: Path) -> None:
    path = tmp_path / "logger.csv"
    path.write_text(
        "\ufeffWhen;Temp;RH;Note\n"
        "2026-05-01 02:00;21,5;60,25;\n"
        "2026-05-01 01:00;20,0;61\n"
        "2026-05-01 02:00;21,5;60,25;again\n"
        "2026-05-01 02:00;22;60\n"
        "\n"
        "31.05.2026 02:00;20;60\n"
        "2026-05-01 03:00;far;60\n"
        "2026-05-01 04:00;20;400\n"
        "2026-05-01T05:00:00+02:00;;62\n",
        "utf-8",
    )
    found = loggers.read(path, path.name, "When", COLUMNS, offset=7)
    assert list(np.diff(found.time)) == [HOUR, 8 * HOUR]
    assert (
        datetime.fromtimestamp(found.time[0]).astimezone().timestamp()
        == datetime.fromisoformat("2026-05-01T01:00:00+07:00").timestamp()
    )
    assert list(found.values["humidity"]) == [61, 60.25, 62]
    assert np.isnan(found.values["air"][2])
    assert found.repeated == 1
    assert found.refused == ((5, "differs"), (7, "time"), (8, "value"), (9, "value"))


def test_a_workbook_says_the_same(tmp_path: Path) -> None:
    book = Workbook()
    for row in (
        ["When", "Temp", "RH"],
        [datetime(2026, 5, 1, 1), 20.0, 61],
        [datetime(2026, 5, 1, 2), 21.5, None],
    ):
        book.worksheets[0].append(row)
    book.save(tmp_path / "logger.xlsx")
    found = loggers.read(tmp_path / "logger.xlsx", "logger.xlsx", "When", COLUMNS, offset=7)
    assert found.time[0] == datetime.fromisoformat("2026-05-01T01:00:00+07:00").timestamp()
    assert list(found.values["air"]) == [20, 21.5]


def test_what_is_no_table_of_readings_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(errors.NotReadings):
        loggers.read(path, path.name, "When", COLUMNS)
    path.write_text("When,Temp\n2026-05-01 01:00,20\n")
    with pytest.raises(errors.NoColumn, match="Its columns are: When, Temp"):
        loggers.read(path, path.name, "When", COLUMNS)
    path.write_text("When,Temp,RH\nyesterday,20,60\n")
    with pytest.raises(errors.NotReadings):
        loggers.read(path, path.name, "When", COLUMNS)


def test_the_account_of_ten_days(tmp_path: Path) -> None:
    inputs, params = registry.pathway("condition").fixture("climate", tmp_path / "in")
    given = {name: [InputFile(path, path.name) for path in paths] for name, paths in inputs.items()}
    record = execute(
        "condition.climate",
        given,
        {**params, "surface_offset": -6.0, "utc_offset": 7.0},
        scratch=tmp_path / "run",
    )
    assert record.status == "done", record.failure
    folder = output_folder(tmp_path / "run")
    results = json.loads((folder / "results.json").read_text("utf-8"))
    assert results["readings"] == 450
    assert (results["gaps"], results["gap_hours"]) == (1, 15.5)
    assert 0 < results["condensation_hours"] < 225
    assert results["salt_crossings"] <= results["salt_crossings_without_dead_band"]
    with (folder / "days.csv").open(encoding="utf-8") as source:
        days = list(csv.DictReader(source))
    assert [day["day"] for day in days] == [f"2026-05-{n:02}" for n in range(1, 11)]
    assert sum(int(day["readings"]) for day in days) == 450
    assert sum(float(day["condensation_h"]) for day in days) == pytest.approx(
        results["condensation_hours"], abs=0.1
    )
    assert sum(int(day["salt_crossings"]) for day in days) == results["salt_crossings"]
    assert max(float(day["mould_index"]) for day in days) == pytest.approx(
        results["mould_index_highest"], abs=0.001
    )


def test_a_made_up_year_has_what_was_planted_in_it(tmp_path: Path) -> None:
    path = tmp_path / "climate.csv"
    path.write_text(synthetic_climate.year(7), "utf-8")
    assert synthetic_climate.year(7) == path.read_text("utf-8") != synthetic_climate.year(8)
    columns = {"air": "air_temperature", "humidity": "humidity", "surface": "surface_temperature"}
    found = loggers.read(path, path.name, "time", columns)
    assert found.refused == ()
    assert len(found.time) == synthetic_climate.HOURS - 72
    assert quality.gaps(found.time).sum() == 1
    first = int(synthetic_climate.START.timestamp())
    begin, end = (first + 3600 * hour for hour in synthetic_climate.STUCK)
    assert any(a <= begin and end - 3600 <= b for a, b in quality.stuck(found.time, found.values["humidity"]))
    assert quality.stuck(found.time, found.values["air"]) == []
