"""The image service: one function from a path to an answer (Image API 3.0, sections 2, 5.1 and 7).

:func:`respond` knows HTTP only as paths, a few headers and an answer, so that any server, framework or test can
stand in front of it. Who may see which image is decided by the :class:`ImageSource` it is given.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import formatdate, parsedate_to_datetime
from pathlib import Path
from typing import NamedTuple, Protocol
from urllib.parse import quote, unquote

from heirloom.catalogue.iiif import info
from heirloom.catalogue.iiif.engine import VERSION
from heirloom.catalogue.iiif.image_request import FORMATS, InvalidImageRequest, Limits, Resolved, parse
from heirloom.catalogue.iiif.render import render
from heirloom.catalogue.iiif.tiff import Level, OpenTiffs, TiledTiff, UnreadableMaster, file_identity
from heirloom.errors import HeirloomError, NotFound, gettext_noop

log = logging.getLogger(__name__)

MAX_PATH = 2048
"""Characters of the longest path that is read."""

# Part of every entity tag, so that cached images are asked for anew when drawing changes.
_DRAWING = f"1;libvips {VERSION}"

_CORS = ("Access-Control-Allow-Origin", "*")
_EXPOSED = ("Access-Control-Expose-Headers", "Link")
_PROFILE_LINK = f'<{info.PROFILE}>;rel="profile"'
_JSON = "application/json"
_JSON_LD = "application/ld+json"

# What deep-zoom viewers ask for all day: a tile by its pixels. It goes the same way as any request, only shorter.
_TILE = re.compile(
    r"/?([^/]+)/([0-9]{1,7}),([0-9]{1,7}),([0-9]{1,7}),([0-9]{1,7})"
    r"/([0-9]{1,5}),([0-9]{0,5})/0/(default|color)\.jpg",
    re.ASCII,
)

_PLAIN = re.compile(r"[A-Za-z0-9._~:-]+", re.ASCII)


class MethodNotAllowed(HeirloomError):
    """Only GET, HEAD and OPTIONS are answered (section 7)."""

    code = "iiif.method-not-allowed"
    message = gettext_noop("Images can only be read.")
    status = 405


class Response(NamedTuple):
    """An answer: status, headers in order, body. The body of a HEAD request is empty."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


@dataclass(frozen=True)
class ServedImage:
    """An image as it is offered to one visitor.

    Attributes:
        path: its master, as :func:`heirloom.catalogue.iiif.pyramid.make` writes it; a string is a little faster.
        limits: how large it may be served.
        detail: longest side in pixels beyond which finer levels are withheld. The image is then served, tiles
            included, as though it were no larger; ``limits`` alone would leave its pixels to be had tile by tile.
        rights: URI of a licence or rights statement.
        links: ``partOf``, ``seeAlso``, ``service`` of the image information.
        public: whether shared caches may keep it.
        max_age: seconds for which it may be used without asking again.
    """

    path: Path | str
    limits: Limits = field(default_factory=Limits)
    detail: int | None = None
    rights: str | None = None
    links: Mapping[str, object] = field(default_factory=dict)
    public: bool = True
    max_age: int = 86_400


class ImageSource(Protocol):
    """Where images are found; made for one visitor, so that it can answer for what that visitor may see."""

    @property
    def base_uri(self) -> str:
        """Scheme, server and prefix of the service, without a slash at the end (section 2)."""

    def find(self, identifier: str) -> ServedImage | None:
        """The image called *identifier* (decoded), or ``None`` where there is none for this visitor.

        May raise a :class:`HeirloomError` such as ``NotAllowed``; it becomes an answer with its status.
        """


