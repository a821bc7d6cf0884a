"""Ten years of readings every five minutes from twenty sensors, and how long a page then waits: ``python -m benchmarks.observations``.

Uses SQLite in a temporary data folder. Each figure is the CPU time of what a page or a program asks for, after the same was asked once.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

SENSORS = 20
COUNT = 10 * 365 * 288
STEP = 300
START = 1_400_000_000
AT_ONCE = 50_000


def readings(sensor: int) -> Iterator[tuple[int, int, float]]:
    """Rows of one sensor: its number, the moment, a value that goes up and down."""
    for number in range(COUNT):
        yield sensor, START + STEP * number, 50 + (number * 7919 % 1000) / 40


def fill() -> list[Any]:
    """Make a place with its sensors and their readings; return the sensors."""
    from django.db import connection, transaction

    from heirloom.sites.models import MonitoredPlace, Observation, Sensor
    from heirloom.text import Translated

    place = MonitoredPlace.objects.create(name=Translated({"en": "A place"}), state="shown")
    sensors = [
        Sensor.objects.create(
            monitored=place, kind="humidity", unit="%", name=Translated({"en": f"Sensor {number}"})
        )
        for number in range(SENSORS)
    ]
    table = Observation._meta.db_table  # noqa: SLF001  Django's documented API
    rows = f"INSERT INTO {table} (sensor_id, time, value) VALUES (%s, %s, %s)"
    for sensor in sensors:
        with transaction.atomic(), connection.cursor() as cursor:
            waiting: list[tuple[int, int, float]] = []
            for row in readings(sensor.pk):
                waiting.append(row)
                if len(waiting) == AT_ONCE:
                    cursor.executemany(rows, waiting)
                    waiting = []
            cursor.executemany(rows, waiting)
    return sensors


def cost(ask: Callable[[], object]) -> float:
    """CPU seconds of *ask*, the second time."""
    ask()
    began = time.process_time()
    ask()
    return time.process_time() - began


def say(bar: str, name: str, value: float, most: float) -> None:
    print(f"{bar} {name} {value:.3f} CPU-s <={most} {'ok' if value <= most else 'short'}", flush=True)


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HEIRLOOM_DATA"] = folder
        (Path(folder) / "static").mkdir()
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "heirloom.settings")
        import django

        django.setup()
        from django.core.management import call_command
        from django.test import Client

        from heirloom.sites import queries

        call_command("migrate", verbosity=0)
        sensors = fill()
        total = SENSORS * COUNT
        last = START + STEP * COUNT
        one = sensors[0]
        month, whole = last - 30 * 86_400, START
        say("condition.7f", f"a-month-of-{total}", cost(lambda: queries.series(one, month, last)), 0.1)
        say(
            "condition.7g",
            f"ten-years-of-a-sensor-of-{total}",
            cost(lambda: queries.series(one, whole, last)),
            1.0,
        )
        newest = cost(lambda: queries.sensors(one.monitored))
        say("condition.7h", f"newest-of-{SENSORS}-sensors-of-{total}", newest, 0.05)
        client = Client(headers={"host": "localhost"})
        address = f"/sites/{one.monitored.key}/"
        assert client.get(address).status_code == 200
        say("condition.7i", f"page-of-the-place-of-{total}", cost(lambda: client.get(address)), 1.0)
        asked = f"/api/sensorthings/v1.1/Datastreams('{one.key}')/Observations?$orderby=phenomenonTime desc&$top=100"
        assert client.get(asked).status_code == 200
        say("condition.7j", f"newest-100-by-SensorThings-of-{total}", cost(lambda: client.get(asked)), 0.2)
    return 0


if __name__ == "__main__":
    sys.exit(main())
