"""Noise of any colour, and how it is added to a signal."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Signal = NDArray[np.floating[Any]]


def coloured_noise(
    n: int, sr: int, slope: float, rng: np.random.Generator, top: float | None = None
) -> Signal:
    """Make Gaussian noise of RMS 1 whose power falls as ``1 / f**slope``: 0 white, 1 pink, 2 brown.

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
    """Add noise of RMS 1 to ``y`` at a ratio to the power of ``y``. Silence stays silent."""
    return y + noise * float(np.sqrt(np.mean(np.square(y)))) * 10 ** (-snr_db / 20)
