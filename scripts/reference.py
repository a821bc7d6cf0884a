"""Write the generated parts of ``docs/`` from the code: ``make docs-reference``.

Each page is a pure function of the code, so that a test can tell a stale page from a fresh one. Whatever lacks its sentence
(a setting, a command, an error, a method, an address) is named by :func:`undocumented` and makes the same test fail.
"""

from __future__ import annotations

import argparse
import ast
import atexit
import importlib
import os
import pkgutil
import re
import shutil
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
DOCS = REPOSITORY / "docs"
REFERENCE = DOCS / "reference"
SETTINGS = REPOSITORY / "src" / "heirloom" / "settings.py"
SENTENCES = DOCS / "settings.toml"
OPERATE = DOCS / "operate.md"
BEGIN, END = re.compile(r"<!-- settings:[^\n]*-->\n"), "<!-- /settings -->"
NOTE = "<!-- Made by `make docs-reference` from the code. Do not edit. -->\n\n"
ADVICE = "make docs-reference"


def cell(text: object) -> str:
    """Return *text* fit for a cell of a table."""
    return " ".join(str(text).split()).replace("|", "\\|")


def table(heads: list[str], rows: list[list[object]]) -> str:
    """Return a Markdown table."""
    lines = ["| " + " | ".join(heads) + " |", "| " + " | ".join("---" for _ in heads) + " |"]
    lines += ["| " + " | ".join(cell(value) for value in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


# -- settings ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Setting:
    """One variable that the settings read."""

    name: str
    default: str


def _default(call: ast.Call) -> str:
    kind = call.func.id if isinstance(call.func, ast.Name) else ""
    if kind == "env_flag":
        return "no" if len(call.args) < 2 or not ast.literal_eval(call.args[1]) else "yes"
    if len(call.args) < 2:
        return ""
    # A default is a literal, or arithmetic on literals inside str().
    expression = ast.Expression(call.args[1])
    return str(eval(compile(expression, str(SETTINGS), "eval"), {"__builtins__": {"str": str}}))


def settings() -> list[Setting]:
    """Return every variable that settings.py reads, in the order of the file, each once."""
    found: dict[str, Setting] = {}
    for node in ast.walk(ast.parse(SETTINGS.read_text("utf-8"))):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
            continue
        if node.func.id in {"env", "env_flag", "env_list"} and isinstance(node.args[0], ast.Constant):
            name = str(node.args[0].value)
            found.setdefault(name, Setting(name, _default(node)))
    return list(found.values())


def sentences() -> dict[str, dict[str, str]]:
    """Return the hand-written sentences: group to variable to sentence."""
    return tomllib.loads(SENTENCES.read_text("utf-8"))


def settings_tables() -> str:
    """Return the tables of all settings, in the groups of ``docs/settings.toml``."""
    defaults = {setting.name: setting.default for setting in settings()}
    parts = []
    for group, names in sentences().items():
        rows: list[list[object]] = [
            [f"`HEIRLOOM_{name}`", f"`{defaults[name]}`" if defaults.get(name) else "", says]
            for name, says in names.items()
            if name in defaults
        ]
        parts.append(f"**{group}**\n\n" + table(["variable", "default", "what it sets"], rows))
    return "\n".join(parts)


def operate() -> str:
    """Return docs/operate.md with fresh tables."""
    text = OPERATE.read_text("utf-8")
    begin = BEGIN.search(text)
    if begin is None or END not in text:
        raise SystemExit(f"{OPERATE} has lost the marks around its settings")
    return text[: begin.end()] + "\n" + settings_tables() + "\n" + text[text.index(END) :]


# -- commands ---------------------------------------------------------------------------------------------------------


def commands() -> dict[str, argparse.ArgumentParser]:
    """Return every sub-command's parser by name."""
    from heirloom import cli

    parser = cli._parser()  # noqa: SLF001 (the parser is the program's own description of itself)
    for action in parser._actions:  # noqa: SLF001 (argparse has no public way to list sub-commands)
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            return dict(action.choices)
    raise SystemExit("the command line has no sub-commands")


def _arguments(parser: argparse.ArgumentParser) -> Iterator[list[object]]:
    for action in parser._actions:  # noqa: SLF001
        if isinstance(action, argparse._HelpAction):  # noqa: SLF001
            continue
        names = ", ".join(f"`{name}`" for name in action.option_strings) or f"`{(action.dest or '').upper()}`"
        if action.nargs == "?":
            names += " (may be left out)"
        default = action.default
        plain = default in (None, False, argparse.SUPPRESS) or default == []
        yield [names, action.help or "", "" if plain else f"`{default}`"]


def commands_page() -> str:
    """Return the page of commands."""
    text = "# Commands\n\n" + NOTE
    text += "`heirloom [--data FOLDER] COMMAND`. `--data` names the data folder, as `HEIRLOOM_DATA` does. Every command answers `--help`.\n\n"
    text += "A command ends with status 0 when all went well. A refusal goes to standard error with its [code](errors.md).\n"
    for name, parser in sorted(commands().items()):
        text += f"\n## heirloom {name}\n\n{parser.description}.\n"
        rows = list(_arguments(parser))
        if rows:
            text += "\n" + table(["argument", "meaning", "default"], rows)
    return text


# -- errors -----------------------------------------------------------------------------------------------------------


def modules() -> Iterator[str]:
    """Return the names of all modules of the package but migrations."""
    import heirloom

    yield "heirloom"
    for found in pkgutil.walk_packages(heirloom.__path__, "heirloom."):
        # A server's module starts it when imported; migrations are history.
        if ".migrations" not in found.name and found.name not in {"heirloom.wsgi", "heirloom.__main__"}:
            yield found.name


def errors() -> list[type[Any]]:
    """Return every coded error of the package, by code."""
    from heirloom.errors import HeirloomError

    for name in modules():
        importlib.import_module(name)
    found: set[type[Any]] = set()
    waiting: list[type[Any]] = [HeirloomError]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind.__module__.startswith("heirloom.") and kind is not HeirloomError:
            found.add(kind)
    return sorted(found, key=lambda kind: (kind.code, kind.__module__, kind.__qualname__))


def _own_words(kind: type[Any]) -> str:
    return " ".join((kind.__dict__.get("__doc__") or "").split("\n\n")[0].split())


def errors_page() -> str:
    """Return the page of errors."""
    text = "# Errors\n\n" + NOTE
    text += (
        "What a person can meet, by code. Codes are stable; sentences are shown in the reader's language. Fields in `{}` are filled in. "
        "The status is what a page or the API answers with.\n"
    )
    group = ""
    for kind in errors():
        if "code" not in kind.__dict__:
            continue
        first = kind.code.split(".")[0]
        if first != group:
            group = first
            text += f"\n## {group}\n"
        text += f"\n### `{kind.code}`\n\n"
        if words := _own_words(kind):
            text += f"{words}\n\n"
        text += f"> {cell(kind.message)}"
        text += f" {cell(kind.kept)}\n" if kind.kept else "\n"
        text += f"\nStatus {kind.status}. `{kind.__module__}.{kind.__qualname__}`\n"
    return text


# -- methods ----------------------------------------------------------------------------------------------------------


def _amount(least: int, most: int | None) -> str:
    if most is None:
        return f"{least} or more"
    return str(least) if least == most else f"{least} to {most}"


def _param(param: dict[str, Any]) -> list[object]:
    values = [f"`{choice['value']}`" for choice in param["choices"]]
    if param["minimum"] is not None or param["maximum"] is not None:
        values.append(f"{param['minimum']} to {param['maximum']}")
    default = "" if param["default"] in (None, "") else f"`{param['default']}`"
    says = f"{param['title']}. {param['description']}"
    return [f"`{param['name']}`", param["kind"], ", ".join(values), default, says]


def methods() -> list[dict[str, Any]]:
    """Return the declarations of the built-in methods."""
    from heirloom.pathways import registry

    own = [
        pathway
        for pathway in registry.pathways()
        if registry.distribution(pathway.id)[0] == "heirloom-commons"
    ]
    return [method.to_json() for pathway in own for method in pathway.methods]


def methods_page() -> str:
    """Return the page of methods."""
    text = "# Methods\n\n" + NOTE
    text += "The methods that come with Heirloom, as they declare themselves. [Pathways](../pathways.md) says how to run and write them.\n"
    for method in methods():
        text += f"\n## {method['id']}\n\n**{method['title']}**, version {method['version']}. {method['summary']}\n\n"
        text += "Inputs:\n\n" + table(
            ["input", "files", "types", "what"],
            [
                [
                    f"`{part['name']}`",
                    _amount(part["minimum"], part["maximum"]),
                    ", ".join(part["media_types"]),
                    f"{part['title']}. {part['description']}",
                ]
                for part in method["inputs"]
            ],
        )
        text += "\nSettings:\n\n" + table(
            ["setting", "kind", "values", "default", "what"], [_param(param) for param in method["params"]]
        )
        text += "\nOutputs:\n\n" + table(
            ["file", "type", "what"],
            [
                [
                    f"`{part['name']}`" + (" (may be absent)" if part["optional"] else ""),
                    part["media_type"],
                    part["title"],
                ]
                for part in method["outputs"]
            ],
        )
        if method["resources"]:
            text += "\nShips:\n\n" + "".join(
                f"- {part['title']}, {part['licence']}. {part['source']}\n" for part in method["resources"]
            )
        if method["references"]:
            text += "\nRests on:\n\n" + "".join(
                f"- {part['citation']}" + (f" doi:{part['doi']}" if part["doi"] else "") + "\n"
                for part in method["references"]
            )
        repeat = "the same bytes" if method["deterministic"] else "results that may differ"
        needs = f" Needs {', '.join(method['needs'])}." if method["needs"] else ""
        text += (
            f"\nThe same inputs, settings and versions give {repeat}.{needs} Licence {method['licence']}.\n"
        )
    return text


# -- addresses --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Address:
    """One named address."""

    name: str
    path: str
    module: str
    says: str


def _first_line(callback: Any) -> str:
    view = getattr(callback, "view_class", callback)
    return str(getattr(view, "__doc__", "") or "").strip().split("\n\n")[0]


def addresses() -> list[Address]:
    """Return every named address of the installation."""
    from django.urls import URLPattern, URLResolver, get_resolver

    found: list[Address] = []

    def walk(patterns: list[Any], prefix: str, space: str) -> None:
        for pattern in patterns:
            path = prefix + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
                walk(pattern.url_patterns, path, inner)
            elif isinstance(pattern, URLPattern) and pattern.name:
                module = getattr(pattern.callback, "__module__", "")
                found.append(
                    Address(f"{space}{pattern.name}", f"/{path}", module, _first_line(pattern.callback))
                )

    walk(get_resolver().url_patterns, "", "")
    return found


def own_addresses() -> list[Address]:
    """Return the addresses whose views are the project's own."""
    return [address for address in addresses() if address.module.startswith("heirloom.")]


def addresses_page() -> str:
    """Return the page of addresses."""
    text = "# Addresses\n\n" + NOTE
    text += (
        "Every named page. Templates and code refer to a page by its name. Who may open it is decided by the part's rules, "
        "not by the address. Addresses under `/account/` are django-allauth's. The API lists its own operations at `/api/docs`.\n\n"
    )
    groups: dict[str, list[Address]] = {}
    for address in own_addresses():
        package = address.module.removeprefix("heirloom.web.").split(".")[0]
        groups.setdefault(package, []).append(address)
    for group, entries in groups.items():
        text += f"## {group}\n\n"
        text += table(
            ["name", "address", "what it does"], [[f"`{e.name}`", f"`{e.path}`", e.says] for e in entries]
        )
        text += "\n"
    others = [a for a in addresses() if not a.module.startswith(("heirloom.", "ninja"))]
    text += "## account\n\n"
    text += table(["name", "address"], [[f"`{a.name}`", f"`{a.path}`"] for a in others])
    return text


# -- tests ------------------------------------------------------------------------------------------------------------


def counts_of_tests() -> dict[str, tuple[int, int]]:
    """Return, for each folder of tests, the number of files and of test functions."""
    counts: dict[str, tuple[int, int]] = {}
    for path in sorted((REPOSITORY / "tests").rglob("test_*.py")):
        part = path.relative_to(REPOSITORY / "tests").parts[0]
        tree = ast.parse(path.read_text("utf-8"))
        functions = sum(
            isinstance(node, ast.FunctionDef) and node.name.startswith("test_") for node in ast.walk(tree)
        )
        files, tests = counts.get(part, (0, 0))
        counts[part] = files + 1, tests + functions
    return counts


def tests_page() -> str:
    """Return the page of counts."""
    text = "# Tests, counted\n\n" + NOTE
    text += (
        "Test functions when this page was last made; many of them run for a long list of cases or for generated ones. "
        "[What they do and do not tell](../testing.md).\n\n"
    )
    counts = counts_of_tests()
    rows: list[list[object]] = [[f"`tests/{part}`", files, tests] for part, (files, tests) in counts.items()]
    rows.append(["together", sum(f for f, _ in counts.values()), sum(t for _, t in counts.values())])
    return text + table(["folder", "files", "test functions"], rows)


# -- all --------------------------------------------------------------------------------------------------------------

PAGES: dict[str, Callable[[], str]] = {
    "commands.md": commands_page,
    "errors.md": errors_page,
    "methods.md": methods_page,
    "addresses.md": addresses_page,
    "tests.md": tests_page,
}


def undocumented() -> list[str]:
    """Return what lacks its sentence, each with where to write it."""
    said = {name for names in sentences().values() for name in names}
    read = {setting.name for setting in settings()}
    lacking = [
        f"setting HEIRLOOM_{name}: add a sentence to docs/settings.toml" for name in sorted(read - said)
    ]
    lacking += [
        f"setting HEIRLOOM_{name}: docs/settings.toml has it, nothing reads it"
        for name in sorted(said - read)
    ]
    lacking += [
        f"command {name}: needs a description"
        for name, parser in commands().items()
        if not parser.description
    ]
    lacking += [
        f"error {kind.code}: {kind.__qualname__} needs a message of its own"
        for kind in errors()
        if "code" in kind.__dict__ and not kind.message.strip()
    ]
    lacking += [
        f"method {method['id']}: needs a title, a summary and a title for each part"
        for method in methods()
        if not (
            method["title"]
            and method["summary"]
            and all(part["title"] for name in ("inputs", "params", "outputs") for part in method[name])
        )
    ]
    lacking += [f"address {a.name}: its view needs a docstring" for a in own_addresses() if not a.says]
    return lacking


def set_up() -> None:
    """Start Django in an empty data folder, whatever the caller's own installation is."""
    for name in [name for name in os.environ if name.startswith("HEIRLOOM_")]:
        del os.environ[name]
    folder = tempfile.mkdtemp(prefix="heirloom-reference-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ["HEIRLOOM_DATA"] = folder
    os.environ["DJANGO_SETTINGS_MODULE"] = "heirloom.settings"
    import django

    django.setup()


def main() -> int:
    """Write every generated page; say what lacks a sentence."""
    set_up()
    REFERENCE.mkdir(exist_ok=True)
    OPERATE.write_text(operate(), "utf-8")
    for name, page in PAGES.items():
        (REFERENCE / name).write_text(page(), "utf-8")
    lacking = undocumented()
    for line in lacking:
        sys.stderr.write(f"{line}\n")
    return int(bool(lacking))


if __name__ == "__main__":
    sys.exit(main())
