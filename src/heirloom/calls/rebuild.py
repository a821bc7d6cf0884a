"""Makes calls that were published, and their collections, again from the archive.

Drafts, submissions, reviews and decisions live only in the database.
"""

from __future__ import annotations

from datetime import datetime

from heirloom.archive import Archive
from heirloom.cases.models import Seal
from heirloom.catalogue import rebuild, record
from heirloom.catalogue.models import Change
from heirloom.text import Translated

from . import content
from .models import Call, Collection, Criterion, Entry, Level, Phase, Question, Theme

TABLES = (Call, Phase, Theme, Question, Criterion, Level, Collection, Entry)


class _Collections:
    """Rebuilds a call with its collection and entries."""

    def __init__(self, archive: Archive) -> None:
        self.archive = archive

    def add(self, kept: rebuild.Kept) -> None:
        made = kept.record
        call = Call(
            key=made["call"]["key"],
            slug=made["call"]["slug"],
            state=Call.State.CLOSED,
            created_at=record.parse_when(made["call"]["created_at"]),
        )
        content.apply(call, made["call"], keep_rubric=False)
        collection = Collection.objects.create(
            key=kept.key,
            call=call,
            slug=made["slug"],
            title=Translated.from_json(made["title"]),
            summary=Translated.from_json(made["summary"]),
            published_at=datetime.fromisoformat(made["published_at"]),
            object_version=kept.number,
            digest=kept.digest,
        )
        themes = {theme.slug: theme for theme in call.themes.all()}
        seals = {
            (seal.case.key, seal.number): seal
            for seal in Seal.objects.filter(
                case__key__in=[entry["case"] for entry in made["entries"]]
            ).select_related("case")
        }
        Entry.objects.bulk_create(
            Entry(
                collection=collection,
                seal=seals[entry["case"], entry["seal"]],
                theme=themes.get(entry["theme"]),
                position=position,
            )
            for position, entry in enumerate(made["entries"])
            if (entry["case"], entry["seal"]) in seals
        )
        for version in self.archive.versions(kept.object_id):
            kind = Change.Kind.CREATE if version.number == 1 else Change.Kind.UPDATE
            Change.objects.create(about="collection", key=kept.key, at=version.created, kind=kind)

    def finish(self) -> None:
        """Nothing waits."""


def register() -> None:
    """Tell the rebuild about collections; cases come first."""
    rebuild.register(["collection"], _Collections)
