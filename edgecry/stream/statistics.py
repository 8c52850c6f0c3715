"""Counters of a stream."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from edgecry.stream.events import CryEvent

#: Number of windows whose latency is kept: a quarter of an hour, if they are a second apart.
_REMEMBERED: Final = 900


@dataclass(frozen=True)
class StreamStatistics:
    """Counters of a stream, since it began or was reset.

    Attributes
    ----------
    samples : int
        Samples of each channel that were pushed, at the stream's own rate.
    lost : int
        Samples that were said to be missing.
    invalid : int
        Samples that were NaN, infinite or over 1e6, and were taken for silence.
    windows : int
        Windows, scored or skipped.
    skipped : int
        Windows that were too quiet to be scored.
    explained : int
        Windows in which a reason was looked for.
    events : int
        Cries that were announced.
    crying : float
        Seconds of those cries.
    latency_p95 : float, or None
        Computing time in seconds that 95 % of the last 900 scored windows keep to.
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
    """Counts windows and events."""

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
        """Return the counters as they are now, with those of the samples."""
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
