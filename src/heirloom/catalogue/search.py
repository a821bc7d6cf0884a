"""Search in every script, on SQLite (FTS5) and PostgreSQL (tsvector), under the same rights as everything else.

What is indexed are the tokens of :func:`heirloom.text.search.index_text`; what is asked are its queries, which no input can
break. Rows of :class:`SearchEntry` are all that is written: the database keeps its full-text index in step itself
(migration 0002). An entry's key holds the number of its kind above 48 bits of row key, so that each kind is one range of keys and a hit
needs no look-up to be a thing.

Ranking: BM25 on SQLite, ``ts_rank`` on PostgreSQL; a word in a title counts ten times one in a text. Weighing every
match of a word that stands in tens of thousands of records would cost more than the page: beyond :data:`RANKED`
matches those in titles come first, the newest before the older ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.core.exceptions import EmptyResultSet
from django.db import connection, transaction
from django.db.models import BigAutoField, Lookup, QuerySet
from django.db.models.expressions import RawSQL

from heirloom.text import Translated, zawgyi
from heirloom.text.search import index_text, parse_query, query_fts5, query_tsquery

from .models import Item, SearchEntry

KINDS: Final = ("item", "case")
"""The kinds of things that are indexed; their order is part of the index."""

LONGEST: Final = 100_000
"""Characters of a text that are indexed."""

MOST_MATCHES: Final = 10_000
"""Matches that a list with facets looks at, the best ones."""

RANKED: Final = 1_000
"""Matches that are ranked by how well they match; when there are more, the newest come first."""

_BITS: Final = 48


def entry_id(kind: str, pk: int) -> int:
    """The key of the search entry of the *kind* of thing whose row is *pk*: each kind is one range of keys."""
    return (KINDS.index(kind) << _BITS) | pk


@dataclass(frozen=True, slots=True)
class Entry:
    """What is indexed of one thing: its titles, and its other texts, in all languages."""

    kind: str
    pk: int
    titles: Sequence[Translated | str]
    texts: Sequence[Translated | str]


def _values(texts: Iterable[Translated | str]) -> Iterator[str]:
    for text in texts:
        if isinstance(text, str):
            yield text
        else:
            for part in text.values():
                yield part.value


def _tokens(texts: Iterable[Translated | str]) -> str:
    left = LONGEST
    parts: list[str] = []
    for value in dict.fromkeys(_values(texts)):
        if left <= 0:
            break
        parts.append(index_text(value[:left]))
        left -= len(value)
    return " ".join(part for part in parts if part)


def put(entries: Iterable[Entry]) -> None:
    """Index these things, new or changed; call it in the transaction that changes them."""
    rows = [
        SearchEntry(entry_id(entry.kind, entry.pk), _tokens(entry.titles), _tokens(entry.texts))
        for entry in entries
    ]
    with transaction.atomic():
        # Not an upsert: SQLite would skip the delete trigger for a replaced row.
        SearchEntry.objects.filter(pk__in=[row.pk for row in rows]).delete()
        SearchEntry.objects.bulk_create(rows, batch_size=500)


def remove(kind: str, pks: Iterable[int]) -> None:
    """Take these things out of the index."""
    SearchEntry.objects.filter(pk__in=[entry_id(kind, pk) for pk in pks]).delete()


def item_entry(item: Item) -> Entry:
    """What is indexed of an item; prefetch ``communities``, ``places``, ``terms``, ``contributions__agent``, ``media``."""
    return Entry(
        "item",
        item.pk,
        [item.title],
        [
            item.description,
            item.date_note,
            item.rights_holder,
            item.source_id,
            *(part.agent.name for part in item.contributions.all()),
            *(place.name for place in item.places.all()),
            *(term.label for term in item.terms.all()),
            *(community.name for community in item.communities.all()),
            *(text for media in item.media.all() for text in (media.caption, media.alt)),
            *(
                str(statement.get("value", ""))
                for statement in item.statements
                if isinstance(statement, dict)
            ),
        ],
    )


ITEM_PARTS: Final = ("communities", "places", "terms", "contributions__agent", "media")

_entries: dict[str, Callable[[], Iterable[Entry]]] = {}


def register(kind: str, entries: Callable[[], Iterable[Entry]]) -> None:
    """Say how all entries of *kind* are made, for :func:`reindex`; a part calls it once, at import."""
    _entries[kind] = entries


def _all_items() -> Iterator[Entry]:
    items = Item.objects.order_by("pk").prefetch_related(*ITEM_PARTS)
    for item in items.iterator(chunk_size=500):
        yield item_entry(item)


register("item", _all_items)


def reindex(progress: Callable[[int], None] | None = None, *, batch: int = 500) -> int:
    """Make the whole index anew from the rows; return how many things it holds.

    Readers see the old index until the transaction ends.
    """
    count = 0
    with transaction.atomic():
        SearchEntry.objects.all().delete()
        waiting: list[Entry] = []
        for kind in KINDS:
            for entry in _entries[kind]() if kind in _entries else ():
                waiting.append(entry)
                if len(waiting) >= batch:
                    count += _put_new(waiting)
                    waiting = []
                    if progress:
                        progress(count)
        count += _put_new(waiting)
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO heirloom_search(heirloom_search) VALUES ('optimize')")
    if progress:
        progress(count)
    return count


def _put_new(entries: Sequence[Entry]) -> int:
    SearchEntry.objects.bulk_create(
        SearchEntry(entry_id(entry.kind, entry.pk), _tokens(entry.titles), _tokens(entry.texts))
        for entry in entries
    )
    return len(entries)


# -- asking --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found.

    Attributes:
        pks: rows, the best first.
        more: there are more than were asked for.
        loose: nothing matched as typed; these match inside words.
        asked: the query had something to search for.
    """

    pks: tuple[int, ...]
    more: bool = False
    loose: bool = False
    asked: bool = True


