"""rooms: image sources against closed forms."""

import numpy as np
import pytest

from convert.cry.rooms import SPEED, any_room, response

SIZE, A, B = np.array([4.0, 3.0, 2.5]), np.array([1.0, 0.8, 0.6]), np.array([3.1, 2.0, 1.4])
SR = 16000


def test_what_comes_first_comes_straight():
    h = response(SIZE, A, B, 0.3, SR)
    d = np.linalg.norm(A - B)
    first = np.flatnonzero(h)[0]
    assert first == int(d / SPEED * SR)
    assert h[first : first + 2].sum() == pytest.approx(1 / d)


def test_walls_that_swallow_everything_leave_the_direct_sound():
    h = response(SIZE, A, B, 1e-4, SR)
    assert h.sum() == pytest.approx(1 / np.linalg.norm(A - B), rel=1e-6)


def test_a_first_reflection_comes_from_behind_the_wall():
    """From the floor alone: its image lies as deep under it as the source stands over it."""
    size = np.array([400.0, 400.0, 400.0])
    a, b = np.array([200.0, 200.0, 1.0]), np.array([203.0, 200.0, 1.0])
    h = response(size, a, b, 0.2, SR)
    echo = int(np.hypot(3, 2) / SPEED * SR)
    assert np.flatnonzero(h)[2] == echo
    assert 0 < h[echo : echo + 2].sum() < 1 / np.hypot(3, 2)


def test_source_and_microphone_may_change_places():
    np.testing.assert_allclose(response(SIZE, A, B, 0.4, SR), response(SIZE, B, A, 0.4, SR), atol=1e-12)


@pytest.mark.parametrize("seconds", [0.25, 0.5])
def test_it_fades_in_the_time_that_is_asked(seconds):
    """By the slope of the energy that is still to come (Schroeder 1965), from -5 to -25 dB, over 100 Hz.

    A bare room with six like walls fades more slowly than Eyring's, along its length most.
    """
    h = response(SIZE, A, B, seconds, SR)
    spectrum = np.fft.rfft(h, 2 * len(h))
    spectrum[np.fft.rfftfreq(2 * len(h), 1 / SR) < 100] = 0
    h = np.fft.irfft(spectrum)[: len(h)]
    left = 10 * np.log10(np.cumsum(np.square(h[::-1]))[::-1] / np.sum(np.square(h)))
    start, end = np.argmax(left < -5), np.argmax(left < -25)
    assert 3 * (end - start) / SR == pytest.approx(seconds, rel=0.35)


def test_rooms_differ_by_seed_alone():
    one, again, other = (any_room(SR, np.random.default_rng(seed)) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, again)
    assert len(one) != len(other) or not np.array_equal(one, other)
