"""The method ``condition.capture``: are these photos good, and where did the light stand?"""

from __future__ import annotations

import functools
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyvips

from heirloom.pathways.charts import svg
from heirloom.pathways.condition import advice, balls, capture, errors, pictures
from heirloom.pathways.condition.arrays import F32, AnyArray
from heirloom.pathways.condition.lights import Lights, read_lp, write_lp
from heirloom.pathways.condition.stack import FULL, Stack
from heirloom.pathways.context import Context, InputFile

Json = dict[str, Any]
FORMAT = "heirloom.condition/1"
_LIT = 0.6
"""Share of the photos in which a ball must mirror the light to be one."""
_MOST_BALLS = 8
_SMALL_BALL = 40
_OVERVIEW = 1200


def lights_file(file: InputFile) -> Lights:
    """Raises LightsUnreadable."""
    try:
        text = file.path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise errors.LightsUnreadable(name=file.name, line=1) from None
    return read_lp(text, file.name)


def in_order(lights: Lights, photos: Sequence[InputFile]) -> list[InputFile]:
    """The photos that *lights* names, in its order. Raises PhotoMissing."""
    given = {_called(photo).casefold(): photo for photo in photos}
    for name in lights.names:
        if name.casefold() not in given:
            raise errors.PhotoMissing(name=name)
    return [given[name.casefold()] for name in lights.names]


def _called(photo: InputFile) -> str:
    return photo.name.rpartition("/")[2]


def _header(photo: InputFile) -> tuple[tuple[int, int], float]:
    """Rows and columns, and the focal length for 35 mm film that the camera wrote (0: none)."""
    try:
        image = pyvips.Image.new_from_file(str(photo.path), access="sequential")
        focal = 0.0
        if image.get_typeof("exif-ifd2-FocalLengthIn35mmFilm"):
            said = str(image.get("exif-ifd2-FocalLengthIn35mmFilm")).split()
            focal = float(said[0]) if said and said[0].isdecimal() else 0.0
    except pyvips.Error:
        raise errors.PhotoUnreadable(name=photo.name) from None
    return (image.height, image.width), focal


def _places(text: str) -> list[balls.Circle]:
    """``x y`` or ``x y radius``, a semicolon between balls. Raises BallPlace."""
    found = []
    for part in filter(None, (one.strip() for one in text.split(";"))):
        try:
            numbers = [float(number) for number in part.replace(",", " ").split()]
        except ValueError:
            numbers = []
        if len(numbers) not in (2, 3) or not all(math.isfinite(n) and 0 <= n < 1e6 for n in numbers):
            raise errors.BallPlace(place=part)
        found.append((numbers[0], numbers[1], numbers[2] if len(numbers) == 3 else 0.0))
    return found


# --- steps ------------------------------------------------------------------------------------------------


def _photos(context: Context, photos: Sequence[InputFile], folder: Path) -> Json:
    """Those of one size as a linear stack, and small ones to look for balls in."""
    heads = [_header(photo) for photo in context.track(photos, 0.0, 0.05)]
    usual = Counter(size for size, _ in heads).most_common(1)[0][0]
    kept = [photo for photo, (size, _) in zip(photos, heads, strict=True) if size == usual]
    other = [_called(photo) for photo, (size, _) in zip(photos, heads, strict=True) if size != usual]

    def pixels() -> Iterator[AnyArray]:
        for photo in context.track(kept, 0.05, 0.5):
            yield pictures.read(photo.path, photo.name).pixels

    Stack.write(folder / "photos.stack", pixels(), names=[photo.name for photo in kept])
    focal = max((focal for _, focal in heads), default=0.0)
    return {"names": [_called(photo) for photo in kept], "other_size": other, "focal": focal}


def _overview(stack: Stack) -> tuple[F32, float]:
    """The median of all photos, linear and small, and its scale."""
    height, width = stack.shape
    step = max(1, math.ceil(max(height, width) / _OVERVIEW))
    rows = []
    for top, bottom in stack.strips(32_000_000):
        strip = stack.read(top, bottom)
        first = -top % step
        rows.append(np.median(strip[:, first::step, ::step], axis=0).astype(np.float32))
    return _light(np.concatenate(rows)), 1 / step


