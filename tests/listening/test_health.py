"""health: how a running service is."""

import dataclasses
import json

from edgecry.clips.recorder import ClipCounts
from edgecry.listening.health import Stats
from edgecry.sources.reader import SourceCounts
from edgecry.stream.statistics import StreamStatistics
from tests.sources.fakes import Clock

SOURCE = SourceCounts(1000, 20, 2, 300, 1, "unplugged")


def heard(windows: int = 0, latency_p95: float | None = None) -> StreamStatistics:
    return StreamStatistics(
        samples=990,
        lost=0,
        invalid=0,
        windows=windows,
        skipped=3,
        explained=2,
        events=1,
        crying=4.0,
        latency_p95=latency_p95,
    )


def test_nothing_yet():
    snapshot = Stats().snapshot(heard(), SourceCounts())
    assert (snapshot.clips, snapshot.clips_failed, snapshot.queued) == (0, 0, 0)
    assert snapshot.to_dict()["latency_p95_ms"] is None
    assert "latency" not in snapshot.line()


def test_counts_of_all_together():
    clock, cpu = Clock(), Clock()
    stats = Stats(clock, cpu)
    clock.now += 60.04
    cpu.now += 0.5
    snapshot = stats.snapshot(heard(103, 0.095), SOURCE, ClipCounts(4, 5, "full"), queued=6, dropped=7)
    facts = snapshot.to_dict()
    rss = facts.pop("rss_mb")
    assert rss is None or rss > 1
    assert facts == {
        "uptime": 60.0,
        "cpu": 0.5,
        "windows": 103,
        "skipped": 3,
        "events": 1,
        "samples": 1000,
        "overruns": 20,
        "gaps": 2,
        "missing": 300,
        "restarts": 1,
        "source_error": "unplugged",
        "clips": 4,
        "clips_failed": 5,
        "queued": 6,
        "dropped": 7,
        "latency_p95_ms": 95,
    }
    assert json.loads(json.dumps(facts)) == facts


def test_line():
    """Short, and of what may be wrong only what is."""
    snapshot = Stats(clock=iter([0.0, 7500.0]).__next__).snapshot(heard(9, 0.002), SOURCE, queued=4)
    line = "up 2 h 5 min, 1 cry, 1 restarts of the source, 20 samples came too fast, 4 messages wait"
    assert snapshot.line().startswith(line)
    quiet = dataclasses.replace(snapshot, restarts=0, overruns=0, queued=0, events=2, rss=94_400_000)
    assert quiet.line() == "up 2 h 5 min, 2 cries, 94 MB"
