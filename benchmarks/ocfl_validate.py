"""CPU time of whole-store validation against ocfl-py's, in one run.

    python benchmarks/ocfl_validate.py [--small 5000] [--large 5] [--large-mib 130] [--objects 1] [--rounds 3]

Both validators run as whole processes, in turns, over the same objects; the CPU seconds (user + system) are
the kernel's own accounting (``wait4``). The last line is the ratio of the medians and whether it holds.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from heirloom.archive import Agent, Archive

BAR = 0.75
OURS = """
import sys
from heirloom.archive.storage import LocalStorage
from heirloom.archive.validate_root import validate_store
root, objects = validate_store(LocalStorage(sys.argv[1]))
bad = [report.key for report in objects if not report.valid]
print(len(objects), "objects", sum(report.files for report in objects), "files", "bad:", bad, root.findings)
sys.exit(bool(bad) or not root.valid)
"""


def make_store(folder: Path, *, small: int, large: int, large_mib: int, objects: int) -> list[Path]:
    """A store with *small* files of 1 to 40 kB and *large* of *large_mib* MiB; return its object folders."""
    random.seed(1)
    archive = Archive.open(folder, create=True)
    agent = Agent("Benchmark", "mailto:benchmark@example.org")
    for number in range(objects):
        files: dict[str, bytes | Path] = {
            f"part-{index % 50:02}/file-{index:05}.bin": random.randbytes(random.randint(1000, 40000))
            for index in range(number, small, objects)
        }
        for index in range(number, large, objects):
            path = folder.parent / f"large-{index}.bin"
            with path.open("wb") as stream:
                for _ in range(large_mib):
                    stream.write(random.randbytes(1 << 20))
            files[f"large-{index}.bin"] = path
        archive.write(f"urn:benchmark:{number}", files, message="Benchmark", agent=agent)
        for path in folder.parent.glob("large-*.bin"):
            path.unlink()
    return [folder / key for key in archive.object_keys()]


def cpu_seconds(command: list[str]) -> float:
    """User and system seconds of the whole process *command*, which must succeed."""
    process = os.posix_spawn(
        command[0],
        command,
        os.environ,
        file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)],
    )
    _, status, usage = os.wait4(process, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        raise SystemExit(f"failed: {command[:3]}")
    return usage.ru_utime + usage.ru_stime


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--small", type=int, default=5000)
    parser.add_argument("--large", type=int, default=5)
    parser.add_argument("--large-mib", type=int, default=130)
    parser.add_argument("--objects", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    peer = Path(sys.executable).parent / "ocfl-validate.py"
    if not peer.exists():
        print("ocfl-py is not installed here: nothing to compare with", file=sys.stderr)
        return 2
    scratch = Path(tempfile.mkdtemp(prefix="heirloom-bench-"))
    try:
        store = scratch / "store"
        found = make_store(
            store,
            small=options.small,
            large=options.large,
            large_mib=options.large_mib,
            objects=options.objects,
        )
        commands = {
            "ours": [sys.executable, "-c", OURS, str(store)],
            "ocfl-py": [sys.executable, str(peer), "-q", *map(str, found)],
        }
        seconds: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(max(options.rounds, 3)):
            for name, command in commands.items():
                seconds[name].append(cpu_seconds(command))
    finally:
        shutil.rmtree(scratch)
    for name, values in seconds.items():
        print(
            f"{name}: median {statistics.median(values):.3f} CPU s of {[round(value, 3) for value in values]}"
        )
    ratio = statistics.median(seconds["ours"]) / statistics.median(seconds["ocfl-py"])
    verdict = "ok" if ratio <= BAR else "short"
    print(f"foundation.1b ocfl-validate-cpu-ratio {ratio:.2f} x <={BAR} {verdict}")
    return 0 if ratio <= BAR else 1


if __name__ == "__main__":
    sys.exit(main())
