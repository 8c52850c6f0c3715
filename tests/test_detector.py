"""detector: windows over a signal, and the probability of a cry in each."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecry.detector import Detector, is_silent, what_was_heard, windows
from edgecry.errors import ModelError
from edgecry.features.extractor import FeatureExtractor
from edgecry.models.model import CryModel
from edgecry.models.rules import Threshold
from tests import graphs
from tests.conftest import tone

SR = graphs.SPEC.sr


def build(tmp_path, **decision) -> Detector:
    return Detector(CryModel.load(graphs.save(tmp_path / "ear.onnx", graphs.detector(**decision))))


# -- windows -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n", "spans"),
    [
        (1, [(0, 1)]),
        (29, [(0, 29)]),
        (30, [(0, 30)]),
        (32, [(0, 30)]),  # a fifth of a hop is left over
        (33, [(0, 30), (3, 33)]),
        (40, [(0, 30), (10, 40)]),
        (42, [(0, 30), (10, 40)]),
        (67, [(0, 30), (10, 40), (20, 50), (30, 60), (37, 67)]),
    ],
)
def test_windows(n, spans):
    assert list(windows(n, 30, 10)) == spans


@given(st.integers(1, 500), st.integers(1, 60), st.data())
def test_windows_cover_the_signal(n, size, data):
    """In order, as long as a window or the signal, and all of it but the last quarter of a hop."""
    hop = data.draw(st.integers(1, size))
    spans = list(windows(n, size, hop))
    assert {stop - start for start, stop in spans} == {min(n, size)}
    assert spans == sorted(set(spans))
    assert spans[0][0] == 0
    assert 0 <= n - spans[-1][1] <= hop / 4
    assert all(later[0] <= earlier[1] for earlier, later in pairwise(spans))


# -- listening ---------------------------------------------------------------------------------------


def test_is_the_model_on_each_window(tmp_path):
    detector, y = build(tmp_path), tone(0)
    found, vector = detector.listen(y)
    assert vector is None
    np.testing.assert_allclose([w[:2] for w in found], [(0.1 * i, 0.1 * i + 0.2) for i in range(4)])
    for window in found:
        part = y[round(window.start * SR) : round(window.end * SR)]
        mfcc_0 = FeatureExtractor(graphs.SPEC).extract(part)[0]
        assert window.probability == pytest.approx(1 / (1 + np.exp(-0.02 * mfcc_0)), abs=1e-6)


def test_the_positive_is_found_by_its_name(tmp_path):
    """It may be either of the labels."""
    found, _ = build(tmp_path).listen(tone(0))
    other, _ = build(tmp_path, positive="other").listen(tone(0))
    for one, two in zip(found, other, strict=True):
        assert one.probability + two.probability == pytest.approx(1)


def test_a_signal_of_one_window_gives_its_vector(tmp_path):
    detector, y = build(tmp_path), tone(0, seconds=0.15)
    found, vector = detector.listen(y)
    assert [(w.start, w.end) for w in found] == [(0, 0.15)]
    np.testing.assert_array_equal(vector, FeatureExtractor(graphs.SPEC).extract(y))


SILENCES = {
    "digital": np.zeros(SR, np.float32),
    "offset": np.full(SR, 0.5, np.float32),
    "last bit": (np.random.default_rng(0).integers(-1, 2, SR) / 32768).astype(np.float32),
}


@pytest.mark.parametrize("name", SILENCES)
def test_silence_is_not_computed(tmp_path, monkeypatch, name):
    def refuse(self, y):
        raise AssertionError("computed")

    monkeypatch.setattr(FeatureExtractor, "extract", refuse)
    found, vector = build(tmp_path).listen(SILENCES[name])
    assert {w.probability for w in found} == {0.0}
    assert len(found) == 9
    assert vector is None


def test_only_silent_windows_are_silent(tmp_path):
    """A sound in the middle is heard in the windows that hold it."""
    y = np.concatenate((np.zeros(SR // 2), tone(0, seconds=0.2), np.zeros(SR // 2))).astype(np.float32)
    found, _ = build(tmp_path).listen(y)
    for window in found:
        assert (window.probability > 0) == (window.end > 0.5 + 1e-9 and window.start < 0.7 - 1e-9)


def test_without_a_floor_everything_is_computed(tmp_path):
    found, _ = build(tmp_path, floor_dbfs=None).listen(SILENCES["digital"])
    assert all(w.probability > 0 for w in found)


def test_floor_is_of_the_rms(tmp_path):
    """A sine of amplitude a has a level of a/sqrt(2)."""
    t = np.arange(SR // 5) / SR
    for level, silent in ((-39.9, False), (-40.1, True)):
        y = (10 ** (level / 20) * np.sqrt(2) * np.sin(2 * np.pi * 500 * t)).astype(np.float32)
        (window,), _ = build(tmp_path, floor_dbfs=-40.0).listen(y)
        assert (window.probability == 0) == silent


@given(
    st.floats(-1e-3, 1e-3),
    st.sampled_from([0.0, 1e-3, 0.5, -1.0]),
    st.sampled_from([1, 2, 100, 48_000, 70_000]),
    st.integers(0, 3),
)
def test_floor_is_kept_to_the_digit(off, offset, n, seed):
    """Also where the offset is far larger: what float32 cannot tell is left to float64."""
    y = (offset + 10 ** (-70 / 20) * np.random.default_rng(seed).standard_normal(n)).astype(np.float32)
    level = float(np.std(y.astype(np.float64)))
    floor = 20 * np.log10(level) + off if level else -70.0
    assert is_silent(y, floor) == (level < 10 ** (floor / 20))


def test_refuses_what_is_no_detector(model_path):
    with pytest.raises(ModelError, match=r"tiny\.onnx: is not a detector: its task is 'reason'.*'argmax'"):
        Detector(CryModel.load(model_path))


# -- what there was to hear --------------------------------------------------------------------------

RULE = Threshold(positive="cry", threshold=0.5, window=1.0, hop=0.5, pool="max", floor_dbfs=-60.0)
HUM = np.sin(np.arange(16000))  # two seconds, -3 dB of full scale


@pytest.mark.parametrize(
    ("y", "expected"),
    [
        (0.1 * HUM, "sound"),
        (0.1 * HUM[:7999], "too_short"),
        (0.1 * HUM[:8000], "sound"),
        (10 ** (-58 / 20) * HUM, "too_quiet"),
        (10 ** (-56 / 20) * HUM, "sound"),
        (10 ** (-58 / 20) * HUM[:800], "too_quiet"),
        (0.5 + 1e-4 * HUM, "too_quiet"),
        (np.zeros(16000), "digital_silence"),
        (np.full(100, 0.25), "digital_silence"),
        (np.r_[np.zeros(40000), 0.1 * HUM], "sound"),
    ],
)
def test_what_was_heard(y, expected):
    assert what_was_heard(y.astype(np.float32), 8000, RULE) == expected


def test_what_was_heard_without_a_detector():
    """No window and no floor: all that is told is whether it can be a microphone."""
    assert what_was_heard(np.zeros(9, np.float32), 8000, None) == "digital_silence"
    assert what_was_heard(np.float32([0, 1e-9]), 8000, None) == "sound"
