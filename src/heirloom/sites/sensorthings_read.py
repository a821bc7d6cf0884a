"""Monitored places as the entities of OGC SensorThings 1.1 (18-088, clause 8), for reading.

A Thing is a monitored place, its Location where it is (none where that is withheld), a Datastream what one sensor records, a Sensor the
instrument, an ObservedProperty the kind of measurement, an Observation one reading. HistoricalLocations and FeaturesOfInterest are not offered.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote, urlencode

from django.db.models import OuterRef, Q, QuerySet, Subquery

from heirloom.catalogue import rights
from heirloom.errors import NotFound

from . import queries, rules
from .kinds import KINDS
from .models import MonitoredPlace, Observation, Sensor
from .sensorthings import Comparison, Condition, Junction, NotOffered, NotUnderstood, Options

_RELATIONS: Final[Mapping[str, Mapping[str, str]]] = {
    "Things": {"Locations": "Locations", "Datastreams": "Datastreams"},
    "Locations": {"Things": "Things"},
    "Datastreams": {
        "Thing": "Things",
        "Sensor": "Sensors",
        "ObservedProperty": "ObservedProperties",
        "Observations": "Observations",
    },
    "Sensors": {"Datastreams": "Datastreams"},
    "ObservedProperties": {"Datastreams": "Datastreams"},
    "Observations": {"Datastream": "Datastreams"},
}
SETS: Final = tuple(_RELATIONS)
_SEGMENT = re.compile(r"([A-Za-z$]+)(?:\('((?:[^']|'')*)'\))?")
OBSERVED: Final = "@iot.id", "phenomenonTime", "resultTime", "result"


@dataclass(frozen=True, slots=True)
class Entity:
    """One entity: what it says, and the identifiers of what it is related to."""

    id: str
    body: dict[str, Any]
    related: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Selection:
    """What an address leads to: entities of a set, or one of them, or a property of it."""

    kind: str
    ids: Sequence[str] = ()
    rows: QuerySet[Observation] | None = None
    one: bool = False
    scoped: bool = False
    links: bool = False
    property: str = ""
    raw: bool = False


def instant(seconds: int) -> str:
    """Write a moment as ISO 8601 in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _seconds(value: Any) -> float:
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value).timestamp()
        except (ValueError, OverflowError):
            pass
    raise NotUnderstood(part=str(value)[:80])


