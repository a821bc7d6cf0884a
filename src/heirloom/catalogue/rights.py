"""Who may see and do what: cultural protocols, drafts, withdrawal.

There is one predicate for what may be seen, :func:`visible`, and its twin for queries, :func:`visible_items`; tests
prove that they agree. Cases use the same :func:`protocol_allows` and :func:`protocol_q`.

What is decided here, and why:

- *Closed unless opened.* A protocol that cannot be understood, or that asks for members and names no community,
  opens nothing.
- *Protocols bind everybody.* Running the installation (a superuser) or describing its items (a cataloguer) gives no
  right to see what a community keeps to itself. Under a protocol for members or stewards, or one that asks for an
  attribute, they see only what the protocol lets them see.
- *Stewards* always see what carries a protocol of their community, in every season and whatever it asks. Where an item's
  protocol names no community (or it has none), the stewards of the item's communities see it as drafts too. A protocol that
  names a community is that community's alone: the stewards of others on the same item do not get around it.
- *Members* see what a protocol of their community opens to members, in its seasons, when their membership
  matches all attributes that it asks for. The attributes of one membership must match; they are not gathered from several.
- *Drafts* are seen by their owner, by cataloguers (with the limit above) and by stewards (as above). Once published, an owner sees
  what the protocol lets them see, like everybody.
- *Withdrawn* items are seen by cataloguers alone, with the limit above.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q
from django.utils import timezone

from heirloom.people.models import Grant, User
from heirloom.people.queries import has_grant

from .models import Community, Item, Membership, Protocol


@dataclass(frozen=True, slots=True)
class Rule:
    """What a protocol says, without its row."""

    audience: str
    communities: frozenset[int]
    seasons: Any
    attributes: Any

    @property
    def binds(self) -> bool:
        """Whether it closes a thing to cataloguers who are not among those it is for."""
        return self.audience not in (Protocol.Audience.PUBLIC, Protocol.Audience.SIGNED_IN) or bool(
            self.attributes
        )


@dataclass(frozen=True, slots=True)
class Viewer:
    """A person (or nobody) on a day, with everything that rights depend on; made by :func:`viewer`.

    A page makes one and hands it to every query: it costs two queries for a person and none for a visitor.
    """

    user: User | None
    today: date
    cataloguer: bool
    organiser: bool
    memberships: Mapping[int, Mapping[str, Any]]
    stewarded: frozenset[int]
    _rules: dict[int, Rule] = field(default_factory=dict, repr=False, compare=False)
    _loaded: list[bool] = field(default_factory=list, repr=False, compare=False)

    def rules(self) -> Mapping[int, Rule]:
        """All protocols by primary key; one query, then remembered."""
        if not self._loaded:
            found: dict[int, tuple[str, set[int], Any, Any]] = {}
            rows = Protocol.objects.order_by().values_list(
                "pk", "audience", "seasons", "attributes", "communities"
            )
            for pk, audience, seasons, attributes, community in rows:
                rule = found.setdefault(pk, (audience, set(), seasons, attributes))
                if community is not None:
                    rule[1].add(community)
            self._rules.update(
                (pk, Rule(audience, frozenset(communities), seasons, attributes))
                for pk, (audience, communities, seasons, attributes) in found.items()
            )
            self._loaded.append(True)
        return self._rules


type_of_person = User | AnonymousUser | Viewer | None


def viewer(user: type_of_person, today: date | None = None) -> Viewer:
    """Return *user* as a viewer on *today* (default: the date in the current time zone). Viewers pass through."""
    if isinstance(user, Viewer):
        return user
    today = today or timezone.localdate()
    if not isinstance(user, User) or user.pk is None or not user.is_active:
        return Viewer(None, today, cataloguer=False, organiser=False, memberships={}, stewarded=frozenset())
    rows = list(Membership.objects.filter(user=user).values_list("community_id", "role", "attributes"))
    return Viewer(
        user,
        today,
        cataloguer=has_grant(user, Grant.Role.CATALOGUER),
        organiser=has_grant(user, Grant.Role.ORGANISER),
        memberships={
            community: attributes if isinstance(attributes, dict) else {} for community, _, attributes in rows
        },
        stewarded=frozenset(community for community, role, _ in rows if role == Membership.Role.STEWARD),
    )


_DAY = re.compile(r"(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])")


def valid_season(span: Any) -> bool:
    """Whether *span* is ``["MM-DD", "MM-DD"]`` with days that exist in some year."""
    if not isinstance(span, (list, tuple)) or len(span) != 2:
        return False
    for day in span:
        if not isinstance(day, str) or not _DAY.fullmatch(day):
            return False
        try:
            date(2000, int(day[:2]), int(day[3:]))  # a leap year
        except ValueError:
            return False
    return True


def in_season(seasons: Any, today: date) -> bool:
    """Whether *today* lies in one of the spans, both ends included; a span may cross the new year. Empty: always."""
    if not isinstance(seasons, list):
        return False
    if not seasons:
        return True
    day = f"{today.month:02d}-{today.day:02d}"
    for span in seasons:
        if not valid_season(span):
            continue
        first, last = span
        if first <= day <= last if first <= last else (day >= first or day <= last):
            return True
    return False


def _matches(asked: Any, held: Mapping[str, Any]) -> bool:
    if not isinstance(asked, dict):
        return False
    return all(isinstance(values, list) and held.get(name) in values for name, values in asked.items())


def _allows(who: Viewer, rule: Rule) -> bool:
    if rule.communities & who.stewarded:
        return True
    if rule.audience == Protocol.Audience.STEWARDS or not in_season(rule.seasons, who.today):
        return False
    if rule.audience == Protocol.Audience.MEMBERS or rule.attributes:
        if rule.audience not in Protocol.Audience.values:
            return False
        return any(
            community in who.memberships and _matches(rule.attributes, who.memberships[community])
            for community in rule.communities
        )
    if rule.audience == Protocol.Audience.SIGNED_IN:
        return who.user is not None
    return rule.audience == Protocol.Audience.PUBLIC


def _rule(protocol: Protocol) -> Rule:
    communities = frozenset(community.pk for community in protocol.communities.all())
    return Rule(protocol.audience, communities, protocol.seasons, protocol.attributes)


def protocol_allows(user: type_of_person, protocol: Protocol | None, today: date | None = None) -> bool:
    """Whether *protocol* lets *user* see what carries it on *today*; no protocol is open to everybody."""
    return protocol is None or _allows(viewer(user, today), _rule(protocol))


def protocol_q(user: type_of_person, today: date | None = None, prefix: str = "protocol__") -> Q:
    """Return :func:`protocol_allows` as a condition on things whose protocol stands at *prefix*."""
    who = viewer(user, today)
    open_ones = [pk for pk, rule in who.rules().items() if _allows(who, rule)]
    condition = Q(**{f"{prefix}isnull": True})
    return condition | Q(**{f"{prefix}in": open_ones}) if open_ones else condition


def protocol_binds(protocol: Protocol | None) -> bool:
    """Whether *protocol* closes a thing also to cataloguers who are not among those it is for."""
    return protocol is not None and _rule(protocol).binds


def handled_q(user: type_of_person, today: date | None = None, prefix: str = "protocol__") -> Q:
    """Return what somebody who works on the whole catalogue may handle: allowed, or under no binding protocol."""
    who = viewer(user, today)
    fine = [pk for pk, rule in who.rules().items() if _allows(who, rule) or not rule.binds]
    condition = Q(**{f"{prefix}isnull": True})
    return condition | Q(**{f"{prefix}in": fine}) if fine else condition


def handles(user: type_of_person, protocol: Protocol | None, today: date | None = None) -> bool:
    """The twin of :func:`handled_q` for one protocol."""
    return protocol is None or not protocol_binds(protocol) or protocol_allows(user, protocol, today)


def is_steward(user: type_of_person, community: Community) -> bool:
    """Whether *user* decides protocols and labels for *community*."""
    return community.pk in viewer(user).stewarded


def governed_by(thing: Any) -> frozenset[int]:
    """Primary keys of the communities that decide over *thing* (an item or case): its protocol's, else its own."""
    if thing.protocol is not None:
        ruling = _rule(thing.protocol).communities
        if ruling:
            return ruling
    return frozenset(community.pk for community in thing.communities.all())


