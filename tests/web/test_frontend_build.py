"""The build hook: when it builds, what it compiles, and what it says when it cannot."""

from __future__ import annotations

import gettext
import importlib.util
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def hook() -> ModuleType:
    spec = importlib.util.spec_from_file_location("hatch_build", REPOSITORY / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A repository with front-end sources and no build."""
    for name in ("package.json", "package-lock.json", ".npmrc", "vite.config.ts"):
        (tmp_path / "frontend").mkdir(exist_ok=True)
        shutil.copy(REPOSITORY / "frontend" / name, tmp_path / "frontend" / name)
    (tmp_path / "frontend" / "src").mkdir()
    (tmp_path / "frontend" / "src" / "main.ts").write_text("export {};\n")
    return tmp_path


def finish(frontend: object) -> None:
    frontend.dist.mkdir(parents=True)  # type: ignore[attr-defined]
    (frontend.dist / "manifest.json").write_text("{}")  # type: ignore[attr-defined]
    frontend.stamp.write_text(frontend.digest())  # type: ignore[attr-defined]


def test_a_build_counts_only_for_the_sources_it_was_made_of(hook: ModuleType, tree: Path) -> None:
    frontend = hook.Frontend(tree)
    assert not frontend.is_built()
    finish(frontend)
    assert frontend.is_built()
    (tree / "frontend" / "src" / "main.ts").write_text("export const changed = 1;\n")
    assert not frontend.is_built()


def test_line_ends_and_tests_change_nothing(hook: ModuleType, tree: Path) -> None:
    frontend = hook.Frontend(tree)
    before = frontend.digest()
    (tree / "frontend" / "src" / "main.ts").write_bytes(b"export {};\r\n")
    (tree / "frontend" / "tests").mkdir()
    (tree / "frontend" / "tests" / "new.test.ts").write_text("")
    assert frontend.digest() == before
    (tree / "frontend" / "src" / "main.ts").rename(tree / "frontend" / "src" / "other.ts")
    assert frontend.digest() != before


def test_a_finished_build_without_sources_is_taken_as_it_is(hook: ModuleType, tree: Path) -> None:
    frontend = hook.Frontend(tree)
    finish(frontend)
    shutil.rmtree(tree / "frontend")
    assert frontend.is_built()


def test_node_is_asked_for_only_when_it_is_needed_and_absent(
    hook: ModuleType, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Hook(hook.CustomBuildHook):  # type: ignore[misc, name-defined]
        root = str(tree)

        def __init__(self) -> None:
            pass

    monkeypatch.setattr(hook, "_node_on_path", lambda: None)
    assert Hook().dependencies() == [hook.NODE_PACKAGE]
    monkeypatch.setattr(hook, "_node_on_path", lambda: Path("/usr/bin/node"))
    assert Hook().dependencies() == []
    monkeypatch.setattr(hook, "_node_on_path", lambda: None)
    finish(hook.Frontend(tree))
    assert Hook().dependencies() == []


@pytest.mark.parametrize(
    ("told", "usable"),
    [
        ("v20.19.0", True),
        ("v20.18.3", False),
        ("v21.7.0", False),
        ("v22.11.0", False),
        ("v22.12.0", True),
        ("v24.1.0", True),
        ("nonsense", False),
    ],
)
def test_which_node_is_new_enough(hook: ModuleType, tmp_path: Path, told: str, usable: bool) -> None:
    node = tmp_path / "node"
    node.write_text(f"#!/bin/sh\necho {told}\n")
    node.chmod(0o755)
    assert hook._is_usable(node) is usable


def test_without_node_it_says_what_to_do(
    hook: ModuleType, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hook, "find_node", lambda: None)
    with pytest.raises(hook.BuildFailed, match="no usable Node was found"):
        hook.Frontend(tree).build()


def test_a_failing_step_shows_its_words_and_leaves_no_stamp(
    hook: ModuleType, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hook, "find_node", lambda: Path(sys.executable))
    monkeypatch.setattr(hook.Frontend, "_install", lambda self, node: None)
    frontend = hook.Frontend(tree)
    with pytest.raises(hook.BuildFailed, match=r"could not be built \(scripts/fonts.mjs\)"):
        frontend.build()
    assert not frontend.stamp.exists()


PO = """msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"

#, fuzzy
msgid "Search"
msgstr "ຄົ້ນຫາ"

msgid "Cases"
msgstr "ກໍລະນີ"
"""


def test_machine_translations_are_compiled_too(hook: ModuleType, tmp_path: Path) -> None:
    folder = tmp_path / "src" / "heirloom" / "locale" / "lo" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "django.po").write_text(PO)
    assert hook.compile_messages(tmp_path) == [folder / "django.mo"]
    with (folder / "django.mo").open("rb") as stream:
        catalogue = gettext.GNUTranslations(stream)
    assert catalogue.gettext("Search") == "ຄົ້ນຫາ"
    assert catalogue.gettext("Cases") == "ກໍລະນີ"
    assert hook.compile_messages(tmp_path) == [], "nothing has changed, nothing is written"


def test_a_broken_translation_stops_the_build_by_name(hook: ModuleType, tmp_path: Path) -> None:
    folder = tmp_path / "src" / "heirloom" / "locale" / "th" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "django.po").write_text('msgid "Search"\nmsgstr "ค้นหา\nmsgid')
    with pytest.raises(hook.BuildFailed, match=r"th/LC_MESSAGES/django\.po"):
        hook.compile_messages(tmp_path)


def test_the_lock_file_names_no_host() -> None:
    lock = (REPOSITORY / "frontend" / "package-lock.json").read_text()
    assert "://" not in lock
    assert '"integrity": "sha512-' in lock


def test_every_direct_package_is_pinned() -> None:
    import json

    package = json.loads((REPOSITORY / "frontend" / "package.json").read_text())
    loose = {
        name: version
        for group in ("dependencies", "devDependencies")
        for name, version in package[group].items()
        if not version[0].isdigit()
    }
    assert loose == {}


def test_what_is_shipped_and_not_ours_carries_its_licence() -> None:
    notice = REPOSITORY / "src" / "heirloom" / "web" / "static" / "dist" / "THIRD-PARTY.txt"
    if not notice.is_file():
        pytest.skip("the front end is not built (python hatch_build.py --frontend)")
    told = notice.read_text()
    for words in ("OpenSeadragon", "SIL OPEN FONT LICENSE", "htmx", "world-atlas"):
        assert words in told
