"""News for whoever looks: server-sent events, at most some a second, nothing kept for a slow reader.

Every message is the whole of what holds now, so a reader that missed some has missed nothing. ``revision``
rises with the list of cries; a page reads that anew when it does.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

#: Seconds between messages while nothing happens, and the least between two.
EVERY: Final = 1.0
LEAST: Final = 0.2
#: Pages that may look at once.
MOST: Final = 32
#: Milliseconds that a browser waits before it connects again.
_RETRY: Final = 2000


class Live:
    """Hands out what holds now to whoever looks.

    Parameters
    ----------
    now : callable
        What holds now, ready for JSON.
    """

    def __init__(self, now: Callable[[], dict[str, Any]]) -> None:
        self._now = now
        self._ended = False
        self.readers = 0

    @property
    def is_full(self) -> bool:
        """Whether no more can look."""
        return self.readers >= MOST

    def end(self) -> None:
        """Let go of everybody."""
        self._ended = True

    async def messages(self) -> AsyncIterator[str]:
        """Give messages until the reader is gone; one that is slow gets fewer."""
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
    """The answer to one reader, who is counted from its first step to its last."""

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
    """Return what is told at once when it changes."""
    names = ("crying", "microphone", "muted_until", "threshold", "revision")
    others = tuple((one["name"], one["crying"], one["microphone"]) for one in now.get("microphones", ()))
    return *(now.get(name) for name in names), others
