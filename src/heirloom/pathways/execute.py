"""Run a method: in its own process, watched, measured, cancellable, and able to go on after any kill.

One scratch folder is one run. Calling :func:`execute` again with the same folder and the same request goes on where the
run was stopped, or returns the record at once if it had ended well. Another request in the same folder starts afresh.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import hashlib
import importlib.metadata
import json
import mimetypes
import os
import platform
import select
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from heirloom.pathways import child, errors, launch, registry
from heirloom.pathways.context import OUTPUTS, STEPS, WORK, Fault, InputFile, write_whole
from heirloom.pathways.face import Method
from heirloom.pathways.message import Message
from heirloom.pathways.param import ParamValue
from heirloom.pathways.record import Cost, Failure, FileRecord, RunRecord, Status, StepRecord

__all__ = ["Fault", "InputFile", "Limits", "Progress", "discard", "execute", "output_folder"]

_POLL_SECONDS = 0.1
_LOCK_SECONDS = 10.0
_LOG_TAIL = 4000

# A method gets this much of the environment and no more: no database address, no secret.
_PASSED = (
    "PATH",
    "HOME",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "PYTHONPATH",
    "VIRTUAL_ENV",
    "CUDA_VISIBLE_DEVICES",
)

# Types the platform's own table may lack.
_MEDIA_TYPES = {
    ".jsonl": "application/jsonl",
    ".ndjson": "application/jsonl",
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".json": "application/json",
    ".geojson": "application/geo+json",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".dng": "image/x-adobe-dng",
    ".exr": "image/x-exr",
    ".lp": "text/plain",
    ".ply": "application/x-ply",
    ".las": "application/vnd.las",
    ".glb": "model/gltf-binary",
    ".gltf": "model/gltf+json",
    ".onnx": "application/x-onnx",
    ".npy": "application/x-npy",
    ".parquet": "application/vnd.apache.parquet",
    ".flac": "audio/flac",
    ".wav": "audio/wav",
    ".opus": "audio/ogg",
    ".md": "text/markdown",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """What a run may use at most; ``None`` is without bound.

    ``memory_bytes`` bounds the data segment of each process, ``file_bytes`` the size of any one file it writes,
    ``threads`` the threads of numerical libraries (one keeps results the same from machine to machine).
    """

    cpu_seconds: int | None = None
    wall_seconds: float | None = None
    memory_bytes: int | None = None
    file_bytes: int | None = None
    threads: int = 1
    grace_seconds: float = 5.0


@dataclass(frozen=True, slots=True)
class Progress:
    """A report on the way: *fraction* of the run, what it is doing, and the last finished step."""

    fraction: float
    message: Message | None
    step: str


def output_folder(scratch: Path) -> Path:
    """Where the files of a record's ``outputs`` stand until they are kept elsewhere."""
    return scratch / OUTPUTS


def discard(scratch: Path) -> None:
    """Remove a run's scratch folder and everything in it."""
    shutil.rmtree(scratch, ignore_errors=True)


def media_type_of(name: str) -> str:
    """The media type a file name speaks for; ``application/octet-stream`` where it does not."""
    known = _MEDIA_TYPES.get(Path(name).suffix.lower())
    return known or mimetypes.guess_type(name)[0] or "application/octet-stream"


