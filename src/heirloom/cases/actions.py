"""Every write about cases: create, save, share, seal, publish, withdraw."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from heirloom.archive import VersionConflict
from heirloom.catalogue import record, rights
from heirloom.catalogue.actions import publish_item
from heirloom.catalogue.models import Change, Item
from heirloom.catalogue.store import agent, archive
from heirloom.errors import NotAllowed, gettext_noop
from heirloom.keys import object_id
from heirloom.people.actions import log
from heirloom.people.models import User
from heirloom.text import Translated

from . import content, facts, indexing, rerun, rules, sealing, translating
from .errors import EditedMeanwhile, InvalidContent, NotReadyToSeal
from .models import Case, CaseMember, Seal
from .queries import with_content


@transaction.atomic
def create_case(by: User, title: Translated) -> Case:
    """Begin a case; whoever begins it leads it."""
    if not by.is_active:
        raise NotAllowed
    case = Case.objects.create(title=title)
    CaseMember.objects.create(case=case, user=by, role=CaseMember.Role.LEAD)
    indexing.index_case(case)
    log(by, "create", "case", case.key)
    return case


@transaction.atomic
def save_content(by: User, case: Case, data: object, *, revision: int) -> Case:
    """Save the whole content of a case in preparation; of what a translator sends, the texts alone.

    The protocol holds from this moment, for what is published too. One that a community laid on the case is lifted or changed
    by the community's stewards alone.

    Args:
        data: the content, see :mod:`heirloom.cases.content`.
        revision: the revision that the editor started from.

    Raises:
        NotAllowed, InvalidContent; EditedMeanwhile when somebody saved in between.
    """
    case = Case.objects.select_for_update().get(pk=case.pk)
    if not rules.may_translate(by, case):
        raise NotAllowed
    if revision != case.revision:
        raise EditedMeanwhile
    laid = case.protocol
    if not rules.may_edit(by, case):
        data = translating.only_texts(content.describe(_loaded(case.pk)), data)
    content.apply(case, data, rights.visible_items(by) | Q(pk__in=_shown(case)))
    if case.protocol != laid and not rights.may_lift(by, laid):
        raise InvalidContent(field="protocol", problem=NotAllowed.message)
    case.revision += 1
    case.updated_at = timezone.now()
    case.save(update_fields=["revision", "updated_at"])
    indexing.index_case(case)
    log(by, "save", "case", case.key, revision=case.revision)
    if case.protocol != laid and case.published_seal is not None:
        _keep_protocol(case, by)
    return case


def _shown(case: Case) -> list[int]:
    """Return what the case shows already: whoever edits it need not be able to add it."""
    return [item.pk for item in sealing.shown_items(_loaded(case.pk))]


@transaction.atomic
def set_member(by: User, case: Case, user: User, role: str | None) -> None:
    """Give *user* a role on the case, or take it away; the last lead stays."""
    case = Case.objects.select_for_update().get(pk=case.pk)
    if not rules.may_lead(by, case):
        raise NotAllowed
    leads = case.members.filter(role=CaseMember.Role.LEAD).exclude(user=user)
    if role != CaseMember.Role.LEAD and not leads.exists():
        raise NotReadyToSeal(problem=gettext_noop("a case needs somebody who leads it."))
    if role is None:
        case.members.filter(user=user).delete()
    else:
        CaseMember.objects.update_or_create(case=case, user=user, defaults={"role": CaseMember.Role(role)})
    log(by, "share", "case", case.key, user=user.pk, role=role)


def seal(by: User, case: Case, *, consent: Mapping[str, Any], note: str = "") -> Seal:
    """Seal the case as it is now: one new version in the archive, whose digest fixes what others see.

    The archive is written first. If this process dies before the row is written, the next call finds the version,
    adopts it. Where nothing has changed since the newest version was sealed, that one is returned.

    Raises:
        NotAllowed, NotReadyToSeal.
    """
    if not rules.may_lead(by, case):
        raise NotAllowed
    identifier = object_id("case", case.key)
    # Read before what is adopted: a version that somebody else seals meanwhile makes the write below fail.
    head = archive().head(identifier).number if archive().exists(identifier) else 0
    newest = adopt_seals(case, by) or case.seals.last()
    case = _loaded(case.pk)
    check_ready(case, consent)
    sealed = sealing.sealed_content(case)
    sealed["facts"] = facts.compute(sealed, rerun.rerunnable(sealed))
    sealed["consent"] = dict(consent)
    sealed["note"] = note[:300]
    if newest and _same(newest.content, sealed):
        return newest
    now = datetime.now(UTC).replace(microsecond=0)
    sealed["sealed_at"] = now.isoformat()
    try:
        version = archive().write(
            identifier,
            {sealing.RECORD: sealing.to_bytes(sealed)},
            remove=[sealing.PUBLICATION]
            if head and sealing.PUBLICATION in archive().files(identifier)
            else [],
            message=note or "sealed",
            agent=agent(by),
            created=now,
            crate=lambda files: sealing.describe_crate(sealed, now.isoformat(), files.values()),
            expected_head=head,
        )
    except VersionConflict as error:
        newest = adopt_seals(case, by) or case.seals.last()
        if newest and _same(newest.content, sealed):
            return newest  # the same button, pressed twice
        raise EditedMeanwhile from error
    with transaction.atomic():
        made = _seal_row(case, version.number, version.digest, sealed, by)
        log(by, "seal", "case", case.key, number=made.number, digest=made.digest)
    return made


def adopt_seals(case: Case, by: User | None = None) -> Seal | None:
    """Write the rows of sealed versions that the archive has and the database lacks; return the newest of them."""
    identifier = object_id("case", case.key)
    if not archive().exists(identifier):
        return None
    newest = None
    known = set(case.seals.values_list("number", flat=True))
    for version in archive().versions(identifier):
        if version.number in known or sealing.PUBLICATION in archive().files(identifier, version.number):
            continue
        sealed = json.loads(archive().read(identifier, sealing.RECORD, version.number))
        newest = _seal_row(case, version.number, version.digest, sealed, by)
    return newest


def _seal_row(case: Case, number: int, digest: str, sealed: Mapping[str, Any], by: User | None) -> Seal:
    made, _ = Seal.objects.get_or_create(
        case=case,
        number=number,
        defaults={
            "digest": digest,
            "content": sealed,
            "facts": sealed["facts"],
            "consent": sealed["consent"],
            "note": sealed["note"],
            "sealed_by": by,
            "sealed_at": datetime.fromisoformat(sealed["sealed_at"]),
        },
    )
    return made


def _same(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    return {**old, "sealed_at": None} == {**new, "sealed_at": None}


def _loaded(pk: int) -> Case:
    return with_content(Case.objects.filter(pk=pk)).get()


def check_ready(case: Case, consent: Mapping[str, Any]) -> None:
    """Refuse a case that lacks what a sealed version needs. Raises NotReadyToSeal with the first thing that lacks."""
    if not case.title:
        raise NotReadyToSeal(problem=gettext_noop("it has no title."))
    if not case.summary:
        raise NotReadyToSeal(problem=gettext_noop("it has no summary."))
    if not any(section.body for section in case.sections.all()):
        raise NotReadyToSeal(problem=gettext_noop("it tells nothing yet."))
    if consent.get("agreed") is not True:
        raise NotReadyToSeal(problem=gettext_noop("the people in it have not agreed to what is kept."))
    for item in sealing.shown_items(case):
        if not item.object_version:
            raise NotReadyToSeal(
                problem=gettext_noop("an item that it shows has not been taken into the archive.")
            )
    for run in sealing.shown_runs(case):
        if run.state != run.State.DONE:
            raise NotReadyToSeal(problem=gettext_noop("a run that it shows is not done."))


def publish(by: User, made: Seal, *, because: Mapping[str, Any] | None = None) -> Case:
    """Show a sealed version to the public, with the items it shows, as its protocol allows.

    Idempotent: what a dead process had begun is completed by calling it again.
    """
    if not rules.may_publish(by):
        raise NotAllowed
    return publish_accepted(by, made, because or {})


def publish_accepted(by: User, made: Seal, because: Mapping[str, Any]) -> Case:
    """Publish on a decision that the caller has checked, such as a call's; see :func:`publish`."""
    case = made.case
    for key in made.content["items"]:
        item = Item.objects.filter(key=key).first()
        # What a community keeps is published by its stewards; until then the case is shown without it.
        if item is not None and item.state == Item.State.DRAFT and rights.may_publish(by, item):
            publish_item(by, item)
    publication = _publication(case, made, withdrawn=False) | {"because": dict(because)}
    moment = _write_publication(case, publication, by)
    with transaction.atomic():
        case = Case.objects.select_for_update().get(pk=case.pk)
        first = case.published_at is None
        case.state = Case.State.PUBLISHED
        case.published_seal = made
        case.published_at = case.published_at or moment
        case.save(update_fields=["state", "published_seal", "published_at"])
        _announce(case, Change.Kind.CREATE if first else Change.Kind.UPDATE, moment)
        indexing.index_case(case)
        log(by, "publish", "case", case.key, number=made.number, **because)
    return case


