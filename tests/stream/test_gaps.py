"""stream: gaps, ends and beginnings."""

from dataclasses import replace

import numpy as np
import pytest

from edgecry.errors import EdgecryError
from edgecry.stream.classifier import StreamClassifier
from tests import streams
from tests.streams import EVENTS, SR, listen, run, spans


def test_gap_keeps_the_timeline(loud):
    """Windows do not span it, and what comes after is heard as a stream of its own, later."""
    before, after = streams.scene(3, (1, 2)), streams.scene(3, (1, 2))
    stream = listen(loud)
    events = run(stream, before, end=False)
    events += stream.gap(10)
    assert stream.position == 13
    events += run(stream, after)
    assert spans(events) == [(0.9, 2.2), (13.9, 15.2)]
    assert not [w for w in stream.recent if w.start < 3 < w.end - 1e-9 or 3 + 1e-9 < w.end < 13]
    assert stream.statistics.lost == 10 * SR
    assert stream.statistics.samples == 6 * SR


@pytest.mark.parametrize(("seconds", "cries"), [(0.2, 1), (2.0, 2)])
def test_cry_goes_on_over_a_short_gap(loud, seconds, cries):
    stream = listen(loud, events=replace(EVENTS, refractory=0))
    sound = streams.scene(2, (0, 2))
    events = run(stream, sound, end=False)
    between = stream.gap(seconds)
    events += between + run(stream, sound)
    assert len(spans(events)) == cries
    assert [e.kind for e in between] == ["end"] * (cries - 1)


def test_gap_of_nothing_is_none(loud):
    y = streams.scene(2, (0.5, 1.5))
    stream = listen(loud)
    events = run(stream, y[:7777], end=False) + stream.gap(0) + run(stream, y[7777:])
    assert events == run(listen(loud), y)


def test_snippets_between_gaps_are_not_heard(loud):
    """Less than a window is no ground for an answer, unless nothing will follow."""
    stream = listen(loud)
    for _ in range(10):
        stream.push(streams.noise(0.29, 0.3))
        stream.gap(0.01)
    assert not stream.recent
    stream.push(streams.noise(0.29, 0.3))
    stream.flush()
    assert len(stream.recent) == 1
    assert stream.recent[0].start == pytest.approx(3)


@pytest.mark.parametrize("seconds", [-1, np.nan, np.inf, "1", True, None])
def test_gap_refuses_other_lengths(loud, seconds):
    with pytest.raises(EdgecryError, match=r"seconds: .*0 s and more"):
        listen(loud).gap(seconds)


def test_stream_goes_on_after_flush(loud):
    y = streams.scene(3, (1, 2))
    stream = listen(loud)
    assert spans(run(stream, y) + run(stream, y)) == [(0.9, 2.2), (3.9, 5.2)]


@pytest.mark.parametrize("rate", [8000, 44100])
def test_reset_is_a_new_stream(loud, why, rate):
    y = streams.scene(3, (0.5, 1.7), sr=rate)
    stream = StreamClassifier(why, rate, detector=loud, events=EVENTS, engine="numpy")
    first = run(stream, y), list(stream.recent), replace(stream.statistics, latency_p95=None)
    run(stream, y[:33_333], end=False)
    stream.gap(3.3)
    stream.reset()
    assert stream.position == 0
    again = run(stream, y), list(stream.recent), replace(stream.statistics, latency_p95=None)
    assert again == first
