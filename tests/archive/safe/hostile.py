"""Hostile uploads, made by code: what somebody might send to harm the installation or its visitors.

``HOSTILE`` is a list of (name, content, code): the file's name as sent, a function that makes its bytes, and the code
of the refusal. Used wherever files come in: intake, the pages, the API.
"""

from __future__ import annotations

import io
import json
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable

from tests.archive.safe import samples


def _jpeg_of(width: int, height: int) -> bytes:
    """A JPEG whose frame header says what it is told to."""
    data = samples.jpeg()
    at = data.index(b"\xff\xc0")
    return data[: at + 5] + struct.pack(">HH", height, width) + data[at + 9 :]


def _gif_of(width: int, height: int, frames: int = 1) -> bytes:
    screen = struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6)
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x02\x02\x44\x01\x00"
    return b"GIF89a" + screen + frame * frames + b"\x3b"


def _tiff_of(width: int, height: int, following: int = 0) -> bytes:
    tags = struct.pack("<HHII", 256, 4, 1, width) + struct.pack("<HHII", 257, 4, 1, height)
    return b"II*\0\x08\0\0\0" + struct.pack("<H", 2) + tags + struct.pack("<I", following)


def _zip_named(*names: str, unicode: bool = True) -> bytes:
    """A zip with these very names, written past the library's own care."""
    out, directory = io.BytesIO(), io.BytesIO()
    flags = 0x800 if unicode else 0
    for name in names:
        raw = name.encode("utf-8" if unicode else "cp437")
        offset = out.tell()
        fields = struct.pack("<HHHHHIIIHH", 20, flags, 0, 0, 0x5A21, zlib.crc32(b"x"), 1, 1, len(raw), 0)
        out.write(b"PK\x03\x04" + fields + raw + b"x")
        directory.write(
            b"PK\x01\x02"
            + struct.pack("<H", 0x314)
            + fields
            + struct.pack("<HHHII", 0, 0, 0, 0o100644 << 16, offset)
            + raw
        )
    start = out.tell()
    listed = directory.getvalue()
    out.write(listed)
    out.write(b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, len(names), len(names), len(listed), start, 0))
    return out.getvalue()


def _zip_link() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        info = zipfile.ZipInfo("shortcut.txt", (2026, 1, 1, 0, 0, 0))
        info.create_system = 3
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    return out.getvalue()


def _zip_bomb() -> bytes:
    return samples.zipped({"zeros.bin": bytes(32 * 1024 * 1024)})


def _zip_overlap() -> bytes:
    """Two entries in the directory, one kernel of bytes: each quotes the same local header."""
    data = samples.zipped({"a": bytes(1000)})
    start = data.index(b"PK\x01\x02")
    end = data.index(b"PK\x05\x06")
    entry = data[start:end]
    listed = entry * 2
    return data[:start] + listed + b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 2, 2, len(listed), start, 0)


def _zip_quoted() -> bytes:
    """Fifield's construction: the first entry's bytes begin with the second entry's local header."""
    kernel = samples.zipped({"b": bytes(4096)})
    local = kernel[: kernel.index(b"PK\x01\x02")]
    outer = b"PK\x03\x04" + struct.pack(
        "<HHHHHIIIHH", 20, 0, 0, 0, 0x5A21, zlib.crc32(local), len(local), len(local), 1, 0
    )
    outer += b"a"
    first = (
        b"PK\x01\x02"
        + struct.pack("<H", 0x314)
        + outer[4:30]
        + struct.pack("<HHHII", 0, 0, 0, 0o100644 << 16, 0)
        + b"a"
    )
    inner = kernel[kernel.index(b"PK\x01\x02") : kernel.index(b"PK\x05\x06")]
    second = inner[:42] + struct.pack("<I", len(outer)) + inner[46:]
    body, listed = outer + local, first + second
    return body + listed + b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 2, 2, len(listed), len(body), 0)


def _zip_encrypted() -> bytes:
    data = bytearray(samples.zipped({"secret.txt": b"text"}))
    for at in (6, data.index(b"PK\x01\x02") + 8):
        data[at] |= 1
    return bytes(data)


