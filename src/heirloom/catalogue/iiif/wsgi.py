"""The image service as a WSGI application (PEP 3333).

Stood in front of a framework for the service's prefix alone, it spares every tile the framework's middleware,
which costs many times what the tile does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from heirloom.catalogue.iiif.service import ImageSource, respond

_STATUS = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}
_HEADERS = (
    ("HTTP_ACCEPT", "accept"),
    ("HTTP_IF_NONE_MATCH", "if-none-match"),
    ("HTTP_IF_MODIFIED_SINCE", "if-modified-since"),
)


def application(
    source: Callable[[dict[str, Any]], ImageSource],
) -> Callable[[dict[str, Any], Callable[..., object]], Iterable[bytes]]:
    """A WSGI application that serves the images of *source*.

    Args:
        source: makes the source for one request from its environment: who asks, and under which address.
            ``PATH_INFO`` must hold what follows the prefix, as WSGI has it: decoded.
    """

    def serve(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if not path.isascii():
            # PEP 3333: the bytes of the path, each as one character.
            path = path.encode("latin-1").decode("utf-8", "replace")
        headers = {name: environ[key] for key, name in _HEADERS if key in environ}
        response = respond(source(environ), path, headers, method=environ["REQUEST_METHOD"], encoded=False)
        start_response(_STATUS[response.status], response.headers)
        return [response.body]

    return serve
