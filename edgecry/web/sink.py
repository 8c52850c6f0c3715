"""Feeds the page. Events go to its history, and what holds now goes to its board."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Final

from edgecry.sinks.base import Backoff, Sink
from edgecry.sinks.message import EventMessage, Message, Report
from edgecry.web.board import Board
from edgecry.web.history import History

#: Seconds between two checks for rows of the history that are too old.
_TIDY: Final = 6 * 3600.0
#: Seconds by which the device's clock jumps when it is set, and the most cries that are corrected then.
_JUMP: Final = 2.0
_MOST: Final = 1000


def _since_boot() -> float:
    """Seconds of a clock that nobody sets, and that goes on while the machine sleeps."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class PageSink(Sink):
    """Writes events to the history. With a full disk, the page lacks its newest cries and nothing else."""

    alerts = False  # muted cries are written down as well
    backoff = Backoff(1.0, 60.0)

    def __init__(
        self,
        board: Board,
        history: History,
        name: str = "web",
        clock: Callable[[], float] = time.time,
        steady: Callable[[], float] = _since_boot,
    ) -> None:
        self.name = name
        self._board, self._history = board, history
        self._tidied = time.monotonic() - _TIDY
        self._clock, self._steady = clock, steady
        self._offset = clock() - steady()
        self._told: deque[str] = deque(maxlen=_MOST)  # the cries of this run

    def show(self, message: Message) -> None:
        """Show what holds now, and write down what has come to an end."""
        self._board.tell(message)
        self._heed_the_clock()
        self._history.add_minutes(self._board.take_minutes())
        self._history.note(self._board.take_notes())
        if time.monotonic() - self._tidied >= _TIDY:
            self._tidied = time.monotonic()
            self._history.tidy()

    def deliver(self, message: Report) -> None:
        """Write an event down. Messages about the source are left out: the board's notes tell more."""
        if not isinstance(message, EventMessage):
            return
        self._heed_the_clock()
        board = self._board
        is_over = message.kind == "end" and message.end is not None
        curve = board.curve(message.start, message.end or message.start) if is_over else None
        self._history.tell(message, board.is_muted, curve, board.controls.threshold)
        if message.event not in self._told:
            self._told.append(message.event)

    def _heed_the_clock(self) -> None:
        """Correct the times of this run's cries when the clock is set: a board learns the time late."""
        offset = self._clock() - self._steady()
        jump = offset - self._offset
        if abs(jump) > _JUMP:
            if self._told:
                self._history.move(self._told, jump)
            self._offset = offset
