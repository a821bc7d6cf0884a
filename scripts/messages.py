"""Keeps the translations of the interface in step with its strings (needs GNU gettext to extract).

``python scripts/messages.py`` extracts and merges; ``--missing LANGUAGE`` prints what has no translation as JSON;
``--fill LANGUAGE FILE`` takes a JSON object of English -> translation, marks each as machine-made (``fuzzy``: shown, but up for
review), and refuses one whose placeholders differ. ``--check`` fails when a string is missing or the files are stale.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po

REPOSITORY = Path(__file__).resolve().parent.parent
PACKAGE = REPOSITORY / "src" / "heirloom"
LOCALE = PACKAGE / "locale"
LANGUAGES = {"zh_Hans": "zh-hans", "lo": "lo", "th": "th", "km": "km", "my": "my", "vi": "vi"}
PLACEHOLDER = re.compile(r"%\([a-z_]+\)[sd]|%[sd]|\{[a-z_]*\}")


def extract() -> Catalog:
    """Return every string of the interface, by Django's own extraction."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "heirloom"
        ignored = shutil.ignore_patterns(
            "locale", "static", "migrations", "__pycache__", "*.json", "fixture", "reference"
        )
        shutil.copytree(PACKAGE, copy, ignore=ignored)
        (copy / "locale").mkdir()
        import django
        from django.conf import settings
        from django.core.management import call_command
        from django.core.management.commands.makemessages import Command

        if not settings.configured:
            settings.configure(USE_I18N=True, LOCALE_PATHS=[])
            django.setup()
        here = Path.cwd()
        os.chdir(copy)
        try:
            call_command(
                Command(), locale=["xx"], verbosity=0, no_wrap=True, extensions=["html", "txt", "py"]
            )
        finally:
            os.chdir(here)
        text = (copy / "locale" / "xx" / "LC_MESSAGES" / "django.po").read_text("utf-8")
        return read_po(
            io.BytesIO(
                text.replace("nplurals=INTEGER; plural=EXPRESSION", "nplurals=2; plural=n != 1").encode()
            )
        )


def _empty(language: str) -> Catalog:
    """Return an empty catalogue; all six languages have one plural form (CLDR), which Babel does not know of each."""
    catalog = Catalog(locale=language)
    catalog._num_plurals, catalog._plural_expr = 1, "0"  # noqa: SLF001 -- there is no public way
    return catalog


def path_of(language: str) -> Path:
    return LOCALE / language / "LC_MESSAGES" / "django.po"


def load(language: str) -> Catalog:
    path = path_of(language)
    if not path.exists():
        return _empty(language)
    with path.open("rb") as stream:
        return read_po(stream, locale=language)


def save(language: str, catalog: Catalog) -> None:
    """Write a catalogue without dates and places, so that only real changes show."""
    path = path_of(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    for message in catalog:
        message.locations = []
        message.auto_comments = []
    out = io.BytesIO()
    write_po(out, catalog, width=0, sort_output=True, omit_header=True, ignore_obsolete=True)
    header = (
        f"# Translations of Heirloom's interface into {catalog.locale.get_display_name('en')}.\n"
        "# Entries marked fuzzy were made by a machine: they are shown, and wait for a person's review.\n"
        'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n'
        f'"Content-Transfer-Encoding: 8bit\\n"\n"Language: {language}\\n"\n'
        '"Plural-Forms: nplurals=1; plural=0;\\n"\n\n'
    )
    path.write_bytes(header.encode() + out.getvalue())


def merge(language: str, template: Catalog) -> Catalog:
    """Bring one language to the strings of *template*: nothing guessed, nothing that still exists lost."""
    old = {_key(message): message for message in load(language) if message.id}
    merged = _empty(language)
    for message in template:
        if not message.id:
            continue
        known = old.get(_key(message))
        string = _one_form(known.string) if known is not None else ""
        plural = isinstance(message.id, tuple)
        merged.add(
            message.id,
            (string,) if plural else string,
            flags=[flag for flag in (known.flags if known else ()) if flag == "fuzzy"]
            + [flag for flag in message.flags if flag != "fuzzy"],
            context=message.context,
        )
    return merged


def _key(message: Message) -> tuple[str | None, str]:
    return message.context, message.id if isinstance(message.id, str) else message.id[0]


def _one_form(string: object) -> str:
    if isinstance(string, (tuple, list)):
        return next((form for form in string if form), "")
    return str(string or "")


def missing(catalog: Catalog) -> list[Message]:
    return [message for message in catalog if message.id and not _one_form(message.string)]


def problems(catalog: Catalog) -> list[str]:
    """Return translations whose placeholders are not those of the English text."""
    found = []
    for message in catalog:
        string = _one_form(message.string)
        if not message.id or not string:
            continue
        ids = message.id if isinstance(message.id, tuple) else (message.id,)
        allowed = [sorted(PLACEHOLDER.findall(one)) for one in ids]
        if sorted(PLACEHOLDER.findall(string)) not in allowed:
            found.append(f"{ids[0]!r}: {string!r}")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--missing", metavar="LANGUAGE", choices=LANGUAGES)
    parser.add_argument("--fill", nargs=2, metavar=("LANGUAGE", "FILE"))
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    if args.fill:
        return fill(args.fill[0], Path(args.fill[1]))
    if not shutil.which("xgettext"):
        print("GNU gettext is not installed", file=sys.stderr)
        return 3
    template = extract()
    if args.missing:
        ids = [_key(message)[1] for message in missing(merge(args.missing, template))]
        print(json.dumps(ids, ensure_ascii=False, indent=0))
        return 0
    bad = 0
    for language in LANGUAGES:
        merged = merge(language, template)
        lacking, wrong = missing(merged), problems(merged)
        if args.check:
            stale = {_key(message) for message in merged if message.id} != {
                _key(message) for message in load(language) if message.id
            }
            bad += len(lacking) + len(wrong) + stale
            print(
                f"{language}: {len(merged)} strings, {len(lacking)} missing, {len(wrong)} wrong{', stale' * stale}"
            )
            for message in lacking[:10]:
                print(f"  missing: {_key(message)[1]!r}")
            for line in wrong[:10]:
                print(f"  wrong: {line}")
        else:
            save(language, merged)
            print(f"{language}: {len(merged)} strings, {len(lacking)} missing")
    return int(bool(bad))


def fill(language: str, path: Path) -> int:
    """Write translations from a JSON file into the catalogue, marked as a machine's."""
    given = json.loads(path.read_text("utf-8"))
    catalog = load(language)
    refused = filled = 0
    for message in catalog:
        key = _key(message)[1]
        if not message.id or key not in given or _one_form(message.string):
            continue
        ids = message.id if isinstance(message.id, tuple) else (message.id,)
        string = str(given[key])
        if key.startswith("\n") != string.startswith("\n") or key.endswith("\n") != string.endswith("\n"):
            string = (
                ("\n" if key.startswith("\n") else "")
                + string.strip("\n")
                + ("\n" if key.endswith("\n") else "")
            )
        if sorted(PLACEHOLDER.findall(string)) not in [sorted(PLACEHOLDER.findall(one)) for one in ids]:
            print(f"refused: {key!r} -> {string!r}")
            refused += 1
            continue
        message.string = (string,) if isinstance(message.id, tuple) else string
        message.flags = {*message.flags, "fuzzy"}
        filled += 1
    save(language, catalog)
    print(f"{language}: {filled} filled, {refused} refused, {len(missing(catalog))} missing")
    return int(bool(refused))


if __name__ == "__main__":
    sys.exit(main())
