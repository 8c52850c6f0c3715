"""The hot loops compiled by numba, for a process that lives long.

Transforms, products and sorting stay with the libraries; what is compiled is what NumPy can only
do in several passes. Signatures are given, so that importing this module compiles, or reads what
``edgecry warmup`` compiled, and nothing is compiled later. No fastmath where a later step can
tell; it is allowed to reorder sums that are rounded to float32 afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from platform import machine
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

from edgecry.features.kernels import numpy_kernels

if TYPE_CHECKING:
    from edgecry.features.contrast import Band
    from edgecry.features.cqt import Basis
    from edgecry.features.kernels import Complex128, Float32, Float64

Function = TypeVar("Function", bound=Callable[..., Any])

_SUMS = {"reassoc", "contract", "nsz"}
_FUSED = {"contract"}
_EXACT: set[str] = set()

name = "numba"
magnitude = numpy_kernels.magnitude


def _compiled(*signatures: str, fastmath: set[str] = _EXACT) -> Callable[[Function], Function]:
    # nogil: threads that share a Classifier run side by side.
    decorate: Any = numba.njit(
        list(signatures), fastmath=fastmath, cache=True, nogil=True, error_model="numpy"
    )
    return cast(Callable[[Function], Function], decorate)


@_compiled("void(f4[::1], f8[::1], i8, f8[:, ::1])")
def window_frames(stretch: Float32, window: Float64, hop_length: int, out: Float64) -> None:
    """See :class:`Kernels`."""
    for row in range(out.shape[0]):
        # Views of one row: loops over two indices are not vectorised.
        frame, windowed = stretch[row * hop_length :], out[row]
        for i in range(window.shape[0]):
            windowed[i] = frame[i] * window[i]


def selected_extremes(S: Float32, bands: Sequence[Band]) -> tuple[Float64, Float64]:
    """As :func:`numpy_kernels.band_extremes`, without sorting what is not among the extremes."""
    peak, valley = np.empty((2, len(S), len(bands)))
    for k, (bins, count) in enumerate(bands):
        band = S[:, bins]
        if count == 1:
            peak[:, k], valley[:, k] = band.max(axis=1), band.min(axis=1)
        else:
            largest, smallest = np.empty((2, len(S), count), np.float32)
            _select(S, bins.start, bins.stop, largest, smallest)
            peak[:, k], valley[:, k] = largest.mean(axis=1), smallest.mean(axis=1)
    return peak, valley


@_compiled("void(f4[:, ::1], i8, i8, f4[:, ::1], f4[:, ::1])")
def _select(S: Float32, low: int, high: int, largest: Float32, smallest: Float32) -> None:
    """Keep both lists in rising order by insertion, which few values need."""
    last = largest.shape[1] - 1
    for row in range(S.shape[0]):
        top, bottom = largest[row], smallest[row]
        top[:], bottom[:] = -np.inf, np.inf
        for k in range(low, high):
            value = S[row, k]
            if value > top[0]:
                i = 0
                while i < last and top[i + 1] < value:
                    top[i] = top[i + 1]
                    i += 1
                top[i] = value
            if value < bottom[last]:
                i = last
                while i > 0 and bottom[i - 1] > value:
                    bottom[i] = bottom[i - 1]
                    i -= 1
                bottom[i] = value


#: Where NumPy's sort has wide vectors to work with, it beats the selection; on NEON it takes far more
#: instructions.
band_extremes = numpy_kernels.band_extremes if machine() in ("x86_64", "AMD64") else selected_extremes


class Rows(NamedTuple):
    """Filters without their zeros: where each begins, in the spectrum and among the weights."""

    bins: NDArray[np.int64]
    starts: NDArray[np.int64]
    weights: Float64


def mel_bank(weights: Float64) -> Rows:
    """See :class:`Kernels`."""
    used = [np.flatnonzero(row) for row in weights]
    spans = [(int(u[0]), int(u[-1]) + 1) if len(u) else (0, 0) for u in used]
    starts = np.cumsum([0] + [high - low for low, high in spans])
    parts = [row[low:high] for row, (low, high) in zip(weights, spans, strict=True)]
    return Rows(np.array([low for low, _ in spans]), starts, np.concatenate(parts))


def mel_power(z: Complex128, bank: Rows, out: Float32) -> None:
    """See :class:`Kernels`."""
    frames, power = z.reshape(-1, z.shape[-1]), out.reshape(-1, out.shape[-1])
    _filtered(frames, bank.bins, bank.starts, bank.weights, power)


@_compiled("void(c16[:, ::1], i8[::1], i8[::1], f8[::1], f4[:, ::1])", fastmath=_FUSED)
def _filtered(
    z: Complex128, bins: NDArray[np.int64], starts: NDArray[np.int64], weights: Float64, out: Float32
) -> None:
    """Four frames at a time: their sums do not wait for one another."""
    power = np.zeros((z.shape[1], 4))
    for first in range(0, z.shape[0], 4):
        count = min(4, z.shape[0] - first)
        for lane in range(count):
            frame = z[first + lane]
            for k in range(frame.shape[0]):
                value = frame[k]
                power[k, lane] = value.real * value.real + value.imag * value.imag
        for m in range(out.shape[1]):
            a = b = c = d = 0.0
            band, part = weights[starts[m] : starts[m + 1]], power[bins[m] :]
            for k in range(band.shape[0]):
                a += band[k] * part[k, 0]
                b += band[k] * part[k, 1]
                c += band[k] * part[k, 2]
                d += band[k] * part[k, 3]
            out[first, m] = a
            if count > 1:
                out[first + 1, m] = b
            if count > 2:
                out[first + 2, m] = c
            if count > 3:
                out[first + 3, m] = d


def spectral_peaks(S: Float32, bins: slice, sr: int, n_fft: int) -> tuple[Float32, Float32]:
    """See :class:`Kernels`."""
    # Two neighbours cannot both be peaks.
    room = S.shape[0] * ((bins.stop - bins.start) // 2 + 1)
    pitches, magnitudes = np.empty((2, room), np.float32)
    floors = np.float32(0.1) * S.max(axis=1)
    count = _peaks(S, floors, bins.start, bins.stop, float(sr), n_fft, pitches, magnitudes)
    return pitches[:count].copy(), magnitudes[:count].copy()


@_compiled("i8(f4[:, ::1], f4[::1], i8, i8, f8, i8, f4[::1], f4[::1])")
def _peaks(
    S: Float32,
    floors: Float32,
    low: int,
    high: int,
    sr: float,
    n_fft: int,
    pitches: Float32,
    magnitudes: Float32,
) -> int:
    n = high - low
    is_peak, places = np.empty(n, np.bool_), np.empty(n, np.int64)
    total = 0
    for row in range(S.shape[0]):
        before, frame, after, floor = S[row, low - 1 :], S[row, low:], S[row, low + 1 :], floors[row]
        # Three loops without branches, which cost more than the work they would save.
        for k in range(n):
            is_peak[k] = (frame[k] > floor) & (frame[k] > before[k]) & (frame[k] >= after[k])
        count = 0
        for k in range(n):
            places[count] = k
            count += is_peak[k]
        for i in range(count):
            k = places[i]
            centre, left, right = frame[k], before[k], after[k]
            rise = right - left
            a = np.float64(right + left) - 2.0 * np.float64(centre)
            b = np.float64(rise) / 2.0
            shift = np.float32(-b / a) if abs(b) < abs(a) else np.float32(0.0)
            pitches[total + i] = (low + k + np.float64(shift)) * sr / n_fft
            slope = np.float32(0.5) * (rise / np.float32(2.0))
            magnitudes[total + i] = centre + slope * shift
        total += count
    return total


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


def octave_notes(stretch: Float32, hop_length: int, basis: Basis, out: Float64) -> None:
    """See :class:`Kernels`."""
    even, odd = np.empty((2, len(out), basis.n_fft // 2), basis.even.dtype)
    _fold(stretch, stretch[::-1].copy(), hop_length, even, odd)
    _notes(even @ basis.even, odd @ basis.odd, out)


@_compiled(
    "void(f4[::1], f4[::1], i8, f4[:, ::1], f4[:, ::1])", "void(f4[::1], f4[::1], i8, f8[:, ::1], f8[:, ::1])"
)
def _fold(stretch: Float32, turned: Float32, hop_length: int, even: Float64, odd: Float64) -> None:
    """Sums and differences of the samples on both sides of each frame's middle, less the middle one.

    ``turned`` is ``stretch`` from its end: loops that count down are not vectorised.
    """
    half, number = even.shape[1], even.dtype.type
    for row in range(even.shape[0]):
        first = row * hop_length
        middle, at = number(stretch[first + half]), turned.shape[0] - 1 - first - half
        later, earlier = stretch[first + half + 1 :], turned[at:]
        sums, differences = even[row], odd[row]
        for i in range(half - 1):
            a, b = number(earlier[i]) - middle, number(later[i]) - middle
            sums[i] = a + b
            differences[i] = b - a
        # Beyond the last sample comes the first, out of the loop, which is vectorised without it.
        a, b = number(earlier[half - 1]) - middle, number(stretch[first]) - middle
        sums[half - 1] = a + b
        differences[half - 1] = b - a


@_compiled(
    "void(f4[:, ::1], f4[:, ::1], f8[:, ::1])", "void(f8[:, ::1], f8[:, ::1], f8[:, ::1])", fastmath=_SUMS
)
def _notes(real: Float64, imaginary: Float64, out: Float64) -> None:
    sizes = np.empty(real.shape[1])
    for row in range(out.shape[0]):
        parts, notes = (real[row], imaginary[row]), out[row]
        for k in range(sizes.shape[0]):
            # In float64, where squares of the faintest sound do not vanish.
            a, b = np.float64(parts[0][k]), np.float64(parts[1][k])
            sizes[k] = np.sqrt(a * a + b * b)
        for note in range(notes.shape[0]):
            notes[note] = sizes[3 * note] + sizes[3 * note + 1] + sizes[3 * note + 2]


def cache_path() -> str:
    """Where numba keeps what it compiled of this module."""
    dispatcher: Any = _notes
    return str(dispatcher.stats.cache_path)
