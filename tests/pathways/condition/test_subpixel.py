"""Shifts of thousandths of a pixel: made, found and undone."""

from __future__ import annotations

import numpy as np
import pytest

from heirloom.pathways.condition import change, subpixel, synthetic
from heirloom.pathways.condition.arrays import F32, F64
from heirloom.pathways.condition.register import Registration
from heirloom.pathways.condition.resample import resample

SHAPE = (200, 240)


def waves(x: F64, y: F64) -> F32:
    return (np.sin(x / 4.0) + np.cos(y / 5.0) + np.sin((x + 2 * y) / 7.0)).astype(np.float32)


def places(matrix: F64) -> tuple[F64, F64]:
    y, x = np.indices(SHAPE, dtype=np.float64)
    below = matrix[2, 0] * x + matrix[2, 1] * y + 1
    return (
        (matrix[0, 0] * x + matrix[0, 1] * y + matrix[0, 2]) / below,
        (matrix[1, 0] * x + matrix[1, 1] * y + matrix[1, 2]) / below,
    )


MOVES = (
    np.array([[1, 0, 0.013], [0, 1, -0.009], [0, 0, 1]]),
    np.array([[1.0003, -0.002, 1.47], [0.002, 0.9998, -2.31], [1e-6, -2e-6, 1]]),
)


@pytest.mark.parametrize("matrix", MOVES)
def test_resampling_is_exact_to_a_thousandth_of_a_pixel(matrix: F64) -> None:
    y, x = np.indices(SHAPE, dtype=np.float64)
    found = resample(waves(x, y), matrix, SHAPE)
    wanted = waves(*places(matrix))
    middle = (slice(10, -10), slice(10, -10))
    gap = (found - wanted)[middle].ravel()
    assert np.abs(gap).max() < 0.012
    for along in np.gradient(wanted):
        slope = along[middle].ravel()
        assert abs(gap @ slope / (slope @ slope)) < 0.001
    both = resample(np.stack([waves(x, y)] * 3, axis=-1), matrix, SHAPE)
    assert (both == found[..., None]).all()


def test_a_small_homography_is_found_beside_noise_and_change() -> None:
    y, x = np.indices(SHAPE, dtype=np.float64)
    truth = np.array([[1.00005, -0.00004, 0.021], [0.00003, 1.00002, -0.017], [2e-7, -1e-7, 1]])
    random = np.random.default_rng(4)
    second = waves(*places(truth)) + random.normal(0, 0.02, SHAPE).astype(np.float32) + np.float32(0.3)
    second[60:80, 100:130] += 0.5
    doubt = np.full(SHAPE, 0.01, np.float32)
    inside = np.zeros(SHAPE, bool)
    inside[4:-4, 4:-4] = True
    found = subpixel.find([waves(x, y)], [second], inside, doubt)
    corners = np.array([[0, 0, 1], [239, 0, 1], [120, 100, 1], [0, 199, 1], [239, 199, 1]], float).T
    a, b = found.matrix @ corners, truth @ corners
    assert np.abs(a[:2] / a[2] - b[:2] / b[2]).max() < 0.003
    assert found.tiles >= 2
    assert found.residual < 0.005


def test_maps_without_structure_give_no_shift() -> None:
    flat = np.ones(SHAPE, np.float32)
    found = subpixel.find([flat], [flat], np.ones(SHAPE, bool), flat)
    assert (found.matrix == np.eye(3)).all()
    assert found.tiles == 0
    assert subpixel.find([flat], [flat], np.zeros(SHAPE, bool), flat).tiles == 0


def test_a_registration_that_is_off_by_hundredths_is_mended() -> None:
    panel = synthetic.rock(SHAPE, 9, cracks=0)
    move = np.array([[1, -0.002, 1.4], [0.002, 1, -0.8]], np.float32)
    seen = synthetic.moved(panel, move)
    on, even = np.ones(SHAPE, bool), np.full(SHAPE, 0.01, np.float32)
    first = change.Epoch(panel.normals(), panel.albedo.mean(axis=-1), on, even)
    second = change.Epoch(seen.normals(), seen.albedo.mean(axis=-1), on, even)
    off = np.vstack([move, [0, 0, 1]]).astype(np.float64)
    off[:2, 2] += (0.03, -0.02)
    found = change.difference(first, second, Registration(off, 100, 0.05, 1.0))
    middle = np.array([120, 100, 1.0])
    assert np.abs((found.registration.matrix @ middle)[:2] - move @ middle).max() < 0.002
    assert found.registration.residual < 0.005
