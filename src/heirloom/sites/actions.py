"""What people do at monitored places. Each action checks the permission, then the values, and logs, in one transaction.

Observations have their own module: :mod:`heirloom.sites.recording`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any, Final, TypeVar

from django.db import transaction
from django.utils import timezone

from heirloom.catalogue import rights, store
from heirloom.catalogue.actions_errors import InvalidField
from heirloom.catalogue.actions_shared import check_point
from heirloom.catalogue.models import Community, Item, Place, Protocol
from heirloom.errors import NotAllowed, NotFound
from heirloom.keys import object_id
from heirloom.people import actions as people
from heirloom.people.models import User
from heirloom.text import Translated

from . import rules
from .kinds import KINDS
from .models import AlertRule, Epoch, MonitoredPlace, Panel, Sensor, Visit

_UNCHANGED: Final[Any] = object()
Part = TypeVar("Part", Panel, Visit, Epoch, Sensor, AlertRule)


def _named(name: Translated) -> Translated:
    if not name:
        raise InvalidField(field="name", value="''")
    return name


def _locked(by: User, monitored: MonitoredPlace) -> MonitoredPlace:
    """Return the place as it is now, locked. Raises NotFound when it is gone, NotAllowed for who does not look after it."""
    rows = MonitoredPlace.objects.select_for_update(of=("self",)).select_related("protocol")
    found = rows.filter(pk=monitored.pk).first()
    if found is None or not rules.visible(by, found):
        raise NotFound
    if not rules.may_edit(by, found):
        raise NotAllowed
    return found


def _changed(by: User, monitored: MonitoredPlace, action: str, **details: Any) -> None:
    monitored.revision += 1
    monitored.updated_at = timezone.now()
    monitored.save()
    people.log(by, action, "monitored-place", monitored.key, **details)


def _seen_items(by: User, items: Iterable[Item]) -> list[Item]:
    """Return *items* as far as *by* sees them. Raises NotFound when there is one that they do not see."""
    wanted = {item.pk for item in items}
    found = list(Item.objects.filter(rights.visible_items(by), pk__in=wanted))
    if len(found) != len(wanted):
        raise NotFound
    return found


@transaction.atomic
def create_place(
    by: User, *, name: Translated, place: Place | None = None, description: Translated | None = None
) -> MonitoredPlace:
    """Begin to monitor a place; at first it is private and its position withheld.

    Raises:
        NotAllowed; InvalidField.
    """
    if not rules.may_add(by):
        raise NotAllowed
    monitored = MonitoredPlace.objects.create(
        name=_named(name), description=description or Translated(), place=place, owner=by
    )
    people.log(by, "create", "monitored-place", monitored.key)
    return monitored


@transaction.atomic
def edit_place(
    by: User,
    monitored: MonitoredPlace,
    *,
    name: Translated | None = None,
    description: Translated | None = None,
    state: str | None = None,
    withhold_position: bool | None = None,
    place: Place | None = _UNCHANGED,
    protocol: Protocol | None = _UNCHANGED,
    communities: Iterable[Community] | None = None,
) -> MonitoredPlace:
    """Change what is said of a place and who may see it; what is not given stays.

    Raises:
        NotFound; NotAllowed (also where a protocol may be lifted by its stewards alone); InvalidField.
    """
    found = _locked(by, monitored)
    if protocol is not _UNCHANGED and (protocol.pk if protocol else None) != found.protocol_id:
        if not rules.may_set_protocol(by, found):
            raise NotAllowed
        found.protocol = protocol
    if state is not None:
        if state not in MonitoredPlace.State.values:
            raise InvalidField(field="state", value=repr(state))
        found.state = state
    if name is not None:
        found.name = _named(name)
    if description is not None:
        found.description = description
    if withhold_position is not None:
        found.withhold_position = withhold_position
    if place is not _UNCHANGED:
        found.place = place
    _changed(by, found, "edit", state=found.state)
    if communities is not None:
        found.communities.set(communities)
    return found


@transaction.atomic
def remove_place(by: User, monitored: MonitoredPlace) -> None:
    """Remove a place with its panels, visits, sensors and observations for good, from the archive too; only while it is private.

    Raises:
        NotFound; NotAllowed; InvalidField (it is shown).
    """
    found = _locked(by, monitored)
    if found.state != MonitoredPlace.State.PRIVATE:
        raise InvalidField(field="state", value=repr(found.state))
    people.log(by, "remove", "monitored-place", found.key)
    found.delete()
    store.purge(object_id("site", found.key), "removed", by)


@transaction.atomic
def add_panel(
    by: User,
    monitored: MonitoredPlace,
    *,
    name: Translated,
    description: Translated | None = None,
    items: Iterable[Item] = (),
) -> Panel:
    """Add a panel with the items that show it. Raises NotFound, NotAllowed, InvalidField."""
    found = _locked(by, monitored)
    panel = Panel.objects.create(monitored=found, name=_named(name), description=description or Translated())
    panel.items.set(_seen_items(by, items))
    _changed(by, found, "add-panel", panel=panel.key)
    return panel


@transaction.atomic
def edit_panel(
    by: User,
    panel: Panel,
    *,
    name: Translated | None = None,
    description: Translated | None = None,
    items: Iterable[Item] | None = None,
) -> Panel:
    """Change what is said of a panel. Items that *by* does not see stay linked. Raises NotFound, NotAllowed, InvalidField."""
    found = _locked(by, panel.monitored)
    if name is not None:
        panel.name = _named(name)
    if description is not None:
        panel.description = description
    panel.save()
    if items is not None:
        unseen = list(panel.items.exclude(rights.visible_items(by)))
        panel.items.set([*_seen_items(by, items), *unseen])
    _changed(by, found, "edit-panel", panel=panel.key)
    return panel


@transaction.atomic
def add_visit(
    by: User,
    monitored: MonitoredPlace,
    *,
    day: date,
    people_there: str = "",
    done: Translated | None = None,
    note: str = "",
) -> Visit:
    """Record that somebody was there. Raises NotFound, NotAllowed, InvalidField (a day to come, or a field too long)."""
    found = _locked(by, monitored)
    if day > timezone.localdate():
        raise InvalidField(field="date", value=day.isoformat())
    if len(people_there) > 300:
        raise InvalidField(field="people", value=repr(people_there[:100]))
    if len(note) > 10_000:
        raise InvalidField(field="note", value=repr(note[:100]))
    visit = Visit.objects.create(
        monitored=found, date=day, people=people_there, done=done or Translated(), note=note
    )
    _changed(by, found, "add-visit", visit=visit.key)
    return visit


@transaction.atomic
def add_epoch(
    by: User, visit: Visit, panel: Panel, *, items: Iterable[Item] = (), repeat: bool = False
) -> Epoch:
    """Record how a panel was captured on a visit; a second time adds to the items of the first.

    Raises:
        NotFound (also: the panel is of another place); NotAllowed.
    """
    found = _locked(by, visit.monitored)
    if panel.monitored_id != found.pk:
        raise NotFound
    epoch, _new = Epoch.objects.get_or_create(visit=visit, panel=panel, repeat=repeat)
    epoch.items.add(*_seen_items(by, items))
    _changed(by, found, "add-epoch", visit=visit.key, panel=panel.key)
    return epoch


def _position(longitude: float | None, latitude: float | None) -> dict[str, float | None]:
    check_point(longitude, latitude)
    return {"longitude": longitude, "latitude": latitude}


@transaction.atomic
def add_sensor(
    by: User,
    monitored: MonitoredPlace,
    *,
    name: Translated,
    kind: str,
    panel: Panel | None = None,
    instrument: str = "",
    longitude: float | None = None,
    latitude: float | None = None,
) -> Sensor:
    """Add a sensor of one kind (:data:`heirloom.sites.kinds.KINDS`), at a panel or at the place as a whole.

    Raises:
        NotFound (also: the panel is of another place); NotAllowed; InvalidField.
    """
    found = _locked(by, monitored)
    if kind not in KINDS:
        raise InvalidField(field="kind", value=repr(kind))
    if len(instrument) > 200:
        raise InvalidField(field="instrument", value=repr(instrument[:100]))
    if panel is not None and panel.monitored_id != found.pk:
        raise NotFound
    sensor = Sensor.objects.create(
        monitored=found,
        panel=panel,
        name=_named(name),
        kind=kind,
        unit=KINDS[kind].unit,
        instrument=instrument,
        **_position(longitude, latitude),
    )
    _changed(by, found, "add-sensor", sensor=sensor.key)
    return sensor


@transaction.atomic
def remove(by: User, part: Part) -> None:
    """Remove a panel, visit, epoch, sensor (with its observations) or alert rule for good. Raises NotFound, NotAllowed."""
    if isinstance(part, Epoch):
        monitored, key = part.visit.monitored, part.visit.key
    elif isinstance(part, AlertRule):
        monitored, key = part.sensor.monitored, part.sensor.key
    else:
        monitored, key = part.monitored, part.key
    found = _locked(by, monitored)
    part.delete()
    _changed(by, found, "remove", part=type(part).__name__.lower(), key_of_part=key)
