"""Tonal centroids: chroma as points on circles of fifths, of minor thirds and of major thirds.

Harte, Sandler & Gasser, "Detecting harmonic change in musical audio", 2006; as librosa.feature.tonnetz.
"""

from __future__ import annotations

import numpy as np

from edgecry.arrays import Float64
from edgecry.features.chroma import N_CHROMA


def tonnetz_matrix() -> Float64:
    """Return the projection of chroma, of L1 norm 1, onto six coordinates.

    Returns
    -------
    float64 [shape=(6, 12)]
    """
    steps = np.array([7 / 6, 7 / 6, 3 / 2, 3 / 2, 2 / 3, 2 / 3])
    angles = np.multiply.outer(steps, np.arange(N_CHROMA, dtype=float))
    angles[::2] -= 0.5  # sine as a shifted cosine
    radii = np.array([1, 1, 1, 1, 0.5, 0.5])
    out: Float64 = radii[:, None] * np.cos(np.pi * angles)
    return out
