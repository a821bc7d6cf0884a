"""kill -9 at random instants of ingest, seal, run and publish, and what stands afterwards."""

from __future__ import annotations

import contextlib
import json
import os
import random
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.drills import processes

ACTS = ("ingest", "seal", "run", "publish")


@dataclass
class Strikes:
    """How many strikes hit a living process, and what was wrong after which."""

    struck: int = 0
    missed: int = 0
    good: int = 0
    by_act: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


class Actor:
    """A process that acts on the installation in *data*, again and again; see ``tests.drills.child``."""

    def __init__(self, data: Path, **environment: str) -> None:
        self.data = data
        self.process = subprocess.Popen(
            processes.child("serve"),
            cwd=processes.REPOSITORY,
            env=processes.environment(data, **environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def begin(self, *words: str) -> int:
        """Start a command; return the number of its process, which leads a group of its own."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(" ".join(words) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def over(self) -> bool:
        """Whether the command has ended by itself."""
        assert self.process.stdout is not None
        return bool(select.select([self.process.stdout], [], [], 0)[0])

    def end(self) -> tuple[int, Any]:
        """Wait for the command; return its exit status and what it printed."""
        assert self.process.stdout is not None
        _ended, status, printed = self.process.stdout.readline().split(" ", 2)
        return int(status), json.loads(printed)

    def ask(self, *words: str) -> Any:
        """Do a command to its end; return what it printed."""
        self.begin(*words)
        status, printed = self.end()
        assert status == 0, f"{words} ended with {status}"
        return printed

    def close(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()


@contextlib.contextmanager
def acting(data: Path, **environment: str) -> Iterator[Actor]:
    actor = Actor(data, **environment)
    try:
        yield actor
    finally:
        actor.close()


def begin_again(base: Path, data: Path) -> None:
    shutil.rmtree(data, ignore_errors=True)
    shutil.copytree(base, data)


def strike(base: Path, data: Path, kills: int, *, seed: int = 1, tell: bool = False) -> Strikes:
    """Kill *kills* living processes, spread over the acts, each on a fresh copy of *base*; try again after each.

    Every other strike hits the process alone, so that what it started lives on for a moment; the others hit all at once,
    as when the power fails.
    """
    values = random.Random(seed)
    found = Strikes()
    with acting(data) as actor:
        needed = {}
        for act in ACTS:  # how long each takes, and that it works at all
            begin_again(base, data)
            started = time.monotonic()
            error = actor.ask("act", act)
            needed[act] = time.monotonic() - started
            assert error == "", f"{act}: {error}"
        turn = 0
        while found.struck < kills:
            act = ACTS[turn % len(ACTS)]
            begin_again(base, data)
            if not _strike(actor, act, values.uniform(0, needed[act]), whole=values.random() < 0.5):
                found.missed += 1
                assert found.missed < 10 * kills + 20, "the acts end before they can be struck"
                continue
            turn += 1
            found.struck += 1
            found.by_act[act] = found.by_act.get(act, 0) + 1
            said = actor.ask("retry", act)
            if said["before"] or said["error"] or said["after"]:
                found.wrong.append(f"{act}: {said}")
            else:
                found.good += 1
            if tell:
                print(f"kill {found.struck} {act} {'ok' if not found.wrong else found.wrong[-1]}", flush=True)
    return found


def _strike(actor: Actor, act: str, after: float, *, whole: bool) -> bool:
    """Begin *act* and kill it after so many seconds; return whether it was alive."""
    pid = actor.begin("act", act)
    time.sleep(after)
    alive = not actor.over()
    if alive:
        (os.killpg if whole else os.kill)(pid, signal.SIGKILL)
    status, _ = actor.end()
    return alive and status == -signal.SIGKILL
