"""The sentences, tables and pictures of a result, as data that any page can put into its reader's language."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from heirloom.errors import gettext_noop
from heirloom.pathways.charts import Axis, Bar, Chart, Curve, Point
from heirloom.pathways.message import Message, Style, Value

Json = dict[str, Any]

FACETS = {
    "language": gettext_noop("Language"),
    "region": gettext_noop("Region"),
    "community": gettext_noop("Community"),
    "period": gettext_noop("Period"),
    "form": gettext_noop("Form"),
}

_MOST_CURVES = 6
_MOST_ROWS = 40
_MOST_COLUMNS = 20


def facet_value(facet: str) -> Value:
    """The facet's name: translatable where it is one of ours, as its column says otherwise."""
    return Value(FACETS[facet], "message") if facet in FACETS else Value(facet)


def _count(number: int) -> Value:
    return Value(number, "integer")


def _share(number: float, digits: int = 0) -> Value:
    return Value(number, "percent", digits)


def _cell(number: float | None, style: Style, digits: int = 0) -> Json | None:
    return None if number is None else Value(number, style, digits).to_json()


# --- sentences --------------------------------------------------------------------------------------------


def facet_sentences(found: Json, confidence: float, minimum: int) -> list[Message]:
    """What one facet's numbers say, in plain words."""
    facet = facet_value(found["facet"])
    said = [
        Message(
            gettext_noop("{facet}: {values} different values in {records} records."),
            {"facet": facet, "records": _count(found["records"]), "values": _count(found["values"])},
        )
    ]
    if found["without"]:
        said.append(
            Message(
                gettext_noop("Records that say nothing here and are not counted: {without}."),
                {"without": _count(found["without"])},
            )
        )
    if found["status"] == "not-enough":
        said.append(
            Message(
                gettext_noop("That is not enough for an estimate; it takes at least {minimum} records."),
                {"minimum": _count(minimum)},
            )
        )
        return said
    if found["status"] != "estimated":
        return said
    if found["data"] == "incidence":
        said.append(
            Message(
                gettext_noop(
                    "Some records name several values, so the estimates count in how many records a value appears."
                )
            )
        )
    said += _coverage_sentences(found, confidence)
    said += [Message(_WARNINGS[code]) for code in found["warnings"]]
    return said


def _coverage_sentences(found: Json, confidence: float) -> list[Message]:
    if not found["once"]:
        # An estimate of 100 % without any spread would sound like a certainty that the data cannot give.
        return [
            Message(
                gettext_noop(
                    "No value appears only once, so by the rule of Good and Turing more records from the same places"
                    " would hardly bring anything new. Other places may."
                )
            )
        ]
    coverage = found["coverage"]
    if coverage["low"] is None:
        text = gettext_noop(
            "If more records were gathered in the same way, about {coverage} of them would name a value that is already"
            " here."
        )
    else:
        text = gettext_noop(
            "If more records were gathered in the same way, about {coverage} of them would name a value that is already"
            " here ({low} to {high}, with {confidence} confidence)."
        )
    params = {"coverage": _share(coverage["estimate"], 1), "confidence": _share(confidence)}
    params |= {end: _share(coverage[end], 1) for end in ("low", "high") if coverage[end] is not None}
    said = [Message(text, params)]
    said.append(
        Message(
            gettext_noop(
                "Values that appear only once: {once}. What appears only once tells how much is still unseen: the next"
                " record would bring something new with a chance of about {chance} (the rule of Good and Turing)."
            ),
            {"once": _count(found["once"]), "chance": _share(found["chance_of_new"], 1)},
        )
    )
    if found["unseen"] >= 1:
        said.append(
            Message(
                gettext_noop("Values to be expected that no record names: at least {unseen}."),
                {"unseen": _count(int(found["unseen"]))},
            )
        )
    return said


