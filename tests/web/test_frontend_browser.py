"""The page of components in a real browser: no accessibility rule broken, by keyboard, without scripts, under the strict policy.

The pages of the installation have their own tests; these hold for the parts that all pages are made of.
"""

from __future__ import annotations

import copy
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler

import pytest
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template import engines
from django.test import override_settings
from django.urls import path

from heirloom.web.templatetags.assets import DIST

playwright = pytest.importorskip("playwright.sync_api")
REPOSITORY = Path(__file__).resolve().parents[2]
AXE = REPOSITORY / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
LANGUAGES = ["en", "zh-hans", "lo", "th", "km", "my", "vi"]

pytestmark = pytest.mark.e2e


def _components(request: HttpRequest) -> HttpResponse:
    return render(request, "heirloom/dev/components.html", {"theme": request.COOKIES.get("theme", "")})


def _remember(request: HttpRequest) -> HttpResponse:
    answer = HttpResponseRedirect(request.POST["next"])
    for name in ("language", "theme"):
        if value := request.POST.get(name):
            answer.set_cookie(name, value)
    return answer


_JOB = """{% extends "heirloom/base.html" %}{% block content %}<div class="page"><h1>Job</h1>
{% include "heirloom/components/progress.html" with label="Counting" value=done max=3 poll_url="/job/part/" page_url="/job/" cancel_url="/job/cancel/" only %}
<form hx-post="/job/note/" hx-target="#told"><button class="button">Note</button></form><p id="told"></p>{% csrf_token %}</div>{% endblock %}"""
_PART = """{% include "heirloom/components/progress.html" with label="Counting" value=3 max=3 state="done" only %}"""


def _job(request: HttpRequest) -> HttpResponse:
    return HttpResponse(engines["django"].from_string(_JOB).render({"done": 1}, request))


def _part(request: HttpRequest) -> HttpResponse:
    return HttpResponse(engines["django"].from_string(_PART).render({}, request))


def _note(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"noted by {request.method}")


urls = ModuleType("heirloom_component_urls")
urls.urlpatterns = [  # type: ignore[attr-defined]
    path("dev/components/", _components),
    path("job/", _job),
    path("job/part/", _part),
    path("job/note/", _note),
    path("language/", _remember, name="set-language"),
    path("theme/", _remember, name="set-theme"),
]


class _Quiet(WSGIRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page behind the installation's own security settings; no database, no accounts."""
    from django.conf import settings
    from django.core.servers.basehttp import ThreadedWSGIServer
    from django.core.wsgi import get_wsgi_application

    if not (DIST / "manifest.json").is_file():
        pytest.skip("the front end is not built (python hatch_build.py --frontend)")
    templates: list[dict[str, Any]] = copy.deepcopy(settings.TEMPLATES)
    options = templates[0]["OPTIONS"]
    options["context_processors"] = ["django.template.context_processors.request"]
    options.setdefault("libraries", {}).setdefault("heirloom_ui", "heirloom.web.templatetags.heirloom_ui")
    options["libraries"].setdefault("specimens", "heirloom.web.templatetags.specimens")
    sys.modules[urls.__name__] = urls
    middleware = [
        "whitenoise.middleware.WhiteNoiseMiddleware",
        "django.middleware.locale.LocaleMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "csp.middleware.CSPMiddleware",
    ]
    with override_settings(
        ROOT_URLCONF=urls.__name__,
        TEMPLATES=templates,
        MIDDLEWARE=middleware,
        ALLOWED_HOSTS=["127.0.0.1"],
        STATIC_ROOT=tmp_path_factory.mktemp("static"),
    ):
        application = get_wsgi_application()
        server = ThreadedWSGIServer(("127.0.0.1", 0), _Quiet)
        server.set_app(application)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


class Visit:
    """One visitor: their window, language and theme; remembers what the browser complained about."""

    def __init__(self, browser: Any, site: str, **options: Any) -> None:
        language = options.pop("language", "en")
        self.context = browser.new_context(**options)
        self.context.add_cookies([{"name": "language", "value": language, "url": site}])
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.fetched: list[str] = []
        self.page.on(
            "console", lambda entry: self.complaints.append(entry.text) if entry.type == "error" else None
        )
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.fetched.append(request.url))
        self.page.goto(f"{site}/dev/components/")

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()


@pytest.mark.parametrize(
    ("language", "width"), [*((code, 320) for code in LANGUAGES), ("en", 1280), ("my", 1280)]
)
def test_no_rule_of_accessibility_is_broken(browser: Any, site: str, language: str, width: int) -> None:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed (npm ci in frontend/)")
    theme = "dark" if language in {"km", "vi"} else "light"
    with Visit(
        browser, site, language=language, viewport={"width": width, "height": 800}, color_scheme=theme
    ) as visit:
        page = visit.page
        page.wait_for_selector("html.js")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, (
            "nothing may stand out of the window"
        )
        page.evaluate(AXE.read_text())
        result = page.evaluate("axe.run(document)")
        broken = {rule["id"]: [node["html"][:200] for node in rule["nodes"]] for rule in result["violations"]}
        assert broken == {}
        assert len(result["passes"]) > 30
        assert visit.complaints == []


def test_targets_are_large_enough(browser: Any, site: str) -> None:
    with Visit(browser, site, viewport={"width": 320, "height": 800}) as visit:
        small = visit.page.evaluate(
            """() => [...document.querySelectorAll("button, .button, summary, select, input:not([type=hidden],[type=checkbox],[type=radio])")]
              .filter((e) => e.checkVisibility() && e.getBoundingClientRect().height < 39.5)
              .map((e) => e.outerHTML.slice(0, 120))"""
        )
        assert small == []


