"""Unpacking, tables for strangers, and pictures without their camera's notes."""

from __future__ import annotations

import csv
import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
import pyvips
from hypothesis import given
from hypothesis import strategies as st
from tests.archive.safe import samples
from tests.archive.safe.hostile import HOSTILE

from heirloom.archive.safe import Policy, inspect, neutralise_formula
from heirloom.archive.safe_errors import BrokenFile, Refused, TypeNotAllowed
from heirloom.archive.safe_image import read_header
from heirloom.archive.safe_metadata import has_location, strip_metadata
from heirloom.archive.safe_zip import ZipLimits, extract_zip

# --- unpacking


def test_a_sound_zip_is_unpacked_whole(tmp_path: Path) -> None:
    source = tmp_path / "a.zip"
    source.write_bytes(samples.zipped({"ຂໍ້ຄວາມ/ອ່ານ.txt": b"one", "b/": b"", "b/c/d.bin": bytes(3_000_000)}))
    entries = extract_zip(source, tmp_path / "out", ZipLimits(ratio=2000))
    assert {entry.path: entry.size for entry in entries} == {"ຂໍ້ຄວາມ/ອ່ານ.txt": 3, "b/c/d.bin": 3_000_000}
    assert (tmp_path / "out" / "ຂໍ້ຄວາມ" / "ອ່ານ.txt").read_bytes() == b"one"
    assert (tmp_path / "out" / "b" / "c" / "d.bin").stat().st_size == 3_000_000
    with pytest.raises(FileExistsError):
        extract_zip(source, tmp_path / "out", ZipLimits(ratio=2000))


@pytest.mark.parametrize(
    ("name", "make"),
    [(name, make) for name, make, _ in HOSTILE if name.endswith(".zip")],
    ids=[name for name, _, _ in HOSTILE if name.endswith(".zip")],
)
def test_a_hostile_zip_leaves_nothing_behind(name: str, make: Callable[[], bytes], tmp_path: Path) -> None:
    source = tmp_path / "a.zip"
    source.write_bytes(make())
    inner = tmp_path / "deep" / "inner"
    inner.mkdir(parents=True)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(Refused):
        extract_zip(source, inner / "out")
    assert sorted(tmp_path.rglob("*")) == before


def test_names_in_a_known_old_encoding_can_be_allowed(tmp_path: Path) -> None:
    source = tmp_path / "a.zip"
    raw = "照片.txt".encode("gb18030")
    data = samples.zipped({"x" * len(raw): b"one"}).replace(b"x" * len(raw), raw)
    source.write_bytes(data)
    with pytest.raises(Refused) as refused:
        extract_zip(source, tmp_path / "out")
    assert refused.value.code == "intake.zip-name-encoding"
    extract_zip(source, tmp_path / "out", ZipLimits(name_encodings=("utf-8", "gb18030")))
    assert (tmp_path / "out" / "照片.txt").exists()


def test_archives_inside_can_be_allowed() -> None:
    nested = samples.zipped({"inner.zip": samples.plain_zip()})
    assert inspect(io.BytesIO(nested), "a.zip", Policy(zip=ZipLimits(nested=True))).entries == 1
    office = samples.zipped({"list.xlsx": samples.xlsx()})
    assert inspect(io.BytesIO(office), "a.zip").entries == 1


# --- tables for strangers


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1",
        "+cmd|' /C calc'!A0",
        "-2+3+cmd",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        " =1",
        "\u3000=1",
        "\uff1d1+1",
        '"=1',
        '=HYPERLINK("http://example.org")',
    ],
)
def test_what_a_spreadsheet_would_run_is_neutralised(cell: str) -> None:
    made = neutralise_formula(cell)
    assert made == f"'{cell}"
    assert neutralise_formula(made) == made


@pytest.mark.parametrize(
    "cell", ["", "plain", "-1", "+2.5e3", "-12,5 %".replace(" ", ""), "ຕ່ຳຫູກ", "a=b", 3, None, -1.5, "'quoted"]
)
def test_what_is_harmless_stays(cell: object) -> None:
    assert neutralise_formula(cell) == cell


@given(st.text())
def test_no_text_begins_like_a_formula_after(cell: str) -> None:
    made = neutralise_formula(cell)
    assert isinstance(made, str)
    out = io.StringIO()
    csv.writer(out).writerow([made, "x"])
    first = next(csv.reader(io.StringIO(out.getvalue())))[0]
    if first[:1] in {"=", "+", "-", "@"}:
        float(first.replace(",", "").rstrip("%") or "0")


