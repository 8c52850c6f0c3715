"""Feeds the page. Events go to its history, and what holds now goes to its board."""

from __future__ import annotations

import time
from typing import Final

from edgecry.sinks.base import Backoff, Sink
from edgecry.sinks.message import EventMessage, Message, Report
from edgecry.web.board import Board
from edgecry.web.history import History

#: Seconds between two checks for rows of the history that are too old.
_TIDY: Final = 6 * 3600.0


class PageSink(Sink):
    """Writes events to the history. With a full disk, the page lacks its newest cries and nothing else."""

    alerts = False  # muted cries are written down as well
    backoff = Backoff(1.0, 60.0)

    def __init__(self, board: Board, history: History, name: str = "web") -> None:
        self.name = name
        self._board, self._history = board, history
        self._tidied = time.monotonic() - _TIDY

    def show(self, message: Message) -> None:
        """Show what holds now, and write down what has come to an end."""
        self._board.tell(message)
        self._history.add_minutes(self._board.take_minutes())
        self._history.note(self._board.take_notes())
        if time.monotonic() - self._tidied >= _TIDY:
            self._tidied = time.monotonic()
            self._history.tidy()

    def deliver(self, message: Report) -> None:
        """Write an event down. Messages about the source are left out: the board's notes tell more."""
        if not isinstance(message, EventMessage):
            return
        board = self._board
        is_over = message.kind == "end" and message.end is not None
        curve = board.curve(message.start, message.end or message.start) if is_over else None
        self._history.tell(message, board.is_muted, curve, board.controls.threshold)
