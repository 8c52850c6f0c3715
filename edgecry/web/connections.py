"""Limits the connections to the page in number and in time.

uvicorn waits without end for a request that comes byte by byte, and for a client that does not read. Here
a request has to be complete within some seconds, and a client has to keep reading. When there is one
connection too many, the oldest that waits for no answer is closed.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, cast

from uvicorn import Server
from uvicorn.protocols.http.h11_impl import H11Protocol

#: The most connections at once. Two phones take about ten.
MOST: Final = 128
#: Seconds in which a request must be complete, and in which a client must read what it was sent.
PATIENCE: Final = 10.0
#: Seconds after which a client that confirms nothing counts as gone, such as a phone out of reach.
GONE: Final = 30.0


class CalmServer(Server):
    """uvicorn's server, but it wakes once a second and not ten times, so that a quiet room costs little."""

    _every = 1.0
    _asked: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None

    async def main_loop(self) -> None:
        """Run until an end is asked for."""
        self._asked = asyncio.get_running_loop(), asyncio.Event()
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                await asyncio.wait_for(self._asked[1].wait(), self._every)

    def ask_to_end(self) -> None:
        """Ask, from any thread, for an end at once."""
        self.should_exit = True
        if self._asked is not None:
            with suppress(RuntimeError):  # the loop has ended already
                self._asked[0].call_soon_threadsafe(self._asked[1].set)


class _Limit:
    """A time limit: calls a function unless it is lifted in time."""

    def __init__(self, loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
        self._loop, self._call = loop, call
        self._timer: asyncio.TimerHandle | None = None

    def set(self, seconds: float) -> None:
        """Start the limit unless it runs already."""
        if self._timer is None:
            self._timer = self._loop.call_later(seconds, self._call)

    def lift(self) -> None:
        """Stop the limit."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class PatientProtocol(H11Protocol):
    """One connection. Whatever the client has to do has a time limit."""

    most = MOST
    patience = PATIENCE

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Accept a connection if there is room, or if room can be made."""
        super().connection_made(transport)
        self.began = self.loop.time()
        self._asking, self._reading = (_Limit(self.loop, transport.abort) for _ in range(2))
        self._asking.set(self.patience)
        sock = transport.get_extra_info("socket")
        with suppress(OSError, AttributeError):  # only Linux has it
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(1000 * GONE))
        if len(self.connections) > self.most:
            self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._asking.lift()
        self._reading.lift()
        super().connection_lost(exc)

    def handle_events(self) -> None:
        """Take the bytes of a request that have come, and limit the time for the rest."""
        super().handle_events()
        if self.is_idle or self.cycle.more_body:
            self._asking.set(self.patience)
        else:
            self._asking.lift()

    def on_response_complete(self) -> None:
        """Called when a request has been answered and the next one has not begun."""
        self._asking.lift()
        super().on_response_complete()

    def pause_writing(self) -> None:
        """Called when the client reads more slowly than it is sent."""
        super().pause_writing()
        self._reading.set(self.patience)

    def resume_writing(self) -> None:
        """Called when the client reads again."""
        super().resume_writing()
        self._reading.lift()

    @property
    def is_idle(self) -> bool:
        """True while no request is being answered."""
        return self.cycle is None or self.cycle.response_complete

    def _make_room(self) -> None:
        """Close the oldest connection that waits for no answer; this one if all of them wait."""
        others = [one for one in cast(set[Any], self.connections) if one is not self and one.is_idle]
        min(others, key=lambda one: one.began, default=self).transport.abort()