def _zip_two_names() -> bytes:
    data = samples.zipped({"good.txt": b"text"})
    return data.replace(b"good.txt", b"evil.txt", 1)


def _zip_liar() -> bytes:
    """The directory announces 10 bytes of what unpacks to a thousand."""
    data = bytearray(samples.zipped({"a.txt": b"y" * 1000}))
    for at in (22, data.index(b"PK\x01\x02") + 24):
        data[at : at + 4] = struct.pack("<I", 10)
    return bytes(data)


def _office(members: dict[str, bytes]) -> bytes:
    with zipfile.ZipFile(io.BytesIO(samples.xlsx())) as book:
        held = {name: book.read(name) for name in book.namelist()}
    return samples.zipped({**held, **members})


def _laughs() -> bytes:
    entities = b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 10))
    return b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY l0 "ha">' + entities + b"]><r>&l9;</r>"


def _svg_bomb() -> bytes:
    groups = b"".join(
        b'<g id="g%d">' % n + b'<use href="#g%d"/>' % (n - 1) * 10 + b"</g>" for n in range(1, 12)
    )
    return samples.svg(b'<g id="g0"><rect/></g>' + groups + b'<use href="#g11"/>')


def _pdf_object_stream() -> bytes:
    packed = zlib.compress(b"5 0 <</S/JavaScript/JS(app.alert(1))>>")
    head = b"4 0 obj<</Type/ObjStm/N 1/First 4/Filter/FlateDecode/Length %d>>stream\n" % len(packed)
    return samples.pdf(head + packed + b"\nendstream endobj\n")