def stewards(user: type_of_person, thing: Any) -> bool:
    """Whether *user* is a steward of a community that decides over *thing*."""
    who = viewer(user)
    return bool(who.stewarded) and bool(governed_by(thing) & who.stewarded)


def stewards_q(user: type_of_person, model: type[Any]) -> Q | None:
    """Return :func:`stewards` as a condition on *model* (with ``protocol`` and ``communities``); None: never true."""
    who = viewer(user)
    if not who.stewarded:
        return None
    ruling = [pk for pk, rule in who.rules().items() if rule.communities & who.stewarded]
    without = [pk for pk, rule in who.rules().items() if not rule.communities]
    of_theirs = model.objects.filter(communities__in=who.stewarded).order_by().values("pk")
    return Q(protocol__in=ruling) | (
        (Q(protocol__isnull=True) | Q(protocol__in=without)) & Q(pk__in=of_theirs)
    )


# -- seeing ----------------------------------------------------------------------------------------------


def visible(user: type_of_person, item: Item, today: date | None = None) -> bool:
    """Whether *user* may see *item* on *today*: the one predicate that every page, feed and export obeys."""
    who = viewer(user, today)
    if item.state == Item.State.PUBLISHED:
        return protocol_allows(who, item.protocol) or stewards(who, item)
    if who.cataloguer and handles(who, item.protocol):
        return True
    if item.state == Item.State.DRAFT:
        owns = who.user is not None and item.owner_id == who.user.pk
        return owns or stewards(who, item)
    return False


