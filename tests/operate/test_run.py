"""A method run on files from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from heirloom.operate import run
from heirloom.pathways import errors
from heirloom.pathways.condition import example


def test_a_folder_stands_for_the_files_in_it_that_the_input_takes(tmp_path: Path) -> None:
    example.capture(tmp_path)
    (tmp_path / "photos" / "notes.txt").write_text("windy")
    (tmp_path / "photos" / ".hidden.png").write_bytes(b"")
    (tmp_path / "photos" / "old").mkdir()
    record = run.run("condition.capture", [f"photos={tmp_path / 'photos'}"], [], tmp_path / "out")
    assert record.status == "done", record.failure
    assert [file.path.rpartition("/")[2] for file in record.inputs] == [
        f"light_{number:02}.png" for number in range(14)
    ]
    assert (tmp_path / "out" / "lights.lp").read_text().startswith("14\n")


def test_an_empty_folder_is_no_photo(tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    with pytest.raises(errors.PathwayError):
        run.run("condition.capture", [f"photos={tmp_path / 'none'}"], [], tmp_path / "out")
    assert not (tmp_path / "out").exists()
