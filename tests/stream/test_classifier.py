"""stream: chunks in, events out, and in between exactly what windows get by themselves."""

import os
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgecry.audio.load import load_audio
from edgecry.decision import Decision
from edgecry.detector import Detector
from edgecry.errors import AudioError, EdgecryError, ModelError, SpecError
from edgecry.features.extractor import FeatureExtractor
from edgecry.features.kernels import ENGINES
from edgecry.features.warmup import Status
from edgecry.models.model import CryModel
from edgecry.stream.classifier import StreamClassifier
from edgecry.stream.settings import EventSettings
from tests import streams
from tests.streams import EVENTS, SR, find_events, listen, run, spans

CHUNKS = [[1], [17], [160], [8191], [10**9], [3, 1000, 1]]


# -- the same as windows by themselves ---------------------------------------------------------------


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("shared", [True, False])
def test_scores_are_the_detectors(tmp_path, engine, shared):
    """The scores are those of each window alone, to the last bit, with frames shared or not."""
    model = streams.detector(tmp_path, replace(streams.SPEC, center=not shared))
    y = streams.scene(4, (1, 2.2), (3, 4))[:31_950]
    stream = listen(model, engine=engine)
    run(stream, y)
    detector = Detector(model, engine)
    whole, _ = detector.listen(y)
    assert [w[:2] for w in stream.recent] == [w[:2] for w in whole]
    assert len({w.score for w in stream.recent}) == len(whole) > 30
    for window, expected in zip(stream.recent, whole, strict=True):
        (alone,), _ = detector.listen(y[round(window.start * SR) : round(window.end * SR)])
        assert window.score == alone.probability
        assert window.score == pytest.approx(expected.probability, abs=1e-6)


@pytest.mark.parametrize("n", [1, 100, 2399, 2400, 2401, 2620, 2625, 3200])
def test_flush_hears_the_rest_as_a_recording(ear, n):
    y = streams.noise(1, 0.1)[:n]
    stream = listen(ear)
    run(stream, y)
    assert [w[:3] for w in stream.recent] == [tuple(w) for w in Detector(ear).listen(y)[0]]


@pytest.mark.parametrize("sizes", CHUNKS)
@pytest.mark.parametrize("rate", [8000, 16000, 44100])
def test_chunking_changes_nothing(tmp_path, sizes, rate):
    """Nor does the input's rate change what is heard: what load_audio makes of it."""
    ear, why = streams.loud_detector(tmp_path), streams.reasoner(tmp_path)
    seconds = 1.6 if sizes == [1] else 4
    y = streams.scene(seconds, (0.4, 1.2), (2.9, 3.6), sr=rate)
    stream = StreamClassifier(why, rate, detector=ear, events=EVENTS, engine="numpy")
    whole = StreamClassifier(why, detector=ear, events=EVENTS, engine="numpy", sr=SR)
    events, expected = run(stream, y, sizes), run(whole, load_audio((y, rate), sr=SR).samples)
    assert [e.kind for e in events].count("start") == (1 if sizes == [1] else 2)
    assert events == expected
    assert list(stream.recent) == list(whole.recent)


@settings(max_examples=20, deadline=None)
@given(sizes=st.lists(st.integers(1, 5000), min_size=1, max_size=8))
def test_chunking_changes_nothing_whatever_it_is(tmp_path_factory, sizes):
    model = streams.loud_detector(tmp_path_factory.mktemp("ear"))
    y = streams.scene(3, (0.5, 1.7))
    stream, whole = listen(model), listen(model)
    assert run(stream, y, sizes) == run(whole, y, [10**9])
    assert list(stream.recent) == list(whole.recent)


def test_kinds_of_chunks(loud):
    x = np.round(2**15 * streams.scene(2, (0.5, 1.4))).astype(np.int16)
    floats = x / 2.0**15
    found = [
        (run(stream := listen(loud), chunk, sizes), list(stream.recent))
        for chunk, sizes in (
            (x, [100]),
            (x.tobytes(), [333]),
            (floats, [100]),
            (floats.astype(np.float32)[:, None], [100]),
        )
    ]
    assert found[0][0]
    assert all(one == found[0] for one in found)


def test_channels_are_averaged(loud):
    y = streams.scene(2, (0.5, 1.4))
    both = np.stack([2 * y, np.zeros_like(y)], axis=1)
    for chunk in (both, both.reshape(-1)):
        stream = StreamClassifier(loud, SR, channels=2, events=EVENTS, engine="numpy")
        assert run(stream, chunk, [101]) == run(listen(loud), y)


# -- events ------------------------------------------------------------------------------------------


def test_events_are_those_of_the_scores(loud):
    y = streams.scene(12, (1, 2.5), (5, 8.2), (8.4, 9))
    stream = listen(loud)
    events = run(stream, y)
    assert events == find_events([w._replace(score=round(w.score, 6)) for w in stream.recent], EVENTS)
    assert spans(events) == [(0.9, 2.7), (4.9, 9.2)]
    assert {e.label for e in events} == {"cry"}


