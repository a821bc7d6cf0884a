"""The steps of an act between which it may die: around each commit, and around each version that goes into the archive.

(What happens within the writing of one version is struck at every system call by the archive's own tests.)
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from typing import Any

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

from heirloom.archive import Archive


def dying(at: int, act: Callable[[], str]) -> dict[str, Any]:
    """Act and die at the *at*-th step; return how many steps there were when it did not come to that."""
    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 1
        if steps == at:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def called(*args: Any, **options: Any) -> Any:
            step()
            made = function(*args, **options)
            step()
            return made

        return called

    def between(function: Callable[..., Iterable[Any]]) -> Callable[..., Iterator[Any]]:
        @wraps(function)
        def called(*args: Any, **options: Any) -> Iterator[Any]:
            for made in function(*args, **options):
                step()
                yield made

        return called

    def statement(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        made = execute(sql, params, many, context)
        if not context["connection"].in_atomic_block and not sql.lstrip().upper().startswith("SELECT"):
            step()  # it was committed by itself
        return made

    # These are patched for good: this process does nothing else, and is thrown away.
    BaseDatabaseWrapper._commit = around(BaseDatabaseWrapper._commit)  # type: ignore[method-assign, attr-defined]
    Archive.write = around(Archive.write)  # type: ignore[method-assign]
    Archive.write_many = between(Archive.write_many)  # type: ignore[method-assign, assignment]
    with connection.execute_wrapper(statement):
        error = act()
    return {"steps": steps, "error": error}
