"""Running methods: what they are charged, how they are stopped, what a kill leaves, what gets out."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from heirloom.pathways import errors, registry
from heirloom.pathways.context import Fault
from heirloom.pathways.execute import (
    InputFile,
    Limits,
    Progress,
    discard,
    execute,
    media_type_of,
    output_folder,
)
from heirloom.pathways.record import RunRecord

pytestmark = pytest.mark.usefixtures("third_party")


def run(
    name: str, scratch: Path, amount: float = 1.0, files: Sequence[Path | InputFile] = (), **more: object
) -> RunRecord:
    inputs = {"files": files} if files else {}
    return execute(f"faults.{name}", inputs, {"amount": amount}, scratch=scratch, **more)  # type: ignore[arg-type]


def code_of(record: RunRecord) -> str:
    assert record.failure is not None, record
    return record.failure.code


def result_of(scratch: Path) -> object:
    return json.loads((output_folder(scratch) / "result.json").read_text("utf-8"))


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()


# --- cost -------------------------------------------------------------------------------------------------


def test_cpu_is_what_the_method_burned(tmp_path: Path) -> None:
    record = run("burn", tmp_path, 0.6)
    assert 0.6 <= record.cost.cpu_seconds <= 1.2
    assert record.cost.wall_seconds >= 0.6
    assert record.cost.attempts == 1


def test_a_methods_children_are_charged_to_it(tmp_path: Path) -> None:
    record = run("burn_in_children".replace("_", "-"), tmp_path, 0.4)
    assert record.cost.cpu_seconds >= 0.8


def test_memory_is_the_methods_own_and_not_the_callers(tmp_path: Path) -> None:
    """A child forked from a large process starts with that process's peak on its account; ours must not."""
    ballast = bytearray(os.urandom(1)) * 300_000_000
    small = run("burn", tmp_path / "small", 0.0)
    large = run("hungry", tmp_path / "large", 150e6)
    assert len(ballast) == 300_000_000
    assert 5_000_000 < small.cost.peak_memory_bytes < 100_000_000
    assert 150_000_000 < large.cost.peak_memory_bytes < 250_000_000


def test_bytes_and_device_are_recorded(tmp_path: Path) -> None:
    (tmp_path / "in.bin").write_bytes(b"x" * 1234)
    record = run("device", tmp_path / "run", files=[tmp_path / "in.bin"])
    assert record.cost.bytes_in == 1234
    assert record.cost.bytes_out == 2
    assert "cores" in record.cost.device
    assert record.cost.device.endswith("; Abacus 3000")


# --- limits and stopping ----------------------------------------------------------------------------------


def test_cancel_is_heard(tmp_path: Path) -> None:
    seen: list[Progress] = []
    started = time.monotonic()
    record = run("sleep", tmp_path, 60, on_progress=seen.append, cancelled=lambda: bool(seen))
    assert record.status == "cancelled"
    assert code_of(record) == "pathways.run.cancelled"
    assert time.monotonic() - started < 10
    assert record.outputs == ()
    assert record.cost.cpu_seconds > 0


def test_a_method_deaf_to_cancel_is_killed_after_the_grace_time(tmp_path: Path) -> None:
    seen: list[Progress] = []
    started = time.monotonic()
    record = run(
        "deaf",
        tmp_path,
        60,
        on_progress=seen.append,
        cancelled=lambda: bool(seen),
        limits=Limits(grace_seconds=0.3),
    )
    assert record.status == "cancelled"
    assert time.monotonic() - started < 10


@pytest.mark.parametrize(
    ("name", "amount", "limits", "code"),
    [
        ("sleep", 60, Limits(wall_seconds=0.5), "pathways.run.out-of-time"),
        ("burn", 60, Limits(cpu_seconds=1), "pathways.run.out-of-time"),
        ("hungry", 900e6, Limits(memory_bytes=300_000_000), "pathways.run.out-of-memory"),
        ("big-file", 3e6, Limits(file_bytes=1_000_000), "pathways.run.output-too-large"),
    ],
)
def test_limits_end_a_run_with_their_own_code(
    name: str, amount: float, limits: Limits, code: str, tmp_path: Path
) -> None:
    record = run(name, tmp_path, amount, limits=limits)
    assert record.status == "failed"
    assert code_of(record) == code
    assert record.outputs == ()
    assert list(output_folder(tmp_path).iterdir()) == [], "nothing half-written may be visible"