def has_tokens(text: str) -> bool:
    """Whether *text* holds anything that can be searched for."""
    return bool(parse_query(text).phrases)


def warning(text: str) -> zawgyi.EncodingNotice | None:
    """Whether the query looks as if it were written in Zawgyi, with the text it probably means."""
    return zawgyi.check_encoding(text)


def find(
    text: str,
    kind: str,
    allowed: QuerySet[Any],
    *,
    language: str | None = None,
    limit: int = 20,
    offset: int = 0,
) -> Found:
    """Search one kind of things, the best first.

    Args:
        text: what a person typed; nothing in it is an error.
        kind: one of :data:`KINDS`.
        allowed: the rows that may be found, already filtered by rights (and by anything else).
        language: of the query where known (BCP 47); it changes how Vietnamese is read.
        limit, offset: which hits.
    """
    text = text.replace("\x00", "")
    if not has_tokens(text):
        return Found((), asked=False)
    for loose in (False, True):
        pks = _ask(text, kind, allowed, language, loose, limit + 1, offset)
        if pks or (offset and _ask(text, kind, allowed, language, loose, 1, 0)):
            return Found(tuple(pks[:limit]), len(pks) > limit, loose)
    return Found((), loose=True)


def _ask(
    text: str, kind: str, allowed: QuerySet[Any], language: str | None, loose: bool, limit: int, offset: int
) -> list[int]:
    """Hits of one way to read the query: ranked, or where there are too many, those by title first, the newest first."""
    try:
        condition, params = _exists(allowed)
    except EmptyResultSet:
        return []
    number = KINDS.index(kind)
    span = (number << _BITS, ((number + 1) << _BITS) - 1)
    asking = _SQLITE if connection.vendor == "sqlite" else _POSTGRESQL
    make = query_fts5 if connection.vendor == "sqlite" else query_tsquery
    query = make(text, language=language, loose=loose)
    with connection.cursor() as cursor:

        def hits(match: str, order: str, limit: int, offset: int) -> list[int]:
            bound = [query] * match.count("%s")
            more = [query] * order.count("%s")
            sql = f"SELECT {asking.key} FROM {asking.table} WHERE {match} AND {asking.key} BETWEEN %s AND %s"  # noqa: S608  constants
            if order:
                sql += f" AND {condition} ORDER BY {order}"
            cursor.execute(
                f"{sql} LIMIT %s OFFSET %s",
                [*bound, *span, *(params if order else ()), *more, limit, offset],
            )
            return [row[0] & _PK for row in cursor.fetchall()]

        if len(hits(asking.match, "", RANKED + 1, 0)) <= RANKED:
            return hits(asking.match, asking.rank, limit, offset)
        titled = hits(asking.titled, asking.newest, offset + limit, 0)
        found = titled[offset:]
        if len(found) < limit:
            rest = hits(asking.untitled, asking.newest, limit - len(found), max(0, offset - len(titled)))
            found += rest
        return found


@dataclass(frozen=True, slots=True)
class _Asking:
    """How a database is asked; each ``%s`` in a part is the query."""

    table: str
    key: str
    match: str
    titled: str
    untitled: str
    rank: str
    newest: str


_PK: Final = (1 << _BITS) - 1
_SQLITE: Final = _Asking(
    table="heirloom_search",
    key="heirloom_search.rowid",
    match="heirloom_search MATCH %s",
    titled="heirloom_search MATCH 'title : (' || %s || ')'",
    untitled="heirloom_search MATCH '(' || %s || ') NOT title : (' || %s || ')'",
    rank="bm25(heirloom_search, 10.0, 1.0), heirloom_search.rowid DESC",
    newest="heirloom_search.rowid DESC",
)
_POSTGRESQL: Final = _Asking(
    table="heirloom_searchentry",
    key="heirloom_searchentry.id",
    match="vector @@ %s::tsquery",
    titled="vector @@ %s::tsquery AND ts_filter(vector, '{a}') @@ %s::tsquery",
    untitled="vector @@ %s::tsquery AND NOT ts_filter(vector, '{a}') @@ %s::tsquery",
    rank="ts_rank('{0.1, 0.1, 0.1, 1.0}', vector, %s::tsquery, 1) DESC, heirloom_searchentry.id DESC",
    newest="heirloom_searchentry.id DESC",
)


def _exists(allowed: QuerySet[Any]) -> tuple[str, tuple[Any, ...]]:
    """The condition that the thing behind an entry is among *allowed*, as SQL."""
    key = "heirloom_search.rowid" if connection.vendor == "sqlite" else "heirloom_searchentry.id"
    entry = RawSQL(f"{key} & {_PK}", ())  # noqa: S611  constants
    sql, params = allowed.order_by().filter(pk=entry).values("pk").query.sql_with_params()
    return f"EXISTS ({sql})", params


@BigAutoField.register_lookup
class Among(Lookup[Any]):
    """``pk__among=[...]``: like ``in``, with one parameter however long the list is."""

    lookup_name = "among"
    prepare_rhs = False

    def get_db_prep_lookup(self, value: Any, connection: Any) -> Any:  # noqa: ARG002
        return "%s", [[int(number) for number in value]]

    def as_sqlite(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        sql, params = self.process_lhs(compiler, connection)
        numbers = "[" + ",".join(str(int(number)) for number in self.rhs) + "]"
        return f"{sql} IN (SELECT value FROM json_each(%s))", [*params, numbers]  # noqa: S608  a column

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        sql, params = self.process_lhs(compiler, connection)
        return f"{sql} = ANY(%s)", [*params, [int(number) for number in self.rhs]]
