"""Reading the project's own Markdown: pages, links, anchors, console blocks."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
_FENCE = re.compile(
    r"^(?P<fence>`{3,})(?P<language>[a-z]*)\n(?P<body>.*?)^(?P=fence)$", re.DOTALL | re.MULTILINE
)
_LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s]+)\)")
_SPAN = re.compile(r"(`+)(.+?)\1")
_HEADING = re.compile(r"^#{1,6} +(?P<text>.+?) *#*$", re.MULTILINE)


def pages() -> list[Path]:
    """Return every Markdown page of the project that git knows, but the changelog's fragments."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", "*.md"],
        cwd=REPOSITORY,
        capture_output=True,
        check=False,
    )
    if listing.returncode:
        pytest.skip("not a git checkout")
    found = [REPOSITORY / name for name in listing.stdout.decode().split("\0") if name]
    return [
        path
        for path in found
        if path.exists() and (path.parent.name != "changelog.d" or path.name == "README.md")
    ]


def prose(text: str) -> str:
    """Return a page without its code."""
    return _SPAN.sub("", _FENCE.sub("", text))


def links(text: str) -> Iterator[str]:
    """Give the target of each link and picture."""
    for found in _LINK.finditer(prose(text)):
        yield found["target"]


def anchor(heading: str) -> str:
    """Return the anchor that forges make of a heading: small letters, hyphens for spaces, no other signs."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
    return re.sub(r"[^\w\- ]", "", plain.strip().lower()).replace(" ", "-")


def anchors(text: str) -> set[str]:
    """Return all anchors of a page; a repeated heading gets a number."""
    found: set[str] = set()
    for heading in _HEADING.finditer(_FENCE.sub("", text)):
        name = anchor(heading["text"])
        number = 1
        unique = name
        while unique in found:
            unique, number = f"{name}-{number}", number + 1
        found.add(unique)
    return found


def blocks(text: str, language: str) -> list[str]:
    """Return the code blocks that are marked with a language."""
    return [found["body"] for found in _FENCE.finditer(text) if found["language"] == language]
