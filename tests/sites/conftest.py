"""What the tests of monitored places share."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings


@pytest.fixture(autouse=True, scope="session")
def static_root() -> None:
    """The folder that WhiteNoise looks into."""
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)
