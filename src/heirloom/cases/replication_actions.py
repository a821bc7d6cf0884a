"""Every write about replications: receive a record, run a kit's method here on own files, show or refuse it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.db import transaction

from heirloom.archive import FileInfo, crate
from heirloom.catalogue import record as record_format
from heirloom.catalogue.models import Media
from heirloom.catalogue.store import agent, archive
from heirloom.errors import NotAllowed, gettext_noop
from heirloom.keys import object_id
from heirloom.pathways.record import RunRecord, compare
from heirloom.people.actions import log
from heirloom.people.models import User
from heirloom.text import Translated

from . import rules, sealing
from .errors import NotAReplication
from .kit import RUN_RECORD
from .models import Replication, Run, Seal
from .replicate import read_record
from .run_actions import request_run


def receive(by: User, seal: Seal, data: bytes, note: Translated | None = None) -> Replication:
    """Take in a replication record that was made elsewhere; it is shown when the case's people say so.

    The comparison is computed here from the records; what the sender says of it is not believed.

    Raises:
        NotAllowed, NotAReplication.
    """
    if not by.is_active or not rules.visible_case(by, seal.case):
        raise NotAllowed
    record = read_record(data)
    digests = dict(seal.case.seals.values_list("digest", "pk"))
    if record["kit"]["key"] != seal.case.key or record["kit"]["digest"] not in digests:
        raise NotAReplication(problem=gettext_noop("it belongs to another case."))
    run_of = Seal.objects.get(pk=digests[record["kit"]["digest"]])
    with transaction.atomic():
        made = Replication.objects.create(
            seal=run_of,
            who=record["who"],
            where=record["where"],
            note=note or Translated(),
            record=record,
            comparison=comparisons(run_of, record["runs"]),
            by=by,
        )
        log(by, "replicate", "case", seal.case.key, replication=made.key)
    return made


def comparisons(seal: Seal, runs: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Compare each replicated run with the first one that the archive holds."""
    found = {}
    for sent in runs:
        pin = seal.content["runs"].get(sent["run"])
        if pin is None:
            continue
        first = RunRecord.from_json(json.loads(archive().read(pin["object"], RUN_RECORD, pin["version"])))
        found[sent["run"]] = compare(first, RunRecord.from_json(sent["record"])).to_json()
    return found


def replicate_here(
    by: User,
    seal: Seal,
    run_key: str,
    inputs: Mapping[str, Sequence[Media | Path]],
    *,
    who: str = "",
    where: str = "",
) -> Replication:
    """Run a method of a published case here, with its settings, on one's own files.

    Raises:
        NotAllowed, ``NoSuchMethod``, ``InvalidInputs``.
    """
    if not by.is_active or not rules.visible_case(by, seal.case):
        raise NotAllowed
    pin = seal.content["runs"].get(run_key)
    if pin is None:
        raise NotAllowed
    run = request_run(by, pin["method"], inputs, pin["params"], title=Translated.from_json(pin["title"]))
    with transaction.atomic():
        made = Replication.objects.create(
            seal=seal,
            run=run,
            who=who[:300] or str(by),
            where=where[:300],
            record={"original": run_key},
            by=by,
        )
        log(by, "replicate", "case", seal.case.key, replication=made.key, run=run.key)
    return made


def decide(by: User, replication: Replication, *, show: bool) -> Replication:
    """Show a replication on the case's page, for good and in the archive, or refuse it.

    Those who lead the case decide, and organisers. One made here is shown only when its run is done.

    Raises:
        NotAllowed, NotAReplication.
    """
    case = replication.seal.case
    if not (rules.may_lead(by, case) or rules.may_publish(by)):
        raise NotAllowed
    if not show:
        replication.state = Replication.State.REFUSED
        replication.save(update_fields=["state"])
        return replication
    if replication.run is not None:
        _from_run(replication, replication.run)
    replication.state = Replication.State.SHOWN
    replication.digest = _keep(by, replication)
    with transaction.atomic():
        replication.save()
        log(by, "show-replication", "case", case.key, replication=replication.key)
    return replication


def _from_run(replication: Replication, run: Run) -> None:
    if run.state != Run.State.DONE:
        raise NotAReplication(problem=gettext_noop("its run is not done."))
    original = replication.record.get("original") or replication.record["runs"][0]["run"]
    replication.record = {
        "format": "heirloom/replication/1",
        "kit": {
            "key": replication.seal.case.key,
            "seal": replication.seal.number,
            "digest": replication.seal.digest,
        },
        "who": replication.who,
        "where": replication.where,
        "at": run.ended_at.isoformat(timespec="seconds") if run.ended_at else "",
        "own_material": True,
        "runs": [{"run": original, "method": run.method, "record": run.record}],
    }
    replication.comparison = comparisons(replication.seal, replication.record["runs"])


def describe(replication: Replication) -> dict[str, Any]:
    """Return what the archive keeps of a replication."""
    return {
        "format": "heirloom/replication-record/1",
        "key": replication.key,
        "case": replication.seal.case.key,
        "seal": replication.seal.number,
        "who": replication.who,
        "where": replication.where,
        "note": replication.note.to_json(),
        "run": replication.run.key if replication.run else None,
        "record": replication.record,
        "comparison": replication.comparison,
        "at": record_format.when(replication.at),
    }


def _keep(by: User, replication: Replication) -> str:
    identifier = object_id("replication", replication.key)
    data = sealing.to_bytes(describe(replication))
    if archive().exists(identifier) and archive().read(identifier, sealing.RECORD) == data:
        return archive().head(identifier).digest

    def described(files: Mapping[str, FileInfo]) -> crate.Crate:
        title = f"Replication of {object_id('case', replication.seal.case.key)}"
        return crate.Crate.new(
            name=title,
            description=title,
            published=datetime.now(UTC).date().isoformat(),
            license=record_format.NOT_EVALUATED,
            identifier=identifier,
        ).with_files(
            crate.CrateFile(info.path, info.size, info.sha512, "application/json") for info in files.values()
        )

    return (
        archive()
        .write(identifier, {sealing.RECORD: data}, message="shown", agent=agent(by), crate=described)
        .digest
    )
