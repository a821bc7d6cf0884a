"""The OCFL validator: objects and whole storage roots, 1.0 and 1.1, judged by the specification's codes.

Findings are data (:class:`heirloom.archive.codes.Finding`). Nothing that stands in a store stops the
validator: an inventory may be hostile, a file may be a link or unreadable; both are findings.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from heirloom.archive.codes import Finding
from heirloom.archive.inventory import sidecar_digest
from heirloom.archive.layout import REGISTERED
from heirloom.archive.ocfl import DECLARATION, INVENTORY, SPECIFICATIONS
from heirloom.archive.storage import Kind, Storage
from heirloom.archive.validate_inventory import Judged, compare, judge

_VERSION: Final = re.compile(r"v[0-9]{1,9}", re.ASCII)


@dataclass
class ObjectReport:
    """What was found in one object.

    Attributes:
        key: the object's folder, relative to the storage root (``""``: the root itself).
        object_id: its identifier, where it has one.
        specification: the version of OCFL that it declares.
        findings: errors and warnings in the order they were met.
        damaged: keys of files that are missing, changed, unreadable or that no readable inventory vouches for.
        files: content files that were compared with their digests.
    """

    key: str
    object_id: str | None = None
    specification: str = SPECIFICATIONS[-1]
    findings: list[Finding] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    files: int = 0

    @property
    def valid(self) -> bool:
        """No errors; warnings do not count."""
        return all(finding.level != "error" for finding in self.findings)

    @property
    def codes(self) -> set[str]:
        """The codes of all findings."""
        return {finding.code for finding in self.findings}


def _nothing() -> None:
    pass


@dataclass
class _Object:
    """One object under judgement."""

    storage: Storage
    key: str
    report: ObjectReport
    content: bool
    tick: Callable[[], None]
    specification: str = SPECIFICATIONS[-1]
    earlier: list[Judged] = field(default_factory=list)
    sidecars: dict[str, str] = field(default_factory=dict)
    vouched: bool = True
    seen: set[str] = field(default_factory=set)

    def add(self, case: str, where: str = "", **params: object) -> None:
        place = "/".join(part for part in (self.key, where) if part)
        self.report.findings.append(Finding.of(case, place, **params))

    def path(self, name: str) -> str:
        return f"{self.key}/{name}" if self.key else name

    def children(self, name: str) -> list[tuple[str, Kind]]:
        return self.storage.children(self.path(name) if name else self.key)

    def read(self, name: str) -> bytes | None:
        """The file, or None when it is missing or cannot be read; it counts as damaged then."""
        try:
            return self.storage.read(self.path(name))
        except OSError:
            self.report.damaged.append(self.path(name))
            return None

    # -- declaration ---------------------------------------------------------------------------------

    def declaration(self, files: list[str]) -> set[str]:
        """Judge the declaration; return the names that were looked at."""
        declared = [name for name in files if name.startswith("0=")]
        if not declared:
            self.add("E003")
            self.report.damaged.append(self.path(f"{DECLARATION}{SPECIFICATIONS[-1]}"))
            twisted = [name for name in files if name[1:].startswith("=ocfl_object_")]
            for name in twisted:
                self.add("E004", name=name)
            return set(twisted)
        if len(declared) > 1:
            self.add("E003-several", count=len(declared))
        known: list[str] = []
        for name in declared:
            version = name.removeprefix(DECLARATION)
            if name == version or version not in SPECIFICATIONS:
                self.add("E006", name=name)
                continue
            known.append(version)
            if self.read(name) != f"{name[2:]}\n".encode():
                self.add("E007", name=name)
                self.report.damaged.append(self.path(name))
        self.specification = self.report.specification = max(known, default=SPECIFICATIONS[-1])
        return set(declared)

    # -- inventories ---------------------------------------------------------------------------------

    def sidecar_of(self, judged: Judged, folder: str, files: set[str], inventory: bytes) -> None:
        """Judge the sidecar of *inventory*, whose algorithm may be unknown because it cannot be read."""
        algorithm = judged.algorithm
        if not judged.algorithm_known:
            there = [name.removeprefix(f"{INVENTORY}.") for name in files if name.startswith(f"{INVENTORY}.")]
            self.sidecars[folder] = f"{INVENTORY}.{there[0]}" if there else ""
            algorithm = next((name for name in there if name in {"sha512", "sha256"}), "")
        if algorithm:
            self.sidecar(folder, algorithm, files, inventory)

    def sidecar(self, folder: str, algorithm: str, files: set[str], inventory: bytes) -> None:
        """Judge the sidecar of *inventory*, the inventory in *folder* (``""``: the object's)."""
        name = f"{INVENTORY}.{algorithm}"
        at = f"{folder}/{name}" if folder else name
        self.sidecars[folder] = name
        if name not in files:
            self.add("E058", folder, name=name)
        else:
            stated = sidecar_digest(self.read(at) or b"")
            if stated is None:
                self.add("E061", folder, name=name)
            elif hashlib.new(algorithm, inventory, usedforsecurity=False).hexdigest() != stated:
                self.add("E060", folder)
            else:
                return
        self.report.damaged += [self.path(at), self.path(f"{folder}/{INVENTORY}" if folder else INVENTORY)]

    def sound(self, judged: Judged, data: bytes, files: list[str], folder: str = "") -> bool:
        """Whether the inventory *data* in *folder* is readable and its sidecar agrees."""
        name = f"{INVENTORY}.{judged.algorithm}"
        if not judged.readable or not judged.algorithm_known or name not in files:
            return False
        try:
            stated = sidecar_digest(self.storage.read(self.path(f"{folder}/{name}" if folder else name)))
        except OSError:
            return False
        return hashlib.new(judged.algorithm, data, usedforsecurity=False).hexdigest() == stated

    def copies(self, children: list[tuple[str, Kind]]) -> Iterator[tuple[str, bytes, Judged | None]]:
        """(folder, bytes, judged or None unless sound) of the inventory in each version folder, newest first."""
        numbered = [
            (int(name[1:]), name) for name, kind in children if kind == "folder" and _VERSION.fullmatch(name)
        ]
        for _, folder in sorted(numbered, reverse=True):
            files = [name for name, kind in self.children(folder) if kind == "file"]
            try:
                data = self.storage.read(self.path(f"{folder}/{INVENTORY}")) if INVENTORY in files else b""
            except OSError:
                data = b""
            judged = judge(data, self.key, self.specification)
            sound = self.sound(judged, data, files, folder) and judged.versions[-1:] == [folder]
            yield folder, data, judged if sound else None

    def basis(self, children: list[tuple[str, Kind]], data: bytes, newest: Judged) -> tuple[bytes, Judged]:
        """The inventory that tells best what the object should be, when the root's is not sound.

        What no readable inventory vouches for counts as damaged.
        """
        for folder, copy, judged in self.copies(children):
            if judged is not None:
                self.vouched = True
                if copy == data:
                    return data, newest
                self.add("E064")
                known = {str(finding.to_json()) for finding in judged.findings}
                self.report.findings += [each for each in newest.findings if str(each.to_json()) not in known]
                return copy, judged
            if newest.readable:
                return data, newest
            self.unvouched(folder)
        if not newest.readable:
            self.report.findings += newest.findings
        return data, newest

    def unvouched(self, folder: str) -> None:
        """All files at and below *folder* are damaged for all that anybody here knows."""
        waiting = [folder]
        while waiting:
            at = waiting.pop()
            for name, kind in self.children(at):
                if kind == "folder":
                    waiting.append(f"{at}/{name}")
                else:
                    self.report.damaged.append(self.path(f"{at}/{name}"))

    def inventories(self, newest: Judged, versions: dict[str, list[tuple[str, Kind]]], data: bytes) -> None:
        """Judge the inventories in the version folders against the newest one."""
        before = SPECIFICATIONS[0]
        for version in newest.versions:
            files = {name for name, kind in versions.get(version, []) if kind == "file"}
            if INVENTORY not in files:
                if version in versions:
                    self.add("W010", version)
                continue
            if version == newest.versions[-1]:
                copy = self.read(f"{version}/{INVENTORY}") or b""
                if copy != data:
                    self.add("E064")
                    self.report.damaged += [self.path(INVENTORY), self.path(f"{version}/{INVENTORY}")]
                self.sidecar_of(newest, version, files, copy)
                judged = newest
            else:
                judged = self.one_earlier(newest, version, files)
            if judged.specification < before:
                self.add("E103", version, value=judged.specification, expected=before)
            before = judged.specification

    def one_earlier(self, newest: Judged, version: str, files: set[str]) -> Judged:
        where = f"{self.key}/{version}" if self.key else version
        data = self.read(f"{version}/{INVENTORY}") or b""
        judged = judge(data, where, self.specification)
        self.sidecar_of(judged, version, files, data)
        if judged.readable:
            compare(judged, newest)
            self.earlier.append(judged)
            if judged.versions and judged.versions[-1] != version:
                judged.add("E040", value=judged.versions[-1], expected=version)
        else:
            self.report.damaged.append(self.path(f"{version}/{INVENTORY}"))
        self.report.findings += judged.findings
        return judged

    # -- content -------------------------------------------------------------------------------------

    def scan(self, newest: Judged, versions: dict[str, list[tuple[str, Kind]]]) -> None:
        """Look at what stands in the version folders; fills ``seen``."""
        for version, children in versions.items():
            allowed = {INVENTORY, self.sidecars.get(version, "")}
            for name, kind in children:
                if kind == "other":
                    self.add("E090", version, path=f"{version}/{name}")
                elif kind == "file":
                    if name not in allowed:
                        self.add("E015", version, name=name)
                elif name == newest.content_directory:
                    if not self.scan_content(f"{version}/{name}"):
                        self.add("W003", version)
                else:
                    self.add("W002", version, name=name)

    def scan_content(self, top: str) -> int:
        waiting, count = [top], 0
        while waiting:
            folder = waiting.pop()
            children = self.children(folder)
            if not children and folder != top:
                self.add("E024", path=folder)
            for name, kind in children:
                path = f"{folder}/{name}"
                if kind == "file":
                    self.seen.add(path)
                    count += 1
                elif kind == "folder":
                    waiting.append(path)
                else:
                    self.add("E090", path=path)
        return count

    def judge_content(self, newest: Judged) -> None:
        """Every file listed and every listed file there; digests right (E023, E092, E093)."""
        for path in sorted(self.seen - newest.manifest.keys()):
            self.add("E023", path=path)
            if not self.vouched:  # it may be the inventory that lost it
                self.report.damaged.append(self.path(path))
        for path in sorted(newest.manifest.keys() - self.seen):
            self.add("E092-missing", path=path)
            self.report.damaged.append(self.path(path))
        for judged in (newest, *self.earlier):
            for algorithm, known in judged.fixity.items():
                for path in sorted(known.keys() - self.seen):
                    self.report.findings.append(
                        Finding.of("E093-missing", judged.where, path=path, algorithm=algorithm)
                    )
        for judged in self.earlier:
            if not judged.versions:
                continue
            last = {version: n for n, version in enumerate(newest.versions)}.get(judged.versions[-1], -1)
            within = tuple(f"{version}/" for version in newest.versions[: last + 1])
            for path in sorted(self.seen - judged.manifest.keys()):
                if path.startswith(within):
                    self.report.findings.append(Finding.of("E023-lost", judged.where, path=path))
        if self.content:
            self.judge_digests(newest)

    def judge_digests(self, newest: Judged) -> None:
        """Read every listed file once and compare it with all digests that any inventory gives."""
        plain = not self.earlier and not newest.fixity
        usual = (newest.algorithm,)
        for path, digest in newest.manifest.items():
            if path not in self.seen:
                continue
            self.report.files += 1
            expected = [] if plain else self.expected(newest, path)
            algorithms = (
                usual if plain else (newest.algorithm, *{algorithm for _, algorithm, _, _ in expected})
            )
            try:
                found = self.storage.digests(self.path(path), dict.fromkeys(algorithms))
            except OSError:
                found = {}
            if found.get(newest.algorithm) != digest:
                self.add("E092", path=path)
                self.report.damaged.append(self.path(path))
            for case, algorithm, value, where in expected:
                if found.get(algorithm) != value:
                    self.report.findings.append(Finding.of(case, where, path=path, algorithm=algorithm))
            self.tick()

    def expected(self, newest: Judged, path: str) -> list[tuple[str, str, str, str]]:
        """(case, algorithm, digest, where) of the digests besides the newest manifest's."""
        expected: list[tuple[str, str, str, str]] = []
        for judged in (newest, *self.earlier):
            if judged is not newest and path in judged.manifest and judged.algorithm_known:
                value = judged.manifest[path]
                if judged.algorithm != newest.algorithm or value != newest.manifest[path]:
                    expected.append(("E092", judged.algorithm, value, judged.where))
            for algorithm, known in judged.fixity.items():
                if path in known:
                    expected.append(("E093", algorithm, known[path], judged.where))
        return expected

    # -- all -----------------------------------------------------------------------------------------

    def run(self) -> None:
        try:
            children = self.children("")
        except OSError:
            self.add("E003")
            return
        files = [name for name, kind in children if kind == "file"]
        declared = self.declaration(files)
        if INVENTORY not in files:
            self.add("E063")
            self.report.damaged.append(self.path(INVENTORY))
            return
        data = self.read(INVENTORY) or b""
        newest = judge(data, self.key, self.specification)
        if not newest.readable:
            self.report.damaged.append(self.path(INVENTORY))
        if not self.sound(newest, data, files):
            self.vouched = False
            data, newest = self.basis(children, data, newest)
        self.report.object_id = newest.object_id
        if not newest.readable:
            self.sidecar_of(newest, "", set(files), data)
            return
        if newest.specification != self.specification and DECLARATION + self.specification in declared:
            newest.add(
                "E038",
                value=f"https://ocfl.io/{newest.specification}/spec/#inventory",
                expected=f"https://ocfl.io/{self.specification}/spec/#inventory",
            )
        self.sidecar_of(newest, "", set(files), self.read(INVENTORY) or b"")
        versions = self.top(children, declared, newest)
        self.inventories(newest, versions, data)
        self.report.findings[:0] = newest.findings
        self.scan(newest, versions)
        if newest.algorithm_known:
            self.judge_content(newest)
        else:  # no digest to compare with
            self.report.damaged += [self.path(path) for path in sorted(self.seen)]

    def top(
        self, children: list[tuple[str, Kind]], declared: set[str], newest: Judged
    ) -> dict[str, list[tuple[str, Kind]]]:
        """Judge what stands in the object's folder; return the version folders with their children."""
        allowed = {INVENTORY, self.sidecars.get("", ""), *declared}
        versions: dict[str, list[tuple[str, Kind]]] = {}
        for name, kind in sorted(children):
            if kind == "other":
                self.add("E090", path=name)
            elif kind == "file":
                if name not in allowed:
                    self.add("E001", name=name)
            elif name in newest.versions:
                versions[name] = self.children(name)
            elif name == "extensions":
                self.extensions()
            elif name != "logs":
                self.add("E046-extra" if _VERSION.fullmatch(name) else "E001-folder", name=name)
                if not self.vouched:
                    self.unvouched(name)
        for name in newest.versions:
            if name not in versions:
                self.add("E046", name=name)
                if name != newest.versions[-1]:
                    self.add("E010", name=name)
        return versions

    def extensions(self) -> None:
        for name, kind in self.children("extensions"):
            if kind != "folder":
                self.add("E067", name=name)
            elif name not in REGISTERED:
                self.add("W013", name=name)


def validate_object(
    storage: Storage, key: str, *, content: bool = True, tick: Callable[[], None] = _nothing
) -> ObjectReport:
    """Judge the object in the folder *key* (``""``: the storage's own root is the object).

    Args:
        content: also compare every file with its digests.
        tick: called after each file; what it raises ends the work.
    """
    report = ObjectReport(key)
    _Object(storage, key, report, content, tick).run()
    return report
