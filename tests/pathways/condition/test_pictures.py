"""Files: normals with 16 bits, relightable planes, stretched colours, and the quality of a capture."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from heirloom.pathways.condition import capture, errors, pictures, rti, stretch, synthetic
from heirloom.pathways.condition.arrays import F32, angle_degrees, to_srgb
from heirloom.pathways.condition.lights import Lights, dome
from heirloom.pathways.condition.stack import Decoder, Stack

SHAPE = (96, 112)


@pytest.fixture(scope="module")
def panel() -> synthetic.Panel:
    return synthetic.rock(SHAPE, 4, cracks=0)


def test_normals_keep_a_hundredth_of_a_degree(tmp_path: Path, panel: synthetic.Panel) -> None:
    pictures.write_png(tmp_path / "n.png", pictures.encode_normals(panel.normals()))
    photo = pictures.read(tmp_path / "n.png")
    assert photo.pixels.dtype == np.uint16
    assert angle_degrees(pictures.decode_normals(photo.pixels), panel.normals()).max() < 0.01


def test_heights_keep_every_bit(tmp_path: Path, panel: synthetic.Panel) -> None:
    pictures.write_tiff(tmp_path / "h.tif", panel.height)
    assert (pictures.read_float(tmp_path / "h.tif") == panel.height).all()


@pytest.mark.parametrize(
    "content", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n broken", b"GIF89a" + bytes(20)]
)
def test_what_is_no_photo_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.jpg").write_bytes(content)
    with pytest.raises(errors.PhotoUnreadable) as caught:
        pictures.read(tmp_path / "x.jpg", "photo 7.cr2")
    assert caught.value.params["name"] == "photo 7.cr2"


@pytest.mark.parametrize("basis", ["ptm", "hsh"])
def test_relightable_planes_go_round(tmp_path: Path, panel: synthetic.Panel, basis: rti.Basis) -> None:
    lights = dome(24)
    stack = Stack.write(tmp_path / "s.stack", synthetic.photograph(panel, lights, channels=1))
    coefficients = rti.fit(stack.read(0, SHAPE[0]), lights, basis)
    grey = np.ones((*SHAPE, 3), np.float32)
    planes = rti.quantise(coefficients, grey, basis)
    names = rti.write(tmp_path, planes, lights, form="png")
    again = rti.load(tmp_path)
    assert (again.planes == planes.planes).all()
    assert (again.colour == planes.colour).all()
    np.testing.assert_allclose(again.scale, planes.scale, atol=1e-7)
    info = json.loads((tmp_path / "info.json").read_text())
    assert info["nplanes"] == 3 * (len(names) - 1) == 3 + len(coefficients)
    assert (info["type"], info["colorspace"]) == (basis, "lrgb")
    assert len(info["materials"][0]["scale"]) == len(info["materials"][0]["bias"]) == info["nplanes"]
    # Held against a photo under a light that took no part.
    other = Lights(dome(7, 9).vectors[3:4])
    photo = next(synthetic.photograph(panel, other, channels=1))[..., 0] / 255
    relit = again.relit(tuple(other.vectors[0]))[..., 0]
    assert np.sqrt(((relit - photo) ** 2).mean()) < 0.06


def test_fixed_lights_are_small_pictures_of_the_same_surface(tmp_path: Path, panel: synthetic.Panel) -> None:
    lights = dome(24)
    stack = Stack.write(tmp_path / "s.stack", synthetic.photograph(panel, lights, channels=1))
    planes = rti.quantise(
        rti.fit(stack.read(0, SHAPE[0]), lights, "ptm"), np.ones((*SHAPE, 3), np.float32), "ptm"
    )
    assert rti.write_views(tmp_path, planes, side=56) == [f"{view}.jpg" for view in rti.VIEWS]
    for view, direction in rti.VIEWS.items():
        shown = pictures.read(tmp_path / f"{view}.jpg").pixels
        assert shown.shape == (48, 56, 3)
        whole = np.clip(planes.relit(direction), 0, 1)
        small = cv2.resize(whole, (56, 48), interpolation=cv2.INTER_AREA)
        assert np.abs(shown / 255 - small).mean() < 0.02
    assert planes.smaller(1000) is planes


def test_relief_and_gloss_stand_where_the_surface_faces_the_light() -> None:
    normals = np.array([[[0, 0, 1], [0.6, 0, 0.8], [-0.6, 0, 0.8]]], np.float32)
    light = (0.8, 0.0, 0.6)
    np.testing.assert_allclose(
        rti.relief(normals, light, 1)[0], [0.6 ** (1 / 2.2), 0.96 ** (1 / 2.2), 0], atol=1e-6
    )
    assert rti.relief(normals, light, 5)[0, 1] != pytest.approx(0.96 ** (1 / 2.2), abs=0.01)
    black = np.zeros((1, 3, 3), np.float32)
    halfway = np.array([0.8, 0, 1.6]) / np.linalg.norm([0.8, 0, 1.6])
    expected = 0.6 * (normals[0] @ halfway) ** 20
    np.testing.assert_allclose(rti.gloss(black, normals, light, 2)[0, :, 0], expected, atol=1e-5)


def test_ptm_weights_are_those_of_the_paper() -> None:
    direction = np.array([[0.36, 0.48, 0.8]])
    np.testing.assert_allclose(
        rti.weights(direction, "ptm")[0], [1, 0.36, 0.48, 0.36**2, 0.36 * 0.48, 0.48**2]
    )


def test_hemispherical_harmonics_are_orthonormal() -> None:
    """Over the hemisphere, within the numerical integral's error; the lowest lights are bent up, so only above them."""
    random = np.random.default_rng(0)
    z = random.uniform(0, 1, 200_000)
    phi = random.uniform(0, 2 * np.pi, z.size)
    flat = np.sqrt(1 - z * z)
    directions = np.stack([flat * np.cos(phi), flat * np.sin(phi), z], axis=1)[z > 0.15]
    basis = rti.weights(directions, "hsh")
    gram = basis.T @ basis * 2 * np.pi / z.size
    low = 1 - 0.15
    assert gram[0, 0] == pytest.approx(low, abs=0.01)
    off = gram - np.diag(np.diag(gram))
    assert np.abs(off).max() < 0.45


