"""kill -9 during ingest, seal, run and publish. ``HEIRLOOM_DRILL_KILLS`` says how often (12)."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.drills import kills

pytestmark = pytest.mark.drill
KILLS = int(os.environ.get("HEIRLOOM_DRILL_KILLS", "12"))


def test_killed_at_random_instants(
    base: Path, memory: Path, record_property: Callable[[str, object], None]
) -> None:
    found = kills.strike(base, memory / "struck", KILLS)
    record_property("struck", found.struck)
    record_property("good", found.good)
    assert found.wrong == []
    assert found.good == found.struck == KILLS
    assert set(found.by_act) == set(kills.ACTS)


@pytest.mark.parametrize("act", kills.ACTS)
def test_dying_between_any_two_steps(
    act: str, base: Path, memory: Path, record_property: Callable[[str, object], None]
) -> None:
    """Around commits and versions, where a random instant seldom falls; a sample of them, as large as ``HEIRLOOM_DRILL_KILLS`` asks."""
    data = memory / "stepped"
    with kills.acting(data) as actor:
        kills.begin_again(base, data)
        steps = actor.ask("die", act)["steps"]
        assert steps > 20
        chosen = sorted(random.Random(KILLS).sample(range(1, steps + 1), min(steps, max(3, KILLS // 5))))
        wrong = {}
        for at in chosen:
            kills.begin_again(base, data)
            actor.begin("die", act, str(at))
            status, came_through = actor.end()
            # How often a run reports its progress varies a little, so the last step may not come.
            assert status == -signal.SIGKILL or came_through["steps"] < at
            said = actor.ask("retry", act)
            if said != {"before": [], "error": "", "after": []}:
                wrong[at] = said
        record_property("died", len(chosen))
        record_property("good", len(chosen) - len(wrong))
        assert wrong == {}


def _sql(data: Path, *statements: str) -> None:
    with closing(sqlite3.connect(data / "heirloom.sqlite3")) as database, database:
        for statement in statements:
            database.execute(statement)


def test_the_judge_is_awake(base: Path, memory: Path) -> None:
    """The same judge does find what the drills would have to find."""
    data = memory / "spoilt"
    with kills.acting(data) as actor:

        def said(*statements: str) -> str:
            kills.begin_again(base, data)
            _sql(data, *statements)
            return " | ".join(actor.ask("judge"))

        assert said() == ""
        half = "UPDATE heirloom_item SET state='published' WHERE object_version=0"
        assert "published without a package" in said(half)
        assert "visible without a package" in said(half)
        assert "the archive has v" in said("UPDATE heirloom_item SET digest='0' WHERE object_version>0")
        assert "not in the archive" in said("UPDATE heirloom_media SET sha512='0'")
        assert "not published" in said(
            "UPDATE heirloom_case SET state='published', published_seal_id="
            "(SELECT id FROM heirloom_seal WHERE case_id=heirloom_case.id)"
        )
        assert "search lacks" in said("DELETE FROM heirloom_searchentry")
        assert "the archive has v" in said("UPDATE heirloom_seal SET digest=id")
        kills.begin_again(base, data)
        next((data / "archive").rglob("record.json")).write_bytes(b"{}")
        assert "archive:" in " | ".join(actor.ask("judge"))
        assert actor.ask("retry", "publish")["after"] != []
        shutil.rmtree(data)
