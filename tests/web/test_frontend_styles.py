"""The stylesheet: contrast of every pair of colours that meets, and the rules of the house that a reader of CSS could break."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
STYLES = REPOSITORY / "frontend" / "src" / "styles"
TEMPLATES = REPOSITORY / "src" / "heirloom" / "web" / "templates"

TEXT, SIGN = 4.5, 3.0
PAIRS = [
    # (foreground, backgrounds it stands on, least ratio by WCAG 2.2: 1.4.3 for text, 1.4.11 for controls and signs)
    (
        "ink",
        ("ground", "surface", "sunken", "accent-ground", "good-ground", "warning-ground", "bad-ground"),
        TEXT,
    ),
    ("ink-quiet", ("ground", "surface", "sunken", "accent-ground"), TEXT),
    ("accent", ("ground", "surface", "sunken", "accent-ground"), TEXT),
    ("accent-strong", ("ground", "surface", "sunken", "accent-ground"), TEXT),
    ("on-accent", ("accent", "accent-strong"), TEXT),
    ("good", ("ground", "surface", "good-ground"), TEXT),
    ("warning", ("ground", "surface", "warning-ground"), TEXT),
    ("bad", ("ground", "surface", "bad-ground"), TEXT),
    ("surface", ("bad",), TEXT),
    ("line-strong", ("ground", "surface", "sunken"), SIGN),
    ("accent", ("land", "line"), SIGN),
]


def declarations(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z0-9-]+):\s*([^;]+);", block))


def themes() -> dict[str, dict[str, str]]:
    css = (STYLES / "tokens.css").read_text()
    light = declarations(
        css[css.index(":root {") : css.index("@media screen and (prefers-color-scheme: dark)")]
    )
    device = css[
        css.index("@media screen and (prefers-color-scheme: dark)") : css.index(':root[data-theme="dark"]')
    ]
    chosen = css[css.index(':root[data-theme="dark"]') : css.index(':root[data-theme="light"]')]
    return {
        "light": light,
        "dark": light | declarations(device),
        "dark, chosen": light | declarations(chosen),
    }


def luminance(colour: str) -> float:
    """Relative luminance of ``#rrggbb`` as WCAG 2 defines it."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_computed_as_wcag_does() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_pair_of_colours_can_be_read(theme: str) -> None:
    colours = themes()[theme]
    too_weak = {
        f"{front} on {back}": round(ratio, 2)
        for front, backs, least in PAIRS
        for back in backs
        if (ratio := contrast(colours[front], colours[back])) < least
    }
    assert too_weak == {}


def test_the_dark_of_the_device_is_the_dark_that_is_chosen() -> None:
    assert themes()["dark"] == themes()["dark, chosen"]


def sources() -> dict[str, str]:
    found = {
        str(path.relative_to(STYLES)): re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)
        for path in STYLES.rglob("*.css")
    }
    assert len(found) > 10
    return found


def test_only_tokens_name_colours() -> None:
    allowed = {"tokens.css", "print.css"}
    # The close view is a dark room in both themes, and a dialog's backdrop is a shade of it.
    room = {"#101114", "#eceae5", "#a6bdf4"}
    named = {
        name: extra
        for name, css in sources().items()
        if name not in allowed and (extra := set(re.findall(r"#[0-9a-fA-F]{3,8}\b", css)) - room)
    }
    assert named == {}


def test_directions_are_logical() -> None:
    physical = re.compile(
        r"(?<![-\w])(?:margin|padding|border)-(?:left|right|top|bottom)\b|(?<![-\w])(?:left|right|top|bottom|width|height|float)\s*:(?!\s*inline-)"
        r"|text-align:\s*(?:left|right)"
    )
    found = {name: hits for name, css in sources().items() if (hits := physical.findall(css))}
    assert found == {}


@pytest.mark.parametrize("language", ["lo", "th", "km", "my"])
def test_stacked_scripts_get_room_and_no_spacing(language: str) -> None:
    css = sources()["scripts.css"]
    leading = {
        tag: float(match[1])
        for rule in re.finditer(r"([^{}]+)\{([^}]*)\}", css)
        if (match := re.search(r"--leading:\s*([\d.]+)", rule[2]))
        for tag in re.findall(r":lang\((\w+)\)", rule[1])
    }
    assert leading[language] >= 1.7
    spacing = [
        rule[2] for rule in re.finditer(r"([^{}]+)\{([^}]*)\}", css) if f":lang({language})" in rule[1]
    ]
    assert any("letter-spacing: normal" in body for body in spacing)
    assert any("--tracking-display: normal" in body for body in spacing)


def test_letters_are_spaced_only_by_the_token_that_scripts_switch_off() -> None:
    spaced = {
        f"{name}: {value}"
        for name, css in sources().items()
        for value in re.findall(r"letter-spacing:\s*([^;]+);", css)
        if value not in {"normal", "inherit", "var(--tracking-display)"}
    }
    assert spaced == {"components/content.css: 0.01em"}, "only a digest, which is Latin, may be spaced"


def test_motion_is_only_for_those_who_do_not_mind() -> None:
    moving = re.compile(r"(?<![-\w])(?:transition|animation)\s*:")
    for name, css in sources().items():
        still = re.sub(
            r"@media \(prefers-reduced-motion: no-preference\)\s*\{(?:[^{}]|\{[^{}]*\})*\}", "", css
        )
        assert not moving.search(still), name


def test_no_template_carries_its_own_style_or_script() -> None:
    templates = list(TEMPLATES.rglob("*.html"))
    assert templates
    inline = re.compile(
        r"\sstyle\s*=|<style\b|\son[a-z]+\s*=\s*[\"']|javascript:|<script(?![^>]*\ssrc=)", re.IGNORECASE
    )
    guilty = [str(path.relative_to(TEMPLATES)) for path in templates if inline.search(path.read_text())]
    assert guilty == []


def test_every_class_in_the_design_system_has_its_rule() -> None:
    css = "\n".join(sources().values())
    told = (REPOSITORY / "docs" / "design-system.md").read_text()
    section = told[told.index("## Layout classes") : told.index("## Scripts")]
    classes = {
        name
        for row in section.splitlines()
        if row.startswith("| ") and not row.startswith("| ---")
        for cell in row.split("|")[1:3]
        for name in re.findall(r"`([a-z]+(?:-[a-z]+)*(?:--[a-z]+)?)`", cell)
    }
    assert len(classes) > 60
    names = {name for name in classes if not name.startswith(("data-", "aria-"))}
    missing = sorted(name for name in names if not re.search(rf"\.{name}(?![\w-])", css))
    assert missing == []
