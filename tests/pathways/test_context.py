"""What a method is given, tried without a process around it."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from heirloom.pathways import Input, Method, Output, errors
from heirloom.pathways.context import Context, InputFile
from heirloom.pathways.message import Message

METHOD = Method(
    name="m",
    title="M",
    summary="M",
    version="1",
    run="a.b:c",
    inputs=(Input("photos", "Photos", maximum=None), Input("lights", "Lights", minimum=0)),
    outputs=(
        Output("report.json", "Report", "application/json", "report"),
        Output("tiles", "Tiles", "image/png", "tiles", many=True),
    ),
)


@pytest.fixture
def context(tmp_path: Path) -> Context:
    photos = [InputFile(tmp_path / "a.tif", "left/a.tif"), InputFile(tmp_path / "b.tif")]
    return Context(METHOD, {"seed": 3}, {"photos": photos}, tmp_path / "scratch", io.StringIO())


def test_files_by_name(context: Context, tmp_path: Path) -> None:
    assert [file.name for file in context.files("photos")] == ["left/a.tif", "b.tif"]
    assert context.files("lights") == ()
    with pytest.raises(ValueError):
        context.file("photos")
    with pytest.raises(errors.InputUnknown):
        context.files("songs")


def test_outputs_appear_whole_or_not_at_all(context: Context) -> None:
    folder = context.scratch / "outputs"

    def fail() -> None:
        with context.writing("report.json") as path:
            path.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert list(folder.iterdir()) == []
    context.write("tiles/0/ກ.png", b"png")
    context.write("report.json", "ສະບາຍດີ")
    assert (folder / "tiles" / "0" / "ກ.png").read_bytes() == b"png"
    assert (folder / "report.json").read_text("utf-8") == "ສະບາຍດີ"


@pytest.mark.parametrize(
    "name",
    ["", "other.json", "tiles", "tiles/", "tiles/../report.json", "tiles/./a", "/tiles/a", "tiles/.hidden",
     "tiles/a\0b", "tiles\\a", "tiles/a\\..\\b", "tiles/e\u0301.png", "../tiles/a", "tiles//a"],
)  # fmt: skip
def test_outputs_stay_where_they_are_declared(context: Context, name: str) -> None:
    with pytest.raises(errors.UndeclaredOutput):
        context.write(name, b"")
    assert [path for path in context.scratch.rglob("*") if path.is_file()] == []


def test_results_never_hold_what_json_cannot(context: Context) -> None:
    with pytest.raises(ValueError):
        context.write_json("report.json", {"a": float("nan")})
    with pytest.raises(ValueError):
        context.step("one", lambda _: float("inf"))
    assert not context.done("one")


def test_a_step_returns_the_same_on_both_ways(context: Context, tmp_path: Path) -> None:
    first = context.step("one", lambda _: {"pair": (1, 2), 3: "three"})
    again = Context(METHOD, {}, {}, context.scratch).step("one", lambda _: pytest.fail("done already"))
    assert first.value == again.value == {"pair": [1, 2], "3": "three"}


def test_what_a_step_made_is_given_without_a_copy(context: Context) -> None:
    step = context.step("tile", lambda folder: (folder / "tile.png").write_bytes(b"png"))
    context.give("tiles/0.png", step.folder / "tile.png")
    given = context.scratch / "outputs" / "tiles" / "0.png"
    assert given.read_bytes() == b"png"
    assert given.stat().st_ino == (step.folder / "tile.png").stat().st_ino


def test_outputs_are_not_written_inside_steps(context: Context) -> None:
    with pytest.raises(RuntimeError, match="inside a step"):
        context.step("one", lambda _: context.write("report.json", b"{}"))
    context.write("report.json", b"{}")


def test_step_names(context: Context) -> None:
    for wrong in ("", "Big", "a/b", ".hidden", "../up", "x" * 101):
        with pytest.raises(ValueError):
            context.step(wrong, lambda _: None)
    context.step("one", lambda _: None)
    with pytest.raises(ValueError, match="twice"):
        context.step("one", lambda _: None)


def test_a_step_that_fails_leaves_no_trace(context: Context) -> None:
    def fail(folder: Path) -> None:
        (folder / "half").write_text("half")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        context.step("one", fail)
    again = Context(METHOD, {}, {}, context.scratch)
    assert not again.done("one")
    step = again.step("one", lambda folder: sorted(path.name for path in folder.iterdir()))
    assert step.value == []


def test_cancel_is_seen_at_the_next_look(context: Context) -> None:
    context.check_cancelled()
    context.cancel()
    with pytest.raises(errors.Cancelled):
        context.check_cancelled()
    with pytest.raises(errors.Cancelled):
        context.step("one", lambda _: None)
    with pytest.raises(errors.Cancelled):
        list(context.track([1, 2]))


def test_progress_is_told_as_data(tmp_path: Path) -> None:
    channel = io.StringIO()
    context = Context(METHOD, {}, {}, tmp_path, channel)
    for _ in range(1000):
        context.progress(0.25, Message("Reading"))
    context.progress(7.0)
    lines = [json.loads(line) for line in channel.getvalue().splitlines()]
    assert len(lines) == 2, "reports are few however often a method reports"
    assert lines[0] == {"fraction": 0.25, "message": {"text": "Reading", "params": {}}, "step": ""}
    assert lines[1]["fraction"] == 1.0


def test_random_streams_are_seeded(context: Context, tmp_path: Path) -> None:
    def draw(seed: int, *purpose: str | int) -> list[int]:
        made = Context(METHOD, {"seed": seed}, {}, tmp_path / "other")
        return [int(n) for n in made.random(*purpose).integers(0, 2**31, 4)]

    assert draw(3, "a") == draw(3, "a") == [int(n) for n in context.random("a").integers(0, 2**31, 4)]
    assert len({tuple(draw(3, "a")), tuple(draw(4, "a")), tuple(draw(3, "b")), tuple(draw(3, "a", 1))}) == 4
