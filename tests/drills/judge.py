"""Whether an installation is sound: the store by the specification, the database by itself, and each by the other."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import ocfl
from django.conf import settings
from django.db import DatabaseError, connection

from heirloom.archive import Archive, FileInfo
from heirloom.calls.models import Collection
from heirloom.cases.models import Case, Replication, Run, Seal
from heirloom.cases.queries import published_case, published_cases
from heirloom.catalogue import queries, rights, store
from heirloom.catalogue.filters import Filters
from heirloom.catalogue.models import Change, Item, SearchEntry
from heirloom.catalogue.search import entry_id
from heirloom.keys import object_id

SAMPLE = 5


def wrongs(*, settled: bool = False) -> list[str]:
    """Everything that is wrong with this installation; with *settled*, rows must also be as new as the archive."""
    store.forget()
    return [*_store(), *_database(), *_rows(settled=settled), *_visible(), *_search()]


def _store() -> Iterator[str]:
    archive = store.archive()
    report = archive.verify()
    if not (report.valid and report.complete):
        yield f"archive: {report.damaged or report.invalid}"
    yield from (f"archive: {finding}" for finding in report.findings)
    yield from (f"left over: {name}" for name in archive.storage.leftovers())
    root = Path(settings.ARCHIVE_ROOT)
    keys = sorted(archive.object_keys(), key=lambda key: (root / key / "inventory.json").stat().st_mtime)
    for key in {*keys[-SAMPLE:], *random.Random(len(keys)).sample(keys, min(SAMPLE, len(keys)))}:
        accepted, peer = ocfl.Object().validate(objdir=str(root / key), log_warnings=False)
        if not accepted:
            yield f"ocfl-py refuses {key}: {peer.messages}"


def _database() -> Iterator[str]:
    with connection.cursor() as cursor:
        for check in ("integrity_check", "foreign_key_check"):
            cursor.execute(f"PRAGMA {check}")
            found = cursor.fetchall()
            if found not in ([], [("ok",)]):
                yield f"database: {check}: {found[:3]}"


class _Kept:
    """What the archive holds of one thing."""

    def __init__(self, archive: Archive, kind: str, key: str) -> None:
        self.name = object_id(kind, key)
        self.archive = archive
        there = archive.exists(self.name)
        self.digests = {made.number: made.digest for made in archive.versions(self.name)} if there else {}
        self.head = max(self.digests, default=0)

    def wrong(self, number: int, digest: str, *, settled: bool) -> Iterator[str]:
        if self.digests.get(number) != digest:
            yield f"{self.name}: the row says v{number} {digest[:8]}, the archive has v{self.head}"
        elif settled and number != self.head:
            yield f"{self.name}: the row says v{number}, the archive is at v{self.head}"

    def files(self, number: int) -> dict[str, FileInfo]:
        return self.archive.files(self.name, number) if number in self.digests else {}


def _rows(*, settled: bool) -> Iterator[str]:
    """Every row that names a version names one that is there, with the files that the row tells of."""
    archive = store.archive()
    for item in Item.objects.prefetch_related("media"):
        if item.object_version == 0:
            if item.state != Item.State.DRAFT:
                yield f"item {item.key}: {item.state} without a package"
            if item.media.all():
                yield f"item {item.key}: files without a package"
            continue
        kept = _Kept(archive, "item", item.key)
        yield from kept.wrong(item.object_version, item.digest, settled=settled)
        files = kept.files(item.object_version)
        for media in item.media.all():
            if media.path not in files or files[media.path].sha512 != media.sha512:
                yield f"item {item.key}: {media.path} is not in the archive"
    for seal in Seal.objects.select_related("case"):
        yield from _Kept(archive, "case", seal.case.key).wrong(seal.number, seal.digest, settled=False)
    for run in Run.objects.all():
        kept = _Kept(archive, "run", run.key)
        if run.state == Run.State.DONE:
            yield from kept.wrong(run.object_version, run.digest, settled=settled)
            files = kept.files(run.object_version)
            for out in run.outputs:
                if out["path"] not in files or files[out["path"]].sha512 != out["sha512"]:
                    yield f"run {run.key}: {out['path']} is not in the archive"
        elif run.outputs and settled:
            yield f"run {run.key}: {run.state} with outputs"
    for replication in Replication.objects.exclude(digest=""):
        kept = _Kept(archive, "replication", replication.key)
        yield from kept.wrong(kept.head, replication.digest, settled=False)
    for collection in Collection.objects.exclude(published_at=None):
        kept = _Kept(archive, "collection", collection.key)
        yield from kept.wrong(collection.object_version, collection.digest, settled=settled)


def _visible() -> Iterator[str]:
    """Whatever a visitor can see is whole: nothing is half-visible."""
    archive = store.archive()
    seen = Item.objects.filter(rights.visible_items(None)).distinct()
    for item in seen:
        shown = queries.get_item(None, item.key)
        if not shown.digest or not archive.exists(object_id("item", item.key)):
            yield f"visible without a package: item {item.key}"
        if not Change.objects.filter(about="item", key=item.key).exists():
            yield f"visible without a word to harvesters: item {item.key}"
        if not shown.title_keys.exists():
            yield f"visible and not in lists: item {item.key}"
    listed = queries.list_items(None, Filters(), facets=False).total
    if listed != seen.count():
        yield f"{listed} items listed, {seen.count()} visible"
    for case in published_cases(None):
        _, seal = published_case(None, case.key)
        kept = _Kept(archive, "case", case.key)
        if "publication.json" not in kept.files(kept.head):
            yield f"visible and not published: case {case.key}"
        for key in seal.content["items"]:
            if not rights.visible(None, Item.objects.get(key=key)):
                yield f"case {case.key} shows the hidden item {key}"
    for collection in Collection.objects.exclude(published_at=None):
        entries = collection.entries.select_related("seal__case")
        for entry in entries:
            if entry.seal.case.state != Case.State.PUBLISHED:
                yield f"collection {collection.slug} shows the hidden case {entry.seal.case.key}"
        if not entries:
            yield f"collection {collection.slug} is empty"


def _search() -> Iterator[str]:
    """The search knows each thing that is there once, and nothing that is not."""
    known = set(SearchEntry.objects.values_list("pk", flat=True))
    there = {entry_id("item", pk) for pk in Item.objects.values_list("pk", flat=True)}
    there |= {entry_id("case", pk) for pk in Case.objects.values_list("pk", flat=True)}
    if known - there:
        yield f"search knows {len(known - there)} things that are not there"
    must = {entry_id("item", pk) for pk in Item.objects.exclude(state="draft").values_list("pk", flat=True)}
    must |= {
        entry_id("case", pk) for pk in Case.objects.filter(state="published").values_list("pk", flat=True)
    }
    if must - known:
        yield f"search lacks {len(must - known)} things that are visible"
    try:
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO heirloom_search(heirloom_search, rank) VALUES('integrity-check', 1)")
    except DatabaseError as error:
        yield f"search: {error}"
