"""The database deleted, and made again from the archive: the same rows."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path

from tests.drills import processes


@dataclass
class Rebuilt:
    """How many rows were there, and which came back otherwise."""

    rows: int
    tables: int
    differences: list[str] = field(default_factory=list)


def rebuild(installation: Path, folder: Path) -> Rebuilt:
    """Copy *installation* to *folder*, delete its database, rebuild it, and compare row by row."""
    shutil.copytree(installation, folder)
    before = processes.ask(folder, "snapshot")
    for part in folder.glob("heirloom.sqlite3*"):
        part.unlink()
    done = processes.run(processes.command("rebuild"), folder)
    assert done.returncode == 0, done.stderr[-2000:]
    return compare(before, processes.ask(folder, "snapshot"))


def compare(before: dict[str, list[str]], after: dict[str, list[str]]) -> Rebuilt:
    differences = []
    for table, rows in before.items():
        now = after.get(table, [])
        differences += [f"- {row[:400]}" for row in rows if row not in now]
        differences += [f"+ {row[:400]}" for row in now if row not in rows]
        if len(rows) != len(now):
            differences.append(f"{table}: {len(rows)} rows before, {len(now)} after")
    filled = sum(bool(rows) for rows in before.values())
    return Rebuilt(sum(map(len, before.values())), filled, differences)
