"""Pictures: well formed, named, safe with any words, the same in any language."""

from __future__ import annotations

import itertools
import json
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given, settings
from hypothesis import strategies as st

from heirloom.pathways.charts import NARROW, Axis, Bar, Chart, Curve, Point, _fitted, _ticks, _width, svg
from heirloom.pathways.message import Message, Value, plain

SVG = "{http://www.w3.org/2000/svg}"
words = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="￾￿"), max_size=40)
shares = st.floats(0, 1, allow_nan=False)


def said(text: str) -> Message:
    return Message("{text}", {"text": Value(text)})


AXIS = Axis(Message("Coverage"), 0, 1, "percent")
bars = st.lists(
    st.builds(lambda label, points: Bar(Value(label), points[1], points[0], points[2]), words,
              st.lists(shares, min_size=3, max_size=3).map(sorted)),
    max_size=6,
)  # fmt: skip
curves = st.lists(
    st.builds(
        lambda label, points: Curve(Value(label), tuple(points)),
        words,
        st.lists(st.builds(Point, shares, st.floats(0, 50), st.none() | shares, st.none() | shares, st.booleans(),
                           st.booleans()), max_size=5),
    ),
    max_size=8,
)  # fmt: skip
cells = st.none() | st.integers(0, 10_000) | st.just("few")


@st.composite
def charts(draw: st.DrawFn) -> Chart:
    kind = draw(st.sampled_from(["bars", "curves", "grid"]))
    title, description = said(draw(words) + "."), said(draw(words) + ".")
    if kind == "bars":
        return Chart("bars", title, description, axis=AXIS, bars=tuple(draw(bars)))
    if kind == "curves":
        up = Axis(said(draw(words)), 0, draw(st.floats(1, 1e6)))
        return Chart("curves", title, description, axis=up, across=AXIS, curves=tuple(draw(curves)))
    rows, columns = draw(st.integers(0, 6)), draw(st.integers(0, 12))
    return Chart(
        "grid",
        title,
        description,
        rows=tuple(Value(draw(words)) for _ in range(rows)),
        columns=tuple(Value(draw(words)) for _ in range(columns)),
        cells=tuple(tuple(draw(cells) for _ in range(columns)) for _ in range(rows)),
    )


def parsed(picture: str) -> Element:
    root = fromstring(picture)
    assert isinstance(root, Element)
    return root


@settings(max_examples=80, deadline=None)
@given(charts(), st.booleans(), st.sampled_from([320, 360, 720]))
def test_any_chart_is_a_well_formed_named_harmless_picture(
    chart: Chart, standalone: bool, width: int
) -> None:
    root = parsed(svg(chart, name="x", standalone=standalone, width=width))
    assert root.tag == f"{SVG}svg"
    assert root.get("role") == "img"
    named = {element.get("id"): "".join(element.itertext()) for element in root.iter() if element.get("id")}
    assert root.get("aria-labelledby") == "x-title x-description"
    assert named["x-title"] == chart.title.text()
    assert named["x-description"] == chart.description.text()
    tags = {str(element.tag).removeprefix(SVG) for element in root.iter()}
    allowed = {"svg", "title", "desc", "text", "line", "rect", "circle", "path", "polygon"}
    assert tags <= (allowed | {"style"} if standalone else allowed)
    assert not any(
        name.startswith("on") or "href" in name for element in root.iter() for name in element.attrib
    )
    height = float((root.get("viewBox") or "").split()[3])
    for element in root.iter():
        for name in ("x", "y", "cx", "cy", "width", "height"):
            if (at := element.get(name)) is not None:
                assert -1000 < float(at) < max(2000, height + 100)


def numbers(root: Element, tag: str, *names: str) -> list[tuple[float, ...]]:
    return [
        tuple(float(element.get(name) or "nan") for name in names) for element in root.iter(f"{SVG}{tag}")
    ]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=6), st.floats(1, 50), st.sampled_from([NARROW, 720]))
def test_the_whole_of_a_band_is_seen(highs: list[float], top: float, width: int) -> None:
    """Also where the axis was laid out for the line alone, as recorded runs may have it."""
    points = tuple(Point(k / 10, 0.5, 0.0, high) for k, high in enumerate(highs))
    chart = Chart(
        "curves", said("T"), said("D"), axis=Axis(said("Up"), 0, top), across=AXIS, curves=(Curve(Value("A"), points),)
    )  # fmt: skip
    root = parsed(svg(chart, width=width))
    [band] = [element.get("points") or "" for element in root.iter(f"{SVG}polygon")]
    heights = [float(pair.split(",")[1]) for pair in band.split()]
    frame = [y for y1, y2 in numbers(root, "line", "y1", "y2") for y in (y1, y2)]
    assert min(heights) >= 34 - 0.01
    assert max(heights) <= max(frame) + 0.01
    assert len(set(heights)) >= len(
        {round(high / max(*highs, top), 4) for high in highs if high}
    ) > 0 or not any(highs)


