"""Transforms in lanes against NumPy's, and against what has a closed form."""

from __future__ import annotations

import numpy as np
import pytest

from edgecry.features.kernels import numpy_kernels

lanes = pytest.importorskip(
    "edgecry.features.kernels.lanes", reason="NOT TESTED: numba is not installed; pip install numba"
)
numba_kernels = pytest.importorskip("edgecry.features.kernels.numba_kernels")


def _spectra(y, window, hop_length, n_fft, rows):
    out = np.empty((rows, 1 + n_fft // 2), np.complex64)
    empty = np.empty((0, 0, lanes.LANES))
    lanes.transform(y, window, hop_length, lanes.room(n_fft), *lanes.factors(n_fft), empty, out)
    return out


def _powers(y, window, hop_length, n_fft, rows):
    """Frame by frame, as both engines give them."""
    power = numba_kernels.powers(window, hop_length, n_fft, rows, 0)(y)
    return power.transpose(0, 2, 1).reshape(-1, 1 + n_fft // 2)[:rows]


@pytest.mark.parametrize("n_fft", lanes.SIZES)
@pytest.mark.parametrize("rows", [1, 15, 16, 17, 40])
@pytest.mark.parametrize("inset", [0, 1, 111])
def test_equals_numpy(n_fft, rows, inset):
    rng = np.random.default_rng(n_fft + rows + inset)
    window, hop_length = rng.random(n_fft - inset), 100
    y = rng.standard_normal((rows - 1) * hop_length + len(window)).astype(np.float32)
    z = numpy_kernels.spectra(window, hop_length, n_fft, rows)(y)
    np.testing.assert_array_equal(_spectra(y, window, hop_length, n_fft, rows), z.astype(np.complex64))
    largest = np.abs(z).max() ** 2
    np.testing.assert_allclose(
        _powers(y, window, hop_length, n_fft, rows), np.abs(z) ** 2, atol=1e-13 * largest
    )


@pytest.mark.parametrize("n_fft", lanes.SIZES)
def test_a_whole_number_of_periods_is_one_bin(n_fft):
    for bin_ in (0, 1, n_fft // 8 + 1, n_fft // 2 - 1, n_fft // 2):
        y = np.cos(2 * np.pi * bin_ * np.arange(n_fft) / n_fft).astype(np.float32)
        found = _powers(y, np.ones(n_fft), 1, n_fft, 1)[0]
        size = n_fft if bin_ in (0, n_fft // 2) else n_fft / 2
        assert found[bin_] == pytest.approx(size**2, rel=1e-6)
        assert np.delete(found, bin_).max() < 1e-12 * size**2


@pytest.mark.parametrize("n_fft", lanes.SIZES)
def test_silence_stays_silent_beside_a_loud_frame(n_fft):
    """Frames of one batch share nothing, not even rounding: chroma would scale that up to 1."""
    y = np.zeros(16 * n_fft, np.float32)
    y[5 * n_fft : 6 * n_fft] = np.random.default_rng(0).standard_normal(n_fft)
    found = _powers(y, np.ones(n_fft), n_fft, n_fft, 16)
    assert (found.max(axis=1) > 0).tolist() == [row == 5 for row in range(16)]
    assert (_spectra(y, np.ones(n_fft), n_fft, n_fft, 16).any(axis=1) == (np.arange(16) == 5)).all()


@pytest.mark.parametrize("n_fft", [*lanes.SIZES, 400])
def test_room_is_left_clean(n_fft):
    """A frame's power is the same whatever was transformed before it, in the same lane or beside."""
    rng = np.random.default_rng(1)
    window, hop_length, rows = rng.random(n_fft // 2 - 3), 50, 32
    y = rng.standard_normal((rows - 1) * hop_length + len(window)).astype(np.float32)
    powers_of = numba_kernels.powers(window, hop_length, n_fft, rows, 0)
    whole = powers_of(y).copy().transpose(0, 2, 1).reshape(rows, -1)
    for row in (0, 7, 31):
        alone = powers_of(y[row * hop_length :][: len(window)]).transpose(0, 2, 1).reshape(16, -1)
        np.testing.assert_array_equal(alone[0], whole[row])
        assert not alone[1:].any()
