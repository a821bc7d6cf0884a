"""Small sound files of every kind that is accepted, made by code."""

from __future__ import annotations

import io
import json
import math
import struct
import wave
import zipfile
import zlib
from collections.abc import Callable, Mapping
from typing import Any

import pyvips


def _picture(width: int = 40, height: int = 24) -> Any:
    image: Any = pyvips.Image.xyz(width, height)
    return (
        (image[0] * 5).bandjoin([image[1] * 9, image[0] + image[1]]).cast("uchar").copy(interpretation="srgb")
    )


def jpeg(width: int = 40, height: int = 24) -> bytes:
    return bytes(_picture(width, height).jpegsave_buffer(Q=80, keep="none"))


def png(width: int = 40, height: int = 24, *, interlace: bool = False) -> bytes:
    return bytes(_picture(width, height).pngsave_buffer(interlace=interlace))


def gif() -> bytes:
    return bytes(_picture().gifsave_buffer())


def webp() -> bytes:
    return bytes(_picture().webpsave_buffer(lossless=True))


def tiff(**options: object) -> bytes:
    return bytes(_picture().tiffsave_buffer(**options))


def bigtiff() -> bytes:
    return tiff(bigtiff=True, tile=True, tile_width=16, tile_height=16, pyramid=True)


def wav() -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(b"".join(struct.pack("<h", int(3000 * math.sin(n / 5))) for n in range(400)))
    return out.getvalue()


def flac() -> bytes:
    info = struct.pack(">HH", 4096, 4096) + bytes(6) + (8000 << 44 | 15 << 36).to_bytes(8, "big") + bytes(16)
    return b"fLaC" + bytes([0x80, 0, 0, 34]) + info + b"\xff\xf8\x69\x08" + bytes(40)


def mp3() -> bytes:
    frame = b"\xff\xfb\x90\x00"
    return (frame + bytes(417 - 4)) * 4


def ogg() -> bytes:
    body = b"OpusHead\x01\x01\x38\x01\x80\xbb\0\0\0\0\0"
    return b"OggS\0\x02" + bytes(8) + b"\1\0\0\0" + bytes(8) + bytes([1, len(body)]) + body


def box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", 8 + len(content)) + name + content


def mp4() -> bytes:
    return (
        box(b"ftyp", b"isom\0\0\2\0isomiso2avc1mp41")
        + box(b"moov", box(b"mvhd", bytes(100)))
        + box(b"mdat", bytes(64))
    )


def m4a() -> bytes:
    return (
        box(b"ftyp", b"M4A \0\0\2\0M4A isom")
        + box(b"moov", box(b"mvhd", bytes(100)))
        + box(b"mdat", bytes(64))
    )


def webm() -> bytes:
    head = b"\x42\x86\x81\x01\x42\x82\x84webm\x42\x87\x81\x02"
    tracks = b"\x16\x54\xae\x6b\x84\xae\x82\xd7\x01"
    return (
        b"\x1a\x45\xdf\xa3"
        + bytes([0x80 | len(head)])
        + head
        + b"\x18\x53\x80\x67"
        + bytes([0x80 | len(tracks)])
        + tracks
    )


def pdf(extra: bytes = b"") -> bytes:
    body = (
        b"%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n"
        + extra
    )
    return (
        body
        + b"xref\n0 1\n0000000000 65535 f \ntrailer<</Root 1 0 R/Size 3>>\nstartxref\n%d\n%%%%EOF\n"
        % len(body)
    )


def zipped(members: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0))
            info.compress_type = method
            info.external_attr = 0o100644 << 16
            archive.writestr(info, content)
    return out.getvalue()


def plain_zip() -> bytes:
    return zipped({"ຂໍ້ຄວາມ/ອ່ານ.txt": "ສະບາຍດີ".encode(), "photo.jpg": jpeg()})


