"""Raw PCM from a file object, such as standard input: ``arecord -t raw | edgecry listen -``."""

from __future__ import annotations

import fcntl
import math
import os
import select
import stat
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from edgecry.audio.pcm import PcmDecoder
from edgecry.audio.pcm_format import PcmFormat
from edgecry.errors import AudioError
from edgecry.sources.base import NOTHING, Source

if TYPE_CHECKING:
    from edgecry.sources.settings import SourceSettings

#: What a pipe holds by default, and so the most that can come at once.
PIPE_BYTES: Final = 65_536
#: Seconds of sound that gather in a pipe before it is read, so that a quiet room seldom wakes the processor;
#: and the share of the pipe that they may fill, since its writer is not to wait.
GATHER: Final = 0.4
_SHARE: Final = 0.25
#: Bytes that a pipe is enlarged to at most; a process without rights may not ask for more.
_LARGEST: Final = 2**20
#: How much faster than it sounds a source may come, and still be taken for live.
_PACE: Final = 2.0


class Lull:
    """Leaves a pipe alone after each read while it comes as it sounds; never one that comes faster.

    Parameters
    ----------
    fd : int
        The pipe. Anything else is never left alone.
    bytes_per_second : int
        What is expected; the pipe is enlarged where that would soon fill it.
    clock, sleep : callable
        Seconds, ever rising; and to wait for so many.
    """

    def __init__(
        self,
        fd: int,
        bytes_per_second: int,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._clock, self._sleep = clock, sleep
        self._room = _SHARE * _capacity(fd, math.ceil(GATHER * bytes_per_second / _SHARE))
        self._then = clock()
        self._pause = 0.0

    def wait(self) -> None:
        """Wait for as long as what was noted last allows; not at all before that."""
        pause, self._pause = self._pause, 0.0
        if pause:
            self._sleep(pause)

    def note(self, read: int, bytes_per_second: int) -> None:
        """Note a read of so many bytes."""
        now = self._clock()
        elapsed, self._then = now - self._then, now
        if 0 < read <= _PACE * elapsed * bytes_per_second:
            self._pause = min(GATHER, self._room / bytes_per_second)


class PipeSource(Source):
    """Samples from a binary file object, from where it stands to its end.

    Parameters
    ----------
    file : binary file object
        A pipe, a socket, a file; it stays open. One with a descriptor is read through that, and
        nothing of it may have been read before.
    pcm : PcmFormat
        What it holds, unless it begins with a WAV header.
    name : str
        What to call it in messages.
    """

    comes_back = False

    def __init__(self, file: BinaryIO, pcm: PcmFormat, name: str = "stdin") -> None:
        self.name = name
        self.sr = pcm.sr
        self._file = file
        self._decoder = PcmDecoder(pcm, name)
        self._fd: int | None = None
        self._poll = select.poll()
        self._lull: Lull | None = None

    @classmethod
    def make(cls, settings: SourceSettings) -> PipeSource:
        """Make the source that reads standard input."""
        return cls(sys.stdin.buffer, settings.pcm)

    @classmethod
    def shown(cls, settings: SourceSettings) -> str:  # noqa: ARG003
        """Say where the sound comes from."""
        return "standard input"

    def open(self) -> None:
        """See whether it can be waited for."""
        try:
            self._fd = self._file.fileno()
        except (OSError, AttributeError, ValueError):
            return  # it is not a file of the system, and reading it never blocks
        if stat.S_ISREG(os.fstat(self._fd).st_mode):
            self.live = False
        if os.isatty(self._fd):
            raise AudioError(
                f"{self.name}: is a terminal, not sound; pipe raw PCM into it, such as "
                f"arecord -t raw -f S16_LE -c 1 -r {self.sr} | edgecry listen -"
            )
        self._poll.register(self._fd, select.POLLIN)
        self._lull = Lull(self._fd, self._decoder.format.byte_rate)

    def read(self, timeout: float) -> NDArray[np.float32] | None:
        """Wait for samples."""
        try:
            if self._fd is None or self._lull is None:
                data = self._file.read(PIPE_BYTES)
            else:
                self._lull.wait()
                if not self._poll.poll(1000 * timeout):
                    return NOTHING
                data = os.read(self._fd, PIPE_BYTES)
                self._lull.note(len(data), self._decoder.format.byte_rate)
        except BlockingIOError:  # the pipe does not block, and another reader was quicker
            return NOTHING
        except (OSError, ValueError) as error:
            raise AudioError(f"{self.name}: cannot be read ({error})") from error
        return self._decoder.feed(data) if data else None

    def close(self) -> None:
        """Leave the file as it is, to whoever opened it."""


def _capacity(fd: int, wanted: int) -> int:
    """Return the bytes that a pipe holds, ``wanted`` if possible; 0 if it is not a pipe, or cannot tell."""
    try:
        found = fcntl.fcntl(fd, fcntl.F_GETPIPE_SZ)
        if found < wanted:
            with suppress(OSError):
                found = fcntl.fcntl(fd, fcntl.F_SETPIPE_SZ, min(wanted, _LARGEST))
    except (OSError, AttributeError):
        return 0
    return found
