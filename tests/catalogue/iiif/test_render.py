"""Drawn images: their sizes to the pixel, their content, formats, qualities, turning and transparency."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from heirloom.catalogue.iiif import image_request as ir
from heirloom.catalogue.iiif import render as drawing
from heirloom.catalogue.iiif.engine import pyvips
from heirloom.catalogue.iiif.render import best_level, render
from heirloom.catalogue.iiif.service import stored_tile
from heirloom.catalogue.iiif.tiff import TiledTiff, UnreadableMaster


def draw(path: Path, request: str, quality: str = "color") -> tuple[bytes, ir.Resolved]:
    """The drawn image and what was asked for."""
    tiff = TiledTiff(path)
    region, size, rotation, last = request.split("/")
    name, _, suffix = last.partition(".")
    resolved = ir.parse(region, size, rotation, name, suffix).resolve(
        tiff.width, tiff.height, ir.Limits(), quality
    )
    return render(tiff, tiff.levels, resolved), resolved


@given(
    st.sampled_from(["full", "square"])
    | st.tuples(*[st.integers(0, 1499)] * 4).map(lambda t: f"{t[0]},{t[1]},{t[2] + 1},{t[3] + 1}"),
    st.integers(1, 700),
    st.integers(1, 700),
    st.sampled_from(["{w},", ",{h}", "{w},{h}", "!{w},{h}", "pct:{p}", "max"]),
    st.sampled_from(["0", "!0", "90", "!180", "270", "33.3", "!7"]),
    st.sampled_from(["default.jpg", "gray.png", "bitonal.png", "default.webp", "color.tif", "gray.gif"]),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_image_has_the_size_that_was_worked_out(
    master: Path, region: str, w: int, h: int, form: str, rotation: str, last: str
) -> None:
    size = form.format(w=w, h=h, p=w / 7)
    for prefix in ("", "^"):
        try:
            data, resolved = draw(master, f"{region}/{prefix}{size}/{rotation}/{last}")
        except ir.InvalidImageRequest:
            continue
        image: Any = pyvips.Image.new_from_buffer(data, "")
        assert (image.width, image.height) == resolved.rotated_size
        loader = {"jpg": "jpeg", "png": "png", "webp": "webp", "tif": "tiff", "gif": "gif"}[resolved.format]
        assert image.get("vips-loader").startswith(loader)


@given(
    st.integers(0, 1400),
    st.integers(0, 1000),
    st.integers(16, 1500),
    st.integers(16, 1100),
    st.floats(0.12, 1),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_regions_show_what_lies_there(master: Path, x: int, y: int, w: int, h: int, scale: float) -> None:
    w, h = min(w, 1500 - x), min(h, 1100 - y)
    out_width, out_height = max(round(w * scale), 1), max(round(h * scale), 1)
    data, resolved = draw(master, f"{x},{y},{w},{h}/{out_width},{out_height}/0/default.png")
    image = pyvips.Image.new_from_buffer(data, "")
    full = pyvips.Image.tiffload(str(master)).crop(*resolved.region)
    wanted = full.resize(resolved.size[0] / w, vscale=resolved.size[1] / h)
    assert (image - wanted.crop(0, 0, image.width, image.height)).abs().avg() < 9


def test_a_stored_tile_is_what_would_be_drawn(master: Path) -> None:
    # The drawn tile is decoded and encoded once more, so it is asked for without loss.
    tiff = TiledTiff(master)
    compared = 0
    for factor in (1, 2, 4):
        side = 256 * factor
        for x in range(0, tiff.width - side + 1, side):
            for y in range(0, tiff.height - side + 1, side):
                parts = f"{x},{y},{side},{side}", "256,256", "0", "default"
                wanted = ir.parse(*parts, "jpg").resolve(tiff.width, tiff.height, ir.Limits())
                stored = stored_tile(tiff, tiff.levels, wanted)
                assert stored is not None
                drawn, _ = draw(master, "/".join(parts) + ".png")
                difference = pyvips.Image.new_from_buffer(stored, "") - pyvips.Image.new_from_buffer(
                    drawn, ""
                )
                assert difference.abs().avg() <= 0.01
                compared += 1
    assert compared >= 24


def test_what_is_not_stored_as_asked_is_drawn(master: Path, grey_master: Path) -> None:
    tiff, grey = TiledTiff(master), TiledTiff(grey_master)

    def stored(of: TiledTiff, request: str, quality: str = "color") -> bytes | None:
        region, size, rotation, last = request.split("/")
        name, _, suffix = last.partition(".")
        resolved = ir.parse(region, size, rotation, name, suffix).resolve(
            of.width, of.height, ir.Limits(), quality
        )
        return stored_tile(of, of.levels, resolved)

    assert stored(tiff, "256,256,256,256/max/0/color.jpg")
    assert stored(tiff, "pct:0,0,17.0666,23.2727/256,/0/color.jpg")
    for request in (
        "256,256,256,256/max/0/gray.jpg",
        "256,256,256,256/max/0/default.png",
        "256,256,256,256/max/90/default.jpg",
        "256,256,256,256/max/!0/default.jpg",
        "256,256,256,256/255,255/0/default.jpg",
        "256,256,256,256/128,128/0/default.jpg",
        "256,256,256,256/^512,512/0/default.jpg",
        "255,256,256,256/max/0/default.jpg",
        "256,256,512,512/256,256/0/default.jpg",
        "0,0,768,768/256,256/0/default.jpg",
        "0,0,512,256/256,256/0/default.jpg",
        "1280,0,220,256/max/0/default.jpg",
        "0,0,1500,1100/max/0/default.jpg",
    ):
        assert stored(tiff, request) is None, request
    assert stored(grey, "256,256,256,256/max/0/gray.jpg", "gray")
    assert stored(grey, "256,256,256,256/max/0/bitonal.jpg", "gray") is None


def test_the_smallest_level_that_suffices_is_read(master: Path) -> None:
    levels = TiledTiff(master).levels

    def factor(request: str) -> int:
        region, size = request.split("/")
        return best_level(
            levels, ir.parse(region, size, "0", "default", "jpg").resolve(1500, 1100, ir.Limits())
        )[0]

    assert factor("full/max") == 1
    assert factor("full/751,") == 1
    assert factor("full/750,") == 2
    assert factor("full/376,") == 2
    assert factor("full/375,275") == 4
    assert factor("full/10,10") == 8
    assert factor("0,0,256,256/128,") == 2
    # A tile at the edge, as a viewer asks for it: 476 x 76 pixels at a quarter, rounded up.
    assert factor("1024,1024,476,76/119,19") == 4
    assert factor("0,0,100,100/^200,") == 1


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif", "gif"])
@pytest.mark.parametrize("name", ["default", "color", "gray", "bitonal"])
def test_qualities(master: Path, suffix: str, name: str) -> None:
    data, _ = draw(master, f"0,0,400,300/200,/0/{name}.{suffix}")
    image = pyvips.Image.new_from_buffer(data, "")
    image = image.flatten() if image.hasalpha() else image
    if name in ("default", "color"):
        assert image.bands == 3
        return
    if image.bands == 3:
        assert (image[0] - image[1]).abs().avg() < 1.5
        assert (image[1] - image[2]).abs().avg() < 1.5
    if name == "bitonal" and suffix in ("png", "tif", "gif"):
        assert set(image[0].numpy().reshape(-1).tolist()) == {0, 255}


def test_bitonal_png_has_one_bit(master: Path) -> None:
    data, _ = draw(master, "full/200,/0/bitonal.png")
    assert data[24:26] == b"\x01\x00"  # IHDR: bit depth 1, greyscale.


@pytest.mark.parametrize(
    ("rotation", "turn"),
    [
        ("0", lambda i: i),
        ("90", lambda i: i.rot90()),
        ("180", lambda i: i.rot180()),
        ("270", lambda i: i.rot270()),
        ("!0", lambda i: i.fliphor()),
        ("!90", lambda i: i.fliphor().rot90()),
        ("!180", lambda i: i.flipver()),
        ("!270", lambda i: i.fliphor().rot270()),
    ],
)
def test_quarter_turns_move_pixels_and_nothing_else(
    master: Path, rotation: str, turn: Callable[[Any], Any]
) -> None:
    plain, _ = draw(master, "100,50,301,203/max/0/default.png")
    turned, _ = draw(master, f"100,50,301,203/max/{rotation}/default.png")
    wanted = turn(pyvips.Image.new_from_buffer(plain, ""))
    image = pyvips.Image.new_from_buffer(turned, "")
    assert (image.width, image.height) == (wanted.width, wanted.height)
    assert (image - wanted).abs().max() == 0


@pytest.mark.parametrize("degrees", ["1", "22.5", "45", "100", "218", "330.25"])
def test_any_turn_is_clockwise_about_the_centre(master: Path, degrees: str) -> None:
    plain, resolved = draw(master, "200,100,400,300/max/0/default.png")
    turned, wanted = draw(master, f"200,100,400,300/max/{degrees}/default.png")
    source = pyvips.Image.new_from_buffer(plain, "").gaussblur(2)
    image = pyvips.Image.new_from_buffer(turned, "")
    assert image.bands == 4
    smooth = image.extract_band(0, n=3).gaussblur(2)
    angle = math.radians(float(degrees))
    out_width, out_height = wanted.rotated_size
    assert wanted.rotated_size == ir.rotated_size(*resolved.size, Fraction(degrees))
    for x, y in ((200, 150), (90, 80), (310, 220), (120, 240)):
        dx, dy = x + 0.5 - 200, y + 0.5 - 150
        u = out_width / 2 + dx * math.cos(angle) - dy * math.sin(angle) - 0.5
        v = out_height / 2 + dx * math.sin(angle) + dy * math.cos(angle) - 0.5
        there = smooth.getpoint(round(u), round(v))
        assert max(abs(a - b) for a, b in zip(source.getpoint(x, y), there, strict=True)) < 25
    # The corners of the box are empty, its centre is not.
    assert image.getpoint(0, 0)[3] == 0 or float(degrees) < 2
    assert image.getpoint(out_width // 2, out_height // 2)[3] == 255


def test_turned_jpeg_has_black_corners_and_no_transparency(master: Path) -> None:
    data, _ = draw(master, "0,0,300,300/max/45/default.jpg")
    image = pyvips.Image.new_from_buffer(data, "")
    assert image.bands == 3
    assert max(image.getpoint(2, 2)) < 8


def test_transparency_survives_where_the_format_has_it(clear_master: Path) -> None:
    for suffix in ("png", "webp", "tif", "gif"):
        data, _ = draw(clear_master, f"full/350,/0/default.{suffix}")
        image = pyvips.Image.new_from_buffer(data, "")
        assert image.hasalpha(), suffix
        assert image.getpoint(50, 100)[-1] == 0
        assert image.getpoint(300, 100)[-1] == 255
    data, _ = draw(clear_master, "full/350,/0/default.jpg")
    image = pyvips.Image.new_from_buffer(data, "")
    assert image.bands == 3
    assert min(image.getpoint(50, 100)) > 250


def test_see_through_pixels_do_not_bleed_into_their_neighbours(clear_master: Path) -> None:
    # Scaling must weigh colours by their transparency: what cannot be seen must not darken the edge.
    data, _ = draw(clear_master, "300,0,100,100/40,/0/default.png")
    image = pyvips.Image.new_from_buffer(data, "")
    full = pyvips.Image.tiffload(str(clear_master)).crop(350, 0, 50, 100).extract_band(0, n=3)
    right = image.crop(21, 0, 19, 40).extract_band(0, n=3)
    for band in range(3):
        assert abs(right[band].avg() - full[band].avg()) < 8


def test_grey_masters_stay_grey(grey_master: Path) -> None:
    for name in ("default", "color", "gray"):
        data, resolved = draw(grey_master, f"full/300,/0/{name}.jpg", "gray")
        assert pyvips.Image.new_from_buffer(data, "").bands == 1
        assert resolved.canonical.endswith("default.jpg")


def test_threads_draw_the_same(master: Path) -> None:
    wanted, _ = draw(master, "33,44,700,600/300,/0/default.jpg")
    found: list[bytes] = []

    def work() -> None:
        found.extend(draw(master, "33,44,700,600/300,/0/default.jpg")[0] for _ in range(5))

    threads = [threading.Thread(target=work) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 25
    assert set(found) == {wanted}


def test_only_a_few_large_images_are_drawn_at_once(master: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing, "LARGE_WAIT", 0.01)
    taken = [drawing._large.acquire(blocking=False) for _ in range(drawing.LARGE_AT_ONCE)]
    try:
        assert all(taken)
        assert draw(master, "full/max/0/default.jpg")[0]
        with pytest.raises(drawing.Busy) as caught:
            draw(master, "full/^3000,/0/default.jpg")
        assert caught.value.status == 503
    finally:
        for _ in taken:
            drawing._large.release()
    assert draw(master, "full/^3000,/0/default.jpg")[0]


def test_a_damaged_tile_is_an_error_and_not_a_grey_patch(master: Path, tmp_path: Path) -> None:
    tiff = TiledTiff(master)
    data = bytearray(master.read_bytes())
    level = tiff.levels[0]
    for offset, count in zip(level.offsets[:2], level.counts[:2], strict=True):
        data[offset : offset + count] = b"\0" * count
    path = tmp_path / "damaged.tif"
    path.write_bytes(data)
    with pytest.raises(UnreadableMaster):
        draw(path, "0,0,500,200/max/0/default.jpg")
    # What is whole can still be seen.
    assert draw(path, "1024,512,300,200/max/0/default.jpg")[0]
