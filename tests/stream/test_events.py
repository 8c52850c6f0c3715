"""events: window scores to cry events."""

import pickle
from dataclasses import replace

import pytest

from edgecry.errors import EdgecryError
from edgecry.stream.events import EventTracker, Window
from edgecry.stream.settings import EventSettings
from tests.streams import find_events

#: One vote is enough, and nothing is waited for: the plainest of settings.
PLAIN = EventSettings(
    onset=0.5, release=0.3, k=1, n=1, min_length=0, end_after=1, refractory=0, update_every=0
)


def row(*scores: float, hop: float = 1.0, length: float = 1.0, begin: float = 0.0) -> list[Window]:
    """Return windows of these scores, one every ``hop`` seconds; None is a window that was skipped."""
    return [
        Window(begin + i * hop, begin + i * hop + length, s or 0.0, None, s is None)
        for i, s in enumerate(scores)
    ]


def spans(windows: list[Window], settings: EventSettings) -> list[tuple[float, float]]:
    return [(e.start, e.end) for e in find_events(windows, settings) if e.kind == "end"]


# -- closed forms ------------------------------------------------------------------------------------


def test_silence_says_nothing():
    assert find_events(row(*[0.0] * 50), PLAIN) == []
    assert find_events([], PLAIN) == []


def test_one_cry():
    start, end = find_events(row(0, 0.9, 0.5, 0.4, 0, 0), PLAIN)
    assert (start.kind, start.number, start.start, start.end, start.windows) == ("start", 1, 1, 2, 1)
    assert (start.peak, start.mean, start.reasons) == (0.9, 0.9, None)
    assert (end.kind, end.number, end.start, end.end, end.windows) == ("end", 1, 1, 4, 3)
    assert (end.peak, end.mean) == (0.9, pytest.approx(0.6))
    assert end.duration == 3


def test_hysteresis():
    """What would flicker at one threshold is one cry with two."""
    scores = [0.0, 0.6, 0.4, 0.6, 0.4, 0.6, 0.0]
    assert spans(row(*scores), PLAIN) == [(1, 6)]
    assert spans(row(*scores), replace(PLAIN, release=0.45)) == [(1, 2), (3, 4), (5, 6)]


def test_thresholds_are_reached_at_equality():
    assert spans(row(0.5, 0.3, 0.29), PLAIN) == [(0, 2)]
    assert spans(row(0.49, 0.49), PLAIN) == []


def test_k_of_n():
    two_of_three = replace(PLAIN, k=2, n=3, end_after=10)
    assert spans(row(0.9, 0, 0, 0.9, 0, 0, 0.9), two_of_three) == []
    assert spans(row(0, 0.9, 0, 0.9, 0), two_of_three) == [(1, 4)]
    (start, *_) = find_events(row(0, 0.9, 0, 0.9, 0), two_of_three)
    assert (start.start, start.end, start.windows) == (1, 4, 3)


def test_votes_do_not_reach_over_the_end_of_a_bout():
    assert spans(row(0.9, 0, 0.9), replace(PLAIN, k=2, n=3, end_after=1)) == []


def test_event_begins_with_the_first_window_that_votes_not_with_the_bout():
    assert spans(row(0.4, 0.4, 0.9, 0.4, 0), PLAIN) == [(2, 4)]


def test_shorter_than_the_minimum_is_never_spoken_of():
    settings = replace(PLAIN, min_length=3)
    assert find_events(row(0, 0.9, 0.9, 0, 0), settings) == []
    start, end = find_events(row(0, 0.9, 0.9, 0.9, 0, 0), settings)
    assert (start.start, start.end) == (end.start, end.end) == (1, 4)


def test_the_minimum_says_when_it_is_announced():
    tracker = EventTracker(replace(PLAIN, min_length=3))
    assert [len(tracker.push(*w)) for w in row(0.9, 0.9, 0.9, 0.9)] == [0, 0, 1, 0]
    assert tracker.is_crying


def test_end_after():
    settings = replace(PLAIN, end_after=3)
    assert spans(row(0.9, 0, 0, 0.9, 0, 0, 0, 0.9), settings) == [(0, 4), (7, 8)]
    tracker = EventTracker(settings)
    kinds = [[e.kind for e in tracker.push(*w)] for w in row(0.9, 0, 0, 0)]
    assert kinds == [["start"], [], [], ["end"]]


