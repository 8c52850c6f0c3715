"""What feeds the page: events go to its history, and whatever holds now to its board."""

from __future__ import annotations

import time
from typing import Final

from edgecry.sinks.base import Backoff, Sink
from edgecry.sinks.message import EventMessage, Message, Report
from edgecry.web.board import Board
from edgecry.web.history import History

#: Seconds between looks at the age of the history.
_TIDY: Final = 6 * 3600.0


class PageSink(Sink):
    """Writes events to the history. A disk that is full costs the page its newest cries, and nothing else."""

    alerts = False  # what is muted is written down all the same
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
        """Write the event down; of the source, the notes of the board tell more."""
        if not isinstance(message, EventMessage):
            return
        board = self._board
        is_over = message.kind == "end" and message.end is not None
        curve = board.curve(message.start, message.end or message.start) if is_over else None
        self._history.tell(message, board.is_muted, curve, board.controls.threshold)
