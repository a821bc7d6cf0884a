"""The gate: what passes, what is refused and why, and that nothing stays behind."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.archive.safe import samples
from tests.archive.safe.hostile import HOSTILE

from heirloom.archive.safe import ANYTHING, DOCUMENTS, IMAGES, Policy, Refused, inspect
from heirloom.archive.safe_errors import (
    DecodeLimit,
    FileTooLarge,
    NotRegularFile,
    TypeNotAllowed,
)
from heirloom.archive.sandbox import SandboxLimits
from heirloom.archive.sniff import KINDS


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder for temporary files, which must be empty at the end."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(("name", "make", "code"), HOSTILE, ids=[name for name, _, _ in HOSTILE])
def test_hostile_uploads_are_refused_with_their_code(
    name: str, make: Callable[[], bytes], code: str, scratch: Path
) -> None:
    content = make()
    with pytest.raises(Refused) as refused:
        inspect(io.BytesIO(content), name)
    assert refused.value.code == code
    assert refused.value.kept


def test_there_are_many_hostile_uploads_and_all_differ() -> None:
    assert len(HOSTILE) >= 30
    assert len({make() for _, make, _ in HOSTILE}) == len(HOSTILE)
    assert len({code for _, _, code in HOSTILE}) >= 30


@pytest.mark.parametrize(
    ("name", "make", "media_type"), samples.SOUND, ids=[f"{name}" for name, _, _ in samples.SOUND]
)
def test_sound_files_of_every_kind_pass(
    name: str, make: Callable[[], bytes], media_type: str, scratch: Path, tmp_path: Path
) -> None:
    path = tmp_path / "upload"
    path.write_bytes(make())
    accepted = inspect(path, name)
    assert accepted.media_type == media_type
    assert accepted.extension == KINDS[media_type].extension
    assert accepted.size == path.stat().st_size
    assert accepted.original_name == name
    assert not [note for note in accepted.notes if note == "renamed-extension"]
    if media_type.startswith("image/") and media_type != "image/svg+xml":
        assert (accepted.width, accepted.height) == (40, 24)
    assert path.read_bytes() == make()


def test_every_accepted_kind_has_a_sound_example() -> None:
    assert {media_type for _, _, media_type in samples.SOUND} == ANYTHING


def test_the_content_decides_and_the_name_is_noted() -> None:
    accepted = inspect(io.BytesIO(samples.png()), "../../etc/ph\u202eoto.jpg")
    assert accepted.media_type == "image/png"
    assert accepted.name == "photo.jpg"
    assert accepted.original_name == "../../etc/ph\u202eoto.jpg"
    assert set(accepted.notes) == {"renamed-extension", "name:path", "name:bidi"}


def test_a_door_takes_only_its_kinds() -> None:
    policy = Policy().only(IMAGES)
    for name, make, media_type in samples.SOUND:
        if media_type not in IMAGES:
            with pytest.raises(TypeNotAllowed):
                inspect(io.BytesIO(make()), name, policy)
    with pytest.raises(TypeNotAllowed):
        inspect(io.BytesIO(samples.svg()), "a.svg", Policy().only(DOCUMENTS))


def test_size_is_judged_before_content() -> None:
    with pytest.raises(FileTooLarge):
        inspect(io.BytesIO(bytes(101)), "a.bin", Policy(max_bytes=100))
    with pytest.raises(FileTooLarge):
        inspect(io.BytesIO(b'{"a": 1}'), "a.json", Policy(max_document_bytes=5))


def test_links_folders_and_pipes_are_no_files(tmp_path: Path) -> None:
    import os

    (tmp_path / "real.txt").write_text("text")
    (tmp_path / "link.txt").symlink_to(tmp_path / "real.txt")
    os.mkfifo(tmp_path / "pipe.txt")
    for name in ("link.txt", "pipe.txt", ".", "missing.txt"):
        with pytest.raises(NotRegularFile):
            inspect(tmp_path / name, "a.txt")


def test_a_decoder_that_needs_too_much_is_stopped() -> None:
    picture = samples.png(6000, 6000, interlace=True)
    with pytest.raises(DecodeLimit):
        inspect(io.BytesIO(picture), "a.png", Policy(decode=SandboxLimits(memory=200 * 1024**2)))
    with pytest.raises(DecodeLimit):
        inspect(io.BytesIO(picture), "a.png", Policy(decode=SandboxLimits(wall_seconds=0.02)))


def test_a_picture_that_must_be_held_whole_is_held_in_memory() -> None:
    """The library would turn to a temporary file, which it may not write."""
    content = samples.png(7000, 6000, interlace=True)
    assert inspect(io.BytesIO(content), "a.png").width == 7000


def test_orientation_turns_the_size() -> None:
    turned = samples.jpeg()
    block = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    turned = turned[:2] + b"\xff\xe1" + (len(block) + 2).to_bytes(2, "big") + block + turned[2:]
    accepted = inspect(io.BytesIO(turned), "a.jpg")
    assert (accepted.width, accepted.height, accepted.orientation) == (24, 40, 6)


def test_an_open_file_is_left_open() -> None:
    file = io.BytesIO(samples.plain_zip())
    assert inspect(file, "a.zip").entries == 2
    assert not file.closed
    file = io.BytesIO(b"a,b\n1,2\n")
    inspect(file, "a.csv")
    assert not file.closed


def test_svg_is_rebuilt_or_refused() -> None:
    evil = samples.svg(
        b'<script>alert(1)</script><rect onclick="alert(1)" fill="url(http://example.org/x)" width="3"/>'
        b'<a xlink:href="javascript:alert(1)"><text>safe</text></a><foreignObject><p>x</p></foreignObject>'
        b'<image href="http://example.org/track.png"/><image href="data:image/svg+xml;base64,AAAA"/>'
        b'<style>@import url(http://example.org/x.css)</style><use href="http://example.org/x.svg#a"/>'
        b'<rect style="fill: red; background: url(x); stroke: url(#g)"/><set attributeName="href" to="javascript:x"/>'
    )
    accepted = inspect(io.BytesIO(evil), "a.svg")
    assert accepted.sanitised is not None
    for bad in (
        b"script",
        b"onclick",
        b"example.org",
        b"foreignObject",
        b"<style",
        b"@import",
        b"svg+xml",
        b"<set",
    ):
        assert bad not in accepted.sanitised
    for good in (b"safe", b'width="3"', b"fill: red; stroke: url(#g)"):
        assert good in accepted.sanitised
    assert {"removed:script", "removed:@onclick", "removed:foreignObject"} <= set(accepted.notes)
    with pytest.raises(Refused) as refused:
        inspect(io.BytesIO(evil), "a.svg", Policy(svg="refuse"))
    assert refused.value.code == "intake.active-content"
    again = inspect(io.BytesIO(accepted.sanitised), "a.svg", Policy(svg="refuse"))
    assert again.sanitised == accepted.sanitised


def test_a_drawing_may_name_its_grammar_but_declare_nothing() -> None:
    named = b'<?xml version="1.0"?><!-- made by hand --><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/g.dtd">'
    accepted = inspect(io.BytesIO(named + samples.svg()), "a.svg")
    assert accepted.sanitised is not None
    assert b"DOCTYPE" not in accepted.sanitised
    assert b"<svg" in accepted.sanitised
    declares = named.replace(b'"http://www.w3.org/g.dtd">', b'"x" [<!ENTITY e "x">]>')
    with pytest.raises(Refused) as refused:
        inspect(io.BytesIO(declares + samples.svg()), "a.svg")
    assert refused.value.code == "intake.xml-doctype"


@pytest.mark.parametrize(
    ("name", "content", "media_type"),
    [
        ("note.md", b"<!-- a comment -->\n# Title\n", "text/markdown"),
        ("note.txt", b"<unclear> text\n", "text/plain"),
        ("list.csv", b'title,note\nA,6" nails "big"\n"x" y,z\n', "text/csv"),
        ("list.csv", "\ufefftitle;year\nA;1\n".encode(), "text/csv"),
        ("open.gif", samples.gif()[:-1], "image/gif"),
        ("sub.srt", b"\xef\xbb\xbf1\r\n00:00:01,000 --> 00:00:02,000\r\nx\r\n", "application/x-subrip"),
    ],
)
def test_what_is_untidy_but_harmless_passes(name: str, content: bytes, media_type: str) -> None:
    assert inspect(io.BytesIO(content), name).media_type == media_type


def test_a_long_animation_of_little_change_passes() -> None:
    import pyvips

    frames, side = 8, 400
    strip = (pyvips.Image.black(side, side * frames, bands=3) + 9).cast("uchar").copy(interpretation="srgb")
    for number in range(frames):
        strip = strip.draw_rect([255, number, 0], 1, number * side + number, 3, 3, fill=True)
    strip = strip.copy()
    strip.set_type(pyvips.GValue.gint_type, "page-height", side)
    content = strip.gifsave_buffer()
    policy = Policy(expansion_from=1024**2)
    assert frames * side * side * 4 > max(policy.expansion_from, policy.max_expansion * len(content))
    assert inspect(io.BytesIO(content), "a.gif", policy).frames == frames


def test_html_is_sanitised_only_where_it_is_wanted() -> None:
    page = b'<!doctype html><html><body><h1 lang="lo">A</h1><p onclick="x">B<script>x</script><a href="javascript:x">C</a></body>'
    policy = Policy(media_types=frozenset({"text/html"}), html="sanitise")
    accepted = inspect(io.BytesIO(page), "a.html", policy)
    assert accepted.sanitised is not None
    assert b'<h1 lang="lo">A</h1>' in accepted.sanitised
    for bad in (b"script", b"onclick", b"javascript"):
        assert bad not in accepted.sanitised
