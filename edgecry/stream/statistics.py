"""What a stream has had so far, counted."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from edgecry.stream.events import CryEvent

#: Windows whose latency is remembered: a quarter of an hour, a second apart.
_REMEMBERED: Final = 900


@dataclass(frozen=True)
class StreamStatistics:
    """Counters of a stream, since it began or was reset.

    Attributes
    ----------
    samples : int
        Of each channel, at the stream's own rate, that were pushed.
    lost : int
        That were said to be missing.
    invalid : int
        That were NaN, infinite or absurdly large, and taken for silence.
    windows : int
        That were looked at or skipped.
    skipped : int
        Of them, those too quiet to be looked at.
    explained : int
        Of them, those a reason was looked for in.
    events : int
        Cries that were announced.
    crying : float
        Seconds of them.
    latency_p95 : float, or None
        Seconds of computing that 95 % of the last 900 windows that were looked at took at most.
    """

    samples: int
    lost: int
    invalid: int
    windows: int
    skipped: int
    explained: int
    events: int
    crying: float
    latency_p95: float | None


class Tally:
    """Counts what becomes of windows and events."""

    def __init__(self) -> None:
        self.windows = self.skipped = self.explained = self.events = 0
        self._over = self._open = 0.0
        self._latencies: deque[float] = deque(maxlen=_REMEMBERED)

    def window(self, skipped: bool, explained: bool, seconds: float) -> None:
        """Count a window that took so many seconds of computing."""
        self.windows += 1
        self.skipped += skipped
        self.explained += explained
        if not skipped:
            self._latencies.append(seconds)

    def tell(self, events: Iterable[CryEvent]) -> None:
        """Count events."""
        for event in events:
            self.events += event.kind == "start"
            self._open = event.duration
            if event.kind == "end":
                self._over, self._open = self._over + event.duration, 0.0

    def statistics(self, samples: int, lost: int, invalid: int) -> StreamStatistics:
        """Freeze the counters, with those of the samples."""
        return StreamStatistics(
            samples=samples,
            lost=lost,
            invalid=invalid,
            windows=self.windows,
            skipped=self.skipped,
            explained=self.explained,
            events=self.events,
            crying=self._over + self._open,
            latency_p95=percentile(self._latencies, 95) if self._latencies else None,
        )


def percentile(values: Collection[float], p: float) -> float:
    """Return the smallest value that at least ``p`` percent of the values do not exceed (nearest rank).

    There must be at least one value.
    """
    ordered = sorted(values)
    return ordered[max(0, math.ceil(p * len(ordered) / 100) - 1)]
