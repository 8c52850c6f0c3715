"""The shape of a spectrum in single numbers, frame by frame, as librosa.feature.spectral_*.

Centroid, bandwidth and rolloff follow Peeters, "A large set of audio features for sound description", 2004;
flatness follows Dubnov, "Generalization of spectral flatness measure", IEEE Signal Processing Letters 11
(2004) 698-701.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from edgecry.arrays import Float32, Float64

#: The least power of a bin in the flatness.
_AMIN = np.float32(1e-10)


def shape_measures(sr: int, roll_percent: float) -> Mapping[str, Callable[[Float32], Float64]]:
    """Return the measures of this module by their families' names, each to be given magnitudes alone."""
    return {
        "centroid": lambda S: centroid(S, sr),
        "bandwidth": lambda S: bandwidth(S, sr),
        "rolloff": lambda S: rolloff(S, sr, roll_percent),
        "flatness": flatness,
    }


def centroid(S: Float32, sr: int) -> Float64:
    """Return the mean frequency of each frame in Hz, weighted by magnitude; 0 in silence.

    Parameters
    ----------
    S : float32 [shape=(n_frames, 1 + n_fft // 2)]
        Magnitudes. They are not changed.
    sr : int

    Returns
    -------
    float64 [shape=(n_frames, 1)]
    """
    return _shares(S) @ _frequencies(S, sr)[:, None]


def bandwidth(S: Float32, sr: int) -> Float64:
    """Return how far the magnitude of each frame spreads around its centroid, in Hz (n_frames, 1).

    It is the root of the mean square distance. In silence it is 0.
    """
    shares, frequencies = _shares(S), _frequencies(S, sr)
    middle = shares @ frequencies
    distance = frequencies - middle[:, None]
    out: Float64 = np.sqrt(np.einsum("ij,ij,ij->i", shares, distance, distance))
    return out[:, None]


def rolloff(S: Float32, sr: int, roll_percent: float) -> Float64:
    """Return the frequency in Hz below which ``roll_percent`` of the magnitude of each frame lies.

    The sum is float32 and goes from bin to bin, as in librosa, since the answer jumps from one bin to the
    next. In silence it is 0.

    Returns
    -------
    float64 [shape=(n_frames, 1)]
    """
    sums = np.cumsum(S, axis=1)
    reached = sums >= np.float32(roll_percent) * sums[:, -1:]
    out: Float64 = _frequencies(S, sr)[reached.argmax(axis=1)][:, None]
    out[~np.isfinite(sums[:, -1])] = np.nan  # too loud, which shows in the vector
    return out


def flatness(S: Float32) -> Float64:
    """Return the geometric mean of the power of each frame, as a part of its arithmetic mean (n_frames, 1).

    It is 1 for white noise and for silence, and near 0 for a tone.
    """
    power = np.maximum(S * S, _AMIN)
    geometric = np.exp(np.log(power, dtype=np.float64).mean(axis=1))
    out: Float64 = geometric / power.mean(axis=1, dtype=np.float64)
    return out[:, None]


def _shares(S: Float32) -> Float64:
    """Return each magnitude as a part of the sum of its frame. What float32 cannot tell from 0 stays 0."""
    shares = S.astype(np.float64)
    sums = shares.sum(axis=1, keepdims=True)
    sums[sums < np.finfo(np.float32).tiny] = 1
    shares /= sums
    return shares


def _frequencies(S: Float32, sr: int) -> Float64:
    return np.fft.rfftfreq(2 * (S.shape[1] - 1), 1.0 / sr).astype(np.float64)
