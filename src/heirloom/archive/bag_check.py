"""BagIt: judge a bag in a folder, and read it.

Every finding has a code, a severity and the name it concerns; a bag is valid when no finding is an error. The
verdict depends on the bag alone, not on the file system it lies on. Versions 0.93 to 1.0.

Source: RFC 8493 (BagIt 1.0); draft-kunze-bagit-00 to -14 for 0.93 to 0.97.
"""

from __future__ import annotations

import codecs
import hashlib
import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final, Literal, TypeAlias

from heirloom.archive.durable import opened
from heirloom.archive.names import collision_key
from heirloom.errors import gettext_noop

Severity: TypeAlias = Literal["error", "warning"]

DECLARATION: Final = "bagit.txt"
FETCH: Final = "fetch.txt"
PAYLOAD: Final = "data"
VERSIONS: Final = ("0.93", "0.94", "0.95", "0.96", "0.97", "1.0")
#: Digests that are checked, by their name in a manifest's file name.
ALGORITHMS: Final = (
    "md5",
    "sha1",
    "sha224",
    "sha256",
    "sha384",
    "sha512",
    "sha3256",
    "sha3512",
    "blake2b512",
)
_HASHLIB: Final = {"sha3256": "sha3_256", "sha3512": "sha3_512", "blake2b512": "blake2b"}
_LENGTHS: Final = {
    "md5": 32,
    "sha1": 40,
    "sha224": 56,
    "sha256": 64,
    "sha384": 96,
    "sha512": 128,
    "sha3256": 64,
    "sha3512": 128,
    "blake2b512": 128,
}
#: Largest tag file that is read; a manifest of a million files has about 200 MB.
MAX_TAG_BYTES: Final = 512 * 1024 * 1024
_CHUNK: Final = 1 << 20
_SYSTEM_FILES: Final = frozenset({".ds_store", "thumbs.db", "desktop.ini", "._.ds_store"})

PROBLEMS: Final[Mapping[str, tuple[Severity, str]]] = {
    "bag.no-declaration": ("error", gettext_noop("There is no bagit.txt.")),
    "bag.declaration": (
        "error",
        gettext_noop("The file bagit.txt is not written as the specification demands."),
    ),
    "bag.version": ("error", gettext_noop("The version of BagIt is not known.")),
    "bag.encoding": ("error", gettext_noop("A tag file is not in the encoding that bagit.txt names.")),
    "bag.no-payload-folder": ("error", gettext_noop("There is no folder named data.")),
    "bag.no-manifest": (
        "error",
        gettext_noop("There is no list of the files with a digest that can be checked."),
    ),
    "bag.manifest-line": ("error", gettext_noop("A line of a manifest is not a digest and a path.")),
    "bag.path": ("error", gettext_noop("A path leads outside of the bag.")),
    "bag.escape": (
        "error",
        gettext_noop("A percent sign in a path is not written as the specification demands."),
    ),
    "bag.duplicate": ("error", gettext_noop("A manifest lists a file twice.")),
    "bag.duplicate-same": ("warning", gettext_noop("A manifest lists a file twice, with the same digest.")),
    "bag.missing": ("error", gettext_noop("A listed file is missing.")),
    "bag.to-fetch": (
        "error",
        gettext_noop("A listed file is missing and is to be fetched from elsewhere first."),
    ),
    "bag.unlisted": ("error", gettext_noop("A file is in the bag but not in every manifest.")),
    "bag.digest": ("error", gettext_noop("A file is not what its digest says.")),
    "bag.oxum": ("error", gettext_noop("The payload has not the size or number of files that is announced.")),
    "bag.info-line": ("error", gettext_noop("A line of the bag's description is not a label and a value.")),
    "bag.fetch-line": ("error", gettext_noop("A line of fetch.txt is not an address, a length and a path.")),
    "bag.fetch-unlisted": ("error", gettext_noop("A file to be fetched is not in every manifest.")),
    "bag.link": ("error", gettext_noop("The bag holds a link or a device instead of a file.")),
    "bag.too-large": ("error", gettext_noop("A tag file is too large to be read.")),
    "bag.algorithm": ("warning", gettext_noop("A manifest uses a digest that cannot be checked here.")),
    "bag.weak": ("warning", gettext_noop("The files are protected by weak digests only.")),
    "bag.asterisk": (
        "warning",
        gettext_noop("A manifest was made with a digest program and marks paths with *."),
    ),
    "bag.dot-path": ("warning", gettext_noop("A path begins with ./ without need.")),
    "bag.collision": (
        "warning",
        gettext_noop("Two paths differ only in case or in the form of their letters."),
    ),
    "bag.system-file": (
        "warning",
        gettext_noop("The bag holds a file that an operating system keeps for itself."),
    ),
    "bag.fetch": ("warning", gettext_noop("The bag lists files that lie elsewhere; nothing is fetched.")),
    "bag.byte-order-mark": ("warning", gettext_noop("A tag file begins with a byte order mark.")),
    "bag.oxum-repeated": ("warning", gettext_noop("The size of the payload is announced more than once.")),
}


