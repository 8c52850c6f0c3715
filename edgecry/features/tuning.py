"""Tuning: how far the pitches of a clip lie from the notes of A440, in parts of a note.

The answer is the highest bin of a histogram, so it jumps if two bins are nearly equal. Arithmetic here
therefore uses the same types as librosa (piptrack, estimate_tuning, pitch_tuning), step by step.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from edgecry.arrays import Float32
from edgecry.errors import EdgecryWarning
from edgecry.features.kernels import Kernels

_FMIN, _FMAX = 150.0, 4000.0
_RESOLUTION = 0.01
#: Number of peaks whose residuals are counted at a time.
_PIECE = 2**16
#: The note in Hz from which octaves are counted.
_A0 = 440.0 / 16


class Peaks(NamedTuple):
    """Spectral peaks of a clip: pitches in Hz and magnitudes, float32 of one length."""

    pitches: Float32
    magnitudes: Float32


def median(x: Float32) -> np.float32:
    """Return the median of a non-empty vector. np.median would import numpy.ma: 10 ms of a new process."""
    half = len(x) // 2
    if len(x) % 2:
        return np.float32(np.partition(x, half)[half])
    ordered = np.partition(x, (half - 1, half))
    return np.float32((ordered[half - 1] + ordered[half]) / np.float32(2.0))


def track_bins(sr: int, n_fft: int) -> slice:
    """Return the bins in which peaks are looked for: 150 Hz to 4 kHz, below Nyquist."""
    frequencies = np.fft.rfftfreq(n_fft, 1.0 / sr)
    inside = np.flatnonzero((frequencies >= _FMIN) & (frequencies < min(_FMAX, sr / 2)))
    return slice(int(inside[0]), int(inside[-1]) + 1) if len(inside) else slice(1, 1)


def join(parts: Sequence[tuple[Float32, Float32]]) -> Peaks:
    """Join the peaks of the chunks of a clip."""
    if not parts:
        return Peaks(np.empty(0, np.float32), np.empty(0, np.float32))
    return Peaks(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def octaves_of_peaks(peaks: Peaks) -> Float32:
    """Return the octaves from a low A to each peak of the stronger half."""
    if not len(peaks.pitches):
        return peaks.pitches
    strong = peaks.pitches[peaks.magnitudes >= median(peaks.magnitudes)]
    strong /= np.float32(_A0)
    return np.log2(strong, out=strong)


def tuning_of_octaves(octaves: Float32, bins_per_octave: int, kernels: Kernels) -> float:
    """Return the deviation that most of the stronger peaks share.

    Parameters
    ----------
    octaves : float32 [shape=(n_strong,)]
        As :func:`octaves_of_peaks` gives them.
    bins_per_octave : int
        Number of notes in an octave.
    kernels : Kernels

    Returns
    -------
    float in [-0.5, 0.5)
        Deviation in parts of a note, on a grid of 0.01; 0 for a clip without peaks.

    Warns
    -----
    EdgecryWarning
        There are no peaks.
    """
    if not len(octaves):
        warnings.warn("no pitch to estimate the tuning from; taking 0", EdgecryWarning, stacklevel=2)
        return 0.0
    edges = np.linspace(-0.5, 0.5, int(np.ceil(1.0 / _RESOLUTION)) + 1)
    counts = np.zeros(len(edges) - 1, np.intp)
    # Piece by piece, because the intermediate results of an hour would be larger than its samples.
    for start in range(0, len(octaves), _PIECE):
        residual = np.float32(bins_per_octave) * octaves[start : start + _PIECE]
        residual -= np.floor(residual)
        residual -= residual >= 0.5
        counts += kernels.histogram(residual, edges)
    return float(edges[np.argmax(counts)])
