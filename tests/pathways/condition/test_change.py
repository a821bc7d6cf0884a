"""Registration and change: found where it is, not found where it is not, and refused where nobody could tell."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from heirloom.pathways.condition import change, cracks, errors, synthetic
from heirloom.pathways.condition.arrays import F32, normals_of
from heirloom.pathways.condition.lights import dome
from heirloom.pathways.condition.register import register
from heirloom.pathways.condition.solve import solve, whole
from heirloom.pathways.condition.stack import Stack

SHAPE = (224, 224)


def motion(turn: float, right: float, down: float) -> F32:
    return np.array(
        [[math.cos(turn), -math.sin(turn), right], [math.sin(turn), math.cos(turn), down]], np.float32
    )


def epoch(folder: Path, panel: synthetic.Panel, seed: int, lit: int | None = None) -> change.Epoch:
    lights = dome(24, seed if lit is None else lit)
    photos = synthetic.photograph(panel, lights, seed, channels=1)
    found = whole(solve(Stack.write(folder / "photos.stack", photos), lights))
    return change.Epoch(
        found.normals, found.albedo, (found.agreeing >= 10) & (found.residual < 0.2), found.residual
    )


MOVES = (motion(0.003, 1.3, -2.2), motion(-0.002, -0.7, 1.6), motion(0.001, 2.4, 0.4))


@pytest.fixture(scope="module")
def visits(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[change.Epoch, change.Epoch, change.Epoch, change.Epoch, synthetic.Damage]:
    """A visit, its repeat, a visit without change, a visit after damage; and the damage."""
    folder = tmp_path_factory.mktemp("visits")
    panel = synthetic.rock(SHAPE, 5)
    after, damage = synthetic.weather(panel, 5, spalls=3, pigment=3, depth=(1.0, 1.5))
    return (
        epoch(folder, panel, 1),
        epoch(folder, synthetic.moved(panel, MOVES[0]), 2),
        # The repeat's lights stand again.
        epoch(folder, synthetic.moved(panel, MOVES[1]), 3, 2),
        epoch(folder, synthetic.moved(after, MOVES[2]), 4),
        damage,
    )


def test_registration_finds_the_movement(visits: tuple[change.Epoch, ...]) -> None:
    points = np.array([[20, 20, 1], [200, 20, 1], [110, 110, 1], [20, 200, 1], [200, 200, 1]], float).T
    for moved, truth in zip(visits[1:4], MOVES, strict=True):
        found = register(visits[0].albedo, moved.albedo)
        mapped = found.matrix @ points
        assert np.linalg.norm(mapped[:2] / mapped[2] - truth @ points, axis=0).mean() < 0.1
        assert found.residual < 0.15
        assert found.agreeing > 0.9
    assert found.turn() == pytest.approx(0.001, abs=5e-4)


def test_another_place_is_refused() -> None:
    first, second = (synthetic.rock(SHAPE, seed, cracks=0).albedo.mean(axis=-1) for seed in (1, 2))
    with pytest.raises(errors.NotRegistered):
        register(first, second)
    with pytest.raises(errors.NotRegistered):
        register(first, np.full_like(first, 0.5))


def test_no_change_is_called_no_change(visits: tuple[change.Epoch, ...]) -> None:
    level = change.level_of_detection(change.difference(visits[0], visits[1]))
    found = change.difference(visits[0], visits[2])
    classes = change.classify(found, level)
    assert classes.clusters == ()
    assert all(0.003 < classes.beyond[quantity] < 0.02 for quantity in change.QUANTITIES)
    assert 0.85 < (classes.classes == change.NO_CHANGE).mean() < 0.99


def test_depth_is_compared_in_places_of_which_a_picture_holds_many() -> None:
    assert change.band((224, 300)) == pytest.approx(224 / 30)
    assert change.band((2000, 3000)) == 30


def test_change_is_found_where_it_is(
    visits: tuple[change.Epoch, change.Epoch, change.Epoch, change.Epoch, synthetic.Damage],
) -> None:
    level = change.level_of_detection(change.difference(visits[0], visits[1]))
    damage = visits[4]
    classes = change.classify(change.difference(visits[0], visits[3]), level)
    changed = classes.classes == change.CHANGED
    import cv2

    near = cv2.dilate((damage.spalls | damage.pigment).astype(np.uint8), np.ones((15, 15))).astype(bool)
    assert changed[damage.spalls].mean() > 0.4
    assert changed[~near].mean() < 0.01
    deepest = min(cluster.peak["depth"] for cluster in classes.clusters)
    assert -1.5 < deepest < -0.3


def test_a_worse_registration_widens_the_level(visits: tuple[change.Epoch, ...]) -> None:
    repeat = change.difference(visits[0], visits[1])
    level = change.level_of_detection(repeat)
    import dataclasses

    worse = dataclasses.replace(repeat, registration=dataclasses.replace(repeat.registration, residual=0.5))
    same = level.widening("tilt", repeat)
    assert np.median(same[repeat.measurable]) == pytest.approx(1, abs=0.01)
    assert (level.widening("tilt", worse) > same).mean() > 0.99
    assert np.median(level.widening("tilt", worse) / same) > 1.2


def test_what_lies_outside_is_not_measurable(visits: tuple[change.Epoch, ...]) -> None:
    import dataclasses

    hidden = visits[2].measured.copy()
    hidden[:, 150:] = False
    blind = dataclasses.replace(visits[2], measured=hidden)
    found = change.difference(visits[0], blind)
    assert not found.measurable[:, 160:].any()
    assert found.measurable[20:200, 20:140].mean() > 0.9


def test_a_rolled_camera_does_not_turn_the_surface() -> None:
    """Normals of a surface seen by a camera rolled by 0.2 rad come out as the first camera sees them."""
    panel = synthetic.rock(SHAPE, 7, cracks=0)
    turn = motion(0.2, 40, -20)
    seen = synthetic.moved(panel, turn)
    even = np.full(SHAPE, 0.01, np.float32)
    first = change.Epoch(panel.normals(), panel.albedo.mean(axis=-1), np.ones(SHAPE, bool), even)
    second = change.Epoch(normals_of(seen.height), seen.albedo.mean(axis=-1), np.ones(SHAPE, bool), even)
    found = change.difference(first, second)
    inside = found.measurable
    inside[:40], inside[-40:], inside[:, :40], inside[:, -40:] = False, False, False, False
    assert np.median(found.tilt[inside]) < 0.5


def test_false_discoveries_are_held_as_benjamini_and_hochberg_say() -> None:
    random = np.random.default_rng(2)
    chances = np.concatenate([random.uniform(size=900), random.uniform(0, 1e-4, 100)])
    limit = change.benjamini_hochberg(chances, 0.05)
    ordered = np.sort(chances)
    wanted = max(p for rank, p in enumerate(ordered, 1) if p <= 0.05 * rank / 1000)
    assert limit == wanted
    assert 100 <= (chances <= limit).sum() < 120
    assert change.benjamini_hochberg(np.array([0.5, 0.9]), 0.05) == 0


def test_cracks_are_found_and_their_growth_too(tmp_path: Path) -> None:
    panel = synthetic.rock(SHAPE, 11, cracks=3, strokes=0)
    truth = panel.albedo.mean(axis=-1)
    line, _ = cracks.ridges(truth)
    assert (panel.crack_distance[line] < 1.5).mean() > 0.95
    wider, _ = synthetic.weather(panel, 11, spalls=0, pigment=0, growth=0.2)
    first = epoch(tmp_path, panel, 1)
    still = [grown for _, grown in cracks.growth(first.albedo, epoch(tmp_path, panel, 2).albedo)]
    grown = [grown for _, grown in cracks.growth(first.albedo, epoch(tmp_path, wider, 3).albedo)]
    assert len(still) >= 2
    assert max(map(abs, still)) < 0.08 < min(grown)
    assert np.mean(grown) < 0.3
    assert cracks.growth(np.full((100, 100), 0.5, np.float32), np.full((100, 100), 0.5, np.float32)) == []
