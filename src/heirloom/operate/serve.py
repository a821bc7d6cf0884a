"""The web server: granian over WSGI, with the worker beside it when asked."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from django.core.management import call_command
from django.db import connections


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


def serve(host: str, port: int, *, workers: int = 1, threads: int = 4, with_worker: bool = True) -> NoReturn:
    """Make the installation ready, then become the process that serves it until told to stop.

    One process with a few threads suits a small machine and SQLite.
    """
    prepare()
    connections.close_all()
    os.environ["DJANGO_SETTINGS_MODULE"] = "heirloom.settings"
    sys.stdout.flush()
    sys.stderr.flush()
    words = [host, str(port), str(workers), str(threads), "worker" if with_worker else "no-worker"]
    os.execv(  # noqa: S606 - it is this very program
        sys.executable, [sys.executable, "-m", "heirloom.operate.stand", *words]
    )
