"""Reads of monitored places. Each obeys :mod:`heirloom.sites.rules`; none picks a language for a reader."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.db.models import (
    Avg,
    Count,
    F,
    FloatField,
    IntegerField,
    Max,
    Min,
    OuterRef,
    Prefetch,
    QuerySet,
    Subquery,
    Value,
)

from heirloom.catalogue import rights
from heirloom.catalogue.models import Item
from heirloom.errors import NotFound

from . import rules
from .models import AlertWindow, Epoch, MonitoredPlace, Observation, Panel, Sensor, Visit

PAGE: Final = 24
POINTS: Final = 360
"""Buckets of a chart, at most: about two pixels each on a wide page."""
WIDTHS: Final = (1, 10, 60, 300, 600, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400)


def places(user: rights.type_of_person) -> QuerySet[MonitoredPlace]:
    """What *user* may see, newest first, each with ``panel_count``, ``sensor_count`` and ``last_visit``."""

    def count(model: type[Panel | Sensor]) -> Subquery:
        rows = model.objects.filter(monitored=OuterRef("pk")).order_by().values("monitored")
        return Subquery(rows.annotate(n=Count("pk")).values("n"), output_field=IntegerField())

    visits = Visit.objects.filter(monitored=OuterRef("pk")).order_by("-date").values("date")[:1]
    return (
        MonitoredPlace.objects.filter(rules.visible_places(user))
        .annotate(panel_count=count(Panel), sensor_count=count(Sensor), last_visit=Subquery(visits))
        .order_by("-id")
    )


def get_place(user: rights.type_of_person, key: str) -> MonitoredPlace:
    """Return the place with its protocol and catalogue place. Raises NotFound."""
    rows = MonitoredPlace.objects.filter(rules.visible_places(user), key=key)
    found = rows.select_related("protocol", "place").first()
    if found is None:
        raise NotFound
    return found


def _items(user: rights.type_of_person) -> QuerySet[Item]:
    return Item.objects.filter(rights.visible_items(user)).order_by("pk")


def panels(user: rights.type_of_person, monitored: MonitoredPlace) -> list[Panel]:
    """The panels of a place that *user* may see, each with the ``items`` that they may see."""
    return list(monitored.panels.prefetch_related(Prefetch("items", _items(user))))


def visits(user: rights.type_of_person, monitored: MonitoredPlace) -> list[Visit]:
    """The visits, newest first, each with its ``epochs``, their ``panel`` and the ``items`` that *user* may see."""
    epochs = Epoch.objects.select_related("panel").prefetch_related(Prefetch("items", _items(user)))
    return list(monitored.visits.prefetch_related(Prefetch("epochs", epochs)))


def with_newest(sensors: QuerySet[Sensor]) -> QuerySet[Sensor]:
    """Give each sensor ``newest`` (seconds since 1970) and ``newest_value``; None where nothing is recorded."""
    newest = Observation.objects.filter(sensor=OuterRef("pk")).order_by("-time")
    return sensors.annotate(
        newest=Subquery(newest.values("time")[:1]), newest_value=Subquery(newest.values("value")[:1])
    )


def sensors(monitored: MonitoredPlace) -> list[Sensor]:
    """The sensors of a place with their newest reading and ``panel``."""
    return list(with_newest(monitored.sensors.select_related("panel")))


def get_sensor(user: rights.type_of_person, key: str) -> Sensor:
    """Return a sensor of a place that *user* may see, with that place and its newest reading. Raises NotFound."""
    seen = MonitoredPlace.objects.filter(rules.visible_places(user))
    rows = with_newest(Sensor.objects.filter(key=key, monitored__in=seen))
    found = rows.select_related("monitored__protocol", "monitored__place", "panel").first()
    if found is None:
        raise NotFound
    return found


@dataclass(frozen=True, slots=True)
class Bucket:
    """Readings of one stretch of time that begins at ``start`` (seconds since 1970)."""

    start: int
    low: float
    mean: float
    high: float
    count: int


@dataclass(frozen=True, slots=True)
class Series:
    """Down-sampled readings from ``start`` to before ``end``, in stretches of ``width`` seconds; empty ones are left out."""

    start: int
    end: int
    width: int
    buckets: Sequence[Bucket]


def span(sensor: Sensor) -> tuple[int, int] | None:
    """First and last moment of a sensor's readings; None where nothing is recorded."""
    rows = Observation.objects.filter(sensor=sensor)
    first = rows.order_by("time").values_list("time", flat=True).first()
    last = rows.order_by("-time").values_list("time", flat=True).first()
    return None if first is None or last is None else (first, last)


def bucket_width(seconds: int, most: int = POINTS) -> int:
    """The least usual stretch that divides *seconds* into at most *most*: 1 s to 12 h, then whole days."""
    for width in WIDTHS:
        if seconds <= width * most:
            return width
    return -(-seconds // (86_400 * most)) * 86_400


def series(sensor: Sensor, start: int, end: int, *, most: int = POINTS) -> Series:
    """Summarise the readings from *start* to before *end*; the database counts, and one row a stretch comes back.

    The caller has the sensor from :func:`get_sensor`, so that it may be seen.
    """
    end = max(end, start + 1)
    width = bucket_width(end - start, most)
    first = start - start % width
    most_rows = (end - first) // width + 1
    rows = (
        Observation.objects.filter(sensor=sensor, time__gte=start, time__lt=end)
        .annotate(bucket=(F("time") - Value(first, IntegerField())) / Value(width, IntegerField()))
        .order_by()
        .values("bucket")
        .annotate(
            low=Min("value"), mean=Avg("value", output_field=FloatField()), high=Max("value"), n=Count("time")
        )
        .order_by("bucket")[:most_rows]
    )
    buckets = [
        Bucket(first + row["bucket"] * width, row["low"], row["mean"], row["high"], row["n"]) for row in rows
    ]
    return Series(start, end, width, buckets)


def alert_windows(sensor: Sensor, most: int = 50) -> list[AlertWindow]:
    """The newest alerts of a sensor, each with its ``rule``."""
    rows = AlertWindow.objects.filter(rule__sensor=sensor).select_related("rule")
    return list(rows.order_by("-started")[:most])


def open_alerts(monitored: MonitoredPlace) -> list[AlertWindow]:
    """The alerts of a place that stand at the newest reading, newest first, each with its ``rule`` and that one's ``sensor``."""
    rows = AlertWindow.objects.filter(rule__sensor__monitored=monitored, ended=None)
    return list(rows.select_related("rule__sensor").order_by("-started", "-pk"))
