"""The project's own house rules, checked as a reader would check them."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
LIMIT = 650
FORBIDDEN_NAMES = {"utils", "common", "helpers", "misc"}


def tracked(*patterns: str) -> list[Path]:
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--", *patterns], cwd=REPOSITORY, capture_output=True, check=False
    )
    if listing.returncode:
        pytest.skip("not a git checkout")
    return [REPOSITORY / name for name in listing.stdout.decode().split("\0") if name]


def test_no_module_has_outgrown_a_reader() -> None:
    sources = [path for path in tracked("src/*.py", "frontend/src/*.ts") if "migrations" not in path.parts]
    assert sources
    long = {
        str(path.relative_to(REPOSITORY)): lines
        for path in sources
        if path.exists() and (lines := len(path.read_text().splitlines())) > LIMIT
    }
    assert long == {}


def test_no_module_is_a_junk_drawer() -> None:
    names = {path.stem for path in tracked("src/*.py")} | {path.parent.name for path in tracked("src/*.py")}
    assert names & FORBIDDEN_NAMES == set()


def test_every_changelog_fragment_names_its_kind() -> None:
    kinds = {"added", "changed", "fixed", "removed", "security"}
    wrong = [
        path.name
        for path in tracked("changelog.d/*.md")
        if path.name != "README.md" and path.suffixes[-2:-1] not in [[f".{kind}"] for kind in kinds]
    ]
    assert wrong == []


def test_large_files_have_a_reason() -> None:
    large = [path for path in tracked() if path.exists() and path.stat().st_size > 1_000_000]
    unexplained = [
        str(path.relative_to(REPOSITORY))
        for path in large
        if path.name not in (readme.read_text() if (readme := path.parent / "README.md").exists() else "")
    ]
    assert unexplained == []


def test_every_dependency_is_locked_with_hashes() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    names = {re.split(r"[\[<>=;]", line)[0].lower() for line in project["dependencies"]}
    lock = (REPOSITORY / "requirements.lock").read_text().lower()
    assert {
        name for name in names if not re.search(rf"^{re.escape(name)}(\[[^\]]*\])?==", lock, re.MULTILINE)
    } == set()
    assert lock.count("--hash=sha256:") > len(names)
    assert "://" not in lock


def test_locked_front_end_names_no_host() -> None:
    lock = REPOSITORY / "frontend" / "package-lock.json"
    assert '"resolved"' not in lock.read_text()
