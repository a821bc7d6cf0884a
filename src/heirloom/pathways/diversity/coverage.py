"""The method ``diversity.coverage``: how much of a diversity a set of records covers, and what it leaves out."""

from __future__ import annotations

import csv
import functools
import io
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from heirloom.errors import gettext_noop
from heirloom.pathways.charts import Chart, svg
from heirloom.pathways.context import Context
from heirloom.pathways.diversity import errors, wording
from heirloom.pathways.diversity import gaps as gaps_
from heirloom.pathways.diversity.counting import Counts, Tally, count
from heirloom.pathways.diversity.estimate import Resampled, at_same_coverage, describe, rounded
from heirloom.pathways.diversity.hill import Sample
from heirloom.pathways.diversity.table import rows
from heirloom.pathways.diversity.withhold import few_pairs, few_values
from heirloom.pathways.message import Message

Json = dict[str, Any]
FORMAT = "heirloom.diversity.coverage/1"
COUNTRIES = ("CN", "KH", "LA", "MM", "TH", "VN")
LANCANG_MEKONG = "lancang-mekong-languages"
_MOST_EMPTY_SHOWN = 200


class Settings:
    """The parameters by their types."""

    def __init__(self, context: Context) -> None:
        p = context.params

        def several(name: str) -> tuple[str, ...]:
            value = p[name]
            return tuple(str(item) for item in value) if isinstance(value, tuple) else ()

        def number(name: str) -> float:
            value = p[name]
            assert isinstance(value, (int, float))
            return value

        self.facets = several("facets") or None
        self.cross = several("cross")
        self.compare_by = str(p["compare_by"] or "").strip()
        orders = p["orders"]
        assert isinstance(orders, tuple)
        self.orders = sorted(int(q) for q in orders)
        self.replicates = int(number("replicates"))
        self.confidence = float(number("confidence"))
        self.knots = int(number("knots"))
        self.minimum = int(number("minimum_records"))
        self.below = int(number("withhold_below"))
        self.separator = str(p["separator"] or "")
        self.list = str(p["reference_list"])
        self.countries = several("countries") or COUNTRIES
        self.dormant = bool(p["dormant_languages"])
        self.language_facet = str(p["language_facet"])
        self.country_facet = str(p["country_facet"])


def run(context: Context) -> None:
    """See the pathway's README for the method and its sources."""
    settings = Settings(context)
    if len(settings.cross) not in (0, 2):
        raise errors.CrossNeedsTwo
    context.progress(0.0, Message(gettext_noop("Reading the records")))
    counts = Counts.from_json(context.step("count", lambda _: _count(context, settings)).value)
    tasks = [("facet", facet) for facet in counts.facets] + [("compare", facet) for facet in counts.groups]
    share = 0.8 / len(tasks)
    found: dict[str, list[Json]] = {"facet": [], "compare": []}
    for index, (kind, facet) in enumerate(tasks):
        tick = _ticker(context, settings, counts, kind, facet, 0.1 + share * index, share)
        work = _facet if kind == "facet" else _compare
        make = functools.partial(_in_folder, work, context, settings, counts, facet, tick)
        made = context.step(f"{kind}-{index}", make)
        found[kind].append(made.value)
    context.progress(0.92, Message(gettext_noop("Looking for what is absent")))
    gaps = context.step("gaps", lambda _: _gaps(context, settings, counts)).value
    context.progress(0.96, Message(gettext_noop("Writing the results")))
    _write(context, settings, counts, found["facet"], found["compare"], gaps)
    context.progress(1.0)


def _in_folder(
    work: Callable[[Context, Settings, Counts, str, Callable[[], None]], Json],
    context: Context,
    settings: Settings,
    counts: Counts,
    facet: str,
    tick: Callable[[], None],
    _folder: Path,
) -> Json:
    """A step that writes no files."""
    return work(context, settings, counts, facet, tick)


# --- steps ------------------------------------------------------------------------------------------------


