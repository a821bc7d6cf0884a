"""Taking many descriptions in at once: what an import does, for good or as a dry run.

Drafts go in batches. New things first get rows as drafts, then the whole batch is kept in the archive and
published in one transaction, so that a crash leaves drafts that the next import of the same source completes.
Nothing is ever erased by a source: see :mod:`heirloom.catalogue.importers.merge`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from heirloom.archive.ocfl import Source, Write
from heirloom.archive.safe import Refused
from heirloom.errors import HeirloomError, NotAllowed, gettext_noop
from heirloom.keys import object_id
from heirloom.people import actions as people
from heirloom.people.models import User
from heirloom.text import Translated

from . import dates, record, rights, search, store
from .actions import title_keys, withdraw_item
from .actions_errors import Stale
from .actions_feed import announce_all
from .actions_keep import whole
from .actions_media import AT_ONCE, Prepared, keep_large, prepare
from .actions_shared import ensure_agent, ensure_place, ensure_term
from .derivatives import make_soon
from .importers import merge
from .importers.checks import checked
from .importers.draft import (
    AgentDraft,
    ItemDraft,
    LabelDraft,
    MediaDraft,
    PlaceDraft,
    Problem,
    Statement,
    TermDraft,
)
from .importers.report import Outcome, Report
from .importers.stored import draft_of
from .models import (
    Agent,
    Change,
    Community,
    Contribution,
    Item,
    Label,
    Media,
    Place,
    Protocol,
    Term,
    TitleKey,
)

BATCH: Final = 200

SENTENCES: Final = {
    "draft.protocol-unknown": gettext_noop("There is no protocol {value}. The record was left out, so that nothing is opened by mistake."),
    "draft.community-unknown": gettext_noop("There is no community {value}. It was kept as a statement."),
    "draft.label-not-yours": gettext_noop("Only stewards of {value} apply its labels. The label was kept as a statement."),
    "draft.not-allowed": gettext_noop("You may not change this item."),
    "draft.file-refused": gettext_noop("The file {value} was refused."),
    "draft.file-elsewhere": gettext_noop("The file {value} was not fetched. Its address was kept as a statement."),
}  # fmt: skip
"""One sentence a code, as in ``importers.checks.SENTENCES``."""


@dataclass
class _Job:
    """One draft on its way."""

    draft: ItemDraft
    item: Item | None
    after: ItemDraft
    differences: list[merge.Difference]
    outcome: Outcome
    media: list[Prepared] = field(default_factory=list)
    closes: bool = False
    """Whether the public saw the item and, by its new protocol, does so no more."""


@dataclass
class _Known:
    """Rows that drafts refer to, each looked up once an import."""

    by: User
    agents: dict[AgentDraft, Agent] = field(default_factory=dict)
    places: dict[Any, Place] = field(default_factory=dict)
    terms: dict[TermDraft, Term] = field(default_factory=dict)
    communities: dict[str, Community] = field(default_factory=dict)
    protocols: dict[str, Protocol] = field(default_factory=dict)

    @classmethod
    def load(cls, by: User) -> _Known:
        known = cls(by)
        known.communities = {community.slug: community for community in Community.objects.all()}
        known.protocols = {
            protocol.key: protocol for protocol in Protocol.objects.prefetch_related("communities")
        }
        return known

    def agent(self, draft: AgentDraft) -> Agent:
        found = self.agents.get(draft)
        if found is None:
            found = self.agents[draft] = ensure_agent(
                self.by, name=draft.name, kind=draft.kind, uri=draft.uri, source_id=draft.source_id
            )
        return found

    def place(self, draft: PlaceDraft) -> Place:
        identity = (replace(draft, geometry=None), repr(draft.geometry))
        found = self.places.get(identity)
        if found is None:
            found = self.places[identity] = ensure_place(
                self.by,
                name=draft.name or Translated({"und": draft.identity[:200]}),
                gazetteer=draft.gazetteer,
                country=draft.country,
                longitude=draft.longitude,
                latitude=draft.latitude,
                geometry=dict(draft.geometry) if draft.geometry else None,
                precision_km=draft.precision_km,
            )
        return found

    def term(self, draft: TermDraft) -> Term:
        found = self.terms.get(draft)
        if found is None:
            found = self.terms[draft] = ensure_term(
                self.by, scheme=draft.scheme, code=draft.code, label=draft.label, uri=draft.uri
            )
        return found


def ingest_records(
    by: User,
    drafts: Iterable[ItemDraft],
    *,
    publish: bool = True,
    dry_run: bool = False,
    report: Report | None = None,
    batch: int = BATCH,
    progress: Callable[[int], None] | None = None,
    key: str = "",
) -> Report:
    """Store drafts: make new items, change those that are known, withdraw what the source says is gone.

    Drafts are checked here (``importers.checks``), whoever calls. Doing the same import again changes nothing.

    Args:
        by: a cataloguer; other people may import only drafts that stay drafts (``publish=False``).
        publish: publish what is new; what is a draft here already stays one until a person publishes it, unless it was made by an
            import that broke off.
        dry_run: say what would happen, and write nothing.
        report: one to go on filling; a new one by default.
        progress: called with the number of drafts done, after each batch.
        key: of the ``ImportBatch``, for the log.

    Raises:
        NotAllowed; Stale: somebody changed a thing while its batch was stored; NoRoom and other errors of the archive. The batches
            before are kept, and the same import again goes on from there.
    """
    if not rights.may_describe(by) or (publish and not rights.viewer(by).cataloguer):
        raise NotAllowed
    report = report or Report(dry_run=dry_run)
    known = _Known.load(by)
    done = 0
    waiting = iter(drafts)
    while chunk := list(islice(waiting, batch)):
        who = rights.viewer(by)
        jobs = list(_judged(who, known, _joined(map(checked, chunk)), publish, report, dry_run))
        if jobs and not dry_run:
            _store(by, known, jobs, publish, key)
        for job in jobs:
            stored = job.item.key if job.item is not None else ""
            report.add(job.outcome, job.draft, job.differences, key=stored)
        done += len(chunk)
        if progress:
            progress(done)
    return report


def _joined(drafts: Iterable[ItemDraft]) -> Iterator[ItemDraft]:
    """Drafts of one thing in one batch become one draft."""
    found: dict[tuple[str, str, str], ItemDraft] = {}
    for draft in drafts:
        identity = (draft.key, draft.source, draft.source_id)
        if draft.fatal or identity not in found:
            found[identity if not draft.fatal else ("", "", str(len(found)) + "!")] = draft
        else:
            before = found[identity]
            found[identity] = replace(merge.merge(before, draft), problems=before.problems + draft.problems)
    return iter(found.values())


def _existing(drafts: list[ItemDraft]) -> Mapping[Any, Item]:
    """Items that the drafts are about, by key and by source with identifier."""
    wanted = Q(key__in=[draft.key for draft in drafts if draft.key])
    by_source: dict[str, list[str]] = {}
    for draft in drafts:
        if draft.source_id:
            by_source.setdefault(draft.source, []).append(draft.source_id)
    for source, ids in by_source.items():
        wanted |= Q(source=source, source_id__in=ids)
    found: dict[Any, Item] = {}
    for item in whole(Item.objects.filter(wanted)):
        found[item.key] = item
        if item.source_id:
            found[item.source, item.source_id] = item
    return found


def _judged(
    who: rights.Viewer,
    known: _Known,
    drafts: Iterable[ItemDraft],
    publish: bool,
    report: Report,
    dry_run: bool,
) -> Iterator[_Job]:
    """The drafts that change something; all others go into the report at once."""
    chunk = list(drafts)
    existing = _existing(chunk)
    for draft in chunk:
        item = existing.get(draft.key) or existing.get((draft.source, draft.source_id))
        draft = _settled(who, known, draft, item)
        if not draft.fatal and item is not None and not _may_change(who, item, draft):
            draft = _with(draft, Problem("draft.not-allowed", "key", item.key, fatal=True))
        if draft.fatal:
            report.add(Outcome.PROBLEM, draft)
            continue
        if draft.deleted:
            _remove(known.by, item, draft, report, dry_run)
            continue
        before = draft_of(item) if item is not None else None
        base = _without_superseded(before, draft) if before else ItemDraft(draft.source, draft.source_id)
        after = merge.merge(base, draft)
        differences = merge.differences(before, after)
        broken_off = (
            item is not None and publish and item.state == Item.State.DRAFT and item.object_version == 0
        )
        if item is not None and not differences and not broken_off:
            report.add(Outcome.UNCHANGED, draft, key=item.key)
            continue
        yield _Job(draft, item, after, differences, Outcome.UPDATE if item else Outcome.CREATE)


def _may_change(who: rights.Viewer, item: Item, draft: ItemDraft) -> bool:
    """Whether *who* may edit the item, and give it the protocol that the draft asks for: a community's is lifted by its stewards alone."""
    held = item.protocol.key if item.protocol is not None else ""
    if draft.protocol not in ("", held) and not rights.may_set_protocol(who, item):
        return False
    return rights.may_edit(who, item)