def execute(
    method: Method | str,
    inputs: Mapping[str, Sequence[Path | InputFile]],
    params: Mapping[str, object] | None = None,
    *,
    scratch: Path,
    agent: str = "",
    on_progress: Callable[[Progress], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    limits: Limits | None = None,
    fault: Fault | None = None,
) -> RunRecord:
    """Run *method* (a registered one, or its id) and return the record of it, however it ended.

    Args:
        inputs: files by input name.
        params: settings; validated here.
        scratch: the run's folder, on a file system with room for inputs' intermediate forms. Outputs stand in
            :func:`output_folder` of it afterwards.
        agent: who asked for it.
        on_progress: called in this thread with every report.
        cancelled: asked about ten times a second; True cancels the run.
        fault: for tests of resuming only.

    Raises:
        UnknownMethod, MissingModule, InvalidParams, InputError: the run could not begin.
        RunBusy: another process is working in *scratch*.
        DiskFull: there was no room even for the run's own notes.
    """
    found = registry.method(method) if isinstance(method, str) else registry.method(method.id, method.version)
    if missing := found.missing_modules():
        raise errors.MissingModule(method=found.id, module=", ".join(missing))
    values = found.validate(params or {})
    given = _check_inputs(found, inputs)
    try:
        scratch.mkdir(parents=True, exist_ok=True)
        with _locked(scratch) as lock:
            run = _Run(found, values, given, scratch.resolve(), agent)
            if (finished := run.finished()) is not None:
                return finished
            run.prepare(fault)
            run.watch(lock, limits or Limits(), on_progress, cancelled)
            return run.conclude()
    except OSError as error:
        if error.errno in child.DISK_FULL:
            raise errors.DiskFull from error
        raise


# --- before -----------------------------------------------------------------------------------------------


def _check_inputs(
    method: Method, inputs: Mapping[str, Sequence[Path | InputFile]]
) -> dict[str, list[tuple[InputFile, FileRecord]]]:
    for name in inputs:
        method.input(name)
    checked: dict[str, list[tuple[InputFile, FileRecord]]] = {}
    for declared in method.inputs:
        files = [f if isinstance(f, InputFile) else InputFile(f) for f in inputs.get(declared.name, ())]
        if len(files) < declared.minimum:
            raise errors.InputTooFew(input=declared.name, minimum=declared.minimum, given=len(files))
        if declared.maximum is not None and len(files) > declared.maximum:
            raise errors.InputTooMany(input=declared.name, maximum=declared.maximum, given=len(files))
        names: set[str] = set()
        for file in files:
            if file.name in names:
                raise errors.InputRepeated(input=declared.name, name=file.name)
            names.add(file.name)
            media_type = file.media_type or media_type_of(file.name)
            if not declared.accepts(media_type):
                raise errors.InputMediaType(
                    input=declared.name,
                    name=file.name,
                    media_type=media_type,
                    accepted=", ".join(declared.media_types),
                )
            if not file.path.is_file():
                raise errors.InputMissing(input=declared.name, name=file.name)
            digest = file.sha512 or _sha512(file.path)
            size = file.path.stat().st_size
            record = FileRecord(declared.name, file.name, media_type, size, digest)
            whole = InputFile(file.path.resolve(), file.name, media_type, digest)
            checked.setdefault(declared.name, []).append((whole, record))
    return checked


def _sha512(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha512").hexdigest()


@contextlib.contextmanager
def _locked(scratch: Path) -> Iterator[int]:
    """Hold the run's folder. The launcher inherits the lock, so a killed caller's run still holds it until it is gone."""
    descriptor = os.open(scratch / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        until = time.monotonic() + _LOCK_SECONDS
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    raise errors.RunBusy from None
                time.sleep(0.05)
        yield descriptor
    finally:
        os.close(descriptor)


@functools.cache
def _version_of(module: str) -> str:
    try:
        return importlib.metadata.version(module)
    except importlib.metadata.PackageNotFoundError:
        names = importlib.metadata.packages_distributions().get(module, [])
        return importlib.metadata.version(names[0]) if names else "unknown"


def software_of(method: Method) -> dict[str, str]:
    """Name and version of everything the result depends on that is not an input."""
    brought_by, version = registry.distribution(method.pathway)
    software = {
        "python": platform.python_version(),
        "heirloom-commons": importlib.metadata.version("heirloom-commons"),
        brought_by: version,
    }
    return software | {module: _version_of(module) for module in method.needs}


@functools.cache
def processor() -> str:
    """The machine's processor as it names itself, with the number of cores this process may use."""
    name = platform.processor() or platform.machine()
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                name = value.strip()
                break
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return f"{name} ({cores} cores)"


# --- the run ----------------------------------------------------------------------------------------------


class _Run:
    def __init__(
        self,
        method: Method,
        params: dict[str, ParamValue],
        given: dict[str, list[tuple[InputFile, FileRecord]]],
        scratch: Path,
        agent: str,
    ) -> None:
        self.method = method
        self.params = params
        self.given = given
        self.scratch = scratch
        self.agent = agent
        self.software = software_of(method)
        self.resources = {resource.name: resource.sha512() for resource in method.resources}
        self.fingerprint = self._fingerprint()

    def _fingerprint(self) -> str:
        told = {
            "method": self.method.id,
            "version": self.method.version,
            "params": self.params,
            "inputs": {
                name: [(record.path, record.sha512) for _, record in files]
                for name, files in self.given.items()
            },
            "resources": self.resources,
            "software": self.software,
        }
        return hashlib.sha512(json.dumps(told, sort_keys=True).encode()).hexdigest()

    def finished(self) -> RunRecord | None:
        """The record of this very request, if it ended well here before and its outputs are still whole."""
        try:
            record = RunRecord.from_json(json.loads((self.scratch / "record.json").read_text("utf-8")))
        except (OSError, ValueError, KeyError, TypeError):
            return None
        if record.fingerprint != self.fingerprint or record.status != "done":
            return None
        folder = output_folder(self.scratch)
        with contextlib.suppress(OSError):
            if all(_sha512(folder / output.path) == output.sha512 for output in record.outputs):
                return record
        return None

    def prepare(self, fault: Fault | None) -> None:
        request = self.scratch / "request.json"
        before: dict[str, Any] = {}
        with contextlib.suppress(OSError, ValueError):
            before = json.loads(request.read_text("utf-8"))
        # A record here means that the run had ended well but its files are no longer whole: nothing of it is trusted.
        rotten = _status_of(self.scratch / "record.json") == "done"
        if rotten or before.get("fingerprint") != self.fingerprint:
            for name in (OUTPUTS, STEPS, WORK, "tmp"):
                shutil.rmtree(self.scratch / name, ignore_errors=True)
            for name in ("attempts.jsonl", "log.txt"):
                (self.scratch / name).unlink(missing_ok=True)
            before = {}
        for name in ("record.json", "ending.json"):
            (self.scratch / name).unlink(missing_ok=True)
        shutil.rmtree(self.scratch / OUTPUTS, ignore_errors=True)
        (self.scratch / "tmp").mkdir(exist_ok=True)
        self.id: str = before.get("id") or str(uuid.uuid4())
        self.started: str = before.get("started") or _now()
        write_whole(
            request,
            json.dumps(
                {
                    "id": self.id,
                    "started": self.started,
                    "fingerprint": self.fingerprint,
                    "method": self.method.id,
                    "version": self.method.version,
                    "params": self.params,
                    "inputs": {
                        name: [
                            {
                                "path": str(file.path),
                                "name": file.name,
                                "media_type": file.media_type,
                                "sha512": file.sha512,
                            }
                            for file, _ in files
                        ]
                        for name, files in self.given.items()
                    },
                    "fault": {"step": fault.step, "at": fault.at} if fault else None,
                }
            ).encode(),
        )

    def _environment(self, limits: Limits) -> dict[str, str]:
        passed = {name: os.environ[name] for name in _PASSED if name in os.environ}
        threads = str(limits.threads)
        return passed | {
            "TMPDIR": str(self.scratch / "tmp"),
            "LANG": "C.UTF-8",
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
            "PYTHONHASHSEED": "0",
            "PYTHONUNBUFFERED": "1",
            "OMP_NUM_THREADS": threads,
            "OPENBLAS_NUM_THREADS": threads,
            "MKL_NUM_THREADS": threads,
            "VIPS_CONCURRENCY": threads,
        }

    def watch(
        self,
        lock: int,
        limits: Limits,
        on_progress: Callable[[Progress], None] | None,
        cancelled: Callable[[], bool] | None,
    ) -> None:
        """Start the launcher and stay until it is gone."""
        reading, writing = os.pipe()
        job: launch.Job = {
            "command": [
                sys.executable,
                "-P",
                "-m",
                "heirloom.pathways.child",
                str(self.scratch),
                str(writing),
            ],
            "environment": self._environment(limits),
            "attempts": str(self.scratch / "attempts.jsonl"),
            "channel": writing,
            "close": [lock],
            "cpu_seconds": limits.cpu_seconds,
            "wall_seconds": limits.wall_seconds,
            "memory_bytes": limits.memory_bytes,
            "file_bytes": limits.file_bytes,
            "grace_seconds": limits.grace_seconds,
        }
        with (self.scratch / "log.txt").open("ab") as log, os.fdopen(reading, "rb", buffering=0) as reports:
            try:
                launcher = subprocess.Popen(
                    [sys.executable, "-I", "-S", launch.__file__, json.dumps(job)],
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=log,
                    pass_fds=(writing, lock),
                    cwd=self.scratch,
                    start_new_session=True,
                )
            finally:
                os.close(writing)
            assert launcher.stdin is not None
            try:
                _listen(launcher, reports, on_progress, cancelled)
            finally:
                # Closing the orders is what kills a method whose caller failed; a method that ended does not mind.
                with contextlib.suppress(BrokenPipeError):
                    launcher.stdin.close()
                launcher.wait()

    # --- after --------------------------------------------------------------------------------------------

    def conclude(self) -> RunRecord:
        attempts = _attempts(self.scratch / "attempts.jsonl")
        last = attempts[-1] if attempts and attempts[-1]["event"] == "ended" else {}
        ending: dict[str, Any] = {}
        with contextlib.suppress(OSError, ValueError):
            ending = json.loads((self.scratch / "ending.json").read_text("utf-8"))
        status, failure = _how_it_ended(last, ending)
        outputs: tuple[FileRecord, ...] = ()
        if status == "done":
            outputs, wrong = self._outputs()
            if wrong:
                status, failure = "failed", Failure.of(errors.OutputsWrong(names=", ".join(wrong)))
                outputs = ()
        inputs = tuple(record for files in self.given.values() for _, record in files)
        device = processor() + (f"; {ending['device']}" if ending.get("device") else "")
        record = RunRecord(
            id=self.id,
            method=self.method.id,
            version=self.method.version,
            title=self.method.title,
            distribution=registry.distribution(self.method.pathway),
            deterministic=self.method.deterministic,
            params=self.params,
            inputs=inputs,
            outputs=outputs,
            resources=self.resources,
            software=self.software,
            platform=f"{platform.system()} {platform.machine()}",
            agent=self.agent,
            started=self.started,
            ended=_now(),
            status=status,
            cost=_cost(attempts, inputs, outputs, device),
            fingerprint=self.fingerprint,
            steps=tuple(StepRecord(**step) for step in ending.get("steps", ())),
            failure=failure,
            log_tail=self._log_tail(),
        )
        write_whole(
            self.scratch / "record.json", json.dumps(record.to_json(), ensure_ascii=False, indent=1).encode()
        )
        return record

    def _outputs(self) -> tuple[tuple[FileRecord, ...], list[str]]:
        folder = output_folder(self.scratch)
        found: list[FileRecord] = []
        wrong: list[str] = []
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder).as_posix()
            if path.is_dir() and not path.is_symlink():
                continue
            declared = self.method.output_of(name)
            if declared is None or path.is_symlink() or not path.is_file():
                wrong.append(name)
                continue
            media_type = media_type_of(name) if declared.many else declared.media_type
            found.append(FileRecord(declared.name, name, media_type, path.stat().st_size, _sha512(path)))
        made = {record.role for record in found}
        wrong += [o.name for o in self.method.outputs if not o.optional and o.name not in made]
        return tuple(found), wrong

    def _log_tail(self) -> str:
        log = self.scratch / "log.txt"
        with log.open("rb") as stream:
            stream.seek(max(0, log.stat().st_size - _LOG_TAIL))
            tail = stream.read().decode("utf-8", "replace")
        # A record is published; where this machine keeps its files is nobody's business.
        for local, shown in (
            (str(self.scratch), "<run>"),
            (sys.prefix, "<python>"),
            (sys.base_prefix, "<python>"),
        ):
            tail = tail.replace(local, shown)
        for files in self.given.values():
            for file, _ in files:
                tail = tail.replace(str(file.path), f"<input>/{file.name}")
        return tail.replace(str(Path(__file__).parents[1]), "<heirloom>").replace(str(Path.home()), "~")


def _status_of(record: Path) -> str:
    with contextlib.suppress(OSError, ValueError):
        return str(json.loads(record.read_text("utf-8")).get("status"))
    return ""


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _listen(
    launcher: subprocess.Popen[bytes],
    reports: Any,
    on_progress: Callable[[Progress], None] | None,
    cancelled: Callable[[], bool] | None,
) -> None:
    assert launcher.stdin is not None
    pending = b""
    asked = False
    open_ = True
    while launcher.poll() is None:
        if open_:
            ready, _, _ = select.select([reports], [], [], _POLL_SECONDS)
            if ready:
                chunk = reports.read(65536)
                open_ = bool(chunk)
                pending = _report(pending + chunk, on_progress)
        else:
            with contextlib.suppress(subprocess.TimeoutExpired):
                launcher.wait(_POLL_SECONDS)
        if cancelled is not None and not asked and cancelled():
            asked = True
            with contextlib.suppress(BrokenPipeError):
                launcher.stdin.write(b"c")
                launcher.stdin.flush()


def _report(pending: bytes, on_progress: Callable[[Progress], None] | None) -> bytes:
    *lines, rest = pending.split(b"\n")
    for line in lines:
        if on_progress is None or not line:
            continue
        try:
            told = json.loads(line)
            message = Message.from_json(told["message"]) if told["message"] else None
            report = Progress(float(told["fraction"]), message, str(told["step"]))
        except (ValueError, KeyError, TypeError):
            continue  # a method's child may write rubbish there; a report is only a courtesy
        on_progress(report)
    return rest


def _attempts(path: Path) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    if not path.exists():
        return lines
    for line in path.read_text("utf-8").splitlines():
        with contextlib.suppress(ValueError):  # a power cut may have torn the last line
            lines.append(json.loads(line))
    return lines


def _cost(
    attempts: Sequence[Mapping[str, Any]],
    inputs: Sequence[FileRecord],
    outputs: Sequence[FileRecord],
    device: str,
) -> Cost:
    ended = [attempt for attempt in attempts if attempt["event"] == "ended"]
    started = sum(attempt["event"] == "started" for attempt in attempts)
    return Cost(
        cpu_user=round(sum(attempt["user"] for attempt in ended), 6),
        cpu_system=round(sum(attempt["system"] for attempt in ended), 6),
        wall_seconds=round(sum(attempt["wall"] for attempt in ended), 6),
        peak_memory_bytes=max((attempt["peak"] for attempt in ended), default=0),
        bytes_in=sum(record.size for record in inputs),
        bytes_out=sum(record.size for record in outputs),
        device=device,
        attempts=started,
        unmeasured_attempts=started - len(ended),
    )


def _how_it_ended(last: Mapping[str, Any], ending: Mapping[str, Any]) -> tuple[Status, Failure | None]:
    if ending.get("status") == "done":
        return "done", None
    if ending.get("status") == "cancelled" or last.get("reason") == "cancelled":
        return "cancelled", Failure.of(errors.Cancelled())
    if ending.get("failure"):
        return "failed", Failure(**ending["failure"])
    if last.get("reason") == "out-of-time" or last.get("exit") == -signal.SIGXCPU:
        return "failed", Failure.of(errors.OutOfTime(seconds=round(last["wall"], 1)))
    status = last.get("exit")
    if status == child.EXIT_DISK_FULL:
        return "failed", Failure.of(errors.DiskFull())
    if isinstance(status, int) and status < 0:
        return "failed", Failure.of(errors.Killed(signal=signal.Signals(-status).name))
    return "failed", Failure.of(errors.MethodFailed(error=f"exit status {status}"))
