"""The relightable picture in a real browser: its pixels against the values that Python computes, its controls, and what stands there without it.

The planes are random bytes, so that no pixel looks like its neighbour and a picture that is turned, shifted or smoothed is found out.
"""

from __future__ import annotations

import copy
import itertools
import json
import math
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, Self
from wsgiref.simple_server import WSGIRequestHandler

import numpy as np
import pytest
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import render
from django.test import override_settings
from django.urls import path

from heirloom.web.templatetags.assets import DIST

playwright = pytest.importorskip("playwright.sync_api")
pytest.importorskip("cv2")
pytest.importorskip("pyvips")

from heirloom.pathways.condition import pictures, rti  # noqa: E402
from heirloom.pathways.condition.lights import dome  # noqa: E402

REPOSITORY = Path(__file__).resolve().parents[2]
AXE = REPOSITORY / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
LANGUAGES = ["en", "zh-hans", "lo", "th", "km", "my", "vi"]
HEIGHT, WIDTH = 47, 61
LIGHTS = ((0, 90), (315, 35), (90, 10), (200, 20), (135, 60), (271, 45))
TOLERANCE = 1  # of 255: both sides round once

pytestmark = pytest.mark.e2e

PAGE = "{% extends 'heirloom/base.html' %}{% block title %}Rock{% endblock %}{% block content %}<div class='page page--narrow stack'><h1>Rock</h1>{% include 'heirloom/components/relight.html' with one=one label='Rock' only %}</div>{% endblock %}"


def direction(turn: float, height: float) -> tuple[float, float, float]:
    """The light at these angles of the viewer: clockwise from the top, and above the surface, degrees."""
    flat = math.cos(math.radians(height))
    return (
        flat * math.sin(math.radians(turn)),
        flat * math.cos(math.radians(turn)),
        math.sin(math.radians(height)),
    )


class Surface:
    """One relightable picture as a run leaves it, and what its pixels should be."""

    def __init__(self, folder: Path, basis: rti.Basis, form: Any) -> None:
        random = np.random.default_rng([len(basis), 5])
        count = {"ptm": 6, "hsh": 9}[basis]
        self.folder = folder
        # Ranges in which the light goes below 0 and above 1, so that both ends are cut as they should be.
        scale = (
            {"ptm": 2.2, "hsh": 5.5}[basis],
            *(float(one) for one in random.uniform(0.3, 1.6, count - 1)),
        )
        bias = (0.2, *(float(one) for one in random.uniform(0.3, 0.7, count - 1)))
        planes = rti.Planes(
            basis,
            random.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8),
            random.integers(0, 256, (count, HEIGHT, WIDTH), np.uint8),
            scale,
            bias,
        )
        folder.mkdir(parents=True)
        rti.write(folder, planes, dome(8), form=form)
        self.planes = rti.load(folder)
        (folder / "views").mkdir()
        rti.write_views(folder / "views", self.planes)
        bytes_ = random.integers(0, 256, (HEIGHT, WIDTH, 3)).astype(np.uint16)
        bytes_[..., 2] = np.maximum(bytes_[..., 2], 140)
        pictures.write_png(folder / "normals.png", bytes_ * np.uint16(257))
        self.normals = pictures.decode_normals(pictures.read(folder / "normals.png").pixels)
        self.form = form

    def expected(self, turn: float, height: float, layer: str = "colour", strength: float = 3) -> Any:
        """Bytes (H, W, 3)."""
        light = direction(turn, height)
        relit = self.planes.relit(light)
        shown = {
            "colour": lambda: relit,
            "relief": lambda: np.repeat(rti.relief(self.normals, light, strength)[..., None], 3, axis=-1),
            "gloss": lambda: rti.gloss(relit, self.normals, light, strength),
            "normals": lambda: self.normals / 2 + 0.5,
        }[layer]()
        return np.rint(np.clip(shown, 0, 1) * 255).astype(int)

    def described(self, name: str) -> dict[str, Any]:
        """What the component's template is given."""
        count = 1 + len(self.planes.planes) // 3
        return {
            "info": f"/files/{name}/info.json",
            "planes": " ".join(f"/files/{name}/plane_{n}.{self.form}" for n in range(count)),
            "normals": f"/files/{name}/normals.png",
            "size": 123_000,
            "views": [
                {"url": f"/files/{name}/views/{view}.jpg", "caption": view, "width": WIDTH, "height": HEIGHT}
                for view in rti.VIEWS
            ],
        }


@pytest.fixture(scope="module")
def surfaces(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Surface]:
    folder = tmp_path_factory.mktemp("surfaces")
    made = {f"{basis}-png": Surface(folder / f"{basis}-png", basis, "png") for basis in ("ptm", "hsh")}
    return made | {"ptm-jpg": Surface(folder / "ptm-jpg", "ptm", "jpg")}


