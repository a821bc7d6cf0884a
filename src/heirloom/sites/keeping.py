"""Monitored places in the archive: what is told of them, and the readings of months that are over.

A package ``heirloom:site:KEY`` holds ``record.json`` and, for every sensor and every month (UTC) that has been over for a week,
``observations/SENSOR/YYYY-MM.csv``: ``time`` (ISO 8601, UTC) and ``value`` (in the sensor's unit, exact). Readings are never replaced, so a
month is written again only when a late reading was added to it. Who went on a visit is people's data and not part of it.
"""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from heirloom.archive import Archive, FileInfo, ObjectVersion, crate
from heirloom.catalogue import rebuild, record, store
from heirloom.catalogue.models import Item
from heirloom.keys import object_id
from heirloom.people.models import User
from heirloom.text import Translated

from . import recording
from .models import AlertRule, Epoch, MonitoredPlace, Observation, Panel, Sensor, Visit

FORMAT: Final = "heirloom/site/1"
KIND: Final = "site"
FOLDER: Final = "observations"
SETTLED: Final = 7 * 86_400
"""Seconds after a month's end until it is written: loggers are read late."""
AT_ONCE: Final = 5_000
_TABLE: Final = "text/csv"


def _month(moment: int) -> tuple[int, int]:
    day = datetime.fromtimestamp(moment, UTC)
    return day.year, day.month


def _start(year: int, month: int) -> int:
    return int(datetime(year, month, 1, tzinfo=UTC).timestamp())


def _next(year: int, month: int) -> tuple[int, int]:
    return (year + 1, 1) if month == 12 else (year, month + 1)


def _closed(sensor: Sensor, now: int) -> Iterator[tuple[str, int, int]]:
    """Each closed month from the first reading on: its name, its start and its end."""
    first = Observation.objects.filter(sensor=sensor).order_by("time").values_list("time", flat=True).first()
    if first is None:
        return
    year, month = _month(first)
    while (end := _start(*_next(year, month))) + SETTLED <= now:
        yield f"{year:04}-{month:02}", _start(year, month), end
        year, month = _next(year, month)


def describe(monitored: MonitoredPlace, months: list[dict[str, Any]]) -> dict[str, Any]:
    """What the archive keeps of a place; *months* are the files of readings, each with ``sensor``, ``month``, ``rows`` and ``path``."""
    sensors = monitored.sensors.select_related("panel").prefetch_related("rules")
    panels = monitored.panels.prefetch_related("items")
    visits = monitored.visits.prefetch_related("epochs__panel", "epochs__items")
    protocol = monitored.protocol
    return {
        "format": FORMAT,
        "key": monitored.key,
        "name": monitored.name.to_json(),
        "description": monitored.description.to_json(),
        "state": monitored.state,
        "place": record.describe_place(monitored.place) if monitored.place is not None else None,
        "withhold_position": monitored.withhold_position,
        "protocol": record.describe_protocol(protocol) if protocol is not None else None,
        "communities": [
            record.describe_community(community) for community in monitored.communities.order_by("key")
        ],
        "revision": monitored.revision,
        "created_at": record.when(monitored.created_at),
        "updated_at": record.when(monitored.updated_at),
        "panels": [
            {
                "key": panel.key,
                "name": panel.name.to_json(),
                "description": panel.description.to_json(),
                "items": sorted(item.key for item in panel.items.all()),
            }
            for panel in panels.order_by("key")
        ],
        "visits": [
            {
                "key": visit.key,
                "date": visit.date.isoformat(),
                "done": visit.done.to_json(),
                "note": visit.note,
                "epochs": [
                    {
                        "panel": epoch.panel.key,
                        "repeat": epoch.repeat,
                        "items": sorted(item.key for item in epoch.items.all()),
                    }
                    for epoch in sorted(visit.epochs.all(), key=lambda one: (one.panel.key, one.repeat))
                ],
            }
            for visit in visits.order_by("key")
        ],
        "sensors": [
            {
                "key": sensor.key,
                "panel": sensor.panel.key if sensor.panel is not None else None,
                "name": sensor.name.to_json(),
                **{
                    name: getattr(sensor, name)
                    for name in ("kind", "unit", "instrument", "longitude", "latitude")
                },
                "rules": [
                    {name: getattr(rule, name) for name in ("direction", "threshold", "release", "hold")}
                    for rule in sorted(sensor.rules.all(), key=lambda one: one.pk)
                ],
            }
            for sensor in sensors.order_by("key")
        ],
        "observations": months,
    }


def _write_month(path: Path, sensor: Sensor, start: int, end: int) -> int:
    rows = Observation.objects.filter(sensor=sensor, time__gte=start, time__lt=end).order_by("time")
    count = 0
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as target:
        table = csv.writer(target, lineterminator="\n")
        table.writerow(["time", "value"])
        for moment, value in rows.values_list("time", "value").iterator(AT_ONCE):
            table.writerow([datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), repr(value)])
            count += 1
    return count


def _crate(made: Mapping[str, Any], infos: Mapping[str, FileInfo]) -> crate.Crate:
    units = {sensor["key"]: f"{sensor['kind']}, {sensor['unit']}" for sensor in made["sensors"]}
    told = {one["path"]: f"{one['month']}: {units[one['sensor']]}" for one in made["observations"]}
    return crate.Crate.new(
        name=Translated.from_json(made["name"]),
        description="A monitored place: panels, visits, sensors, and their readings month by month.",
        published=made["updated_at"][:10],
        license=record.NOT_EVALUATED,
        identifier=object_id(KIND, made["key"]),
    ).with_files(
        crate.CrateFile(
            info.path,
            info.size,
            info.sha512,
            _TABLE if info.path.endswith(".csv") else "application/json",
            name=told.get(info.path),
        )
        for info in infos.values()
    )


