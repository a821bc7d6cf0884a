"""The guarded fetch, against a real server on this machine that is allowed by name."""

from __future__ import annotations

import contextlib
import hashlib
import http.server
import ipaddress
import os
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest

from heirloom.archive.fetch import (
    BadUrl,
    FetchFailed,
    FetchPolicy,
    FetchRefused,
    FetchStatus,
    FetchTooLarge,
    FetchTooSlow,
    NotPublic,
    TooManyRedirects,
    Unresolved,
    fetch,
    is_public,
)


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen: ClassVar[list[tuple[str, dict[str, str]]]] = []

    def do_GET(self) -> None:
        self.seen.append((self.path, {key.lower(): value for key, value in self.headers.items()}))
        name, _, argument = self.path.lstrip("/").partition("?")
        getattr(self, f"_{name}", self._missing)(argument)

    def _missing(self, argument: str) -> None:
        self.send_error(404)

    def _send(self, body: bytes, **headers: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "image/PNG; charset=x")
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), value)
        if "Content_Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _plain(self, argument: str) -> None:
        self._send(b"content")

    def _large(self, argument: str) -> None:
        self._send(b"x" * 5000)

    def _endless(self, argument: str) -> None:
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        with contextlib.suppress(OSError):
            for _ in range(10_000):
                self.wfile.write(b"x" * 1000)

    def _drip(self, argument: str) -> None:
        """A byte now and then: no single read ever waits long."""
        with contextlib.suppress(OSError):
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            for _ in range(200):
                self.wfile.write(b"y")
                self.wfile.flush()
                time.sleep(0.05)
        self.close_connection = True

    def _cut(self, argument: str) -> None:
        self._send(b"short", Content_Length="500")
        self.close_connection = True

    def _packed(self, argument: str) -> None:
        self._send(b"x", Content_Encoding="gzip")

    def _go(self, argument: str) -> None:
        self.send_response(302)
        self.send_header("Location", argument)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _again(self, argument: str) -> None:
        self._go(f"/again?{int(argument or 0) + 1}")

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


def _resolver(host: str, port: int) -> list[str]:
    """mirror.test and this machine's own names; everything else is unknown."""
    known = {
        "mirror.test": ["127.0.0.1"],
        "127.0.0.1": ["127.0.0.1"],
        "evil.test": ["93.184.215.14", "10.0.0.5"],
    }
    if host not in known:
        raise socket.gaierror(host)
    return known[host]


@pytest.fixture
def policy(port: int) -> FetchPolicy:
    _Handler.seen.clear()
    return FetchPolicy(
        allow=frozenset({"mirror.test"}), ports=frozenset({80, 443, port}), resolver=_resolver, seconds=5
    )


def test_what_is_fetched_is_kept_with_what_was_said_of_it(
    port: int, policy: FetchPolicy, tmp_path: Path
) -> None:
    fetched = fetch(f"http://mirror.test:{port}/plain", tmp_path, policy, headers={"Accept": "image/*"})
    assert fetched.path.read_bytes() == b"content"
    assert fetched.path.parent == tmp_path
    assert (fetched.size, fetched.media_type, fetched.status) == (7, "image/png", 200)
    assert fetched.sha512 == hashlib.sha512(b"content").hexdigest()
    ((_, headers),) = _Handler.seen
    assert headers["host"] == f"mirror.test:{port}"
    assert headers["accept"] == "image/*"
    assert headers["accept-encoding"] == "identity"


def test_a_redirect_is_followed_and_judged(port: int, policy: FetchPolicy, tmp_path: Path) -> None:
    url = f"http://mirror.test:{port}/go?/plain"
    fetched = fetch(url, tmp_path, policy)
    assert fetched.url == f"http://mirror.test:{port}/plain"
    assert fetched.redirects == (url,)


@pytest.mark.parametrize(
    "target",
    ["http://127.0.0.1:{port}/plain", "http://evil.test:{port}/plain", "//127.0.0.1:{port}/plain"],
)
def test_a_redirect_into_the_own_network_is_refused(
    target: str, port: int, policy: FetchPolicy, tmp_path: Path
) -> None:
    with pytest.raises(NotPublic):
        fetch(f"http://mirror.test:{port}/go?{target.format(port=port)}", tmp_path, policy)
    assert len(_Handler.seen) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "gopher://mirror.test/", "ftp://mirror.test/x", "data:,x"]
)
def test_a_redirect_to_another_scheme_is_refused(
    target: str, port: int, policy: FetchPolicy, tmp_path: Path
) -> None:
    with pytest.raises(BadUrl):
        fetch(f"http://mirror.test:{port}/go?{target}", tmp_path, policy)


def test_redirects_have_an_end(port: int, policy: FetchPolicy, tmp_path: Path) -> None:
    with pytest.raises(TooManyRedirects):
        fetch(f"http://mirror.test:{port}/again", tmp_path, policy)
    assert len(_Handler.seen) == policy.redirects + 1


