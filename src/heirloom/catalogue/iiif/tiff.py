"""Tiles of a pyramidal TIFF, handed on as they lie in the file.

A tiled JPEG TIFF keeps every tile as a JPEG stream without its tables; the tables stand once per level in the tag
``JPEGTables`` (TIFF Technical Note 2, 1995). Putting both together gives a complete JPEG image without decoding
a single pixel, which makes a deep-zoom tile about as cheap as a static file.

:class:`TiledTiff` parses the directories once and keeps the file open; :class:`OpenTiffs` keeps the last few by
the identity of their files. Classic and BigTIFF, both byte orders; the reduced levels may follow as further
directories or hang below the first as ``SubIFDs`` (TIFF 6.0; Adobe TIFF Technical Note 1).
"""

from __future__ import annotations

import os
import struct
import sys
import threading
from array import array
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path

from heirloom.errors import HeirloomError, gettext_noop

# Tags of TIFF 6.0 and Technical Note 2.
_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC = 256, 257, 258, 259, 262
_SAMPLES, _PLANAR, _TILE_WIDTH, _TILE_HEIGHT, _TILE_OFFSETS, _TILE_COUNTS = 277, 284, 322, 323, 324, 325
_SUB_IFDS, _JPEG_TABLES, _SUBSAMPLING = 330, 347, 530
_WANTED = frozenset(
    {_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _SAMPLES, _PLANAR, _TILE_WIDTH, _TILE_HEIGHT}
    | {_TILE_OFFSETS, _TILE_COUNTS, _SUB_IFDS, _JPEG_TABLES, _SUBSAMPLING}
)
_TYPES = {1: "B", 3: "H", 4: "L", 7: "B", 13: "L", 16: "Q", 18: "Q"}
_BYTES = {"B": 1, "H": 2, "L": 4, "Q": 8}
_CODES = {1: "B", 2: "H", 4: "I", 8: "Q"}

_JPEG = 7
_GRAY, _RGB, _YCBCR = 1, 2, 6
_MAX_LEVELS = 32
_MAX_TILES = 1 << 22
_MAX_ENTRIES = 4096
_MAX_TILE_BYTES = 1 << 24
# Markers that tell a decoder which colours the components are, since a bare TIFF tile does not say (JFIF 1.02;
# ITU-T T.872, 6.5.3: Adobe marker, transform 0 = RGB).
_JFIF = b"\xff\xe0\x00\x10JFIF\x00\x01\x02\x00\x00\x01\x00\x01\x00\x00"
_ADOBE_RGB = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x00"


class UnreadableMaster(HeirloomError):
    """The file is not a tiled TIFF that images can be served from."""

    code = "iiif.unreadable-master"
    message = gettext_noop("The image file cannot be read: {reason}.")
    status = 500


