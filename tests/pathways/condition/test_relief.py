"""Heights from slopes, and views whose sign and size are known."""

from __future__ import annotations

import numpy as np
import pytest

from heirloom.pathways.condition import relief
from heirloom.pathways.condition.arrays import F32, normals_of


def bump(shape: tuple[int, int], height: float, radius: float) -> F32:
    rows, columns = np.indices(shape, dtype=np.float32)
    square = (rows - shape[0] / 2) ** 2 + (columns - shape[1] / 2) ** 2
    return (height * np.exp(-square / (2 * radius**2))).astype(np.float32)


@pytest.mark.parametrize("shape", [(64, 64), (61, 97), (128, 50)])
def test_integration_undoes_differentiation(shape: tuple[int, int]) -> None:
    rows, columns = np.indices(shape, dtype=np.float32)
    height = 3 * np.cos(columns / 9) + 2 * np.sin(rows / 7) + 0.05 * columns
    found = relief.height_map(normals_of(height))
    assert np.abs(found - (height - height.mean())).max() < 0.06


def test_integration_solves_poissons_equation_with_free_edges() -> None:
    random = np.random.default_rng(0)
    height = np.cumsum(random.normal(0, 0.1, (40, 52)), axis=1).astype(np.float32)
    right = np.zeros_like(height)
    down = np.zeros_like(height)
    found = relief.integrate(right, down)
    assert np.abs(found).max() < 1e-6
    plane = relief.integrate(right + np.float32(0.3), down - np.float32(0.2))
    assert np.diff(plane, axis=1).mean() == pytest.approx(0.3, abs=1e-3)
    assert np.diff(plane, axis=0).mean() == pytest.approx(-0.2, abs=1e-3)


def test_hollows_and_knobs_have_their_signs() -> None:
    knob = bump((80, 80), 4, 6)
    middle = (40, 40)
    for height, sign in ((knob, 1), (-knob, -1)):
        normals = normals_of(height)
        assert np.sign(relief.local_relief(height)[middle]) == sign
        assert np.sign(relief.curvature(normals)[middle]) == -sign
    sky, openness = relief.horizons(-bump((80, 80), 12, 5))
    assert sky[middle] < 0.75 < 0.97 < sky[2, 2]
    assert openness[middle] < 75 < 88 < openness[2, 2]


def test_curvature_is_that_of_the_sphere() -> None:
    rows, columns = np.indices((81, 81), dtype=np.float32)
    radius = 200.0
    dome = np.sqrt(radius**2 - (rows - 40) ** 2 - (columns - 40) ** 2)
    found = relief.curvature(normals_of(dome))[20:60, 20:60]
    assert np.median(found) == pytest.approx(-1 / radius, rel=0.02)


def test_a_large_blur_is_the_same_on_a_smaller_picture() -> None:
    noise = np.random.default_rng(1).normal(size=(300, 300)).astype(np.float32)
    import cv2

    exact = cv2.GaussianBlur(noise, (0, 0), 30, borderType=cv2.BORDER_REFLECT)
    assert np.abs(relief.smooth(noise, 30) - exact).max() < 0.25 * exact.std()


@pytest.mark.parametrize("turn", [0.0, 0.4, 1.2, 2.6])
def test_a_line_too_faint_for_local_relief_stands_out_in_whatever_direction_it_runs(turn: float) -> None:
    rows, columns = np.indices((160, 160), dtype=np.float32)
    away = (columns - 80) * np.float32(np.sin(turn)) - (rows - 80) * np.float32(np.cos(turn))
    grain = relief.smooth(np.random.default_rng(5).normal(0, 1, (160, 160)), 2)
    grain *= np.float32(0.1) / grain.std()
    hollow = grain - np.float32(0.12) * np.exp(-((away / np.float32(2.5)) ** 2))
    on, beside = (np.abs(away) < 1)[20:-20, 20:-20], (np.abs(away) > 12)[20:-20, 20:-20]

    def told(shown: F32) -> float:
        """Share of the line above nine tenths of what is beside it."""
        inside = shown[20:-20, 20:-20]
        return float((inside[on] > np.quantile(inside[beside], 0.9)).mean())

    assert told(relief.engraved(hollow)) > max(0.7, told(-relief.local_relief(hollow)) + 0.2)
    assert told(relief.engraved(-hollow)) < 0.3
