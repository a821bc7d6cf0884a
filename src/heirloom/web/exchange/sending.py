"""Send a file of the archive: by parts where asked, under its own name, and unable to do harm.

Ranges, conditions and validators follow RFC 9110 (sections 13 and 14); names follow RFC 6266 and RFC 8187.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import BinaryIO, Final

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase, StreamingHttpResponse
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header

from heirloom.errors import HeirloomError, gettext_noop

from .answers import DAY

CHUNK: Final = 256 * 1024
SANDBOX: Final = (
    "default-src 'none'; img-src 'self' data:; media-src 'self'; style-src 'unsafe-inline'; "
    "frame-ancestors 'none'; sandbox"
)
"""What a file may do that is opened as a page of its own: be looked at. Nothing in it runs, in no origin of ours."""

_SHOWN: Final = ("image/", "audio/", "video/")
_SHOWN_TYPES: Final = frozenset({"text/plain", "text/vtt", "application/json"})
_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f/\\\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_RANGE: Final = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})", re.ASCII)


class NoSuchRange(HeirloomError):
    """The part asked for lies outside the file (RFC 9110, 15.5.17)."""

    code = "file.no-such-range"
    message = gettext_noop("The file has {size} bytes; the part that was asked for is not among them.")
    status = 416


def shown_name(name: str) -> str:
    """A file's name as it is offered for saving, in any script: no controls, no path, no turning of direction."""
    return _UNPRINTABLE.sub("_", name).strip(" .")[:200] or "file"


def byte_range(header: str, size: int) -> tuple[int, int] | None:
    """First and last byte that a ``Range`` header asks for; None to send all (none, several, or not understood).

    Raises:
        NoSuchRange.
    """
    match = _RANGE.fullmatch(header.strip())
    if match is None or not (match[1] or match[2]):
        return None
    if not match[1]:
        length = int(match[2])
        if length == 0 or size == 0:
            raise NoSuchRange(size=size)
        return max(0, size - length), size - 1
    first, last = int(match[1]), int(match[2]) if match[2] else size - 1
    if match[2] and last < first:
        return None
    if first >= size:
        raise NoSuchRange(size=size)
    return first, min(last, size - 1)


def send(
    request: HttpRequest,
    opened: Callable[[], BinaryIO],
    *,
    name: str,
    media_type: str,
    size: int,
    sha512: str,
    public: bool,
) -> HttpResponseBase:
    """Answer with a file that never changes under its address.

    Args:
        opened: opens it, seekable; called only when bytes are sent.
        name: what it is offered as for saving.
        public: whether shared caches may keep it; a reader's own copy is asked about each time otherwise.
    """
    tag = f'"{sha512[:40]}"'
    headers = _headers(name, media_type, tag, public=public)
    unchanged = get_conditional_response(request, etag=tag)
    if unchanged is not None:
        return _with(unchanged, headers)
    part = None
    if request.method == "GET" and request.headers.get("If-Range", tag) == tag:
        try:
            part = byte_range(request.headers.get("Range", ""), size)
        except NoSuchRange as error:
            return _with(HttpResponse(str(error), status=416), headers | {"Content-Range": f"bytes */{size}"})
    if part is not None or not _compressible(media_type):
        # Compressing on the way would change what the positions of a part mean, and media gain nothing by it.
        request.META.pop("HTTP_ACCEPT_ENCODING", None)
    first, last = part or (0, size - 1)
    headers["Content-Length"] = str(last - first + 1)
    if request.method == "HEAD":
        return _with(HttpResponse(), headers)
    if part is not None:
        headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    # The answer closes what it iterates over, also when the reader goes away before the first byte.
    return _with(
        StreamingHttpResponse(_Part(opened(), first, last), status=200 if part is None else 206), headers
    )


def _headers(name: str, media_type: str, tag: str, *, public: bool) -> dict[str, str]:
    shown = media_type in _SHOWN_TYPES or media_type.startswith(_SHOWN)
    disposition = content_disposition_header(not shown, shown_name(name))
    text = media_type.startswith("text/") and "charset" not in media_type
    return {
        "Content-Type": f"{media_type}; charset=utf-8" if text else media_type,
        "Content-Disposition": disposition or "attachment",
        "Content-Security-Policy": SANDBOX,
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "cross-origin" if public else "same-origin",
        "Cache-Control": f"public, max-age={DAY}, immutable" if public else "private, no-cache",
        "Accept-Ranges": "bytes",
        "ETag": tag,
    }


def _with(response: HttpResponseBase, headers: dict[str, str]) -> HttpResponseBase:
    for name, value in headers.items():
        response[name] = value
    return response


def _compressible(media_type: str) -> bool:
    return media_type.startswith("text/") or media_type.endswith(("json", "xml"))


class _Part:
    """The bytes *first* to *last* of an open file, in pieces; closes the file with itself."""

    def __init__(self, file: BinaryIO, first: int, last: int) -> None:
        self._file = file
        self._left = last - first + 1
        self.close = file.close
        file.seek(first)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        data = self._file.read(min(CHUNK, self._left)) if self._left > 0 else b""
        if not data:
            raise StopIteration
        self._left -= len(data)
        return data
