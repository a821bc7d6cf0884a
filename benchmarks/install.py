"""The wheel by itself, then from an empty clone to the served page, and what the installation then holds in memory: ``python -m benchmarks.install``.

The repository's commit is cloned into a new folder, ``make demo`` runs there with nothing of this environment, and the front page is asked for
until it comes. CPU seconds are the kernel's accounting of all processes (``wait4``, after they have ended in good order); the peak is the
largest sum of proportional set sizes (PSS) seen, looked at twice a second. The idle memory is the PSS of server and worker once nobody asks for
anything and no job waits. Needs Linux, and a package index that uv can reach.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from benchmarks.pages import line, tests

REPOSITORY = Path(__file__).resolve().parent.parent
IDLE = 200
PATIENCE = 1200.0
REST = 20.0
FOREIGN = ("HEIRLOOM_", "DJANGO_", "PYTHON", "VIRTUAL_ENV", "MAKE", "MFLAGS")


def family(pid: int) -> list[int]:
    """The process *pid* and all that it and its descendants started."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found, waiting = [], [pid]
    while waiting:
        found.append(waiting.pop())
        waiting += parents.get(found[-1], [])
    return found


def pss(pids: list[int]) -> dict[int, int]:
    """Proportional set size of each process, in kB; 0 for one that has ended."""
    sizes = {}
    for pid in pids:
        sizes[pid] = 0
        with contextlib.suppress(OSError):
            for row in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if row.startswith("Pss:"):
                    sizes[pid] = int(row.split()[1])
    return sizes


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def answered(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=10) as page:
            return page.status == 200 and b"</html>" in page.read()
    except (urllib.error.URLError, OSError):
        return False


def command_of(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    return ""


def at_rest(pid: int) -> dict[int, int]:
    """Wait until the family has used next to no processor time for a while; return what each process holds then."""

    def ticks() -> int:
        total = 0
        for one in family(pid):
            with contextlib.suppress(OSError):
                fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
                total += int(fields[11]) + int(fields[12])
        return total

    until = time.monotonic() + PATIENCE
    before = ticks()
    while time.monotonic() < until:
        time.sleep(REST)
        now = ticks()
        if now - before < os.sysconf("SC_CLK_TCK"):  # less than one second of it
            break
        before = now
    return pss(family(pid))


def serve_from_clone(folder: Path) -> tuple[bool, float, int, float, dict[str, int]]:
    """Clone, ``make demo``, ask for the page, rest, end; return whether it came, CPU s, peak kB, wall s to the page, and idle kB by process."""
    clone = folder / "clone"
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", REPOSITORY, clone], check=True)
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    python = getattr(sys, "_base_executable", sys.executable)
    started = time.monotonic()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            ["make", "demo", f"PYTHON={python}", f"DEMO_FLAGS=--port {port}"],
            cwd=clone,
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    peak = 0
    came = False
    idle: dict[str, int] = {}
    usage = None
    while time.monotonic() - started < PATIENCE:
        ended, _, used = os.wait4(process.pid, os.WNOHANG)
        if ended:
            usage = used
            break
        peak = max(peak, sum(pss(family(process.pid)).values()))
        if came := answered(f"http://127.0.0.1:{port}/"):
            break
        time.sleep(0.5)
    wall = time.monotonic() - started
    if usage is None:
        if came:
            idle = {
                f"{pid} {command_of(pid)[:90]}": size for pid, size in at_rest(process.pid).items() if size
            }
        # The server is told, not the group: make and the shell wait for it, and so count what it used.
        over = [pid for pid in family(process.pid) if "-m heirloom.operate.stand" in command_of(pid)]
        if over:
            os.kill(over[0], signal.SIGTERM)
        else:
            os.killpg(process.pid, signal.SIGTERM)
        _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    if not came:
        print((folder / "log").read_text(errors="replace")[-3000:], file=sys.stderr)
    return came, usage.ru_utime + usage.ru_stime, peak, wall, idle


def main() -> int:
    line("foundation.8a wheel-in-an-empty-environment", tests("tests/wheel", "-m", "wheel"))
    if not Path("/proc/self/smaps_rollup").exists():
        for bar in ("8b make-demo-from-a-clone", "8c idle-memory"):
            print(f"foundation.{bar} skipped: needs Linux's /proc/PID/smaps_rollup")
        return 0
    with tempfile.TemporaryDirectory(prefix="heirloom-clone-", ignore_cleanup_errors=True) as name:
        came, cpu, peak, wall, idle = serve_from_clone(Path(name))
    print(
        f"foundation.8b make-demo-from-a-clone {cpu:.0f} CPU s, {peak / 1024:.0f} MB at most, {wall:.0f} s to the page "
        f"{'ok' if came else 'short'}"
    )
    total = sum(idle.values()) / 1024
    served = [name for name in idle if "operate.stand" in name or "multiprocessing" in name]
    worker = [name for name in idle if "heirloom.cli work" in name]
    for name, size in idle.items():
        print(f"{size / 1024:.1f} MB {name}", file=sys.stderr)
    holds = bool(served and worker) and 0 < total <= IDLE
    print(
        f"foundation.8c idle-memory {total:.0f} MB in {len(idle)} processes <={IDLE} {'ok' if holds else 'short'}"
    )
    return 0 if came and holds else 1


if __name__ == "__main__":
    sys.exit(main())