@dataclass
class Service:
    """Everything that one person may read, in the languages they read.

    Args:
        root: the address of the service, ending in a slash.
    """

    user: rights.type_of_person
    languages: Sequence[str]
    root: str
    sets: dict[str, dict[str, Entity]] = field(init=False)

    def __post_init__(self) -> None:
        who = rights.viewer(self.user)
        self.sets = {name: {} for name in SETS}
        places = MonitoredPlace.objects.filter(rules.visible_places(who)).order_by("key")
        shown = list(places.select_related("place", "protocol").prefetch_related("communities"))
        rows = queries.with_newest(Sensor.objects.filter(monitored__in=shown)).order_by("key")
        oldest = Observation.objects.filter(sensor=OuterRef("pk")).order_by("time").values("time")[:1]
        sensors = list(rows.annotate(oldest=Subquery(oldest)))
        by_place: dict[int, list[str]] = {}
        for sensor in sensors:
            by_place.setdefault(sensor.monitored_id, []).append(sensor.key)
        for one in shown:
            self._thing(one, by_place.get(one.pk, []), known=rules.sees_position(who, one))
        keys = {one.pk: one.key for one in shown}
        known = {one.pk: rules.sees_position(who, one) for one in shown}
        for sensor in sensors:
            self._datastream(sensor, keys[sensor.monitored_id], known=known[sensor.monitored_id])

    def _put(self, kind: str, key: str, body: dict[str, Any], **related: Sequence[str]) -> None:
        self.sets[kind][key] = Entity(key, body, related)

    def _thing(self, one: MonitoredPlace, sensors: Sequence[str], *, known: bool) -> None:
        name = one.name.text(self.languages, default=one.key)
        body = {"name": name, "description": one.description.text(self.languages, default=name)}
        place = one.place
        located = known and place is not None and place.longitude is not None and place.latitude is not None
        if located and place is not None:
            location = {
                "name": place.name.text(self.languages, default=name),
                "description": place.name.text(self.languages, default=name),
                "encodingType": "application/geo+json",
                "location": {"type": "Point", "coordinates": [place.longitude, place.latitude]},
            }
            self._put("Locations", one.key, location, Things=[one.key])
        self._put("Things", one.key, body, Datastreams=sensors, Locations=[one.key] if located else [])

    def _datastream(self, sensor: Sensor, thing: str, *, known: bool) -> None:
        kind, name = KINDS[sensor.kind], sensor.name.text(self.languages, default=sensor.key)
        body: dict[str, Any] = {
            "name": name,
            "description": f"{name} ({sensor.kind})",
            "observationType": "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement",
            "unitOfMeasurement": {
                "name": kind.unit_name,
                "symbol": kind.symbol,
                "definition": f"http://unitsofmeasure.org/ucum.html#{quote(kind.unit)}",
            },
        }
        if known and sensor.longitude is not None:
            body["observedArea"] = {"type": "Point", "coordinates": [sensor.longitude, sensor.latitude]}
        first, last = getattr(sensor, "oldest", None), getattr(sensor, "newest", None)
        if first is not None and last is not None:
            body["phenomenonTime"] = body["resultTime"] = f"{instant(first)}/{instant(last)}"
        self._put(
            "Datastreams",
            sensor.key,
            body,
            Thing=[thing],
            Sensor=[sensor.key],
            ObservedProperty=[sensor.kind],
        )
        instrument = {
            "name": name,
            "description": sensor.instrument or name,
            "encodingType": "text/plain",
            "metadata": sensor.instrument,
        }
        self._put("Sensors", sensor.key, instrument, Datastreams=[sensor.key])
        held = self.sets["ObservedProperties"].get(sensor.kind)
        streams = [*(held.related["Datastreams"] if held else ()), sensor.key]
        observed = {"name": sensor.kind, "definition": kind.definition, "description": sensor.kind}
        self._put("ObservedProperties", sensor.kind, observed, Datastreams=streams)

    # -- addresses ---------------------------------------------------------------------------------------

    def find(self, path: str) -> Selection:
        """Follow an address below the service's root. Raises NotFound, NotOffered, NotUnderstood."""
        found: Selection | None = None
        for part in path.rstrip("/").split("/"):
            match = _SEGMENT.fullmatch(part)
            if match is None:
                raise NotUnderstood(part=part[:80])
            name, given = match[1], match[2]
            found = self._step(found, name)
            if given is not None:
                found = self._pick(found, given.replace("''", "'"))
        assert found is not None
        return found

    def _rows(self, streams: Iterable[str]) -> QuerySet[Observation]:
        return Observation.objects.filter(sensor__key__in=list(streams)).select_related("sensor")

    def _step(self, found: Selection | None, name: str) -> Selection:
        if found is None:
            if name in ("HistoricalLocations", "FeaturesOfInterest"):
                raise NotOffered(what=name)
            if name not in SETS:
                raise NotFound
            if name == "Observations":
                return Selection(name, rows=self._rows(self.sets["Datastreams"]))
            return Selection(name, list(self.sets[name]))
        if found.property:
            if name != "$value" or found.raw:
                raise NotFound
            return Selection(found.kind, found.ids, found.rows, True, property=found.property, raw=True)
        if name == "$ref" and not found.one and not found.links:
            return Selection(found.kind, found.ids, found.rows, scoped=found.scoped, links=True)
        if not found.one:
            raise NotUnderstood(part=name[:80])
        entity = self._one(found)
        if name in _RELATIONS[found.kind]:
            return self._along(found.kind, entity, name)
        if name not in entity.body:
            raise NotFound
        return Selection(found.kind, found.ids, found.rows, True, property=name)

    def _along(self, kind: str, entity: Entity, name: str) -> Selection:
        target = _RELATIONS[kind][name]
        if target == "Observations":
            return Selection(target, rows=self._rows([entity.id]), scoped=True)
        return Selection(target, entity.related[name], one=target != name, scoped=True)

    def _pick(self, found: Selection, given: str) -> Selection:
        if found.one or found.property or found.links:
            raise NotUnderstood(part=given[:80])
        if found.rows is not None:
            return Selection(found.kind, rows=found.rows.filter(_identifier("eq", given)), one=True)
        if given not in found.ids:
            raise NotFound
        return Selection(found.kind, [given], one=True)

    def _one(self, found: Selection) -> Entity:
        if found.rows is not None:
            row = found.rows.first()
            if row is None:
                raise NotFound
            return _observed(row)
        if not found.ids:
            raise NotFound
        return self.sets[found.kind][found.ids[0]]

    # -- answers -----------------------------------------------------------------------------------------

    def index(self) -> dict[str, Any]:
        """The document at the service's root (clause 9.2.2)."""
        conformance = (
            "http://www.opengis.net/spec/iot_sensing/1.1/req/resource-path/resource-path-to-entities"
        )
        return {
            "value": [{"name": name, "url": f"{self.root}{name}"} for name in SETS],
            "serverSettings": {"conformance": [conformance]},
        }

    def answer(self, path: str, asked: Options, pairs: Sequence[tuple[str, str]]) -> Any:
        """What stands at *path*: a document, or the plain text of a ``$value``.

        Args:
            pairs: the query as it came, for the address of the next page.
        """
        found = self.find(path)
        if asked.data_array and (found.kind != "Observations" or found.one or found.links):
            raise NotOffered(what="$resultFormat=dataArray")
        if found.property:
            value = self._one(found).body[found.property]
            return str(value) if found.raw else {found.property: value}
        if found.one:
            return self._body(found.kind, self._one(found), asked)
        entities, total = self._listed(found, asked)
        document: dict[str, Any] = {}
        if asked.count:
            document["@iot.count"] = total
        if asked.skip + asked.top < total and asked.top:
            kept = [pair for pair in pairs if pair[0] != "$skip"]
            skip = ("$skip", str(asked.skip + asked.top))
            document["@iot.nextLink"] = f"{self.root}{quote(path, safe=_SAFE)}?{urlencode([*kept, skip])}"
        if found.links:
            document["value"] = [{"@iot.selfLink": self._link(found.kind, one)} for one in entities]
        elif asked.data_array:
            document["value"] = self._arrays(entities)
        else:
            document["value"] = [self._body(found.kind, one, asked) for one in entities]
        return document

    def _link(self, kind: str, entity: Entity) -> str:
        return f"{self.root}{kind}('{quote(entity.id, safe='')}')"

    def _body(self, kind: str, entity: Entity, asked: Options) -> dict[str, Any]:
        link = self._link(kind, entity)
        made: dict[str, Any] = {"@iot.id": entity.id, "@iot.selfLink": link, **entity.body}
        relations = _RELATIONS[kind]
        made |= {f"{name}@iot.navigationLink": f"{link}/{name}" for name in relations}
        if asked.select:
            names = {"@iot.id" if name == "id" else name for name in asked.select}
            for name in names:
                if name not in made and name not in relations:
                    raise NotUnderstood(part=f"$select={name}"[:80])
            made = {
                key: value for key, value in made.items() if key.removesuffix("@iot.navigationLink") in names
            }
        for name, inner in asked.expand.items():
            if name not in relations:
                raise NotUnderstood(part=f"$expand={name}"[:80])
            made.pop(f"{name}@iot.navigationLink", None)
            made |= self._inside(kind, entity, name, inner, f"{link}/{name}")
        return made

    def _inside(self, kind: str, entity: Entity, name: str, inner: Options, link: str) -> dict[str, Any]:
        found = self._along(kind, entity, name)
        if found.one:
            return {name: self._body(found.kind, self._one(found), inner)}
        entities, total = self._listed(found, inner)
        made: dict[str, Any] = {name: [self._body(found.kind, one, inner) for one in entities]}
        if inner.count:
            made[f"{name}@iot.count"] = total
        if (
            inner.skip + inner.top < total
            and inner.top
            and not (inner.filter or inner.orderby or inner.select)
        ):
            made[f"{name}@iot.nextLink"] = f"{link}?$top={inner.top}&$skip={inner.skip + inner.top}"
        return made

    def _arrays(self, entities: Iterable[Entity]) -> list[dict[str, Any]]:
        groups: dict[str, list[list[Any]]] = {}
        for one in entities:
            line = [one.id, *(one.body[name] for name in OBSERVED[1:])]
            groups.setdefault(one.related["Datastream"][0], []).append(line)
        return [
            {
                "Datastream@iot.navigationLink": f"{self.root}Datastreams('{stream}')",
                "components": ["id", *OBSERVED[1:]],
                "dataArray@iot.count": len(lines),
                "dataArray": lines,
            }
            for stream, lines in groups.items()
        ]

    def _listed(self, found: Selection, asked: Options) -> tuple[list[Entity], int]:
        """The entities of a page, and how many there are (one more than shown is enough where nobody counts)."""
        span = slice(asked.skip, asked.skip + asked.top)
        if found.rows is None:
            chosen = [self.sets[found.kind][key] for key in found.ids]
            if asked.filter:
                chosen = [one for one in chosen if _holds(asked.filter, found.kind, one)]
            for path, down in reversed(asked.orderby):
                chosen.sort(key=lambda one, path=path: _sortable(_value(path, found.kind, one)), reverse=down)  # type: ignore[misc]
            return chosen[span], len(chosen)
        rows = found.rows.filter(_q(asked.filter)) if asked.filter else found.rows
        if asked.orderby and not found.scoped:
            raise NotOffered(what="$orderby: Observations (Datastreams('…')/Observations)")
        order = [_column(path, down=down) for path, down in asked.orderby]
        rows = rows.order_by(*order, "sensor_id", "time")
        shown = [_observed(row) for row in rows[asked.skip : asked.skip + asked.top + 1]]
        total = rows.count() if asked.count else asked.skip + len(shown)
        return shown[: asked.top], total


