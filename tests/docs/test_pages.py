"""The documentation keeps its word: links lead somewhere, commands that are shown work, the README's picture is there."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from urllib.parse import unquote

import pytest
from tests.docs.pages import REPOSITORY, anchor, anchors, blocks, links, pages

ROLES = {"visitor", "applicant", "reviewer", "organiser", "cataloguer", "steward", "partner"}
MOST_BYTES = 200_000


def name(path: Path) -> str:
    return path.relative_to(REPOSITORY).as_posix()


def test_anchors_are_made_as_forges_make_them() -> None:
    assert anchor("Signing in with OpenID Connect") == "signing-in-with-openid-connect"
    assert anchor("`heirloom/item/1`") == "heirloomitem1"
    assert anchor("Behind a proxy, with https") == "behind-a-proxy-with-https"
    assert anchors("# One\n\n## Two\n\n```sh\n# not a heading\n```\n\n## Two\n") == {"one", "two", "two-1"}


@pytest.mark.parametrize("page", pages(), ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text("utf-8")
    broken = []
    for target in links(text):
        if re.match(r"[a-z][a-z0-9+.-]*:", target):
            continue
        path, _, fragment = target.partition("#")
        aim = (page.parent / unquote(path)).resolve() if path else page
        if not aim.exists() or (path and not aim.is_relative_to(REPOSITORY)):
            broken.append(f"{target}: no such file")
        elif fragment and aim.suffix == ".md" and fragment not in anchors(aim.read_text("utf-8")):
            broken.append(f"{target}: no such heading")
    assert broken == []


def test_the_links_of_a_page_are_found() -> None:
    text = "[a](b.md) and ![c](d.png), `[not](one.md)`\n\n```md\n[nor](this.md)\n```\n"
    assert list(links(text)) == ["b.md", "d.png"]


def test_every_page_can_be_reached_from_the_readme() -> None:
    start = REPOSITORY / "README.md"
    reached, waiting = {start}, [start]
    while waiting:
        page = waiting.pop()
        for target in links(page.read_text("utf-8")):
            path = (page.parent / unquote(target.partition("#")[0])).resolve()
            if path.suffix == ".md" and path.exists() and path not in reached:
                reached.add(path)
                waiting.append(path)
    docs = {page for page in pages() if page.is_relative_to(REPOSITORY / "docs")}
    assert {name(page) for page in docs - reached} == set()


def test_every_role_has_a_page() -> None:
    assert {path.stem for path in (REPOSITORY / "docs" / "use").glob("*.md")} == ROLES


def test_no_page_names_a_path_of_somebody_s_machine() -> None:
    found = {
        name(page): hits
        for page in pages()
        if (hits := re.findall(r"(?:/work|/root|/home|/tmp|/Users)/[\w.-]+", page.read_text("utf-8")))
    }
    assert found == {}


def test_the_readme_has_one_picture_that_loads_quickly() -> None:
    pictures = re.findall(r"!\[([^\]]+)\]\(([^)]+)\)", (REPOSITORY / "README.md").read_text("utf-8"))
    assert len(pictures) == 1
    words, path = pictures[0]
    assert len(words) > 20, "say in words what the picture shows"
    assert 5_000 < (REPOSITORY / path).stat().st_size < MOST_BYTES


COMMANDS = [
    (name(page), line.removeprefix("$ "))
    for page in pages()
    for block in blocks(page.read_text("utf-8"), "console")
    for line in block.splitlines()
    if line.startswith("$ ")
]


def test_some_commands_are_shown_as_tested() -> None:
    assert len(COMMANDS) >= 2


@pytest.mark.parametrize(
    ("page", "command"), COMMANDS, ids=[f"{page}: {line[:40]}" for page, line in COMMANDS]
)
def test_commands_that_are_shown_work(page: str, command: str, tmp_path: Path) -> None:
    words = [word.replace("{new}", str(tmp_path / "new")) for word in shlex.split(command)]
    assert words[0] == "heirloom", "only this program's own commands are tried"
    told = subprocess.run(
        [sys.executable, "-m", "heirloom.cli", "--data", str(tmp_path / "data"), *words[1:]],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert told.returncode == 0, told.stderr
    assert told.stdout


def test_commands_of_make_that_are_named_exist() -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", (REPOSITORY / "Makefile").read_text("utf-8"), re.MULTILINE))
    for page in pages():
        named = set(re.findall(r"`make ([a-z][a-z0-9-]*)[ `]", page.read_text("utf-8")))
        assert named <= targets, f"{name(page)}: {sorted(named - targets)}"


def test_sub_commands_that_are_named_exist() -> None:
    from scripts.reference import commands

    known = set(commands())
    for page in pages():
        text = page.read_text("utf-8")
        named = set(re.findall(r"`heirloom ([a-z]+)[ `]", text))
        for block in blocks(text, "sh"):
            named |= set(
                re.findall(r"^(?:\.venv/bin/)?heirloom (?:--data \S+ )?([a-z]+)", block, re.MULTILINE)
            )
        assert named <= known, f"{name(page)}: {sorted(named - known)}"


def test_the_version_is_said_in_one_place() -> None:
    from heirloom import __version__

    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]
    assert __version__ == project["version"]
