"""The gate for everything that strangers send: what is it, is it whole, is it safe to keep and to show?

:func:`inspect` looks at one file and either says what it is or refuses it with a coded reason. It decides by
content, reads sizes from headers before anything is decoded, and lets no C library see the file but in a limited
process of its own. It writes nothing that stays.

Served later, a file gets the media type found here, never one that was claimed.
"""

from __future__ import annotations

import contextlib
import os
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO, Literal

from heirloom.archive import safe_media, safe_model, safe_pdf, safe_text, safe_xml
from heirloom.archive.names import StoredName, clean_name
from heirloom.archive.safe_errors import (
    ActiveContent,
    BadProportions,
    BrokenFile,
    DecodeLimit,
    EmptyFile,
    FileTooLarge,
    ImageBomb,
    Macro,
    NotRegularFile,
    Refused,
    TooManyFrames,
    TooManyPixels,
    TypeNotAllowed,
    Undecodable,
    UnknownType,
)
from heirloom.archive.safe_image import ImageHeader, read_header
from heirloom.archive.safe_json import Json, JsonLimits, load_json
from heirloom.archive.safe_text import TableBounds, neutralise_formula
from heirloom.archive.safe_xml import XmlBounds, sanitise_html, sanitise_svg
from heirloom.archive.safe_zip import SafeZip, ZipLimits, extract_zip
from heirloom.archive.sandbox import SandboxExit, SandboxFailure, SandboxLimits, run_limited
from heirloom.archive.sniff import HEAD, KINDS, TAIL, Kind, sniff, zip_document

__all__ = [
    "ANYTHING",
    "AUDIO",
    "DOCUMENTS",
    "DRAWINGS",
    "IMAGES",
    "MODELS",
    "TABLES",
    "VIDEO",
    "Accepted",
    "Policy",
    "Refused",
    "ZipLimits",
    "extract_zip",
    "inspect",
    "neutralise_formula",
]

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

IMAGES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp", "image/tiff"})
DRAWINGS = frozenset({"image/svg+xml"})
AUDIO = frozenset({"audio/wav", "audio/flac", "audio/mpeg", "audio/ogg", "audio/mp4"})
VIDEO = frozenset({"video/mp4", "video/webm"})
TABLES = frozenset(
    {
        "text/csv",
        "text/tab-separated-values",
        _XLSX,
        "application/json",
        "application/geo+json",
        "application/xml",
    }
)
DOCUMENTS = frozenset({"application/pdf", "text/plain", "text/markdown", "text/vtt", "application/x-subrip"})
MODELS = frozenset({"model/gltf-binary", "model/gltf+json", "model/ply"})
ANYTHING = IMAGES | DRAWINGS | AUDIO | VIDEO | TABLES | DOCUMENTS | MODELS | frozenset({"application/zip"})


@dataclass(frozen=True, slots=True)
class Policy:
    """What may come in at one door.

    Attributes:
        media_types: kinds that are accepted.
        max_bytes: size of the file.
        max_document_bytes: size of a file that is parsed in memory (JSON, SVG, HTML).
        max_pixels: pixels of all pictures of an image together.
        max_aspect: longer side to shorter side.
        max_frames: pictures in one image.
        max_expansion: decoded bytes to file bytes, judged above *expansion_from* decoded bytes.
        svg, html: rebuild from an allow-list, or refuse.
        decode: limits of the process that reads images to their end; None leaves that out.
    """

    media_types: frozenset[str] = ANYTHING
    max_bytes: int = 4 * 1024**3
    max_document_bytes: int = 32 * 1024**2
    max_pixels: int = 1_000_000_000
    max_aspect: int = 100
    max_frames: int = 2_000
    max_expansion: int = 1_000
    expansion_from: int = 64 * 1024**2
    svg: Literal["sanitise", "refuse"] = "sanitise"
    html: Literal["sanitise", "refuse"] = "refuse"
    zip: ZipLimits = field(default_factory=ZipLimits)
    xml: XmlBounds = field(default_factory=XmlBounds)
    table: TableBounds = field(default_factory=TableBounds)
    decode: SandboxLimits | None = field(default_factory=SandboxLimits)

    def only(self, media_types: frozenset[str]) -> Policy:
        """Return the policy for these kinds alone."""
        return replace(self, media_types=media_types)


