"""The store survives death, a full disk and failing calls at every single step of every kind of write.

A write changes the disk only by a handful of system calls. Each test lets one scenario run again and again
and strikes at the first, the second, ... the last of them, so no instant is left to chance.
"""

from __future__ import annotations

import errno
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from heirloom.archive import Agent, Archive, NoRoom, Write
from heirloom.archive.storage import LocalStorage
from heirloom.archive.validate_root import read_layout

from .conftest import AGENT

CHANGING = ("write", "mkdir", "rename", "replace", "unlink", "rmdir", "fsync", "open")
NEEDING_ROOM = ("write", "mkdir", "fsync", "open")
KILLED = 137
KILLS = int(os.environ.get("HEIRLOOM_KILLS", "15"))


@contextmanager
def struck(names: tuple[str, ...], at: int, strike: Callable[[int], None]) -> Iterator[None]:
    """Call *strike* in place of the *at*-th and every later call of *names* that changes the disk."""
    calls = 0
    kept = {name: getattr(os, name) for name in names}

    def wrapped(name: str) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            nonlocal calls
            if name != "open" or (len(args) > 1 and args[1] & os.O_CREAT):
                calls += 1
                if calls >= at:
                    strike(calls)
            return kept[name](*args, **options)

        return call

    for name in names:
        setattr(os, name, wrapped(name))
    try:
        yield
    finally:
        for name, function in kept.items():
            setattr(os, name, function)


def die_at(at: int, work: Callable[[], object]) -> bool:
    """Do *work* in a child process that dies at its *at*-th change of the disk; whether it died."""
    child = os.fork()
    if child == 0:
        try:
            with struck(CHANGING, at, lambda _: os._exit(KILLED)):
                work()
        except BaseException:
            os._exit(1)
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in {0, KILLED}, status
    return status == KILLED


OLD = {"ປຶ້ມ.txt": b"old", "kept.bin": b"k" * 3000}
NEW = {"ປຶ້ມ.txt": b"new", "more/new.bin": b"n" * 3000}
AFTER = {**OLD, **NEW}


def new_object(root: Path) -> None:
    Archive.open(root).write("urn:new", NEW, message="First", agent=AGENT, expected_head=0)


def new_version(root: Path) -> None:
    Archive.open(root).write("urn:old", NEW, message="Second", agent=AGENT, expected_head=1)


def purge(root: Path) -> None:
    Archive.open(root).purge("urn:old", "asked")


def mirror(source: Path, root: Path) -> None:
    Archive.open(source).mirror(root)


def write_many(root: Path, names: list[str]) -> None:
    made = Archive.open(root).write_many([Write(name, NEW, message="Many", agent=AGENT) for name in names])
    assert len(list(made)) == len(names)


def contents(archive: Archive, object_id: str, version: int | None = None) -> dict[str, bytes]:
    return {path: archive.read(object_id, path, version) for path in archive.files(object_id, version)}


@pytest.fixture(scope="module")
def before(memory: Path) -> Path:
    root = memory / "before"
    archive = Archive.open(root, create=True)
    archive.write("urn:old", OLD, message="First", agent=AGENT)
    archive.write("urn:other", {"x": b"1"}, message="First", agent=AGENT)
    return root


@pytest.fixture(scope="module")
def foreign(memory: Path) -> Path:
    """A store with an object that another program wrote: OCFL 1.0, SHA-256."""
    ocfl = pytest.importorskip("ocfl")
    top = memory / "foreign"
    (top / "files").mkdir(parents=True)
    for name, data in OLD.items():
        (top / "files" / name).write_bytes(data)
    root = top / "store"
    key = Archive.open(root, create=True).key("urn:old")
    made = ocfl.Object(identifier="urn:old", spec_version="1.0", digest_algorithm="sha256")
    made.create(
        srcdir=str(top / "files"),
        metadata=ocfl.VersionMetadata(message="First", name="Kham", address="mailto:kham@example.org"),
        objdir=str(top / "object"),
    )
    (root / key).parent.mkdir(parents=True)
    shutil.move(top / "object", root / key)
    return root


def assert_sound(root: Path, *, allow: set[str] = frozenset()) -> Archive:  # type: ignore[assignment]
    archive = Archive.open(root)
    assert archive.storage.leftovers() == []
    found = {finding.code for finding in archive.verify().findings}
    assert found <= allow
    return archive


def test_dying_at_any_step_of_a_first_version(before: Path, tmp_path: Path, peer: Any) -> None:
    for at in range(1, 500):
        root = tmp_path / str(at)
        shutil.copytree(before, root)
        died = die_at(at, partial(new_object, root))
        unrecovered = LocalStorage(root)
        assert peer(root) == []  # nothing is ever half-visible, not even before the leftovers are cleaned up
        assert contents(Archive(unrecovered, read_layout(unrecovered)), "urn:old") == OLD
        archive = assert_sound(root)
        if not archive.exists("urn:new"):
            assert died
            new_object(root)
        assert contents(Archive.open(root), "urn:new") == NEW
        assert_sound(root)
        shutil.rmtree(root)
        if not died:
            break
    assert at > 20