def _with(draft: ItemDraft, *problems: Problem) -> ItemDraft:
    return replace(draft, problems=draft.problems + problems)


def _settled(who: rights.Viewer, known: _Known, draft: ItemDraft, item: Item | None) -> ItemDraft:
    """The draft without what this installation does not know or this person may not say; that becomes statements."""
    statements: list[Statement] = []
    problems: list[Problem] = []
    if draft.protocol and draft.protocol not in known.protocols:
        return _with(draft, Problem("draft.protocol-unknown", "protocol", draft.protocol, fatal=True))
    communities = tuple(slug for slug in draft.communities if slug in known.communities)
    for slug in sorted(set(draft.communities) - set(communities)):
        problems.append(Problem("draft.community-unknown", "communities", slug))
        statements.append(Statement("community", slug))
    labels = []
    for label in draft.labels:
        community = known.communities.get(label.community)
        if community is not None and rights.may_label(who, community):
            labels.append(label)
            continue
        problems.append(Problem("draft.label-not-yours", "labels", label.community))
        statements.append(Statement("label", _label_name(label)))
        statements.extend(
            Statement(f"label {_label_name(label)}", text.value, tag) for tag, text in label.text.items()
        )
    media = tuple(_settled_media(draft.media, item, statements, problems))
    if not problems and media == draft.media:
        return draft
    return replace(
        draft,
        communities=communities,
        labels=tuple(labels),
        media=media,
        statements=draft.statements + tuple(statements),
        problems=draft.problems + tuple(problems),
    )


