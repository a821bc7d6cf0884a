"""What every reader yields and every writer of rows takes: one described thing, free of any format.

A draft says what a *source* says about one thing and nothing more. An empty field means "the source is silent",
never "there is none", so that a file with half of the columns, or with one of the languages, cannot erase the rest
(:mod:`heirloom.catalogue.importers.merge`). Drafts are plain values: no database, no files are touched here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Protocol

from heirloom.errors import HeirloomError
from heirloom.text import Translated

EMPTY = Translated()


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with one record, by a stable code.

    Attributes:
        code: ``"draft.no-title"``; the sentence and its parameters stand in
            :data:`heirloom.catalogue.importers.checks.SENTENCES`.
        field: the field of the draft, or the column of the source.
        value: what stood there, shortened.
        fatal: the record cannot be taken in; otherwise it is taken in and the problem is a warning.
    """

    code: str
    field: str = ""
    value: str = ""
    fatal: bool = False

    def to_json(self) -> dict[str, Any]:
        return {"code": self.code, "field": self.field, "value": self.value, "fatal": self.fatal}


@dataclass(frozen=True, slots=True)
class AgentDraft:
    """A person, organisation or group. ``source_id`` is unique across sources (``"tate:38"``) where it is given."""

    name: Translated = EMPTY
    kind: str = "person"
    uri: str = ""
    source_id: str = ""

    @property
    def identity(self) -> str:
        """What makes two mentions the same agent: the source's identifier, the address, else the name."""
        return (
            self.source_id
            or self.uri
            or "name:" + "|".join(sorted(text.value for text in self.name.values()))
        )


@dataclass(frozen=True, slots=True)
class ContributionDraft:
    """An agent's part in a thing; ``role`` is a MARC relator code (id.loc.gov/vocabulary/relators)."""

    agent: AgentDraft
    role: str = "cre"

    @property
    def identity(self) -> tuple[str, str]:
        return (self.agent.identity, self.role)


@dataclass(frozen=True, slots=True)
class PlaceDraft:
    """A place: ``gazetteer`` is its address in a gazetteer (GeoNames, Wikidata, TGN, Pleiades); degrees in WGS 84."""

    name: Translated = EMPTY
    gazetteer: str = ""
    country: str = ""
    longitude: float | None = None
    latitude: float | None = None
    geometry: Mapping[str, Any] | None = None
    precision_km: float | None = None

    @property
    def identity(self) -> str:
        if self.gazetteer:
            return self.gazetteer
        name = "|".join(sorted(text.value for text in self.name.values()))
        return f"name:{name}" if name else f"at:{self.longitude},{self.latitude}"


@dataclass(frozen=True, slots=True)
class TermDraft:
    """An entry of a vocabulary; ``scheme`` is one of ``Term.Scheme``."""

    scheme: str
    code: str
    label: Translated = EMPTY
    uri: str = ""

    @property
    def identity(self) -> tuple[str, str]:
        return (self.scheme, self.code)


@dataclass(frozen=True, slots=True)
class LabelDraft:
    """A TK or BC label as a community applied it; ``community`` is the community's slug."""

    community: str
    code: str
    text: Translated = EMPTY

    @property
    def identity(self) -> tuple[str, str]:
        return (self.community, self.code)


@dataclass(frozen=True, slots=True)
class Statement:
    """What the source says that has no field of its own: kept word for word, shown, searched and exported.

    ``name`` is the source's own name of the field; ``language`` a BCP 47 tag or empty where it is not known.
    """

    name: str
    value: str
    language: str = ""

    @property
    def identity(self) -> tuple[str, str, str]:
        return (self.name, self.value, self.language)

    def to_json(self) -> dict[str, str]:
        """``{"name": ..., "value": ..., "language": ...}`` as it stands in ``Item.statements``."""
        made = {"name": self.name, "value": self.value}
        if self.language:
            made["language"] = self.language
        return made

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Statement:
        return cls(str(plain.get("name", "")), str(plain.get("value", "")), str(plain.get("language", "")))


