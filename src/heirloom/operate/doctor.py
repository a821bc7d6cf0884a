"""Looks at the machine and the installation, and says in plain words what to do."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

State = Literal["ok", "warning", "problem"]
LEAST_FREE = 1024**3
SCRIPTS = {"lo": "ລ", "th": "ก", "km": "ក", "my": "က", "zh": "中", "vi": "ữ"}


@dataclass(frozen=True)
class Finding:
    """One thing looked at: what was found, and what to do about it."""

    what: str
    state: State
    found: str
    advice: str = ""


def examine() -> Iterator[Finding]:
    """Look at everything, one finding after the other; a check that itself fails is a finding."""
    checks: tuple[Callable[[], Iterator[Finding]], ...] = (
        _versions,
        _disk,
        _data_folder,
        _database,
        _archive,
        _fonts,
        _clock,
        _media_tools,
        _security,
    )
    for check in checks:
        try:
            yield from check()
        except (OSError, DatabaseError, ValueError) as error:
            yield Finding(check.__name__.strip("_"), "problem", f"{type(error).__name__}: {error}")


def _versions() -> Iterator[Finding]:
    python = ".".join(map(str, sys.version_info[:3]))
    good = sys.version_info >= (3, 11)
    yield Finding(
        "Python", "ok" if good else "problem", python, "" if good else "Install Python 3.11 or newer."
    )
    for name in ("django", "pyvips", "icukit-pyicu", "blake3", "granian"):
        try:
            yield Finding(name, "ok", importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            yield Finding(name, "problem", "not installed", "Run make setup again.")
    old = sqlite3.sqlite_version_info < (3, 34)
    yield Finding(
        "SQLite",
        "problem" if old else "ok",
        sqlite3.sqlite_version,
        "Use a Python with SQLite 3.34 or newer (FTS5)." if old else "",
    )


def _disk() -> Iterator[Finding]:
    folder = Path(settings.DATA)
    while not folder.exists():
        folder = folder.parent
    usage = shutil.disk_usage(folder)
    state: State = "ok" if usage.free >= LEAST_FREE else "problem"
    advice = (
        "" if state == "ok" else "Free some space, or move the data folder (HEIRLOOM_DATA) to a larger disk."
    )
    yield Finding(
        "free space", state, f"{usage.free / 1024**3:.1f} GiB of {usage.total / 1024**3:.1f} GiB", advice
    )


def _data_folder() -> Iterator[Finding]:
    folder = Path(settings.DATA)
    if not folder.is_dir():
        yield Finding("data folder", "warning", f"{folder} is not there yet", "heirloom serve makes it.")
        return
    writable = os.access(folder, os.W_OK)
    yield Finding(
        "data folder",
        "ok" if writable else "problem",
        str(folder),
        "" if writable else "Give the account that runs Heirloom the right to write there.",
    )
    secret = folder / "secret"
    if secret.exists() and secret.stat().st_mode & 0o077:
        yield Finding("secret", "problem", "others can read it", f"Run: chmod 600 {secret}")


def _database() -> Iterator[Finding]:
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA journal_mode")
            mode = str(cursor.fetchone()[0])
            yield Finding(
                "database",
                "ok" if mode == "wal" else "warning",
                f"SQLite, journal {mode}",
                ""
                if mode == "wal"
                else "The disk may not support WAL (network file systems do not). Use a local disk.",
            )
        else:
            cursor.execute("SHOW server_version")
            version = cursor.fetchone()[0]
            cursor.execute("SHOW server_encoding")
            encoding = cursor.fetchone()[0]
            good = encoding == "UTF8"
            yield Finding(
                "database",
                "ok" if good else "problem",
                f"PostgreSQL {version}, {encoding}",
                "" if good else "Make the database with encoding UTF8.",
            )
    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    yield Finding(
        "tables",
        "warning" if waiting else "ok",
        f"{len(waiting)} changes waiting" if waiting else "up to date",
        "heirloom serve brings them up to date." if waiting else "",
    )


def _archive() -> Iterator[Finding]:
    from heirloom.archive import Archive, NotArchive

    root = Path(settings.ARCHIVE_ROOT)
    if not root.is_dir():
        yield Finding("archive", "warning", f"{root} is not there yet", "It is made with the first item.")
        return
    try:
        archive = Archive.open(root)
    except NotArchive as error:
        yield Finding(
            "archive",
            "problem",
            str(error),
            "Set HEIRLOOM_ARCHIVE to an OCFL storage root or an empty folder.",
        )
        return
    yield Finding("archive", "ok", f"{sum(1 for _ in archive.object_keys())} objects")
    mirror = settings.ARCHIVE_MIRROR
    if mirror is None:
        yield Finding(
            "mirror",
            "warning",
            "none is set",
            "Set HEIRLOOM_ARCHIVE_MIRROR to a folder on another disk; then heirloom mirror.",
        )
    elif not Path(mirror).is_dir():
        yield Finding(
            "mirror", "warning", f"{mirror} is not there", "Connect the disk, then run heirloom mirror."
        )
    else:
        yield Finding("mirror", "ok", str(mirror))


def _fonts() -> Iterator[Finding]:
    """The pages bring their own fonts; this is about pictures and PDFs made on this machine."""
    lister = shutil.which("fc-list")
    if lister is None:
        yield Finding(
            "fonts", "warning", "fontconfig is not installed", "Only needed to make PDFs and screenshots."
        )
        return
    lacking = []
    for language, sign in SCRIPTS.items():
        listing = subprocess.run(
            [lister, f":charset={ord(sign):x}", "family"],
            capture_output=True,
            text=True,
            check=False,
            timeout=20,
        )
        if not listing.stdout.strip():
            lacking.append(language)
    yield Finding(
        "fonts",
        "warning" if lacking else "ok",
        f"none for {', '.join(lacking)}" if lacking else "all scripts",
        "Install the Noto fonts (Debian: fonts-noto-core fonts-noto-cjk)." if lacking else "",
    )


def _clock() -> Iterator[Finding]:
    """A clock that went back would date new versions before old ones."""
    newest = max(
        (path.stat().st_mtime for path in (Path(settings.DATA), Path(__file__)) if path.exists()), default=0
    )
    ahead = newest - time.time()
    yield Finding(
        "clock",
        "ok" if ahead < 300 else "problem",
        time.strftime("%Y-%m-%d %H:%M:%S %z"),
        ""
        if ahead < 300
        else "The clock is behind files that are already here. Set it before writing anything.",
    )


def _media_tools() -> Iterator[Finding]:
    import pyvips

    yield Finding("libvips", "ok", ".".join(str(pyvips.version(part)) for part in range(3)))
    tool = shutil.which("ffprobe")
    yield Finding(
        "ffprobe",
        "ok" if tool else "warning",
        tool or "not installed",
        "" if tool else "Only needed to read the length of recordings (Debian: ffmpeg).",
    )


def _security() -> Iterator[Finding]:
    if settings.DEBUG:
        yield Finding(
            "debug mode", "problem", "on", "Unset HEIRLOOM_DEBUG: it shows inner workings to strangers."
        )
    local = settings.SITE_URL.startswith(("http://127.0.0.1", "http://localhost"))
    if not settings.SECURE and not local:
        yield Finding(
            "address", "warning", settings.SITE_URL, "Serve by https, and set HEIRLOOM_URL to that address."
        )
