"""Stores to test on, and the peer that judges them."""

from __future__ import annotations

import os
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from heirloom.archive import Agent, Archive, Existing

AGENT = Agent("ນາງ ຄຳ", "mailto:kham@example.org")


@pytest.fixture(scope="session")
def memory() -> Iterator[Path]:
    """A folder in memory where there is one: these tests make thousands of small durable writes."""
    base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="heirloom-test-", dir=base) as folder:
        yield Path(folder)


@pytest.fixture
def tmp_path(memory: Path) -> Iterator[Path]:
    """As pytest's own, in memory."""
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        yield Path(folder)


@pytest.fixture
def agent() -> Agent:
    return AGENT


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive.open(tmp_path / "store", create=True)


def fill(archive: Archive, objects: int = 4, seed: int = 1) -> list[str]:
    """Objects with several versions: additions, replacements, removals, renames, repeated content."""
    made = []
    for number in range(objects):
        values = random.Random(seed * 1000 + number)
        object_id = f"urn:example:ເລື່ອງ:{number}"
        files = {
            "ເອກະສານ/ປຶ້ມ.txt": values.randbytes(values.randint(1, 5000)),
            "စာအုပ်/ပုံ.jpg": values.randbytes(70_000),
            "中文/照片 一.tif": b"the same",
            "copy of it.tif": b"the same",
            "gone.txt": b"gone soon %d" % number,
        }
        archive.write(object_id, files, message="First", agent=AGENT, fixity=["md5"] if number % 2 else [])
        archive.write(
            object_id,
            {"ເອກະສານ/ປຶ້ມ.txt": values.randbytes(300), "renamed.txt": Existing("gone.txt")},
            remove=["gone.txt"],
            message="Second",
            agent=AGENT,
        )
        if number % 3 == 0:
            archive.write(
                object_id, {"ថ្មី.txt": values.randbytes(20)}, base="empty", message="Third", agent=AGENT
            )
        made.append(object_id)
    return made


@pytest.fixture(scope="session")
def _template(memory: Path) -> Path:
    folder = memory / "template"
    fill(Archive.open(folder, create=True))
    return folder


@pytest.fixture
def filled(_template: Path, tmp_path: Path) -> Archive:
    """A store of four objects of its own for each test."""
    shutil.copytree(_template, tmp_path / "store")
    return Archive.open(tmp_path / "store")


@pytest.fixture
def peer() -> Callable[[Path], list[str]]:
    """ocfl-py's verdict on a whole store: what it finds wrong, empty when it accepts everything."""
    ocfl = pytest.importorskip("ocfl")

    def judge(root: Path) -> list[str]:
        store = ocfl.StorageRoot(str(root))
        accepted = store.validate(validate_objects=True, check_digests=True, log_warnings=True)
        wrong = [message for _, message in store.errors]
        if not accepted or store.num_objects != store.good_objects:
            wrong.append(
                f"{store.good_objects} of {store.num_objects} objects accepted: {store.log.messages}"
            )
        return wrong

    return judge