def xlsx() -> bytes:
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["title", "ຊື່"])
    sheet.append(["Weaving", "ຕ່ຳຫູກ"])
    out = io.BytesIO()
    book.save(out)
    book.close()
    return out.getvalue()


def glb(document: object | None = None, padding: bytes = b"") -> bytes:
    text = json.dumps({"asset": {"version": "2.0"}} if document is None else document).encode()
    text += b" " * (-len(text) % 4)
    chunk = struct.pack("<I4s", len(text), b"JSON") + text + padding
    return b"glTF" + struct.pack("<II", 2, 12 + len(chunk)) + chunk


def ply() -> bytes:
    points = b"".join(b"%d 0 0\n" % number for number in range(3))
    return (
        b"ply\nformat ascii 1.0\ncomment scan\nelement vertex 3\nproperty float x\nproperty float y\n"
        b"property float z\nend_header\n" + points
    )


SVG_OPEN = (
    b'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 9 9">'
)


def svg(inner: bytes = b'<rect width="9" height="9" fill="url(#g)"/>') -> bytes:
    return (
        SVG_OPEN
        + b'<defs><linearGradient id="g"><stop stop-color="#123"/></linearGradient></defs>'
        + inner
        + b"</svg>"
    )


def png_of(width: int, height: int, *, bits: int = 8, colour: int = 2, data: bytes = b"\0") -> bytes:
    """A PNG whose header says what it is told to."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(data))
        + chunk(b"IEND", b"")
    )


LIDO = (
    b'<?xml version="1.0" encoding="UTF-8"?><lido:lido xmlns:lido="http://www.lido-schema.org">'
    b"<lido:lidoRecID>1</lido:lidoRecID></lido:lido>"
)

#: (file name, content, media type) of what must pass.
SOUND: tuple[tuple[str, Callable[[], bytes], str], ...] = (
    ("mural.jpg", jpeg, "image/jpeg"),
    ("ຮູບ.png", png, "image/png"),
    ("a.gif", gif, "image/gif"),
    ("a.webp", webp, "image/webp"),
    ("a.tif", tiff, "image/tiff"),
    ("a.tiff", bigtiff, "image/tiff"),
    ("song.wav", wav, "audio/wav"),
    ("song.flac", flac, "audio/flac"),
    ("song.mp3", mp3, "audio/mpeg"),
    ("song.ogg", ogg, "audio/ogg"),
    ("song.m4a", m4a, "audio/mp4"),
    ("dance.mp4", mp4, "video/mp4"),
    ("dance.webm", webm, "video/webm"),
    ("paper.pdf", pdf, "application/pdf"),
    ("folder.zip", plain_zip, "application/zip"),
    ("list.xlsx", xlsx, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("shape.glb", glb, "model/gltf-binary"),
    ("shape.gltf", lambda: b'{"asset":{"version":"2.0"},"buffers":[{"uri":"shape.bin"}]}', "model/gltf+json"),
    ("scan.ply", ply, "model/ply"),
    ("drawing.svg", svg, "image/svg+xml"),
    ("record.xml", lambda: LIDO, "application/xml"),
    ("list.csv", "title,ຊື່\nWeaving,ຕ່ຳຫູກ\n".encode, "text/csv"),
    ("list.tsv", lambda: b"a\tb\n1\t2\n", "text/tab-separated-values"),
    ("note.txt", "မင်္ဂလာပါ ច្បាប់\r\n".encode, "text/plain"),
    ("note.md", lambda: b"# Title\n\n{not json}\n", "text/markdown"),
    ("speech.vtt", lambda: b"WEBVTT\n\n00:00.000 --> 00:02.000\nHello\n", "text/vtt"),
    ("speech.srt", lambda: b"1\n00:00:00,000 --> 00:00:02,000\nHello\n", "application/x-subrip"),
    ("data.json", lambda: b'{"a": [1, 2.5, null]}', "application/json"),
    ("map.geojson", lambda: b'{"type":"FeatureCollection","features":[]}', "application/geo+json"),
)
