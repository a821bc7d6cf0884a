"""The illustrative pictures: every one has words, every one is drawn, and strips fit together."""

from __future__ import annotations

import numpy as np
import pytest

from heirloom.demo import pictures
from heirloom.demo.words import load


def used() -> list[str]:
    cases = [*load("cases.json"), load("study.json")]
    return [name for case in cases for name in (case["picture"], *case.get("details", {}).values())]


def test_no_picture_is_shown_twice_and_each_has_its_own_words() -> None:
    described = load("illustrations.json")["pictures"]
    assert sorted(used()) == sorted(pictures.PALETTES) == sorted(described)
    for words in zip(*((one["title"], one["alt"]) for one in described.values()), strict=True):
        assert len(set(words)) == len(described)


@pytest.mark.parametrize("name", sorted(pictures.PALETTES))
def test_a_picture_drawn_in_strips_is_the_picture(name: str) -> None:
    whole = pictures.draw(name, 300, 200)
    assert whole.shape == (200, 300, 3)
    strips = [pictures.draw(name, 300, 200, top, 64) for top in range(0, 200, 64)]
    assert np.array_equal(np.concatenate(strips), whole)
    assert whole.std() > 10, "there is something to see"
