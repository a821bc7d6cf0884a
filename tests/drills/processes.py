"""Starting, striking and asking the processes of a drill. Knows nothing of Django: the parent must stay clean."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]


def environment(data: Path, **more: str) -> dict[str, str]:
    """The environment of a process that works on the installation in *data*, on SQLite."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("HEIRLOOM_", "DJANGO_"))
    }
    return {**kept, "HEIRLOOM_DATA": str(data), "HEIRLOOM_LOG_LEVEL": "ERROR", **more}


def command(*words: str) -> list[str]:
    """``heirloom`` with these words."""
    return [sys.executable, "-m", "heirloom.cli", *words]


def child(*words: str) -> list[str]:
    return [sys.executable, "-m", "tests.drills.child", *words]


def ask(data: Path, *words: str) -> Any:
    """Run a child to its end and return what it printed as JSON."""
    done = run(child(*words), data)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout) if done.stdout.strip() else None


def run(
    words: list[str], data: Path, text: str | None = None, **more: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words,
        cwd=REPOSITORY,
        env=environment(data, **more),
        capture_output=True,
        text=True,
        check=False,
        input=text,
        timeout=300,
    )


def start(words: list[str], data: Path, **options: Any) -> subprocess.Popen[str]:
    """Start a process in a group of its own, so that it can be struck with all that it started."""
    return subprocess.Popen(
        words,
        cwd=REPOSITORY,
        env=environment(data, **options),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def strike_group(process: subprocess.Popen[str]) -> None:
    """kill -9 the process and all that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


@contextlib.contextmanager
def copied(base: Path, to: Path) -> Iterator[Path]:
    """A copy of an installation for as long as the block lasts."""
    shutil.copytree(base, to)
    try:
        yield to
    finally:
        shutil.rmtree(to, ignore_errors=True)
