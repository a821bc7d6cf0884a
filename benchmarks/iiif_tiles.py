"""What an image costs: CPU of the whole server per request, ours against iipsrv, in one run.

``python -m benchmarks.iiif_tiles`` makes a large pyramidal TIFF, serves it by the image service (granian, WSGI) and by
Debian's ``iipimage-server`` (FastCGI behind nginx), and sends both the same requests over a few kept-alive
connections, in turns. Counted is user and system time of all processes of a server; the client is not counted. Every
tile and region is asked for once only, as visitors do, so no cache of either side can answer.

Needs the Debian packages ``iipimage-server``, ``nginx`` (or ``nginx-light``) and ``spawn-fcgi``; where one is missing the
lines say ``skipped``.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import select
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
MASTERS = "HEIRLOOM_BENCHMARK_MASTERS"
BASE_URI = "HEIRLOOM_BENCHMARK_BASE_URI"
IIPSRV = (Path("/usr/lib/iipimage-server/iipsrv.fcgi"), Path("/usr/lib/cgi-bin/iipsrv.fcgi"))

CONNECTIONS = 8
"""Kept-alive connections at a time: what one browser opens, and a little of another."""

NATIVE_CPU = 0.06
NATIVE_RATIO = 0.10
REGION_RATIO = 1.70


def serve() -> Callable[[dict[str, Any], Callable[..., object]], Iterable[bytes]]:
    """The WSGI application under measurement: every file in the folder ``MASTERS`` by its name."""
    from heirloom.catalogue.iiif.service import ServedImage
    from heirloom.catalogue.iiif.wsgi import application

    folder = Path(os.environ[MASTERS])

    class Masters:
        base_uri = os.environ[BASE_URI]
        known = {path.name: ServedImage(path) for path in folder.iterdir()}

        def find(self, identifier: str) -> ServedImage | None:
            return self.known.get(identifier)

    masters = Masters()
    prefix = len("/iiif")
    images = application(lambda _environ: masters)

    def mounted(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
        environ["PATH_INFO"] = environ["PATH_INFO"][prefix:]
        return images(environ, start_response)

    return mounted


@dataclass
class Server:
    """A running server: its port and the processes that are its."""

    port: int
    roots: list[int]

    def cpu(self) -> float:
        """Seconds of CPU, user and system, of all its processes so far."""
        return sum(_cpu(pid) for root in self.roots for pid in _tree(root))


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def granian(masters: Path, *, threads: int = 2) -> Iterator[Server]:
    """Serve the folder *masters* at ``http://127.0.0.1:PORT/iiif`` by granian."""
    port = free_port()
    environment = {
        **os.environ,
        MASTERS: str(masters),
        BASE_URI: f"http://127.0.0.1:{port}/iiif",
        "PYTHONPATH": os.pathsep.join([str(REPOSITORY), str(REPOSITORY / "src")]),
    }
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--workers", "1", "--no-ws"]
    # One process and few threads: Python threads that wait for each other cost more than they bring, and libvips
    # lets others run while it draws.
    command += [
        "--blocking-threads",
        str(threads),
        "--http",
        "1",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--log-level",
        "error",
    ]
    command += ["--factory", "benchmarks.iiif_tiles:serve"]
    with _running(command, cwd=REPOSITORY, env=environment) as process:
        _await_port(port, process)
        yield Server(port, [process.pid])


@contextlib.contextmanager
def iipsrv(masters: Path, *, processes: int = 2) -> Iterator[Server]:
    """Serve the folder *masters* at ``http://127.0.0.1:PORT/iiif`` by iipsrv behind nginx."""
    program = next(path for path in IIPSRV if path.exists())
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="iipsrv-") as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        environment = {
            **os.environ,
            "FILESYSTEM_PREFIX": f"{masters}/",
            "URI_MAP": "iiif=>IIIF",
            "LOGFILE": str(folder / "iipsrv.log"),
            "VERBOSITY": "0",
            "JPEG_QUALITY": "85",
            "MAX_CVT": "5000",
            "MAX_IMAGE_CACHE_SIZE": "64",
            "CORS": "*",
        }
        sockets = [folder / f"{number}.sock" for number in range(processes)]
        roots = []
        for path in sockets:
            command = ["spawn-fcgi", "-n", "-s", str(path), "--", str(program)]
            roots.append(stack.enter_context(_running(command, env=environment)).pid)
        configuration = folder / "nginx.conf"
        configuration.write_text(_nginx(folder, port, sockets))
        command = ["nginx", "-e", str(folder / "error.log"), "-c", str(configuration)]
        process = stack.enter_context(_running(command))
        roots.append(process.pid)
        _await_port(port, process)
        yield Server(port, roots)


