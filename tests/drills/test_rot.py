"""Fifty flipped bits over the demonstration's mirrored archive."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.drills import rot

pytestmark = pytest.mark.drill


@pytest.mark.parametrize("seed", [1, 2])
def test_flipped_bits_are_found_and_mended(
    seed: int, demonstration: Path, memory: Path, record_property: Callable[[str, object], None]
) -> None:
    made = rot.rot(demonstration / "archive", memory / f"rot-{seed}", 50, seed)
    for name, count in (("flipped", made.flipped), ("found", made.found), ("mended", made.mended)):
        record_property(name, count)
    assert (made.flipped, made.found, made.mended) == (50, 50, 50)
    assert made.same_as_before
    assert made.sound
