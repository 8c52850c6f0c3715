"""Spectral contrast: how far the peaks of each octave band stand above its valleys.

Jiang et al., "Music type classification by spectral contrast feature", ICME 2002;
the bands and the selection follow librosa.feature.spectral_contrast to the bin.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from edgecry.arrays import Float64
from edgecry.features.kernels import Band

#: Share of a band's bins that make its peak and its valley.
_QUANTILE = 0.02


@lru_cache(maxsize=8)
def contrast_bands(sr: int, n_fft: int, n_bands: int, fmin: float) -> tuple[Band, ...]:
    """Octave bands above ``fmin`` Hz, and one below.

    Each band but the lowest takes one bin from below, each but the highest gives up its last one,
    and the highest runs to Nyquist; ``n_extremes`` is rounded before the last bin is given up. All of
    that is librosa's.
    """
    frequencies = np.fft.rfftfreq(n_fft, 1.0 / sr)
    edges = np.concatenate(([0.0], fmin * 2.0 ** np.arange(n_bands + 1)))
    bands = []
    for k in range(n_bands + 1):
        inside = np.flatnonzero((frequencies >= edges[k]) & (frequencies <= edges[k + 1]))
        low, high = int(inside[0]) - (k > 0), int(inside[-1]) + 1
        if k == n_bands:
            high = len(frequencies)
        count = max(1, int(np.rint(_QUANTILE * (high - low))))
        bands.append(Band(slice(low, high if k == n_bands else high - 1), count))
    return tuple(bands)


def contrast_frames(peak: Float64, valley: Float64) -> Float64:
    """Contrast in dB of all frames, from the mean magnitudes at the bands' tops and bottoms.

    Parameters
    ----------
    peak, valley : float64 [shape=(n_frames, n_bands + 1)]

    Returns
    -------
    float64 [shape=(n_frames, n_bands + 1)]
        Each of the two in dB first, and limited to 80 dB below its own maximum.
    """
    return _to_db(peak) - _to_db(valley)


def _to_db(S: Float64) -> Float64:
    db: Float64 = 10.0 * np.log10(np.maximum(S, 1e-10))
    np.maximum(db, db.max() - 80.0, out=db)
    return db
