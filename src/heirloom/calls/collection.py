"""Publishing the collection of a call: its accepted cases, each by the version that was reviewed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from django.db import transaction

from heirloom.archive import FileInfo, ObjectVersion, crate
from heirloom.cases import actions as case_actions
from heirloom.cases import rules as case_rules
from heirloom.cases import sealing
from heirloom.cases.models import Case
from heirloom.catalogue import record as record_format
from heirloom.catalogue.models import Change
from heirloom.catalogue.store import agent, archive
from heirloom.errors import NotAllowed
from heirloom.keys import object_id
from heirloom.people.actions import log
from heirloom.people.models import User
from heirloom.text import Translated

from . import content, rules
from .errors import NotDecided, PhaseClosed
from .models import Call, Collection, Entry, Phase, Submission

FORMAT = "heirloom/collection/1"


def publish_collection(by: User, call: Call, title: Translated, summary: Translated) -> Collection:
    """Publish every accepted case of the call, but none that was taken from view since, and the collection that holds them.

    Each case is published first, then the collection is written to the archive, then it is shown; called again after a
    crash, it goes on where it stopped. What the collection rests on (the call's texts and its rubric) is kept with it.

    Whoever publishes organises the call and is an organiser of the installation, since cases and items become public.

    Raises:
        NotAllowed; PhaseClosed by the call's dates; NotDecided while decisions are not announced.
    """
    if not (rules.organises(by, call) and case_rules.may_publish(by)):
        raise NotAllowed
    if not rules.phase_allows(call, Phase.Kind.PUBLICATION):
        raise PhaseClosed(phase=Phase.Kind.PUBLICATION.label)
    pending = call.submissions.filter(state=Submission.State.SUBMITTED).count()
    if pending:
        raise NotDecided(count=pending)
    accepted = list(
        call.submissions.filter(state=Submission.State.ACCEPTED)
        .exclude(case__state=Case.State.WITHDRAWN)
        .select_related("seal__case", "theme")
        .order_by("theme__position", "submitted_at", "pk")
    )
    for submission in accepted:
        assert submission.seal is not None
        case_actions.publish_accepted(by, submission.seal, {"call": call.key})
    with transaction.atomic():
        collection, _created = Collection.objects.get_or_create(call=call, defaults={"slug": call.slug})
        collection.title, collection.summary = title, summary
        collection.save(update_fields=["title", "summary"])
    moment = collection.published_at or _kept_moment(collection) or datetime.now(UTC).replace(microsecond=0)
    version = _keep(by, collection, describe(call, collection, accepted, moment), moment)
    with transaction.atomic():
        collection = Collection.objects.select_for_update().get(pk=collection.pk)
        write_entries(collection, accepted)
        collection.published_at = moment
        collection.object_version, collection.digest = version.number, version.digest
        collection.save()
        call.state = Call.State.CLOSED
        call.save(update_fields=["state"])
        kind = Change.Kind.CREATE if version.number == 1 else Change.Kind.UPDATE
        Change.objects.get_or_create(
            about="collection", key=collection.key, at=version.created, defaults={"kind": kind}
        )
        log(by, "publish", "collection", collection.key, digest=version.digest)
    return collection


def keep_edited(by: User | None, call: Call) -> None:
    """Keep the texts of a call with its published collection anew, after they were edited; what it shows stays as it is."""
    collection = Collection.objects.select_for_update().filter(call=call).exclude(published_at=None).first()
    if collection is None:
        return
    assert collection.published_at is not None
    shown = [entry.seal_id for entry in collection.entries.all()]
    of_seal = {
        submission.seal_id: submission
        for submission in call.submissions.filter(seal__in=shown).select_related("seal__case", "theme")
    }
    moment = collection.published_at
    record = describe(call, collection, [of_seal[seal] for seal in shown if seal in of_seal], moment)
    version = _keep(by, collection, record, moment)
    for made in archive().versions(object_id("collection", collection.key))[collection.object_version :]:
        Change.objects.create(
            about="collection", key=collection.key, at=made.created, kind=Change.Kind.UPDATE
        )
    Collection.objects.filter(pk=collection.pk).update(object_version=version.number, digest=version.digest)


def write_entries(collection: Collection, accepted: Iterable[Submission]) -> None:
    """Make the rows of the collection's entries anew."""
    collection.entries.all().delete()
    Entry.objects.bulk_create(
        Entry(collection=collection, seal=submission.seal, theme=submission.theme, position=position)
        for position, submission in enumerate(accepted)
    )


def describe(
    call: Call, collection: Collection, accepted: Iterable[Submission], moment: datetime
) -> dict[str, Any]:
    """Return the record of a collection as the archive keeps it."""
    entries = []
    for submission in accepted:
        assert submission.seal is not None
        entries.append(
            {
                "case": submission.seal.case.key,
                "seal": submission.seal.number,
                "digest": submission.seal.digest,
                "theme": submission.theme.slug if submission.theme else None,
                "title": submission.seal.content["title"],
            }
        )
    return {
        "format": FORMAT,
        "key": collection.key,
        "slug": collection.slug,
        "title": collection.title.to_json(),
        "summary": collection.summary.to_json(),
        "published_at": moment.isoformat(),
        "call": {
            **content.describe(call),
            "key": call.key,
            "created_at": record_format.when(call.created_at),
        },
        "entries": entries,
    }


def _kept_moment(collection: Collection) -> datetime | None:
    """Return when a dead process had published the collection, from the archive."""
    identifier = object_id("collection", collection.key)
    return archive().versions(identifier)[0].created if archive().exists(identifier) else None


def _keep(by: User | None, collection: Collection, record: dict[str, Any], moment: datetime) -> ObjectVersion:
    """Write the record, unless the archive already holds the same; return the version that holds it."""
    identifier = object_id("collection", collection.key)
    data = sealing.to_bytes(record)
    if archive().exists(identifier) and archive().read(identifier, sealing.RECORD) == data:
        return archive().head(identifier)

    def described(files: Mapping[str, FileInfo]) -> crate.Crate:
        return describe_crate(record, moment.isoformat(), files.values())

    return archive().write(
        identifier,
        {sealing.RECORD: data},
        message="published",
        agent=agent(by),
        created=moment if not archive().exists(identifier) else None,
        crate=described,
    )


def describe_crate(record: dict[str, Any], published: str, files: Iterable[FileInfo]) -> crate.Crate:
    """Return the RO-Crate of a collection: its record, and the packages of its cases by digest."""
    title = {language: part["text"] for language, part in record["title"].items()}
    summary = {language: part["text"] for language, part in record["summary"].items()}
    described = crate.Crate.new(
        name=title,
        description=summary or title,
        published=published,
        license=record_format.NOT_EVALUATED,
        identifier=object_id("collection", record["key"]),
    ).with_files(crate.CrateFile(info.path, info.size, info.sha512, "application/json") for info in files)
    for entry in record["entries"]:
        identifier = object_id("case", entry["case"])
        described = described.with_entities(
            crate.Entity.of(
                identifier,
                "CreativeWork",
                name=crate.words({language: part["text"] for language, part in entry["title"].items()}),
                version=f"v{entry['seal']}",
                identifier=f"sha512:{entry['digest']}",
            )
        )
    return described.with_root(
        mentions=crate.refs(object_id("case", entry["case"]) for entry in record["entries"])
    )
