"""A recording within a file: from a position on, up to where another begins, with a mended header."""

from __future__ import annotations

from contextlib import suppress
from io import SEEK_END, SEEK_SET
from typing import BinaryIO

from edgecry.errors import AudioError


class View:
    """A seekable file from its position on, in the shape libsndfile calls back.

    An exception inside a callback from C would be printed and lost, so none of these raises;
    :meth:`raise_failure` raises the first one afterwards.

    Parameters
    ----------
    file : binary file object, seekable
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._start = file.tell()
        self._end: int | None = None
        self._patch = (0, b"")
        self._failure: Exception | None = None

    @property
    def is_whole(self) -> bool:
        """The file is seen as it is, from its first byte to its last."""
        return self._start == 0 and not self._patch[1] and self._end is None

    def patch(self, at: int, data: bytes) -> None:
        """Show ``data`` at this offset instead of what is there."""
        self._patch = (at, data)

    def end(self, at: int) -> None:
        """Show nothing from this offset on."""
        self._end = at

    def notice(self) -> None:
        """Have the file object look where it is, after somebody else read from its descriptor.

        A seek within what it has buffered would not look; one to the end does.
        """
        self.seek(0, SEEK_END)

    def raise_failure(self, origin: str) -> None:
        """Raise what a read ran into, as an AudioError."""
        if self._failure is not None:
            raise AudioError(f"{origin}: cannot be read ({self._failure}); check its medium")

    def seek(self, offset: int, whence: int = SEEK_SET) -> int:
        """Go to an offset, and return where that is."""
        # Damaged headers point before the start and far beyond the end; as with lseek, the position stays.
        with suppress(OSError, OverflowError, ValueError):
            if whence == SEEK_END and self._end is not None:
                self._file.seek(max(self._start, self._start + self._end + offset))
            elif whence == SEEK_END:
                self._file.seek(offset, SEEK_END)
            else:
                base = self._start if whence == SEEK_SET else self._file.tell()
                self._file.seek(max(self._start, base + offset))
        return self.tell()

    def tell(self) -> int:
        """Return the offset, in bytes from where the view begins."""
        return self._file.tell() - self._start

    def read(self, count: int) -> bytes:
        """Read up to ``count`` bytes."""
        at = self.tell()
        if self._end is not None:
            count = max(0, min(count, self._end - at))
        try:
            data = self._file.read(count)
        except Exception as error:  # whatever the file object is, and raises
            self._failure = self._failure or error
            return b""
        where, new = self._patch
        if new and at <= where < at + len(data):
            data = (data[: where - at] + new + data[where - at + len(new) :])[: len(data)]
        return data
