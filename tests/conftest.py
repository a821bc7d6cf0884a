"""Fixtures that every part's tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of large public data sets that are measured with but not shipped."""
    folder = Path(os.environ.get("HEIRLOOM_TEST_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no public test data in {folder} (set HEIRLOOM_TEST_DATA)")
    return folder
