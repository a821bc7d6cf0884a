"""Monitored places for tests, made past actions."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

from heirloom.catalogue.models import Community
from heirloom.people.models import User
from heirloom.sites.kinds import KINDS
from heirloom.sites.models import MonitoredPlace, Observation, Panel, Sensor
from heirloom.text import Translated

_numbers = itertools.count(1)


def make_monitored(
    owner: User | None = None,
    *,
    name: str = "",
    state: str = "shown",
    communities: Iterable[Community] = (),
    **over: Any,
) -> MonitoredPlace:
    """A monitored place, shown to everybody unless told otherwise."""
    title = Translated({"en": name or f"Cave {next(_numbers)}"})
    monitored = MonitoredPlace.objects.create(name=title, state=state, owner=owner, **over)
    monitored.communities.set(communities)
    return monitored


def make_panel(monitored: MonitoredPlace, name: str = "North wall", **over: Any) -> Panel:
    """A panel."""
    return Panel.objects.create(monitored=monitored, name=Translated({"en": name}), **over)


def make_sensor(
    monitored: MonitoredPlace, kind: str = "humidity", name: str = "Logger", **over: Any
) -> Sensor:
    """A sensor without readings."""
    return Sensor.objects.create(
        monitored=monitored, kind=kind, unit=KINDS[kind].unit, name=Translated({"en": name}), **over
    )


def make_readings(
    sensor: Sensor, values: Iterable[float], *, start: int = 1_700_000_000, step: int = 300
) -> None:
    """Readings one after another."""
    Observation.objects.bulk_create(
        Observation(sensor=sensor, time=start + step * number, value=value)
        for number, value in enumerate(values)
    )
