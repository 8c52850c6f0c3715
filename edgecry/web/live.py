"""Sends what holds now to open pages, as server-sent events.

A page gets at most a few messages a second, and nothing is stored for a slow reader. Every message holds
the whole state, so that a reader who missed some has missed nothing. ``revision`` rises when the list of
cries changes, and a page then reads the list again.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

#: Seconds between messages while nothing happens, and the least number of seconds between two messages.
EVERY: Final = 1.0
LEAST: Final = 0.2
#: Number of pages that may be open at once.
MOST: Final = 32
#: Milliseconds that a browser waits before it connects again.
_RETRY: Final = 2000


class Live:
    """Sends what holds now to every open page.

    Parameters
    ----------
    now : callable
        Returns what holds now, ready for JSON.
    """

    def __init__(self, now: Callable[[], dict[str, Any]]) -> None:
        self._now = now
        self._ended = False
        self.readers = 0

    @property
    def is_full(self) -> bool:
        """True if no further page can be served."""
        return self.readers >= MOST

    def end(self) -> None:
        """End the answers to all pages."""
        self._ended = True

    async def messages(self) -> AsyncIterator[str]:
        """Yield messages until the reader is gone. A slow reader gets fewer."""
        told: dict[str, Any] = {}
        waited = EVERY
        yield f"retry: {_RETRY}\n\n"
        while not self._ended:
            now = self._now()
            waited += LEAST
            if waited >= EVERY or _news(now) != _news(told):
                told, waited = now, 0.0
                yield f"event: state\nid: {now['revision']}\ndata: {json.dumps(now)}\n\n"
            await asyncio.sleep(LEAST)


class Stream(StreamingResponse):
    """The answer to one reader. The reader is counted from the first step of the answer to the last."""

    def __init__(self, live: Live) -> None:
        super().__init__(live.messages(), media_type="text/event-stream")
        self._live = live

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        self._live.readers += 1
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._live.readers -= 1


def _news(now: dict[str, Any]) -> tuple[Any, ...]:
    """Return the part of a state that is sent at once when it changes."""
    names = ("crying", "microphone", "muted_until", "threshold", "revision")
    others = tuple((one["name"], one["crying"], one["microphone"]) for one in now.get("microphones", ()))
    return *(now.get(name) for name in names), others
