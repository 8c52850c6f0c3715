"""Mel-frequency cepstral coefficients: the shape of the mel spectrum, as librosa.feature.mfcc."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from edgecry.arrays import Float64


@lru_cache(maxsize=8)
def cepstral_matrix(n_mfcc: int, n_mels: int, dct_type: int, dct_norm: str, lifter: float) -> Float64:
    """Return the map from mel power in dB to cepstra: a cosine transform, and the lifter's weights.

    Parameters
    ----------
    n_mfcc, n_mels : int
    dct_type : {1, 2, 3}
    dct_norm : {"ortho", "none"}
    lifter : float
        Over 0, coefficient k is multiplied by ``1 + lifter / 2 * sin(pi * (k + 1) / lifter)``.

    Returns
    -------
    float64 [shape=(n_mfcc, n_mels)]
    """
    out = dct_matrix(n_mfcc, n_mels, dct_type, dct_norm)
    if lifter > 0:
        out *= 1 + lifter / 2 * np.sin(np.pi * np.arange(1, 1 + n_mfcc) / lifter)[:, None]
    return out


def dct_matrix(n_mfcc: int, n_mels: int, dct_type: int, dct_norm: str) -> Float64:
    """Return the first rows of a discrete cosine transform, as scipy.fft.dct with this type and norm.

    Returns
    -------
    float64 [shape=(n_mfcc, n_mels)]
    """
    ends: tuple[int, ...]
    k, n = np.arange(n_mfcc)[:, None], np.arange(n_mels)
    if dct_type == 1:
        angles, ends, last = k * n / (n_mels - 1), (0, n_mels - 1), n_mels - 1
    elif dct_type == 2:
        angles, ends, last = k * (2 * n + 1) / (2 * n_mels), (), n_mels
    else:
        angles, ends, last = (2 * k + 1) * n / (2 * n_mels), (0,), n_mels
    out: Float64 = 2 * np.cos(np.pi * angles)
    # The sum takes values at the ends by half. Norm "ortho" makes the whole matrix orthogonal instead.
    column = 0.5 if dct_norm == "none" else np.sqrt(0.5)
    for end in ends:
        out[:, end] *= column
    if dct_norm == "ortho":
        out *= np.sqrt(0.5 / last)
        if dct_type != 3:
            out[0] *= np.sqrt(0.5)
        if dct_type == 1:
            out[n_mels - 1 :] *= np.sqrt(0.5)
    return out
