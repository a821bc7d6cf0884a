"""Acts on a disk that becomes full: refused with a code, nothing half-visible, completed once there is room."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.drills.kills import ACTS, Actor, acting

ROOM = 48 * 2**20
# What a person sees: our own codes, or what the system says where the database itself has no room.
CLEAN = ("archive.disk-full", "pathways.run.disk-full", "OSError", "OperationalError")


@dataclass
class Filled:
    """How often a disk became full, and what was wrong after which."""

    refused: int = 0
    good: int = 0
    fitted: int = 0
    errors: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[Path | None]:
    """A small disk in memory, mounted at *folder*; ``None`` where only root may mount."""
    folder.mkdir(parents=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        folder.rmdir()
        yield None
        return
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)
        folder.rmdir()


def _used(disk: Path) -> int:
    return shutil.disk_usage(disk).used


def _begin_again(base: Path, disk: Path) -> Path:
    data = disk / "data"
    shutil.rmtree(data, ignore_errors=True)
    (disk / "filler").unlink(missing_ok=True)
    shutil.copytree(base, data)
    return data


def _leave(disk: Path, room: int) -> None:
    """Fill the disk until so much is left."""
    with (disk / "filler").open("wb") as filler:
        os.posix_fallocate(filler.fileno(), 0, max(1, shutil.disk_usage(disk).free - room))


def fill(base: Path, disk: Path, rooms: int) -> Filled:
    """Let each act run out of room *rooms* times, sooner and later."""
    found = Filled()
    _begin_again(base, disk)
    with acting(disk / "data") as actor:
        for act in ACTS:
            _begin_again(base, disk)
            before = _used(disk)
            assert actor.ask("act", act) == ""
            needed = _used(disk) - before
            for number in range(rooms):
                _one(actor, base, disk, act, needed * number // rooms, found)
    return found


def _one(actor: Actor, base: Path, disk: Path, act: str, room: int, found: Filled) -> None:
    _begin_again(base, disk)
    _leave(disk, room)
    error = actor.ask("act", act)
    (disk / "filler").unlink()
    lacking = actor.ask("lacking", act)
    if not lacking:
        found.fitted += 1
        return
    found.refused += 1
    code = error.split(":")[0]
    found.errors[code] = found.errors.get(code, 0) + 1
    said = actor.ask("retry", act)
    wrong = [*said["before"], *said["after"], *([said["error"]] if said["error"] else [])]
    if error and code not in CLEAN:
        wrong.append(f"an error without a code: {error}")
    if not error and act != "run":
        wrong.append("it was not said that something lacks")
    if wrong:
        found.wrong.append(f"{act} with {room} bytes: {error}: {wrong}")
    else:
        found.good += 1
