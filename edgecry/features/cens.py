"""Chroma energy normalised statistics: chroma in four steps, smoothed, as librosa.feature.chroma_cens.

Müller & Ewert, "Chroma Toolbox: MATLAB implementations for extracting variants of chroma-based audio
features", ISMIR 2011.
"""

from __future__ import annotations

import numpy as np

from edgecry.arrays import Float32, Float64
from edgecry.features.chroma import normalise

#: Shares of the whole above which a note counts a quarter more.
_STEPS = (0.4, 0.2, 0.1, 0.05)
#: Frames over which it is smoothed.
_SMOOTH = 41


def cens_frames(notes: Float32) -> Float64:
    """Quantise and smooth chroma.

    Parameters
    ----------
    notes : float32 [shape=(n_frames, 12)]
        Chroma of the constant-Q transform, not normalised. It is written over.

    Returns
    -------
    float64 [shape=(n_frames, 12)]
        Frames of L2 norm 1; 0 in silence.
    """
    shares = normalise(notes, 1)
    quarters = sum((shares > np.float32(step) for step in _STEPS), np.zeros(shares.shape)) / len(_STEPS)
    half = _SMOOTH // 2
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(1, _SMOOTH + 1) / (_SMOOTH + 1))
    window /= window.sum()
    padded = np.pad(quarters, ((half, half), (0, 0)))
    smooth: Float64 = np.zeros_like(quarters)
    for k in range(_SMOOTH):
        smooth += window[k] * padded[k : k + len(quarters)]
    return normalise(smooth, 2)
