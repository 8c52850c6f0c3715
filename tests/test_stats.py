"""stats: how a running service is."""

import json
import mmap
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecry.clips import ClipCounts
from edgecry.sources.reader import SourceCounts
from edgecry.stats import RECENT, Stats, percentile, resident
from tests.sources.fakes import Clock


def test_nothing_yet():
    snapshot = Stats().snapshot()
    assert (snapshot.windows, snapshot.events, snapshot.queued) == (0, 0, 0)
    assert snapshot.latency_p95 is None
    assert "latency" not in snapshot.line()


def test_counts_of_all_together():
    clock, cpu = Clock(), Clock()
    stats = Stats(clock, cpu)
    for i in range(1, 101):
        stats.window(i / 1000)
    for _ in range(3):
        stats.window(99.0, skipped=True)  # which took no time worth telling
    stats.event()
    clock.now += 60.04
    cpu.now += 0.5
    source = SourceCounts(1000, 20, 2, 300, 1, "unplugged")
    facts = stats.snapshot(source, ClipCounts(4, 5, "full"), queued=6, dropped=7).to_dict()
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
        "latency_p50_ms": 50,
        "latency_p95_ms": 95,
    }
    assert json.loads(json.dumps(facts)) == facts


def test_line():
    stats = Stats()
    stats.window(0.002)
    line = stats.snapshot(queued=3).line()
    assert line.startswith(
        "windows 1, skipped 0, events 0, overruns 0, restarts 0, queued 3, latency_p95_ms 2.0"
    )


def test_latency_is_of_late_and_memory_is_bounded():
    stats = Stats()
    for _ in range(RECENT):
        stats.window(1.0)
    assert stats.snapshot().latency_p50 == 1
    for _ in range(RECENT):
        stats.window(0.001)
    assert stats.snapshot().latency_p95 == 0.001
    assert len(stats._latencies) == RECENT


@given(st.lists(st.floats(0, 10), min_size=1, max_size=50), st.sampled_from([0, 50, 95, 99, 100]))
def test_percentile_is_numpys_nearest_rank(values, p):
    assert percentile(values, p) == np.percentile(values, p, method="inverted_cdf")


def test_threads_may_share_it():
    stats = Stats()
    threads = [threading.Thread(target=lambda: [stats.window(0.1) for _ in range(2000)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert stats.snapshot().windows == 8000


def test_resident_follows_what_is_taken():
    before = resident()
    if before is None:
        pytest.skip("NOT TESTED: this system has no /proc/self/statm")
    # Pages of its own: an array might be put where earlier tests have left room.
    with mmap.mmap(-1, 32_000_000) as pages:
        for page in range(0, len(pages), mmap.PAGESIZE):
            pages[page] = 1
        after = resident()
    assert after is not None
    assert after - before > 0.9 * 32_000_000


@pytest.mark.parametrize("text", [None, "", "1", "a b c"])
def test_resident_where_nobody_tells(tmp_path, text):
    path = tmp_path / "statm"
    if text is not None:
        path.write_text(text)
    assert resident(path) is None
