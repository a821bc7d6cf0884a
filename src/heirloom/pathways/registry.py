"""Which pathways are here: the built-in ones by name, others by the entry point group ``heirloom.pathways``.

A built-in pathway that fails to load is a fault of this program and raises. One from another distribution is reported
by :func:`problems` and left out: nothing it does wrong while loading can take the rest down.
"""

from __future__ import annotations

import functools
import importlib
import importlib.metadata
from dataclasses import dataclass
from typing import Literal

from heirloom.pathways import errors
from heirloom.pathways.face import Method, Pathway

GROUP = "heirloom.pathways"
BUILT_IN: tuple[str, ...] = (
    "heirloom.pathways.diversity:PATHWAY",
    "heirloom.pathways.condition:PATHWAY",
)


@dataclass(frozen=True, slots=True)
class Availability:
    """Whether a recorded method can run here: ``state`` and, where it cannot or only otherwise, why.

    ``exact``: the same version; ``other-version``: results may differ; ``missing``, ``needs-module``: it cannot.
    """

    state: Literal["exact", "other-version", "missing", "needs-module"]
    reason: errors.PathwayError | None = None

    @property
    def runnable(self) -> bool:
        return self.state in ("exact", "other-version")


@dataclass(frozen=True, slots=True)
class _Loaded:
    pathways: dict[str, Pathway]
    distributions: dict[str, tuple[str, str]]
    problems: tuple[errors.PathwayError, ...]


def _built_in(dotted: str) -> Pathway:
    module, _, name = dotted.partition(":")
    found = getattr(importlib.import_module(module), name)
    assert isinstance(found, Pathway), dotted
    return found


def _foreign(
    entry: importlib.metadata.EntryPoint, taken: dict[str, Pathway]
) -> Pathway | errors.PathwayError:
    distribution = entry.dist.name if entry.dist else "?"
    try:
        found = entry.load()
    except (Exception, SystemExit) as error:  # noqa: BLE001 (whatever foreign code raises must not take the host down)
        reason = f"{type(error).__name__}: {error}"
        return errors.PathwayNotLoaded(pathway=entry.name, distribution=distribution, reason=reason)
    if not isinstance(found, Pathway):
        reason = f"it is a {type(found).__name__}, not a Pathway"
        return errors.PathwayNotLoaded(pathway=entry.name, distribution=distribution, reason=reason)
    if found.id in taken:
        reason = "another pathway already has this name"
        return errors.PathwayNotLoaded(pathway=found.id, distribution=distribution, reason=reason)
    return found


@functools.cache
def _load() -> _Loaded:
    known: dict[str, Pathway] = {}
    origin: dict[str, tuple[str, str]] = {}
    problems: list[errors.PathwayError] = []
    ours = ("heirloom-commons", importlib.metadata.version("heirloom-commons"))
    for dotted in BUILT_IN:
        pathway = _built_in(dotted)
        known[pathway.id], origin[pathway.id] = pathway, ours
    entries = sorted(
        importlib.metadata.entry_points(group=GROUP), key=lambda entry: (entry.name, entry.value)
    )
    for entry in entries:
        found = _foreign(entry, known)
        if isinstance(found, errors.PathwayError):
            problems.append(found)
        else:
            known[found.id] = found
            origin[found.id] = (entry.dist.name, entry.dist.version) if entry.dist else ("?", "?")
    return _Loaded(known, origin, tuple(problems))


def reload() -> None:
    """Look again: after a pathway was installed while the program runs."""
    _load.cache_clear()


def pathways() -> tuple[Pathway, ...]:
    """All pathways that loaded: built-in ones first."""
    return tuple(_load().pathways.values())


def problems() -> tuple[errors.PathwayError, ...]:
    """What could not be loaded, and why."""
    return _load().problems


def methods() -> tuple[Method, ...]:
    return tuple(method for pathway in pathways() for method in pathway.methods)


def pathway(pathway_id: str) -> Pathway:
    """The pathway, or UnknownMethod."""
    try:
        return _load().pathways[pathway_id]
    except KeyError:
        raise errors.UnknownMethod(method=pathway_id) from None


def method(method_id: str, version: str | None = None) -> Method:
    """The method ``pathway.name``.

    Raises UnknownMethod; with *version*, OtherVersion where another one is installed.
    """
    pathway_id, _, name = method_id.partition(".")
    try:
        found = pathway(pathway_id).method(name)
    except errors.UnknownMethod:
        raise errors.UnknownMethod(method=method_id) from None
    if version is not None and version != found.version:
        raise errors.OtherVersion(method=method_id, version=version, installed=found.version)
    return found


def distribution(pathway_id: str) -> tuple[str, str]:
    """Name and version of the distribution that brings the pathway."""
    return _load().distributions[pathway(pathway_id).id]


def availability(method_id: str, version: str) -> Availability:
    """Whether a run recorded with *method_id* and *version* can be repeated here."""
    try:
        found = method(method_id)
    except errors.UnknownMethod as error:
        return Availability("missing", error)
    if missing := found.missing_modules():
        return Availability("needs-module", errors.MissingModule(method=method_id, module=", ".join(missing)))
    if found.version != version:
        return Availability(
            "other-version",
            errors.OtherVersion(method=method_id, version=version, installed=found.version),
        )
    return Availability("exact")
