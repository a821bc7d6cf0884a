"""The face of a pathway: what a family of methods declares about itself.

A declaration is data. It imports none of the code that does the work (``Method.run`` is a dotted name), so a page
can list every method, draw its form and print its API schema without loading numpy, and a kit can carry it as JSON.

The same face serves a small table and a large capture: an input may be one file or many thousands (``maximum=None``),
an output may be a folder of tiles (``many=True``), and files are handed over as paths, never read into memory.
"""

from __future__ import annotations

import dataclasses
import hashlib
import importlib
import importlib.resources
import importlib.util
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from heirloom.pathways import errors
from heirloom.pathways.param import Choice, Json, Kind, Param, ParamValue

if TYPE_CHECKING:
    from heirloom.pathways.context import Context

__all__ = [
    "Choice",
    "CostHint",
    "Input",
    "Kind",
    "Method",
    "Output",
    "Param",
    "Pathway",
    "Reference",
    "Resource",
    "Role",
]

Role = Literal["table", "picture", "data", "report", "model", "tiles"]
ROLES: tuple[Role, ...] = ("table", "picture", "data", "report", "model", "tiles")

_ID = re.compile(r"[a-z][a-z0-9-]*\Z")
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*\Z")
_MEDIA = re.compile(r"[a-z]+/(\*|[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*)\Z")
_DOTTED = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*\Z")
_VERSION = re.compile(r"\d+(\.\d+)*([a-z]+\d*)?\Z")


def _named(dotted: str) -> Any:
    module, _, name = dotted.partition(":")
    return getattr(importlib.import_module(module), name)


@dataclass(frozen=True, slots=True)
class Reference:
    """A source of the method: *citation* as printed, with a DOI (without the resolver's address) or a URL."""

    citation: str
    doi: str = ""
    url: str = ""

    def to_json(self) -> Json:
        return dataclasses.asdict(self)

    @property
    def address(self) -> str:
        """Where a reader finds it."""
        return f"https://doi.org/{self.doi}" if self.doi else self.url


@dataclass(frozen=True, slots=True)
class Input:
    """Files a method takes under one name.

    Attributes:
        media_types: accepted types, also as ``"image/*"``; empty accepts all.
        minimum, maximum: how many files; ``maximum=None`` is without bound. ``minimum=0`` makes the input optional.
        columns: for tables, the columns the method asks for (a hint for forms; the method itself refuses).
    """

    name: str
    title: str
    description: str = ""
    media_types: tuple[str, ...] = ()
    minimum: int = 1
    maximum: int | None = 1
    columns: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not _ID.match(self.name):
            raise ValueError(f"input name {self.name!r}")
        if self.minimum < 0 or (self.maximum is not None and self.maximum < max(1, self.minimum)):
            raise ValueError(f"input {self.name}: bounds {self.minimum} to {self.maximum}")
        if bad := [t for t in self.media_types if not _MEDIA.match(t)]:
            raise ValueError(f"input {self.name}: media types {bad}")

    def accepts(self, media_type: str) -> bool:
        """Whether a file of *media_type* (parameters ignored) may come in here."""
        essence = media_type.partition(";")[0].strip().lower()
        return not self.media_types or any(
            essence == accepted or (accepted.endswith("/*") and essence.startswith(accepted[:-1]))
            for accepted in self.media_types
        )

    def to_json(self) -> Json:
        return dataclasses.asdict(self) | {
            "media_types": list(self.media_types),
            "columns": list(self.columns),
        }


@dataclass(frozen=True, slots=True)
class Output:
    """A file a method makes; with ``many`` a folder of files, named ``<name>/...``.

    ``optional`` outputs may be absent (a picture of something that was not measurable).
    """

    name: str
    title: str
    media_type: str
    role: Role
    description: str = ""
    many: bool = False
    optional: bool = False

    def __post_init__(self) -> None:
        if not _FILE.match(self.name):
            raise ValueError(f"output name {self.name!r}")
        if self.role not in ROLES:
            raise ValueError(f"output {self.name}: role {self.role!r}")
        if not _MEDIA.match(self.media_type):
            raise ValueError(f"output {self.name}: media type {self.media_type!r}")

    def holds(self, path: str) -> bool:
        """Whether the output file *path* belongs to this declaration."""
        return path.startswith(f"{self.name}/") if self.many else path == self.name

    def to_json(self) -> Json:
        return dataclasses.asdict(self)


