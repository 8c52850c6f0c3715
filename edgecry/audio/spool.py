"""A pipe as a file that can be read again: kept in memory while it is short, then in a temporary file."""

from __future__ import annotations

from tempfile import SpooledTemporaryFile
from typing import Any, Final

from edgecry.errors import AudioError

#: What of a pipe is kept in memory; a longer one goes to a temporary file.
MEMORY_BYTES: Final = 8 << 20
#: The longest pipe: six hours of 16-bit stereo at 24 kHz, and less than the card of a board.
MAX_BYTES: Final = 2 << 30
_PIECE: Final = 1 << 16


class Spool(SpooledTemporaryFile[bytes]):
    """The content of a pipe, under the pipe's name."""

    def __init__(self, name: str) -> None:
        super().__init__(MEMORY_BYTES)
        self._pipe = name

    @property
    def name(self) -> str:
        """Its name in messages."""
        return self._pipe


def spooled(file: Any, origin: str) -> Spool:
    """Read a pipe to its end.

    Parameters
    ----------
    file : binary file object
        Of any make.
    origin : str
        Its name, for messages.

    Returns
    -------
    Spool
        At its beginning; close it.

    Raises
    ------
    AudioError
        It cannot be read to its end, is longer than ``MAX_BYTES``, or gives text.
    """
    spool = Spool(origin)
    try:
        count = 0
        while data := file.read(_PIECE):
            if not isinstance(data, bytes):
                raise AudioError(f"{origin}: is open as text; open it with mode 'rb'")
            count += len(data)
            if count > MAX_BYTES:
                raise AudioError(
                    f"{origin}: over {MAX_BYTES >> 30} GB came, and no end; for sound that goes on, pipe it "
                    "into 'edgecry listen -'"
                )
            spool.write(data)
        spool.seek(0)
    except BaseException as error:  # file objects are of any make, and raise anything
        spool.close()
        if isinstance(error, AudioError) or not isinstance(error, Exception):
            raise
        raise AudioError(f"{origin}: cannot be read to its end ({error}); try again") from error
    return spool