def _count(context: Context, settings: Settings) -> Json:
    (table,) = context.files("records")

    def watched() -> Iterable[dict[str, tuple[str, ...]]]:
        for number, row in enumerate(rows(table.path, table.name, settings.separator)):
            if number % 4096 == 0:
                context.check_cancelled()
            yield row

    counted = count(
        watched(),
        table.name,
        facets=settings.facets,
        compare_by=settings.compare_by,
        cross=settings.cross,
    )
    return counted.to_json()


def _ticker(
    context: Context, settings: Settings, counts: Counts, kind: str, facet: str, start: float, share: float
) -> Callable[[], None]:
    """Called for every replicate: reports and lets the run be cancelled."""
    whole = settings.replicates * (1 if kind == "facet" else max(1, len(counts.groups[facet])))
    told = Message(gettext_noop("Estimating: {facet}"), {"facet": wording.facet_value(facet)})
    done = 0

    def tick() -> None:
        nonlocal done
        context.check_cancelled()
        context.progress(start + share * done / max(1, whole), told)
        done += 1

    return tick


def _estimated(
    context: Context, settings: Settings, tally: Tally, tick: Callable[[], None], knots: int, *purpose: str
) -> tuple[Json, tuple[Sample, Resampled] | None]:
    """Status, and the estimates where there are enough records for any."""
    base: Json = {
        "records": tally.records,
        "without": tally.without,
        "values": len(tally.counts),
        "status": "estimated",
    }
    if not tally.records:
        return base | {"status": "empty"}, None
    if tally.records < settings.minimum:
        return base | {"status": "not-enough"}, None
    sample = tally.sample()
    described, again = describe(
        sample,
        settings.orders,
        settings.replicates,
        settings.confidence,
        knots,
        context.random(*purpose),
        tick,
    )
    return base | described, (sample, again)


def _facet(
    context: Context, settings: Settings, counts: Counts, facet: str, tick: Callable[[], None]
) -> Json:
    tally = counts.facets[facet]
    few = few_values(tally.counts, settings.below)
    described, _ = _estimated(context, settings, tally, tick, settings.knots, "facet", facet)
    listed = sorted(tally.counts.items(), key=lambda item: (-item[1], item[0]))
    shown = [{"value": value, "records": None if value in few else number} for value, number in listed]
    shown.sort(key=lambda item: (item["records"] is None, -int(item["records"] or 0), str(item["value"])))
    return {"facet": facet, **described, "counts": shown}


def _compare(
    context: Context, settings: Settings, counts: Counts, facet: str, tick: Callable[[], None]
) -> Json:
    groups: dict[str, tuple[Sample, Resampled]] = {}
    described: list[Json] = []
    # A group too small to estimate, or to be named, is not compared; how small it is stays unsaid.
    least = max(settings.minimum, settings.below)
    sizes = {group: tally.records + tally.without for group, tally in counts.groups[facet].items()}
    few = few_values(sizes, settings.below)
    small = 0
    for group, tally in counts.groups[facet].items():
        if tally.records < least or group in few:
            small += 1
            continue
        told, both = _estimated(
            context, settings, tally, tick, min(settings.knots, 20), "group", facet, group
        )
        told.pop("curve", None)
        described.append({"group": group, **told})
        if both is not None:
            groups[group] = both
    result: Json = {
        "facet": facet,
        "by": settings.compare_by,
        "described": described,
        "too_small": small,
        "coverage": None,
        "groups": [],
    }
    if groups:
        level, compared = at_same_coverage(groups, settings.orders)
        result |= {"coverage": rounded(level), "groups": compared}
    return result


def _reference(context: Context, settings: Settings, counts: Counts) -> gaps_.Reference | None:
    own = listed = None
    facets = list(dict.fromkeys([*counts.facets, *settings.cross]))
    if files := context.files("reference"):
        (file,) = files
        table = rows(file.path, file.name, settings.separator)
        own = gaps_.from_table(table, file.name, facets, {settings.language_facet})
    if settings.list == LANCANG_MEKONG:
        listed = gaps_.languages_of_countries(
            context.resource("languages"),
            "Glottolog 5.1",
            countries=settings.countries,
            dormant=settings.dormant,
            language_facet=settings.language_facet,
            country_facet=settings.country_facet,
        )
    return gaps_.merged(own, listed)


