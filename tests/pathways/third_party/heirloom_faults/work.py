"""What the methods of this pathway do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from heirloom.errors import gettext_noop
from heirloom.pathways.context import OUTPUTS, Context
from heirloom.pathways.errors import MethodRefused


class NotThisOne(MethodRefused):
    code = "faults.not-this-one"
    message = gettext_noop("Not {what}.")


def _amount(context: Context) -> float:
    amount = context.params["amount"]
    assert isinstance(amount, float)
    return amount


def _burn(seconds: float) -> None:
    until = time.process_time() + seconds
    while time.process_time() < until:
        sum(range(1000))


def burn(context: Context) -> None:
    _burn(_amount(context))
    context.write_json("result.json", 1)


def burn_in_children(context: Context) -> None:
    code = f"import time\nwhile time.process_time() < {_amount(context)}: pass"
    for _ in range(2):
        subprocess.run([sys.executable, "-I", "-S", "-c", code], check=True)
    context.write_json("result.json", 1)


def sleep(context: Context) -> None:
    until = time.monotonic() + _amount(context)
    while time.monotonic() < until:
        context.check_cancelled()
        context.progress(0.5)
        time.sleep(0.02)
    context.write_json("result.json", 1)


def deaf(context: Context) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    context.progress(0.5)
    time.sleep(_amount(context))
    context.write_json("result.json", 1)


def hungry(context: Context) -> None:
    block = bytearray(int(_amount(context)))
    context.write_json("result.json", len(block))


def big_file(context: Context) -> None:
    context.write("result.json", b"1" * int(_amount(context)))


def raises(context: Context) -> None:
    raise ZeroDivisionError(f"in {context.scratch}")


def refuses(context: Context) -> None:
    raise NotThisOne(what="a cat")


def leaves(context: Context) -> None:
    os._exit(3)


def makes_nothing(context: Context) -> None:
    context.progress(1.0)


def makes_more(context: Context) -> None:
    context.write_json("result.json", 1)
    (context.scratch / OUTPUTS / "more.txt").write_text("more")


def makes_a_link(context: Context) -> None:
    (context.scratch / OUTPUTS / "result.json").symlink_to("/etc/hostname")


def climbs_out(context: Context) -> None:
    context.write("../result.json", b"1")


def environment(context: Context) -> None:
    context.write_json("result.json", dict(os.environ))


def prints_paths(context: Context) -> None:
    (file,) = context.files("files")
    sys.stdout.write(f"reading {file.path} in {context.scratch} by {__file__}\n")
    context.log("done")
    context.write_json("result.json", 1)


def leaves_a_child(context: Context) -> None:
    child = subprocess.Popen([sys.executable, "-I", "-S", "-c", "import time; time.sleep(60)"])
    context.write_json("result.json", child.pid)


def many_steps(context: Context) -> None:
    for number in range(20):

        def make(folder: Path, number: int = number) -> int:
            (folder / "file.bin").write_bytes(bytes([number]) * 1000)
            time.sleep(0.002)
            return number

        step = context.step(f"step-{number}", make)
        assert (step.folder / "file.bin").read_bytes() == bytes([step.value]) * 1000
    context.write_json("result.json", [record.name for record in context.steps])


def different_each_time(context: Context) -> None:
    context.write("result.json", f"{time.time_ns()}")


def device(context: Context) -> None:
    context.device = "Abacus 3000"
    context.write_json("result.json", 1)


def draws(context: Context) -> None:
    numbers = {purpose: context.random(purpose, 1).integers(0, 1000, 5).tolist() for purpose in ("a", "b")}
    assert context.random("a", 1).integers(0, 1000, 5).tolist() == numbers["a"]
    context.write_json("result.json", numbers)
