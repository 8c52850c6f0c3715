"""Voices of which everything is known: fundamental, jitter, shimmer, noise, tilt."""

import numpy as np

SR = 16_000


def harmonics(f0: float, seconds: float = 1.0, slope: float = -1.0, sr: int = SR) -> np.ndarray:
    """A voice whose nth harmonic has the amplitude ``n ** slope``, up to half the rate."""
    t = np.arange(round(seconds * sr)) / sr
    n = np.arange(1, int(0.49 * sr / f0) + 1)
    y = (n[:, None] ** slope * np.cos(2 * np.pi * f0 * np.outer(n, t) + n[:, None])).sum(axis=0)
    return (0.1 * y).astype(np.float32)


def pulses(times: np.ndarray, amplitudes: np.ndarray, seconds: float, sr: int = SR) -> np.ndarray:
    """A train of short pulses, Gaussian of 0.1 ms: they lie between samples exactly where they are told."""
    y = np.zeros(round(seconds * sr))
    for time, amplitude in zip(times, amplitudes, strict=True):
        first = max(0, int((time - 0.002) * sr))
        t = np.arange(first, min(len(y), first + int(0.004 * sr))) / sr
        y[first : first + len(t)] += amplitude * np.exp(-0.5 * ((t - time) / 1e-4) ** 2)
    return y.astype(np.float32)


def with_noise(y: np.ndarray, ratio: float, seed: int = 0) -> np.ndarray:
    """A voice in white noise that is ``ratio`` dB weaker."""
    noise = np.random.default_rng(seed).standard_normal(len(y))
    noise *= np.sqrt(np.mean(y**2) / np.mean(noise**2)) * 10 ** (-ratio / 20)
    return (y + noise).astype(np.float32)