@pytest.mark.parametrize("start", ["before", "foreign"])
def test_dying_at_any_step_of_a_next_version(
    start: str, request: pytest.FixtureRequest, tmp_path: Path, peer: Any
) -> None:
    source: Path = request.getfixturevalue(start)
    for at in range(1, 500):
        root = tmp_path / str(at)
        shutil.copytree(source, root)
        died = die_at(at, partial(new_version, root))
        unrecovered = LocalStorage(root)
        early = Archive(unrecovered, read_layout(unrecovered))
        assert contents(early, "urn:old", 1) == OLD  # readable before anything is cleaned up
        assert contents(early, "urn:old") in (OLD, AFTER)
        archive = assert_sound(root, allow={"W004"})
        if archive.head("urn:old").number == 1:
            assert died
            assert contents(archive, "urn:old") == OLD
            new_version(root)
        assert contents(Archive.open(root), "urn:old") == AFTER
        assert contents(Archive.open(root), "urn:old", 1) == OLD
        assert_sound(root, allow={"W004"})
        assert peer(root) == [] or start == "foreign"
        shutil.rmtree(root)
        if not died:
            break
    assert at > 20


def test_dying_at_any_step_of_a_purge(before: Path, tmp_path: Path, peer: Any) -> None:
    for at in range(1, 500):
        root = tmp_path / str(at)
        shutil.copytree(before, root)
        died = die_at(at, partial(purge, root))
        assert peer(root) == []
        archive = assert_sound(root)
        if archive.exists("urn:old"):
            assert died
            purge(root)
        archive = assert_sound(root)
        assert list(archive.ids()) == ["urn:other"]
        assert [(each.object_id, each.reason) for each in archive.tombstones()] == [("urn:old", "asked")]
        shutil.rmtree(root)
        if not died:
            break
    assert at > 8


def test_dying_at_any_step_of_writing_many(before: Path, tmp_path: Path, peer: Any) -> None:
    names = ["urn:new", "urn:old", "urn:newer"]
    for at in range(1, 500):
        root = tmp_path / str(at)
        shutil.copytree(before, root)
        died = die_at(at, partial(write_many, root, names))
        archive = assert_sound(root)
        assert contents(archive, "urn:old", 1) == OLD
        for name, old in zip(names, ({}, OLD, {}), strict=True):
            if archive.exists(name):
                assert contents(archive, name) in (old, {**old, **NEW})
        assert peer(root) == []
        shutil.rmtree(root)
        if not died:
            break
    assert at > 30


def test_dying_at_any_step_of_making_a_store(tmp_path: Path) -> None:
    for at in range(1, 500):
        root = tmp_path / str(at)
        died = die_at(at, partial(Archive.open, root, create=True))
        archive = Archive.open(root, create=True)
        archive.write("urn:new", NEW, message="First", agent=AGENT)
        assert_sound(root)
        shutil.rmtree(root)
        if not died:
            break
    assert at > 10


def test_dying_at_any_step_of_mirroring(before: Path, tmp_path: Path, peer: Any) -> None:
    source = tmp_path / "source"
    shutil.copytree(before, source)
    Archive.open(source).mirror(tmp_path / "first")
    new_version(source)
    new_object(source)
    purge_other = Archive.open(source)
    purge_other.purge("urn:other", "asked")
    for at in range(1, 500):
        root = tmp_path / str(at)
        shutil.copytree(tmp_path / "first", root)
        died = die_at(at, partial(mirror, source, root))
        archive = assert_sound(root)
        assert contents(archive, "urn:old") in (OLD, AFTER)
        assert Archive.open(source).mirror(root).good
        archive = assert_sound(root)
        assert sorted(archive.ids()) == ["urn:new", "urn:old"]
        assert contents(archive, "urn:old") == AFTER
        assert archive.head("urn:old").digest == Archive.open(source).head("urn:old").digest
        shutil.rmtree(root)
        if not died:
            break
    assert at > 40


