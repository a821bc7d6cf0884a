"""What the part costs before it is used, and that its names are all there."""

from __future__ import annotations

import subprocess
import sys

import pytest

import heirloom.text


def loaded(code: str) -> set[str]:
    program = f"import sys\n{code}\nprint(' '.join(sorted({{name.split('.')[0] for name in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_import_loads_neither_icu_nor_cldr() -> None:
    assert not loaded("import heirloom.text") & {"icu", "babel", "regex", "django"}
    used = "from heirloom.text import Translated, fold, search_tokens; fold('Đà'); Translated({'en': 'a'}).text('en')"
    assert not loaded(used) & {"icu", "django"}


def test_every_public_name_is_there() -> None:
    for name in heirloom.text.__all__:
        assert getattr(heirloom.text, name) is not None
    assert dir(heirloom.text) == sorted(heirloom.text.__all__)
    with pytest.raises(AttributeError):
        heirloom.text.nothing  # noqa: B018
