"""The readers of headers: right on what libraries write, and calm on anything at all."""

from __future__ import annotations

import functools
import io
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.archive.safe import samples

from heirloom.archive import safe_media, safe_model, safe_pdf, safe_text, safe_xml
from heirloom.archive.names import clean_name
from heirloom.archive.safe import Policy, inspect
from heirloom.archive.safe_errors import Refused
from heirloom.archive.safe_image import read_header
from heirloom.archive.safe_json import JsonLimits
from heirloom.archive.safe_zip import SafeZip
from heirloom.archive.sniff import HEAD, TAIL, sniff

IMAGES = {
    "image/jpeg": samples.jpeg,
    "image/png": samples.png,
    "image/gif": samples.gif,
    "image/webp": samples.webp,
    "image/tiff": samples.tiff,
}


@pytest.mark.parametrize("media_type", IMAGES)
def test_sizes_are_read_from_headers(media_type: str) -> None:
    header = read_header(io.BytesIO(IMAGES[media_type]()), media_type)
    assert (header.width, header.height, header.frames) == (40, 24, 1)
    assert header.pixels == 40 * 24


def test_every_flavour_of_tiff_is_read() -> None:
    import pyvips

    for options in (
        {"bigtiff": True},
        {"tile": True, "tile_width": 16, "tile_height": 16},
        {"compression": "deflate"},
    ):
        header = read_header(io.BytesIO(samples.tiff(**options)), "image/tiff")
        assert (header.width, header.height, header.channels, header.bits) == (40, 24, 3, 8)
    pyramid = read_header(io.BytesIO(samples.bigtiff()), "image/tiff")
    assert (pyramid.width, pyramid.height) == (40, 24)
    assert pyramid.frames == 3
    deep = pyvips.Image.black(7, 5, bands=1).cast("ushort").tiffsave_buffer()
    header = read_header(io.BytesIO(deep), "image/tiff")
    assert (header.width, header.height, header.channels, header.bits) == (7, 5, 1, 16)
    assert header.decoded_bytes == 7 * 5 * 2
    swapped = b"MM\0*\0\0\0\x08\0\x02\1\0\0\3\0\0\0\1\0\x07\0\0\1\1\0\3\0\0\0\1\0\x05\0\0\0\0\0\0"
    assert read_header(io.BytesIO(swapped), "image/tiff").width == 7


def test_animations_are_counted() -> None:
    import pyvips

    strip = pyvips.Image.black(10, 30, bands=3) + 7
    strip = strip.cast("uchar").copy()
    strip.set_type(pyvips.GValue.gint_type, "page-height", 10)
    strip = strip.copy(interpretation="srgb")
    # Pictures that are alike would be merged into one.
    strip = strip.draw_rect([255, 0, 0], 1, 12, 4, 4, fill=True).draw_rect(
        [0, 255, 0], 4, 22, 4, 4, fill=True
    )
    for media_type, data in (("image/gif", strip.gifsave_buffer()), ("image/webp", strip.webpsave_buffer())):
        header = read_header(io.BytesIO(data), media_type)
        assert (header.width, header.height, header.frames) == (10, 10, 3)


def test_webp_of_every_kind() -> None:
    picture = samples._picture()
    alpha = picture.bandjoin(200)
    for data in (
        picture.webpsave_buffer(lossless=True),
        picture.webpsave_buffer(Q=50),
        alpha.webpsave_buffer(Q=50),
        picture.webpsave_buffer(keep="all", profile="srgb"),
    ):
        header = read_header(io.BytesIO(data), "image/webp")
        assert (header.width, header.height) == (40, 24)


@functools.cache
def _mutated(make: Callable[[], bytes]) -> st.SearchStrategy[bytes]:
    """A sound file with some bytes replaced, and perhaps cut."""
    sound = make()
    patch = st.tuples(st.integers(0, len(sound) - 1), st.binary(min_size=1, max_size=8))

    def apply(patches: list[tuple[int, bytes]], end: int) -> bytes:
        data = bytearray(sound)
        for at, content in patches:
            data[at : at + len(content)] = content
        return bytes(data[:end])

    return st.builds(apply, st.lists(patch, max_size=6), st.integers(0, len(sound)))


@functools.cache
def _start(make: Callable[[], bytes]) -> bytes:
    return make()[:40]


@pytest.mark.parametrize("media_type", IMAGES)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_image_headers_raise_nothing_but_coded_errors(media_type: str, data: st.DataObject) -> None:
    make = IMAGES[media_type]
    content = data.draw(
        st.one_of(st.binary(max_size=400), _mutated(make), st.binary(max_size=200).map(_start(make).__add__))
    )
    try:
        header = read_header(io.BytesIO(content), media_type)
    except Refused:
        return
    assert header.width > 0
    assert header.height > 0
    assert header.pixels >= header.width * header.height


POLICY = Policy(decode=None, html="sanitise", media_types=Policy().media_types | {"text/html"})


@pytest.mark.parametrize(
    ("name", "make"),
    [(name, make) for name, make, _ in samples.SOUND],
    ids=[name for name, _, _ in samples.SOUND],
)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_the_gate_raises_nothing_but_coded_errors(
    name: str, make: Callable[[], bytes], data: st.DataObject
) -> None:
    content = data.draw(_mutated(make))
    try:
        inspect(io.BytesIO(content), name, POLICY)
    except Refused:
        pass


@settings(max_examples=300, deadline=None)
@given(content=st.binary(max_size=600), name=st.sampled_from(["a", "a.csv", "a.json", "a.md"]))
def test_any_bytes_end_in_a_kind_or_a_coded_error(content: bytes, name: str) -> None:
    try:
        accepted = inspect(io.BytesIO(content), name, POLICY)
    except Refused:
        return
    assert accepted.media_type in POLICY.media_types


@settings(max_examples=60, deadline=None)
@given(content=st.binary(max_size=400))
def test_each_check_alone_is_calm(content: bytes) -> None:
    checks: list[Callable[[], object]] = [
        lambda: sniff(content[:HEAD], content[-TAIL:], "txt"),
        lambda: SafeZip(io.BytesIO(content)),
        lambda: safe_pdf.check_pdf(io.BytesIO(b"%PDF-1.7" + content + b"startxref %%EOF")),
        lambda: safe_xml.check_xml(io.BytesIO(content)),
        lambda: safe_text.check_text(io.BytesIO(content)),
        lambda: safe_model.check_ply(io.BytesIO(b"ply\n" + content)),
        lambda: safe_model.check_glb(io.BytesIO(b"glTF" + content), JsonLimits()),
        *(lambda kind=kind: safe_media.check_media(io.BytesIO(content), kind) for kind in safe_media._CHECKS),
    ]
    for check in checks:
        try:
            check()
        except Refused:
            pass
    assert clean_name(content).value
