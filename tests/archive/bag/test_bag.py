"""Bags: what we write, what we read back, and what another reader says of it."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from heirloom.archive.bag import (
    CannotBag,
    InvalidBag,
    Source,
    check_bag,
    files_below,
    open_bag,
    open_zipped_bag,
    write_bag,
    write_zipped_bag,
)
from heirloom.archive.names import first_collision
from heirloom.archive.safe_errors import Refused

bagit = pytest.importorskip("bagit", reason="bagit-python is not installed")

FILES: dict[str, Source] = {
    "ຮູບ/ວັດ.jpg": b"picture",
    "notes & more (1).txt": "ຂໍ້ຄວາມ".encode(),
    "empty": b"",
    "deep/er/est/x.bin": bytes(3_000_000),
}
INFO = [
    ("Source-Organization", "ກຸ່ມແມ່ຍິງຕ່ຳຫູກ"),
    ("Contact-Name", "ดวงใจ"),
    ("External-Description", "lines\nthat   break"),
    ("Keyword", "loom"),
    ("Keyword", "song"),
]
DAY = date(2026, 5, 1)


def accepted_by_bagit(folder: Path) -> bool:
    return bool(bagit.Bag(str(folder)).validate())


def test_a_bag_is_written_whole_and_read_back(tmp_path: Path) -> None:
    report = write_bag(tmp_path / "bag", FILES, INFO, algorithms=("sha512", "sha256"), bagged=DAY)
    assert report.problems == ()
    assert report.version == "1.0"
    bag = open_bag(tmp_path / "bag")
    assert {file.path: file.local.read_bytes() for file in bag.files()} == FILES
    assert all(set(file.digests) == {"sha512", "sha256"} for file in bag.files())
    assert ("External-Description", "lines that break") in bag.report.info
    assert ("Source-Organization", "ກຸ່ມແມ່ຍິງຕ່ຳຫູກ") in bag.report.info
    assert [value for label, value in bag.report.info if label == "Keyword"] == ["loom", "song"]
    assert ("Payload-Oxum", "3000028.4") in bag.report.info
    assert accepted_by_bagit(tmp_path / "bag")
    assert [entry.name for entry in tmp_path.iterdir()] == ["bag"]


def test_the_same_files_give_the_same_zip(tmp_path: Path) -> None:
    def packed(files: dict[str, Source]) -> bytes:
        out = io.BytesIO()
        write_zipped_bag(out, "ຖົງ", files, INFO, bagged=DAY)
        return out.getvalue()

    data = packed(FILES)
    assert data == packed(dict(reversed(FILES.items())))
    (tmp_path / "bag.zip").write_bytes(data)
    with open_zipped_bag(tmp_path / "bag.zip", tmp_path) as bag:
        assert {file.path: file.local.read_bytes() for file in bag.files()} == FILES
        assert accepted_by_bagit(bag.folder)
        kept = bag.folder
    assert not kept.exists()
    assert [entry.name for entry in tmp_path.iterdir()] == ["bag.zip"]


class _Pipe(io.RawIOBase):
    """A stream that cannot go back, as a response to a browser."""

    def __init__(self) -> None:
        self.content = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        self.content += bytes(data)  # type: ignore[call-overload]
        return len(bytes(data))  # type: ignore[call-overload]


def test_a_zip_is_written_into_a_stream_that_cannot_go_back(tmp_path: Path) -> None:
    pipe = _Pipe()
    opened: list[str] = []

    def source() -> io.BytesIO:
        opened.append("once")
        return io.BytesIO(b"streamed")

    write_zipped_bag(pipe, "bag", {"a.txt": source}, bagged=DAY)  # type: ignore[arg-type]
    assert opened == ["once"]
    (tmp_path / "bag.zip").write_bytes(bytes(pipe.content))
    with open_zipped_bag(tmp_path / "bag.zip", tmp_path) as bag:
        assert [file.local.read_bytes() for file in bag.files()] == [b"streamed"]


def test_a_zip_may_hold_the_bag_without_a_folder_around_it(tmp_path: Path) -> None:
    write_bag(tmp_path / "bag", {"a": b"a"})
    with zipfile.ZipFile(tmp_path / "bag.zip", "w") as archive:
        for path, source in files_below(tmp_path / "bag").items():
            assert isinstance(source, Path)
            archive.write(source, path)
    with open_zipped_bag(tmp_path / "bag.zip", tmp_path) as bag:
        assert [file.path for file in bag.files()] == ["a"]


def test_a_hostile_zip_is_no_bag(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bag.zip", "w") as archive:
        archive.writestr("../../bagit.txt", "x")
    with pytest.raises(Refused), open_zipped_bag(tmp_path / "bag.zip", tmp_path):
        pass
    assert [entry.name for entry in tmp_path.iterdir()] == ["bag.zip"]


@pytest.mark.parametrize("name", ["100%.txt", "a%20b", "%7Etilde", "%%"])
def test_a_percent_sign_is_read_alike_by_both_readers(name: str, tmp_path: Path) -> None:
    report = write_bag(tmp_path / "bag", {name: b"x"})
    assert report.version == "0.97"
    assert [file.path for file in open_bag(tmp_path / "bag").files()] == [name]
    assert accepted_by_bagit(tmp_path / "bag")


@pytest.mark.parametrize("name", ["a\nb", "a\rb", "a\r\nb.txt"])
def test_a_line_end_in_a_name_is_escaped(name: str, tmp_path: Path) -> None:
    assert write_bag(tmp_path / "bag", {name: b"x"}).version == "1.0"
    assert [file.path for file in open_bag(tmp_path / "bag").files()] == [name]
    assert accepted_by_bagit(tmp_path / "bag")


def test_the_specification_is_followed_where_readers_differ(tmp_path: Path) -> None:
    write_bag(tmp_path / "bag", {"100%.txt": b"x", "b%0Ac": b"y"}, version="1.0")
    manifest = (tmp_path / "bag" / "manifest-sha512.txt").read_text()
    assert "data/100%25.txt" in manifest
    assert "data/b%250Ac" in manifest
    assert [file.path for file in open_bag(tmp_path / "bag").files()] == ["100%.txt", "b%0Ac"]


_NAME = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0/\\\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"),
    min_size=1,
    max_size=20,
).filter(lambda name: name not in {".", ".."} and name == name.strip() and len(name.encode()) < 200)
_PATHS = st.dictionaries(
    st.lists(_NAME, min_size=1, max_size=3).map("/".join), st.binary(max_size=40), min_size=0, max_size=5
).filter(lambda files: first_collision(sorted(files)) is None)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=_PATHS, info=st.lists(st.tuples(st.just("Note"), st.text(max_size=30)), max_size=2))
def test_every_payload_comes_back(
    files: dict[str, Source], info: list[tuple[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("bag")
    info = [(label, value.encode("utf-8", "replace").decode()) for label, value in info]
    write_bag(folder / "bag", files, info)
    bag = open_bag(folder / "bag")
    assert {file.path: file.local.read_bytes() for file in bag.files()} == files
    # bagit-python misreads an escaped percent sign before a line end (its issue 157).
    percent = any("%" in path for path in files)
    line_end = any(re.search(r"[\r\n]|%0[AaDd]", path) for path in files)
    if not (percent and line_end):
        assert accepted_by_bagit(folder / "bag")


@pytest.mark.parametrize(
    "path",
    ["", "/etc/passwd", "../x", "a/../b", "a//b", "./a", "a\0", "a ", " a", "a\\b", "a\udc80", "a\u2028b"],
)
def test_a_path_that_no_bag_can_keep_is_refused_before_anything_is_written(path: str, tmp_path: Path) -> None:
    with pytest.raises(CannotBag):
        write_bag(tmp_path / "bag", {path: b"x"})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "info", [("Bad:Label", "x"), ("", "x"), (" Label", "x"), ("La\nbel", "x"), ("Payload-Oxum", "1.1")]
)
def test_a_label_that_cannot_be_written_is_refused(info: tuple[str, str], tmp_path: Path) -> None:
    with pytest.raises(CannotBag):
        write_bag(tmp_path / "bag", {"a": b"a"}, [info])


def test_tag_files_stand_beside_the_payload_and_are_protected(tmp_path: Path) -> None:
    write_bag(tmp_path / "bag", {"a": b"a"}, tag_files={"kit/README.txt": b"read me"})
    assert open_bag(tmp_path / "bag").report.valid
    assert accepted_by_bagit(tmp_path / "bag")
    (tmp_path / "bag" / "kit" / "README.txt").write_bytes(b"other")
    assert [problem.code for problem in check_bag(tmp_path / "bag").errors] == ["bag.digest"]
    for name in ("bagit.txt", "data/x", "manifest-md5.txt", "Bag-Info.txt"):
        with pytest.raises(CannotBag):
            write_bag(tmp_path / "other", {"a": b"a"}, tag_files={name: b"x"})


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    def broken() -> io.BytesIO:
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        write_bag(tmp_path / "bag", {"a": b"a", "b": broken})
    assert list(tmp_path.iterdir()) == []
    write_bag(tmp_path / "bag", {"a": b"a"})
    with pytest.raises(FileExistsError):
        write_bag(tmp_path / "bag", {"a": b"a"})


def test_a_folder_is_packed_without_links(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "a").mkdir(parents=True)
    (source / "a" / "b.txt").write_bytes(b"b")
    assert set(files_below(source)) == {"a/b.txt"}
    (source / "link").symlink_to("/etc/passwd")
    with pytest.raises(CannotBag):
        files_below(source)


def test_an_invalid_bag_says_why(tmp_path: Path) -> None:
    write_bag(tmp_path / "bag", {"a": b"a"})
    (tmp_path / "bag" / "data" / "a").write_bytes(b"b")
    with pytest.raises(InvalidBag) as raised:
        open_bag(tmp_path / "bag")
    assert raised.value.report.errors[0].code == "bag.digest"
    assert "data/a" in str(raised.value)
