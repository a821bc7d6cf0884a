"""The layout extensions, by the examples in their own documents."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heirloom.archive import Agent, Archive, NoObject
from heirloom.archive.layout import (
    BadLayout,
    FlatDirect,
    FlatOmitPrefix,
    HashAndId,
    HashedTuples,
    Layout,
    from_description,
)

LONG = "abcdefghij" * 10 + "a"
EXAMPLES = [
    (HashAndId(), "object-01", "3c0/ff4/240/object-01"),
    (HashAndId(), "..hor/rib:le-$id", "487/326/d8c/%2e%2ehor%2frib%3ale-%24id"),
    (HashAndId("md5", 2, 15), "object-01", "ff/75/53/44/92/48/5e/ab/b3/9f/86/35/67/28/88/object-01"),
    (HashAndId("sha256", 0, 0), "object-01", "object-01"),
    (
        HashAndId("sha256", 0, 0),
        LONG,
        f"{LONG[:100]}-5cc73e648fbcff136510e330871180922ddacf193b68fdeff855683a01464220",
    ),
    (HashAndId("sha256", 0, 0), "..Hor/rib:lè-$id", "%2e%2eHor%2frib%3al%c3%a8-%24id"),
    (
        HashedTuples(),
        "object-01",
        "3c0/ff4/240/3c0ff4240c1e116dba14c7627f2319b58aa3d77606d0d90dfc6161608ac987d4",
    ),
    (
        HashedTuples("md5", 2, 15, short_object_root=True),
        "..hor/rib:le-$id",
        "08/31/97/66/fb/6c/29/35/dd/17/5b/94/26/77/17/e0",
    ),
    (
        HashedTuples("sha256", 0, 0),
        "object-01",
        "3c0ff4240c1e116dba14c7627f2319b58aa3d77606d0d90dfc6161608ac987d4",
    ),
    (FlatDirect(), "info:fedora/object-01".replace("/", "-"), "info:fedora-object-01"),
    (FlatOmitPrefix(":"), "namespace:12887296", "12887296"),
    (FlatOmitPrefix("edu/"), "https://institution.edu/3448793", "3448793"),
]


@pytest.mark.parametrize(("layout", "object_id", "key"), EXAMPLES)
def test_examples_of_the_extensions(layout: Layout, object_id: str, key: str) -> None:
    assert layout.key(object_id) == key


@given(st.text(st.characters(codec="utf-8"), min_size=1))
def test_a_folder_that_tells_the_identifier_tells_it_right(object_id: str) -> None:
    layout = HashAndId()
    assert layout.id_of(layout.key(object_id)) in {object_id, None}


@pytest.mark.parametrize(
    "config",
    [
        {"digestAlgorithm": "crc32"},
        {"digestAlgorithm": ["sha256"]},
        {"tupleSize": 33},
        {"tupleSize": -1},
        {"tupleSize": True},
        {"tupleSize": "3"},
        {"tupleSize": 0},
        {"numberOfTuples": 0},
        {"tupleSize": 32, "numberOfTuples": 3},
        {"tupleSize": 2, "numberOfTuples": 32, "shortObjectRoot": True},
        {"shortObjectRoot": 1},
    ],
)
def test_parameters_that_break_the_rules(config: object) -> None:
    with pytest.raises(BadLayout):
        from_description({"extension": HashedTuples.name, "description": ""}, config)


@pytest.mark.parametrize("document", [None, [], "x", {}, {"extension": 1}, {"extension": "something-else"}])
def test_other_layouts_are_left_to_looking(document: object) -> None:
    assert from_description(document, None) is None


@pytest.mark.parametrize(
    "layout",
    [HashAndId("md5", 2, 2), HashedTuples(), HashedTuples(short_object_root=True), FlatOmitPrefix(":")],
)
def test_a_root_with_another_layout_is_used_as_it_is(tmp_path: Path, layout: Layout) -> None:
    (tmp_path / "0=ocfl_1.1").write_text("ocfl_1.1\n")
    (tmp_path / "ocfl_layout.json").write_text(json.dumps({"extension": layout.name, "description": "x"}))
    folder = tmp_path / "extensions" / layout.name
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(layout.config()))
    archive = Archive.open(tmp_path)
    archive.write("urn:ເລື່ອງ", {"x": b"1"}, message="First", agent=Agent("Kham", "mailto:k@example.org"))
    assert (tmp_path / layout.key("urn:ເລື່ອງ") / "inventory.json").is_file()
    assert list(archive.ids()) == ["urn:ເລື່ອງ"]
    assert Archive.open(tmp_path).read("urn:ເລື່ອງ", "x") == b"1"
    assert archive.verify().findings == []


def test_a_root_without_a_layout_is_read_by_looking(tmp_path: Path, filled: Archive) -> None:
    (tmp_path / "store" / "ocfl_layout.json").unlink()
    archive = Archive.open(tmp_path / "store")
    assert archive.layout is None
    ids = sorted(filled.ids())
    assert sorted(archive.ids()) == ids
    assert archive.head(ids[0]) == filled.head(ids[0])
    archive.write(ids[0], {"x": b"1"}, message="More", agent=Agent("Kham", "mailto:k@example.org"))
    assert archive.read(ids[0], "x") == b"1"
    with pytest.raises(NoObject):
        archive.write("urn:new", {"x": b"1"}, message="First", agent=Agent("Kham"))
