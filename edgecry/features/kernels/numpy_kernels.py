"""The hot loops in NumPy, over chunks of frames that fit a small core's cache.

Rounding follows librosa where a later step can tell: spectra are float64, magnitudes float32 of
complex64, and the parabola through a peak mixes the two as numba does in librosa.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

if TYPE_CHECKING:
    from edgecry.features.contrast import Band
    from edgecry.features.cqt import Basis
    from edgecry.features.mel import Block

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Complex128 = NDArray[np.complex128]


def rfft(frames: Float64, out: Complex128) -> Complex128:
    """Spectrum of each row, float64 (frames, n_fft) to complex128 (frames, 1 + n_fft // 2)."""
    return np.fft.rfft(frames, axis=1, out=out)


def magnitude(z: Complex128) -> Float32:
    """``abs(z)`` by way of complex64, in which librosa.stft stores it."""
    return np.abs(z.astype(np.complex64))


def mel_power(z: Complex128, blocks: Sequence[Block], out: Float32) -> None:
    """Power of ``z`` through a blocked filter bank, into ``out`` (frames, n_mels). Destroys ``z``."""
    parts = z.view(np.float64)
    np.square(parts, out=parts)
    for block in blocks:
        out[:, block.filters] = parts[:, block.parts] @ block.weights


def band_extremes(S: Float32, bands: Sequence[Band]) -> tuple[Float64, Float64]:
    """Mean of each band's largest and of its smallest magnitudes, both (frames, n_bands + 1)."""
    peak, valley = np.empty((2, len(S), len(bands)))
    for k, (bins, count) in enumerate(bands):
        band = S[:, bins]
        if count == 1:
            peak[:, k], valley[:, k] = band.max(axis=1), band.min(axis=1)
        else:
            # A whole sort: NumPy has it vectorised, and selection from both ends not.
            ordered = np.sort(band, axis=1)
            peak[:, k] = ordered[:, -count:].mean(axis=1)
            valley[:, k] = ordered[:, :count].mean(axis=1)
    return peak, valley


def spectral_peaks(S: Float32, bins: slice, sr: int, n_fft: int) -> tuple[Float32, Float32]:
    """Peaks above a tenth of their frame's maximum, placed by a parabola (librosa.piptrack).

    Returns
    -------
    pitches, magnitudes : float32 [shape=(n_peaks,)]
        In Hz, and in the units of ``S``.
    """
    low, high = bins.start, bins.stop
    centre, left, right = S[:, low:high], S[:, low - 1 : high - 1], S[:, low + 1 : high + 1]
    mask = centre > np.float32(0.1) * S.max(axis=1, keepdims=True)
    mask &= centre > left
    mask &= centre >= right
    rows, columns = np.nonzero(mask)
    at = rows * S.shape[1] + (columns + low)
    flat = S.ravel()
    x0, xm, xp = flat[at], flat[at - 1], flat[at + 1]
    a = (xp + xm).astype(np.float64) - 2.0 * x0
    b = (xp - xm).astype(np.float64) / 2.0
    inside = np.abs(b) < np.abs(a)
    shift = np.divide(-b, a, out=np.zeros_like(a), where=inside).astype(np.float32)
    pitches = ((columns + low) + shift.astype(np.float64)) * float(sr) / n_fft
    gradient = (xp - xm) / np.float32(2.0)
    return pitches.astype(np.float32), x0 + np.float32(0.5) * gradient * shift


def median(x: Float32) -> np.float32:
    """Median of a non-empty vector (np.median would import numpy.ma, 10 ms of a new process)."""
    half = len(x) // 2
    if len(x) % 2:
        return np.float32(np.partition(x, half)[half])
    ordered = np.partition(x, (half - 1, half))
    return np.float32((ordered[half - 1] + ordered[half]) / np.float32(2.0))


def histogram(x: Float32, edges: Float64) -> NDArray[np.intp]:
    """Counts of ``x`` between evenly spaced ``edges``, each bin [low, high), to the last bit."""
    bins = len(edges) - 1
    at = ((x - edges[0]) * (bins / (edges[-1] - edges[0]))).astype(np.intp)
    # The product can round to the neighbouring bin.
    at -= x < edges[at]
    at += x >= edges[at + 1]
    return np.bincount(at, minlength=bins)


def octave_notes(stretch: Float64, hop_length: int, basis: Basis, out: Float64) -> None:
    """One octave of a constant-Q transform, every three neighbouring bins summed into a note.

    The wavelets' halves are conjugates, so a frame is first folded at its middle, which halves the
    products. A sample is taken off all others beforehand: no wavelet answers to a constant, and so
    none answers to its rounding either, which would be normalised to 1.

    Parameters
    ----------
    stretch : float64 [shape=((frames - 1) * hop_length + n_fft,)]
    hop_length : int
    basis : Basis
    out : float64 [shape=(frames, 12)]
    """
    half, rows, step = basis.n_fft // 2, len(out), stretch.itemsize
    later = as_strided(stretch[half + 1 :], (rows, half - 1), (hop_length * step, step), writeable=False)
    earlier = as_strided(stretch[half:], (rows, half), (hop_length * step, -step), writeable=False)
    first = stretch[: (rows - 1) * hop_length + 1 : hop_length]
    even, odd = np.empty((2, rows, half))
    np.add(earlier[:, :-1], later, out=even[:, :-1])
    np.add(earlier[:, -1], first, out=even[:, -1])
    np.subtract(later, earlier[:, :-1], out=odd[:, :-1])
    np.subtract(first, earlier[:, -1], out=odd[:, -1])
    even -= 2.0 * earlier[:, :1]
    real, imaginary = even @ basis.even, odd @ basis.odd
    real *= real
    imaginary *= imaginary
    real += imaginary
    size = np.sqrt(real, out=real)
    np.add(size[:, ::3], size[:, 1::3], out=out)
    out += size[:, 2::3]
