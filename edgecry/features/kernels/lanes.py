"""Real transforms of sixteen frames at once, each in a lane of the processor's vectors.

A library transforms one frame after another and leaves most of a vector idle. Here each step is done to one
sample of sixteen frames. The transform goes by fours and in order (Stockham's form of Cooley & Tukey 1965;
Van Loan, "Computational frameworks for the fast Fourier transform", 1992). A real frame is taken as half as
many complex numbers: the even samples are real, the odd ones imaginary. Frames share no number, so that
silence beside a loud frame stays silent.

Sizes and strides are constants when the loops are compiled. LLVM then sees that what is read and what is
written do not overlap, and vectorises. Functions that are compiled into one another all stand in this file,
because numba's cache looks for changes only in the file of the outer function.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, TypeVar, cast

import numba
import numpy as np

from edgecry.arrays import Complex64, Float32, Float64

Function = TypeVar("Function", bound=Callable[..., Any])

#: Sizes of the transforms.
SIZES: Final = (512, 1024, 2048)
#: Number of frames transformed at once.
LANES: Final = 16
#: Numbers left free between arrays whose sizes are powers of two. Without them the arrays would compete for
#: the same cache lines.
_GAP: Final = 64


def _compiled(*signatures: str, inline: bool = False) -> Callable[[Function], Function]:
    decorate: Any = numba.njit(
        list(signatures) or None,
        fastmath={"contract", "nsz"},
        error_model="numpy",
        nogil=True,
        cache=not inline,
        forceinline=inline,
    )
    return cast(Callable[[Function], Function], decorate)


def room(n_fft: int) -> Float64:
    """Allocate two arrays of complex numbers, one after the other. Each has all its real parts first."""
    return np.zeros(4 * _imaginary(n_fft // 2))


def _imaginary(size: int) -> int:
    """Return how far behind the real parts the imaginary parts lie."""
    return size * LANES + _GAP


@lru_cache(maxsize=len(SIZES))
def factors(n_fft: int) -> tuple[Float64, Float64]:
    """Return the complex factors of all passes, float64 (n, 6), and of the last step, (1 + n_fft // 2, 2)."""
    turns, size = [], n_fft // 2
    while size >= 4:
        steps = -2 * np.pi / size * np.multiply.outer(np.arange(size // 4), (1, 2, 3))
        turns.append(np.stack((np.cos(steps), np.sin(steps)), axis=-1).reshape(-1, 6))
        size //= 4
    angles = -2 * np.pi / n_fft * np.arange(n_fft // 2 + 1, dtype=np.float64)
    halves = np.stack((np.cos(angles), np.sin(angles)), axis=-1)
    halves[-1, 1] = 0.0  # or Nyquist would not be real
    return np.concatenate(turns), halves


@_compiled(inline=True)
def _cut(stretch: Float32, window: Float64, hop_length: int, count: int, x: Float64, imaginary: int) -> None:
    """Write the windowed frames, each into its lane."""
    for k in range(window.shape[0] // 2):
        even, odd = window[2 * k], window[2 * k + 1]
        samples, real, other = stretch[2 * k :], x[k * LANES :], x[imaginary + k * LANES :]
        for lane in range(count):
            real[lane] = samples[lane * hop_length] * even
            other[lane] = samples[lane * hop_length + 1] * odd
    if window.shape[0] % 2:
        last = window.shape[0] - 1
        for lane in range(count):
            x[last // 2 * LANES + lane] = stretch[lane * hop_length + last] * window[last]


@_compiled(inline=True)
def _by_four(x: Float64, y: Float64, steps: int, stride: int, imaginary: int, turns: Float64) -> None:
    """Do one pass: butterflies of four numbers that lie ``steps * stride`` apart."""
    for step in range(steps):
        turn = turns[step]
        ur, ui, vr, vi, wr, wi = turn[0], turn[1], turn[2], turn[3], turn[4], turn[5]
        a, b = x[step * stride :], x[(step + steps) * stride :]
        c, d = x[(step + 2 * steps) * stride :], x[(step + 3 * steps) * stride :]
        out = y[4 * step * stride :]
        for i in range(stride):
            k = imaginary + i
            er, ei, fr, fi = a[i] + c[i], a[k] + c[k], a[i] - c[i], a[k] - c[k]
            # b - d, a quarter turn back
            gr, gi, hr, hi = b[i] + d[i], b[k] + d[k], b[k] - d[k], d[i] - b[i]
            out[i], out[k] = er + gr, ei + gi
            pr, pi, qr, qi, rr, ri = fr + hr, fi + hi, er - gr, ei - gi, fr - hr, fi - hi
            out[stride + i], out[stride + k] = pr * ur - pi * ui, pr * ui + pi * ur
            out[2 * stride + i], out[2 * stride + k] = qr * vr - qi * vi, qr * vi + qi * vr
            out[3 * stride + i], out[3 * stride + k] = rr * wr - ri * wi, rr * wi + ri * wr


@_compiled(inline=True)
def _by_two(x: Float64, y: Float64, stride: int, imaginary: int) -> None:
    """Do the last pass, for a size that is not a power of four."""
    for i in range(stride):
        k = imaginary + i
        y[i], y[k] = x[i] + x[stride + i], x[k] + x[stride + k]
        y[stride + i], y[stride + k] = x[i] - x[stride + i], x[k] - x[stride + k]


@_compiled(inline=True)
def _transformed(
    stretch: Float32, window: Float64, hop_length: int, count: int, size: int, room: Float64, turns: Float64
) -> Float64:
    """Transform ``size`` complex numbers: 256, 512 or 1024."""
    imaginary = size * LANES + _GAP
    x, y = room[: 2 * imaginary], room[2 * imaginary :]
    if count == LANES:
        silent = window.shape[0] // 2 * LANES
        x[silent:imaginary] = 0.0
        x[imaginary + silent :] = 0.0
        _cut(stretch, window, hop_length, LANES, x, imaginary)
    else:
        x[:] = 0.0
        _cut(stretch, window, hop_length, count, x, imaginary)
    first, second, third, fourth = size // 4, size // 16, size // 64, size // 256
    _by_four(x, y, first, LANES, imaginary, turns)
    _by_four(y, x, second, 4 * LANES, imaginary, turns[first:])
    _by_four(x, y, third, 16 * LANES, imaginary, turns[first + second :])
    _by_four(y, x, fourth, 64 * LANES, imaginary, turns[first + second + third :])
    if size == 256:
        return x
    if size == 512:
        _by_two(x, y, 256 * LANES, imaginary)
    else:
        _by_four(x, y, 1, 256 * LANES, imaginary, turns[first + second + third + fourth :])
    return y


@_compiled(inline=True)
def _power(z: Float64, size: int, halves: Float64, out: Float64) -> None:
    """Make the spectra of the real frames from those of even and odd samples; write the power of each bin.

    ``out`` has the shape (size + 1, lanes). It goes bin by bin. Two bins at once are possible, but need
    twice as many places that must not overlap, and are slower.
    """
    imaginary = size * LANES + _GAP
    for k in range(size + 1):
        cosine, sine = 0.5 * halves[k, 0], 0.5 * halves[k, 1]
        a, b, bin_ = z[k % size * LANES :], z[(size - k) % size * LANES :], out[k]
        for i in range(LANES):
            j = imaginary + i
            real, other = 0.5 * (a[i] + b[i]), 0.5 * (a[j] - b[j])
            pr, pi = a[j] + b[j], b[i] - a[i]
            real += pr * cosine - pi * sine
            other += pr * sine + pi * cosine
            bin_[i] = real * real + other * other


@_compiled(inline=True)
def _spectra(z: Float64, size: int, halves: Float64, parts: Float32, out: Complex64) -> None:
    """Do the same as :func:`_power`, but write the spectra themselves, frame by frame: (count, size + 1)."""
    imaginary = size * LANES + _GAP
    real, other = parts[0], parts[1]
    for k in range(size + 1):
        cosine, sine = 0.5 * halves[k, 0], 0.5 * halves[k, 1]
        a, b, bin_, other_bin = z[k % size * LANES :], z[(size - k) % size * LANES :], real[k], other[k]
        for i in range(LANES):
            j = imaginary + i
            pr, pi = a[j] + b[j], b[i] - a[i]
            bin_[i] = 0.5 * (a[i] + b[i]) + (pr * cosine - pi * sine)
            other_bin[i] = 0.5 * (a[j] - b[j]) + (pr * sine + pi * cosine)
    # From lanes to rows in squares, so that every cache line is read and written once.
    for low in range(0, size + 1, LANES):
        for lane in range(out.shape[0]):
            frame, a, b = out[lane, low:], real[low:, lane], other[low:, lane]
            for k in range(min(LANES, size + 1 - low)):
                frame[k] = complex(a[k], b[k])


@_compiled(inline=True)
def _batch(
    stretch: Float32,
    window: Float64,
    hop_length: int,
    size: int,
    room: Float64,
    turns: Float64,
    halves: Float64,
    power: Float64,
    parts: Float32,
    spectra: Complex64,
) -> None:
    count = min(LANES, 1 + (stretch.shape[0] - window.shape[0]) // hop_length)
    z = _transformed(stretch, window, hop_length, count, size, room, turns)
    if power.shape[0]:
        _power(z, size, halves, power)
    else:
        _spectra(z, size, halves, parts, spectra)


@_compiled("void(f4[::1], f8[::1], i8, f8[::1], f8[:, ::1], f8[:, ::1], f8[:, :, ::1], c8[:, ::1])")
def transform(
    stretch: Float32,
    window: Float64,
    hop_length: int,
    room: Float64,
    turns: Float64,
    halves: Float64,
    power: Float64,
    spectra: Complex64,
) -> None:
    """Transform the windowed frames of a stretch. ``room``, ``turns`` and ``halves`` are those of its size.

    The result is their ``power`` (batches, 1 + n_fft // 2, lanes) or, if that array is empty, their
    ``spectra`` (frames, 1 + n_fft // 2).
    """
    size, all_power = halves.shape[0] - 1, power.reshape(-1, LANES)
    parts = np.empty((2, size + 1, LANES), np.float32)
    for first in range(0, 1 + (stretch.shape[0] - window.shape[0]) // hop_length, LANES):
        part, rows = stretch[first * hop_length :], spectra[first : first + LANES]
        lanes = all_power[first // LANES * (size + 1) :][: size + 1]
        if size == 256:
            _batch(part, window, hop_length, 256, room, turns, halves, lanes, parts, rows)
        elif size == 512:
            _batch(part, window, hop_length, 512, room, turns, halves, lanes, parts, rows)
        else:
            _batch(part, window, hop_length, 1024, room, turns, halves, lanes, parts, rows)
