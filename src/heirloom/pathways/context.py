"""What a method is given while it runs: files by name, settings, a folder, and a way to be stopped and go on.

A method is a function of one :class:`Context`. It runs in a process of its own and may be killed at any instant. To
go on from there it cuts its work into steps: a step writes into a fresh folder, which gets its final name only when the
step is over, so a finished step is whole and an unfinished one is as if it had never been. Outputs appear in the same
way. What a method does outside steps is simply done again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import signal
import sys
import time
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar

from heirloom.pathways import errors
from heirloom.pathways.face import Method
from heirloom.pathways.message import Message
from heirloom.pathways.param import ParamValue
from heirloom.pathways.record import StepRecord

if TYPE_CHECKING:
    import numpy as np

OUTPUTS = "outputs"
STEPS = "steps"
WORK = "work"

_STEP = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}\Z")
_SECONDS_BETWEEN_REPORTS = 0.1

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file handed to a run.

    *name* is what people call it (a capture's ``.lp`` file refers to its photos by it) and may contain ``/``;
    *path* is where it stands. A *sha512* that the caller already knows spares reading the file to hash it.
    """

    path: Path
    name: str = ""
    media_type: str = ""
    sha512: str = ""

    def __post_init__(self) -> None:
        if not self.name:
            object.__setattr__(self, "name", self.path.name)


@dataclass(frozen=True, slots=True)
class Step:
    """A finished step: what it returned, and the folder with the files it wrote."""

    value: Any
    folder: Path


@dataclass(frozen=True, slots=True)
class Fault:
    """For tests of resuming: kill the process with SIGKILL ``before`` or ``after`` the step gets its name."""

    step: str
    at: str = "before"


