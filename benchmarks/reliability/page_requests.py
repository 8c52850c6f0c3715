"""Damaged and forged requests to the page: an answer or a closed connection, nothing told without the key."""

from __future__ import annotations

import logging
import socket
from contextlib import suppress
from pathlib import Path
from random import Random

from benchmarks.reliability.campaign import Campaign, Wrong
from benchmarks.reliability.mutation import damaged
from benchmarks.reliability.outboxes import message
from edgecry.sinks.controls import Controls

KEY = "a-key-of-some-length"
#: What stands in the history, and may be told to nobody without the key.
_EVENT = message(1).event
_PATHS = (
    "/", "/nights", f"/cry/{_EVENT}", "/health", "/api/state", "/api/stream", "/api/cries",
    f"/api/cries/{_EVENT}", "/api/nights", "/api/microphones", "/api/verdicts.csv", "/clips/cry.flac",
    "/metrics", "/page.css", "/api/mute", "/api/threshold", f"/api/cries/{_EVENT}/verdict", "/../key",
    "/clips/..%2f..%2fkey", "/clips/%00", "/cry/" + "9" * 3000, "/api/cries?before=nan&limit=-1",
    "/api/nights?days=1e400", "//evil/",
)  # fmt: skip
_BODIES = (
    b"", b"{}", b"[]", b"null", b'{"minutes": 5}', b'{"minutes": -1e400}', b'{"minutes": NaN}',
    b'{"threshold": 0.9}', b'{"threshold": "0.9"}', b'{"threshold": 1e308}', b'{"verdict": "cry"}',
    b'{"verdict": null}', b"[" * 3000, b'{"minutes": ' + b"9" * 3900 + b"}", b"\xff\xfe",
    b"x" * 5000, b'{"verdict": "\\ud800"}',
)  # fmt: skip
_METHODS = ("GET", "GET", "GET", "POST", "POST", "POST", "HEAD", "PUT")
_HEADERS = ("Range: bytes=5-1", "Cookie: a=;;=b", "X-Ingress-Path: //evil", "Accept: text/html")


class PageRequests(Campaign):
    """Ask a page that has a key, with it and without it."""

    name = "page requests"
    faults = "bits, cuts, drops, repeats; bodies and paths of any kind"
    quick, usual, long = 400, 5000, 200_000
    package, extra = "starlette", "web"

    def prepare(self, folder: Path) -> None:
        """Stand the page up, with an event in its history; it ends with the process."""
        from edgecry.web.board import Board
        from edgecry.web.making import make_page
        from edgecry.web.settings import WebSettings

        (folder / "key").write_text(KEY)
        (folder / "key").chmod(0o600)
        (folder / "clips").mkdir()
        settings = WebSettings("127.0.0.1:0", key_file=folder / "key")
        self._page = make_page(settings, Board("nursery", Controls(0.8)), folder, folder / "clips")
        self._page.sink.deliver(message(1))
        self._page.server.start()
        self._log = _Log()
        logging.getLogger("edgecry").addHandler(self._log)

    def attempt(self, random: Random) -> str:
        """Ask once, whole or damaged, and then whether it still stands."""
        knows = random.random() < 0.5
        asked = self._request(random, knows)
        if random.random() < 0.7:
            asked = damaged(asked, random)
        self._log.said.clear()
        answer = self._ask(asked)
        status = int(answer[9:12]) if answer.startswith(b"HTTP/1.1 ") and answer[9:12].isdigit() else 0
        if answer and not 200 <= status < 500:
            raise Wrong(f"{answer[:60]!r} to {asked[:60]!r}")
        if self._log.said:
            raise Wrong(f"an error in the log: {self._log.said[0]:.100}")
        if _EVENT.encode() in answer and KEY.encode() not in asked and _EVENT.encode() not in asked:
            raise Wrong(f"told without the key: {asked[:60]!r}")
        whole = b"GET /page.css HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        if not self._ask(whole).startswith(b"HTTP/1.1 200 "):
            raise Wrong("it does not answer any more")
        return "closed" if not answer else "refused" if status >= 400 else "answered"

    def _request(self, random: Random, knows: bool) -> bytes:
        method, path = (
            random.choice(_METHODS),
            random.choice(_PATHS),
        )
        body = random.choice(_BODIES) if method == "POST" else b""
        host = f"127.0.0.1:{self._page.server.port}"
        headers = [f"Host: {host}", "Connection: close", f"Origin: http://{host}"]
        headers += [f"Authorization: Bearer {KEY}"] if knows else []
        headers += [f"Content-Length: {len(body)}", "Content-Type: application/json"] if body else []
        headers += [
            random.choice(
                ("Range: bytes=5-1", "Cookie: a=;;=b", "X-Ingress-Path: //evil", "Accept: text/html")
            )
        ]
        return "\r\n".join([f"{method} {path} HTTP/1.1", *headers, "", ""]).encode() + body

    def _ask(self, data: bytes) -> bytes:
        """Send, and take what comes: all of it, or the first 64 kB of a stream that does not end."""
        answer = b""
        where = ("127.0.0.1", self._page.server.port)
        with socket.create_connection(where, 30) as connection, suppress(ConnectionError):
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            while len(answer) < 65_536 and (block := connection.recv(65_536)):
                answer += block
                if b"text/event-stream" in answer:
                    break
        return answer


class _Log(logging.Handler):
    """Keeps what is logged as an error."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        self.said.append(record.getMessage())