def test_within_its_limits_a_run_is_not_hindered(tmp_path: Path) -> None:
    limits = Limits(cpu_seconds=20, wall_seconds=60, memory_bytes=500_000_000, file_bytes=1_000_000)
    assert run("burn", tmp_path, 0.01, limits=limits).status == "done"


def test_a_child_left_behind_ends_with_the_run(tmp_path: Path) -> None:
    record = run("leaves-a-child", tmp_path)
    assert record.status == "done"
    pid = result_of(tmp_path)
    assert isinstance(pid, int)
    assert not alive(pid)


def test_an_error_in_the_callers_own_callback_ends_the_run(tmp_path: Path) -> None:
    def fail(_: Progress) -> None:
        raise LookupError("mine")

    started = time.monotonic()
    with pytest.raises(LookupError, match="mine"):
        run("sleep", tmp_path, 60, on_progress=fail)
    assert time.monotonic() - started < 10


# --- failing ----------------------------------------------------------------------------------------------


def test_a_methods_failure_is_a_coded_error_with_a_log_but_no_paths(tmp_path: Path) -> None:
    record = run("raises", tmp_path)
    assert code_of(record) == "pathways.run.failed"
    assert record.failure is not None
    assert record.failure.text() == "The method failed (ZeroDivisionError). The log says more."
    assert record.failure.kept
    assert "ZeroDivisionError: in <run>" in record.log_tail
    assert str(tmp_path) not in record.log_tail


def test_a_methods_refusal_keeps_its_own_code_and_words(tmp_path: Path) -> None:
    record = run("refuses", tmp_path)
    assert code_of(record) == "faults.not-this-one"
    assert record.failure is not None
    assert record.failure.text(lambda template: template.replace("Not", "Nicht")) == "Nicht a cat."


@pytest.mark.parametrize("name", ["leaves", "makes-nothing", "makes-more", "makes-a-link", "climbs-out"])
def test_a_run_whose_files_are_not_as_declared_has_failed(name: str, tmp_path: Path) -> None:
    record = run(name, tmp_path / "run")
    assert record.status == "failed"
    assert record.outputs == ()
    expected = {"leaves": "pathways.run.failed", "climbs-out": "pathways.run.undeclared-output"}
    assert code_of(record) == expected.get(name, "pathways.run.outputs")
    assert not (tmp_path / "run" / "result.json").exists()


def test_secrets_of_the_caller_stay_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://hunter2")
    monkeypatch.setenv("HEIRLOOM_SECRET_KEY", "hunter2")
    assert run("environment", tmp_path).status == "done"
    told = result_of(tmp_path)
    assert isinstance(told, dict)
    assert "hunter2" not in json.dumps(told)
    assert told["OMP_NUM_THREADS"] == "1"
    assert told["TZ"] == "UTC"
    assert told["TMPDIR"].startswith(str(tmp_path))


def test_a_log_tells_no_paths(tmp_path: Path) -> None:
    file = tmp_path / "secret-folder" / "photo.txt"
    file.parent.mkdir()
    file.write_text("x")
    record = run("prints-paths", tmp_path / "run", files=[file])
    assert "reading <input>/photo.txt in <run>" in record.log_tail
    assert record.log_tail.endswith("done\n")
    assert "secret-folder" not in json.dumps(record.to_json())
    assert str(tmp_path) not in json.dumps(record.to_json())


# --- going on ---------------------------------------------------------------------------------------------


def test_a_killed_run_goes_on_and_is_charged_for_both_attempts(tmp_path: Path) -> None:
    broken = run("many-steps", tmp_path, fault=Fault("step-7"))
    assert code_of(broken) == "pathways.run.killed"
    record = run("many-steps", tmp_path)
    assert record.status == "done"
    assert [step.reused for step in record.steps] == [True] * 7 + [False] * 13
    assert record.id == broken.id
    assert record.started == broken.started
    assert record.cost.attempts == 2
    assert record.cost.cpu_seconds > broken.cost.cpu_seconds


def test_another_request_in_the_same_folder_starts_afresh(tmp_path: Path) -> None:
    broken = run("many-steps", tmp_path, fault=Fault("step-7"))
    record = run("many-steps", tmp_path, amount=2.0)
    assert record.id != broken.id
    assert not any(step.reused for step in record.steps)
    assert record.cost.attempts == 1


