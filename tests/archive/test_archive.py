"""What the archive promises to the parts above it."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from heirloom.archive import (
    Agent,
    Archive,
    BadPath,
    Damaged,
    Existing,
    FileInfo,
    Locked,
    NoFile,
    NoObject,
    NotArchive,
    NoVersion,
    VersionConflict,
    Write,
)
from heirloom.archive.bag import write_bag

AGENT = Agent("Kham", "mailto:kham@example.org")


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive.open(tmp_path / "store", create=True)


def sha512(data: bytes) -> str:
    return hashlib.sha512(data).hexdigest()


def test_what_was_written_is_read(archive: Archive, tmp_path: Path) -> None:
    source = tmp_path / "photo.jpg"
    source.write_bytes(b"jpeg" * 100_000)
    written = archive.write("urn:a", {"a/photo.jpg": source, "b.txt": b"text"}, message="First", agent=AGENT)
    assert (written.object_id, written.number, written.message, written.agent) == ("urn:a", 1, "First", AGENT)
    assert archive.read("urn:a", "a/photo.jpg") == b"jpeg" * 100_000
    with archive.stream("urn:a", "b.txt") as stream:
        assert stream.read() == b"text"
        stream.seek(1)
        assert stream.read() == b"ext"
    with archive.local("urn:a", "b.txt") as path:
        assert path.read_bytes() == b"text"
    assert archive.files("urn:a") == {
        "a/photo.jpg": FileInfo("a/photo.jpg", 400_000, sha512(b"jpeg" * 100_000)),
        "b.txt": FileInfo("b.txt", 4, sha512(b"text")),
    }
    assert archive.exists("urn:a")
    assert not archive.exists("urn:b")
    assert list(archive.ids()) == ["urn:a"]


def test_a_new_version_keeps_the_old_one_readable(archive: Archive) -> None:
    first = archive.write("urn:a", {"x": b"1", "y": b"y"}, message="First", agent=AGENT)
    second = archive.write("urn:a", {"x": b"2", "z": b"z"}, remove=["y"], message="Second", agent=AGENT)
    assert {path: archive.read("urn:a", path) for path in archive.files("urn:a")} == {"x": b"2", "z": b"z"}
    assert {path: archive.read("urn:a", path, 1) for path in archive.files("urn:a", 1)} == {
        "x": b"1",
        "y": b"y",
    }
    assert archive.versions("urn:a") == [first, second]
    assert archive.head("urn:a") == second
    assert archive.version("urn:a", 1) == first


def test_the_seal_is_the_digest_of_the_versions_inventory(archive: Archive) -> None:
    first = archive.write("urn:a", {"x": b"1"}, message="First", agent=AGENT)
    kept = archive.storage.read(f"{archive.key('urn:a')}/v1/inventory.json")
    assert first.digest == sha512(kept)
    archive.write("urn:a", {"x": b"2"}, message="Second", agent=AGENT)
    assert archive.version("urn:a", 1).digest == first.digest
    assert Archive.open(archive.storage.name).head("urn:a").digest == archive.head("urn:a").digest


def test_same_content_is_kept_once(archive: Archive) -> None:
    archive.write("urn:a", {"x": b"same", "y": b"same"}, message="First", agent=AGENT)
    archive.write("urn:a", {"z": b"same"}, message="Second", agent=AGENT)
    key = archive.key("urn:a")
    inventory = json.loads(archive.storage.read(f"{key}/inventory.json"))
    assert inventory["manifest"] == {sha512(b"same"): ["v1/content/x"]}
    assert archive.storage.entry(f"{key}/v2/content") is None
    assert archive.read("urn:a", "z") == b"same"


def test_renaming_and_bringing_back_copy_nothing(archive: Archive) -> None:
    archive.write("urn:a", {"old": b"content"}, message="First", agent=AGENT)
    archive.write("urn:a", {"new": Existing("old")}, remove=["old"], message="Renamed", agent=AGENT)
    assert list(archive.files("urn:a")) == ["new"]
    archive.write("urn:a", {"old": Existing("old", version=1)}, base="empty", message="Back", agent=AGENT)
    assert {path: archive.read("urn:a", path) for path in archive.files("urn:a")} == {"old": b"content"}
    with pytest.raises(NoFile):
        archive.write("urn:a", {"x": Existing("none")}, message="No", agent=AGENT)
    with pytest.raises(NoVersion):
        archive.write("urn:a", {"x": Existing("old", 9)}, message="No", agent=AGENT)
    with pytest.raises(NoFile):
        archive.write("urn:b", {"x": Existing("old")}, message="No", agent=AGENT)
    assert archive.head("urn:a").number == 3
    assert not archive.exists("urn:b")


def test_an_empty_base_starts_from_nothing(archive: Archive) -> None:
    archive.write("urn:a", {"x": b"1", "y": b"2"}, message="First", agent=AGENT)
    archive.write("urn:a", {"z": b"3"}, base="empty", message="Anew", agent=AGENT)
    assert list(archive.files("urn:a")) == ["z"]
    archive.write("urn:a", {}, base="empty", message="Nothing", agent=AGENT)
    assert archive.files("urn:a") == {}


def test_names_in_any_script_are_kept_exactly(archive: Archive) -> None:
    names = [
        "ປຶ້ມ/ຄຳ.txt",
        "စာအုပ်.txt",
        "图片 一.jpg",
        "e\u0301.txt",
        "\u00e9.txt",
        "CON.txt",
        "con.TXT",
        "a:b?c*.txt",
        "trailing dot.",
        "trailing space ",
        "𝛼/😀.txt",
        "ខ្មែរ\u200b.txt",
        "ย" * 120,
        "back\\slash",
        "-rf",
        "%2e%2e",
        "quote\"'.txt",
    ]
    archive.write("urn:a", {name: name.encode() for name in names}, message="Names", agent=AGENT)
    assert set(archive.files("urn:a")) == set(names)
    for name in names:
        assert archive.read("urn:a", name) == name.encode()
    assert archive.verify().findings == []


@pytest.mark.parametrize(
    "path",
    ["", "/x", "x/", "a//b", ".", "..", "a/../b", "./a", "nul\0", "line\nend", "\ud800", "\x1b[31m"],
)
def test_paths_that_cannot_be_kept_are_refused(archive: Archive, path: str) -> None:
    with pytest.raises(BadPath) as caught:
        archive.write("urn:a", {path: b"x", "good": b"y"}, message="No", agent=AGENT)
    assert caught.value.code == "archive.path"
    assert not archive.exists("urn:a")
    assert archive.storage.leftovers() == []


def test_a_file_cannot_be_a_folder_too(archive: Archive) -> None:
    with pytest.raises(BadPath):
        archive.write("urn:a", {"a": b"x", "a/b/c": b"y"}, message="No", agent=AGENT)
    archive.write("urn:a", {"a": b"x"}, message="Yes", agent=AGENT)
    with pytest.raises(BadPath):
        archive.write("urn:a", {"a/b": b"y"}, message="No", agent=AGENT)
    archive.write("urn:a", {"a/b": b"y"}, remove=["a"], message="Yes", agent=AGENT)
    assert archive.read("urn:a", "a/b") == b"y"


@pytest.mark.parametrize("object_id", ["", "  ", "a\nb", "\0", "x" * 1001, "\udc80"])
def test_identifiers_that_cannot_be_kept_are_refused(archive: Archive, object_id: str) -> None:
    with pytest.raises(BadPath):
        archive.write(object_id, {"a": b"x"}, message="No", agent=AGENT)


@pytest.mark.parametrize(
    "object_id", ["plain", "https://example.org/ໜັງສື?a=b#c", "../../etc", "ย" * 300, "a/b/c"]
)
def test_any_other_identifier_is_kept(archive: Archive, object_id: str) -> None:
    archive.write(object_id, {"a": b"x"}, message="Yes", agent=AGENT)
    assert list(archive.ids()) == [object_id]
    assert archive.head(object_id).object_id == object_id


def test_links_are_no_sources(archive: Archive, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "link").symlink_to(tmp_path / "secret")
    for source in (tmp_path / "link", tmp_path, tmp_path / "none"):
        with pytest.raises(BadPath):
            archive.write("urn:a", {"x": source}, message="No", agent=AGENT)


def test_what_is_not_there_is_said_with_a_code(archive: Archive) -> None:
    archive.write("urn:a", {"x": b"1"}, message="First", agent=AGENT)
    for call, error in (
        (lambda: archive.read("urn:b", "x"), NoObject),
        (lambda: archive.read("urn:a", "y"), NoFile),
        (lambda: archive.read("urn:a", "x", 2), NoVersion),
        (lambda: archive.files("urn:a", 0), NoVersion),
        (lambda: archive.version("urn:a", -1), NoVersion),
        (lambda: archive.head("urn:b"), NoObject),
        (lambda: archive.purge("urn:b", "no"), NoObject),
    ):
        with pytest.raises(error) as caught:
            call()
        assert caught.value.status == 404
        assert caught.value.code.startswith("archive.no-")


def test_two_who_start_from_the_same_version(archive: Archive) -> None:
    archive.write("urn:a", {"x": b"1"}, message="First", agent=AGENT, expected_head=0)
    archive.write("urn:a", {"x": b"2"}, message="Second", agent=AGENT, expected_head=1)
    with pytest.raises(VersionConflict) as caught:
        archive.write("urn:a", {"x": b"3"}, message="Late", agent=AGENT, expected_head=1)
    assert (caught.value.code, caught.value.status) == ("archive.conflict", 409)
    with pytest.raises(VersionConflict):
        archive.write("urn:a", {"x": b"3"}, message="Late", agent=AGENT, expected_head=0)
    assert archive.read("urn:a", "x") == b"2"


def test_a_locked_object_says_so(archive: Archive) -> None:
    archive.write("urn:a", {"x": b"1"}, message="First", agent=AGENT)
    with archive.lock("urn:a"):
        before = time.monotonic()
        with pytest.raises(Locked) as caught:
            archive.write("urn:a", {"x": b"2"}, message="Second", agent=AGENT, timeout=0.05)
        assert time.monotonic() - before < 2
        archive.write("urn:b", {"x": b"2"}, message="Other", agent=AGENT, timeout=0)
    assert caught.value.code == "archive.locked"
    assert "urn:a" in str(caught.value)
    archive.write("urn:a", {"x": b"2"}, message="Second", agent=AGENT, timeout=0)


def test_threads_take_turns(archive: Archive) -> None:
    def write(number: int) -> None:
        for turn in range(4):
            archive.write("urn:a", {f"{number}-{turn}": b"%d" % number}, message="Turn", agent=AGENT)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert archive.head("urn:a").number == 16
    assert len(archive.files("urn:a")) == 16
    assert archive.verify().valid


def test_times_keep_their_moment(archive: Archive) -> None:
    moment = datetime(2026, 1, 31, 16, 5, 7, tzinfo=timezone(timedelta(hours=7)))
    archive.write("urn:a", {"x": b"1"}, message="First", agent=AGENT, created=moment)
    assert archive.head("urn:a").created == moment
    kept = json.loads(archive.storage.read(f"{archive.key('urn:a')}/inventory.json"))
    assert kept["versions"]["v1"]["created"] == "2026-01-31T09:05:07Z"
    with pytest.raises(ValueError, match="time zone"):
        archive.write("urn:a", {"x": b"2"}, message="x", agent=AGENT, created=datetime(2026, 1, 1))
    before = datetime.now(UTC).replace(microsecond=0)
    assert archive.write("urn:a", {"x": b"2"}, message="x", agent=AGENT).created >= before


def test_a_crate_is_made_from_the_files_of_its_version(archive: Archive) -> None:
    class Crate:
        def __init__(self, files: object = None) -> None:
            self.files = files

        def to_bytes(self) -> bytes:
            return repr(self.files).encode()

    archive.write("urn:a", {"x": b"1"}, message="First", agent=AGENT, crate=Crate("fixed"))
    assert archive.read("urn:a", "ro-crate-metadata.json") == b"'fixed'"
    archive.write("urn:a", {"y": b"22"}, message="Second", agent=AGENT, crate=Crate)
    told = archive.read("urn:a", "ro-crate-metadata.json").decode()
    assert told == repr({"x": FileInfo("x", 1, sha512(b"1")), "y": FileInfo("y", 2, sha512(b"22"))})
    assert archive.read("urn:a", "ro-crate-metadata.json", 1) == b"'fixed'"


def test_other_digests_on_request(archive: Archive) -> None:
    archive.write("urn:a", {"x": b"1"}, message="First", agent=AGENT, fixity=["md5", "sha256", "size"])
    archive.write("urn:a", {"y": b"22"}, message="Second", agent=AGENT, fixity=["md5"])
    fixity = json.loads(archive.storage.read(f"{archive.key('urn:a')}/inventory.json"))["fixity"]
    assert fixity["size"] == {"1": ["v1/content/x"]}
    assert fixity["sha256"] == {hashlib.sha256(b"1").hexdigest(): ["v1/content/x"]}
    assert fixity["md5"] == {
        hashlib.md5(b"1").hexdigest(): ["v1/content/x"],
        hashlib.md5(b"22").hexdigest(): ["v2/content/y"],
    }
    assert archive.verify().findings == []


def test_damage_is_noticed_when_read(archive: Archive) -> None:
    archive.write("urn:a", {"x": b"right", "y": b"there"}, message="First", agent=AGENT)
    folder = Path(archive.storage.name, archive.key("urn:a"))
    (folder / "v1/content/x").write_bytes(b"wrong")
    (folder / "v1/content/y").unlink()
    for path in ("x", "y"):
        with pytest.raises(Damaged) as caught:
            archive.read("urn:a", path)
        assert caught.value.code == "archive.damaged"
    (folder / "inventory.json").write_bytes(b"{")
    with pytest.raises(Damaged):
        archive.head("urn:a")


def test_an_inventory_cannot_lead_out_of_the_store(archive: Archive, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    archive.write("urn:a", {"x": b"1"}, message="First", agent=AGENT)
    folder = Path(archive.storage.name, archive.key("urn:a"))
    whole = (folder / "inventory.json").read_text()
    (folder / "inventory.json").write_text(whole.replace("v1/content/x", "../../../../../secret"))
    with pytest.raises(Damaged):
        archive.read("urn:a", "x")
    (folder / "inventory.json").write_text(whole)
    (folder / "v1/content/x").unlink()
    (folder / "v1/content/x").symlink_to(tmp_path / "secret")
    with pytest.raises(Damaged):
        archive.read("urn:a", "x")
    with pytest.raises(Damaged):
        archive.stream("urn:a", "x")


def test_only_a_storage_root_is_opened(tmp_path: Path) -> None:
    with pytest.raises(NotArchive):
        Archive.open(tmp_path)
    (tmp_path / "holiday.jpg").write_bytes(b"x")
    with pytest.raises(NotArchive):
        Archive.open(tmp_path, create=True)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["holiday.jpg"]
    with pytest.raises(NotArchive):
        Archive.open(tmp_path / "none")


def test_a_store_is_made_once(tmp_path: Path) -> None:
    first = Archive.open(tmp_path / "new" / "store", create=True)
    first.write("urn:a", {"x": b"1"}, message="First", agent=AGENT)
    again = Archive.open(tmp_path / "new" / "store", create=True)
    assert again.read("urn:a", "x") == b"1"


def test_export(archive: Archive, tmp_path: Path) -> None:
    archive.write("urn:a", {"ປຶ້ມ/a.txt": b"1", "b": b"2"}, message="First", agent=AGENT)
    archive.write("urn:a", {"b": b"3"}, message="Second", agent=AGENT)
    found = archive.export("urn:a", tmp_path / "out", version=1)
    assert (tmp_path / "out/ປຶ້ມ/a.txt").read_bytes() == b"1"
    assert (tmp_path / "out/b").read_bytes() == b"2"
    assert found == archive.files("urn:a", 1)
    with pytest.raises(FileExistsError):
        archive.export("urn:a", tmp_path / "out")
    Path(archive.storage.name, archive.key("urn:a"), "v2/content/b").write_bytes(b"x")
    with pytest.raises(Damaged):
        archive.export("urn:a", tmp_path / "other")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "store"]


def test_a_version_goes_into_a_bag_checked(archive: Archive, tmp_path: Path) -> None:
    archive.write("urn:a", {"ປຶ້ມ/a.txt": b"1" * 300_000, "b": b"2", "c": b""}, message="First", agent=AGENT)
    assert write_bag(tmp_path / "bag", archive.sources("urn:a")).valid
    assert (tmp_path / "bag/data/ປຶ້ມ/a.txt").read_bytes() == b"1" * 300_000
    assert (tmp_path / "bag/data/c").read_bytes() == b""
    Path(archive.storage.name, archive.key("urn:a"), "v1/content/b").write_bytes(b"3")
    with pytest.raises(Damaged):
        write_bag(tmp_path / "other", archive.sources("urn:a"))
    assert not (tmp_path / "other").exists()


def requests(names: list[str]) -> list[Write]:
    return [Write(name, {"x": name.encode()}, message="Many", agent=AGENT) for name in names]


@pytest.mark.parametrize("at_once", [1, 3, 200])
def test_many_at_once(archive: Archive, at_once: int) -> None:
    names = [f"urn:{number}" for number in range(8)]
    made = list(archive.write_many(requests([*names, "urn:3", "urn:3"]), at_once=at_once))
    assert [(each.object_id, each.number) for each in made] == [
        *((name, 1) for name in names),
        ("urn:3", 2),
        ("urn:3", 3),
    ]
    assert [archive.version(each.object_id, each.number) for each in made] == made
    assert archive.storage.leftovers() == []
    assert archive.verify().findings == []


def test_many_until_one_cannot_be_done(archive: Archive) -> None:
    archive.write("urn:1", {"x": b"x"}, message="First", agent=AGENT)
    asked = requests(["urn:0", "urn:1", "urn:2"])
    asked[1] = Write("urn:1", {"x": b"x"}, message="No", agent=AGENT, expected_head=0)
    made: list[str] = []
    with pytest.raises(VersionConflict):
        made.extend(version.object_id for version in archive.write_many(asked))
    assert made == ["urn:0"]
    assert sorted(archive.ids()) == ["urn:0", "urn:1"]
    asked[1] = Write("urn:1", {"../x": b"x"}, message="No", agent=AGENT)
    with pytest.raises(BadPath):
        list(archive.write_many(asked[1:]))
    assert sorted(archive.ids()) == ["urn:0", "urn:1"]
    assert archive.storage.leftovers() == []


def test_many_given_up_half_way(archive: Archive) -> None:
    writing = archive.write_many(requests(["urn:0", "urn:1", "urn:2"]), at_once=2)
    assert next(writing).object_id == "urn:0"
    writing.close()  # type: ignore[attr-defined]
    assert sorted(archive.ids()) == ["urn:0", "urn:1"]
    assert archive.storage.leftovers() == []
    archive.write("urn:2", {"x": b"x"}, message="Free", agent=AGENT, timeout=0)


def test_two_who_write_many_do_not_wait_for_each_other_for_ever(archive: Archive) -> None:
    names = [f"urn:{number}" for number in range(12)]

    def write(order: list[str]) -> None:
        for _ in range(3):
            list(archive.write_many(requests(order), timeout=20))

    threads = [threading.Thread(target=write, args=(order,)) for order in (names, names[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
        assert not thread.is_alive()
    assert {archive.head(name).number for name in names} == {6}
    assert archive.verify().valid
