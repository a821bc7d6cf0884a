"""The method: readings in, an account of the climate out."""

from __future__ import annotations

import csv
import functools
import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heirloom.errors import gettext_noop
from heirloom.pathways.context import Context
from heirloom.pathways.message import Message, Value

from . import loggers, mould, psychrometry, quality, salts
from .psychrometry import Floats

Json = dict[str, Any]
FORMAT = "heirloom.condition/1"
NAMES = {
    "air": gettext_noop("air temperature"),
    "humidity": gettext_noop("relative humidity"),
    "surface": gettext_noop("surface temperature"),
    "light": gettext_noop("illuminance"),
}
CLASSES = {
    "very-sensitive": gettext_noop("very sensitive"),
    "sensitive": gettext_noop("sensitive"),
    "medium-resistant": gettext_noop("medium resistant"),
    "resistant": gettext_noop("resistant"),
}
REFUSED = 50


def _decimal(value: float, digits: int) -> Value:
    return Value(round(float(value), digits), "decimal", digits)


def _number(context: Context, name: str) -> float:
    value = context.params[name]
    assert isinstance(value, int | float)
    return float(value)


def hourly(time: NDArray[np.int64], values: Floats) -> tuple[int, Floats]:
    """The first hour (seconds since 1970) and the mean of every hour from it, (n,); no number where an hour has none."""
    hour = time // 3600
    place = (hour - hour[0]).astype(np.int64)
    there = ~np.isnan(values)
    count = np.bincount(place[there], minlength=int(place[-1]) + 1)
    total = np.bincount(place[there], values[there], minlength=int(place[-1]) + 1)
    with np.errstate(invalid="ignore"):
        return int(hour[0]) * 3600, np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _days(time: NDArray[np.int64], offset: float) -> tuple[list[str], NDArray[np.int64]]:
    number = (time + int(offset * 3600)) // 86_400
    there, place = np.unique(number, return_inverse=True)
    return [loggers.day(int(one) * 86_400) for one in there], np.asarray(place, np.int64)


def climate(context: Context) -> None:
    """Dew, salts, mould and light from a logger's readings; gaps and stuck sensors are told, and never bridged."""
    made = context.step("account", functools.partial(_account, context))
    context.give("days.csv", made.folder / "days.csv")
    results = made.value
    context.write_json("results.json", results)
    sentences = [one.to_json() for one in _said(results, _number(context, "utc_offset"))]
    context.write_json(
        "summary.json", {"format": FORMAT, "sentences": sentences, "tables": [], "pictures": []}
    )
    context.progress(1.0)


