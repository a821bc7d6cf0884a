"""What the validator says of storage roots, made good and then spoiled."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from heirloom.archive import Archive
from heirloom.archive.storage import LocalStorage
from heirloom.archive.validate_root import validate_store


def codes(root: Path) -> set[str]:
    report, objects = validate_store(LocalStorage(root))
    return {finding.code for finding in report.findings} | {code for each in objects for code in each.codes}


def one_object(root: Path) -> Path:
    return next(root.rglob("0=ocfl_object_*")).parent


def _second_declaration(root: Path) -> None:
    (root / "0=ocfl_1.0").write_text("ocfl_1.0\n")


def _older_root(root: Path) -> None:
    (root / "0=ocfl_1.1").unlink()
    _second_declaration(root)


def _other_layout(root: Path) -> None:
    (root / "ocfl_layout.json").write_text(json.dumps({"extension": "mine", "description": "x"}))


def _moved(root: Path) -> None:
    folder = one_object(root)
    (root / "aaa/bbb/ccc").mkdir(parents=True)
    folder.rename(root / "aaa/bbb/ccc/moved")
    for _ in range(3):
        folder = folder.parent
        if not list(folder.iterdir()):
            folder.rmdir()


def _at_the_top(root: Path) -> None:
    shutil.copytree(one_object(root), root / "top")


SPOILED: list[tuple[Callable[[Path], object], str]] = [
    (lambda root: (root / "0=ocfl_1.1").unlink(), "E069"),
    (_second_declaration, "E076"),
    (lambda root: (root / "0=ocfl_1.1").rename(root / "0=ocfl_7"), "E079"),
    (lambda root: (root / "0=ocfl_1.1").write_text("ocfl_1.1"), "E080"),
    (lambda root: (root / "ocfl_layout.json").write_text("{"), "E070"),
    (lambda root: (root / "ocfl_layout.json").write_text("[" * 100_000), "E070"),
    (lambda root: (root / "ocfl_layout.json").write_text('{"extension": 1, "description": ""}'), "E070"),
    (lambda root: (root / "ocfl_layout.json").write_bytes(b"\xff"), "E070"),
    (_other_layout, "E071"),
    (lambda root: (one_object(root).parent / "stray.txt").write_text("x"), "E072"),
    (lambda root: (root / "empty/below").mkdir(parents=True), "E073"),
    (_older_root, "E081"),
    (_moved, "E083"),
    (lambda root: (root / "extensions/stray.txt").write_text("x"), "E112"),
    (lambda root: (root / "extensions/mine").mkdir(), "W016"),
    (lambda root: (root / "link").symlink_to(root), "E090"),
    (lambda root: (one_object(root).parent / "link").symlink_to("/"), "E090"),
    (lambda root: (one_object(root) / "link").symlink_to("/"), "E090"),
    (lambda root: (one_object(root) / "v1/content/link").symlink_to("/etc/hosts"), "E090"),
    (_at_the_top, "W015"),
    (lambda root: next(one_object(root).glob("0=*")).unlink(), "E003"),
    (lambda root: (one_object(root) / "inventory.json").unlink(), "E063"),
    (lambda root: (one_object(root) / "v1/content/empty").mkdir(), "E024"),
    (lambda root: (one_object(root) / "v9").mkdir(), "E046"),
    (lambda root: shutil.rmtree(one_object(root) / "v1"), "E046"),
    (lambda root: (one_object(root) / "v1/stray").write_text("x"), "E015"),
    (lambda root: (one_object(root) / "v1/inventory.json.sha512").unlink(), "E058"),
]


def test_a_good_store_has_no_findings(filled: Archive) -> None:
    assert codes(Path(filled.storage.name)) == set()


@pytest.mark.parametrize(
    ("spoil", "code"), SPOILED, ids=[f"{n}-{code}" for n, (_, code) in enumerate(SPOILED)]
)
def test_a_spoiled_store_is_found_out(filled: Archive, spoil: Callable[[Path], object], code: str) -> None:
    spoil(Path(filled.storage.name))
    assert code in codes(Path(filled.storage.name))


def test_other_files_in_the_root_are_nobodys_business(filled: Archive) -> None:
    Path(filled.storage.name, "ocfl_1.1.md").write_text("# The specification")
    assert codes(Path(filled.storage.name)) == set()
