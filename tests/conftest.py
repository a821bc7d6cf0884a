"""Fixtures that every part's tests share."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from pytest_django import Settings

# The same examples each time, so that a change is judged by what it changes; HEIRLOOM_EXPLORE=1 tries new ones.
# A busy machine is not a failure: the suite's own time is what counts.
hypothesis.settings.register_profile(
    "heirloom", deadline=None, derandomize="HEIRLOOM_EXPLORE" not in os.environ, print_blob=True
)
hypothesis.settings.load_profile("heirloom")

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def _no_language_left_over() -> Iterator[None]:
    """A request leaves its language active in the thread that answered it: no test may start with that of another."""
    from django.utils import translation

    translation.deactivate()
    yield
    translation.deactivate()


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of large public data sets that are measured with but not shipped."""
    folder = Path(os.environ.get("HEIRLOOM_TEST_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no public test data in {folder} (set HEIRLOOM_TEST_DATA)")
    return folder


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Debian's Chromium, or the one that HEIRLOOM_CHROMIUM names; one for all tests, as it cannot be started twice."""
    playwright = pytest.importorskip("playwright.sync_api")
    names = (os.environ.get("HEIRLOOM_CHROMIUM"), shutil.which("chromium"), shutil.which("chromium-browser"))
    program = next((name for name in names if name), None)
    if program is None:
        pytest.skip("no Chromium on this machine (set HEIRLOOM_CHROMIUM)")
    with playwright.sync_playwright() as running:
        launched = running.chromium.launch(
            executable_path=program,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--enable-unsafe-swiftshader",  # WebGL by the processor
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ],
        )
        yield launched
        launched.close()


@pytest.fixture
def installation(settings: Settings, tmp_path: Path) -> Path:
    """A fresh data folder with an empty archive; returns the folder."""
    from heirloom.catalogue import store

    for name in ("ARCHIVE_ROOT", "DERIVATIVES_ROOT", "INTAKE_ROOT", "RUNS_ROOT"):
        folder = tmp_path / name.removesuffix("_ROOT").lower()
        folder.mkdir()
        setattr(settings, name, folder)
    settings.DATA = tmp_path
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "intake"
    store.forget()
    return tmp_path
