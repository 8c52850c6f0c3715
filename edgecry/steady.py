"""A clock by which things may be deleted: a jump of the system's does not make them old."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

#: Seconds that a clock set forward has to stay as it is before it is believed: a day.
PROBATION: Final = 86_400.0
#: Seconds that a clock has to stay as it is after the start before it is believed: a board without a battery
#: learns the time a while after it has started.
SETTLING: Final = 3600.0
#: Seconds by which a clock may be set without it being a jump: corrections of a clock that runs fast or slow.
_SLIGHT: Final = 3600.0


class SteadyClock:
    """Seconds since 1970, by the earliest that the system's clock may mean.

    At the start nobody knows whether it is right: it is believed after an hour without a jump. Later, a clock
    that is set back is believed at once, as everything is younger by it. One that is set forward, as by a
    wrong server or a dying battery, is believed after a day without another jump.

    Parameters
    ----------
    clock, monotonic : callable
        Seconds since 1970, and seconds that no setting of a clock changes.
    """

    def __init__(
        self, clock: Callable[[], float] | None = None, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock, self._monotonic = clock or time.time, monotonic
        self._believed: float | None = None  # from the ever-rising clock to the one that is believed
        self._seen = self._clock() - monotonic()
        self._since = monotonic()

    def __call__(self) -> float:
        """Return the time; 0 while it is not known, so that nothing is old."""
        now = self._monotonic()
        offset = self._clock() - now
        if abs(offset - self._seen) > _SLIGHT:
            self._seen, self._since = offset, now
        is_back = self._believed is not None and offset <= self._believed + _SLIGHT
        if is_back or now - self._since >= (SETTLING if self._believed is None else PROBATION):
            self._believed = offset
        return 0.0 if self._believed is None else self._believed + now
