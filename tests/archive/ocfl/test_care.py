"""Verifying, mirroring, repairing, purging, scanning: rot is found and mended, and nothing good is lost."""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from heirloom.archive import Archive, NotArchive
from heirloom.archive.maintenance import Progress

from .conftest import AGENT, fill

FLIPS = int(os.environ.get("HEIRLOOM_FLIPS", "50"))
SCRATCH = {"work", "scan.sqlite3", "README"}


def stored(root: Path) -> list[Path]:
    """All files of a store but those of no lasting value."""
    return sorted(
        path for path in root.rglob("*") if path.is_file() and not SCRATCH & {*path.relative_to(root).parts}
    )


def snapshot(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in stored(root)}


def flip(path: Path, values: random.Random) -> None:
    """Turn one bit over."""
    data = bytearray(path.read_bytes())
    bit = values.randrange(len(data) * 8)
    data[bit // 8] ^= 1 << bit % 8
    path.write_bytes(data)


def root_of(archive: Archive) -> Path:
    return Path(archive.storage.name)


# -- verify ---------------------------------------------------------------------------------------------


def test_a_good_store_verifies(filled: Archive) -> None:
    report = filled.verify()
    assert report.valid
    assert report.complete
    assert (report.objects, report.findings, report.damaged, report.invalid) == (4, [], [], {})
    assert report.files == sum(1 for path in stored(root_of(filled)) if "content" in path.parts)
    told = json.loads(report.to_bytes())
    assert told["format"] == "heirloom-verify/1"
    assert told["valid"] is True


def test_progress_is_told(filled: Archive) -> None:
    told: list[Progress] = []
    report = filled.verify(progress=told.append)
    assert [each.done for each in told] == sorted(each.done for each in told)
    assert (told[-1].done, told[-1].total, told[-1].files) == (4, 4, report.files)


def test_a_cancelled_verification_goes_on_where_it_stopped(filled: Archive, tmp_path: Path) -> None:
    state = tmp_path / "state"
    rotten = next(path for path in stored(root_of(filled)) if "content" in path.parts)
    flip(rotten, random.Random(1))
    first_key = str(rotten.relative_to(root_of(filled))).split("/v1/")[0]
    done = [0]
    report = filled.verify(
        state=state, progress=lambda told: done.__setitem__(0, told.done), cancelled=lambda: done[0] >= 2
    )
    assert not report.complete
    assert not report.valid
    assert report.objects == 2
    with state.open("a") as stream:
        stream.write('{"key": "broken off')  # the process died within a line
    looked_at: list[str] = []
    report = filled.verify(state=state, progress=lambda told: looked_at.append(told.key))
    assert report.complete
    assert report.objects == 4
    assert list(report.invalid) == [first_key]
    assert {finding.code for finding in report.findings} == {"E092", "E093"}
    assert len(looked_at) < report.files  # the files of the first two were not read again
    assert not state.exists()


def test_an_object_that_grew_since_is_verified_again(filled: Archive, tmp_path: Path) -> None:
    state = tmp_path / "state"
    done = [0]
    filled.verify(
        state=state, progress=lambda told: done.__setitem__(0, told.done), cancelled=lambda: done[0] >= 3
    )
    first = next(filled.object_keys())
    object_id = next(each for each in filled.ids() if filled.key(each) == first)
    filled.write(object_id, {"more": b"more"}, message="More", agent=AGENT)
    flip(root_of(filled) / first / f"v{filled.head(object_id).number}" / "content/more", random.Random(1))
    assert first in filled.verify(state=state).invalid


def test_a_state_of_something_else_is_not_used(filled: Archive, tmp_path: Path) -> None:
    state = tmp_path / "state"
    filled.verify(state=state, content=False, cancelled=lambda: True)
    assert state.exists()
    assert filled.verify(state=state).files > 0


def test_verifying_while_somebody_writes(filled: Archive) -> None:
    object_id = next(filled.ids())
    turn = [0]

    def write(_: Progress) -> None:
        turn[0] += 1
        if turn[0] < 12:
            filled.write(object_id, {"turn": b"%d" % turn[0]}, message="Turn", agent=AGENT)

    assert filled.verify(progress=write).findings == []


# -- bit rot --------------------------------------------------------------------------------------------


def test_every_file_that_rots_is_found_and_mended(filled: Archive, tmp_path: Path) -> None:
    """One flipped bit at a time, in every file of the store."""
    root = root_of(filled)
    filled.purge(min(filled.ids()), "asked")
    filled.mirror(tmp_path / "mirror")
    before = snapshot(root)
    values = random.Random(3)
    for path in stored(root):
        name = str(path.relative_to(root))
        flip(path, values)
        archive = Archive.open(root) if path.name != "0=ocfl_1.1" else filled
        report = archive.verify()
        assert not report.valid, name
        assert name in report.damaged or name.endswith("root-files.sha512"), name
        repaired = archive.repair(tmp_path / "mirror", report)
        assert repaired.good, (name, repaired.to_json())
        assert snapshot(root) == before, name
    assert Archive.open(root).verify().findings == []


@pytest.mark.parametrize("seed", [1, 2])
def test_many_flipped_bits_at_once(
    archive: Archive, tmp_path: Path, peer: Callable[[Path], list[str]], seed: int
) -> None:
    """``HEIRLOOM_FLIPS`` sets how many (50)."""
    fill(archive, objects=10, seed=seed)
    root = root_of(archive)
    archive.mirror(tmp_path / "mirror")
    before = snapshot(root)
    values = random.Random(seed)
    in_objects = [path for path in stored(root) if "extensions" not in path.parts and path.parent != root]
    rotten = values.sample(in_objects, FLIPS)
    for path in rotten:
        flip(path, values)
    report = archive.verify()
    found = set(report.damaged)
    missed = {str(path.relative_to(root)) for path in rotten} - found
    assert missed == set()
    assert archive.repair(tmp_path / "mirror", report).good
    assert snapshot(root) == before
    assert archive.verify().findings == []
    assert peer(root) == []


def test_missing_files_and_objects_come_back(filled: Archive, tmp_path: Path) -> None:
    root = root_of(filled)
    filled.mirror(tmp_path / "mirror")
    before = snapshot(root)
    keys = list(filled.object_keys())
    values = random.Random(5)
    for key in keys[:3]:
        for path in values.sample(stored(root / key), 5):
            path.unlink()
    shutil.rmtree(root / keys[3].split("/")[0])
    report = filled.repair(tmp_path / "mirror")
    assert report.good
    assert report.restored == [keys[3]]
    assert snapshot(root) == before
    assert filled.verify().valid


def test_an_object_mends_its_inventory_from_its_own_copy(filled: Archive) -> None:
    root = root_of(filled)
    before = snapshot(root)
    for number, key in enumerate(filled.object_keys()):
        head = max(path.name for path in (root / key).glob("v*"))
        names = [
            "inventory.json",
            f"{head}/inventory.json",
            "inventory.json.sha512",
            f"{head}/inventory.json.sha512",
        ]
        flip(root / key / names[number % 4], random.Random(number))
    report = filled.repair(None)
    assert report.good
    assert len(report.mended) == 4
    assert snapshot(root) == before


def test_repeated_content_is_mended_from_its_twin_in_the_mirror_only_when_right(
    filled: Archive, tmp_path: Path
) -> None:
    filled.mirror(tmp_path / "mirror")
    root = root_of(filled)
    here = next(path for path in stored(root) if "content" in path.parts)
    there = tmp_path / "mirror" / here.relative_to(root)
    flip(here, random.Random(1))
    flip(there, random.Random(2))
    rotten = here.read_bytes()
    report = filled.repair(tmp_path / "mirror")
    assert not report.good
    assert report.lost == [str(here.relative_to(root))]
    assert here.read_bytes() == rotten  # wrong bytes are never put over others
    assert not filled.verify().valid


def test_no_version_is_lost_with_its_inventories(filled: Archive) -> None:
    key = next(filled.object_keys())
    root = root_of(filled) / key
    head = max(path.name for path in root.glob("v*"))
    for folder in (root, root / head):
        for name in ("inventory.json", "inventory.json.sha512"):
            (folder / name).write_bytes(b"rotten" + folder.name.encode())
    before = snapshot(root)
    report = filled.repair(None)
    assert not report.good
    assert snapshot(root) == before


def test_a_mirror_is_mended_from_its_source(filled: Archive, tmp_path: Path) -> None:
    filled.mirror(tmp_path / "mirror")
    mirror = Archive.open(tmp_path / "mirror")
    before = snapshot(tmp_path / "mirror")
    values = random.Random(1)
    for path in values.sample(stored(tmp_path / "mirror"), 8):
        flip(path, values)
    assert mirror.repair(filled).good
    assert snapshot(tmp_path / "mirror") == before


# -- mirror ---------------------------------------------------------------------------------------------


def test_a_mirror_follows(filled: Archive, tmp_path: Path) -> None:
    first = filled.mirror(tmp_path / "mirror")
    assert first.good
    assert len(first.copied) == 4
    assert snapshot(tmp_path / "mirror") == snapshot(root_of(filled))
    stamps = {path: path.stat().st_mtime_ns for path in stored(tmp_path / "mirror")}
    again = filled.mirror(tmp_path / "mirror")
    assert (again.copied, again.updated, again.unchanged) == ([], [], 4)
    assert {path: path.stat().st_mtime_ns for path in stored(tmp_path / "mirror")} == stamps
    object_id = next(filled.ids())
    for turn in range(3):
        filled.write(object_id, {"turn": b"%d" % turn}, message="Turn", agent=AGENT)
    assert filled.mirror(tmp_path / "mirror").updated == [filled.key(object_id)]
    assert snapshot(tmp_path / "mirror") == snapshot(root_of(filled))


def test_damage_is_not_mirrored(filled: Archive, tmp_path: Path) -> None:
    object_id = next(filled.ids())
    filled.mirror(tmp_path / "mirror")
    before = snapshot(tmp_path / "mirror")
    filled.write(object_id, {"new": b"new"}, message="New", agent=AGENT)
    key = filled.key(object_id)
    flip(root_of(filled) / key / f"v{filled.head(object_id).number}" / "content/new", random.Random(1))
    report = filled.mirror(tmp_path / "mirror")
    assert report.damaged == [key]
    assert not report.good
    assert snapshot(tmp_path / "mirror") == before
    (root_of(filled) / key / "inventory.json").write_bytes(b"{}")
    assert filled.mirror(tmp_path / "mirror").damaged == [key]
    assert snapshot(tmp_path / "mirror") == before


def test_a_mirror_that_went_another_way_is_left_alone(filled: Archive, tmp_path: Path) -> None:
    object_id = next(filled.ids())
    filled.mirror(tmp_path / "mirror")
    mirror = Archive.open(tmp_path / "mirror")
    mirror.write(object_id, {"there": b"there"}, message="There", agent=AGENT)
    mirror.write("urn:only-there", {"there": b"there"}, message="There", agent=AGENT)
    filled.write(object_id, {"here": b"here"}, message="Here", agent=AGENT)
    before = snapshot(tmp_path / "mirror")
    report = filled.mirror(mirror)
    assert report.diverged == [filled.key(object_id)]
    assert report.missing == [filled.key("urn:only-there")]
    assert snapshot(tmp_path / "mirror") == before


def test_a_mirror_must_be_another_store(filled: Archive, tmp_path: Path) -> None:
    with pytest.raises(NotArchive):
        filled.mirror(root_of(filled))
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "holiday.jpg").write_bytes(b"x")
    with pytest.raises(NotArchive):
        filled.mirror(tmp_path / "photos")


