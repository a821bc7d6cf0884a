"""TLS: the name that was asked for is checked, though the connection goes to a judged address."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from heirloom.archive.fetch import BadUrl, FetchFailed, FetchPolicy, fetch

pytestmark = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="no openssl program to make a certificate"
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path, list[str | None]]]:
    """A server with a certificate for mirror.test; gives port, certificate, and the names clients asked for."""
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        [
            *(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
                "-nodes",
            ),
            *("-keyout", str(key), "-out", str(certificate), "-days", "2", "-subj", "/CN=mirror.test"),
            *("-addext", "subjectAltName=DNS:mirror.test"),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    asked: list[str | None] = []
    context.sni_callback = lambda _socket, name, _context: asked.append(name)
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.05)
    stop = threading.Event()

    def serve() -> None:
        while not stop.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            connection.settimeout(2)
            try:
                with context.wrap_socket(connection, server_side=True) as tls:
                    request = tls.recv(4096)
                    if b"GET /down" in request:
                        tls.sendall(
                            b"HTTP/1.1 302 Found\r\nLocation: http://mirror.test/\r\nContent-Length: 0\r\n\r\n"
                        )
                    else:
                        tls.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret")
            except OSError:
                connection.close()

    thread = threading.Thread(target=serve)
    thread.start()
    yield listener.getsockname()[1], certificate, asked
    stop.set()
    thread.join()
    listener.close()


def test_the_certificate_must_be_for_the_name(
    server: tuple[int, Path, list[str | None]], tmp_path: Path
) -> None:
    port, certificate, asked = server
    policy = FetchPolicy(
        allow=frozenset({"mirror.test", "other.test"}),
        ports=frozenset({port, 80}),
        resolver=lambda host, at: ["127.0.0.1"],
        context=ssl.create_default_context(cafile=str(certificate)),
        seconds=5,
    )
    fetched = fetch(f"https://mirror.test:{port}/", tmp_path, policy)
    assert fetched.path.read_bytes() == b"secret"
    assert asked == ["mirror.test"]
    fetched.path.unlink()
    with pytest.raises(FetchFailed):
        fetch(f"https://other.test:{port}/", tmp_path, policy)
    with pytest.raises(FetchFailed):
        fetch(f"https://mirror.test:{port}/", tmp_path, replace(policy, context=None))
    with pytest.raises(BadUrl):
        fetch(f"https://mirror.test:{port}/down", tmp_path, policy)
    assert list(tmp_path.iterdir()) == []
