"""Run every "must hold" of an issue and print one measured line each.

``python -m benchmarks.bars [ISSUE]`` runs the measurements of one issue (``foundation``), or of all. A line reads
``foundation.3b native-tile-cpu 0.041 ms <=0.06 ok`` and ends in ``ok``, ``short`` or ``skipped: why``. The exit status
is 1 when any line is short or a measurement broke, 0 otherwise.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
LINE = re.compile(r"^(?P<bar>[a-z]+\.\d+[a-z]?) (?P<rest>.+)$")
VERDICT = re.compile(r"( ok| short| skipped: .+)$")


@dataclass(frozen=True)
class Measurement:
    """One program that prints the lines of one or more bars."""

    bars: str
    command: tuple[str, ...]


def _module(bars: str, name: str, *arguments: str) -> Measurement:
    return Measurement(bars, (sys.executable, "-m", f"benchmarks.{name}", *arguments))


MEASUREMENTS: dict[str, tuple[Measurement, ...]] = {
    "foundation": (
        _module("foundation.1", "ocfl_fixtures"),
        _module("foundation.1", "ocfl_validate"),
        _module("foundation.1", "peers_accept"),
        _module("foundation.2", "bagit_cases"),
        _module("foundation.3", "iiif_validator"),
        _module("foundation.3", "iiif_manifests"),
        _module("foundation.3", "iiif_tiles"),
        _module("foundation.4", "search_recall"),
        _module("foundation.5", "drills"),
        _module("foundation.6", "pages"),
        _module("foundation.7", "refusals"),
        _module("foundation.8", "install"),
    ),
    "condition": (
        _module("condition.1", "condition", "solve"),
        _module("condition.1", "condition", "capture"),
        _module("condition.2", "condition", "change"),
        _module("condition.3", "condition", "register"),
        _module("condition.4", "condition", "faint"),
        _module("condition.6", "condition_scale"),
        _module("condition.7", "climate"),
        _module("condition.7", "observations"),
        _module("condition.8", "condition", "planes"),
        _module("condition.8", "relightable"),
    ),
}


def run(measurement: Measurement) -> tuple[int, int]:
    """Run one measurement, print its lines as they come; return how many lines and how many were short or broken."""
    lines = bad = 0
    with subprocess.Popen(measurement.command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for text in process.stdout:
            line = text.rstrip()
            if not LINE.match(line):
                continue
            lines += 1
            if not VERDICT.search(line):
                line += " short"
            bad += line.endswith(" short")
            print(line, flush=True)
    if (process.returncode and not bad) or not lines:
        print(
            f"{measurement.bars} {measurement.command[2]} broke with status {process.returncode} short",
            flush=True,
        )
        bad += 1
    return lines, bad


def main(arguments: list[str]) -> int:
    unknown = [name for name in arguments if name not in MEASUREMENTS]
    if unknown:
        print(f"no such issue: {', '.join(unknown)}; known: {', '.join(MEASUREMENTS)}", file=sys.stderr)
        return 2
    total = short = 0
    started = time.monotonic()
    for issue in arguments or MEASUREMENTS:
        for measurement in MEASUREMENTS[issue]:
            lines, bad = run(measurement)
            total += lines
            short += bad
    print(f"{total} bars, {short} short, {time.monotonic() - started:.0f} s", file=sys.stderr)
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
