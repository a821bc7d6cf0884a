"""Can a case be run again here, and what did the last repeat give?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from heirloom.archive import Damaged, NoObject, NoVersion
from heirloom.catalogue.store import archive
from heirloom.pathways import registry

from .models import Run


def rerunnable(sealed: Mapping[str, Any]) -> dict[str, Any]:
    """Return for every run of a sealed content whether its method and inputs are here, and what repeats gave.

    ``state`` of a run is ``exact`` or ``other-version`` (it can run here), ``missing`` or ``needs-module`` (it cannot).
    """
    runs = {key: _one(key, pin) for key, pin in sorted(sealed.get("runs", {}).items())}
    return {
        "runs": runs,
        "all": bool(runs) and all(run["runnable"] for run in runs.values()),
        "repeated": sum(run["repeats"] for run in runs.values()),
    }


def _one(key: str, pin: Mapping[str, Any]) -> dict[str, Any]:
    available = registry.availability(pin["method"], pin["method_version"])
    inputs_here = all(_is_here(one["source"], one["sha512"]) for one in pin["inputs"])
    repeats = list(Run.objects.filter(repeats__key=key, state=Run.State.DONE).order_by("-ended_at")[:1])
    last = repeats[0] if repeats else None
    return {
        "method": available.state,
        "inputs_here": inputs_here,
        "runnable": available.runnable and inputs_here,
        "repeats": Run.objects.filter(repeats__key=key, state=Run.State.DONE).count(),
        "last": None
        if last is None
        else {
            "run": last.key,
            "ended_at": last.ended_at and last.ended_at.isoformat(),
            "same": same_outputs(pin, last),
        },
    }


def _is_here(source: Mapping[str, Any], sha512: str) -> bool:
    try:
        files = archive().files(source["object"], source["version"])
    except (NoObject, NoVersion, Damaged, KeyError):
        return False
    found = files.get(source["path"])
    return found is not None and found.sha512 == sha512


def same_outputs(pin: Mapping[str, Any], run: Run) -> bool:
    """Whether a repeat gave the same bytes for every output."""
    before = {out["path"]: out["sha512"] for out in pin["outputs"]}
    after = {out["path"]: out["sha512"] for out in run.outputs}
    return before == after
