"""The engines beside one another: each method of Kernels, by NumPy and by numba.

Where a later step decides by a bit (peaks, histograms, extremes, magnitudes) both give the same bits.
Elsewhere sums are taken in another order, and agree to the rounding of what is kept of them.
"""

from __future__ import annotations

import numpy as np
import pytest

from edgecry.features.contrast import contrast_bands
from edgecry.features.cqt import octave_basis
from edgecry.features.kernels import Band, Kernels, numpy_kernels
from edgecry.features.mel import mel_filters
from edgecry.features.stft import BLOCK, hann
from edgecry.features.tuning import track_bins

numba_kernels = pytest.importorskip(
    "edgecry.features.kernels.numba_kernels", reason="NOT TESTED: numba is not installed; pip install numba"
)

SR, HOP, ROWS = 16000, 160, 40
#: Transforms: of the lanes, and one that lanes do not take.
SIZES = (512, 1024, 2048, 400)
METHODS = [name for name, member in vars(Kernels).items() if callable(member) and not name.startswith("_")]


def noise(n: int, seed: int = 0) -> np.ndarray:
    return (0.1 * np.random.default_rng(seed).standard_normal(n)).astype(np.float32)


def stretch(win_length: int, rows: int = ROWS) -> np.ndarray:
    """Samples of so many frames, of which some are silent."""
    y = noise((rows - 1) * HOP + win_length)
    y[5 * HOP : 12 * HOP] = 0
    return y


