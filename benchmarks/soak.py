"""Many hours of sound with all that listening can do: ``python -m benchmarks.soak --hours 25``.

``edgecry listen`` hears the same hour again and again at full speed, with twelve cries. It writes JSON
lines, starts a program, posts to a server, and publishes to a broker where mosquitto is installed; its outbox
is on disk. It records within a quota, and shows its page to a reader who asks anew at each minute of sound
and to one who stays. Told of each hour are memory, as the median of its minutes (RSS, and the part of it that
is its own) and at most, descriptors and threads, and whether each sink got each event once. The exit
code is 1 if one did not, if an hour's events are others than the first one's, if the page gave no answer, or
if something grows after the first hour: its own memory by more than 2 MB in any hour. What else is in RSS are
pages of programs and libraries, which the system takes back and reads again as it likes. Ctrl-C ends it after
the hour at hand, with all that is told at the end.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from types import SimpleNamespace
from typing import Any, NamedTuple

from benchmarks.quiet import look
from benchmarks.ratio import ONE_THREAD, machine
from benchmarks.small_board import CRY_EVERY, EDGECRY, broker, everything, free_port, night_minutes
from benchmarks.stream import FLAT, MB, held
from edgecry.diagnostics.process import memory

CRIES = len(range(1, 60, CRY_EVERY))
#: Megabytes of recordings that are kept: some hours' worth, so that old ones are deleted all the time.
QUOTA = 10
#: Seconds that events may take to all sinks, and settings with which the source is not taken for lost then.
PATIENCE = 30.0
CALM = "[hearing]\nno_sound = 120\n"
#: What an event says, of the time since its hour began.
TIMES, ANSWERS = ("start", "end"), ("kind", "duration", "peak", "mean", "label", "reasons", "windows")
#: Reads the identifiers that a sink has got so far.
Ids = Callable[[], list[str]]


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--hours", type=int, default=25, help="of sound to listen to (25)")
    hours = parser.parse_args(argv).hours
    for name, value in machine().items():
        print(f"{name:13} {value}")
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder, page, port = Path(name), free_port(), stack.enter_context(broker())
        url, ids = stack.enter_context(webhook())
        got = {"jsonl": lines(folder / "events.jsonl"), "exec": lines(folder / "exec.jsonl"), "webhook": ids}
        if port:
            got["mqtt"] = stack.enter_context(subscribed(port))
        command = [
            *EDGECRY, *everything(folder, port, page), "--config", folder / "calm.toml",
            "--record-quota", QUOTA, "--webhook", url, "--exec", f"sh -c 'cat >>{folder / 'exec.jsonl'}'",
        ]  # fmt: skip
        (folder / "calm.toml").write_text(CALM)
        minutes = list(night_minutes(60))
        with (folder / "log").open("w") as log:
            listener = subprocess.Popen(
                list(map(str, command)), stdin=subprocess.PIPE, stderr=log, env={**os.environ, **ONE_THREAD},
                start_new_session=True,  # Ctrl-C is not for it
            )  # fmt: skip
        stack.callback(listener.kill)
        look(page, stack)
        reader = stack.enter_context(Reader(page))
        over = threading.Event()
        signal.signal(signal.SIGINT, lambda *_: over.set())
        found: list[Hour] = []
        night = (minutes for _ in range(hours) if not over.is_set())
        wrong = [*listen(listener, night, got, reader, found), *reader.failures]
        wrong += ended(listener, folder, len(found))
        for line in wrong:
            print(line)
        if wrong:
            print((folder / "log").read_text()[-2000:])
    return bool(wrong)


def listen(
    listener: subprocess.Popen[bytes],
    night: Iterable[Sequence[bytes]],
    got: Mapping[str, Ids],
    reader: Reader,
    found: list[Hour],
) -> Iterator[str]:
    """Have hours heard, tell of each, note what the listener holds after it, and yield what is wrong."""
    assert listener.stdin is not None  # it is a pipe
    print(f"\nsinks: {', '.join(got)}")
    print("hour  took        RSS        own  since 1st    at most  files  threads  events  lost  doubled")
    for hour, minutes in enumerate(night, 1):
        began, rss, own = time.monotonic(), list[int](), list[int]()
        for minute in minutes:
            reader.wait()  # for what it asked during the last minute
            reader.ask()
            listener.stdin.write(minute)
            rss.append(held(listener.pid).rss)
            own.append(own_memory(listener.pid))
        listener.stdin.flush()
        all_told(got, hour * CRIES)
        reader.wait()
        took = time.monotonic() - began
        found.append(Hour(round(statistics.median(own)), *settled(listener.pid)))
        told = Told({name: read() for name, read in got.items()})
        (size, files, threads), most = found[-1], most_since(listener.pid)
        print(
            f"{hour:4}  {took:4.0f} s  {statistics.median(rss) / MB:6.1f} MB  {size / MB:6.1f} MB"
            f"  {(size - found[0].own) / MB:+5.1f} MB  {most / MB:6.1f} MB  {files:5}  {threads:7}"
            f"  {told.count:6}  {told.lost:4}  {told.doubled:7}",
            flush=True,
        )
        if told.lost or told.doubled:
            yield f"hour {hour}: {told}"
    yield from grown(found)


class Hour(NamedTuple):
    """What the listener held in an hour: bytes of its own memory, file descriptors and threads."""

    own: int
    files: int
    threads: int


def grown(found: Sequence[Hour]) -> Iterator[str]:
    """Say how memory went on after the first hour, and yield what has grown since."""
    own = [one.own / MB for one in found]
    later = own[len(own) // 2 :]
    if len(later) > 1:
        drift = statistics.linear_regression(range(len(later)), later).slope
        print(f"memory: {1e3 * drift:+.1f} kB an hour over the last {len(later)} hours")
    if max(own) - own[0] > FLAT:
        yield f"memory grew by {max(own) - own[0]:.1f} MB after the first hour"
    if any(late > early for late, early in zip(found[-1][1:], found[0][1:], strict=True)):
        yield f"files and threads: {found[0][1:]} after the first hour, {found[-1][1:]} after the last"


def ended(listener: subprocess.Popen[bytes], folder: Path, hours: int) -> Iterator[str]:
    """End it; yield what is wrong with what it leaves behind, and with what it told of each hour."""
    assert listener.stdin is not None  # it is a pipe
    listener.stdin.close()
    if code := listener.wait():
        yield f"exit code {code}"
    events = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    each = [
        [answer(event) for event in events if event.get("start", -1) // 3600 == hour] for hour in range(hours)
    ]
    if odd := [hour for hour, told in enumerate(each, 1) if told != each[0]]:
        yield f"other events than in the first hour: hours {odd}"
    kinds = [event["kind"] for event in events]
    counts = {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)}
    print(f"events: {counts}; {'others in some hours' if odd else 'the same in each hour'}")
    wanted = {"start": hours * CRIES, "end": hours * CRIES, "recorded": hours * CRIES}
    if {kind: n for kind, n in counts.items() if kind != "update"} != wanted:
        yield f"events: {counts}, of {hours * CRIES} cries"
    with closing(sqlite3.connect(folder / "state" / "history.db")) as history:
        (n,) = history.execute("SELECT count(*) FROM cry WHERE ended_at IS NOT NULL").fetchone()
    if n != hours * CRIES:
        yield f"the page's history has {n} of {hours * CRIES} cries"
    size = sum(clip.stat().st_size for clip in (folder / "clips").iterdir())
    print(f"recordings: {size / MB:.1f} MB of {QUOTA}")
    if size > QUOTA * MB:
        yield "recordings: more than the quota"


def answer(event: Mapping[str, Any]) -> list[Any]:
    """Return what is to be the same in each hour."""
    times = [None if event[name] is None else round(event[name] % 3600, 3) for name in TIMES]
    return [*times, *(event.get(name) for name in ANSWERS)]


@dataclass(frozen=True)
class Told:
    """The identifiers of events that each sink got."""

    by: Mapping[str, list[str]]

    @property
    def count(self) -> int:
        """Events that any sink got."""
        return len(set().union(*self.by.values()))

    @property
    def lost(self) -> int:
        """Events that a sink did not get, added up over all sinks."""
        return sum(self.count - len(set(ids)) for ids in self.by.values())

    @property
    def doubled(self) -> int:
        """Events that a sink got again, likewise."""
        return sum(len(ids) - len(set(ids)) for ids in self.by.values())

    def __str__(self) -> str:
        by = (f"{name} {len(ids)}, {len(set(ids))} of them different" for name, ids in self.by.items())
        return f"of {self.count} events: {'; '.join(by)}"


def all_told(got: Mapping[str, Ids], cries: int) -> None:
    """Wait until each sink has told of so many recordings, which come last; not for ever."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if all(sum(name.endswith("-recorded") for name in ids()) >= cries for ids in got.values()):
            return
        time.sleep(0.1)


