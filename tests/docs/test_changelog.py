"""A release gathers the fragments whole, once, and only if they are right."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from scripts import changelog

DAY = date(2027, 3, 1)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "changelog.d").mkdir()
    (tmp_path / "changelog.d" / "README.md").write_text("about fragments")
    (tmp_path / "CHANGELOG.md").write_text(
        f"# Changelog\n\n{changelog.MARK}\n## 0.1.0 (2027-01-01)\n\n### Added\n\n- Old.\n"
    )
    return tmp_path


def fragment(project: Path, name: str, text: str) -> None:
    (project / "changelog.d" / name).write_text(text)


def test_a_release_tells_of_everything_by_kind(project: Path) -> None:
    fragment(project, "web-map.fixed.md", "The map\nis right.\n")
    fragment(project, "archive-ocfl.added.md", "Objects.\n")
    fragment(project, "archive-safe.security.md", "- Bombs.\n")
    changelog.release(project, "0.2.0", DAY)
    assert (project / "CHANGELOG.md").read_text() == (
        f"# Changelog\n\n{changelog.MARK}\n"
        "## 0.2.0 (2027-03-01)\n"
        "\n### Security\n\n- Bombs.\n"
        "\n### Added\n\n- Objects.\n"
        "\n### Fixed\n\n- The map\n  is right.\n"
        "\n## 0.1.0 (2027-01-01)\n\n### Added\n\n- Old.\n"
    )
    assert [path.name for path in (project / "changelog.d").iterdir()] == ["README.md"]


@pytest.mark.parametrize(
    ("version", "name", "text"),
    [
        ("0.2", "a.added.md", "x"),
        ("0.1.0", "a.added.md", "x"),
        ("0.2.0", "a.improved.md", "x"),
        ("0.2.0", "added.md", "x"),
        ("0.2.0", "a.added.md", " \n"),
    ],
    ids=["no version", "told already", "unknown kind", "no topic", "empty"],
)
def test_a_wrong_release_changes_nothing(project: Path, version: str, name: str, text: str) -> None:
    fragment(project, name, text)
    before = (project / "CHANGELOG.md").read_bytes()
    with pytest.raises(changelog.BadFragment):
        changelog.release(project, version, DAY)
    assert (project / "CHANGELOG.md").read_bytes() == before
    assert (project / "changelog.d" / name).read_text() == text


def test_nothing_new_is_no_release(project: Path) -> None:
    with pytest.raises(changelog.BadFragment):
        changelog.release(project, "0.2.0", DAY)


def test_the_project_s_own_fragments_can_be_gathered() -> None:
    found = changelog.fragments(changelog.REPOSITORY / "changelog.d")
    assert changelog.section("Next", DAY, found).startswith("## Next (2027-03-01)\n\n### ")