class _Quiet(WSGIRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def site(surfaces: dict[str, Surface], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A page with one surface, behind the installation's own security settings; no database, no accounts."""
    from django.conf import settings
    from django.core.servers.basehttp import ThreadedWSGIServer
    from django.core.wsgi import get_wsgi_application

    if not (DIST / "manifest.json").is_file():
        pytest.skip("the front end is not built (python hatch_build.py --frontend)")
    folder = tmp_path_factory.mktemp("templates")
    (folder / "surface.html").write_text(PAGE)

    def page(request: HttpRequest, name: str) -> HttpResponse:
        return render(request, "surface.html", {"one": surfaces[name].described(name)})

    def files(request: HttpRequest, name: str, part: str) -> FileResponse:
        return FileResponse((surfaces[name].folder / part).open("rb"))

    urls = ModuleType("heirloom_relight_urls")
    urls.urlpatterns = [  # type: ignore[attr-defined]
        path("files/<slug:name>/<path:part>", files),
        path("<slug:name>/", page),
        path("language/", page, name="set-language"),
        path("theme/", page, name="set-theme"),
    ]
    sys.modules[urls.__name__] = urls
    templates: list[dict[str, Any]] = copy.deepcopy(settings.TEMPLATES)
    templates[0]["DIRS"] = [*templates[0].get("DIRS", []), folder]
    options = templates[0]["OPTIONS"]
    options["context_processors"] = ["django.template.context_processors.request"]
    options.setdefault("libraries", {}).setdefault("heirloom_ui", "heirloom.web.templatetags.heirloom_ui")
    with override_settings(
        ROOT_URLCONF=urls.__name__,
        TEMPLATES=templates,
        MIDDLEWARE=[
            "whitenoise.middleware.WhiteNoiseMiddleware",
            "django.middleware.locale.LocaleMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "csp.middleware.CSPMiddleware",
        ],
        ALLOWED_HOSTS=["127.0.0.1"],
        STATIC_ROOT=tmp_path_factory.mktemp("static"),
    ):
        server = ThreadedWSGIServer(("127.0.0.1", 0), _Quiet)
        server.set_app(get_wsgi_application())
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


class Visit:
    """One visitor before one surface; remembers what was fetched and what the browser complained about."""

    def __init__(self, browser: Any, site: str, name: str, *, script: str = "", **options: Any) -> None:
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
        if script:
            self.page.add_init_script(script)
        self.page.goto(f"{site}/{name}/")

    def opened(self) -> Any:
        """Press the button and wait for the picture."""
        self.page.click("heirloom-relight .zoom-open")
        self.page.wait_for_selector("heirloom-relight:not([aria-busy]) canvas")
        return self.page

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()


# Moves the controls as a person would, then reads the pixels in the moment they are drawn.
SHOWN = """async ({turn, height, layer, strength, size: [width, height_]}) => {
  const host = document.querySelector("heirloom-relight");
  const canvas = host.querySelector("canvas");
  const gl = canvas.getContext("webgl2") ?? canvas.getContext("webgl");
  const [turns, heights, strengths] = host.querySelectorAll("input[type=range]");
  const set = (input, value) => { input.value = value; input.dispatchEvent(new Event("input")); };
  host.querySelector(`input[value=${layer}]`).click();
  while (host.hasAttribute("aria-busy")) await new Promise((done) => setTimeout(done, 10));
  set(turns, turn);
  set(strengths, strength);
  const drawn = new Promise((done) => host.addEventListener("relight-drawn", () => {
    const [left, top] = [Math.floor((canvas.width - width) / 2), Math.floor((canvas.height - height_) / 2)];
    const read = (x, y, w, h) => {
      const bytes = new Uint8Array(4 * w * h);
      gl.readPixels(x, y, w, h, gl.RGBA, gl.UNSIGNED_BYTE, bytes);
      return bytes;
    };
    const seen = read(0, 0, canvas.width, canvas.height).reduce((sum, byte, at) => sum + (at % 4 === 3 && byte > 0), 0);
    done({seen, error: gl.getError(), bytes: Array.from(read(left, canvas.height - top - height_, width, height_))});
  }, {once: true}));
  set(heights, height);
  return drawn;
}"""


def pixels(page: Any, turn: int, height: int, layer: str = "colour", strength: int = 3) -> Any:
    """The picture's pixels as the screen shows them, (H, W, 3), at one pixel of it for one of the screen."""
    asked = {"turn": turn, "height": height, "layer": layer, "strength": strength, "size": [WIDTH, HEIGHT]}
    found = page.evaluate(SHOWN, asked)
    assert found["error"] == 0
    assert found["seen"] == WIDTH * HEIGHT, "all of the picture and nothing beside it"
    shown = np.array(found["bytes"]).reshape(HEIGHT, WIDTH, 4)[::-1]
    assert (shown[..., 3] == 255).all()
    return shown[..., :3]


def at_its_own_size(visit: Visit) -> Any:
    page = visit.opened()
    page.focus(".relight-surface")
    page.keyboard.press("1")
    return page


WITHOUT_2 = """const get = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, ...rest) { return kind === "webgl2" ? null : get.call(this, kind, ...rest); };"""
WITHOUT_ANY = "HTMLCanvasElement.prototype.getContext = () => null;"


@pytest.mark.parametrize("name", ["ptm-png", "hsh-png", "ptm-jpg"])
@pytest.mark.parametrize("version", [1, 2])
def test_every_pixel_is_the_one_that_python_computes(
    browser: Any,
    site: str,
    surfaces: dict[str, Surface],
    name: str,
    version: int,
    record_property: Callable[[str, object], None],
) -> None:
    with Visit(browser, site, name, script=WITHOUT_2 if version == 1 else "") as visit:
        page = at_its_own_size(visit)
        worst, seen = 0, []
        for turn, height in LIGHTS:
            shown = pixels(page, turn, height)
            apart = np.abs(shown - surfaces[name].expected(turn, height))
            worst = max(worst, int(apart.max()))
            seen.append(shown)
        assert visit.complaints == []
    record_property("pixel-error", worst)
    record_property("pixels", len(LIGHTS) * WIDTH * HEIGHT)
    assert worst <= TOLERANCE
    assert all(np.abs(one - other).mean() > 5 for one, other in itertools.pairwise(seen)), (
        "each light gives another picture"
    )
    for end in (0, 255):
        assert 0.001 < np.mean([one == end for one in seen]) < 0.5, "some values are cut, most are not"


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize(
    ("layer", "strength"), [("relief", 1), ("relief", 7), ("gloss", 2), ("gloss", 9), ("normals", 3)]
)
def test_every_layer_is_the_one_that_python_computes(
    browser: Any,
    site: str,
    surfaces: dict[str, Surface],
    version: int,
    layer: str,
    strength: int,
    record_property: Callable[[str, object], None],
) -> None:
    with Visit(browser, site, "ptm-png", script=WITHOUT_2 if version == 1 else "") as visit:
        page = at_its_own_size(visit)
        assert not any("normals.png" in url for url in visit.fetched), "nobody has asked yet"
        worst = 0
        for turn, height in LIGHTS[:3]:
            shown = pixels(page, turn, height, layer, strength)
            expected = surfaces["ptm-png"].expected(turn, height, layer, strength)
            worst = max(worst, int(np.abs(shown - expected).max()))
        assert page.locator(".relight-range").nth(2).is_visible() == (layer != "normals")
        assert visit.complaints == []
    record_property("pixel-error", worst)
    record_property("pixels", 3 * WIDTH * HEIGHT)
    assert worst <= TOLERANCE


def test_nothing_is_fetched_before_somebody_asks(browser: Any, site: str) -> None:
    with Visit(browser, site, "ptm-png") as visit:
        page = visit.page
        page.wait_for_selector(".zoom-open")
        page.wait_for_load_state("networkidle")
        assert not any("plane_" in url or "info.json" in url or "viewer" in url for url in visit.fetched)
        assert "123" in page.inner_text(".zoom-open"), "the button says how much it will fetch"
        visit.opened()
        assert sum("plane_" in url for url in visit.fetched) == 3
        assert not any("normals.png" in url for url in visit.fetched)


@pytest.mark.parametrize("scripts", [False, True])
def test_fixed_lights_are_there_for_everybody(
    browser: Any, site: str, surfaces: dict[str, Surface], scripts: bool
) -> None:
    """Without scripts, and with scripts on a device that cannot draw."""
    with Visit(browser, site, "ptm-png", java_script_enabled=scripts, script=WITHOUT_ANY) as visit:
        page = visit.page
        if scripts:
            page.click(".zoom-open")
            page.wait_for_selector("heirloom-relight .zoom-failed")
            assert page.locator(".zoom-open").count() == 1, "one may try again"
        figures = page.locator("heirloom-relight figure")
        assert figures.count() == len(rti.VIEWS)
        for number in range(figures.count()):
            assert figures.nth(number).locator("img").is_visible()
            assert figures.nth(number).locator("figcaption").inner_text()
        if not scripts:
            assert page.locator("heirloom-relight button").count() == 0
    small = surfaces["ptm-png"].planes
    for view, light in rti.VIEWS.items():
        shown = pictures.read(surfaces["ptm-png"].folder / "views" / f"{view}.jpg").pixels.astype(float)
        expected = np.clip(small.relit(light), 0, 1) * 255
        assert np.abs(shown.mean() - expected.mean()) < 4, "each shows its own light"


def test_the_light_moves_by_keys_and_by_hand(browser: Any, site: str) -> None:
    with Visit(browser, site, "ptm-png", viewport={"width": 390, "height": 800}) as visit:
        page = visit.opened()
        ball = page.locator(".relight-ball")
        turn, height = page.locator("input[type=range]").nth(0), page.locator("input[type=range]").nth(1)
        assert page.evaluate("document.activeElement.getAttribute('role')") == "slider"

        def where() -> tuple[int, int]:
            assert ball.get_attribute("aria-valuenow") == turn.input_value()
            assert f"{turn.input_value()}°" in str(ball.get_attribute("aria-valuetext"))
            assert f"{height.input_value()}°" in str(ball.get_attribute("aria-valuetext"))
            return int(turn.input_value()), int(height.input_value())

        assert where() == (315, 35)
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowUp")
        page.keyboard.press("Shift+ArrowUp")
        assert where() == (320, 41)
        for _ in range(9):
            page.keyboard.press("ArrowRight")
        assert where() == (5, 41)
        for _ in range(3):
            page.keyboard.press("PageDown")
        assert where() == (5, 10)
        page.keyboard.press("Home")
        assert where() == (315, 35)
        turn.focus()
        page.keyboard.press("ArrowRight")
        assert where() == (316, 35)
        ball.scroll_into_view_if_needed()
        box = ball.bounding_box()
        middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.mouse.move(*middle)
        page.mouse.down()
        page.mouse.move(middle[0] + box["width"] * 0.25, middle[1], steps=4)
        page.mouse.up()
        assert where()[0] == 90
        assert abs(where()[1] - 60) <= 2
        page.mouse.move(*middle)
        assert where()[0] == 90, "let go is let go"


def test_the_picture_moves_by_keys_hand_and_buttons(browser: Any, site: str) -> None:
    with Visit(browser, site, "ptm-png", viewport={"width": 390, "height": 800}) as visit:
        page = visit.opened()
        level = page.locator(".zoom-level")

        def percent() -> int:
            return int(level.inner_text().rstrip("%").replace(",", ""))

        fitted = percent()
        page.focus(".relight-surface")
        page.keyboard.press("+")
        assert percent() > fitted
        page.keyboard.press("0")
        assert percent() == fitted
        page.keyboard.press("1")
        assert percent() == 100
        page.click(".zoom-bar .button >> nth=0")
        assert percent() == 150
        page.keyboard.press("0")
        page.focus(".relight-surface")
        page.locator(".relight-surface").dblclick()
        page.keyboard.press("Escape")
        assert page.evaluate("document.activeElement.className") == "button zoom-open"
        assert page.locator("heirloom-relight figure").count() == len(rti.VIEWS), "as it was before"
        visit.opened()
        assert visit.complaints == []


@pytest.mark.parametrize(("language", "width"), [*((code, 320) for code in LANGUAGES), ("en", 1280)])
def test_no_rule_of_accessibility_is_broken(browser: Any, site: str, language: str, width: int) -> None:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed (npm ci in frontend/)")
    theme = "dark" if language in {"km", "vi"} else "light"
    size = {"width": width, "height": 800}
    with Visit(
        browser,
        site,
        "ptm-png",
        language=language,
        viewport=size,
        color_scheme=theme,
        reduced_motion="reduce",
    ) as visit:
        page = visit.page
        page.wait_for_selector(".zoom-open")
        page.evaluate(AXE.read_text())
        for opened in (False, True):
            if opened:
                visit.opened()
                page.click("input[value=relief]")
                page.wait_for_selector("heirloom-relight:not([aria-busy])")
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (
                "nothing stands out of the window"
            )
            result = page.evaluate("axe.run(document.querySelector('main'))")
            broken = {
                rule["id"]: [node["html"][:200] for node in rule["nodes"]] for rule in result["violations"]
            }
            assert broken == {}
        small = page.evaluate(
            """() => [...document.querySelectorAll("heirloom-relight :is(button, input, label.relight-layer)")]
              .filter((e) => e.checkVisibility() && e.type !== "radio" && e.getBoundingClientRect().height < 39.5)
              .map((e) => e.outerHTML.slice(0, 120))"""
        )
        assert small == []
        words = page.inner_text("heirloom-relight")
        assert ("Height above the surface" in words) == (language == "en")
        assert visit.complaints == []


def test_planes_that_are_not_drawn_here_are_refused(browser: Any, site: str) -> None:
    with Visit(browser, site, "ptm-png") as visit:
        visit.page.route(
            "**/info.json",
            lambda route: route.fulfill(body=json.dumps({"type": "rbf", "materials": [{}]}), status=200),
        )
        visit.page.click(".zoom-open")
        visit.page.wait_for_selector(".zoom-failed")
        assert visit.page.locator("heirloom-relight figure").count() == len(rti.VIEWS)
