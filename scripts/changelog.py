"""Gather the fragments of ``changelog.d/`` into ``CHANGELOG.md``: ``make changelog VERSION=0.2.0``.

Without a version it only prints what the next release would say. With one, it writes the section above the older ones and
removes the fragments; the section appears whole or not at all, and the fragments go only after it is written.
"""

from __future__ import annotations

import re
import sys
from datetime import UTC, date, datetime
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
KINDS = {
    "security": "Security",
    "removed": "Removed",
    "changed": "Changed",
    "added": "Added",
    "fixed": "Fixed",
}
MARK = "<!-- releases -->\n"
VERSION = re.compile(r"\d+\.\d+\.\d+((a|b|rc)\d+)?")


class BadFragment(SystemExit):
    """A fragment cannot be gathered; the text says why."""


def fragments(folder: Path) -> dict[str, list[Path]]:
    """Return the fragments of each kind, in the order in which a release tells of them; files within by name."""
    found: dict[str, list[Path]] = {kind: [] for kind in KINDS}
    for path in sorted(folder.glob("*.md")):
        if path.name == "README.md":
            continue
        kind = path.name.split(".")[-2] if path.name.count(".") >= 2 else ""
        if kind not in KINDS:
            raise BadFragment(
                f"{path.name}: the name must end in one of " + ", ".join(f".{k}.md" for k in KINDS)
            )
        if not path.read_text("utf-8").strip():
            raise BadFragment(f"{path.name} says nothing")
        found[kind].append(path)
    return {kind: paths for kind, paths in found.items() if paths}


def section(version: str, day: date, found: dict[str, list[Path]]) -> str:
    """Return the text of a release: one list for each kind, one entry for each fragment."""
    text = f"## {version} ({day.isoformat()})\n"
    for kind, paths in found.items():
        text += f"\n### {KINDS[kind]}\n\n"
        for path in paths:
            lines = path.read_text("utf-8").strip().splitlines()
            text += "- " + "\n  ".join(line.removeprefix("- ").rstrip() for line in lines) + "\n"
    return text


def release(root: Path, version: str, day: date) -> None:
    """Write the release into ``CHANGELOG.md`` under *root* and remove its fragments.

    Raises BadFragment where there is nothing to tell, the version is taken, or it is no version.
    """
    changelog = root / "CHANGELOG.md"
    text = changelog.read_text("utf-8")
    found = fragments(root / "changelog.d")
    if not VERSION.fullmatch(version):
        raise BadFragment(f"{version} is not a version such as 0.2.0 or 1.0.0rc1")
    if re.search(rf"^## {re.escape(version)} ", text, re.MULTILINE):
        raise BadFragment(f"CHANGELOG.md already tells of {version}")
    if not found:
        raise BadFragment("there are no fragments: nothing has changed")
    if MARK not in text:
        raise BadFragment(f"CHANGELOG.md has lost its line {MARK.strip()}")
    before, after = text.split(MARK, 1)
    fresh = changelog.with_name(".CHANGELOG.md.new")
    fresh.write_text(f"{before}{MARK}\n{section(version, day, found)}{after}", "utf-8")
    fresh.replace(changelog)
    for paths in found.values():
        for path in paths:
            path.unlink()


def main(arguments: list[str]) -> int:
    """Release the version that was named, or print what would be told."""
    today = datetime.now(UTC).date()
    if arguments and arguments[0]:
        release(REPOSITORY, arguments[0], today)
    else:
        sys.stdout.write(section("Next", today, fragments(REPOSITORY / "changelog.d")))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