@dataclass(frozen=True, slots=True)
class Level:
    """One resolution of the pyramid; ``page`` and ``subifd`` are where it stands in the file."""

    page: int
    subifd: int
    width: int
    height: int
    tile_width: int
    tile_height: int
    samples: int
    photometric: int
    subsampling: tuple[int, int]
    tables: bytes = field(repr=False)
    head: bytes | None = field(repr=False)
    """Start of a complete JPEG up to and with its tables; ``None`` where tiles cannot be handed on."""
    offsets: array[int] = field(repr=False)
    counts: array[int] = field(repr=False)

    @property
    def across(self) -> int:
        """Tiles in a row."""
        return -(-self.width // self.tile_width)

    @property
    def down(self) -> int:
        """Rows of tiles."""
        return -(-self.height // self.tile_height)


class TiledTiff:
    """An open pyramidal tiled TIFF.

    ``levels`` run from the full size down, each half the one before (rounded down). The file stays open as long
    as somebody holds the object, so a tile can be read while another thread drops it from the cache.

    Raises:
        UnreadableMaster: no TIFF, not tiled, or its directories contradict themselves.
        OSError: the file cannot be opened or read.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            self.stat = os.fstat(self._file)
            self.levels = _pyramid(_Directories(self._file, self.stat.st_size).read())
        except struct.error as error:
            self.close()
            raise UnreadableMaster(reason="a directory is cut short") from error
        except BaseException:
            self.close()
            raise

    @property
    def width(self) -> int:
        """Width of the full image in pixels."""
        return self.levels[0].width

    @property
    def height(self) -> int:
        """Height of the full image in pixels."""
        return self.levels[0].height

    def tile(self, level: Level, column: int, row: int) -> bytes | None:
        """The tile as a complete JPEG image, or ``None`` where it cannot be handed on as it is."""
        if level.head is None:
            return None
        index = row * level.across + column
        data = os.pread(self._file, level.counts[index], level.offsets[index])
        if len(data) != level.counts[index] or data[:2] != b"\xff\xd8":
            return None
        return level.head + data[2:]

    def stored(self, level: Level, index: int) -> bytes:
        """The bytes of tile number *index* (row by row) as they lie in the file."""
        return os.pread(self._file, level.counts[index], level.offsets[index])

    def close(self) -> None:
        """Close the file; done by itself when nobody holds the object any more."""
        file, self._file = self._file, -1
        if file >= 0:
            os.close(file)

    def __del__(self) -> None:
        if getattr(self, "_file", -1) >= 0:
            self.close()


class OpenTiffs:
    """The last few opened TIFFs, by path and identity of the file (device, inode, size, time of change).

    A file that is replaced (by rename, as every write here) is opened anew at the next request.
    """

    def __init__(self, capacity: int = 64) -> None:
        self._capacity = capacity
        self._open: OrderedDict[str, tuple[tuple[int, int, int, int], TiledTiff]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, path: str) -> TiledTiff:
        """The open TIFF at *path*. Raises as :class:`TiledTiff`."""
        stat = os.stat(path)  # noqa: PTH116 - once per tile, and several times cheaper than Path.stat
        identity = file_identity(stat)
        with self._lock:
            found = self._open.get(path)
            if found is not None and found[0] == identity:
                self._open.move_to_end(path)
                return found[1]
        tiff = TiledTiff(path)
        with self._lock:
            self._open[path] = (file_identity(tiff.stat), tiff)
            self._open.move_to_end(path)
            while len(self._open) > self._capacity:
                self._open.popitem(last=False)
        return tiff

    def clear(self) -> None:
        """Forget all files."""
        with self._lock:
            self._open.clear()

    def __len__(self) -> int:
        return len(self._open)


def file_identity(stat: os.stat_result) -> tuple[int, int, int, int]:
    """What tells one content of a path from the next."""
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns


@dataclass(frozen=True, slots=True)
class _Entry:
    """One tag of a directory: its numbers lie at ``offset``, ``count`` of them, of struct code ``code``."""

    code: str
    count: int
    offset: int


class _Directories:
    """The image file directories of one TIFF, with every number checked against the size of the file."""

    def __init__(self, file: int, size: int) -> None:
        self._file = file
        self._size = size
        head = self._bytes(0, 16 if size >= 16 else 8)
        orders = {b"II": "<", b"MM": ">"}
        if head[:2] not in orders:
            raise UnreadableMaster(reason="it is not a TIFF")
        self._order = orders[head[:2]]
        version = struct.unpack_from(self._order + "H", head, 2)[0]
        if version == 43 and struct.unpack_from(self._order + "HH", head, 4) == (8, 0):
            self._big = True
            self._first = struct.unpack_from(self._order + "Q", head, 8)[0]
        elif version == 42:
            self._big = False
            self._first = struct.unpack_from(self._order + "L", head, 4)[0]
        else:
            raise UnreadableMaster(reason="it is not a TIFF")

    def read(self) -> list[Level]:
        """All tiled images of the file, in the order of their directories; those that are not tiled are left out."""
        levels: list[Level] = []
        seen: set[int] = set()
        offset, page = self._first, 0
        while offset and page < _MAX_LEVELS:
            if offset in seen:
                raise UnreadableMaster(reason="its directories run in a circle")
            seen.add(offset)
            entries, following = self._directory(offset)
            if level := self._level(entries, page, -1):
                levels.append(level)
            if page == 0 and _SUB_IFDS in entries:
                for subifd, below in enumerate(self._numbers(entries[_SUB_IFDS], _MAX_LEVELS)):
                    if level := self._level(self._directory(below)[0], 0, subifd):
                        levels.append(level)
            offset, page = following, page + 1
        return levels

    def _bytes(self, offset: int, length: int) -> bytes:
        if offset + length > self._size:
            raise UnreadableMaster(reason="it ends before its data does")
        data = os.pread(self._file, length, offset)
        if len(data) != length:
            raise UnreadableMaster(reason="it ends before its data does")
        return data

    def _directory(self, offset: int) -> tuple[dict[int, _Entry], int]:
        counter, length, value = ("Q", 20, 12) if self._big else ("H", 12, 8)
        size = _BYTES[counter]
        count = struct.unpack(self._order + counter, self._bytes(offset, size))[0]
        if count > _MAX_ENTRIES:
            raise UnreadableMaster(reason="a directory is too long")
        pointer = "Q" if self._big else "L"
        data = self._bytes(offset + size, count * length + _BYTES[pointer])
        entries: dict[int, _Entry] = {}
        for index in range(count):
            at = index * length
            tag, kind = struct.unpack_from(self._order + "HH", data, at)
            if tag not in _WANTED or kind not in _TYPES:
                continue
            (number,) = struct.unpack_from(self._order + pointer, data, at + 4)
            inline = number * _BYTES[_TYPES[kind]] <= _BYTES[pointer]
            place = (
                offset + size + at + value
                if inline
                else struct.unpack_from(self._order + pointer, data, at + value)[0]
            )
            entries[tag] = _Entry(_TYPES[kind], number, place)
        (following,) = struct.unpack_from(self._order + pointer, data, count * length)
        return entries, following

    def _numbers(self, entry: _Entry, most: int) -> array[int]:
        if entry.count > most:
            raise UnreadableMaster(reason="a directory holds too many numbers")
        width = _BYTES[entry.code]
        numbers = array(_CODES[width])
        assert numbers.itemsize == width
        numbers.frombytes(self._bytes(entry.offset, entry.count * width))
        if (self._order == "<") != (sys.byteorder == "little"):
            numbers.byteswap()
        return numbers

    def _one(self, entries: dict[int, _Entry], tag: int, default: int) -> int:
        if tag not in entries:
            return default
        numbers = self._numbers(entries[tag], 16)
        return numbers[0] if numbers else default

    def _level(self, entries: dict[int, _Entry], page: int, subifd: int) -> Level | None:
        if not {_WIDTH, _HEIGHT, _TILE_WIDTH, _TILE_HEIGHT, _TILE_OFFSETS, _TILE_COUNTS} <= entries.keys():
            return None
        width, height, tile_width, tile_height = (
            self._one(entries, tag, 0) for tag in (_WIDTH, _HEIGHT, _TILE_WIDTH, _TILE_HEIGHT)
        )
        if min(width, height, tile_width, tile_height) < 1:
            raise UnreadableMaster(reason="a level has no pixels")
        tiles = -(-width // tile_width) * -(-height // tile_height)
        if tiles > _MAX_TILES:
            raise UnreadableMaster(reason="a level has too many tiles")
        chunky = self._one(entries, _PLANAR, 1) == 1
        tables = self._numbers(entries[_JPEG_TABLES], 1 << 16).tobytes() if _JPEG_TABLES in entries else b""
        chroma = self._numbers(entries[_SUBSAMPLING], 2).tolist() if _SUBSAMPLING in entries else []
        offsets = self._numbers(entries[_TILE_OFFSETS], _MAX_TILES * 4)
        counts = self._numbers(entries[_TILE_COUNTS], _MAX_TILES * 4)
        if chunky and not len(offsets) == len(counts) == tiles:
            raise UnreadableMaster(reason="a level lacks tiles")
        return Level(
            page=page,
            subifd=subifd,
            width=width,
            height=height,
            tile_width=tile_width,
            tile_height=tile_height,
            samples=self._one(entries, _SAMPLES, 1),
            photometric=self._one(entries, _PHOTOMETRIC, -1),
            subsampling=(chroma[0], chroma[1]) if len(chroma) == 2 else (2, 2),
            tables=tables,
            head=self._head(entries, tables) if chunky and max(counts) <= _MAX_TILE_BYTES else None,
            offsets=offsets,
            counts=counts,
        )

    def _head(self, entries: dict[int, _Entry], tables: bytes) -> bytes | None:
        """What stands before a tile's own data in a complete JPEG; ``None`` if tiles are not baseline JPEG."""
        samples = self._one(entries, _SAMPLES, 1)
        if self._one(entries, _COMPRESSION, 1) != _JPEG or self._one(entries, _BITS, 1) != 8:
            return None
        colours = {(_GRAY, 1): _JFIF, (_YCBCR, 3): _JFIF, (_RGB, 3): _ADOBE_RGB}
        marker = colours.get((self._one(entries, _PHOTOMETRIC, -1), samples))
        if marker is None:
            return None
        if tables and (tables[:2] != b"\xff\xd8" or tables[-2:] != b"\xff\xd9"):
            return None
        return b"\xff\xd8" + marker + tables[2:-2]


def _pyramid(levels: list[Level]) -> tuple[Level, ...]:
    """The chain of levels that halve, from the full size down; other images in the file are left out."""
    if not levels:
        raise UnreadableMaster(reason="it is not tiled")
    chain = [levels[0]]
    for level in levels[1:]:
        last = chain[-1]
        halved = max(last.width // 2, 1), max(last.height // 2, 1)
        same_tiles = (level.tile_width, level.tile_height) == (last.tile_width, last.tile_height)
        if (level.width, level.height) == halved and same_tiles and level.samples == last.samples:
            chain.append(level)
    return tuple(chain)
