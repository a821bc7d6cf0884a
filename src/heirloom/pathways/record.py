"""What remains of a run: who ran what on which bytes, with which settings and software, at what cost.

A :class:`RunRecord` is plain data with a JSON form that reads back to an equal value. Mapping it to RO-Crate
provenance, and keeping it, is the work of the part that asked for the run.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from heirloom.errors import HeirloomError

Json = dict[str, Any]
Status = Literal["done", "failed", "cancelled"]
FORMAT = 1


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A file that went in or came out: *role* is the declared input or output, *path* is relative, never local."""

    role: str
    path: str
    media_type: str
    size: int
    sha512: str


@dataclass(frozen=True, slots=True)
class StepRecord:
    """A checkpoint: its wall time when it was made, and whether this run found it already there."""

    name: str
    seconds: float
    reused: bool


@dataclass(frozen=True, slots=True)
class Cost:
    """What the run took, by the operating system's own accounting (``wait4``), over all attempts.

    Attributes:
        cpu_user, cpu_system: seconds of CPU of the method's process and every process it waited for.
        wall_seconds: time from start to end, summed over attempts.
        peak_memory_bytes: resident set of the largest single process.
        bytes_in, bytes_out: sizes of the input and output files.
        device: the processor (and accelerator, where the method names one) that did the work.
        attempts: how often the run was started until it ended.
        unmeasured_attempts: attempts whose accounting was lost (power cut); the cost is then a lower bound.
    """

    cpu_user: float = 0.0
    cpu_system: float = 0.0
    wall_seconds: float = 0.0
    peak_memory_bytes: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    device: str = ""
    attempts: int = 0
    unmeasured_attempts: int = 0

    @property
    def cpu_seconds(self) -> float:
        return self.cpu_user + self.cpu_system


@dataclass(frozen=True, slots=True)
class Failure:
    """A coded error as data: *message* and *kept* are templates to translate, *params* fill them."""

    code: str
    message: str
    kept: str = ""
    params: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, error: HeirloomError) -> Failure:
        return cls(
            error.code, error.message, error.kept, {name: str(value) for name, value in error.params.items()}
        )

    def text(self, translate: Callable[[str], str] = str) -> str:
        """The sentence in a reader's language."""
        return translate(self.message).format(**self.params)


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One execution of a method.

    Attributes:
        id: UUID of this run; started, ended: ISO 8601 in UTC.
        fingerprint: SHA-512 over method, version, parameters, inputs, resources and software.
        software: name -> version of what the result depends on; distribution: what brings the pathway.
        resources: name -> SHA-512 of the files the pathway shipped.
        agent: who asked for the run, as the caller names them.
        log_tail: the last lines the method printed; no local paths.
    """

    id: str
    method: str
    version: str
    title: str
    distribution: tuple[str, str]
    deterministic: bool
    params: Mapping[str, Any]
    inputs: tuple[FileRecord, ...]
    outputs: tuple[FileRecord, ...]
    resources: Mapping[str, str]
    software: Mapping[str, str]
    platform: str
    agent: str
    started: str
    ended: str
    status: Status
    cost: Cost
    fingerprint: str
    steps: tuple[StepRecord, ...] = ()
    failure: Failure | None = None
    log_tail: str = ""

    def to_json(self) -> Json:
        plain = dataclasses.asdict(self)
        plain["params"] = {
            name: list(value) if isinstance(value, tuple) else value for name, value in self.params.items()
        }
        plain["cost"]["cpu_seconds"] = round(self.cost.cpu_seconds, 6)
        for name in ("inputs", "outputs", "steps", "distribution"):
            plain[name] = list(plain[name])
        return {"format": FORMAT, **plain}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> RunRecord:
        """Reads :meth:`to_json` back; raises ValueError on an unknown format."""
        known = dict(data)
        if known.pop("format", None) != FORMAT:
            raise ValueError(f"run record of format {data.get('format')!r}, not {FORMAT}")
        cost = {name: value for name, value in known["cost"].items() if name != "cpu_seconds"}
        known["cost"] = Cost(**cost)
        known["params"] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in known["params"].items()
        }
        known["inputs"] = tuple(FileRecord(**item) for item in known["inputs"])
        known["outputs"] = tuple(FileRecord(**item) for item in known["outputs"])
        known["steps"] = tuple(StepRecord(**item) for item in known["steps"])
        known["distribution"] = (known["distribution"][0], known["distribution"][1])
        known["failure"] = Failure(**known["failure"]) if known["failure"] else None
        return cls(**known)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs side by side.

    ``same``, ``differ``, ``only_a``, ``only_b`` are output paths. ``verdict``: ``identical``, every output has the same
    bytes; ``different``, some do not though method, version, settings and inputs agree; ``other-conditions``, the runs
    were not of the same thing, so a difference says nothing against either; ``incomplete``, one of them did not end well.
    """

    same: tuple[str, ...]
    differ: tuple[str, ...]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]
    same_method: bool
    same_version: bool
    same_params: bool
    same_inputs: bool
    same_software: bool
    complete: bool

    @property
    def verdict(self) -> Literal["identical", "different", "other-conditions", "incomplete"]:
        if not self.complete:
            return "incomplete"
        if not (self.differ or self.only_a or self.only_b):
            return "identical"
        if self.same_method and self.same_version and self.same_params and self.same_inputs:
            return "different"
        return "other-conditions"

    def to_json(self) -> Json:
        plain = dataclasses.asdict(self)
        for name in ("same", "differ", "only_a", "only_b"):
            plain[name] = list(plain[name])
        return plain | {"verdict": self.verdict}


def compare(a: RunRecord, b: RunRecord) -> Comparison:
    """Which outputs of *a* and *b* have equal digests, and whether the two runs can be compared at all."""
    of_a = {output.path: output.sha512 for output in a.outputs}
    of_b = {output.path: output.sha512 for output in b.outputs}
    shared = sorted(of_a.keys() & of_b.keys())

    def bytes_of(record: RunRecord) -> list[tuple[str, str]]:
        return sorted((given.role, given.sha512) for given in record.inputs)

    return Comparison(
        same=tuple(path for path in shared if of_a[path] == of_b[path]),
        differ=tuple(path for path in shared if of_a[path] != of_b[path]),
        only_a=tuple(sorted(of_a.keys() - of_b.keys())),
        only_b=tuple(sorted(of_b.keys() - of_a.keys())),
        same_method=a.method == b.method,
        same_version=a.version == b.version,
        same_params=dict(a.params) == dict(b.params),
        same_inputs=bytes_of(a) == bytes_of(b),
        same_software=dict(a.software) == dict(b.software) and dict(a.resources) == dict(b.resources),
        complete=a.status == b.status == "done",
    )
