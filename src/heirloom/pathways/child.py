"""The program of the process a method runs in: reads the request, runs the method, says how it ended.

``python -P -m heirloom.pathways.child SCRATCH CHANNEL``. The request is ``SCRATCH/request.json``; the ending goes to
``SCRATCH/ending.json``; progress goes line by line to the file descriptor CHANNEL; what the method prints is the log.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

from heirloom.errors import HeirloomError
from heirloom.pathways import errors, registry
from heirloom.pathways.context import Context, Fault, InputFile, write_whole
from heirloom.pathways.record import Failure

DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
# How the process ends where there is no room even to say how it ended.
EXIT_DISK_FULL = errno.ENOSPC


def _failure(error: BaseException) -> Failure:
    if isinstance(error, HeirloomError):
        return Failure.of(error)
    if isinstance(error, MemoryError):
        return Failure.of(errors.OutOfMemory())
    if isinstance(error, OSError) and error.errno == errno.EFBIG:
        return Failure.of(errors.OutputTooLarge())
    if isinstance(error, OSError) and error.errno in DISK_FULL:
        return Failure.of(errors.DiskFull())
    return Failure.of(errors.MethodFailed(error=type(error).__name__))


def _ending(context: Context, error: BaseException | None) -> dict[str, Any]:
    status = "done" if error is None else "cancelled" if isinstance(error, errors.Cancelled) else "failed"
    failure = None
    if error is not None:
        found = _failure(error)
        failure = {
            "code": found.code,
            "message": found.message,
            "kept": found.kept,
            "params": dict(found.params),
        }
    return {
        "status": status,
        "failure": failure,
        "device": context.device,
        "steps": [{"name": s.name, "seconds": s.seconds, "reused": s.reused} for s in context.steps],
    }


def main() -> int:
    scratch, channel = Path(sys.argv[1]), int(sys.argv[2])
    request = json.loads((scratch / "request.json").read_text("utf-8"))
    method = registry.method(request["method"], request["version"])
    inputs = {
        name: [InputFile(Path(f["path"]), f["name"], f["media_type"], f["sha512"]) for f in files]
        for name, files in request["inputs"].items()
    }
    fault = Fault(**request["fault"]) if request["fault"] else None
    with os.fdopen(channel, "w", encoding="utf-8") as stream:
        context = Context(method, method.validate(request["params"]), inputs, scratch, stream, fault)
        signal.signal(signal.SIGTERM, lambda *_: context.cancel())
        problem: BaseException | None = None
        try:
            method.function()(context)
        except (Exception, SystemExit) as error:  # noqa: BLE001 (whatever a method raises becomes the run's ending)
            problem = error
            if not isinstance(error, errors.Cancelled):
                traceback.print_exc()
        try:
            write_whole(scratch / "ending.json", json.dumps(_ending(context, problem)).encode())
        except OSError as error:
            if error.errno in DISK_FULL:
                return EXIT_DISK_FULL
            raise
    return 0 if problem is None else 1


if __name__ == "__main__":
    sys.exit(main())
