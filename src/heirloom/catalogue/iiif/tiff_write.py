"""Put finished JPEG tiles together into a pyramidal TIFF, without decoding them.

libvips fills the part of an edge tile that lies outside the image with black, and JPEG smears that black over the last
rows and columns of the picture: up to 15 of 255 in the last column. So a master is first written with a margin of
repeated edge pixels, and this module then takes over the tiles that belong to the image, under its true size.

Directories and tables stand at the front of the file, so that opening it reads one stretch. Classic TIFF, or BigTIFF
where it would not fit (TIFF 6.0; BigTIFF as libtiff 4 has it).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

from heirloom.catalogue.iiif.tiff import Level, TiledTiff

_SHORT, _LONG, _RATIONAL, _UNDEFINED, _LONG8 = 3, 4, 5, 7, 16
_SIZES = {_SHORT: 2, _LONG: 4, _RATIONAL: 8, _UNDEFINED: 1, _LONG8: 8}
_CODES = {_SHORT: "H", _LONG: "L", _RATIONAL: "L", _UNDEFINED: "B", _LONG8: "Q"}
_YCBCR = 6
# YCbCr of JPEG uses all values: luma 0 to 255, chroma around 128 (TIFF 6.0, ReferenceBlackWhite, as rationals).
_FULL_RANGE = (0, 1, 255, 1, 128, 1, 255, 1, 128, 1, 255, 1)
_CLASSIC_END = (1 << 32) - (1 << 16)


@dataclass(frozen=True, slots=True)
class _Tag:
    tag: int
    kind: int
    values: Sequence[int]

    def packed(self) -> bytes:
        return struct.pack(f"<{len(self.values)}{_CODES[self.kind]}", *self.values)

    @property
    def count(self) -> int:
        return len(self.values) // (2 if self.kind == _RATIONAL else 1)


def write_pyramid(file: BinaryIO, margined: TiledTiff, sizes: Sequence[tuple[int, int]]) -> None:
    """Write to *file* the levels of *margined* as though they had the *sizes*; surplus tiles are left out.

    Args:
        file: open for writing, empty.
        margined: a pyramid of baseline JPEG tiles whose levels are at least as large as *sizes*.
        sizes: width and height of each level to write, the full size first.

    Raises:
        ValueError: *margined* has fewer or smaller levels, or tiles that are not JPEG.
    """
    levels = margined.levels
    if len(levels) < len(sizes) or any(
        level.width < width or level.height < height or level.head is None
        for level, (width, height) in zip(levels, sizes, strict=False)
    ):
        raise ValueError("the margined pyramid does not hold the sizes")
    tiles = [_belonging(level, *size) for level, size in zip(levels, sizes, strict=False)]
    data = sum(level.counts[tile] for level, kept in zip(levels, tiles, strict=False) for tile in kept)
    headers = sum(len(kept) * 16 + 2048 for kept in tiles)
    big = data + headers > _CLASSIC_END
    # Twice: sizes do not depend on offsets, so the first round finds where the tiles will lie.
    front = _front(levels, sizes, tiles, big=big, start=0)
    file.write(_front(levels, sizes, tiles, big=big, start=len(front)))
    for level, kept in zip(levels, tiles, strict=False):
        file.writelines(margined.stored(level, tile) for tile in kept)


def _belonging(level: Level, width: int, height: int) -> list[int]:
    """Numbers of the tiles of *level* that an image of *width* × *height* has, row by row."""
    across, down = -(-width // level.tile_width), -(-height // level.tile_height)
    return [row * level.across + column for row in range(down) for column in range(across)]


def _front(
    levels: Sequence[Level],
    sizes: Sequence[tuple[int, int]],
    tiles: Sequence[Sequence[int]],
    *,
    big: bool,
    start: int,
) -> bytes:
    """Header and directories of a file whose tiles begin at *start*."""
    out = bytearray(
        struct.pack("<2sHHHQ", b"II", 43, 8, 0, 16) if big else struct.pack("<2sHL", b"II", 42, 8)
    )
    at = start
    for number, (level, size, kept) in enumerate(zip(levels, sizes, tiles, strict=False)):
        offsets = []
        for tile in kept:
            offsets.append(at)
            at += level.counts[tile]
        tags = _tags(level, size, offsets, [level.counts[tile] for tile in kept], reduced=number > 0, big=big)
        _append_directory(out, tags, big=big, last=number == len(sizes) - 1)
    return bytes(out)


def _tags(
    level: Level, size: tuple[int, int], offsets: list[int], counts: list[int], *, reduced: bool, big: bool
) -> list[_Tag]:
    tags = [
        _Tag(254, _LONG, [int(reduced)]),
        _Tag(256, _LONG, [size[0]]),
        _Tag(257, _LONG, [size[1]]),
        _Tag(258, _SHORT, [8] * level.samples),
        _Tag(259, _SHORT, [7]),
        _Tag(262, _SHORT, [level.photometric]),
        _Tag(277, _SHORT, [level.samples]),
        _Tag(284, _SHORT, [1]),
        _Tag(322, _LONG, [level.tile_width]),
        _Tag(323, _LONG, [level.tile_height]),
        _Tag(324, _LONG8 if big else _LONG, offsets),
        _Tag(325, _LONG, counts),
    ]
    if level.tables:
        tags.append(_Tag(347, _UNDEFINED, level.tables))
    if level.photometric == _YCBCR:
        tags += [_Tag(530, _SHORT, level.subsampling), _Tag(532, _RATIONAL, _FULL_RANGE)]
    return tags


def _append_directory(out: bytearray, tags: list[_Tag], *, big: bool, last: bool) -> None:
    """Append one directory with its values; the next one, unless *last*, follows at once."""
    counter, pointer, room = ("Q", "Q", 8) if big else ("H", "L", 4)
    entry = struct.calcsize(f"<HH{pointer}") + room
    values_at = len(out) + struct.calcsize(f"<{counter}") + len(tags) * entry + room
    entries, values = bytearray(), bytearray()
    for tag in tags:
        packed = tag.packed()
        entries += struct.pack(f"<HH{pointer}", tag.tag, tag.kind, tag.count)
        if len(packed) <= room:
            entries += packed.ljust(room, b"\0")
        else:
            entries += struct.pack(f"<{pointer}", values_at + len(values))
            # Values begin at even places (TIFF 6.0, section 2), those of BigTIFF at multiples of eight.
            values += packed + bytes(-len(packed) % 8)
    following = 0 if last else values_at + len(values) + -(values_at + len(values)) % 8
    out += struct.pack(f"<{counter}", len(tags)) + entries + struct.pack(f"<{pointer}", following) + values
    out += bytes(-len(out) % 8)
