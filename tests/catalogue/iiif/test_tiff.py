"""The tile reader: real pyramids, both byte orders, classic and BigTIFF, and files made to hurt."""

from __future__ import annotations

import contextlib
import os
import random
import struct
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from heirloom.catalogue.iiif import pyramid
from heirloom.catalogue.iiif.engine import pyvips
from heirloom.catalogue.iiif.tiff import OpenTiffs, TiledTiff, UnreadableMaster

TILE = 16


def tiff_bytes(order: str, *, big: bool, sizes: list[tuple[int, int]], subifds: bool = False) -> bytes:
    """A tiled JPEG TIFF written by hand: one grey level per size, every tile a JPEG without its tables."""
    grey: Any = pyvips.Image.black(TILE, TILE) + 77
    stream = grey.cast("uchar").jpegsave_buffer(Q=90, keep="none")
    tables, tile = _split(stream)
    out = bytearray(b"II" if order == "<" else b"MM")
    out += struct.pack(order + "HHHQ", 43, 8, 0, 0) if big else struct.pack(order + "HL", 42, 0)
    pointer, counter = ("Q", "Q") if big else ("L", "H")
    first_at = 8 if big else 4
    next_at, below = first_at, []
    for number, (width, height) in enumerate(sizes):
        count = -(-width // TILE) * -(-height // TILE)
        offsets = []
        for _ in range(count):
            offsets.append(len(out))
            out += tile
        tables_at = len(out)
        out += tables
        arrays = []
        for values in (offsets, [len(tile)] * count):
            arrays.append(len(out))
            out += struct.pack(f"{order}{count}{pointer}", *values)
        kind = 16 if big else 4
        tags: list[tuple[int, int, int, int | list[int]]] = [
            (256, 4, 1, width),
            (257, 4, 1, height),
            (258, 3, 1, 8),
            (259, 3, 1, 7),
            (262, 3, 1, 1),
            (277, 3, 1, 1),
            (322, 3, 1, TILE),
            (323, 3, 1, TILE),
            (324, kind, count, offsets[0] if count == 1 else arrays[0]),
            (325, kind, count, len(tile) if count == 1 else arrays[1]),
            (347, 7, len(tables), tables_at),
        ]
        if subifds and number == 0:
            tags.insert(10, (330, kind, len(sizes) - 1, 0))
        at = len(out)
        hold = 8 if big else 4
        out += struct.pack(order + counter, len(tags))
        sub_at = 0
        for tag, code, amount, value in tags:
            out += struct.pack(order + "HH" + pointer, tag, code, amount)
            if tag == 330:
                sub_at = len(out)
            size = {3: "H", 4: "L", 7: "B", 16: "Q"}[code]
            if amount == 1:
                out += struct.pack(order + size, value).ljust(hold, b"\0")
            else:
                out += struct.pack(order + pointer, value)
        end = len(out)
        out += struct.pack(order + pointer, 0)
        if subifds and number > 0:
            below.append(at)
        else:
            struct.pack_into(order + pointer, out, next_at, at)
            next_at = end
        if sub_at:
            below_at = sub_at
    if subifds:
        if len(below) == 1:
            struct.pack_into(order + pointer, out, below_at, below[0])
        else:
            struct.pack_into(order + pointer, out, below_at, len(out))
            out += struct.pack(f"{order}{len(below)}{pointer}", *below)
    return bytes(out)


def _split(stream: bytes) -> tuple[bytes, bytes]:
    """Tables and abbreviated image of a complete JPEG."""
    tables, image, at = b"\xff\xd8", b"\xff\xd8", 2
    while True:
        marker, length = struct.unpack_from(">HH", stream, at)
        segment = stream[at : at + 2 + length]
        if marker == 0xFFDA:
            return tables + b"\xff\xd9", image + stream[at:]
        if marker in (0xFFDB, 0xFFC4):
            tables += segment
        elif not 0xFFE0 <= marker <= 0xFFEF:
            image += segment
        at += 2 + length


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("subifds", [False, True])
@pytest.mark.parametrize("sizes", [[(40, 33), (20, 16), (10, 8)], [(100, 20), (50, 10)]])
def test_every_kind_of_tiff_gives_its_tiles(
    tmp_path: Path,
    order: str,
    big: bool,
    subifds: bool,
    sizes: list[tuple[int, int]],
    decode: Callable[[bytes], Any],
) -> None:
    path = tmp_path / "hand.tif"
    path.write_bytes(tiff_bytes(order, big=big, sizes=sizes, subifds=subifds))
    tiff = TiledTiff(path)
    assert [(level.width, level.height) for level in tiff.levels] == sizes
    for number, level in enumerate(tiff.levels):
        assert (level.page, level.subifd) == ((0, number - 1) if subifds else (number, -1))
        opened = pyvips.Image.tiffload(str(path), page=level.page, subifd=level.subifd)
        assert (opened.width, opened.height) == (level.width, level.height)
        for column in range(level.across):
            for row in range(level.down):
                data = tiff.tile(level, column, row)
                assert data is not None
                image = decode(data)
                assert (image.width, image.height, image.bands) == (TILE, TILE, 1)
                assert abs(image.avg() - 77) < 1


def test_a_tile_has_the_pixels_that_libvips_sees(master: Path, decode: Callable[[bytes], Any]) -> None:
    tiff = TiledTiff(master)
    compared = 0
    for level in tiff.levels:
        image = pyvips.Image.tiffload(str(master), page=level.page)
        for column in range(level.width // level.tile_width):
            for row in range(level.height // level.tile_height):
                data = tiff.tile(level, column, row)
                assert data is not None
                seen = image.crop(column * 256, row * 256, 256, 256)
                difference = (decode(data) - seen).abs()
                assert difference.avg() <= 0.01
                compared += 1
    assert compared >= 24


def test_red_green_blue_tiles_keep_their_colours(tmp_path: Path, decode: Callable[[bytes], Any]) -> None:
    # From quality 90 on libvips stores tiles as RGB, which a decoder must be told.
    image = (
        pyvips.Image.black(600, 600, bands=3)
        .linear([1], [200, 40, 10])
        .cast("uchar")
        .copy(interpretation="srgb")
    )
    image.pngsave(str(tmp_path / "red.png"))
    made = pyramid.make(tmp_path / "red.png", tmp_path / "red.tif", quality=95)
    tiff = TiledTiff(made.path)
    data = tiff.tile(tiff.levels[0], 0, 0)
    assert data is not None
    assert [round(v) for v in decode(data).getpoint(100, 100)] == pytest.approx([200, 40, 10], abs=3)


def test_damage_is_refused_and_never_crashes(tmp_path: Path) -> None:
    whole = tiff_bytes("<", big=False, sizes=[(40, 33), (20, 16), (10, 8)])
    generator = random.Random(7)
    path = tmp_path / "damaged.tif"
    refused = 0
    for _ in range(400):
        data = bytearray(whole)
        for _ in range(generator.randint(1, 6)):
            data[generator.randrange(len(data))] = generator.choice(
                [0, 1, 7, 127, 255, generator.randrange(256)]
            )
        if generator.random() < 0.3:
            del data[generator.randrange(len(data)) :]
        path.write_bytes(data)
        try:
            tiff = TiledTiff(path)
        except UnreadableMaster:
            refused += 1
            continue
        for level in tiff.levels[:3]:
            for column in range(min(level.across, 4)):
                tiff.tile(level, column, 0)
    assert refused > 50


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"II",
        b"II*\0" + b"\xff" * 4,
        b"II*\0" + struct.pack("<L", 8),
        b"MM\0+" + struct.pack(">HHQ", 8, 0, 16),
        b"\x89PNG\r\n\x1a\n" + b"\0" * 40,
        b"II*\0" + struct.pack("<LH", 8, 0xFFFF) + b"\0" * 40,
    ],
)
def test_what_is_no_tiff_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "no.tif"
    path.write_bytes(data)
    with pytest.raises(UnreadableMaster):
        TiledTiff(path)


def test_directories_in_a_circle_are_refused(tmp_path: Path) -> None:
    data = bytearray(tiff_bytes("<", big=False, sizes=[(40, 33)]))
    first = struct.unpack_from("<L", data, 4)[0]
    struct.pack_into("<L", data, first + 2 + 12 * 11, first)
    path = tmp_path / "circle.tif"
    path.write_bytes(data)
    with pytest.raises(UnreadableMaster, match="circle"):
        TiledTiff(path)


def test_strips_are_not_served(tmp_path: Path) -> None:
    path = tmp_path / "strips.tif"
    pyvips.Image.black(64, 64).tiffsave(str(path))
    with pytest.raises(UnreadableMaster, match="not tiled"):
        TiledTiff(path)


def test_open_files_are_few_and_replaced_files_are_seen(tmp_path: Path) -> None:
    small = tiff_bytes("<", big=False, sizes=[(20, 16)])
    paths = [tmp_path / f"{number}.tif" for number in range(6)]
    for path in paths:
        path.write_bytes(small)
    descriptors = Path("/proc/self/fd")
    before = len(list(descriptors.iterdir())) if descriptors.is_dir() else 0
    cache = OpenTiffs(capacity=2)
    for path in paths:
        assert cache.get(str(path)).width == 20
    assert len(cache) == 2
    if before:
        assert len(list(descriptors.iterdir())) <= before + 2
    kept = cache.get(str(paths[-1]))
    assert cache.get(str(paths[-1])) is kept
    other = tmp_path / "other"
    other.write_bytes(tiff_bytes("<", big=False, sizes=[(40, 33)]))
    other.replace(paths[-1])
    assert cache.get(str(paths[-1])).width == 40
    # The old one goes on for those that hold it.
    assert kept.tile(kept.levels[0], 0, 0) is not None
    cache.clear()
    assert len(cache) == 0


def test_threads_may_share_the_cache(master: Path) -> None:
    cache = OpenTiffs(capacity=1)
    copies = [str(master)] + [str(master.with_name(f"copy{number}.tif")) for number in range(2)]
    for copy in copies[1:]:
        with contextlib.suppress(FileExistsError):
            os.link(master, copy)
    failures: list[BaseException] = []

    def read() -> None:
        try:
            for turn in range(60):
                tiff = cache.get(copies[turn % 3])
                data = tiff.tile(tiff.levels[0], turn % 5, turn % 4)
                assert data is not None
                assert data.endswith(b"\xff\xd9")
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=read) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