_SAFE = "/()'$"


def _observed(row: Observation) -> Entity:
    moment = instant(row.time)
    body = {"phenomenonTime": moment, "resultTime": moment, "result": row.value}
    return Entity(f"{row.sensor.key}-{row.time}", body, {"Datastream": [row.sensor.key]})


# -- filters over observations: the database compares -------------------------------------------------------------


def _column(path: str, *, down: bool) -> str:
    names = {"phenomenonTime": "time", "resultTime": "time", "result": "value"}
    if path not in names:
        raise NotOffered(what=f"$orderby={path}"[:80])
    return f"-{names[path]}" if down else names[path]


def _identifier(op: str, value: Any) -> Q:
    key, _dash, moment = str(value).rpartition("-")
    usable = moment.isascii() and moment.isdecimal() and len(moment) < 12
    found = Q(sensor__key=key, time=int(moment)) if usable else Q(time__lt=0)
    if op not in ("eq", "ne"):
        raise NotOffered(what=f"id {op}")
    return found if op == "eq" else ~found


def _moment_q(op: str, value: Any) -> Q:
    exact = _seconds(value)
    low, high = math.floor(exact), math.ceil(exact)
    if op in ("eq", "ne"):
        found = Q(time=low) if low == high else Q(time__lt=0)
        return found if op == "eq" else ~found
    return Q(**{f"time__{_LOOKUPS[op]}": high if op in ("ge", "lt") else low})


