"""The methods as they are run: from photos to a comparison, and what they refuse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from heirloom.pathways import registry
from heirloom.pathways.condition import errors, example, pictures, relief, synthetic
from heirloom.pathways.condition.arrays import angle_degrees
from heirloom.pathways.condition.lights import dome, write_lp
from heirloom.pathways.context import Context, InputFile
from heirloom.pathways.message import Message


def ran(name: str, folder: Path, inputs: dict[str, list[Path]], **params: Any) -> Path:
    method = registry.method(f"condition.{name}")
    files = {key: [InputFile(path) for path in paths] for key, paths in inputs.items()}
    folder.mkdir(exist_ok=True)
    method.function()(Context(method, method.validate(params), files, folder))
    return folder / "outputs"


def said(outputs: Path) -> str:
    summary = json.loads((outputs / "summary.json").read_text())
    return " ".join(Message.from_json(sentence).text() for sentence in summary["sentences"])


def test_from_photos_to_a_comparison(tmp_path: Path) -> None:
    made = ran("synthesise", tmp_path / "made", {}, side=224, lights=14, seed=5)
    epochs = {}
    for name in ("before", "repeat", "after"):
        inputs = {"photos": sorted((made / name).glob("*.jpg")), "lights": [made / name / "lights.lp"]}
        epochs[name] = ran("relight", tmp_path / name, inputs, scale=0.2)
    results = json.loads((epochs["before"] / "results.json").read_text())
    assert results["depth_unit"] == "mm"
    assert results["measured_share"] > 0.8
    truth = pictures.decode_normals(pictures.read(made / "truth" / "normals.png").pixels)
    found = pictures.decode_normals(pictures.read(epochs["before"] / "normals.png").pixels)
    assert np.median(angle_degrees(truth, found)) < 1.0
    assert results["capture_findings"] == []
    assert "JPEG" in said(epochs["before"])
    parts = ("normals.png", "albedo.png", "unseen.png")
    inputs = {name: [folder / part for part in parts] for name, folder in epochs.items()}
    compared = ran("compare", tmp_path / "compared", inputs, scale=0.2)
    results = json.loads((compared / "results.json").read_text())
    assert results["units"]["depth"] == "mm"
    assert results["changed_places"] >= 1
    pieces = results["cracks"]["pieces"]
    assert pieces
    assert all(0 < piece["width"] < 1 for piece in pieces)
    assert (results["cracks"]["level_of_detection"] is None) == (pieces[0]["past_level"] is None)
    lines = (compared / "changes.csv").read_text().splitlines()
    assert len(lines) == 1 + results["changed_places"]
    assert lines[0].endswith("depth_mm,depth_mm_u,depth_mm_lod99")
    depth = pictures.read_float(compared / "depth.tif")
    unseen = pictures.read(compared / "unseen.png").pixels.reshape(depth.shape)
    assert (np.isnan(depth) == (unseen > 0)).all()
    assert "Changed places" in said(compared)


def test_a_near_flash_is_asked_for_until_it_is_told(tmp_path: Path) -> None:
    example.relight(tmp_path)
    inputs = {name: sorted((tmp_path / name).iterdir()) for name in ("photos", "lights")}
    assert "far away" in said(ran("relight", tmp_path / "far", inputs))
    assert "far away" not in said(ran("relight", tmp_path / "near", inputs, distance=2))


def test_a_blurred_photo_is_named(tmp_path: Path) -> None:
    made = ran("synthesise", tmp_path / "made", {}, side=128, lights=14, seed=5) / "before"
    photos = sorted(made.glob("*.jpg"))
    pixels = pictures.read(photos[3]).pixels
    pictures.write_jpeg(photos[3], relief.smooth(pixels.astype(np.float32), 3).astype(np.uint8), 95)
    outputs = ran("relight", tmp_path / "run", {"photos": photos, "lights": [made / "lights.lp"]})
    findings = json.loads((outputs / "results.json").read_text())["capture_findings"]
    assert [photos[3].name] in [found["photos"] for found in findings if found["code"] == "blurred"]
    assert f"Blurred: {photos[3].name}" in said(outputs)


def test_photos_are_found_by_name_and_missing_ones_named(tmp_path: Path) -> None:
    example.relight(tmp_path)
    photos = sorted((tmp_path / "photos").iterdir())
    inputs = {"photos": photos[:-1], "lights": [tmp_path / "lights" / "lights.lp"]}
    with pytest.raises(errors.PhotoMissing) as caught:
        ran("relight", tmp_path / "run", inputs)
    assert caught.value.params["name"] == photos[-1].name


def test_a_board_for_each_light_or_none(tmp_path: Path) -> None:
    example.relight(tmp_path)
    panel = synthetic.rock((48, 48), 1)
    boards = []
    for number, pixels in enumerate(synthetic.board(panel.shape, dome(8))):
        boards.append(tmp_path / f"board_{number}.png")
        pictures.write_png(boards[-1], pixels)
    inputs = {name: sorted((tmp_path / name).iterdir()) for name in ("photos", "lights")}
    assert (ran("relight", tmp_path / "all", {**inputs, "board": boards}) / "normals.png").exists()
    with pytest.raises(errors.BoardIncomplete):
        ran("relight", tmp_path / "some", {**inputs, "board": boards[:5]})


def test_lights_must_be_enough(tmp_path: Path) -> None:
    (tmp_path / "lights.lp").write_text(write_lp(dome(4), [f"{n}.png" for n in range(4)]))
    photos = []
    for number in range(6):
        photos.append(tmp_path / f"{number}.png")
        pictures.write_png(photos[-1], np.zeros((8, 8), np.uint8))
    with pytest.raises(errors.TooFewLights):
        ran("relight", tmp_path / "run", {"photos": photos, "lights": [tmp_path / "lights.lp"]})


def test_a_comparison_needs_whole_epochs(tmp_path: Path) -> None:
    eight = tmp_path / "normals.png"
    pictures.write_png(eight, np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(errors.EpochIncomplete):
        ran("compare", tmp_path / "run", {"before": [eight], "repeat": [eight], "after": [eight]})
    with pytest.raises(errors.NotNormals):
        ran("reveal", tmp_path / "other", {"normals": [eight]})
