"""The process that stands over the web server and the worker: ``python -m heirloom.operate.stand HOST PORT WORKERS THREADS WORKER``.

:mod:`heirloom.operate.serve` becomes this process when the installation is ready. It loads no Django, so that on a small machine it costs
next to nothing; it starts again what ends by mistake, and takes everything with it when it ends, however it ends.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, Self

PR_SET_PDEATHSIG = 1
LONGEST_PAUSE = 60.0
STEADY = 60.0
PATIENCE = 20.0

type_of_application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def die_with(parent: int, how: signal.Signals = signal.SIGTERM) -> None:
    """Get the signal *how* when the process *parent*, which started this one, ends; at once when it has ended already.

    Only Linux can promise that; elsewhere nothing happens.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, how, 0, 0, 0)
    if os.getppid() != parent:
        os.kill(os.getpid(), how)


def application() -> type_of_application:
    """Make the application in a server process, which is to end with the process that stands over it."""
    parent = multiprocessing.parent_process()
    if parent is not None and parent.pid is not None:
        die_with(parent.pid, signal.SIGKILL)
    from heirloom.wsgi import application as made

    return made


class Keeper:
    """Keeps one worker running, in a thread: starts it again when it ends, ever more patiently."""

    def __init__(self) -> None:
        self.stopping = threading.Event()
        self.child: subprocess.Popen[bytes] | None = None
        self.thread = threading.Thread(target=self._keep, name="worker-keeper")

    def _keep(self) -> None:
        pause = 1.0
        while not self.stopping.is_set():
            started = time.monotonic()
            # A group of its own: Ctrl+C in a terminal is for the server, which then ends the worker in good order.
            self.child = subprocess.Popen(
                [sys.executable, "-m", "heirloom.cli", "work", "--beside", str(os.getpid())], process_group=0
            )
            while self.child.poll() is None and not self.stopping.wait(0.5):
                pass
            if self.stopping.is_set():
                break
            pause = 1.0 if time.monotonic() - started > STEADY else min(2 * pause, LONGEST_PAUSE)
            sys.stderr.write(
                f"heirloom: the worker ended with status {self.child.returncode}; it starts again.\n"
            )
            self.stopping.wait(pause)

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self.thread.join()
        if self.child is None or self.child.poll() is not None:
            return
        self.child.send_signal(signal.SIGTERM)
        try:
            self.child.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.child.kill()  # its job is taken up again at the next start
            self.child.wait()


def stand(host: str, port: int, workers: int, threads: int, *, with_worker: bool) -> None:
    """Serve until told to stop."""
    from granian.constants import Interfaces
    from granian.log import LogLevels
    from granian.server import Server

    server = Server(
        "heirloom.operate.stand:application",
        factory=True,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=threads,
        workers_kill_timeout=int(PATIENCE) // 2,
        respawn_failed_workers=True,
        websockets=False,
        log_access=False,
        log_level=LogLevels.warning,
    )
    if with_worker:
        with Keeper():
            server.serve()
    else:
        server.serve()


if __name__ == "__main__":
    stand(
        sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), with_worker=sys.argv[5] == "worker"
    )