def test_headers_are_not_carried_to_another_host(port: int, policy: FetchPolicy, tmp_path: Path) -> None:
    second = replace(policy, allow=frozenset({"mirror.test", "127.0.0.1"}))
    url = f"http://mirror.test:{port}/go?http://127.0.0.1:{port}/plain"
    fetch(url, tmp_path, second, headers={"Authorization": "secret", "Accept": "a/b"})
    assert [headers.get("authorization") for _, headers in _Handler.seen] == ["secret", None]
    assert [headers.get("accept") for _, headers in _Handler.seen] == ["a/b", "a/b"]


def test_a_name_that_changes_its_answer_gains_nothing(port: int, policy: FetchPolicy, tmp_path: Path) -> None:
    """DNS rebinding: the first answer is public, the second is this machine; only the first is ever used."""
    answers = [["192.0.2.1"], ["93.184.215.14"], ["127.0.0.1"], ["127.0.0.1"]]
    asked: list[str] = []

    def changing(host: str, at: int) -> list[str]:
        asked.append(host)
        return answers[len(asked)]

    with pytest.raises((FetchFailed, FetchTooSlow)):
        fetch(f"http://rebind.test:{port}/plain", tmp_path, replace(policy, resolver=changing, seconds=0.3))
    assert asked == ["rebind.test"]
    assert _Handler.seen == []
    with pytest.raises(NotPublic):
        fetch(f"http://rebind.test:{port}/plain", tmp_path, replace(policy, resolver=changing))
    assert _Handler.seen == []


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0177.0.0.1/",
        "http://0/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://169.254.169.254/latest/meta-data/",
        "http://10.0.0.1/",
        "http://192.168.1.1/",
        "http://100.64.0.1/",
        "http://localhost/",
    ],
)
def test_every_way_to_write_an_inner_address_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises((NotPublic, Unresolved)):
        fetch(url, tmp_path, FetchPolicy(seconds=2))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "url",
    [
        "",
        "plain",
        "file:///etc/passwd",
        "ftp://example.org/",
        "http://",
        "http:///x",
        "http://user:secret@example.org/",
        "http://example.org@127.0.0.1/",
        "http://example.org:22/",
        "http://example.org:99999/",
        "http://example.org/a b",
        "http://example.org/\r\nX: y",
        "http://example.org\\@127.0.0.1/",
        "http://[::1/",
        "http://example.org/" + "x" * 5000,
    ],
)
def test_what_is_no_web_address_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(BadUrl):
        fetch(url, tmp_path, FetchPolicy(resolver=_resolver))


@pytest.mark.parametrize(
    "address",
    """0.0.0.0 0.1.2.3 10.1.2.3 100.64.0.1 100.127.255.255 127.0.0.1 169.254.169.254 172.16.0.1 172.31.255.255
    192.0.0.1 192.0.2.1 192.88.99.1 192.168.0.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 239.1.1.1 240.0.0.1
    255.255.255.255 :: ::1 ::7f00:1 ::ffff:10.0.0.1 ::ffff:0:127.0.0.1 64:ff9b::a00:1 64:ff9b:1::1 100::1 2001::1
    2001:db8::1 2002:7f00:1::1 fc00::1 fd12::1 fe80::1 fe80::1%eth0 fec0::1 ff02::1""".split(),  # noqa: SIM905
)
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "93.184.215.14", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:8.8.8.8"]
)
def test_addresses_that_are_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    ("path", "changes", "error"),
    [
        ("large", {"max_bytes": 4999}, FetchTooLarge),
        ("endless", {"max_bytes": 50_000}, FetchTooLarge),
        ("drip", {"seconds": 0.4}, FetchTooSlow),
        ("cut", {}, FetchFailed),
        ("packed", {}, FetchFailed),
        ("nowhere", {}, FetchStatus),
    ],
)
def test_limits_and_faults_are_told_apart_and_leave_nothing(
    path: str,
    changes: dict[str, float],
    error: type[FetchRefused],
    port: int,
    policy: FetchPolicy,
    tmp_path: Path,
) -> None:
    started = time.monotonic()
    with pytest.raises(error) as raised:
        fetch(f"http://mirror.test:{port}/{path}", tmp_path, replace(policy, **changes))  # type: ignore[arg-type]
    assert type(raised.value) is error
    assert raised.value.code.startswith("fetch.")
    assert time.monotonic() - started < 4
    assert list(tmp_path.iterdir()) == []


def test_one_inner_address_among_public_ones_is_enough_to_refuse(policy: FetchPolicy, tmp_path: Path) -> None:
    with pytest.raises(NotPublic):
        fetch("http://evil.test/", tmp_path, policy)


def test_an_unknown_host_is_said_to_be_unknown(policy: FetchPolicy, tmp_path: Path) -> None:
    with pytest.raises(Unresolved):
        fetch("http://unknown.test/", tmp_path, policy)


def test_a_proxy_in_the_environment_is_not_used(
    port: int, policy: FetchPolicy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9/")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9/")
    assert fetch(f"http://mirror.test:{port}/plain", tmp_path, policy).size == 7
    assert os.environ["http_proxy"]