def test_a_stretch_makes_all_axes_alike_and_says_its_noise(panel: synthetic.Panel) -> None:
    colours = (to_srgb(panel.albedo) * 255).astype(np.uint8)
    for space in ("lab", "yuv", "rgb"):
        plan = stretch.plan(colours, space, most_gain=1e9)
        values = stretch._into(colours, space).reshape(-1, 3)
        out = (values - plan.mean) @ plan.matrix.T
        np.testing.assert_allclose(np.cov(out.T), 400 * np.eye(3), atol=8)
        assert json.loads(json.dumps(plan.to_json()))["space"] == space
    plan = stretch.plan(colours, "lab")
    random = np.random.default_rng(1)
    noisy = np.clip(colours + random.normal(0, 1.5, colours.shape), 0, 255).astype(np.uint8)
    grown = stretch.apply(noisy, plan).astype(float) - stretch.apply(colours, plan)
    before = noisy.astype(float) - colours
    measured = grown.std() / before.std()
    assert 0.4 * measured < np.median(stretch.noise_gain(colours, plan)) < 2.5 * measured


def test_jpeg_is_seen_by_its_blocks(panel: synthetic.Panel) -> None:
    colours = (to_srgb(panel.albedo) * 255).astype(np.uint8)
    _, coded = cv2.imencode(".jpg", colours, [cv2.IMWRITE_JPEG_QUALITY, 40])
    blocky = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR))
    assert stretch.blockiness(colours) < 1.1 < stretch.blockiness(blocky)


def _greys(panel: synthetic.Panel, lights: Lights, **how: float) -> list[tuple[str, F32]]:
    photos = synthetic.photograph(panel, lights, channels=1, **how)  # type: ignore[arg-type]
    return [(f"{n}.jpg", Decoder().grey(photo)) for n, photo in enumerate(photos)]


def test_a_good_capture_passes_and_bad_photos_are_named(panel: synthetic.Panel) -> None:
    lights = dome(24)
    good = _greys(panel, lights)
    assert capture.gate(capture.quality(good), lights) == []
    bad = list(good)
    bad[3] = ("3.jpg", cv2.GaussianBlur(good[3][1], (0, 0), 3))
    bad[8] = ("8.jpg", np.minimum(good[8][1] * 6, 1))
    bad[9] = ("9.jpg", good[9][1] * 0.001)
    found = {finding.code: finding for finding in capture.gate(capture.quality(bad), lights)}
    assert "3.jpg" in found["blurred"].photos
    assert found["too-bright"].photos == ("8.jpg",)
    assert found["too-dark"].photos == ("9.jpg",)
    assert not any(finding.refuses for finding in found.values())


def test_lights_from_one_side_are_refused(panel: synthetic.Panel) -> None:
    lights = dome(40)
    few = Lights(lights.vectors[(lights.vectors[:, 0] > 0.3) & (lights.vectors[:, 1] > 0.1)][:5])
    codes = [
        finding.code for finding in capture.gate(capture.quality(_greys(panel, few)), few) if finding.refuses
    ]
    assert {"few-lights", "light-gap", "one-sided"} <= set(codes)
