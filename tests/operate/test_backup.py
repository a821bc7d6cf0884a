"""A backup brings back everything, and what is no whole backup is refused."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.drills import processes
from tests.factories.catalogue import make_kept_item

from heirloom.archive import Archive
from heirloom.operate import backup as backups


def heirloom(data: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return processes.run(processes.command(*words), data)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """An installation with items, cases and a call, and its backup."""
    data = tmp_path_factory.mktemp("living") / "data"
    processes.ask(data, "prepare")
    (data / "secret").write_text("the installation's own")
    made = heirloom(data, "backup", str(data.parent / "backups"))
    assert made.returncode == 0, made.stderr
    return data, Path(made.stdout.strip())


@pytest.mark.slow
def test_everything_comes_back(kept: tuple[Path, Path], tmp_path: Path) -> None:
    data, backup = kept
    assert backup.parent == data.parent / "backups"
    assert backup.stat().st_mode & 0o077 == 0, "it holds the secret: nobody else reads it"
    done = heirloom(tmp_path / "restored", "restore", str(backup))
    assert done.returncode == 0, done.stderr
    assert processes.ask(tmp_path / "restored", "snapshot") == processes.ask(data, "snapshot")
    assert processes.ask(tmp_path / "restored", "judge") == []
    assert (tmp_path / "restored" / "secret").read_text() == "the installation's own"

    again = heirloom(tmp_path / "restored", "restore", str(backup))
    assert again.returncode == 1
    assert "[restore.not-empty]" in again.stderr


@pytest.mark.slow
def test_a_damaged_backup_is_refused_before_anything_is_written(
    kept: tuple[Path, Path], tmp_path: Path
) -> None:
    backups = tmp_path / "backups"
    shutil.copytree(kept[1].parent, backups)
    backup = backups / kept[1].name
    manifest = json.loads((backup / "manifest.json").read_text())

    def refused(problem: str) -> None:
        done = heirloom(tmp_path / "restored", "restore", str(backup))
        assert done.returncode == 1
        assert "[restore.not-a-backup]" in done.stderr
        assert problem in done.stderr
        assert not (tmp_path / "restored" / "heirloom.sqlite3").exists()
        assert not (tmp_path / "restored" / "archive").exists()

    database = backup / "database.sqlite3"
    whole = database.read_bytes()
    database.write_bytes(whole[:-1])
    refused("database.sqlite3 is missing or damaged")
    database.write_bytes(whole)
    (backup / "manifest.json").write_text(
        json.dumps({**manifest, "objects": {**manifest["objects"], "heirloom:item:lost": "0"}})
    )
    refused("the archive lacks heirloom:item:lost")
    (backup / "manifest.json").write_text("{")
    refused("manifest.json")


@pytest.mark.database
@pytest.mark.django_db
@pytest.mark.usefixtures("installation")
def test_what_is_written_while_the_copy_is_made_is_not_promised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The manifest names what the copy holds, not what the archive holds a moment later."""
    mirror = Archive.mirror
    make_kept_item()

    def mirror_then_write(self: Archive, target: Path) -> object:
        report = mirror(self, target)
        make_kept_item()
        return report

    monkeypatch.setattr(Archive, "mirror", mirror_then_write)
    monkeypatch.setattr(backups, "_copy_database", lambda _working: backups.SQLITE)
    made = backups.backup(tmp_path / "backups")
    promised = json.loads((made / "manifest.json").read_text())["objects"]
    held = Archive.open(tmp_path / "backups" / "archive")
    assert {identifier: held.head(identifier).digest for identifier in held.ids()} == promised
    assert promised