def _around(stack: Stack, circle: balls.Circle) -> tuple[AnyArray, int, int]:
    """All photos around a ball as they are in the stack, and the top and left of that part."""
    top, bottom, left, right = balls.box(circle, stack.shape)
    return stack.window(top, bottom, left, right), top, left


def _light(part: AnyArray) -> F32:
    return np.asarray(part * np.float32(1 / FULL), np.float32)


def _found_lights(context: Context, stack: Stack, names: Sequence[str], written: float) -> Json:
    """Lights from the balls in the photos."""
    said = context.params["focal"]
    assert isinstance(said, (int, float))
    camera = balls.Camera.of_35mm(stack.shape, float(said) or written)
    middle, scale = _overview(stack)
    given = [
        (x * scale, y * scale, radius * scale) for x, y, radius in _places(str(context.params["balls"] or ""))
    ]
    found: list[tuple[balls.Ball, list[balls.Reflection | None]]] = []
    for x, y, radius in balls.candidates(middle, given):
        context.check_cancelled()
        circle = (x / scale, y / scale, radius / scale)
        parts, top, left = _around(stack, circle)
        inner = (circle[0] - left, circle[1] - top, circle[2])
        better = balls.refined(_light(np.median(parts, axis=0)), inner, 0.15)
        if better is None:
            continue
        (x, y, radius), edge = better
        ball = balls.ball_of(np.add(edge, (left, top)), (x + left, y + top, radius), camera)
        still = _light(parts.min(axis=0))
        row = [balls.reflection(_light(part), still, ball, camera, top, left) for part in parts]
        if sum(one is not None for one in row) >= _LIT * len(names):
            found.append((ball, row))
        if len(found) == _MOST_BALLS:
            break
    if not found:
        raise errors.BallNotFound
    placed = balls.placed(list(zip(*(row for _, row in found), strict=True)))
    seen = [n for n in range(len(names)) if np.isfinite(placed.directions[n]).all()]
    return {
        "names": [names[n] for n in seen],
        "vectors": [[round(float(v), 8) for v in placed.directions[n]] for n in seen],
        "distances": [
            round(float(placed.distances[n]), 5) if math.isfinite(placed.distances[n]) else None for n in seen
        ],
        "unseen": [names[n] for n in range(len(names)) if n not in seen],
        "agreement": None if math.isnan(placed.disagreement) else round(placed.disagreement, 4),
        "near": placed.near,
        "focal_widths": round(camera.focal, 4),
        "balls": [
            {
                **dict(zip(("x_px", "y_px", "radius_px"), (round(v, 3) for v in ball.circle), strict=True)),
                "reflections": sum(one is not None for one in row),
            }
            for ball, row in found
        ],
    }


def _lights(context: Context, stack: Stack, prepared: Json, folder: Path) -> Json:  # noqa: ARG001 (a step's folder)
    """Where the light of each photo stood, by the .lp file or by balls."""
    names = prepared["names"]
    for file in context.files("lights"):
        lights = lights_file(file)
        known = [n for n, name in enumerate(lights.names) if name in names]
        return {
            "names": [lights.names[n] for n in known],
            "vectors": [[round(float(v), 8) for v in lights.vectors[n]] for n in known],
            "distances": [None] * len(known),
            "unseen": [],
            "agreement": None,
            "near": False,
            "focal_widths": 0.0,
            "balls": [],
        }
    return _found_lights(context, stack, names, float(prepared["focal"]))


def _checks(stack: Stack, prepared: Json, lit: Json, folder: Path) -> Json:  # noqa: ARG001 (a step's folder)
    """Every photo's quality, and the findings."""
    names = prepared["names"]
    lights = Lights(np.array(lit["vectors"], np.float64), False, tuple(lit["names"]))
    found, findings = capture.examine(stack, lights, names)
    return {
        "photos": [
            {
                "name": one.name,
                "sharpness": round(one.sharpness, 5),
                "clipped": round(one.clipped, 6),
                "dark": round(one.dark, 6),
                "motion": round(one.motion, 4),
                "gain": round(one.gain, 4),
            }
            for one in found
        ],
        "findings": [finding.to_json() for finding in findings],
    }


