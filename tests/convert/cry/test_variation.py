"""variation: noise of any colour, and mixtures."""

import numpy as np
import pytest

from convert.cry.variation import coloured_noise, mixed
from convert.synth import synthetic_cry

SR = 16000


def rms(y: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(y))))


@pytest.mark.parametrize("slope", [0, 1, 2])
def test_power_of_noise_falls_by_its_slope(slope):
    """A straight line through log power over log frequency."""
    n = 2**17
    y = coloured_noise(n, SR, slope, np.random.default_rng(1))
    f = np.fft.rfftfreq(n, 1 / SR)
    inside = (f > 40) & (f < 7500)
    power = np.abs(np.fft.rfft(y)[inside]) ** 2
    found, _ = np.polyfit(np.log(f[inside]), np.log(power), 1)
    assert found == pytest.approx(-slope, abs=0.05)
    assert rms(y) == pytest.approx(1)


@pytest.mark.parametrize("snr", [-6.0, 0.0, 7.3, 20.0])
def test_ratio_of_a_mixture_is_exact(snr):
    y = 0.03 * synthetic_cry(SR, 1.0).astype(np.float64)
    added = mixed(y, coloured_noise(len(y), SR, 1, np.random.default_rng(0)), snr) - y
    assert 20 * np.log10(rms(y) / rms(added)) == pytest.approx(snr, abs=1e-6)


def test_silence_is_not_mixed_with_anything():
    noise = coloured_noise(SR, SR, 0, np.random.default_rng(0))
    assert not mixed(np.zeros(SR), noise, -6).any()
