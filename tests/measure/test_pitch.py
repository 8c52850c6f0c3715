"""pitch: voices with a known fundamental and a known share of noise, and Praat on the same."""

import numpy as np
import pytest

from edgecry.measure.pitch import Pitch, track
from tests.measure.voices import SR, harmonics, with_noise

RANGE = (150.0, 1500.0)


@pytest.mark.parametrize("f0", [155.0, 250.0, 431.7, 700.0, 1100.0, 1450.0])
def test_fundamental_of_a_voice(f0):
    pitch = track(harmonics(f0), SR, *RANGE)
    assert pitch.voiced.all()
    assert np.allclose(pitch.f0, f0, rtol=1e-3)


@pytest.mark.parametrize("f0", [200.0, 450.0, 900.0])
def test_a_fundamental_that_is_missing_is_heard(f0):
    t = np.arange(SR) / SR
    y = sum(np.sin(2 * np.pi * f0 * n * t) for n in (2, 3, 4)).astype(np.float32)
    assert np.allclose(track(y, SR, *RANGE).f0, f0, rtol=1e-3)


def test_a_glide_is_followed():
    t = np.arange(SR) / SR
    f0 = 350 + 200 * t
    phase = 2 * np.pi * np.cumsum(f0) / SR
    y = sum(np.sin(n * phase) / n for n in range(1, 12)).astype(np.float32)
    pitch = track(y, SR, *RANGE)
    assert np.allclose(pitch.f0, 350 + 200 * pitch.times, rtol=5e-3)


@pytest.mark.parametrize("ratio", [5, 10, 20, 30])
def test_harmonics_to_noise_ratio_of_a_known_mix(ratio):
    pitch = track(with_noise(harmonics(431.7), ratio), SR, *RANGE)
    assert np.mean(pitch.hnr[pitch.voiced]) == pytest.approx(ratio, abs=0.5)


@pytest.mark.parametrize("kind", ["noise", "silence", "constant"])
def test_what_is_no_voice_has_none(kind):
    y = {
        "noise": np.random.default_rng(0).standard_normal(SR),
        "silence": np.zeros(SR),
        "constant": np.full(SR, 0.5),
    }[kind].astype(np.float32)
    pitch = track(y, SR, *RANGE)
    assert np.mean(pitch.voiced) < 0.05
    assert np.isnan(pitch.hnr[~pitch.voiced]).all()


def test_level_does_not_matter():
    y = with_noise(harmonics(400.0), 15)
    assert np.allclose(track(y, SR, *RANGE).f0, track(y / 1000, SR, *RANGE).f0, equal_nan=True)


def test_batches_make_no_difference(monkeypatch):
    y = with_noise(harmonics(400.0, 0.5), 15)
    expected = track(y, SR, *RANGE)
    monkeypatch.setattr("edgecry.measure.pitch._BATCH", 7)
    assert np.array_equal(track(y, SR, *RANGE).f0, expected.f0, equal_nan=True)


@pytest.mark.parametrize("n", [0, 1, 319])
def test_less_than_a_frame_has_no_frames(n):
    pitch = track(np.zeros(n, np.float32), SR, *RANGE)
    assert isinstance(pitch, Pitch)
    assert len(pitch.times) == len(pitch.f0) == 0


@pytest.mark.parametrize("ratio", [10, 25])
def test_praat_finds_the_same(ratio):
    parselmouth = pytest.importorskip("parselmouth", reason="NOT TESTED: pip install praat-parselmouth")
    y = with_noise(harmonics(437.0), ratio)
    pitch = track(y, SR, *RANGE)
    sound = parselmouth.Sound(y.astype(np.float64), SR)
    theirs = sound.to_pitch_ac(0.005, 150.0, pitch_ceiling=1500.0).selected_array["frequency"]
    assert np.median(pitch.f0) == pytest.approx(np.median(theirs[theirs > 0]), rel=1e-3)
    harmonicity = sound.to_harmonicity_ac(0.005, 150.0, 0.1, 4.5).values
    assert np.mean(pitch.hnr) == pytest.approx(np.mean(harmonicity[harmonicity > -199]), abs=1.0)
