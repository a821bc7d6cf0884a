"""Making storage roots."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from heirloom.archive import layout as layouts
from heirloom.archive.maintenance_copy import prepare_root
from heirloom.archive.ocfl import ROOT_DECLARATION, SPECIFICATIONS, NotArchive
from heirloom.archive.storage import WORKSPACE, LocalStorage, Storage
from heirloom.archive.validate_root import ROOT_RECORD, record_root

_README: Final = """\
This folder is not part of any object. The archive keeps here what OCFL leaves to its user: what is on its
way in, and locks (work), the record of purged objects (tombstones) and the database of its quick scan
(scan.sqlite3). The tombstones are a record to keep. The rest is made anew when it is deleted while nobody
writes.
"""


def create(storage: LocalStorage, path: str | Path) -> None:
    """Make the missing or empty folder *path* a storage root; leave a storage root alone."""
    folder = Path(path)
    folder.mkdir(parents=True, exist_ok=True)
    with storage.lock("root", "the archive"):
        if is_root(storage):
            if storage.entry(f"{WORKSPACE}/config.json") and not storage.entry(ROOT_RECORD):
                record_root(storage)  # its maker died just before
            return
        ours = {"extensions", layouts.FILE}
        if any(name not in ours for name, _ in storage.children("")):
            raise NotArchive(path=str(path))
        layout = layouts.HashAndId()
        for key, document in (
            (f"extensions/{layout.name}/config.json", layout.config()),
            (f"{WORKSPACE}/config.json", {"extensionName": WORKSPACE.rpartition("/")[2]}),
        ):
            storage.put(key, (json.dumps(document, indent=2) + "\n").encode())
        storage.put(f"{WORKSPACE}/README", _README.encode())
        storage.put(layouts.FILE, layouts.to_description(layout))
        storage.put(f"{ROOT_DECLARATION}{SPECIFICATIONS[-1]}", f"ocfl_{SPECIFICATIONS[-1]}\n".encode())
        record_root(storage)


def is_root(storage: Storage) -> bool:
    """Whether a storage declares itself as an OCFL storage root that can be read."""
    return any(storage.entry(f"{ROOT_DECLARATION}{version}") for version in SPECIFICATIONS)


def create_mirror(source: Storage, path: str | Path) -> None:
    """Make the missing or empty folder *path* a root like *source*; leave a storage root alone."""
    folder = Path(path)
    folder.mkdir(parents=True, exist_ok=True)
    storage = LocalStorage(folder)
    if not is_root(storage):
        if any(name not in {"extensions", layouts.FILE} for name, _ in storage.children("")):
            raise NotArchive(path=str(path))
        with storage.lock("root", "the archive"):
            prepare_root(source, storage)
            storage.put(f"{WORKSPACE}/README", _README.encode())
            record_root(storage)