@dataclass(frozen=True, slots=True)
class BagProblem:
    """A finding: a code of :data:`PROBLEMS` and the path, line or value it concerns."""

    code: str
    subject: str = ""

    @property
    def severity(self) -> Severity:
        """``"error"`` makes the bag invalid, ``"warning"`` does not."""
        return PROBLEMS[self.code][0]

    @property
    def message(self) -> str:
        """The English sentence, marked for translation."""
        return PROBLEMS[self.code][1]


@dataclass(frozen=True, slots=True)
class FetchEntry:
    """A line of ``fetch.txt``: where a file lies, its size where known, and its path. Never fetched by itself."""

    url: str
    size: int | None
    path: str


@dataclass(frozen=True, slots=True)
class BagReport:
    """What a bag is.

    Attributes:
        version: as declared, empty where it could not be read.
        info: the description, labels and values in order.
        payload: paths below ``data/`` (without it) and their sizes in bytes.
        digests: algorithm -> path below the bag -> digest in lower-case hex.
        fetch: files that lie elsewhere.
        problems: findings, in the order they were made.
    """

    version: str
    info: tuple[tuple[str, str], ...]
    payload: Mapping[str, int]
    digests: Mapping[str, Mapping[str, str]]
    fetch: tuple[FetchEntry, ...]
    problems: tuple[BagProblem, ...]

    @property
    def errors(self) -> tuple[BagProblem, ...]:
        """The findings that make the bag invalid."""
        return tuple(problem for problem in self.problems if problem.severity == "error")

    @property
    def warnings(self) -> tuple[BagProblem, ...]:
        """The findings that do not."""
        return tuple(problem for problem in self.problems if problem.severity == "warning")

    @property
    def valid(self) -> bool:
        """Whether there is no error."""
        return not self.errors


def check_bag(folder: Path, *, digests: bool = True) -> BagReport:
    """Judge the bag in *folder*.

    Args:
        folder: the bag's base directory.
        digests: whether to read every file; without it, only structure, presence and announced sizes are judged.
    """
    return _Check(folder).run(digests=digests)


@dataclass(slots=True)
class _Manifest:
    """Entries of one manifest: path below the bag -> digest."""

    name: str
    algorithm: str
    entries: dict[str, str] = field(default_factory=dict)


_VERSION_LINE = re.compile(r"BagIt-Version: (\d+\.\d+)")
_ENCODING_LINE = re.compile(r"Tag-File-Character-Encoding: ([A-Za-z0-9._:\-]+)")
_MANIFEST = re.compile(r"(tag)?manifest-([a-z0-9\-]+)\.txt", re.IGNORECASE)
_LINE_END = re.compile(r"\r\n|\r|\n")
_ENTRY = re.compile(r"([0-9A-Fa-f]+)([ \t]+)(\*?)(.+)", re.DOTALL)
_FETCH = re.compile(r"(\S+)[ \t]+(\d+|-)[ \t]+(.+)", re.DOTALL)
_OXUM = re.compile(r"(\d+)\.(\d+)")
_ESCAPE_OLD = re.compile(r"%0([AaDd])")
_ESCAPE_NEW = re.compile(r"%(?:0([AaDd])|25)")
_BAD_ESCAPE = re.compile(r"%(?!0[AaDd]|25)")


