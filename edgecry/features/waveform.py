"""What is read off the samples of a frame without a transform: loudness and zero crossings, as in librosa.

Frames are centred, ``n_fft`` samples long and not windowed.
"""

from __future__ import annotations

import numpy as np

from edgecry.arrays import Float32, Float64, framed
from edgecry.features.stft import Geometry, stretches

#: Samples this near to 0 are taken for 0, which is not negative.
_THRESHOLD = np.float32(1e-10)
#: Number of frames that are measured together.
_ROWS = 64


def rms_frames(y: Float32, geometry: Geometry) -> Float64:
    """Compute the root of the mean power of each frame, with zeros beyond the ends (librosa.feature.rms).

    Parameters
    ----------
    y : float32 [shape=(n,)]
    geometry : Geometry
        Its window is not used.

    Returns
    -------
    float64 [shape=(n_frames, 1)]
    """
    whole = Geometry(geometry.n_fft, geometry.hop_length, geometry.n_fft)
    out = np.empty((whole.n_frames(len(y)), 1))
    for first, stretch in stretches(y, whole, _ROWS):
        frames = framed(stretch, whole.n_fft, whole.hop_length)
        # In float64, where squares of the faintest sound do not vanish.
        wide = frames.astype(np.float64)
        out[first : first + _ROWS, 0] = np.einsum("ij,ij->i", wide, wide)
    return np.sqrt(out / whole.n_fft)


def zero_crossing_frames(y: Float32, geometry: Geometry) -> Float64:
    """Compute how often the sign changes, per sample of a frame (librosa.feature.zero_crossing_rate).

    Beyond its ends the signal stays at its outermost samples.

    Returns
    -------
    float64 in [0, 1] [shape=(n_frames, 1)]
    """
    n_fft, hop = geometry.n_fft, geometry.hop_length
    starts = np.arange(geometry.n_frames(len(y))) * hop
    changes = np.zeros(len(y) + n_fft, np.intp)
    negative = y < -_THRESHOLD
    if len(y):
        changes[n_fft // 2 + 1 : n_fft // 2 + len(y)] = negative[1:] != negative[:-1]
    # A frame's first sample is not compared with the one before the frame.
    count = np.cumsum(changes)
    rate: Float64 = (count[starts + n_fft - 1] - count[starts]) / n_fft
    return rate[:, None]