def visible_items(user: type_of_person, today: date | None = None) -> Q:
    """Return :func:`visible` as a condition for ``Item.objects.filter``; it never repeats a row."""
    who = viewer(user, today)
    published = protocol_q(who)
    stewarded = stewards_q(who, Item)
    if stewarded is not None:
        published |= stewarded
    condition = Q(state=Item.State.PUBLISHED) & published
    if who.cataloguer:
        condition |= Q(state__in=[Item.State.DRAFT, Item.State.WITHDRAWN]) & handled_q(who)
    if who.user is not None:
        condition |= Q(state=Item.State.DRAFT, owner=who.user)
    if stewarded is not None:
        condition |= Q(state=Item.State.DRAFT) & stewarded
    return condition


# -- doing -----------------------------------------------------------------------------------------------


def may_describe(user: type_of_person) -> bool:
    """Whether *user* may describe new items: everybody with an account."""
    return viewer(user).user is not None


def may_edit(user: type_of_person, item: Item) -> bool:
    """Whether *user* may change *item*: who may see it and is its owner, a cataloguer or a steward of it."""
    who = viewer(user)
    if who.user is None or not visible(who, item):
        return False
    return item.owner_id == who.user.pk or who.cataloguer or stewards(who, item)


def may_publish(user: type_of_person, item: Item) -> bool:
    """Whether *user* may publish *item*: cataloguers and organisers who may handle it, and its stewards."""
    who = viewer(user)
    return ((who.cataloguer or who.organiser) and handles(who, item.protocol)) or stewards(who, item)


def may_withdraw(user: type_of_person, item: Item) -> bool:
    """Whether *user* may take *item* from view: its owner, who publishes it, and its stewards."""
    who = viewer(user)
    return (who.user is not None and item.owner_id == who.user.pk) or may_publish(who, item)


def may_set_protocol(user: type_of_person, item: Item) -> bool:
    """Whether *user* may give *item* another protocol.

    A protocol that names communities is lifted or changed by their stewards alone. To put one where there was none only
    closes the item further, so everybody who may edit it may.
    """
    who = viewer(user)
    if item.protocol is not None and _rule(item.protocol).communities:
        return may_lift(who, item.protocol)
    return may_edit(who, item)


def may_lift(user: type_of_person, protocol: Protocol | None) -> bool:
    """Whether *user*, who may edit a thing, may put another protocol, or none, in the place of *protocol*."""
    ruling = _rule(protocol).communities if protocol is not None else frozenset()
    return not ruling or bool(ruling & viewer(user).stewarded)


def may_label(user: type_of_person, community: Community) -> bool:
    """Whether *user* may apply labels in the name of *community*: its stewards alone."""
    return is_steward(user, community)


def may_found(user: type_of_person) -> bool:
    """Whether *user* may add a community: cataloguers."""
    return viewer(user).cataloguer


def may_lead(user: type_of_person, community: Community) -> bool:
    """Whether *user* may describe *community* and confirm its members: its stewards, and cataloguers until it has one."""
    who = viewer(user)
    if community.pk in who.stewarded:
        return True
    return who.cataloguer and not community.memberships.filter(role=Membership.Role.STEWARD).exists()


def may_define(user: type_of_person, communities: Iterable[Community]) -> bool:
    """Whether *user* may define a protocol of these communities: a steward of one; cataloguers where it names none."""
    who = viewer(user)
    named = {community.pk for community in communities}
    return bool(named & who.stewarded) if named else who.cataloguer


def may_purge(user: type_of_person) -> bool:
    """Whether *user* may erase an item for good: archivists."""
    who = viewer(user)
    return who.user is not None and has_grant(who.user, Grant.Role.ARCHIVIST)
