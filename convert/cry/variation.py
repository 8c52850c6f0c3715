"""Variations of a recording: other microphones, rooms, distances, voices and noise, seeded.

What a corpus has too little of is made from what it has. Only training parts are varied, so no copy of
a tested recording is ever learned from.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Signal = NDArray[np.floating[Any]]

#: Hz at which a varied microphone's response is drawn; straight lines in octaves and dB between.
_KNOTS: Final = np.array([50.0, 100, 200, 400, 800, 1600, 3200, 8000])


def vary(y: Signal, sr: int, rng: np.random.Generator, *, is_cry: bool) -> Signal:
    """Another recording of the like of ``y``.

    Parameters
    ----------
    y : float [shape=(n,)]
    sr : int
    rng : Generator
    is_cry : bool
        Cries keep to a baby's pitch. Other sounds are at times played up to twice as fast: an adult's
        speech and laughter become those of a child.

    Returns
    -------
    float [shape=(varies,)]
        Of any level.
    """
    if not is_cry and rng.random() < 0.25:
        y = played_faster(y, rng.uniform(1.2, 2.1))
    elif rng.random() < 0.7:
        y = played_faster(y, rng.uniform(0.85, 1.2))
    y = equalised(y, sr, rng)
    if rng.random() < 0.8:
        # Over other sounds as often as over cries, lest noise itself speak for one. A telephone's noise is
        # all in a telephone's band.
        top = float(rng.choice([4000, sr / 2]))
        noise = coloured_noise(len(y), sr, float(rng.choice([0, 0, 0, 1, 1, 2])), rng, top)
        y = mixed(y, noise, rng.uniform(-6, 15))
    return y


def played_faster(y: Signal, factor: float) -> Signal:
    """``y`` at ``factor`` times its speed and pitch, by linear interpolation."""
    length = max(1, int(len(y) / factor))  # of a sample or two as well
    out: Signal = np.interp(np.arange(length) * factor, np.arange(len(y)), y)
    return out


def equalised(y: Signal, sr: int, rng: np.random.Generator) -> Signal:
    """``y`` through another microphone: ripples of 4 dB, a tilt of 2 dB an octave (RMS)."""
    octaves = np.log2(_KNOTS)
    gains = rng.normal(0, 4, len(octaves)) + rng.normal(0, 2) * (octaves - octaves.mean())
    frequencies = np.log2(np.maximum(np.fft.rfftfreq(len(y), 1 / sr), 20))
    response = 10 ** (np.interp(frequencies, octaves, gains) / 20)
    return np.fft.irfft(np.fft.rfft(y) * response, len(y))


def coloured_noise(
    n: int, sr: int, slope: float, rng: np.random.Generator, top: float | None = None
) -> Signal:
    """Gaussian noise whose power falls as ``1 / f**slope``: 0 white, 1 pink, 2 brown; RMS 1.

    ``top`` is the highest frequency it has, in Hz; ``sr / 2`` if left out.
    """
    frequencies = np.fft.rfftfreq(n, 1 / sr)
    spectrum = np.fft.rfft(rng.standard_normal(n)) / np.maximum(frequencies, 20) ** (slope / 2)
    if top is not None:
        spectrum[frequencies > top] = 0
    y = np.fft.irfft(spectrum, n)
    out: Signal = y / max(float(np.sqrt(np.mean(y**2))), 1e-20)
    return out


def mixed(y: Signal, noise: Signal, snr_db: float) -> Signal:
    """``y`` with noise of RMS 1 at a ratio to its own power; silence stays silent."""
    return y + noise * float(np.sqrt(np.mean(np.square(y)))) * 10 ** (-snr_db / 20)


def surrounded(y: Signal, n: int, sr: int, rng: np.random.Generator) -> Signal:
    """A sound shorter than ``n`` samples, somewhere in ``n`` of a quiet room; a longer one as it is."""
    if len(y) >= n:
        return y
    room = coloured_noise(n, sr, float(rng.choice([0, 1, 2])), rng)
    loudness = float(np.sqrt(np.mean(np.square(y)))) if len(y) else 0.0
    out = room * loudness * 10 ** (rng.uniform(-60, -25) / 20)
    at = int(rng.integers(0, n - len(y) + 1))
    out[at : at + len(y)] += y
    return out
