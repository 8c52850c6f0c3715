"""How a running service is: what it has heard and said, how fast, and what it takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from edgecry.diagnostics.process import memory
from edgecry.sinks.text import span

if TYPE_CHECKING:
    from edgecry.clips.recorder import ClipCounts
    from edgecry.sources.reader import SourceCounts
    from edgecry.stream.statistics import StreamStatistics


@dataclass(frozen=True)
class Snapshot:
    """A service at one moment. Counts are since it started.

    Attributes
    ----------
    uptime, cpu : float
        Seconds since it started, and of them on the processor.
    windows, skipped, events : int
        Of the stream, as StreamStatistics has them.
    samples, overruns, gaps, missing, restarts : int
        Of the source, as SourceCounts has them.
    source_error : str or None
        What went wrong with it last.
    clips, clips_failed : int
        Recordings finished, and events that could not be recorded.
    queued, dropped : int
        Messages that wait to be delivered, and those given up.
    latency_p95 : float or None
        Of the stream, as StreamStatistics has it.
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
    latency_p95: float | None
    rss: int | None

    def to_dict(self) -> dict[str, Any]:
        """Plain types, ready for JSON: the fields, with times in milliseconds and memory in MB."""
        fields = asdict(self)
        seconds = fields.pop("latency_p95")
        fields["latency_p95_ms"] = None if seconds is None else round(1000 * seconds, 2)
        rss = fields.pop("rss")
        fields["rss_mb"] = None if rss is None else round(rss / 1e6, 1)
        for name in ("uptime", "cpu"):
            fields[name] = round(fields[name], 1)
        return fields

    def line(self) -> str:
        """Say in a short line for people how it goes: what is wrong is named only where something is."""
        facts = [f"up {span(self.uptime)}", f"{self.events} cries" if self.events != 1 else "1 cry"]
        for number, words in (
            (self.restarts, "restarts of the source"),
            (self.overruns, "samples came too fast"),
            (self.clips_failed, "recordings failed"),
            (self.queued, "messages wait"),
            (self.dropped, "messages dropped"),
        ):
            if number:
                facts.append(f"{number} {words}")
        if self.rss is not None:
            facts.append(f"{self.rss / 1e6:.0f} MB")
        return ", ".join(facts)


class Stats:
    """Takes together what the parts of a running service have counted.

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
        self._began = clock()
        self._cpu_began = cpu_clock()

    def snapshot(
        self,
        stream: StreamStatistics,
        source: SourceCounts,
        clips: ClipCounts | None = None,
        queued: int = 0,
        dropped: int = 0,
    ) -> Snapshot:
        """Return the state now."""
        return Snapshot(
            uptime=self._clock() - self._began,
            cpu=self._cpu_clock() - self._cpu_began,
            windows=stream.windows,
            skipped=stream.skipped,
            events=stream.events,
            samples=source.samples,
            overruns=source.overruns,
            gaps=source.gaps,
            missing=source.missing,
            restarts=source.restarts,
            source_error=source.last_error,
            clips=clips.written if clips else 0,
            clips_failed=clips.failed if clips else 0,
            queued=queued,
            dropped=dropped,
            latency_p95=stream.latency_p95,
            rss=memory(),
        )
