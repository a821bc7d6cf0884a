"""Pictures of the main pages, phone and desktop, in four languages: ``make screenshots`` or ``make screenshots ONLY="case item readme"``.

Builds the demonstration in a temporary folder, serves it, and drives a browser. The pictures go to ``screenshots/`` with one contact
sheet for each page; the README's picture goes to ``docs/images/``. What is wrong with a page as such (an error, a page wider than its
window, a refused script) is told at the end and makes the status 1. A page whose address does not exist is skipped by name.

The browser is found as ``$CHROMIUM``, ``chromium``, ``chromium-browser`` or ``google-chrome``. ``HEIRLOOM_DEMO`` may name a
demonstration's data folder that is there already.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

REPOSITORY = Path(__file__).resolve().parent.parent
OUT = REPOSITORY / "screenshots"
README_PICTURE = REPOSITORY / "docs" / "images" / "demo.webp"
LANGUAGES = ("en", "lo", "my", "zh-hans")
WIDTHS = (390, 1280)
HEIGHTS = {390: 844, 1280: 900}
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--disable-sync",
    "--no-first-run",
    "--no-default-browser-check",
    "--force-color-profile=srgb",
)
SLOWEST_START = 60.0
MOST_BYTES = 200_000
README = "readme"

Kwargs = Callable[[], dict[str, Any]]


@dataclass(frozen=True)
class Shot:
    """One page to take: the name of its address, who looks at it, and what fills the address."""

    name: str
    address: str
    who: str = ""
    kwargs: Kwargs = dict
    query: str = ""


@dataclass
class Findings:
    """What was seen beside the pictures."""

    wrong: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    taken: int = 0


def _case() -> dict[str, Any]:
    from heirloom.cases.models import Case

    return {"key": Case.objects.filter(state="published", sections__item__isnull=False).order_by("id")[0].key}


def _case_with_run() -> dict[str, Any]:
    from heirloom.cases.models import Case

    return {"key": Case.objects.filter(state="published", sections__run__isnull=False).order_by("id")[0].key}


def _run() -> dict[str, Any]:
    from heirloom.cases.models import Run

    return {"key": Run.objects.filter(state="done").order_by("id")[0].key}


def _item() -> dict[str, Any]:
    from heirloom.catalogue.models import Item

    return {"key": Item.objects.filter(state="published").order_by("id")[0].key}


def _place() -> dict[str, Any]:
    from heirloom.catalogue.models import Place

    return {"key": Place.objects.filter(items__isnull=False).order_by("id")[0].key}


def _draft_case() -> dict[str, Any]:
    from heirloom.cases.models import Case

    return {"key": Case.objects.filter(state="draft", sections__isnull=False).order_by("id")[0].key}


def _submission() -> dict[str, Any]:
    from heirloom.calls.models import Submission

    return {"key": Submission.objects.filter(state="draft").order_by("id")[0].key}


def _receipt() -> dict[str, Any]:
    from heirloom.calls.models import Submission

    return {"number": Submission.objects.exclude(receipt="").order_by("id")[0].receipt}


def _review() -> dict[str, Any]:
    from heirloom.calls.models import Review

    return {
        "key": Review.objects.filter(reviewer__email="reviewer1@example.org")
        .exclude(state="final")
        .order_by("id")[0]
        .key
    }


PAST = {"slug": "digital-environment-2025"}
OPEN = {"slug": "rivers-illustrative"}
APPLICANT, REVIEWER, ORGANISER = "applicant@example.org", "reviewer1@example.org", "organiser@example.org"

SHOTS = (
    Shot("home", "home"),
    Shot("explore", "explore"),
    Shot("search", "explore", query="?q=ລາ"),
    Shot("map", "map"),
    Shot("item", "item", kwargs=_item),
    Shot("place", "place", kwargs=_place),
    Shot("cases", "cases"),
    Shot("case", "case", kwargs=_case),
    Shot("case-with-run", "case", kwargs=_case_with_run),
    Shot("run", "run", kwargs=_run),
    Shot("calls", "calls"),
    Shot("call", "call", kwargs=lambda: OPEN),
    Shot("collection", "collection", kwargs=lambda: PAST),
    Shot("receipt", "receipt", kwargs=_receipt),
    Shot("about", "about"),
    Shot("for-programs", "for-programs"),
    Shot("login", "account_login"),
    Shot("signup", "account_signup"),
    Shot("my-work", "my", APPLICANT),
    Shot("my-account", "my-account", APPLICANT),
    Shot("case-edit", "case-edit", APPLICANT, _draft_case),
    Shot("apply", "apply", APPLICANT, lambda: OPEN),
    Shot("submission", "submission", APPLICANT, _submission),
    Shot("methods", "run-methods", APPLICANT),
    Shot("new-run", "run-new", APPLICANT, lambda: {"method": "diversity.coverage"}),
    Shot("items", "my-items", APPLICANT),
    Shot("reviews", "reviews", REVIEWER),
    Shot("review", "review", REVIEWER, _review),
    Shot("organise", "organise", ORGANISER),
    Shot("organise-call", "organise-call", ORGANISER, lambda: PAST),
    Shot("call-edit", "call-edit", ORGANISER, lambda: OPEN),
    Shot("call-assign", "call-assign", ORGANISER, lambda: OPEN),
    Shot("call-decisions", "call-decisions", ORGANISER, lambda: PAST),
    Shot("catalogue", "catalogue", ORGANISER),
)


def find_browser() -> str:
    """Return the path of a Chromium, or stop and say how to get one."""
    for name in (os.environ.get("CHROMIUM", ""), *BROWSERS):
        if name and (path := shutil.which(name)):
            return path
    raise SystemExit("No browser found. Install chromium, or name one in CHROMIUM.")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _heirloom(*words: str) -> list[str]:
    return [sys.executable, "-m", "heirloom.cli", *words]


@contextlib.contextmanager
def demonstration() -> Iterator[tuple[str, Path]]:
    """Build and serve the demonstration; give its address and its data folder."""
    given = os.environ.get("HEIRLOOM_DEMO")
    folder = Path(given) if given else Path(tempfile.mkdtemp(prefix="heirloom-screenshots-"))
    port = _free_port()
    address = f"http://127.0.0.1:{port}"
    for name in [name for name in os.environ if name.startswith("HEIRLOOM_")]:
        del os.environ[name]
    os.environ |= {"HEIRLOOM_DATA": str(folder), "HEIRLOOM_URL": address, "HEIRLOOM_LOG_LEVEL": "WARNING"}
    try:
        subprocess.run(_heirloom("demo", "--build-only"), check=True, stdout=subprocess.DEVNULL)
        server = subprocess.Popen(_heirloom("serve", "--port", str(port), "--no-worker"))
        try:
            _wait_for(address, server)
            yield address, folder
        finally:
            server.terminate()
            server.wait(20)
    finally:
        if not given:
            shutil.rmtree(folder, ignore_errors=True)


def _wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + SLOWEST_START
    while time.monotonic() < end:
        if server.poll() is not None:
            raise SystemExit("the server ended while starting")
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}/health/", timeout=2):
            return
        time.sleep(0.2)
    raise SystemExit("the server did not start")


def _resolve(shot: Shot) -> str | None:
    """Return the page's path, or None where nothing of this kind exists."""
    from django.urls import NoReverseMatch, reverse

    try:
        return reverse(shot.address, kwargs=shot.kwargs()) + shot.query
    except (NoReverseMatch, IndexError):
        return None


