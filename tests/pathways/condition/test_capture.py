"""Light directions from shining balls, and what a capture check says."""

from __future__ import annotations

import functools
import json
import math
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heirloom.pathways import registry
from heirloom.pathways.charts import Chart, svg
from heirloom.pathways.condition import advice, balls, capture, errors, pictures, synthetic, synthetic_balls
from heirloom.pathways.condition.arrays import AnyArray, angle_degrees
from heirloom.pathways.condition.lights import Lights, dome, read_lp, write_lp
from heirloom.pathways.condition.stack import Decoder
from heirloom.pathways.context import Context, InputFile
from heirloom.pathways.message import Message

SHAPE = (300, 440)
TWO = ((-0.38, 0.22, 0.055), (0.36, -0.2, 0.05))
ANGLES = st.tuples(st.floats(0, 2 * math.pi), st.floats(math.radians(8), math.radians(88)))


@functools.cache
def shot(
    near: float = 0.0, focal: float = 0.0, count: int = 14, many: int = 2, seed: int = 1
) -> tuple[AnyArray, ...]:
    panel = synthetic.rock(SHAPE, seed)
    lights = dome(count, seed)
    if near:
        lights = lights.at_distance(near)
    return tuple(synthetic_balls.photograph(panel, lights, TWO[:many], seed, focal=focal))


def saved(folder: Path, photos: Any) -> list[Path]:
    folder.mkdir(exist_ok=True)
    paths = [folder / f"p{number:02}.png" for number in range(len(photos))]
    for path, pixels in zip(paths, photos, strict=True):
        pictures.write_png(path, pixels)
    return paths


def ran(folder: Path, photos: list[Path], lights: list[Path] | None = None, **params: Any) -> tuple[Any, str]:
    method = registry.method("condition.capture")
    files = {"photos": [InputFile(path) for path in photos]}
    if lights:
        files["lights"] = [InputFile(path) for path in lights]
    folder.mkdir(exist_ok=True)
    method.function()(Context(method, method.validate(params), files, folder))
    summary = json.loads((folder / "outputs" / "summary.json").read_text())
    said = " ".join(Message.from_json(sentence).text() for sentence in summary["sentences"])
    return json.loads((folder / "outputs" / "results.json").read_text()), said


@pytest.mark.parametrize(("near", "focal", "most"), [(0, 0, 0.8), (3, 0, 0.8), (3, 45, 0.8)])
def test_lights_are_found_to_less_than_a_degree(
    tmp_path: Path, near: float, focal: float, most: float
) -> None:
    widths = balls.Camera.of_35mm(SHAPE, focal).focal
    results, said = ran(tmp_path / "run", saved(tmp_path / "in", shot(near, widths)), focal=focal)
    found = read_lp((tmp_path / "run" / "outputs" / "lights.lp").read_text())
    wrong = angle_degrees(found.directions(), dome(14, 1).directions())
    assert wrong.mean() < most
    assert results["verdict"] == "good"
    assert results["capture_findings"] == []
    assert len(results["balls"]) == 2
    if near:
        assert results["light_distance_widths"] == pytest.approx(near, rel=0.06)
        assert "widths of the picture" in said
    else:
        assert results["light_distance_widths"] is None
    assert "Balls found: 2" in said


def test_from_balls_to_normals(tmp_path: Path) -> None:
    """What the check finds is what Relight needs: its lights, and their distance."""
    photos = saved(tmp_path / "in", shot(near=3.0))
    results, _ = ran(tmp_path / "check", photos)
    method = registry.method("condition.relight")
    truth = synthetic.rock(SHAPE, 1).normals()
    wrong = {}
    for name, distance in (("far", 0.0), ("near", results["light_distance_widths"])):
        files = {
            "photos": [InputFile(path) for path in photos],
            "lights": [InputFile(tmp_path / "check" / "outputs" / "lights.lp")],
        }
        (tmp_path / name).mkdir()
        method.function()(Context(method, method.validate({"distance": distance}), files, tmp_path / name))
        pixels = pictures.read(tmp_path / name / "outputs" / "normals.png").pixels
        wrong[name] = float(np.median(angle_degrees(pictures.decode_normals(pixels), truth)))
    assert wrong["near"] < 1.5
    assert wrong["far"] > 2 * wrong["near"]


def test_one_ball_and_a_given_place(tmp_path: Path) -> None:
    photos = saved(tmp_path / "in", shot(many=1))
    x, y = (TWO[0][0] + 0.5) * SHAPE[1], SHAPE[0] / 2 - TWO[0][1] * SHAPE[1]
    for number, place in enumerate((f"{x + 4:.0f} {y - 3:.0f}", f"{x:.0f} {y:.0f} 22")):
        results, said = ran(tmp_path / str(number), photos, balls=place)
        assert results["balls"][0]["x_px"] == pytest.approx(x - 0.5, abs=0.4)
        assert "With one ball" in said
    for wrong in ("here", "1", "1 2 3 4", "1 nan"):
        with pytest.raises(errors.BallPlace):
            ran(tmp_path / "wrong", photos, balls=wrong)
    with pytest.raises(errors.BallNotFound):
        ran(tmp_path / "elsewhere", photos, balls="330 60 20")