class Context:
    """What a method sees.

    Attributes:
        method: its own declaration.
        params: validated settings, defaults filled in.
        inputs: files by input name, in the caller's order.
        scratch: folder that is the run's alone; it outlives a killed process.
    """

    def __init__(
        self,
        method: Method,
        params: Mapping[str, ParamValue],
        inputs: Mapping[str, Sequence[InputFile]],
        scratch: Path,
        channel: IO[str] | None = None,
        fault: Fault | None = None,
    ) -> None:
        self.method = method
        self.params = dict(params)
        self.inputs = {name: tuple(files) for name, files in inputs.items()}
        self.scratch = scratch
        self.steps: list[StepRecord] = []
        self.device = ""
        self._channel = channel
        self._fault = fault
        self._cancelled = False
        self._reported = 0.0
        self._names: set[str] = set()
        self._in_step = False
        for folder in (OUTPUTS, STEPS, WORK):
            (scratch / folder).mkdir(parents=True, exist_ok=True)

    # --- what comes in ---------------------------------------------------------------------------------

    def files(self, name: str) -> tuple[InputFile, ...]:
        """The files of input *name*; empty where an optional one was not given."""
        self.method.input(name)
        return self.inputs.get(name, ())

    def file(self, name: str) -> Path:
        """The one file of input *name*."""
        (only,) = self.files(name)
        return only.path

    def resource(self, name: str) -> Path:
        """A file that the pathway ships and declares."""
        return self.method.resource(name).local()

    def random(self, *purpose: str | int) -> np.random.Generator:
        """A random generator for one purpose, seeded by the setting ``seed`` and the purpose's names.

        Each purpose has its own stream, so what a step draws does not depend on which steps ran before it.
        """
        import numpy as np

        seed = self.params.get("seed", 0)
        named = hashlib.sha256(repr((seed, purpose)).encode()).digest()
        return np.random.Generator(np.random.PCG64(int.from_bytes(named)))

    # --- being watched ----------------------------------------------------------------------------------

    def progress(self, fraction: float, message: Message | None = None) -> None:
        """Tell how far the run is (0 to 1) and, in a sentence, what it is doing."""
        now = time.monotonic()
        if self._channel is None or (now - self._reported < _SECONDS_BETWEEN_REPORTS and fraction < 1):
            return
        self._reported = now
        report = {
            "fraction": min(1.0, max(0.0, float(fraction))),
            "message": message.to_json() if message else None,
            "step": self.steps[-1].name if self.steps else "",
        }
        try:
            self._channel.write(json.dumps(report) + "\n")
            self._channel.flush()
        except BrokenPipeError:
            self._channel = None

    def cancel(self) -> None:
        """Ask the method to stop at its next :meth:`check_cancelled`; safe in a signal handler."""
        self._cancelled = True

    def check_cancelled(self) -> None:
        """Raise Cancelled if the run was cancelled. Call it at least once a second."""
        if self._cancelled:
            raise errors.Cancelled

    def track(
        self, items: Sequence[Item], start: float = 0.0, stop: float = 1.0, message: Message | None = None
    ) -> Iterator[Item]:
        """Go through *items*, reporting progress from *start* to *stop* and stopping when cancelled."""
        for done, item in enumerate(items):
            self.check_cancelled()
            self.progress(start + (stop - start) * done / len(items), message)
            yield item
        self.progress(stop, message)

    def log(self, line: str) -> None:
        """Write a line to the run's log."""
        sys.stderr.write(line.rstrip("\n") + "\n")

    # --- steps ------------------------------------------------------------------------------------------

    def done(self, name: str) -> bool:
        """Whether step *name* is already finished."""
        return self._recorded(name) is not None

    def step(self, name: str, make: Callable[[Path], Any]) -> Step:
        """Do *make* once, however often the run is killed and started again.

        ``make(folder)`` writes any files into *folder* and returns a value that JSON can hold. If the step is already
        finished, it is not called; the same value and folder come back. Names are lower case, each used once a run.
        """
        if not _STEP.match(name):
            raise ValueError(f"step name {name!r}")
        if name in self._names:
            raise ValueError(f"step {name!r} twice in one run")
        self._names.add(name)
        self.check_cancelled()
        folder = self.scratch / WORK / name
        if (record := self._recorded(name)) is not None:
            self.steps.append(StepRecord(name, record["seconds"], reused=True))
            return Step(record["value"], folder)
        part = self.scratch / WORK / f"{name}.part"
        for left in (part, folder):
            shutil.rmtree(left, ignore_errors=True)
        part.mkdir()
        started = time.monotonic()
        self._in_step = True
        try:
            made = make(part)
        finally:
            self._in_step = False
        # Through JSON also on the first way, so that a resumed run sees the very same value.
        value = json.loads(json.dumps(made, allow_nan=False))
        seconds = round(time.monotonic() - started, 6)
        files = {str(p.relative_to(part)): p.stat().st_size for p in _files(part)}
        for path in _files(part):
            _sync(path)
        self._trip(name, "before")
        part.replace(folder)
        _sync(folder.parent)
        record = {"name": name, "value": value, "seconds": seconds, "files": files}
        write_whole(self.scratch / STEPS / f"{name}.json", json.dumps(record, ensure_ascii=False).encode())
        self._trip(name, "after")
        self.steps.append(StepRecord(name, seconds, reused=False))
        return Step(value, folder)

    def _recorded(self, name: str) -> dict[str, Any] | None:
        try:
            record = json.loads((self.scratch / STEPS / f"{name}.json").read_text("utf-8"))
        except (FileNotFoundError, ValueError):
            return None
        folder = self.scratch / WORK / name
        try:
            whole = all((folder / path).stat().st_size == size for path, size in record["files"].items())
        except OSError:
            return None
        return dict(record) if whole and folder.is_dir() else None

    def _trip(self, step: str, at: str) -> None:
        if self._fault and (self._fault.step, self._fault.at) == (step, at):
            os.kill(os.getpid(), signal.SIGKILL)

    # --- what goes out ----------------------------------------------------------------------------------

    @contextlib.contextmanager
    def writing(self, name: str) -> Iterator[Path]:
        """A path to write the output *name* to; it gets its name when the block ends well.

        A file of an output declared ``many`` is named ``<output>/<anything>``. Outputs are made outside steps, every
        time the run is taken up; what costs much is made in a step and then given with :meth:`give`.
        """
        if self._in_step:
            raise RuntimeError("an output cannot be written inside a step: a finished step is not done again")
        target = self._target(name)
        part = target.with_name(f".{target.name}.part")
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield part
            _sync(part)
            part.replace(target)
            _sync(target.parent)
        finally:
            part.unlink(missing_ok=True)

    def give(self, name: str, made: Path) -> None:
        """Make a file that a step wrote the output *name*, without copying its bytes where the file system can."""
        with self.writing(name) as path:
            try:
                os.link(made, path)
            except OSError:
                shutil.copyfile(made, path)

    def write(self, name: str, content: bytes | str) -> None:
        """Write the output *name*; texts are UTF-8."""
        with self.writing(name) as path:
            path.write_bytes(content.encode() if isinstance(content, str) else content)

    def write_json(self, name: str, content: Any) -> None:
        """Write *content* as JSON with sorted keys, so that equal results are equal bytes. Refuses NaN."""
        text = json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False)
        self.write(name, text + "\n")

    def _target(self, name: str) -> Path:
        parts = name.split("/")
        if (
            self.method.output_of(name) is None
            or any(part in ("", ".", "..") or part.startswith(".") for part in parts)
            or "\0" in name
            or "\\" in name
            or unicodedata.normalize("NFC", name) != name
        ):
            raise errors.UndeclaredOutput(name=name)
        return (self.scratch / OUTPUTS).joinpath(*parts)


def _files(folder: Path) -> Iterable[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it is either whole or not there."""
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(content)
    _sync(part)
    part.replace(path)
    _sync(path.parent)