def _label_name(label: LabelDraft) -> str:
    return f"{label.code} ({label.community})"


def _settled_media(
    given: Iterable[MediaDraft], item: Item | None, statements: list[Statement], problems: list[Problem]
) -> Iterator[MediaDraft]:
    """The files that are at hand, or that the item has already; of a known item each with the digest that is, or would be, kept."""
    have = list(item.media.all()) if item is not None else []
    names, digests = {media.original_name for media in have}, {media.sha512 for media in have}
    for file in given:
        if file.path is None and file.name not in names and file.sha512 not in digests:
            code = "draft.file-elsewhere" if file.uri else "draft.file-missing"
            problems.append(Problem(code, "media", (file.uri or file.name)[:120]))
            statements.append(Statement("media", file.uri or file.name))
        elif file.path is None or item is None or file.sha512 in digests:
            yield file
        else:
            # What is kept may differ from what was given (an SVG is rebuilt): only that tells whether it is new.
            try:
                yield replace(file, sha512=prepare(file.path, file.name, set()).sha512)
            except (Refused, OSError) as error:
                problems.append(_refused(file, error))


def _refused(file: MediaDraft, error: Exception) -> Problem:
    reason = error.code if isinstance(error, HeirloomError) else type(error).__name__
    return Problem("draft.file-refused", "media", f"{file.name}: {reason}")


def _without_superseded(before: ItemDraft, draft: ItemDraft) -> ItemDraft:
    """What is there, without statements that stood in for what *draft* now says, or says in other words."""
    applied = {_label_name(label) for label in draft.labels}
    anew = {(part.name, part.language) for part in draft.statements if part.name.startswith("label ")}

    def superseded(part: Statement) -> bool:
        if part.name == "label":
            return part.value in applied
        if part.name == "community":
            return part.value in draft.communities
        named = part.name.removeprefix("label ")
        return named != part.name and (named in applied or (part.name, part.language) in anew)

    kept = tuple(part for part in before.statements if part in draft.statements or not superseded(part))
    return before if kept == before.statements else replace(before, statements=kept)


def _remove(by: User, item: Item | None, draft: ItemDraft, report: Report, dry_run: bool) -> None:
    if item is None or item.state != Item.State.PUBLISHED:
        report.add(Outcome.SKIPPED, draft, reason="deleted")
        return
    if not dry_run:
        withdraw_item(by, item, reason="the source says that it is gone")
    report.add(Outcome.WITHDRAW, draft, key=item.key)


