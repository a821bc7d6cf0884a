"""The installation's archive, opened once a process."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

from django.conf import settings

from heirloom.archive import Agent, Archive
from heirloom.people.models import User

_opened: dict[tuple[str, int], Archive] = {}
_lock = threading.Lock()
SYSTEM = Agent("Heirloom", "https://heirloom.invalid/system")


def archive() -> Archive:
    """Return the archive at ``settings.ARCHIVE_ROOT``, made when missing; one for each path and process."""
    path = str(Path(settings.ARCHIVE_ROOT).resolve())
    key = (path, os.getpid())
    found = _opened.get(key)
    if found is None:
        with _lock:
            found = _opened.get(key)
            if found is None:
                found = _opened[key] = Archive.open(path, create=True)
    return found


def forget() -> None:
    """Close what :func:`archive` keeps open; for tests and after a restore."""
    with _lock:
        _opened.clear()


def agent(user: Any) -> Agent:
    """Return who an archive version is by: the number of their account here, never their name or address.

    Versions are kept for good and travel with the package, and could not be changed when the person's data are erased.
    """
    if isinstance(user, User) and user.pk:
        return Agent(f"Account {user.pk}", f"{settings.SITE_URL}/people/{user.pk}")
    return SYSTEM


def purge(identifier: str, reason: str, by: Any = None) -> bool:
    """Take an object away for good, where there is one; a tombstone with the reason stays. Return whether there was one."""
    if not archive().exists(identifier):
        return False
    archive().purge(identifier, reason, agent=agent(by))
    return True
