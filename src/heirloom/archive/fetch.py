"""Fetch one thing from the web without being led astray into the own network.

Every fetch of an address that somebody else chose goes through :func:`fetch`. The host is resolved once, every
address it has must be public, and the connection goes to the very address that was judged, so that a name that
changes its answer in between gains nothing (DNS rebinding). Each redirect is judged anew. Size and time are limited.

Sources: RFC 6890 and the IANA special-purpose registries, RFC 6052 and 7050 (NAT64), RFC 3056 (6to4), RFC 4380
(Teredo); OWASP Server-Side Request Forgery Prevention.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import ipaddress
import os
import socket
import ssl
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias
from urllib.parse import SplitResult, urljoin, urlsplit

from heirloom.errors import HeirloomError, gettext_noop

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
#: Name and port to addresses, as text.
Resolver: TypeAlias = Callable[[str, int], list[str]]

_CHUNK = 1 << 16
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PORTS: Mapping[str, int] = MappingProxyType({"http": 80, "https": 443})
#: Beyond what the standard library knows as not global: what reaches an inner IPv4 address by translation.
_TRANSLATED = (
    ipaddress.ip_network("64:ff9b::/96"),
    ipaddress.ip_network("64:ff9b:1::/48"),
    ipaddress.ip_network("2002::/16"),
    ipaddress.ip_network("2001::/32"),
    ipaddress.ip_network("::/96"),
    ipaddress.ip_network("::ffff:0:0:0/96"),
    ipaddress.ip_network("fec0::/10"),
)
_NOT_PUBLIC_V4 = tuple(
    ipaddress.ip_network(block)
    for block in (
        "0.0.0.0/8",
        "100.64.0.0/10",
        "192.0.0.0/24",
        "192.88.99.0/24",
        "198.18.0.0/15",
        "240.0.0.0/4",
    )
)


class FetchRefused(HeirloomError):
    """Base of why nothing was fetched."""

    code = "fetch.refused"
    message = gettext_noop("This address cannot be fetched: {detail}.")
    kept = gettext_noop("Nothing was stored.")
    status = 422


class BadUrl(FetchRefused):
    """Not an address of a kind that is fetched: scheme, port, name and password, or malformed."""

    code = "fetch.bad-url"
    message = gettext_noop("This is not a web address that can be fetched: {detail}.")


class NotPublic(FetchRefused):
    """The host has an address that is not on the public internet."""

    code = "fetch.not-public"
    message = gettext_noop("This address is not on the public internet: {host}.")


class Unresolved(FetchRefused):
    """The host's name has no address."""

    code = "fetch.unresolved"
    message = gettext_noop("There is no such host: {host}.")


class TooManyRedirects(FetchRefused):
    """Sent on more often than the limit."""

    code = "fetch.redirects"
    message = gettext_noop("This address sends on more than {limit} times.")


class FetchTooLarge(FetchRefused):
    """More bytes than the limit."""

    code = "fetch.too-large"
    message = gettext_noop("What is at this address is larger than {limit} bytes.")


class FetchTooSlow(FetchRefused):
    """Not done within the time limit."""

    code = "fetch.too-slow"
    message = gettext_noop("This address did not answer within {limit} seconds.")
    status = 504


class FetchFailed(FetchRefused):
    """The connection or the answer was not sound."""

    code = "fetch.failed"
    message = gettext_noop("This address could not be fetched: {detail}.")
    status = 502


class FetchStatus(FetchRefused):
    """The server answered with an error."""

    code = "fetch.status"
    message = gettext_noop("The server at this address answered with the error {http_status}.")
    status = 502


def system_resolver(host: str, port: int) -> list[str]:
    """Return the addresses of *host* by the operating system."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True, slots=True)
class FetchPolicy:
    """What may be fetched, and how much of it.

    Attributes:
        max_bytes: of the body.
        seconds: for everything together, redirects included.
        redirects: how often it may be sent on.
        schemes, ports: what an address may name; an explicit port outside is refused.
        allow: hosts (``host`` or ``host:port``) that may be inside the own network, such as a mirror on the LAN.
        resolver: name and port to addresses.
        context: TLS settings; the system's certificates by default.
    """

    max_bytes: int = 256 * 1024**2
    seconds: float = 60.0
    redirects: int = 5
    schemes: frozenset[str] = frozenset({"http", "https"})
    ports: frozenset[int] = frozenset({80, 443})
    allow: frozenset[str] = frozenset()
    user_agent: str = "Heirloom"
    resolver: Resolver = system_resolver
    context: ssl.SSLContext | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was fetched: a temporary file that the caller moves or removes, and what was said about it.

    *media_type* is what the server claims, without parameters; it is not to be believed (see ``heirloom.archive.safe``).
    """

    path: Path
    url: str
    size: int
    sha512: str
    media_type: str
    status: int
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    redirects: tuple[str, ...] = ()


