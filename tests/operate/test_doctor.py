"""What the doctor finds, and what it says to do about it."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from pytest_django import Settings

from heirloom.archive import Archive
from heirloom.operate import doctor
from heirloom.operate.doctor import Finding, examine

pytestmark = [pytest.mark.database, pytest.mark.django_db]


class Usage(NamedTuple):
    """What :func:`shutil.disk_usage` answers, in bytes."""

    total: int
    used: int
    free: int


def found() -> dict[str, Finding]:
    return {finding.what: finding for finding in examine()}


@pytest.fixture(autouse=True)
def well(installation: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation that nothing is wrong with, as far as a test can tell."""
    settings.DEBUG = False
    settings.SITE_URL = "http://127.0.0.1:8000"
    settings.ARCHIVE_MIRROR = None
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(2 * 1024**4, 1024**4, 1024**4))
    return installation


def test_a_sound_installation_has_no_problem_and_every_other_finding_says_what_to_do(well: Path) -> None:
    Archive.open(well / "archive", create=True)
    findings = list(examine())
    assert [finding for finding in findings if finding.state == "problem"] == []
    assert all(finding.advice for finding in findings if finding.state != "ok")
    assert not any(finding.advice for finding in findings if finding.state == "ok")
    named = {finding.what for finding in findings}
    assert named >= {
        "Python",
        "django",
        "SQLite",
        "free space",
        "data folder",
        "database",
        "tables",
        "archive",
        "mirror",
        "fonts",
        "clock",
        "libvips",
        "ffprobe",
    }
    assert found()["archive"].found == "0 objects"


def test_an_old_python_and_an_old_sqlite_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 1))
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 8, 0))
    told = found()
    assert (told["Python"].state, told["Python"].found) == ("problem", "3.9.1")
    assert "3.11" in told["Python"].advice
    assert told["SQLite"].state == "problem"
    assert "3.34" in told["SQLite"].advice


def test_a_missing_package_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    version = importlib.metadata.version

    def lacking(name: str) -> str:
        if name == "blake3":
            raise importlib.metadata.PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(importlib.metadata, "version", lacking)
    assert found()["blake3"].state == "problem"
    assert "make setup" in found()["blake3"].advice


def test_a_full_disk_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10 * 1024**3, 10 * 1024**3 - 5, 5))
    told = found()["free space"]
    assert told.state == "problem"
    assert "HEIRLOOM_DATA" in told.advice


def test_a_data_folder_that_lacks_or_cannot_be_written_is_told(
    well: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DATA = well / "not" / "yet"
    told = found()
    assert told["data folder"].state == "warning"
    assert "heirloom serve" in told["data folder"].advice
    assert told["free space"].state == "ok"
    settings.DATA = well
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert found()["data folder"].state == "problem"


def test_a_secret_that_others_can_read_is_told(well: Path) -> None:
    secret = well / "secret"
    secret.write_text("x")
    secret.chmod(0o600)
    assert "secret" not in found()
    secret.chmod(0o644)
    assert found()["secret"].state == "problem"
    assert found()["secret"].advice == f"Run: chmod 600 {secret}"


def test_tables_of_an_older_version_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert found()["tables"].state == "ok"
    monkeypatch.setattr(MigrationExecutor, "migration_plan", lambda *_: [object()])
    told = found()["tables"]
    assert (told.state, told.found) == ("warning", "1 changes waiting")
    assert "heirloom serve" in told.advice


def test_a_database_that_does_not_answer_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def cursor() -> Any:
        raise DatabaseError("no connection")

    monkeypatch.setattr(connection, "cursor", cursor)
    told = found()["database"]
    assert told.state == "problem"
    assert "no connection" in told.found
    assert "archive" in found(), "the other checks go on"


def test_an_archive_that_is_none_is_told(well: Path, settings: Settings) -> None:
    (well / "archive" / "holiday.jpg").write_bytes(b"x")
    told = found()["archive"]
    assert told.state == "problem"
    assert "HEIRLOOM_ARCHIVE" in told.advice
    settings.ARCHIVE_ROOT = well / "nothing"
    assert found()["archive"].state == "warning"


def test_the_mirror_is_told(well: Path, settings: Settings) -> None:
    Archive.open(well / "archive", create=True)
    assert "HEIRLOOM_ARCHIVE_MIRROR" in found()["mirror"].advice
    settings.ARCHIVE_MIRROR = well / "elsewhere"
    assert found()["mirror"].state == "warning"
    assert "heirloom mirror" in found()["mirror"].advice
    (well / "elsewhere").mkdir()
    assert found()["mirror"].state == "ok"


def test_fonts_are_asked_for_by_script(monkeypatch: pytest.MonkeyPatch) -> None:
    def listing(lacking: str) -> Callable[..., subprocess.CompletedProcess[str]]:
        return lambda words, **_: subprocess.CompletedProcess(
            words, 0, stdout="" if lacking and f"{ord(lacking):x}" in words[1] else "Noto Sans\n"
        )

    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(subprocess, "run", listing(""))
    assert found()["fonts"].state == "ok"
    monkeypatch.setattr(subprocess, "run", listing(doctor.SCRIPTS["my"]))
    told = found()["fonts"]
    assert (told.state, told.found) == ("warning", "none for my")
    assert "fonts-noto" in told.advice
    monkeypatch.setattr(shutil, "which", lambda _: None)
    told = found()["fonts"]
    assert (told.state, told.found) == ("warning", "fontconfig is not installed")
    assert found()["ffprobe"].advice


def test_a_clock_that_went_back_is_told(well: Path) -> None:
    assert found()["clock"].state == "ok"
    ahead = well.stat().st_mtime + 86_400
    os.utime(well, (ahead, ahead))
    assert found()["clock"].state == "problem"
    assert "Set it" in found()["clock"].advice


def test_what_is_open_to_strangers_is_told(settings: Settings) -> None:
    assert not {"debug mode", "address"} & found().keys()
    settings.DEBUG = True
    settings.SITE_URL = "http://heritage.example"
    settings.SECURE = False
    told = found()
    assert told["debug mode"].state == "problem"
    assert told["address"].state == "warning"
    assert "HEIRLOOM_URL" in told["address"].advice