def test_quiet_windows_inside_count_and_those_after_do_not():
    (*_, end) = find_events(row(0.8, 0.2, 0.8, 0.1, 0.1, 0.1), replace(PLAIN, end_after=2))
    assert (end.end, end.windows, end.mean) == (3, 3, pytest.approx(0.6))


def test_refractory():
    settings = replace(PLAIN, refractory=3)
    assert spans(row(0.9, 0, 0.9, 0, 0.9, 0), settings) == [(0, 1), (4, 5)]
    # A cry that began meanwhile and goes on is told from where it may.
    assert spans(row(0.9, 0, 0.9, 0.9, 0.9, 0.9, 0), settings) == [(0, 1), (4, 6)]


def test_updates():
    events = find_events(row(*[0.9] * 10, 0), replace(PLAIN, update_every=4))
    assert [(e.kind, e.end, e.windows) for e in events] == [
        ("start", 1, 1),
        ("update", 5, 5),
        ("update", 9, 9),
        ("end", 10, 10),
    ]
    assert {e.number for e in events} == {1}


def test_overlapping_windows():
    """Three seconds each, every second: from the first's begin to the last's end."""
    settings = replace(PLAIN, k=2, n=3, end_after=5)
    windows = row(0, 0, 0.9, 0.9, 0.9, *[0] * 10, hop=1, length=3)
    assert spans(windows, settings) == [(2, 7)]


def test_a_hole_in_time_ends_a_cry():
    windows = [*row(0.9, 0.9), *row(0.9, 0.9, begin=100)]
    events = find_events(windows, PLAIN)
    assert [(e.kind, e.start, e.end) for e in events] == [
        ("start", 0, 1),
        ("end", 0, 2),
        ("start", 100, 101),
        ("end", 100, 102),
    ]


def test_skipped_windows_are_quiet_whatever_their_score():
    windows = [w._replace(score=0.99) if w.skipped else w for w in row(0.9, None, 0.5, None, None)]
    (*_, end) = find_events(windows, replace(PLAIN, end_after=2))
    assert (end.start, end.end) == (0, 3)
    assert (end.windows, end.mean, end.peak) == (2, pytest.approx(0.7), 0.9)


def test_reasons_are_averaged_over_the_windows_that_have_them():
    first, _, last, quiet = row(0.9, 0.9, 0.9, 0.0)
    first = first._replace(reasons={"hungry": 0.8, "tired": 0.2})
    last = last._replace(reasons={"hungry": 0.2, "tired": 0.8})
    quiet = quiet._replace(reasons={"hungry": 0.0, "tired": 1.0})
    start, end = find_events([first, _, last, quiet], PLAIN)
    assert start.reasons == {"hungry": 0.8, "tired": 0.2}
    assert end.reasons == pytest.approx({"hungry": 0.5, "tired": 0.5})


def test_decimal_steps_add_up():
    """Ten steps of 0.1 s are a second, though their sum in binary is less."""
    start = 0.0
    windows = []
    for score in (0.9, *[0.0] * 10):
        windows.append(Window(start, start + 0.1, score))
        start += 0.1
    tracker = EventTracker(PLAIN)
    kinds = [[e.kind for e in tracker.push(*w)] for w in windows]
    assert kinds[0] == ["start"]
    assert kinds[10] == ["end"]


def test_flush_ends_the_cry_and_the_stream_may_go_on():
    tracker = EventTracker(replace(PLAIN, refractory=1))
    windows = row(0.9, 0.9, 0.9, 0.9)
    assert [e.kind for e in tracker.push(*windows[0])] == ["start"]
    assert [(e.kind, e.end) for e in tracker.flush()] == [("end", 1)]
    assert tracker.flush() == []
    assert tracker.push(*windows[1]) == []  # refractory
    assert [(e.kind, e.number) for e in tracker.push(*windows[2])] == [("start", 2)]


def test_reset_is_like_new():
    tracker = EventTracker(PLAIN)
    first = [e for w in row(0.9, 0) for e in tracker.push(*w)]
    tracker.reset()
    assert not tracker.is_crying
    assert [e for w in row(0.9, 0) for e in tracker.push(*w)] == first


def test_raw_scores_and_decisions_are_kept_apart():
    tracker = EventTracker(replace(PLAIN, k=2, n=3, end_after=2))
    for window in row(0.9, 0.1, 0.7):
        tracker.push(*window)
    assert tracker.scores == (0.9, 0.1, 0.7)
    assert tracker.decisions == (False, False, True)


