"""What communities and those who serve them do: describe themselves, confirm members, define protocols."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_slug
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from django.utils import timezone

from heirloom.errors import NotAllowed
from heirloom.keys import object_id
from heirloom.people import actions as people
from heirloom.people.models import User
from heirloom.text import Translated

from . import rights, store
from .actions_errors import InUse, InvalidField, InvalidProtocol, SlugTaken
from .actions_feed import announce_edited, seen_under
from .actions_keep import keep_community, keep_protocol
from .models import Change, Community, Membership, Protocol


def create_community(
    by: User, *, slug: str, name: Translated, description: Translated | None = None, contact: str = ""
) -> Community:
    """Add a community; *by* serves it until its first steward is confirmed.

    Raises:
        NotAllowed; SlugTaken; InvalidField.
    """
    if not rights.may_found(by):
        raise NotAllowed
    _check(slug, name)
    try:
        with transaction.atomic():
            community = Community.objects.create(
                slug=slug, name=name, description=description or Translated(), contact=contact
            )
            people.log(by, "create", "community", community.key)
    except IntegrityError as error:
        raise SlugTaken(slug=slug) from error
    keep_community(community, by, "add a community")
    return community


def _check(slug: str, name: Translated) -> None:
    try:
        validate_slug(slug)
    except ValidationError as error:
        raise InvalidField(field="slug", value=repr(slug)) from error
    if len(slug) > 50:
        raise InvalidField(field="slug", value=repr(slug))
    if not name:
        raise InvalidField(field="name", value="''")


@transaction.atomic
def edit_community(
    by: User,
    community: Community,
    *,
    name: Translated | None = None,
    description: Translated | None = None,
    contact: str | None = None,
) -> Community:
    """Change how a community is described; None leaves a field as it is.

    Raises:
        NotAllowed; InvalidField.
    """
    community = Community.objects.select_for_update().get(pk=community.pk)
    if not rights.may_lead(by, community):
        raise NotAllowed
    if name is not None:
        _check(community.slug, name)
        community.name = name
    if description is not None:
        community.description = description
    if contact is not None:
        community.contact = contact
    community.save()
    people.log(by, "edit", "community", community.key)
    keep_community(community, by, "describe the community")
    return community


@transaction.atomic
def add_member(
    by: User,
    community: Community,
    user: User,
    *,
    role: str = Membership.Role.MEMBER,
    attributes: Mapping[str, str] | None = None,
) -> Membership:
    """Confirm that *user* belongs to *community*, or change their role.

    Args:
        attributes: what the community's protocols ask about, recorded with the person's consent (``{"gender": "women"}``).
            None leaves them as they are.

    Raises:
        NotAllowed; InvalidField.
    """
    if not rights.may_lead(by, community):
        raise NotAllowed
    if role not in Membership.Role.values:
        raise InvalidField(field="role", value=repr(role))
    if attributes is not None and not all(
        isinstance(name, str) and isinstance(value, str) for name, value in attributes.items()
    ):
        raise InvalidField(field="attributes", value=repr(attributes))
    membership, _ = Membership.objects.get_or_create(user=user, community=community)
    membership.role = role
    if attributes is not None:
        membership.attributes = dict(attributes)
    membership.save()
    people.log(by, "add-member", "community", community.key, user=user.pk, role=role)
    return membership


@transaction.atomic
def remove_member(by: User, membership: Membership) -> None:
    """End a membership: the community's stewards may, and the person. Raises NotAllowed."""
    if not (rights.is_steward(by, membership.community) or membership.user_id == by.pk):
        raise NotAllowed
    people.log(by, "remove-member", "community", membership.community.key, user=membership.user_id)
    membership.delete()


