"""Grammar and arithmetic of image requests, against the specification's own examples and restatement."""

from __future__ import annotations

import contextlib
import math
from fractions import Fraction

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from heirloom.catalogue.iiif import image_request as ir

sides = st.integers(1, 30_000)
limits = st.builds(
    lambda w, h, a, c: ir.Limits(max_width=w, max_height=h if w else None, max_area=a, ceiling=c),
    st.none() | st.integers(1, 5000),
    st.none() | st.integers(1, 5000),
    st.none() | st.integers(1, 10_000_000),
    st.integers(1, 30_000_000),
)


def resolve(
    path: str, width: int, height: int, limit: ir.Limits | None = None, quality: str = "color"
) -> ir.Resolved:
    region, size, rotation, last = path.split("/")
    name, _, suffix = last.partition(".")
    limit = (limit or ir.Limits()).for_image(width, height)
    return ir.parse(region, size, rotation, name, suffix).resolve(width, height, limit, quality)


@pytest.mark.parametrize(
    ("region", "box"),
    [
        ("full", (0, 0, 300, 200)),
        ("square", (50, 0, 200, 200)),
        ("125,15,120,140", (125, 15, 120, 140)),
        ("pct:41.6,7.5,40,70", (124, 15, 120, 140)),
        ("125,15,200,200", (125, 15, 175, 185)),
        ("pct:41.6,7.5,66.6,100", (124, 15, 176, 185)),
        ("pct:0,0,100,100", (0, 0, 300, 200)),
        ("pct:99.99,99.99,.0001,0.0001", (299, 199, 1, 1)),
    ],
)
def test_regions_of_the_specification(region: str, box: tuple[int, int, int, int]) -> None:
    # The examples of section 4.1 on an image of 300 x 200 pixels; 41.6 % of 300 is 124.8.
    assert resolve(f"{region}/max/0/default.jpg", 300, 200).region == box


@pytest.mark.parametrize(
    ("size", "limit", "result"),
    [
        ("max", ir.Limits(max_width=200), (200, 133)),
        ("^max", ir.Limits(max_width=360), (360, 240)),
        ("150,", ir.Limits(), (150, 100)),
        ("^360,", ir.Limits(), (360, 240)),
        (",150", ir.Limits(), (225, 150)),
        ("^,240", ir.Limits(), (360, 240)),
        ("pct:50", ir.Limits(), (150, 100)),
        ("^pct:120", ir.Limits(), (360, 240)),
        ("225,100", ir.Limits(), (225, 100)),
        ("^360,360", ir.Limits(), (360, 360)),
        ("!225,100", ir.Limits(), (150, 100)),
        ("^!360,360", ir.Limits(), (360, 240)),
        ("!500,100", ir.Limits(), (150, 100)),
        ("max", ir.Limits(max_area=6000), (94, 63)),
        ("max", ir.Limits(max_width=150, max_height=50), (75, 50)),
        ("^max", ir.Limits(), (300, 200)),
        ("!900,900", ir.Limits(confine_beyond=True), (300, 200)),
        ("!1,1", ir.Limits(), (1, 1)),
    ],
)
def test_sizes_of_the_specification(size: str, limit: ir.Limits, result: tuple[int, int]) -> None:
    # The examples of section 4.2 on an image of 300 x 200 pixels.
    assert resolve(f"full/{size}/0/default.jpg", 300, 200, limit).size == result


@pytest.mark.parametrize(
    ("path", "limit", "error"),
    [
        ("full/301,/0/default.jpg", None, ir.SizeAboveRegion),
        ("full/,201/0/default.jpg", None, ir.SizeAboveRegion),
        ("full/301,10/0/default.jpg", None, ir.SizeAboveRegion),
        ("full/pct:100.01/0/default.jpg", None, ir.SizeAboveRegion),
        ("full/!900,900/0/default.jpg", None, ir.SizeAboveRegion),
        ("0,0,10,10/11,/0/default.jpg", None, ir.SizeAboveRegion),
        ("full/^301,/0/default.jpg", ir.Limits(upscale=False), ir.UpscalingNotOffered),
        ("full/^pct:120/0/default.jpg", ir.Limits(upscale=False), ir.UpscalingNotOffered),
        ("full/^6000,6000/0/default.jpg", None, ir.SizeOutOfLimits),
        ("full/200,/0/default.jpg", ir.Limits(max_width=199), ir.SizeOutOfLimits),
        ("full/,150/0/default.jpg", ir.Limits(max_width=300, max_height=149), ir.SizeOutOfLimits),
        ("full/200,/0/default.jpg", ir.Limits(max_area=20_000), ir.SizeOutOfLimits),
        ("full/0,/0/default.jpg", None, ir.SizeOutOfLimits),
        ("full/pct:0/0/default.jpg", None, ir.SizeOutOfLimits),
        ("full/pct:0.01/0/default.jpg", None, ir.SizeOutOfLimits),
        ("full/!0,10/0/default.jpg", None, ir.SizeOutOfLimits),
        ("300,0,10,10/max/0/default.jpg", None, ir.RegionOutside),
        ("0,0,0,10/max/0/default.jpg", None, ir.RegionOutside),
        ("pct:100,0,10,10/max/0/default.jpg", None, ir.RegionOutside),
        ("pct:0,0,0,10/max/0/default.jpg", None, ir.RegionOutside),
    ],
)
def test_what_an_image_refuses(
    path: str, limit: ir.Limits | None, error: type[ir.InvalidImageRequest]
) -> None:
    with pytest.raises(error) as caught:
        resolve(path, 300, 200, limit)
    assert caught.value.status == (501 if error is ir.UpscalingNotOffered else 400)
    assert str(caught.value)


