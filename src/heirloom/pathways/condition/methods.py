"""The methods of the pathway: files in, files and a summary out. See README.md for what each gives and means."""

from __future__ import annotations

import csv
import functools
import io
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np

from heirloom.pathways.condition import (
    advice,
    calibrate,
    capture,
    change,
    cracks,
    errors,
    pictures,
    relief,
    rti,
    stretch,
    synthetic,
    synthetic_climate,
    wording,
)
from heirloom.pathways.condition.arrays import F32, AnyArray, to_srgb
from heirloom.pathways.condition.check import in_order, lights_file
from heirloom.pathways.condition.lights import Lights, coverage, dome, write_lp
from heirloom.pathways.condition.solve import FEWEST, Model, Solver, solve_rows
from heirloom.pathways.condition.stack import Decoder, Stack, Tint
from heirloom.pathways.context import Context, InputFile
from heirloom.pathways.message import Message

Json = dict[str, Any]
FORMAT = "heirloom.condition/1"
_BASE = np.float32(0.6)
_WORST = 0.2
_FEWEST_PIECES = 10
# unseen.png: 255 is not measured, less is the residual in thousandths of the albedo.
_UNSEEN, _RESIDUAL = 255, 1000


def _number(context: Context, name: str) -> float:
    value = context.params[name]
    assert isinstance(value, (int, float))
    return float(value)


def _summary(context: Context, sentences: Sequence[Message], tables: Sequence[Json] = ()) -> None:
    said = [sentence.to_json() for sentence in sentences]
    context.write_json(
        "summary.json", {"format": FORMAT, "sentences": said, "tables": list(tables), "pictures": []}
    )


def _png(context: Context, name: str, pixels: AnyArray) -> None:
    with context.writing(name) as path:
        pictures.write_png(path, pixels)


def _tiff(context: Context, name: str, values: F32) -> None:
    with context.writing(name) as path:
        pictures.write_tiff(path, values)


# --- relight ----------------------------------------------------------------------------------------------


def _capture(context: Context) -> tuple[Lights, list[InputFile]]:
    """The lights, and the photos in their order."""
    (file,) = context.files("lights")
    lights = lights_file(file)
    photos = in_order(lights, context.files("photos"))
    if len(photos) < FEWEST:
        raise errors.TooFewLights(given=len(photos), minimum=FEWEST)
    if distance := _number(context, "distance"):
        lights = lights.at_distance(distance)
    return lights, photos


def _decode(context: Context, lights: Lights, photos: list[InputFile], folder: Path) -> Json:
    """All photos as one linear stack, and their mean colour."""
    decoder = Decoder()
    tint = Tint(decoder)
    said = {"lossy": False, "profiles": 0}
    board = context.files("board")
    correct = None
    if board:
        if len(board) != len(photos):
            raise errors.BoardIncomplete(given=len(board), wanted=len(photos))
        fields = [decoder.grey(pictures.read(file.path, file.name).pixels) for file in board]
        correct = calibrate.flat_field(fields, lights).correct

    def pixels() -> Iterator[AnyArray]:
        for file in context.track(photos, 0.0, 0.3):
            photo = pictures.read(file.path, file.name)
            said["lossy"] = said["lossy"] or photo.lossy
            said["profiles"] += photo.profile
            tint.add(photo.pixels)
            yield photo.pixels

    names = [photo.name for photo in photos]
    stack = Stack.write(folder / "photos.stack", pixels(), names=names, decoder=decoder, correct=correct)
    np.save(folder / "tint.npy", tint.mean())
    return {**said, "shape": list(stack.shape)}


def _checked(stack: Stack, lights: Lights, folder: Path) -> Json:  # noqa: ARG001 (a step's folder)
    """What the capture check finds."""
    _, findings = capture.examine(stack, lights)
    return {
        "verdict": capture.verdict(findings),
        "findings": [finding.to_json() for finding in findings],
        "said": [sentence.to_json() for sentence in advice.sentences(findings)],
    }


