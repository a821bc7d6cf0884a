"""The ``heirloom`` command. Each sub-command only parses its words and calls an action."""

from __future__ import annotations

import argparse
import getpass
import json
import os
import secrets
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from heirloom.errors import HeirloomError

Command = Callable[[argparse.Namespace], int]


def _demo(args: argparse.Namespace) -> int:
    from heirloom.demo.run import run

    return run(args.host, args.port, serve_it=not args.build_only)


def _serve(args: argparse.Namespace) -> int:
    from heirloom.operate.serve import serve

    serve(args.host, args.port, workers=args.workers, with_worker=not args.no_worker)


def _work(args: argparse.Namespace) -> int:
    from heirloom.operate.stand import die_with
    from heirloom.operate.work import work

    if args.beside:
        die_with(args.beside)
    work(args.name, until_empty=args.until_empty)
    return 0


def _backup(args: argparse.Namespace) -> int:
    from heirloom.operate.backup import backup

    print(backup(args.folder))
    return 0


def _restore(args: argparse.Namespace) -> int:
    from heirloom.operate.backup import restore

    manifest = restore(args.backup)
    print(f"restored: made {manifest['made_at']}, {len(manifest['objects'])} archive objects")
    return 0


def _doctor(args: argparse.Namespace) -> int:
    from heirloom.operate.doctor import examine

    findings = list(examine())
    if args.json:
        print(json.dumps([vars(finding) for finding in findings], indent=1))
    else:
        signs = {"ok": "ok     ", "warning": "warning", "problem": "PROBLEM"}
        for finding in findings:
            print(f"{signs[finding.state]}  {finding.what}: {finding.found}")
            if finding.advice:
                print(f"         {finding.advice}")
    return int(any(finding.state == "problem" for finding in findings))


def _verify(args: argparse.Namespace) -> int:
    from heirloom.operate.keep import verify

    return verify(args.report, fresh=args.fresh)


def _mirror(args: argparse.Namespace) -> int:
    from heirloom.operate.keep import mirror

    return mirror(args.folder)


def _repair(args: argparse.Namespace) -> int:
    from heirloom.operate.keep import repair

    return repair(args.folder)


def _purge(args: argparse.Namespace) -> int:
    from heirloom.operate import accounts
    from heirloom.operate.purge import purge

    return purge(accounts.person(args.by), args.kind, args.key, args.reason, sure=args.yes)


def _rebuild(_args: argparse.Namespace) -> int:
    from heirloom.operate.keep import rebuild

    return rebuild()


def _reindex(_args: argparse.Namespace) -> int:
    from heirloom.operate.keep import reindex

    return reindex()


def _ingest(args: argparse.Namespace) -> int:
    from heirloom.operate import accounts, ingest

    report = ingest.ingest(
        accounts.person(args.by),
        args.source,
        mapping=args.mapping,
        form=args.form,
        source=args.name,
        dry_run=args.dry_run,
        publish=not args.drafts,
    )
    return ingest.say(report)


def _run(args: argparse.Namespace) -> int:
    from heirloom.operate import run

    return run.say(run.run(args.method, args.input, args.param, args.out), args.out)


def _replicate(args: argparse.Namespace) -> int:
    from heirloom.cases.replicate import replicate

    out = args.out or Path(f"{args.kit.stem}-replication")
    try:
        record = replicate(args.kit, out, own=args.own, who=args.who, where=args.where, tell=print)
    except FileExistsError:
        print(f"heirloom: {out} is there already. Name a new folder with --out.", file=sys.stderr)
        return 1
    print(f"The results and the record are in {out}")
    return int(any(run["record"]["status"] != "done" for run in record["runs"]))


def _user(args: argparse.Namespace) -> int:
    from heirloom.operate.accounts import set_up_user
    from heirloom.operate.serve import prepare

    prepare()
    if sys.stdin.isatty():
        password = getpass.getpass("Password: ")
    else:
        password = sys.stdin.readline().rstrip("\n")
    user, new = set_up_user(args.email, password, name=args.name, roles=args.role, superuser=args.superuser)
    print(f"{user.email}: {'made' if new else 'changed'}")
    return 0


