"""Making the rows again from the archive alone, and proving that they are the same.

:func:`rebuild` reads every package once and recreates the rows of the catalogue: communities, protocols, places,
terms, agents, items with their media, contributions and labels, and the feed. Parts above register their own
rebuilders (:func:`register`), which run after the catalogue's, in the order of registration. What lives only in the
database (accounts, memberships, grants, ownership, drafts without a package, the log) is not made again; see docs/operate.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from typing import Protocol as Interface

from django.db import models, transaction

from heirloom.archive import Archive, NoFile
from heirloom.errors import HeirloomError, gettext_noop
from heirloom.people.models import User
from heirloom.text import Translated

from . import dates, record, search, store
from .actions import title_keys
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

BATCH: Final = 500

Progress = Callable[[int, int], None]
"""Called with the number of packages read and of all packages."""


class AlreadyThere(HeirloomError):
    """Rebuilding needs empty tables."""

    code = "rebuild.not-empty"
    message = gettext_noop("The catalogue has rows already ({table}). Rebuild into an empty database.")
    kept = gettext_noop("Nothing was changed.")
    status = 409


@dataclass(frozen=True, slots=True)
class Kept:
    """A package as a rebuilder sees it: its kind and key, its newest version, and its record."""

    object_id: str
    kind: str
    key: str
    number: int
    digest: str
    record: Mapping[str, Any]


class Rebuilder(Interface):
    """Makes the rows of some kinds of packages."""

    def add(self, kept: Kept) -> None:
        """Take in one package; packages come in the order of their keys, kind by kind."""

    def finish(self) -> None:
        """Called when all packages of its kinds were handed over."""


@dataclass(frozen=True, slots=True)
class _Registered:
    kinds: tuple[str, ...]
    make: Callable[[Archive], Rebuilder]


_registered: list[_Registered] = []


def register(kinds: Iterable[str], make: Callable[[Archive], Rebuilder]) -> None:
    """Let *make* build a rebuilder for packages of these kinds (``heirloom:KIND:KEY``), in this order of kinds."""
    _registered.append(_Registered(tuple(kinds), make))


@dataclass
class Report:
    """What a rebuild did: packages by kind, and packages that could not be read, with the reason."""

    made: dict[str, int] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)


def rebuild(progress: Progress | None = None) -> Report:
    """Make all rows again that the archive knows of, in one transaction, then the search index.

    A package that cannot be read is reported and left out; the others are made.

    Raises:
        AlreadyThere: a table of the catalogue has rows.
    """
    archive = store.archive()
    for table in (Item, Community, Protocol, Place, Term, Agent):
        if table.objects.exists():
            raise AlreadyThere(table=table._meta.db_table)  # noqa: SLF001  Django's documented API
    by_kind: dict[str, list[str]] = {}
    for object_id in archive.ids():
        parts = object_id.split(":", 2)
        if len(parts) == 3 and parts[0] == "heirloom":
            by_kind.setdefault(parts[1], []).append(object_id)
    total = sum(map(len, by_kind.values()))
    report = Report()
    read = 0
    with transaction.atomic():
        for registered in _registered:
            rebuilder = registered.make(archive)
            for kind in registered.kinds:
                for kept in _packages(archive, kind, sorted(by_kind.get(kind, ())), report):
                    rebuilder.add(kept)
                    report.made[kind] = report.made.get(kind, 0) + 1
                    read += 1
                    if progress and read % 100 == 0:
                        progress(read, total)
            rebuilder.finish()
        _gone(archive)
        search.reindex()
    if progress:
        progress(read, total)
    return report


def _packages(archive: Archive, kind: str, ids: Iterable[str], report: Report) -> Iterator[Kept]:
    for object_id in ids:
        try:
            head = archive.head(object_id)
            made = record.load(archive.read(object_id, record.RECORD, head.number), object_id)
        except NoFile:
            continue  # a package begun by a crash before anything was described
        except HeirloomError as error:
            report.unread[object_id] = f"{error.code}: {error}"
            continue
        yield Kept(object_id, kind, object_id.split(":", 2)[2], head.number, head.digest, made)


def _gone(archive: Archive) -> None:
    """Tell harvesters again of what was purged: all else that was known of it is erased."""
    for stone in archive.tombstones():
        _, kind, key = stone.object_id.split(":", 2)
        if kind in ("item", "case"):
            Change.objects.create(at=stone.purged, kind=Change.Kind.DELETE, about=kind, key=key)


# -- the catalogue's own ---------------------------------------------------------------------------------------------


def _text(value: Any) -> Translated:
    return Translated.from_json(value)


class Shared:
    """Communities, protocols, places, terms and agents, each made once, from its latest description.

    Rebuilders of other parts use it too: every method takes a description as records hold it and returns the row.
    """

    def __init__(self) -> None:
        self.communities: dict[str, Community] = {row.key: row for row in Community.objects.all()}
        self.protocols: dict[str, Protocol] = {row.key: row for row in Protocol.objects.all()}
        self.places: dict[str, Place] = {row.key: row for row in Place.objects.all()}
        self.terms: dict[tuple[str, str], Term] = {(row.scheme, row.code): row for row in Term.objects.all()}
        self.agents: dict[str, Agent] = {row.key: row for row in Agent.objects.all()}

    def community(self, made: Mapping[str, Any], *, latest: bool = False) -> Community:
        """The community; its own package has the last word (*latest*), copies elsewhere only fill in."""
        found = self.communities.get(made["key"])
        if found is None or latest:
            found = found or Community(key=made["key"])
            found.slug, found.contact = made["slug"], made["contact"]
            found.name, found.description = _text(made["name"]), _text(made["description"])
            found.created_at = record.parse_when(made["created_at"])
            found.save()
            self.communities[found.key] = found
        return found

    def protocol(self, made: Mapping[str, Any] | None, *, latest: bool = False) -> Protocol | None:
        """The protocol, by the same rule; None for none."""
        if made is None:
            return None
        found = self.protocols.get(made["key"])
        if found is None or latest:
            found = found or Protocol(key=made["key"])
            found.audience = made["audience"]
            found.seasons, found.attributes = made["seasons"], made["attributes"]
            found.name, found.note = _text(made["name"]), _text(made["note"])
            found.save()
            found.communities.set([self.community(community) for community in made["communities"]])
            self.protocols[found.key] = found
        return found

    def place(self, made: Mapping[str, Any]) -> Place:
        """The place, as its highest revision describes it."""
        found = self.places.get(made["key"])
        if found is None or made["revision"] > found.revision:
            found = found or Place(key=made["key"])
            for name in (
                "gazetteer",
                "country",
                "geometry",
                "longitude",
                "latitude",
                "precision_km",
                "revision",
            ):
                setattr(found, name, made[name])
            found.name = _text(made["name"])
            found.part_of = self.place(made["part_of"]) if made["part_of"] else None
            found.save()
            self.places[found.key] = found
        elif made["part_of"]:
            self.place(made["part_of"])
        return found

    def term(self, made: Mapping[str, Any]) -> Term:
        """The term, as its highest revision describes it."""
        identity = (made["scheme"], made["code"])
        found = self.terms.get(identity)
        if found is None or made["revision"] > found.revision:
            found = found or Term(scheme=made["scheme"], code=made["code"])
            found.uri, found.label, found.revision = made["uri"], _text(made["label"]), made["revision"]
            found.save()
            self.terms[identity] = found
        return found

    def agent(self, made: Mapping[str, Any]) -> Agent:
        """The agent, as its highest revision describes it."""
        found = self.agents.get(made["key"])
        if found is None or made["revision"] > found.revision:
            found = found or Agent(key=made["key"])
            for name in ("kind", "uri", "source_id", "revision"):
                setattr(found, name, made[name])
            found.name = _text(made["name"])
            found.save()
            self.agents[found.key] = found
        return found


class _Catalogue:
    """Rebuilds the catalogue's rows; items are written in batches."""

    def __init__(self, archive: Archive) -> None:  # noqa: ARG002  the same for every rebuilder
        self.shared = Shared()
        self.changes: list[tuple[Any, str, str, str]] = []
        self.waiting: list[tuple[Item, Mapping[str, Any]]] = []

    def add(self, kept: Kept) -> None:
        made = kept.record
        if made["format"] not in record.FORMATS:
            raise record.InvalidRecord(object_id=kept.object_id, reason=f"unknown format {made['format']}")
        if kept.kind == "community":
            self.shared.community(made, latest=True)
        elif kept.kind == "protocol":
            self.shared.protocol(made, latest=True)
            self._learn("protocol", made)
            self._learn_items(made)
        elif kept.kind == "item":
            self._item(kept)
            self._learn("item", made)
        else:
            getattr(self.shared, kept.kind)(made)

    def _learn(self, about: str, made: Mapping[str, Any]) -> None:
        self.changes.extend(
            (record.parse_when(change["at"]), change["kind"], about, made["key"])
            for change in made["changes"]
        )

    def _learn_items(self, made: Mapping[str, Any]) -> None:
        """What a protocol opened and closed; items kept since then say it themselves."""
        for told in made["item_changes"]:
            at = record.parse_when(told["at"])
            self.changes.extend((at, told["kind"], "item", key) for key in told["items"])

    def _item(self, kept: Kept) -> None:
        made = kept.record
        first, last = dates.years(made["date"])
        plain = (
            "key", "kind", "state", "date", "rights", "rights_holder", "illustrative", "source", "source_id",
            "source_uri", "statements", "revision",
        )  # fmt: skip
        item = Item(
            **{name: made[name] for name in plain},
            **{name: _text(made[name]) for name in ("title", "description", "date_note")},
            year_from=first,
            year_to=last,
            protocol=self.shared.protocol(made["protocol"]),
            object_version=kept.number,
            digest=kept.digest,
            created_at=record.parse_when(made["created_at"]),
            updated_at=record.parse_when(made["updated_at"]),
        )
        self.waiting.append((item, made))
        if len(self.waiting) >= BATCH:
            self._write()

    def _write(self) -> None:
        Item.objects.bulk_create([item for item, _ in self.waiting])
        rows: dict[type[models.Model], list[Any]] = {}

        def add(row: Any) -> None:
            rows.setdefault(type(row), []).append(row)

        shared = self.shared
        for item, made in self.waiting:
            for key in title_keys(item):
                add(key)
            for part in made["media"]:
                texts = {name: _text(part[name]) for name in ("alt", "caption")}
                add(Media(item=item, **{**part, **texts}))
            for part in made["contributions"]:
                agent = shared.agent(part["agent"])
                add(Contribution(item=item, agent=agent, role=part["role"], position=part["position"]))
            for part in made["labels"]:
                community = shared.community(part["community"])
                add(
                    Label(
                        item=item,
                        community=community,
                        code=part["code"],
                        text=_text(part["text"]),
                        position=part["position"],
                    )
                )
            for community in (shared.community(entry) for entry in made["communities"]):
                add(Item.communities.through(item=item, community=community))
            for place in (shared.place(entry) for entry in made["places"]):
                add(Item.places.through(item=item, place=place))
            for term in (shared.term(entry) for entry in made["terms"]):
                add(Item.terms.through(item=item, term=term))
        for model, made_rows in rows.items():
            model._default_manager.bulk_create(made_rows, batch_size=BATCH)  # noqa: SLF001  Django's documented API
        self.waiting = []

    def finish(self) -> None:
        self._write()
        once = sorted(dict.fromkeys(self.changes), key=lambda change: (change[0], change[3]))
        Change.objects.bulk_create(
            (Change(at=at, kind=kind, about=about, key=key) for at, kind, about, key in once),
            batch_size=BATCH,
        )


