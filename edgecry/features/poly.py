"""A polynomial through the magnitudes of a frame, as librosa.feature.poly_features."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from edgecry.arrays import Float64


@lru_cache(maxsize=8)
def poly_matrix(sr: int, n_fft: int, order: int) -> Float64:
    """Return the linear map from the magnitudes of a frame to the polynomial that fits them best.

    It is what numpy.polyfit solves anew for each frame: columns are scaled to length 1, and directions that
    rounding hides are left out.

    Parameters
    ----------
    sr, n_fft : int
    order : int
        Highest power of the frequency.

    Returns
    -------
    float64 [shape=(1 + n_fft // 2, order + 1)]
        For products from the right. The highest power comes first.
    """
    frequencies = np.fft.rfftfreq(n_fft, 1.0 / sr)
    powers = np.vander(frequencies, order + 1)
    scales = np.sqrt((powers * powers).sum(axis=0))
    inverse = np.linalg.pinv(powers / scales, rcond=len(frequencies) * np.finfo(np.float64).eps)
    return np.ascontiguousarray((inverse / scales[:, None]).T)
