"""What kind of file is this? Decided by its content alone.

The name somebody gave only tells kinds of plain text apart (a table from a note), never a picture from a page.
Where a file could be taken for two kinds, it is refused. Signatures: WHATWG MIME Sniffing, the formats' own
specifications, and IANA media types.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from heirloom.archive.safe_errors import Executable, Polyglot

Family: TypeAlias = Literal[
    "image", "audio", "video", "pdf", "zip", "text", "table", "json", "xml", "svg", "html", "model", "other"
]

#: Bytes at the start that are looked at.
HEAD = 4096
#: Bytes at the end that are looked at: a zip's last record and its longest comment (APPNOTE 4.3.16).
TAIL = 22 + 65535


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file: media type, the extension it is stored and served with, and the checks it goes through."""

    media_type: str
    extension: str
    family: Family


def _kinds(*rows: tuple[str, str, Family]) -> dict[str, Kind]:
    return {media_type: Kind(media_type, extension, family) for media_type, extension, family in rows}


KINDS: dict[str, Kind] = _kinds(
    ("image/jpeg", "jpg", "image"),
    ("image/png", "png", "image"),
    ("image/gif", "gif", "image"),
    ("image/webp", "webp", "image"),
    ("image/tiff", "tif", "image"),
    ("image/heic", "heic", "other"),
    ("image/avif", "avif", "other"),
    ("image/bmp", "bmp", "other"),
    ("image/jp2", "jp2", "other"),
    ("image/svg+xml", "svg", "svg"),
    ("audio/wav", "wav", "audio"),
    ("audio/flac", "flac", "audio"),
    ("audio/mpeg", "mp3", "audio"),
    ("audio/ogg", "ogg", "audio"),
    ("audio/mp4", "m4a", "audio"),
    ("video/mp4", "mp4", "video"),
    ("video/webm", "webm", "video"),
    ("video/x-matroska", "mkv", "video"),
    ("video/quicktime", "mov", "video"),
    ("video/ogg", "ogv", "other"),
    ("application/pdf", "pdf", "pdf"),
    ("application/zip", "zip", "zip"),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx", "zip"),
    ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx", "zip"),
    ("application/vnd.openxmlformats-officedocument.presentationml.presentation", "pptx", "zip"),
    ("application/vnd.oasis.opendocument.text", "odt", "zip"),
    ("application/vnd.oasis.opendocument.spreadsheet", "ods", "zip"),
    ("application/epub+zip", "epub", "zip"),
    ("application/gzip", "gz", "other"),
    ("application/x-7z-compressed", "7z", "other"),
    ("application/vnd.rar", "rar", "other"),
    ("application/x-xz", "xz", "other"),
    ("application/x-bzip2", "bz2", "other"),
    ("application/zstd", "zst", "other"),
    ("application/x-cfb", "doc", "other"),
    ("application/postscript", "ps", "other"),
    ("application/vnd.apple.mpegurl", "m3u8", "other"),
    ("model/gltf-binary", "glb", "model"),
    ("model/gltf+json", "gltf", "json"),
    ("model/ply", "ply", "model"),
    ("text/plain", "txt", "text"),
    ("text/markdown", "md", "text"),
    ("text/csv", "csv", "table"),
    ("text/tab-separated-values", "tsv", "table"),
    ("text/vtt", "vtt", "text"),
    ("application/x-subrip", "srt", "text"),
    ("text/html", "html", "html"),
    ("application/json", "json", "json"),
    ("application/geo+json", "geojson", "json"),
    ("application/ld+json", "jsonld", "json"),
    ("application/xml", "xml", "xml"),
)

