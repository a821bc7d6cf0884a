"""What the drills strike, fill, rot and delete, and how much of it comes back: ``python -m benchmarks.drills``.

A hundred times kill -9, and the other drills at the size that goes with it. The numbers are those that the tests of ``tests/drills`` take;
a line is ``ok`` when they are whole and the tests that took them passed.
"""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable

from benchmarks.pages import line, tests, verdict

KILLS = 100
FLIPS = 50


def taken(cases: list[ET.Element], name: str) -> int:
    """The sum of what the tests *cases* measured under *name*."""
    return sum(
        int(found.get("value", "0"))
        for case in cases
        for found in case.iter("property")
        if found.get("name") == name
    )


def tell(
    bar: str, cases: list[ET.Element], measured: Callable[[Callable[[str], int]], tuple[str, bool]]
) -> None:
    """Print a bar with its numbers; without any it is skipped where its tests were, else short."""
    passed, ran, reason = verdict(cases)
    if reason:
        print(f"{bar} skipped: {reason}", flush=True)
        return
    text, whole = measured(lambda name: taken(cases, name))
    print(f"{bar} {text} {'ok' if whole and ran and passed == ran else 'short'}", flush=True)


def main() -> int:
    every = tests("tests/drills", "-m", "drill", HEIRLOOM_DRILL_KILLS=str(KILLS))

    def of(*names: str) -> list[ET.Element]:
        return [case for case in every if str(case.get("name")).startswith(names)]

    tell(
        "foundation.5a kill-9-in-ingest-seal-run-publish",
        of("test_killed_at_random_instants"),
        lambda n: (f"{n('good')}/{n('struck')} sound =={KILLS}", n("good") == n("struck") == KILLS),
    )
    tell(
        "foundation.5b death-between-two-steps",
        of("test_dying_between_any_two_steps"),
        lambda n: (f"{n('good')}/{n('died')} sound", n("good") == n("died") > 0),
    )
    tell(
        "foundation.5c full-disk",
        of("test_a_full_disk"),
        lambda n: (f"{n('good')}/{n('refused')} sound", n("good") == n("refused") > 0),
    )
    tell(
        "foundation.5d bit-flips",
        of("test_flipped_bits"),
        lambda n: (
            f"{n('found')} found, {n('mended')} mended of {n('flipped')} >={FLIPS}",
            n("found") == n("mended") == n("flipped") >= FLIPS,
        ),
    )
    tell(
        "foundation.5e rebuilt-rows",
        of("test_every_row_comes_back", "test_what_was_imported"),
        lambda n: (
            f"{n('differences')} differences in {n('rows')} rows ==0",
            n("differences") == 0 < n("rows"),
        ),
    )
    line(
        "foundation.5f server-cut-off-and-backed-up",
        of("test_a_server", "test_a_backup", "test_the_judge", "test_the_comparison"),
    )
    line(
        "foundation.5g archive-struck-at-every-call",
        tests("tests/archive/ocfl/test_crash.py", HEIRLOOM_KILLS=str(KILLS)),
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
