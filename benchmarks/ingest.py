"""Take the records of a national museum in: ``python -m benchmarks.ingest [DUMP] [--limit N]`` (``make bench-ingest``).

The public-domain records of the Tate collection (69,202 JSON objects, one a line) go through the importer with the mapping beside
this file into a new data folder: archive, catalogue and search. Progress goes to standard error. Then the whole
store is verified by the OCFL specification, every row is compared with its package, and some records are searched for.
Everything is measured by the operating system's accounting, children included; the folder is removed at the end.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
DUMP = "tate-artworks.jsonl.gz"
MAPPING = Path(__file__).with_name("tate-mapping.json")


def cpu() -> float:
    """CPU seconds of this process and its children, user and system."""
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def peak() -> float:
    """Peak resident memory in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def folder_bytes(folder: Path) -> tuple[int, int]:
    """Bytes and number of the files under *folder*."""
    size = count = 0
    for root, _, names in os.walk(folder):
        for name in names:
            size += os.lstat(os.path.join(root, name)).st_size  # noqa: PTH118
            count += 1
    return size, count


class Meter:
    """Writes one line of progress to standard error, at most twice a second."""

    def __init__(self, what: str, total: int = 0) -> None:
        self.what, self.total, self.started, self.last = what, total, time.monotonic(), 0.0

    def __call__(self, done: int, *, end: bool = False) -> None:
        now = time.monotonic()
        if now - self.last < 0.5 and not end:
            return
        self.last = now
        of = f" of {self.total}" if self.total else ""
        rate = done / max(now - self.started, 1e-9)
        print(
            f"\r{self.what} {done}{of}, {rate:,.0f}/s", end="\n" if end else "", file=sys.stderr, flush=True
        )


def installation(folder: Path) -> Any:
    """A new installation in *folder*; returns a cataloguer."""
    os.environ["HEIRLOOM_DATA"] = str(folder)
    os.environ.setdefault("HEIRLOOM_LOG_LEVEL", "ERROR")
    os.environ["DJANGO_SETTINGS_MODULE"] = "heirloom.settings"
    import django

    django.setup()
    from django.core.management import call_command

    from heirloom.people.models import Grant, User

    call_command("migrate", verbosity=0)
    user = User.objects.create_user("cataloguer@example.org", name="Cataloguer")
    Grant.objects.create(user=user, role=Grant.Role.CATALOGUER)
    return user


def ingest(user: Any, dump: Path, limit: int | None) -> Any:
    """The import, as the command does it."""
    from itertools import islice

    from heirloom.catalogue.actions_import import begin_import, run_import
    from heirloom.catalogue.importers import mapping
    from heirloom.catalogue.importers.sources import opened

    fields = mapping.read(MAPPING, flat=False)
    batch = begin_import(user, "jsonl", fields.source, fields.plain)
    meter = Meter("ingested", limit or 0)
    with opened("jsonl", dump, source=fields.source, mapping=fields) as source:
        source.drafts = islice(source.drafts, limit)
        report = run_import(user, batch, source, progress=meter)
    meter(report.total, end=True)
    return report


def verify() -> tuple[bool, str]:
    """The whole store by the specification, with content; and every row against its package."""
    from heirloom.catalogue import store
    from heirloom.catalogue.models import Item
    from heirloom.keys import object_id

    archive = store.archive()
    total = Item.objects.count()
    meter = Meter("verified", total)
    report = archive.verify(progress=lambda progress: meter(progress.done))
    wrong = 0
    for key, number, digest in Item.objects.values_list("key", "object_version", "digest").iterator():
        head = archive.head(object_id("item", key))
        wrong += (head.number, head.digest) != (number, digest)
    packages = sum(1 for _ in archive.ids())
    said = f"{packages} packages for {total} items, {wrong} rows that differ from their package"
    return report.valid and report.complete and wrong == 0 and packages >= total, said


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    default = Path(os.environ.get("HEIRLOOM_TEST_DATA", REPOSITORY.parent / "shared" / "data")) / DUMP
    parser.add_argument("dump", nargs="?", type=Path, default=default)
    parser.add_argument("--limit", type=int, help="only the first records")
    parser.add_argument("--again", action="store_true", help="import a second time: nothing may change")
    parser.add_argument("--keep", type=Path, help="use this new folder and keep it")
    parser.add_argument("--profile", type=Path, help="write a profile of the import for pstats to this file")
    args = parser.parse_args()
    if not args.dump.is_file():
        print(f"skipped: no {DUMP} at {args.dump} (set HEIRLOOM_TEST_DATA)")
        return 0
    folder = args.keep or Path(tempfile.mkdtemp(prefix="heirloom-ingest-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        return measure(folder, args)
    finally:
        if args.keep is None:
            shutil.rmtree(folder, ignore_errors=True)


def measure(folder: Path, args: argparse.Namespace) -> int:
    user = installation(folder)
    before, wall = cpu(), time.monotonic()
    if args.profile:
        import cProfile

        profile = cProfile.Profile()
        report = profile.runcall(ingest, user, args.dump, args.limit)
        profile.dump_stats(args.profile)
    else:
        report = ingest(user, args.dump, args.limit)
    seconds, wall = cpu() - before, time.monotonic() - wall
    memory = peak()
    kept, files = folder_bytes(folder / "archive")
    database = sum(path.stat().st_size for path in folder.glob("heirloom.sqlite3*"))
    counts = {name: count for name, count in report.counts.items() if count}
    print(f"records            {report.total}  {counts}")
    print(f"problems           {dict(report.problems)}")
    print(
        f"CPU                {seconds:.1f} s, {report.total / seconds:.0f} records per CPU second; wall {wall:.1f} s"
    )
    print(f"peak memory        {memory:.0f} MiB")
    print(f"archive            {kept:,} bytes in {files:,} files, {kept / max(1, report.total):.0f} a record")
    print(f"database, search   {database:,} bytes, {database / max(1, report.total):.0f} a record")
    good = report.counts["create"] == report.total
    if args.again:
        before = cpu()
        second = ingest(user, args.dump, args.limit)
        spent = cpu() - before
        unchanged = second.counts["unchanged"] == report.total
        print(f"again              {dict(second.counts)}, {report.total / spent:.0f} records per CPU second")
        good = good and unchanged
    before = cpu()
    sound, said = verify()
    print(f"verify             {'valid' if sound else 'NOT VALID'}, {said}; {cpu() - before:.1f} CPU s")
    found = searched()
    print(f"search             {found}")
    return 0 if good and sound and found else 1


def searched() -> dict[str, int]:
    """How many items some words find; none may find nothing."""
    from heirloom.catalogue import queries
    from heirloom.catalogue.filters import Filters

    counts = {}
    for words in ("Turner", "landscape", "portrait of a"):
        counts[words] = queries.list_items(None, Filters(q=words), facets=False).total
    return counts if all(counts.values()) else {}


if __name__ == "__main__":
    sys.exit(main())