_WARNINGS = {
    "all-once": gettext_noop("Every value appears only once: nothing can be said about how much is missing."),
    "low-coverage": gettext_noop(
        "Less than half is covered. What is said about the unseen is then a rough lower bound."
    ),
    "none-twice": gettext_noop("No value appears exactly twice, which makes the estimates less sure."),
}


def gap_sentences(gaps: Json) -> list[Message]:
    """What is absent."""
    said = []
    for facet in gaps["facets"]:
        text = gettext_noop(
            "{facet}: of the {listed} values of the list “{list}”, {empty} appear in no record."
        )
        if not facet["empty"]:
            text = gettext_noop("{facet}: every one of the {listed} values of the list “{list}” appears.")
        said.append(
            Message(
                text,
                {
                    "facet": facet_value(facet["facet"]),
                    "empty": _count(facet["empty"]),
                    "listed": _count(facet["listed"]),
                    "list": Value(facet["list"]),
                },
            )
        )
        if facet["outside"]:
            said.append(
                Message(
                    gettext_noop("Values in the records that the list does not have: {outside}."),
                    {"outside": _count(len(facet["outside"]))},
                )
            )
    if (cross := gaps["cross"]) is not None:
        both = {"first": facet_value(cross["facets"][0]), "second": facet_value(cross["facets"][1])}
        numbers = {"empty": _count(cross["empty"]), "cells": _count(cross["size"])}
        if cross["listed"]:
            text = gettext_noop(
                "{first} and {second} together: {empty} of the {cells} combinations of the list appear in no record."
            )
        else:
            text = gettext_noop(
                "{first} and {second} together: {empty} of {cells} combinations are empty. No list says which of them"
                " can exist."
            )
        said.append(Message(text, both | numbers))
    return said


def withheld_sentence(below: int) -> Message:
    return Message(
        gettext_noop(
            "Numbers below {below}, and those from which they could be worked out, are withheld to protect small"
            " communities."
        ),
        {"below": _count(below)},
    )


# --- tables -----------------------------------------------------------------------------------------------


def _table(name: str, title: Message, columns: Sequence[Message], rows: list[list[Json | None]]) -> Json:
    return {
        "id": name,
        "title": title.to_json(),
        "columns": [column.to_json() for column in columns],
        "rows": rows,
    }


_HILL = {
    0: gettext_noop("Values (q = 0)"),
    1: gettext_noop("Common values (q = 1)"),
    2: gettext_noop("Very common values (q = 2)"),
}


def coverage_table(facets: Sequence[Json]) -> Json:
    orders: list[Json] = next((found["hill"] for found in facets if found["status"] == "estimated"), [])
    columns = [
        Message(gettext_noop("Facet")),
        Message(gettext_noop("Records")),
        Message(gettext_noop("Appearing once")),
        Message(gettext_noop("Coverage")),
        Message(gettext_noop("from")),
        Message(gettext_noop("to")),
        *(Message(_HILL[order["q"]]) for order in orders),
    ]
    rows = []
    for found in facets:
        row: list[Json | None] = [facet_value(found["facet"]).to_json(), _cell(found["records"], "integer")]
        if found["status"] == "estimated":
            row.append(_cell(found["once"], "integer"))
            shown = found["coverage"] if found["once"] else {}
            row += [_cell(shown.get(name), "percent", 1) for name in ("estimate", "low", "high")]
            row += [_cell(order["observed"]["estimate"], "decimal", 1) for order in found["hill"]]
        else:
            row += [None] * (len(columns) - 2)
        rows.append(row)
    return _table("coverage", Message(gettext_noop("Coverage by facet")), columns, rows)


