"""statistics: what a stream has had so far."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edgecry.stream.events import CryEvent
from edgecry.stream.statistics import Tally, percentile


def event(kind, number, start, end) -> CryEvent:
    return CryEvent(kind, number, start, end, 1.0, 1.0, None, 1)


def test_seconds_of_crying_are_those_of_the_events():
    """The current cry counts as far as it is known."""
    tally = Tally()
    steps = [
        (event("start", 1, 0, 3), 3),
        (event("update", 1, 0, 8), 8),
        (event("end", 1, 0, 9), 9),
        (event("start", 2, 20, 23), 12),
        (event("end", 2, 20, 25), 14),
    ]
    for one, crying in steps:
        tally.tell([one])
        assert tally.statistics(0, 0, 0).crying == crying
    assert tally.statistics(0, 0, 0).events == 2


def test_latency_is_of_the_last_that_were_looked_at():
    tally = Tally()
    assert tally.statistics(0, 0, 0).latency_p95 is None
    for _ in range(1000):
        tally.window(skipped=False, explained=False, seconds=5.0)
        tally.window(skipped=True, explained=False, seconds=9.0)
    assert tally.statistics(0, 0, 0).latency_p95 == 5
    for ms in range(900):
        tally.window(skipped=False, explained=True, seconds=ms / 1000)
    found = tally.statistics(7, 8, 9)
    assert found.latency_p95 == 0.854
    assert (found.windows, found.skipped, found.explained) == (2900, 1000, 900)
    assert (found.samples, found.lost, found.invalid) == (7, 8, 9)


@given(st.lists(st.floats(0, 10), min_size=1, max_size=50), st.sampled_from([0, 50, 95, 99, 100]))
def test_percentile_is_numpys_nearest_rank(values, p):
    assert percentile(values, p) == np.percentile(values, p, method="inverted_cdf")