@pytest.mark.parametrize("names", [NEEDING_ROOM, (*NEEDING_ROOM, "rename", "replace")], ids=["room", "all"])
@pytest.mark.parametrize("work", [new_object, new_version], ids=["object", "version"])
def test_a_disk_that_is_full_from_any_step_on(
    before: Path, tmp_path: Path, names: tuple[str, ...], work: Callable[[Path], None]
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    refused = 0
    for at in range(1, 500):
        root = tmp_path / str(at)
        shutil.copytree(before, root)
        with struck(names, at, full):
            try:
                work(root)
                done = True
            except NoRoom:
                done = False
            assert contents(Archive.open(root), "urn:old", 1) == OLD  # readable while the disk is full
        archive = assert_sound(root)
        changed = archive.exists("urn:new") or archive.head("urn:old").number == 2
        if not changed:
            assert not done
            work(root)
        assert_sound(root)
        assert contents(Archive.open(root), "urn:old", 1) == OLD
        shutil.rmtree(root)
        if done:
            break
        refused += 1
    assert refused > 10


def test_a_real_full_disk(tmp_path: Path, before: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("a small disk can only be mounted by root")
    try:
        root = disk / "store"
        shutil.copytree(before, root)
        archive = Archive.open(root)
        written = 0
        with pytest.raises(NoRoom) as caught:  # noqa: PT012  the disk is full at some turn
            for number in range(1000):
                archive.write("urn:old", {"f": bytes([number % 256]) * 20_000}, message="More", agent=AGENT)
                written += 1
        assert caught.value.code == "archive.disk-full"
        assert written > 5
        archive = assert_sound(root)
        assert archive.head("urn:old").number == written + 1
        assert contents(archive, "urn:old", 1) == OLD
        archive.purge("urn:other", "room")
        subprocess.run(["mount", "-o", "remount,size=8m", str(disk)], check=True)
        archive.write("urn:old", {"f": b"fits now" * 2500}, message="Retry", agent=AGENT)
        assert_sound(root)
    finally:
        subprocess.run(["umount", str(disk)], check=True)


WRITER = """
import os, sys
from heirloom.archive import Agent, Archive
archive = Archive.open(sys.argv[1])
agent = Agent("Writer", "mailto:writer@example.org")
print("ready", flush=True)
for turn in range(10_000):
    object_id = f"urn:{sys.argv[2]}:{turn % 3}"
    head = archive.head(object_id).number if archive.exists(object_id) else 0
    files = {"number": b"%d" % (head + 1), "payload": b"%d " % (head + 1) * 20_000}
    made = archive.write(object_id, files, message="Turn", agent=agent, expected_head=head)
    os.write(1, b"%s %d\\n" % (object_id.encode(), made.number))
"""


def test_killed_at_random_instants(tmp_path: Path) -> None:
    """``HEIRLOOM_KILLS`` sets how often (15)."""
    root = tmp_path / "store"
    Archive.open(root, create=True)
    moments = random.Random(7)
    promised: dict[str, int] = {}
    for turn in range(KILLS):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(root), f"killed-{turn // 5}"],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        time.sleep(moments.uniform(0, 0.12))
        writer.send_signal(signal.SIGKILL)
        told = writer.stdout.read()
        writer.stdout.close()
        assert writer.wait() == -signal.SIGKILL
        for line in told.splitlines():
            object_id, number = line.split()
            promised[object_id] = int(number)
        archive = assert_sound(root)
        for object_id in archive.ids():
            head = archive.head(object_id).number
            assert promised.get(object_id, 0) <= head <= promised.get(object_id, 0) + 1
            promised[object_id] = head
            for version in range(1, head + 1):
                assert archive.read(object_id, "number", version) == b"%d" % version
    assert promised


def test_two_processes_write_the_same_object(tmp_path: Path) -> None:
    root = tmp_path / "store"
    Archive.open(root, create=True)
    script = """
import sys
from heirloom.archive import Agent, Archive
archive = Archive.open(sys.argv[1])
for turn in range(8):
    archive.write("urn:shared", {f"{sys.argv[2]}/{turn}": sys.argv[2].encode()}, message="Turn", agent=Agent("A", "mailto:a@example.org"))
"""
    writers = [subprocess.Popen([sys.executable, "-c", script, str(root), name]) for name in "ab"]
    for writer in writers:
        assert writer.wait() == 0
    archive = assert_sound(root)
    assert archive.head("urn:shared").number == 16
    assert set(archive.files("urn:shared")) == {f"{name}/{turn}" for name in "ab" for turn in range(8)}


def test_two_processes_race_for_one_version(tmp_path: Path) -> None:
    root = tmp_path / "store"
    Archive.open(root, create=True)
    script = """
import sys
from heirloom.archive import Agent, Archive, VersionConflict
archive = Archive.open(sys.argv[1])
won = 0
for turn in range(6):
    try:
        archive.write("urn:shared", {"x": sys.argv[2].encode()}, message="Turn", agent=Agent("A"), expected_head=turn)
        won += 1
    except VersionConflict:
        pass
    while not archive.exists("urn:shared") or archive.head("urn:shared").number <= turn:
        pass
print(won)
"""
    writers = [
        subprocess.Popen([sys.executable, "-c", script, str(root), name], stdout=subprocess.PIPE, text=True)
        for name in "abc"
    ]
    won = [int(writer.communicate()[0]) for writer in writers]
    assert sum(won) == 6
    assert assert_sound(root, allow={"W008"}).head("urn:shared").number == 6


def test_a_lock_dies_with_its_holder(tmp_path: Path) -> None:
    root = tmp_path / "store"
    archive = Archive.open(root, create=True)
    script = """
import sys, time
from heirloom.archive import Archive
with Archive.open(sys.argv[1]).lock("urn:a"):
    print("held", flush=True)
    time.sleep(60)
"""
    holder = subprocess.Popen([sys.executable, "-c", script, str(root)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(Exception, match="writing urn:a"):
        archive.write("urn:a", {"x": b"1"}, message="No", agent=Agent("A"), timeout=0.05)
    holder.kill()
    holder.wait()
    holder.stdout.close()
    archive.write("urn:a", {"x": b"1"}, message="Yes", agent=AGENT, timeout=0)
    assert_sound(root)
