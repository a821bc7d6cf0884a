"""Sending files: parts, conditions, names."""

from __future__ import annotations

import io

import pytest
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from heirloom.web.exchange.sending import NoSuchRange, byte_range, send, shown_name

DATA = bytes(range(256)) * 40
SIZE = len(DATA)


def answer(method: str = "get", media_type: str = "video/mp4", name: str = "film.mp4", **headers: str):
    request = getattr(RequestFactory(), method)(
        "/x", headers={k.replace("_", "-"): v for k, v in headers.items()}
    )
    return send(
        request,
        lambda: io.BytesIO(DATA),
        name=name,
        media_type=media_type,
        size=SIZE,
        sha512="ab" * 64,
        public=True,
    )


def body(response) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


@given(st.integers(0, SIZE + 10), st.integers(0, SIZE + 10))
def test_a_part_is_the_bytes_from_the_first_to_the_last(first: int, last: int) -> None:
    response = answer(Range=f"bytes={first}-{last}")
    if last < first:
        assert (response.status_code, body(response)) == (200, DATA)
    elif first >= SIZE:
        assert (response.status_code, response["Content-Range"]) == (416, f"bytes */{SIZE}")
    else:
        assert (response.status_code, body(response)) == (206, DATA[first : last + 1])
        assert response["Content-Range"] == f"bytes {first}-{min(last, SIZE - 1)}/{SIZE}"
        assert response["Content-Length"] == str(min(last, SIZE - 1) - first + 1)


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("bytes=0-", (0, 99)),
        ("bytes=-1", (99, 99)),
        ("bytes=-1000", (0, 99)),
        ("bytes=5-2", None),
        ("bytes=-", None),
        ("bytes=0-1,5-6", None),
        ("lines=0-1", None),
        ("", None),
        ("bytes=٠-٩", None),
    ],
)
def test_ranges_are_read_as_rfc_9110_has_them(header: str, found: tuple[int, int] | None) -> None:
    assert byte_range(header, 100) == found


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=-0", "bytes=100-200"])
def test_a_part_outside_the_file_is_refused(header: str) -> None:
    with pytest.raises(NoSuchRange):
        byte_range(header, 100)


def test_the_whole_file_comes_when_the_part_is_of_another_version() -> None:
    tag = answer()["ETag"]
    assert answer(Range="bytes=1-2", If_Range=tag).status_code == 206
    other = answer(Range="bytes=1-2", If_Range='"other"')
    assert (other.status_code, body(other)) == (200, DATA)


def test_a_copy_that_is_still_right_is_not_sent_again() -> None:
    tag = answer()["ETag"]
    for known in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        response = answer(If_None_Match=known)
        assert (response.status_code, response["ETag"]) == (304, tag)
    assert answer(If_None_Match='"x"').status_code == 200


def test_head_says_the_size_and_sends_nothing() -> None:
    response = answer("head", Range="bytes=0-1")
    assert (response.status_code, response["Content-Length"], body(response)) == (200, str(SIZE), b"")


@pytest.mark.database
@pytest.mark.django_db
def test_the_file_is_closed_when_nobody_reads_it() -> None:
    file = io.BytesIO(DATA)
    request = RequestFactory().get("/x")
    response = send(
        request, lambda: file, name="a", media_type="audio/wav", size=SIZE, sha512="0" * 128, public=False
    )
    response.close()
    assert file.closed


@pytest.mark.parametrize(
    "name", ["ເພງ ລ່ອງເຮືອ.mp3", "歌.mp3", 'a"b\\c.txt', "plain.txt", "\u202egpj.exe", "a\r\nb"]
)
def test_names_in_any_script_come_back_and_do_no_harm(name: str) -> None:
    header = answer(name=name)["Content-Disposition"]
    assert "\n" not in header
    assert "\r" not in header
    if not name.isascii() and "\u202e" not in name:
        assert "filename*=utf-8''" in header
    assert "\u202e" not in shown_name(name)


def test_no_name_is_left_empty() -> None:
    assert [shown_name(name) for name in ("", "..", "/", "\0")] == ["file", "file", "_", "_"]


@pytest.mark.parametrize(
    "media_type", ["image/svg+xml", "text/html", "application/pdf", "application/xhtml+xml"]
)
def test_nothing_runs_that_could_hold_a_program(media_type: str) -> None:
    response = answer(media_type=media_type)
    assert response["Content-Security-Policy"].endswith("sandbox")
    assert "script-src" not in response["Content-Security-Policy"]
    assert response["X-Content-Type-Options"] == "nosniff"
    inline = response["Content-Disposition"].startswith("inline")
    assert inline == (media_type == "image/svg+xml")
