"""When a run of windows is a cry."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from edgecry.errors import EdgecryError

#: Windows that can be looked back on; more would only be slow to speak up.
MAX_WINDOWS: Final = 1000


@dataclass(frozen=True)
class EventSettings:
    """When a run of windows is a cry.

    Parameters
    ----------
    onset : float in (0, 1]
        A window votes for a cry from this score on.
    release : float in (0, onset)
        A cry goes on with windows from this score on.
    k, n : int, 1 <= k <= n <= 1000
        A cry begins when ``k`` of the last ``n`` windows vote for it.
    min_length : float >= 0
        Seconds a cry lasts at least; a shorter one is never spoken of. A single window is as long as
        itself, so less than that asks for nothing.
    end_after : float > 0
        Seconds without a window from the release threshold on, after which a cry is over.
    refractory : float >= 0
        Seconds from the end of a cry, in which no other can begin.
    update_every : float >= 0
        Seconds between two reports of a cry that goes on; 0 for none.

    Raises
    ------
    EdgecryError
        A value is out of range.
    """

    onset: float = 0.6
    release: float = 0.4
    k: int = 2
    n: int = 3
    min_length: float = 3.0
    end_after: float = 5.0
    refractory: float = 5.0
    update_every: float = 10.0

    def __post_init__(self) -> None:
        for name in ("onset", "release", "min_length", "end_after", "refractory", "update_every"):
            object.__setattr__(self, name, _number(name, getattr(self, name)))
        for name in ("k", "n"):
            _whole(name, getattr(self, name))
        if not 0 < self.onset <= 1:
            raise EdgecryError(f"onset: {self.onset:g} is out of range; allowed is more than 0, up to 1")
        if not 0 < self.release < self.onset:
            raise EdgecryError(
                f"release: {self.release:g} is out of range; allowed is more than 0 and less than "
                f"onset = {self.onset:g}, lest a cry flicker"
            )
        if not 1 <= self.k <= self.n <= MAX_WINDOWS:
            raise EdgecryError(
                f"k, n: {self.k} of {self.n} windows; allowed are 1 <= k <= n <= {MAX_WINDOWS}"
            )
        for name in ("min_length", "refractory", "update_every"):
            if getattr(self, name) < 0:
                raise EdgecryError(f"{name}: {getattr(self, name):g} s is negative; allowed is 0 and more")
        if self.end_after <= 0:
            raise EdgecryError(f"end_after: {self.end_after:g} s; allowed is more than 0")

    @classmethod
    def around(cls, threshold: float) -> EventSettings:
        """Settings for a detector of windows of 3 s, 1 s apart, that are a cry from ``threshold`` on.

        A window votes where the detector by itself would say cry. It takes two of three: a bark of a
        second lies in three windows, but seldom fools more than one. A cry goes on down to 0.7 of the
        threshold, and through pauses of 5 s, for a baby has to breathe; after its end no other is
        announced for 10 s. A report of a cry that goes on comes every 10 s.
        """
        return cls(
            onset=threshold,
            release=0.7 * threshold,
            k=2,
            n=3,
            min_length=2.0,
            end_after=5.0,
            refractory=10.0,
            update_every=10.0,
        )


def _number(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise EdgecryError(f"{name}: {value!r} is not a finite number")
    return float(value)


def _whole(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise EdgecryError(f"{name}: {value!r} is not a whole number")
