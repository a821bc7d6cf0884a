"""Every page by axe, in every language, on a small phone and on a desk."""

from __future__ import annotations

import os
from typing import Any

import pytest
from tests.e2e.conftest import LANGUAGES, Site, Visitor, broken_rules

pytestmark = pytest.mark.e2e
EVERYTHING = bool(os.environ.get("HEIRLOOM_EVERY_PAGE"))
"""All languages at both widths for every page; otherwise a part of them, to keep the suite short."""
ALL = [(code, width) for code in LANGUAGES for width in (320, 1280)]
PUBLIC = ALL if EVERYTHING else [*((code, 320) for code in LANGUAGES), ("en", 1280), ("my", 1280)]
SIGNED_IN = ALL if EVERYTHING else [("en", 320), ("my", 1280)]


@pytest.mark.parametrize(("language", "width"), PUBLIC)
def test_public_pages_break_no_rule(browser: Any, site: Site, language: str, width: int) -> None:
    with Visitor(browser, site, language=language, width=width) as visitor:
        broken = {
            path: found for path in site.public_paths() if (found := broken_rules(visitor, path, width))
        }
    assert broken == {}


@pytest.mark.parametrize(("language", "width"), SIGNED_IN)
def test_signed_in_pages_break_no_rule(browser: Any, site: Site, language: str, width: int) -> None:
    broken = {}
    for email, paths in site.private_paths().items():
        with Visitor(browser, site, language=language, width=width) as visitor:
            visitor.sign_in(email)
            broken |= {path: found for path in paths if (found := broken_rules(visitor, path, width))}
    assert broken == {}


def test_every_page_has_one_heading_and_landmarks(browser: Any, site: Site) -> None:
    with Visitor(browser, site) as visitor:
        for path in site.public_paths():
            visitor.go(path)
            assert visitor.page.locator("h1").count() == 1, path
            assert visitor.page.locator("main").count() == 1, path
            assert visitor.page.title().strip(" ·"), path