@transaction.atomic
def keep(
    monitored: MonitoredPlace, by: User | None = None, *, now: int | None = None
) -> ObjectVersion | None:
    """Write the place into the archive with its closed months; None where the archive has it all.

    Args:
        now: seconds since 1970; for tests.

    Raises:
        errors of the archive; nothing has changed then.
    """
    found = MonitoredPlace.objects.select_for_update(of=("self",)).filter(pk=monitored.pk)
    place = found.select_related("protocol", "place").get()
    identifier, archive = object_id(KIND, place.key), store.archive()
    there = archive.exists(identifier)
    before = record.load(archive.read(identifier, record.RECORD), identifier) if there else {}
    known = {one["path"]: one for one in before.get("observations", ())}
    moment = int(timezone.now().timestamp()) if now is None else now
    months: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(dir=settings.INTAKE_ROOT) as folder:
        files: dict[str, Path | bytes] = {}
        for sensor in place.sensors.order_by("key"):
            for name, start, end in _closed(sensor, moment):
                rows = Observation.objects.filter(sensor=sensor, time__gte=start, time__lt=end).count()
                if not rows:
                    continue
                path = f"{FOLDER}/{sensor.key}/{name}.csv"
                if path not in known or known[path]["rows"] != rows:
                    files[path] = Path(folder) / path
                    rows = _write_month(Path(folder) / path, sensor, start, end)
                months.append({"sensor": sensor.key, "month": name, "rows": rows, "path": path})
        made = describe(place, months)
        if not files and made == before:
            return None
        return archive.write(
            identifier,
            {record.RECORD: record.dump(made), **files},
            remove=sorted(known.keys() - {one["path"] for one in months}),
            message="readings of closed months" if files else "describe the place",
            agent=store.agent(by),
            crate=lambda infos: _crate(made, infos),
        )


def keep_all(*, now: int | None = None) -> int:
    """Bring every monitored place in the archive up to date; return how many were written."""
    return sum(keep(place, now=now) is not None for place in MonitoredPlace.objects.order_by("pk"))


class _Sites:
    """Rebuilds monitored places; their visibility, protocols and communities come back with them, their owners do not."""

    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        self.shared = rebuild.Shared()

    def add(self, kept: rebuild.Kept) -> None:
        made = kept.record
        place = MonitoredPlace.objects.create(
            **{name: made[name] for name in ("key", "state", "withhold_position", "revision")},
            name=Translated.from_json(made["name"]),
            description=Translated.from_json(made["description"]),
            place=self.shared.place(made["place"]) if made["place"] else None,
            protocol=self.shared.protocol(made["protocol"]),
            created_at=record.parse_when(made["created_at"]),
            updated_at=record.parse_when(made["updated_at"]),
        )
        place.communities.set([self.shared.community(one) for one in made["communities"]])
        panels = {one["key"]: self._panel(place, one) for one in made["panels"]}
        for one in made["visits"]:
            visit = Visit.objects.create(
                monitored=place,
                key=one["key"],
                date=date.fromisoformat(one["date"]),
                done=Translated.from_json(one["done"]),
                note=one["note"],
            )
            for told in one["epochs"]:
                epoch = Epoch.objects.create(visit=visit, panel=panels[told["panel"]], repeat=told["repeat"])
                epoch.items.set(Item.objects.filter(key__in=told["items"]))
        for one in made["sensors"]:
            self._sensor(place, panels, one, kept)

    def _panel(self, place: MonitoredPlace, made: Mapping[str, Any]) -> Panel:
        panel = Panel.objects.create(
            monitored=place,
            key=made["key"],
            name=Translated.from_json(made["name"]),
            description=Translated.from_json(made["description"]),
        )
        panel.items.set(Item.objects.filter(key__in=made["items"]))
        return panel

    def _sensor(
        self,
        place: MonitoredPlace,
        panels: Mapping[str, Panel],
        made: Mapping[str, Any],
        kept: rebuild.Kept,
    ) -> None:
        sensor = Sensor.objects.create(
            monitored=place,
            panel=panels[made["panel"]] if made["panel"] else None,
            name=Translated.from_json(made["name"]),
            **{name: made[name] for name in ("key", "kind", "unit", "instrument", "longitude", "latitude")},
        )
        for one in kept.record["observations"]:
            if one["sensor"] == sensor.key:
                with self.archive.local(kept.object_id, one["path"], kept.number) as path:
                    _read_month(path, sensor)
        for rule in made["rules"]:
            recording.follow(AlertRule.objects.create(sensor=sensor, **rule))

    def finish(self) -> None:
        """Nothing waits."""


def _read_month(path: Path, sensor: Sensor) -> None:
    with path.open(encoding="utf-8", newline="") as source:
        table = csv.reader(source)
        next(table)
        waiting: list[Observation] = []
        for moment, value in table:
            seconds = int(datetime.fromisoformat(moment).timestamp())
            waiting.append(Observation(sensor_id=sensor.pk, time=seconds, value=float(value)))
            if len(waiting) >= AT_ONCE:
                Observation.objects.bulk_create(waiting)
                waiting = []
        Observation.objects.bulk_create(waiting)


def register() -> None:
    """Tell the rebuild about monitored places."""
    rebuild.register([KIND], _Sites)
