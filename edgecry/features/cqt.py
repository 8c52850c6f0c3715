"""Constant-Q transform folded onto notes, as the default librosa.feature.chroma_cqt.

After Brown 1991 and Schörkhuber & Klapuri 2010. There are seven octaves from C1, of 36 bins each. They are
computed from the top down: the wavelets of one octave serve all seven, because the rate of the signal is
halved from one octave to the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from edgecry.arrays import Complex128, Float32, Float64
from edgecry.features.chroma import N_CHROMA
from edgecry.features.kernels import Basis, Kernels
from edgecry.features.stft import Geometry, stretches

BINS_PER_OCTAVE = 36
N_OCTAVES = 7
HOP_LENGTH = 512
_C1 = 440.0 * 2.0 ** (-45 / 12)
_SPARSITY = 0.01
_CHUNK_FRAMES = 80
#: Peak of a signal below which products of float32 lose digits.
_FAINTEST = 1e-25
#: Equivalent noise bandwidth of the Hann window, in bins (librosa.filters.WINDOW_BANDWIDTHS).
_HANN_BANDWIDTH = 1.50018310546875


class Spectrum(NamedTuple):
    """The wavelets of one octave in the frequency domain. They are real, as time counts from their middle.

    ``weights`` has shape (bins, 36) for the ``bins`` of a transform of ``n_fft``. ``early`` tells how often
    the signal is halved before its first octave.
    """

    n_fft: int
    bins: slice
    weights: Float64
    early: int


def octave_basis(sr: int, tuning: float) -> Basis:
    """Return the wavelets of one octave as functions of the samples of a frame.

    Parameters
    ----------
    sr : int
        In Hz.
    tuning : float
        Deviation from A440, in bins.
    """
    n_fft, bins, weights, early = octave_spectrum(sr, tuning)
    cosines, sines = _waves(n_fft, bins.start, bins.stop)
    return Basis(n_fft, cosines @ weights, sines @ weights, early)


@lru_cache(maxsize=4)
def _waves(n_fft: int, start: int, stop: int) -> tuple[Float64, Float64]:
    """Return cosine and sine of some bins, at the samples after the middle of a frame."""
    angles = np.multiply.outer(np.arange(n_fft // 2) + 0.5, np.arange(start, stop)) * (2 * np.pi / n_fft)
    return np.cos(angles), np.sin(angles)


@lru_cache(maxsize=100)
def octave_spectrum(sr: int, tuning: float) -> Spectrum:
    """Return the wavelets of the top octave (librosa.filters.wavelet, librosa.util.sparsify_rows).

    librosa builds them again for each octave, and gets the same: its factors sqrt(sr ratio) and
    1 / sqrt(length) cancel to 1 / sqrt(length in the top octave). There are a hundred tunings. The
    wavelets of each take 22 kB and are kept.

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
    spectra = np.fft.fft(_wavelets(lengths, quality, n_fft), axis=1)[:, : n_fft // 2 + 1]
    spectra = _sparsified(spectra) / np.sqrt(lengths)[:, None]
    turned = spectra * np.exp(2j * np.pi * (n_fft - 1) / 2 / n_fft * np.arange(n_fft // 2 + 1))
    # A note is a bin and its two neighbours. The lower neighbour of C is the last bin of the octave
    # (filters.cq_to_chroma).
    weights = np.concatenate((turned.real[-1:], turned.real[:-1])).T
    used = np.flatnonzero(weights.any(axis=1))
    bins = slice(int(used[0]), int(used[-1]) + 1)
    return Spectrum(n_fft, bins, np.ascontiguousarray(weights[bins]), early)


def _early_halvings(nyquist: float, cutoff: float) -> int:
    """Return how often the signal may be halved without loss to the top octave.

    The hop of the lowest octave stays a whole number of samples.
    """
    spare = max(0, int(np.ceil(np.log2(nyquist / cutoff)) - 1) - 1)
    return min(spare, (HOP_LENGTH & -HOP_LENGTH).bit_length() - 1 - N_OCTAVES + 1)


def _wavelets(lengths: Float64, quality: float, n_fft: int) -> Complex128:
    """Make windowed tones of ``quality`` periods in the middle of ``n_fft``, of L1 norm length / n_fft.

    The windows of librosa have an odd number of samples and are periodic, so their middle lies half-way
    between two samples. The phase is zero there, half a sample from where librosa has it. Magnitudes are
    the same, and the halves of a wavelet become conjugates.
    """
    times = np.arange(n_fft // 2) + 0.5
    sizes = 2 * np.floor(lengths / 2)[:, None] + 1
    windows = np.where(2 * times < sizes, 0.5 + 0.5 * np.cos(2 * np.pi / sizes * times), 0.0)
    windows *= (lengths / n_fft / (2 * windows.sum(axis=1)))[:, None]
    angles = (2 * np.pi * quality / lengths)[:, None] * times
    out = np.empty((len(lengths), n_fft), np.complex128)
    later, earlier = out[:, n_fft // 2 :], out[:, n_fft // 2 - 1 :: -1]
    later.real, later.imag = windows * np.cos(angles), windows * np.sin(angles)
    np.conjugate(later, out=earlier)
    return out


def _sparsified(rows: Complex128) -> Complex128:
    """Set the smallest values of each row to 0: those that together are under 1 % of its L1 norm."""
    sizes = np.abs(rows)
    ordered = np.sort(sizes, axis=1)
    shares = np.cumsum(ordered / ordered.sum(axis=1, keepdims=True), axis=1)
    floor = np.take_along_axis(ordered, np.argmin(shares < _SPARSITY, axis=1)[:, None], axis=1)
    return np.where(sizes >= floor, rows, 0)


def halved(y: Float32, times: int = 1) -> Float32:
    """Resample ``y`` to ``2 ** -times`` of its rate and keep its energy, as librosa.resample(scale=True)."""
    import soxr

    factor = 2**times
    size = half_size(len(y), times)
    low: Float32 = soxr.resample(y, factor, 1, quality="HQ")[:size]
    if len(low) < size:
        low = np.concatenate((low, np.zeros(size - len(low), np.float32)))
    return keep_energy(low, factor)


def half_size(n: int, times: int = 1) -> int:
    """Return how many samples are left of ``n`` when the rate is halved."""
    return -(-n >> times)


def keep_energy(low: Float32, factor: int) -> Float32:
    """Scale a signal of which one sample in ``factor`` is left, in place."""
    # The divisor is float64. float32(sqrt(0.5)) is an ulp off, which shows in silence beside sound.
    low /= np.sqrt(1.0 / factor)
    return low


def chroma_cqt(
    y: Float32, sr: int, tuning: float, kernels: Kernels, halves: Sequence[Float32] = ()
) -> Float32:
    """Compute the magnitudes of the constant-Q transform, summed over octaves into twelve notes.

    Parameters
    ----------
    y : float32 [shape=(n,)]
    sr : int
        In Hz.
    tuning : float
        In bins, a third of a semitone each.
    kernels : Kernels
    halves : sequence of float32
        The signals of the lower octaves, if they are there already. Each is half of the one before.

    Returns
    -------
    float32 [shape=(n_frames, 12)]
        They are not normalised.
    """
    basis = octave_basis(sr, tuning)
    hop = HOP_LENGTH >> basis.early
    if basis.early:
        y = halved(y, basis.early)
    # float32 serves the inner octaves: what they take from outside their bins also sounds in a neighbour,
    # so that rounding is small beside the sum. For the outer two octaves it may be all there is, and for
    # the faintest signals float32 has too few digits.
    rounded = basis
    if np.abs(y).max(initial=0.0) > _FAINTEST:
        rounded = basis._replace(even=basis.even.astype(np.float32), odd=basis.odd.astype(np.float32))
    octaves = []
    for octave in range(N_OCTAVES):
        is_inner = 0 < octave < N_OCTAVES - 1
        geometry = Geometry(basis.n_fft, hop, basis.n_fft)
        octaves.append(_octave(y, geometry, rounded if is_inner else basis, kernels))
        if octave < N_OCTAVES - 1:
            y, hop = halves[octave] if halves else halved(y), hop // 2
    # Halved lengths are rounded, so that one octave can have a frame more than another.
    n_frames = min(map(len, octaves))
    total: Float64 = np.sum([chroma[:n_frames] for chroma in octaves], axis=0)
    return total.astype(np.float32)


def _octave(y: Float32, geometry: Geometry, basis: Basis, kernels: Kernels) -> Float64:
    out = np.empty((geometry.n_frames(len(y)), N_CHROMA))
    for first, stretch in stretches(y, geometry, _CHUNK_FRAMES):
        kernels.octave_notes(stretch, geometry.hop_length, basis, out=out[first : first + _CHUNK_FRAMES])
    return out