def _finding(said: Json) -> capture.Finding:
    return capture.Finding(
        said["code"],
        said["refuses"],
        tuple(said["photos"]),
        said["measured"],
        said["limit"],
        tuple(said["towards_degrees"]),
        said["height_degrees"],
    )


def _before(prepared: Json, lit: Json) -> list[capture.Finding]:
    """What was found while the photos were read and the balls looked for."""
    said: list[capture.Finding] = []
    if other := prepared["other_size"]:
        said.append(capture.Finding("other-size", False, tuple(other), len(other), 0))
    if unseen := lit["unseen"]:
        said.append(capture.Finding("no-reflection", len(lit["names"]) < 6, tuple(unseen), len(unseen), 0))
    small = min((2 * ball["radius_px"] for ball in lit["balls"]), default=math.inf)
    if small < _SMALL_BALL:
        said.append(capture.Finding("small-ball", False, (), round(small, 1), _SMALL_BALL))
    return said


def check(context: Context) -> None:
    """Findings, verdict and light directions of a capture."""
    cv2.setNumThreads(1)
    photos = list(context.files("photos"))
    for file in context.files("lights"):
        photos = in_order(lights_file(file), photos)
    prepared = context.step("photos", functools.partial(_photos, context, photos))
    stack = Stack.open(prepared.folder / "photos.stack")
    lit = context.step("lights", functools.partial(_lights, context, stack, prepared.value)).value
    context.progress(0.7)
    checked = context.step("checks", functools.partial(_checks, stack, prepared.value, lit)).value
    context.progress(0.9)
    findings = [*_before(prepared.value, lit), *(_finding(one) for one in checked["findings"])]
    findings.sort(key=lambda finding: not finding.refuses)
    verdict = capture.verdict(findings)
    lights = Lights(np.array(lit["vectors"], np.float64), False, tuple(lit["names"]))
    found = [capture.Quality(**one) for one in checked["photos"]]
    bad = {name for finding in findings for name in finding.photos}
    distances = [distance for distance in lit["distances"] if distance is not None]
    chart = advice.chart(lights, bad)
    context.write("lights.lp", write_lp(lights))
    context.write("coverage.svg", svg(chart, name="coverage"))
    context.write_json(
        "results.json",
        {
            "format": FORMAT,
            "verdict": verdict,
            "capture_findings": [finding.to_json() for finding in findings],
            "width": stack.shape[1],
            "height": stack.shape[0],
            "photos": [
                {
                    **one,
                    "azimuth_degrees": round(azimuth, 3),
                    "height_degrees": round(height, 3),
                    "distance_widths": distance,
                }
                for one, (azimuth, height), distance in zip(
                    checked["photos"], advice.azimuths(lights), lit["distances"], strict=True
                )
            ],
            "balls": lit["balls"],
            "balls_agree_degrees": lit["agreement"],
            "focal_widths": lit["focal_widths"],
            "light_distance_widths": float(np.median(distances)) if distances else None,
        },
    )
    said = [advice.judged(verdict)]
    if lit["balls"]:
        said.append(advice.lights_found(len(lights), len(prepared.value["names"]), len(lit["balls"])))
        if lit["agreement"] is not None:
            said.append(advice.agreement(lit["agreement"]))
        if distances:
            said.append(advice.stood_near(float(np.median(distances))))
        if len(lit["balls"]) == 1:
            said.append(advice.ONE_BALL)
    said += advice.sentences(findings)
    table = advice.table(lights, found, bad)
    context.write_json(
        "summary.json",
        {
            "format": FORMAT,
            "sentences": [sentence.to_json() for sentence in said],
            "tables": [table],
            "pictures": [{"file": "coverage.svg", "chart": chart.to_json(), "table": "photos"}],
        },
    )
    context.progress(1.0)