class _Check:
    """One judgement of one bag."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.problems: list[BagProblem] = []
        self._seen: set[BagProblem] = set()
        self.version = ""
        self.encoding = "utf-8"
        self.payload: dict[str, int] = {}
        self.tag_files: dict[str, int] = {}
        self.fetch: list[FetchEntry] = []
        self.info: list[tuple[str, str]] = []
        self.manifests: list[_Manifest] = []
        self.tag_manifests: list[_Manifest] = []

    def add(self, code: str, subject: str = "") -> None:
        problem = BagProblem(code, subject)
        if problem not in self._seen:
            self._seen.add(problem)
            self.problems.append(problem)

    @property
    def strict(self) -> bool:
        """Whether the rules of 1.0 hold."""
        return self.version not in VERSIONS[:-1]

    def run(self, *, digests: bool) -> BagReport:
        self._list()
        if self._declaration():
            self._info()
            self._read_manifests()
            self._read_fetch()
            self._completeness()
            self._oxum()
            if digests:
                self._digests()
        listed = {manifest.algorithm: manifest.entries for manifest in self.manifests}
        return BagReport(
            self.version, tuple(self.info), self.payload, listed, tuple(self.fetch), tuple(self.problems)
        )

    # --- what is there

    def _list(self) -> None:
        if not (self.folder / PAYLOAD).is_dir() or (self.folder / PAYLOAD).is_symlink():
            self.add("bag.no-payload-folder")
        for path, size in self._walk(self.folder, ""):
            if path.startswith(f"{PAYLOAD}/"):
                self.payload[path.removeprefix(f"{PAYLOAD}/")] = size
            else:
                self.tag_files[path] = size

    def _walk(self, folder: Path, prefix: str) -> Iterator[tuple[str, int]]:
        waiting = [(folder, prefix)]
        while waiting:
            at, before = waiting.pop()
            with os.scandir(at) as entries:
                for entry in sorted(entries, key=lambda entry: entry.name):
                    path = before + entry.name
                    mode = entry.stat(follow_symlinks=False).st_mode
                    if stat.S_ISDIR(mode):
                        waiting.append((Path(entry.path), f"{path}/"))
                    elif stat.S_ISREG(mode):
                        if entry.name.lower() in _SYSTEM_FILES:
                            self.add("bag.system-file", path)
                        yield path, entry.stat(follow_symlinks=False).st_size
                    else:
                        self.add("bag.link", path)

    def _read(self, path: str) -> bytes | None:
        if self.tag_files.get(path, 0) > MAX_TAG_BYTES:
            self.add("bag.too-large", path)
            return None
        with opened(self.folder / PurePosixPath(path)) as file:
            return file.read()

    def _text(self, path: str) -> str | None:
        data = self._read(path)
        if data is None:
            return None
        if data.startswith(codecs.BOM_UTF8) and self.encoding == "utf-8":
            self.add("bag.byte-order-mark", path)
            data = data.removeprefix(codecs.BOM_UTF8)
        try:
            return data.decode(self.encoding)
        except (UnicodeDecodeError, ValueError):
            self.add("bag.encoding", path)
            return None

    # --- bagit.txt (RFC 8493, 2.1.1)

    def _declaration(self) -> bool:
        if DECLARATION not in self.tag_files:
            self.add("bag.no-declaration")
            return False
        data = self._read(DECLARATION) if self.tag_files[DECLARATION] < 4096 else None
        try:
            lines = _LINE_END.split((data or b"").decode("utf-8"))
        except UnicodeDecodeError:
            lines = []
        if lines and not lines[-1]:
            lines.pop()
        version = _VERSION_LINE.fullmatch(lines[0]) if lines else None
        encoding = _ENCODING_LINE.fullmatch(lines[1]) if len(lines) == 2 else None
        if version is None or encoding is None:
            self.add("bag.declaration", DECLARATION)
            return False
        if version[1] not in VERSIONS:
            self.add("bag.version", version[1])
            return False
        self.version = version[1]
        return self._choose_encoding(encoding[1])

    def _choose_encoding(self, name: str) -> bool:
        try:
            found = codecs.lookup(name)
        except LookupError:
            found = None
        if found is None or not getattr(found, "_is_text_encoding", True):
            self.add("bag.encoding", name)
            return False
        self.encoding = found.name
        return True

    # --- bag-info.txt (2.2.2)

    def _info(self) -> None:
        name = "package-info.txt" if self.version in {"0.93", "0.94", "0.95"} else "bag-info.txt"
        if name not in self.tag_files:
            return
        text = self._text(name)
        for line in _LINE_END.split(text or ""):
            if not line.strip():
                continue
            if line[0] in " \t" and self.info:
                label, value = self.info[-1]
                self.info[-1] = (label, f"{value} {line.strip()}")
                continue
            label, colon, value = line.partition(":")
            bare = label.strip()
            # Before 1.0 blanks around the label were let pass.
            wrong = self.strict and (bare != label or value[:1] not in {" ", "\t"})
            if not colon or not bare or wrong:
                self.add("bag.info-line", line[:100])
            else:
                self.info.append((bare, value.strip()))

    def _oxum(self) -> None:
        announced = [value for label, value in self.info if label.lower() == "payload-oxum"]
        if len(announced) > 1:
            self.add("bag.oxum-repeated", ", ".join(announced)[:100])
        real = (sum(self.payload.values()), len(self.payload))
        for value in announced:
            found = _OXUM.fullmatch(value)
            if found is None or (int(found[1]), int(found[2])) != real:
                self.add("bag.oxum", f"{value[:40]} <> {real[0]}.{real[1]}")

    # --- manifests (2.1.3, 2.2.1)

    def _read_manifests(self) -> None:
        for path in sorted(self.tag_files):
            found = _MANIFEST.fullmatch(path)
            if found is None:
                continue
            algorithm = found[2].lower().replace("-", "")
            if algorithm not in ALGORITHMS:
                self.add("bag.algorithm", path)
                continue
            manifest = _Manifest(path, algorithm)
            (self.tag_manifests if found[1] else self.manifests).append(manifest)
            self._read_manifest(manifest, payload=not found[1])
        if not self.manifests:
            self.add("bag.no-manifest")
        elif all(manifest.algorithm in {"md5", "sha1"} for manifest in self.manifests):
            self.add("bag.weak", ", ".join(manifest.algorithm for manifest in self.manifests))

    def _read_manifest(self, manifest: _Manifest, *, payload: bool) -> None:
        text = self._text(manifest.name)
        spellings: dict[str, str] = {}
        for line in _LINE_END.split(text or ""):
            if not line:
                continue
            found = _ENTRY.fullmatch(line)
            if found is None or len(found[1]) != _LENGTHS[manifest.algorithm]:
                self.add("bag.manifest-line", f"{manifest.name}: {line[:100]}")
                continue
            if found[3]:
                self.add("bag.asterisk", manifest.name)
            path = self._entry_path(found[4], payload=payload)
            if path is None:
                continue
            digest = found[1].lower()
            if path in manifest.entries:
                same = manifest.entries[path] == digest and not self.strict
                self.add("bag.duplicate-same" if same else "bag.duplicate", path)
                continue
            other = spellings.setdefault(collision_key(path), path)
            if other != path:
                self.add("bag.collision", path)
            manifest.entries[path] = digest

    def _entry_path(self, written: str, *, payload: bool | None) -> str | None:
        """Return the path that a manifest or ``fetch.txt`` names, below the bag; None where it is not acceptable."""
        path = written
        if path.startswith("./"):
            self.add("bag.path" if self.strict else "bag.dot-path", written)
            path = path[2:]
        if self.strict and _BAD_ESCAPE.search(path):
            self.add("bag.escape", written)
            return None
        pattern = _ESCAPE_NEW if self.strict else _ESCAPE_OLD
        path = pattern.sub(lambda found: {"a": "\n", "d": "\r"}.get((found[1] or "").lower(), "%"), path)
        pieces = path.split("/")
        outside = path.startswith(("/", "~", "\\")) or ".." in pieces or "." in pieces or "" in pieces
        if outside or "\0" in path or re.match(r"[A-Za-z]:[\\/]", path) or "..\\" in path:
            self.add("bag.path", written[:200])
            return None
        if payload is not None and payload is not path.startswith(f"{PAYLOAD}/"):
            self.add("bag.path", written[:200])
            return None
        return path

    # --- fetch.txt (2.2.3)

    def _read_fetch(self) -> None:
        if FETCH not in self.tag_files:
            return
        self.add("bag.fetch", FETCH)
        for line in _LINE_END.split(self._text(FETCH) or ""):
            if not line:
                continue
            found = _FETCH.fullmatch(line)
            if found is None:
                self.add("bag.fetch-line", line[:100])
                continue
            path = self._entry_path(found[3], payload=True)
            if path is not None:
                size = None if found[2] == "-" or len(found[2]) > 18 else int(found[2])
                self.fetch.append(FetchEntry(found[1], size, path))

    # --- completeness and integrity: RFC 8493, section 3

    def _completeness(self) -> None:
        present = {f"{PAYLOAD}/{path}" for path in self.payload}
        spellings = {collision_key(path): path for path in sorted(present)}
        to_fetch = {entry.path for entry in self.fetch}
        listed: set[str] = set()
        for manifest in self.manifests:
            for path in list(manifest.entries):
                if path not in present:
                    self._absent(manifest, path, spellings, to_fetch)
            listed |= manifest.entries.keys()
        for manifest in self.manifests if self.strict else self.manifests[:1]:
            known = manifest.entries.keys() if self.strict else listed
            spelled = {collision_key(path) for path in known}
            for path in sorted(present - known):
                if collision_key(path) not in spelled:
                    self.add("bag.unlisted", path)
            for path in sorted(to_fetch - known):
                self.add("bag.fetch-unlisted", path)
        for tag in self.tag_manifests:
            for path in sorted(tag.entries.keys() - self.tag_files.keys()):
                self.add("bag.missing", path)

    def _absent(
        self, manifest: _Manifest, path: str, spellings: Mapping[str, str], to_fetch: set[str]
    ) -> None:
        """A listed file is not there under this very name: elsewhere, in another spelling, or missing."""
        other = spellings.get(collision_key(path))
        if other is not None:
            self.add("bag.collision", path)
            digest = manifest.entries.pop(path)
            if manifest.entries.setdefault(other, digest) != digest:
                self.add("bag.duplicate", path)
        elif path in to_fetch:
            self.add("bag.to-fetch", path)
        else:
            self.add("bag.missing", path)

    def _digests(self) -> None:
        wanted: dict[str, list[tuple[str, str]]] = {}
        for manifest in (*self.manifests, *self.tag_manifests):
            for path, digest in manifest.entries.items():
                wanted.setdefault(path, []).append((manifest.algorithm, digest))
        for path, expected in sorted(wanted.items()):
            bare = path.removeprefix(f"{PAYLOAD}/")
            if path in self.tag_files or (bare != path and bare in self.payload):
                found = file_digests(self.folder / PurePosixPath(path), {name for name, _ in expected})
                if any(found[name] != digest for name, digest in expected):
                    self.add("bag.digest", path)


def file_digests(path: Path, algorithms: set[str]) -> dict[str, str]:
    """Read a file once and return its digests in hex by algorithm (names as in :data:`ALGORITHMS`)."""
    running = {name: hashlib.new(_HASHLIB.get(name, name), usedforsecurity=False) for name in algorithms}
    with opened(path) as file:
        while chunk := file.read(_CHUNK):
            for digest in running.values():
                digest.update(chunk)
    return {name: digest.hexdigest() for name, digest in running.items()}
