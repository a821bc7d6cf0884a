"""The WSGI application, checked by the standard library's validator and a real server."""

from __future__ import annotations

import http.client
import threading
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest

from heirloom.catalogue.iiif.service import ServedImage, respond
from heirloom.catalogue.iiif.wsgi import application


def call(app: Any, path: str, method: str = "GET", **headers: str) -> tuple[str, dict[str, str], bytes]:
    """Status, headers and body of one request to *app*."""
    environ: dict[str, Any] = {
        "PATH_INFO": path.encode().decode("latin-1"),
        "REQUEST_METHOD": method,
        "QUERY_STRING": "",
        "SCRIPT_NAME": "",
        **{f"HTTP_{name.upper()}": value for name, value in headers.items()},
    }
    setup_testing_defaults(environ)
    answer: dict[str, Any] = {}

    def start_response(status: str, fields: list[tuple[str, str]], _error: object = None) -> Any:
        answer["status"], answer["headers"] = status, dict(fields)
        return lambda _data: None

    # The standard library's checker of both sides of PEP 3333; it wants the answer closed.
    body: Any = validator(app)(environ, start_response)
    try:
        data = b"".join(body)
    finally:
        body.close()
    return answer["status"], answer["headers"], data


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/mural", "303 See Other"),
        ("/mural/info.json", "200 OK"),
        ("/mural/full/300,/0/default.jpg", "200 OK"),
        ("/mural/0,0,256,256/256,256/0/default.jpg", "200 OK"),
        ("/ຮູບ/info.json", "200 OK"),
        ("/nothing/info.json", "404 Not Found"),
        ("/mural/full/full/0/default.jpg", "400 Bad Request"),
    ],
)
def test_it_is_wsgi(shelf: Any, path: str, status: str) -> None:
    shelf.images["ຮູບ"] = shelf.images["mural"]
    app = application(lambda _environ: shelf)
    found, headers, body = call(app, path)
    assert found == status
    wanted = respond(shelf, path, {}, encoded=False)
    assert headers == dict(wanted.headers)
    assert body == wanted.body


def test_conditions_and_methods_come_through(shelf: Any) -> None:
    app = application(lambda _environ: shelf)
    _, headers, _ = call(app, "/mural/full/300,/0/default.jpg")
    assert call(app, "/mural/full/300,/0/default.jpg", if_none_match=headers["ETag"])[0] == "304 Not Modified"
    since = headers["Last-Modified"]
    assert call(app, "/mural/full/300,/0/default.jpg", if_modified_since=since)[0] == "304 Not Modified"
    assert call(app, "/mural/info.json", accept="application/json")[1]["Content-Type"] == "application/json"
    assert call(app, "/mural/info.json", method="OPTIONS")[0] == "204 No Content"
    assert call(app, "/mural/info.json", method="POST")[0] == "405 Method Not Allowed"
    assert call(app, "/mural/full/300,/0/default.jpg", method="HEAD")[2] == b""


def test_a_server_can_serve_it(master: Any) -> None:
    class Quiet(WSGIRequestHandler):
        def log_message(self, *_arguments: Any) -> None:
            pass

    class Source:
        base_uri = "http://127.0.0.1"

        def find(self, identifier: str) -> ServedImage | None:
            return ServedImage(master) if identifier == "a b" else None

    source = Source()
    with WSGIServer(("127.0.0.1", 0), Quiet) as server:
        server.set_app(application(lambda _environ: source))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
            connection.request("GET", "/a%20b/0,0,256,256/256,256/0/default.jpg")
            response = connection.getresponse()
            assert response.status == 200
            assert response.headers["Content-Type"] == "image/jpeg"
            assert response.read()[:2] == b"\xff\xd8"
            connection.close()
        finally:
            server.shutdown()
