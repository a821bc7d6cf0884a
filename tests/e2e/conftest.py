"""The demonstration, served for real, and a real browser to visit it with."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
AXE = REPOSITORY / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
LANGUAGES = ("en", "zh-hans", "lo", "th", "km", "my", "vi")


@dataclass(frozen=True)
class Site:
    """Where the demonstration is served, and what stands in it."""

    address: str
    data: Path
    password: str

    def ask(self, query: str) -> list[Any]:
        """Read from the demonstration's database."""
        with sqlite3.connect(f"file:{self.data / 'heirloom.sqlite3'}?mode=ro", uri=True) as connection:
            return [row[0] for row in connection.execute(query)]

    def public_paths(self) -> list[str]:
        case = self.ask("SELECT key FROM heirloom_case WHERE state='published' ORDER BY id")
        item = self.ask("SELECT key FROM heirloom_item WHERE state='published' ORDER BY id LIMIT 1")
        place = self.ask("SELECT key FROM heirloom_place ORDER BY id LIMIT 1")
        run = self.ask("SELECT key FROM heirloom_run ORDER BY id LIMIT 1")
        watched = self.ask("SELECT key FROM heirloom_monitoredplace ORDER BY id LIMIT 1")
        measured = self.ask(
            "SELECT key FROM heirloom_run WHERE method IN ('condition.relight', 'condition.compare') ORDER BY -id LIMIT 2"
        )
        receipt = self.ask("SELECT receipt FROM heirloom_submission WHERE receipt != '' LIMIT 1")
        return [
            "/",
            "/explore/",
            "/explore/?q=pattern",
            "/map/",
            "/sites/",
            f"/sites/{watched[0]}/",
            f"/items/{item[0]}/",
            f"/places/{place[0]}/",
            "/cases/",
            f"/cases/{case[0]}/",
            f"/cases/{case[-2]}/",
            f"/cases/{case[-1]}/",
            "/calls/",
            "/calls/digital-environment-2025/",
            "/calls/rivers-illustrative/",
            "/collections/",
            "/collections/digital-environment-2025/",
            *(f"/runs/{key}/" for key in [*run, *measured]),
            f"/receipts/{receipt[0]}/",
            "/about/",
            "/for-programs/",
            "/pathways/condition/protocol/",
            "/account/login/",
            "/account/signup/",
            "/nothing-here/",
        ]

    def private_paths(self) -> dict[str, list[str]]:
        case = self.ask("SELECT key FROM heirloom_case WHERE state='draft' ORDER BY id")[0]
        submission = self.ask("SELECT key FROM heirloom_submission WHERE state='draft'")[0]
        submitted = self.ask("SELECT key FROM heirloom_submission WHERE state='submitted'")[0]
        review = self.ask("SELECT key FROM heirloom_review WHERE state='assigned'")[0]
        return {
            "applicant@example.org": [
                "/my/",
                "/my/account/",
                "/my/cases/new/",
                f"/my/cases/{case}/",
                f"/my/cases/{case}/preview/",
                f"/my/cases/{case}/people/",
                f"/my/submissions/{submission}/",
                f"/my/submissions/{submission}/submit/",
                "/my/runs/",
                "/my/runs/new/",
                "/my/runs/new/diversity.coverage/",
                "/my/items/",
                "/my/items/new/",
            ],
            "reviewer1@example.org": ["/review/", f"/review/{review}/", f"/review/{review}/conflict/"],
            "organiser@example.org": [
                "/organise/",
                "/organise/new/",
                "/organise/rivers-illustrative/",
                "/organise/rivers-illustrative/edit/",
                "/organise/rivers-illustrative/people/",
                "/organise/rivers-illustrative/assign/",
                f"/organise/rivers-illustrative/submissions/{submitted}/",
                "/organise/rivers-illustrative/decisions/",
                "/organise/rivers-illustrative/publish/",
            ],
        }


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Build the demonstration and serve it as its readers' machine would."""
    data = tmp_path_factory.mktemp("demo")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    environment = {
        **{
            name: value for name, value in os.environ.items() if not name.startswith(("HEIRLOOM_", "DJANGO_"))
        },
        "HEIRLOOM_DATA": str(data),
        "HEIRLOOM_URL": address,
    }
    command = [sys.executable, "-m", "heirloom.cli"]
    subprocess.run([*command, "demo", "--build-only"], env=environment, check=True, stdout=subprocess.DEVNULL)
    with (data / "server.log").open("w") as log:
        server = subprocess.Popen([*command, "serve", "--port", str(port)], env=environment, stderr=log)
    try:
        for _ in range(120):
            try:
                with urllib.request.urlopen(f"{address}/health/", timeout=5):
                    break
            except OSError:
                time.sleep(0.5)
        else:
            pytest.fail(f"the server did not answer: {(data / 'server.log').read_text()[-2000:]}")
        yield Site(address, data, (data / "demo-password").read_text())
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


class Visitor:
    """One person at a window, with what the browser complained about."""

    def __init__(
        self, browser: Any, site: Site, *, language: str = "en", width: int = 1280, **options: Any
    ) -> None:
        self.site = site
        self.context = browser.new_context(viewport={"width": width, "height": 800}, **options)
        self.context.add_cookies([{"name": "language", "value": language, "url": site.address}])
        self.page = self.context.new_page()
        self.page.set_default_timeout(20_000)
        self.complaints: list[str] = []
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _heard(self, entry: Any) -> None:
        # A page that is not there says so with its status; the browser repeats it on the console.
        if entry.type == "error" and "404" not in entry.text:
            self.complaints.append(entry.text)

    def go(self, path: str) -> Any:
        return self.page.goto(f"{self.site.address}{path}")

    def sign_in(self, email: str) -> None:
        self.go("/account/login/")
        self.page.locator("input[name=login]").fill(email)
        self.page.locator("input[name=password]").fill(self.site.password)
        self.page.locator("input[name=password]").press("Enter")
        self.page.wait_for_url("**/my/**")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()


def broken_rules(visitor: Visitor, path: str, width: int) -> dict[str, Any]:
    """Return what is wrong with a page: axe's violations, what stands out of the window, what the console said."""
    if not AXE.is_file():
        pytest.skip("axe-core is not installed (npm ci in frontend/)")
    visitor.complaints.clear()
    visitor.go(path)
    page = visitor.page
    found: dict[str, Any] = {}
    reach = page.evaluate("document.documentElement.scrollWidth")
    if reach > width:
        found["stands out of the window"] = reach
    page.evaluate(AXE.read_text())
    result = page.evaluate("axe.run(document)")
    found |= {rule["id"]: [node["html"][:160] for node in rule["nodes"][:3]] for rule in result["violations"]}
    if visitor.complaints:
        found["console"] = list(visitor.complaints)
    return found
