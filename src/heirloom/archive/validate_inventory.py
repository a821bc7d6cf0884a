"""Judging one inventory by the OCFL specification (1.0 and 1.1, sections 3.5 and 3.7).

Nothing is assumed of the JSON: whatever its shape, the answer is a list of findings.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, NoReturn

from heirloom.archive.codes import Finding
from heirloom.archive.fixity import ALGORITHMS, LENGTHS
from heirloom.archive.inventory import parse_created
from heirloom.archive.ocfl import SPECIFICATIONS

_TYPE: Final = re.compile(r"https://ocfl\.io/([0-9]+\.[0-9]+)/spec/#inventory")
_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:.+", re.DOTALL)
_VERSION: Final = re.compile(r"v(0*)([0-9]{1,9})")
_HEX: Final = {length: re.compile(f"[0-9a-fA-F]{{{length}}}") for length in {*LENGTHS.values()}}
_DEEPEST: Final = 32
"""An inventory is 6 deep; more than this is an attack on whoever walks through it."""
_SIZE: Final = re.compile(r"[0-9]{1,20}")
_KEYS: Final = frozenset(
    {"id", "type", "digestAlgorithm", "head", "contentDirectory", "manifest", "versions", "fixity"}
)
_VERSION_KEYS: Final = frozenset({"created", "state", "message", "user"})


class _Repeated(dict[str, object]):
    """A JSON object in which a name came twice."""

    name = ""


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    repeated = _Repeated(found)
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            repeated.name = name
        seen.add(name)
    return repeated


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


@dataclass
class Judged:
    """What an inventory says, as far as it can be relied on, and what is wrong with it.

    Attributes:
        where: the folder that the inventory stands in, relative to the storage root.
        specification: the version of OCFL that it follows, or is taken to follow.
        versions: folder names in order.
        manifest: content path -> digest in lowercase.
        content: digest as written -> content paths.
        states: version -> logical path -> digest as written.
        fixity: algorithm -> content path -> digest in lowercase.
        blocks: version -> its JSON object.
    """

    where: str
    specification: str
    findings: list[Finding] = field(default_factory=list)
    readable: bool = False
    object_id: str | None = None
    algorithm: str = "sha512"
    algorithm_known: bool = False
    content_directory: str = "content"
    content_directory_set: bool = False
    head: object = None
    versions: list[str] = field(default_factory=list)
    manifest: dict[str, str] = field(default_factory=dict)
    content: dict[str, list[str]] = field(default_factory=dict)
    states: dict[str, dict[str, str]] = field(default_factory=dict)
    fixity: dict[str, dict[str, str]] = field(default_factory=dict)
    blocks: dict[str, Mapping[str, object]] = field(default_factory=dict)

    def add(self, case: str, **params: object) -> None:
        self.findings.append(Finding.of(case, self.where, **params))


def judge(data: bytes, where: str, specification: str) -> Judged:
    """Judge the inventory *data* that stands in *where*.

    Args:
        specification: the version of OCFL to assume where the inventory does not tell.
    """
    judged = Judged(where, specification)
    try:
        document = json.loads(
            data.decode("utf-8"), object_pairs_hook=_object, parse_constant=_refuse_constant
        )
    except (ValueError, RecursionError) as error:
        judged.add("E033", reason=type(error).__name__ if isinstance(error, RecursionError) else str(error))
        return judged
    if not isinstance(document, dict):
        judged.add("E033-shape")
        return judged
    if _deepest(document) > _DEEPEST:
        judged.add("E033-deep")
        return judged
    judged.readable = True
    _judge_keys(judged, document)
    _judge_head_part(judged, document)
    manifest, versions = document.get("manifest"), document.get("versions")
    if "manifest" not in document:
        judged.add("E041", name="manifest")
    else:
        _judge_manifest(judged, manifest)
    if "versions" not in document:
        judged.add("E041", name="versions")
    else:
        _judge_versions(judged, versions)
    if "head" not in document:
        judged.add("E036", name="head")
    elif judged.versions and document["head"] != judged.versions[-1]:
        judged.add("E040", value=document["head"], expected=judged.versions[-1])
    _judge_content_paths(judged)
    if isinstance(manifest, dict) and isinstance(versions, dict):
        used = {digest for state in judged.states.values() for digest in state.values()}
        for digest in judged.content:
            if digest not in used and judged.versions:
                judged.add("E107", digest=digest)
    if "fixity" in document:
        _judge_fixity(judged, document["fixity"])
    return judged


def _deepest(document: object) -> int:
    """How deep objects and arrays stand in each other, counted no further than needed."""
    level: list[object] = [document]
    depth = 0
    while level and depth <= _DEEPEST:
        depth += 1
        inner: list[object] = []
        for value in level:
            if isinstance(value, dict):
                inner += [each for each in value.values() if isinstance(each, dict | list)]
            elif isinstance(value, list):
                inner += [each for each in value if isinstance(each, dict | list)]
        level = inner
    return depth


def _judge_keys(judged: Judged, document: Mapping[str, object]) -> None:
    """Names that come twice, and names that the specification does not know (E102)."""
    for name in document:
        if name not in _KEYS:
            judged.add("E102", name=name)
    waiting: list[object] = [document]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if isinstance(value, _Repeated):
                judged.add("E033-repeated", name=value.name)
            waiting.extend(each for each in value.values() if isinstance(each, dict))


def _judge_head_part(judged: Judged, document: Mapping[str, object]) -> None:
    object_id = document.get("id")
    if "id" not in document:
        judged.add("E036", name="id")
    elif not isinstance(object_id, str) or not object_id:
        judged.add("E037")
    else:
        judged.object_id = object_id
        if not _URI.fullmatch(object_id):
            judged.add("W005", value=object_id)
    kind = document.get("type")
    if "type" not in document:
        judged.add("E036", name="type")
    else:
        matched = _TYPE.fullmatch(kind) if isinstance(kind, str) else None
        if matched is None or matched[1] not in SPECIFICATIONS:
            judged.add("E038", value=kind, expected=f"https://ocfl.io/{judged.specification}/spec/#inventory")
        else:
            judged.specification = matched[1]
    algorithm = document.get("digestAlgorithm")
    if "digestAlgorithm" not in document:
        judged.add("E036", name="digestAlgorithm")
    elif algorithm not in ("sha512", "sha256"):
        judged.add("E025", value=algorithm)
    else:
        judged.algorithm = str(algorithm)
        judged.algorithm_known = True
        if algorithm == "sha256":
            judged.add("W004")
    if "contentDirectory" in document:
        name = document["contentDirectory"]
        if not isinstance(name, str) or "/" in name or not name:
            judged.add("E017", value=name)
        elif name in {".", ".."}:
            judged.add("E018", value=name)
        else:
            judged.content_directory = name
            judged.content_directory_set = True


def _is_digest(algorithm: str, value: str) -> bool:
    if algorithm == "size":
        return _SIZE.fullmatch(value) is not None
    length = LENGTHS.get(algorithm)
    return length is None or _HEX[length].fullmatch(value) is not None


def _bad_path(path: str) -> str | None:
    """``"ends"`` for a slash at either end, ``"parts"`` for a part that is empty, ``.`` or ``..``."""
    if path.startswith("/") or path.endswith("/"):
        return "ends"
    if path in {"", ".", ".."} or "//" in path:
        return "parts"
    if "./" in path or path.endswith("."):
        return "parts" if any(part in {".", ".."} for part in path.split("/")) else None
    return None


def _folders(paths: Iterable[str]) -> set[str]:
    """All folders on the way to *paths*."""
    folders: set[str] = set()
    for path in paths:
        at = path.rfind("/")
        while at > 0 and path[:at] not in folders:
            folders.add(path[:at])
            at = path.rfind("/", 0, at)
    return folders


def _judge_manifest(judged: Judged, manifest: object) -> None:
    if not isinstance(manifest, dict):
        judged.add("E106" if judged.specification != "1.0" else "E041-shape")
        return
    folded: set[str] = set()
    for digest, paths in manifest.items():
        if not _is_digest(judged.algorithm, digest):
            judged.add("E092-digest", digest=digest, algorithm=judged.algorithm)
            continue
        lower = digest.lower()
        if lower in folded:
            judged.add("E096", digest=digest)
        folded.add(lower)
        if not isinstance(paths, list) or not all(isinstance(path, str) for path in paths):
            judged.add("E092-shape", digest=digest)
            continue
        judged.content[digest] = paths
        for path in paths:
            if path in judged.manifest:
                judged.add("E101", path=path)
            judged.manifest[path] = lower
    for path in _folders(judged.manifest) & judged.manifest.keys():
        judged.add("E101-folder", path=path)


def _judge_content_paths(judged: Judged) -> None:
    """Each content path must lead into the content folder of a listed version (E042, E099, E100)."""
    prefixes = tuple(f"{version}/{judged.content_directory}/" for version in judged.versions)
    for path in judged.manifest:
        bad = _bad_path(path)
        if bad is not None:
            judged.add("E100" if bad == "ends" else "E099", path=path)
        elif prefixes and not path.startswith(prefixes):
            judged.add("E042", path=path)


def _judge_versions(judged: Judged, versions: object) -> None:
    if not isinstance(versions, dict):
        judged.add("E044")
        return
    if not versions:
        judged.add("E008")
        return
    judged.versions = _sequence(judged, list(versions))
    for name in judged.versions:
        block = versions[name]
        if not isinstance(block, dict):
            judged.add("E047", version=name)
            continue
        judged.blocks[name] = block
        for key in block:
            if key not in _VERSION_KEYS:
                judged.add("E102", name=key)
        _judge_created(judged, name, block)
        _judge_state(judged, name, block)
        _judge_message_and_user(judged, name, block)


def _sequence(judged: Judged, names: list[str]) -> list[str]:
    """The version names in order, judged as a sequence (E009 to E013, W001)."""
    numbered: list[tuple[int, str]] = []
    for name in names:
        matched = _VERSION.fullmatch(name)
        if matched is None:
            judged.add("E104" if judged.specification != "1.0" else "E046-name", name=name)
        else:
            numbered.append((int(matched[2]), name))
    numbered.sort()
    if not numbered or numbered[0][0] != 1:
        judged.add("E009")
    for (number, _), (following, name) in pairwise(numbered):
        if following == number:
            judged.add("E012", name=name)
        elif following != number + 1:
            judged.add("E010", name=f"v{number + 1}")
    if numbered:
        first = numbered[0][1]
        padded = first[1] == "0"
        if padded:
            judged.add("W001")
        for _, name in numbered[1:]:
            if padded and name[1] != "0":
                judged.add("E011", name=name)
                judged.add("E013", name=name)
            elif (padded and len(name) != len(first)) or (not padded and name[1] == "0"):
                judged.add("E012", name=name)
                judged.add("E013", name=name)
    return [name for _, name in numbered]


def _judge_created(judged: Judged, version: str, block: Mapping[str, object]) -> None:
    created = block.get("created")
    if "created" not in block:
        judged.add("E048", version=version, name="created")
        return
    try:
        if not isinstance(created, str):
            raise TypeError
        parse_created(created)
    except (ValueError, TypeError, OverflowError):
        judged.add("E049", version=version, value=created)


def _judge_state(judged: Judged, version: str, block: Mapping[str, object]) -> None:
    if "state" not in block:
        judged.add("E048", version=version, name="state")
        return
    state = block["state"]
    if not isinstance(state, dict):
        judged.add("E050-shape", version=version)
        return
    logical: dict[str, str] = {}
    for digest, paths in state.items():
        if digest not in judged.content:
            judged.add("E050", version=version, digest=digest)
        if not isinstance(paths, list) or not all(isinstance(path, str) for path in paths):
            judged.add("E050-shape", version=version)
            continue
        for path in paths:
            if path in logical:
                judged.add("E095", version=version, path=path)
            logical[path] = digest
            bad = _bad_path(path)
            if bad is not None:
                judged.add("E053" if bad == "ends" else "E052", version=version, path=path)
    for path in _folders(logical) & logical.keys():
        judged.add("E095-folder", version=version, path=path)
    judged.states[version] = logical


def _judge_message_and_user(judged: Judged, version: str, block: Mapping[str, object]) -> None:
    if "message" not in block:
        judged.add("W007", version=version, name="message")
    elif not isinstance(block["message"], str):
        judged.add("E094", version=version)
    if "user" not in block:
        judged.add("W007", version=version, name="user")
        return
    user = block["user"]
    if not isinstance(user, dict) or not isinstance(user.get("name"), str):
        judged.add("E054", version=version)
        return
    for key in user:
        if key not in {"name", "address"}:
            judged.add("E102", name=key)
    address = user.get("address")
    if "address" not in user:
        judged.add("W008", version=version)
    elif not isinstance(address, str):
        judged.add("E054-address", version=version)
    elif not _URI.fullmatch(address):
        judged.add("W009", version=version)


def _judge_fixity(judged: Judged, fixity: object) -> None:
    if not isinstance(fixity, dict):
        judged.add("E111" if judged.specification != "1.0" else "E056-shape")
        return
    for algorithm, block in fixity.items():
        if algorithm not in ALGORITHMS:
            judged.add("E056", value=algorithm)
            continue
        if not isinstance(block, dict):
            judged.add("E057", algorithm=algorithm)
            continue
        folded: set[str] = set()
        known = judged.fixity.setdefault(algorithm, {})
        for digest, paths in block.items():
            if not _is_digest(algorithm, digest):
                judged.add("E057-digest", algorithm=algorithm, digest=digest)
                continue
            if digest.lower() in folded:
                judged.add("E097", algorithm=algorithm, digest=digest)
            folded.add(digest.lower())
            if not isinstance(paths, list) or not all(isinstance(path, str) for path in paths):
                judged.add("E057", algorithm=algorithm)
                continue
            for path in paths:
                _judge_fixity_path(judged, algorithm, path)
                known[path] = digest.lower()


def _judge_fixity_path(judged: Judged, algorithm: str, path: str) -> None:
    bad = _bad_path(path)
    if bad is not None:
        judged.add("E100" if bad == "ends" else "E099", path=path)
    if path not in judged.manifest:
        judged.add("E057-path", algorithm=algorithm, path=path)


def compare(earlier: Judged, newest: Judged) -> None:
    """Judge *earlier*, the inventory kept in an older version's folder, against the newest (3.7).

    Findings go to *earlier*: both must tell the same of the versions that both know.
    """
    if (
        earlier.object_id is not None
        and newest.object_id is not None
        and earlier.object_id != newest.object_id
    ):
        earlier.add("E037-other", value=earlier.object_id, expected=newest.object_id)
        if newest.specification != "1.0":
            earlier.add("E110", value=earlier.object_id, expected=newest.object_id)
    if earlier.content_directory_set != newest.content_directory_set:
        earlier.add("E019")
    if earlier.content_directory != newest.content_directory:
        if newest.content_directory_set and earlier.content_directory_set:
            earlier.add("E019")
        earlier.add("E020", value=earlier.content_directory, expected=newest.content_directory)
    if not set(earlier.versions) <= set(newest.versions):
        earlier.add("E066-versions")
    for version in earlier.versions:
        if version not in newest.blocks or version not in earlier.blocks:
            continue
        ours, theirs = earlier.blocks[version], newest.blocks[version]
        _compare_states(earlier, newest, version)
        for name in ("created", "message", "user"):
            if ours.get(name) != theirs.get(name):
                earlier.add("W011", version=version, name=name)


def _compare_states(earlier: Judged, newest: Judged, version: str) -> None:
    ours, theirs = earlier.states.get(version, {}), newest.states.get(version, {})
    same_algorithm = earlier.algorithm == newest.algorithm
    for path in sorted(ours.keys() ^ theirs.keys()):
        earlier.add("E066", version=version, path=path)
    for path in ours.keys() & theirs.keys():
        if same_algorithm:
            same = ours[path].lower() == theirs[path].lower()
        else:
            known = set(newest.content.get(theirs[path], ()))
            same = set(earlier.content.get(ours[path], ())) <= known
        if not same:
            earlier.add("E066", version=version, path=path)