def test_the_way_in_is_a_skip_link_and_menus_close_with_escape(browser: Any, site: str) -> None:
    with Visit(browser, site, viewport={"width": 390, "height": 800}) as visit:
        page = visit.page
        page.evaluate("document.activeElement.blur(); window.scrollTo(0, 0)")
        page.locator(".skip-link").focus()
        assert page.locator(".skip-link").bounding_box()["y"] >= 0
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "content"
        page.locator(".site-nav-button").focus()
        page.keyboard.press("Enter")
        page.wait_for_selector("#site-nav:popover-open")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Collection"
        page.keyboard.press("Escape")
        assert page.locator("#site-nav").is_hidden()
        summary = page.locator(".site-tools .menu > summary")
        summary.focus()
        page.keyboard.press("Enter")
        assert page.locator(".menu-panel").is_visible()
        page.keyboard.press("Escape")
        assert page.locator(".menu-panel").is_hidden()


def test_language_and_colours_keep_the_place(browser: Any, site: str) -> None:
    with Visit(browser, site, viewport={"width": 1280, "height": 800}) as visit:
        page = visit.page
        page.click(".site-tools .menu > summary")
        page.click("button[name=language][value=vi]")
        page.wait_for_selector("html[lang=vi]")
        assert page.url.endswith("/dev/components/")
        page.click("button[data-theme-set=dark]")
        assert page.evaluate("document.documentElement.dataset.theme") == "dark"
        dark = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        page.reload(wait_until="commit")
        page.wait_for_selector("main", state="attached")
        assert page.evaluate("document.documentElement.dataset.theme") == "dark", (
            "the server wrote it, before any script"
        )
        assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == dark
        assert visit.complaints == []


def test_without_scripts_everything_is_there(browser: Any, site: str) -> None:
    with Visit(browser, site, viewport={"width": 390, "height": 800}, java_script_enabled=False) as visit:
        page = visit.page
        assert page.locator("input[name='title.my']").is_visible(), "all languages stand below one another"
        page.click(".site-nav-button")
        assert page.locator("#site-nav").is_visible()
        page.keyboard.press("Escape")
        page.click(".facets-open")
        assert page.locator("#facets").is_visible()
        page.keyboard.press("Escape")
        assert page.locator(".only-js:visible").count() == 0
        page.click(".site-tools .menu > summary")
        page.click("button[name=language][value=th]")
        assert page.locator("html").get_attribute("lang") == "th"
        page.click("button[name=theme][value=dark]")
        assert page.locator("html").get_attribute("data-theme") == "dark"


def test_the_close_view_comes_when_asked_and_works_by_keyboard(browser: Any, site: str) -> None:
    with Visit(browser, site, viewport={"width": 1280, "height": 900}) as visit:
        page = visit.page
        page.wait_for_selector(".zoom-open")
        assert not any("viewer" in url for url in visit.fetched), "nobody has asked yet"
        page.focus(".zoom-open")
        page.keyboard.press("Enter")
        page.wait_for_selector(".zoom-level:not(:empty)")
        assert page.evaluate("document.activeElement.getAttribute('role')") == "application"
        before = page.inner_text(".zoom-level")
        page.keyboard.press("+")
        playwright.expect(page.locator(".zoom-level")).not_to_have_text(before)
        page.keyboard.press("Escape")
        assert page.evaluate("document.activeElement.className") == "button zoom-open"
        page.keyboard.press("Enter")
        page.wait_for_selector(".zoom-level:not(:empty)")
        assert visit.complaints == [], "the policy for content was kept"


def test_long_work_shows_its_progress_and_parts_are_sent_with_a_token(browser: Any, site: str) -> None:
    with Visit(browser, site) as visit:
        page = visit.page
        assert not any("htmx" in url for url in visit.fetched)
        page.goto(f"{site}/job/")
        assert page.inner_text(".progress-value") == "1 / 3"
        playwright.expect(page.locator(".progress-value")).to_have_text("done")
        page.click("text=Note")
        playwright.expect(page.locator("#told")).to_have_text("noted by POST")
        assert visit.complaints == []


def test_every_page_weighs_little(browser: Any, site: str) -> None:
    with Visit(browser, site, viewport={"width": 390, "height": 800}) as visit:
        page = visit.page
        page.wait_for_load_state("networkidle")
        weights = page.evaluate(
            "performance.getEntriesByType('resource').filter((e) => /\\.(js|css)$/.test(e.name)).map((e) => [e.name, e.encodedBodySize])"
        )
        names = sorted(name.rsplit("/", 1)[-1].split("-")[0] for name, _ in weights)
        assert names == ["main", "style"], "htmx and the viewer are for the pages that use them"
        assert sum(size for _, size in weights) < 20_000


def test_the_built_fonts_are_fonts(browser: Any, site: str) -> None:
    files = sorted(f"/static/dist/assets/{file.name}" for file in (DIST / "assets").glob("*.woff2"))
    assert len(files) == 5
    with Visit(browser, site) as visit:
        loaded = visit.page.evaluate(
            "(files) => Promise.all(files.map((f) => new FontFace('probe', `url(${f})`).load().then((face) => face.status)))",
            files,
        )
        assert loaded == ["loaded"] * 5
        states = visit.page.evaluate(
            "document.fonts.ready.then(() => [...document.fonts].map((face) => face.status))"
        )
        assert "error" not in states
