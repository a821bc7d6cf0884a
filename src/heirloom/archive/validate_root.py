"""Judging a storage root by the OCFL specification (1.0 and 1.1, section 4), and walking to its objects."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from heirloom.archive.codes import Finding
from heirloom.archive.layout import FILE, REGISTERED, VERSION_FOLDER, BadLayout, Layout, from_description
from heirloom.archive.ocfl import DECLARATION, INVENTORY, ROOT_DECLARATION, SPECIFICATIONS
from heirloom.archive.ocfl_purge import damaged_tombstones
from heirloom.archive.storage import WORKSPACE, Kind, Storage
from heirloom.archive.validate import ObjectReport, validate_object

_OWN: Final = WORKSPACE.rpartition("/")[2]
ROOT_RECORD: Final = f"{WORKSPACE}/root-files.sha512"


@dataclass
class RootReport:
    """What was found in the storage root itself, outside of its objects.

    Attributes:
        specification: the version of OCFL that it declares.
        layout: its layout, where this program computes it.
        damaged: keys of files that are missing or changed.
    """

    specification: str = SPECIFICATIONS[-1]
    layout: Layout | None = None
    findings: list[Finding] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)

    def add(self, case: str, where: str = "", **params: object) -> None:
        self.findings.append(Finding.of(case, where, **params))

    @property
    def valid(self) -> bool:
        """No errors; warnings do not count."""
        return all(finding.level != "error" for finding in self.findings)


def judge_root(storage: Storage) -> RootReport:
    """Judge declaration, layout and extensions of a storage root; the objects are not looked at."""
    report = RootReport()
    children = storage.children("")
    _judge_declaration(storage, children, report)
    for name, kind in children:
        if kind == "other":
            report.add("E090", path=name)
    if (FILE, "file") in children:
        _judge_layout(storage, report)
    _judge_records(storage, report)
    if ("extensions", "folder") in children:
        for name, kind in sorted(storage.children("extensions")):
            if kind != "folder":
                report.add("E112", name=name)
            elif name not in REGISTERED and name != _OWN:
                report.add("W016", name=name)
    return report


def _judge_declaration(storage: Storage, children: list[tuple[str, Kind]], report: RootReport) -> None:
    declared = sorted(name for name, kind in children if kind == "file" and name.startswith("0="))
    if not declared:
        report.add("E069")
        report.damaged.append(f"{ROOT_DECLARATION}{SPECIFICATIONS[-1]}")
    elif len(declared) > 1:
        report.add("E076", count=len(declared))
    for name in declared:
        version = name.removeprefix(ROOT_DECLARATION)
        if name == version or version not in SPECIFICATIONS:
            report.add("E079", name=name)
            continue
        report.specification = version
        if storage.read(name) != f"{name[2:]}\n".encode():
            report.add("E080", name=name)
            report.damaged.append(name)


def _judge_layout(storage: Storage, report: RootReport) -> None:
    try:
        description = json.loads(storage.read(FILE).decode("utf-8"))
        extension = description["extension"]
        if not isinstance(extension, str) or not isinstance(description["description"], str):
            raise TypeError
    except (ValueError, KeyError, TypeError, RecursionError):
        report.add("E070")
        report.damaged.append(FILE)
        return
    if extension not in REGISTERED:
        report.add("E071", value=extension)
        return
    config = f"extensions/{extension}/config.json"
    try:
        document = json.loads(storage.read(config)) if storage.entry(config) else None
        report.layout = from_description(description, document)
    except (ValueError, RecursionError, BadLayout):
        report.add("E070")
        report.damaged.append(config)


def root_files(storage: Storage) -> list[str]:
    """Keys of the files that say what the storage root is and where its objects stand."""
    keys = [
        name for name, kind in storage.children("") if kind == "file" and name.startswith(ROOT_DECLARATION)
    ]
    if storage.entry(FILE) is not None:
        keys.append(FILE)
    for name, kind in storage.children("extensions") if storage.entry("extensions") else []:
        if kind == "folder" and storage.entry(f"extensions/{name}/config.json") is not None:
            keys.append(f"extensions/{name}/config.json")
    return sorted(keys)


def record_root(storage: Storage) -> None:
    """Keep the digests of :func:`root_files`: OCFL itself has no digest over them."""
    lines = [f"{storage.digests(key, ('sha512',))['sha512']}  {key}\n" for key in root_files(storage)]
    storage.put(ROOT_RECORD, "".join(lines).encode())


def changed_root_files(storage: Storage) -> list[str]:
    """Keys of the files that are not as :func:`record_root` found them; none where there is no record."""
    changed: list[str] = []
    try:
        lines = storage.read(ROOT_RECORD).decode("ascii", "replace").splitlines()
    except FileNotFoundError:
        return changed
    for line in lines:
        digest, _, key = line.partition("  ")
        try:
            if storage.digests(key, ("sha512",))["sha512"] != digest:
                changed.append(key)
        except (OSError, ValueError):
            changed.append(key)
    return changed


def read_layout(storage: Storage) -> Layout | None:
    """The layout that objects of this root are found and put by; None where it cannot be relied on."""
    if storage.entry(FILE) is None or changed_root_files(storage):
        return None
    report = RootReport()
    _judge_layout(storage, report)
    return report.layout


def _judge_records(storage: Storage, report: RootReport) -> None:
    for key in changed_root_files(storage):
        report.add("H001", name=key)
        report.damaged.append(key)
    for key in damaged_tombstones(storage):
        report.add("H002", name=key)
        report.damaged.append(key)


def walk(storage: Storage, report: RootReport) -> Iterator[str]:
    """The folders of all objects, in order; what is wrong with the hierarchy goes to *report*."""
    waiting = [(name, 1) for name, kind in storage.children("") if kind == "folder" and name != "extensions"]
    waiting.sort(reverse=True)
    depths: set[bool] = set()
    while waiting:
        key, depth = waiting.pop()
        try:
            children = storage.children(key)
        except FileNotFoundError:
            continue  # taken away meanwhile
        files = [name for name, kind in children if kind == "file"]
        if any(name.startswith("0=") for name in files) or _was_object(children):
            depths.add(depth == 1)
            yield key
            continue
        if files:
            report.add("E072", path=key)
        elif not children:
            report.add("E073", path=key)
        for name, kind in children:
            if kind == "other":
                report.add("E090", path=f"{key}/{name}")
        folders = [(f"{key}/{name}", depth + 1) for name, kind in children if kind == "folder"]
        waiting.extend(sorted(folders, reverse=True))
    if len(depths) == 2:
        report.add("W015")


def _was_object(children: list[tuple[str, Kind]]) -> bool:
    """An object that lost its declaration still has an inventory, a sidecar, or nothing but version folders."""
    if any(name.startswith((INVENTORY, DECLARATION[1:])) for name, kind in children if kind == "file"):
        return True
    folders = [name for name, kind in children if kind == "folder"]
    return bool(folders) and all(
        VERSION_FOLDER.fullmatch(name) or name in {"logs", "extensions"} for name in folders
    )


def judge_object(
    storage: Storage,
    key: str,
    root: RootReport,
    *,
    content: bool = True,
    tick: Callable[[], None] = lambda: None,
) -> ObjectReport:
    """Judge one object as part of its storage root; see :func:`heirloom.archive.validate.validate_object`."""
    report = validate_object(storage, key, content=content, tick=tick)
    if report.specification > root.specification:
        report.findings.append(
            Finding.of("E081", key, value=report.specification, expected=root.specification)
        )
    if root.layout is not None and report.object_id is not None:
        try:
            expected = root.layout.key(report.object_id)
        except (BadLayout, UnicodeEncodeError):
            expected = ""
        if expected != key:
            report.findings.append(Finding.of("E083", key, value=report.object_id, expected=expected))
    return report


def validate_store(storage: Storage, *, content: bool = True) -> tuple[RootReport, list[ObjectReport]]:
    """Judge a storage root and all its objects.

    Args:
        content: also compare every file with its digests.
    """
    root = judge_root(storage)
    return root, [judge_object(storage, key, root, content=content) for key in walk(storage, root)]
