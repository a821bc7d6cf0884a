"""What people come to do: without scripts, by keyboard alone, and with everything on."""

from __future__ import annotations

import secrets
from typing import Any

import pytest
from tests.e2e.conftest import Site, Visitor

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("scripts", [False, True])
def test_a_newcomer_applies_and_submits(browser: Any, site: Site, scripts: bool) -> None:
    with Visitor(browser, site, width=390, java_script_enabled=scripts) as visitor:
        page = visitor.page
        visitor.go("/account/signup/")
        page.locator("input[name=email]").fill(f"{secrets.token_hex(6)}@example.org")
        page.locator("input[name=password1]").fill("a-long-enough-secret-7")
        page.locator("main form button[type=submit], main form button:not([type])").first.click()
        visitor.go("/calls/rivers-illustrative/")
        page.locator("a[href$='/apply/']").first.click()
        page.locator("[name='title.en']").fill("Songs of our river")
        page.locator("main form button").last.click()
        submission = page.url
        page.locator("a[href*='/my/cases/']").first.click()
        page.locator("[name='summary.en']").fill("Twelve songs, recorded with those who sing them.")
        page.locator("[name='sections.0.body.en']").fill("We listened first.")
        page.locator("main form .form-actions button.button--primary").click()
        page.goto(submission)
        page.locator("input[name=theme]").first.check(force=True)
        page.locator("[name='answer.consent-of-community'][value=yes]").check(force=True)
        page.locator("[name='answer.who-decides']").fill("The singers.")
        page.locator("[name='answer.repeat']").fill("A telephone.")
        scale = page.locator("[name='answer.scale']")
        if scale.first.evaluate("e => e.tagName") == "SELECT":
            scale.select_option("village")
        else:
            page.locator("[name='answer.scale'][value=village]").check(force=True)
        page.locator("button[name=next][value=submit]").click()
        page.locator("input[name=agreed]").check(force=True)
        page.locator("main form .form-actions button.button--primary").first.click()
        assert page.locator(".receipt .digest").inner_text().strip()
        if scripts:
            assert visitor.complaints == []


def test_searching_works_without_scripts_and_in_another_script(browser: Any, site: Site) -> None:
    with Visitor(browser, site, java_script_enabled=False) as visitor:
        visitor.go("/cases/")
        box = visitor.page.locator("main input[type=search], main input[name=q]").first
        box.fill("Lao youth")
        box.press("Enter")
        assert "q=" in visitor.page.url
        assert visitor.page.get_by_role("link", name="A hackathon where Lao youth").count() >= 1


def test_the_language_changes_and_the_place_stays(browser: Any, site: Site) -> None:
    with Visitor(browser, site, java_script_enabled=False) as visitor:
        visitor.go("/calls/digital-environment-2025/")
        with visitor.page.expect_navigation():
            visitor.page.locator("[name=language][value=lo]").first.dispatch_event("click")
        assert visitor.page.url.endswith("/calls/digital-environment-2025/")
        assert visitor.page.locator("html").get_attribute("lang") == "lo"


def test_a_visitor_finds_a_case_by_keyboard_alone(browser: Any, site: Site) -> None:
    with Visitor(browser, site) as visitor:
        page = visitor.page
        visitor.go("/")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.getAttribute('href')") == "#content"
        page.keyboard.press("Enter")
        for _ in range(10):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.name") == "q":
                break
        page.keyboard.type("hackathon")
        page.keyboard.press("Enter")
        page.wait_for_url("**q=hackathon**")


def test_a_reviewer_scores_by_keyboard_alone(browser: Any, site: Site) -> None:
    [review] = site.ask("SELECT key FROM heirloom_review WHERE state='assigned'")[:1]
    with Visitor(browser, site) as visitor:
        visitor.sign_in("reviewer1@example.org")
        visitor.go(f"/review/{review}/")
        page = visitor.page
        first = page.locator(".rating input[type=radio]").first
        first.focus()
        page.keyboard.press("Space")
        page.keyboard.press("ArrowRight")
        name = first.get_attribute("name")
        assert page.locator(f"input[name='{name}']:checked").get_attribute("value") == "2"
        assert first.evaluate("e => getComputedStyle(e.closest('label')).outlineStyle !== undefined")


def test_a_picture_opens_for_a_close_look(browser: Any, site: Site) -> None:
    [item] = site.ask("SELECT key FROM heirloom_item WHERE state='published' ORDER BY id LIMIT 1")
    with Visitor(browser, site) as visitor:
        visitor.go(f"/items/{item}/")
        page = visitor.page
        page.locator("heirloom-zoom button").first.click()
        page.wait_for_selector("heirloom-zoom canvas, heirloom-zoom .openseadragon-canvas")
        page.wait_for_load_state("networkidle")
        assert visitor.complaints == []


def test_a_visitor_moves_the_light_over_the_panel_of_a_case(browser: Any, site: Site) -> None:
    [case] = site.ask("SELECT key FROM heirloom_case WHERE state='published' ORDER BY id DESC LIMIT 1")
    with Visitor(browser, site, width=390) as visitor:
        visitor.go(f"/cases/{case}/")
        page = visitor.page
        page.locator("heirloom-relight .zoom-open").click()
        page.wait_for_selector("heirloom-relight:not([aria-busy]) canvas")
        canvas = page.locator("heirloom-relight canvas").first
        first = canvas.screenshot()
        turn = page.locator("heirloom-relight input[type=range]").first
        turn.focus()
        for _ in range(8):
            turn.press("ArrowRight")
        page.wait_for_timeout(200)
        assert canvas.screenshot() != first
        assert visitor.complaints == []
