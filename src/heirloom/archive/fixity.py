"""Digests: by OCFL's names for the record.

Sources: OCFL 1.1 section 2.1 (sha512, sha256, sha1, md5, blake2b-512) and community extension 0009 (the rest).
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Iterable
from typing import Final, Protocol


class Digest(Protocol):
    def update(self, data: memoryview | bytes, /) -> None: ...
    def hexdigest(self) -> str: ...


def _blake2b(size: int) -> Callable[[], Digest]:
    return lambda: hashlib.blake2b(digest_size=size, usedforsecurity=False)


class _Size:
    """The pseudo-digest ``size``: the number of bytes, in decimal."""

    def __init__(self) -> None:
        self._size = 0

    def update(self, data: memoryview | bytes, /) -> None:
        self._size += len(data)

    def hexdigest(self) -> str:
        return str(self._size)


ALGORITHMS: Final[dict[str, Callable[[], Digest]]] = {
    "sha512": lambda: hashlib.sha512(usedforsecurity=False),
    "sha256": lambda: hashlib.sha256(usedforsecurity=False),
    "sha1": lambda: hashlib.sha1(usedforsecurity=False),
    "md5": lambda: hashlib.md5(usedforsecurity=False),
    "blake2b-512": _blake2b(64),
    "blake2b-384": _blake2b(48),
    "blake2b-256": _blake2b(32),
    "blake2b-160": _blake2b(20),
    "sha512/256": lambda: hashlib.new("sha512_256", usedforsecurity=False),
    "size": _Size,
}
"""The digest algorithms of OCFL 1.1 section 2.1 and community extension 0009."""

LENGTHS: Final = {
    "sha512": 128,
    "sha256": 64,
    "sha1": 40,
    "md5": 32,
    "blake2b-512": 128,
    "blake2b-384": 96,
    "blake2b-256": 64,
    "blake2b-160": 40,
    "sha512/256": 64,
}
"""Hexadecimal digits of each algorithm's digests."""

_FIRST: Final = 1 << 16
_BUFFER: Final = 1 << 18
_own = threading.local()


def digests_of(descriptor: int, algorithms: Iterable[str]) -> dict[str, str]:
    """Digests of the open file *descriptor* from its present position to its end."""
    running = [(name, ALGORITHMS[name]()) for name in algorithms]
    data = os.read(descriptor, _FIRST)
    for _, digest in running:
        digest.update(data)
    if len(data) == _FIRST:
        buffer: bytearray | None = getattr(_own, "buffer", None)
        if buffer is None:
            buffer = _own.buffer = bytearray(_BUFFER)
        view = memoryview(buffer)
        while count := os.readv(descriptor, [buffer]):
            for _, digest in running:
                digest.update(view[:count])
    else:
        while data := os.read(descriptor, _FIRST):
            for _, digest in running:
                digest.update(data)
    return {name: digest.hexdigest() for name, digest in running}
