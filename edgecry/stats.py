"""How a running service is: what it has heard and said, how fast, and what it takes."""

from __future__ import annotations

import math
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from edgecry.clips import ClipCounts
    from edgecry.sources.reader import SourceCounts

#: Windows over which latency is told: the last ten minutes or so.
RECENT: Final = 600
_STATM: Final = Path("/proc/self/statm")


@dataclass(frozen=True)
class Snapshot:
    """A service at one moment. Counts are since it started.

    Attributes
    ----------
    uptime, cpu : float
        Seconds since it started, and of them on the processor.
    windows, skipped : int
        Windows that came, and of them those that were too quiet to look at.
    events : int
        Cries that began.
    samples, overruns, gaps, missing, restarts : int
        Of the source, as SourceCounts has them.
    source_error : str or None
        What went wrong with it last.
    clips, clips_failed : int
        Recordings finished, and events that could not be recorded.
    queued, dropped : int
        Messages that wait to be delivered, and those given up.
    latency_p50, latency_p95 : float or None
        Seconds from a window's last sample to its answer, over the last windows that were looked at.
    rss : int or None
        Memory in bytes; None where the system does not tell.
    """

    uptime: float
    cpu: float
    windows: int
    skipped: int
    events: int
    samples: int
    overruns: int
    gaps: int
    missing: int
    restarts: int
    source_error: str | None
    clips: int
    clips_failed: int
    queued: int
    dropped: int
    latency_p50: float | None
    latency_p95: float | None
    rss: int | None

    def to_dict(self) -> dict[str, Any]:
        """Plain types, ready for JSON: the fields, with times in milliseconds and memory in MB."""
        fields = asdict(self)
        for name in ("latency_p50", "latency_p95"):
            seconds = fields.pop(name)
            fields[f"{name}_ms"] = None if seconds is None else round(1000 * seconds, 2)
        rss = fields.pop("rss")
        fields["rss_mb"] = None if rss is None else round(rss / 1e6, 1)
        for name in ("uptime", "cpu"):
            fields[name] = round(fields[name], 1)
        return fields

    def line(self) -> str:
        """In a line for the log and for systemd."""
        facts = self.to_dict()
        shown = ("windows", "skipped", "events", "overruns", "restarts", "queued", "latency_p95_ms", "rss_mb")
        return ", ".join(f"{name} {facts[name]}" for name in shown if facts[name] is not None)


class Stats:
    """Counts while a service runs; threads may share it. Memory is bounded.

    Parameters
    ----------
    clock, cpu_clock : callable
        Seconds, ever rising: that pass, and that this process was on the processor.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        cpu_clock: Callable[[], float] = time.process_time,
    ) -> None:
        self._clock = clock
        self._cpu_clock = cpu_clock
        self._lock = threading.Lock()
        self._began = clock()
        self._cpu_began = cpu_clock()
        self._windows = self._skipped = self._events = 0
        self._latencies: deque[float] = deque(maxlen=RECENT)

    def window(self, latency: float | None = None, skipped: bool = False) -> None:
        """Count a window, which took ``latency`` seconds."""
        with self._lock:
            self._windows += 1
            self._skipped += skipped
            if latency is not None and not skipped:
                self._latencies.append(latency)

    def event(self) -> None:
        """Count a cry that began."""
        with self._lock:
            self._events += 1

    def snapshot(
        self,
        source: SourceCounts | None = None,
        clips: ClipCounts | None = None,
        queued: int = 0,
        dropped: int = 0,
    ) -> Snapshot:
        """Take all together, with what others have counted."""
        with self._lock:
            windows, skipped, events = self._windows, self._skipped, self._events
            latencies = list(self._latencies)
        return Snapshot(
            uptime=self._clock() - self._began,
            cpu=self._cpu_clock() - self._cpu_began,
            windows=windows,
            skipped=skipped,
            events=events,
            samples=source.samples if source else 0,
            overruns=source.overruns if source else 0,
            gaps=source.gaps if source else 0,
            missing=source.missing if source else 0,
            restarts=source.restarts if source else 0,
            source_error=source.last_error if source else None,
            clips=clips.written if clips else 0,
            clips_failed=clips.failed if clips else 0,
            queued=queued,
            dropped=dropped,
            latency_p50=percentile(latencies, 50),
            latency_p95=percentile(latencies, 95),
            rss=resident(),
        )


def percentile(values: Iterable[float], p: float) -> float | None:
    """The smallest value that at least ``p`` percent do not exceed (nearest rank); None of none."""
    ordered = sorted(values)
    if not ordered:
        return None
    return ordered[max(0, math.ceil(p * len(ordered) / 100) - 1)]


def resident(statm: Path = _STATM) -> int | None:
    """Memory of this process that is in use, in bytes; None where the system does not tell."""
    try:
        pages = int(statm.read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return None
