"""The wheel holds all that an installation needs, and works in an empty environment."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.wheel
LARGEST = 8_000_000


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [Path(sys.executable).with_name("uv"), "build", "--wheel", "--quiet", "--out-dir", out, REPOSITORY],
        check=True,
    )
    [built] = out.glob("*.whl")
    return built


def test_the_wheel_holds_what_is_needed_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert wheel.stat().st_size < LARGEST
    for needed in (
        "heirloom/py.typed",
        "heirloom/web/templates/heirloom/base.html",
        "heirloom/demo/content/call-2025.json",
        "heirloom/pathways/diversity/README.md",
        "heirloom/locale/lo/LC_MESSAGES/django.mo",
        "heirloom/migrations/0001_initial.py",
    ):
        assert needed in names
    assert any(name.startswith("heirloom/web/static/dist/") and name.endswith(".css") for name in names)
    assert any(name.startswith("heirloom/pathways/diversity/reference/") for name in names)
    assert [name for name in names if not name.startswith(("heirloom/", "heirloom_commons-"))] == []
    assert [name for name in names if "node_modules" in name or name.endswith((".ts", ".pyc"))] == []


def test_the_demonstration_is_built_by_the_wheel_alone(wheel: Path, tmp_path: Path) -> None:
    uv = Path(sys.executable).with_name("uv")
    place = tmp_path / "environment"
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("HEIRLOOM_", "DJANGO_", "PYTHON"))
    }
    environment["VIRTUAL_ENV"] = str(place)
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, place], check=True, env=environment)
    lock = REPOSITORY / "requirements.lock"
    subprocess.run([uv, "pip", "install", "--quiet", "-r", lock], check=True, env=environment)
    subprocess.run([uv, "pip", "install", "--quiet", "--no-deps", wheel], check=True, env=environment)
    command = place / "bin" / "heirloom"
    built = subprocess.run(
        [command, "--data", tmp_path / "data", "demo", "--build-only"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr[-2000:]
    assert "10 published cases" in built.stdout
    doctor = subprocess.run(
        [command, "--data", tmp_path / "data", "doctor"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        check=False,
    )
    assert doctor.returncode == 0, doctor.stdout.decode()
