"""Keys that are unique across installations: ULIDs, sortable by time, safe in addresses and file names."""

from __future__ import annotations

import secrets
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
LENGTH = 26


def new_key(milliseconds: int | None = None) -> str:
    """Return a new lower-case ULID (48 bits of time, 80 random bits; github.com/ulid/spec)."""
    when = int(time.time() * 1000) if milliseconds is None else milliseconds
    number = (when << 80) | secrets.randbits(80)
    return "".join(_ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5))


def object_id(kind: str, key: str) -> str:
    """Return the identifier under which the archive keeps the *kind* of thing with this *key*."""
    return f"heirloom:{kind}:{key}"
