"""What a first visit costs on the wire."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.e2e.conftest import Site, Visitor

pytestmark = pytest.mark.e2e
LIST_LIMIT = 60_000
CASE_LIMIT = 250_000


def weight(visitor: Visitor, path: str) -> int:
    """Return the bytes that a first visit moves, headers included, until the page rests."""
    session = visitor.context.new_cdp_session(visitor.page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    moved: list[float] = []
    session.on("Network.loadingFinished", lambda event: moved.append(event["encodedDataLength"]))
    visitor.go(path)
    visitor.page.wait_for_load_state("networkidle")
    session.detach()
    return round(sum(moved))


@pytest.mark.parametrize("language", ["en", "my"])
@pytest.mark.parametrize("path", ["/explore/", "/cases/", "/calls/"])
def test_a_list_is_light(
    browser: Any, site: Site, language: str, path: str, record_property: Callable[[str, object], None]
) -> None:
    with Visitor(browser, site, language=language, width=390) as visitor:
        moved = weight(visitor, path)
    record_property("list-bytes", moved)
    assert moved <= LIST_LIMIT


@pytest.mark.parametrize("order", ["id", "id DESC"])
def test_a_case_is_light(
    browser: Any, site: Site, order: str, record_property: Callable[[str, object], None]
) -> None:
    [case] = site.ask(f"SELECT key FROM heirloom_case WHERE state='published' ORDER BY {order} LIMIT 1")
    with Visitor(browser, site, width=390) as visitor:
        moved = weight(visitor, f"/cases/{case}/")
    record_property("case-bytes", moved)
    assert moved <= CASE_LIMIT
