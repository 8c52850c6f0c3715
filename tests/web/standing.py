"""A page that stands: with a history, controls and recordings, on a port of its own."""

import contextlib
import http.client
import json
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import soundfile

from edgecry.sinks.controls import Controls
from edgecry.sinks.ids import utc
from edgecry.sinks.message import Health
from edgecry.web.board import Board
from edgecry.web.making import Page, make_page
from edgecry.web.settings import WebSettings
from tests.sinks.messages import cry

KEY = "a-key-of-some-length"
SR = 8000
#: What the clocks of tests begin with: seconds since 1970, at the beginning of a minute.
T = 1_763_936_280.0


@dataclass(eq=False)
class Standing:
    """The page, and how to ask it."""

    page: Page
    folder: Path
    clips: Path
    port: int
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def controls(self) -> Controls:
        return self.page.board.controls

    def ask(self, path: str, method: str = "GET", body: Any = None, **headers: str) -> SimpleNamespace:
        """Ask; a header's ``_`` stands for ``-``."""
        sent = {**self.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
        data = None
        if body is not None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        with contextlib.closing(connection):
            connection.putrequest(method, path, skip_host="Host" in sent)
            if data is not None:
                sent["Content-Length"] = str(len(data))
            for name, value in sent.items():
                connection.putheader(name, value)
            connection.endheaders(data)
            answer = connection.getresponse()
            found = answer.read()
        return SimpleNamespace(
            status=answer.status,
            headers={name.lower(): value for name, value in answer.getheaders()},
            body=found,
            text=found.decode("utf-8", "replace"),
            json=lambda: json.loads(found),
        )

    def post(self, path: str, body: Any, **headers: str) -> SimpleNamespace:
        """Ask for a change, as a page of this server does."""
        return self.ask(path, "POST", body, **{"Origin": self.origin, **headers})

    def hear(self, **changes: Any) -> None:
        """Say that it hears, or something else."""
        said = {"at": utc(time.time()), "state": "hearing", "reason": "", "hearing": True, **changes}
        self.page.board.tell(Health(**said))

    def tell(self, number: int = 1, kind: str = "end", clip: bool = True, **changes: Any) -> str:
        """Have a cry come; return its name."""
        when = changes.pop("when", time.time() - 600)
        over = kind != "start"
        path = self.clips / f"cry-20261130T0300{number:02d}Z-{number:06d}-001.flac"
        if clip and over:
            soundfile.write(path, sound(), SR, subtype="PCM_16")
        message = cry(
            number,
            kind,
            started_at=utc(when),
            ended_at=utc(when + 72) if over else None,
            **({"clip": str(path)} if clip and over else {}),
            **changes,
        )
        self.page.sink.show(message)
        self.page.sink.deliver(message)
        return message.event

    def show(self, level: float = -40.0, score: float = 0.1) -> None:
        """Have sound come."""
        self.position = getattr(self, "position", 0.0) + 0.5
        self.page.board.show(level, score, None, self.position)


def sound(seconds: float = 2.0) -> np.ndarray:
    t = np.arange(round(seconds * SR)) / SR
    return (0.3 * np.sin(2 * np.pi * 440 * t * (1 + 0.1 * t))).astype(np.float32)


@contextlib.contextmanager
def standing(folder: Path, key: str | None = None, port: int = 0, **settings: Any) -> Iterator[Standing]:
    """Stand a page up, and take it down."""
    clips = folder / "clips"
    clips.mkdir(exist_ok=True)
    if key is not None:
        (folder / "key").write_text(key + "\n")
        (folder / "key").chmod(0o600)
        settings["key_file"] = folder / "key"
    board = Board("nursery", Controls(0.8))
    page = make_page(WebSettings(f"127.0.0.1:{port}", **settings), board, folder, clips)
    page.server.start()
    try:
        yield Standing(page, folder, clips, page.server.port)
    finally:
        page.close()


def raw(port: int) -> socket.socket:
    """Open a connection on which a client does as it likes."""
    return socket.create_connection(("127.0.0.1", port), 20)