#: (signature, offset, media type), the longest first where one begins another.
_SIGNATURES: tuple[tuple[bytes, int, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", 0, "image/png"),
    (b"\xff\xd8\xff", 0, "image/jpeg"),
    (b"GIF87a", 0, "image/gif"),
    (b"GIF89a", 0, "image/gif"),
    (b"II*\0", 0, "image/tiff"),
    (b"MM\0*", 0, "image/tiff"),
    (b"II+\0\x08\0\0\0", 0, "image/tiff"),
    (b"MM\0+\0\x08\0\0", 0, "image/tiff"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", 0, "image/jp2"),
    (b"fLaC", 0, "audio/flac"),
    (b"OggS", 0, "audio/ogg"),
    (b"%PDF-", 0, "application/pdf"),
    (b"%!PS", 0, "application/postscript"),
    (b"PK\x03\x04", 0, "application/zip"),
    (b"PK\x05\x06", 0, "application/zip"),
    (b"PK\x07\x08", 0, "application/zip"),
    (b"\x1f\x8b", 0, "application/gzip"),
    (b"7z\xbc\xaf\x27\x1c", 0, "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", 0, "application/vnd.rar"),
    (b"\xfd7zXZ\0", 0, "application/x-xz"),
    (b"BZh", 0, "application/x-bzip2"),
    (b"\x28\xb5\x2f\xfd", 0, "application/zstd"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0, "application/x-cfb"),
    (b"glTF", 0, "model/gltf-binary"),
    (b"ply\n", 0, "model/ply"),
    (b"ply\r\n", 0, "model/ply"),
)

_PROGRAMS: tuple[bytes, ...] = (
    b"\x7fELF",
    b"MZ",
    b"\xca\xfe\xba\xbe",
    b"\xcf\xfa\xed\xfe",
    b"\xce\xfa\xed\xfe",
    b"\xfe\xed\xfa\xce",
    b"\xfe\xed\xfa\xcf",
    b"\0asm",
    b"#!",
    b"dex\n",
    b"<?php",
    b"L\0\0\0\x01\x14\x02\0",
    b"!<arch>\n",
)

_MP4_AUDIO = {b"M4A ", b"M4B ", b"M4P "}
_MP4_VIDEO = re.compile(rb"isom|iso[2-9]|mp4[12]|avc1|M4V |dash|mmp4|MSNV|3gp[4-9]|cmfc|hvc1")
_HTML = re.compile(
    rb"<(?:!doctype\s+html|html|head|script|iframe|body|style|title|meta|link|object|embed|frameset|base)[\s>/]",
    re.IGNORECASE,
)
_PREAMBLE = rb"(?:\xef\xbb\xbf)?[\s\0]*(?:<!--.*?-->\s*)*"
#: WHATWG MIME Sniffing, 7.1; after an XML declaration only the root itself counts.
_HTML_START = re.compile(
    _PREAMBLE
    + rb"(?:<(?:!doctype\s+html|html|head|script|iframe|body|style|title|meta|h1|div|font|table|a|br|p|b)[\s>/]"
    rb"|<\?xml[^>]*>\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html)[\s>/])",
    re.IGNORECASE | re.DOTALL,
)
#: A drawing, also after a document type that declares nothing itself, as drawing programs write it.
_SVG_START = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*\?>\s*)?(?:<!--.*?-->\s*)*(?:<!DOCTYPE\s+svg\b[^\[<>]*>\s*)?(?:<!--.*?-->\s*)*"
    rb"<(?:svg:)?svg[\s>]",
    re.DOTALL,
)
_SRT = re.compile(rb"(?:\xef\xbb\xbf)?\s*\d+[ \t]*\r?\n\d\d:\d\d:\d\d[,.]\d{3} --> \d\d:\d\d:\d\d[,.]\d{3}")
_TEXT_BY_NAME = {
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
    "tab": "text/tab-separated-values",
    "md": "text/markdown",
    "markdown": "text/markdown",
}


def sniff(head: bytes, tail: bytes, extension: str = "") -> Kind | None:
    """Return the kind that the content shows, or None where it shows none.

    Args:
        head: the first :data:`HEAD` bytes (all, where there are fewer).
        tail: the last :data:`TAIL` bytes (all, where there are fewer).
        extension: from the given name, lower case; tells only kinds of plain text apart.

    Raises:
        Executable: it is a program or a script.
        Polyglot: it shows two kinds.
    """
    media_type = _binary(head)
    if media_type is None:
        if head.startswith(_PROGRAMS):
            raise Executable
        media_type = _text(head, extension)
        if media_type is None:
            return None
    kind = KINDS[media_type]
    _refuse_polyglot(kind, head, tail)
    return kind


def _binary(head: bytes) -> str | None:
    for check in (_by_signature, _riff, _iso_media, _matroska, _mpeg_audio, _bmp):
        found = check(head)
        if found is not None:
            return found
    return None


def _by_signature(head: bytes) -> str | None:
    for signature, offset, media_type in _SIGNATURES:
        if head.startswith(signature, offset):
            if media_type == "audio/ogg" and b"\x80theora" in head[:512]:
                return "video/ogg"
            return media_type
    return None


def _riff(head: bytes) -> str | None:
    if head[:4] not in {b"RIFF", b"RF64", b"BW64"} or len(head) < 12:
        return None
    return {b"WEBP": "image/webp", b"WAVE": "audio/wav"}.get(head[8:12])


def _iso_media(head: bytes) -> str | None:
    """Look at the brands of an ISO base media file (ISO/IEC 14496-12, 4.3)."""
    if head[4:8] != b"ftyp":
        return None
    size = min(struct.unpack(">I", head[:4])[0], len(head), 512)
    major = head[8:12]
    brands = {major, *(head[at : at + 4] for at in range(16, size - 3, 4))}
    if major in _MP4_AUDIO:
        return "audio/mp4"
    if brands & {b"heic", b"heix", b"hevc", b"mif1"} and b"avif" not in brands:
        return "image/heic"
    if b"avif" in brands or b"avis" in brands:
        return "image/avif"
    if major == b"qt  ":
        return "video/quicktime"
    return "video/mp4" if any(_MP4_VIDEO.fullmatch(brand) for brand in brands) else None


def _matroska(head: bytes) -> str | None:
    """EBML with its document type (RFC 8794, RFC 9559)."""
    if not head.startswith(b"\x1a\x45\xdf\xa3"):
        return None
    at = head.find(b"\x42\x82", 4, 128)
    if at < 0:
        return None
    if head[at + 3 : at + 7] == b"webm":
        return "video/webm"
    return "video/x-matroska" if head[at + 3 : at + 11] == b"matroska" else None


def _mpeg_audio(head: bytes) -> str | None:
    """An ID3 tag, or two MPEG frames in a row (ISO/IEC 11172-3, 2.4.1): one sync word alone is chance."""
    if head.startswith(b"ID3") and len(head) >= 10 and head[3] < 5 and all(byte < 128 for byte in head[6:10]):
        return "audio/mpeg"
    length = mpeg_frame_length(head[:4])
    if length and mpeg_frame_length(head[length : length + 4]):
        return "audio/mpeg"
    return None


_BITRATES = {
    (3, 3): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (3, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (3, 1): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 3): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 1): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_SAMPLE_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}


