"""A bounded ring of samples between the thread that reads a source and the one that listens.

Every sample has an index on the stream's timeline, also those that were lost; so times that are made
of indices stay true, whatever is dropped.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import DTypeLike, NDArray

from edgecry.checks import whole
from edgecry.errors import AudioError

#: Stretches between gaps that are held at once; a source with more of them gives nothing that can be heard.
MAX_STRETCHES: Final = 1024


@dataclass(frozen=True, eq=False)
class Block:
    """Samples without a hole.

    Attributes
    ----------
    start : int
        Index of the first on the stream's timeline.
    samples : np.ndarray [shape=(n,)], n >= 1
        The samples.
    gap : int >= 0
        How many are missing between the block before and this one.
    """

    start: int
    samples: NDArray[Any]
    gap: int

    @property
    def end(self) -> int:
        """Index after the last sample."""
        return self.start + len(self.samples)


class Ring:
    """Samples on their way from one writer to one reader. The writer never waits: the oldest give way.

    Parameters
    ----------
    capacity : int >= 1
        Samples it can hold.
    dtype : float32 or int16
        Their type.

    Raises
    ------
    AudioError
        ``capacity`` is out of range.
    """

    def __init__(self, capacity: int, dtype: DTypeLike = np.float32) -> None:
        whole("capacity", capacity, 1, unit="samples", error=AudioError)
        self.capacity = capacity
        self._store = np.zeros(capacity, dtype)
        self._changed = threading.Condition()
        self._stretches: deque[list[int]] = deque()  # [index of the first, how many]
        self._stored = 0
        self._oldest = 0  # where in the store
        self._written = 0  # index on the timeline of what is written next
        self._read = 0  # and of what the reader expects
        self._least = 1  # samples that the reader waits for
        self._overruns = 0
        self._closed = False

    @property
    def overruns(self) -> int:
        """Samples that were dropped because nobody read them in time."""
        return self._overruns

    @property
    def position(self) -> int:
        """Samples written so far, with the gaps."""
        return self._written

    @property
    def ended(self) -> bool:
        """True if nothing is left, and nothing will come."""
        with self._changed:
            return self._closed and not self._stored

    def __len__(self) -> int:
        return self._stored

    def write(self, samples: NDArray[Any]) -> None:
        """Add samples; what has no room pushes out the oldest."""
        kept = samples[max(0, len(samples) - self.capacity) :]
        n, headless = len(kept), len(samples) - len(kept)
        with self._changed:
            self._drop(self._stored + n - self.capacity)
            self._overruns += headless
            self._written += headless
            if n == 0:
                return
            self._put(kept)
            last = self._stretches[-1] if self._stretches else None
            if last is not None and sum(last) == self._written:
                last[1] += n
            else:
                self._stretches.append([self._written, n])
            self._written += n
            if len(self._stretches) > MAX_STRETCHES:
                self._drop(self._stretches[0][1])
            if self._stored >= self._least:
                self._changed.notify_all()

    def skip(self, n: int) -> None:
        """Note that ``n`` samples are missing before the next that are written."""
        with self._changed:
            self._written += n

    def close(self) -> None:
        """Say that nothing more will come; what is stored can still be read."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def read(self, limit: int, timeout: float | None = None, least: int = 1) -> Block | None:
        """Take the oldest samples, up to ``limit`` or the next gap.

        Waits at most ``timeout`` seconds for ``least`` of them, without end if that is None, and takes
        what there is. None is for nothing in time, or the end.
        """
        with self._changed:
            self._least = min(least, self.capacity)
            self._changed.wait_for(lambda: self._stored >= self._least or self._closed, timeout)
            if not self._stored:
                return None
            start, available = self._stretches[0]
            n = min(limit, available)
            samples = self._get(n)
            self._advance(n)
            gap, self._read = start - self._read, start + n
            self._changed.notify_all()
            return Block(start, samples, gap)

    def wait_for_room(self, n: int, timeout: float) -> bool:
        """Wait until ``n`` samples fit without loss, or as many as ever do; False if that takes too long."""
        n = min(n, self.capacity)
        with self._changed:
            return self._changed.wait_for(lambda: self._closed or self._stored + n <= self.capacity, timeout)

    # -- with the lock held ----------------------------------------------------------------------------

    def _put(self, samples: NDArray[Any]) -> None:
        at = (self._oldest + self._stored) % self.capacity
        first = min(len(samples), self.capacity - at)
        self._store[at : at + first] = samples[:first]
        self._store[: len(samples) - first] = samples[first:]
        self._stored += len(samples)

    def _get(self, n: int) -> NDArray[Any]:
        samples = np.empty(n, self._store.dtype)
        first = min(n, self.capacity - self._oldest)
        samples[:first] = self._store[self._oldest : self._oldest + first]
        samples[first:] = self._store[: n - first]
        return samples

    def _drop(self, n: int) -> None:
        while n > 0 and self._stretches:
            part = min(n, self._stretches[0][1])
            self._advance(part)
            self._overruns += part
            n -= part

    def _advance(self, n: int) -> None:
        """Take ``n`` samples, all of the first stretch, out."""
        stretch = self._stretches[0]
        stretch[0] += n
        stretch[1] -= n
        if stretch[1] == 0:
            self._stretches.popleft()
        self._oldest = (self._oldest + n) % self.capacity
        self._stored -= n