def _account(context: Context, folder: Path) -> Json:
    """Write ``days.csv`` into *folder* and return all numbers."""
    (file,) = context.files("readings")
    params = context.params
    heads = {kind: str(params[kind]) for kind in NAMES if params[kind]}
    offset = _number(context, "utc_offset")
    found = loggers.read(file.path, file.name, str(params["time"]), heads, offset=offset)
    context.progress(0.3)
    time, values = found.time, found.values
    air, humidity = values["air"], values["humidity"]
    surface = values.get("surface", air + _number(context, "surface_offset"))
    lasting, breaks = quality.hours(time), quality.gaps(time)
    margin = psychrometry.dew_margin(air, humidity, surface)
    known = ~np.isnan(margin)
    wet = known & (margin < 0)
    damp = salts.surface_humidity(air, humidity, surface)
    salt, band, kind = str(params["salt"]), _number(context, "band"), str(params["mould"])
    excess = damp - salts.deliquescence(salt, surface)
    crossed, raw = salts.crossings(excess, band, breaks), salts.crossings(excess, 0.0, breaks)
    start, warm = hourly(time, surface)
    _, moist = hourly(time, damp)
    grown = mould.index(warm, moist, kind)
    context.progress(0.7)
    silent = float(np.diff(time)[breaks[1:]].sum()) / 3600
    names, place = _days(time, offset)
    _, hours_of_day = _days(start + 3600 * np.arange(len(grown), dtype=np.int64), offset)
    measured = float(lasting[known].sum())
    still = {one: quality.stuck(time, values[one]) for one in heads if one != "light"}
    dose = float(np.nansum(values["light"] * lasting)) if "light" in values else None

    def per_day(weights: Any) -> Floats:
        return np.asarray(np.bincount(place, weights, minlength=len(names)), np.float64)

    highest = np.full(int(hours_of_day[-1]) + 1, 0.0)
    np.maximum.at(highest, hours_of_day, grown)
    days_of_hours = _days(start + 3600 * np.arange(len(grown), dtype=np.int64), offset)[0]
    of_day = dict(zip(days_of_hours, highest, strict=True))
    lowest = np.full(len(names), np.inf)
    np.minimum.at(lowest, place[known], margin[known])
    seen = per_day(known.astype(float))
    with (folder / "days.csv").open("w", encoding="utf-8", newline="") as target:
        table = csv.writer(target, lineterminator="\n")
        table.writerow(
            [
                "day",
                "readings",
                "air_mean_C",
                "humidity_mean_percent",
                "dew_margin_least_K",
                "condensation_h",
                "salt_crossings",
                "mould_index",
            ]
        )
        sums = [per_day(np.where(known, one, 0)) for one in (air, humidity)]
        wet_hours = per_day(np.where(wet, lasting, 0))
        counts = np.bincount(place[crossed], minlength=len(names))
        for n, name in enumerate(names):
            means = [f"{one[n] / seen[n]:.2f}" if seen[n] else "" for one in sums]
            least = f"{lowest[n]:.2f}" if math.isfinite(lowest[n]) else ""
            table.writerow(
                [
                    name,
                    int(seen[n]),
                    *means,
                    least,
                    f"{wet_hours[n]:.2f}",
                    int(counts[n]),
                    f"{of_day.get(name, 0.0):.3f}",
                ]
            )
    results: Json = {
        "format": FORMAT,
        "readings": len(time),
        "first": int(time[0]),
        "last": int(time[-1]),
        "refused": len(found.refused),
        "refused_rows": [{"row": row, "reason": why} for row, why in found.refused[:REFUSED]],
        "repeated": found.repeated,
        "gaps": int(breaks.sum()),
        "gap_hours": round(silent, 3),
        "measured_hours": round(measured, 3),
        "dew_margin_least_K": round(float(np.nanmin(margin)), 3) if known.any() else None,
        "condensation_hours": round(float(lasting[wet].sum()), 3),
        "salt": salt,
        "salt_crossings": len(crossed),
        "salt_crossings_without_dead_band": len(raw),
        "dead_band_percent": band,
        "mould_model": "VTT (Hukka & Viitanen 1999; Ojanen et al. 2010)",
        "mould_class": kind,
        "mould_index_highest": round(float(grown.max()), 4),
        "mould_index_last": round(float(grown[-1]), 4),
        "light_lux_hours": round(dose, 1) if dose is not None else None,
        "stuck": {name: spans for name, spans in still.items() if spans},
        "surface_measured": "surface" in values,
    }
    return results


def _said(found: Json, offset: float) -> list[Message]:
    measured = found["measured_hours"]
    said = [
        Message(
            gettext_noop("{count} readings from {first} to {last}. {refused} rows could not be used."),
            {
                "count": Value(found["readings"], "integer"),
                "first": Value(loggers.day(found["first"], offset)),
                "last": Value(loggers.day(found["last"], offset)),
                "refused": Value(found["refused"], "integer"),
            },
        ),
        Message(
            gettext_noop(
                "The surface was colder than the dew point for {hours} hours, {share} of the time measured."
            ),
            {
                "hours": _decimal(found["condensation_hours"], 1),
                "share": Value(found["condensation_hours"] / measured if measured else 0.0, "percent", 1),
            },
        ),
        Message(
            gettext_noop(
                "{salt} dissolved or dried {count} times, counted with a dead band of ±{band} %. Without it, noise included, it would be {raw}."
            ),
            {
                "salt": Value(found["salt"]),
                "count": Value(found["salt_crossings"], "integer"),
                "band": _decimal(found["dead_band_percent"], 1),
                "raw": Value(found["salt_crossings_without_dead_band"], "integer"),
            },
        ),
        Message(
            gettext_noop("Mould index by the VTT model, for a surface that is {kind}: {index} of 6 at most."),
            {
                "kind": Value(CLASSES[found["mould_class"]], "message"),
                "index": _decimal(found["mould_index_highest"], 2),
            },
        ),
        Message(
            gettext_noop("Gaps: {count}, together {hours} hours. Nothing is said about them."),
            {"count": Value(found["gaps"], "integer"), "hours": _decimal(found["gap_hours"], 1)},
        ),
    ]
    if found["light_lux_hours"] is not None:
        said.append(
            Message(
                gettext_noop("Light: {dose} lux hours."), {"dose": Value(found["light_lux_hours"], "integer")}
            )
        )
    if not found["surface_measured"]:
        said.append(
            Message(
                gettext_noop(
                    "The temperature of the surface was not measured. Half a degree of error changes its humidity by about 3 %."
                )
            )
        )
    said += [
        Message(
            gettext_noop(
                "The sensor for {name} gave the very same value for a day or more, {count} times. It may be stuck."
            ),
            {"name": Value(NAMES[name], "message"), "count": Value(len(spans), "integer")},
        )
        for name, spans in found["stuck"].items()
    ]
    return said
