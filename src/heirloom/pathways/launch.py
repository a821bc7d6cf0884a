"""A small process between the program and a method: it measures, limits, and never leaves a method running alone.

Run as a script (``python -I -S launch.py JOB``), with the standard library only. Why a process of its own: on Linux the
peak memory that ``wait4`` reports of a child starts from the size of the process that forked it, so a method started
straight from a large server would be charged the server's memory. And a server that is killed cannot clean up; this
process sees its standard input close, kills the method, and still writes down what the attempt cost.

Standard input carries orders: ``c`` asks the method to stop (SIGTERM, then SIGKILL after the grace time), end of file
kills it.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import signal
import sys
import time
from typing import Any

Job = dict[str, Any]
_LINUX = sys.platform.startswith("linux")


def _prctl(option: int, argument: int) -> None:
    import ctypes

    ctypes.CDLL(None).prctl(option, argument, 0, 0, 0)


def _limit(which: int, amount: int | None) -> None:
    if amount is not None:
        _, hard = resource.getrlimit(which)
        value = amount if hard == resource.RLIM_INFINITY else min(amount, hard)
        resource.setrlimit(which, (value, hard))


def _become_method(job: Job) -> None:
    """In the forked child: own process group, limits, die with the launcher, then the method's program."""
    os.setpgid(0, 0)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    # Only the channel goes on: the lock must end with this launcher, and orders are not the method's.
    for descriptor in job["close"]:
        os.close(descriptor)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    if _LINUX:
        _prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    _limit(resource.RLIMIT_CPU, job["cpu_seconds"])
    _limit(resource.RLIMIT_FSIZE, job["file_bytes"])
    _limit(resource.RLIMIT_DATA if _LINUX else resource.RLIMIT_AS, job["memory_bytes"])
    _limit(resource.RLIMIT_CORE, 0)
    os.execve(job["command"][0], job["command"], job["environment"])  # noqa: S606 (the very point)


class Watch:
    """The method's process, its orders and its account."""

    def __init__(self, job: Job, child: int) -> None:
        self.job = job
        self.child = child
        self.reason = ""
        self.status: int | None = None
        self.user = self.system = 0.0
        self.peak = 0
        self.started = time.monotonic()
        self.kill_at: float | None = None

    def kill(self, reason: str) -> None:
        self.reason = self.reason or reason
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.child, signal.SIGKILL)

    def ask(self) -> None:
        self.reason = self.reason or "cancelled"
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.child, signal.SIGTERM)
        self.kill_at = self.kill_at or time.monotonic() + self.job["grace_seconds"]

    def reap(self, *, block: bool = False) -> bool:
        """Collect ended processes, adding up their account; True when none is left (to wait for)."""
        while True:
            try:
                pid, status, usage = os.wait4(-1, 0 if block else os.WNOHANG)
            except ChildProcessError:
                return True
            if pid == 0:
                return False
            self.user += usage.ru_utime
            self.system += usage.ru_stime
            self.peak = max(self.peak, usage.ru_maxrss * (1024 if _LINUX else 1))
            if pid == self.child:
                self.status = os.waitstatus_to_exitcode(status)

    def orders(self) -> bool:
        """Read orders; False at end of file, when nobody is left to give any."""
        read = os.read(0, 64)
        if not read:
            self.kill("orphaned")
            return False
        if b"c" in read:
            self.ask()
        return True

    def run(self, wake: int) -> None:
        listening = True
        while self.status is None:
            watched = [wake, 0] if listening else [wake]
            now = time.monotonic()
            ends = [moment for moment in (self.kill_at, self._deadline()) if moment is not None]
            timeout = max(0.0, min(ends) - now) if ends else None
            ready, _, _ = select.select(watched, [], [], timeout)
            if wake in ready:
                os.read(wake, 64)
            if 0 in ready:
                listening = self.orders()
            now = time.monotonic()
            if self.kill_at is not None and now >= self.kill_at:
                self.kill("cancelled")
                self.kill_at = None
            deadline = self._deadline()
            if deadline is not None and now >= deadline:
                self.kill("out-of-time")
                self.job["wall_seconds"] = None
            self.reap()
        # What the method started and did not wait for ends with it, and is charged to it.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.child, signal.SIGKILL)
        self.reap(block=True)

    def _deadline(self) -> float | None:
        limit = self.job["wall_seconds"]
        return None if limit is None else self.started + limit

    def account(self) -> dict[str, Any]:
        return {
            "event": "ended",
            "exit": self.status,
            "reason": self.reason,
            "user": round(self.user, 6),
            "system": round(self.system, 6),
            "peak": self.peak,
            "wall": round(time.monotonic() - self.started, 6),
        }


def _note(path: str, line: dict[str, Any]) -> None:
    """Append to the account. A full disk loses the line, not the run; the caller sees that an attempt is unmeasured."""
    with contextlib.suppress(OSError):
        _append(path, line)


def _append(path: str, line: dict[str, Any]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        # The leading line end keeps this line whole where a power cut tore the one before.
        os.write(descriptor, b"\n" + json.dumps(line).encode() + b"\n")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def main() -> None:
    job: Job = json.loads(sys.argv[1])
    wake, ring = os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(ring, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(ring, warn_on_full_buffer=False)
    if _LINUX:
        _prctl(36, 1)  # PR_SET_CHILD_SUBREAPER: orphans of the method come here and are charged to it
    _note(job["attempts"], {"event": "started", "at": time.time()})
    job["close"] += [wake, ring]
    child = os.fork()
    if child == 0:
        try:
            _become_method(job)
        finally:
            os._exit(127)
    with contextlib.suppress(OSError):
        os.setpgid(child, child)
    os.close(job["channel"])
    watch = Watch(job, child)
    signal.signal(signal.SIGTERM, lambda *_: watch.ask())
    watch.run(wake)
    _note(job["attempts"], watch.account())


if __name__ == "__main__":
    main()
