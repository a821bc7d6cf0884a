"""The demonstration's database deleted, and made again from the archive alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.drills import kills, processes, rebuilt

pytestmark = pytest.mark.drill


def test_every_row_comes_back(
    demonstration: Path, memory: Path, record_property: Callable[[str, object], None]
) -> None:
    made = rebuilt.rebuild(demonstration, memory / "rebuilt")
    record_property("rows", made.rows)
    record_property("differences", len(made.differences))
    assert made.differences == []
    assert made.rows > 150
    assert made.tables >= 15
    assert processes.ask(memory / "rebuilt", "judge") == []


def test_what_was_imported_sealed_run_and_published_comes_back(
    base: Path, memory: Path, record_property: Callable[[str, object], None]
) -> None:
    full = memory / "full"
    with processes.copied(base, full):
        with kills.acting(full) as actor:
            assert [actor.ask("act", act) for act in kills.ACTS] == [""] * len(kills.ACTS)
        made = rebuilt.rebuild(full, memory / "full-rebuilt")
    record_property("rows", made.rows)
    record_property("differences", len(made.differences))
    assert made.differences == []
    assert made.rows > 150


def test_the_comparison_is_awake(demonstration: Path) -> None:
    rows = processes.ask(demonstration, "snapshot")
    assert rebuilt.compare(rows, rows).differences == []
    other = {table: list(found) for table, found in rows.items()}
    other["Item"][0] = other["Item"][0].replace("published", "withdrawn")
    assert len(rebuilt.compare(rows, other).differences) == 2
    del other["Seal"][0]
    assert len(rebuilt.compare(rows, other).differences) == 4
