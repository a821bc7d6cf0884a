"""The examples of docs/formats.md have the structure that the code writes today."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import Any

import pytest
from scripts import examples
from tests.docs.pages import REPOSITORY

FORMAT = re.compile(r"heirloom/[a-z-]+/[0-9]+")


@pytest.fixture(scope="module")
def fresh() -> dict[str, Any]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HEIRLOOM_")}
    told = subprocess.run(
        [sys.executable, "-m", "scripts.examples", "--print"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        env=environment,
        check=False,
        timeout=300,
    )
    assert told.returncode == 0, told.stderr[-3000:]
    found: dict[str, Any] = json.loads(told.stdout)
    return found


SHOWN = examples.documented()


def test_there_are_examples() -> None:
    assert len(SHOWN) >= 8


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(SHOWN))
def test_examples_are_as_the_code_writes_them(name: str, fresh: dict[str, Any]) -> None:
    assert examples.shape(SHOWN[name]) == examples.shape(fresh[name]), "python -m scripts.examples"


def test_every_format_of_the_code_is_documented() -> None:
    code = "".join(path.read_text("utf-8") for path in (REPOSITORY / "src" / "heirloom").rglob("*.py"))
    page = examples.FORMATS.read_text("utf-8")
    named = set(FORMAT.findall(page)) | {
        f"heirloom/{name}" for name in re.findall(r"`([a-z-]+/[0-9]+)`", page)
    }
    assert set(FORMAT.findall(code)) - named == set()


def test_shortening_keeps_the_structure() -> None:
    key = "01m8549qn3f5vkme9e8c0k1t1e"
    value = {
        "list": [{"a": 1}, {"a": 2}],
        "title": {"lo": {"text": "ກ", "origin": "human"}, "en": {"text": "x", "origin": "human"}},
        "items": {key: 1, key[:-1] + "f": 2},
        "digest": "0" * 128,
    }
    short = examples.shorten(value)
    assert short == {
        "list": [{"a": 1}, "…"],
        "title": {"en": {"text": "x", "origin": "human"}},
        "items": {key: 1, "…": "…"},
        "digest": "000000000000…",
    }
    assert examples.shape(short) == {
        "list": [{"a": "number"}],
        "title": {"en": {"text": "str", "origin": "str"}},
        "items": {"KEY": "number"},
        "digest": "str",
    }


def test_what_is_rendered_is_the_same_json() -> None:
    for value in SHOWN.values():
        assert json.loads(examples.render(value)) == value