def settled(process: int) -> tuple[int, int]:
    """Descriptors and threads that it has for more than a moment: a program that is started takes some."""
    found = []
    for _ in range(10):
        time.sleep(0.1)
        found.append(held(process))
    return min(one.descriptors for one in found), min(one.threads for one in found)


def own_memory(process: int) -> int:
    """Bytes of memory that it wrote to, in place of reading them from a file."""
    return memory("RssAnon", Path(f"/proc/{process}/status")) or 0


def most_since(process: int) -> int:
    """The most bytes of memory that it held since this was asked last."""
    proc = Path(f"/proc/{process}")
    most = memory("VmHWM", proc / "status") or 0
    with suppress(OSError):  # without it, the most since the start
        (proc / "clear_refs").write_text("5")
    return most


# -- who is told -------------------------------------------------------------------------------------


def lines(path: Path) -> Ids:
    """Read the identifiers in a file of JSON lines; each line once, however often this is asked."""
    ids: list[str] = []
    at = 0

    def read() -> list[str]:
        nonlocal at
        if path.exists():
            with path.open("rb") as file:
                file.seek(at)
                for line in file:
                    if not line.endswith(b"\n"):
                        break  # it is being written
                    ids.append(json.loads(line)["id"])
                    at += len(line)
        return list(ids)

    return read