register(("community", "protocol", "place", "term", "agent", "item"), _Catalogue)


# -- comparing -------------------------------------------------------------------------------------------------------

CATALOGUE: Final = (
    Community, Protocol, Place, Term, Agent, Item, Contribution, Media, Label, Change, TitleKey,
)  # fmt: skip


def snapshot(tables: Iterable[type[models.Model]] = CATALOGUE) -> dict[str, list[str]]:
    """Every row of *tables* as a text without numbers of this database, sorted; equal when the rows are.

    A foreign key is written as what it points to (its key, or its own columns), a many-to-many relation as a sorted list.
    Who owns, asked for or sealed something is left out: accounts are not in the archive.
    Things without a natural order of their own keep it by ``position``.
    """
    return {table.__name__: sorted(_row(row) for row in _loaded(table)) for table in tables}


def _loaded(table: type[models.Model]) -> models.QuerySet[Any]:
    related = [part.name for part in table._meta.many_to_many]  # noqa: SLF001
    foreign = [part.name for part in table._meta.fields if part.is_relation]  # noqa: SLF001
    return table._default_manager.select_related(*foreign).prefetch_related(*related)  # noqa: SLF001


def _identity(row: Any) -> str:
    if row is None:
        return "-"
    if isinstance(row, Term):
        return f"term {row.scheme}:{row.code}"
    return f"{type(row).__name__} {row.key}" if hasattr(row, "key") else _row(row)


def _row(row: Any) -> str:
    parts: list[str] = []
    for part in row._meta.fields:  # noqa: SLF001
        if part.primary_key or part.related_model is User:
            continue
        value = getattr(row, part.name)
        if part.is_relation:
            value = _identity(value)
        elif isinstance(value, Translated):
            value = sorted((language, text.value, text.origin) for language, text in value.items())
        elif isinstance(value, (memoryview, bytes)):
            value = bytes(value).hex()
        elif isinstance(value, (dict, list)):
            value = record.dump({"value": value}).decode().strip()
        parts.append(f"{part.name}={value!r}")
    parts.extend(
        f"{relation.name}={sorted(map(_identity, getattr(row, relation.name).all()))}"
        for relation in row._meta.many_to_many  # noqa: SLF001
    )
    return f"{type(row).__name__}({', '.join(parts)})"