def mpeg_frame_length(header: bytes) -> int:
    """Return the length in bytes of the MPEG audio frame with this header, 0 where it is none."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return 0
    version, layer = header[1] >> 3 & 3, header[1] >> 1 & 3
    rate_index, sample_index, padding = header[2] >> 4, header[2] >> 2 & 3, header[2] >> 1 & 1
    if version == 1 or layer == 0 or not 0 < rate_index < 15 or sample_index == 3:
        return 0
    rate = _BITRATES[(3 if version == 3 else 2, layer)][rate_index - 1] * 1000
    samples = _SAMPLE_RATES[version][sample_index]
    if layer == 3:
        return (12 * rate // samples + padding) * 4
    return (72 if layer == 1 and version != 3 else 144) * rate // samples + padding


def _bmp(head: bytes) -> str | None:
    if (
        head.startswith(b"BM")
        and head[6:10] == b"\0\0\0\0"
        and len(head) > 18
        and head[14] in {12, 40, 108, 124}
    ):
        return "image/bmp"
    return None


def _text(head: bytes, extension: str) -> str | None:
    """Tell kinds of text apart by how they begin; None where there is a byte that no text has."""
    if b"\0" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return None
    body = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if _HTML_START.match(head):
        return "text/html"
    if _SVG_START.match(head):
        return "image/svg+xml"
    written = _TEXT_BY_NAME.get(extension, "text/plain" if extension == "txt" else "")
    if body.startswith(b"<?xml") or (body.startswith(b"<") and not written):
        return "application/xml"
    for start, media_type in ((b"WEBVTT", "text/vtt"), (b"#EXTM3U", "application/vnd.apple.mpegurl")):
        if body.startswith(start):
            return media_type
    if _SRT.match(head):
        return "application/x-subrip"
    if body[:1] in {b"{", b"["} and not written:
        return "application/json"
    return written or "text/plain"


def _refuse_polyglot(kind: Kind, head: bytes, tail: bytes) -> None:
    first = kind.media_type
    if kind.family not in {"html", "svg", "xml", "text", "table", "json"} and _HTML.search(head[:1024]):
        raise Polyglot(first=first, second="text/html")
    if kind.family != "pdf" and b"%PDF-" in head[:1029]:
        raise Polyglot(first=first, second="application/pdf")
    if kind.family not in {"zip", "other"} and _ends_as_zip(tail):
        raise Polyglot(first=first, second="application/zip")


def _ends_as_zip(tail: bytes) -> bool:
    """Whether the file ends with a zip's last record whose comment fills it to the end (APPNOTE 4.3.16)."""
    at = tail.rfind(b"PK\x05\x06")
    while at >= 0:
        if len(tail) - at >= 22:
            (comment,) = struct.unpack_from("<H", tail, at + 20)
            if at + 22 + comment == len(tail):
                return True
        at = tail.rfind(b"PK\x05\x06", 0, at + 3) if at else -1
    return False


#: What tells zip-based documents apart: a member, and what its bytes begin with or hold.
Member: TypeAlias = Callable[[str], bytes | None]


def zip_document(names: frozenset[str], read: Member) -> str:
    """Return the media type of a zip by the members it has; *read* returns the first bytes of one."""
    declared = read("mimetype")
    if declared is not None:
        text = declared.decode("ascii", "replace").strip()
        if text in KINDS and KINDS[text].family == "zip":
            return text
    if "[Content_Types].xml" in names:
        for member, subtype in (
            ("xl/workbook.xml", "spreadsheetml.sheet"),
            ("word/document.xml", "wordprocessingml.document"),
            ("ppt/presentation.xml", "presentationml.presentation"),
        ):
            if member in names:
                return f"application/vnd.openxmlformats-officedocument.{subtype}"
    return "application/zip"
