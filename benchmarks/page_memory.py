"""Where the memory of the page goes: ``python -m benchmarks.page_memory``.

A process that listens already takes up the page step by step: the packages, one after another, the page
itself, its thread, and a number of requests. Told is how much its memory grows with each. How much a listener
takes with the page and without, ``benchmarks.quiet`` tells.
"""

from __future__ import annotations

import argparse
import importlib
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.ratio import machine
from edgecry.listening.assembly import plan
from edgecry.listening.settings import ListenSettings
from edgecry.sinks.controls import Controls
from edgecry.sources.settings import SourceSettings
from edgecry.web.board import Board
from edgecry.web.making import make_page
from edgecry.web.settings import WebSettings

#: What is imported, in the order in which one needs the other.
PACKAGES = (
    "sqlite3", "ssl", "asyncio", "anyio._backends._asyncio", "h11", "starlette.applications", "click",
    "uvicorn",
    "uvicorn.protocols.http.h11_impl", "edgecry.web.api", "edgecry.web.server",
)  # fmt: skip
PATHS = ("/", "/api/state", "/api/cries", "/nights", "/health", "/page.js", "/page.css")


class Steps:
    """Tells how much the memory of this process has grown since the last step."""

    def __init__(self) -> None:
        self._first = self._before = resident()

    def tell(self, what: str) -> None:
        """Print the growth since the last step."""
        now = resident()
        print(f"{what:34} {now - self._before:+6.2f} MB")
        self._before = now

    def total(self) -> None:
        """Print the growth since the first."""
        print(f"{'all of it':34} {self._before - self._first:+6.2f} MB")


def resident() -> float:
    """Return the MB of this process that are in memory."""
    status = Path("/proc/self/smaps_rollup").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("Rss:"))) / 1000


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.page_memory", description=__doc__)
    parser.add_argument("--requests", type=int, default=200, help="for each of some addresses (200)")
    arguments = parser.parse_args(argv)
    for name, value in machine().items():
        print(f"{name:13} {value}")
    stream = plan(ListenSettings(source=SourceSettings(kind="stdin"))).stream(16000)
    stream.push(np.random.default_rng(0).normal(0, 0.1, 16000 * 6).astype(np.float32))
    steps = Steps()
    for package in PACKAGES:
        importlib.import_module(package)
        steps.tell(package)
    with TemporaryDirectory() as folder:
        page = make_page(WebSettings("127.0.0.1:0"), Board("cot", Controls(0.8)), Path(folder), None)
        steps.tell("history, key, socket")
        page.server.start()
        ask(page.server.port, 1)
        steps.tell("its thread, and one request each")
        ask(page.server.port, arguments.requests)
        steps.tell(f"{arguments.requests} requests each")
        page.close()
    steps.total()


def ask(port: int, n: int) -> None:
    for _ in range(n):
        for path in PATHS:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}") as answer:
                answer.read()


if __name__ == "__main__":
    main()
