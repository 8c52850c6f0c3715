"""Mel spectrogram: power in bands that the ear hears as evenly spaced."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from edgecry.arrays import Float32, Float64
from edgecry.features.kernels import Kernels, MelBank

#: The least mean mel power that is taken for sound. One sample of the smallest 16-bit value in a second
#: of silence has about 1e-14.
_SILENCE = 1e-18


def mel_frequencies(n: int, fmin: float, fmax: float, htk: bool = False) -> Float64:
    """Return ``n`` frequencies in Hz, evenly spaced in mel, as librosa.mel_frequencies.

    The scale is that of Slaney 1998, linear up to 1 kHz and logarithmic above; or that of the toolkit HTK.
    """
    if htk:
        lowest, highest = 2595.0 * np.log10(1.0 + np.array([fmin, fmax]) / 700.0)
        return 700.0 * (10.0 ** (np.linspace(lowest, highest, n) / 2595.0) - 1.0)
    hz_per_mel, corner, log_step = 200.0 / 3, 1000.0, np.log(6.4) / 27.0
    corner_mel = corner / hz_per_mel

    def to_mel(hz: float) -> float:
        return corner_mel + float(np.log(hz / corner)) / log_step if hz >= corner else hz / hz_per_mel

    mels = np.linspace(to_mel(fmin), to_mel(fmax), n)
    return np.where(mels >= corner_mel, corner * np.exp(log_step * (mels - corner_mel)), hz_per_mel * mels)


def mel_filters(
    sr: int, n_fft: int, n_mels: int, fmin: float, fmax: float, htk: bool = False, norm: str = "slaney"
) -> Float64:
    """Make triangular filters, as librosa.filters.mel: of unit area ("slaney"), or of height 1 ("none").

    Returns
    -------
    float64 [shape=(n_mels, 1 + n_fft // 2)]
        Values rounded to float32, because librosa multiplies with float32.
    """
    edges = mel_frequencies(n_mels + 2, fmin, fmax, htk)
    ramps = edges[:, None] - np.fft.rfftfreq(n_fft, 1.0 / sr)
    widths = np.diff(edges)[:, None]
    rising, falling = -ramps[:-2] / widths[:-1], ramps[2:] / widths[1:]
    weights = np.maximum(0, np.minimum(rising, falling)).astype(np.float32)
    if norm == "slaney":
        weights *= (2.0 / (edges[2:] - edges[:-2]))[:, None]
    return weights.astype(np.float64)


@lru_cache(maxsize=8)
def mel_bank(
    kernels: Kernels, sr: int, n_fft: int, n_mels: int, fmin: float, fmax: float, htk: bool, norm: str
) -> MelBank:
    """Make the filters, in the layout that the engine multiplies fastest."""
    return kernels.mel_bank(mel_filters(sr, n_fft, n_mels, fmin, fmax, htk, norm))


def without_level(S: Float32) -> Float32:
    """Divide power by its mean over frames and bands, in place. Silence stays silent."""
    S *= np.float32(1 / max(float(S.mean(dtype=np.float64)), _SILENCE))
    return S


def power_to_db(S: Float32, top_db: float = 80.0) -> Float32:
    """Convert power to dB in place, as librosa.power_to_db: ``10 * log10(S)``, limited from below.

    No value is more than ``top_db`` below the maximum. The floor depends on the loudest moment of the
    clip, so this needs all frames at once.
    """
    lowest = max(np.float32(1e-10), S.max() * np.float32(10.0 ** (-top_db / 10.0)))
    # Overwriting the few small values is faster than np.maximum over all of them.
    S[lowest > S] = lowest
    # log10(x) = log(x) / log(10): NumPy has a vectorised float32 log on more machines than log10.
    np.log(S, out=S)
    S *= np.float32(10.0 / np.log(10.0))
    return S


def db_of_max(S: Float32) -> Float32:
    """Convert power to dB of its maximum, in place, as librosa.power_to_db(ref=np.max): from -80 to 0."""
    loudest = max(float(S.max()), 1e-10)
    power_to_db(S)
    S -= np.float32(10.0 * np.log10(loudest))
    return S
