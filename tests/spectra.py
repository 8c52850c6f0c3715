"""A whole spectrogram and its tuning, by the parts of the extractor, as librosa has them."""

from __future__ import annotations

import numpy as np

from edgecry.arrays import Float32
from edgecry.features.kernels import load
from edgecry.features.stft import Geometry, Magnitudes
from edgecry.features.tuning import Peaks, octaves_of_peaks, track_bins, tuning_of_octaves


def magnitude(y: Float32, n_fft: int, hop_length: int, win_length: int, engine: str = "numpy") -> Float32:
    """Return ``np.abs(librosa.stft(y))``, whole and transposed.

    Returns
    -------
    float32 [shape=(n_frames, 1 + n_fft // 2)]
    """
    return np.concatenate(list(Magnitudes(y, Geometry(n_fft, hop_length, win_length), load(engine))))


def estimate_tuning(S: Float32, sr: int, n_fft: int, bins_per_octave: int, engine: str = "numpy") -> float:
    """Return the tuning from magnitudes, as librosa.estimate_tuning(S=S.T, ...) does.

    Parameters
    ----------
    S : float32 [shape=(n_frames, 1 + n_fft // 2)]
    sr, n_fft, bins_per_octave : int
    engine : str
    """
    kernels = load(engine)
    peaks = kernels.spectral_peaks(S, track_bins(sr, n_fft), sr, n_fft)
    return tuning_of_octaves(octaves_of_peaks(Peaks(*peaks)), bins_per_octave, kernels)
