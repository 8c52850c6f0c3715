"""periods: pulses whose distances and heights change by a known share."""

import numpy as np
import pytest

from edgecry.measure.periods import find_periods
from edgecry.measure.pitch import track
from tests.measure.voices import SR, harmonics, pulses, with_noise

PERIOD = 1 / 400


def shaken(change: float, seed: int = 0) -> np.ndarray:
    """About 1, each independent of the one before, with a standard deviation of ``change``."""
    return 1 + change * np.random.default_rng(seed).standard_normal(380)


def neighbours(x: np.ndarray) -> float:
    """By the definition: the average difference of neighbours over the average."""
    return np.abs(np.diff(x)).mean() / x.mean()


def periods_of(y):
    return find_periods(y, SR, track(y, SR, 150, 1500))


@pytest.mark.parametrize("f0", [160.0, 431.7, 700.0])
def test_a_steady_voice_has_neither_jitter_nor_shimmer(f0):
    found = periods_of(harmonics(f0))
    assert found.jitter < 1e-5
    assert found.shimmer < 2e-3
    assert np.allclose(np.concatenate(found.lengths), 1 / f0, rtol=1e-4)


@pytest.mark.parametrize("change", [0.002, 0.01, 0.03])
def test_jitter_of_known_periods(change):
    lengths = PERIOD * shaken(change)
    found = periods_of(pulses(np.cumsum(lengths) + 0.01, np.ones(380), 1.0))
    assert found.jitter == pytest.approx(neighbours(lengths), rel=0.05)


@pytest.mark.parametrize("change", [0.01, 0.05, 0.1])
def test_shimmer_of_known_heights(change):
    times, heights = PERIOD * np.arange(380) + 0.01, shaken(change)
    found = periods_of(pulses(times, heights, 1.0))
    assert found.shimmer == pytest.approx(neighbours(heights), rel=0.05)
    assert found.jitter < 1e-3


def test_periods_of_two_stretches_are_not_mixed():
    gap = np.zeros(SR // 4, np.float32)
    found = periods_of(np.concatenate((harmonics(300, 0.5), gap, harmonics(500, 0.5))))
    assert len(found.lengths) == 2
    assert found.jitter < 1e-3  # the step from one to the other would be far more


@pytest.mark.parametrize("y", [np.zeros(SR, np.float32), np.zeros(10, np.float32)])
def test_no_voice_has_no_periods(y):
    found = periods_of(y)
    assert (found.jitter, found.shimmer) == (None, None)


@pytest.mark.parametrize("change", [0.005, 0.02])
def test_praat_finds_the_same(change):
    parselmouth = pytest.importorskip("parselmouth", reason="NOT TESTED: pip install praat-parselmouth")
    times = np.cumsum(PERIOD * shaken(change)) + 0.01
    y = with_noise(pulses(times, shaken(2 * change, seed=1), 1.0), 40)
    found = periods_of(y)
    sound = parselmouth.Sound(y.astype(np.float64), SR)
    pitch = sound.to_pitch_ac(0.005, 150.0, pitch_ceiling=1500.0)
    process = parselmouth.praat.call([sound, pitch], "To PointProcess (cc)")
    jitter = parselmouth.praat.call(process, "Get jitter (local)", 0, 0, 1e-4, 0.02, 1.3)
    shimmer = parselmouth.praat.call([sound, process], "Get shimmer (local)", 0, 0, 1e-4, 0.02, 1.3, 1.6)
    assert found.jitter == pytest.approx(jitter, rel=0.1)
    assert found.shimmer == pytest.approx(shimmer, rel=0.1)
