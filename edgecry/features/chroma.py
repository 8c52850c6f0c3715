"""Chroma: energy in the twelve notes of any octave, as librosa.feature.chroma_stft."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import TypeVar

import numpy as np

from edgecry.arrays import Float32, Float64

N_CHROMA = 12
_A0 = 440.0 / 16

Floats = TypeVar("Floats", Float32, Float64)


@lru_cache(maxsize=100)
def chroma_filters(sr: int, n_fft: int, tuning: float) -> Float32:
    """Make the bank that folds a spectrum onto notes (Ellis 2007), as librosa.filters.chroma.

    Parameters
    ----------
    sr, n_fft : int
    tuning : float
        Deviation from A440, in semitones.

    Returns
    -------
    float32 [shape=(1 + n_fft // 2, 12)]
        Transposed, for a product from the right.
    """
    a0 = _A0 * 2.0 ** (tuning / N_CHROMA)
    notes = N_CHROMA * np.log2(np.linspace(0, sr, n_fft, endpoint=False)[1:] / a0)
    # Bin 0 has no pitch. It is placed 1.5 octaves under bin 1, half-way round from it, and is broad.
    notes = np.concatenate(([notes[0] - 1.5 * N_CHROMA], notes))
    widths = np.concatenate((np.maximum(notes[1:] - notes[:-1], 1.0), [1.0]))
    half = N_CHROMA / 2
    bins = 1 + n_fft // 2
    notes, widths = notes[:bins], widths[:bins]
    distance = np.remainder(notes - np.arange(N_CHROMA)[:, None] + half + 10 * N_CHROMA, N_CHROMA) - half
    weights = np.exp(-0.5 * (2 * distance / widths) ** 2)
    weights /= np.sqrt((weights**2).sum(axis=0))
    weights *= np.exp(-0.5 * ((notes / N_CHROMA - 5.0) / 2.0) ** 2)
    # Notes were counted from A, but chroma begin at C.
    return np.ascontiguousarray(np.roll(weights, -3, axis=0).T, dtype=np.float32)


def chroma_frames(spectra: Iterable[Float32], sr: int, n_fft: int, tuning: float) -> Float32:
    """Compute the chroma of all frames, each scaled to a maximum of 1.

    Parameters
    ----------
    spectra : iterable of float32 [shape=(frames, 1 + n_fft // 2)]
        Magnitudes, or power.
    sr, n_fft : int
    tuning : float
        In semitones.

    Returns
    -------
    float32 [shape=(n_frames, 12)]
    """
    bank = chroma_filters(sr, n_fft, tuning)
    return normalise(np.concatenate([S @ bank for S in spectra]), np.inf)


def normalise(frames: Floats, order: float) -> Floats:
    """Divide each frame by its norm, in place, as librosa.util.normalize.

    Frames whose norm is below the smallest normal number stay as they are, so that silence stays silent.

    Parameters
    ----------
    frames : float [shape=(n_frames, k)]
    order : {1, 2, np.inf}
    """
    magnitudes = np.abs(frames)
    if order == 2:
        norms = np.sqrt(np.square(magnitudes, out=magnitudes).sum(axis=1))
    else:
        norms = magnitudes.max(axis=1) if order == np.inf else magnitudes.sum(axis=1)
    norms[norms < np.finfo(frames.dtype).tiny] = 1
    frames /= norms[:, None]
    return frames
