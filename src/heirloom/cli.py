"""The ``heirloom`` command. Each sub-command only parses its words and calls an action."""

from __future__ import annotations

import argparse
import json
import os
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
    return 0


def _work(args: argparse.Namespace) -> int:
    from heirloom.operate.work import work

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
