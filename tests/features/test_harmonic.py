"""The separation of harmonic sound, and the running median that it is made of."""

from __future__ import annotations

import numpy as np
import pytest

from edgecry.features import harmonic as room
from edgecry.features.harmonic import harmonic
from edgecry.features.median import WINDOW, running_median

SR = 16000


def tone(frequency: float, seconds: float = 1.0) -> np.ndarray:
    return (0.3 * np.sin(2 * np.pi * frequency * np.arange(round(SR * seconds)) / SR)).astype(np.float32)


@pytest.mark.parametrize("levels", [2, 5, 10_000])
@pytest.mark.parametrize("n", [1, 2, 40])
def test_the_running_median_is_numpys(n, levels):
    """Also where many values are equal, as in silence."""
    x = np.random.default_rng(levels).integers(0, levels, (n + WINDOW - 1, 7)).astype(np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(x, WINDOW, axis=0)
    np.testing.assert_array_equal(running_median(x), np.median(windows, axis=-1))


def test_a_tone_stays_and_a_click_goes():
    clicks = np.zeros(SR, np.float32)
    clicks[4000::8000] = 0.5
    found = harmonic(tone(1000) + clicks)
    middle = slice(2048, -2048)
    np.testing.assert_allclose(found[middle], tone(1000)[middle], rtol=0, atol=0.01)


@pytest.mark.parametrize("n", [0, 1, 100, 511, 512, 5000])
def test_it_is_as_long_as_the_clip(n):
    assert harmonic(tone(500)[:n]).shape == (n,)


def test_silence_stays_silent():
    y = tone(500)
    y[4000:12000] = 0
    assert not harmonic(y)[4000 + 2048 : 12000 - 2048].any()


@pytest.mark.parametrize("block", [1, 7, 1000])
def test_the_size_of_a_block_changes_nothing(block, monkeypatch):
    y = (tone(700) + 0.1 * np.random.default_rng(0).standard_normal(SR)).astype(np.float32)
    expected = harmonic(y)
    monkeypatch.setattr(room, "_BLOCK", block)
    np.testing.assert_allclose(harmonic(y), expected, rtol=0, atol=1e-7)