def test_a_cancelled_mirror_goes_on(filled: Archive, tmp_path: Path) -> None:
    report = filled.mirror(tmp_path / "mirror", cancelled=lambda: True)
    assert not report.complete
    assert Archive.open(tmp_path / "mirror").verify().findings == []
    assert filled.mirror(tmp_path / "mirror").good
    assert snapshot(tmp_path / "mirror") == snapshot(root_of(filled))


def test_an_object_of_another_program_is_mirrored_whole(tmp_path: Path) -> None:
    ocfl = pytest.importorskip("ocfl")
    archive = Archive.open(tmp_path / "store", create=True)
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "a.txt").write_bytes(b"a")
    made = ocfl.Object(identifier="urn:x", spec_version="1.0", digest_algorithm="sha256")
    metadata = ocfl.VersionMetadata(message="First", name="Kham", address="mailto:kham@example.org")
    made.create(srcdir=str(tmp_path / "files"), metadata=metadata, objdir=str(tmp_path / "object"))
    folder = tmp_path / "store" / archive.key("urn:x")
    folder.parent.mkdir(parents=True)
    shutil.move(tmp_path / "object", folder)
    assert archive.read("urn:x", "a.txt") == b"a"
    assert archive.mirror(tmp_path / "mirror").good
    assert snapshot(tmp_path / "mirror") == snapshot(tmp_path / "store")
    archive.write("urn:x", {"b.txt": b"b"}, message="Second", agent=AGENT)
    assert archive.mirror(tmp_path / "mirror").updated == [archive.key("urn:x")]
    assert snapshot(tmp_path / "mirror") == snapshot(tmp_path / "store")
    assert {finding.code for finding in Archive.open(tmp_path / "mirror").verify().findings} == {"W004"}


