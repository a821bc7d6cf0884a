"""What a large capture asks of a machine: ``python -m benchmarks.condition_scale``.

Fifty photos of 24 megapixels through the command line as a person would run it, where the system allows without any network; then a smaller
capture whose worker is killed at four moments, against one that was left alone.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from heirloom.pathways.condition import pictures, synthetic
from heirloom.pathways.condition.lights import dome, write_lp

LIMIT = 2_000_000_000
KILLS = (1, 2, 3, 5)
PATIENCE = 900.0

CHILD = """
import sys
from pathlib import Path
from heirloom.pathways.execute import execute
photos, lights, scratch = (Path(name) for name in sys.argv[1:])
given = {"photos": [*sorted(photos.iterdir())], "lights": [lights]}
execute("condition.relight", given, {}, scratch=scratch)
"""


def photographed(folder: Path, side: int, tiles: tuple[int, int], count: int) -> None:
    """Write *count* photos and their lights; each is one made-up panel of *side* pixels, laid *tiles* (rows, columns) times."""
    (folder / "photos").mkdir()
    lights = dome(count, 6)
    names = [f"light_{number:02}.jpg" for number in range(count)]
    panel = synthetic.rock((side, side), 6)
    for name, pixels in zip(names, synthetic.photograph(panel, lights, 6), strict=True):
        pictures.write_jpeg(folder / "photos" / name, np.tile(pixels, (*tiles, 1)), 95, full_colour=True)
    (folder / "lights.lp").write_text(write_lp(lights, names), "utf-8")


def without_network() -> list[str]:
    """What to put before a command so that it has no network; nothing where the system refuses."""
    words = ["unshare", "--map-root-user", "--net"]
    try:
        done = subprocess.run([*words, "true"], capture_output=True, check=False)
    except FileNotFoundError:
        return []
    return words if done.returncode == 0 else []


def environment(data: Path) -> dict[str, str]:
    """This process's, with a data folder of its own."""
    return {**os.environ, "HEIRLOOM_DATA": str(data)}


def bar_memory() -> None:
    """Must hold 6: 24 MP x 50 in at most 2 GB, no network used."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        photographed(folder, 1000, (4, 6), 50)
        before = without_network()
        words = [sys.executable, "-m", "heirloom.cli", "run", "condition.relight"]
        inputs = ["--input", f"photos={folder / 'photos'}", "--input", f"lights={folder / 'lights.lp'}"]
        done = subprocess.run(
            [*before, *words, *inputs, "--out", str(folder / "out")],
            env=environment(folder / "data"),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            print(f"condition.6a memory-24MPx50 {done.stderr.strip()[-300:]} short", flush=True)
            return
        cost = json.loads((folder / "out" / "run.json").read_text("utf-8"))["cost"]
        peak, seconds = cost["peak_memory_bytes"], cost["cpu_seconds"]
        verdict = "ok" if peak <= LIMIT else "short"
        print(
            f"condition.6a memory-24MPx50-in-{seconds:.0f}-CPU-s {peak / 1e6:.0f} MB <={LIMIT / 1e6:.0f} {verdict}",
            flush=True,
        )
        end = "0 connections possible, done ok" if before else "skipped: unshare --net is refused here"
        print(f"condition.6c no-network {end}", flush=True)


def _inside(scratch: Path) -> Iterator[int]:
    """Processes that work in *scratch*."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if (entry / "cwd").readlink() == scratch:
                    yield int(entry.name)
            except OSError:
                continue


def run(folder: Path, scratch: Path, kill_after: int | None = None) -> None:
    """Run once; where *kill_after* is given, kill it with its worker as soon as so many steps are done, at whatever it does then."""
    words = [sys.executable, "-c", CHILD, str(folder / "photos"), str(folder / "lights.lp"), str(scratch)]
    child = subprocess.Popen(words, start_new_session=True)
    until = time.monotonic() + PATIENCE
    while kill_after is not None and child.poll() is None and time.monotonic() < until:
        if len(list(scratch.glob("steps/*.json"))) >= kill_after:
            os.kill(child.pid, signal.SIGKILL)
            for pid in _inside(scratch):
                os.kill(pid, signal.SIGKILL)
            break
        time.sleep(0.005)
    child.wait(PATIENCE)


def digests(scratch: Path) -> dict[str, str]:
    """What each output is, as its record says."""
    record: dict[str, Any] = json.loads((scratch / "record.json").read_text("utf-8"))
    return {out["path"]: out["sha512"] for out in record["outputs"]}


def bar_killed() -> None:
    """Must hold 6: a worker killed with SIGKILL gives the same bytes when it is started again."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        photographed(folder, 500, (3, 2), 24)
        run(folder, folder / "whole")
        wanted = digests(folder / "whole")
        same = killed = 0
        for moment in KILLS:
            scratch = folder / f"killed-{moment}"
            run(folder, scratch, moment)
            killed += not (scratch / "record.json").exists()
            run(folder, scratch)
            same += digests(scratch) == wanted
        good = same == len(KILLS) and killed >= len(KILLS) - 1
        print(
            f"condition.6b killed-worker-same-digests {same}/{len(KILLS)} ({killed} killed in mid-run, {len(wanted)} files)"
            f" {'ok' if good else 'short'}",
            flush=True,
        )


def main() -> int:
    cv2.setNumThreads(1)
    bar_memory()
    bar_killed()
    return 0


if __name__ == "__main__":
    sys.exit(main())