def test_without_a_ball_it_says_so(tmp_path: Path) -> None:
    photos = saved(tmp_path / "in", shot(many=0))
    with pytest.raises(errors.BallNotFound):
        ran(tmp_path / "run", photos)
    # A dull black disc mirrors nothing.
    dull = []
    for pixels in shot(many=0):
        one = pixels.copy()
        cv2.circle(one, (100, 100), 24, (12,), -1, cv2.LINE_AA)
        dull.append(one.reshape(pixels.shape))
    with pytest.raises(errors.BallNotFound):
        ran(tmp_path / "dull", saved(tmp_path / "dull-in", dull))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_glossy_rock_with_cracks_is_no_ball(tmp_path: Path, seed: int) -> None:
    panel = synthetic.rock((260, 360), seed, glossy=0.5, roughness=1 + seed, cracks=4)
    photos = saved(tmp_path / "in", list(synthetic.photograph(panel, dome(10, seed), seed, channels=1)))
    with pytest.raises(errors.BallNotFound):
        ran(tmp_path / "run", photos)


def test_what_is_wrong_is_named_with_the_photo(tmp_path: Path) -> None:
    photos = list(shot())
    photos[2] = cv2.GaussianBlur(photos[2], (0, 0), 3).reshape(photos[2].shape)
    move = np.array([[1, 0, 1.4], [0, 1, -0.8]], np.float32)
    photos[5] = cv2.warpAffine(
        photos[5], move, (SHAPE[1], SHAPE[0]), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT
    ).reshape(photos[5].shape)
    photos[7] = (photos[7] * 0.6).astype(np.uint8)
    for x, y, radius in TWO:
        middle = round((x + 0.5) * SHAPE[1]), round(SHAPE[0] / 2 - y * SHAPE[1])
        cv2.circle(photos[9], middle, round(0.8 * radius * SHAPE[1]), (14,), -1)
    photos[11] = photos[11][:-2]
    results, said = ran(tmp_path / "run", saved(tmp_path / "in", photos))
    found = {finding["code"]: finding for finding in results["capture_findings"]}
    assert {code: one["photos"] for code, one in found.items() if one["photos"]} == {
        "blurred": ["p02.png"],
        "moved": ["p05.png"],
        "exposure": ["p07.png"],
        # A spot blurred so far is no distinct one any more.
        "no-reflection": ["p02.png", "p09.png"],
        "other-size": ["p11.png"],
    }
    assert found["moved"]["measured"] == pytest.approx(math.hypot(1.4, 0.8), abs=0.35)
    assert results["verdict"] == "care"
    for name in ("p02", "p05", "p07", "p09", "p11"):
        assert f"{name}.png" in said
    assert "Usable with care" in said
    assert "p09.png" not in (tmp_path / "run" / "outputs" / "lights.lp").read_text()


def test_a_light_file_is_used_as_it_is_and_one_side_is_refused(tmp_path: Path) -> None:
    whole = dome(40, 1)
    chosen = np.flatnonzero((whole.vectors[:, 0] > 0.3) & (whole.vectors[:, 1] > -0.2))[:8]
    lights = Lights(whole.vectors[chosen])
    panel = synthetic.rock((96, 112), 4, cracks=0)
    photos = saved(tmp_path / "in", list(synthetic.photograph(panel, lights, channels=1)))
    (tmp_path / "given.lp").write_text(write_lp(lights, [path.name for path in photos]))
    results, said = ran(tmp_path / "run", photos, [tmp_path / "given.lp"])
    assert results["verdict"] == "again"
    assert {"few-lights", "light-gap", "one-sided"} <= {one["code"] for one in results["capture_findings"]}
    assert "o'clock" in said
    assert "Shoot again" in said
    again = read_lp((tmp_path / "run" / "outputs" / "lights.lp").read_text())
    np.testing.assert_allclose(again.directions(), lights.directions(), atol=3e-6)


@pytest.mark.parametrize("rough", [1.0, 2.0])
def test_a_still_camera_is_not_suspected_and_a_moved_one_measured(rough: float) -> None:
    panel = synthetic.rock((260, 260), 3, roughness=rough, glossy=0.4)
    lights = dome(20, 3)
    greys = [Decoder().grey(photo) for photo in synthetic.photograph(panel, lights, 3, channels=1)]
    shifts, gains = capture.steadiness(greys, lights)
    assert np.hypot(*shifts.T).max() < 0.5 * capture.MOST_MOTION
    assert np.abs(gains - 1).max() < 0.2
    for number in range(14, 20):
        move = np.array([[1, 0, 2.0], [0, 1, 1.0]], np.float32)
        greys[number] = cv2.warpAffine(
            greys[number], move, (260, 260), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT
        )
    shifts, _ = capture.steadiness(greys, lights)
    assert (np.hypot(*shifts[:14].T) < capture.MOST_MOTION).all()
    np.testing.assert_allclose(shifts[14:], np.tile([2.0, 1.0], (6, 1)), atol=0.5)


