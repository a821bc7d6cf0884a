"""What other programs say of all that is written here: ``python -m benchmarks.peers_accept``.

The demonstration is built in a new data folder. ocfl-py judges the storage root and every object; bagit-python judges a bag of every
object and the kit of every sealed case; roc-validator judges the RO-Crate of every version of every object.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
CRATE = "ro-crate-metadata.json"


def build(data: Path) -> None:
    """Build the demonstration in *data* and make it this process's installation."""
    os.environ |= {
        "HEIRLOOM_DATA": str(data),
        "HEIRLOOM_LOG_LEVEL": "ERROR",
        "DJANGO_SETTINGS_MODULE": "heirloom.settings",
    }
    subprocess.run(
        [sys.executable, "-m", "heirloom.cli", "demo", "--build-only"],
        cwd=REPOSITORY,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    import django

    django.setup()


def ocfl_accepts(root: Path) -> tuple[int, int, list[str]]:
    import ocfl

    from heirloom.archive import Archive

    keys = list(Archive.open(root).object_keys())
    wrong = []
    accepted = 0
    for key in keys:
        fine, validator = ocfl.Object().validate(objdir=str(root / key), log_warnings=False)
        accepted += fine
        if not fine:
            wrong.append(f"{key}: {validator.messages}")
    store = ocfl.StorageRoot(str(root))
    if not store.validate(validate_objects=True, check_digests=True) or store.num_objects != len(keys):
        wrong.append(f"storage root: {store.errors}")
    return accepted, len(keys), wrong


def bags(folder: Path) -> Iterator[Path]:
    """A bag of every object, and every kit that can be packed, unzipped."""
    from heirloom.archive.bag import write_bag
    from heirloom.cases.kit import write_kit
    from heirloom.cases.models import Seal
    from heirloom.catalogue.store import archive

    for number, name in enumerate(archive().ids()):
        bag = folder / f"object-{number}"
        write_bag(bag, archive().sources(name), [("External-Identifier", name)])
        yield bag
    for seal in Seal.objects.all():
        packed = io.BytesIO()
        write_kit(seal, packed, site="https://heirloom.example")
        place = folder / f"kit-{seal.pk}"
        with zipfile.ZipFile(packed) as kit:
            kit.extractall(place)
        yield next(place.iterdir())


def bagit_accepts(folder: Path) -> tuple[int, int, list[str]]:
    import bagit

    wrong = []
    total = 0
    for bag in bags(folder):
        total += 1
        try:
            bagit.Bag(str(bag)).validate()
        except bagit.BagError as error:
            wrong.append(f"{bag.name}: {error}")
    return total - len(wrong), total, wrong


@contextlib.contextmanager
def offline() -> Iterator[None]:
    """Let the validator read the RO-Crate context from the ``rocrate`` package, and nothing from the network."""
    import requests
    import requests.adapters

    found = importlib.util.find_spec("rocrate")
    assert found is not None
    assert found.origin is not None
    context = (Path(found.origin).parent / "data" / "ro-crate.jsonld").read_bytes()

    class Local(requests.adapters.BaseAdapter):
        def send(self, request: requests.PreparedRequest, *_args: Any, **_options: Any) -> requests.Response:
            answer = requests.Response()
            answer.request, answer.url = request, str(request.url)
            known = answer.url.startswith("https://w3id.org/ro/crate/1.")
            answer.status_code = 200 if known else 404
            answer._content = context if known else b""  # noqa: SLF001 - no other way to give an answer its body
            answer.headers["Content-Type"] = "application/ld+json"
            return answer

        def close(self) -> None:
            """Nothing is open."""

    kept = requests.Session.get_adapter
    requests.Session.get_adapter = lambda _self, _url=None, **_: Local()  # type: ignore[method-assign]
    try:
        yield
    finally:
        requests.Session.get_adapter = kept  # type: ignore[method-assign]


def crates_accepted(folder: Path) -> tuple[int, int, list[str]]:
    from rocrate_validator import models, services

    from heirloom.catalogue.store import archive

    wrong = []
    total = 0
    with offline():
        for number, name in enumerate(archive().ids()):
            for version in archive().versions(name):
                if CRATE not in archive().files(name, version.number):
                    wrong.append(f"{name} v{version.number}: no crate")
                    total += 1
                    continue
                total += 1
                place = folder / f"crate-{number}-{version.number}"
                archive().export(name, place, version.number)
                result = services.validate(
                    models.ValidationSettings(
                        rocrate_uri=str(place),
                        profile_identifier="ro-crate-1.2",
                        requirement_severity=models.Severity.REQUIRED,
                        no_cache=True,
                    )
                )
                issues = [f"{issue.check.identifier} {issue.message}" for issue in result.get_issues()]
                if issues:
                    wrong.append(f"{name} v{version.number}: {issues[:2]}")
                shutil.rmtree(place)
    return total - len(wrong), total, wrong


def tell(bar: str, name: str, what: str, judge: Callable[[], tuple[int, int, list[str]]]) -> bool:
    accepted, total, wrong = judge()
    for line in wrong:
        print(f"{name}: {line}", file=sys.stderr)
    good = total > 0 and accepted == total and not wrong
    print(f"foundation.{bar} {name} {accepted}/{total} {what} {'ok' if good else 'short'}", flush=True)
    return good


def main() -> int:
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory(prefix="heirloom-peers-") as name:
        folder = Path(name)
        build(folder / "data")
        (folder / "bags").mkdir()
        return int(
            not all(
                [
                    tell(
                        "1c", "ocfl-py-accepts", "objects", lambda: ocfl_accepts(folder / "data" / "archive")
                    ),
                    tell("1d", "bagit-accepts", "bags and kits", lambda: bagit_accepts(folder / "bags")),
                    tell("1e", "roc-validator-accepts", "crates", lambda: crates_accepted(folder)),
                ]
            )
        )


if __name__ == "__main__":
    sys.exit(main())
