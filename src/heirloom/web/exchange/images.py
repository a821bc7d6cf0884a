"""The IIIF image service: for signed-in people by Django, for everybody else in front of it.

A pass through the middleware costs many times what a tile does. So :class:`PublicImages` answers for pictures that everybody may
see before Django is asked, and remembers for a few seconds that it may; all else falls through to :func:`service`.
"""

from __future__ import annotations

import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any, Final

from django.conf import settings
from django.db import connections
from django.http import HttpRequest, HttpResponse
from django.http.request import split_domain_port, validate_host

from heirloom.catalogue import derivatives
from heirloom.catalogue.exchange import is_image
from heirloom.catalogue.iiif import pyramid
from heirloom.catalogue.iiif.render import Busy
from heirloom.catalogue.iiif.service import ServedImage, respond
from heirloom.catalogue.iiif.wsgi import application
from heirloom.errors import NotFound

from . import stored

PREFIX: Final = "/iiif/3"
_IDENTIFIER: Final = re.compile(r"([0-9a-z]{26})-([0-9a-f]{40})", re.ASCII)
_MAKING: Final = threading.BoundedSemaphore(2)
"""Masters that are missing are made on demand, two at a time in a process; workers make the others beforehand."""
_PATIENCE: Final = 20.0


def _split(identifier: str) -> tuple[str, str]:
    match = _IDENTIFIER.fullmatch(identifier)
    if match is None:
        raise NotFound
    return match[1], match[2]


def _served(found: stored.StoredFile, *, make: bool) -> ServedImage | None:
    """The picture as it is served; None where it is none, or (unless *make*) has no master yet. Raises Busy."""
    media = found.media
    if not is_image(media):
        return None
    path = derivatives.master_path(media)
    if not path.is_file():
        if not make:
            return None
        if not _MAKING.acquire(timeout=_PATIENCE):
            raise Busy
        try:
            derivatives.master(media, found.version or None)
        except (pyramid.NotAnImage, pyramid.TooManyPixels):
            return None
        finally:
            _MAKING.release()
    return ServedImage(str(path), rights=media.item.rights or None, public=found.public)


class Pictures:
    """Where the image service finds pictures, for one visitor."""

    def __init__(self, base_uri: str, user: Any) -> None:
        self.base_uri = base_uri
        self._user = user

    def find(self, identifier: str) -> ServedImage | None:
        """The picture ``KEY-DIGEST`` that this visitor may see; its master is made where it is missing."""
        return _served(stored.find(self._user, *_split(identifier)), make=True)


def service(request: HttpRequest, path: str) -> HttpResponse:
    """Answer a request to the image service for whoever asks."""
    source = Pictures(base_uri(request.META), lambda: request.user)
    answer = respond(source, path, request.headers, method=request.method or "GET", encoded=False)
    response = HttpResponse(answer.body, status=answer.status)
    private = any(name == "Cache-Control" and "private" in value for name, value in answer.headers)
    for name, value in answer.headers:
        if not (private and name.startswith("Access-Control-")):
            response[name] = value
    if not any(name == "Content-Type" for name, _value in answer.headers):
        del response["Content-Type"]
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "same-origin" if private else "cross-origin"
    return response


def base_uri(environ: Any) -> str:
    """Scheme, server and prefix under which the visitor reached the service, if it is an address of ours."""
    host = environ.get("HTTP_HOST", "")
    site = settings.SITE_URL.partition("://")[2]
    if host and host != site:
        domain, _port = split_domain_port(host)
        if domain and validate_host(domain, settings.ALLOWED_HOSTS):
            return f"{environ.get('wsgi.url_scheme', 'http')}://{host}{PREFIX}"
    return f"{settings.SITE_URL}{PREFIX}"


class _Known:
    """One picture for everybody, as the image service looks it up."""

    def __init__(self, base: str, identifier: str, image: ServedImage) -> None:
        self.base_uri = base
        self._identifier, self._image = identifier, image

    def find(self, identifier: str) -> ServedImage | None:
        return self._image if identifier == self._identifier else None


class PublicImages:
    """A WSGI application that answers for pictures that everybody may see, and hands on everything else.

    Whether everybody may see a picture is asked of the database once in :attr:`seconds`: one that is withdrawn or closed is no
    longer served here when they are over.
    """

    seconds: float = 5.0
    capacity: int = 2048

    def __init__(self, following: Callable[..., Iterable[bytes]]) -> None:
        self._next = following
        self._images = application(_source)
        self._known: OrderedDict[str, tuple[float, ServedImage | None]] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path.startswith(f"{PREFIX}/") and environ.get("REQUEST_METHOD") in ("GET", "HEAD"):
            identifier, slash, _rest = path[len(PREFIX) + 1 :].partition("/")
            image = self._find(identifier) if slash and _IDENTIFIER.fullmatch(identifier) else None
            if image is not None:
                source = _Known(base_uri(environ), identifier, image)
                inner = {**environ, "PATH_INFO": path[len(PREFIX) :], "heirloom.images": source}
                return self._images(inner, _safely(start_response))
        return self._next(environ, start_response)

    def _find(self, identifier: str) -> ServedImage | None:
        known = self._known.get(identifier)
        if known is not None and known[0] > time.monotonic():
            return known[1]
        asked_at = time.monotonic()
        image = self._look_up(identifier)
        with self._lock:
            self._known[identifier] = asked_at + self.seconds, image
            self._known.move_to_end(identifier)
            while len(self._known) > self.capacity:
                self._known.popitem(last=False)
        return image

    def _look_up(self, identifier: str) -> ServedImage | None:
        _give_back()
        try:
            found = stored.find(None, *_split(identifier))
        except NotFound:
            return None
        finally:
            _give_back()
        return _served(found, make=False) if found.public else None


def _give_back() -> None:
    """Give back connections that broke or grew old: outside Django's requests nobody else does."""
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()


def _source(environ: dict[str, Any]) -> _Known:
    """The picture that was found for a request."""
    found: _Known = environ["heirloom.images"]
    return found


def _safely(start_response: Callable[..., object]) -> Callable[..., object]:
    """The headers that Django's middleware would have added."""

    def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> object:
        guard = [("X-Content-Type-Options", "nosniff"), ("Cross-Origin-Resource-Policy", "cross-origin")]
        return start_response(status, [*headers, *guard], *rest)

    return start