def withdraw(by: User, case: Case, reason: str) -> Case:
    """Take a case from view; its sealed versions stay in the archive."""
    if not (rules.may_publish(by) or rules.may_lead(by, case)) or case.published_seal is None:
        raise NotAllowed
    publication = _publication(case, case.published_seal, withdrawn=True) | {"reason": reason}
    moment = _write_publication(case, publication, by)
    with transaction.atomic():
        case = Case.objects.select_for_update().get(pk=case.pk)
        case.state = Case.State.WITHDRAWN
        case.save(update_fields=["state"])
        _announce(case, Change.Kind.DELETE, moment)
        indexing.index_case(case)
        log(by, "withdraw", "case", case.key, reason=reason)
    return case


def _announce(case: Case, kind: str, moment: datetime) -> None:
    """Tell harvesters once about one version of the archive, also when a dead process had told them already."""
    Change.objects.get_or_create(about="case", key=case.key, at=moment, kind=kind)


def _publication(case: Case, made: Seal, *, withdrawn: bool) -> dict[str, Any]:
    return {
        "format": "heirloom/publication/1",
        "seal": made.number,
        "digest": made.digest,
        "withdrawn": withdrawn,
        "protocol_described": _protocol(case),
    }


def _keep_protocol(case: Case, by: User) -> None:
    """Keep with the package what the case's protocol is now, so that a rebuild opens nothing that was closed since."""
    identifier = object_id("case", case.key)
    told = [
        version.number
        for version in archive().versions(identifier)
        if sealing.PUBLICATION in archive().files(identifier, version.number)
    ]
    last = json.loads(archive().read(identifier, sealing.PUBLICATION, told[-1]))
    moment = _write_publication(case, {**last, "protocol_described": _protocol(case)}, by)
    _announce(case, Change.Kind.DELETE if last["withdrawn"] else Change.Kind.UPDATE, moment)


def _protocol(case: Case) -> dict[str, Any] | None:
    return record.describe_protocol(case.protocol) if case.protocol else None


def _write_publication(case: Case, publication: dict[str, Any], by: User) -> datetime:
    """Add the record of a publication, unless the archive already says the same; return when it was added."""
    identifier = object_id("case", case.key)
    head = archive().head(identifier)
    if sealing.PUBLICATION in archive().files(identifier):
        held = json.loads(archive().read(identifier, sealing.PUBLICATION))
        if all(held.get(name) == publication[name] for name in ("seal", "withdrawn", "protocol_described")):
            return head.created
    now = datetime.now(UTC).replace(microsecond=0)
    version = archive().write(
        identifier,
        {sealing.PUBLICATION: sealing.to_bytes(publication)},
        message="withdrawn" if publication["withdrawn"] else "published",
        agent=agent(by),
        created=now,
        expected_head=head.number,
    )
    return version.created
