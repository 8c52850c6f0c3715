"""The sketch of a recording: a tone at its frequency, an envelope of all samples, in bounded memory."""

import numpy as np
import pytest

from edgecry.plots.sketch import BANDS, COLUMNS, HOP, SR, Sketch, band_of


def tone(hz: float, seconds: float) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * hz * np.arange(round(seconds * SR)) / SR)).astype(np.float32)


@pytest.mark.parametrize("hz", [200.0, 440.0, 1000.0, 3000.0, 7000.0])
@pytest.mark.parametrize("seconds", [2.0, 100.0])
def test_a_tone_is_in_the_band_of_its_frequency(hz, seconds):
    sketch = Sketch.of([tone(hz, seconds)])
    loudest = sketch.power[2:-2].argmax(axis=1)
    assert np.all(np.abs(loudest - band_of(hz)) <= 0.6)


def test_a_sound_is_in_the_columns_of_its_time():
    y = np.zeros(4 * SR, np.float32)
    y[2 * SR : 3 * SR] = tone(1000, 1)
    sketch = Sketch.of([y])
    middles = sketch.step * (np.arange(len(sketch.power)) + 0.5)
    power = sketch.power.sum(axis=1)
    loud = middles[power > power.max() / 2]
    assert loud[0] == pytest.approx(2, abs=0.02)
    assert loud[-1] == pytest.approx(3, abs=0.02)
    low, high = sketch.envelope
    assert not np.any(high[middles < 1.99])
    assert high.max() == y.max()
    assert low.min() == y.min()


@pytest.mark.parametrize(
    "n", [1, HOP - 1, HOP, HOP + 1, COLUMNS * HOP, COLUMNS * HOP + 1, 5 * COLUMNS * HOP + 7]
)
def test_the_envelope_is_that_of_the_samples(n):
    y = np.random.default_rng(n).normal(0, 0.1, n).astype(np.float32)
    sketch = Sketch.of([y])
    low, high = sketch.envelope
    size = round(sketch.step * SR)
    assert COLUMNS / 2 <= len(low) <= COLUMNS or size == HOP
    assert len(low) == -(-n // size)
    for i in (0, len(low) // 2, len(low) - 1):
        part = y[i * size : (i + 1) * size]
        assert low[i] == pytest.approx(min(part.min(), 0 if len(part) < size else 1))
        assert high[i] == pytest.approx(max(part.max(), 0 if len(part) < size else -1))
    assert sketch.duration == n / SR


def test_blocks_of_any_size_give_the_same():
    y = np.random.default_rng(0).normal(0, 0.1, 3 * COLUMNS * HOP).astype(np.float32)
    whole, parts = Sketch.of([y]), Sketch.of(np.split(y, [1, 2, 999, 70_000, 70_000, 900_000]))
    assert np.array_equal(whole.envelope, parts.envelope)
    np.testing.assert_allclose(whole.power, parts.power, rtol=1e-5)


def test_a_recording_that_begins_again_is_sketched_anew():
    y = tone(440, 1)
    again = Sketch.of([np.ones(5 * SR, np.float32), None, y])
    assert np.array_equal(again.power, Sketch.of([y]).power)
    assert again.duration == 1


def test_power_is_a_mean():
    """Noise of an hour is as loud as noise of a second."""
    y = np.random.default_rng(0).normal(0, 0.1, 60 * SR).astype(np.float32)
    short, long = Sketch.of([y[:SR]]), Sketch.of([y] * 4)
    assert long.power[1:-1].mean() == pytest.approx(short.power[2:-2].mean(), rel=0.05)


def test_bands_are_in_order():
    places = [band_of(hz) for hz in (60, 100, 500, 1000, 4000, 7900)]
    assert places == sorted(places)
    assert places[0] >= -1
    assert places[-1] <= BANDS
