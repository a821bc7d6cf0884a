"""A small disk that becomes full during ingest, seal, run and publish."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.drills import full_disk

pytestmark = pytest.mark.drill


def test_a_full_disk_loses_nothing(
    base: Path, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    with full_disk.small_disk(tmp_path / "disk") as disk:
        if disk is None:
            pytest.skip("a small disk can only be mounted by root")
        found = full_disk.fill(base, disk, rooms=2)
    record_property("refused", found.refused)
    record_property("good", found.good)
    assert found.wrong == []
    assert found.refused == found.good
    assert found.refused >= 6
    assert found.errors.keys() <= {*full_disk.CLEAN, ""}
