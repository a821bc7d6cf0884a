"""Uploaded files on their way in: judged one by one, under a safe name, gone when the request is."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile
from django.http import HttpRequest

from heirloom.archive.safe import Accepted, Policy, inspect


@dataclass(frozen=True)
class Upload:
    """A file that passed the intake; *path* ends in its safe name and is gone after the request."""

    path: Path
    accepted: Accepted


@contextlib.contextmanager
def received(request: HttpRequest, policy: Policy | None = None) -> Iterator[dict[str, list[Upload]]]:
    """Judge every file of the request; yield what passed by field.

    Raises:
        ``safe.Refused``: one of them is not accepted; none is kept then.
    """
    policy = policy or Policy(max_bytes=settings.UPLOAD_LIMIT, max_pixels=settings.PIXEL_LIMIT)
    Path(settings.INTAKE_ROOT).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=settings.INTAKE_ROOT, prefix="upload-") as folder:
        found: dict[str, list[Upload]] = {}
        for field, files in request.FILES.lists():
            for number, file in enumerate(files):
                assert isinstance(file, UploadedFile)
                place = Path(folder) / f"{len(found)}-{number}"
                place.mkdir(parents=True)
                found.setdefault(field, []).append(_judged(file, place, policy))
        yield found


def _judged(file: UploadedFile[Any], place: Path, policy: Policy) -> Upload:
    if isinstance(file, TemporaryUploadedFile):
        source = Path(file.temporary_file_path())
    else:
        source = place / "source"
        with source.open("wb") as target:
            shutil.copyfileobj(file, target)
    accepted = inspect(source, str(file.name), policy)
    path = place / accepted.name
    if accepted.sanitised is not None:
        path.write_bytes(accepted.sanitised)
    else:
        shutil.copyfile(source, path)
    return Upload(path, accepted)
