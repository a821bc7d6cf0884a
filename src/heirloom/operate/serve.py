"""The web server: granian over WSGI, with the worker beside it when asked."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

from django.core.management import call_command


def prepare() -> None:
    """Bring the database to this version's tables and make the data folders."""
    from django.conf import settings

    for folder in (
        settings.DATA,
        settings.INTAKE_ROOT,
        settings.RUNS_ROOT,
        settings.DERIVATIVES_ROOT,
        settings.STATIC_ROOT,
    ):
        folder.mkdir(parents=True, exist_ok=True)
    call_command("migrate", verbosity=0, interactive=False)


@contextlib.contextmanager
def worker_beside() -> Iterator[subprocess.Popen[bytes]]:
    """Run a worker as a child for as long as the block lasts."""
    child = subprocess.Popen([sys.executable, "-m", "heirloom.cli", "work"])
    try:
        yield child
    finally:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(20)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def serve(host: str, port: int, *, workers: int = 1, threads: int = 4, with_worker: bool = True) -> None:
    """Serve until interrupted. One process with a few threads suits a small machine and SQLite."""
    from granian.constants import Interfaces
    from granian.log import LogLevels
    from granian.server import Server

    prepare()
    os.environ["DJANGO_SETTINGS_MODULE"] = "heirloom.settings"
    server = Server(
        "heirloom.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=threads,
        websockets=False,
        log_access=False,
        log_level=LogLevels.warning,
    )
    with worker_beside() if with_worker else contextlib.nullcontext():
        server.serve()