@dataclass(frozen=True, slots=True)
class Resource:
    """A file the pathway ships and the method reads: a reference table, a model's weights.

    Its digest goes into every run record, so a changed table or model never passes unseen.
    *path* is relative to the package *package*.
    """

    name: str
    package: str
    path: str
    title: str
    licence: str
    source: str = ""

    def __post_init__(self) -> None:
        if not _ID.match(self.name):
            raise ValueError(f"resource name {self.name!r}")

    def local(self) -> Path:
        """Where the file stands on this machine."""
        found = importlib.resources.files(self.package).joinpath(self.path)
        if not isinstance(found, Path):
            raise TypeError(f"{self.package} must be installed as files to use {self.path}")
        return found

    def sha512(self) -> str:
        with self.local().open("rb") as stream:
            return hashlib.file_digest(stream, "sha512").hexdigest()

    def to_json(self) -> Json:
        return dataclasses.asdict(self)


@dataclass(frozen=True, slots=True)
class CostHint:
    """What a run is expected to take on one ordinary core, so that a person knows before starting.

    A run of ``files`` files and ``bytes`` bytes takes about
    ``cpu_seconds + per_file * files + per_megabyte * bytes / 1e6`` seconds of CPU.
    """

    cpu_seconds: float
    per_megabyte: float = 0.0
    per_file: float = 0.0
    memory_bytes: int = 200_000_000

    def estimate(self, files: int = 0, size: int = 0) -> float:
        """CPU seconds for a run over *files* input files of together *size* bytes."""
        return self.cpu_seconds + self.per_file * files + self.per_megabyte * size / 1e6

    def to_json(self) -> Json:
        return dataclasses.asdict(self)


