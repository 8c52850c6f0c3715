"""Mel-frequency cepstral coefficients: the shape of the mel spectrum, as librosa.feature.mfcc."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from edgecry.arrays import Float64


@lru_cache(maxsize=8)
def dct_matrix(n_mfcc: int, n_mels: int) -> Float64:
    """Return the first rows of the orthonormal DCT-II, as scipy.fft.dct(norm="ortho").

    Returns
    -------
    float64 [shape=(n_mfcc, n_mels)]
    """
    k, n = np.arange(n_mfcc)[:, None], np.arange(n_mels)
    out: Float64 = np.sqrt(2.0 / n_mels) * np.cos(np.pi * k * (2 * n + 1) / (2 * n_mels))
    out[0] /= np.sqrt(2.0)
    return out