def _rows(context: Context, stack: Stack, lights: Lights, part: tuple[int, int], folder: Path) -> Json:
    """Some rows solved: normals and albedo, where they are measured, and coefficients of the relightable picture."""
    top, bottom = part
    solver = cast("Solver", str(context.params["solver"]))
    values = stack.read(top, bottom)
    solution = solve_rows(Model(lights), values, solver, stack.shape, top)
    np.save(folder / "normals.npy", pictures.encode_normals(solution.normals))
    np.save(folder / "albedo.npy", solution.albedo)
    few = max(5, math.ceil(0.4 * len(lights)))
    seen = (solution.agreeing >= few) & (solution.residual < _WORST)
    np.save(folder / "unseen.npy", np.where(seen, solution.residual * _RESIDUAL, _UNSEEN).astype(np.uint8))
    np.save(folder / "ptm.npy", rti.fit(values, lights, "ptm").astype(np.float16))
    return {"residual": float(np.median(solution.residual)), "rows": bottom - top}


def relight(context: Context) -> None:
    """Normals, albedo and a relightable picture from photos under many lights."""
    cv2.setNumThreads(1)
    lights, photos = _capture(context)
    decoded = context.step("photos", functools.partial(_decode, context, lights, photos))
    stack = Stack.open(decoded.folder / "photos.stack")
    checked = context.step("check", functools.partial(_checked, stack, lights)).value
    parts = stack.strips()
    made = []
    for number, part in enumerate(context.track(parts, 0.3, 0.8)):
        work = functools.partial(_rows, context, stack, lights, part)
        made.append(context.step(f"rows-{number}", work))
    folders = [step.folder for step in made]

    def gathered(name: str) -> AnyArray:
        axis = 1 if name == "ptm" else 0
        return np.concatenate([np.load(folder / f"{name}.npy") for folder in folders], axis=axis)

    coded = gathered("normals")
    _png(context, "normals.png", coded)
    unseen = gathered("unseen")
    _png(context, "unseen.png", unseen)
    share = float((unseen < _UNSEEN).mean())
    del unseen
    depth = relief.height_map(pictures.decode_normals(coded))
    del coded
    scale = _number(context, "scale")
    _tiff(context, "depth.tif", depth * np.float32(scale or 1))
    _png(context, "relief.png", pictures.shown(relief.local_relief(depth)))
    del depth
    albedo = gathered("albedo")
    white = max(float(np.quantile(albedo.ravel()[:: max(1, albedo.size // 1_000_000)], 0.999)), 1e-6)
    _png(context, "albedo.png", pictures.encode_unit(albedo / np.float32(white)))
    tint = np.load(decoded.folder / "tint.npy")
    grey = np.maximum(Decoder().grey(tint), np.float32(1e-4))
    with context.writing("colour.jpg") as path:
        pictures.write_jpeg(path, _tinted(tint, grey, albedo / np.float32(white)))
    del albedo
    # In place: at 24 megapixels each of these is 288 MB.
    grey = to_srgb(grey)
    for channel in range(3):
        tint[..., channel] = np.minimum(_BASE * to_srgb(tint[..., channel]) / grey, 1)
    del grey
    planes = rti.quantise(gathered("ptm"), tint, "ptm", unit=float(_BASE))
    del tint
    _relightable(context, planes, lights)
    residual = float(np.average([s.value["residual"] for s in made], weights=[s.value["rows"] for s in made]))
    sure = _precision(lights, residual)
    spread = coverage(lights)
    height, width = stack.shape
    context.write_json(
        "results.json",
        {
            "format": FORMAT,
            "photos": len(photos),
            "width": width,
            "height": height,
            "solver": context.params["solver"],
            "measured_share": round(share, 5),
            "residual": round(residual, 5),
            "normal_standard_deviation_degrees": round(sure, 4),
            "albedo_of_white": round(white, 5),
            "depth_unit": "mm" if scale else "px",
            "light_gap_degrees": round(spread.gap, 1),
            "light_sectors": spread.sectors,
            "capture_verdict": checked["verdict"],
            "capture_findings": checked["findings"],
            "lossy_photos": decoded.value["lossy"],
            "photos_with_colour_profile": decoded.value["profiles"],
        },
    )
    said = [
        wording.used(len(photos), width, height),
        wording.measured(share),
        wording.precision(sure),
    ]
    if not lights.near:
        said.append(wording.FAR_AWAY)
    said += [Message.from_json(sentence) for sentence in checked["said"]]
    if decoded.value["lossy"]:
        said.append(wording.COMPRESSED)
    _summary(context, said)
    context.progress(1.0)


def _tinted(tint: F32, grey: F32, albedo: AnyArray) -> AnyArray:
    """(H, W, 3), sRGB: *albedo* (H, W) with the hue of *tint* (H, W, 3), whose luminance is *grey*."""
    made = np.empty(tint.shape, np.uint8)
    light = albedo / grey
    for channel in range(3):
        made[..., channel] = to_srgb(tint[..., channel] * light) * 255 + np.float32(0.5)
    return made


def _relightable(context: Context, planes: rti.Planes, lights: Lights) -> None:
    folder = context.scratch / "relightable.part"
    folder.mkdir(exist_ok=True)
    for name in rti.write(folder, planes, lights):
        context.give(f"relightable/{name}", folder / name)
    for name in rti.write_views(folder, planes):
        context.give(f"views/{name}", folder / name)


def _precision(lights: Lights, residual: float) -> float:
    """Standard deviation of a normal in degrees, from the residual by the covariance of least squares."""
    directions = lights.directions()
    spread = np.trace(np.linalg.inv(directions.T @ directions))
    return math.degrees(residual * math.sqrt(float(spread) * 2 / 3))


# --- reveal -----------------------------------------------------------------------------------------------


def _revealed(context: Context, folder: Path) -> Json:
    (file,) = context.files("normals")
    photo = pictures.read(file.path, file.name)
    if photo.pixels.ndim != 3 or photo.pixels.dtype != np.uint16:
        raise errors.NotNormals(name=file.name)
    normals = pictures.decode_normals(photo.pixels)
    depth = relief.height_map(normals)
    stroke = _number(context, "stroke")
    context.progress(0.3)
    scales = (stroke / 2, stroke, 2 * stroke)
    pictures.write_png(folder / "relief.png", pictures.shown(relief.local_relief(depth, scales)))
    pictures.write_png(folder / "strokes.png", pictures.shown(relief.engraved(depth, stroke)))
    curved = relief.curvature(normals, max(1.0, stroke / 3))
    pictures.write_png(folder / "curvature.png", pictures.shown(curved))
    context.check_cancelled()
    detail = depth - relief.smooth(depth, 8 * stroke)
    sky, openness = relief.horizons(detail * np.float32(3), int(6 * stroke))
    pictures.write_png(folder / "openness.png", pictures.shown(openness))
    pictures.write_png(folder / "sky.png", pictures.shown(sky))
    context.progress(0.7)
    said: Json = {"format": FORMAT, "stroke_px": stroke, "stretch": None}
    for colour in context.files("colour"):
        picture = pictures.read(colour.path, colour.name)
        pixels = picture.pixels
        if pixels.dtype == np.uint16:
            pixels = (pixels >> 8).astype(np.uint8)
        if pixels.ndim == 3:
            plan = stretch.plan(pixels, cast("stretch.Space", str(context.params["space"])))
            pictures.write_png(folder / "stretch.png", stretch.apply(pixels, plan))
            gains = stretch.noise_gain(pixels, plan)
            pictures.write_png(folder / "noise.png", np.clip(gains * 4, 0, 255).astype(np.uint8))
            blocks = stretch.blockiness(pixels)
            said["stretch"] = {
                **plan.to_json(),
                "median_noise_gain": round(float(np.median(gains)), 2),
                "blockiness": round(blocks, 3),
                "lossy": picture.lossy or blocks > 1.1,
            }
    return said


def reveal(context: Context) -> None:
    """Views in which faint relief and faded paint stand out."""
    cv2.setNumThreads(1)
    made = context.step("views", functools.partial(_revealed, context))
    for path in sorted(made.folder.iterdir()):
        context.give(path.name, path)
    context.write_json("results.json", made.value)
    said = []
    if found := made.value["stretch"]:
        said.append(wording.noise(found["median_noise_gain"]))
        if found["lossy"]:
            said.append(wording.COMPRESSED)
    _summary(context, said)
    context.progress(1.0)


# --- compare ----------------------------------------------------------------------------------------------


def _epoch(context: Context, name: str) -> change.Epoch:
    """The three pictures of an epoch. Where ``unseen.png`` is 255 nothing was measured; less is the residual."""
    files = {file.name.rpartition("/")[2]: file for file in context.files(name)}
    if set(files) != {"normals.png", "albedo.png", "unseen.png"}:
        raise errors.EpochIncomplete
    found = {part: pictures.read(file.path, file.name).pixels for part, file in files.items()}
    normals, albedo, unseen = found["normals.png"], found["albedo.png"], found["unseen.png"]
    if normals.ndim != 3 or normals.dtype != np.uint16:
        raise errors.NotNormals(name=files["normals.png"].name)
    if albedo.shape[:2] != normals.shape[:2] or unseen.shape[:2] != normals.shape[:2]:
        raise errors.SizesDiffer(name=files["albedo.png"].name)
    doubt = unseen if unseen.ndim == 2 else unseen[..., 0]
    residual = (doubt.astype(np.float32) + np.float32(0.5)) / np.float32(_RESIDUAL)
    return change.Epoch(
        pictures.decode_normals(normals), pictures.decode_unit(albedo), doubt < _UNSEEN, residual
    )


def _outlined(albedo: F32, classes: AnyArray) -> AnyArray:
    """The first epoch in grey, changed places outlined, unmeasurable ones hatched."""
    grey = pictures.shown(to_srgb(albedo), 0.01, 0.995)
    picture = np.repeat((grey * np.float32(0.8) + 30).astype(np.uint8)[..., None], 3, axis=-1)
    rows, columns = np.indices(classes.shape)
    picture[(classes == change.NOT_MEASURABLE) & ((rows + columns) % 8 < 2)] = (20, 20, 20)
    outlines, _ = cv2.findContours(
        (classes == change.CHANGED).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
    )
    width = max(1, round(max(classes.shape) / 800))
    cv2.drawContours(picture, outlines, -1, (255, 255, 255), width + 2)
    cv2.drawContours(picture, outlines, -1, (190, 30, 30), width)
    return picture


def _growth(
    before: change.Epoch, later: change.Epoch, found: change.Differences
) -> list[tuple[cracks.Segment, float]]:
    shape = (before.albedo.shape[0], before.albedo.shape[1])
    return cracks.growth(before.albedo, found.registration.bring(later.albedo, shape))


def _cracks(grown: list[tuple[cracks.Segment, float]], still: Sequence[float], scale: float) -> Json:
    """Growth of each piece of a crack; the level (99 %) follows from the repeat's pieces where there are enough of them."""
    unit = scale or 1.0
    enough = len(still) >= _FEWEST_PIECES
    level = change.SURE * float(np.sqrt(np.mean(np.square(still)))) * unit if enough else None
    return {
        "unit": "mm" if scale else "px",
        "level_of_detection": level,
        "pieces": [
            {
                "left_px": piece.left,
                "top_px": piece.top,
                "length_px": round(piece.length, 1),
                "width": round(piece.width * unit, 4),
                "growth": round(width * unit, 4),
                "past_level": None if level is None else bool(width > level),
            }
            for piece, width in grown
        ],
    }


def _compared(context: Context, folder: Path) -> Json:
    scale = _number(context, "scale")
    before = _epoch(context, "before")
    repeated = _epoch(context, "repeat")
    repeat = change.difference(before, repeated)
    context.progress(0.4)
    context.check_cancelled()
    level = change.level_of_detection(repeat)
    repeat_inliers = repeat.registration.inliers
    still = [width for _, width in _growth(before, repeated, repeat)]
    del repeat, repeated
    after = _epoch(context, "after")
    found = change.difference(before, after)
    context.progress(0.8)
    classes = change.classify(
        found, level, rate=_number(context, "false_share"), smallest=int(_number(context, "smallest"))
    )
    pictures.write_png(folder / "changes.png", _outlined(before.albedo, classes.classes))
    unseen = classes.classes == change.NOT_MEASURABLE
    pictures.write_png(folder / "unseen.png", np.where(unseen, 255, 0).astype(np.uint8))
    for name in change.QUANTITIES:
        factor = np.float32((scale or 1) if name == "depth" else 1)
        pictures.write_tiff(folder / f"{name}.tif", np.where(unseen, np.nan, found.of(name) * factor))
    (folder / "changes.csv").write_text(_csv(classes, level, scale), "utf-8")
    residual = found.registration.residual
    return {
        "results": {
            "format": FORMAT,
            "units": {"tilt": "deg", "albedo": "%", "depth": "mm" if scale else "px"},
            "level_of_detection": {
                name: level.at[name] * ((scale or 1) if name == "depth" else 1) for name in change.QUANTITIES
            },
            "confidence": level.confidence,
            "repeat_pixels": len(level.samples["tilt"]),
            "registration": {
                "residual_px": residual,
                "inliers": found.registration.inliers,
                "repeat_residual_px": level.residual,
                "repeat_inliers": repeat_inliers,
            },
            "share_beyond_level": classes.beyond,
            "cracks": _cracks(_growth(before, after, found), still, scale),
            "not_measurable_share": float(unseen.mean()),
            "changed_places": len(classes.clusters),
            "changed_pixels": int((classes.classes == change.CHANGED).sum()),
        },
        "sentences": [
            sentence.to_json()
            for sentence in wording.changes(classes, level, residual, float(unseen.mean()), scale)
        ],
        "table": wording.change_table(classes, level, scale),
    }


def _csv(classes: change.Classes, level: change.Level, scale: float) -> str:
    depth = "depth_mm" if scale else "depth_px"
    heading = ["place", "left_px", "top_px", "width_px", "height_px", "area_px"]
    for name in ("tilt_deg", "albedo_percent", depth):
        heading += [name, f"{name}_u", f"{name}_lod99"]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(heading)
    for number, cluster in enumerate(classes.clusters, 1):
        line: list[object] = [number, *cluster.box, cluster.area]
        for name in change.QUANTITIES:
            factor = (scale or 1.0) if name == "depth" else 1.0
            least = level.at[name] * factor
            line += [f"{value:.5g}" for value in (cluster.peak[name] * factor, least / change.SURE, least)]
        writer.writerow(line)
    return out.getvalue()


def compare(context: Context) -> None:
    """What changed between two visits, with a level of detection."""
    cv2.setNumThreads(1)
    made = context.step("compare", functools.partial(_compared, context))
    for path in sorted(made.folder.iterdir()):
        context.give(path.name, path)
    context.write_json("results.json", made.value["results"])
    said = [Message.from_json(sentence) for sentence in made.value["sentences"]]
    _summary(context, said, [made.value["table"]])
    context.progress(1.0)


# --- synthesise -------------------------------------------------------------------------------------------


def _synthesised(context: Context, folder: Path) -> Json:
    side, count, seed = (int(_number(context, name)) for name in ("side", "lights", "seed"))
    panel = synthetic.rock((side, side), seed)
    after, damage = synthetic.weather(panel, seed, salts=2)
    random = np.random.default_rng([seed, 11])
    for number, (name, shown) in enumerate((("before", panel), ("repeat", panel), ("after", after))):
        (folder / name).mkdir()
        turn, *shift = (float(v) for v in random.normal(0, [0.002, 1.5, 1.5])) if number else (0.0, 0.0, 0.0)
        matrix = np.array(
            [[math.cos(turn), -math.sin(turn), shift[0]], [math.sin(turn), math.cos(turn), shift[1]]],
            np.float32,
        )
        lights = dome(count, seed + number)
        names = [f"{name}_{light:02d}.jpg" for light in range(count)]
        seen = synthetic.moved(shown, matrix) if number else shown
        for photo, pixels in zip(names, synthetic.photograph(seen, lights, seed + 31 * number), strict=True):
            context.check_cancelled()
            pictures.write_jpeg(folder / name / photo, pixels, 95, full_colour=True)
        (folder / name / "lights.lp").write_text(write_lp(lights, names), "utf-8")
        context.progress(0.3 * (number + 1))
    (folder / "climate.csv").write_text(synthetic_climate.year(seed), "utf-8")
    truth = folder / "truth"
    truth.mkdir()
    pictures.write_png(truth / "normals.png", pictures.encode_normals(panel.normals()))
    pictures.write_png(truth / "albedo.png", pictures.encode_unit(panel.albedo))
    pictures.write_tiff(truth / "height.tif", panel.height)
    pictures.write_tiff(truth / "depth-change.tif", damage.depth)
    labels = damage.spalls.astype(np.uint8) + 2 * damage.pigment + 4 * damage.salts
    pictures.write_png(truth / "damage.png", labels.astype(np.uint8))
    pictures.write_png(
        folder / "damage.png", (labels.astype(np.uint8) * 32 + 24 * (labels > 0)).astype(np.uint8)
    )
    return {}


def synthesise(context: Context) -> None:
    """A made-up panel, its photos at three times, and the truth about it."""
    cv2.setNumThreads(1)
    made = context.step("panel", functools.partial(_synthesised, context))
    for path in sorted(p for p in made.folder.rglob("*") if p.is_file()):
        context.give(str(path.relative_to(made.folder)), path)
    _summary(context, [wording.MADE_UP, wording.damaged(8, 8)])
    context.progress(1.0)
