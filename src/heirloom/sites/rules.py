"""Who may see and do what at monitored places.

The predicate is that of the catalogue (:mod:`heirloom.catalogue.rights`), applied to a place's state and protocol: what is
shown is seen as its protocol allows and by its stewards; what is private by its owner, its stewards, and the keepers (cataloguers and
organisers), unless a protocol binds them. :func:`visible` and :func:`visible_places` are twins; tests prove that they agree.
"""

from __future__ import annotations

from django.db.models import Q

from heirloom.catalogue import rights

from .models import MonitoredPlace

Person = rights.type_of_person


def keeps(user: Person) -> bool:
    """Whether *user* looks after monitored places of the whole installation: cataloguers and organisers."""
    who = rights.viewer(user)
    return who.user is not None and (who.cataloguer or who.organiser)


def visible(user: Person, monitored: MonitoredPlace) -> bool:
    """Whether *user* may see the place and what belongs to it: pages, charts and the API all ask this."""
    who = rights.viewer(user)
    if monitored.state == MonitoredPlace.State.SHOWN:
        return rights.protocol_allows(who, monitored.protocol) or rights.stewards(who, monitored)
    owns = who.user is not None and monitored.owner_id == who.user.pk
    return owns or (keeps(who) and rights.handles(who, monitored.protocol)) or rights.stewards(who, monitored)


def visible_places(user: Person) -> Q:
    """Return :func:`visible` as a condition for ``MonitoredPlace.objects.filter``; it never repeats a row."""
    who = rights.viewer(user)
    shown = rights.protocol_q(who)
    private = Q(pk__in=[])
    if who.user is not None:
        private |= Q(owner=who.user)
    if keeps(who):
        private |= rights.handled_q(who)
    stewarded = rights.stewards_q(who, MonitoredPlace)
    if stewarded is not None:
        shown |= stewarded
        private |= stewarded
    return (Q(state=MonitoredPlace.State.SHOWN) & shown) | (Q(state=MonitoredPlace.State.PRIVATE) & private)


def may_add(user: Person) -> bool:
    """Whether *user* may begin to monitor a place: keepers."""
    return keeps(user)


def may_edit(user: Person, monitored: MonitoredPlace) -> bool:
    """Whether *user* looks after the place: who may see it and is its owner, a keeper or a steward of it."""
    who = rights.viewer(user)
    if who.user is None or not visible(who, monitored):
        return False
    return monitored.owner_id == who.user.pk or keeps(who) or rights.stewards(who, monitored)


def may_set_protocol(user: Person, monitored: MonitoredPlace) -> bool:
    """Whether *user* may put another protocol, or none: a protocol that names communities is lifted by their stewards alone."""
    return may_edit(user, monitored) and rights.may_lift(user, monitored.protocol)


def sees_position(user: Person, monitored: MonitoredPlace) -> bool:
    """Whether *user*, who may see the place, may know where it and its sensors are."""
    return not monitored.withhold_position or may_edit(user, monitored)
