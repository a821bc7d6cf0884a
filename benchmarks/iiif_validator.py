"""Run the IIIF Image API 3.0 validator against the image service.

``python -m benchmarks.iiif_validator`` serves the validator's own image and puts every check of ``iiif-validator-ng`` for
the declared level and features to it, and the check of enlarging besides, which the service passes without declaring
it. The validator needs Python 3.12 and libraries of its own, so it gets an environment of its own, made once in the
user's cache. ``--url`` names a running service instead (it must serve the validation image under ``--id``); ``--image``
prints where the validation image lies.

Prints ``foundation.3a iiif-image-3-validator PASSED/ALL pass ok``, or ``skipped`` where there is no Python 3.12 or the
validator cannot be installed.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.iiif_tiles import granian

VALIDATOR = "iiif-validator-ng==0.1.0"
REQUIREMENTS = (VALIDATOR, "pyvips[binary]>=3.1")
VALIDATION_ID = "67352ccc-d1b0-11e1-89ae-279075081939"
NAME = "foundation.3a iiif-image-3-validator"

# Runs inside the validator's environment. Enlarging is optional and, by section 5.7, may be declared only with a maximum
# size; the validator expects ^max of an image without one, so its check is run although nothing is declared.
RUNNER = """
import json, sys
from concurrent.futures import ThreadPoolExecutor
from iiif_validator.tests.size_up import SizeUpTest
from iiif_validator.tests.test import IIIFVersion, TargetServer
from iiif_validator.validate import run_tests

server = TargetServer(sys.argv[1], validation_id=sys.argv[2], version=IIIFVersion.V3)
features = server.feature_set()
found = [(test, result) for test, result in run_tests(server, max_threads=2)]
if SizeUpTest not in [test for test, _ in found]:
    found.append((SizeUpTest, SizeUpTest.run(server)))
checks = []
for test, results in found:
    for result in results if isinstance(results, list) else [results]:
        checks.append({
            "test": test.name, "ok": result.success, "details": result.details,
            "url": getattr(result, "url", ""), "expected": str(getattr(result, "expected", "")),
            "received": str(getattr(result, "received", "")),
        })
print(json.dumps({"level": features.compliance_level.name, "tests": len(found), "checks": checks}))
"""


class Unavailable(Exception):
    """The validator cannot be run here; the message says why."""


def python_3_12() -> str:
    """A Python that can run the validator (3.12 or later)."""
    candidates = [os.environ.get("HEIRLOOM_PYTHON312", ""), sys.executable]
    candidates += [shutil.which(f"python3.{minor}") or "" for minor in (12, 13, 14)]
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    candidates += [str(path) for path in sorted(pyenv.glob("versions/3.1[2-9].*/bin/python"))]
    for candidate in filter(None, candidates):
        probe = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 12))"
        with contextlib.suppress(OSError):
            if subprocess.run([candidate, "-c", probe], capture_output=True, check=False).returncode == 0:
                return candidate
    raise Unavailable("no Python 3.12")


def environment() -> Path:
    """The Python of the validator's environment, made at the first call and kept."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "heirloom"
    folder = cache / VALIDATOR.replace("==", "-")
    python = folder / "bin" / "python"
    if (folder / "complete").exists():
        return python
    base = python_3_12()
    shutil.rmtree(folder, ignore_errors=True)
    cache.mkdir(parents=True, exist_ok=True)
    for command in (
        [base, "-m", "venv", str(folder)],
        [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *REQUIREMENTS],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            shutil.rmtree(folder, ignore_errors=True)
            last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise Unavailable(f"{VALIDATOR} cannot be installed ({last})")
    (folder / "complete").touch()
    return python


def validation_image(python: Path) -> Path:
    """Where the validator keeps the image that it wants served."""
    command = "import iiif_validator; print(iiif_validator.__path__[0])"
    found = subprocess.run([str(python), "-c", command], capture_output=True, text=True, check=True)
    return Path(found.stdout.strip()) / "validation_image.png"


def validate(python: Path, url: str, identifier: str) -> dict[str, Any]:
    """The validator's verdicts on the service at *url*."""
    command = [str(python), "-c", RUNNER, url.rstrip("/"), identifier]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode:
        raise RuntimeError(done.stderr.strip()[-2000:])
    verdicts: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return verdicts


def main(arguments: list[str] | None = None) -> int:
    """Run the validator and print the line; 1 where a check fails."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--url", help="base address of a running service, up to the identifier")
    parser.add_argument("--id", default=VALIDATION_ID, help="identifier of the validation image there")
    parser.add_argument(
        "--image", action="store_true", help="print the path of the validation image and stop"
    )
    options = parser.parse_args(arguments)
    try:
        python = environment()
    except Unavailable as why:
        print(f"{NAME} skipped: {why}")
        return 0
    if options.image:
        print(validation_image(python))
        return 0
    if options.url:
        verdicts = validate(python, options.url, options.id)
    else:
        from heirloom.catalogue.iiif import pyramid

        with tempfile.TemporaryDirectory(prefix="validation-") as name:
            folder = Path(name)
            pyramid.make(validation_image(python), folder / f"{options.id}")
            with granian(folder) as server:
                verdicts = validate(python, f"http://127.0.0.1:{server.port}/iiif", options.id)
    checks = verdicts["checks"]
    failed = [check for check in checks if not check["ok"]]
    for check in failed:
        print(
            f"{check['test']}: {check['details']} ({check['url']}: {check['expected']}, not {check['received']})",
            file=sys.stderr,
        )
    print(f"{verdicts['level']}, {verdicts['tests']} tests", file=sys.stderr)
    level = verdicts["level"] == "LEVEL_2"
    verdict = "ok" if level and checks and not failed else "short"
    print(f"{NAME} {len(checks) - len(failed)}/{len(checks)} pass {verdict}")
    return int(verdict == "short")


if __name__ == "__main__":
    sys.exit(main())
