"""The hot loops compiled by numba, for a process that lives long.

Transforms, products and sorting stay with the libraries. What is compiled is what NumPy can only do in
several passes. Signatures are given, so that importing this module compiles, or reads what
``edgecry warmup`` compiled, and nothing is compiled later. fastmath is not used if a later step can see
the difference. It may reorder sums that are rounded to float32 afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from platform import machine
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

from edgecry.features.kernels import lanes, numpy_kernels

if TYPE_CHECKING:
    from edgecry.arrays import Complex128, Float32, Float64
    from edgecry.features.kernels import Band, Basis

Function = TypeVar("Function", bound=Callable[..., Any])

_SUMS = {"reassoc", "contract", "nsz"}
_FUSED = {"contract"}
_EXACT: set[str] = set()
_NO_POWER = np.empty((0, 0, lanes.LANES))
_NO_SPECTRA = np.empty((0, 0), np.complex64)

name = "numba"
#: Number of samples transformed at a time. With their spectra they stay in the cache.
_CHUNK = 64 * 1024


def _compiled(*signatures: str, fastmath: set[str] = _EXACT) -> Callable[[Function], Function]:
    # nogil lets threads that share a Classifier run side by side.
    decorate: Any = numba.njit(
        list(signatures), fastmath=fastmath, cache=True, nogil=True, error_model="numpy"
    )
    return cast(Callable[[Function], Function], decorate)


def frames_at_once(n_fft: int) -> int:
    """See :class:`Kernels`."""
    return max(1, _CHUNK // n_fft // lanes.LANES) * lanes.LANES


def powers(
    window: Float64,
    hop_length: int,
    n_fft: int,
    rows: int,
    block: int,  # noqa: ARG001 - lanes are apart
) -> Callable[[Float32], Float64]:
    """See :class:`Kernels`. The shape is (batches, 1 + n_fft // 2, lanes), whatever ``block`` is."""
    batches = -(-rows // lanes.LANES)
    out = np.empty((batches, 1 + n_fft // 2, lanes.LANES))
    if n_fft in lanes.SIZES:
        room, factors = lanes.room(n_fft), lanes.factors(n_fft)

        def transformed(stretch: Float32) -> Float64:
            part = out[: _batches(stretch, window, hop_length)]
            lanes.transform(stretch, window, hop_length, room, *factors, part, _NO_SPECTRA)
            return part

        return transformed
    spectra = numpy_kernels.spectra(window, hop_length, n_fft, rows)

    def laid_out(stretch: Float32) -> Float64:
        part = out[: _batches(stretch, window, hop_length)]
        _lay_out(spectra(stretch), part)
        return part

    return laid_out


def _batches(stretch: Float32, window: Float64, hop_length: int) -> int:
    count = 1 + (len(stretch) - len(window)) // hop_length
    return -(-count // lanes.LANES)


@_compiled("void(c16[:, ::1], f8[:, :, ::1])")
def _lay_out(z: Complex128, out: Float64) -> None:
    """Write the power of spectra (frames, bins) into lanes, and zeros into lanes after the last frame."""
    out[-1] = 0.0
    for row in range(z.shape[0]):
        part, lane = out[row // lanes.LANES], row % lanes.LANES
        for k in range(z.shape[1]):
            value = z[row, k]
            part[k, lane] = value.real * value.real + value.imag * value.imag


def sizes(powers: Float64, bins: slice) -> Float64:
    """See :class:`Kernels`."""
    return np.sqrt(powers[:, bins].transpose(0, 2, 1))


def magnitudes(
    window: Float64, hop_length: int, n_fft: int, rows: int
) -> Callable[[Float32, Float32], object]:
    """See :class:`Kernels`."""
    if n_fft not in lanes.SIZES:
        return numpy_kernels.magnitudes(window, hop_length, n_fft, rows)
    room, factors, z = lanes.room(n_fft), lanes.factors(n_fft), np.empty((rows, 1 + n_fft // 2), np.complex64)

    def magnitude(stretch: Float32, out: Float32) -> None:
        lanes.transform(stretch, window, hop_length, room, *factors, _NO_POWER, z[: len(out)])
        np.abs(z[: len(out)], out=out)

    return magnitude


def band_extremes(S: Float32, bands: Sequence[Band]) -> tuple[Float64, Float64]:
    """See :class:`Kernels`."""
    peak, valley = np.empty((2, len(S), len(bands)))
    for k, (bins, count) in enumerate(bands):
        if count == 1:
            _bounds(S, bins.start, bins.stop, peak[:, k], valley[:, k])
        else:
            largest, smallest = _extremes(S, bins, count)
            _means(largest, peak[:, k])
            _means(smallest, valley[:, k])
    return peak, valley


def sorted_extremes(S: Float32, bins: slice, count: int) -> tuple[Float32, Float32]:
    """Return the ``count`` largest and smallest of ``bins`` in each frame, rising, both (frames, count)."""
    ordered = np.sort(S[:, bins], axis=1)
    return ordered[:, -count:], ordered[:, :count]


def selected_extremes(S: Float32, bins: slice, count: int) -> tuple[Float32, Float32]:
    """Return the same as :func:`sorted_extremes`, without sorting the other values."""
    largest, smallest = np.empty((2, len(S), count), np.float32)
    _select(S, bins.start, bins.stop, largest, smallest)
    return largest, smallest


@_compiled("void(f4[:, ::1], i8, i8, f8[:], f8[:])")
def _bounds(S: Float32, low: int, high: int, peak: Float64, valley: Float64) -> None:
    for row in range(S.shape[0]):
        largest = smallest = S[row, low]
        for k in range(low + 1, high):
            value = S[row, k]
            largest = value if value > largest else largest
            smallest = value if value < smallest else smallest
        peak[row], valley[row] = largest, smallest


@_compiled("void(f4[:, :], f8[:])")
def _means(rows: Float32, out: Float64) -> None:
    for row in range(rows.shape[0]):
        total = 0.0
        for k in range(rows.shape[1]):
            total += rows[row, k]
        out[row] = total / rows.shape[1]


@_compiled("void(f4[:, ::1], i8, i8, f4[:, ::1], f4[:, ::1])")
def _select(S: Float32, low: int, high: int, largest: Float32, smallest: Float32) -> None:
    """Keep both lists in rising order by insertion, which is needed for few values only."""
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


#: NumPy's sort is faster than the selection where the processor has wide vectors. On NEON it takes far more
#: instructions.
_extremes = sorted_extremes if machine() in ("x86_64", "AMD64") else selected_extremes


class Rows(NamedTuple):
    """Filters without their zeros. ``bins`` and ``starts`` say where each begins, in spectrum and weights."""

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


def mel_power(powers: Float64, bank: Rows, out: Float32) -> None:
    """See :class:`Kernels`."""
    _filtered(powers, bank.bins, bank.starts, bank.weights, out)


@_compiled("void(f8[:, :, ::1], i8[::1], i8[::1], f8[::1], f4[:, ::1])", fastmath=_FUSED)
def _filtered(
    power: Float64, bins: NDArray[np.int64], starts: NDArray[np.int64], weights: Float64, out: Float32
) -> None:
    """Filter eight frames at a time: their sums do not wait for one another, and stay in registers."""
    for first in range(0, power.shape[0] * lanes.LANES, 8):
        batch, low, rows = first // lanes.LANES, first % lanes.LANES, out[first : first + 8]
        for m in range(out.shape[1]):
            a = b = c = d = e = f = g = h = 0.0
            for k in range(starts[m + 1] - starts[m]):
                w, p = weights[starts[m] + k], power[batch, bins[m] + k, low:]
                a, b, c, d = a + w * p[0], b + w * p[1], c + w * p[2], d + w * p[3]
                e, f, g, h = e + w * p[4], f + w * p[5], g + w * p[6], h + w * p[7]
            rows[0, m], rows[1, m], rows[2, m], rows[3, m] = a, b, c, d
            rows[4, m], rows[5, m], rows[6, m], rows[7, m] = e, f, g, h


def spectral_peaks(S: Float32, bins: slice, sr: int, n_fft: int) -> tuple[Float32, Float32]:
    """See :class:`Kernels`."""
    # Two neighbours are never both peaks.
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
        # Three loops without branches: a branch would cost more than it saves.
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
    _fold(stretch, hop_length, even, odd)
    _notes(even @ basis.even, odd @ basis.odd, out)


@_compiled("void(f4[::1], i8, f4[:, ::1], f4[:, ::1])", "void(f4[::1], i8, f8[:, ::1], f8[:, ::1])")
def _fold(stretch: Float32, hop_length: int, even: Float64, odd: Float64) -> None:
    """Write sums and differences of the samples on both sides of the middle of each frame.

    The middle sample is subtracted from all of them.
    """
    half, number = even.shape[1], even.dtype.type
    for row in range(even.shape[0]):
        first = row * hop_length
        earlier, later = stretch[first + 1 : first + half + 1], stretch[first + half + 1 :]
        middle, sums, differences = number(earlier[half - 1]), even[row], odd[row]
        for i in range(half - 1):
            # Unsigned: a signed index could count from the end, and such a loop is not vectorised.
            a, b = number(earlier[numba.uintp(half - 1 - i)]) - middle, number(later[i]) - middle
            sums[i] = a + b
            differences[i] = b - a
        # The first sample follows the last. It is outside the loop, which is vectorised without it.
        a, b = number(earlier[0]) - middle, number(stretch[first]) - middle
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


def moments(values: Float64) -> tuple[Float64, Float64, Float64]:
    """See :class:`Kernels`."""
    mean, second, third = np.zeros((3, values.shape[1]))
    _sum_powers(values, mean, second, third)
    return mean, second, third


@_compiled("void(f8[:, ::1], f8[::1], f8[::1], f8[::1])", fastmath=_FUSED)
def _sum_powers(values: Float64, mean: Float64, second: Float64, third: Float64) -> None:
    n = values.shape[0]
    for row in range(n):
        for k in range(mean.shape[0]):
            mean[k] += values[row, k]
    for k in range(mean.shape[0]):
        mean[k] /= n
    for row in range(n):
        for k in range(mean.shape[0]):
            centred = values[row, k] - mean[k]
            square = centred * centred
            second[k] += square
            third[k] += square * centred
    for k in range(mean.shape[0]):
        second[k] /= n
        third[k] /= n


@_compiled("void(f8[:, ::1], i8, f8[:, ::1])", fastmath=_FUSED)
def slopes(frames: Float64, half: int, out: Float64) -> None:
    """See :class:`Kernels`."""
    whole = half * (half + 1) * (2 * half + 1) / 3
    for row in range(out.shape[0]):
        slope = out[row]
        slope[:] = 0.0
        for lag in range(1, half + 1):
            weight, later, earlier = lag / whole, frames[row + half + lag], frames[row + half - lag]
            for k in range(slope.shape[0]):
                slope[k] += weight * (later[k] - earlier[k])


def cache_path() -> str:
    """Return the folder in which numba keeps the compiled code of this module."""
    dispatcher: Any = _notes
    return str(dispatcher.stats.cache_path)
