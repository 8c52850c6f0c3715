"""What a person sees while it listens: a line that lives on a terminal, and the log."""

from __future__ import annotations

import logging
import math
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Mapping
from copy import copy
from typing import Final, TextIO

from edgecry.listening.writer import Writer
from edgecry.sinks.text import span
from edgecry.terminal import printable

#: Seconds between two showings of the line.
EVERY: Final = 0.2
#: Where the level bar begins, in dB of full scale, and how long it is.
QUIETEST: Final = -70.0
BAR: Final = 14
_CLEAR: Final = "\r\x1b[K"
#: What journald takes for a priority at the beginning of a line, as in sd-daemon(3).
_PRIORITIES: Final = ((logging.ERROR, "<3>"), (logging.WARNING, "<4>"), (logging.INFO, "<6>"))


class Console:
    """A terminal with one line at its bottom that lives, and lines above it that stay. Threads may share it.

    Nobody waits for the terminal: a line that comes while it does not read is not shown.

    Parameters
    ----------
    terminal : text file
        Where the line lives.
    writer : Writer
        Writes to it.
    clock : callable
        Seconds, ever rising.
    """

    def __init__(self, terminal: TextIO, writer: Writer, clock: Callable[[], float] = time.monotonic) -> None:
        self._terminal = terminal
        self._writer = writer
        self._clock = clock
        self._lock = threading.RLock()
        self._line = ""
        self._shown = -math.inf
        self._is_crying = False
        self._last_cry = ""

    def show(
        self, level: float, score: float, crying: float | None, position: float, trouble: str = ""
    ) -> None:
        """Show how it is, now and then; as :class:`~edgecry.listening.listener.View`."""
        now = self._clock()
        if self._is_crying and crying is None:
            self._last_cry = time.strftime("%H:%M")
        self._is_crying = crying is not None
        if now - self._shown < EVERY or not self._writer.is_idle:
            return
        self._shown = now
        width = max(0, shutil.get_terminal_size().columns - 1)
        with self._lock:
            self._line = view_line(level, score, crying, position, self._last_cry, width, trouble)
            self._writer.write(self._terminal, _CLEAR + self._line)

    def above(self, stream: TextIO, text: str) -> None:
        """Write to a stream on the same terminal, out of the line's way."""
        with self._lock:
            if self._line:
                self._writer.write(self._terminal, _CLEAR)
            self._writer.write(stream, text)
            if self._line:
                self._writer.write(self._terminal, self._line)

    def end(self) -> None:
        """Take the line away."""
        with self._lock:
            if self._line:
                self._writer.write(self._terminal, _CLEAR)
            self._line = ""


class Above:
    """A text file whose lines go above a console's; as much of one as a sink or a log needs."""

    def __init__(self, console: Console, stream: TextIO) -> None:
        self._console, self._stream = console, stream
        self.encoding = stream.encoding

    def write(self, text: str) -> int:
        """Write soon."""
        self._console.above(self._stream, text)
        return len(text)

    def flush(self) -> None:
        """Somebody else writes."""


def view_line(
    level: float,
    score: float,
    crying: float | None,
    position: float,
    last_cry: str = "",
    width: int = 79,
    trouble: str = "",
) -> str:
    """Make the line: whether a baby cries, the level, the probability of a cry, and a bar of the level.

    Parameters
    ----------
    level : float
        In dB of full scale.
    score : float in [0, 1]
        Of the newest window.
    crying : float, optional
        Since when a baby cries, in seconds of the stream.
    position : float
        Seconds of the stream so far.
    last_cry : str
        When the last cry ended, by the clock.
    width : int
        Characters that there is room for; the bar is left out first.
    trouble : str
        What is wrong with the sound, in two words.
    """
    if crying is not None:
        state = f"CRYING for {span(position - crying)}"
    else:
        state = (trouble.upper() or "listening") + (f", last cry {last_cry}" if last_cry else "")
    line = f"{state}  {max(level, -99.0):3.0f} dB  {score:4.2f}"
    filled = round(BAR * min(1.0, max(0.0, 1 - level / QUIETEST))) if level > -math.inf else 0
    bar = f"  [{'#' * filled}{'.' * (BAR - filled)}]"
    return (line + bar if len(line + bar) <= width else line)[:width]


def has_terminal(stream: TextIO, environment: Mapping[str, str] | None = None) -> bool:
    """Tell whether a stream is a terminal on which a line can be written anew."""
    environment = os.environ if environment is None else environment
    try:
        return stream.isatty() and environment.get("TERM", "dumb") != "dumb"
    except ValueError:
        return False


class LogFormat(logging.Formatter):
    """A line a record: with the time, or for the journal, which knows the time, with the priority."""

    def __init__(self, journal: bool) -> None:
        super().__init__("%(message)s" if journal else "%(asctime)s %(message)s", "%Y-%m-%d %H:%M:%S")
        self._journal = journal

    def format(self, record: logging.LogRecord) -> str:
        """Write the record, with its traceback if it has one and debugging is asked for."""
        if record.exc_info and not os.environ.get("EDGECRY_DEBUG"):
            error = record.exc_info[1]
            record = copy(record)
            record.exc_info, record.exc_text = None, None
            record.msg, record.args = f"{record.getMessage()} ({error!r})", ()
        text = super().format(record)
        if not self._journal:
            return "\n".join(printable(line) for line in text.splitlines())
        prefix = next((p for least, p in _PRIORITIES if record.levelno >= least), "<7>")
        return "\n".join(prefix + printable(line) for line in text.splitlines())


def log_to(stream: TextIO, quiet: bool = False) -> Callable[[], None]:
    """Have edgecry's log go to a stream; returns what undoes that."""
    logger = logging.getLogger("edgecry")
    handler = logging.StreamHandler(stream)
    handler.setFormatter(LogFormat(is_journal(sys.stderr)))
    before = logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(logging.WARNING if quiet else logging.INFO)
    logger.propagate = False

    def undo() -> None:
        logger.removeHandler(handler)
        logger.level, logger.propagate = before

    return undo


def is_journal(stream: TextIO, environment: Mapping[str, str] | None = None) -> bool:
    """Tell whether a stream goes to systemd's journal, which says so in JOURNAL_STREAM."""
    environment = os.environ if environment is None else environment
    device, colon, inode = environment.get("JOURNAL_STREAM", "").partition(":")
    try:
        status = os.fstat(stream.fileno())
        return bool(colon) and (int(device), int(inode)) == (status.st_dev, status.st_ino)
    except (OSError, ValueError, AttributeError):
        return False
