"""Fill the examples of ``docs/formats.md`` from the demonstration: ``python -m scripts.examples`` (``--print`` only shows them).

Builds the demonstration in a temporary folder, or reads the one that ``HEIRLOOM_DEMO`` names, and takes from its archive one record of each
format. Examples are shortened for readers: a list to its first entry, a text in many languages to one of them, long strings and digests to
their beginning.
"""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
FORMATS = REPOSITORY / "docs" / "formats.md"
BLOCK = re.compile(r"(<!-- example: (?P<name>[a-z-]+) -->\n)```json\n(?P<text>.*?)```\n", re.DOTALL)
MORE = "…"
KEY = re.compile(r"[0-9a-hjkmnp-tv-z]{26}")
LONGEST = 96
WIDTH = 110
# A method's declaration is documented by itself and would fill pages.
LEFT_OUT = {"declaration": {MORE: "as the method declares itself"}}
TRANSLATION = {"text", "origin"}


def shorten(value: Any, name: str = "") -> Any:
    """Return *value* with less of the same in it."""
    if name in LEFT_OUT and value:
        return LEFT_OUT[name]
    if isinstance(value, dict):
        if value and all(isinstance(part, dict) and set(part) == TRANSLATION for part in value.values()):
            first = "en" if "en" in value else next(iter(value))
            return {first: {part: shorten(text) for part, text in value[first].items()}}
        if name == "languages" and len(value) > 1:
            return {"en": shorten(value["en"]), MORE: MORE}
        if len(value) > 1 and all(KEY.fullmatch(key) or ":" in key for key in value):
            first = min(value)
            return {first: shorten(value[first]), MORE: MORE}
        return {key: shorten(part, key) for key, part in value.items()}
    if isinstance(value, list):
        return [shorten(value[0]), *([MORE] if len(value) > 1 else [])] if value else []
    if isinstance(value, str):
        if re.fullmatch(r"[0-9a-f]{64,128}", value):
            return value[:12] + MORE
        return value if len(value) <= LONGEST else value[:LONGEST].rsplit(" ", 1)[0] + MORE
    return value


def shape(value: Any) -> Any:
    """Return the names and kinds of *value* without what it says: what must not go stale."""
    if isinstance(value, dict):
        value = {key: part for key, part in value.items() if key != MORE}
        return {
            "KEY" if KEY.fullmatch(key) else "ID" if ":" in key else key: shape(part)
            for key, part in value.items()
        }
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return (
        "number" if isinstance(value, (int, float)) and not isinstance(value, bool) else type(value).__name__
    )


def render(value: Any, indent: int = 0) -> str:
    """Return JSON in which whatever fits into a line stands in one."""
    short = json.dumps(value, ensure_ascii=False)
    if len(short) + indent <= WIDTH or not isinstance(value, (dict, list)):
        return short
    pad = " " * (indent + 1)
    if isinstance(value, list):
        return (
            "[\n" + ",\n".join(pad + render(part, indent + 1) for part in value) + "\n" + " " * indent + "]"
        )
    # What the format is comes first.
    keys = sorted(value, key=lambda key: (key != "format", key == MORE, key))
    parts = (f"{pad}{json.dumps(key, ensure_ascii=False)}: {render(value[key], indent + 1)}" for key in keys)
    return "{\n" + ",\n".join(parts) + "\n" + " " * indent + "}"


def documented() -> dict[str, Any]:
    """Return the examples that the page shows, by name."""
    return {found["name"]: json.loads(found["text"]) for found in BLOCK.finditer(FORMATS.read_text("utf-8"))}


def _heirloom(*words: str) -> str:
    command = [sys.executable, "-m", "heirloom.cli", *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _collect(folder: Path) -> dict[str, Any]:
    """Read one record of each format from the demonstration that stands in the data folder."""
    from heirloom.calls.content import describe as describe_call
    from heirloom.calls.models import Call
    from heirloom.cases.kit import kit_name, write_kit
    from heirloom.cases.models import Case, Run
    from heirloom.catalogue.models import Item
    from heirloom.catalogue.store import archive
    from heirloom.keys import object_id

    store = archive()

    def record(kind: str, key: str, name: str = "record.json") -> Any:
        return json.loads(store.read(object_id(kind, key), name))

    case = Case.objects.filter(state="published", sections__run__method="diversity.coverage").get()
    shown = Case.objects.filter(state="published", sections__item__isnull=False).order_by("id")[0]
    run = Run.objects.get(case=case)
    call = Call.objects.get(slug="digital-environment-2025")
    seal = case.published_seal
    assert seal is not None
    packed = io.BytesIO()
    write_kit(seal, packed, site="https://cases.example.org")
    kit = folder / f"{kit_name(seal)}.zip"
    kit.write_bytes(packed.getvalue())
    _heirloom(
        "replicate", str(kit), "--who", "A team", "--where", "Luang Prabang", "--out", str(folder / "again")
    )
    backup = Path(_heirloom("backup", str(folder / "backups")).strip().splitlines()[-1])
    collection = record("collection", call.collection.key)
    from heirloom.cases.kit import open_kit

    with open_kit(kit) as opened:
        kit_json = dict(opened.data)
    return {
        "item": record("item", Item.objects.filter(state="published").order_by("id")[0].key),
        "case": record("case", shown.key),
        "publication": record("case", shown.key, "publication.json"),
        "run": record("run", run.key),
        "run-record": record("run", run.key, "run.json"),
        "call": describe_call(call),
        "collection": {**collection, "call": {MORE: "the call, as heirloom/call/1"}},
        "kit": kit_json,
        "replication": json.loads((folder / "again" / "replication.json").read_text("utf-8")),
        "backup": json.loads((backup / "manifest.json").read_text("utf-8")),
    }


def collect() -> dict[str, Any]:
    """Build the demonstration where none is named, and return the shortened examples by name."""
    given = os.environ.get("HEIRLOOM_DEMO")
    with tempfile.TemporaryDirectory(prefix="heirloom-examples-") as name:
        scratch = Path(name)
        data = Path(given) if given else scratch / "demo"
        for variable in [variable for variable in os.environ if variable.startswith("HEIRLOOM_")]:
            del os.environ[variable]
        os.environ |= {"HEIRLOOM_DATA": str(data), "HEIRLOOM_LOG_LEVEL": "ERROR"}
        os.environ["DJANGO_SETTINGS_MODULE"] = "heirloom.settings"
        _heirloom("demo", "--build-only")
        import django

        django.setup()
        examples = {kind: shorten(value) for kind, value in _collect(scratch).items()}
        from django.db import connection

        connection.close()
        if given is None:
            shutil.rmtree(data, ignore_errors=True)
        return examples


def main(words: list[str]) -> int:
    """Write the examples into the page, or print them."""
    examples = collect()
    if words == ["--print"]:
        sys.stdout.write(json.dumps(examples))
        return 0

    def fill(found: re.Match[str]) -> str:
        text = render(examples[found["name"]])
        return f"{found[1]}```json\n{text}\n```\n"

    FORMATS.write_text(BLOCK.sub(fill, FORMATS.read_text("utf-8")), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
