"""3D models from strangers: glTF, its binary form, and PLY.

A model must hold all its parts: nothing is fetched for it. Sources: Khronos glTF 2.0 (sections 3 and 4), Greg Turk's
PLY description (1994).
"""

from __future__ import annotations

import os
import struct
from typing import BinaryIO

from heirloom.archive.safe_errors import BrokenFile, ExternalReference
from heirloom.archive.safe_json import Json, JsonLimits, load_json

MAX_ELEMENTS = 200_000_000


def check_glb(file: BinaryIO, limits: JsonLimits) -> None:
    """Check a binary glTF: its chunks fill the file, the first is JSON, and it refers to nothing outside.

    Raises:
        BrokenFile: the structure is not that of a binary glTF 2.
        ExternalReference: a buffer or picture lies elsewhere.
        UnsafeJson: the JSON chunk is not acceptable JSON.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    head = file.read(20)
    if len(head) < 20:
        raise _broken("it ends too early")
    version, length, chunk, kind = struct.unpack("<III4s", head[4:])
    if version != 2 or length != size or kind != b"JSON" or chunk + 20 > size or chunk > limits.bytes:
        raise _broken("its header and its size disagree")
    check_gltf(file.read(chunk), limits, folder=False)
    position = 20 + chunk
    while position < size:
        file.seek(position)
        following = file.read(8)
        if len(following) < 8:
            raise _broken("it ends too early")
        (chunk,) = struct.unpack("<I", following[:4])
        position += 8 + chunk
    if position != size:
        raise _broken("a chunk runs past its end")


def check_gltf(data: bytes, limits: JsonLimits, *, folder: bool) -> None:
    """Check a glTF document; with *folder* its parts may lie beside it, under plain relative names."""
    document = load_json(data, limits)
    asset = document.get("asset") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(asset, dict) or asset.get("version") != "2.0":
        raise _broken("it is no glTF 2.0")
    for group in ("buffers", "images"):
        parts = document.get(group)
        for part in parts if isinstance(parts, list) else []:
            _check_uri(part, folder=folder)


def _check_uri(part: Json, *, folder: bool) -> None:
    uri = part.get("uri") if isinstance(part, dict) else None
    if uri is None or (isinstance(uri, str) and uri.startswith("data:")):
        return
    if not isinstance(uri, str):
        raise _broken("a reference is no text")
    plain = not uri.startswith(("/", "\\")) and ":" not in uri and ".." not in uri and "\\" not in uri
    if not (folder and plain):
        raise ExternalReference(name=uri[:80])


def check_ply(file: BinaryIO) -> None:
    """Check the header of a PLY file and that its counts can fit in its size."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    head = file.read(65536)
    end = head.find(b"end_header")
    if end < 0:
        raise _broken("its header does not end", "model/ply")
    lines = head[:end].decode("latin-1").split("\n")
    words = [line.split() for line in lines if line.strip()]
    formats = [word for word in words if word[0] == "format"]
    if len(formats) != 1 or formats[0][1:2] not in (
        ["ascii"],
        ["binary_little_endian"],
        ["binary_big_endian"],
    ):
        raise _broken("its format line is missing", "model/ply")
    total = 0
    for word in words:
        if word[0] == "element":
            if len(word) != 3 or not word[2].isdecimal() or len(word[2]) > 12:
                raise _broken("an element line is wrong", "model/ply")
            total += int(word[2])
    # Every element takes at least one byte.
    if not total or total > MAX_ELEMENTS or total > size:
        raise _broken("its counts and its size disagree", "model/ply")


def _broken(detail: str, media_type: str = "model/gltf-binary") -> BrokenFile:
    return BrokenFile(media_type=media_type, detail=detail)