def test_the_onset_is_moved_while_it_listens(loud):
    """The scores stay as they are; from then on others vote."""
    y = streams.scene(12, (1, 2.5), (5, 8.2), (8.4, 9))
    stream, other = listen(loud), listen(loud)
    whole = run(stream, y)
    highest = max(window.score for window in stream.recent)
    told = other.push(y[: 4 * SR])
    other.set_onset(min(1.0, highest + 1e-3))
    told += other.push(y[4 * SR :]) + other.flush()
    assert [window.score for window in other.recent] == [window.score for window in stream.recent]
    assert told == [event for event in whole if event.number == 1]


def test_default_events_follow_the_detectors_threshold(ear):
    stream = StreamClassifier(ear, SR)
    assert stream.events == EventSettings.around(streams.DECISION["threshold"])
    stream = StreamClassifier(ear, SR, decision=Decision(threshold=0.9))
    assert stream.events.onset == 0.9


def test_scores_vote_as_they_are_rounded(tmp_path, monkeypatch):
    """One that is 0.06 to six decimals is 0.06, as for a recording."""
    model = streams.loud_detector(tmp_path)
    monkeypatch.setattr(Detector, "judge", lambda self, vectors: [0.0599999])
    stream = listen(model)
    events = run(stream, streams.noise(2, 0.1))
    assert [e.kind for e in events] == ["start", "update", "end"]
    assert {w.score for w in stream.recent} == {0.0599999}


def test_times_are_counted_over_a_day(loud):
    """No error adds up."""
    stream = listen(loud)
    stream.gap(86_400.1)
    events = run(stream, streams.scene(3, (1, 2)))
    assert spans(events) == [(86_401.0, 86_402.3)]


def test_pieces_give_the_same_events(loud):
    """Ten minutes of sound are scaled, and cut where nothing sounds."""
    cries = [(10 * i + 3, 10 * i + 4 + 0.3 * i) for i in range(6)]
    y = streams.scene(60, *cries)
    whole = spans(run(listen(loud), y))
    found = []
    for i in range(6):
        piece = run(listen(loud), y[10 * i * SR : 10 * (i + 1) * SR])
        found += [(round(10 * i + a, 3), round(10 * i + b, 3)) for a, b in spans(piece)]
    assert whole == found
    assert len(whole) == 6


# -- quiet -------------------------------------------------------------------------------------------


def test_quiet_room_costs_no_features(loud, why, monkeypatch):
    def refuse(self, y):
        raise AssertionError("computed")

    stream = listen(why, detector=loud, gate=-50)
    for name in ("extract", "frames", "summarise"):
        monkeypatch.setattr(FeatureExtractor, name, refuse)
    assert run(stream, streams.noise(3, 1e-3)) == []
    with pytest.raises(AssertionError, match="computed"):
        listen(loud, gate=-90).push(streams.noise(1, 1e-3))
    assert stream.statistics.windows == stream.statistics.skipped == 28
    assert {(w.score, w.skipped) for w in stream.recent} == {(0.0, True)}


def test_gate_is_of_the_rms(loud):
    """A sine of amplitude a has a level of a/sqrt(2). An offset adds nothing."""
    t = np.arange(SR) / SR
    for level, quiet in ((-39.9, False), (-40.1, True)):
        y = 0.2 + 10 ** (level / 20) * np.sqrt(2) * np.sin(2 * np.pi * 500 * t)
        stream = listen(loud, gate=-40)
        run(stream, y)
        assert (stream.statistics.skipped == stream.statistics.windows) == quiet


def test_the_detectors_floor_holds_without_a_gate(loud):
    stream = listen(loud, gate=-90)
    run(stream, streams.noise(2, 1e-4))
    assert stream.statistics.skipped == stream.statistics.windows > 0


def test_after_silence_all_is_heard_as_ever(loud):
    """Frames that were not computed are, when they are needed."""
    y = np.concatenate((np.zeros(SR), streams.scene(2, (0.5, 1)), np.zeros(SR), streams.noise(1, 0.1)))
    y = y.astype(np.float32)
    stream = listen(loud)
    run(stream, y)
    for window in stream.recent:
        part = y[round(window.start * SR) : round(window.end * SR)]
        assert window.score == Detector(loud).listen(part)[0][0].probability


def test_the_loudest_there_is_can_be_measured(tmp_path):
    """No window that is let in can stop a stream."""
    for spec in (streams.SPEC, streams.LOUD):
        stream = listen(streams.detector(tmp_path, spec))
        run(stream, np.where(np.arange(SR) % 20 < 10, 1e6, -1e6))
        assert stream.statistics.invalid == 0
        assert len(stream.recent) == 8