def spectrogram(n_fft: int = 2048) -> np.ndarray:
    """Magnitudes of noise, a soft tone and silence."""
    y = stretch(n_fft) + 0.01 * np.sin(2 * np.pi * 440 * np.arange((ROWS - 1) * HOP + n_fft) / SR)
    out = np.empty((ROWS, 1 + n_fft // 2), np.float32)
    numpy_kernels.magnitudes(hann(n_fft), HOP, n_fft, ROWS)(y.astype(np.float32), out)
    return out


def both(n_fft: int, block: int = 0) -> tuple[object, object]:
    """Powers of one stretch by NumPy and by numba, each in its own layout."""
    window = hann(n_fft - 12)
    y = stretch(len(window), rows=48)
    return tuple(engine.powers(window, HOP, n_fft, 48, block)(y) for engine in (numpy_kernels, numba_kernels))


def assert_close(found: np.ndarray, expected: np.ndarray, part: float) -> None:
    """Equal to within a part of the largest value."""
    np.testing.assert_allclose(found, expected, rtol=0, atol=part * np.abs(expected).max())


def test_every_method_is_here():
    assert {f"test_{name}" for name in METHODS} <= set(globals())
    for engine in (numpy_kernels, numba_kernels):
        assert all(callable(getattr(engine, name)) for name in METHODS)


@pytest.mark.parametrize("n_fft", SIZES)
def test_frames_at_once(n_fft):
    """At least one frame; of numba's, whole batches."""
    assert numpy_kernels.frames_at_once(n_fft) >= 1
    assert numba_kernels.frames_at_once(n_fft) % BLOCK == 0 < numba_kernels.frames_at_once(n_fft)


@pytest.mark.parametrize("n_fft", SIZES)
def test_powers(n_fft):
    """NumPy's are spectra still; numba's lie in lanes."""
    spectra, power = both(n_fft)
    frames = power.transpose(0, 2, 1).reshape(-1, 1 + n_fft // 2)
    assert_close(frames, np.abs(spectra) ** 2, 1e-13)


@pytest.mark.parametrize("block", [0, BLOCK])
@pytest.mark.parametrize("n_fft", SIZES)
def test_sizes(n_fft, block):
    bins = slice(3, n_fft // 3)
    ours, theirs = (
        engine.sizes(powers, bins).reshape(48, -1)
        for engine, powers in zip((numpy_kernels, numba_kernels), both(n_fft, block), strict=True)
    )
    assert_close(theirs, ours, 1e-13)


@pytest.mark.parametrize("n_mels", [20, 128])
def test_mel_bank(n_mels):
    """Either layout holds every weight: of a flat spectrum each filter gives the sum of its own."""
    weights = mel_filters(SR, 1024, n_mels, 0.0, SR / 2)
    y = np.zeros(15 * HOP + 1024, np.float32)
    y[::HOP] = 1  # one impulse a frame, whose spectrum is flat
    for engine in (numpy_kernels, numba_kernels):
        powers = engine.powers(np.eye(1, 1024).ravel(), HOP, 1024, 16, 0)(y)
        out = np.empty((16, n_mels), np.float32)
        engine.mel_power(powers, engine.mel_bank(weights), out=out)
        np.testing.assert_allclose(out, np.tile(weights.sum(axis=1), (16, 1)), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("block", [0, BLOCK])
@pytest.mark.parametrize("n_fft", SIZES)
def test_mel_power(n_fft, block):
    weights, found = mel_filters(SR, n_fft, 32, 100.0, SR / 2), []
    for engine, powers in zip((numpy_kernels, numba_kernels), both(n_fft, block), strict=True):
        found.append(np.empty((48, 32), np.float32))
        engine.mel_power(powers, engine.mel_bank(weights), out=found[-1])
    np.testing.assert_allclose(found[1], found[0], rtol=2e-6, atol=1e-12)


@pytest.mark.parametrize("n_fft", SIZES)
def test_magnitudes(n_fft):
    """To the last bit: a peak is one by comparison with its neighbours."""
    window, found = hann(n_fft), []
    for engine in (numpy_kernels, numba_kernels):
        found.append(np.empty((ROWS, 1 + n_fft // 2), np.float32))
        engine.magnitudes(window, HOP, n_fft, ROWS)(stretch(n_fft), found[-1])
    np.testing.assert_array_equal(*found)


def test_band_extremes():
    """To the last bit, for the bands of the public recipe."""
    bands, S = contrast_bands(SR, 2048, 7, 100.0), spectrogram()
    np.testing.assert_array_equal(
        numba_kernels.band_extremes(S, bands), numpy_kernels.band_extremes(S, bands)
    )


BANDS = tuple(
    Band(slice(low, high), n) for low, high, n in ((0, 3, 1), (3, 9, 2), (5, 13, 8), (0, 90, 3), (7, 90, 8))
)


@pytest.mark.parametrize("levels", [2, 1000])
@pytest.mark.parametrize("choice", ["sorted_extremes", "selected_extremes"])
def test_extremes_are_found_by_sorting_and_by_selection(levels, choice, monkeypatch):
    """To the last bit, also of many equal values, and by the way that this machine would not choose."""
    S = np.random.default_rng(levels).integers(0, levels, (50, 90)).astype(np.float32) / 7
    expected = numpy_kernels.band_extremes(S, BANDS)
    monkeypatch.setattr(numba_kernels, "_extremes", getattr(numba_kernels, choice))
    np.testing.assert_array_equal(numba_kernels.band_extremes(S, BANDS), expected)


def test_spectral_peaks():
    """To the last bit: tuning is the highest bin of a histogram of them."""
    bins, S = track_bins(SR, 2048), spectrogram()
    ours, theirs = (engine.spectral_peaks(S, bins, SR, 2048) for engine in (numpy_kernels, numba_kernels))
    assert len(ours[0]) > 10 * ROWS
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(b, a)


def test_histogram():
    """To the last bit, also of values on an edge, where a rounded product would err."""
    edges = np.linspace(-0.5, 0.5, 101)
    inside = edges[:-1].astype(np.float32)
    x = np.concatenate((inside[inside >= edges[0]], np.random.default_rng(0).uniform(-0.5, 0.499, 10_000)))
    x = x.astype(np.float32)
    ours, theirs = (engine.histogram(x, edges) for engine in (numpy_kernels, numba_kernels))
    np.testing.assert_array_equal(theirs, ours)
    np.testing.assert_array_equal(ours, np.histogram(x.astype(np.float64), edges)[0])


@pytest.mark.parametrize(("dtype", "part"), [(np.float32, 1e-5), (np.float64, 1e-12)])
def test_octave_notes(dtype, part):
    """In the precision of the wavelets; a constant has no note in either."""
    basis = octave_basis(SR, 0.0)
    basis = basis._replace(even=basis.even.astype(dtype), odd=basis.odd.astype(dtype))
    for y in (noise(19 * 64 + basis.n_fft), np.full(19 * 64 + basis.n_fft, 0.3, np.float32)):
        ours, theirs = np.empty((2, 20, 12))
        numpy_kernels.octave_notes(y, 64, basis, out=ours)
        numba_kernels.octave_notes(y, 64, basis, out=theirs)
        np.testing.assert_allclose(theirs, ours, rtol=0, atol=part * ours.max())
    assert not ours.any()


def test_moments():
    values = np.random.default_rng(0).gamma(2.0, size=(300, 7))
    for theirs, ours in zip(numba_kernels.moments(values), numpy_kernels.moments(values), strict=True):
        np.testing.assert_allclose(theirs, ours, rtol=1e-12)


@pytest.mark.parametrize("half", [1, 4])
def test_slopes(half):
    """And of a line, its own slope."""
    frames = np.random.default_rng(0).standard_normal((50, 5))
    frames[:, 0] = 0.5 * np.arange(50)
    ours, theirs = np.empty((2, 50 - 2 * half, 5))
    numpy_kernels.slopes(frames, half, out=ours)
    numba_kernels.slopes(frames, half, out=theirs)
    assert_close(theirs, ours, 1e-13)
    np.testing.assert_allclose(ours[:, 0], 0.5, rtol=1e-12)