@dataclass(frozen=True, slots=True)
class MediaDraft:
    """A file of the thing: a path on this machine (``path``) or an address (``uri``) that nobody has fetched yet.

    A file that is only named is kept as a reference; whoever stores the draft fetches it through the guarded fetch,
    or leaves it as a statement. ``sha512`` is set where the source or an earlier import knows it.
    """

    name: str
    path: Path | None = None
    uri: str = ""
    role: str = "master"
    media_type: str = ""
    language: str = ""
    alt: Translated = EMPTY
    caption: Translated = EMPTY
    sha512: str = ""
    service: str = ""

    @property
    def identity(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class ItemDraft:
    """One described thing, as one source describes it.

    Attributes:
        source: name of the source, unique in the installation (``"tate"``); with ``source_id`` the key of re-imports.
        source_id: the source's own identifier; never empty in a sound draft.
        key: key of an item of this installation, for a table that was exported here; found before ``source_id``.
        kind: one of ``Item.Kind``; empty where the source does not say (a new thing is then an ``object``).
        date: EDTF level 1 or 2; ``date_note`` is the source's own wording.
        rights: the address of a RightsStatements.org or Creative Commons statement.
        communities: slugs of communities that must exist: an import never makes a community or a protocol.
        protocol: key of an existing protocol, empty where the source does not say.
        deleted: the source says that the thing is gone; it is withdrawn, never destroyed.
        replaces: names of list fields (``"terms"``, ``"contributions"``, ``"places"``, ``"statements"``, ``"labels"``,
            ``"communities"``) in which this source has the last word; all other lists only grow.
        problems: what readers and checks found; a fatal one keeps the draft out.
        where: where it stood (``"row 12"``, an address), for people who mend the source.
    """

    source: str
    source_id: str
    key: str = ""
    kind: str = ""
    title: Translated = EMPTY
    description: Translated = EMPTY
    date: str = ""
    date_note: Translated = EMPTY
    contributions: tuple[ContributionDraft, ...] = ()
    places: tuple[PlaceDraft, ...] = ()
    terms: tuple[TermDraft, ...] = ()
    communities: tuple[str, ...] = ()
    rights: str = ""
    rights_holder: str = ""
    protocol: str = ""
    labels: tuple[LabelDraft, ...] = ()
    statements: tuple[Statement, ...] = ()
    media: tuple[MediaDraft, ...] = ()
    source_uri: str = ""
    illustrative: bool | None = None
    deleted: bool = False
    replaces: frozenset[str] = field(default=frozenset())
    problems: tuple[Problem, ...] = ()
    where: str = ""

    @property
    def fatal(self) -> bool:
        """Whether this draft must not be stored."""
        return any(problem.fatal for problem in self.problems)


#: Fields that are compared and merged, in the order in which a difference is shown.
TRANSLATED_FIELDS = ("title", "description", "date_note")
PLAIN_FIELDS = ("kind", "date", "rights", "rights_holder", "protocol", "source_uri", "illustrative")
LIST_FIELDS = ("contributions", "places", "terms", "communities", "labels", "statements", "media")
REPLACEABLE = frozenset(LIST_FIELDS) - {"media"}

assert {item.name for item in fields(ItemDraft)} >= {*TRANSLATED_FIELDS, *PLAIN_FIELDS, *LIST_FIELDS}


class Reader(Protocol):
    """A reader of one format: an iterable of drafts that reads lazily and may be iterated once."""

    def __iter__(self) -> Iterator[ItemDraft]: ...


class SourceError(HeirloomError):
    """Base of errors that stop a whole import: the file or the answer as such cannot be read."""

    code = "import.unreadable"


def plain(value: Any) -> Any:
    """A value of a draft as JSON, empty parts left out."""
    if isinstance(value, Translated):
        return {language: text.value for language, text in value.items()}
    if isinstance(value, Statement | Problem):
        return value.to_json()
    if isinstance(value, Path):
        return value.name
    if isinstance(value, tuple | frozenset | list):
        return [plain(part) for part in value]
    if hasattr(value, "__dataclass_fields__"):
        made = ((part.name, plain(getattr(value, part.name))) for part in fields(value))
        return {name: part for name, part in made if part not in ("", None, [], {}, False)}
    return value


def to_json(draft: ItemDraft) -> dict[str, Any]:
    """The draft as a small JSON object for reports; texts without their origin."""
    return dict(plain(draft))


def with_problems(draft: ItemDraft, problems: Iterable[Problem]) -> ItemDraft:
    """The draft with *problems* added."""
    more = tuple(problems)
    return replace(draft, problems=draft.problems + more) if more else draft
