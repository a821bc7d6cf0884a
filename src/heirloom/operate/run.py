"""Running a method on files, without an installation: what the pages do, from the command line."""

from __future__ import annotations

import json
import mimetypes
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from heirloom.errors import HeirloomError, gettext_noop
from heirloom.pathways import registry
from heirloom.pathways.execute import Progress, discard, execute, output_folder
from heirloom.pathways.face import Method
from heirloom.pathways.record import RunRecord

RECORD = "run.json"


class BadWords(HeirloomError):
    """An option of the command cannot be read."""

    code = "run.words"
    message = gettext_noop("{given} should read {wanted}.")
    kept = gettext_noop("Nothing was run.")


class Unwritable(HeirloomError):
    """Results never go over what is there."""

    code = "run.exists"
    message = gettext_noop("{folder} is there already. Name a new folder for the results.")
    kept = gettext_noop("Nothing was run.")
    status = 409


def _pairs(given: Iterable[str], wanted: str) -> list[tuple[str, str]]:
    pairs = []
    for words in given:
        name, equals, value = words.partition("=")
        if not (name and equals):
            raise BadWords(given=words, wanted=wanted)
        pairs.append((name, value))
    return pairs


def _files(method: Method, name: str, path: Path) -> list[Path]:
    """*path*, or where it is a folder the files in it, by name, that the input *name* takes."""
    if not path.is_dir():
        return [path]
    accepts = method.input(name).accepts
    return sorted(
        file
        for file in path.iterdir()
        if file.is_file()
        and not file.name.startswith(".")
        and accepts(mimetypes.guess_type(file.name)[0] or "")
    )


def run(method: str, inputs: Sequence[str], params: Sequence[str], out: Path) -> RunRecord:
    """Run *method* and put its outputs and the record of the run into the new folder *out*.

    Args:
        inputs: ``name=path`` words, several of one name for several files, or a folder of them; params: ``name=value`` words.

    Raises:
        BadWords, Unwritable, and what :func:`heirloom.pathways.execute.execute` raises.
    """
    if out.exists():
        raise Unwritable(folder=out)
    given: dict[str, list[Path]] = {}
    for name, path in _pairs(inputs, "name=path"):
        given.setdefault(name, []).extend(_files(registry.method(method), name, Path(path)))
    values = dict(_pairs(params, "name=value"))

    def tell(progress: Progress) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{progress.fraction:4.0%} {progress.step} ")
            sys.stderr.flush()

    scratch = out.with_name(f".{out.name}.working")
    record = execute(method, given, values, scratch=scratch, on_progress=tell)
    if record.status == "done":
        results = output_folder(scratch)
        (results / RECORD).write_text(
            json.dumps(record.to_json(), ensure_ascii=False, indent=1) + "\n", "utf-8"
        )
        results.rename(out)
    discard(scratch)
    return record


def say(record: RunRecord, out: Path) -> int:
    """Print how a run ended and what it cost; return 1 when it failed."""
    if record.failure:
        sys.stderr.write(f"heirloom: {record.failure.text()} [{record.failure.code}]\n")
        return 1
    cost = record.cost
    sys.stdout.write(
        f"{record.title}: {record.status}; {cost.cpu_seconds:.1f} s of processor time, "
        f"{cost.peak_memory_bytes / 2**20:.0f} MiB at most\n"
    )
    for file in record.outputs:
        sys.stdout.write(f"  {out / file.path}\n")
    return 0
