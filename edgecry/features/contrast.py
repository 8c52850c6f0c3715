"""Spectral contrast: how far the peaks of each octave band stand above its valleys.

Jiang et al., "Music type classification by spectral contrast feature", ICME 2002;
the bands and the selection follow librosa.feature.spectral_contrast to the bin.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from edgecry.arrays import Float64
from edgecry.features.kernels import Band

#: Share of the bins of a band that make its peak, and its valley.
_QUANTILE = 0.02


@lru_cache(maxsize=8)
def contrast_bands(sr: int, n_fft: int, n_bands: int, fmin: float) -> tuple[Band, ...]:
    """Return one band below ``fmin`` Hz, and octave bands above it.

    Everything here follows librosa. Each band but the lowest also has one bin from below. Each band but
    the highest lacks its last bin, which is dropped after ``n_extremes`` is rounded. The highest band
    runs to Nyquist.
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
    """Compute the contrast of all frames in dB.

    Parameters
    ----------
    peak, valley : float64 [shape=(n_frames, n_bands + 1)]
        Mean of the largest, and of the smallest magnitudes of each band.

    Returns
    -------
    float64 [shape=(n_frames, n_bands + 1)]
        Their difference. Each of the two is first limited to 80 dB below its own maximum.
    """
    return _to_db(peak) - _to_db(valley)


def _to_db(S: Float64) -> Float64:
    db: Float64 = 10.0 * np.log10(np.maximum(S, 1e-10))
    np.maximum(db, db.max() - 80.0, out=db)
    return db
