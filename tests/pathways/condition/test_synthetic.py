"""The made-up panel: what it says of itself is so."""

from __future__ import annotations

import numpy as np

from heirloom.pathways.condition import synthetic
from heirloom.pathways.condition.lights import Lights, dome

SHAPE = (96, 128)


def test_a_seed_gives_the_same_panel_and_photos() -> None:
    a, b, c = (synthetic.rock(SHAPE, seed) for seed in (3, 3, 4))
    assert (a.height == b.height).all()
    assert not (a.height == c.height).all()
    first, second = (next(synthetic.photograph(p, dome(1), 5)) for p in (a, b))
    assert (first == second).all()


def test_the_rock_is_as_rough_and_glossy_as_asked() -> None:
    panel = synthetic.rock(SHAPE, 1, glossy=0.16, strokes=0)
    slopes = np.degrees(np.arccos(panel.normals()[..., 2]))
    assert 7 < slopes.mean() < 13
    assert abs((panel.gloss > 0).mean() - 0.16) < 0.02
    assert synthetic.rock(SHAPE, 1, glossy=0).gloss.max() == 0


def test_damage_is_where_and_as_deep_as_it_says() -> None:
    panel = synthetic.rock(SHAPE, 2)
    after, damage = synthetic.weather(panel, 2, spalls=2, pigment=2, depth=(1.0, 1.0), size=(6, 8))
    change = after.height - panel.height
    assert -1.01 < change.min() < -0.9
    assert np.abs(change[~damage.spalls]).max() < 0.01
    assert damage.pigment.any()
    assert after.albedo[damage.pigment].mean() < panel.albedo[damage.pigment].mean()
    untouched = ~damage.pigment & ~damage.salts
    np.testing.assert_array_equal(after.albedo[untouched], panel.albedo[untouched])


def test_a_crack_that_grew_is_darker_by_its_growth() -> None:
    panel = synthetic.rock(SHAPE, 2, cracks=1, crack_width=2.0)
    after, _ = synthetic.weather(panel, 2, spalls=0, pigment=0, growth=1.0)
    lost = (1 - after.albedo / panel.albedo)[..., 0]
    assert after.crack_width == 3.0
    assert lost[panel.crack_distance > 2.1].max() < 1e-5
    # 1.5 px from the middle the surface was clear and is half dark now: 0.4 of the light is lost.
    assert abs(lost[np.abs(panel.crack_distance - 1.5) < 0.02].mean() - 0.4) < 0.05


def test_a_step_throws_the_shadow_that_geometry_asks_for() -> None:
    height = np.zeros((40, 80), np.float32)
    height[:, 40:] = 6
    lit = synthetic.lit_from(height, np.array([np.sqrt(0.5), 0, np.sqrt(0.5)], np.float32))
    row = ~lit[20]
    # Light from the right at 45 degrees: a step of 6 px shades 6 px to its left.
    assert 5 <= row[:40].sum() <= 7
    assert not row[40:].any()
    assert row[39]


def test_near_light_falls_with_the_square() -> None:
    flat = synthetic.Panel(
        np.zeros((3, 101), np.float32),
        np.ones((3, 101, 3), np.float32),
        np.zeros((3, 101), np.float32),
        np.zeros((3, 101), bool),
        np.full((3, 101), 1e6, np.float32),
    )
    shaded = synthetic.shade(flat, np.array([0, 0, 1], np.float32), True)[1, :, 0]
    x = (np.arange(101) - 50) / 101
    np.testing.assert_allclose(shaded, 1 / (1 + x**2) ** 1.5, rtol=1e-4)


def test_a_photo_is_eight_bits_of_srgb() -> None:
    panel = synthetic.rock(SHAPE, 1)
    light = Lights(np.array([[0, 0, 1.0]]))
    coded, linear = (next(synthetic.photograph(panel, light, encoded=e)) for e in (True, False))
    assert coded.dtype == np.uint8
    assert coded.shape == (*SHAPE, 3)
    assert coded.mean() > linear.mean()