class _Prepared:
    """What every answer for one image shares."""

    __slots__ = (
        "factors",
        "grey",
        "headers",
        "identity",
        "image",
        "levels",
        "limits",
        "modified",
        "tag",
        "tiff",
    )

    def __init__(self, image: ServedImage, tiff: TiledTiff) -> None:
        self.image = image
        self.tiff = tiff
        self.identity = file_identity(tiff.stat)
        self.levels = _served_levels(tiff, image.detail)
        full = self.levels[0]
        self.grey = full.samples < 3
        self.limits = image.limits.for_image(full.width, full.height)
        self.factors = {1 << step: level for step, level in enumerate(self.levels) if level.head is not None}
        self.modified = int(tiff.stat.st_mtime)
        facts = (_DRAWING, tiff.stat.st_size, tiff.stat.st_mtime_ns, self.limits, full.width, full.height)
        self.tag = hashlib.blake2s(repr(facts).encode(), digest_size=12).hexdigest()
        # A shared cache would hand a protected image to the next person; a private one must ask each time,
        # since who may see it can change at any moment.
        keep = f"public, max-age={image.max_age}" if image.public else "private, no-cache"
        self.headers = [
            _CORS,
            _EXPOSED,
            ("Cache-Control", keep),
            ("Last-Modified", formatdate(self.modified, usegmt=True)),
        ]


class _Preparations:
    """The last few prepared images by path; made anew when the file or what is allowed changes."""

    def __init__(self, capacity: int = 128) -> None:
        self._tiffs = OpenTiffs(capacity)
        self._capacity = capacity
        self._known: OrderedDict[str, _Prepared] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, image: ServedImage) -> _Prepared:
        """What is prepared for *image*. Raises :class:`UnreadableMaster`."""
        path = str(image.path)
        try:
            known = self._known.get(path)
            if (
                known is not None
                and (known.image is image or known.image == image)
                and known.identity == file_identity(os.stat(path))  # noqa: PTH116 - cheaper, once per tile
            ):
                return known
            tiff = self._tiffs.get(path)
        except OSError as error:
            raise UnreadableMaster(reason="the file is missing") from error
        prepared = _Prepared(image, tiff)
        with self._lock:
            self._known[path] = prepared
            self._known.move_to_end(path)
            while len(self._known) > self._capacity:
                self._known.popitem(last=False)
        return prepared


_preparations = _Preparations()


def respond(
    source: ImageSource,
    request_path: str,
    headers: Mapping[str, str],
    *,
    method: str = "GET",
    encoded: bool = True,
) -> Response:
    """Answer one request to the image service; never raises for anything that a client can send.

    Args:
        source: finds images for the visitor who asks.
        request_path: what follows the prefix of the service: ``{identifier}/...``, with or without a leading
            slash, without the query.
        headers: request headers with names in lower case (or any mapping that ignores case). Read are
            ``accept``, ``if-none-match`` and ``if-modified-since``.
        method: the HTTP method.
        encoded: whether *request_path* is percent-encoded as it came. Servers that decode paths give ``False``;
            identifiers with a slash are then found by reading from the right (implementation notes, section 1).
    """
    try:
        if method in ("GET", "HEAD"):
            native = _native(source, request_path, headers, method, encoded=encoded)
            return native or _general(source, request_path, headers, method, encoded=encoded)
        if method == "OPTIONS":
            return _preflight()
        raise MethodNotAllowed
    except HeirloomError as error:
        if error.status >= 500 and error.status not in (501, 503):
            log.error("image request %r failed: %s", request_path[:MAX_PATH], error)
        return _failure(error, method)