# -- purge ----------------------------------------------------------------------------------------------


def test_what_is_purged_is_gone_here_and_in_the_mirror(filled: Archive, tmp_path: Path) -> None:
    object_id = next(filled.ids())
    key, seals = filled.key(object_id), [version.digest for version in filled.versions(object_id)]
    filled.mirror(tmp_path / "mirror")
    tombstone = filled.purge(object_id, "ຄອບຄົວຂໍ", agent=AGENT)
    assert not filled.exists(object_id)
    assert object_id not in set(filled.ids())
    assert filled.tombstones() == [tombstone]
    assert (tombstone.object_id, tombstone.reason, tombstone.agent) == (object_id, "ຄອບຄົວຂໍ", AGENT)
    assert list(tombstone.seals) == seals
    assert filled.verify().findings == []
    assert filled.repair(tmp_path / "mirror").restored == []  # a repair does not bring it back
    report = filled.mirror(tmp_path / "mirror")
    assert report.purged == [key]
    assert report.good
    mirror = Archive.open(tmp_path / "mirror")
    assert not mirror.exists(object_id)
    assert mirror.tombstones() == [tombstone]
    assert mirror.verify().findings == []
    again = filled.mirror(tmp_path / "mirror")
    assert (again.purged, again.good) == ([], True)