def test_to_dict_is_plain():
    (event, _) = find_events([Window(0, 1, 0.9, {"hungry": 1 / 3, "tired": 2 / 3})], PLAIN)
    assert event.to_dict() == {
        "kind": "start",
        "number": 1,
        "start": 0,
        "end": 1,
        "duration": 1,
        "peak": 0.9,
        "mean": 0.9,
        "reasons": {"hungry": 0.333333, "tired": 0.666667},
        "windows": 1,
        "label": "cry",
        "reason_set": [],
    }


@pytest.mark.parametrize("threshold", [1e-3, 0.5, 1.0])
def test_settings_around_a_threshold(threshold):
    """One window says nothing, two that reach it do, and a cry goes on a little below."""
    settings = EventSettings.around(threshold)
    high, low = threshold, 0.75 * threshold

    def windows(*scores):
        return row(*scores, length=3.0)

    assert find_events(windows(0, high, 0, 0, high, 0, 0), settings) == []
    assert find_events(windows(0, low, low, low), settings) == []
    assert spans(windows(0, high, 0, high, low, low, 0, 0, 0, 0), settings) == [(1, 8)]


# -- refusals ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"onset": 0.0, "release": 0.0}, "onset: 0 is out of range"),
        ({"onset": 1.1}, "onset: 1.1 is out of range"),
        ({"release": 0.5}, "release: 0.5 .* less than onset = 0.5"),
        ({"release": 0.0}, "release: 0 is out of range"),
        ({"k": 0}, "k, n: 0 of 1"),
        ({"k": 3, "n": 2}, "k, n: 3 of 2"),
        ({"k": 1, "n": 1001}, "k, n: 1 of 1001"),
        ({"n": 1.0}, "n: 1.0 is not a whole number"),
        ({"k": True}, "k: True is not a whole number"),
        ({"min_length": -1}, "min_length: -1 s is negative"),
        ({"refractory": -1}, "refractory: -1 s is negative"),
        ({"update_every": -1}, "update_every: -1 s is negative"),
        ({"end_after": 0}, "end_after: 0 s; allowed is more than 0"),
        ({"onset": "high"}, "onset: 'high' is not a number"),
        ({"end_after": float("inf")}, "end_after: inf is out of range"),
    ],
)
def test_settings_out_of_range(change, message):
    with pytest.raises(EdgecryError, match=message):
        replace(PLAIN, **change)


@pytest.mark.parametrize(
    ("window", "message"),
    [
        (Window(1, 1, 0.5), "it has to end after it begins"),
        (Window(0, float("nan"), 0.5), "it has to end after it begins"),
        (Window(-1, 1, 0.5), "before the last at 0.0 s"),
        (Window(0, 1, 1.5), "score: 1.5 is not a probability"),
        (Window(0, 1, float("nan")), "score: nan is not a probability"),
        (Window(0, 1, 0.5, {"cold": 1.0}), "reasons: found cold; the windows before had hungry, tired"),
    ],
)
def test_bad_windows_are_refused_and_change_nothing(window, message):
    tracker = EventTracker(PLAIN)
    tracker.push(0.0, 1.0, 0.9, {"hungry": 1.0, "tired": 0.0})
    before = pickle.dumps(tracker)
    with pytest.raises(EdgecryError, match=message):
        tracker.push(*window)
    assert pickle.dumps(tracker) == before


def test_expects_minds_the_refractory_time_of_an_event_the_window_would_end():
    settings = EventSettings(
        onset=0.5, release=0.4, k=1, n=1, min_length=0, end_after=1, refractory=2, update_every=0
    )
    tracker = EventTracker(settings)
    tracker.push(0.0, 1.0, 0.9)
    assert not tracker.expects(2.5, 3.5, 0.9)
    assert tracker.expects(3.0, 4.0, 0.9)


@pytest.mark.parametrize(
    "name", ["onset", "release", "min_length", "end_after", "refractory", "update_every"]
)
def test_settings_beyond_all_floats_are_refused(name):
    with pytest.raises(EdgecryError, match=f"{name}: 1000"):
        EventSettings(**{name: 10**400})


def test_another_onset_keeps_the_share_of_the_release():
    settings = EventSettings(onset=0.8, release=0.4)
    moved = settings.with_onset(0.6)
    assert (moved.onset, moved.release) == (0.6, pytest.approx(0.3))
    assert settings.with_onset(0.8) is settings
    for refused in (0.0, 1.01):
        with pytest.raises(EdgecryError, match="onset"):
            settings.with_onset(refused)
