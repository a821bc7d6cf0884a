"""Kits: a case's runs, packed so that others can run them on their own material, without this installation.

A kit is a zipped BagIt bag. Its payload:

- ``kit.json`` (``heirloom/kit/1``): the case, the digest of its sealed version, and for each run the method's declaration, its
  version and settings, and what came out, by digest;
- ``case.json``: the sealed content;
- ``runs/KEY/run.json``: the run's record; ``runs/KEY/inputs/INPUT/NAME``: its files, where everybody may see them;
- ``README.txt``: what to do with it.
"""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from heirloom.archive.bag import Bag, open_zipped_bag, write_zipped_bag
from heirloom.catalogue import rights
from heirloom.catalogue.models import Item
from heirloom.catalogue.store import archive
from heirloom.errors import HeirloomError, gettext_noop
from heirloom.pathways import registry
from heirloom.pathways.errors import PathwayError
from heirloom.text import Translated

from .errors import NotAKit
from .models import Seal
from .sealing import to_bytes

FORMAT = "heirloom/kit/1"
RUN_RECORD = "run.json"
WITHHELD = "withheld"

README = """\
This is a kit: the runs of a published case, to be run again, or on your own material.

With Heirloom installed (the package heirloom-commons):

    heirloom replicate {name}                       repeats the runs on the files in the kit
    heirloom replicate {name} --with MY-FOLDER      runs them on the files in MY-FOLDER

Both write a folder with the results and a file replication.json. Send that file to the case's page, and it becomes
part of the case's lineage.

Without Heirloom: kit.json says which method was run with which settings, and runs/ holds the files. The kit is a BagIt
bag (RFC 8493); manifest-sha512.txt lets you check that nothing was changed.

Case: {title}
Sealed version: {digest}
From: {site}
"""


def write_kit(seal: Seal, target: BinaryIO, *, site: str) -> None:
    """Write the kit of a sealed version into *target*; the same seal gives the same bytes.

    Files under a protocol, or not public, are named by digest but left out.
    """
    sealed = seal.content
    title = Translated.from_json(sealed["title"]).text(["en"])
    name = kit_name(seal)
    with contextlib.ExitStack() as stack:
        files: dict[str, Path | bytes] = {}
        runs = []
        for key, pin in sorted(sealed["runs"].items()):
            runs.append(_pack_run(key, pin, files, stack))
        kit = {
            "format": FORMAT,
            "case": {
                "key": sealed["key"],
                "title": sealed["title"],
                "seal": seal.number,
                "digest": seal.digest,
            },
            "from": site,
            "sealed_at": sealed["sealed_at"],
            "rights": sealed["rights"],
            "runs": runs,
        }
        files["kit.json"] = to_bytes(kit)
        files["case.json"] = to_bytes(sealed)
        files["README.txt"] = README.format(
            name=f"{name}.zip", title=title, digest=seal.digest, site=site
        ).encode()
        write_zipped_bag(
            target,
            name,
            files,
            [("External-Identifier", f"heirloom:case:{sealed['key']}"), ("External-Description", title)],
            bagged=seal.sealed_at.date(),
        )


def kit_name(seal: Seal) -> str:
    """Return the name of the kit's folder, and of its file without ``.zip``."""
    return f"kit-{seal.content['key']}-v{seal.number}"


def _pack_run(
    key: str, pin: Mapping[str, Any], files: dict[str, Path | bytes], stack: contextlib.ExitStack
) -> dict[str, Any]:
    base = f"runs/{key}"
    inputs = []
    closed = set()
    for number, entry in enumerate(pin["inputs"]):
        source = entry["source"]
        packed = None
        if _is_public(source["object"]):
            packed = f"{base}/inputs/{entry['input']}/{number:04d}-{entry['name']}"
            path = stack.enter_context(archive().local(source["object"], source["path"], source["version"]))
            files[packed] = path
        else:
            closed.add((entry["input"], entry["sha512"]))
        inputs.append(
            {name: entry[name] for name in ("input", "name", "sha512", "size", "media_type")}
            | {"path": packed}
        )
    with contextlib.suppress(HeirloomError):
        record = archive().read(pin["object"], RUN_RECORD, pin["version"])
        files[f"{base}/run.json"] = _without_names(record, closed) if closed else record
    try:
        declaration = registry.method(pin["method"]).to_json()
    except PathwayError:
        declaration = None
    return {
        "key": key,
        "title": pin["title"],
        "method": pin["method"],
        "method_version": pin["method_version"],
        "declaration": declaration,
        "params": pin["params"],
        "inputs": inputs,
        "outputs": pin["outputs"],
        "cost": pin["cost"],
    }


def _without_names(record: bytes, closed: Collection[tuple[str, str]]) -> bytes:
    """Return a run's record without what the files were called that are not open to everybody, nor what the method printed."""
    found = json.loads(record)
    for given in found["inputs"]:
        if (given["role"], given["sha512"]) in closed:
            given["path"] = WITHHELD
    return to_bytes({**found, "log_tail": ""})


def _is_public(object_id: str) -> bool:
    """Whether everybody may have the files of an archive object: those given to a published run, and public items."""
    _heirloom, kind, key = object_id.split(":", 2)
    if kind == "run":
        return True
    item = Item.objects.filter(key=key).first() if kind == "item" else None
    return item is not None and rights.visible(None, item)


@dataclass(frozen=True)
class Kit:
    """An unpacked kit whose bag was found valid."""

    data: Mapping[str, Any]
    bag: Bag

    def input_path(self, entry: Mapping[str, Any]) -> Path | None:
        """Return where a run's input lies, or ``None`` where the kit does not hold it."""
        if not entry["path"]:
            return None
        return next((file.local for file in self.bag.files() if file.path == entry["path"]), None)


@contextlib.contextmanager
def open_kit(path: Path) -> Iterator[Kit]:
    """Unpack and check a kit; what was unpacked is gone after the block.

    Raises:
        NotAKit; ``Refused``: the zip is unsafe.
    """
    with (
        tempfile.TemporaryDirectory(prefix="heirloom-kit-") as scratch,
        open_zipped_bag(path, Path(scratch)) as bag,
    ):
        held = {file.path: file for file in bag.files()}
        if "kit.json" not in held:
            raise NotAKit(problem=gettext_noop("it has no kit.json."))
        try:
            data = json.loads(held["kit.json"].local.read_bytes())
        except ValueError as error:
            raise NotAKit(problem=gettext_noop("its kit.json cannot be read.")) from error
        if not isinstance(data, dict) or data.get("format") != FORMAT:
            raise NotAKit(problem=gettext_noop("its format is not known here."))
        yield Kit(data, bag)