def test_a_purged_identifier_can_be_used_again(filled: Archive, tmp_path: Path) -> None:
    object_id = next(filled.ids())
    filled.mirror(tmp_path / "mirror")
    filled.purge(object_id, "wrong file")
    filled.write(object_id, {"right": b"right"}, message="Anew", agent=AGENT, expected_head=0)
    assert filled.mirror(tmp_path / "mirror").good
    assert Archive.open(tmp_path / "mirror").read(object_id, "right") == b"right"
    filled.purge(object_id, "again")
    assert filled.mirror(tmp_path / "mirror").good
    assert [each.reason for each in Archive.open(tmp_path / "mirror").tombstones()] == ["wrong file", "again"]


# -- quick scan -----------------------------------------------------------------------------------------


def test_a_quick_scan_records_then_compares(filled: Archive) -> None:
    files = filled.verify().files
    first = filled.quick_scan()
    assert (first.recorded, first.checked, first.suspect, first.complete) == (files, 0, [], True)
    second = filled.quick_scan()
    assert (second.recorded, second.checked, second.suspect) == (0, files, [])
    object_id = next(filled.ids())
    filled.write(object_id, {"new": b"new"}, message="New", agent=AGENT)
    third = filled.quick_scan()
    assert (third.recorded, third.checked, third.suspect) == (1, files, [])
    assert filled.verify().findings == []  # the database does not disturb the store


def test_a_quick_scan_finds_rot(filled: Archive) -> None:
    root = root_of(filled)
    before = filled.verify().files
    filled.quick_scan()
    for path in stored(root):
        if path.parent == root or "extensions" in path.parts:
            continue
        kept = path.read_bytes()
        flip(path, random.Random(1))
        report = filled.quick_scan()
        assert report.suspect, path
        assert report.objects == [
            key for key in filled.object_keys() if str(path.relative_to(root)).startswith(key)
        ]
        path.write_bytes(kept)
    next(path for path in stored(root) if "content" in path.parts).unlink()
    assert filled.quick_scan().suspect
    assert before > 0


def test_rot_before_the_first_scan_is_not_recorded_as_right(filled: Archive) -> None:
    path = next(path for path in stored(root_of(filled)) if "content" in path.parts)
    flip(path, random.Random(1))
    for _ in range(2):
        assert filled.quick_scan().suspect == [str(path.relative_to(root_of(filled)))]


def test_a_quick_scan_within_a_time(filled: Archive) -> None:
    files = filled.verify().files
    scanned, turns = 0, 0
    while scanned < files:
        report = filled.quick_scan(seconds=0)  # one file at least
        scanned += report.recorded
        turns += 1
        assert turns <= files
    assert filled.quick_scan().checked == files
