"""What people do to items. Media stand in ``actions_media``, communities in ``actions_community``, imports in
``actions_ingest``, places, terms and agents in ``actions_shared``.

Every action checks the permission first (:mod:`heirloom.catalogue.rights`; raises ``NotAllowed``), then the values (coded
errors), and changes rows, log, feed, search index and, at a milestone, the archive in one transaction.

A draft lives in the database alone until it has media or is published. From then on whatever decides how it is
shown (its description once published, its protocol, its labels, its state) is kept in its package at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.db import transaction
from django.db.models import ProtectedError
from django.utils import timezone

from heirloom.errors import NotAllowed, NotFound
from heirloom.keys import object_id
from heirloom.people import actions as people
from heirloom.people.models import User
from heirloom.text import Translated
from heirloom.text.collation import collation_key

from . import dates, derivatives, rights, search, store, vocabularies
from .actions_errors import InUse, InvalidField, NoTitle, Stale, WrongState
from .actions_feed import announce, was_told
from .actions_keep import keep_item, whole
from .actions_shared import check_uri
from .models import Agent, Change, Community, Contribution, Item, Label, Protocol, TitleKey

Contributors = Sequence[tuple[Agent, str]]
_TEXTS = ("title", "description", "date_note")
_PLAIN = ("kind", "date", "rights", "rights_holder", "illustrative", "source_uri", "statements")
ERASED = "whose it was asked to be erased"
_LISTS = ("places", "terms", "communities", "contributions")


def checked(changes: dict[str, Any]) -> dict[str, Any]:
    """Return the changes of an item in canonical form, with the years that follow from a date.

    Raises:
        InvalidField, dates.InvalidDate, vocabularies.UnknownRights, vocabularies.UnknownRole.
    """
    unknown = set(changes).difference(_TEXTS, _PLAIN, _LISTS)
    if unknown:
        raise TypeError(f"an item has no field {min(unknown)}")
    made = dict(changes)
    _check_plain(made)
    for name in _TEXTS:
        if name in made and not isinstance(made[name], Translated):
            made[name] = Translated(made[name])
    if "date" in made:
        made["year_from"], made["year_to"] = dates.years(made["date"])
    if "rights" in made:
        made["rights"] = vocabularies.check_rights(made["rights"])
    if "statements" in made:
        made["statements"] = [_statement(entry) for entry in made["statements"]]
    for _, role in made.get("contributions", ()):
        vocabularies.check_role(role)
    return made


def _check_plain(made: dict[str, Any]) -> None:
    if "kind" in made and made["kind"] not in Item.Kind.values:
        raise InvalidField(field="kind", value=repr(made["kind"]))
    if len(made.get("date", "")) > 100:
        raise InvalidField(field="date", value=repr(made["date"][:100]))
    if len(made.get("rights_holder", "")) > 300:
        raise InvalidField(field="rights_holder", value=repr(made["rights_holder"][:100]))
    if "source_uri" in made:
        check_uri("source_uri", made["source_uri"])


def _statement(entry: Any) -> dict[str, str]:
    if (
        not isinstance(entry, dict)
        or not entry.get("name")
        or not all(
            isinstance(part, str) and key in ("name", "value", "language") for key, part in entry.items()
        )
    ):
        raise InvalidField(field="statements", value=repr(entry)[:100])
    return dict(entry)


def locked(item: Item) -> Item:
    """Return *item* as it is now, locked until the transaction ends. Raises NotFound when it is gone."""
    found = Item.objects.select_for_update(of=("self",)).select_related("protocol").filter(pk=item.pk).first()
    if found is None:
        raise NotFound
    return found


def set_lists(item: Item, changes: dict[str, Any]) -> None:
    """Write the places, terms, communities and contributions of *changes*."""
    for name in ("places", "terms", "communities"):
        if name in changes:
            getattr(item, name).set(changes[name])
    if "contributions" in changes:
        item.contributions.all().delete()
        rows = dict.fromkeys((agent.pk, role) for agent, role in changes["contributions"])
        Contribution.objects.bulk_create(
            Contribution(item=item, agent_id=agent, role=role, position=position)
            for position, (agent, role) in enumerate(rows)
        )


def title_keys(item: Item) -> list[TitleKey]:
    """The rows by which *item* is sorted among titles."""
    rows = [
        TitleKey(item=item, language=language, key=b"\x00" + collation_key(text.value, language)[:500])
        for language, text in item.title.items()
    ]
    # The same language whatever the order in which a database gives them back.
    shown = "en" if "en" in item.title else min(item.title, default="")
    value = item.title[shown].value if shown else ""
    rows.append(TitleKey(item=item, language="", key=b"\x01" + collation_key(value, "und")[:500]))
    return rows


def _sort(item: Item) -> None:
    item.title_keys.all().delete()
    TitleKey.objects.bulk_create(title_keys(item))


def _index(item: Item) -> None:
    search.put([search.item_entry(whole(Item.objects.filter(pk=item.pk)).get())])


def _settle(item: Item, by: User, message: str, *, changed: str = Change.Kind.UPDATE) -> Item:
    """Finish a write: count it, and where the item is kept already, tell harvesters and keep it again."""
    item.revision += 1
    item.updated_at = timezone.now()
    item.save()
    if item.state == Item.State.DRAFT and item.object_version == 0:
        _index(item)
        return item
    if item.state != Item.State.DRAFT:
        announce(item, changed, item.updated_at)
    keep_item(item, by, message)
    return item


# -- describing ----------------------------------------------------------------------------------------------------


@transaction.atomic
def create_item(
    by: User,
    *,
    kind: str,
    title: Translated,
    protocol: Protocol | None = None,
    source: str = "",
    source_id: str = "",
    **fields: Any,
) -> Item:
    """Begin to describe a thing, as a draft of *by*.

    Args:
        kind: one of ``Item.Kind``.
        source, source_id: where the description comes from and its identifier there; unique together.
        fields: any of ``description``, ``date`` (EDTF), ``date_note``, ``rights`` (address of a statement or licence), ``rights_holder``,
            ``illustrative``, ``source_uri``, ``statements``, ``places``, ``terms``, ``communities`` (rows), ``contributions`` (pairs of
            agent and MARC relator code).

    Raises:
        NotAllowed; the errors of :func:`checked`.
    """
    if not rights.may_describe(by):
        raise NotAllowed
    made = checked({"kind": kind, "title": title, **fields})
    item = Item(
        owner=by,
        protocol=protocol,
        source=source,
        source_id=source_id,
        **{name: value for name, value in made.items() if name not in _LISTS},
    )
    item.updated_at = item.created_at
    item.save()
    set_lists(item, made)
    _sort(item)
    _index(item)
    people.log(by, "create", "item", item.key)
    return item


@transaction.atomic
def edit_item(by: User, item: Item, *, revision: int | None = None, **changes: Any) -> Item:
    """Change a description; fields as in :func:`create_item`. A published item is published anew.

    Args:
        revision: ``Item.revision`` that the change was made on; None skips the check.

    Raises:
        NotAllowed; Stale: somebody else saved meanwhile; NoTitle; the errors of :func:`checked`.
    """
    item = locked(item)
    if not rights.may_edit(by, item):
        raise NotAllowed
    if revision is not None and revision != item.revision:
        raise Stale
    made = checked(changes)
    if item.state == Item.State.PUBLISHED and "title" in made and not made["title"]:
        raise NoTitle
    before = {name: getattr(item, name) for name in made if name not in _LISTS}
    for name in before:
        setattr(item, name, made[name])
    same = all(getattr(item, name) == value for name, value in before.items())
    if same and not any(name in made for name in _LISTS):
        return item
    set_lists(item, made)
    if "title" in made:
        _sort(item)
    people.log(by, "edit", "item", item.key, fields=sorted(changes))
    if item.state == Item.State.PUBLISHED:
        return _settle(item, by, "edit")
    item.revision += 1
    item.updated_at = timezone.now()
    item.save()
    _index(item)
    return item


# -- publishing ----------------------------------------------------------------------------------------------------


@transaction.atomic
def publish_item(by: User, item: Item) -> Item:
    """Publish *item* to those whom its protocol lets see it: its package gets a version, harvesters are told.

    Publishing what is published already does nothing.

    Raises:
        NotAllowed; NoTitle.
    """
    item = locked(item)
    if not rights.may_publish(by, item):
        raise NotAllowed
    if not item.title:
        raise NoTitle
    if item.state == Item.State.PUBLISHED and item.object_version:
        return item
    item.state = Item.State.PUBLISHED
    people.log(by, "publish", "item", item.key)
    return _settle(item, by, "publish", changed=Change.Kind.CREATE)


@transaction.atomic
def withdraw_item(by: User, item: Item, reason: str = "") -> Item:
    """Take a published item from view. Its package stays, and says so; harvesters are told that it is gone.

    Raises:
        NotAllowed; WrongState: it is not published.
    """
    item = locked(item)
    if not rights.may_withdraw(by, item):
        raise NotAllowed
    if item.state == Item.State.WITHDRAWN:
        return item
    if item.state != Item.State.PUBLISHED:
        raise WrongState(state=item.get_state_display())
    changed = Change.Kind.DELETE if was_told(item) else Change.Kind.UPDATE
    item.state = Item.State.WITHDRAWN
    people.log(by, "withdraw", "item", item.key, reason=reason)
    return _settle(item, by, "withdraw", changed=changed)


@transaction.atomic
def set_protocol(by: User, item: Item, protocol: Protocol | None) -> Item:
    """Put *item* under a cultural protocol, or under none; it holds from this moment.

    Raises:
        NotAllowed.
    """
    item = locked(item)
    if not rights.may_set_protocol(by, item):
        raise NotAllowed
    if item.protocol_id == (protocol.pk if protocol else None):
        return item
    was_public = rights.visible(None, item)
    item.protocol = protocol
    people.log(by, "set-protocol", "item", item.key, protocol=protocol.key if protocol else None)
    # Harvesters see what the public sees: what a community closes is gone for them.
    closed = was_public and not rights.visible(None, item)
    changed = Change.Kind.DELETE if closed else Change.Kind.UPDATE
    return _settle(item, by, "set the protocol", changed=changed)


@transaction.atomic
def apply_label(
    by: User, item: Item, community: Community, code: str, text: Translated | None = None
) -> Label:
    """Apply a TK or BC label in the name of *community*, in its own words where *text* is given; replaces its older text.

    Raises:
        NotAllowed: *by* is no steward of the community, or may not see the item; vocabularies.UnknownLabel.
    """
    item = locked(item)
    if not (rights.may_label(by, community) and rights.visible(by, item)):
        raise NotAllowed
    code = vocabularies.check_label(code)
    label, _ = Label.objects.update_or_create(
        item=item,
        community=community,
        code=code,
        defaults={"text": text or Translated()},
        create_defaults={"text": text or Translated(), "position": item.labels.count()},
    )
    people.log(by, "label", "item", item.key, code=code, community=community.key)
    _settle(item, by, "apply a label")
    return label


@transaction.atomic
def remove_label(by: User, label: Label) -> None:
    """Take a label off; its community's stewards alone may. Raises NotAllowed."""
    if not rights.may_label(by, label.community):
        raise NotAllowed
    item = locked(label.item)
    label.delete()
    people.log(by, "remove-label", "item", item.key, code=label.code, community=label.community.key)
    _settle(item, by, "remove a label")


