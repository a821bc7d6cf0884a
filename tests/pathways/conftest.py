"""A distribution of somebody else's that brings pathways, found through real entry point metadata."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from heirloom.pathways import registry

THIRD_PARTY = Path(__file__).with_name("third_party")


@pytest.fixture
def third_party(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Installs the distribution ``heirloom-example`` for this test: here and in the processes methods run in."""
    monkeypatch.syspath_prepend(str(THIRD_PARTY))
    path = os.environ.get("PYTHONPATH", "")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(THIRD_PARTY), path])))
    registry.reload()
    yield THIRD_PARTY
    monkeypatch.undo()
    registry.reload()