def sign_in(browser: Browser, address: str, email: str, password: str) -> Any:
    """Sign in as a person does; return the cookies."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{address}/account/login/")
    page.fill("input[name=login]", email)
    page.fill("input[name=password]", password)
    page.press("input[name=password]", "Enter")
    page.wait_for_url(lambda url: "/account/login" not in url, timeout=20_000)
    state = context.storage_state()
    context.close()
    return state


def _context(browser: Browser, address: str, language: str, width: int, state: Any) -> BrowserContext:
    context = browser.new_context(
        viewport={"width": width, "height": HEIGHTS[width]},
        device_scale_factor=1,
        storage_state=state,
        reduced_motion="reduce",
    )
    context.add_cookies([{"name": "language", "value": language, "url": address}])
    return context


def _settle(page: Page) -> None:
    """Bring in what loads only when it is seen."""
    page.evaluate("for (const image of document.images) image.loading = 'eager'")
    page.wait_for_load_state("networkidle")
    page.evaluate("document.fonts.ready.then(() => true)")


def _is_fault(line: Any) -> bool:
    return line.type == "error" and not line.text.startswith("Failed to load resource")


def take(page: Page, url: str, path: Path, where: str, findings: Findings) -> None:
    """Take one picture, and write down what is wrong with the page as such."""
    told: list[str] = []
    # A missing file is told by its address; the browser's own line about it says less.
    page.on("console", lambda line: told.append(line.text) if _is_fault(line) else None)
    page.on("pageerror", lambda error: told.append(str(error)))
    page.on(
        "response",
        lambda got: told.append(f"{got.status} {urlsplit(got.url).path}") if got.status >= 400 else None,
    )
    answer = page.goto(url)
    _settle(page)
    if answer is None:
        findings.wrong.append(f"{where}: no answer")
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    if wide > 0:
        findings.wrong.append(f"{where}: {wide} px wider than its window")
    findings.wrong += [f"{where}: {line}" for line in dict.fromkeys(told)]
    page.screenshot(path=path, full_page=True)
    findings.taken += 1


def contact_sheet(paths: list[Path], sheet: Path) -> None:
    """Put the pictures of one page beside one another, phones first, cut at a common height."""
    import pyvips

    tiles = []
    for path in paths:
        image: Any = pyvips.Image.new_from_file(str(path))
        image = image.flatten() if image.hasalpha() else image
        image = image.thumbnail_image(330 if image.width < 600 else 640, height=100_000)
        image = image.crop(0, 0, image.width, min(image.height, 1500))
        tiles.append(image.embed(8, 8, image.width + 16, 1516, extend="background", background=[90, 90, 90]))
    row = tiles[0]
    for tile in tiles[1:]:
        row = row.join(tile, "horizontal")
    row.jpegsave(str(sheet), Q=82)


def readme_picture(browser: Browser, address: str) -> None:
    """The README's picture: the first page on a desktop in English, beside it the collection on a phone in Lao."""
    import pyvips

    with tempfile.TemporaryDirectory() as name:
        taken = []
        for width, height, language, shot in (
            (1280, 1080, "en", Shot("home", "home")),
            (390, 1080, "lo", Shot("collection", "collection", kwargs=lambda: PAST)),
        ):
            context = browser.new_context(
                viewport={"width": width, "height": height}, reduced_motion="reduce"
            )
            context.add_cookies([{"name": "language", "value": language, "url": address}])
            page = context.new_page()
            page.goto(f"{address}{_resolve(shot)}")
            _settle(page)
            path = Path(name) / f"{width}.png"
            page.screenshot(path=path)
            image: Any = pyvips.Image.new_from_file(str(path))
            taken.append(image.flatten() if image.hasalpha() else image)
            context.close()
        both = taken[0].join(taken[1], "horizontal", shim=24, background=[255, 255, 255])
        README_PICTURE.parent.mkdir(parents=True, exist_ok=True)
        for quality in (82, 70, 55):
            both.webpsave(str(README_PICTURE), Q=quality, smart_subsample=True)
            if README_PICTURE.stat().st_size < MOST_BYTES:
                return
    raise SystemExit(f"{README_PICTURE} is larger than {MOST_BYTES} bytes")


