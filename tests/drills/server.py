"""A real server on a real port, and visitors who write."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import signal
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.cookiejar import CookieJar
from pathlib import Path
from subprocess import Popen
from urllib.parse import urlencode

from tests.drills import processes

START = 60.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """``heirloom serve`` on a port of its own, with its worker."""

    def __init__(self, data: Path, port: int | None = None, *options: str) -> None:
        self.data = data
        self.port = port or free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        words = processes.command("serve", "--port", str(self.port), *options)
        self.process: Popen[str] = processes.start(words, data, HEIRLOOM_URL=self.address)

    def wait(self) -> Server:
        """Wait until it answers."""
        until = time.monotonic() + START
        while time.monotonic() < until:
            with (
                contextlib.suppress(OSError),
                urllib.request.urlopen(f"{self.address}/health/", timeout=5) as answer,
            ):
                assert answer.status == 200
                return self
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        self.strike()
        raise AssertionError(f"the server does not answer: {self.process.communicate()[1][-3000:]}")

    def stop(self, patience: float = 30) -> int:
        """Stop it in good order; return its exit status."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.communicate(timeout=patience)
        finally:
            self.strike()
        return self.process.returncode

    def strike(self) -> None:
        """kill -9 everything that it started."""
        for pid in descendants(self.process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        processes.strike_group(self.process)
        self.process.communicate()


def descendants(pid: int) -> list[int]:
    """The processes that *pid* started, and those that they started."""
    children = Path(f"/proc/{pid}/task")
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in children.iterdir():
            for child in (task / "children").read_text().split():
                found += [int(child), *descendants(int(child))]
    return found


@contextlib.contextmanager
def serving(data: Path, *options: str) -> Iterator[Server]:
    server = Server(data, None, *options)
    try:
        yield server.wait()
    finally:
        if server.process.poll() is None:
            server.strike()


class Visitor:
    """A browser without scripts."""

    def __init__(self, server: Server) -> None:
        self.address = server.address
        self.open = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar())).open

    def get(self, path: str) -> str:
        with self.open(self.address + path, timeout=30) as answer:
            return str(answer.read().decode())

    def post(self, path: str, **fields: str) -> str:
        """Send the form that stands at *path*; return the address to which the answer led."""
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.get(path))
        assert token is not None
        data = urlencode({"csrfmiddlewaretoken": token[1], **fields}).encode()
        with self.open(self.address + path, data, timeout=30) as answer:
            return str(answer.url)

    def sign_in(self, name: str, data: Path) -> Visitor:
        password = (data / "demo-password").read_text()
        self.post("/account/login/", login=f"{name}@example.org", password=password)
        return self


class Writers:
    """Visitors who begin one case after the other until they are stopped; ``told`` has the keys that they were promised."""

    def __init__(self, server: Server, data: Path, number: int = 3) -> None:
        self.told: list[str] = []
        self.stopping = threading.Event()
        visitors = [Visitor(server).sign_in("applicant", data) for _ in range(number)]
        self.threads = [threading.Thread(target=self._write, args=(visitor,)) for visitor in visitors]
        for thread in self.threads:
            thread.start()

    def _write(self, visitor: Visitor) -> None:
        number = 0
        while not self.stopping.is_set():
            number += 1
            try:
                address = visitor.post("/my/cases/new/", **{"title.en": f"Under load {number}"})
            except (OSError, http.client.HTTPException, AssertionError):
                return
            if key := re.search(r"/my/cases/([0-9a-z]{26})/", address):
                self.told.append(key[1])

    def stop(self) -> list[str]:
        self.stopping.set()
        for thread in self.threads:
            thread.join(60)
        return self.told
