"""Taking objects away for good, and the record that stays: tombstones, outside of any object."""

from __future__ import annotations

import hashlib
import json
from typing import Final

from heirloom.archive.ocfl import INVENTORY, Damaged, Tombstone
from heirloom.archive.storage import WORKSPACE, Storage

TOMBSTONES: Final = f"{WORKSPACE}/tombstones"


def tombstone_key(tombstone: Tombstone) -> str:
    """Where a tombstone stands. The name holds the purged seal, and a digest that shows rot in the record.

    An object that was made and purged again has several.
    """
    who = hashlib.sha256(tombstone.object_id.encode()).hexdigest()[:32]
    record = hashlib.sha512(tombstone.to_bytes()).hexdigest()[:32]
    return f"{TOMBSTONES}/{who}-{tombstone.digest[:32]}-{record}.json"


def _names(storage: Storage) -> list[str]:
    try:
        return sorted(name for name, kind in storage.children(TOMBSTONES) if kind == "file")
    except FileNotFoundError:
        return []


def tombstones(storage: Storage) -> list[Tombstone]:
    """The record of all purged objects, in the order of their purging; damaged records are left out."""
    found: list[Tombstone] = []
    for name in _names(storage):
        try:
            found.append(Tombstone.from_bytes(storage.read(f"{TOMBSTONES}/{name}")))
        except Damaged:
            continue
    return sorted(found, key=lambda tombstone: tombstone.purged)


def damaged_tombstones(storage: Storage) -> list[str]:
    """Keys of records that are not what was written."""
    damaged: list[str] = []
    for name in _names(storage):
        key = f"{TOMBSTONES}/{name}"
        digest = storage.digests(key, ("sha512",))["sha512"]
        if not name.endswith(f"-{digest[:32]}.json"):
            damaged.append(key)
    return damaged


def purge(storage: Storage, tombstone: Tombstone, key: str, journal: str) -> None:
    """Keep *tombstone*, then take away the object *key*. The caller holds the store's lock alone."""
    storage.put(journal, json.dumps({"purge": key}).encode())
    storage.put(tombstone_key(tombstone), tombstone.to_bytes())
    storage.remove(key, with_parents=True)
    storage.remove(journal)


def finish(storage: Storage, key: str) -> None:
    """A purge of a dead process that got as far as its tombstone is finished; before that, it never was."""
    try:
        seal = hashlib.sha512(storage.read(f"{key}/{INVENTORY}")).hexdigest()
    except FileNotFoundError:
        return
    if any(f"-{seal[:32]}-" in name for name in _names(storage)):
        storage.remove(key, with_parents=True)
