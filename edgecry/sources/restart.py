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

from edgecry.checks import number, one_of
from edgecry.errors import AudioError
from edgecry.sources.base import NOTHING, Gap, Source
from edgecry.waiting import doubled

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
        one_of("policy", self.policy, POLICIES, error=AudioError)
        number("stall", self.stall, 0, unit="s", above=True, error=AudioError)
        longest = number("longest", self.longest, 0, unit="s", above=True, error=AudioError)
        number("first", self.first, 0, longest, "s", above=True, error=AudioError)
        number("healthy", self.healthy, 0, unit="s", error=AudioError)

    def delay(self, failures: int) -> float:
        """Seconds to wait after so many failures in a row."""
        return doubled(self.first, self.longest, failures)


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
        self._run: _Run | None = _Run(make())
        self.name = self._run.source.name
        self._closing = threading.Event()
        self._held: NDArray[np.float32] | None = None  # samples that come after a gap
        self._failures = 0
        self._resume = 0.0  # when to start again
        self._last: float | None = None  # when the last samples of any run came

    def open(self) -> None:
        """Start for the first time."""
        if self._run is not None:
            self._run.source.open()
            self.sr = self._run.source.sr

    def close(self) -> None:
        """Stop for good; a read that waits to start anew returns."""
        self._closing.set()
        run, self._run = self._run, None
        if run is not None:
            run.source.close()

    def read(self, timeout: float) -> NDArray[np.float32] | Gap | None:
        """Wait for what comes next; for nothing, while the source is away."""
        if self._held is not None:
            held, self._held = self._held, None
            return held
        if self._closing.is_set():
            return None
        run = self._run or self._start_again(timeout)
        if run is None:
            return NOTHING
        begin = self._clock()
        try:
            block = run.source.read(timeout)
        except AudioError as error:
            run.source.complaint = str(error)
            block = None
        now = self._clock()
        if isinstance(block, Gap):
            return block
        if block is None:
            return self._ended(run, now)
        if len(block):
            return self._heard(run, block, now)
        run.silent += now - begin
        if run.silent < self._settings.stall:
            return NOTHING
        run.source.complaint = f"{self.name}: sent nothing for {run.silent:.0f} s"
        return self._ended(run, now)

    def _heard(self, run: _Run, block: NDArray[np.float32], now: float) -> NDArray[np.float32] | Gap:
        run.silent = 0.0
        last, self._last = self._last, now
        if run.began is not None:
            return block
        run.began = now
        if last is None:
            return block
        self._held = block
        return Gap(max(0, round((now - last) * self.sr) - len(block)))

    def _ended(self, run: _Run, now: float) -> NDArray[np.float32] | None:
        """Close what has ended; None if that is the end, else there is nothing for now."""
        run.source.close()
        self._run = None
        self.complaint = run.source.complaint
        if self.complaint is not None:
            self.last_error = self.complaint
        policy = self._settings.policy
        if policy == "never" or (policy == "on-failure" and self.complaint is None):
            self._closing.set()
            return None
        if run.began is not None and now - run.began >= self._settings.healthy:
            self._failures = 0
        self._wait(now, self.complaint or f"{self.name}: has ended")
        return NOTHING

    def _wait(self, now: float, complaint: str) -> None:
        self._failures += 1
        delay = self._settings.delay(self._failures)
        self._resume = now + delay
        log.warning("%s; starting again in %g s", complaint, delay)

    def _start_again(self, timeout: float) -> _Run | None:
        remaining = self._resume - self._clock()
        if remaining > 0:
            self._closing.wait(min(timeout, remaining))
            return None
        self.restarts += 1
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
        self._run = _Run(source)
        return self._run


@dataclass
class _Run:
    """One run of the source.

    Attributes
    ----------
    source : Source
        The source itself.
    began : float or None
        When its first samples came.
    silent : float
        Seconds of waiting in vain since its last samples.
    """

    source: Source
    began: float | None = None
    silent: float = 0.0
