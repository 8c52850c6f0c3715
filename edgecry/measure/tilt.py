"""Spectral tilt: how fast the harmonics of a voice get weaker towards high frequencies."""

from __future__ import annotations

from typing import Final

import numpy as np

from edgecry.arrays import Float32
from edgecry.measure.pitch import Pitch

#: Highest frequency of a harmonic that counts, in Hz: what a recording at 8 kHz holds, too.
HIGHEST: Final = 3600.0
#: Harmonics that a frame must have for a line through their levels.
FEWEST: Final = 3
#: Periods of the fundamental in a frame, whose window then keeps the harmonics apart.
_PERIODS: Final = 6


def tilt(y: Float32, sr: int, pitch: Pitch) -> float | None:
    """Return the slope of a line through the levels of the harmonics, in dB an octave.

    For each frame with a voice, the spectrum is evaluated at the multiples of its fundamental up to 3600 Hz,
    and a line is fitted to the levels over the logarithm of the frequency by least squares. The median of all
    frames is returned; None if none of them has three harmonics. A source whose nth harmonic has an amplitude
    of 1/n gives -6.02, whatever its fundamental.
    """
    slopes = [
        slope
        for time, f0 in zip(pitch.times[pitch.voiced], pitch.f0[pitch.voiced], strict=True)
        if (slope := _slope(y, sr, float(time), float(f0))) is not None
    ]
    return float(np.median(slopes)) if slopes else None


def _slope(y: Float32, sr: int, time: float, f0: float) -> float | None:
    harmonics = np.arange(1, int(HIGHEST / f0) + 1)
    half = round(_PERIODS * sr / f0 / 2)
    middle = round(time * sr)
    frame = y[max(0, middle - half) : middle + half]
    if len(harmonics) < FEWEST or len(frame) < 2 * half:
        return None
    places = np.arange(len(frame)) / sr
    waves = np.exp(-2j * np.pi * f0 * np.outer(harmonics, places))
    power = np.abs(waves @ (frame * np.hanning(len(frame)))) ** 2
    decibels = 10 * np.log10(np.maximum(power, 1e-30))
    octaves = np.log2(harmonics) - np.log2(harmonics).mean()
    return float(octaves @ decibels / (octaves @ octaves))
