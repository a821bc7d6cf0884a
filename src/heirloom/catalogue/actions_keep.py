"""Writing to the archive: the one place where rows of the catalogue become packages.

An action changes its rows, then calls one of these as its last step within the transaction: the archive is
written before the rows are committed. After a crash in between, the archive is one version ahead of the
rows; doing the action again, or any later one, writes the next version from the rows and so completes it. New things
get their rows first (:func:`keep_missing` finds those whose package a crash prevented), so that the archive
never holds a thing that nobody knows of.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, QuerySet

from heirloom.archive import ObjectVersion
from heirloom.archive.ocfl import Source
from heirloom.keys import object_id

from . import record, search, store
from .models import Agent, Change, Community, Contribution, Item, Place, Protocol, Term

REINDEXED_AT_ONCE = 2000
"""Items that are indexed anew at once when a name they use is corrected; more wait for the next reindexing."""


def whole(items: QuerySet[Item]) -> QuerySet[Item]:
    """*items* with everything that a record, a crate and the search index need."""
    return items.select_related("protocol").prefetch_related(
        "protocol__communities",
        "communities",
        "terms",
        "media",
        "labels__community",
        Prefetch("places", Place.objects.select_related("part_of__part_of__part_of")),
        Prefetch("contributions", Contribution.objects.select_related("agent")),
    )


def keep_item(
    item: Item, by: Any, message: str, files: Mapping[str, Source] | None = None, *, index: bool = True
) -> ObjectVersion:
    """Write *item* as the next version of its package and note it in its row; *files* are new media by path.

    Files in the package that no row mentions (left by a crash, or of media that were removed) are not part
    of the new version; older versions still have them.
    """
    full = whole(Item.objects.filter(pk=item.pk)).get()
    changes = Change.objects.filter(about="item", key=item.key).order_by("id")
    data = record.dump(record.item_record(full, changes))
    identifier = object_id("item", item.key)
    archive = store.archive()
    present = set(archive.files(identifier)) if archive.exists(identifier) else set()
    described = {media.path for media in full.media.all()}
    gone = [
        path
        for path in present
        if path.startswith(f"{record.MEDIA_FOLDER}/") and path not in described and path not in (files or {})
    ]
    version = archive.write(
        identifier,
        {record.RECORD: data, **(files or {})},
        remove=gone,
        message=message,
        agent=store.agent(by),
        crate=lambda infos: record.item_crate(full, infos),
    )
    note(item, version)
    if index:
        search.put([search.item_entry(full)])
    return version


def note(item: Item, version: ObjectVersion) -> None:
    """Let the row of *item* point to *version*."""
    Item.objects.filter(pk=item.pk).update(object_version=version.number, digest=version.digest)
    item.object_version, item.digest = version.number, version.digest


def keep_community(community: Community, by: Any, message: str) -> ObjectVersion:
    """Write a community's package."""
    return _keep_plain(
        "community", community.key, record.community_record(community), community.name, by, message
    )


def keep_protocol(protocol: Protocol, by: Any, message: str) -> ObjectVersion:
    """Write a protocol's package, with what its items were told of since they were last kept themselves."""
    kept_before = Item.objects.filter(
        key=OuterRef("key"), protocol=protocol, updated_at__lt=OuterRef("at"), object_version__gt=0
    )
    made = record.protocol_record(
        protocol,
        Change.objects.filter(about="protocol", key=protocol.key).order_by("id"),
        Change.objects.filter(Exists(kept_before), about="item").order_by("id"),
    )
    return _keep_plain("protocol", protocol.key, made, protocol.name, by, message)


def keep_shared(things: Iterable[Place | Term | Agent], by: Any) -> None:
    """Keep corrected places, terms and agents that packages refer to, and index anew what uses them."""
    for thing in things:
        items: QuerySet[Item]
        if isinstance(thing, Agent):
            items = Item.objects.filter(contributions__agent=thing).distinct()
        else:
            items = thing.items.all()
        # A place may stand in packages as what another place is part of.
        if isinstance(thing, Place) or items.filter(object_version__gt=0).exists():
            made = record.shared_record(thing)
            kind = made["format"].split("/")[1]
            key = f"{thing.scheme}:{thing.code}" if isinstance(thing, Term) else thing.key
            name = thing.label if isinstance(thing, Term) else thing.name
            _keep_plain(kind, key, made, name, by, "correct a description")
        using = items.order_by("-updated_at").prefetch_related(*search.ITEM_PARTS)[:REINDEXED_AT_ONCE]
        search.put(search.item_entry(item) for item in using)


def _keep_plain(kind: str, key: str, made: dict[str, Any], name: Any, by: Any, message: str) -> ObjectVersion:
    return store.archive().write(
        object_id(kind, key),
        {record.RECORD: record.dump(made)},
        message=message,
        agent=store.agent(by),
        crate=lambda infos: record.plain_crate(made, name, infos),
    )


def keep_missing() -> int:
    """Write the packages that a crash prevented: communities, protocols, published items; return how many."""
    archive = store.archive()
    count = 0
    for community in Community.objects.all():
        if not archive.exists(object_id("community", community.key)):
            keep_community(community, None, "add a community")
            count += 1
    for protocol in Protocol.objects.prefetch_related("communities"):
        if not archive.exists(object_id("protocol", protocol.key)):
            keep_protocol(protocol, None, "define a protocol")
            count += 1
    for item in Item.objects.exclude(state=Item.State.DRAFT).filter(object_version=0):
        keep_item(item, None, "publish")
        count += 1
    return count
