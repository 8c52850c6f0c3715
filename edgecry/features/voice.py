"""Voice: how much of each frame is one harmonic sound. It tells a cry from most other sounds.

It is the generalised autocorrelation of Tolonen and Karjalainen, "A computationally efficient multipitch
analysis model", IEEE Transactions on Speech and Audio Processing 8 (2000) 708-716. The magnitude of the
spectrum, not its square, is transformed back, so that formants count less and the comb of harmonics counts
more. Nothing here depends on the level.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from edgecry.arrays import Float64


@dataclass(frozen=True, eq=False)
class VoiceBand:
    """The bins in which harmonics are looked for, and the lags that may be a period.

    Parameters
    ----------
    bins : slice
        Bins of the spectrum.
    cosines : float64 [shape=(n_bins, n_lags)]
        Linear map from magnitudes to the autocorrelation at each lag.
    """

    bins: slice
    cosines: Float64


@lru_cache(maxsize=8)
def voice_band(
    sr: int, n_fft: int, low: float, high: float, voice_fmin: float, voice_fmax: float
) -> VoiceBand:
    """Make the bins and lags of the search.

    Parameters
    ----------
    sr, n_fft : int
    low, high : float
        Harmonics from ``low`` to below ``high`` are used, in Hz. A constant is not a harmonic.
    voice_fmin, voice_fmax : float
        Range of the pitch in Hz.
    """
    frequencies = np.fft.rfftfreq(n_fft, 1 / sr)
    first, last = np.searchsorted(frequencies, (max(low, frequencies[1]), high))
    lags = np.arange(int(sr / voice_fmax), int(sr / voice_fmin) + 1)
    cosines = np.cos(2 * np.pi * np.outer(np.arange(first, last), lags) / n_fft)
    return VoiceBand(slice(int(first), int(last)), cosines)


def voice_frames(sizes: Float64, band: VoiceBand) -> Float64:
    """Compute the strength of the voice in each frame.

    Parameters
    ----------
    sizes : float64 [shape=(..., frames, n_bins)]
        Magnitudes of the bins of the band.
    band : VoiceBand

    Returns
    -------
    float64 in [-1, 1] [shape=(..., frames)]
        The highest autocorrelation among the lags, as a part of the sum of magnitudes: 1 for a pulse train
        whose period is a whole number of samples, 0 in silence.
    """
    whole = sizes.sum(axis=-1)
    highest = (sizes @ band.cosines).max(axis=-1)
    strength: Float64 = np.divide(highest, whole, out=np.zeros_like(whole), where=whole > 0)
    return strength
