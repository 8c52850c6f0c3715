"""The hot loops. Families say what is computed; here is how, in NumPy."""

from edgecry.features.kernels.numpy_kernels import (
    band_extremes,
    histogram,
    magnitude,
    median,
    mel_power,
    octave_notes,
    rfft,
    spectral_peaks,
)

__all__ = [
    "band_extremes",
    "histogram",
    "magnitude",
    "median",
    "mel_power",
    "octave_notes",
    "rfft",
    "spectral_peaks",
]
