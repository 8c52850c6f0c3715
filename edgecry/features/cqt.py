"""Constant-Q transform folded onto notes, as the default librosa.feature.chroma_cqt.

Brown 1991; Schörkhuber & Klapuri 2010: seven octaves from C1, 36 bins each, from the top down:
one octave's wavelets serve all seven, while the signal is halved in rate from one to the next.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edgecry.features import kernels
from edgecry.features.chroma import N_CHROMA
from edgecry.features.spectra import Float32, Float64, Geometry, transforms

BINS_PER_OCTAVE = 36
N_OCTAVES = 7
HOP_LENGTH = 512
_C1 = 440.0 * 2.0 ** (-45 / 12)
_SPARSITY = 0.01
#: Equivalent noise bandwidth of the Hann window, in bins (librosa.filters.WINDOW_BANDWIDTHS).
_HANN_BANDWIDTH = 1.50018310546875


class Basis(NamedTuple):
    """The wavelets of one octave in the frequency domain, without their zeros.

    ``weights`` is complex64 of shape (bins, 36), for the spectrum's ``bins`` and a product from
    the right; every three neighbours among the 36 are one note, beginning a bin below C.
    ``early`` tells how often the signal is halved before its first octave.
    """

    n_fft: int
    bins: slice
    weights: NDArray[np.complex64]
    early: int


@lru_cache(maxsize=16)
def octave_basis(sr: int, tuning: float) -> Basis:
    """Wavelets of the top octave (librosa.filters.wavelet, librosa.util.sparsify_rows).

    librosa builds them anew for each octave, where they come out the same: its factors
    sqrt(sr ratio) and 1 / sqrt(length) cancel to 1 / sqrt(length in the top octave).

    Parameters
    ----------
    sr : int
        In Hz.
    tuning : float
        Deviation from A440, in bins.
    """
    top = (N_OCTAVES - 1) * BINS_PER_OCTAVE + np.arange(BINS_PER_OCTAVE)
    frequencies = _C1 * 2.0 ** ((top + tuning) / BINS_PER_OCTAVE)
    step = 2.0 ** (2.0 / BINS_PER_OCTAVE)
    quality = (step + 1) / (step - 1)
    cutoff = frequencies[-1] * (1 + 0.5 * _HANN_BANDWIDTH / quality)
    early = _early_halvings(sr / 2, cutoff)
    lengths = quality * (sr / 2**early) / frequencies
    n_fft = int(2 ** np.ceil(np.log2(lengths.max())))
    rows = [_wavelet(length, quality, n_fft) for length in lengths]
    spectra = np.fft.fft(rows, axis=1)[:, : n_fft // 2 + 1]
    spectra = np.stack([_sparsified(row) for row in spectra]) / np.sqrt(lengths)[:, None]
    # A note is a bin and its two neighbours; C's lower one is the octave's last (filters.cq_to_chroma).
    spectra = np.roll(spectra, 1, axis=0)
    used = np.flatnonzero(spectra.any(axis=0))
    bins = slice(int(used[0]), int(used[-1]) + 1)
    return Basis(n_fft, bins, np.ascontiguousarray(spectra[:, bins].T, dtype=np.complex64), early)


def _early_halvings(nyquist: float, cutoff: float) -> int:
    """Halvings that lose nothing of the top octave and leave a whole hop for the lowest one."""
    spare = max(0, int(np.ceil(np.log2(nyquist / cutoff)) - 1) - 1)
    return min(spare, (HOP_LENGTH & -HOP_LENGTH).bit_length() - 1 - N_OCTAVES + 1)


def _wavelet(length: float, quality: float, n_fft: int) -> NDArray[np.complex128]:
    """One windowed tone of ``quality`` periods in the middle of ``n_fft``, of L1 norm length / n_fft."""
    times = np.arange(-length // 2, length // 2, dtype=float)
    window = 0.5 + 0.5 * np.cos(np.linspace(-np.pi, np.pi, len(times) + 1)[:-1])
    tone = np.exp(2j * np.pi * quality / length * times) * window
    out = np.zeros(n_fft, np.complex128)
    start = (n_fft - len(tone)) // 2
    out[start : start + len(tone)] = tone / np.abs(tone).sum() * (length / n_fft)
    return out


def _sparsified(row: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """Zero the smallest values that together make less than a hundredth of the L1 norm."""
    sizes = np.abs(row)
    ordered = np.sort(sizes)
    floor = ordered[np.argmin(np.cumsum(ordered / ordered.sum()) < _SPARSITY)]
    return np.where(sizes >= floor, row, 0)


def halved(y: Float32, times: int = 1) -> Float32:
    """``y`` at ``2 ** -times`` of its rate, with its energy kept, as librosa.resample(scale=True)."""
    import soxr

    factor = 2**times
    size = -(-len(y) // factor)
    low: Float32 = soxr.resample(y, factor, 1, quality="HQ")
    out = np.zeros(size, np.float32)
    out[: min(size, len(low))] = low[:size]
    # A float64 divisor: float32(sqrt(0.5)) would be an ulp off, and silence beside sound shows it.
    out /= np.sqrt(1.0 / factor)
    return out


def chroma_cqt(y: Float32, sr: int, tuning: float) -> Float32:
    """Magnitudes of the constant-Q transform, summed over octaves into twelve notes.

    Parameters
    ----------
    y : float32 [shape=(n,)]
    sr : int
        In Hz.
    tuning : float
        In bins, a third of a semitone each.

    Returns
    -------
    float32 [shape=(n_frames, 12)]
        Not normalised.
    """
    basis = octave_basis(sr, tuning)
    hop = HOP_LENGTH >> basis.early
    if basis.early:
        y = halved(y, basis.early)
    octaves = []
    for octave in range(N_OCTAVES):
        octaves.append(_octave(y, Geometry(basis.n_fft, hop, basis.n_fft), basis))
        if octave < N_OCTAVES - 1:
            y, hop = halved(y), hop // 2
    # Rounding of the halved lengths can leave an octave a frame more than another.
    n_frames = min(map(len, octaves))
    total: Float64 = np.sum([chroma[:n_frames] for chroma in octaves], axis=0)
    return total.astype(np.float32)


def _octave(y: Float32, geometry: Geometry, basis: Basis) -> Float64:
    out = np.empty((geometry.n_frames(len(y)), N_CHROMA))
    for first, z in transforms(y, geometry, window=None):
        kernels.fold_octave(z[:, basis.bins], basis.weights, out=out[first : first + len(z)])
    return out
