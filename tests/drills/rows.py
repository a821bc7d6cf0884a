"""The rows that the archive promises to bring back, to be compared before and after."""

from __future__ import annotations

from typing import Any

from heirloom.calls import rebuild as calls
from heirloom.calls.models import Call
from heirloom.cases import rebuild as cases
from heirloom.cases.models import Case, Run
from heirloom.catalogue import rebuild

TABLES = (*rebuild.CATALOGUE, *cases.TABLES, *calls.TABLES)


def snapshot() -> dict[str, list[str]]:
    """Every row of every such table, but for what is only in the database: drafts, and calls without a collection."""
    only_here = _only_in_the_database()
    return {
        table: [row for row in rows if not any(key in row for key in only_here)]
        for table, rows in rebuild.snapshot(TABLES).items()
    }


def _only_in_the_database() -> list[str]:
    """Keys of drafts that were never kept, calls that were never published, runs that are not done."""
    kept: list[Any] = [
        Case.objects.filter(seals=None),
        Call.objects.filter(collection=None),
        Run.objects.exclude(state=Run.State.DONE),
    ]
    return [key for rows in kept for key in rows.values_list("key", flat=True)]
