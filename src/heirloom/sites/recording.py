"""Writing observations, and the alerts that follow from them."""

from __future__ import annotations

import math
import time as clock
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from django.db import transaction

from heirloom.catalogue.actions_errors import InvalidField
from heirloom.errors import NotAllowed, NotFound
from heirloom.people import actions as people
from heirloom.people.models import User

from . import alerts, rules
from .kinds import KINDS
from .models import AlertRule, AlertWindow, Observation, Sensor

CHUNK: Final = 5_000
TOLD: Final = 50
"""Rows that were not taken which a report names; all are counted."""
DAY: Final = 86_400


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that was not taken: its number in the source, and why (``time``, ``value``, ``differs``)."""

    row: int
    reason: str


@dataclass(slots=True)
class Report:
    """What came of a series of readings.

    Attributes:
        read: rows that came. added: new ones. known: those that were there already with the same value.
        refused: rows that were not taken: a time or value that cannot be, or another value than the one that is kept.
        told: the first of these. first, last: span of the rows that are kept now, in seconds since 1970.
    """

    read: int = 0
    added: int = 0
    known: int = 0
    refused: int = 0
    told: list[Refused] = field(default_factory=list)
    first: int | None = None
    last: int | None = None

    def refuse(self, row: int, reason: str) -> None:
        self.refused += 1
        if len(self.told) < TOLD:
            self.told.append(Refused(row, reason))

    def cover(self, moment: int) -> None:
        self.first = moment if self.first is None else min(self.first, moment)
        self.last = moment if self.last is None else max(self.last, moment)


Row = tuple[int, int, float]
"""Number of the row in its source, seconds since 1970 (UTC), value in the sensor's unit."""


def _possible(rows: Iterable[Row], sensor: Sensor, report: Report) -> Iterator[Row]:
    kind = KINDS[sensor.kind]
    latest = int(clock.time()) + DAY
    for number, moment, value in rows:
        report.read += 1
        if not 0 <= moment <= latest:
            report.refuse(number, "time")
        elif not (math.isfinite(value) and kind.low <= value <= kind.high):
            report.refuse(number, "value")
        else:
            yield number, moment, float(value)


def _chunks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    source = iter(rows)
    while chunk := list(islice(source, CHUNK)):
        yield chunk


def _keep(sensor: Sensor, chunk: list[Row], report: Report) -> None:
    moments = [moment for _, moment, _ in chunk]
    there = dict(
        Observation.objects.filter(sensor=sensor, time__range=(min(moments), max(moments))).values_list(
            "time", "value"
        )
    )
    new = []
    for number, moment, value in chunk:
        kept = there.get(moment)
        if kept is None:
            there[moment] = value
            new.append(Observation(sensor_id=sensor.pk, time=moment, value=value))
            report.added += 1
        elif kept == value:
            report.known += 1
        else:
            report.refuse(number, "differs")
            continue
        report.cover(moment)
    Observation.objects.bulk_create(new)


@transaction.atomic
def record(by: User, sensor: Sensor, rows: Iterable[Row]) -> Report:
    """Keep readings of a sensor. The same ones again change nothing; a reading that is kept is never replaced.

    Raises:
        NotFound; NotAllowed.
    """
    found = Sensor.objects.select_for_update(of=("self",)).filter(pk=sensor.pk)
    held = found.select_related("monitored__protocol").first()
    if held is None or not rules.visible(by, held.monitored):
        raise NotFound
    if not rules.may_edit(by, held.monitored):
        raise NotAllowed
    report = Report()
    for chunk in _chunks(_possible(rows, held, report)):
        _keep(held, chunk, report)
    if report.added and report.first is not None:
        for rule in held.rules.all():
            follow(rule, report.first)
    people.log(
        by,
        "record",
        "sensor",
        held.key,
        read=report.read,
        added=report.added,
        known=report.known,
        refused=report.refused,
    )
    return report


@transaction.atomic
def add_rule(
    by: User, sensor: Sensor, *, direction: str, threshold: float, release: float, hold: int = 0
) -> AlertRule:
    """Watch a sensor; alerts in what was recorded before are found at once. *hold* in seconds.

    Raises:
        NotFound; NotAllowed; InvalidField (a release on the wrong side of the threshold).
    """
    monitored = sensor.monitored
    if not rules.visible(by, monitored):
        raise NotFound
    if not rules.may_edit(by, monitored):
        raise NotAllowed
    if direction not in AlertRule.Direction.values:
        raise InvalidField(field="direction", value=repr(direction))
    if not math.isfinite(threshold):
        raise InvalidField(field="threshold", value=repr(threshold))
    behind = release <= threshold if direction == AlertRule.Direction.ABOVE else release >= threshold
    if not math.isfinite(release) or not behind:
        raise InvalidField(field="release", value=repr(release))
    if not 0 <= hold <= 30 * DAY:
        raise InvalidField(field="hold", value=repr(hold))
    rule = AlertRule.objects.create(
        sensor=sensor, direction=direction, threshold=threshold, release=release, hold=hold
    )
    follow(rule)
    people.log(by, "add-rule", "sensor", sensor.key, direction=direction, threshold=threshold)
    return rule


def follow(rule: AlertRule, since: int | None = None) -> None:
    """Make the rule's alerts anew from the last reading before *since* at which none can have stood."""
    above = rule.direction == AlertRule.Direction.ABOVE
    limits = alerts.Limits(above, rule.threshold, rule.release, rule.hold)
    rows = Observation.objects.filter(sensor_id=rule.sensor_id)
    begun: int | None = None
    if since is not None:
        back = rows.filter(time__lt=since)
        back = back.filter(value__lte=rule.release) if above else back.filter(value__gte=rule.release)
        begun = back.order_by("-time").values_list("time", flat=True).first()
    stale = rule.windows.all()
    if begun is not None:
        # The alert that this reading ended stays, as its readings have not changed.
        stale, rows = stale.filter(started__gt=begun), rows.filter(time__gt=begun)
    stale.delete()
    series = rows.order_by("time").values_list("time", "value").iterator(CHUNK)
    AlertWindow.objects.bulk_create(
        (
            AlertWindow(rule=rule, started=one.started, ended=one.ended, extreme=one.extreme)
            for one in alerts.windows(series, limits)
        ),
        batch_size=CHUNK,
    )