@pytest.mark.parametrize("width", [NARROW, 720])
def test_words_of_bars_do_not_run_into_one_another(width: int) -> None:
    """On a phone a label stands above its bar, with its number at the other end of the line."""
    chart = Chart(
        "bars",
        said("T"),
        said("D"),
        axis=AXIS,
        bars=tuple(Bar(Value(f"Language of the village number {k}"), 0.5, 0.1, 0.9) for k in range(3)),
    )
    root = parsed(svg(chart, width=width))
    boxes: dict[float, list[tuple[float, float]]] = {}
    for element in root.iter(f"{SVG}text"):
        wide, at = _width(element.text or ""), float(element.get("x") or 0)
        start = {"start": at, "middle": at - wide / 2, "end": at - wide}[
            element.get("text-anchor") or "start"
        ]
        assert start >= -0.5
        assert start + wide <= width + 0.5
        boxes.setdefault(float(element.get("y") or 0), []).append((start, start + wide))
    assert len(boxes) == 3 + 2
    for line in boxes.values():
        for (_, end), (start, _) in itertools.pairwise(sorted(line)):
            assert start >= end
    starts = [bar[0] for bar in numbers(root, "rect", "x", "width")]
    assert (max(starts) < 20) == (width == NARROW)


@given(charts())
def test_charts_survive_json_and_are_drawn_the_same(chart: Chart) -> None:
    again = Chart.from_json(json.loads(json.dumps(chart.to_json())))
    assert again == chart
    assert svg(again) == svg(chart)


def chart_of_bars() -> Chart:
    return Chart(
        "bars",
        Message("How much is covered"),
        Message("Highest: {best}.", {"best": Value("Language", "message")}),
        axis=Axis(Message("Coverage"), 0, 1, "percent", 1),
        bars=(Bar(Value("Language", "message"), 0.953, 0.91, 0.99), Bar(Value("ຮູບແບບ <b>"), 0.5)),
    )


def test_a_chart_speaks_the_readers_language() -> None:
    lao = {
        "Coverage": "ການກວມເອົາ",
        "Language": "ພາສາ",
        "How much is covered": "ກວມເອົາເທົ່າໃດ",
        "Highest: {best}.": "ສູງສຸດ: {best}.",
    }
    picture = svg(
        chart_of_bars(),
        translate=lambda template: lao.get(template, template),
        write=lambda value, translate: "໙໕ %" if value.style == "percent" else plain(value, translate),
        language="lo",
    )
    root = parsed(picture)
    assert root.get("lang") == "lo"
    told = [text for element in root.iter() for text in element.itertext()]
    assert "ກວມເອົາເທົ່າໃດ" in told
    assert "ສູງສຸດ: ພາສາ." in told
    assert "ການກວມເອົາ" in told
    assert "໙໕ %" in told
    assert "Coverage" not in picture


def test_colour_is_the_texts_own_and_never_the_only_sign() -> None:
    """Inside a page: nothing but currentColor. Curves differ by dash and by mark as well."""
    picture = svg(
        Chart(
            "curves",
            Message("T"),
            Message("D"),
            axis=Axis(Message("Up"), 0, 10),
            across=AXIS,
            curves=tuple(
                Curve(Value(str(number)), (Point(0.1, 1), Point(0.5, number + 1.0, seen=True)))
                for number in range(4)
            ),
        ),
        standalone=False,
    )
    root = parsed(picture)
    colours = {element.get(name) for element in root.iter() for name in ("fill", "stroke")} - {None}
    assert colours <= {"currentColor", "none"}
    dashes = [element.get("stroke-dasharray") for element in root.iter(f"{SVG}path")]
    assert len(set(dashes)) == 4
    assert "prefers-color-scheme" in svg(chart_of_bars())


def test_what_xml_cannot_hold_is_replaced() -> None:
    odd = "a\x00b\x0bc\ufffed"
    root = parsed(svg(Chart("bars", said(odd), said(odd), axis=AXIS, bars=(Bar(Value(odd), 0.5),))))
    assert "a\ufffdb\ufffdc\ufffdd" in {element.text for element in root.iter()}


def test_long_labels_are_cut_between_whole_clusters_and_told_in_full() -> None:
    name = "ນ້ຳໃຈຂອງຊາວບ້ານທີ່ຢູ່ແຄມແມ່ນ້ຳຂອງ" * 3
    shown = _fitted(name, 150)
    assert shown.endswith("…")
    assert _width(shown) <= 150
    import regex

    assert shown[:-1] == "".join(regex.findall(r"\X", name)[: len(regex.findall(r"\X", shown)) - 1])
    picture = svg(Chart("bars", Message("T"), Message("D"), axis=AXIS, bars=(Bar(Value(name), 0.5),)))
    assert name in picture, "the whole name is in the label's title"


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.sampled_from(["decimal", "percent"]))
def test_ticks_are_few_round_and_inside(low: float, span: float, style: str) -> None:
    axis = Axis(Message("A"), low, low + span, style)  # type: ignore[arg-type]
    ticks, digits = _ticks(axis)
    assert 2 <= len(ticks) <= 7
    assert 0 <= digits <= 6
    assert all(low - span * 0.01 <= tick <= low + span * 1.01 for tick in ticks)
    steps = {round(b - a, 9) for a, b in itertools.pairwise(ticks)}
    assert max(steps) - min(steps) <= 1e-6 * max(1, abs(low))


def test_messages_need_all_their_values() -> None:
    with pytest.raises(ValueError, match="best"):
        Message("{best} and {worst}", {"worst": Value(1)})


def test_values_are_written_by_their_style() -> None:
    assert plain(Value(0.12345, "percent", 1)) == "12.3 %"
    assert plain(Value(1234.5, "decimal", 1)) == "1,234.5"
    assert plain(Value(1234567, "integer")) == "1,234,567"
    assert plain(Value("Form", "message"), str.upper) == "FORM"
    assert plain(Value("Form"), str.upper) == "Form"
    message = Message("{a} of {b}", {"a": Value(1, "integer"), "b": Value("x")})
    assert Message.from_json(json.loads(json.dumps(message.to_json()))) == message