# -- storing ---------------------------------------------------------------------------------------------------------


def _store(by: User, known: _Known, jobs: list[_Job], publish: bool, key: str) -> None:
    new: list[Item] = []
    with transaction.atomic():
        for job in jobs:
            if job.item is None:
                job.item = Item(source=job.draft.source, source_id=job.draft.source_id, owner=by)
                _fill(job.item, job.after, known)
                new.append(job.item)
        Item.objects.bulk_create(new)
    for job in jobs:
        _prepare_media(by, job)
    with transaction.atomic():
        _write_rows(known, jobs)
        _keep(by, jobs, publish)
        people.log(by, "ingest", "import", key, items=len(jobs), new=len(new))


def _fill(item: Item, after: ItemDraft, known: _Known) -> None:
    """Set the item's own columns."""
    for name in ("title", "description", "date_note", "date", "rights", "rights_holder", "source_uri"):
        setattr(item, name, getattr(after, name))
    item.kind = after.kind or item.kind or Item.Kind.OBJECT
    item.illustrative = bool(after.illustrative)
    item.statements = [statement.to_json() for statement in after.statements]
    item.year_from, item.year_to = dates.years(after.date)
    item.protocol = known.protocols[after.protocol] if after.protocol else None
    item.revision += 1
    item.updated_at = timezone.now()


def _files_of(job: _Job) -> list[Media]:
    """The files that the item has already; no query for a new one."""
    return [] if job.item is None or job.outcome is Outcome.CREATE else list(job.item.media.all())


def _prepare_media(by: User, job: _Job) -> None:
    """Judge new files before any transaction; a refused one is a problem of its record, not of the import."""
    assert job.item is not None
    have = {media.original_name: media for media in _files_of(job)}
    taken = {media.path.casefold() for media in _files_of(job)}
    for file in job.after.media:
        old = have.get(file.name)
        if file.path is None or (old is not None and file.sha512 in ("", old.sha512)):
            continue
        # A file in the place of another takes its path, unless it is copied before the rows change.
        again = {old.path.casefold()} if old is not None and file.path.stat().st_size <= AT_ONCE else set()
        try:
            made = prepare(file.path, file.name, taken - again)
        except (Refused, OSError) as error:
            job.draft = _with(job.draft, _refused(file, error))
            continue
        made.replaces = old
        taken.add(made.path.casefold())
        if made.large:
            keep_large(job.item, made, by)
        job.media.append(made)


def _write_rows(known: _Known, jobs: list[_Job]) -> None:
    rows: dict[type[Any], list[Any]] = {
        model: []
        for model in (
            Contribution,
            Label,
            TitleKey,
            Item.communities.through,
            Item.places.through,
            Item.terms.through,
        )
    }
    changed: list[Item] = []
    _require_unchanged([job.item for job in jobs if job.item and job.outcome is not Outcome.CREATE])
    for job in jobs:
        assert job.item is not None
        item, after = job.item, job.after
        if job.outcome is not Outcome.CREATE:
            held, seen = item.protocol_id, rights.visible(None, item)
            _fill(item, after, known)
            item.save()
            job.closes = item.protocol_id != held and seen and not rights.visible(None, item)
            changed.append(item)
        rows[TitleKey].extend(title_keys(item))
        _relate(known, item, after, rows)
        _write_media(job)
    for model, made in rows.items():
        if changed:
            model.objects.filter(item__in=changed).delete()
        model.objects.bulk_create(made, batch_size=500)


def _require_unchanged(items: list[Item]) -> None:
    """Lock the items; raise Stale where a person saved one, or closed it, since it was read: the next import takes that in."""
    rows = Item.objects.select_for_update().filter(pk__in=[item.pk for item in items]).order_by("pk")
    now = dict(rows.values_list("pk", "revision")) if items else {}
    if any(now.get(item.pk) != item.revision for item in items):
        raise Stale