def is_public(address: Address) -> bool:
    """Whether *address* is on the public internet, also behind every way to write an inner one."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address.scope_id is not None or any(address in network for network in _TRANSLATED):
            return False
    elif any(address in network for network in _NOT_PUBLIC_V4):
        return False
    return address.is_global and not (
        address.is_multicast
        or address.is_private
        or address.is_loopback
        or address.is_link_local
        or address.is_reserved
        or address.is_unspecified
    )


def fetch(
    url: str,
    folder: Path,
    policy: FetchPolicy | None = None,
    *,
    headers: Mapping[str, str] | None = None,
) -> Fetched:
    """Fetch *url* by GET into a new temporary file in *folder*.

    Args:
        url: absolute, http or https, without name and password.
        folder: where the temporary file is made; nothing is left there on failure.
        policy: limits.
        headers: further request headers, such as ``Accept``; not sent on to another host.

    Raises:
        FetchRefused: a subclass for each reason.
    """
    policy = policy or FetchPolicy()
    deadline = time.monotonic() + policy.seconds
    passed: list[str] = []
    sent = dict(headers or {})
    while True:
        parts = _judge_url(url, policy)
        with _answer(parts, policy, deadline, sent) as response:
            if response.status in _REDIRECTS and (target := response.getheader("Location")):
                if len(passed) >= policy.redirects:
                    raise TooManyRedirects(limit=policy.redirects)
                passed.append(url)
                following = urljoin(url, target)
                if parts.scheme == "https" and not following.lower().startswith("https:"):
                    raise BadUrl(detail="it sends on from https to something less safe")
                if urlsplit(following).netloc != parts.netloc:
                    sent = {
                        name: value
                        for name, value in sent.items()
                        if name.lower() in {"accept", "accept-language"}
                    }
                url = following
                continue
            if response.status != 200:
                raise FetchStatus(http_status=response.status)
            return _save(response, url, folder, policy, deadline, tuple(passed))


def _judge_url(url: str, policy: FetchPolicy) -> SplitResult:
    if len(url) > 4096 or any(
        character <= " " or character == "\x7f" or character == "\\" for character in url
    ):
        raise BadUrl(detail="it is too long or holds characters that no address has")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise BadUrl(detail=str(error)[:100]) from None
    if parts.scheme not in policy.schemes or parts.scheme not in _PORTS:
        raise BadUrl(detail="only http and https are fetched")
    if not parts.hostname or "@" in parts.netloc:
        raise BadUrl(detail="it has no host, or a name and password")
    port = port or _PORTS[parts.scheme]
    if port not in policy.ports and not _is_allowed(parts.hostname, port, policy):
        raise BadUrl(detail=f"port {port} is not fetched from")
    return parts


def _is_allowed(host: str, port: int, policy: FetchPolicy) -> bool:
    bracketed = f"[{host}]" if ":" in host else host
    return host in policy.allow or f"{bracketed}:{port}" in policy.allow


def _resolve(host: str, port: int, policy: FetchPolicy) -> list[str]:
    """Return the addresses of *host*; all of them must be public, or the host allowed by name."""
    try:
        name = host if ":" in host else host.encode("idna").decode("ascii")
        found = policy.resolver(name, port)
    except (OSError, UnicodeError, ValueError):
        raise Unresolved(host=host) from None
    if not found:
        raise Unresolved(host=host)
    allowed = _is_allowed(host, port, policy)
    for text in found:
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            raise NotPublic(host=host) from None
        if not allowed and not is_public(address):
            raise NotPublic(host=host)
    return found


@contextlib.contextmanager
def _answer(
    parts: SplitResult, policy: FetchPolicy, deadline: float, headers: Mapping[str, str]
) -> Iterator[http.client.HTTPResponse]:
    """Connect to a judged address and send the request; errors of the network come out coded."""
    assert parts.hostname is not None
    port = parts.port or _PORTS[parts.scheme]
    addresses = _resolve(parts.hostname, port, policy)
    connection = _Pinned(parts, addresses, port, policy, deadline)
    # A server that sends one byte at a time never meets a socket's timeout: the whole has a watch of its own.
    watch = threading.Timer(max(0.0, deadline - time.monotonic()), connection.give_up)
    watch.daemon = True
    watch.start()
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        default = port == _PORTS[parts.scheme]
        bracketed = (
            f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname.encode("idna").decode("ascii")
        )
        request = {
            "User-Agent": policy.user_agent,
            "Accept-Encoding": "identity",
            "Connection": "close",
            **headers,
            "Host": bracketed if default else f"{bracketed}:{port}",
        }
        connection.putrequest("GET", _ascii(target), skip_host=True, skip_accept_encoding=True)
        for name, value in request.items():
            connection.putheader(name, value)
        connection.endheaders()
        with connection.getresponse() as response:
            yield response
    except TimeoutError:
        raise FetchTooSlow(limit=f"{policy.seconds:g}") from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        if time.monotonic() >= deadline:
            raise FetchTooSlow(limit=f"{policy.seconds:g}") from None
        raise FetchFailed(detail=f"{type(error).__name__}: {str(error)[:120]}") from None
    finally:
        watch.cancel()
        connection.close()


def _ascii(target: str) -> str:
    return "".join(c if c.isascii() else "".join(f"%{byte:02X}" for byte in c.encode()) for c in target)


class _Pinned(http.client.HTTPConnection):
    """A connection to addresses that were judged, under the name that was asked for."""

    def __init__(
        self, parts: SplitResult, addresses: list[str], port: int, policy: FetchPolicy, deadline: float
    ) -> None:
        assert parts.hostname is not None
        super().__init__(parts.hostname, port)
        self._addresses = addresses
        self._policy = policy
        self._deadline = deadline
        self._tls = parts.scheme == "https"
        self._live: socket.socket | None = None

    def give_up(self) -> None:
        """End the connection from another thread; whoever waits on it is told."""
        if self._live is not None:
            with contextlib.suppress(OSError):
                self._live.shutdown(socket.SHUT_RDWR)

    def connect(self) -> None:
        failure: OSError = ConnectionError("no address answered")
        for address in self._addresses:
            left = self._deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            try:
                self.sock = socket.create_connection((address, self.port), timeout=min(left, 10.0))
            except OSError as error:
                failure = error
                continue
            break
        else:
            raise failure
        self.sock.settimeout(max(0.001, min(self._deadline - time.monotonic(), 30.0)))
        self._live = self.sock
        if self._tls:
            context = self._policy.context or ssl.create_default_context()
            tls = context.wrap_socket(self.sock, server_hostname=self.host, do_handshake_on_connect=False)
            self.sock = self._live = tls
            tls.do_handshake()


def _save(
    response: http.client.HTTPResponse,
    url: str,
    folder: Path,
    policy: FetchPolicy,
    deadline: float,
    passed: tuple[str, ...],
) -> Fetched:
    announced = response.getheader("Content-Length", "")
    if announced.isdecimal() and int(announced) > policy.max_bytes:
        raise FetchTooLarge(limit=policy.max_bytes)
    if response.getheader("Content-Encoding", "identity").lower() not in {"", "identity"}:
        raise FetchFailed(detail="the answer is compressed though that was not asked for")
    digest = hashlib.sha512()
    size = 0
    descriptor, name = tempfile.mkstemp(prefix=".fetch-", dir=folder)
    try:
        with os.fdopen(descriptor, "wb") as target:
            while chunk := response.read1(_CHUNK):
                size += len(chunk)
                if size > policy.max_bytes:
                    raise FetchTooLarge(limit=policy.max_bytes)
                if time.monotonic() > deadline:
                    raise FetchTooSlow(limit=f"{policy.seconds:g}")
                digest.update(chunk)
                target.write(chunk)
            target.flush()
            os.fsync(target.fileno())
        if time.monotonic() > deadline:
            raise FetchTooSlow(limit=f"{policy.seconds:g}")
        if announced.isdecimal() and size != int(announced):
            raise FetchFailed(detail="the answer ended too early")
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    kept = {key.lower(): value for key, value in response.getheaders()}
    media_type = kept.get("content-type", "").partition(";")[0].strip().lower()
    return Fetched(
        Path(name),
        url,
        size,
        digest.hexdigest(),
        media_type,
        response.status,
        MappingProxyType(kept),
        passed,
    )
