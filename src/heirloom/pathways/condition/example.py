"""Tiny examples of the methods, made from the synthetic panel: for a first try and for the contract test."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np

from heirloom.pathways.condition import pictures, synthetic, synthetic_balls
from heirloom.pathways.condition.arrays import AnyArray
from heirloom.pathways.condition.lights import dome, write_lp
from heirloom.pathways.condition.solve import solve as solve_stack
from heirloom.pathways.condition.solve import whole
from heirloom.pathways.condition.stack import Stack

_SIDE = 224


@functools.cache
def _with_balls() -> list[AnyArray]:
    panel = synthetic.rock((150, 220), 1, cracks=0, strokes=2)
    balls = ((-0.36, 0.19, 0.09), (0.34, -0.18, 0.09))
    return list(synthetic_balls.photograph(panel, dome(14), balls))


def capture(folder: Path) -> dict[str, object]:
    """Fourteen photos of 220 x 150 pixels with two shining balls."""
    (folder / "photos").mkdir(parents=True, exist_ok=True)
    for number, pixels in enumerate(_with_balls()):
        pictures.write_png(folder / "photos" / f"light_{number:02}.png", pixels)
    return {}


def relight(folder: Path) -> dict[str, object]:
    """Eight photos of 48 x 48 pixels."""
    panel = synthetic.rock((48, 48), 1, cracks=0, strokes=2)
    lights = dome(8)
    names = [f"light_{number}.png" for number in range(len(lights))]
    for kind in ("photos", "lights"):
        (folder / kind).mkdir(parents=True, exist_ok=True)
    for name, pixels in zip(names, synthetic.photograph(panel, lights), strict=True):
        pictures.write_png(folder / "photos" / name, pixels)
    (folder / "lights" / "lights.lp").write_text(write_lp(lights, names), "utf-8")
    return {"scale": 0.1}


def reveal(folder: Path) -> dict[str, object]:
    """The true normals of a small panel, and its colours."""
    panel = synthetic.rock((64, 64), 2, cracks=0, strokes=2)
    for kind in ("normals", "colour"):
        (folder / kind).mkdir(parents=True, exist_ok=True)
    pictures.write_png(folder / "normals" / "normals.png", pictures.encode_normals(panel.normals()))
    colours = (np.clip(panel.albedo, 0, 1) ** np.float32(1 / 2.2) * 255).astype(np.uint8)
    pictures.write_png(folder / "colour" / "colour.png", colours)
    return {}


@functools.cache
def _epochs() -> dict[str, dict[str, bytes]]:
    import tempfile

    panel = synthetic.rock((_SIDE, _SIDE), 3)
    damaged, _ = synthetic.weather(panel, 3, spalls=3, pigment=2, depth=(1.0, 1.5))
    made: dict[str, dict[str, bytes]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for number, name in enumerate(("before", "repeat", "after")):
            lights = dome(12, number)
            photos = synthetic.photograph(
                damaged if name == "after" else panel, lights, number, channels=1, shadows=False
            )
            stack = Stack.write(Path(scratch) / "photos.stack", photos)
            found = whole(solve_stack(stack, lights, "geman-mcclure"))
            parts: dict[str, AnyArray] = {
                "normals.png": pictures.encode_normals(found.normals),
                "albedo.png": pictures.encode_unit(found.albedo),
                "unseen.png": np.where(
                    found.agreeing >= 6, np.minimum(found.residual * 1000, 254), 255
                ).astype(np.uint8),
            }
            made[name] = {}
            for part, pixels in parts.items():
                pictures.write_png(Path(scratch) / part, pixels)
                made[name][part] = (Path(scratch) / part).read_bytes()
    return made


def compare(folder: Path) -> dict[str, object]:
    """Three epochs of a panel of 224 x 224 pixels, with spalls in the last."""
    for name, parts in _epochs().items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        for part, content in parts.items():
            (folder / name / part).write_bytes(content)
    return {"scale": 0.1}


def synthesise(folder: Path) -> dict[str, object]:  # noqa: ARG001 (it takes no input)
    return {"side": 64, "lights": 6}


def climate(folder: Path) -> dict[str, object]:
    """Ten made-up days, a reading every half hour, with a wet spell and a gap."""
    (folder / "readings").mkdir(parents=True, exist_ok=True)
    lines = ["time;air_temperature;humidity"]
    for step in range(480):
        if 200 <= step < 230:
            continue
        turn = 2 * np.pi * step / 48
        air, damp = 18 + 4 * np.sin(turn), 74 - 9 * np.sin(turn) + (12 if 280 <= step < 380 else 0)
        lines.append(
            f"2026-05-{1 + step // 48:02} {step % 48 // 2:02}:{step % 2 * 30:02};{air:.2f};{damp:.1f}"
        )
    (folder / "readings" / "logger.csv").write_text("\n".join(lines) + "\n", "utf-8")
    return {}
