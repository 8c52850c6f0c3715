"""A clock that nobody waits for, and a source that does as it is told."""

from collections.abc import Callable

import numpy as np

from edgecry.errors import AudioError
from edgecry.sources.base import NOTHING, Source


class Clock:
    """Seconds that pass only when told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Script(Source):
    """Gives what it is told to: arrays, gaps, None; errors are raised, functions called, seconds passed."""

    def __init__(self, *steps: object, clock: Clock | None = None, sr: int = 1000) -> None:
        self.name, self.sr = "script", sr
        self.steps = list(steps)
        self.clock = clock
        self.opened = self.closed = 0
        self.fail_open: str | None = None

    def open(self) -> None:
        self.opened += 1
        if self.fail_open:
            raise AudioError(self.fail_open)

    def close(self) -> None:
        self.closed += 1

    def read(self, timeout: float):
        if not self.steps:
            return None
        step = self.steps.pop(0)
        if isinstance(step, BaseException):
            raise step
        if isinstance(step, float):
            self.clock.now += step
            return NOTHING
        if isinstance(step, str):
            self.complaint = step
            return None
        if isinstance(step, Callable):
            return step()
        return step


def ones(n: int) -> np.ndarray:
    return np.ones(n, np.float32)
