"""Described things for tests. Each function makes rows directly, past actions, unless its name says otherwise."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterable, Mapping
from typing import Any

from heirloom.catalogue import actions, actions_media, dates
from heirloom.catalogue.models import Agent, Community, Item, Media, Membership, Place, Protocol, Term
from heirloom.people.models import User
from heirloom.text import Translated

from .people import make_user

_numbers = itertools.count(1)


def make_community(
    slug: str = "", *, stewards: Iterable[User] = (), members: Iterable[User] = (), **over: Any
) -> Community:
    """A community with its stewards and members."""
    slug = slug or f"community-{next(_numbers)}"
    community = Community.objects.create(
        slug=slug, name=over.pop("name", Translated({"en": slug.title()})), **over
    )
    for role, people in ((Membership.Role.STEWARD, stewards), (Membership.Role.MEMBER, members)):
        for user in people:
            Membership.objects.create(user=user, community=community, role=role)
    return community


def make_protocol(
    audience: str = "public",
    *,
    communities: Iterable[Community] = (),
    seasons: Iterable[Any] = (),
    attributes: Mapping[str, Any] | None = None,
    **over: Any,
) -> Protocol:
    """A protocol, valid or not."""
    protocol = Protocol.objects.create(
        audience=audience,
        name=over.pop("name", Translated({"en": f"Protocol {next(_numbers)}"})),
        seasons=list(seasons),
        attributes=dict(attributes or {}),
        **over,
    )
    protocol.communities.set(communities)
    return protocol


def make_place(name: str = "Luang Prabang", *, country: str = "LA", **over: Any) -> Place:
    """A place."""
    return Place.objects.create(name=Translated({"en": name}), country=country, **over)


def make_term(scheme: str = "language", code: str = "lao", **over: Any) -> Term:
    """A term; the same one for the same code."""
    label = over.pop("label", Translated({"en": code.title()}))
    return Term.objects.get_or_create(scheme=scheme, code=code, defaults={"label": label, **over})[0]


def make_agent(name: str = "Kham Phoui", **over: Any) -> Agent:
    """A person who made something."""
    return Agent.objects.create(name=Translated({"en": name}), **over)


def make_item(
    *,
    title: str | Mapping[str, str] = "",
    kind: str = "object",
    state: str = "published",
    owner: User | None = None,
    protocol: Protocol | None = None,
    communities: Iterable[Community] = (),
    places: Iterable[Place] = (),
    terms: Iterable[Term] = (),
    indexed: bool = True,
    **over: Any,
) -> Item:
    """An item's row, indexed, without a package; ``date`` sets its years."""
    given = {"en": title or f"Thing {next(_numbers)}"} if isinstance(title, str) else title
    first, last = dates.years(over.get("date", ""))
    item = Item.objects.create(
        title=Translated(given),
        kind=kind,
        state=state,
        owner=owner,
        protocol=protocol,
        year_from=first,
        year_to=last,
        **over,
    )
    item.communities.set(communities)
    item.places.set(places)
    item.terms.set(terms)
    actions.TitleKey.objects.bulk_create(actions.title_keys(item))
    if indexed:
        actions.search.put([actions.search.item_entry(item)])
    return item


def png(width: int = 3, height: int = 2) -> bytes:
    """A small picture."""
    import pyvips

    image = pyvips.Image.black(width, height, bands=3).linear(1, [200, 40, 30])
    return bytes(image.cast("uchar").write_to_buffer(".png"))


def make_kept_item(by: User | None = None, *, media: bool = True, publish: bool = True, **over: Any) -> Item:
    """An item made by actions, with a picture and a package in the archive; needs the ``installation`` fixture."""
    by = by or make_user(grants=["cataloguer"])
    item = actions.create_item(
        by,
        kind=over.pop("kind", "image"),
        title=over.pop("title", Translated({"en": f"Kept thing {next(_numbers)}"})),
        rights=over.pop("rights", "https://creativecommons.org/publicdomain/zero/1.0/"),
        **over,
    )
    if media:
        add_picture(by, item)
    if publish:
        item = actions.publish_item(by, Item.objects.get(pk=item.pk))
    return Item.objects.get(pk=item.pk)


def add_picture(by: User, item: Item, name: str = "picture.png") -> Media:
    """Add a small picture to an item by the action."""
    return actions_media.add_media(by, item, io.BytesIO(png()), name, alt=Translated({"en": "A red field"}))
