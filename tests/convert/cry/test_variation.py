"""variation: what each change does to a signal, in closed form."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convert.cry.variation import coloured_noise, equalised, mixed, played_faster, surrounded, vary
from convert.synth import synthetic_cry

SR = 16000


def sine(hz: float, seconds: float = 1.0) -> np.ndarray:
    return np.sin(2 * np.pi * hz * np.arange(round(seconds * SR)) / SR)


def rms(y: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(y))))


def pitch(y: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(y * np.hanning(len(y))))
    return float(np.fft.rfftfreq(len(y), 1 / SR)[spectrum.argmax()])


# -- vary ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_cry", [True, False])
def test_the_same_seed_gives_the_same_signal(is_cry):
    y = synthetic_cry(SR, 2.0)
    one, two, other = (vary(y, SR, np.random.default_rng(seed), is_cry=is_cry) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)


def test_the_signal_itself_is_let_be():
    y = synthetic_cry(SR, 1.0)
    before = y.copy()
    for seed in range(10):
        vary(y, SR, np.random.default_rng(seed), is_cry=False)
    np.testing.assert_array_equal(y, before)


def test_cries_keep_to_the_pitch_of_a_baby():
    """A cry of 450 Hz an octave up is no cry of a baby any more; an adult's laugh is that of a child."""
    factors = {
        is_cry: [
            8000 / len(vary(np.ones(8000), SR, np.random.default_rng(seed), is_cry=is_cry))
            for seed in range(200)
        ]
        for is_cry in (True, False)
    }
    assert 1 < max(factors[True]) < 1.5 < max(factors[False])
    assert 0.67 < min(factors[True]) < 1


@settings(max_examples=40, deadline=None)
@given(n=st.integers(1, 40), seed=st.integers(0, 2**32 - 1), is_cry=st.booleans())
def test_the_shortest_recordings_can_be_varied(n, seed, is_cry):
    y = vary(np.linspace(-1, 1, n), SR, np.random.default_rng(seed), is_cry=is_cry)
    assert len(y) >= 1
    assert np.isfinite(y).all()


@pytest.mark.parametrize("is_cry", [True, False])
def test_silence_stays_silent(is_cry):
    for seed in range(20):
        assert not vary(np.zeros(SR), SR, np.random.default_rng(seed), is_cry=is_cry).any()


# -- played faster -------------------------------------------------------------------------------------


@pytest.mark.parametrize("factor", [0.85, 1.0, 1.2, 2.1])
def test_pitch_and_speed_move_by_the_factor(factor):
    y = played_faster(sine(440, 2.0), factor)
    assert len(y) == int(2 * SR / factor)
    assert pitch(y) == pytest.approx(440 * factor, abs=SR / len(y))


def test_at_its_own_speed_nothing_changes():
    y = sine(440)
    np.testing.assert_array_equal(played_faster(y, 1.0), y)


# -- equalised -----------------------------------------------------------------------------------------


def test_a_microphone_is_linear_and_keeps_pitch():
    y = sine(1000)
    once = equalised(y, SR, np.random.default_rng(2))
    np.testing.assert_allclose(equalised(10 * y, SR, np.random.default_rng(2)), 10 * once, atol=1e-9)
    assert len(once) == len(y)
    assert pitch(once) == 1000
    assert rms(once) != pytest.approx(rms(y), rel=1e-3)


def test_microphones_differ_and_favour_nothing():
    """Over many, the gain of a pitch in the middle is as often one way as the other."""
    y = sine(800, 0.1)
    gains = [20 * np.log10(rms(equalised(y, SR, np.random.default_rng(s))) / rms(y)) for s in range(400)]
    assert np.std(gains) > 1
    assert abs(np.mean(gains)) < 3 * np.std(gains) / np.sqrt(len(gains))


# -- noise ---------------------------------------------------------------------------------------------


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


# -- surrounded ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_a_short_sound_is_kept_whole_in_a_quieter_room(seed):
    y, n = 0.2 * sine(700, 0.5), 3 * SR
    out = surrounded(y, n, SR, np.random.default_rng(seed))
    assert len(out) == n
    at = int(np.correlate(out, y, "valid").argmax())
    room = out.copy()
    room[at : at + len(y)] -= y
    assert 0 < rms(room[at : at + len(y)]) < 0.1 * rms(y)
    assert 0 < rms(room) < 0.1 * rms(y)


def test_the_sound_is_somewhere_else_each_time():
    y = np.ones(100)
    places = {int(surrounded(y, SR, SR, np.random.default_rng(s)).argmax()) // 1600 for s in range(60)}
    assert len(places) > 5


def test_a_long_sound_is_let_be():
    y = sine(700)
    for n in (SR, SR - 1):
        assert surrounded(y, n, SR, np.random.default_rng(0)) is y


@pytest.mark.parametrize("n", [0, 1, 100])
def test_silence_in_a_room_is_silence(n):
    assert not surrounded(np.zeros(n), SR, SR, np.random.default_rng(0)).any()
