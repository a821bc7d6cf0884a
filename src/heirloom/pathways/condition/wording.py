"""The sentences and tables of a result, as data that any page can put into its reader's language."""

from __future__ import annotations

from typing import Any

from heirloom.errors import gettext_noop
from heirloom.pathways.condition.change import SURE, Classes, Level
from heirloom.pathways.message import Message, Value

Json = dict[str, Any]

_MOST_ROWS = 50

FAR_AWAY = Message(
    gettext_noop(
        "The lights were taken as far away. If they stood nearer than ten widths of the picture, give their distance."
    )
)
COMPRESSED = Message(
    gettext_noop(
        "The pictures are JPEG: what looks faint may come from compression. TIFF or raw photos are better."
    )
)
WHOLE_PANEL = Message(
    gettext_noop(
        "A change of the whole panel at once, such as even fading, cannot be told from another exposure and is not reported."
    )
)
MADE_UP = Message(gettext_noop("This panel is made up. It shows no real place."))


def _decimal(value: float, digits: int) -> Value:
    return Value(round(float(value), digits), "decimal", digits)


def used(count: int, width: int, height: int) -> Message:
    return Message(
        gettext_noop("{count} photos of {width} by {height} pixels were used."),
        {name: Value(v, "integer") for name, v in (("count", count), ("width", width), ("height", height))},
    )


def measured(share: float) -> Message:
    return Message(
        gettext_noop("Measured: {share} of the surface. Elsewhere too few lights agree."),
        {"share": Value(float(share), "percent", 1)},
    )


def precision(degrees: float) -> Message:
    return Message(
        gettext_noop(
            "Directions are known to ±{angle} degrees (one standard deviation, from what the photos leave unexplained). Wrong"
            " light positions come on top."
        ),
        {"angle": _decimal(degrees, 2)},
    )


def noise(gain: float) -> Message:
    return Message(
        gettext_noop("The stretch of the colours makes noise {gain} times as large."),
        {"gain": _decimal(gain, 1)},
    )


def damaged(spalls: int, pigment: int) -> Message:
    return Message(
        gettext_noop("Planted: {spalls} spalls and {pigment} places with loss of paint."),
        {"spalls": Value(spalls, "integer"), "pigment": Value(pigment, "integer")},
    )


def changes(classes: Classes, level: Level, residual: float, unseen: float, scale: float) -> list[Message]:
    """What a comparison found, and what it could not have found."""
    if classes.clusters:
        said = [
            Message(
                gettext_noop("Changed places: {count}, together {area} pixels."),
                {
                    "count": Value(len(classes.clusters), "integer"),
                    "area": Value(sum(cluster.area for cluster in classes.clusters), "integer"),
                },
            )
        ]
    else:
        said = [Message(gettext_noop("No change can be detected."))]
    said.append(
        Message(
            gettext_noop(
                "The least change that could be seen with 99 % confidence: tilt {tilt} degrees, albedo {albedo} per cent, depth"
                " {depth} {unit}. It comes from photographing the first visit twice."
            ),
            {
                "tilt": _decimal(level.at["tilt"], 2),
                "albedo": _decimal(level.at["albedo"], 2),
                "depth": _decimal(level.at["depth"] * (scale or 1), 3),
                "unit": Value("mm" if scale else "px"),
            },
        )
    )
    said.append(
        Message(
            gettext_noop("Not measurable: {share} of the first visit's picture."),
            {"share": Value(unseen, "percent", 1)},
        )
    )
    said.append(
        Message(
            gettext_noop("The two visits were laid on each other to ±{residual} pixels."),
            {"residual": _decimal(residual, 3)},
        )
    )
    said.append(WHOLE_PANEL)
    return said


def change_table(classes: Classes, level: Level, scale: float) -> Json:
    """The largest changed places; every number with its standard deviation."""
    columns = [
        Message(gettext_noop("Place")),
        Message(gettext_noop("From the left, px")),
        Message(gettext_noop("From the top, px")),
        Message(gettext_noop("Area, px")),
        Message(gettext_noop("Tilt, degrees")),
        Message(gettext_noop("Albedo, %")),
        Message(gettext_noop("Depth, {unit}"), {"unit": Value("mm" if scale else "px")}),
    ]
    rows = []
    for number, cluster in enumerate(classes.clusters[:_MOST_ROWS], 1):
        cells = [
            Value(v, "integer").to_json() for v in (number, cluster.box[0], cluster.box[1], cluster.area)
        ]
        for name, digits in (("tilt", 2), ("albedo", 1), ("depth", 3)):
            factor = (scale or 1.0) if name == "depth" else 1.0
            sure = level.at[name] * factor / SURE
            cells.append(Value(f"{cluster.peak[name] * factor:.{digits}f} ± {sure:.{digits}f}").to_json())
        rows.append(cells)
    return {
        "id": "changes",
        "title": Message(gettext_noop("Changed places")).to_json(),
        "columns": [column.to_json() for column in columns],
        "rows": rows,
    }
