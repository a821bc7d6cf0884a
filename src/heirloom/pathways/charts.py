"""Pictures of numbers as data, and the SVG made from them for a reader.

A chart is plain JSON with its words as :class:`~heirloom.pathways.message.Message`, so the same chart is drawn again in
any language. The SVG follows WAI-ARIA graphics practice: ``role="img"``, a title and a description that say what is to
be seen, no script. Lines and fills take the colour of the surrounding text and differ by dash, mark and pattern, never by
colour alone. A picture never stands alone: whoever shows it shows its table too.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal
from xml.sax.saxutils import escape, quoteattr

from heirloom.pathways.message import Json, Message, Value, plain

WIDTH = 720
NARROW = 320
_STACKED = 480  # below this width a bar stands under its label, not beside it
_LINE = 24
_CELL = 26
_FONT = 14
_DASHES = ("", "7 4", "2 4", "12 4 2 4", "1 6", "16 6")
_MARKS = ("circle", "square", "triangle", "diamond", "cross", "plus")
_STYLE = (
    "<style>:root{color:#1d1d1b;background:#fff}"
    "@media (prefers-color-scheme:dark){:root{color:#ecebe6;background:#161614}}</style>"
)

Translate = Callable[[str], str]
Write = Callable[[Value, Translate], str]


@dataclass(frozen=True, slots=True)
class Axis:
    """A numeric axis. ``style`` and ``digits`` say how its numbers are written."""

    title: Message
    low: float
    high: float
    style: Literal["decimal", "percent", "integer"] = "decimal"
    digits: int = 0


@dataclass(frozen=True, slots=True)
class Bar:
    """An estimate with its interval."""

    label: Value
    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Point:
    """A point of a curve; ``seen`` marks the sample itself, ``beyond`` that it is extrapolated."""

    x: float
    y: float
    low: float | None = None
    high: float | None = None
    seen: bool = False
    beyond: bool = False


@dataclass(frozen=True, slots=True)
class Curve:
    label: Value
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """What to draw. ``bars`` and ``axis``; or ``curves`` with two axes; or ``rows`` x ``columns`` of ``cells``; or a ``dome``.

    A dome shows directions from above: each curve is a set of points, x its azimuth (0 to the right, 90 up), y its height above the
    plane, in degrees.

    A cell is a whole number, ``None`` where the combination cannot be, or ``"few"`` where the number is withheld.
    """

    kind: Literal["bars", "curves", "grid", "dome"]
    title: Message
    description: Message
    axis: Axis | None = None
    across: Axis | None = None
    bars: tuple[Bar, ...] = ()
    curves: tuple[Curve, ...] = ()
    rows: tuple[Value, ...] = ()
    columns: tuple[Value, ...] = ()
    cells: tuple[tuple[int | str | None, ...], ...] = ()

    def to_json(self) -> Json:
        return {
            "kind": self.kind,
            "title": self.title.to_json(),
            "description": self.description.to_json(),
            "axis": _axis_json(self.axis),
            "across": _axis_json(self.across),
            "bars": [
                {"label": b.label.to_json(), "value": b.value, "low": b.low, "high": b.high}
                for b in self.bars
            ],
            "curves": [
                {
                    "label": curve.label.to_json(),
                    "points": [[p.x, p.y, p.low, p.high, p.seen, p.beyond] for p in curve.points],
                }
                for curve in self.curves
            ],
            "rows": [value.to_json() for value in self.rows],
            "columns": [value.to_json() for value in self.columns],
            "cells": [list(row) for row in self.cells],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Chart:
        return cls(
            kind=data["kind"],
            title=Message.from_json(data["title"]),
            description=Message.from_json(data["description"]),
            axis=_axis_from(data["axis"]),
            across=_axis_from(data["across"]),
            bars=tuple(Bar(Value(**b["label"]), b["value"], b["low"], b["high"]) for b in data["bars"]),
            curves=tuple(
                Curve(Value(**c["label"]), tuple(Point(*point) for point in c["points"]))
                for c in data["curves"]
            ),
            rows=tuple(Value(**value) for value in data["rows"]),
            columns=tuple(Value(**value) for value in data["columns"]),
            cells=tuple(tuple(row) for row in data["cells"]),
        )


def _axis_json(axis: Axis | None) -> Json | None:
    if axis is None:
        return None
    return {
        "title": axis.title.to_json(),
        "low": axis.low,
        "high": axis.high,
        "style": axis.style,
        "digits": axis.digits,
    }


def _axis_from(data: Json | None) -> Axis | None:
    if data is None:
        return None
    return Axis(Message.from_json(data["title"]), data["low"], data["high"], data["style"], data["digits"])


def svg(
    chart: Chart,
    *,
    translate: Translate = str,
    write: Write = plain,
    language: str = "en",
    name: str = "chart",
    standalone: bool = True,
    width: int = WIDTH,
) -> str:
    """*chart* as SVG.

    Args:
        translate, write: as for :meth:`Message.text`.
        name: prefix of element ids, unique in the page.
        standalone: a file of its own, with its own light and dark colours; otherwise it is meant to stand inside a
            page, takes the page's text colour, and carries no style a strict content policy would refuse.
        width: in the units of the text's size; a page draws a second one (``NARROW``) for phones, where a scaled wide
            one could not be read.
    """
    return _Drawing(chart, translate, write, width).render(language, name, standalone=standalone)


class _Drawing:
    def __init__(self, chart: Chart, translate: Translate, write: Write, width: int) -> None:
        self.chart = chart
        self.width = float(width)
        self.translate = translate
        self.write = write
        self.body: list[str] = []
        self.height = 0.0

    def render(self, language: str, name: str, *, standalone: bool) -> str:
        {"bars": self._bars, "curves": self._curves, "grid": self._grid, "dome": self._dome}[
            self.chart.kind
        ]()
        title = self.chart.title.text(self.translate, self.write)
        description = self.chart.description.text(self.translate, self.write)
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_n(self.width)} {_n(self.height)}" role="img"'
                f' lang={quoteattr(language)} aria-labelledby="{name}-title {name}-description"'
                f' font-family="system-ui, \'Noto Sans\', sans-serif" font-size="{_FONT}" fill="currentColor">',
                f'<title id="{name}-title">{_xml(title)}</title>',
                f'<desc id="{name}-description">{_xml(description)}</desc>',
                *([_STYLE] if standalone else []),
                *self.body,
                "</svg>",
                "",
            ]
        )

    # --- words ------------------------------------------------------------------------------------------

    def _words(self, value: Value) -> str:
        return self.write(value, self.translate)

    def _text(self, x: float, y: float, words: str, anchor: str = "start", room: float = math.inf) -> None:
        shown = _fitted(words, room)
        hint = f"<title>{_xml(words)}</title>" if shown != words else ""
        self.body.append(
            f'<text x="{_n(x)}" y="{_n(y)}" text-anchor="{anchor}" unicode-bidi="plaintext">{_xml(shown)}{hint}</text>'
        )

    def _number(self, axis: Axis, value: float, digits: int) -> str:
        return self._words(Value(value, axis.style, digits))

    def _line(self, x1: float, y1: float, x2: float, y2: float, more: str = "") -> None:
        self.body.append(
            f'<line x1="{_n(x1)}" y1="{_n(y1)}" x2="{_n(x2)}" y2="{_n(y2)}" stroke="currentColor"{more}/>'
        )

    def _across(
        self, axis: Axis, left: float, right: float, top: float, bottom: float
    ) -> Callable[[float], float]:
        span = (axis.high - axis.low) or 1.0

        def at(value: float) -> float:
            return left + (right - left) * (value - axis.low) / span

        ticks, digits = _ticks(axis)
        ended = -math.inf
        for tick in ticks:
            self._line(at(tick), top, at(tick), bottom, ' stroke-opacity="0.2"')
            words = self._number(axis, tick, digits)
            half = _width(words) / 2
            middle = min(max(at(tick), half), self.width - half)
            if middle - half > ended:
                self._text(middle, bottom + 18, words, "middle")
                ended = middle + half
        self._text(
            (left + right) / 2,
            bottom + 40,
            axis.title.text(self.translate, self.write),
            "middle",
            self.width - 20,
        )
        return at

    # --- kinds ------------------------------------------------------------------------------------------

    def _bars(self) -> None:
        axis = self.chart.axis
        assert axis is not None
        labels = [self._words(bar.label) for bar in self.chart.bars]
        stacked = self.width < _STACKED
        if stacked:
            left, right, top, step = 8.0, self.width - 12.0, 4.0, 2.0 * _LINE
        else:
            left = min(0.42 * self.width, max((_width(label) for label in labels), default=0) + 20)
            right, top, step = self.width - 76.0, 10.0, _LINE + 8.0
        bottom = top + step * len(labels)
        at = self._across(axis, left, right, top, bottom)
        for index, (bar, label) in enumerate(zip(self.chart.bars, labels, strict=True)):
            shown = self._number(axis, bar.value, axis.digits)
            if stacked:
                y = top + step * (index + 1) - 13
                self._text(left, y - 16, label, room=right - left - _width(shown) - 12)
                self._text(right, y - 16, shown, "end")
            else:
                y = top + step * (index + 0.5)
                self._text(left - 10, y + 5, label, "end", left - 14)
                self._text(right + 10, y + 5, shown)
            self.body.append(
                f'<rect x="{_n(at(axis.low))}" y="{_n(y - 7)}" width="{_n(at(bar.value) - at(axis.low))}" height="14"'
                ' fill-opacity="0.35"/>'
            )
            if bar.low is not None and bar.high is not None:
                self._line(at(bar.low), y, at(bar.high), y, ' stroke-width="2"')
                for end in (bar.low, bar.high):
                    self._line(at(end), y - 5, at(end), y + 5, ' stroke-width="2"')
            self.body.append(f'<circle cx="{_n(at(bar.value))}" cy="{_n(y)}" r="4"/>')
        self.height = bottom + 54

    def _curves(self) -> None:
        up, across = self.chart.axis, self.chart.across
        assert up is not None
        assert across is not None
        # The axis may have been laid out for the lines alone; the whole of every band is to be seen.
        highs = (p.high for curve in self.chart.curves for p in curve.points if p.high is not None)
        up = replace(up, high=max(up.high, *highs, up.low))
        ticks, digits = _ticks(up)
        numbers = [self._number(up, tick, digits) for tick in ticks]
        left = max((_width(number) for number in numbers), default=0.0) + 18
        right, top, bottom = self.width - 20.0, 34.0, 34.0 + min(320.0, 0.85 * self.width)
        x_of = self._across(across, left, right, top, bottom)
        span = (up.high - up.low) or 1.0

        def y_of(value: float) -> float:
            return bottom - (bottom - top) * (value - up.low) / span

        for tick, number in zip(ticks, numbers, strict=True):
            self._line(left, y_of(tick), right, y_of(tick), ' stroke-opacity="0.2"')
            self._text(left - 8, y_of(tick) + 5, number, "end")
        self._text(8, 18, up.title.text(self.translate, self.write), room=self.width - 16)
        for index, curve in enumerate(self.chart.curves):
            self._curve(curve, index, x_of, y_of)
        self.height = bottom + 64
        for index, curve in enumerate(self.chart.curves):
            self.body.append(_stroke([(left, self.height), (left + 40, self.height)], index))
            self.body.append(_mark(index, left + 20, self.height))
            self._text(left + 52, self.height + 5, self._words(curve.label), room=self.width - left - 72)
            self.height += _LINE
        self.height += 4

    def _curve(
        self, curve: Curve, index: int, x_of: Callable[[float], float], y_of: Callable[[float], float]
    ) -> None:
        banded = [p for p in curve.points if p.low is not None and p.high is not None]
        if banded:
            edge = [(x_of(p.x), y_of(p.high)) for p in banded if p.high is not None]
            edge += [(x_of(p.x), y_of(p.low)) for p in reversed(banded) if p.low is not None]
            outline = " ".join(f"{_n(x)},{_n(y)}" for x, y in edge)
            self.body.append(f'<polygon points="{outline}" fill-opacity="0.08"/>')
        whole = [(x_of(p.x), y_of(p.y)) for p in curve.points if not p.beyond]
        guess = [(x_of(p.x), y_of(p.y)) for p in curve.points if p.beyond or p.seen]
        for part, faint in ((whole, False), (guess, True)):
            if len(part) > 1:
                self.body.append(_stroke(part, index, faint=faint))
        self.body.extend(_mark(index, x_of(p.x), y_of(p.y)) for p in curve.points if p.seen)

    def _grid(self) -> None:
        rows = [self._words(value) for value in self.chart.rows]
        columns = [self._words(value) for value in self.chart.columns]
        left = min(0.36 * self.width, max((_width(label) for label in rows), default=0) + 20)
        wide = max(_CELL, min(90.0, (self.width - left - 10) / max(1, len(columns))))
        room = 170.0 if wide < 60 else 20.0
        top = min(room, max((_width(label) for label in columns), default=0) + 16) if wide < 60 else 28.0
        for index, label in enumerate(columns):
            x = left + wide * (index + 0.5)
            if wide < 60:
                shown = _fitted(label, top - 10)
                hint = f"<title>{_xml(label)}</title>" if shown != label else ""
                self.body.append(
                    f'<text transform="translate({_n(x + 5)} {_n(top - 6)}) rotate(-90)">{_xml(shown)}{hint}</text>'
                )
            else:
                self._text(x, top - 8, label, "middle", wide - 6)
        most = max((cell for row in self.chart.cells for cell in row if isinstance(cell, int)), default=0)
        for down, (label, cells) in enumerate(zip(rows, self.chart.cells, strict=True)):
            y = top + _CELL * down
            self._text(left - 10, y + 18, label, "end", left - 14)
            for index, cell in enumerate(cells):
                self._cell(cell, left + wide * index, y, wide, most)
        self.height = top + _CELL * len(rows) + 12

    def _dome(self) -> None:
        radius = min(210.0, self.width / 2 - 44)
        x0, y0 = self.width / 2, radius + 26

        def at(azimuth: float, height: float) -> tuple[float, float]:
            away = radius * (90 - height) / 90
            turn = math.radians(azimuth)
            return x0 + away * math.cos(turn), y0 - away * math.sin(turn)

        for height in (0, 30, 60):
            away = radius * (90 - height) / 90
            self.body.append(
                f'<circle cx="{_n(x0)}" cy="{_n(y0)}" r="{_n(away)}" fill="none" stroke="currentColor" stroke-opacity="0.3"/>'
            )
            self._text(*at(112, height), self._words(Value(height, "integer")) + "°", "middle")
        for azimuth, anchor, right, down in (
            (0, "start", 8, 5),
            (90, "middle", 0, -8),
            (180, "end", -8, 5),
            (270, "middle", 0, 18),
        ):
            x, y = at(azimuth, 0)
            self._line(x0, y0, x, y, ' stroke-opacity="0.2"')
            self._text(x + right, y + down, self._words(Value(azimuth, "integer")) + "°", anchor)
        for index, curve in enumerate(self.chart.curves):
            self.body.extend(_mark(4 * index, *at(p.x, p.y)) for p in curve.points)
        self.height = y0 + radius + 48
        for index, curve in enumerate(self.chart.curves):
            self.body.append(_mark(4 * index, 16, self.height))
            self._text(32, self.height + 5, self._words(curve.label), room=self.width - 40)
            self.height += _LINE
        self.height += 4

    def _cell(self, cell: int | str | None, x: float, y: float, wide: float, most: int) -> None:
        if cell is None:
            return
        empty = cell == 0
        share = 0.0 if not isinstance(cell, int) or not most else 0.5 * math.log1p(cell) / math.log1p(most)
        dash = ' stroke-dasharray="3 3" stroke-width="1.5"' if empty else ' stroke-opacity="0.3"'
        self.body.append(
            f'<rect x="{_n(x + 1)}" y="{_n(y + 1)}" width="{_n(wide - 2)}" height="{_n(_CELL - 2)}"'
            f' fill-opacity="{_n(share)}" stroke="currentColor"{dash}/>'
        )
        words = "…" if isinstance(cell, str) else self._words(Value(cell, "integer"))
        self._text(x + wide / 2, y + 18, words, "middle", wide)


# Characters that XML 1.0 cannot hold, even escaped (section 2.2); a table's cells may well hold them.
_NOT_XML = re.compile("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\ud800-\\udfff\\ufffe\\uffff]")


def _xml(words: str) -> str:
    return escape(_NOT_XML.sub("\ufffd", words))


def _n(value: float) -> str:
    """A coordinate with at most two decimals, the same on every machine."""
    return f"{round(value, 2) + 0.0:.2f}".rstrip("0").rstrip(".")


def _ticks(axis: Axis) -> tuple[list[float], int]:
    """Two to seven round numbers along the axis, and the decimals they need."""
    span = axis.high - axis.low
    if span <= 0:
        return [axis.low], axis.digits
    raw = span / 5
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= raw * 0.999)
    if axis.style == "integer":
        step = max(1.0, step)
    first = math.ceil(axis.low / step - 1e-9)
    ticks = [step * (first + k) for k in range(int((axis.high - step * first) / step + 1e-9) + 1)]
    shown = step * 100 if axis.style == "percent" else step
    return ticks, max(0, -math.floor(math.log10(shown) + 1e-9))


def _stroke(points: Sequence[tuple[float, float]], index: int, *, faint: bool = False) -> str:
    path = "M" + " L".join(f"{_n(x)} {_n(y)}" for x, y in points)
    dash = _DASHES[index % len(_DASHES)]
    more = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<path d="{path}" fill="none" stroke="currentColor" stroke-width="2"'
        f"{more}{' stroke-opacity=' + chr(34) + '0.45' + chr(34) if faint else ''}/>"
    )


def _mark(index: int, x: float, y: float) -> str:
    shape = _MARKS[index % len(_MARKS)]
    r = 5.0
    if shape == "circle":
        return f'<circle cx="{_n(x)}" cy="{_n(y)}" r="{_n(r)}"/>'
    if shape == "square":
        return f'<rect x="{_n(x - r)}" y="{_n(y - r)}" width="{_n(2 * r)}" height="{_n(2 * r)}"/>'
    if shape in ("triangle", "diamond"):
        corners = [(x, y - r - 1), (x + r + 1, y + r), (x - r - 1, y + r)]
        if shape == "diamond":
            corners = [(x, y - r - 1), (x + r + 1, y), (x, y + r + 1), (x - r - 1, y)]
        return '<polygon points="' + " ".join(f"{_n(a)},{_n(b)}" for a, b in corners) + '"/>'
    d = r if shape == "plus" else r * 0.8
    arms = (
        f"M{_n(x - d)} {_n(y)} H{_n(x + d)} M{_n(x)} {_n(y - d)} V{_n(y + d)}"
        if shape == "plus"
        else f"M{_n(x - d)} {_n(y - d)} L{_n(x + d)} {_n(y + d)} M{_n(x - d)} {_n(y + d)} L{_n(x + d)} {_n(y - d)}"
    )
    return f'<path d="{arms}" fill="none" stroke="currentColor" stroke-width="3"/>'


def _width(words: str) -> float:
    """A generous guess of how wide *words* are drawn, in any script, in user units."""
    total = 0.0
    for character in words:
        if unicodedata.category(character) in ("Mn", "Me", "Cf"):
            continue
        total += 1.0 if unicodedata.east_asian_width(character) in "WF" else 0.62
    return total * _FONT


def _fitted(words: str, room: float) -> str:
    """*words*, or as many whole grapheme clusters as fit before an ellipsis."""
    if _width(words) <= room:
        return words
    import regex

    kept = ""
    for cluster in regex.findall(r"\X", words):
        if _width(kept + cluster) > room - _FONT:
            break
        kept += cluster
    return kept + "…"