def curve_table(facets: Sequence[Json]) -> Json:
    """A few points of each curve: what the picture shows, to be read."""
    columns = [
        Message(gettext_noop("Facet")),
        Message(gettext_noop("Records")),
        Message(gettext_noop("Way")),
        Message(gettext_noop("Coverage")),
        Message(gettext_noop("Values")),
        Message(gettext_noop("from")),
        Message(gettext_noop("to")),
    ]
    rows = []
    for found in _drawn(facets):
        curve = found["curve"]
        seen = next(i for i, point in enumerate(curve) if point["way"] == "observed")
        for index in sorted({0, seen // 2, seen, (seen + len(curve)) // 2, len(curve) - 1}):
            point = curve[index]
            hill = point["hill"][0]["at_coverage"]
            rows.append(
                [
                    facet_value(found["facet"]).to_json(),
                    _cell(point["size"], "integer"),
                    Value(_WAYS[point["way"]], "message").to_json(),
                    _cell(point["coverage"]["estimate"], "percent", 1),
                    _cell(hill["estimate"], "decimal", 1),
                    _cell(hill["low"], "decimal", 1),
                    _cell(hill["high"], "decimal", 1),
                ]
            )
    return _table("rarefaction", Message(gettext_noop("Diversity at equal coverage")), columns, rows)


_WAYS = {
    "rarefaction": gettext_noop("rarefied"),
    "observed": gettext_noop("as found"),
    "extrapolation": gettext_noop("extrapolated"),
}


def comparison_tables(comparisons: Sequence[Json]) -> list[Json]:
    tables: list[Json] = []
    for compared in comparisons:
        if not compared["groups"]:
            continue
        orders = [entry["q"] for entry in compared["groups"][0]["hill"]]
        columns = [facet_value(compared["by"]), *(Value(_HILL[q], "message") for q in orders)]
        rows: list[list[Json | None]] = [
            [
                Value(entry["group"]).to_json(),
                *(_cell(hill["estimate"], "decimal", 1) for hill in entry["hill"]),
            ]
            for entry in compared["groups"]
        ]
        title = Message(
            gettext_noop("{facet} by {group}, all at a coverage of {coverage}"),
            {
                "facet": facet_value(compared["facet"]),
                "group": facet_value(compared["by"]),
                "coverage": _share(compared["coverage"], 1),
            },
        )
        shown = [Message("{name}", {"name": column}) for column in columns]
        tables.append(_table(f"compare-{len(tables)}", title, shown, rows))
    return tables


_STATUS = {
    "present": gettext_noop("present"),
    "few": gettext_noop("few (number withheld)"),
    "empty": gettext_noop("empty"),
    "outside": gettext_noop("not in the list"),
}


def gap_table(rows: Sequence[Json]) -> Json:
    columns = [
        Message(gettext_noop("Facet")),
        Message(gettext_noop("Value")),
        Message(gettext_noop("State")),
        Message(gettext_noop("Records")),
    ]
    shown: list[list[Json | None]] = []
    for row in rows:
        label = " · ".join(row["labels"])
        name = (
            facet_value(row["facets"][0])
            if len(row["facets"]) == 1
            else Value(" · ".join(FACETS.get(facet, facet) for facet in row["facets"]))
        )
        shown.append(
            [
                name.to_json(),
                Value(label).to_json(),
                Value(_STATUS[row["status"]], "message").to_json(),
                _cell(row["records"], "integer"),
            ]
        )
    return _table("gaps", Message(gettext_noop("What the list names and the records hold")), columns, shown)


# --- pictures ---------------------------------------------------------------------------------------------


def _drawn(facets: Sequence[Json]) -> list[Json]:
    return [found for found in facets if found["status"] == "estimated"][:_MOST_CURVES]


def coverage_chart(facets: Sequence[Json]) -> Chart | None:
    # Where nothing appears once the formula says 100 %; a full bar would show that as a finding.
    estimated = [found for found in facets if found["status"] == "estimated" and found["once"]]
    if not estimated:
        return None
    best = max(estimated, key=lambda found: float(found["coverage"]["estimate"]))
    worst = min(estimated, key=lambda found: float(found["coverage"]["estimate"]))
    return Chart(
        "bars",
        title=Message(gettext_noop("How much is covered")),
        description=Message(
            gettext_noop(
                "Estimated coverage with its interval. Highest: {best}, {most}. Lowest: {worst}, {least}."
            ),
            {
                "best": facet_value(best["facet"]),
                "most": _share(best["coverage"]["estimate"], 1),
                "worst": facet_value(worst["facet"]),
                "least": _share(worst["coverage"]["estimate"], 1),
            },
        ),
        axis=Axis(Message(gettext_noop("Coverage")), 0.0, 1.0, "percent", 1),
        bars=tuple(
            Bar(
                facet_value(found["facet"]),
                found["coverage"]["estimate"],
                found["coverage"]["low"],
                found["coverage"]["high"],
            )
            for found in estimated
        ),
    )


def curve_chart(facets: Sequence[Json]) -> Chart | None:
    drawn = _drawn(facets)
    if not drawn:
        return None
    curves = []
    top = 1.0
    for found in drawn:
        points = []
        for point in found["curve"]:
            hill = point["hill"][0]["at_coverage"]
            top = max(top, float(hill["estimate"]))
            points.append(
                Point(
                    point["coverage"]["estimate"],
                    hill["estimate"],
                    hill["low"],
                    hill["high"],
                    seen=point["way"] == "observed",
                    beyond=point["way"] == "extrapolation",
                )
            )
        curves.append(Curve(facet_value(found["facet"]), tuple(points)))
    order = drawn[0]["hill"][0]["q"]
    return Chart(
        "curves",
        title=Message(gettext_noop("Diversity at equal coverage")),
        description=Message(
            gettext_noop(
                "For each facet, how many values are to be expected at each coverage. The mark is the sample itself;"
                " left of it the sample is thinned, right of it, fainter, continued to twice its size."
            )
        ),
        axis=Axis(Message(_HILL[order]), 0.0, top * 1.1),
        across=Axis(Message(gettext_noop("Coverage")), 0.0, 1.0, "percent"),
        curves=tuple(curves),
    )


def gap_chart(gaps: Json) -> Chart | None:
    """The grid of two facets, its fullest rows first, cut where a reader would lose the way."""
    cross = gaps["cross"]
    if cross is None or not cross["cells"]:
        return None
    first, second = cross["facets"]
    cells = {(cell["values"][0], cell["values"][1]): cell for cell in cross["cells"]}
    rank_rows: dict[str, int] = {}
    rank_columns: dict[str, int] = {}
    for (row, column), cell in cells.items():
        weight = cell["records"] if cell["records"] is not None else 1
        rank_rows[row] = rank_rows.get(row, 0) + weight
        rank_columns[column] = rank_columns.get(column, 0) + weight
    rows = sorted(rank_rows, key=lambda value: (-rank_rows[value], value))[:_MOST_ROWS]
    columns = sorted(rank_columns, key=lambda value: (-rank_columns[value], value))[:_MOST_COLUMNS]
    labels: dict[tuple[int, str], str] = {}
    for cell in cross["cells"]:
        for side in (0, 1):
            labels[side, cell["values"][side]] = cell["labels"][side]

    def content(row: str, column: str) -> int | str | None:
        cell = cells.get((row, column))
        if cell is None:
            return None
        return "few" if cell["status"] == "few" else int(cell["records"])

    return Chart(
        "grid",
        title=Message(
            gettext_noop("{first} and {second} together"),
            {"first": facet_value(first), "second": facet_value(second)},
        ),
        description=Message(
            gettext_noop(
                "Records of each combination, {rows} of {all_rows} rows. {empty} of {cells} combinations are empty, shown"
                " with a broken line; blank ones are not in the list."
            ),
            {
                "rows": _count(len(rows)),
                "all_rows": _count(len(rank_rows)),
                "empty": _count(cross["empty"]),
                "cells": _count(cross["size"]),
            },
        ),
        rows=tuple(Value(labels[0, row]) for row in rows),
        columns=tuple(Value(labels[1, column]) for column in columns),
        cells=tuple(tuple(content(row, column) for column in columns) for row in rows),
    )