# --- pictures

GPS = b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", 2)
GPS += (
    struct.pack("<HHII", 0x0112, 3, 1, 6) + struct.pack("<HHII", 0x8825, 4, 1, 38) + b"\0\0\0\0SECRET-PLACE"
)


def _with_notes(data: bytes) -> bytes:
    def segment(code: int, content: bytes) -> bytes:
        return bytes((0xFF, code)) + struct.pack(">H", len(content) + 2) + content

    notes = segment(0xE1, GPS) + segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x>SECRET-XMP</x>")
    notes += (
        segment(0xED, b"Photoshop 3.0\0SECRET-IPTC")
        + segment(0xFE, b"SECRET-COMMENT")
        + segment(0xE2, b"MPF\0SECRET")
    )
    # After JFIF, as cameras do.
    jfif = segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0")
    return data[:2] + jfif + notes + data[2:] + b"SECRET-TRAILER" + data


@pytest.mark.parametrize("options", [{}, {"interlace": True}, {"restart_interval": 2}, {"profile": "srgb"}])
def test_a_jpeg_loses_its_notes_and_no_pixel(options: dict[str, object], tmp_path: Path) -> None:
    picture = samples._picture(64, 48)
    plain = picture.jpegsave_buffer(Q=90, keep="icc" if "profile" in options else "none", **options)
    path = tmp_path / "a.jpg"
    path.write_bytes(_with_notes(plain))
    path.chmod(0o640)
    assert has_location(path)
    stripped = strip_metadata(path)
    assert not has_location(path)
    data = path.read_bytes()
    assert stripped.orientation == 6
    assert stripped.removed == ("APP1", "APP1", "APP13", "COM", "APP2", "trailing")
    assert b"SECRET" not in data
    assert read_header(io.BytesIO(data), "image/jpeg").orientation == 6
    before = pyvips.Image.jpegload_buffer(plain)
    after = pyvips.Image.jpegload_buffer(data)
    assert after.write_to_memory() == before.write_to_memory()
    assert ("icc-profile-data" in after.get_fields()) is ("profile" in options)
    assert path.stat().st_mode & 0o777 == 0o640
    again = strip_metadata(path)
    assert again.removed == ("APP1",)
    assert path.read_bytes() == data
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.jpg"]


def test_a_png_loses_its_notes_and_no_pixel(tmp_path: Path) -> None:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    plain = bytes(samples._picture().pngsave_buffer(keep="none"))
    notes = chunk(b"tEXt", b"Comment\0SECRET") + chunk(b"eXIf", GPS[6:]) + chunk(b"tIME", bytes(7))
    path = tmp_path / "a.png"
    path.write_bytes(plain[:33] + notes + plain[33:] + b"SECRET")
    out = tmp_path / "b.png"
    assert has_location(path)
    stripped = strip_metadata(path, out)
    assert not has_location(out)
    assert b"SECRET" in path.read_bytes()
    data = out.read_bytes()
    assert b"SECRET" not in data
    assert stripped.orientation == 6
    assert set(stripped.removed) >= {"tEXt", "eXIf", "tIME", "trailing"}
    assert read_header(io.BytesIO(data), "image/png").orientation == 6
    before = pyvips.Image.pngload_buffer(plain)
    assert pyvips.Image.pngload_buffer(data).write_to_memory() == before.write_to_memory()


def test_a_place_in_packed_text_is_found(tmp_path: Path) -> None:
    packed = b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(b"<x exif:GPSLatitude='17,58N'/>")
    chunk = (
        struct.pack(">I", len(packed)) + b"iTXt" + packed + struct.pack(">I", zlib.crc32(b"iTXt" + packed))
    )
    plain = samples.png()
    path = tmp_path / "a.png"
    path.write_bytes(plain)
    assert not has_location(path)
    path.write_bytes(plain[:33] + chunk + plain[33:])
    assert has_location(path)


def test_a_damaged_picture_is_left_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(samples.jpeg(200, 200)[:-200])
    before = path.read_bytes()
    with pytest.raises(BrokenFile):
        strip_metadata(path)
    assert path.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1
    path.write_bytes(samples.gif())
    with pytest.raises(TypeNotAllowed):
        strip_metadata(path)
