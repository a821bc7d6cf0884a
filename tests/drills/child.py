"""The process that a drill starts, and strikes: ``python -m tests.drills.child COMMAND [ACT]``.

``prepare`` makes the starting installation; ``act`` acts; ``judge`` prints what is wrong as a JSON list; ``retry`` judges,
acts again, and judges more strictly: ``{"before": [...], "error": ..., "after": [...]}``; ``die`` acts and dies by its own hand at a
given step (see ``tests.drills.steps``) or prints how many there are; ``snapshot`` prints every row that the
archive can bring back. ``serve`` reads such commands from standard input, line by line, and does each in a new process that is
forked from this one before it has opened anything: so a hundred strikes need one start of Python. It tells ``PID`` at once and
then ``ended STATUS OUTPUT``.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path


def do(command: str, act: str = "", at: str = "0") -> object:
    from tests.drills import acts, judge, rows, steps

    match command:
        case "prepare":
            acts.prepare()
        case "act":
            return _tried(act)
        case "die":
            return steps.dying(int(at), lambda: _tried(act))
        case "lacking":
            return acts.lacking(act)
        case "judge":
            return judge.wrongs()
        case "retry":
            before = judge.wrongs()
            error = _tried(act)
            return {
                "before": before,
                "error": error,
                "after": [*judge.wrongs(settled=True), *acts.lacking(act)],
            }
        case "snapshot":
            return rows.snapshot()
        case _:
            raise ValueError(command)
    return None


def _tried(act: str) -> str:
    """Act; return the error that a person would see, with its code."""
    from tests.drills import acts

    try:
        acts.ACTS[act]()
    except Exception as error:
        return f"{getattr(error, 'code', type(error).__name__)}: {error}"
    return ""


def serve() -> None:
    for line in sys.stdin:
        with tempfile.NamedTemporaryFile(prefix="heirloom-drill-") as out:
            pid = os.fork()
            if pid == 0:
                os.setsid()
                status = 1
                try:
                    Path(out.name).write_text(json.dumps(do(*line.split())))
                    status = 0
                finally:
                    os._exit(status)
            print(pid, flush=True)
            _, status = os.waitpid(pid, 0)
            print(
                "ended", os.waitstatus_to_exitcode(status), Path(out.name).read_text() or "null", flush=True
            )


def main(command: str, act: str = "") -> int:
    os.environ.setdefault("HEIRLOOM_LOG_LEVEL", "ERROR")
    os.environ["DJANGO_SETTINGS_MODULE"] = "heirloom.settings"
    import django

    django.setup()
    from tests.drills import acts, judge, rows, steps  # noqa: F401  the forked ones need not import them again

    if command == "serve":
        serve()
    else:
        print(json.dumps(do(command, act)))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
