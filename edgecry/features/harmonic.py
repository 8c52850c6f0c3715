"""The harmonic part of a sound: what lasts in time and is narrow in pitch.

Fitzgerald, "Harmonic/percussive separation using median filtering", DAFx 2010; as librosa.effects.harmonic
with its defaults. A median over time keeps what lasts, one over frequency keeps what is broad, and each bin
is scaled by the part that the first has in both.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from edgecry.arrays import Float32, Float64
from edgecry.features.kernels import numpy_kernels
from edgecry.features.median import WINDOW, running_median
from edgecry.features.stft import Geometry, hann

_GEOMETRY = Geometry(2048, 512, 2048)
#: Number of frames that are filtered together. Those before and after them are transformed once more.
_BLOCK = 64
_REACH = WINDOW // 2
_OVERLAP = _GEOMETRY.n_fft // _GEOMETRY.hop_length

_Spectra = NDArray[np.complex64]


def harmonic(y: Float32) -> Float32:
    """Return the harmonic part of ``y``.

    Parameters
    ----------
    y : float32 [shape=(n,)]

    Returns
    -------
    float32 [shape=(n,)]
    """
    hop, n_frames = _GEOMETRY.hop_length, _GEOMETRY.n_frames(len(y))
    out, window = np.zeros((n_frames + _OVERLAP - 1, hop)), hann(_GEOMETRY.n_fft)
    for first, spectra in _parts(y, n_frames):
        pieces = np.fft.irfft(spectra.astype(np.complex128), n=_GEOMETRY.n_fft, axis=1)
        pieces *= window
        for k in range(_OVERLAP):
            out[first + k : first + k + len(pieces)] += pieces[:, k * hop : (k + 1) * hop]
    lead = _GEOMETRY.lead
    sound = out.ravel()[lead : lead + len(y)] / _window_sum(n_frames)[lead : lead + len(y)]
    return sound.astype(np.float32)


def _parts(y: Float32, n_frames: int) -> Iterator[tuple[int, _Spectra]]:
    """Yield the index of a first frame, and the harmonic part of the frames from there on."""
    for first in range(0, n_frames, _BLOCK):
        count = min(_BLOCK, n_frames - first)
        around = _mirrored(np.arange(first - _REACH, first + count + _REACH), n_frames)
        low = int(around.min())
        spectra = _spectra(y, low, int(around.max()) + 1)
        S = np.abs(spectra)[around - low]
        inner = S[_REACH : _REACH + count]
        over_pitch = np.pad(inner, ((0, 0), (_REACH, _REACH)), mode="symmetric")
        mask = _mask(running_median(S), running_median(np.ascontiguousarray(over_pitch.T)).T)
        yield first, spectra[first - low : first - low + count] * mask


def _mirrored(frames: NDArray[np.intp], n_frames: int) -> NDArray[np.intp]:
    """Give frames beyond the ends the index of their mirror image, as often as it takes."""
    folded = frames % (2 * n_frames)
    return np.minimum(folded, 2 * n_frames - 1 - folded)


def _spectra(y: Float32, first: int, last: int) -> _Spectra:
    """Transform some frames, float64 as in librosa, and round them as it does."""
    hop, n_fft = _GEOMETRY.hop_length, _GEOMETRY.n_fft
    start = first * hop - _GEOMETRY.lead
    stop = start + (last - first - 1) * hop + n_fft
    inside = y[max(start, 0) : max(stop, 0)]
    stretch = np.zeros(stop - start, np.float32)
    stretch[max(-start, 0) : max(-start, 0) + len(inside)] = inside
    transformed = numpy_kernels.spectra(hann(n_fft), hop, n_fft, last - first)
    return transformed(stretch).astype(np.complex64)


def _mask(lasting: Float32, broad: Float32) -> Float32:
    """Return the share of what lasts in the energy of both; half where there is none."""
    larger = np.maximum(lasting, broad)
    empty = larger < np.finfo(np.float32).tiny
    larger[empty] = 1
    share, other = np.square(lasting / larger), np.square(broad / larger)
    share[empty] = other[empty] = 1  # their ratio is a half
    mask: Float32 = share / (share + other)
    return mask


def _window_sum(n_frames: int) -> Float64:
    """Return what overlapping windows give each sample of a signal, squared."""
    hop = _GEOMETRY.hop_length
    out, square = np.zeros((n_frames + _OVERLAP - 1, hop)), hann(_GEOMETRY.n_fft) ** 2
    for k in range(_OVERLAP):
        out[k : k + n_frames] += square[k * hop : (k + 1) * hop]
    total: Float64 = out.ravel()
    total[total < np.finfo(np.float32).tiny] = 1
    return total