@contextmanager
def webhook() -> Iterator[tuple[str, Ids]]:
    """Serve what is posted to; give its address and what came."""
    ids: list[str] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            ids.append(self.headers["Idempotency-Key"])
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Hook) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/", lambda: list(ids)
        server.shutdown()


@contextmanager
def subscribed(port: int) -> Iterator[Ids]:
    """Subscribe at a broker; give what came."""
    from tests.sinks.mosquitto import Watcher

    ids: list[str] = []

    class Events(Watcher):
        """Keeps nothing but identifiers: a week's pictures would be much."""

        def _note(self, _client: object, _data: object, message: Any) -> None:
            if message.topic == "edgecry/cot/event":
                ids.append(json.loads(message.payload)["id"])

    with Events(SimpleNamespace(port=port)):
        yield lambda: list(ids)


class Reader:
    """Asks the page, on a connection of its own for each answer, as often as it is told to."""

    def __init__(self, page: int) -> None:
        self._page, self._asked = page, Queue[bool]()
        self._errors: list[str] = []
        self._thread = threading.Thread(target=self._run)

    def ask(self) -> None:
        """Have it ask once more, while the caller goes on."""
        self._asked.put(True)

    def wait(self) -> None:
        """Wait until all is answered."""
        self._asked.join()

    @property
    def failures(self) -> list[str]:
        """What went wrong, in a line at most."""
        return [f"the page: {len(self._errors)} failures, first: {e}" for e in self._errors[:1]]

    def _run(self) -> None:
        while self._asked.get():
            try:
                for path in ("", "api/state", "api/cries", "health"):
                    urllib.request.urlopen(f"http://127.0.0.1:{self._page}/{path}", timeout=30).read()
            except (OSError, HTTPException) as error:
                self._errors.append(repr(error))
            self._asked.task_done()

    def __enter__(self) -> Reader:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._asked.put(False)
        self._thread.join()


if __name__ == "__main__":
    sys.exit(main())
