"""The hot loops compiled by numba, for a process that lives long.

Transforms, products and sorting stay with the libraries; what is compiled is what NumPy can only
do in several passes. Signatures are given, so that importing this module compiles, or reads what
``edgecry warmup`` compiled, and nothing is compiled later. No fastmath where a later step can
tell; it is allowed to reorder sums that are rounded to float32 afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

from edgecry.features.kernels import numpy_kernels

if TYPE_CHECKING:
    from edgecry.features.contrast import Band
    from edgecry.features.cqt import Basis
    from edgecry.features.kernels import Complex128, Float32, Float64
    from edgecry.features.mel import Block

Function = TypeVar("Function", bound=Callable[..., Any])

_SUMS = {"reassoc", "contract", "nsz"}
_EXACT: set[str] = set()

magnitude = numpy_kernels.magnitude


def _compiled(signature: str, fastmath: set[str] = _EXACT) -> Callable[[Function], Function]:
    # nogil: threads that share a Classifier run side by side.
    decorate: Any = numba.njit(signature, fastmath=fastmath, cache=True, nogil=True, error_model="numpy")
    return cast(Callable[[Function], Function], decorate)


@_compiled("void(f8[::1], f8[::1], i8, f8[:, ::1])")
def window_frames(stretch: Float64, window: Float64, hop_length: int, out: Float64) -> None:
    """See :class:`Kernels`."""
    for row in range(out.shape[0]):
        start = row * hop_length
        for i in range(window.shape[0]):
            out[row, i] = stretch[start + i] * window[i]


def mel_power(z: Complex128, blocks: Sequence[Block], out: Float32) -> None:
    """See :class:`Kernels`."""
    power = z.view(np.float64)
    np.square(power, out=power)
    for block in blocks:
        out[:, block.filters] = power[:, block.parts] @ block.weights


def band_extremes(S: Float32, bands: Sequence[Band]) -> tuple[Float64, Float64]:
    """See :class:`Kernels`."""
    peak, valley = np.empty((2, len(S), len(bands)))
    table = np.array([(b.bins.start, b.bins.stop, b.n_extremes) for b in bands], np.int64)
    _extremes(S, table.reshape(-1, 3), peak, valley)
    return peak, valley


@_compiled("void(f4[:, ::1], i8[:, ::1], f8[:, ::1], f8[:, ::1])")
def _extremes(S: Float32, bands: NDArray[np.int64], peak: Float64, valley: Float64) -> None:
    """Keep the largest and smallest of each band in two short sorted lists: most values enter neither."""
    top, bottom = np.empty(S.shape[1], np.float32), np.empty(S.shape[1], np.float32)
    for row in range(S.shape[0]):
        for band in range(bands.shape[0]):
            start, stop, count = bands[band]
            top[:count], bottom[:count] = -np.inf, np.inf
            last = count - 1
            for k in range(start, stop):
                value = S[row, k]
                if value > top[last]:
                    at = last
                    while at > 0 and top[at - 1] < value:
                        top[at] = top[at - 1]
                        at -= 1
                    top[at] = value
                if value < bottom[last]:
                    at = last
                    while at > 0 and bottom[at - 1] > value:
                        bottom[at] = bottom[at - 1]
                        at -= 1
                    bottom[at] = value
            peak[row, band] = top[:count].sum() / count
            valley[row, band] = bottom[:count].sum() / count


def spectral_peaks(S: Float32, bins: slice, sr: int, n_fft: int) -> tuple[Float32, Float32]:
    """See :class:`Kernels`."""
    # Two neighbours cannot both be peaks.
    room = S.shape[0] * ((bins.stop - bins.start) // 2 + 1)
    pitches, magnitudes = np.empty((2, room), np.float32)
    count = _peaks(S, bins.start, bins.stop, float(sr), n_fft, pitches, magnitudes)
    return pitches[:count].copy(), magnitudes[:count].copy()


@_compiled("i8(f4[:, ::1], i8, i8, f8, i8, f4[::1], f4[::1])")
def _peaks(
    S: Float32, low: int, high: int, sr: float, n_fft: int, pitches: Float32, magnitudes: Float32
) -> int:
    count = 0
    for row in range(S.shape[0]):
        frame = S[row]
        floor = np.float32(0.1) * frame.max()
        for k in range(low, high):
            centre, left, right = frame[k], frame[k - 1], frame[k + 1]
            if not (centre > floor and centre > left and centre >= right):
                continue
            rise = right - left
            a = np.float64(right + left) - 2.0 * np.float64(centre)
            b = np.float64(rise) / 2.0
            shift = np.float32(-b / a) if abs(b) < abs(a) else np.float32(0.0)
            pitches[count] = (k + np.float64(shift)) * sr / n_fft
            slope = np.float32(0.5) * (rise / np.float32(2.0))
            magnitudes[count] = centre + slope * shift
            count += 1
    return count


def histogram(x: Float32, edges: Float64) -> NDArray[np.intp]:
    """See :class:`Kernels`."""
    counts = np.zeros(len(edges) - 1, np.intp)
    _count(x, edges, counts)
    return counts


@_compiled("void(f4[::1], f8[::1], i8[::1])")
def _count(x: Float32, edges: Float64, counts: NDArray[np.intp]) -> None:
    scale = counts.shape[0] / (edges[-1] - edges[0])
    for i in range(x.shape[0]):
        value = np.float64(x[i])
        at = int((value - edges[0]) * scale)
        # The product can round to the neighbouring bin.
        if value < edges[at]:
            at -= 1
        elif value >= edges[at + 1]:
            at += 1
        counts[at] += 1


def octave_notes(stretch: Float64, hop_length: int, basis: Basis, out: Float64) -> None:
    """See :class:`Kernels`."""
    even, odd = np.empty((2, len(out), basis.n_fft // 2))
    _fold(stretch, hop_length, even, odd)
    _notes(even @ basis.even, odd @ basis.odd, out)


@_compiled("void(f8[::1], i8, f8[:, ::1], f8[:, ::1])")
def _fold(stretch: Float64, hop_length: int, even: Float64, odd: Float64) -> None:
    """Sums and differences of the samples on both sides of each frame's middle, less the middle one."""
    half = even.shape[1]
    for row in range(even.shape[0]):
        middle = row * hop_length + half
        offset = 2.0 * stretch[middle]
        for i in range(half):
            # Beyond the frame's last sample comes its first.
            later = stretch[middle + 1 + i] if i < half - 1 else stretch[middle - half]
            earlier = stretch[middle - i]
            even[row, i] = (earlier + later) - offset
            odd[row, i] = later - earlier


@_compiled("void(f8[:, ::1], f8[:, ::1], f8[:, ::1])", _SUMS)
def _notes(real: Float64, imaginary: Float64, out: Float64) -> None:
    for row in range(out.shape[0]):
        for note in range(out.shape[1]):
            total = 0.0
            for k in range(3 * note, 3 * note + 3):
                total += np.sqrt(real[row, k] ** 2 + imaginary[row, k] ** 2)
            out[row, note] = total
