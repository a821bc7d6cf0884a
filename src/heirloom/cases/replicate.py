"""Running a kit on one's own material, anywhere, and the record of it. Needs no database.

The record (``heirloom/replication/1``) holds for every run of the kit the new run's own record and what the comparison with
the first one gave: ``identical`` bytes, ``different`` ones on the same inputs, or ``other-conditions`` on one's own.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from heirloom import __version__
from heirloom.errors import gettext_noop
from heirloom.pathways import registry
from heirloom.pathways.execute import InputFile, discard, execute, media_type_of, output_folder
from heirloom.pathways.face import Method
from heirloom.pathways.record import RunRecord, compare

from .errors import InvalidInputs, NotAReplication
from .kit import Kit, open_kit
from .sealing import to_bytes

FORMAT = "heirloom/replication/1"
RECORD = "replication.json"


def replicate(
    kit_path: Path,
    results: Path,
    *,
    own: Path | None = None,
    who: str = "",
    where: str = "",
    tell: Callable[[str], None] = lambda _line: None,
) -> dict[str, Any]:
    """Run every run of a kit and write the results and the record into the new folder *results*.

    Args:
        own: a folder of one's own files: sub-folders named like a method's inputs, or files for its first input.
            What it lacks is taken from the kit. ``None`` repeats the runs on the kit's own files.

    Raises:
        NotAKit, ``UnknownMethod``, InvalidInputs, FileExistsError.
    """
    if results.exists():
        raise FileExistsError(results)
    working = results.with_name(f".{results.name}.working")
    working.mkdir(parents=True, exist_ok=True)
    with open_kit(kit_path) as kit:
        runs = [_one(kit, run, working, own, who, tell) for run in kit.data["runs"]]
        record = {
            "format": FORMAT,
            "kit": kit.data["case"],
            "from": kit.data["from"],
            "who": who,
            "where": where,
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "version": __version__,
            "own_material": own is not None,
            "runs": runs,
        }
    (working / RECORD).write_bytes(to_bytes(record))
    working.rename(results)
    return record


def _one(
    kit: Kit, run: Mapping[str, Any], working: Path, own: Path | None, who: str, tell: Callable[[str], None]
) -> dict[str, Any]:
    method = registry.method(run["method"])
    inputs = _inputs(kit, run, method, own)
    tell(f"{method.id} {method.version}: {sum(map(len, inputs.values()))} files")
    scratch = working / "scratch" / run["key"]
    record = execute(method, inputs, run["params"], scratch=scratch, agent=who)
    if record.status == "done":
        shutil.copytree(output_folder(scratch), working / run["key"], dirs_exist_ok=True)
    discard(working / "scratch")
    first = _first_record(kit, run)
    comparison = compare(first, record).to_json() if first else None
    tell(f"  {record.status}" + (f", {comparison['verdict']}" if comparison else ""))
    return {"run": run["key"], "method": run["method"], "record": record.to_json(), "comparison": comparison}


def _first_record(kit: Kit, run: Mapping[str, Any]) -> RunRecord | None:
    path = next((file.local for file in kit.bag.files() if file.path == f"runs/{run['key']}/run.json"), None)
    return RunRecord.from_json(json.loads(path.read_bytes())) if path else None


def _inputs(
    kit: Kit, run: Mapping[str, Any], method: Method, own: Path | None
) -> dict[str, Sequence[Path | InputFile]]:
    chosen: dict[str, Sequence[Path | InputFile]] = {}
    for position, declared in enumerate(method.inputs):
        mine = _own_files(own, declared.name, first=position == 0) if own else []
        fitting: list[Path | InputFile] = [
            path for path in mine if declared.accepts(media_type_of(path.name))
        ]
        if not fitting:
            for entry in run["inputs"]:
                path = kit.input_path(entry) if entry["input"] == declared.name else None
                if path is not None:
                    fitting.append(InputFile(path, entry["name"], entry["media_type"], entry["sha512"]))
        if len(fitting) < declared.minimum:
            raise InvalidInputs(
                input=declared.title, problem=gettext_noop("There are too few or too many files.")
            )
        if fitting:
            chosen[declared.name] = fitting
    return chosen


def _own_files(folder: Path, name: str, *, first: bool) -> list[Path]:
    named = folder / name
    if named.is_dir():
        return sorted(path for path in named.iterdir() if path.is_file() and not path.name.startswith("."))
    if first:
        return sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    return []


def read_record(data: bytes) -> dict[str, Any]:
    """Read a replication record that somebody sent, trusting nothing in it.

    Raises:
        NotAReplication.
    """
    if len(data) > 5_000_000:
        raise NotAReplication(problem=gettext_noop("it is too large."))
    try:
        record = json.loads(data)
        runs = [RunRecord.from_json(run["record"]) for run in record["runs"]]
        kit = {name: record["kit"][name] for name in ("key", "seal", "digest")}
        if record["format"] != FORMAT or not runs:
            raise NotAReplication(problem=gettext_noop("its format is not known here."))
        texts = {name: str(record.get(name, ""))[:300] for name in ("who", "where", "at", "version", "from")}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise NotAReplication(problem=gettext_noop("it cannot be read.")) from error
    return {
        "format": FORMAT,
        "kit": kit,
        **texts,
        "own_material": record.get("own_material") is True,
        "runs": [
            {"run": str(sent["run"])[:40], "method": made.method, "record": made.to_json()}
            for sent, made in zip(record["runs"], runs, strict=True)
        ],
    }
