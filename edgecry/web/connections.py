"""Connections to the page that cannot be piled up: few, none that dawdles, none that nobody reads.

uvicorn waits for ever for a request that comes byte by byte, and for a client that does not read. Here a
request has to be whole within some seconds, a client has to read on, and one connection too many ends the
oldest that is not being answered.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, cast

from uvicorn import Server
from uvicorn.protocols.http.h11_impl import H11Protocol

#: Connections at once; two phones take some ten.
MOST: Final = 128
#: Seconds for the whole of a request, and for a client to read what it was sent.
PATIENCE: Final = 10.0
#: Seconds after which a client that confirms nothing is gone, such as a phone out of reach.
GONE: Final = 30.0


class CalmServer(Server):
    """uvicorn's server, which looks around once a second, not ten times: a quiet room lets it sleep."""

    _every = 1.0
    _asked: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None

    async def main_loop(self) -> None:
        """Look around until an end is asked for."""
        self._asked = asyncio.get_running_loop(), asyncio.Event()
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                await asyncio.wait_for(self._asked[1].wait(), self._every)

    def ask_to_end(self) -> None:
        """Ask, from any thread, for an end at once."""
        self.should_exit = True
        if self._asked is not None:
            with suppress(RuntimeError):  # it has ended already
                self._asked[0].call_soon_threadsafe(self._asked[1].set)


class _Limit:
    """Calls a function unless it is lifted in time."""

    def __init__(self, loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
        self._loop, self._call = loop, call
        self._timer: asyncio.TimerHandle | None = None

    def set(self, seconds: float) -> None:
        """Begin, unless it has begun."""
        if self._timer is None:
            self._timer = self._loop.call_later(seconds, self._call)

    def lift(self) -> None:
        """End it."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class PatientProtocol(H11Protocol):
    """One connection, with a time limit on whatever the other side has to do."""

    most = MOST
    patience = PATIENCE

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, if there is room or room can be made."""
        super().connection_made(transport)
        self.began = self.loop.time()
        self._asking, self._reading = (_Limit(self.loop, transport.abort) for _ in range(2))
        self._asking.set(self.patience)
        sock = transport.get_extra_info("socket")
        with suppress(OSError, AttributeError):  # Linux's own
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(1000 * GONE))
        if len(self.connections) > self.most:
            self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._asking.lift()
        self._reading.lift()
        super().connection_lost(exc)

    def handle_events(self) -> None:
        """Take what came of a request, and limit the time until the rest has come."""
        super().handle_events()
        if self.is_idle or self.cycle.more_body:
            self._asking.set(self.patience)
        else:
            self._asking.lift()

    def on_response_complete(self) -> None:
        """Be told that a request was answered; the next one has not begun."""
        self._asking.lift()
        super().on_response_complete()

    def pause_writing(self) -> None:
        """Be told that the client does not read as fast as it is sent."""
        super().pause_writing()
        self._reading.set(self.patience)

    def resume_writing(self) -> None:
        """Be told that it reads on."""
        super().resume_writing()
        self._reading.lift()

    @property
    def is_idle(self) -> bool:
        """Whether nothing is being answered."""
        return self.cycle is None or self.cycle.response_complete

    def _make_room(self) -> None:
        """End the oldest connection that is not being answered; this one if all are."""
        others = [one for one in cast(set[Any], self.connections) if one is not self and one.is_idle]
        min(others, key=lambda one: one.began, default=self).transport.abort()
