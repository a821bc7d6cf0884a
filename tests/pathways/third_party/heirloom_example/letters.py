"""The work of ``example.letters``."""

from __future__ import annotations

from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

from heirloom.pathways.context import Context, InputFile


def _count(file: InputFile, matters: bool, _folder: Path) -> dict[str, Any]:
    text = file.path.read_text("utf-8")
    return dict(sorted(Counter(text if matters else text.casefold()).items()))


def run(context: Context) -> None:
    total: Counter[str] = Counter()
    matters = bool(context.params["case_matters"])
    for index, file in enumerate(context.track(context.files("texts"), 0.0, 0.9)):
        counts = context.step(f"text-{index}", partial(_count, file, matters)).value
        context.write_json(f"by-text/{file.name}.json", counts)
        total.update(counts)
    context.write_json("letters.json", total)
    context.progress(1.0)
