"""Raw PCM from a file object, such as standard input: ``arecord -t raw | edgecry listen -``."""

from __future__ import annotations

import os
import select
from typing import BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from edgecry.errors import AudioError
from edgecry.sources.base import NOTHING, Source
from edgecry.sources.format import PcmFormat
from edgecry.sources.pcm import PcmDecoder

#: What a pipe holds by default, and so the most that can come at once.
PIPE_BYTES: Final = 65_536


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

    def __init__(self, file: BinaryIO, pcm: PcmFormat, name: str = "stdin") -> None:
        self.name = name
        self.sr = pcm.sr
        self._file = file
        self._decoder = PcmDecoder(pcm, name)
        self._fd: int | None = None
        self._poll = select.poll()

    def open(self) -> None:
        """See whether it can be waited for."""
        try:
            self._fd = self._file.fileno()
        except (OSError, AttributeError, ValueError):
            return  # it is no file of the system's, and never keeps anyone waiting
        if os.isatty(self._fd):
            raise AudioError(
                f"{self.name}: is a terminal, not sound; pipe raw PCM into it, such as "
                f"arecord -t raw -f S16_LE -c 1 -r {self.sr} | edgecry listen -"
            )
        self._poll.register(self._fd, select.POLLIN)

    def read(self, timeout: float) -> NDArray[np.float32] | None:
        """Wait for samples."""
        try:
            if self._fd is None:
                data = self._file.read(PIPE_BYTES)
            elif self._poll.poll(1000 * timeout):
                data = os.read(self._fd, PIPE_BYTES)
            else:
                return NOTHING
        except BlockingIOError:  # somebody made it so, and somebody else was quicker
            return NOTHING
        except (OSError, ValueError) as error:
            raise AudioError(f"{self.name}: cannot be read ({error})") from error
        return self._decoder.feed(data) if data else None

    def close(self) -> None:
        """Leave the file as it is, to whoever opened it."""
