"""A pipe whose end may not come: after a while it is said what is waited for. Imported for pipes alone."""

from __future__ import annotations

from io import BufferedReader
from pathlib import Path
from threading import Timer
from typing import BinaryIO, Final, cast

from edgecry.terminal import say

#: Seconds without an end after which it is told, and then again each time after as many times more.
PATIENCE: Final = 5.0
LATER: Final = 12


class Patient:
    """A pipe as a binary file that is read to its end.

    Parameters
    ----------
    name : str
        Its path, or "-" for stdin.
    file : binary file object, optional
        It, if it is open. Otherwise the path is opened at the first read, which waits for a writer.
    patience : float
        Seconds.
    """

    def __init__(self, name: str, file: BinaryIO | None, patience: float = PATIENCE) -> None:
        self.name = "<stdin>" if file is not None else name
        self._shown, self._path, self._file = name, name, file
        self._patience = patience
        self._count = 0
        self._timer: Timer | None = None

    @property
    def is_waiting(self) -> bool:
        """True if reading has begun and the end has not come."""
        return self._timer is not None and not self._timer.finished.is_set()

    def seekable(self) -> bool:
        """Never: the end is not known before it comes."""
        return False

    def read(self, size: int = -1) -> bytes:
        """Read what comes next, at most ``size`` bytes; everything if that is negative, b"" at the end."""
        if size == 0:
            return b""
        if self._timer is None:
            self._wait(self._patience)
        try:
            if self._file is None:
                self._file = Path(self._path).open("rb")  # noqa: SIM115 - closed with the process
            if size < 0:
                return b"".join(iter(self._piece, b""))
            return self._piece(size)
        except BaseException:
            self._stop()
            raise

    def _piece(self, size: int = 1 << 16) -> bytes:
        """Read what is there, without waiting for all that was asked for."""
        data = cast(BufferedReader, self._file).read1(size)
        self._count += len(data)
        if not data:
            self._stop()
        return data

    def _wait(self, seconds: float) -> None:
        self._timer = Timer(seconds, self._tell)
        self._timer.daemon = True
        self._timer.start()

    def _tell(self) -> None:
        came = f"{self._count} bytes came" if self._count else "nothing came"
        say(
            f"{self._shown}: {came}, and no end yet; a recording is classified when it ends. "
            "For sound that goes on, pipe it into 'edgecry listen -'"
        )
        self._wait(LATER * self._patience)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
