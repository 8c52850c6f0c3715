"""Statistics over frames against NumPy's and closed forms, by each engine."""

from __future__ import annotations

import numpy as np
import pytest

from edgecry.features.kernels import ENGINES, load
from edgecry.features.summary import summarise


@pytest.fixture(params=ENGINES)
def kernels(request):
    found = load(request.param)
    assert found.name == request.param  # NumPy's serve where numba's cannot
    return found


def test_statistics_are_numpys(kernels):
    X = np.random.default_rng(1).gamma(2.0, size=(57, 5))
    assert np.allclose(summarise(X, ("mean",), kernels), X.mean(axis=0), rtol=1e-12)
    assert np.allclose(summarise(X, ("std",), kernels), X.std(axis=0), rtol=1e-12)
    for q in (0, 1, 33, 50, 99, 100):
        assert np.allclose(summarise(X, (f"p{q}",), kernels), np.percentile(X, q, axis=0), rtol=1e-12)
    assert np.array_equal(
        summarise(X, ("min", "max"), kernels), np.concatenate((X.min(axis=0), X.max(axis=0)))
    )


def test_skew_of_a_rare_event(kernels):
    """A share p of ones has skewness (1 - 2p) / sqrt(p (1 - p))."""
    X = np.zeros((10, 2))
    X[0, 0] = X[:9, 1] = 1
    assert np.allclose(summarise(X, ("skew",), kernels), [8 / 3, -8 / 3], rtol=1e-12)


@pytest.mark.parametrize("n_frames", [1, 2, 3, 4, 5, 8, 9, 10, 40])
def test_slope_of_a_line(n_frames, kernels):
    X = np.arange(n_frames)[:, np.newaxis] * np.array([2.0, -0.5]) + 7
    slope = np.array([2.0, -0.5]) * (n_frames >= 3)
    for stat in ("delta_mean", "delta_min", "delta_max", "delta_p50"):
        assert np.allclose(summarise(X, (stat,), kernels), slope, rtol=0, atol=1e-12)
    assert np.allclose(summarise(X, ("delta_std", "delta_skew"), kernels), 0, rtol=0, atol=1e-7)


def test_a_projection_is_applied_to_every_frame(kernels):
    rng = np.random.default_rng(2)
    X, P = rng.standard_normal((30, 6)), rng.standard_normal((4, 6))
    stats = ("mean", "std", "min", "p25", "skew", "delta_max", "delta_mean")
    assert np.allclose(
        summarise(X, stats, kernels, P), summarise(X @ P.T, stats, kernels), rtol=0, atol=1e-12
    )


def test_skew_of_constant_frames_is_zero(kernels):
    """Also where a projection leaves the same number with different rounding in each frame."""
    P = np.random.default_rng(3).standard_normal((40, 128))
    assert not summarise(np.full((101, 128), -100.0, np.float32), ("skew", "delta_skew"), kernels, P).any()