@pytest.mark.parametrize(
    ("parts", "error"),
    [
        (("", "max", "0", "default", "jpg"), ir.InvalidRegion),
        (("Full", "max", "0", "default", "jpg"), ir.InvalidRegion),
        (("1,2,3", "max", "0", "default", "jpg"), ir.InvalidRegion),
        (("-1,2,3,4", "max", "0", "default", "jpg"), ir.InvalidRegion),
        (("1.5,2,3,4", "max", "0", "default", "jpg"), ir.InvalidRegion),
        (("1,2,3,4 ", "max", "0", "default", "jpg"), ir.InvalidRegion),
        (("1,2,3,4\n", "max", "0", "default", "jpg"), ir.InvalidRegion),
        (("๑,๒,๓,๔", "max", "0", "default", "jpg"), ir.InvalidRegion),
        (("pct:1,2,3", "max", "0", "default", "jpg"), ir.InvalidRegion),
        (("pct:1e1,2,3,4", "max", "0", "default", "jpg"), ir.InvalidRegion),
        (("full", "full", "0", "default", "jpg"), ir.InvalidSize),
        (("full", ",", "0", "default", "jpg"), ir.InvalidSize),
        (("full", "!10,", "0", "default", "jpg"), ir.InvalidSize),
        (("full", "^^10,", "0", "default", "jpg"), ir.InvalidSize),
        (("full", "!^10,10", "0", "default", "jpg"), ir.InvalidSize),
        (("full", "pct:-1", "0", "default", "jpg"), ir.InvalidSize),
        (("full", "1.5,", "0", "default", "jpg"), ir.InvalidSize),
        (("full", "1" * 13 + ",", "0", "default", "jpg"), ir.InvalidSize),
        (("full", "max", "", "default", "jpg"), ir.InvalidRotation),
        (("full", "max", "360.1", "default", "jpg"), ir.InvalidRotation),
        (("full", "max", "-1", "default", "jpg"), ir.InvalidRotation),
        (("full", "max", "+1", "default", "jpg"), ir.InvalidRotation),
        (("full", "max", "!!1", "default", "jpg"), ir.InvalidRotation),
        (("full", "max", "nan", "default", "jpg"), ir.InvalidRotation),
        (("full", "max", ".", "default", "jpg"), ir.InvalidRotation),
        (("full", "max", "0", "grey", "jpg"), ir.UnknownQuality),
        (("full", "max", "0", "native", "jpg"), ir.UnknownQuality),
        (("full", "max", "0", "default", "jp2"), ir.UnknownFormat),
        (("full", "max", "0", "default", "JPG"), ir.UnknownFormat),
        (("full", "max", "0", "default", ""), ir.UnknownFormat),
    ],
)
def test_what_the_grammar_refuses(
    parts: tuple[str, str, str, str, str], error: type[ir.InvalidImageRequest]
) -> None:
    with pytest.raises(error) as caught:
        ir.parse(*parts)
    assert caught.value.status == 400
    assert str(caught.value)


@given(*[st.text(max_size=30)] * 5)
@example("pct:" + "9" * 12 + ",1,1,1", "^pct:" + "9" * 12, "!360", "gray", "tif")
def test_anything_is_read_or_refused(
    region: str, size: str, rotation: str, quality: str, suffix: str
) -> None:
    # Anything but this error would be a fault of ours.
    with contextlib.suppress(ir.InvalidImageRequest):
        ir.parse(region, size, rotation, quality, suffix).resolve(300, 200, ir.Limits())


numbers = st.decimals(0, 130, places=3, allow_nan=False).map(lambda d: f"{d:f}")
regions = (
    st.sampled_from(["full", "square"])
    | st.tuples(*[st.integers(0, 40_000)] * 4).map(lambda t: ",".join(map(str, t)))
    | st.tuples(*[numbers] * 4).map(lambda t: "pct:" + ",".join(t))
)
sizes = st.builds(
    str.__add__,
    st.sampled_from(["", "^"]),
    st.just("max")
    | st.integers(0, 12_000).map(lambda v: f"{v},")
    | st.integers(0, 12_000).map(lambda v: f",{v}")
    | numbers.map(lambda v: f"pct:{v}")
    | st.tuples(st.sampled_from(["", "!"]), st.integers(0, 12_000), st.integers(0, 12_000)).map(
        lambda t: f"{t[0]}{t[1]},{t[2]}"
    ),
)