@settings(max_examples=80, deadline=None)
@given(
    ANGLES, st.floats(-0.4, 0.4), st.floats(-0.3, 0.3), st.floats(0.01, 0.1), st.sampled_from([0.0, 0.8, 2.0])
)
def test_a_ball_mirrors_a_light_where_geometry_says(
    angles: tuple[float, float], x: float, y: float, radius: float, focal: float
) -> None:
    """From a light to its reflection by solving for the mirroring point, and back by the ball."""
    camera = balls.Camera((600, 900), focal)
    turn, height = angles
    light = np.array([math.cos(turn) * math.cos(height), math.sin(turn) * math.cos(height), math.sin(height)])
    centre = np.array([x, y, radius])
    view = np.array([0.0, 0.0, 1.0])
    for _ in range(100):
        normal = (light + view) / np.linalg.norm(light + view)
        point = centre + radius * normal
        if focal:
            view = (np.array([0, 0, focal]) - point) / np.linalg.norm(np.array([0, 0, focal]) - point)
    seen = point[:2] * (focal / (focal - point[2]) if focal else 1.0)
    column, row = seen[0] * 900 + 449.5, 299.5 - seen[1] * 900
    ball = balls.Ball(centre, radius, (0.0, 0.0, 0.0))
    found_point, found = ball.mirror(camera, np.array([column]), np.array([row]))
    np.testing.assert_allclose(found[0], light, atol=1e-6)
    np.testing.assert_allclose(found_point[0], point, atol=1e-7)


@settings(max_examples=50, deadline=None)
@given(st.floats(-0.4, 0.4), st.floats(-0.3, 0.3), st.floats(0.02, 0.1), st.floats(0.7, 3.0))
def test_a_ball_seen_from_near_is_found_by_its_outline(
    x: float, y: float, radius: float, focal: float
) -> None:
    camera = balls.Camera((600, 900), focal)
    centre = np.array([x, y, radius])
    to = centre - (0, 0, focal)
    away = float(np.linalg.norm(to))
    axis = to / away
    side = np.cross(axis, [0.0, 1.0, 0.0])
    side /= np.linalg.norm(side)
    turn = np.linspace(0, 2 * math.pi, 50)[:, None]
    sine = radius / away
    rays = axis * math.sqrt(1 - sine**2) + sine * (np.cos(turn) * side + np.sin(turn) * np.cross(axis, side))
    plane = rays[:, :2] / -rays[:, 2:] * focal
    edge = np.column_stack([plane[:, 0] * 900 + 449.5, 299.5 - plane[:, 1] * 900])
    ball = balls.ball_of(edge, (0.0, 0.0, 1.0), camera)
    np.testing.assert_allclose(ball.centre, centre, atol=1e-6)
    assert ball.radius == pytest.approx(radius, rel=1e-5)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-1, 1), st.floats(-1, 1)), min_size=2, max_size=5),
    ANGLES,
    st.floats(0.5, 20),
)
def test_lines_meet_where_they_come_from(
    places: list[tuple[float, float]], angles: tuple[float, float], away: float
) -> None:
    turn, height = angles
    spot = away * np.array(
        [math.cos(turn) * math.cos(height), math.sin(turn) * math.cos(height), math.sin(height)]
    )
    points = np.array([(x, y, 0.0) for x, y in places])
    rays = spot - points
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    widest = max(float(np.linalg.norm(np.cross(a, b))) for a in rays for b in rays)
    if widest < 1e-3:
        return
    np.testing.assert_allclose(balls.meeting(points, rays), spot, atol=1e-4 * max(1.0, away))


def test_parallel_lines_meet_nowhere() -> None:
    with pytest.raises(np.linalg.LinAlgError):
        balls.meeting(np.array([[0, 0, 0], [1.0, 0, 0]]), np.array([[0, 0, 1.0], [0, 0, 1.0]]))


def test_a_circle_through_points() -> None:
    turn = np.linspace(0, 2 * math.pi, 40)
    points = np.column_stack([30 + 12 * np.cos(turn), 40 + 12 * np.sin(turn)])
    np.testing.assert_allclose(balls.circle_through(points), (30, 40, 12), atol=1e-9)


def test_the_picture_of_the_lights_says_what_it_shows() -> None:
    lights = Lights(dome(20).vectors, False, tuple(f"{n}.jpg" for n in range(20)))
    chart = Chart.from_json(json.loads(json.dumps(advice.chart(lights, {"3.jpg"}).to_json())))
    for width in (720, 320):
        drawn = svg(chart, width=width)
        assert "Good photos: 19; to shoot again: 1." in drawn
        assert drawn.count("<circle") == 3 + 19 + 1
    assert (
        advice.sentence(capture.Finding("one-sided", True, (), 2, 6, (0.0, 90.0, -45.0)))
        .text()
        .count("3, 12, 4")
        == 1
    )
