"""Jobs about cases: thin, calling actions."""

from __future__ import annotations

from django_tasks import task

from . import run_actions


@task()
def do_run(key: str) -> None:
    """Do the run with this key."""
    run_actions.do_run(key)
