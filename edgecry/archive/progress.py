"""The progress of a run, in one line on a terminal: share, hours, rate, and remaining time."""

from __future__ import annotations

import shutil
import sys
import time
from typing import Final

from edgecry.answers.sentences import clock

#: Seconds between two versions of the line.
EVERY: Final = 0.5


class Progress:
    """Shows the progress of a run, if stderr is a terminal.

    Parameters
    ----------
    files : int
        Number of recordings.
    size : int
        Bytes of all recordings. The remaining time is estimated from them.
    """

    def __init__(self, files: int, size: int) -> None:
        self._files, self._size = files, size
        self._shown = sys.stderr.isatty()
        self._began, self._next = time.monotonic(), 0.0
        self._done = self._bytes = self._new_bytes = 0
        self._hours = self._new_hours = 0.0

    def add(self, size: int, hours: float, is_new: bool) -> None:
        """Count a recording that is done."""
        self._done += 1
        self._bytes += size
        self._hours += hours
        if is_new:
            self._new_bytes += size
            self._new_hours += hours
        if self._shown and (now := time.monotonic()) >= self._next:
            self._next = now + EVERY
            self._write(self.line(now - self._began))

    def line(self, seconds: float) -> str:
        """Return the line after so many seconds."""
        share = self._bytes / self._size if self._size else self._done / max(1, self._files)
        parts = [f"{100 * share:.0f} %", f"{self._done} of {self._files} files", f"{self._hours:.1f} h"]
        if seconds > 0 and self._new_bytes:
            parts.append(f"{3600 * self._new_hours / seconds:.0f} x real time")
            left = (self._size - self._bytes) * seconds / self._new_bytes
            parts.append(f"{clock(left)} left")
        return ", ".join(parts)

    def clear(self) -> None:
        """Remove the line, so that something else can be printed."""
        if self._shown:
            self._write("")

    def _write(self, text: str) -> None:
        width = shutil.get_terminal_size().columns - 1
        sys.stderr.write(f"\r\x1b[K{text[:width]}")
        sys.stderr.flush()
