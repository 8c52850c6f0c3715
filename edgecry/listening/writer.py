"""Writing to a terminal, a pipe or a log that may stop reading, without ever waiting for it."""

from __future__ import annotations

import os
import select
import threading
import time
from collections import deque
from contextlib import suppress
from typing import Final, TextIO

#: Pieces that wait for a reader that is slow; more are dropped, and counted.
MOST: Final = 1000
#: Seconds that the end waits for a reader.
PATIENCE: Final = 2.0


class Writer:
    """Writes from a thread of its own, so that a reader that stops reading stops nobody else.

    Ctrl-S on a terminal, a pager, or a log program that hangs would otherwise stop whoever logs: the loop
    that hears, and the end that SIGTERM asks for.
    """

    def __init__(self) -> None:
        self._pieces: deque[tuple[TextIO, str]] = deque()
        self._changed = threading.Condition()
        self._dropped = 0
        self._is_writing = self._closing = False
        self._thread = threading.Thread(target=self._run, name="edgecry-writer", daemon=True)
        self._thread.start()

    @property
    def is_idle(self) -> bool:
        """True if all has been written."""
        return not self._pieces and not self._is_writing

    def write(self, stream: TextIO, text: str) -> None:
        """Take a piece of text for a stream, and return at once."""
        with self._changed:
            if len(self._pieces) >= MOST:
                self._dropped += 1
                return
            if self._dropped:
                self._pieces.append((stream, f"edgecry: {self._dropped} lines were dropped: nobody read\n"))
                self._dropped = 0
            self._pieces.append((stream, text))
            self._changed.notify_all()

    def drain(self, timeout: float = PATIENCE) -> bool:
        """Wait until all is written; return False if that takes too long."""
        with self._changed:
            return self._changed.wait_for(lambda: self.is_idle, timeout)

    def close(self) -> None:
        """Write what can be within ``PATIENCE``, and end the thread unless its reader holds it."""
        self.drain()
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join(PATIENCE if self.is_idle else 0.0)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._pieces or self._closing)
                if not self._pieces:
                    return
                stream, text = self._pieces.popleft()
                self._is_writing = True
            with suppress(OSError, ValueError):  # the reader is gone; listening goes on
                write(stream, text)
            with self._changed:
                self._is_writing = False
                self._changed.notify_all()


class Direct:
    """A text file that writes to the descriptor of another at once; as much of one as a sink or a log needs.

    While a writer waits for the reader, Python's own files hold a lock that their flush at the end of the
    process would wait for.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.encoding = stream.encoding

    def write(self, text: str) -> int:
        """Write at once; raises OSError or ValueError if that cannot be."""
        write(self._stream, text)
        return len(text)

    def flush(self) -> None:
        """Nothing waits."""


class Behind:
    """A text file whose text goes to a stream by way of a :class:`Writer`."""

    def __init__(self, writer: Writer, stream: TextIO) -> None:
        self._writer, self._stream = writer, stream
        self.encoding = stream.encoding

    def write(self, text: str) -> int:
        """Hand it over, and return at once."""
        self._writer.write(self._stream, text)
        return len(text)

    def flush(self) -> None:
        """Somebody else writes."""


def write(stream: TextIO, text: str) -> None:
    """Write all of a text to the descriptor of a stream, or to the stream if it has none."""
    try:
        fd = stream.fileno()
    except (OSError, AttributeError, ValueError):
        stream.write(text)
        stream.flush()
        return
    data = memoryview(text.encode(stream.encoding or "utf-8", "backslashreplace"))
    while data:
        try:
            data = data[os.write(fd, data) :]
        except BlockingIOError:  # it does not block, and its reader is slow
            select.select([], [fd], [], 1.0)
            time.sleep(0.01)
