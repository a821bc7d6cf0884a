"""Places, terms and agents: found or made, and corrected without ever losing a language."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.db import transaction

from heirloom.errors import NotAllowed
from heirloom.people import actions as people
from heirloom.people.models import User
from heirloom.text import Translated

from . import rights, vocabularies
from .actions_errors import InvalidField
from .actions_keep import keep_shared
from .models import Agent, Place, Term


def check_uri(field: str, value: str) -> str:
    """Return *value* when it is empty or an http(s) address that fits. Raises InvalidField."""
    if value:
        parts = urlsplit(value)
        if (
            parts.scheme not in ("http", "https")
            or not parts.netloc
            or len(value) > 500
            or any(map(str.isspace, value))
        ):
            raise InvalidField(field=field, value=repr(value[:100]))
    return value


def _allowed(by: User) -> None:
    if not rights.may_describe(by):
        raise NotAllowed


def _merge(thing: Any, texts: str, name: Translated, **fields: Any) -> bool:
    """Fill what is empty and add languages; return whether anything changed. What is there is never erased."""
    changed = False
    before: Translated = getattr(thing, texts)
    added = Translated({language: text for language, text in name.items() if language not in before})
    if added:
        setattr(thing, texts, before.merged(added))
        changed = True
    for field, value in fields.items():
        if value not in (None, "") and getattr(thing, field) in (None, ""):
            setattr(thing, field, value)
            changed = True
    return changed


def _save(by: User, thing: Any, about: str, key: str) -> None:
    thing.revision += 1
    thing.save()
    people.log(by, "correct", about, key)
    keep_shared([thing], by)


def check_point(longitude: float | None, latitude: float | None) -> None:
    """Raise InvalidField unless both are on the globe, or both missing."""
    if (longitude is None) != (latitude is None):
        raise InvalidField(field="coordinates", value=f"{longitude}, {latitude}")
    if longitude is not None and latitude is not None and not (abs(longitude) <= 180 and abs(latitude) <= 90):
        raise InvalidField(field="coordinates", value=f"{longitude}, {latitude}")


def check_geometry(geometry: Any) -> Any:
    """Return a GeoJSON geometry (RFC 7946) whose positions are on the globe. Raises InvalidField."""
    if geometry is None:
        return None
    if not isinstance(geometry, dict) or geometry.get("type") not in _DEPTHS:
        raise InvalidField(field="geometry", value="GeoJSON")
    if geometry["type"] == "GeometryCollection":
        members = geometry.get("geometries")
        if not isinstance(members, list) or any(
            isinstance(member, dict) and member.get("type") == "GeometryCollection" for member in members
        ):
            raise InvalidField(field="geometry", value="GeoJSON")
        for member in members:
            check_geometry(member)
    else:
        _check_positions(geometry.get("coordinates"), _DEPTHS[geometry["type"]])
    return geometry


_DEPTHS = {
    "Point": 0,
    "MultiPoint": 1,
    "LineString": 1,
    "MultiLineString": 2,
    "Polygon": 2,
    "MultiPolygon": 3,
    "GeometryCollection": 0,
}


def _check_positions(value: Any, depth: int) -> None:
    if not isinstance(value, list):
        raise InvalidField(field="geometry", value="GeoJSON")
    if depth:
        for part in value:
            _check_positions(part, depth - 1)
        return
    numbers = [part for part in value if isinstance(part, (int, float)) and not isinstance(part, bool)]
    if len(numbers) != len(value) or not 2 <= len(value) <= 3:
        raise InvalidField(field="geometry", value="GeoJSON")
    check_point(float(value[0]), float(value[1]))


@transaction.atomic
def ensure_place(
    by: User,
    *,
    name: Translated,
    gazetteer: str = "",
    country: str = "",
    longitude: float | None = None,
    latitude: float | None = None,
    geometry: Any = None,
    precision_km: float | None = None,
    part_of: Place | None = None,
) -> Place:
    """Return the place with this gazetteer address, or one with the same name and country; else make it.

    A place that is found gains languages and fields that it lacked and loses none.

    Args:
        country: ISO 3166-1 alpha-2.
        longitude, latitude: degrees, WGS 84. precision_km: how far off they may be, in kilometres.
        geometry: GeoJSON geometry.

    Raises:
        NotAllowed, InvalidField.
    """
    _allowed(by)
    check_uri("gazetteer", gazetteer)
    check_point(longitude, latitude)
    check_geometry(geometry)
    country = country.upper()
    if country and not (len(country) == 2 and country.isascii() and country.isalpha()):
        raise InvalidField(field="country", value=repr(country))
    if not name and not gazetteer:
        raise InvalidField(field="name", value="''")
    found = _find_place(name, gazetteer, country)
    fields = {
        "gazetteer": gazetteer,
        "country": country,
        "longitude": longitude,
        "latitude": latitude,
        "geometry": geometry,
        "precision_km": precision_km,
        "part_of": part_of,
    }
    if found is None:
        place = Place.objects.create(name=name, **fields)
        people.log(by, "add", "place", place.key)
        return place
    if _merge(found, "name", name, **fields):
        _save(by, found, "place", found.key)
    return found


def _find_place(name: Translated, gazetteer: str, country: str) -> Place | None:
    places = Place.objects.select_related("part_of").select_for_update(of=("self",))
    if gazetteer:
        return places.filter(gazetteer=gazetteer).first()
    same = places.filter(gazetteer="", country=country)
    for language, text in name.items():
        found = same.filter(**{f"name__{language}__text": text.value}).order_by("pk").first()
        if found is not None:
            return found
    return None


@transaction.atomic
def ensure_term(by: User, *, scheme: str, code: str, label: Translated | None = None, uri: str = "") -> Term:
    """Return the term with this code, made where it is missing; it gains the languages of *label*.

    Raises:
        NotAllowed; vocabularies.InvalidTerm; InvalidField: no such scheme.
    """
    _allowed(by)
    if scheme not in Term.Scheme.values:
        raise InvalidField(field="scheme", value=repr(scheme))
    code, uri = vocabularies.check_term(scheme, code, check_uri("uri", uri))
    term, made = Term.objects.select_for_update().get_or_create(
        scheme=scheme, code=code, defaults={"label": label or Translated(), "uri": uri}
    )
    if made:
        people.log(by, "add", "term", f"{scheme}:{code}"[:60])
    elif _merge(term, "label", label or Translated(), uri=uri):
        _save(by, term, "term", f"{scheme}:{code}"[:60])
    return term


@transaction.atomic
def ensure_agent(
    by: User, *, name: Translated, kind: str = Agent.Kind.PERSON, uri: str = "", source_id: str = ""
) -> Agent:
    """Return the agent with this source identifier or address, else one of the same name and kind; else make it.

    Raises:
        NotAllowed, InvalidField.
    """
    _allowed(by)
    check_uri("uri", uri)
    if kind not in Agent.Kind.values:
        raise InvalidField(field="kind", value=repr(kind))
    if not name:
        raise InvalidField(field="name", value="''")
    found = _find_agent(name, kind, uri, source_id)
    if found is None:
        agent = Agent.objects.create(name=name, kind=kind, uri=uri, source_id=source_id)
        people.log(by, "add", "agent", agent.key)
        return agent
    if _merge(found, "name", name, uri=uri, source_id=source_id):
        _save(by, found, "agent", found.key)
    return found


def _find_agent(name: Translated, kind: str, uri: str, source_id: str) -> Agent | None:
    agents = Agent.objects.select_for_update()
    if source_id:
        return agents.filter(source_id=source_id).first()
    if uri:
        return agents.filter(uri=uri).order_by("pk").first()
    unnamed = agents.filter(source_id="", uri="", kind=kind)
    for language, text in name.items():
        found = unnamed.filter(**{f"name__{language}__text": text.value}).order_by("pk").first()
        if found is not None:
            return found
    return None
