"""Seconds of the stream to the time of day."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable
from typing import Final

#: Seconds of which the promptest block counts: a stall delays what comes after it, and nothing comes early.
MEMORY: Final = 60.0
#: Seconds by which the beginning of the stream may seem to move before it is taken for moved, so that the
#: messages of one cry name one time.
SLACK: Final = 0.5
#: Seconds by which the device's clock jumps when it is set.
_JUMP: Final = 2.0

log = logging.getLogger("edgecry")


class WallClock:
    """Seconds of the stream to the device's clock: the moment the stream began, plus the seconds.

    A block of sound may come late, after a stall, but never early. So the moment is that of the promptest
    block of the last minute: a microphone whose crystal is seconds a day off is followed, and a backlog that
    comes at once moves nothing. It is held by a clock that nobody sets, and told by the one of the device: a
    board without a battery learns the time a while after it has started.

    A stream that is not live is a recording, which comes faster than it sounds: it began when its first block
    came.

    Parameters
    ----------
    clock, steady : callable
        Seconds since 1970, by the device; and ever rising.

    Attributes
    ----------
    is_live : bool
        Whether the sound comes as it is heard, as far as is known by now.
    """

    def __init__(
        self, clock: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock, self._steady = clock, steady
        self._prompt: deque[tuple[float, float]] = deque()  # when a block came, and the beginning it tells
        self._first: float | None = None
        self._began = 0.0
        self._offset = clock() - steady()
        self.is_live = True

    def hear(self, position: float, live: bool = True) -> None:
        """Note that so many seconds of the stream have come by now."""
        now = self._steady()
        began, self.is_live = now - position, live
        if self._first is None:
            self._first = self._began = began
        if not live:
            self._prompt.clear()
            self._began = self._first
            return
        while self._prompt and (self._prompt[-1][1] >= began):
            self._prompt.pop()
        self._prompt.append((now, began))
        while now - self._prompt[0][0] > MEMORY:
            self._prompt.popleft()
        if abs(self._prompt[0][1] - self._began) > SLACK:
            self._began = self._prompt[0][1]

    def at(self, position: float) -> float:
        """Seconds since 1970 of a second of the stream; never later than now."""
        now = self._clock()
        if self._first is None:
            return now
        return min(now, self._began + self._settled(now) + position)

    def now(self) -> float:
        """Seconds since 1970."""
        return self._clock()

    def _settled(self, now: float) -> float:
        """Seconds from the steady clock to the device's; small differences, of slewing, move no time."""
        offset = now - self._steady()
        if abs(offset - self._offset) > SLACK:
            if abs(offset - self._offset) > _JUMP:
                log.info("the clock was set by %+.1f s; times are by it from here", offset - self._offset)
            self._offset = offset
        return self._offset