def test_the_first_cry_finds_all_prepared(loud, why, monkeypatch):
    """Both models have been asked before the stream begins, and nothing of that is left."""
    asked = []
    answer = CryModel.predict_proba

    def noted(self, X):
        asked.append(self.name)
        return answer(self, X)

    monkeypatch.setattr(CryModel, "predict_proba", noted)
    stream = listen(why, detector=loud)
    assert asked == ["ear", "why"]
    assert stream.statistics.windows == stream.position == len(stream.recent) == 0


# -- what it tells of itself -------------------------------------------------------------------------


def test_publishes_what_callers_need(ear, why):
    stream = StreamClassifier(why, 44100, channels=2, detector=ear, engine="numpy")
    assert (stream.sr, stream.channels, stream.window, stream.hop) == (44100, 2, 0.3, 0.1)
    assert stream.engine == "numpy"
    assert StreamClassifier(ear, SR).labels == ("cry", "no_cry")


def test_statistics(loud, why):
    y = streams.scene(4, (1, 2.2))
    y[100] = np.nan
    stream = listen(why, detector=loud, gate=-50)
    assert stream.statistics.latency_p95 is None
    before = stream.push(y[:12_000])
    assert stream.is_crying
    assert stream.statistics.crying == before[-1].duration
    events = before + run(stream, y[12_000:])
    found = stream.statistics
    assert (found.samples, found.lost, found.invalid, found.events) == (len(y), 0, 1, 1)
    assert found.windows == len(stream.recent) == 38
    assert found.skipped == sum(w.skipped for w in stream.recent) > 15
    assert found.crying == pytest.approx(events[-1].duration)
    assert found.latency_p95 > 0
    with pytest.raises(FrozenInstanceError):
        found.windows = 0


def test_memory_does_not_grow(loud, why):
    """All that is kept is bounded, and the large part of it is where it was."""
    stream = listen(why, detector=loud)
    run(stream, streams.scene(70, (30, 32)), end=False)
    kept = stream._samples._store
    assert len(stream.recent) == 600
    run(stream, streams.scene(10, (3, 4)), end=False)
    assert stream._samples._store is kept
    assert kept.nbytes == 2 * 5600 * 4
    assert len(stream.recent) == 600


def held() -> tuple[int, int, int]:
    """Return the bytes of memory, the file descriptors and the threads of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    counts = (len(list(Path(f"/proc/self/{kind}").iterdir())) for kind in ("fd", "task"))
    return pages * os.sysconf("SC_PAGE_SIZE"), *counts


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="NOT TESTED: no /proc here")
def test_process_holds_what_it_held_after_a_minute(loud, why):
    """Nine more minutes add no file descriptor or thread, and under 2 MB."""
    stream = StreamClassifier(why, 44100, detector=loud, events=EVENTS, engine="numpy")
    minute = streams.scene(60, (10, 13), (30, 31), sr=44100)
    run(stream, minute, [4410], end=False)
    rss, *counts = held()
    for _ in range(9):
        run(stream, minute, [4410], end=False)
    more, *later = held()
    assert later == counts
    assert more - rss < 2e6
    assert stream.statistics.events == 20


def test_auto_is_numpy_also_where_numba_is_prepared(ear, monkeypatch):
    """numba takes over twice the memory."""
    monkeypatch.setattr("edgecry.features.warmup.status", lambda: Status(True, ""))
    assert StreamClassifier(ear, SR).engine == "numpy"


@pytest.mark.parametrize(
    ("settings", "error", "complaint"),
    [
        ({"sr": 10}, AudioError, "sr: 10 Hz is out of range"),
        ({"channels": 0}, AudioError, "channels: 0 is out of range"),
        (
            {"gate": 3},
            EdgecryError,
            "gate: 3 dB is out of range; allowed are numbers below 0 dB",
        ),
        ({"gate": "loud"}, EdgecryError, "gate: 'loud'"),
        ({"reason_every": -1}, EdgecryError, "reason_every: -1"),
        ({"events": {"k": 2}}, EdgecryError, "events: found dict; allowed is EventSettings"),
        ({"events": {}}, EdgecryError, "events: found dict"),
        ({"decision": None}, EdgecryError, "decision: found NoneType; allowed is Decision, or leave it out"),
        ({"engine": "fortran"}, SpecError, "engine: 'fortran'"),
        ({"decision": Decision(coverage=0.5)}, EdgecryError, "coverage: ear knows of no sets"),
    ],
)
def test_refuses_other_settings(ear, settings, error, complaint):
    with pytest.raises(error, match=complaint):
        StreamClassifier(ear, **{"sr": SR, **settings})


def test_needs_a_detector(why):
    with pytest.raises(ModelError, match="is not a detector"):
        StreamClassifier(why, SR, detector=why)


def test_refused_chunk_changes_nothing(loud):
    y = streams.scene(2, (0.5, 1.4))
    stream = listen(loud)
    events = run(stream, y[:9000], end=False)
    with pytest.raises(AudioError):
        stream.push([1.0])
    assert events + run(stream, y[9000:]) == run(listen(loud), y)
