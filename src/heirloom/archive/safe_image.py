"""Images: size, pictures and orientation read from the header alone, by our own readers, before any decoding.

Each reader looks at a bounded number of bytes and raises nothing but :class:`~heirloom.archive.safe_errors.Refused`
on any input. Sources: ITU-T T.81 (JPEG), PNG third edition, GIF89a, RFC 9649 (WebP), TIFF 6.0 and BigTIFF,
CIPA DC-008 (Exif).
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from heirloom.archive.safe_errors import BrokenFile, TooManyFrames

MAX_SEGMENTS = 4096
MAX_FRAMES = 65536


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """What an image's header says.

    Attributes:
        width, height: pixels of the largest picture, as stored (before orientation).
        frames: pictures in the file.
        pixels: pixels of all pictures together.
        channels, bits: samples per pixel and bits per sample of the largest picture.
        orientation: Exif orientation, 1 to 8.
    """

    media_type: str
    width: int
    height: int
    frames: int = 1
    pixels: int = 0
    channels: int = 3
    bits: int = 8
    orientation: int = 1

    @property
    def decoded_bytes(self) -> int:
        """Bytes that all pictures fill when decoded."""
        return self.pixels * self.channels * ((self.bits + 7) // 8)


class _Reader:
    """Reads at positions of a file and never past its end."""

    def __init__(self, file: BinaryIO, media_type: str) -> None:
        self.file = file
        self.media_type = media_type
        self.size = file.seek(0, os.SEEK_END)

    def at(self, position: int, length: int) -> bytes:
        if position < 0 or length < 0 or position + length > self.size:
            raise self.broken("it ends too early")
        self.file.seek(position)
        data = self.file.read(length)
        if len(data) != length:
            raise self.broken("it ends too early")
        return data

    def unpack(self, layout: str, position: int) -> tuple[Any, ...]:
        return struct.unpack(layout, self.at(position, struct.calcsize(layout)))

    def broken(self, detail: str) -> BrokenFile:
        return BrokenFile(media_type=self.media_type, detail=detail)


def read_header(file: BinaryIO, media_type: str) -> ImageHeader:
    """Read the header of an image of the kind *media_type* (as sniffed).

    Raises:
        BrokenFile: the structure is not what the format demands, or a side is 0.
        TooManyFrames: more than :data:`MAX_FRAMES` pictures.
    """
    reader = _Reader(file, media_type)
    header = _READERS[media_type](reader)
    if header.width < 1 or header.height < 1:
        raise reader.broken("one of its sides is 0")
    if not header.pixels:
        pixels = header.width * header.height * header.frames
        return ImageHeader(
            media_type,
            header.width,
            header.height,
            header.frames,
            pixels,
            header.channels,
            header.bits,
            header.orientation,
        )
    return header


def _jpeg(reader: _Reader) -> ImageHeader:
    """Walk the marker segments up to the frame header (T.81, B.2.2)."""
    orientation = 0
    position = 2
    for _ in range(MAX_SEGMENTS):
        mark, code = reader.unpack(">BB", position)
        if mark != 0xFF:
            raise reader.broken("a marker is missing")
        if code == 0xFF:
            position += 1
            continue
        if code == 0x01 or 0xD0 <= code <= 0xD8:
            position += 2
            continue
        if code in {0xD9, 0xDA}:
            break
        (length,) = reader.unpack(">H", position + 2)
        if length < 2:
            raise reader.broken("a segment has no length")
        if 0xC0 <= code <= 0xCF and code not in {0xC4, 0xC8, 0xCC}:
            bits, height, width, channels = reader.unpack(">BHHB", position + 4)
            return ImageHeader("image/jpeg", width, height, 1, 0, channels, bits, orientation or 1)
        if code == 0xE1:
            segment = reader.at(position + 4, length - 2)
            # The first Exif segment counts (CIPA DC-008, 4.7.2: there is to be one).
            if segment.startswith(b"Exif\0\0") and not orientation:
                orientation = exif_orientation(segment[6:])
        position += 2 + length
    raise reader.broken("it has no frame header")


def _png(reader: _Reader) -> ImageHeader:
    """Walk the chunks: IHDR must be first, IEND must come (PNG, 5.6)."""
    length, kind, width, height, bits, colour = reader.unpack(">I4sIIBB", 8)
    if kind != b"IHDR" or length != 13 or not 0 < bits <= 16:
        raise reader.broken("its header chunk is missing")
    channels = {0: 1, 2: 3, 3: 4, 4: 2, 6: 4}.get(colour)
    if channels is None or width > 0x7FFFFFFF or height > 0x7FFFFFFF:
        raise reader.broken("its header chunk is wrong")
    frames, orientation, position, data = 1, 1, 33, False
    # A picture may lie in many small data chunks: only other chunks count as segments.
    others = 0
    while others < MAX_SEGMENTS:
        length, kind = _chunk(reader, position)
        if kind == b"IEND":
            if not data:
                raise reader.broken("it has no picture data")
            return ImageHeader("image/png", width, height, frames, 0, channels, bits, orientation)
        if kind in {b"IDAT", b"fdAT"}:
            data = True
        else:
            others += 1
        if kind == b"acTL" and length >= 4:
            (frames,) = reader.unpack(">I", position + 8)
            if not 0 < frames <= MAX_FRAMES:
                raise TooManyFrames(limit=MAX_FRAMES)
        if kind == b"eXIf" and length < 1 << 20:
            orientation = exif_orientation(reader.at(position + 8, length))
        position += 12 + length
    raise reader.broken("it has too many chunks")


def _chunk(reader: _Reader, position: int) -> tuple[int, bytes]:
    raw = reader.at(position, 8)
    (length,) = struct.unpack(">I", raw[:4])
    if length > 0x7FFFFFFF or not raw[4:].isalpha():
        raise reader.broken("a chunk is wrong")
    return length, raw[4:]


def _gif(reader: _Reader) -> ImageHeader:
    """Walk the blocks and count the pictures (GIF89a, section 17 onwards)."""
    width, height, flags = reader.unpack("<HHB", 6)
    position = 13 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
    frames = 0
    # Some programs leave out the last byte; every decoder takes that.
    while not (frames and position == reader.size):
        (mark,) = reader.unpack("<B", position)
        if mark == 0x3B:
            break
        if mark == 0x21:
            position = _gif_blocks(reader, position + 2)
        elif mark == 0x2C:
            left, top, wide, high, local = reader.unpack("<HHHHB", position + 1)
            # A picture may reach over the screen; decoders then grow the canvas.
            width, height = max(width, left + wide), max(height, top + high)
            frames += 1
            if frames > MAX_FRAMES:
                raise TooManyFrames(limit=MAX_FRAMES)
            position = _gif_blocks(reader, position + 11 + (3 << (local & 7) + 1 if local & 0x80 else 0))
        else:
            raise reader.broken("a block is of no known kind")
    if not frames:
        raise reader.broken("it holds no picture")
    return ImageHeader("image/gif", width, height, frames, 0, 4, 8)


def _gif_blocks(reader: _Reader, position: int) -> int:
    """Skip the data sub-blocks at *position*; read the file in large pieces, since they are small."""
    base, window = position, b""
    while True:
        offset = position - base
        if offset >= len(window):
            base, window = position, reader.at(position, min(65536, reader.size - position))
            offset = 0
            if not window:
                raise reader.broken("it ends too early")
        length = window[offset]
        position += 1 + length
        if not length:
            return position


def _webp(reader: _Reader) -> ImageHeader:
    """Read VP8, VP8L or VP8X, and count animation frames (RFC 9649, 2.4 to 2.7)."""
    (declared,) = reader.unpack("<I", 4)
    if declared + 8 > reader.size + 1:
        raise reader.broken("it ends too early")
    kind = reader.at(12, 4)
    if kind == b"VP8 ":
        frame = reader.at(20, 10)
        if frame[3:6] != b"\x9d\x01\x2a":
            raise reader.broken("its start code is missing")
        width, height = (value & 0x3FFF for value in struct.unpack("<HH", frame[6:]))
        return ImageHeader("image/webp", width, height)
    if kind == b"VP8L":
        mark, packed = reader.unpack("<BI", 20)
        if mark != 0x2F:
            raise reader.broken("its start code is missing")
        return ImageHeader("image/webp", (packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1, 1, 0, 4)
    if kind != b"VP8X":
        raise reader.broken("its first chunk is of no known kind")
    raw = reader.at(20, 10)
    width = int.from_bytes(raw[4:7], "little") + 1
    height = int.from_bytes(raw[7:10], "little") + 1
    frames, orientation = _webp_chunks(reader)
    return ImageHeader("image/webp", width, height, frames, 0, 4, 8, orientation)


def _webp_chunks(reader: _Reader) -> tuple[int, int]:
    frames, orientation, pictures, position = 0, 1, 0, 30
    while position + 8 <= reader.size:
        raw = reader.at(position, 8)
        (length,) = struct.unpack("<I", raw[4:])
        if raw[:4] == b"ANMF":
            frames += 1
        elif raw[:4] in {b"VP8 ", b"VP8L"}:
            pictures += 1
        elif raw[:4] == b"EXIF" and length < 1 << 20:
            orientation = exif_orientation(reader.at(position + 8, length).removeprefix(b"Exif\0\0"))
        if frames > MAX_FRAMES:
            raise TooManyFrames(limit=MAX_FRAMES)
        position += 8 + length + (length & 1)
    if not frames and not pictures:
        raise reader.broken("it holds no picture")
    return max(frames, 1), orientation


_TIFF_SIZES = {1: 1, 3: 2, 4: 4, 16: 8}


def _tiff(reader: _Reader) -> ImageHeader:
    """Walk the chain of directories (TIFF 6.0, section 2; BigTIFF has 8-byte offsets)."""
    mark = reader.at(0, 4)
    order = "<" if mark[:2] == b"II" else ">"
    big = 43 in mark[2:4]
    (offset,) = reader.unpack(order + ("Q" if big else "I"), 8 if big else 4)
    largest = ImageHeader("image/tiff", 0, 0)
    pixels, seen = 0, set()
    while offset:
        if offset in seen:
            raise reader.broken("its directories go round in a circle")
        seen.add(offset)
        if len(seen) > MAX_SEGMENTS:
            raise TooManyFrames(limit=MAX_SEGMENTS)
        tags, offset = _tiff_directory(reader, offset, order, big=big)
        width, height = tags.get(256, 0), tags.get(257, 0)
        pixels += width * height
        if width * height > largest.width * largest.height:
            orientation = tags.get(274, 1)
            largest = ImageHeader(
                "image/tiff",
                width,
                height,
                1,
                0,
                min(tags.get(277, 1), 65535),
                max(tags.get(258, 1), 1),
                orientation if 1 <= orientation <= 8 else 1,
            )
    if not seen:
        raise reader.broken("it has no directory")
    return ImageHeader(
        "image/tiff",
        largest.width,
        largest.height,
        len(seen),
        pixels,
        largest.channels,
        largest.bits,
        largest.orientation,
    )


def _tiff_directory(reader: _Reader, offset: int, order: str, *, big: bool) -> tuple[dict[int, int], int]:
    """Return the first value of each numeric tag, and where the next directory is."""
    (count,) = reader.unpack(order + ("Q" if big else "H"), offset)
    step, head = (20, 8) if big else (12, 2)
    if count > MAX_SEGMENTS:
        raise reader.broken("a directory is too long")
    raw = reader.at(offset + head, count * step)
    tags: dict[int, int] = {}
    for start in range(0, len(raw), step):
        tag, kind = struct.unpack_from(order + "HH", raw, start)
        (values,) = struct.unpack_from(order + ("Q" if big else "I"), raw, start + 4)
        size = _TIFF_SIZES.get(kind)
        if size is None or not values or tag in tags:
            continue
        field = start + (12 if big else 8)
        letter = {1: "B", 2: "H", 4: "I", 8: "Q"}[size]
        if size * values <= (8 if big else 4):
            (tags[tag],) = struct.unpack_from(order + letter, raw, field)
        elif tag == 258:
            (pointer,) = struct.unpack_from(order + ("Q" if big else "I"), raw, field)
            (tags[tag],) = reader.unpack(order + letter, pointer)
    (following,) = reader.unpack(order + ("Q" if big else "I"), offset + head + count * step)
    return tags, following


def _exif_entries(block: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Give tag, type, count and value of the first directory of an Exif block (TIFF structure); stop at damage."""
    if block[:4] not in {b"II*\0", b"MM\0*"} or len(block) < 8:
        return
    order = "<" if block[:2] == b"II" else ">"
    (offset,) = struct.unpack_from(order + "I", block, 4)
    if offset + 2 > len(block):
        return
    (count,) = struct.unpack_from(order + "H", block, offset)
    for index in range(min(count, 512)):
        start = offset + 2 + index * 12
        if start + 12 > len(block):
            return
        yield struct.unpack_from(order + "HHIH", block, start)


def exif_orientation(block: bytes) -> int:
    """Return the orientation in an Exif block, 1 where there is none or it is damaged."""
    for tag, kind, values, value in _exif_entries(block):
        if tag == 0x0112 and kind == 3 and values == 1:
            return value if 1 <= value <= 8 else 1
    return 1


def exif_has(block: bytes, tag: int) -> bool:
    """Whether the first directory of an Exif block has *tag*."""
    return any(found == tag for found, _, _, _ in _exif_entries(block))


_READERS = {
    "image/jpeg": _jpeg,
    "image/png": _png,
    "image/gif": _gif,
    "image/webp": _webp,
    "image/tiff": _tiff,
}
