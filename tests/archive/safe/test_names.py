"""File names in any script: kept to the letter, shown safely."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heirloom.archive.names import (
    MAX_BYTES,
    StoredName,
    check_relative_path,
    clean_name,
    collision_key,
    first_collision,
)
from heirloom.archive.safe_errors import BadName


@pytest.mark.parametrize(
    "name",
    [
        "ບຸນບັ້ງໄຟ.jpg",
        "ลอยกระทง ๒๕๖๘.tif",
        "ចម្រៀង\u200bប្រជាប្រិយ.mp3",  # with a zero-width space
        "သင်္ကြန်.wav",
        "傣族泼水节（照片）.png",
        "Đờn ca tài tử.flac",
        "نسخ‌نویسی.txt",  # with a zero-width non-joiner
        "क्‍ष.txt",  # with a zero-width joiner
        "a name with spaces & 'quotes' [1].pdf",
        "nested.tar.gz",
    ],
)
def test_names_in_any_script_stay_as_they_are(name: str) -> None:
    stored = clean_name(unicodedata.normalize("NFC", name))
    assert stored.value == unicodedata.normalize("NFC", name)
    assert stored.changes == ()


@pytest.mark.parametrize(
    ("given_name", "value", "changes"),
    [
        ("/etc/passwd", "passwd", {"path"}),
        ("C:\\Users\\me\\photo.jpg", "photo.jpg", {"path"}),
        ("../../x.txt", "x.txt", {"path"}),
        (".htaccess", "htaccess", {"dots"}),
        ("..", "file", {"dots", "empty"}),
        ("", "file", {"empty"}),
        ("a\x00b\r\n.txt", "ab.txt", {"control"}),
        ("photo\u202egpj.exe", "photogpj.exe", {"bidi"}),
        ("\ufeffa\u2028.txt", "a.txt", {"invisible", "control"}),
        ("cafe\u0301.txt", "caf\u00e9.txt", {"nfc"}),
        ('a<b>:"|?*.txt', "a_b______.txt", {"character"}),
        ("CON", "_CON", {"reserved"}),
        ("nul.txt", "_nul.txt", {"reserved"}),
        ("COM¹.log", "_COM¹.log", {"reserved"}),
        ("name. . .", "name", {"dots"}),
        ("-rf", "_-rf", {"dots"}),
        (b"\xff\xfea.txt", "\ufffd\ufffda.txt", {"encoding"}),
    ],
)
def test_what_is_unsafe_is_changed_and_recorded(
    given_name: str | bytes, value: str, changes: set[str]
) -> None:
    stored = clean_name(given_name)
    assert stored.value == value
    assert set(stored.changes) == changes
    expected = given_name if isinstance(given_name, bytes) else given_name.encode("utf-8", "surrogateescape")
    assert stored.original_bytes == expected


def test_hidden_characters_can_be_refused() -> None:
    with pytest.raises(BadName):
        clean_name("photo\u202egpj.exe", hidden="refuse")
    assert clean_name("photo.jpg", hidden="refuse").changes == ()


def test_a_long_name_is_cut_between_clusters_and_keeps_its_extension() -> None:
    stored = clean_name("ເຂົ້າ" * 100 + ".jpeg")
    assert len(stored.value.encode()) <= MAX_BYTES
    assert stored.value.endswith(".jpeg")
    assert stored.changes == ("length",)
    assert stored.value.removesuffix(".jpeg").endswith(("ເ", "ຂົ້", "າ"))


ANY_NAME = st.one_of(st.text(max_size=300), st.binary(max_size=300))


@given(ANY_NAME)
def test_every_name_becomes_one_safe_segment_and_is_remembered(name: str | bytes) -> None:
    stored = clean_name(name)
    value = stored.value
    assert value
    assert len(value.encode()) <= MAX_BYTES
    assert value == unicodedata.normalize("NFC", value)
    assert not set(value) & set('/\\\0<>:"|?*\r\n\u202e')
    assert value not in {".", ".."}
    assert not value.startswith((".", "-"))
    assert check_relative_path(value) == (value,)
    again = clean_name(value)
    assert again.value == value
    assert StoredName.from_json(json.loads(json.dumps(stored.to_json()))) == stored


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/etc/passwd",
        "../x",
        "a/../../b",
        "a//b",
        "./a",
        "a/.",
        "a\\b",
        "C:/x",
        "c:x",
        "a\0b",
        "~root/x",
        "a/nul",
        "aux.txt/b",
        "a/b.",
        "a/b ",
        "x\u202ey",
        "a\nb",
        "a/" * 40 + "b",
        "x" * 300,
        "a\udc80b",
    ],
)
def test_paths_that_lead_elsewhere_are_refused(path: str) -> None:
    with pytest.raises(BadName):
        check_relative_path(path)


@pytest.mark.parametrize("path", ["a.txt", "ຮູບ/ວັດ.jpg", ".hidden/x", "a b/c (1).txt", "...x", "é/ñ"])
def test_plain_paths_pass(path: str) -> None:
    assert "/".join(check_relative_path(path)) == unicodedata.normalize("NFC", path)


def test_collisions_are_found() -> None:
    assert first_collision(["a/b", "a/c", "b"]) is None
    assert first_collision(["a", "A"]) == "A"
    assert first_collision(["stra\u00dfe", "STRASSE"]) == "STRASSE"
    assert first_collision(["caf\u00e9", "cafe\u0301"]) == "cafe\u0301"
    assert first_collision(["a", "a/b"]) == "a/b"
    assert first_collision(["a/b", "a"]) == "a"
    assert collision_key("Å") == collision_key("A\u030a") == collision_key("\u212b")
