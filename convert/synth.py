"""A synthetic baby cry: source and filter, closed forms and seeded noise, NumPy alone.

It sounds like a cry and has its parts where they can be looked up, so tests can measure what they
know. It is no substitute for recordings: nothing is trained on it.

A cry is a train of expirations, each a harmonic sound whose pitch rises and falls, with an audible
inspiration between two of them. Ranges follow LaGasse, Neal and Lester, "Assessment of infant cry",
Mental Retardation and Developmental Disabilities Research Reviews 11 (2005) 83-93: a fundamental of
350 to 550 Hz, formants near 1100 and 3300 Hz, expirations of 0.5 to 1.5 s.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from convert.errors import ConversionError

Signal = NDArray[np.floating[Any]]

#: Range the fundamental never leaves, in Hz.
F0_RANGE: Final = (350.0, 550.0)
#: Range of an expiration's length, in seconds.
EXPIRATION_RANGE: Final = (0.5, 1.5)
#: Resonances of an infant's vocal tract, about 8 cm long: centre and bandwidth in Hz.
FORMANTS: Final = ((1100.0, 250.0), (3300.0, 400.0), (5500.0, 600.0))
#: Where an indrawn breath hisses.
BREATH: Final = ((1800.0, 900.0), (4200.0, 1500.0))


@dataclass(frozen=True)
class Expiration:
    """One cry sound and the breath after it.

    Parameters
    ----------
    start, duration : float
        When it sounds, in seconds.
    low, high : float
        Fundamental at its ends and at its top, in Hz.
    level : float in (0, 1]
        Its loudness, relative to the others.
    breath : tuple of float
        Start and length of the inspiration that follows, in seconds, with silence on both sides.
    """

    start: float
    duration: float
    low: float
    high: float
    level: float
    breath: tuple[float, float]


def expirations(seconds: float, seed: int = 0) -> list[Expiration]:
    """Plan the cry that :func:`synthetic_cry` renders from the same arguments.

    The last expiration ends before ``seconds``; there is none if they are too few for one.
    """
    return list(_plan(seconds, np.random.default_rng(seed)))


def synthetic_cry(
    sr: int = 16000,
    seconds: float = 7.0,
    seed: int = 0,
    *,
    peak: float = 0.5,
    room_db: float = -60.0,
) -> NDArray[np.float32]:
    """Render a cry.

    Parameters
    ----------
    sr : int
        Sampling rate in Hz. Harmonics stay below ``sr / 2``.
    seconds : float
        Length.
    seed : int
        The same seed gives the same cry; its plan does not depend on ``sr``.
    peak : float
        Largest absolute sample.
    room_db : float
        Level of the room's noise (RMS) in dB below the peak.

    Returns
    -------
    np.ndarray [shape=(round(sr * seconds),), dtype=float32]

    Raises
    ------
    ConversionError
        ``sr`` is outside 1000 to 192000 Hz, or ``seconds`` outside 0 to 3600.
    """
    if not 1000 <= sr <= 192_000:
        raise ConversionError(f"sr: {sr} Hz is out of range; allowed are 1000 to 192000 Hz")
    if not 0 <= seconds <= 3600:
        raise ConversionError(f"seconds: {seconds} is out of range; allowed are 0 to 3600 s")
    rng = np.random.default_rng(seed)
    plan = list(_plan(seconds, rng))
    y = np.zeros(round(sr * seconds))
    for part in plan:
        add(y, part.start, part.level * _voice(part, sr, rng), sr)
        start, duration = part.breath
        add(y, start, 0.04 * part.level * _hiss(duration, sr, BREATH, rng), sr)
    noise = room(y.size, rng)
    y /= np.abs(y).max(initial=1e-12)
    y += 10 ** (room_db / 20) * noise
    y *= peak / np.abs(y).max(initial=1e-12)
    return y.astype(np.float32)


def _plan(seconds: float, rng: np.random.Generator) -> Iterator[Expiration]:
    at = rng.uniform(0.1, 0.3)
    while True:
        duration = rng.uniform(*EXPIRATION_RANGE)
        low, high = rng.uniform(360, 420), rng.uniform(450, 530)
        level, pause, breath = rng.uniform(0.7, 1.0), rng.uniform(0.08, 0.15), rng.uniform(0.15, 0.25)
        if at + duration > seconds:
            return
        yield Expiration(at, duration, low, high, level, (at + duration + pause, breath))
        at += duration + pause + breath + pause


def melody(part: Expiration, sr: int, rng: np.random.Generator) -> Signal:
    """Fundamental of an expiration in Hz, sample by sample: rise and fall, vibrato and jitter."""
    n = round(part.duration * sr)
    t = np.arange(n) / sr
    arch = np.sin(np.pi * (t / part.duration) ** 0.8)
    vibrato = 0.012 * np.sin(2 * np.pi * rng.uniform(5, 8) * t + rng.uniform(0, 2 * np.pi))
    # Jitter: the pitch strays by half a per cent, anew every 10 ms.
    knots = np.arange(0.0, part.duration + 0.02, 0.01)
    jitter = np.interp(t, knots, 0.005 * rng.standard_normal(knots.size))
    f0: Signal = (part.low + (part.high - part.low) * arch) * (1 + vibrato + jitter)
    return np.clip(f0, *F0_RANGE)


def _voice(part: Expiration, sr: int, rng: np.random.Generator) -> Signal:
    """Sum of the harmonics: each as loud as 1/k (a glottal pulse) and the formants make it."""
    f0 = melody(part, sr, rng)
    phase = 2 * np.pi * np.cumsum(f0) / sr
    y = np.zeros(f0.size)
    for k in range(1, int(sr / 2 / f0.min(initial=F0_RANGE[1])) + 1):
        frequency = k * f0
        y += np.where(frequency < sr / 2, _resonance(frequency, FORMANTS) / k, 0) * np.sin(k * phase)
    y += 0.02 * _hiss(part.duration, sr, FORMANTS, rng)[: y.size]
    return y * _envelope(y.size, sr, attack=0.04, release=0.12)


def _hiss(
    duration: float, sr: int, formants: tuple[tuple[float, float], ...], rng: np.random.Generator
) -> Signal:
    """Breath: noise through resonances, RMS about 1, faded in and out."""
    n = round(duration * sr)
    spectrum = np.fft.rfft(rng.standard_normal(n)) * _resonance(np.fft.rfftfreq(n, 1 / sr), formants)
    y: Signal = np.fft.irfft(spectrum, n)
    y /= np.sqrt(np.mean(y**2))
    return y * _envelope(n, sr, attack=0.05, release=0.08)


def _resonance(frequency: Signal, formants: tuple[tuple[float, float], ...]) -> Signal:
    """Gain of simple resonances in parallel, over a floor of 0.1."""
    gain = np.full(frequency.shape, 0.1)
    for centre, bandwidth in formants:
        gain += 1 / np.sqrt(1 + ((frequency - centre) / (bandwidth / 2)) ** 2)
    return gain


def _envelope(n: int, sr: int, attack: float, release: float) -> Signal:
    """Rise over ``attack`` seconds, stay at 1, fall over ``release``: raised cosines, 0 at the ends."""
    t = np.arange(n)
    rise: Signal = np.clip(t / (attack * sr), 0, 1)
    fall: Signal = np.clip((n - 1 - t) / (release * sr), 0, 1)
    envelope: Signal = np.sin(np.pi / 2 * rise) ** 2 * np.sin(np.pi / 2 * fall) ** 2
    return envelope


def room(n: int, rng: np.random.Generator) -> Signal:
    """Noise of a room, of RMS 1: a running mean of four makes white noise fall off towards the treble."""
    white = rng.standard_normal(n + 3)
    noise: Signal = (white[:-3] + white[1:-2] + white[2:-1] + white[3:]) / 2
    return noise


def add(y: Signal, start: float, part: Signal, sr: int) -> None:
    """Add ``part`` to ``y`` from ``start`` seconds on, as far as ``y`` goes."""
    at = round(start * sr)
    part = part[: max(0, y.size - at)]
    y[at : at + part.size] += part