def test_a_step_whose_file_is_gone_or_cut_is_done_again(tmp_path: Path) -> None:
    run("many-steps", tmp_path, fault=Fault("step-7"))
    (tmp_path / "work" / "step-2" / "file.bin").unlink()
    (tmp_path / "work" / "step-3" / "file.bin").write_bytes(b"cut")
    record = run("many-steps", tmp_path)
    assert record.status == "done"
    assert [i for i, step in enumerate(record.steps[:7]) if not step.reused] == [2, 3]


def test_a_finished_run_gives_its_record_again_unless_its_files_rotted(tmp_path: Path) -> None:
    first = run("many-steps", tmp_path)
    assert run("many-steps", tmp_path) == first
    (output_folder(tmp_path) / "result.json").write_text("rot")
    mended = run("many-steps", tmp_path)
    assert [o.sha512 for o in mended.outputs] == [o.sha512 for o in first.outputs]
    assert not any(step.reused for step in mended.steps), "what stood beside rotten files is not trusted"


def test_torn_bookkeeping_is_survived(tmp_path: Path) -> None:
    run("many-steps", tmp_path, fault=Fault("step-7"))
    with (tmp_path / "attempts.jsonl").open("a") as stream:
        stream.write('{"event": "star')
    (tmp_path / "steps" / "step-1.json").write_text("{")
    record = run("many-steps", tmp_path)
    assert record.status == "done"
    assert record.cost.attempts == 2


_CALLER = """
import sys
from pathlib import Path
from heirloom.pathways.execute import execute
execute(sys.argv[1], {}, {"amount": 60}, scratch=Path(sys.argv[2]),
        on_progress=lambda p: print("going", flush=True))
"""


def _orphan(scratch: Path, method: str) -> subprocess.Popen[bytes]:
    """A caller in a process of its own, killed with SIGKILL once the method runs."""
    caller = subprocess.Popen([sys.executable, "-c", _CALLER, method, str(scratch)], stdout=subprocess.PIPE)
    assert caller.stdout is not None
    assert caller.stdout.readline() == b"going\n"
    caller.kill()
    caller.wait()
    caller.stdout.close()
    return caller


def _wait(condition: object, seconds: float = 10.0) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():  # type: ignore[operator]
            return
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")


@pytest.mark.parametrize("method", ["faults.sleep", "faults.deaf"])
def test_when_the_caller_is_killed_the_method_ends_and_its_cost_is_kept(method: str, tmp_path: Path) -> None:
    _orphan(tmp_path, method)
    attempts = tmp_path / "attempts.jsonl"
    _wait(lambda: '"orphaned"' in attempts.read_text())
    lines = [json.loads(line) for line in attempts.read_text().splitlines() if line]
    assert lines[-1]["event"] == "ended"
    assert lines[-1]["exit"] == -signal.SIGKILL
    assert lines[-1]["user"] > 0


def test_after_the_caller_was_killed_another_takes_the_run_up(tmp_path: Path) -> None:
    _orphan(tmp_path, "faults.sleep")
    # At once, while the first attempt may still be dying: the lock makes this wait, not collide.
    record = execute(
        "faults.sleep", {}, {"amount": 60}, scratch=tmp_path, limits=Limits(wall_seconds=1.0), agent="second"
    )
    assert code_of(record) == "pathways.run.out-of-time"
    assert record.cost.attempts == 2
    assert record.cost.unmeasured_attempts == 0


def test_two_callers_cannot_work_in_one_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("heirloom.pathways.execute._LOCK_SECONDS", 0.2)
    going, stop = threading.Event(), threading.Event()
    ended: list[RunRecord] = []

    def first() -> None:
        ended.append(run("sleep", tmp_path, 60, on_progress=lambda _: going.set(), cancelled=stop.is_set))

    thread = threading.Thread(target=first)
    thread.start()
    try:
        assert going.wait(20)
        with pytest.raises(errors.RunBusy):
            run("sleep", tmp_path, 60)
    finally:
        stop.set()
        thread.join(30)
    assert [record.status for record in ended] == ["cancelled"]


@pytest.mark.drill
@pytest.mark.slow
def test_killed_at_any_instant_and_started_again_it_gives_the_same_bytes(tmp_path: Path) -> None:
    """100 kills of the method's process at random instants, each run taken up again until it ends."""
    draw = random.Random(20261123)
    whole = run("many-steps", tmp_path / "whole")
    wanted = [output.sha512 for output in whole.outputs]
    kills = rounds = 0
    while kills < 100:
        rounds += 1
        assert rounds < 400, f"only {kills} kills met a running method"
        scratch = tmp_path / f"run-{rounds}"
        record = None
        while record is None or record.status != "done":
            stop = threading.Event()
            killer = threading.Thread(target=_kill_soon, args=(scratch, draw.uniform(0.05, 0.4), stop))
            killer.start()
            record = run("many-steps", scratch)
            stop.set()
            killer.join()
            if record.status != "done":
                assert code_of(record) == "pathways.run.killed"
                assert record.outputs == ()
                kills += 1
        assert [output.sha512 for output in record.outputs] == wanted
        assert record.cost.unmeasured_attempts == 0
        assert not list(output_folder(scratch).rglob("*.part"))


