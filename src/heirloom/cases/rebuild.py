"""Makes the rows of cases, seals, runs and replications again from the archive.

Who works on a case, and drafts that were never sealed, live only in the database and are not made again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from heirloom.archive import Archive
from heirloom.catalogue import rebuild, record
from heirloom.catalogue.models import Change, Item
from heirloom.pathways.record import RunRecord
from heirloom.text import Translated

from . import sealing
from .models import Case, Cost, GoalClaim, Partner, Reach, Replication, Run, Seal, Section
from .run_actions import RUN_RECORD, fill

TABLES = (Case, Section, Cost, Reach, GoalClaim, Partner, Seal, Run, Replication)


class _Cases:
    """Rebuilds runs that were done, then cases that were sealed, with every seal."""

    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        self.shared = rebuild.Shared()
        self.repeats: list[tuple[str, str]] = []
        self.runs_of: dict[str, list[str]] = {}

    def add(self, kept: rebuild.Kept) -> None:
        if kept.kind == "run":
            self._run(kept)
        else:
            self._sealed(kept)

    def finish(self) -> None:
        for key, first in self.repeats:
            Run.objects.filter(key=key).update(repeats=Run.objects.filter(key=first).first())

    def _run(self, kept: rebuild.Kept) -> None:
        if RUN_RECORD not in self.archive.files(kept.object_id):
            return
        made = RunRecord.from_json(json.loads(self.archive.read(kept.object_id, RUN_RECORD)))
        run = Run(
            key=kept.key,
            method=kept.record["method"],
            method_version=kept.record["method_version"],
            title=Translated.from_json(kept.record["title"]),
            inputs=kept.record["inputs"],
            params=kept.record["params"],
            attempts=kept.record["attempts"],
            created_at=record.parse_when(kept.record["created_at"]),
            object_version=kept.number,
            digest=kept.digest,
        )
        fill(run, made)
        run.save()
        if kept.record["repeats"]:
            self.repeats.append((kept.key, kept.record["repeats"]))
        if kept.record["case"]:
            self.runs_of.setdefault(kept.record["case"], []).append(kept.key)

    def _sealed(self, kept: rebuild.Kept) -> None:
        sealed: Mapping[str, Any] = kept.record
        case = self._case(kept.key, sealed)
        Run.objects.filter(key__in=self.runs_of.get(kept.key, [])).update(case=case)
        self._children(case, sealed)
        seals: dict[int, Seal] = {}
        said: dict[str, Any] | None = None
        first: datetime | None = None
        for version in self.archive.versions(kept.object_id):
            if sealing.PUBLICATION not in self.archive.files(kept.object_id, version.number):
                seals[version.number] = self._seal(case, kept.object_id, version.number, version.digest)
                continue
            said = json.loads(self.archive.read(kept.object_id, sealing.PUBLICATION, version.number))
            kind = (
                Change.Kind.DELETE
                if said["withdrawn"]
                else Change.Kind.UPDATE
                if first
                else Change.Kind.CREATE
            )
            Change.objects.get_or_create(about="case", key=case.key, at=version.created, kind=kind)
            first = first or version.created
        if said is not None:
            case.state = Case.State.WITHDRAWN if said["withdrawn"] else Case.State.PUBLISHED
            case.published_seal = seals.get(said["seal"])
            case.published_at = first
            # Laid or lifted since that version was sealed, maybe: it holds for what is published.
            case.protocol = self.shared.protocol(said.get("protocol_described"))
            case.save(update_fields=["state", "published_seal", "published_at", "protocol"])

    def _case(self, key: str, sealed: Mapping[str, Any]) -> Case:
        case = Case.objects.create(
            key=key,
            title=Translated.from_json(sealed["title"]),
            summary=Translated.from_json(sealed["summary"]),
            skills=Translated.from_json(sealed["skills"]),
            started=sealed["started"],
            ended=sealed["ended"],
            rights=sealed["rights"],
            illustrative=sealed["illustrative"],
            sources=sealed["sources"],
            cover=Item.objects.filter(key=sealed["cover"]).first(),
            protocol=self.shared.protocol(sealed["protocol_described"]),
            revision=sealed["revision"],
            created_at=record.parse_when(sealed["created_at"]),
            updated_at=record.parse_when(sealed["updated_at"]),
        )
        case.communities.set(
            [self.shared.community(made) for made in sealed["communities_described"].values()]
        )
        case.places.set([self.shared.place(made) for made in sealed["places_described"].values()])
        case.terms.set([self.shared.term(made) for made in sealed["terms_described"].values()])
        return case

    @staticmethod
    def _children(case: Case, sealed: Mapping[str, Any]) -> None:
        def words(value: Any) -> Translated:
            return Translated.from_json(value)

        items = Item.objects.in_bulk(list(sealed["items"]), field_name="key")
        runs = Run.objects.in_bulk(list(sealed["runs"]), field_name="key")
        Section.objects.bulk_create(
            Section(
                case=case,
                position=position,
                heading=words(part["heading"]),
                body=words(part["body"]),
                item=items.get(part["item"]),
                run=runs.get(part["run"]),
            )
            for position, part in enumerate(sealed["sections"])
        )
        Cost.objects.bulk_create(
            Cost(case=case, position=position, **{**part, "what": words(part["what"])})
            for position, part in enumerate(sealed["costs"])
        )
        Reach.objects.bulk_create(
            Reach(
                case=case,
                position=position,
                **{**part, "who": words(part["who"]), "evidence": words(part["evidence"])},
            )
            for position, part in enumerate(sealed["reach"])
        )
        GoalClaim.objects.bulk_create(
            GoalClaim(
                case=case,
                goal=part["goal"],
                target=part["target"],
                evidence=words(part["evidence"]),
                item=items.get(part["item"]),
                run=runs.get(part["run"]),
            )
            for part in sealed["goals"]
        )
        Partner.objects.bulk_create(
            Partner(
                case=case,
                position=position,
                **{**part, "name": words(part["name"]), "role": words(part["role"])},
            )
            for position, part in enumerate(sealed["partners"])
        )

    def _seal(self, case: Case, identifier: str, number: int, digest: str) -> Seal:
        sealed = json.loads(self.archive.read(identifier, sealing.RECORD, number))
        return Seal.objects.create(
            case=case,
            number=number,
            digest=digest,
            content=sealed,
            facts=sealed["facts"],
            consent=sealed["consent"],
            note=sealed["note"],
            sealed_at=datetime.fromisoformat(sealed["sealed_at"]),
        )


class _Replications:
    """Rebuilds replications that were shown."""

    def __init__(self, archive: Archive) -> None:
        self.archive = archive

    def add(self, kept: rebuild.Kept) -> None:
        made = kept.record
        seal = Seal.objects.filter(case__key=made["case"], number=made["seal"]).first()
        if seal is None:
            return
        Replication.objects.create(
            key=kept.key,
            seal=seal,
            state=Replication.State.SHOWN,
            run=Run.objects.filter(key=made["run"]).first() if made["run"] else None,
            who=made["who"],
            where=made["where"],
            note=Translated.from_json(made["note"]),
            record=made["record"],
            comparison=made["comparison"],
            digest=kept.digest,
            at=record.parse_when(made["at"]),
        )

    def finish(self) -> None:
        """Nothing waits."""


def register() -> None:
    """Tell the rebuild about runs, cases and replications, in this order."""
    rebuild.register(["run", "case"], _Cases)
    rebuild.register(["replication"], _Replications)
