"""BagIt 1.0: pack files for a journey and unpack them again, with proof that nothing changed.

A bag is written as a folder or straight into a zip stream; it appears whole or not at all. Reading never fetches
anything. A percent sign in a path is the one point where the specification and the reader that most archives use
disagree (bagit-python issue 157): such a bag is written as version 0.97, in which paths stand as they are, and which
both read alike.

Source: RFC 8493.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Literal, TypeAlias

from heirloom.archive.bag_check import (
    DECLARATION,
    PAYLOAD,
    PROBLEMS,
    BagProblem,
    BagReport,
    FetchEntry,
    check_bag,
)
from heirloom.archive.durable import sync_folder, sync_tree
from heirloom.archive.safe_errors import Refused
from heirloom.archive.safe_zip import SafeZip, ZipLimits
from heirloom.errors import HeirloomError, gettext_noop

__all__ = [
    "PROBLEMS",
    "Bag",
    "BagFile",
    "BagProblem",
    "BagReport",
    "CannotBag",
    "FetchEntry",
    "InvalidBag",
    "Source",
    "check_bag",
    "files_below",
    "open_bag",
    "open_zipped_bag",
    "write_bag",
    "write_zipped_bag",
]

#: Where the bytes of a payload file come from.
Source: TypeAlias = Path | bytes | Callable[[], BinaryIO]
Version: TypeAlias = Literal["1.0", "0.97"]

_CHUNK = 1 << 20
#: What some readers take for the end of a line, and what has no escape.
_LINE_ENDS = re.compile("[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)


class CannotBag(HeirloomError):
    """A bag cannot be written as asked."""

    code = "bag.cannot-write"
    message = gettext_noop("These files cannot be packed: {detail}.")
    kept = gettext_noop("Nothing was written.")


class InvalidBag(Refused):
    """A bag that came in is not valid; ``report`` says why."""

    code = "bag.invalid"
    message = gettext_noop("This bag is not valid: {detail}")

    def __init__(self, report: BagReport) -> None:
        self.report = report
        first = report.errors[0]
        super().__init__(
            detail=f"{first.message} ({first.subject[:120]})" if first.subject else first.message
        )


@dataclass(frozen=True, slots=True)
class BagFile:
    """A payload file of a valid bag: its path without ``data/``, where it lies, its size, and its digests in hex."""

    path: str
    local: Path
    size: int
    digests: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Bag:
    """A valid bag in a folder."""

    folder: Path
    report: BagReport

    def files(self) -> Iterator[BagFile]:
        """Give the payload, by path."""
        for path, size in sorted(self.report.payload.items()):
            digests = {
                algorithm: entries[f"{PAYLOAD}/{path}"]
                for algorithm, entries in self.report.digests.items()
                if f"{PAYLOAD}/{path}" in entries
            }
            yield BagFile(path, self.folder / PAYLOAD / PurePosixPath(path), size, digests)


# --- reading


def open_bag(folder: Path) -> Bag:
    """Judge the bag in *folder* and open it.

    Raises:
        InvalidBag: it is not valid.
    """
    report = check_bag(folder)
    if not report.valid:
        raise InvalidBag(report)
    return Bag(folder, report)


@contextmanager
def open_zipped_bag(source: Path, scratch: Path, limits: ZipLimits | None = None) -> Iterator[Bag]:
    """Unpack the zip at *source* below *scratch*, judge the bag in it, and give it; what was unpacked is removed.

    The bag may be the zip's one folder (RFC 8493, 4) or its content itself. Archives within the payload are left as
    they are.

    Raises:
        Refused: the zip is not safe to unpack.
        InvalidBag: the bag is not valid.
    """
    limits = replace(limits or ZipLimits(), nested=True)
    with tempfile.TemporaryDirectory(prefix=".bag-", dir=scratch) as work:
        base = Path(work) / "bag"
        with source.open("rb") as file, SafeZip(file, limits) as archive:
            archive.extract(base)
        if not (base / DECLARATION).exists():
            inside = list(base.iterdir())
            if len(inside) == 1 and inside[0].is_dir():
                base = inside[0]
        yield open_bag(base)


# --- writing


def files_below(folder: Path) -> dict[str, Source]:
    """Return every plain file below *folder* by its path with ``/``.

    Raises:
        CannotBag: there is a link or a device.
    """
    found: dict[str, Source] = {}
    for parent, folders, names in os.walk(folder):
        for name in (*folders, *names):
            path = Path(parent) / name
            if path.is_symlink() or not (path.is_file() or path.is_dir()):
                raise CannotBag(detail=f"{path.name} is not a plain file")
        for name in names:
            path = Path(parent) / name
            found[path.relative_to(folder).as_posix()] = path
    return found


def write_bag(
    destination: Path,
    files: Mapping[str, Source],
    info: Iterable[tuple[str, str]] = (),
    *,
    algorithms: Iterable[str] = ("sha512",),
    tag_files: Mapping[str, bytes] | None = None,
    bagged: date | None = None,
    version: Version | None = None,
) -> BagReport:
    """Write a bag as the new folder *destination*, which appears whole or not at all.

    Args:
        destination: must not exist.
        files: payload by path (without ``data/``).
        info: labels and values of ``bag-info.txt``, in any script; the date and the size are added.
        algorithms: digests to write, of sha512, sha256, sha384, sha1 and md5.
        tag_files: further files beside the payload, by path.
        bagged: the date of bagging; today, by default.
        version: of BagIt; chosen by the paths, by default (see the module).

    Raises:
        CannotBag: a path or a label cannot be written.
        FileExistsError: *destination* exists.
    """
    if destination.exists():
        raise FileExistsError(destination)
    work = Path(tempfile.mkdtemp(prefix=f".{destination.name[:40]}-", dir=destination.parent))
    try:
        work.chmod(0o755)
        (work / PAYLOAD).mkdir()
        _write(_Folder(work), files, _Plan(info, algorithms, tag_files, bagged, version, files))
        report = check_bag(work, digests=False)
        sync_tree(str(work))
        work.rename(destination)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise
    sync_folder(str(destination.parent))
    return report


def write_zipped_bag(
    target: BinaryIO,
    name: str,
    files: Mapping[str, Source],
    info: Iterable[tuple[str, str]] = (),
    *,
    algorithms: Iterable[str] = ("sha512",),
    tag_files: Mapping[str, bytes] | None = None,
    bagged: date | None = None,
    version: Version | None = None,
) -> None:
    """Write a bag as a zip into the stream *target*, which need not be seekable, in one folder called *name*.

    Each file is read once. Same input, same bytes: entries carry no time. See :func:`write_bag` for the rest.
    """
    if not name or "/" in name or "\\" in name or name in {".", ".."}:
        raise CannotBag(detail="the bag's name is no name of a folder")
    plan = _Plan(info, algorithms, tag_files, bagged, version, files)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        _write(_Zip(archive, name), files, plan)


class _Plan:
    """What is to be written, judged before the first byte."""

    def __init__(
        self,
        info: Iterable[tuple[str, str]],
        algorithms: Iterable[str],
        tag_files: Mapping[str, bytes] | None,
        bagged: date | None,
        version: Version | None,
        files: Mapping[str, Source],
    ) -> None:
        self.algorithms = tuple(sorted(set(algorithms), reverse=True))
        if not self.algorithms or set(self.algorithms) - {"sha512", "sha256", "sha384", "sha1", "md5"}:
            raise CannotBag(detail="a digest is not known")
        for path in files:
            _check_path(path)
        self.version = version or _version_for(files)
        self.tag_files = dict(tag_files or {})
        for path in self.tag_files:
            _check_path(path)
            own = (
                path.lower() in {DECLARATION, "bag-info.txt", "fetch.txt"}
                or path.split("/")[0].lower() == PAYLOAD
            )
            if own or re.fullmatch(r"(tag)?manifest-.*\.txt", path, re.IGNORECASE):
                raise CannotBag(detail=f"{path} is a name that the bag itself uses")
        day = (bagged or date.today()).isoformat()  # noqa: DTZ011  (a local calendar date is what is asked for)
        self.info = [("Bagging-Date", day), *(_info_line(label, value) for label, value in info)]


def _check_path(path: str) -> None:
    unkept = path != path.strip() or _LINE_ENDS.search(path) or "\0" in path or "\\" in path
    if not path or unkept or {"", ".", ".."} & set(path.split("/")):
        raise CannotBag(detail=f"the path {path[:100]!a} cannot be kept in a bag")
    try:
        path.encode()
    except UnicodeEncodeError:
        raise CannotBag(detail=f"the path {path[:100]!a} is not Unicode") from None


def _version_for(files: Mapping[str, Source]) -> Version:
    """1.0, unless a percent sign needs 0.97; a path that 0.97 cannot write plainly stays with 1.0."""
    if not any("%" in path for path in files):
        return "1.0"
    if any(re.search(r"[\r\n]|%0[AaDd]", path) for path in files):
        return "1.0"
    return "0.97"


def _info_line(label: str, value: str) -> tuple[str, str]:
    if not label or label != label.strip() or re.search(r"[:\r\n]", label) or _LINE_ENDS.search(label):
        raise CannotBag(detail=f"the label {label[:60]!a} cannot be written")
    if label.lower() in {"payload-oxum", "bagging-date"}:
        raise CannotBag(detail=f"{label} is written by the bag itself")
    # A line end has no place in a value; a continuation line would be read as a blank as well (2.2.2).
    return label, " ".join(value.split())


class _Folder:
    """A bag that grows in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def file(self, path: str) -> Iterator[BinaryIO]:
        target = self._folder / PurePosixPath(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())