def _status(number: int, *, few: bool) -> Json:
    status = "few" if few else "present" if number else "empty"
    return {"status": status, "records": None if few else number}


def _gaps(context: Context, settings: Settings, counts: Counts) -> Json:
    reference = _reference(context, settings, counts)
    facets: list[Json] = []
    for facet, tally in counts.facets.items():
        absent = gaps_.absent_values(reference, facet, tally.counts) if reference else None
        if absent is None or reference is None:
            continue
        few = few_values(absent.counts, settings.below)
        few |= {reference.key(facet, value) for value in few_values(tally.counts, settings.below)}
        facets.append(
            {
                "facet": facet,
                "list": reference.titles[facet],
                "listed": len(absent.counts),
                "empty": len(absent.empty),
                "outside": list(absent.outside),
                "cells": [
                    {"value": value, "label": reference.label(facet, value)}
                    | _status(number, few=bool(number) and value in few)
                    for value, number in absent.counts.items()
                ],
            }
        )
    cross = None
    if len(settings.cross) == 2:
        cross = _cross(reference, (settings.cross[0], settings.cross[1]), counts, settings.below)
    return {"facets": facets, "cross": cross}


def _cross(reference: gaps_.Reference | None, pair: tuple[str, str], counts: Counts, below: int) -> Json:
    found = gaps_.crossed(reference, pair, counts.pairs)
    alone = [
        {reference.key(facet, value) if reference else value for value in few_values(tally.counts, below)}
        if (tally := counts.facets.get(facet))
        else set()
        for facet in pair
    ]
    few = few_pairs({**found.cells, **found.outside}, below, *alone)

    def told(values: tuple[str, str]) -> Json:
        labels = [
            reference.label(facet, value) if reference else value
            for facet, value in zip(pair, values, strict=True)
        ]
        return {"values": list(values), "labels": labels}

    return {
        "facets": list(pair),
        "listed": found.listed,
        "size": len(found.cells),
        "empty": sum(not number for number in found.cells.values()),
        "cells": [told(v) | _status(number, few=v in few) for v, number in found.cells.items()],
        "outside": [
            told(v) | _status(number, few=v in few) | ({} if v in few else {"status": "outside"})
            for v, number in found.outside.items()
        ],
    }


# --- outputs ----------------------------------------------------------------------------------------------


def _write(
    context: Context,
    settings: Settings,
    counts: Counts,
    facets: Sequence[Json],
    comparisons: Sequence[Json],
    gaps: Json,
) -> None:
    context.write_json(
        "results.json",
        {
            "format": FORMAT,
            "records": counts.records,
            "confidence": settings.confidence,
            "replicates": settings.replicates,
            "withheld_below": settings.below,
            "facets": list(facets),
            "comparisons": list(comparisons),
            "gaps": gaps,
        },
    )
    gap_rows = _gap_rows(gaps)
    context.write("coverage.csv", _coverage_csv(settings, facets, comparisons))
    context.write("rarefaction.csv", _curve_csv(settings, facets))
    context.write("gaps.csv", _gap_csv(gap_rows))
    empty_first = sorted(gap_rows, key=lambda row: row["status"] != "empty")[:_MOST_EMPTY_SHOWN]
    pictures: list[tuple[str, Chart | None, str]] = [
        ("coverage.svg", wording.coverage_chart(facets), "coverage"),
        ("rarefaction.svg", wording.curve_chart(facets), "rarefaction"),
        ("gaps.svg", wording.gap_chart(gaps), "gaps"),
    ]
    # What is absent is said first: it is what people ask for, and needs no knowledge of estimates.
    sentences = wording.gap_sentences(gaps)
    for found in facets:
        sentences += wording.facet_sentences(found, settings.confidence, settings.minimum)
    if settings.below > 1:
        sentences.append(wording.withheld_sentence(settings.below))
    tables = [wording.coverage_table(facets), wording.curve_table(facets)]
    tables += wording.comparison_tables(comparisons)
    if gap_rows:
        tables.append(wording.gap_table(empty_first))
    shown = []
    for name, chart, table in pictures:
        if chart is not None:
            context.write(name, svg(chart, name=name.partition(".")[0]))
            shown.append({"file": name, "chart": chart.to_json(), "table": table})
    context.write_json(
        "summary.json",
        {
            "format": FORMAT,
            "sentences": [sentence.to_json() for sentence in sentences],
            "tables": tables,
            "pictures": shown,
        },
    )


