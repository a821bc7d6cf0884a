"""Translations of the interface: never stale, placeholders right, and what is still missing only ever shrinks."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]

MISSING_AT_MOST = dict.fromkeys(("zh_Hans", "lo", "th", "km", "my", "vi"), 0)
"""Strings that have no translation yet. Lower a number when it shrinks; never raise one."""


@pytest.mark.skipif(shutil.which("xgettext") is None, reason="GNU gettext is not installed")
def test_translations_are_in_step_and_the_gaps_shrink() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/messages.py", "--check"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    rows = re.findall(
        r"^(\w+): \d+ strings, (\d+) missing, (\d+) wrong(, stale)?$", done.stdout, re.MULTILINE
    )
    assert {row[0] for row in rows} == set(MISSING_AT_MOST), done.stdout + done.stderr
    assert [row for row in rows if row[2] != "0" or row[3]] == [], done.stdout
    too_many = {
        language: missing for language, missing, *_ in rows if int(missing) > MISSING_AT_MOST[language]
    }
    assert too_many == {}
