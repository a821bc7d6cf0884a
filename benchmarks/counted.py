"""Bars that are a number of tests: all of them must pass, none may be left out."""

from __future__ import annotations

import sys

from benchmarks.pages import line, tests

BARS: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
    "foundation.1a ocfl-fixtures": (("tests/archive/ocfl/test_fixtures.py",), {}),
    "foundation.1c ocfl-py-accepts-what-we-write": (("tests/archive/ocfl/test_peer.py",), {}),
    "foundation.1d roc-validator-accepts-what-we-write": (("tests/archive/crate/test_validator.py",), {}),
    "foundation.2a bagit-cases": (("tests/archive/bag",), {}),
    "foundation.5 drills": (
        ("tests/drills", "tests/archive", "-m", "drill"),
        {"HEIRLOOM_DRILL_KILLS": "100", "HEIRLOOM_KILLS": "100"},
    ),
    "foundation.7a permission-matrix": (("tests/web/test_permission_matrix.py",), {}),
    "foundation.7c hostile-uploads": (("tests/archive/safe", "-k", "hostile"), {}),
    "foundation.8a wheel-in-an-empty-environment": (("tests/wheel", "-m", "wheel"), {}),
}


def main(wanted: list[str]) -> None:
    """Run the bars whose name begins with one of *wanted*, or all."""
    for bar, (arguments, environment) in BARS.items():
        if not wanted or bar.startswith(tuple(wanted)):
            line(bar.replace("foundation.5 ", "foundation.5a "), tests(*arguments, **environment))


if __name__ == "__main__":
    main(sys.argv[1:])
