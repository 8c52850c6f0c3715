"""events: what holds of the events of any windows under any settings."""

import pickle
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from edgecry.stream.events import EventTracker, Window
from edgecry.stream.settings import EventSettings
from tests.streams import find_events, spans

scores = st.lists(st.sampled_from([None, 0.0, 0.2, 0.35, 0.45, 0.55, 0.7, 0.9, 1.0]), max_size=80)
seconds = st.sampled_from([0.0, 0.5, 1.0, 2.0, 4.0])


@st.composite
def settings(draw) -> EventSettings:
    release = draw(st.sampled_from([0.2, 0.3, 0.4]))
    n = draw(st.integers(1, 5))
    return EventSettings(
        onset=release + draw(st.sampled_from([0.1, 0.2, 0.4])),
        release=release,
        k=draw(st.integers(1, n)),
        n=n,
        min_length=draw(seconds),
        end_after=draw(seconds.filter(bool)),
        refractory=draw(seconds),
        update_every=draw(seconds),
    )


@st.composite
def windows(draw) -> list[Window]:
    """Windows come in order: overlapping, touching or apart, and with holes."""
    length = draw(st.sampled_from([0.5, 1.0, 3.0]))
    result, start = [], 0.0
    for score in draw(scores):
        start += draw(st.sampled_from([0.25, 0.5, 1.0, 1.0, 1.0, 1.0, 20.0]))
        result.append(Window(start, start + length, score or 0.0, None, score is None))
    return result


@given(windows(), settings())
def test_events_are_well_formed(windows, settings):
    events = find_events(windows, settings)
    for a, b in pairwise([None, *events, None]):
        if a is None or a.kind == "end":
            assert b is None or (b.kind, b.number) == ("start", 1 if a is None else a.number + 1)
        else:
            assert b is not None
            assert b.kind in ("update", "end")
            assert (b.number, b.start) == (a.number, a.start)
            assert b.end >= a.end
            assert b.windows >= a.windows
            assert b.peak >= a.peak
    begins, ends = {w.start for w in windows}, {w.end for w in windows}
    for event in events:
        assert event.start in begins
        assert event.end in ends
        assert event.duration >= settings.min_length
        assert event.peak >= settings.onset
        assert 0 <= event.mean <= event.peak
        inside = [w for w in windows if w.start >= event.start and w.end <= event.end and not w.skipped]
        assert event.windows == len(inside)
        assert event.mean == pytest.approx(sum(w.score for w in inside) / len(inside))


@given(windows(), settings())
def test_refractory_is_respected_and_nothing_overlaps(windows, settings):
    for (_, end), (start, _) in pairwise(spans(find_events(windows, settings))):
        assert start >= end + settings.refractory - 1e-6


@given(windows(), settings())
def test_no_silence_within_and_silence_between(windows, settings):
    """An event has no ``end_after`` seconds without a window from the release threshold on."""
    loud = [w for w in windows if not w.skipped and w.score >= settings.release]
    for start, end in spans(find_events(windows, settings)):
        within = [w for w in loud if w.start >= start and w.end <= end]
        assert all(b.start - a.end < settings.end_after for a, b in pairwise(within))


@given(windows(), settings(), st.sampled_from([0.05, 0.15, 0.3]))
def test_monotone_in_the_onset_threshold(windows, settings, more):
    """Whatever is a cry at a higher onset threshold lies within one at a lower, all else equal.

    That is so where the end of one cry does not stand in the way of the next: no refractory time,
    and ``end_after`` at least as long as a window.
    """
    assume(settings.onset + more <= 1)
    assume(all(w.end - w.start <= settings.end_after for w in windows))
    lower = replace(settings, refractory=0)
    higher = replace(lower, onset=settings.onset + more)
    wide = spans(find_events(windows, lower))
    for start, end in spans(find_events(windows, higher)):
        assert any(a <= start and end == b for a, b in wide)


@given(windows(), settings(), st.integers(0, 80))
def test_what_was_said_is_not_taken_back(windows, settings, n):
    """Events depend on the windows up to now alone: cut anywhere, and nothing before changes."""
    tracker = EventTracker(settings)
    before = [e for w in windows[:n] for e in tracker.push(*w)]
    tracker = pickle.loads(pickle.dumps(tracker))  # and it may be put aside in between
    after = [e for w in windows[n:] for e in tracker.push(*w)] + tracker.flush()
    assert before + after == find_events(windows, settings)


@given(windows(), settings(), st.integers(1, 10**6))
def test_only_differences_of_times_matter(windows, settings, shift):
    moved = [w._replace(start=w.start + shift, end=w.end + shift) for w in windows]
    expected = [(a + shift, b + shift) for a, b in spans(find_events(windows, settings))]
    assert spans(find_events(moved, settings)) == expected


@given(settings())
def test_memory_is_bounded(settings):
    """A cry of an hour takes no more than one of a minute."""
    tracker, sizes = EventTracker(replace(settings, update_every=1)), []
    for i in range(3600):
        tracker.push(float(i), i + 1.0, 0.9 if i % 7 else 0.35, {"hungry": 0.5, "tired": 0.5})
        if i in (59, 3599):
            sizes.append(len(pickle.dumps(tracker)))
    assert sizes[1] <= sizes[0] + 16  # of larger integers


@given(windows(), settings())
def test_expects_tells_what_a_push_would(windows, settings):
    """Asking changes nothing."""
    tracker, other = EventTracker(settings), EventTracker(settings)
    for window in windows:
        expected = tracker.expects(*window[:3]) and not window.skipped
        assert tracker.push(*window) == other.push(*window)
        cry = tracker._cry
        assert expected == (cry is not None and cry.end == window.end)
