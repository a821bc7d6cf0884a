"""``heirloom demo``: build, verify, serve, and say where to look."""

from __future__ import annotations

import resource
import sys
import time

from django.conf import settings

from heirloom.cases.models import Case
from heirloom.catalogue.store import archive
from heirloom.operate.serve import prepare, serve
from heirloom.sites.models import MonitoredPlace

from .build import build


def _say(text: str = "") -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def run(host: str, port: int, *, serve_it: bool = True) -> int:
    """Build the demonstration where it is missing, verify its archive, then serve it."""
    started = time.monotonic()
    _say(f"Heirloom demonstration in {settings.DATA}")
    prepare()
    made = build(lambda line: _say(f"  {line}"))
    report = archive().verify()
    if report.damaged or report.invalid:
        _say(f"The archive is damaged: {report.damaged or report.invalid}")
        return 1
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
    _say(
        f"{'Built' if made else 'Found'}: {Case.objects.filter(state='published').count()} published cases; "
        f"archive of {report.objects} objects and {report.files} files verified. "
        f"{seconds:.0f} s of processor time, {max(own.ru_maxrss, children.ru_maxrss) / 1024:.0f} MB at most, "
        f"{time.monotonic() - started:.0f} s."
    )
    address = f"http://{host}:{port}"
    password = (settings.DATA / "demo-password").read_text()
    _say()
    for what, path in (
        ("First page", "/"),
        ("Published collection", "/collections/digital-environment-2025/"),
        ("Open call to try", "/calls/rivers-illustrative/"),
        *([("Monitored places", "/sites/")] if MonitoredPlace.objects.exists() else []),
        ("Harvest it (OAI-PMH)", "/oai?verb=ListRecords&metadataPrefix=oai_dc"),
        ("API", "/api/docs"),
    ):
        _say(f"  {what:22} {address}{path}")
    _say()
    _say(
        f"  Sign in as organiser@example.org, reviewer1@example.org or applicant@example.org, password: {password}"
    )
    _say()
    if serve_it:
        _say("Serving. Stop with Ctrl+C.")
        serve(host, port)
    return 0