def main(only: list[str]) -> int:
    """Take all pictures, or those of the pages named."""
    from playwright.sync_api import sync_playwright

    unknown = set(only) - {shot.name for shot in SHOTS} - {README}
    if unknown:
        raise SystemExit(f"no such page: {', '.join(sorted(unknown))}")
    executable = find_browser()
    flags = [*FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    findings = Findings()
    OUT.mkdir(exist_ok=True)
    # The browser's driver runs an event loop in this thread; rows are read here all the same, and only read.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with demonstration() as (address, folder), sync_playwright() as driver:
        os.environ["DJANGO_SETTINGS_MODULE"] = "heirloom.settings"
        import django

        django.setup()
        browser = driver.chromium.launch(executable_path=executable, args=flags)
        password = (folder / "demo-password").read_text()
        states: dict[str, Any] = {"": None}
        for shot in SHOTS:
            if only and shot.name not in only:
                continue
            path = _resolve(shot)
            if path is None:
                findings.skipped.append(shot.name)
                continue
            if shot.who not in states:
                states[shot.who] = sign_in(browser, address, shot.who, password)
            taken = []
            for width in WIDTHS:
                for language in LANGUAGES:
                    context = _context(browser, address, language, width, states[shot.who])
                    target = OUT / f"{shot.name}-{width}-{language}.png"
                    where = f"{shot.name} {width} {language}"
                    take(context.new_page(), f"{address}{path}", target, where, findings)
                    context.close()
                    taken.append(target)
            contact_sheet(taken, OUT / f"{shot.name}.jpg")
            sys.stdout.write(f"{shot.name}: {path}\n")
            sys.stdout.flush()
        if not only or README in only:
            readme_picture(browser, address)
        browser.close()
    for name in findings.skipped:
        sys.stdout.write(f"skipped: {name} (no such address, or nothing to show there)\n")
    for line in findings.wrong:
        sys.stdout.write(f"wrong: {line}\n")
    sys.stdout.write(f"{findings.taken} pictures in {OUT.relative_to(REPOSITORY)}/\n")
    return int(bool(findings.wrong))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