_LOOKUPS: Final = {"gt": "gt", "ge": "gte", "lt": "lt", "le": "lte"}


def _q(condition: Condition) -> Q:
    if isinstance(condition, Junction):
        parts = [_q(part) for part in condition.parts]
        if condition.op == "not":
            return ~parts[0]
        joined = parts[0]
        for part in parts[1:]:
            joined = joined & part if condition.op == "and" else joined | part
        return joined
    path, op, value = condition.path, condition.op, condition.value
    if path in ("phenomenonTime", "resultTime"):
        return _moment_q(op, value)
    if path in ("id", "@iot.id"):
        return _identifier(op, value)
    if path in ("Datastream/id", "Datastream/@iot.id") and op in ("eq", "ne"):
        found = Q(sensor__key=str(value))
        return found if op == "eq" else ~found
    if path == "result" and isinstance(value, float) and math.isfinite(value):
        if op in ("eq", "ne"):
            return Q(value=value) if op == "eq" else ~Q(value=value)
        return Q(**{f"value__{_LOOKUPS[op]}": value})
    raise NotOffered(what=f"$filter={path} {op}"[:80])


# -- filters over the few other entities: compared here ---------------------------------------------------------------


def _value(path: str, kind: str, entity: Entity) -> Any:
    first, _slash, rest = path.partition("/")
    if path in ("id", "@iot.id"):
        return entity.id
    if first in entity.related and rest in ("id", "@iot.id") and _RELATIONS[kind][first] != first:
        return entity.related[first][0]
    found: Any = entity.body
    for name in path.split("/"):
        if not isinstance(found, dict) or name not in found:
            if name == "phenomenonTime" and kind == "Datastreams":
                return None
            raise NotOffered(what=path[:80])
        found = found[name]
    if not isinstance(found, (str, int, float)):
        raise NotOffered(what=path[:80])
    return found


def _sortable(value: Any) -> tuple[bool, str]:
    return value is not None, str(value or "")


_COMPARE: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "eq": lambda left, right: left == right,
    "ne": lambda left, right: left != right,
    "gt": lambda left, right: left > right,
    "ge": lambda left, right: left >= right,
    "lt": lambda left, right: left < right,
    "le": lambda left, right: left <= right,
}


def _holds(condition: Condition, kind: str, entity: Entity) -> bool:
    if isinstance(condition, Junction):
        found = [_holds(part, kind, entity) for part in condition.parts]
        return not found[0] if condition.op == "not" else (all if condition.op == "and" else any)(found)
    return _compared(condition, _value(condition.path, kind, entity))


def _compared(condition: Comparison, value: Any) -> bool:
    if condition.op not in ("eq", "ne") and not (isinstance(value, str) and isinstance(condition.value, str)):
        return False
    return _COMPARE[condition.op](value, condition.value)
