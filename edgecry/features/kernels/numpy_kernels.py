"""The hot loops in NumPy, over chunks of frames that fit a small core's cache.

Rounding follows librosa where a later step can tell: spectra are float64, magnitudes float32 of
complex64, and the parabola through a peak mixes the two as numba does in librosa.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from edgecry.arrays import Complex128, Float32, Float64, framed

if TYPE_CHECKING:
    from edgecry.features.kernels import Band, Basis

name = "numpy"
#: Number of samples whose frames and spectra stay in the 1 MB cache of a small core.
_CHUNK = 48 * 1024

#: Number of filters in a block of the mel bank: few, so that a block is dense; enough for a short loop.
_BLOCK = 16

Floats = TypeVar("Floats", Float32, Float64)


def frames_at_once(n_fft: int) -> int:
    """See :class:`Kernels`."""
    return max(1, _CHUNK // n_fft)


def powers(
    window: Float64, hop_length: int, n_fft: int, rows: int, block: int
) -> Callable[[Float32], Complex128]:
    """See :class:`Kernels`. These are still spectra; :func:`sizes` and :func:`mel_power` take their power."""
    z = np.empty((rows, 1 + n_fft // 2), np.complex128)
    transformed = spectra(window, hop_length, n_fft, rows, z)

    def power(stretch: Float32) -> Complex128:
        count = len(transformed(stretch))
        if not block:
            return z[:count]
        whole = -(-count // block) * block
        z[count:whole] = 0
        return z[:whole].reshape(-1, block, z.shape[1])

    return power


def magnitudes(
    window: Float64, hop_length: int, n_fft: int, rows: int
) -> Callable[[Float32, Float32], object]:
    """See :class:`Kernels`."""
    transformed = spectra(window, hop_length, n_fft, rows)
    return lambda stretch, out: np.abs(transformed(stretch).astype(np.complex64), out=out)


def spectra(
    window: Float64, hop_length: int, n_fft: int, rows: int, z: Complex128 | None = None
) -> Callable[[Float32], Complex128]:
    """Prepare the transform of up to ``rows`` windowed frames at a time, as :meth:`Kernels.powers` does.

    They are written into ``z``, complex128 (rows, 1 + n_fft // 2), if it is given.
    """
    size = len(window)
    frames = (np.zeros if size < n_fft else np.empty)((rows, n_fft))
    z = np.empty((rows, 1 + n_fft // 2), np.complex128) if z is None else z

    def transformed(stretch: Float32) -> Complex128:
        count = 1 + (len(stretch) - size) // hop_length
        cut = framed(stretch.astype(np.float64), size, hop_length)
        np.multiply(cut, window, out=frames[:count, :size])
        return np.fft.rfft(frames[:count], axis=1, out=z[:count])

    return transformed


def sizes(powers: Complex128, bins: slice) -> Float64:
    """See :class:`Kernels`."""
    part = powers[..., bins]
    out: Float64 = np.sqrt(np.square(part.real) + np.square(part.imag))
    return out


class Bank(NamedTuple):
    """The blocks of a filter bank, and the bins that any of them reads."""

    bins: slice
    blocks: tuple[Block, ...]


class Block(NamedTuple):
    """Some neighbouring filters and the stretch of the spectrum that they read.

    ``parts`` counts real and imaginary parts. ``weights`` (parts, filters) holds the weight of each bin
    twice, for its real and its imaginary part: the product with the squares then sums them to power.
    """

    filters: slice
    parts: slice
    weights: Float32


def mel_bank(weights: Float64) -> Bank:
    """See :class:`Kernels`. Cut into blocks without most of the zeros."""
    read = np.flatnonzero(weights.any(axis=0))
    first, last = (int(read[0]), int(read[-1]) + 1) if len(read) else (0, 1)
    blocks = []
    for start in range(0, len(weights), _BLOCK):
        part = weights[start : start + _BLOCK]
        used = np.flatnonzero(part.any(axis=0))
        low, high = (int(used[0]), int(used[-1]) + 1) if len(used) else (first, first + 1)
        filters = slice(start, start + len(part))
        doubled = np.repeat(part[:, low:high].T, 2, axis=0).astype(np.float32)
        blocks.append(Block(filters, slice(2 * (low - first), 2 * (high - first)), doubled))
    return Bank(slice(first, last), tuple(blocks))


def mel_power(powers: Complex128, bank: Bank, out: Float32) -> None:
    """See :class:`Kernels`."""
    parts = powers[..., bank.bins].astype(np.complex64).view(np.float32)
    np.square(parts, out=parts)
    out = out[: parts.size // parts.shape[-1]].reshape(*parts.shape[:-1], -1)
    for block in bank.blocks:
        np.matmul(parts[..., block.parts], block.weights, out=out[..., block.filters])


def band_extremes(S: Float32, bands: Sequence[Band]) -> tuple[Float64, Float64]:
    """See :class:`Kernels`."""
    peak, valley = np.empty((2, len(S), len(bands)))
    for k, (bins, count) in enumerate(bands):
        band = S[:, bins]
        if count == 1:
            peak[:, k], valley[:, k] = band.max(axis=1), band.min(axis=1)
        else:
            # Sort everything: NumPy's sort is vectorised, and its selection from both ends is not.
            ordered = np.sort(band, axis=1)
            peak[:, k], valley[:, k] = _mean(ordered[:, -count:]), _mean(ordered[:, :count])
    return peak, valley


def _mean(rows: Float32) -> Float64:
    # Column by column, because there are few columns: a mean of each row takes a call for each row.
    out = rows[:, 0].astype(np.float64)
    for k in range(1, rows.shape[1]):
        out += rows[:, k]
    out /= rows.shape[1]
    return out


def spectral_peaks(S: Float32, bins: slice, sr: int, n_fft: int) -> tuple[Float32, Float32]:
    """See :class:`Kernels`."""
    low, high = bins.start, bins.stop
    centre, left, right = S[:, low:high], S[:, low - 1 : high - 1], S[:, low + 1 : high + 1]
    mask = centre > np.float32(0.1) * S.max(axis=1, keepdims=True)
    mask &= centre > left
    mask &= centre >= right
    # np.nonzero over two axes takes several times as long.
    rows, columns = np.divmod(np.flatnonzero(mask), high - low)
    columns += low
    at = rows * S.shape[1] + columns
    flat = S.ravel()
    x0, xm, xp = flat[at], flat[at - 1], flat[at + 1]
    a = (xp + xm).astype(np.float64) - 2.0 * x0
    b = (xp - xm).astype(np.float64) / 2.0
    inside = np.abs(b) < np.abs(a)
    shift = np.divide(-b, a, out=np.zeros_like(a), where=inside).astype(np.float32)
    pitches = (columns + shift.astype(np.float64)) * float(sr) / n_fft
    gradient = (xp - xm) / np.float32(2.0)
    return pitches.astype(np.float32), x0 + np.float32(0.5) * gradient * shift


def histogram(x: Float32, edges: Float64) -> NDArray[np.intp]:
    """See :class:`Kernels`."""
    bins = len(edges) - 1
    at = ((x - edges[0]) * (bins / (edges[-1] - edges[0]))).astype(np.intp)
    # The product can round to the neighbouring bin.
    at -= x < edges[at]
    at += x >= edges[at + 1]
    return np.bincount(at, minlength=bins)


def octave_notes(stretch: Float32, hop_length: int, basis: Basis, out: Float64) -> None:
    """See :class:`Kernels`."""
    half, rows = basis.n_fft // 2, len(out)
    stretch = stretch.astype(basis.even.dtype)
    frames = framed(stretch, basis.n_fft, hop_length)
    # Reversed once and not frame by frame: frames overlap, and NumPy is slow against their order.
    turned = framed(stretch[::-1].copy(), basis.n_fft, hop_length)[::-1]
    middle = frames[:, half : half + 1]
    earlier, later = turned[:, half - 1 : -1] - middle, np.empty((rows, half), stretch.dtype)
    np.subtract(frames[:, half + 1 :], middle, out=later[:, :-1])
    # Beyond the frame's last sample comes its first.
    np.subtract(frames[:, :1], middle, out=later[:, -1:])
    real, imaginary = (earlier + later) @ basis.even, np.subtract(later, earlier, out=later) @ basis.odd
    # In float64, where squares of the faintest sound do not vanish.
    size = np.square(real, dtype=np.float64)
    size += np.square(imaginary, dtype=np.float64)
    np.sqrt(size, out=size)
    np.add(size[:, ::3], size[:, 1::3], out=out)
    out += size[:, 2::3]


def moments(values: Float64) -> tuple[Float64, Float64, Float64]:
    """See :class:`Kernels`."""
    # einsum takes half the time of a mean.
    n = len(values)
    mean = np.einsum("ij->j", values) / n
    centred = values - mean
    squares = centred * centred
    return mean, np.einsum("ij->j", squares) / n, np.einsum("ij,ij->j", squares, centred) / n


def slopes(frames: Float64, half: int, out: Float64) -> None:
    """See :class:`Kernels`."""
    n = len(frames)
    out[:] = frames[half + 1 : n - half + 1] - frames[half - 1 : n - half - 1]
    for lag in range(2, half + 1):
        out += lag * (frames[half + lag : n - half + lag] - frames[half - lag : n - half - lag])
    out /= half * (half + 1) * (2 * half + 1) / 3
