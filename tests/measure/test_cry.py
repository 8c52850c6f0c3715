"""cry: a synthetic cry, whose plan says where its units are, and what is no unit."""

import numpy as np
import pytest

from convert.synth import expirations, synthetic_cry
from edgecry.errors import EdgecryError
from edgecry.measure.cry import measure_cry
from edgecry.measure.segments import segments
from edgecry.measure.settings import MeasureSettings
from edgecry.measure.unit import NUMBERS
from tests.measure.voices import SR, harmonics

SETTINGS = MeasureSettings()


@pytest.mark.parametrize("seed", range(4))
def test_units_are_the_expirations(seed):
    plan = expirations(7.0, seed)
    units = measure_cry(synthetic_cry(SR, 7.0, seed), SR, 100.0, SETTINGS).units
    assert len(units) == len(plan) > 2
    for unit, true in zip(units, plan, strict=True):
        assert unit.start == pytest.approx(100 + true.start, abs=0.05)
        assert unit.duration == pytest.approx(true.duration, abs=0.08)
        assert unit.f0_max == pytest.approx(true.high, rel=0.02)
        assert true.low * 0.95 < unit.f0_min < unit.f0_median < true.high
        assert unit.contour[2] > max(unit.contour[0], unit.contour[-1])  # it rises and falls


def test_tones_of_known_times():
    gap, tone = np.zeros(SR // 4, np.float32), harmonics(400.0, 0.5)
    y = np.concatenate((gap, tone, gap, tone, gap, tone, gap))
    cry = measure_cry(y, SR, 0.0, SETTINGS)
    assert [unit.start for unit in cry.units] == pytest.approx([0.25, 1.0, 1.75], abs=0.02)
    assert [unit.pause for unit in cry.units[:2]] == pytest.approx([0.25, 0.25], abs=0.03)
    assert cry.units[-1].pause is None
    assert cry.per_minute == pytest.approx(80, abs=0.5)
    power = float(np.mean(tone.astype(np.float64) ** 2))
    for unit in cry.units:
        assert unit.level == pytest.approx(10 * np.log10(power), abs=0.2)
        assert unit.energy == pytest.approx(unit.level + 10 * np.log10(unit.duration), abs=1e-9)
        assert unit.peak == pytest.approx(20 * np.log10(np.abs(tone).max()), abs=0.01)


def test_noise_without_a_voice_is_no_unit():
    y = np.concatenate((np.zeros(SR), np.random.default_rng(0).standard_normal(SR), np.zeros(SR)))
    assert measure_cry(y.astype(np.float32), SR, 0.0, SETTINGS).units == ()


@pytest.mark.parametrize("n", [0, 1, 100, SR])
def test_silence_and_next_to_nothing_have_no_units(n):
    cry = measure_cry(np.zeros(n, np.float32), SR, 5.0, SETTINGS)
    assert cry.units == ()
    assert cry.per_minute is None
    assert cry.summary()["units"] == 0


def test_the_background_moves_the_limit():
    """A cry that is 12 dB over its background is cut at 6 dB, and not lost at 20."""
    tone, rng = harmonics(400.0, 0.5), np.random.default_rng(0)
    y = np.tile(np.concatenate((np.zeros_like(tone), tone)), 3)
    y += rng.standard_normal(len(y)).astype(np.float32) * np.float32(np.std(tone) * 10 ** (-12 / 20))
    assert len(segments(y, SR, 20.0, 0.1, 0.05)) == 3


def test_a_gain_moves_the_levels_alone():
    y = synthetic_cry(SR, 4.0, 1)
    loud, quiet = (measure_cry(y * np.float32(gain), SR, 0.0, SETTINGS).units for gain in (1, 0.125))
    for a, b in zip(loud, quiet, strict=True):
        for name in NUMBERS:
            shift = 20 * np.log10(8) if name in ("level", "peak", "energy") else 0.0
            first, second = getattr(a, name), getattr(b, name)
            assert (first is None and second is None) or first - shift == pytest.approx(second, rel=1e-4)


@pytest.mark.parametrize(
    "wrong", [{"f0_min": 10}, {"f0_max": 200}, {"depth": float("nan")}, {"min_unit": 0}, {"min_voiced": 2}]
)
def test_settings_are_checked(wrong):
    with pytest.raises(EdgecryError, match=next(iter(wrong))):
        MeasureSettings(**wrong)