def _manage(args: argparse.Namespace) -> int:
    from django.core.management import execute_from_command_line

    execute_from_command_line(["heirloom manage", *args.arguments])
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="heirloom", description=__doc__)
    parser.add_argument("--data", type=Path, help="data folder (default: HEIRLOOM_DATA or ./data)")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def command(name: str, run: Command, text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(run=run)
        return sub

    demo = command("demo", _demo, "build the demonstration from real content, and serve it")
    demo.add_argument("--host", default="127.0.0.1")
    demo.add_argument("--port", type=int, default=8000)
    demo.add_argument("--build-only", action="store_true", help="build, print where to look, and stop")

    serve = command("serve", _serve, "serve the installation, with one worker beside it")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=8000)
    serve.add_argument("--workers", type=int, default=1, help="server processes")
    serve.add_argument("--no-worker", action="store_true", help="run no worker beside the server")

    work = command("work", _work, "run waiting jobs")
    work.add_argument("--name", default="main", help="this worker's name, unique among workers")
    work.add_argument(
        "--beside", type=int, metavar="PID", help="end when the process that started this one ends"
    )
    work.add_argument("--until-empty", action="store_true", help="stop when no job is left")

    backup = command("backup", _backup, "copy database, archive and secret to a folder")
    backup.add_argument("folder", type=Path)
    restore = command("restore", _restore, "bring a backup back into an empty installation")
    restore.add_argument("backup", type=Path)
    doctor = command("doctor", _doctor, "look at this machine and say what to do")
    doctor.add_argument("--json", action="store_true", help="for machines")

    verify = command("verify", _verify, "judge every file of the archive")
    verify.add_argument("--report", type=Path, help="write the report here, as JSON")
    verify.add_argument(
        "--fresh", action="store_true", help="begin anew instead of going on where it stopped"
    )
    mirror = command("mirror", _mirror, "bring the archive's mirror up to date")
    mirror.add_argument("folder", type=Path, nargs="?", help="default: HEIRLOOM_ARCHIVE_MIRROR")
    repair = command("repair", _repair, "mend rotten files from the mirror")
    repair.add_argument("folder", type=Path, nargs="?", help="default: HEIRLOOM_ARCHIVE_MIRROR")

    purge = command("purge", _purge, "erase an item or a case for good; a tombstone stays")
    purge.add_argument("kind", choices=["item", "case"])
    purge.add_argument("key", help="as its page's address has it")
    purge.add_argument("--reason", required=True, help="why, for the tombstone")
    purge.add_argument("--by", required=True, metavar="EMAIL", help="the archivist who decides it")
    purge.add_argument("--yes", action="store_true", help="do not ask")

    command("rebuild", _rebuild, "make the database again from the archive alone")
    command("reindex", _reindex, "make the search index anew")

    ingest = command("ingest", _ingest, "import descriptions and media from a file, folder or address")
    ingest.add_argument("source", help="what to import")
    ingest.add_argument("--mapping", type=Path, help="file that says what the fields mean")
    ingest.add_argument("--form", default="", help="csv, xlsx, jsonl, folder, iiif, oai, linked-art or lido")
    ingest.add_argument(
        "--name", default="", help="name of the source (default: the mapping's, or the file's)"
    )
    ingest.add_argument("--by", required=True, metavar="EMAIL", help="the cataloguer who imports")
    ingest.add_argument("--dry-run", action="store_true", help="say what would happen, and change nothing")
    ingest.add_argument("--drafts", action="store_true", help="publish nothing that is new")

    run = command("run", _run, "run a method on files")
    run.add_argument("method", help="such as diversity.coverage")
    run.add_argument("--input", action="append", default=[], metavar="NAME=PATH")
    run.add_argument("--param", action="append", default=[], metavar="NAME=VALUE")
    run.add_argument("--out", type=Path, required=True, help="new folder for the results")

    replicate = command("replicate", _replicate, "run a case's kit here, on its files or on your own")
    replicate.add_argument("kit", type=Path)
    replicate.add_argument("--with", dest="own", type=Path, metavar="FOLDER", help="your own files")
    replicate.add_argument("--who", default="", help="who did it, for the record")
    replicate.add_argument("--where", default="", help="where, for the record")
    replicate.add_argument("--out", type=Path, help="new folder for the results")

    user = command("user", _user, "make an account, or set its password, read from standard input")
    user.add_argument("email")
    user.add_argument("--name", default="")
    user.add_argument("--role", action="append", default=[], choices=["organiser", "cataloguer", "archivist"])
    user.add_argument("--superuser", action="store_true", help="may do everything")

    manage = command("manage", _manage, "run a Django management command")
    manage.add_argument("arguments", nargs=argparse.REMAINDER)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one sub-command and return its exit status."""
    args = _parser().parse_args(arguments)
    if args.run is _demo:
        os.environ.setdefault("HEIRLOOM_DATA", str(Path("demo-data").resolve()))
        os.environ.setdefault("HEIRLOOM_URL", f"http://{args.host}:{args.port}")
    if args.data:
        os.environ["HEIRLOOM_DATA"] = str(args.data.resolve())
    if args.run in (_run, _replicate):  # they work anywhere, and leave no data folder behind
        os.environ.setdefault("HEIRLOOM_SECRET_KEY", secrets.token_urlsafe(50))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "heirloom.settings")
    import django

    django.setup()
    try:
        return int(args.run(args))
    except HeirloomError as error:
        print(f"heirloom: {error} [{error.code}]", file=sys.stderr)
        if error.kept:
            print(f"heirloom: {error.kept}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
