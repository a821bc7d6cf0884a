"""Solvers against surfaces that are known, with and without what makes it hard."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from heirloom.pathways.condition import calibrate, errors, synthetic
from heirloom.pathways.condition.arrays import F32, angle_degrees, pixel_positions
from heirloom.pathways.condition.lights import Lights, dome
from heirloom.pathways.condition.solve import Model, Solution, Solver, least_squares_only, solve, whole
from heirloom.pathways.condition.stack import FULL, Decoder, Stack

SHAPE = (72, 96)


def shiny(seed: int = 1, **over: float) -> synthetic.Panel:
    return synthetic.rock(SHAPE, seed, cracks=0, strokes=2, **over)


def photographed(folder: Path, panel: synthetic.Panel, lights: Lights, **how: object) -> Stack:
    photos = synthetic.photograph(panel, lights, channels=1, **how)  # type: ignore[arg-type]
    return Stack.write(folder / "photos.stack", photos)


def exact(folder: Path, panel: synthetic.Panel, lights: Lights) -> Stack:
    """Photos without noise, shadow, gloss or 8 bits."""
    shaded = [
        synthetic.shade(panel, vector, lights.near, shadows=False, channels=1)[..., 0]
        for vector in lights.vectors.astype(np.float32)
    ]
    return Stack.write(folder / "photos.stack", shaded, decoder=Decoder(encoded=False))


def error(solution: Solution, panel: synthetic.Panel) -> F32:
    return angle_degrees(solution.normals, panel.normals())


@pytest.mark.parametrize("near", [False, True], ids=["far", "near"])
@pytest.mark.parametrize("solver", get_args(Solver))
def test_a_matt_surface_is_found_exactly(tmp_path: Path, solver: Solver, near: bool) -> None:
    panel = shiny(glossy=0.0, roughness=0.5)
    lights = dome(20, lowest=45)
    lights = lights.at_distance(1.0) if near else lights
    found = whole(solve(exact(tmp_path, panel, lights), lights, solver))
    # Near lights are taken to stand over a plane; the relief of one pixel in 96 is nearer to them.
    assert error(found, panel).mean() < (0.4 if near else 0.12)
    np.testing.assert_allclose(found.albedo.mean(), panel.albedo.mean(), rtol=0.02)
    assert (found.agreeing >= 15).mean() > 0.95


def test_robust_solvers_stand_up_to_gloss_and_shadow(tmp_path: Path) -> None:
    panel = shiny(glossy=0.3)
    lights = dome(30)
    stack = photographed(tmp_path, panel, lights)
    mean = {name: error(whole(solve(stack, lights, name)), panel).mean() for name in get_args(Solver)}
    assert mean["consensus"] < mean["geman-mcclure"] < mean["l2"]
    assert mean["trimmed"] < mean["l2"]
    assert mean["consensus"] < 0.6 * mean["l2"]


def test_near_light_taken_for_far_is_what_hurts_most(tmp_path: Path) -> None:
    panel = shiny()
    near = dome(24).at_distance(1.0)
    stack = photographed(tmp_path, panel, near)
    right = error(whole(solve(stack, near)), panel).mean()
    wrong = error(whole(solve(stack, dome(24))), panel).mean()
    assert right < 1.0 < 10 < wrong


def test_a_white_board_takes_out_an_uneven_lamp(tmp_path: Path) -> None:
    panel = shiny(glossy=0.0)
    lights = dome(24).at_distance(1.5)
    x, y = pixel_positions(SHAPE)
    lamp = [1 + 0.8 * (x * light[0] + y * light[1]) for light in lights.directions().astype(np.float32)]

    def uneven(photos: object) -> list[F32]:
        return [Decoder().grey(photo) * lamp[n] for n, photo in enumerate(photos)]  # type: ignore[arg-type,var-annotated]

    photos = uneven(synthetic.photograph(panel, lights, channels=1))
    boards = uneven(synthetic.board(SHAPE, lights))
    plain = whole(solve(Stack.write(tmp_path / "a.stack", photos), lights, "l2"))
    field = calibrate.flat_field(boards, lights)
    corrected = Stack.write(tmp_path / "b.stack", photos, correct=field.correct)
    even = whole(solve(corrected, lights, "l2"))
    assert error(even, panel).mean() < 1.2 < 3 < error(plain, panel).mean()


def test_clipped_values_are_left_out(tmp_path: Path) -> None:
    panel = shiny(glossy=0.0)
    lights = dome(24)
    stack = photographed(tmp_path, panel, lights, exposure=2.2, shadows=False)
    values = stack.read(0, SHAPE[0])
    assert 0.02 < (values == FULL).mean() < 0.6
    found = error(whole(solve(stack, lights, "l2")), panel)
    forgot = Stack(tmp_path / "forgot.stack", stack.count, stack.shape)
    np.where(values == FULL, FULL - 1, values).astype("<u2").tofile(forgot.path)
    assert found.mean() < 0.8 * error(whole(solve(forgot, lights, "l2")), panel).mean()


@pytest.mark.parametrize("near", [False, True], ids=["far", "near"])
def test_strips_give_the_same_as_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, near: bool
) -> None:
    panel = shiny()
    lights = dome(12).at_distance(2) if near else dome(12)
    stack = photographed(tmp_path, panel, lights)
    once = whole(solve(stack, lights))
    strips = Stack.strips(stack, 2 * 12 * SHAPE[1] * 10)
    assert len(strips) == 8
    monkeypatch.setattr(Stack, "strips", lambda _self: strips)
    pieces = whole(solve(stack, lights))
    np.testing.assert_allclose(pieces.normals, once.normals, atol=2e-4)
    np.testing.assert_allclose(pieces.albedo, once.albedo, atol=2e-4)


def test_the_fast_look_is_least_squares(tmp_path: Path) -> None:
    panel = shiny()
    lights = dome(12)
    stack = photographed(tmp_path, panel, lights, exposure=0.5)
    g = least_squares_only(Model(lights), stack.read(0, SHAPE[0]))
    found = whole(solve(stack, lights, "l2"))
    np.testing.assert_allclose(np.linalg.norm(g, axis=0), found.albedo, rtol=1e-3, atol=1e-3)


def test_a_pixel_without_light_is_not_measured(tmp_path: Path) -> None:
    lights = dome(12)
    found = whole(solve(Stack.write(tmp_path / "s.stack", [np.zeros((4, 4), np.uint8)] * 12), lights))
    assert (found.albedo == 0).all()
    assert (found.normals[..., 2] == 1).all()
    assert (found.residual == 1).all()


def test_too_few_or_flat_lights_are_refused() -> None:
    with pytest.raises(errors.TooFewLights):
        Model(dome(5))
    row = Lights(np.array([[np.cos(t), 0, np.sin(t)] for t in np.linspace(0.5, 2.5, 9)]))
    with pytest.raises(errors.TooFewLights):
        Model(row)


def test_a_photo_of_another_size_is_named(tmp_path: Path) -> None:
    photos = [np.zeros((4, 4), np.uint8), np.zeros((4, 5), np.uint8)]
    with pytest.raises(errors.SizesDiffer) as caught:
        Stack.write(tmp_path / "s.stack", photos, names=["a.jpg", "b.jpg"])
    assert caught.value.params["name"] == "b.jpg"