def _native(
    source: ImageSource, path: str, headers: Mapping[str, str], method: str, *, encoded: bool
) -> Response | None:
    """The answer to a request for a tile that lies in the file as it is asked for; ``None`` for any other."""
    match = _TILE.fullmatch(path)
    if match is None:
        return None
    x, y, w, h, width = int(match[2]), int(match[3]), int(match[4]), int(match[5]), int(match[6])
    height = int(match[7] or width)
    if not (width and height and w and h) or w % width or x % w or y % h:
        return None
    identifier = match[1]
    if encoded and "%" in identifier:
        identifier = unquote(identifier, errors="replace")
    prepared = _find(source, identifier)
    full = prepared.levels[0]
    factor = w // width
    level = prepared.factors.get(factor)
    if (
        level is None
        or width != level.tile_width
        or height != level.tile_height
        or h != height * factor
        or x + w > full.width
        or y + h > full.height
        or (w, h) == (full.width, full.height)
        or not prepared.limits.allow(width, height)
    ):
        return None
    size = "max" if factor == 1 else f"{width},{height}"
    fresh = _is_fresh(headers, prepared.tag, prepared.modified)
    body = b""
    if not fresh and method == "GET":
        found = prepared.tiff.tile(level, x // w, y // h)
        if found is None:
            return None
        body = found
    canonical = f"{x},{y},{w},{h}/{size}/0/default.jpg"
    return _image_response(source, identifier, prepared, canonical, "image/jpeg", body, method, fresh=fresh)


def _general(
    source: ImageSource, path: str, headers: Mapping[str, str], method: str, *, encoded: bool
) -> Response:
    if len(path) > MAX_PATH:
        raise InvalidImageRequest
    segments = path.removeprefix("/").split("/")
    if encoded:
        segments = [unquote(segment, errors="replace") for segment in segments]
    if len(segments) > 1 and segments[-1] == "info.json":
        identifier = "/".join(segments[:-1])
        return _information(source, identifier, _find(source, identifier), headers, method)
    if len(segments) > 4:
        identifier = "/".join(segments[:-4])
        try:
            prepared = _find(source, identifier)
        except NotFound:
            prepared = None
        if prepared is not None:
            return _image(source, identifier, prepared, segments[-4:], headers, method)
    identifier = "/".join(segments).removesuffix("/")
    _find(source, identifier)
    location = f"{_uri(source, identifier)}/info.json"
    plain = ("Content-Type", "text/plain; charset=utf-8")
    return Response(303, [_CORS, ("Location", location), plain, ("Content-Length", "0")], b"")


def _find(source: ImageSource, identifier: str) -> _Prepared:
    # No identifier has control characters, and some stores below would choke on them.
    image = source.find(identifier) if identifier and identifier.isprintable() else None
    if image is None:
        raise NotFound
    return _preparations.get(image)


def _image(
    source: ImageSource,
    identifier: str,
    prepared: _Prepared,
    parts: list[str],
    headers: Mapping[str, str],
    method: str,
) -> Response:
    region, size, rotation, last = parts
    quality, _, suffix = last.rpartition(".")
    full = prepared.levels[0]
    request = parse(region, size, rotation, quality, suffix).resolve(
        full.width, full.height, prepared.limits, "gray" if prepared.grey else "color"
    )
    fresh = _is_fresh(headers, prepared.tag, prepared.modified)
    body = b""
    if not fresh and method == "GET":
        body = stored_tile(prepared.tiff, prepared.levels, request) or render(
            prepared.tiff, prepared.levels, request
        )
    media_type = FORMATS[request.format]
    return _image_response(
        source, identifier, prepared, request.canonical, media_type, body, method, fresh=fresh
    )


def stored_tile(tiff: TiledTiff, levels: tuple[Level, ...], request: Resolved) -> bytes | None:
    """The JPEG tile of *tiff* that is exactly what *request* asks for, or ``None``.

    It must lie wholly inside the image: tiles at the right and lower edge are stored padded.
    """
    if request.format != "jpg" or request.quality not in ("default", "gray"):
        return None
    if request.quality == "gray" and levels[0].samples != 1:
        return None
    if request.mirror or request.rotation:
        return None
    x, y, w, h = request.region
    width, height = request.size
    factor = w // width
    step = factor.bit_length() - 1
    if not 0 <= step < len(levels) or factor != 1 << step:
        return None
    level = levels[step]
    fits = (width, height) == (level.tile_width, level.tile_height) and (w, h) == (
        width * factor,
        height * factor,
    )
    if not fits or x % w or y % h:
        return None
    return tiff.tile(level, x // w, y // h)


def _image_response(
    source: ImageSource,
    identifier: str,
    prepared: _Prepared,
    canonical: str,
    media_type: str,
    body: bytes,
    method: str,
    *,
    fresh: bool,
) -> Response:
    link = f'<{_uri(source, identifier)}/{canonical}>;rel="canonical", {_PROFILE_LINK}'
    headers = [*prepared.headers, ("ETag", f'"{prepared.tag}"'), ("Link", link)]
    if fresh:
        return Response(304, headers, b"")
    headers.append(("Content-Type", media_type))
    if method != "HEAD":
        headers.append(("Content-Length", str(len(body))))
    return Response(200, headers, body)


def _information(
    source: ImageSource, identifier: str, prepared: _Prepared, headers: Mapping[str, str], method: str
) -> Response:
    document = info.information(
        _uri(source, identifier),
        prepared.levels,
        prepared.limits,
        rights=prepared.image.rights,
        links=prepared.image.links,
    )
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    media_type = negotiated(headers.get("accept") or "")
    tag = hashlib.blake2s(media_type.encode() + body, digest_size=12).hexdigest()
    answer = [
        *prepared.headers,
        ("Vary", "Accept"),
        ("ETag", f'"{tag}"'),
        ("Link", _PROFILE_LINK),
    ]
    # The document follows from more than the file, so only its tag tells whether it changed.
    if _is_fresh({"if-none-match": headers.get("if-none-match") or ""}, tag, 0):
        return Response(304, answer, b"")
    answer += [("Content-Type", media_type), ("Content-Length", str(len(body)))]
    return Response(200, answer, b"" if method == "HEAD" else body)


def negotiated(accept: str) -> str:
    """The media type of the image information for an ``Accept`` header (section 5.1; RFC 9110, 12.5.1).

    JSON-LD with its profile, unless plain JSON is preferred. A browser, which asks for HTML first, gets plain
    JSON, which it shows rather than saves.
    """
    weights: dict[str, float] = {}
    for part in accept.lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        weight = 1.0
        for parameter in parameters:
            if parameter.startswith("q="):
                try:
                    weight = float(parameter[2:])
                except ValueError:
                    weight = 0.0
        weights[name] = max(weight, weights.get(name, 0.0))
    anything = weights.get("application/*", weights.get("*/*", 0.0))
    plain, linked = weights.get(_JSON, anything), weights.get(_JSON_LD, anything)
    if plain > linked or (plain == linked and "text/html" in weights):
        return _JSON
    return f'{_JSON_LD};profile="{info.CONTEXT}"'


def _is_fresh(headers: Mapping[str, str], tag: str, modified: int) -> bool:
    """Whether the client's copy is still right (RFC 9110, 13.1.2 and 13.1.3)."""
    known = headers.get("if-none-match")
    if known:
        return known.strip() == "*" or f'"{tag}"' in known
    since = headers.get("if-modified-since")
    if not since or not modified:
        return False
    try:
        date = parsedate_to_datetime(since)
        return datetime.fromtimestamp(modified, UTC) <= (date if date.tzinfo else date.replace(tzinfo=UTC))
    except (ValueError, TypeError, OverflowError):
        return False


def _preflight() -> Response:
    headers = [
        _CORS,
        ("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS"),
        ("Access-Control-Allow-Headers", "Accept, Authorization, If-Modified-Since, If-None-Match"),
        ("Access-Control-Max-Age", "86400"),
        ("Allow", "GET, HEAD, OPTIONS"),
    ]
    return Response(204, headers, b"")


def _failure(error: HeirloomError, method: str) -> Response:
    body = f"{error}\n".encode()
    headers = [
        _CORS,
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store" if error.status != 404 else "no-cache"),
    ]
    if error.status == 405:
        headers.append(("Allow", "GET, HEAD, OPTIONS"))
    if error.status == 503:
        headers.append(("Retry-After", "5"))
    return Response(error.status, headers, b"" if method == "HEAD" else body)


def _served_levels(tiff: TiledTiff, detail: int | None) -> tuple[Level, ...]:
    levels = tiff.levels
    if detail is None:
        return levels
    for first, level in enumerate(levels):
        if max(level.width, level.height) <= detail:
            return levels[first:]
    return levels[-1:]


def _uri(source: ImageSource, identifier: str) -> str:
    if _PLAIN.fullmatch(identifier) is None:
        # Section 9 leaves the colon alone; all else that quote() keeps is unreserved.
        identifier = quote(identifier, safe=":")
    return f"{source.base_uri}/{identifier}"
