"""The generated pages are what the code says today, and nothing lacks its sentence."""

from __future__ import annotations

import pytest
from scripts import reference


@pytest.mark.parametrize("page", sorted(set(reference.PAGES) - {"tests.md"}))
def test_generated_pages_are_fresh(page: str) -> None:
    written = (reference.REFERENCE / page).read_text("utf-8")
    assert written == reference.PAGES[page](), f"docs/reference/{page} is stale: {reference.ADVICE}"


def test_the_settings_are_fresh() -> None:
    assert reference.OPERATE.read_text("utf-8") == reference.operate(), f"stale: {reference.ADVICE}"


def test_everything_has_its_sentence() -> None:
    assert reference.undocumented() == []


def test_counts_of_tests_are_not_far_off() -> None:
    """The page counts when it is made; it may lag behind by a few tests, not by a folder or a quarter."""
    written = (reference.REFERENCE / "tests.md").read_text("utf-8")
    told = {}
    for line in written.splitlines():
        cells = [cell.strip().strip("`") for cell in line.strip("|").split("|")]
        if len(cells) == 3 and cells[0].startswith("tests/"):
            told[cells[0].removeprefix("tests/")] = int(cells[2])
    now = {part: tests for part, (_files, tests) in reference.counts_of_tests().items()}
    assert told.keys() == now.keys(), reference.ADVICE
    far = {
        part: (told[part], now[part]) for part in now if abs(now[part] - told[part]) > max(5, now[part] / 4)
    }
    assert far == {}, reference.ADVICE


def test_settings_are_found_with_their_defaults() -> None:
    found = {setting.name: setting.default for setting in reference.settings()}
    assert found["DATA"] == "data"
    assert found["DEBUG"] == "no"
    assert found["RUN_LIMIT_SECONDS"] == "21600"
    assert found["DATABASE"] == ""


def test_the_errors_of_every_part_are_listed() -> None:
    parts = {kind.__module__.split(".")[1] for kind in reference.errors()}
    assert {"archive", "calls", "cases", "catalogue", "errors", "operate", "pathways", "text"} <= parts


def test_codes_of_errors_are_unique() -> None:
    """A code is part of the public interface, so it means one thing."""
    seen: dict[str, str] = {}
    twice = []
    for kind in reference.errors():
        if "code" in kind.__dict__:
            where = f"{kind.__module__}.{kind.__qualname__}"
            if kind.code in seen:
                twice.append(f"{kind.code}: {seen[kind.code]} and {where}")
            seen[kind.code] = where
    assert twice == []


def test_what_breaks_a_table_is_escaped() -> None:
    assert reference.table(["a"], [["x | y\nz"]]) == "| a |\n| --- |\n| x \\| y z |\n"