def _nginx(folder: Path, port: int, sockets: list[Path]) -> str:
    upstream = "\n".join(f"    server unix:{path};" for path in sockets)
    temporary = "\n".join(
        f"  {kind}_temp_path {folder}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    parameters = "\n".join(
        f"      fastcgi_param {name} {value};"
        for name, value in {
            "QUERY_STRING": "$query_string",
            "REQUEST_METHOD": "$request_method",
            "REQUEST_URI": "$request_uri",
            "SERVER_PROTOCOL": "$server_protocol",
            "HTTP_HOST": "$http_host",
        }.items()
    )
    user = "user root;" if os.geteuid() == 0 else ""
    return f"""
{user}
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log error;
events {{ worker_connections 256; }}
http {{
  access_log off;
  keepalive_requests 1000000;
{temporary}
  upstream iipsrv {{
{upstream}
  }}
  server {{
    listen 127.0.0.1:{port};
    location /iiif/ {{
      fastcgi_pass iipsrv;

{parameters}
    }}
  }}
}}
"""


@contextlib.contextmanager
def _running(command: list[str], **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **options)
    try:
        yield process
    finally:
        # The children first: a FastCGI server does not follow its starter.
        for pid in reversed(_tree(process.pid)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stderr is not None:
            process.stderr.close()


def _await_port(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if process.poll() is not None:
            assert process.stderr is not None
            raise RuntimeError(process.stderr.read().decode("utf-8", "replace").strip() or "the server ended")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise RuntimeError("the server did not start")


def _tree(root: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = path.read_text().rpartition(")")[2].split()
            children.setdefault(int(fields[1]), []).append(int(path.parent.name))
    found = [root]
    for pid in found:
        found += children.get(pid, [])
    return found


def _cpu(pid: int) -> float:
    """Seconds of CPU of one process with all its threads, those that ended too.

    The clock that ``clock_getcpuclockid(3)`` gives for a process: nanoseconds, where ``/proc`` counts hundredths.
    """
    with contextlib.suppress(OSError):
        return time.clock_gettime((~pid << 3) | 2)
    return 0.0


def send(server: Server, paths: list[str], connections: int = CONNECTIONS) -> tuple[float, int]:
    """Ask *server* for *paths* over kept-alive connections; its seconds of CPU, and the bytes of images received.

    One request is under way per connection. The client is a bare event loop, so that the server, not the client,
    is what is busy; a lame client would make the server fall asleep after each answer and pay for waking up.
    """
    waiting = (f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode() for path in paths)
    before = server.cpu()
    received = 0
    with select.epoll() as poll, contextlib.ExitStack() as stack:
        answers: dict[int, tuple[socket.socket, _Answer]] = {}
        for _ in range(min(connections, len(paths))):
            link = stack.enter_context(socket.create_connection(("127.0.0.1", server.port), 60))
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            poll.register(link, select.EPOLLIN)
            answers[link.fileno()] = link, _Answer()
            link.sendall(next(waiting))
        under_way = len(answers)
        while under_way:
            for number, _ in poll.poll(60):
                link, answer = answers[number]
                size = answer.feed(link.recv(1 << 18))
                if size < 0:
                    continue
                received += size
                request = next(waiting, None)
                if request is None:
                    under_way -= 1
                else:
                    link.sendall(request)
    return server.cpu() - before, received


class _Answer:
    """The HTTP/1.1 answers on one connection, whether their length is announced or they come in chunks."""

    def __init__(self) -> None:
        self.data = b""
        self.end = -1

    def feed(self, data: bytes) -> int:
        """Take what came; the bytes of the body once it is complete, else -1."""
        if not data:
            raise RuntimeError("the server closed the connection")
        self.data = self.data + data if self.data else data
        start = self.data.find(b"\r\n\r\n") + 4
        if start < 4:
            return -1
        if self.end < 0:
            head = self.data[:start].lower()
            if not head.startswith(b"http/1.1 200"):
                raise RuntimeError(self.data[:400].decode("utf-8", "replace"))
            found = head.find(b"content-length:")
            self.end = start + int(head[found + 15 : head.index(b"\r", found)]) if found > 0 else sys.maxsize
        if len(self.data) < self.end and not (
            self.end == sys.maxsize and self.data.endswith(b"\r\n0\r\n\r\n")
        ):
            return -1
        size = len(self.data) - start
        self.data, self.end = b"", -1
        return size


def make_masters(folder: Path, count: int, width: int, height: int) -> None:
    """Write *count* pyramids of *width* × *height* pixels of texture, each different."""
    from heirloom.catalogue.iiif import pyramid
    from heirloom.catalogue.iiif.engine import pyvips

    for number in range(count):
        clouds = pyvips.Image.perlin(width, height, cell_size=220, uchar=True, seed=number)
        paper = pyvips.Image.perlin(width, height, cell_size=9, uchar=True, seed=number + 100)
        grain = pyvips.Image.gaussnoise(width, height, mean=0, sigma=6, seed=number)
        bands = [
            clouds * 0.7 + paper * 0.3 + grain,
            clouds * 0.5 + paper * 0.4 + 20,
            paper * 0.8 + grain + 10,
        ]
        image = bands[0].bandjoin(bands[1]).bandjoin(bands[2]).cast("uchar").copy(interpretation="srgb")
        source = folder / f"mural{number}.jpg"
        image.jpegsave(str(source), Q=95)
        pyramid.make(source, folder / f"mural{number}.tif")
        source.unlink()


def native_tiles(count: int, width: int, height: int) -> list[str]:
    """The paths of all whole tiles of all levels of *count* images, shuffled."""
    paths = []
    for number in range(count):
        factor = 1
        while width // factor >= 256 and height // factor >= 256:
            side = 256 * factor
            paths += [
                f"/iiif/mural{number}.tif/{x},{y},{side},{side}/256,256/0/default.jpg"
                for x in range(0, width - side + 1, side)
                for y in range(0, height - side + 1, side)
            ]
            factor *= 2
    random.Random(1).shuffle(paths)
    return paths


def regions(images: int, count: int, width: int, height: int) -> list[str]:
    """The paths of *count* regions anywhere, of any size, scaled to 100 to 900 pixels a side."""
    generator = random.Random(2)
    paths = []
    for _ in range(count):
        out_width, out_height = generator.randint(100, 900), generator.randint(100, 900)
        scale = generator.uniform(1, min(width / out_width, height / out_height, 12))
        w, h = int(out_width * scale), int(out_height * scale)
        x, y = generator.randint(0, width - w), generator.randint(0, height - h)
        # By width alone, so that both servers keep the shape of the region.
        paths.append(
            f"/iiif/mural{generator.randrange(images)}.tif/{x},{y},{w},{h}/{out_width},/0/default.jpg"
        )
    return paths


def missing() -> str | None:
    """Why the comparison cannot run here, or ``None``."""
    if not any(path.exists() for path in IIPSRV):
        return "no iipimage-server"
    for program in ("nginx", "spawn-fcgi"):
        if shutil.which(program) is None:
            return f"no {program}"
    return None


def compare(ours: Server, theirs: Server, paths: list[str], rounds: int) -> tuple[float, float]:
    """Milliseconds of CPU per request, ours and theirs: medians of *rounds* turns of disjoint parts of *paths*."""
    spent: tuple[list[float], list[float]] = ([], [])
    size = len(paths) // rounds
    for turn in range(rounds):
        part = paths[turn * size : (turn + 1) * size]
        order = [(0, ours), (1, theirs)]
        for index, server in order if turn % 2 == 0 else reversed(order):
            spent[index].append(send(server, part)[0] * 1000 / size)
    return statistics.median(spent[0]), statistics.median(spent[1])


def line(name: str, value: float, unit: str, bar: float) -> str:
    """One line of measurement with its verdict."""
    return f"{name} {value:.3f} {unit} <={bar:.2f} {'ok' if value <= bar else 'short'}"


def main(arguments: list[str] | None = None) -> int:
    """Measure and print the lines; 1 where one is short."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--images", type=int, default=2, help="pyramids to make and serve")
    parser.add_argument("--width", type=int, default=11776)
    parser.add_argument("--height", type=int, default=8704)
    parser.add_argument("--tiles", type=int, default=3000, help="native tiles to ask for")
    parser.add_argument("--regions", type=int, default=400, help="regions to ask for")
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--masters", type=Path, help="folder to keep the pyramids in for the next run")
    options = parser.parse_args(arguments)
    with contextlib.ExitStack() as stack:
        folder = options.masters or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="masters-")))
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / f"mural{options.images - 1}.tif").exists():
            make_masters(folder, options.images, options.width, options.height)
        tiles = native_tiles(options.images, options.width, options.height)
        warm_tiles, tiles = tiles[-200:], tiles[:-200][: options.tiles]
        ours = stack.enter_context(granian(folder))
        warm = warm_tiles + regions(options.images, 20, options.width, options.height)
        send(ours, warm)
        why = missing()
        if why is not None:
            spent, _ = send(ours, tiles)
            lines = [line("foundation.3b native-tile-cpu", spent * 1000 / len(tiles), "ms", NATIVE_CPU)]
            lines.append(f"foundation.3b native-tile-vs-iipsrv skipped: {why}")
            lines.append(f"foundation.3c region-vs-iipsrv skipped: {why}")
        else:
            theirs = stack.enter_context(iipsrv(folder))
            send(theirs, warm)
            our_tile, their_tile = compare(ours, theirs, tiles, options.rounds)
            wanted = regions(options.images, options.regions + 20, options.width, options.height)[20:]
            our_region, their_region = compare(ours, theirs, wanted, options.rounds)
            lines = [
                line("foundation.3b native-tile-cpu", our_tile, "ms", NATIVE_CPU),
                line("foundation.3b native-tile-vs-iipsrv", our_tile / their_tile, "x", NATIVE_RATIO),
                line("foundation.3c region-vs-iipsrv", our_region / their_region, "x", REGION_RATIO),
            ]
            print(
                f"native tile: {our_tile:.3f} ms, iipsrv {their_tile:.3f} ms; "
                f"region: {our_region:.2f} ms, iipsrv {their_region:.2f} ms",
                file=sys.stderr,
            )
    print("\n".join(lines))
    return int(any(text.endswith("short") for text in lines))


if __name__ == "__main__":
    sys.exit(main())
