"""The last rows of a sequence that grows without end, in memory that does not."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray


class History:
    """Keeps the last rows of a sequence. Any stretch of them can be read without a copy.

    Rows are written into a store of twice the length that is kept. When it is full, its second half is
    moved to the front. So each row is moved at most once, and every stretch lies in one piece.

    Parameters
    ----------
    keep : int >= 1
        Number of rows that can always be read back.
    width : int, optional
        Number of values in a row; if left out, a row is a single number.
    dtype : dtype
        Type of the values.

    Attributes
    ----------
    start, stop : int
        Index of the oldest row that can be read, and the index after the newest. The first row of all has
        index 0.
    """

    def __init__(self, keep: int, width: int | None = None, dtype: DTypeLike = np.float32) -> None:
        self._keep = keep
        self._store = np.zeros((2 * keep,) if width is None else (2 * keep, width), dtype)
        self.start = self.stop = 0

    def begin(self, at: int) -> None:
        """Forget all rows. The next row has this index."""
        self.start = self.stop = at

    def extend(self, rows: NDArray[Any]) -> None:
        """Add rows."""
        while len(rows):
            room = len(self._store) - (self.stop - self.start)
            if room == 0:
                self._store[: self._keep] = self._store[self._keep :]
                self.start += self._keep
                room = self._keep
            part, rows = rows[:room], rows[room:]
            at = self.stop - self.start
            self._store[at : at + len(part)] = part
            self.stop += len(part)

    def view(self, start: int, stop: int) -> NDArray[Any]:
        """Return rows ``start`` to ``stop``, which are valid until more are added."""
        if not self.start <= start <= stop <= self.stop:
            raise IndexError(f"rows {start} to {stop}; kept are {self.start} to {self.stop}")
        return self._store[start - self.start : stop - self.start]