def _csv(heading: Sequence[str], lines: Iterable[Sequence[object]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(heading)
    writer.writerows([["" if cell is None else cell for cell in line] for line in lines])
    return out.getvalue()


def _coverage_csv(settings: Settings, facets: Sequence[Json], comparisons: Sequence[Json]) -> str:
    heading = [
        "facet",
        "by",
        "group",
        "status",
        "data",
        "records",
        "without",
        "values",
        "once",
        "twice",
        "unseen",
    ]
    heading += ["coverage", "coverage_low", "coverage_high", "chance_of_new"]
    for q in settings.orders:
        heading += [f"q{q}{part}" for part in ("", "_low", "_high", "_whole", "_whole_low", "_whole_high")]

    def line(facet: str, by: str, found: Json) -> list[object]:
        cells: list[object] = [facet, by, found.get("group", ""), found["status"], found.get("data", "")]
        cells += [found.get(name) for name in ("records", "without", "values", "once", "twice", "unseen")]
        coverage = found.get("coverage", {})
        cells += [coverage.get(name) for name in ("estimate", "low", "high")]
        cells.append(found.get("chance_of_new"))
        for hill in found.get("hill", []):
            for part in ("observed", "asymptotic"):
                cells += [hill[part][name] for name in ("estimate", "low", "high")]
        return cells + [None] * (len(heading) - len(cells))

    lines = [line(found["facet"], "", found) for found in facets]
    for compared in comparisons:
        lines += [line(compared["facet"], compared["by"], found) for found in compared["described"]]
    return _csv(heading, lines)


def _curve_csv(settings: Settings, facets: Sequence[Json]) -> str:
    heading = ["facet", "size", "way", "coverage", "coverage_low", "coverage_high"]
    for q in settings.orders:
        heading += [f"q{q}", f"q{q}_low", f"q{q}_high", f"q{q}_low_at_coverage", f"q{q}_high_at_coverage"]
    lines = []
    for found in facets:
        for point in found.get("curve", []):
            line = [found["facet"], point["size"], point["way"]]
            line += [point["coverage"][name] for name in ("estimate", "low", "high")]
            for hill in point["hill"]:
                line += [hill["at_size"][name] for name in ("estimate", "low", "high")]
                line += [hill["at_coverage"][name] for name in ("low", "high")]
            lines.append(line)
    return _csv(heading, lines)


def _gap_rows(gaps: Json) -> list[Json]:
    rows_: list[Json] = []
    for facet in gaps["facets"]:
        name = [facet["facet"]]
        rows_ += [
            {
                "facets": name,
                "values": [cell["value"]],
                "labels": [cell["label"]],
                "status": cell["status"],
                "records": cell["records"],
            }
            for cell in facet["cells"]
        ]
        rows_ += [
            {"facets": name, "values": [value], "labels": [value], "status": "outside", "records": None}
            for value in facet["outside"]
        ]
    if (cross := gaps["cross"]) is not None:
        rows_ += [{"facets": cross["facets"], **cell} for cell in [*cross["cells"], *cross["outside"]]]
    return rows_


def _gap_csv(gap_rows: Sequence[Json]) -> str:
    heading = ["facet", "value", "label", "second_facet", "second_value", "second_label", "status", "records"]
    lines = []
    for row in gap_rows:
        cells: list[object] = []
        for side in (0, 1):
            if side < len(row["facets"]):
                cells += [row["facets"][side], row["values"][side], row["labels"][side]]
            else:
                cells += ["", "", ""]
        lines.append([*cells, row["status"], row["records"]])
    return _csv(heading, lines)
