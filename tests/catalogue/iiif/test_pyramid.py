"""Masters from every kind of accepted image: upright, sRGB, whole, and the same bytes every time."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from heirloom.catalogue.iiif import pyramid, tiff_write
from heirloom.catalogue.iiif.engine import pyvips
from heirloom.catalogue.iiif.tiff import TiledTiff

# A red, a green, a blue and a white quarter show at once which way an image stands.
QUARTERS: list[tuple[int, ...]] = [(220, 30, 30), (30, 200, 30), (30, 30, 220), (240, 240, 240)]


def quarters(width: int = 400, height: int = 300) -> Any:
    """Red, green over blue, white."""
    half_width, half_height = width // 2, height // 2
    parts = [
        pyvips.Image.black(half_width, half_height, bands=3).linear([1], list(colour)).cast("uchar")
        for colour in QUARTERS
    ]
    return pyvips.Image.arrayjoin(parts, across=2).copy(interpretation="srgb")


def corners(path: Path) -> list[tuple[int, ...]]:
    """Pixels in the middle of the four quarters of the master at *path*."""
    image = pyvips.Image.tiffload(str(path))
    x, y = image.width // 4, image.height // 4
    places = [(x, y), (3 * x, y), (x, 3 * y), (3 * x, 3 * y)]
    return [tuple(round(v) for v in image.getpoint(*place)) for place in places]


def near(found: list[tuple[int, ...]], wanted: list[tuple[int, ...]], tolerance: int = 6) -> bool:
    """Whether all colours agree to *tolerance* of 255."""
    return all(
        len(a) == len(b) and all(abs(p - q) <= tolerance for p, q in zip(a, b, strict=True))
        for a, b in zip(found, wanted, strict=True)
    )


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif", ".gif", ".avif"])
def test_every_accepted_kind(tmp_path: Path, suffix: str) -> None:
    source = tmp_path / f"in{suffix}"
    quarters().write_to_file(str(source))
    made = pyramid.make(source, tmp_path / "out.tif")
    assert (made.width, made.height, made.bands, made.compression) == (400, 300, 3, "jpeg")
    assert made.bytes == made.path.stat().st_size
    assert near(corners(made.path), QUARTERS, 8)
    tiff = TiledTiff(made.path)
    assert [(level.width, level.height) for level in tiff.levels] == [(400, 300), (200, 150)]
    assert all(level.head is not None for level in tiff.levels)


@pytest.mark.parametrize(
    ("orientation", "size", "order"),
    [
        (1, (400, 300), (0, 1, 2, 3)),
        (2, (400, 300), (1, 0, 3, 2)),
        (3, (400, 300), (3, 2, 1, 0)),
        (4, (400, 300), (2, 3, 0, 1)),
        (5, (300, 400), (0, 2, 1, 3)),
        (6, (300, 400), (2, 0, 3, 1)),
        (7, (300, 400), (3, 1, 2, 0)),
        (8, (300, 400), (1, 3, 0, 2)),
    ],
)
def test_orientation_is_applied(
    tmp_path: Path, orientation: int, size: tuple[int, int], order: tuple[int, ...]
) -> None:
    # Exif 2.32, tag 0x0112: which side of the picture the first row and the first column are.
    image = quarters().copy()
    image.set_type(pyvips.GValue.gint_type, "orientation", orientation)
    image.jpegsave(str(tmp_path / "turned.jpg"), Q=95)
    made = pyramid.make(tmp_path / "turned.jpg", tmp_path / "turned.tif")
    assert (made.width, made.height) == size
    assert near(corners(made.path), [QUARTERS[index] for index in order])
    assert pyvips.Image.tiffload(str(made.path)).get_typeof("orientation") == 0 or (
        pyvips.Image.tiffload(str(made.path)).get("orientation") == 1
    )


def test_sixteen_bits_become_eight(tmp_path: Path) -> None:
    wide = quarters().cast("ushort").linear(257, 0).cast("ushort")
    for name, interpretation in (("named", "rgb16"), ("bare", "multiband")):
        wide.copy(interpretation=interpretation).tiffsave(str(tmp_path / f"{name}.tif"))
        made = pyramid.make(tmp_path / f"{name}.tif", tmp_path / f"{name}-master.tif")
        assert made.bands == 3
        assert near(corners(made.path), QUARTERS), name
    grey = wide[0].copy(interpretation="grey16")
    grey.pngsave(str(tmp_path / "grey16.png"))
    made = pyramid.make(tmp_path / "grey16.png", tmp_path / "grey16.tif")
    assert made.bands == 1
    assert near(corners(made.path), [(220,), (30,), (30,), (240,)])


def test_sixteen_bit_transparency_is_kept(tmp_path: Path) -> None:
    wide = quarters().cast("ushort").linear(257, 0).cast("ushort").copy(interpretation="rgb16")
    wide.bandjoin((wide[0] * 0 + 128 * 257).cast("ushort")).pngsave(str(tmp_path / "in.png"), bitdepth=16)
    made = pyramid.make(tmp_path / "in.png", tmp_path / "out.tif")
    assert made.bands == 4
    assert near(corners(made.path), [(*colour, 128) for colour in QUARTERS], 2)


def test_colour_profiles_are_turned_into_srgb(tmp_path: Path) -> None:
    # The same colours written in a wider space: the numbers differ, the master's must not.
    wide = quarters().icc_transform("p3", input_profile="srgb", embedded=False)
    wide.tiffsave(str(tmp_path / "wide.tif"))
    raw = [
        tuple(round(v) for v in wide.getpoint(x, y))
        for x, y in ((100, 75), (300, 75), (100, 225), (300, 225))
    ]
    assert not near(raw, QUARTERS)
    made = pyramid.make(tmp_path / "wide.tif", tmp_path / "out.tif")
    assert near(corners(made.path), QUARTERS)
    assert "icc-profile-data" not in pyvips.Image.tiffload(str(made.path)).get_fields()


def test_a_profile_that_does_not_fit_is_not_followed(tmp_path: Path) -> None:
    grey = quarters()[0].copy(interpretation="b-w")
    profile = quarters().icc_transform("cmyk", input_profile="srgb").get("icc-profile-data")
    grey.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile)
    grey.jpegsave(str(tmp_path / "odd.jpg"), Q=95)
    made = pyramid.make(tmp_path / "odd.jpg", tmp_path / "odd.tif")
    assert near(corners(made.path), [(220,), (30,), (30,), (240,)])


@pytest.mark.parametrize("keep", ["icc", "none"])
def test_cmyk_becomes_srgb_with_and_without_its_profile(tmp_path: Path, keep: str) -> None:
    ink = quarters().icc_transform("cmyk", input_profile="srgb")
    assert ink.bands == 4
    ink.tiffsave(str(tmp_path / "ink.tif"), keep=keep)
    made = pyramid.make(tmp_path / "ink.tif", tmp_path / "out.tif")
    assert made.bands == 3
    # Ink cannot print pure colours; what it can, it prints right.
    for found, wanted in zip(corners(made.path), QUARTERS, strict=True):
        assert (
            max(range(3), key=found.__getitem__) == max(range(3), key=wanted.__getitem__)
            or wanted == QUARTERS[3]
        )
    assert near([corners(made.path)[3]], [QUARTERS[3]], 8)


def test_transparency_is_kept_where_it_is_used_and_dropped_where_not(tmp_path: Path) -> None:
    image = quarters()
    half = (pyvips.Image.xyz(400, 300)[0] >= 200).cast("uchar")
    image.bandjoin(half).pngsave(str(tmp_path / "half.png"))
    made = pyramid.make(tmp_path / "half.png", tmp_path / "half.tif")
    assert (made.bands, made.compression) == (4, "deflate")
    assert [corner[3] for corner in corners(made.path)] == [0, 255, 0, 255]
    image.bandjoin((half * 0 + 255).cast("uchar")).pngsave(str(tmp_path / "full.png"))
    made = pyramid.make(tmp_path / "full.png", tmp_path / "full.tif")
    assert (made.bands, made.compression) == (3, "jpeg")


@pytest.mark.parametrize("size", [(1501, 1099), (1024, 768), (513, 300), (270, 40), (97, 33)])
@pytest.mark.parametrize("quality", [85, 95])
def test_the_edges_are_as_good_as_the_rest(tmp_path: Path, size: tuple[int, int], quality: int) -> None:
    # Black padding of edge tiles, which JPEG would smear over the last pixels, shows here as errors of 5 to 15.
    xy = pyvips.Image.xyz(*size)
    bands = (xy[0] * 0.9).sin() * 60 + 180, (xy[1] * 1.3).cos() * 50 + 190, xy[0] * 0.05 + 150
    image: Any = bands[0].bandjoin(bands[1]).bandjoin(bands[2]).cast("uchar").copy(interpretation="srgb")
    image.pngsave(str(tmp_path / "in.png"))
    made = pyramid.make(tmp_path / "in.png", tmp_path / "out.tif", quality=quality)
    width, height = size
    for level in TiledTiff(made.path).levels:
        found: Any = pyvips.Image.tiffload(str(made.path), page=level.page)
        assert (found.width, found.height) == (width, height)
        difference = (found - image).abs()
        whole = difference.avg()
        assert whole < 1.5
        assert difference.crop(width - 1, 0, 1, height).avg() < whole + 2
        assert difference.crop(0, height - 1, width, 1).avg() < whole + 2
        if width < 64 or height < 64:
            break
        width, height = width // 2, height // 2
        image = image.crop(0, 0, width * 2, height * 2).shrink(2, 2)


def test_large_masters_are_bigtiff(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quarters(1100, 900).jpegsave(str(tmp_path / "in.jpg"), Q=95)
    small = pyramid.make(tmp_path / "in.jpg", tmp_path / "small.tif")
    monkeypatch.setattr(tiff_write, "_CLASSIC_END", 1000)
    large = pyramid.make(tmp_path / "in.jpg", tmp_path / "large.tif")
    assert small.path.read_bytes()[:4] == b"II*\0"
    assert large.path.read_bytes()[:4] == b"II+\0"
    one, other = TiledTiff(small.path), TiledTiff(large.path)
    assert [(v.width, v.height) for v in one.levels] == [(v.width, v.height) for v in other.levels]
    for level, same in zip(one.levels, other.levels, strict=True):
        assert one.tile(level, 0, 0) == other.tile(same, 0, 0)
        opened: Any = pyvips.Image.tiffload(str(large.path), page=same.page, fail_on="warning")
        assert (opened - pyvips.Image.tiffload(str(small.path), page=level.page)).abs().max() == 0


def test_the_writer_refuses_what_does_not_fit(tmp_path: Path) -> None:
    quarters(400, 300).jpegsave(str(tmp_path / "in.jpg"))
    tiff = TiledTiff(pyramid.make(tmp_path / "in.jpg", tmp_path / "out.tif").path)
    for sizes in ([(401, 300)], [(400, 300), (200, 150), (100, 75)]):
        with (tmp_path / "no.tif").open("wb") as file, pytest.raises(ValueError, match="margined"):
            tiff_write.write_pyramid(file, tiff, sizes)


def test_lossless_masters_keep_every_pixel(tmp_path: Path) -> None:
    noise = (
        pyvips.Image.gaussnoise(600, 500, sigma=40)
        .cast("uchar")
        .bandjoin(pyvips.Image.gaussnoise(600, 500, sigma=40).cast("uchar"))
    )
    image = noise.bandjoin(noise[0].invert()).copy(interpretation="srgb")
    image.pngsave(str(tmp_path / "noise.png"))
    made = pyramid.make(tmp_path / "noise.png", tmp_path / "noise.tif", lossless=True)
    assert made.compression == "deflate"
    assert (
        pyvips.Image.tiffload(str(made.path)) - pyvips.Image.pngload(str(tmp_path / "noise.png"))
    ).abs().max() == 0


def test_a_measured_surface_is_shown_by_its_range(tmp_path: Path) -> None:
    heights = (pyvips.Image.xyz(400, 300)[0] * 0.01 - 2).cast("float").copy(interpretation="b-w")
    heights.tiffsave(str(tmp_path / "heights.tif"))
    made = pyramid.make(tmp_path / "heights.tif", tmp_path / "out.tif")
    image = pyvips.Image.tiffload(str(made.path))
    assert made.bands == 1
    assert image.getpoint(2, 10)[0] < 8
    assert image.getpoint(397, 10)[0] > 247


def test_more_bands_than_colours(tmp_path: Path) -> None:
    image = quarters()
    many = image.bandjoin(image).copy(interpretation="multiband")
    many.tiffsave(str(tmp_path / "many.tif"))
    made = pyramid.make(tmp_path / "many.tif", tmp_path / "out.tif")
    assert made.bands == 3
    assert near(corners(made.path), QUARTERS)


@pytest.mark.parametrize("size", [(1, 1), (1, 700), (100, 50), (256, 256), (257, 256), (5000, 3)])
def test_small_and_odd_sizes(tmp_path: Path, size: tuple[int, int]) -> None:
    image = (pyvips.Image.black(*size, bands=3) + 99).cast("uchar").copy(interpretation="srgb")
    image.pngsave(str(tmp_path / "in.png"))
    made = pyramid.make(tmp_path / "in.png", tmp_path / "out.tif")
    tiff = TiledTiff(made.path)
    assert (tiff.width, tiff.height) == size
    last = tiff.levels[-1]
    # Halving goes on until one tile holds all, or one side has hardly any pixels left.
    assert max(last.width, last.height) <= 256 or min(last.width, last.height) < 32
    assert abs(pyvips.Image.tiffload(str(made.path)).avg() - 99) <= 1


def test_only_the_first_page_is_shown(tmp_path: Path) -> None:
    pages = quarters().join(quarters().invert(), "vertical")
    pages = pages.copy()
    pages.set_type(pyvips.GValue.gint_type, "page-height", 300)
    pages.tiffsave(str(tmp_path / "pages.tif"))
    made = pyramid.make(tmp_path / "pages.tif", tmp_path / "out.tif")
    assert (made.width, made.height) == (400, 300)
    assert near(corners(made.path), QUARTERS)


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    quarters(1200, 900).jpegsave(str(tmp_path / "a.jpg"), Q=95)
    digests = set()
    for turn in range(3):
        made = pyramid.make(tmp_path / "a.jpg", tmp_path / f"{turn}.tif")
        digests.add(hashlib.sha512(made.path.read_bytes()).hexdigest())
    # In a process of its own too: nothing of this one goes into the file.
    command = (
        "import sys; from heirloom.catalogue.iiif import pyramid; pyramid.make(sys.argv[1], sys.argv[2])"
    )
    subprocess.run([sys.executable, "-c", command, tmp_path / "a.jpg", tmp_path / "other.tif"], check=True)
    digests.add(hashlib.sha512((tmp_path / "other.tif").read_bytes()).hexdigest())
    assert len(digests) == 1


@pytest.mark.parametrize("name", ["ຮູບ ວັດ.jpg", "a[page=3].jpg", "-n.jpg", "x.tif.gif", "no-suffix"])
def test_names_mean_nothing(tmp_path: Path, name: str) -> None:
    (tmp_path / "in").mkdir()
    source = tmp_path / "in" / name
    source.write_bytes(quarters().jpegsave_buffer(Q=95))
    made = pyramid.make(source, tmp_path / f"{name}.tif")
    assert near(corners(made.path), QUARTERS)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["in", f"{name}.tif"])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not an image at all",
        b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>",
        b"%PDF-1.4\n%%EOF",
        b"P5 2 2 255 abcd",
        b"\xff\xd8\xff\xe0" + b"\0" * 64,
    ],
)
def test_what_is_no_image_is_refused_and_leaves_nothing(tmp_path: Path, data: bytes) -> None:
    source = tmp_path / "in.jpg"
    source.write_bytes(data)
    with pytest.raises(pyramid.NotAnImage) as caught:
        pyramid.make(source, tmp_path / "out.tif")
    assert "in.jpg" in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["in.jpg"]


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".webp"])
def test_a_file_cut_short_is_refused_and_the_old_master_stays(tmp_path: Path, suffix: str) -> None:
    source = tmp_path / f"in{suffix}"
    quarters(1200, 900).write_to_file(str(source))
    target = tmp_path / "out.tif"
    target.write_bytes(b"old")
    data = source.read_bytes()
    source.write_bytes(data[: len(data) * 2 // 3])
    with pytest.raises(pyramid.NotAnImage):
        pyramid.make(source, target)
    assert target.read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 2


def test_too_many_pixels_are_refused_by_the_header(tmp_path: Path) -> None:
    pyvips.Image.black(4000, 3000).pngsave(str(tmp_path / "large.png"))
    with pytest.raises(pyramid.TooManyPixels) as caught:
        pyramid.make(tmp_path / "large.png", tmp_path / "out.tif", max_pixels=11_000_000)
    assert "4000 × 3000" in str(caught.value)
    assert "11 million" in str(caught.value)
    assert not (tmp_path / "out.tif").exists()


def test_a_missing_source_is_no_image(tmp_path: Path) -> None:
    with pytest.raises(pyramid.NotAnImage):
        pyramid.make(tmp_path / "none.jpg", tmp_path / "out.tif")


def test_progress_is_told_and_can_stop_the_work(tmp_path: Path) -> None:
    quarters(3000, 2400).jpegsave(str(tmp_path / "in.jpg"))
    parts: list[float] = []

    def keep(part: float) -> bool:
        parts.append(part)
        return True

    pyramid.make(tmp_path / "in.jpg", tmp_path / "out.tif", progress=keep)
    assert parts
    assert parts == sorted(parts)
    assert 0 <= parts[0] <= parts[-1] <= 1
    with pytest.raises(pyramid.Cancelled):
        pyramid.make(tmp_path / "in.jpg", tmp_path / "stopped.tif", progress=lambda _part: False)
    assert not (tmp_path / "stopped.tif").exists()


def test_masters_can_be_read_by_all(tmp_path: Path) -> None:
    quarters().jpegsave(str(tmp_path / "in.jpg"))
    made = pyramid.make(tmp_path / "in.jpg", tmp_path / "out.tif")
    assert made.path.stat().st_mode & 0o777 == 0o644


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the peak of memory is read from /proc")
@pytest.mark.parametrize("turned", [False, True])
def test_a_hundred_million_pixels_need_little_memory(tmp_path: Path, turned: bool) -> None:
    image = pyvips.Image.perlin(11776, 8704, cell_size=128, uchar=True)
    image = image.bandjoin(image.invert()).bandjoin(image).copy(interpretation="srgb")
    if turned:
        image.set_type(pyvips.GValue.gint_type, "orientation", 6)
    image.jpegsave(str(tmp_path / "large.jpg"), Q=90)
    # The peak of this program alone: getrusage would count what it was started from.
    command = (
        "import re, sys; from pathlib import Path; from heirloom.catalogue.iiif import pyramid;"
        "pyramid.make(sys.argv[1], sys.argv[2]);"
        "print(re.search(r'VmHWM:\\s+([0-9]+) kB', Path('/proc/self/status').read_text())[1])"
    )
    done = subprocess.run(
        [sys.executable, "-c", command, tmp_path / "large.jpg", tmp_path / "large.tif"],
        capture_output=True,
        text=True,
        check=True,
    )
    # What is stored turned is unpacked to a mapped file, whose pages count though they can be dropped at any time.
    assert int(done.stdout) / 1024 <= (420 if turned else 160)