@dataclass(frozen=True, slots=True)
class Accepted:
    """A file that passed.

    Attributes:
        media_type: the kind by content; serve it as this.
        extension: the extension that belongs to the kind; store it with this.
        size: bytes.
        name: the given name in its safe form; *original_name* is it to the letter.
        width, height: pixels as shown (after orientation), for images.
        frames: pictures, for images.
        orientation: Exif orientation as stored.
        entries: files, for zips and documents that are zips.
        sanitised: what to keep instead of the file, where it had to be rebuilt (SVG, HTML).
        notes: what was changed or is worth knowing: ``renamed-extension``, ``removed:<name>``, ``name:<change>``.
    """

    media_type: str
    extension: str
    size: int
    stored: StoredName
    width: int | None = None
    height: int | None = None
    frames: int | None = None
    orientation: int = 1
    entries: int | None = None
    sanitised: bytes | None = None
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name to show, in NFC and in any script."""
        return self.stored.value

    @property
    def original_name(self) -> str:
        """The name as it was given."""
        return self.stored.original


def inspect(source: Path | BinaryIO, declared_name: str | bytes, policy: Policy | None = None) -> Accepted:
    """Judge one file.

    Args:
        source: a path to a plain file, or an open, seekable binary file (it is left open).
        declared_name: the name that came with it; never used as a path, and only to tell kinds of text apart.
        policy: what is accepted; everything known, by default.

    Raises:
        Refused: a subclass with a code for each reason (:mod:`heirloom.archive.safe_errors`).
    """
    policy = policy or Policy()
    stored = clean_name(declared_name)
    with _opened(source) as file:
        size = file.seek(0, os.SEEK_END)
        if size == 0:
            raise EmptyFile
        if size > policy.max_bytes:
            raise FileTooLarge(size=size, limit=policy.max_bytes)
        kind = _kind(file, size, stored.extension, policy)
        path = source if isinstance(source, Path) else None
        found = _FAMILIES[kind.family](_Case(file, size, kind, stored, policy, path))
    changes = tuple(f"name:{change}" for change in stored.changes if change != "nfc")
    renamed = ("renamed-extension",) if _extension_differs(stored.extension, found.media_type) else ()
    return replace(found, notes=(*found.notes, *renamed, *changes))


@contextlib.contextmanager
def _opened(source: Path | BinaryIO) -> Iterator[BinaryIO]:
    if not isinstance(source, Path):
        yield source
        return
    try:
        descriptor = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        raise NotRegularFile from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NotRegularFile
    with os.fdopen(descriptor, "rb") as file:
        yield file


def _extension_differs(given: str, media_type: str) -> bool:
    alike = {
        "jpeg": "jpg",
        "jpe": "jpg",
        "tiff": "tif",
        "oga": "ogg",
        "opus": "ogg",
        "wave": "wav",
        "htm": "html",
    }
    wanted = KINDS[media_type].extension
    same = {("txt", "text/csv"), ("xml", "image/svg+xml"), ("json", "application/geo+json")}
    return bool(given) and alike.get(given, given) != wanted and (given, media_type) not in same


@dataclass(frozen=True, slots=True)
class _Case:
    """One file under inspection."""

    file: BinaryIO
    size: int
    kind: Kind
    stored: StoredName
    policy: Policy
    path: Path | None

    def accepted(self, media_type: str | None = None, **found: object) -> Accepted:
        kind = KINDS[media_type or self.kind.media_type]
        if kind.media_type not in self.policy.media_types:
            raise TypeNotAllowed(media_type=kind.media_type)
        return Accepted(kind.media_type, kind.extension, self.size, self.stored, **found)  # type: ignore[arg-type]

    def content(self) -> bytes:
        """All bytes, for kinds that are parsed in memory."""
        if self.size > self.policy.max_document_bytes:
            raise FileTooLarge(size=self.size, limit=self.policy.max_document_bytes)
        self.file.seek(0)
        return self.file.read(self.size)


def _kind(file: BinaryIO, size: int, extension: str, policy: Policy) -> Kind:
    file.seek(0)
    head = file.read(HEAD)
    file.seek(max(0, size - TAIL))
    kind = sniff(head, file.read(TAIL), extension)
    if kind is None:
        raise UnknownType
    # Zip, XML and JSON may turn out to be something narrower that is allowed, and are judged again then; so is
    # HTML, which is taken in where it is to be sanitised.
    if kind.family in {"zip", "xml", "json"}:
        return kind
    if kind.family == "html":
        if policy.html == "refuse":
            raise ActiveContent(detail="HTML")
        return kind
    if kind.media_type not in policy.media_types or kind.family == "other":
        raise TypeNotAllowed(media_type=kind.media_type)
    return kind


# --- one check for each family


def _check_image(case: _Case) -> Accepted:
    header = read_header(case.file, case.kind.media_type)
    _judge_header(header, case)
    if case.policy.decode is not None:
        _decode(header, case)
    turned = header.orientation >= 5
    return case.accepted(
        width=header.height if turned else header.width,
        height=header.width if turned else header.height,
        frames=header.frames,
        orientation=header.orientation,
    )


def _judge_header(header: ImageHeader, case: _Case) -> None:
    policy = case.policy
    if header.frames > policy.max_frames:
        raise TooManyFrames(limit=policy.max_frames)
    if header.pixels > policy.max_pixels:
        raise TooManyPixels(
            width=header.width, height=header.height, frames=header.frames, limit=policy.max_pixels
        )
    longer, shorter = max(header.width, header.height), min(header.width, header.height)
    if longer > policy.max_aspect * shorter:
        raise BadProportions(width=header.width, height=header.height, limit=policy.max_aspect)
    # An animation keeps what moves, and honestly packs the rest to nothing: one of its pictures is judged.
    decoded = header.decoded_bytes // (1 if header.media_type == "image/tiff" else header.frames)
    if decoded > policy.expansion_from:
        ratio = decoded // case.size
        if ratio > policy.max_expansion:
            raise ImageBomb(ratio=ratio, limit=policy.max_expansion)


#: One thread, and nothing on disk: what does not fit in memory is refused.
_DECODER = {"VIPS_CONCURRENCY": "1", "VIPS_DISC_THRESHOLD": "1000g"}


def _decode(header: ImageHeader, case: _Case) -> None:
    """Read the image to its last pixel in a process with limits."""
    script = Path(__file__).with_name("safe_decode.py")
    assert case.policy.decode is not None
    with _on_disk(case) as path:
        command = [sys.executable, "-I", str(script), header.media_type, str(path), str(header.frames)]
        try:
            run_limited(command, case.policy.decode, environment=_DECODER)
        except SandboxExit as failure:
            if failure.exit_code == 3:
                raise Undecodable(detail=str(failure.params["detail"])[:200]) from None
            raise DecodeLimit from None
        except SandboxFailure:
            raise DecodeLimit from None


@contextlib.contextmanager
def _on_disk(case: _Case) -> Iterator[Path]:
    """Give a path for the content of an open file: its own, or a copy that is removed."""
    if case.path is not None:
        yield case.path.absolute()
        return
    with tempfile.NamedTemporaryFile(prefix="heirloom-intake-") as copy:
        case.file.seek(0)
        while chunk := case.file.read(1 << 20):
            copy.write(chunk)
        copy.flush()
        yield Path(copy.name)


def _check_media(case: _Case) -> Accepted:
    safe_media.check_media(case.file, case.kind.media_type)
    return case.accepted()


def _check_pdf(case: _Case) -> Accepted:
    safe_pdf.check_pdf(case.file)
    return case.accepted()


def _check_zip(case: _Case) -> Accepted:
    with SafeZip(case.file, case.policy.zip) as archive:
        media_type = zip_document(archive.names, archive.read_start)
        if media_type not in case.policy.media_types:
            raise TypeNotAllowed(media_type=media_type)
        if media_type != "application/zip":
            _check_office(archive, case.policy)
        archive.verify()
        return case.accepted(media_type, entries=len(archive.entries))


def _check_office(archive: SafeZip, policy: Policy) -> None:
    """An office document holds no program, no live data link, and XML that is safe to parse."""
    for entry in archive.entries:
        path = entry.path.lower()
        if path.endswith(("vbaproject.bin", ".exe", ".dll", ".js", ".vbs")) or "/activex/" in path:
            raise Macro(detail=entry.path)
        if not path.endswith((".xml", ".rels", ".vml")):
            continue
        with tempfile.SpooledTemporaryFile(max_size=1 << 20) as part:
            tail = b""
            for chunk in archive.chunks(entry):
                if b"ddeLink" in tail + chunk or b"macroEnabled" in tail + chunk:
                    raise Macro(detail=entry.path)
                tail = chunk[-16:]
                part.write(chunk)
            safe_xml.check_xml(part, policy.xml)  # type: ignore[arg-type]


def _check_text(case: _Case) -> Accepted:
    safe_text.check_text(case.file)
    return case.accepted()


def _check_table(case: _Case) -> Accepted:
    delimiter = "\t" if case.kind.media_type == "text/tab-separated-values" else None
    safe_text.check_table(case.file, case.policy.table, delimiter)
    return case.accepted()


_GEOMETRIES = frozenset(
    {
        "FeatureCollection",
        "Feature",
        "Point",
        "MultiPoint",
        "LineString",
        "MultiLineString",
        "Polygon",
        "MultiPolygon",
        "GeometryCollection",
    }
)


def _check_json(case: _Case) -> Accepted:
    limits = JsonLimits(bytes=case.policy.max_document_bytes)
    data = case.content()
    document = load_json(data, limits)
    media_type = _json_kind(document)
    if media_type == "model/gltf+json":
        safe_model.check_gltf(data, limits, folder=True)
    return case.accepted(media_type)


def _json_kind(document: Json) -> str:
    if not isinstance(document, dict):
        return "application/json"
    if isinstance(kind := document.get("type"), str) and kind in _GEOMETRIES:
        geometry = {"features", "geometry", "coordinates", "geometries"}
        if geometry.intersection(document):
            return "application/geo+json"
    asset = document.get("asset")
    if isinstance(asset, dict) and isinstance(asset.get("version"), str) and "@context" not in document:
        return "model/gltf+json"
    return "application/json"


def _check_xml(case: _Case) -> Accepted:
    root = safe_xml.check_xml(case.file, case.policy.xml)
    name = root.rpartition("}")[2]
    if name.lower() == "html":
        return _check_html(case)
    if name == "svg":
        return _check_svg(case)
    return case.accepted()


def _check_svg(case: _Case) -> Accepted:
    accepted = case.accepted("image/svg+xml")
    clean = sanitise_svg(case.content())
    if clean.removed and case.policy.svg == "refuse":
        raise ActiveContent(detail=", ".join(clean.removed)[:200])
    notes = tuple(f"removed:{name}" for name in clean.removed)
    return replace(accepted, sanitised=clean.content, notes=notes)


def _check_html(case: _Case) -> Accepted:
    if case.policy.html == "refuse":
        raise ActiveContent(detail="HTML")
    accepted = case.accepted("text/html")
    clean = sanitise_html(case.content())
    notes = tuple(f"removed:{name}" for name in clean.removed)
    return replace(accepted, sanitised=clean.content, notes=notes)


def _check_model(case: _Case) -> Accepted:
    if case.kind.media_type == "model/ply":
        safe_model.check_ply(case.file)
    else:
        safe_model.check_glb(case.file, JsonLimits(bytes=case.policy.max_document_bytes))
    return case.accepted()


def _check_other(case: _Case) -> Accepted:
    raise BrokenFile(media_type=case.kind.media_type, detail="there is no check for its kind")


_FAMILIES: dict[str, Callable[[_Case], Accepted]] = {
    "image": _check_image,
    "audio": _check_media,
    "video": _check_media,
    "pdf": _check_pdf,
    "zip": _check_zip,
    "text": _check_text,
    "table": _check_table,
    "json": _check_json,
    "xml": _check_xml,
    "svg": _check_svg,
    "html": _check_html,
    "model": _check_model,
    "other": _check_other,
}
