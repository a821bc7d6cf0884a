"""Whether the viewer of relightable pictures shows what Python computes: ``python -m benchmarks.relightable``.

The browser tests themselves measure: the pixels that WebGL 1 and 2 draw in Chromium against those of ``heirloom.pathways.condition.rti``, for polynomial
texture maps and hemispherical harmonics, planes as PNG and as JPEG, six lights, and every layer. A pixel may differ by 1 of 255, since both sides round.
"""

from __future__ import annotations

import sys

from benchmarks.pages import largest, line, tests, verdict

TESTS = "tests/web/test_relight_browser.py"
TOLERANCE = 1


def main() -> int:
    cases = tests(TESTS)
    pixels = [case for case in cases if "that_python_computes" in str(case.get("name"))]
    worst, (passed, ran, reason) = largest(pixels, "pixel-error"), verdict(pixels)
    count = sum(
        int(found.get("value", "0"))
        for case in pixels
        for found in case.iter("property")
        if found.get("name") == "pixels"
    )
    if worst is None:
        print(f"condition.8b viewer-pixels skipped: {reason or 'not measured'}", flush=True)
    else:
        good = worst <= TOLERANCE and passed == ran
        print(
            f"condition.8b viewer-pixels-worst-of-{count} {worst} /255 <={TOLERANCE} {'ok' if good else 'short'}",
            flush=True,
        )
    line(
        "condition.8c viewer-keys-hands-fallback",
        [c for c in cases if c not in pixels and "rule" not in str(c.get("name"))],
    )
    line("condition.9a viewer-axe-320px-seven-languages", [c for c in cases if "rule" in str(c.get("name"))])
    return 0


if __name__ == "__main__":
    sys.exit(main())
