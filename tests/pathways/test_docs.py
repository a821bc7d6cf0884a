"""The page on pathways says what is so: its examples run as they stand."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

from heirloom.pathways import contract, registry
from heirloom.pathways.context import Context
from heirloom.pathways.record import RunRecord

PAGE = Path(__file__).parents[2] / "docs" / "pathways.md"
BLOCKS = re.findall(r"```(python|toml)\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)


def block(kind: str, start: str) -> str:
    (found,) = [text for language, text in BLOCKS if language == kind and text.startswith(start)]
    return str(found)


def test_a_run_as_the_page_shows_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("records.csv").write_text("language,region\n" + "lo,LA\nkm,KH\nlo,LA\n" * 10)
    names: dict[str, object] = {}
    exec(block("python", "from pathlib"), names)
    record = names["record"]
    assert isinstance(record, RunRecord)
    assert record.status == "done", record.log_tail
    assert "summary.json" in capsys.readouterr().out


def test_a_pathway_as_the_page_shows_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "site" / "my_pathway"
    texts = package / "fixture" / "letters" / "texts"
    texts.mkdir(parents=True)
    (texts / "a.txt").write_text("ab")
    (texts / "b.txt").write_text("bc")
    for start, name in (
        ("# my_pathway/__init__.py", "__init__.py"),
        ("# my_pathway/letters.py", "letters.py"),
    ):
        (package / name).write_text(block("python", start))
    (package / "README.md").write_text("`example.letters`: `case_matters` gives `letters.json`.")
    metadata = tmp_path / "site" / "my_pathway-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: my-pathway\nVersion: 1.0\n")
    entry = block("toml", "[project.entry-points").replace('[project.entry-points."', "[").replace('"]', "]")
    (metadata / "entry_points.txt").write_text(entry.replace('"', ""))
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    monkeypatch.setenv(
        "PYTHONPATH", os.pathsep.join([str(tmp_path / "site"), os.environ.get("PYTHONPATH", "")])
    )
    registry.reload()
    try:
        for check in contract.CHECKS:
            folder = tmp_path / check.__name__
            folder.mkdir()
            check("example.letters", folder)
    finally:
        monkeypatch.undo()
        registry.reload()
        sys.modules.pop("my_pathway", None)


def test_the_page_names_what_the_context_gives() -> None:
    text = PAGE.read_text("utf-8")
    given = {name for name in vars(Context) if not name.startswith("_")} - {"cancel", "done"}
    assert {name for name in given if f"`{name}" not in text} == set()


def test_the_page_names_every_check_and_pathway() -> None:
    text = PAGE.read_text("utf-8")
    assert all(f"`{pathway.id}`" in text for pathway in registry.pathways())
    assert len(contract.CHECKS) == 8, "say in docs/pathways.md what a new check asks for"