HOSTILE: list[tuple[str, Callable[[], bytes], str]] = [
    # nothing, or nothing known
    ("empty.jpg", lambda: b"", "intake.empty"),
    ("noise.jpg", lambda: b"\x00\x01\x02\x03" * 100, "intake.unknown-type"),
    # programs and pages under another name
    ("photo.jpg", lambda: b"MZ\x90\0" + bytes(200), "intake.executable"),
    ("song.mp3", lambda: b"\x7fELF\x02\x01\x01" + bytes(200), "intake.executable"),
    ("notes.txt", lambda: b"#!/bin/sh\nrm -rf ~\n", "intake.executable"),
    ("shell.jpg", lambda: b"<?php system($_GET['c']); ?>", "intake.executable"),
    ("picture.png", lambda: b"<html><script>alert(1)</script></html>", "intake.active-content"),
    (
        "readme.txt",
        lambda: b"\xef\xbb\xbf \n<!-- x -->\n<SCRIPT src=//example.org/x.js></SCRIPT>",
        "intake.active-content",
    ),
    (
        "page.xml",
        lambda: b'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"/>',
        "intake.active-content",
    ),
    (
        "xhtml.xml",
        lambda: b'<a:html xmlns:a="http://www.w3.org/1999/xhtml"><a:script/></a:html>',
        "intake.active-content",
    ),
    (
        "playlist.txt",
        lambda: b"#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\nfile:///etc/passwd\n",
        "intake.type-not-allowed",
    ),
    ("old.doc", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "intake.type-not-allowed"),
    ("pack.rar", lambda: b"Rar!\x1a\x07\x01\x00" + bytes(60), "intake.type-not-allowed"),
    # two kinds at once
    ("gifar.gif", lambda: samples.gif() + samples.plain_zip(), "intake.polyglot"),
    ("both.jpg", lambda: samples.jpeg() + samples.zipped({"a.class": b"x"}), "intake.polyglot"),
    (
        "page.gif",
        lambda: _gif_of(4, 4).replace(b"\x2c", b"\x21\xfe\x1b/*<script>alert(1)</script>*/\0\x2c", 1),
        "intake.polyglot",
    ),
    ("script.pdf", lambda: samples.pdf(b"<script>alert(1)</script>"), "intake.polyglot"),
    ("hidden.png", lambda: samples.png()[:8] + b"\0\0\0\x05tEXt%PDF-" + samples.png()[8:], "intake.polyglot"),
    # pictures that lie or blow up
    ("huge.png", lambda: samples.png_of(60_000, 60_000), "intake.too-many-pixels"),
    ("huge.jpg", lambda: _jpeg_of(65_500, 65_500), "intake.too-many-pixels"),
    ("huge.gif", lambda: _gif_of(65_000, 65_000), "intake.too-many-pixels"),
    ("frames.gif", lambda: _gif_of(10, 10, 5_000), "intake.too-many-frames"),
    ("huge.tif", lambda: _tiff_of(200_000, 200_000), "intake.too-many-pixels"),
    ("circle.tif", lambda: _tiff_of(10, 10, 8), "intake.broken"),
    ("thin.png", lambda: samples.png_of(100_000, 1), "intake.bad-proportions"),
    ("bomb.png", lambda: samples.png_of(9_000, 9_000, data=bytes(1000)), "intake.image-bomb"),
    ("zero.png", lambda: samples.png_of(0, 10), "intake.broken"),
    ("short.png", lambda: samples.png(400, 400)[:-20], "intake.broken"),
    ("cut.jpg", lambda: samples.jpeg(400, 400)[:2000], "intake.undecodable"),
    ("liar.png", lambda: samples.png_of(100, 100, data=b"\0\1"), "intake.undecodable"),
    ("headless.jpg", lambda: b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(10) + b"\xff\xd9", "intake.broken"),
    # archives
    ("slip.zip", lambda: _zip_named("../../evil.txt"), "intake.zip-name"),
    ("absolute.zip", lambda: _zip_named("/etc/cron.d/evil"), "intake.zip-name"),
    ("backslash.zip", lambda: _zip_named("..\\..\\evil.txt"), "intake.zip-name"),
    ("drive.zip", lambda: _zip_named("C:evil.txt"), "intake.zip-name"),
    ("nul.zip", lambda: _zip_named("good.txt\0.exe"), "intake.zip-name"),
    ("device.zip", lambda: _zip_named("data/nul.txt"), "intake.zip-name"),
    ("bidi.zip", lambda: _zip_named("photo\u202egpj.exe"), "intake.zip-name"),
    ("twice.zip", lambda: _zip_named("a.txt", "a.txt"), "intake.zip-collision"),
    ("case.zip", lambda: _zip_named("A.txt", "a.TXT"), "intake.zip-collision"),
    ("norm.zip", lambda: _zip_named("caf\u00e9", "cafe\u0301"), "intake.zip-collision"),
    ("inside.zip", lambda: _zip_named("a", "a/b"), "intake.zip-collision"),
    (
        "encoding.zip",
        lambda: _zip_named("\u00e9\u00e8\u00ff.txt".encode("latin-1").decode("cp437"), unicode=False),
        "intake.zip-name-encoding",
    ),
    ("link.zip", _zip_link, "intake.zip-link"),
    ("bomb.zip", _zip_bomb, "intake.zip-bomb"),
    ("kernel.zip", _zip_overlap, "intake.zip-collision"),
    ("quoted.zip", _zip_quoted, "intake.zip-overlap"),
    ("locked.zip", _zip_encrypted, "intake.zip-encrypted"),
    ("names.zip", _zip_two_names, "intake.zip-damaged"),
    ("sizes.zip", _zip_liar, "intake.zip-damaged"),
    ("tail.zip", lambda: samples.plain_zip() + b"more", "intake.zip-damaged"),
    ("nested.zip", lambda: samples.zipped({"inner.zip": samples.plain_zip()}), "intake.zip-nested"),
    ("disguised.zip", lambda: samples.zipped({"photo.jpg": samples.plain_zip()}), "intake.zip-nested"),
    ("many.zip", lambda: _zip_named(*(str(number) for number in range(20_001))), "intake.zip-too-many"),
    ("lzma.zip", lambda: samples.zipped({"a": b"a"}, zipfile.ZIP_LZMA), "intake.zip-method"),
    # office documents
    ("macro.xlsx", lambda: _office({"xl/vbaProject.bin": b"x"}), "intake.macro"),
    (
        "dde.xlsx",
        lambda: _office({"xl/externalLinks/externalLink1.xml": b"<externalLink><ddeLink/></externalLink>"}),
        "intake.macro",
    ),
    (
        "xxe.xlsx",
        lambda: _office(
            {"xl/workbook.xml": b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>'}
        ),
        "intake.xml-doctype",
    ),
    # XML and drawings
    ("laughs.xml", _laughs, "intake.xml-doctype"),
    ("outside.xml", lambda: b'<!DOCTYPE r SYSTEM "http://169.254.169.254/latest"><r/>', "intake.xml-doctype"),
    ("deep.xml", lambda: b"<r>" * 5000 + b"</r>" * 5000, "intake.xml-limits"),
    (
        "wide.xml",
        lambda: b"<r " + b" ".join(b'a%d="1"' % n for n in range(1000)) + b"/>",
        "intake.xml-limits",
    ),
    ("broken.xml", lambda: b"<r><b></r>", "intake.xml-broken"),
    (
        "laughs.svg",
        lambda: (
            _laughs().replace(b"<r>", b'<svg xmlns="http://www.w3.org/2000/svg">').replace(b"</r>", b"</svg>")
        ),
        "intake.xml-doctype",
    ),
    ("bomb.svg", _svg_bomb, "intake.svg-bomb"),
    (
        "circle.svg",
        lambda: samples.svg(b'<g id="a"><use href="#b"/></g><g id="b"><use href="#a"/></g>'),
        "intake.svg-bomb",
    ),
    # text, tables, JSON
    ("legacy.csv", lambda: "ชื่อ,ปี\n".encode("cp874"), "intake.text-encoding"),
    ("utf16.txt", lambda: "hello".encode("utf-16"), "intake.text-encoding"),
    ("bell.txt", lambda: b"plain\x07\x1a text", "intake.text-controls"),
    ("quotes.csv", lambda: b'a,"b\n1,2\n', "intake.broken"),
    ("columns.csv", lambda: b"," * 5000, "intake.table-limits"),
    ("deep.json", lambda: b"[" * 100_000, "json.too-deep"),
    ("infinite.json", lambda: b'{"a": 1e400}', "json.invalid"),
    ("twice.json", lambda: b'{"a": 1, "a": 2}', "json.invalid"),
    # documents, models, sound and film
    (
        "script2.pdf",
        lambda: samples.pdf(b"3 0 obj<</S/JavaScript/JS(app.alert(1))>>endobj\n"),
        "intake.pdf-active",
    ),
    ("escaped.pdf", lambda: samples.pdf(b"3 0 obj<</S/J#61vaScript/JS(1)>>endobj\n"), "intake.pdf-active"),
    ("packed.pdf", _pdf_object_stream, "intake.pdf-active"),
    ("launch.pdf", lambda: samples.pdf(b"3 0 obj<</S/Launch/F(cmd.exe)>>endobj\n"), "intake.pdf-active"),
    (
        "locked.pdf",
        lambda: samples.pdf().replace(b"/Size 3", b"/Size 3/Encrypt 9 0 R"),
        "intake.pdf-encrypted",
    ),
    ("cut.pdf", lambda: samples.pdf()[:60], "intake.broken"),
    (
        "outside.glb",
        lambda: samples.glb({"asset": {"version": "2.0"}, "images": [{"uri": "http://10.0.0.1/x.png"}]}),
        "intake.external-reference",
    ),
    (
        "climb.gltf",
        lambda: json.dumps({"asset": {"version": "2.0"}, "buffers": [{"uri": "../../secret"}]}).encode(),
        "intake.external-reference",
    ),
    ("short.glb", lambda: samples.glb() + b"more", "intake.broken"),
    ("count.ply", lambda: samples.ply().replace(b"vertex 3", b"vertex 99999999"), "intake.broken"),
    ("short.mp4", lambda: samples.mp4()[:-10], "intake.broken"),
    ("silent.wav", lambda: b"RIFF\x04\0\0\0WAVE", "intake.broken"),
]
