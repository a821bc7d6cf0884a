"""Telling harvesters: one row of the feed for every change of what the public sees, however it came about.

The rows of an item say what a visitor without an account could see: ``Create`` when it appeared or came back, ``Update`` when
it changed, ``Delete`` when it went (withdrawn, purged, closed by its community, out of season). What the public never
saw has no ``Delete``: that row is what a feed knows it by that harvesters were told of it.

An item's rows are kept in its package whenever that is written. What happens to many items at once (a protocol is edited,
a season opens or closes) is kept in the protocol's package instead, which is one version and not thousands.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import OuterRef, Subquery
from django.utils import timezone
from django_tasks import TaskResultStatus, task
from django_tasks_db.models import DBTaskResult

from heirloom.people import actions as people

from . import rights
from .actions_keep import keep_protocol
from .models import Change, Item, Protocol

_AT_ONCE: Final = 1000
_THERE: Final = (Change.Kind.CREATE, Change.Kind.UPDATE)


def announce(item: Item, kind: str, at: datetime) -> None:
    """Tell harvesters that *item* was created, updated or (*kind* ``Delete``) taken from the public's view."""
    announce_all([(item, kind, at)])


def announce_all(told: Iterable[tuple[Item, str, datetime]]) -> None:
    """The same for many items; two queries for any number (see :func:`announce`)."""
    told = list(told)
    nobody = rights.viewer(None)
    last = _last({item.key for item, _, _ in told})
    rows = []
    for item, kind, at in told:
        if rights.visible(nobody, item):
            gone = last.get(item.key, Change.Kind.DELETE) == Change.Kind.DELETE
            made = Change.Kind.CREATE.value if gone else kind
        elif last.get(item.key) == Change.Kind.DELETE or _rests(item.protocol, nobody.today):
            made = Change.Kind.DELETE.value
        else:
            made = kind
        last[item.key] = made
        rows.append(Change(at=at, kind=made, about="item", key=item.key))
    Change.objects.bulk_create(rows, batch_size=_AT_ONCE)


def was_told(item: Item) -> bool:
    """Whether harvesters may know of *item*: the public sees it, saw it, or sees it in its season."""
    nobody = rights.viewer(None)
    return (
        rights.visible(nobody, item)
        or _last({item.key}).get(item.key) == Change.Kind.DELETE
        or _rests(item.protocol, nobody.today)
    )


def _last(keys: set[str]) -> dict[str, str]:
    """The kind of the last row of each item that has one."""
    rows = Change.objects.filter(about="item", key__in=keys).order_by("pk").values_list("key", "kind")
    return dict(rows)


def _open_in_season(protocol: Protocol | None) -> bool:
    return protocol is not None and protocol.audience == Protocol.Audience.PUBLIC and not protocol.attributes


def _rests(protocol: Protocol | None, today: date) -> bool:
    """Whether *protocol* opens to everybody, only not today."""
    return (
        protocol is not None and _open_in_season(protocol) and not rights.in_season(protocol.seasons, today)
    )


# -- many at once --------------------------------------------------------------------------------------------------


def seen_under(protocol: Protocol) -> set[str]:
    """Keys of the items under *protocol* that the public sees now."""
    seen = Item.objects.filter(rights.visible_items(None), protocol=protocol)
    return set(seen.values_list("key", flat=True))


def announce_edited(protocol: Protocol, before: set[str], at: datetime) -> None:
    """Tell what an edit of *protocol* opened and closed, given what was seen before it (:func:`seen_under`)."""
    now = seen_under(protocol)
    _tell(before - now, Change.Kind.DELETE, at)
    _tell(now - before, Change.Kind.CREATE, at)


def _tell(keys: Iterable[str], kind: Change.Kind, at: datetime) -> None:
    Change.objects.bulk_create(
        (Change(at=at, kind=kind, about="item", key=key) for key in sorted(keys)), batch_size=_AT_ONCE
    )


@transaction.atomic
def announce_seasons(today: date | None = None) -> int:
    """Tell of the items that a season opened or closed since the last look; return how many.

    Looking again finds nothing to tell, so that a worker may look as often as it likes.
    """
    today = today or timezone.localdate()
    at = timezone.now()
    kind = Change.objects.filter(about="item", key=OuterRef("key")).order_by("-pk").values("kind")[:1]
    changed = 0
    for protocol in Protocol.objects.select_for_update().order_by("pk"):
        if not (_open_in_season(protocol) and protocol.seasons):
            continue
        items = Item.objects.filter(protocol=protocol, state=Item.State.PUBLISHED).annotate(
            last=Subquery(kind)
        )
        resting = _rests(protocol, today)
        wrong = items.filter(last__in=_THERE) if resting else items.filter(last=Change.Kind.DELETE)
        keys = list(wrong.values_list("key", flat=True))
        if keys:
            _tell(keys, Change.Kind.DELETE if resting else Change.Kind.CREATE, at)
            people.log(
                None,
                "season-closed" if resting else "season-opened",
                "protocol",
                protocol.key,
                items=len(keys),
            )
            keep_protocol(protocol, None, "a season closed" if resting else "a season opened")
            changed += len(keys)
    return changed


@task()
def look_at_seasons() -> None:
    """Tell of seasons that opened or closed, and look again tomorrow."""
    announce_seasons()
    look_tomorrow()


def look_tomorrow() -> None:
    """Have a worker look at the seasons soon after the next midnight, once however often this is asked for."""
    waiting = DBTaskResult.objects.filter(
        task_path=look_at_seasons.module_path, status=TaskResultStatus.READY
    )
    if waiting.exists():
        return
    midnight = timezone.localtime().replace(hour=0, minute=1, second=0, microsecond=0) + timedelta(days=1)
    look_at_seasons.using(run_after=midnight).enqueue()