# -- erasing -------------------------------------------------------------------------------------------------------


@transaction.atomic
def discard_draft(by: User, item: Item) -> None:
    """Throw a draft away that was never kept. Raises NotAllowed; WrongState: it has media or was published."""
    item = locked(item)
    if not (rights.may_edit(by, item) and (item.owner_id == by.pk or rights.viewer(by).cataloguer)):
        raise NotAllowed
    if item.state != Item.State.DRAFT or item.object_version:
        raise WrongState(state=item.get_state_display())
    _forget(item)
    people.log(by, "discard", "item", item.key)


@transaction.atomic
def purge_item(by: User, item: Item, reason: str) -> None:
    """Erase an item with its package for good, where the law or a community demands it; a tombstone stays.

    The rows go first and the package last, so that after a crash in between the item is still there and the
    action can be repeated.

    Raises:
        NotAllowed: *by* is no archivist; InUse: a case shows it; InvalidField: no reason is given.
    """
    if not rights.may_purge(by):
        raise NotAllowed
    if not reason.strip():
        raise InvalidField(field="reason", value="''")
    item = locked(item)
    identifier = object_id("item", item.key)
    was_kept = store.archive().exists(identifier)
    told = was_kept and was_told(item)
    _forget(item)
    if told:
        Change.objects.create(kind=Change.Kind.DELETE, about="item", key=item.key)
    else:
        # The public never knew of it, and is not told of it now.
        Change.objects.filter(about="item", key=item.key).delete()
    people.log(by, "purge", "item", item.key, reason=reason)
    store.purge(identifier, reason, by)


def erase_drafts(user: User, *, shown: Callable[[Item], bool]) -> int:
    """Erase the drafts that *user*, whose account is erased, described for themselves; return how many.

    What came from an import is the institution's and stays, and so does what *shown* says that others show, or rows protect.
    """
    erased = 0
    for item in Item.objects.filter(owner=user, state=Item.State.DRAFT, source="").order_by("pk"):
        if shown(item):
            continue
        try:
            with transaction.atomic():
                _forget(item)
        except InUse:
            continue
        store.purge(object_id("item", item.key), ERASED)
        erased += 1
    return erased


def _forget(item: Item) -> None:
    """Delete the rows of *item*. Raises InUse when something that must not lose it refers to it."""
    search.remove("item", [item.pk])
    derivatives.forget_soon(item.media.all())
    item.labels.all().delete()
    try:
        item.delete()
    except ProtectedError as error:
        where = sorted({str(thing._meta.verbose_name) for thing in error.protected_objects})  # noqa: SLF001  Django's documented API
        raise InUse(where=", ".join(where)) from error
