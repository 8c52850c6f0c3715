"""Sources that come back: after an unplugged microphone, a camera that reboots, a program that hangs."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edgecry.errors import AudioError
from edgecry.sources.base import NOTHING, Gap, Source

POLICIES: Final = ("always", "on-failure", "never")

log = logging.getLogger("edgecry")


@dataclass(frozen=True)
class RestartSettings:
    """When a source is started again, and how soon.

    Parameters
    ----------
    policy : {"always", "on-failure", "never"}
        Whether one that ended is started again; "on-failure" leaves a regular end as the end.
    stall : float > 0
        Seconds of nothing after which it is taken for dead.
    first, longest : float, 0 < first <= longest
        Seconds waited before the first start anew; twice that before the next, up to the longest.
    healthy : float >= 0
        Seconds of sound after which the waiting begins anew with ``first``.

    Raises
    ------
    AudioError
        A value is out of range.
    """

    policy: str = "always"
    stall: float = 10.0
    first: float = 1.0
    longest: float = 60.0
    healthy: float = 30.0

    def __post_init__(self) -> None:
        if self.policy not in POLICIES:
            raise AudioError(f"policy: {self.policy!r} is unknown; allowed are {', '.join(POLICIES)}")
        if not 0 < self.stall < float("inf"):
            raise AudioError(f"stall: {self.stall} s; allowed is more than 0")
        if not 0 < self.first <= self.longest < float("inf"):
            raise AudioError(f"first, longest: {self.first} to {self.longest} s; need 0 < first <= longest")
        if not 0 <= self.healthy < float("inf"):
            raise AudioError(f"healthy: {self.healthy} s; allowed is 0 and more")

    def delay(self, failures: int) -> float:
        """Seconds to wait after so many failures in a row."""
        return float(min(self.longest, self.first * 2.0 ** min(failures - 1, 60)))


class Restarting(Source):
    """A source that is made anew whenever it ends or falls silent.

    The time in between is a gap, as long as the clock says: from the last samples that came to the
    first that come again. A failure of the very first start is raised: nobody waits for a typing error.

    Parameters
    ----------
    make : callable
        Makes the source, not open yet.
    settings : RestartSettings, optional
        When and how soon.
    clock : callable
        Seconds, ever rising.
    """

    def __init__(
        self,
        make: Callable[[], Source],
        settings: RestartSettings | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._make = make
        self._settings = settings or RestartSettings()
        self._clock = clock
        self._source: Source | None = make()
        self.name = self._source.name
        self._closing = threading.Event()
        self._held: NDArray[np.float32] | None = None  # samples that come after a gap
        self._failures = 0
        self._resume = 0.0  # when to start again
        self._silent = 0.0  # seconds of waiting in vain
        self._first: float | None = None  # when this run's first samples came
        self._last: float | None = None  # when the last samples of any run came
        self._is_new = True  # no samples of this run yet

    def open(self) -> None:
        """Start for the first time."""
        if self._source is None:
            return
        self._source.open()
        self.sr = self._source.sr

    def close(self) -> None:
        """Stop for good; a read that waits to start anew returns."""
        self._closing.set()
        source, self._source = self._source, None
        if source is not None:
            source.close()

    def read(self, timeout: float) -> NDArray[np.float32] | Gap | None:
        """Wait for what comes next; for nothing, while the source is away."""
        if self._held is not None:
            held, self._held = self._held, None
            return held
        if self._closing.is_set():
            return None
        source = self._source or self._start_again(timeout)
        if source is None:
            return NOTHING
        begin = self._clock()
        try:
            block = source.read(timeout)
        except AudioError as error:
            source.complaint = str(error)
            block = None
        now = self._clock()
        if isinstance(block, Gap):
            return block
        if block is None:
            return self._ended(source, now)
        if len(block) == 0:
            self._silent += now - begin
            if self._silent >= self._settings.stall:
                source.complaint = f"{self.name}: sent nothing for {self._silent:.0f} s"
                return self._ended(source, now)
            return block
        return self._heard(block, now)

    def _heard(self, block: NDArray[np.float32], now: float) -> NDArray[np.float32] | Gap:
        self._silent = 0.0
        was_new, self._is_new = self._is_new, False
        last, self._last = self._last, now
        if was_new:
            self._first = now
            if last is not None:
                missing = round((now - last) * self.sr) - len(block)
                self._held = block
                return Gap(max(0, missing))
        return block

    def _ended(self, source: Source, now: float) -> NDArray[np.float32] | None:
        """Close what has ended; None if that is the end, else there is nothing for now."""
        source.close()
        self._source = None
        self.complaint = source.complaint
        if self.complaint is not None:
            self.last_error = self.complaint
        policy = self._settings.policy
        if policy == "never" or (policy == "on-failure" and self.complaint is None):
            self._closing.set()
            return None
        if self._first is not None and now - self._first >= self._settings.healthy:
            self._failures = 0
        self._wait(now, self.complaint or f"{self.name}: has ended")
        return NOTHING

    def _wait(self, now: float, complaint: str) -> None:
        self._failures += 1
        delay = self._settings.delay(self._failures)
        self._resume = now + delay
        log.warning("%s; starting again in %g s", complaint, delay)

    def _start_again(self, timeout: float) -> Source | None:
        remaining = self._resume - self._clock()
        if remaining > 0:
            self._closing.wait(min(timeout, remaining))
            return None
        self.restarts += 1
        self._silent, self._first, self._is_new = 0.0, None, True
        source = self._make()
        try:
            source.open()
            if source.sr != self.sr:
                raise AudioError(f"{self.name}: came back with {source.sr} Hz instead of {self.sr} Hz")
        except AudioError as error:
            source.close()
            self.last_error = str(error)
            self._wait(self._clock(), str(error))
            return None
        self._source = source
        return source
