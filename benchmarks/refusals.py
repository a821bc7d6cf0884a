"""Who is refused what, and what is refused from everybody: ``python -m benchmarks.refusals``.

The permission matrix (every address and operation, every role, every state), requests generated from the API's own description, and hostile
files sent to the intake, the page and the API.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path

from benchmarks.pages import tests, verdict

EXAMPLES = 30
HOSTILE = 30


def say(bar: str, cases: list[ET.Element], numbers: str, *, holds: bool) -> None:
    """Print one bar: its numbers, how many of its tests passed, and whether it holds."""
    passed, ran, reason = verdict(cases)
    if reason or not ran:
        print(f"{bar} skipped: {reason or 'no test was found'}", flush=True)
        return
    good = holds and passed == ran
    print(f"{bar} {numbers}, {passed}/{ran} tests {'ok' if good else 'short'}", flush=True)


def reported(variable: str, *arguments: str, **environment: str) -> tuple[list[ET.Element], dict[str, int]]:
    """Run tests that count what they ask into the file that *variable* names."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "report.json"
        cases = tests(*arguments, **{variable: str(target)}, **environment)
        return cases, json.loads(target.read_text()) if target.exists() else {}


def matrix() -> None:
    cases, counted = reported("HEIRLOOM_MATRIX_REPORT", "tests/web/test_permission_matrix.py")
    asked = sum(counted.values())
    say("foundation.7a permission-matrix", cases, f"{asked} requests", holds=asked > 0)


def generated() -> None:
    examples = os.environ.get("HEIRLOOM_SCHEMATHESIS_EXAMPLES", str(EXAMPLES))
    cases, counted = reported(
        "HEIRLOOM_SCHEMATHESIS_REPORT",
        "tests/web/api/test_schemathesis.py",
        HEIRLOOM_SCHEMATHESIS_EXAMPLES=examples,
    )
    asked = sum(counted.values())
    operations = {" ".join(label.split(" ")[:2]) for label in counted}
    errors = sum(count for label, count in counted.items() if label.rpartition(" ")[2].startswith("5"))
    say(
        "foundation.7b schemathesis",
        cases,
        f"{asked} requests to {len(operations)} operations, {errors} server errors",
        holds=asked > 0 and not errors,
    )


def hostile() -> None:
    intake = tests(
        "tests/archive/safe/test_safe.py", "-k", "test_hostile_uploads_are_refused_with_their_code"
    )
    sent = tests("tests/web/my/test_hostile_uploads.py")
    refused = [
        case
        for case in sent
        if str(case.get("name")).startswith("test_hostile_upload_is_refused") and verdict([case])[0]
    ]
    passed, _, _ = verdict(intake)
    say(
        "foundation.7c hostile-uploads",
        [*intake, *sent],
        f"{passed} refused by the intake, {len(refused)} by page and API with nothing stored >={HOSTILE}",
        holds=min(passed, len(refused)) >= HOSTILE,
    )


def main() -> int:
    matrix()
    generated()
    hostile()
    return 0


if __name__ == "__main__":
    sys.exit(main())
