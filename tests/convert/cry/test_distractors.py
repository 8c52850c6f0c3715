"""distractors: sounds in closed form, each as it is called."""

from collections import Counter

import numpy as np
import pytest

from convert.cry.distractors import MAKERS, distractors

SR = 16000
N = SR
EACH = 20


@pytest.fixture(scope="module")
def made() -> dict[str, list[np.ndarray]]:
    found: dict[str, list[np.ndarray]] = {}
    for kind, y in distractors(EACH, N, SR, seed=0):
        found.setdefault(kind, []).append(y)
    return found


def power(y: np.ndarray, low: float, high: float) -> float:
    """Share of the power, but for DC, that lies between two frequencies."""
    spectrum = np.abs(np.fft.rfft(y - y.mean())) ** 2
    f = np.fft.rfftfreq(len(y), 1 / SR)
    return float(spectrum[(f >= low) & (f <= high)].sum() / spectrum.sum())


def test_as_many_of_every_kind():
    assert Counter(kind for kind, _ in distractors(2, SR, SR, 0)) == dict.fromkeys(MAKERS, 2)


def test_the_kinds_that_a_quiet_room_has(made):
    assert {"silence", "hum", "white noise", "pink noise", "DC", "clicks"} <= set(made)


@pytest.mark.parametrize("kind", MAKERS)
def test_finite_and_of_full_scale_at_most(made, kind):
    for y in made[kind]:
        assert y.shape == (N,)
        assert np.isfinite(y).all()
        assert np.abs(y).max() <= 1


@pytest.mark.parametrize("kind", sorted(set(MAKERS) - {"silence", "lowest bits"}))
def test_levels_are_from_0_to_80_db_below(made, kind):
    levels = [20 * np.log10(np.abs(y).max()) for y in made[kind]]
    assert -80 - 1e-6 <= min(levels) < -50
    assert -30 < max(levels) <= 1e-6


def test_silence_is_zero_and_the_lowest_bits_are_whole(made):
    assert not any(y.any() for y in made["silence"])
    for y in made["lowest bits"]:
        units = y * 32768
        np.testing.assert_allclose(units, np.round(units), atol=1e-9)
        assert 0 < np.abs(units).max() < 20


def test_dc_is_mostly_constant_and_noise_has_none(made):
    assert np.median([abs(y.mean()) / np.abs(y).max() for y in made["DC"]]) > 0.5
    assert max(abs(y.mean()) / np.abs(y).max() for y in made["white noise"]) < 0.1


def test_hum_is_low_and_brown_noise_lower_than_white(made):
    assert np.median([power(y, 40, 2400) for y in made["hum"]]) > 0.9
    low = {
        kind: np.median([power(y, 0, 500) for y in made[f"{kind} noise"]])
        for kind in ("white", "pink", "brown")
    }
    assert low["white"] < low["pink"] < low["brown"]


def test_clicks_are_few_samples(made):
    """But for some that are lost in the noise of the room."""
    loud = [(np.abs(y) > 0.5 * np.abs(y).max()).sum() for y in made["clicks"]]
    assert min(loud) >= 1
    assert np.median(loud) <= 12


def test_seeded():
    def of(seed: int) -> list[np.ndarray]:
        return [y for _, y in distractors(2, 1000, SR, seed)]

    for one, two in zip(of(0), of(0), strict=True):
        np.testing.assert_array_equal(one, two)
    alike = [np.array_equal(one, two) for one, two in zip(of(0), of(1), strict=True)]
    assert sum(alike) == 2  # silence is silence
