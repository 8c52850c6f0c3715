"""When a run of windows is a cry."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from edgecry.checks import number, whole
from edgecry.errors import EdgecryError

#: Number of windows that can vote. More would only make an event late.
MAX_WINDOWS: Final = 1000


@dataclass(frozen=True)
class EventSettings:
    """When a run of windows is a cry.

    Parameters
    ----------
    onset : float in (0, 1]
        A window votes for a cry from this score on.
    release : float in (0, onset)
        A cry goes on while windows have this score or more.
    k, n : int, 1 <= k <= n <= 1000
        A cry begins when ``k`` of the last ``n`` windows vote for it.
    min_length : float >= 0
        The shortest cry that becomes an event, in seconds. A cry is at least as long as one window, so a
        shorter value has no effect.
    end_after : float > 0
        A cry is over after so many seconds without a window that reaches ``release``.
    refractory : float >= 0
        Seconds after the end of a cry in which no other can begin.
    update_every : float >= 0
        Seconds between two updates of a cry that goes on; 0 for no updates.

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
            object.__setattr__(self, name, number(name, getattr(self, name)))
        for name in ("k", "n"):
            whole(name, getattr(self, name))
        if not 0 < self.onset <= 1:
            raise EdgecryError(f"onset: {self.onset:g} is out of range; allowed is more than 0, up to 1")
        if not 0 < self.release < self.onset:
            raise EdgecryError(
                f"release: {self.release:g} is out of range; allowed is more than 0 and less than "
                f"onset = {self.onset:g}, so that a cry does not flicker"
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

    def with_onset(self, onset: float) -> EventSettings:
        """Return the settings with another ``onset``, and ``release`` at the same share of it."""
        if onset == self.onset:
            return self
        return replace(self, onset=onset, release=self.release / self.onset * onset)

    @classmethod
    def around(cls, threshold: float) -> EventSettings:
        """Return settings for a detector with windows of 3 s, about 1 s apart, and this threshold.

        A window votes if the detector alone would call it a cry. Two of three windows have to vote: a bark
        of a second lies in three windows, but seldom fools more than one. A cry goes on down to 0.7 of the
        threshold, and through pauses of 5 s, because a baby has to breathe. After its end no other cry is
        announced for 10 s. An update of a cry that goes on comes every 10 s.
        """
        return cls(
            onset=threshold,
            release=0.7 * number("onset", threshold, 0, 1, above=True),
            k=2,
            n=3,
            min_length=2.0,
            end_after=5.0,
            refractory=10.0,
            update_every=10.0,
        )