def define_protocol(
    by: User,
    *,
    name: Translated,
    audience: str,
    communities: Iterable[Community] = (),
    seasons: Sequence[Sequence[str]] = (),
    attributes: Mapping[str, Sequence[str]] | None = None,
    note: Translated | None = None,
) -> Protocol:
    """Define a cultural protocol.

    Args:
        audience: one of ``Protocol.Audience``.
        communities: whose protocol it is; needed for members, stewards and attributes.
        seasons: spans ``["MM-DD", "MM-DD"]`` in which it is open; none means always.
        attributes: what a member must be, ``{"gender": ["women"]}``.
        note: why, in the community's words.

    Raises:
        NotAllowed: *by* is a steward of none of them; InvalidProtocol.
    """
    named = list(communities)
    if not rights.may_define(by, named):
        raise NotAllowed
    asked = _attributes(attributes)
    check_protocol(name, audience, named, seasons, asked)
    with transaction.atomic():
        protocol = Protocol.objects.create(
            name=name,
            note=note or Translated(),
            audience=audience,
            seasons=[list(span) for span in seasons],
            attributes=asked,
        )
        protocol.communities.set(named)
        people.log(by, "define", "protocol", protocol.key, audience=audience)
    keep_protocol(protocol, by, "define a protocol")
    return protocol


@transaction.atomic
def edit_protocol(by: User, protocol: Protocol, **changes: Any) -> Protocol:
    """Change a protocol for everything that carries it, at once; fields as in :func:`define_protocol`.

    Harvesters are told of every item that this opens to the public or closes.

    Raises:
        NotAllowed; InvalidProtocol.
    """
    protocol = Protocol.objects.select_for_update().get(pk=protocol.pk)
    before = list(protocol.communities.all())
    named = list(changes.pop("communities", before))
    if not (rights.may_define(by, before) and rights.may_define(by, named)):
        raise NotAllowed
    if "attributes" in changes:
        changes["attributes"] = _attributes(changes["attributes"])
    if "seasons" in changes:
        changes["seasons"] = [list(span) for span in changes["seasons"]]
    for field, value in changes.items():
        if field not in ("name", "note", "audience", "seasons", "attributes"):
            raise TypeError(f"a protocol has no field {field}")
        setattr(protocol, field, value)
    check_protocol(protocol.name, protocol.audience, named, protocol.seasons, protocol.attributes)
    seen = seen_under(protocol)
    protocol.save()
    protocol.communities.set(named)
    people.log(by, "edit", "protocol", protocol.key, fields=sorted(changes))
    at = timezone.now()
    Change.objects.create(at=at, kind=Change.Kind.UPDATE, about="protocol", key=protocol.key)
    announce_edited(protocol, seen, at)
    keep_protocol(protocol, by, "change the protocol")
    return protocol


@transaction.atomic
def remove_protocol(by: User, protocol: Protocol) -> None:
    """Remove a protocol that nothing carries. Raises NotAllowed; InUse."""
    if not rights.may_define(by, protocol.communities.all()):
        raise NotAllowed
    identifier = object_id("protocol", protocol.key)
    people.log(by, "remove", "protocol", protocol.key)
    try:
        protocol.delete()
    except ProtectedError as error:
        raise InUse(where=str(protocol)) from error
    store.archive().purge(identifier, "the community removed the protocol", agent=store.agent(by))


def _attributes(attributes: Mapping[str, Sequence[str]] | None) -> dict[str, list[str]]:
    made: dict[str, list[str]] = {}
    for name, values in (attributes or {}).items():
        if isinstance(values, str) or not values or not all(isinstance(value, str) for value in values):
            raise InvalidProtocol(reason=f"{name}: a list of texts is needed")
        made[name] = list(values)
    return made


def check_protocol(
    name: Translated,
    audience: str,
    communities: Sequence[Community],
    seasons: Sequence[Sequence[str]],
    attributes: Mapping[str, Sequence[str]],
) -> None:
    """Raise InvalidProtocol when nobody could follow it, or it would open to nobody."""
    if not name:
        raise InvalidProtocol(reason="it has no name")
    if audience not in Protocol.Audience.values:
        raise InvalidProtocol(reason=f"there is no audience {audience!r}")
    closed = audience in (Protocol.Audience.MEMBERS, Protocol.Audience.STEWARDS)
    if (closed or attributes) and not communities:
        raise InvalidProtocol(reason="it names no community")
    for span in seasons:
        if not rights.valid_season(span):
            raise InvalidProtocol(reason=f"{span!r} is no season")
