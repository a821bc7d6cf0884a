"""What the drills share: the installations they start from, made once."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.drills import processes


@pytest.fixture(scope="session")
def memory() -> Iterator[Path]:
    """A folder in memory where there is one: drills copy installations and write durably all the time."""
    base = (
        "/dev/shm" if os.access("/dev/shm", os.W_OK) and shutil.disk_usage("/dev/shm").free > 2**29 else None
    )
    with tempfile.TemporaryDirectory(prefix="heirloom-drill-", dir=base) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def base(memory: Path) -> Path:
    """The installation that the acts start from."""
    folder = memory / "base"
    processes.ask(folder, "prepare")
    return folder


@pytest.fixture(scope="session")
def demonstration(memory: Path) -> Path:
    """The demonstration's installation, as ``heirloom demo`` builds it."""
    folder = memory / "demo"
    done = processes.run(processes.command("--data", str(folder), "demo", "--build-only"), folder)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder
