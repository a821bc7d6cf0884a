"""What a capture check says: sentences, a picture of the lights, and a table of the photos, as data for any language."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import Any

from heirloom.errors import gettext_noop
from heirloom.pathways.charts import Chart, Curve, Point
from heirloom.pathways.condition.capture import Finding, Quality, Verdict
from heirloom.pathways.condition.lights import Lights
from heirloom.pathways.message import Message, Value

Json = dict[str, Any]
_MOST_NAMES = 6

_VERDICTS = {
    "good": Message(gettext_noop("Good: nothing needs to be shot again.")),
    "care": Message(gettext_noop("Usable with care. Mend what is said here if you can still shoot.")),
    "again": Message(gettext_noop("Shoot again: nothing sound can come of these photos.")),
}
ONE_BALL = Message(
    gettext_noop(
        "With one ball the distance of the lights cannot be found. Put two or more into the picture, far from each other."
    )
)
# How the measured number and its limit are written, by code: style, decimals.
_STYLES: dict[str, tuple[Any, int]] = {
    "blurred": ("percent", 0),
    "too-bright": ("percent", 1),
    "too-dark": ("percent", 0),
    "moved": ("decimal", 1),
    "exposure": ("decimal", 1),
    "light-gap": ("decimal", 0),
    "one-height": ("decimal", 0),
}
_SENTENCES = {
    "other-size": gettext_noop(
        "Other size than the rest: {photos}. They were left out. Shoot them again with the same camera settings; crop and turn nothing."
    ),
    "no-reflection": gettext_noop(
        "No ball mirrors the light in {photos}. They were left out. Shoot them again; nothing may stand between the light and the ball."
    ),
    "small-ball": gettext_noop(
        "A ball is only {measured} pixels wide; {limit} or more make the light directions sure. Use a larger ball or go nearer."
    ),
    "blurred": gettext_noop(
        "Blurred: {photos}. Sharpness down to {measured} of the usual, at least {limit} is needed. Focus by hand, touch nothing, shoot them"
        " again."
    ),
    "moved": gettext_noop(
        "The camera moved: {photos}. Up to {measured} pixels, at most {limit} may be. Fix the tripod, release by cable or timer, shoot"
        " them again."
    ),
    "exposure": gettext_noop(
        "Other brightness than the rest: {photos}. Up to {measured} times, at most {limit} may be. Set exposure and flash by hand, keep"
        " the light at one distance, shoot them again."
    ),
    "too-bright": gettext_noop(
        "Too bright: {photos}. Up to {measured} of the picture has no detail left, at most {limit} may be. Expose all photos less and shoot"
        " again."
    ),
    "too-dark": gettext_noop(
        "Too dark: {photos}. Up to {measured} of the picture is black, at most {limit} may be. Give more light and shoot them again."
    ),
    "few-lights": gettext_noop(
        "Only {measured} lights; {limit} are the least, 24 to 50 are good. Add photos with light from other directions."
    ),
    "light-gap": gettext_noop(
        "The lights leave a gap of {measured} degrees; at most {limit} is good. Add photos with light from {clock} o'clock (12 is the top of"
        " the picture), {height} degrees above the surface."
    ),
    "one-sided": gettext_noop(
        "Light comes from {measured} of eight sides; at least {limit} are needed. Add photos with light from {clock} o'clock (12 is the top"
        " of the picture)."
    ),
    "one-height": gettext_noop(
        "All lights stand about {height} degrees above the surface; they span {measured} degrees, at least {limit} are good. Add lower and"
        " higher ones."
    ),
}


def _clock(azimuth: float) -> str:
    """An azimuth (degrees from x towards y) on the face of a clock."""
    return str(round(3 - azimuth / 30) % 12 or 12)


def names(photos: Sequence[str]) -> Value:
    shown = ", ".join(photos[:_MOST_NAMES])
    return Value(f"{shown}, … (+{len(photos) - _MOST_NAMES})" if len(photos) > _MOST_NAMES else shown)


def sentence(finding: Finding) -> Message:
    """What was measured, its limit, in which photos, and what to shoot again."""
    style, digits = _STYLES.get(finding.code, ("integer", 0))
    return Message(
        _SENTENCES[finding.code],
        {
            "photos": names(finding.photos),
            "measured": Value(round(float(finding.measured), 4), style, digits),
            "limit": Value(finding.limit, style, digits),
            "clock": Value(", ".join(_clock(azimuth) for azimuth in finding.towards)),
            "height": Value(round(finding.height), "integer"),
        },
    )


def sentences(findings: Sequence[Finding]) -> list[Message]:
    return [sentence(finding) for finding in findings]


def judged(verdict: Verdict) -> Message:
    return _VERDICTS[verdict]


def lights_found(lights: int, photos: int, balls: int) -> Message:
    return Message(
        gettext_noop("Balls found: {balls}. They tell where the light stood in {lights} of {photos} photos."),
        {
            "lights": Value(lights, "integer"),
            "photos": Value(photos, "integer"),
            "balls": Value(balls, "integer"),
        },
    )


def agreement(degrees: float) -> Message:
    return Message(
        gettext_noop("The balls agree about the lights to {angle} degrees (median)."),
        {"angle": Value(round(degrees, 2), "decimal", 2)},
    )


def stood_near(distance: float) -> Message:
    return Message(
        gettext_noop(
            "The lights stood about {distance} widths of the picture away. Give this to the method Relight as their distance."
        ),
        {"distance": Value(round(distance, 2), "decimal", 2)},
    )


def azimuths(lights: Lights) -> list[tuple[float, float]]:
    """Of each light: azimuth (0 to 360, from x towards y) and height above the surface, degrees."""
    return [
        (math.degrees(math.atan2(y, x)) % 360, math.degrees(math.asin(min(1.0, max(-1.0, z)))))
        for x, y, z in lights.directions()
    ]


def chart(lights: Lights, bad: Collection[str]) -> Chart:
    """The lights as seen from the camera; photos to shoot again have another mark."""
    points: dict[bool, list[Point]] = {False: [], True: []}
    for name, (azimuth, height) in zip(lights.names, azimuths(lights), strict=True):
        points[name in bad].append(Point(round(azimuth, 1), round(height, 1)))
    return Chart(
        "dome",
        Message(gettext_noop("Where the light came from")),
        Message(
            gettext_noop(
                "Seen from the camera: light in the middle comes from the front, at the rim along the surface. Good photos: {good}; to"
                " shoot again: {bad}."
            ),
            {"good": Value(len(points[False]), "integer"), "bad": Value(len(points[True]), "integer")},
        ),
        curves=tuple(
            Curve(Value(label, "message"), tuple(points[again]))
            for again, label in ((False, gettext_noop("Good photos")), (True, gettext_noop("To shoot again")))
            if points[again]
        ),
    )


def table(lights: Lights, found: Sequence[Quality], bad: Collection[str]) -> Json:
    columns = (
        gettext_noop("Photo"),
        gettext_noop("Direction of the light, degrees"),
        gettext_noop("Height of the light, degrees"),
        gettext_noop("Sharpness"),
        gettext_noop("Too bright"),
        gettext_noop("Too dark"),
        gettext_noop("Motion, px"),
        gettext_noop("Brightness, times"),
        gettext_noop("To shoot again"),
    )
    usual = sorted(one.sharpness for one in found)[len(found) // 2] if found else 1.0
    rows = []
    for one, (azimuth, height) in zip(found, azimuths(lights), strict=True):
        cells = (
            Value(one.name),
            Value(round(azimuth, 1), "decimal", 1),
            Value(round(height, 1), "decimal", 1),
            Value(round(one.sharpness / max(usual, 1e-6), 3), "percent", 0),
            Value(round(one.clipped, 4), "percent", 1),
            Value(round(one.dark, 4), "percent", 1),
            Value(round(one.motion, 2), "decimal", 2),
            Value(round(one.gain, 2), "decimal", 2),
            Value("×" if one.name in bad else "–"),
        )
        rows.append([cell.to_json() for cell in cells])
    return {
        "id": "photos",
        "title": Message(gettext_noop("Photos and lights")).to_json(),
        "columns": [Message(column).to_json() for column in columns],
        "rows": rows,
    }
