"""The OCFL project's fixtures, each judged right and with every code in its name: ``python -m benchmarks.ocfl_fixtures``.

The packed fixtures (``ocfl-fixtures.tar.gz``, from github.com/OCFL/fixtures) are looked for in the folder HEIRLOOM_TEST_DATA, by default
``shared/data`` beside the repository.
"""

from __future__ import annotations

import os
import re
import sys
import tarfile
import tempfile
from pathlib import Path

from heirloom.archive.storage import LocalStorage
from heirloom.archive.validate import validate_object

REPOSITORY = Path(__file__).resolve().parent.parent
PACKED = "ocfl-fixtures.tar.gz"
ALL = 156


def judged(folder: Path, kind: str) -> bool:
    """Whether one fixture, of the *kind* good, warn or bad, is judged as its name says."""
    report = validate_object(LocalStorage(folder), "")
    named = set(re.findall(r"[EW]\d{3}", folder.name))
    if kind == "good":
        return not report.findings
    return bool(named) and named <= report.codes and report.valid == (kind == "warn")


def main() -> int:
    data = Path(os.environ.get("HEIRLOOM_TEST_DATA", REPOSITORY.parent / "shared" / "data"))
    if not (data / PACKED).is_file():
        print(f"foundation.1a ocfl-fixtures skipped: no {PACKED} in {data} (set HEIRLOOM_TEST_DATA)")
        return 0
    with tempfile.TemporaryDirectory(prefix="heirloom-fixtures-") as name:
        with tarfile.open(data / PACKED) as packed:
            packed.extractall(name, filter="data")
        results = {
            str(folder.relative_to(name)): judged(folder, kind)
            for kind in ("good", "warn", "bad")
            for folder in sorted(Path(name).glob(f"1.*/{kind}-objects/*"))
        }
    for fixture, right in results.items():
        if not right:
            print(f"wrong: {fixture}", file=sys.stderr)
    right = sum(results.values())
    good = right == len(results) == ALL
    print(f"foundation.1a ocfl-fixtures {right}/{len(results)} =={ALL} {'ok' if good else 'short'}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