class _Zip:
    """A bag that grows in a zip stream."""

    def __init__(self, archive: zipfile.ZipFile, name: str) -> None:
        self._archive = archive
        self._name = name

    @contextmanager
    def file(self, path: str) -> Iterator[BinaryIO]:
        entry = zipfile.ZipInfo(f"{self._name}/{path}", _ZIP_TIME)
        entry.external_attr = 0o100644 << 16
        entry.create_system = 3
        with self._archive.open(entry, "w", force_zip64=True) as stream:
            yield stream  # type: ignore[misc]


def _write(out: _Folder | _Zip, files: Mapping[str, Source], plan: _Plan) -> None:
    """Payload first, then what describes it: whoever sees bagit.txt sees the rest."""
    payload: dict[str, dict[str, str]] = {}
    octets = 0
    for path in sorted(files):
        with _opened(files[path]) as source, out.file(f"{PAYLOAD}/{path}") as target:
            size, payload[f"{PAYLOAD}/{path}"] = _copy(source, target, plan.algorithms)
        octets += size
    tags: dict[str, dict[str, str]] = {}

    def put(path: str, content: bytes) -> None:
        with out.file(path) as target:
            _, tags[path] = _copy(io.BytesIO(content), target, plan.algorithms)

    for path, content in sorted(plan.tag_files.items()):
        put(path, content)
    for algorithm in plan.algorithms:
        put(f"manifest-{algorithm}.txt", _manifest(payload, algorithm, plan.version))
    lines = [*plan.info, ("Payload-Oxum", f"{octets}.{len(files)}")]
    put("bag-info.txt", "".join(f"{label}: {value}\n" for label, value in lines if value).encode())
    put(DECLARATION, f"BagIt-Version: {plan.version}\nTag-File-Character-Encoding: UTF-8\n".encode())
    listed = dict(tags)
    for algorithm in plan.algorithms:
        with out.file(f"tagmanifest-{algorithm}.txt") as target:
            target.write(_manifest(listed, algorithm, plan.version))


def _manifest(entries: Mapping[str, Mapping[str, str]], algorithm: str, version: Version) -> bytes:
    return "".join(
        f"{digests[algorithm]}  {_written(path, version)}\n" for path, digests in sorted(entries.items())
    ).encode()


def _written(path: str, version: Version) -> str:
    """A path as a manifest has it (RFC 8493, 2.1.3)."""
    if version == "1.0":
        path = path.replace("%", "%25")
    return path.replace("\r", "%0D").replace("\n", "%0A")


@contextmanager
def _opened(source: Source) -> Iterator[BinaryIO]:
    if isinstance(source, bytes):
        yield io.BytesIO(source)
    elif isinstance(source, Path):
        with source.open("rb") as stream:
            yield stream
    else:
        with source() as stream:
            yield stream


def _copy(source: BinaryIO, target: BinaryIO, algorithms: Iterable[str]) -> tuple[int, dict[str, str]]:
    running = {name: hashlib.new(name, usedforsecurity=False) for name in algorithms}
    size = 0
    while chunk := source.read(_CHUNK):
        size += len(chunk)
        for digest in running.values():
            digest.update(chunk)
        target.write(chunk)
    return size, {name: digest.hexdigest() for name, digest in running.items()}