@pytest.mark.drill
@pytest.mark.parametrize("room", [4, 16, 28, 40, 52, 64, 80, 96, 112, 124, 140])
def test_on_a_full_disk_a_run_says_so_and_ends_well_once_there_is_room(room: int, tmp_path: Path) -> None:
    """A disk of *room* kB: nothing half-made counts, and with room the same folder gives the same bytes."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={room}k", "tmpfs", str(disk)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("this user may not mount a small tmpfs")
    try:
        wanted = [output.sha512 for output in run("many-steps", tmp_path / "whole").outputs]
        try:
            record = run("many-steps", disk / "run")
            assert code_of(record) == "pathways.run.disk-full", record.log_tail
            assert record.outputs == ()
        except errors.DiskFull:
            pass
        subprocess.run(["mount", "-o", "remount,size=8m", str(disk)], check=True)
        record = run("many-steps", disk / "run")
        assert record.status == "done", record.log_tail
        assert [output.sha512 for output in record.outputs] == wanted
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def _kill_soon(scratch: Path, delay: float, stop: threading.Event) -> None:
    if stop.wait(delay):
        return
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                words = (folder / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"heirloom.pathways.child" in words and str(scratch).encode() in words:
                os.kill(int(folder.name), signal.SIGKILL)


# --- what may begin ---------------------------------------------------------------------------------------


def test_inputs_are_checked_before_anything_runs(tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text("a\n1\n")
    picture = tmp_path / "picture.png"
    picture.write_bytes(b"x")
    scratch = tmp_path / "run"
    cases: list[tuple[dict[str, list[Path | InputFile]], type[errors.InputError]]] = [
        ({}, errors.InputTooFew),
        ({"records": [table, InputFile(table, "again.csv")]}, errors.InputTooMany),
        ({"records": [table], "songs": [table]}, errors.InputUnknown),
        ({"records": [picture]}, errors.InputMediaType),
        ({"records": [tmp_path / "gone.csv"]}, errors.InputMissing),
        ({"records": [tmp_path]}, errors.InputMediaType),
    ]
    for inputs, error in cases:
        with pytest.raises(error):
            execute("diversity.coverage", inputs, scratch=scratch)
    with pytest.raises(errors.InputRepeated):
        run("burn", scratch, files=[table, InputFile(picture, "table.csv")])
    with pytest.raises(errors.InvalidParams):
        execute("diversity.coverage", {"records": [table]}, {"confidence": 2}, scratch=scratch)
    with pytest.raises(errors.UnknownMethod):
        execute("no.method", {}, scratch=scratch)
    assert not scratch.exists()


def test_a_missing_module_is_said_before_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(registry.method("faults.burn")), "missing_modules", lambda _: ("onnxruntime",))
    with pytest.raises(errors.MissingModule, match="onnxruntime"):
        run("burn", tmp_path)


def test_a_known_digest_spares_reading_the_file(tmp_path: Path) -> None:
    file = tmp_path / "a.bin"
    file.write_bytes(b"x")
    record = run("burn", tmp_path / "run", 0, files=[InputFile(file, sha512="ab" * 64)])
    assert record.inputs[0].sha512 == "ab" * 64


def test_random_streams_belong_to_their_purpose(tmp_path: Path) -> None:
    run("draws", tmp_path)
    drawn = result_of(tmp_path)
    assert isinstance(drawn, dict)
    assert drawn["a"] != drawn["b"]


def test_names_speak_for_media_types() -> None:
    assert media_type_of("a.JSONL") == "application/jsonl"
    assert media_type_of("scan.tif") == "image/tiff"
    assert media_type_of("model.onnx") == "application/x-onnx"
    assert media_type_of("what") == "application/octet-stream"


def test_discard_leaves_nothing(tmp_path: Path) -> None:
    run("burn", tmp_path / "run", 0)
    discard(tmp_path / "run")
    assert not (tmp_path / "run").exists()
