"""What pages cost and whether everybody can use them, counted from the browser tests themselves."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent


def tests(*arguments: str, **environment: str) -> list[ET.Element]:
    """Run tests and return their cases from the report."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        subprocess.run(
            [
                sys.executable,
                *("-m", "pytest", "-q", "--tb=no"),
                *(
                    f"--junitxml={report}",
                    "-o",
                    "junit_family=xunit1",
                ),  # the family that may carry properties
                *arguments,
            ],
            cwd=REPOSITORY,
            env={**os.environ, **environment},
            stdout=subprocess.DEVNULL,
            check=False,
        )
        return list(ET.parse(report).iter("testcase")) if report.exists() else []


def verdict(cases: list[ET.Element]) -> tuple[int, int, str]:
    """Return how many passed of how many, and why they were skipped where all were."""
    skipped = [case.find("skipped") for case in cases]
    reasons = [reason.get("message", "") for reason in skipped if reason is not None]
    ran = [case for case, reason in zip(cases, skipped, strict=True) if reason is None]
    passed = [case for case in ran if case.find("failure") is None and case.find("error") is None]
    return len(passed), len(ran), reasons[0] if reasons and not ran else ""


def line(bar: str, cases: list[ET.Element]) -> None:
    """Print one bar that asks for all of its tests to pass."""
    passed, ran, reason = verdict(cases)
    if reason or not ran:
        print(f"{bar} skipped: {reason or 'no test was found'}", flush=True)
        return
    print(f"{bar} {passed}/{ran} tests {'ok' if passed == ran else 'short'}", flush=True)


def largest(cases: list[ET.Element], name: str) -> int | None:
    values = [
        int(found.get("value", "0"))
        for case in cases
        for found in case.iter("property")
        if found.get("name") == name
    ]
    return max(values, default=None)


def main() -> None:
    counts = tests(
        "tests/web", "tests/calls", "tests/catalogue", "-k", "quer or cost or sql", "-m", "not e2e"
    )
    line("foundation.6a list-query-counts", counts)
    weights = tests("tests/e2e/test_bytes.py")
    for bar, name, limit in (
        ("foundation.6b public-list", "list-bytes", 60_000),
        ("foundation.6c case-page", "case-bytes", 250_000),
    ):
        found = largest(weights, name)
        if found is None:
            print(f"{bar} skipped: {verdict(weights)[2] or 'not measured'}", flush=True)
        else:
            print(f"{bar} {found} bytes <={limit} {'ok' if found <= limit else 'short'}", flush=True)
    line(
        "foundation.6d axe-every-page-seven-languages",
        tests("tests/e2e/test_accessibility.py", HEIRLOOM_EVERY_PAGE="1"),
    )
    line("foundation.6e tasks-without-scripts-and-by-keyboard", tests("tests/e2e/test_tasks.py"))


if __name__ == "__main__":
    main()
