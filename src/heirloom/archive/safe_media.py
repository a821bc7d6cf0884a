"""Sound and film from strangers: the structure is walked, nothing is decoded.

Each check looks at the skeleton that the format demands and at its sizes, which must lie within the file. Sources:
RIFF/WAVE and EBU Tech 3306 (RF64), RFC 9639 (FLAC), ISO/IEC 14496-12 (MP4), RFC 9559 (WebM), RFC 3533 (Ogg).
"""

from __future__ import annotations

import os
import struct
from typing import BinaryIO

from heirloom.archive.safe_errors import BrokenFile
from heirloom.archive.sniff import mpeg_frame_length

_MAX_BOXES = 100_000


def check_media(file: BinaryIO, media_type: str) -> None:
    """Walk the structure of a sound or film of the kind *media_type* (as sniffed).

    Raises:
        BrokenFile: something that must be there is missing, or a size leaves the file.
    """
    size = file.seek(0, os.SEEK_END)
    check = _CHECKS[media_type]
    detail = check(file, size)
    if detail:
        raise BrokenFile(media_type=media_type, detail=detail)


def _at(file: BinaryIO, position: int, length: int) -> bytes:
    file.seek(position)
    return file.read(length)


def _wav(file: BinaryIO, size: int) -> str:
    seen: set[bytes] = set()
    position = 12
    for _ in range(_MAX_BOXES):
        header = _at(file, position, 8)
        if len(header) < 8:
            break
        (length,) = struct.unpack("<I", header[4:])
        name = header[:4]
        seen.add(name)
        if name == b"fmt " and length < 16:
            return "its format chunk is too short"
        if name == b"data" and length == 0xFFFFFFFF:
            # RF64 and streamed files: the data runs to the end, or is sized in ds64.
            break
        if position + 8 + length > size + 1:
            return "a chunk runs past its end"
        position += 8 + length + (length & 1)
    return "" if {b"fmt ", b"data"} <= seen else "it has no sound"


def _flac(file: BinaryIO, size: int) -> str:
    header = _at(file, 4, 38)
    if len(header) < 38 or header[0] & 0x7F or header[1:4] != b"\0\0\x22":
        return "its stream information is missing"
    if int.from_bytes(header[14:17], "big") >> 4 == 0:
        return "its sample rate is 0"
    position, last = 4, False
    for _ in range(1024):
        block = _at(file, position, 4)
        if len(block) < 4:
            return "it ends too early"
        position += 4 + int.from_bytes(block[1:], "big")
        last = bool(block[0] & 0x80)
        if last:
            break
    if not last or position > size:
        return "it ends too early"
    sync = _at(file, position, 2)
    return "" if len(sync) == 2 and sync[0] == 0xFF and sync[1] & 0xFC == 0xF8 else "it has no sound"


def _mp3(file: BinaryIO, size: int) -> str:
    head = _at(file, 0, 10)
    start = 0
    if head.startswith(b"ID3"):
        a, b, c, d = head[6:10]
        start = 10 + (a << 21 | b << 14 | c << 7 | d) + (10 if head[5] & 0x10 else 0)
    if start >= size:
        return "it has no sound"
    window = _at(file, start, 65536)
    for at in range(max(0, len(window) - 4)):
        length = mpeg_frame_length(window[at : at + 4])
        if not length:
            continue
        following = _at(file, start + at + length, 4)
        if mpeg_frame_length(following) or start + at + length >= size - 128:
            return ""
    return "it has no sound"


def _ogg(file: BinaryIO, size: int) -> str:
    header = _at(file, 0, 27)
    if len(header) < 27 or header[4] != 0 or not header[5] & 0x02:
        return "its first page is missing"
    segments = _at(file, 27, header[26])
    if 27 + header[26] + sum(segments) > size:
        return "it ends too early"
    body = _at(file, 27 + header[26], sum(segments))
    starts = (b"OpusHead", b"\x01vorbis", b"\x7fFLAC", b"Speex   ")
    return "" if body.startswith(starts) else "it holds no sound that is known"


def _mp4(file: BinaryIO, size: int) -> str:
    """Walk the top boxes: they must fill the file, and the movie box must be among them."""
    seen: set[bytes] = set()
    position = 0
    for _ in range(_MAX_BOXES):
        if position == size:
            break
        header = _at(file, position, 16)
        if len(header) < 8:
            return "it ends too early"
        (length,) = struct.unpack(">I", header[:4])
        name = header[4:8]
        if length == 1:
            if len(header) < 16:
                return "it ends too early"
            (length,) = struct.unpack(">Q", header[8:])
        elif length == 0:
            length = size - position
        if length < 8 or position + length > size or not name.isascii():
            return "a box runs past its end"
        seen.add(name)
        position += length
    if position != size:
        return "it has too many boxes"
    return "" if b"moov" in seen and (b"mdat" in seen or b"moof" in seen) else "it has no film or sound"


def _webm(file: BinaryIO, size: int) -> str:
    """The EBML head must be followed by a segment (RFC 9559, 4.5)."""
    head = _at(file, 0, 64)
    length, width = _vint(head[4:])
    start = 4 + width + length
    if not width or start + 4 > size:
        return "it ends too early"
    segment = _at(file, start, 12)
    if not segment.startswith(b"\x18\x53\x80\x67"):
        return "it has no segment"
    length, width = _vint(segment[4:])
    unknown = length == (1 << 7 * width) - 1 if width else False
    if not width or (not unknown and start + 4 + width + length > size):
        return "its segment runs past its end"
    body = _at(file, start + 4 + width, 65536)
    return "" if b"\x16\x54\xae\x6b" in body or b"\x1f\x43\xb6\x75" in body else "it has no tracks"


def _vint(data: bytes) -> tuple[int, int]:
    """Read a variable-size integer (RFC 8794, section 4); return its value and width, width 0 where there is none."""
    if not data or not data[0]:
        return 0, 0
    width = 9 - data[0].bit_length()
    if len(data) < width:
        return 0, 0
    value = int.from_bytes(data[:width], "big") & ((1 << 7 * width) - 1)
    return value, width


_CHECKS = {
    "audio/wav": _wav,
    "audio/flac": _flac,
    "audio/mpeg": _mp3,
    "audio/ogg": _ogg,
    "audio/mp4": _mp4,
    "video/mp4": _mp4,
    "video/quicktime": _mp4,
    "video/webm": _webm,
    "video/x-matroska": _webm,
}