def _relate(known: _Known, item: Item, after: ItemDraft, rows: dict[type[Any], list[Any]]) -> None:
    """The rows that join an item to what it refers to."""
    parts = dict.fromkeys((known.agent(part.agent).pk, part.role) for part in after.contributions)
    rows[Contribution].extend(
        Contribution(item=item, agent_id=agent, role=role, position=position)
        for position, (agent, role) in enumerate(parts)
    )
    rows[Label].extend(
        Label(
            item=item,
            community=known.communities[label.community],
            code=label.code,
            text=label.text,
            position=position,
        )
        for position, label in enumerate(after.labels)
    )
    joins: tuple[tuple[Any, str, Iterable[Any]], ...] = (
        (Item.communities.through, "community", (known.communities[slug] for slug in after.communities)),
        (Item.places.through, "place", map(known.place, after.places)),
        (Item.terms.through, "term", map(known.term, after.terms)),
    )
    for through, name, things in joins:
        keys = dict.fromkeys(thing.pk for thing in things)
        rows[through].extend(through(**{"item": item, f"{name}_id": pk}) for pk in keys)


def _write_media(job: _Job) -> None:
    """Rows of new files; texts of files that are there already, and new content under a name that is there."""
    assert job.item is not None
    described = {file.name: file for file in job.after.media}
    position = 0
    for media in _files_of(job):
        position = max(position, media.position + 1)
        file = described.get(media.original_name)
        wanted = (file.alt, file.caption, file.language) if file else None
        if file and wanted != (media.alt, media.caption, media.language):
            media.alt, media.caption, media.language = file.alt, file.caption, file.language
            media.save()
    for made in job.media:
        file = described[made.given]
        media = made.media(job.item, position)
        if made.replaces is not None:
            media.pk, media.position = made.replaces.pk, made.replaces.position
        media.original_name = made.given[:500]
        media.role, media.language, media.alt, media.caption = (
            file.role,
            file.language,
            file.alt,
            file.caption,
        )
        media.save()
        make_soon(media)
        position += 1


def _keep(by: User, jobs: list[_Job], publish: bool) -> None:
    """Publish what is new, then keep, announce and index the batch."""
    fresh: list[Item] = []
    told: list[tuple[Item, str, datetime]] = []
    files: dict[int, dict[str, Source]] = {}
    for job in jobs:
        item = job.item
        assert item is not None
        kind = Change.Kind.UPDATE
        if item.state == Item.State.DRAFT and publish and item.object_version == 0 and item.title:
            item.state = Item.State.PUBLISHED
            fresh.append(item)
            kind = Change.Kind.CREATE
        if job.closes:
            kind = Change.Kind.DELETE  # harvesters see what the public sees
        if item.state == Item.State.PUBLISHED:
            told.append((item, kind, item.updated_at))
        files[item.pk] = {part.path: part.source for part in job.media}
    Item.objects.filter(pk__in=[item.pk for item in fresh]).update(state=Item.State.PUBLISHED)
    announce_all(told)
    full = list(whole(Item.objects.filter(pk__in=files).order_by("pk")))
    feed: dict[str, list[Change]] = {}
    for change in Change.objects.filter(about="item", key__in=[item.key for item in full]).order_by("id"):
        feed.setdefault(change.key, []).append(change)
    kept = [
        item for item in full if item.state != Item.State.DRAFT or item.object_version or item.media.all()
    ]
    requests = (_request(by, item, feed.get(item.key, []), files[item.pk]) for item in kept)
    versions = list(store.archive().write_many(requests))
    table = Item._meta.db_table  # noqa: SLF001  Django's documented API
    with connection.cursor() as cursor:
        # One prepared statement: bulk_update would build a condition of the size of the batch.
        cursor.executemany(
            f"UPDATE {table} SET object_version = %s, digest = %s WHERE id = %s",  # noqa: S608  a constant
            [(version.number, version.digest, item.pk) for item, version in zip(kept, versions, strict=True)],
        )
    search.put(search.item_entry(item) for item in full)


def _request(by: User, item: Item, changes: list[Change], files: dict[str, Source]) -> Write:
    identifier = object_id("item", item.key)
    archive = store.archive()
    present = set(archive.files(identifier)) if archive.exists(identifier) else set()
    described = {media.path for media in item.media.all()}
    folder = f"{record.MEDIA_FOLDER}/"
    return Write(
        identifier,
        {record.RECORD: record.dump(record.item_record(item, changes)), **files},
        message="ingest",
        agent=store.agent(by),
        remove=[path for path in present if path.startswith(folder) and path not in described],
        crate=lambda infos: record.item_crate(item, infos),
    )
