"""Backup and restore of everything: the database, the archive, and the installation's secret.

A backup is a folder named by its moment. It appears in one step when it is whole. Its ``manifest.json`` names every file
with its SHA-512 and what each archive object's newest version was, so that a restore can prove what it brings back.
The archive is mirrored into ``archive/`` beside the backups, shared by all of them: each run copies only what is new.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from heirloom import __version__
from heirloom.archive import Archive
from heirloom.archive.durable import sync_tree
from heirloom.catalogue import store

from .errors import BackupFailed, NotABackup, NotEmpty

FORMAT = "heirloom/backup/1"
MANIFEST = "manifest.json"
SQLITE = "database.sqlite3"
POSTGRES = "database.pgdump"


def backup(folder: Path) -> Path:
    """Make a backup below *folder* while the installation runs; return the new backup's folder.

    The database is copied first: whatever it names was in the archive by then, and the archive only grows.

    Raises:
        BackupFailed: the database could not be copied, or the archive is damaged.
    """
    folder.mkdir(parents=True, exist_ok=True)
    moment = datetime.now(UTC)
    final = folder / moment.strftime("%Y-%m-%dT%H-%M-%SZ")
    working = folder / f".{final.name}.{os.getpid()}"
    shutil.rmtree(working, ignore_errors=True)
    working.mkdir(mode=0o700)
    try:
        database = _copy_database(working)
        if (secret := Path(settings.DATA) / "secret").exists():
            shutil.copy2(secret, working / "secret")
        report = store.archive().mirror(folder / "archive")
        if report.damaged or report.diverged or report.missing:
            raise BackupFailed(problem=f"archive: {[*report.damaged, *report.diverged, *report.missing]}")
        manifest = {
            "format": FORMAT,
            "version": __version__,
            "made_at": moment.isoformat(timespec="seconds"),
            "database": database,
            "files": {path.name: _sha512(path) for path in sorted(working.iterdir())},
            # Of the copy: the archive itself may have grown since.
            "objects": _objects(Archive.open(folder / "archive")),
        }
        (working / MANIFEST).write_text(json.dumps(manifest, indent=1, sort_keys=True), "utf-8")
        sync_tree(str(working))
        working.rename(final)
    finally:
        shutil.rmtree(working, ignore_errors=True)
    return final


def _objects(archive: Archive) -> dict[str, str]:
    return {identifier: archive.head(identifier).digest for identifier in archive.ids()}


def _copy_database(working: Path) -> str:
    if connection.vendor == "sqlite":
        source = str(settings.DATABASES["default"]["NAME"])
        with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(working / SQLITE)) as copy:
            live.backup(copy)
            if copy.execute("PRAGMA integrity_check").fetchone() != ("ok",):
                raise BackupFailed(problem="the database's integrity check failed")
        return SQLITE
    command = ["pg_dump", "--format=custom", f"--file={working / POSTGRES}", *_postgres_target()]
    _run_postgres(command, BackupFailed)
    return POSTGRES


def _postgres_target() -> list[str]:
    database = settings.DATABASES["default"]
    words = [f"--dbname={database['NAME']}"]
    for option, name in (("--host", "HOST"), ("--port", "PORT"), ("--username", "USER")):
        if database.get(name):
            words.append(f"{option}={database[name]}")
    return words


def _run_postgres(command: list[str], error: type[BackupFailed | NotABackup]) -> None:
    environment = {**os.environ, "PGPASSWORD": str(settings.DATABASES["default"].get("PASSWORD") or "")}
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    except FileNotFoundError as missing:
        raise error(problem=f"{command[0]} is not installed") from missing
    if done.returncode:
        raise error(problem=done.stderr.strip()[-500:])


def _sha512(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha512").hexdigest()


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return a backup's manifest after checking every file that it names.

    Raises:
        NotABackup: something is missing or damaged.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise NotABackup(problem=f"{MANIFEST}: {error}") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise NotABackup(problem=f"{MANIFEST} has another format")
    for name, digest in manifest["files"].items():
        path = folder / Path(name).name
        if not path.is_file() or _sha512(path) != digest:
            raise NotABackup(problem=f"{name} is missing or damaged")
    return manifest


def restore(folder: Path) -> dict[str, Any]:
    """Bring a backup back into this installation's empty data folder; return the backup's manifest.

    Raises:
        NotABackup; NotEmpty: there is an installation already.
    """
    manifest = read_manifest(folder)
    data, root = Path(settings.DATA), Path(settings.ARCHIVE_ROOT)
    if root.exists() and any(root.iterdir()):
        raise NotEmpty(folder=root)
    if connection.vendor == "sqlite" and Path(settings.DATABASES["default"]["NAME"]).exists():
        raise NotEmpty(folder=data)
    data.mkdir(parents=True, exist_ok=True)
    kept = Archive.open(folder.parent / "archive")
    for identifier, digest in manifest["objects"].items():
        if not kept.exists(identifier) or all(
            version.digest != digest for version in kept.versions(identifier)
        ):
            raise NotABackup(problem=f"the archive lacks {identifier}")
    kept.mirror(root)
    store.forget()
    if manifest["database"] == SQLITE:
        if connection.vendor != "sqlite":
            raise NotABackup(problem="it holds an SQLite database; this installation uses PostgreSQL")
        target = Path(settings.DATABASES["default"]["NAME"])
        waiting = target.with_name(f"{target.name}.restoring")
        shutil.copy2(folder / SQLITE, waiting)
        waiting.replace(target)
    else:
        command = ["pg_restore", "--clean", "--if-exists", "--no-owner", "--single-transaction"]
        _run_postgres([*command, *_postgres_target(), str(folder / POSTGRES)], NotABackup)
    if (folder / "secret").exists():
        # The one that stands there was made when this very command started: nothing is signed with it yet.
        waiting = data / "secret.restoring"
        shutil.copy2(folder / "secret", waiting)
        waiting.replace(data / "secret")
    return manifest
