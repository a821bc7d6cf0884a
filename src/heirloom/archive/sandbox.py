"""Run one program with limits on memory, time, output and files, and say clearly which limit it met.

For reading what strangers sent with libraries written in C. The limits are those of the operating system
(``setrlimit(2)``), set by a small launcher in the child after the fork and before the program starts, so that
this is safe from threads. It limits what a program may use, not what it may see: it is no jail.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from heirloom.errors import HeirloomError, gettext_noop

_LAUNCHER = """
import os, sys
memory, cpu, size, files = map(int, sys.argv[1:5])
try:
    import resource as r
except ImportError:
    pass
else:
    def put(what, soft, hard):
        top = r.getrlimit(what)[1]
        if top != r.RLIM_INFINITY:
            soft, hard = min(soft, top), min(hard, top)
        r.setrlimit(what, (soft, hard))
    put(r.RLIMIT_CORE, 0, 0)
    put(r.RLIMIT_CPU, cpu, cpu + 1)
    put(r.RLIMIT_FSIZE, size, size)
    put(r.RLIMIT_NOFILE, files, files)
    put(r.RLIMIT_AS, memory, memory)
os.execv(sys.argv[5], sys.argv[5:])
"""


@dataclass(frozen=True, slots=True)
class SandboxLimits:
    """Limits of one run: bytes of address space, seconds of CPU and wall time, bytes per file written and of
    output, open files."""

    memory: int = 2 * 1024**3
    cpu_seconds: int = 60
    wall_seconds: float = 120.0
    file_bytes: int = 0
    output_bytes: int = 1024 * 1024
    open_files: int = 64


@dataclass(frozen=True, slots=True)
class Completed:
    """What a program that ended well left: its output, and the seconds of CPU that it cost."""

    stdout: bytes
    stderr: bytes
    cpu_seconds: float


class SandboxFailure(HeirloomError):
    """Base: the program did not end well."""

    code = "sandbox.failed"
    message = gettext_noop("A helper program failed: {detail}.")

    def __init__(self, *, detail: str, stderr: bytes = b"", exit_code: int | None = None) -> None:
        self.stderr = stderr
        self.exit_code = exit_code
        super().__init__(detail=detail)


class SandboxTimeout(SandboxFailure):
    """It ran longer than the wall clock limit."""

    code = "sandbox.timeout"
    message = gettext_noop("A helper program took too long: {detail}.")


class SandboxCpu(SandboxFailure):
    """It used more CPU time than the limit."""

    code = "sandbox.cpu"
    message = gettext_noop("A helper program used too much computing time: {detail}.")


class SandboxFileSize(SandboxFailure):
    """It wrote a larger file than the limit."""

    code = "sandbox.file-size"
    message = gettext_noop("A helper program wrote too large a file: {detail}.")


class SandboxOutput(SandboxFailure):
    """It printed more than the limit."""

    code = "sandbox.output"
    message = gettext_noop("A helper program printed too much: {detail}.")


class SandboxCrash(SandboxFailure):
    """A signal ended it; running out of memory often shows so."""

    code = "sandbox.crash"
    message = gettext_noop("A helper program crashed: {detail}.")


class SandboxExit(SandboxFailure):
    """It ended with an exit code other than 0."""

    code = "sandbox.exit"
    message = gettext_noop("A helper program ended with an error: {detail}.")


def run_limited(
    command: Sequence[str],
    limits: SandboxLimits | None = None,
    *,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Completed:
    """Run *command* (an absolute path and its arguments) to its end, within *limits*.

    Its environment holds only ``PATH``, a UTF-8 locale and *environment*; its standard input is empty. Whatever it
    started is killed with it.

    Raises:
        SandboxFailure: a subclass for each way not to end well.
    """
    limits = limits or SandboxLimits()
    numbers = (limits.memory, limits.cpu_seconds, limits.file_bytes, limits.open_files)
    launcher = [sys.executable, "-I", "-S", "-c", _LAUNCHER, *map(str, numbers), *command]
    known = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", **(environment or {})}
    with subprocess.Popen(
        launcher,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=folder,
        env=known,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            stdout, stderr = _collect(process.stdout, process.stderr, limits)
            cpu = _wait(process, limits)
        finally:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            if process.returncode is None:
                process.wait()
    _judge(process.returncode, cpu, stderr, limits)
    return Completed(stdout, stderr, cpu)


def _collect(stdout: IO[bytes], stderr: IO[bytes], limits: SandboxLimits) -> tuple[bytes, bytes]:
    """Read both pipes until they close; the deadline and the limit on output hold for both together."""
    deadline = time.monotonic() + limits.wall_seconds
    parts: dict[int, bytearray] = {stdout.fileno(): bytearray(), stderr.fileno(): bytearray()}
    with selectors.DefaultSelector() as selector:
        for stream in (stdout, stderr):
            selector.register(stream, selectors.EVENT_READ)
        while selector.get_map():
            left = deadline - time.monotonic()
            ready = selector.select(left) if left > 0 else []
            if not ready:
                raise SandboxTimeout(
                    detail=f"{limits.wall_seconds:g} s", stderr=bytes(parts[stderr.fileno()])
                )
            for key, _ in ready:
                chunk = os.read(key.fd, 65536)
                if not chunk:
                    selector.unregister(key.fileobj)
                parts[key.fd] += chunk
            if sum(map(len, parts.values())) > limits.output_bytes:
                raise SandboxOutput(detail=f"{limits.output_bytes} bytes")
    return bytes(parts[stdout.fileno()]), bytes(parts[stderr.fileno()])


def _wait(process: subprocess.Popen[bytes], limits: SandboxLimits) -> float:
    """Wait for the end (a program may close its output and go on); return CPU seconds."""
    deadline = time.monotonic() + limits.wall_seconds
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)
            return usage.ru_utime + usage.ru_stime
        if time.monotonic() > deadline:
            raise SandboxTimeout(detail=f"{limits.wall_seconds:g} s")
        time.sleep(0.001)


def _judge(code: int, cpu: float, stderr: bytes, limits: SandboxLimits) -> None:
    if code == 0:
        return
    if code == -signal.SIGXCPU or (code == -signal.SIGKILL and cpu >= limits.cpu_seconds):
        raise SandboxCpu(detail=f"{limits.cpu_seconds} s", stderr=stderr)
    if code == -signal.SIGXFSZ:
        raise SandboxFileSize(detail=f"{limits.file_bytes} bytes", stderr=stderr)
    if code < 0:
        raise SandboxCrash(detail=signal.Signals(-code).name, stderr=stderr)
    raise SandboxExit(
        detail=stderr.decode("utf-8", "replace").strip()[-300:] or f"exit code {code}",
        stderr=stderr,
        exit_code=code,
    )