@dataclass(frozen=True, slots=True)
class Method:
    """One runnable step.

    Attributes:
        name: within its pathway; ``pathway.name`` is the method's id everywhere else.
        version: raised with every change that may change a result.
        run: dotted name ``package.module:function`` of a ``function(context) -> None``.
        deterministic: the same inputs, parameters and versions give the same bytes.
        needs: Python modules beyond the standard library, checked before a run is offered.
        licence: SPDX expression of the method's code.
        device: what does the work, ``"cpu"`` or ``"gpu"``; the record adds which one.
        example: dotted name of a ``function(folder) -> parameters`` that writes the tiny example's inputs into
            ``folder/<input>/``; empty where the pathway ships them as ``fixture/<method>/``.
    """

    name: str
    title: str
    summary: str
    version: str
    run: str
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    params: tuple[Param, ...] = ()
    resources: tuple[Resource, ...] = ()
    references: tuple[Reference, ...] = ()
    licence: str = "Apache-2.0"
    deterministic: bool = True
    needs: tuple[str, ...] = ()
    cost: CostHint = CostHint(1.0)
    device: Literal["cpu", "gpu"] = "cpu"
    example: str = ""
    pathway: str = ""

    def __post_init__(self) -> None:
        if not _ID.match(self.name):
            raise ValueError(f"method name {self.name!r}")
        for dotted in filter(None, (self.run, self.example)):
            if not _DOTTED.match(dotted):
                raise ValueError(f"method {self.name}: {dotted!r} is not package.module:function")
        if not _VERSION.match(self.version):
            raise ValueError(f"method {self.name}: version {self.version!r}")
        if not self.outputs:
            raise ValueError(f"method {self.name} declares no output")
        for what, names in (
            ("input", [i.name for i in self.inputs]),
            ("output", [o.name for o in self.outputs]),
            ("parameter", [p.name for p in self.params]),
            ("resource", [r.name for r in self.resources]),
        ):
            if len(set(names)) != len(names):
                raise ValueError(f"method {self.name}: the same {what} twice")

    @property
    def id(self) -> str:
        """``diversity.coverage``."""
        return f"{self.pathway}.{self.name}"

    def input(self, name: str) -> Input:
        for declared in self.inputs:
            if declared.name == name:
                return declared
        raise errors.InputUnknown(input=name)

    def output_of(self, path: str) -> Output | None:
        """The declaration the output file *path* belongs to, or None."""
        return next((output for output in self.outputs if output.holds(path)), None)

    def resource(self, name: str) -> Resource:
        return next(resource for resource in self.resources if resource.name == name)

    def function(self) -> Callable[[Context], None]:
        """The code itself; imports it."""
        found: Callable[[Context], None] = _named(self.run)
        return found

    def missing_modules(self) -> tuple[str, ...]:
        """The modules of ``needs`` that are not installed; finds them without importing them."""
        return tuple(name for name in self.needs if importlib.util.find_spec(name) is None)

    def validate(self, raw: Mapping[str, object]) -> dict[str, ParamValue]:
        """All parameters with their typed values, defaults filled in.

        Raises :class:`~heirloom.pathways.errors.InvalidParams` naming every setting that is not right.
        """
        problems: dict[str, errors.ParamError] = {}
        values: dict[str, ParamValue] = {}
        declared = {param.name for param in self.params}
        for name in raw:
            if name not in declared:
                problems[name] = errors.ParamUnknown(param=name)
        for param in self.params:
            try:
                values[param.name] = param.value(raw.get(param.name))
            except errors.ParamError as error:
                problems[param.name] = error
        if problems:
            raise errors.InvalidParams(problems)
        return values

    def params_schema(self) -> Json:
        """JSON Schema 2020-12 of the parameters: for the API, and for forms built from it."""
        return {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": self.title,
            "type": "object",
            "properties": {param.name: param.json_schema() for param in self.params},
            "required": [param.name for param in self.params if param.required],
            "additionalProperties": False,
        }

    def to_json(self) -> Json:
        """The declaration as a kit carries it and the API shows it; :meth:`from_json` reads it back."""
        return {
            "id": self.id,
            "pathway": self.pathway,
            "name": self.name,
            "title": self.title,
            "summary": self.summary,
            "version": self.version,
            "run": self.run,
            "inputs": [declared.to_json() for declared in self.inputs],
            "outputs": [declared.to_json() for declared in self.outputs],
            "params": [declared.to_json() for declared in self.params],
            "resources": [declared.to_json() for declared in self.resources],
            "references": [reference.to_json() for reference in self.references],
            "licence": self.licence,
            "deterministic": self.deterministic,
            "needs": list(self.needs),
            "cost": self.cost.to_json(),
            "device": self.device,
            "example": self.example,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Method:
        known = {name: value for name, value in data.items() if name != "id"}
        known["inputs"] = tuple(
            Input(**item | {"media_types": tuple(item["media_types"]), "columns": tuple(item["columns"])})
            for item in data["inputs"]
        )
        known["outputs"] = tuple(Output(**item) for item in data["outputs"])
        known["params"] = tuple(Param.from_json(item) for item in data["params"])
        known["resources"] = tuple(Resource(**item) for item in data["resources"])
        known["references"] = tuple(Reference(**item) for item in data["references"])
        known["needs"] = tuple(data["needs"])
        known["cost"] = CostHint(**data["cost"])
        return cls(**known)


@dataclass(frozen=True, slots=True)
class Pathway:
    """A family of methods for one purpose.

    *package* is the folder that holds its ``README.md`` and one tiny ``fixture/<method>/`` a method: the files of each
    input in a folder of the input's name, and ``params.json``.
    """

    id: str
    title: str
    summary: str
    package: str
    methods: tuple[Method, ...]

    def __post_init__(self) -> None:
        if not _ID.match(self.id):
            raise ValueError(f"pathway id {self.id!r}")
        if not self.methods:
            raise ValueError(f"pathway {self.id} has no method")
        named = tuple(dataclasses.replace(method, pathway=self.id) for method in self.methods)
        if len({method.name for method in named}) != len(named):
            raise ValueError(f"pathway {self.id}: the same method twice")
        object.__setattr__(self, "methods", named)

    def method(self, name: str) -> Method:
        """The method *name*; raises UnknownMethod."""
        for method in self.methods:
            if method.name == name:
                return method
        raise errors.UnknownMethod(method=f"{self.id}.{name}")

    def folder(self) -> Path:
        """The pathway's folder on this machine."""
        found = importlib.resources.files(self.package)
        if not isinstance(found, Path):
            raise TypeError(f"{self.package} must be installed as files")
        return found

    def readme(self) -> Path:
        return self.folder() / "README.md"

    def fixture(self, method: str, folder: Path) -> tuple[dict[str, Sequence[Path]], dict[str, object]]:
        """Inputs and parameters of the tiny example of *method*: for the contract test and for a first try.

        An example that is made, not shipped, is written into *folder*.
        """
        declared = self.method(method)
        params: dict[str, object] = {}
        if declared.example:
            params = _named(declared.example)(folder)
        else:
            folder = self.folder() / "fixture" / method
            settings = folder / "params.json"
            if settings.exists():
                params = json.loads(settings.read_text("utf-8"))
        inputs: dict[str, Sequence[Path]] = {
            declared.name: sorted(path for path in (folder / declared.name).rglob("*") if path.is_file())
            for declared in declared.inputs
            if (folder / declared.name).is_dir()
        }
        return inputs, params

    def to_json(self) -> Json:
        return {
            "id": self.id,
            "title": self.title,
            "summary": self.summary,
            "methods": [method.to_json() for method in self.methods],
        }
