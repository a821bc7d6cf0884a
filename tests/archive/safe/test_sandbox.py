"""The runner of helper programs: each limit is met and told apart."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from heirloom.archive.sandbox import (
    SandboxCpu,
    SandboxCrash,
    SandboxExit,
    SandboxFailure,
    SandboxFileSize,
    SandboxLimits,
    SandboxOutput,
    SandboxTimeout,
    run_limited,
)


def run(code: str, **limits: float) -> bytes:
    chosen = SandboxLimits(**{"wall_seconds": 10.0, **limits})  # type: ignore[arg-type]
    return run_limited([sys.executable, "-I", "-S", "-c", code], chosen).stdout


def test_a_program_that_ends_well_gives_its_output() -> None:
    assert run("import sys; print('ສະບາຍດີ'); print(sys.stdin.read() == '')").decode().split() == [
        "ສະບາຍດີ",
        "True",
    ]


def test_nothing_of_our_environment_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEIRLOOM_SECRET_KEY", "secret")
    assert b"secret" not in run("import os; print(dict(os.environ))")


@pytest.mark.parametrize(
    ("code", "limits", "failure"),
    [
        ("while True: pass", {"cpu_seconds": 1}, SandboxCpu),
        ("import time; time.sleep(60)", {"wall_seconds": 0.3}, SandboxTimeout),
        ("import os, time; os.close(1); os.close(2); time.sleep(60)", {"wall_seconds": 0.3}, SandboxTimeout),
        ("while True: print('x' * 10000)", {"output_bytes": 100_000}, SandboxOutput),
        ("x = bytearray(10**9)", {"memory": 200 * 1024**2}, SandboxExit),
        ("import os; os.kill(os.getpid(), 11)", {}, SandboxCrash),
        ("raise SystemExit(7)", {}, SandboxExit),
        (
            "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_DFL)\nopen('f', 'wb').write(bytes(99999))",
            {"file_bytes": 1000},
            SandboxFileSize,
        ),
    ],
)
def test_each_limit_has_its_own_failure(
    code: str,
    limits: dict[str, float],
    failure: type[SandboxFailure],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SandboxFailure) as raised:
        run(code, **limits)
    assert type(raised.value) is failure
    if code.startswith("raise"):
        assert raised.value.exit_code == 7


def test_what_it_started_dies_with_it(tmp_path: Path) -> None:
    code = (
        "import os, sys, time\n"
        "child = os.fork()\n"
        "if not child: time.sleep(60)\n"
        "print(child); sys.stdout.flush(); time.sleep(60)"
    )
    started = time.monotonic()
    with pytest.raises(SandboxTimeout):
        run(
            f"import sys; sys.stdout = open({str(tmp_path / 'pid')!r}, 'w')\n{code}",
            wall_seconds=0.5,
            file_bytes=100,
        )
    assert time.monotonic() - started < 5
    child = int((tmp_path / "pid").read_text())
    for _ in range(100):
        state = Path(f"/proc/{child}/stat")
        if not state.exists() or state.read_text().split()[2] == "Z":
            break
        time.sleep(0.02)
    else:
        os.kill(child, 9)
        pytest.fail("a grandchild lived on")


def test_no_limit_leaks_to_us() -> None:
    import resource

    before = resource.getrlimit(resource.RLIMIT_AS), resource.getrlimit(resource.RLIMIT_FSIZE)
    run("pass", memory=300 * 1024**2)
    assert (resource.getrlimit(resource.RLIMIT_AS), resource.getrlimit(resource.RLIMIT_FSIZE)) == before
