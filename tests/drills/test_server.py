"""The server cut off under load, and backed up while it serves."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.drills import processes
from tests.drills.server import Server, Writers, descendants, serving

pytestmark = pytest.mark.drill


def _cases(data: Path) -> set[str]:
    with closing(sqlite3.connect(data / "heirloom.sqlite3")) as database:
        return {key for (key,) in database.execute("SELECT key FROM heirloom_case")}


def _imported(data: Path) -> int:
    with closing(sqlite3.connect(data / "heirloom.sqlite3")) as database:
        return int(database.execute("SELECT count(*) FROM heirloom_item WHERE source='museum'").fetchone()[0])


def _living(pids: list[int]) -> list[int]:
    return [pid for pid in pids if Path(f"/proc/{pid}").exists()]


def test_a_server_cut_off_under_load_keeps_what_it_promised(demonstration: Path, memory: Path) -> None:
    """Twice: the process that stands over the others is killed, and they go with it; then all are killed at once."""
    values = random.Random(3)
    data = memory / "cut"
    promised: set[str] = set()
    with processes.copied(demonstration, data):
        port = None
        for turn in ("over", "all"):
            server = Server(data, port).wait()
            port = server.port  # it must be free again after a kill
            writers = Writers(server, data)
            time.sleep(values.uniform(1.5, 3))
            family = descendants(server.process.pid)
            assert len(family) >= 2
            if turn == "over":
                os.kill(server.process.pid, signal.SIGKILL)
            else:
                for pid in (server.process.pid, *family):
                    os.kill(pid, signal.SIGKILL)
            until = time.monotonic() + 15
            while _living(family) and time.monotonic() < until:
                time.sleep(0.1)
            left = _living(family)
            server.strike()
            promised |= set(writers.stop())
            assert left == []
            assert promised <= _cases(data)
        assert len(promised) > 10
        assert processes.ask(data, "judge") == []
        again = Server(data, port).wait()
        assert again.stop() == 0
        assert promised <= _cases(data)


def test_a_backup_made_while_serving_brings_everything_back(demonstration: Path, memory: Path) -> None:
    data, backups, restored = memory / "served", memory / "backups", memory / "restored"
    with processes.copied(demonstration, data):
        with serving(data) as server:
            writers = Writers(server, data)
            time.sleep(1)
            before = set(writers.told)
            assert before
            made = processes.run(processes.command("backup", str(backups)), data)
            assert made.returncode == 0, made.stderr
            told = set(writers.stop())
            assert told > before  # it served all the time
            assert server.stop() == 0
        folder = Path(made.stdout.strip())
        kept = processes.ask(data, "snapshot")
    done = processes.run(processes.command("restore", str(folder)), restored)
    assert done.returncode == 0, done.stderr
    assert before <= _cases(restored)
    assert processes.ask(restored, "snapshot") == kept
    assert processes.ask(restored, "judge") == []
    assert (restored / "secret").read_text()
    with serving(restored) as server:
        assert server.stop() == 0
    shutil.rmtree(restored)


def test_a_backup_made_during_an_import_is_sound(base: Path, memory: Path) -> None:
    """The database is copied first: whatever it names is in the archive's copy."""
    data, restored = memory / "importing", memory / "imported"
    with processes.copied(base, data):
        importing = processes.start(processes.child("act", "ingest"), data)
        until = time.monotonic() + 60
        while not _imported(data) and time.monotonic() < until:
            time.sleep(0.02)
        made = processes.run(processes.command("backup", str(memory / "live")), data)
        assert made.returncode == 0, made.stderr
        importing.communicate()
        assert importing.returncode == 0
    done = processes.run(processes.command("restore", made.stdout.strip()), restored)
    assert done.returncode == 0, done.stderr
    assert _imported(restored) > 0
    assert processes.ask(restored, "judge") == []
    shutil.rmtree(restored)