@given(regions, sizes, sides, sides, limits)
def test_every_answer_keeps_the_promises_of_section_4(
    region: str, size: str, width: int, height: int, limit: ir.Limits
) -> None:
    try:
        result = resolve(f"{region}/{size}/0/default.jpg", width, height, limit)
    except ir.InvalidImageRequest:
        return
    x, y, w, h = result.region
    assert 0 <= x < x + w <= width
    assert 0 <= y < y + h <= height
    out_width, out_height = result.size
    assert out_width >= 1
    assert out_height >= 1
    assert limit.for_image(width, height).allow(out_width, out_height)
    if not size.startswith("^"):
        assert out_width <= w
        assert out_height <= h
    if (
        "," not in size
        or size.lstrip("^").startswith("!")
        or size.endswith(",")
        or size.lstrip("^").startswith(",")
    ):
        # Unless both sides are given, the shape is kept to the pixel that rounding costs.
        assert abs(Fraction(out_width, w) - Fraction(out_height, h)) <= Fraction(1, w) + Fraction(1, h)


@given(regions, sizes, st.sampled_from(["0", "!0", "22.50", "!360", "180.000", ".5"]), sides, sides, limits)
def test_the_canonical_form_means_the_same_and_is_its_own_canonical_form(
    region: str, size: str, rotation: str, width: int, height: int, limit: ir.Limits
) -> None:
    try:
        result = resolve(f"{region}/{size}/{rotation}/color.png", width, height, limit)
    except ir.InvalidImageRequest:
        assume(False)
    again = resolve(result.canonical, width, height, limit)
    assert (again.region, again.size, again.rotation, again.mirror) == (
        result.region,
        result.size,
        result.rotation,
        result.mirror,
    )
    assert again.canonical == result.canonical


@pytest.mark.parametrize(
    ("path", "canonical"),
    [
        ("0,0,300,200/300,200/0/color.jpg", "full/max/0/default.jpg"),
        ("pct:0,0,50,50/pct:50/0/default.jpg", "0,0,150,100/75,50/0/default.jpg"),
        ("square/200,/!0.0/gray.png", "50,0,200,200/max/!0/gray.png"),
        ("full/^600,/22.50/bitonal.webp", "full/^600,400/22.5/bitonal.webp"),
        ("full/max/360/default.tif", "full/max/0/default.tif"),
        ("full/max/.25/default.tif", "full/max/0.25/default.tif"),
    ],
)
def test_canonical_forms(path: str, canonical: str) -> None:
    assert resolve(path, 300, 200).canonical == canonical


def test_grey_is_the_default_of_a_grey_image() -> None:
    for quality in ("default", "color", "gray"):
        assert resolve(f"full/max/0/{quality}.jpg", 300, 200, quality="gray").quality == "default"
    assert resolve("full/max/0/bitonal.jpg", 300, 200, quality="gray").quality == "bitonal"


@given(sides, sides, limits, st.booleans())
def test_max_is_the_largest_size_within_the_limits(
    width: int, height: int, limit: ir.Limits, enlarge: bool
) -> None:
    limit = limit.for_image(width, height)
    out_width, out_height = resolve(
        f"full/{'^' if enlarge else ''}max/0/default.jpg", width, height, limit
    ).size
    assert limit.allow(out_width, out_height)
    if (out_width, out_height) == (width, height) and not (enlarge and limit.declares):
        return
    if min(out_width, out_height) == 1:
        return
    # To the pixel, some bound is reached.
    max_width, max_height, max_area = limit.bounds
    reached = (out_width + 2) * (out_height + 2) > max_area
    if enlarge and limit.declares:
        assert reached or out_width == max_width or out_height == max_height
    else:
        assert (
            reached
            or out_width == min(max_width or width, width)
            or out_height == min(max_height or height, height)
        )


@given(st.integers(1, 3000), st.integers(1, 3000), st.decimals(0, 360, places=2))
def test_a_turned_image_fits_its_box(width: int, height: int, degrees: object) -> None:
    angle = Fraction(str(degrees)) % 360
    out_width, out_height = ir.rotated_size(width, height, angle)
    radians = math.radians(angle)
    assert abs(out_width - max(1, abs(width * math.cos(radians)) + abs(height * math.sin(radians)))) <= 0.5001
    assert (
        abs(out_height - max(1, abs(height * math.cos(radians)) + abs(width * math.sin(radians)))) <= 0.5001
    )


def test_limits_are_checked() -> None:
    with pytest.raises(ValueError, match="max_width"):
        ir.Limits(max_height=10)
    with pytest.raises(ValueError, match="positive"):
        ir.Limits(max_area=0)


def test_the_ceiling_is_declared_for_larger_images_only() -> None:
    limit = ir.Limits(ceiling=10_000)
    assert not limit.for_image(100, 100).declares
    assert limit.for_image(101, 100).max_area == 10_000
    assert ir.Limits(max_area=500, ceiling=10_000).for_image(101, 100).max_area == 500


@given(st.integers(0, 400).map(Fraction) | st.decimals(0, 400, places=6).map(Fraction))
def test_numbers_are_written_and_read_alike(value: Fraction) -> None:
    text = ir.decimal(value)
    assert ir.number(text) == value
    assert not ("." in text and text.endswith("0"))
