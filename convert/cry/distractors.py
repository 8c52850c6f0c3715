"""Sounds that are no cries and that corpora lack, in closed form: silence, hum, noise, clicks, DC, tones.

They stand for quiet rooms, cheap microphones, fans and white-noise machines. Nothing is tested on the
seeds that are trained on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

import numpy as np

from convert.cry.variation import Signal, coloured_noise, equalised

Maker = Callable[[int, int, np.random.Generator], Signal]


def hum(n: int, sr: int, rng: np.random.Generator) -> Signal:
    """Mains hum: 50 or 60 Hz and its harmonics, over a little noise."""
    t = np.arange(n) / sr
    mains = rng.choice([50.0, 60.0]) * (1 + rng.normal(0, 0.002))
    y = coloured_noise(n, sr, 0, rng) * 10 ** rng.uniform(-4, -1)
    for k in range(1, int(rng.integers(2, 40))):
        y += rng.lognormal() / k * np.sin(2 * np.pi * mains * k * t + rng.uniform(0, 2 * np.pi))
    return y


def clicks(n: int, sr: int, rng: np.random.Generator) -> Signal:
    """A few single samples over a quiet room."""
    y = coloured_noise(n, sr, 0, rng) * 10 ** rng.uniform(-5, -2)
    y[rng.integers(0, n, int(rng.integers(1, 12)))] += rng.uniform(-1, 1)
    return y


def constant(n: int, sr: int, rng: np.random.Generator) -> Signal:
    """DC, as of an unbalanced converter, over a quiet room."""
    y = rng.uniform(-1, 1) + coloured_noise(n, sr, 0, rng) * 10 ** rng.uniform(-6, -2)
    return np.asarray(y, np.float64)


def units(n: int, sr: int, rng: np.random.Generator) -> Signal:  # noqa: ARG001
    """The lowest bits of a 16-bit converter that hears nothing."""
    y: Signal = np.round(rng.normal(0, rng.uniform(0.2, 3), n)) / 32768
    return y


def tone(n: int, sr: int, rng: np.random.Generator) -> Signal:
    """A tone of any pitch, swelling or steady."""
    t = np.arange(n) / sr
    swell = 1 + rng.uniform(0, 0.9) * np.sin(2 * np.pi * rng.uniform(0.2, 8) * t)
    pitch = np.exp(rng.uniform(np.log(100), np.log(3500)))
    y: Signal = swell * np.sin(2 * np.pi * pitch * t)
    return y + coloured_noise(n, sr, 0, rng) * 10 ** rng.uniform(-4, -1)


def _noise(slope: float) -> Maker:
    def make(n: int, sr: int, rng: np.random.Generator) -> Signal:
        y = coloured_noise(n, sr, slope, rng)
        return equalised(y, sr, rng) if rng.random() < 0.5 else y

    return make


def silence(n: int, sr: int, rng: np.random.Generator) -> Signal:  # noqa: ARG001
    """Nothing at all."""
    return np.zeros(n)


MAKERS: Final[Mapping[str, Maker]] = {
    "silence": silence,
    "lowest bits": units,
    "hum": hum,
    "white noise": _noise(0),
    "pink noise": _noise(1),
    "brown noise": _noise(2),
    "DC": constant,
    "clicks": clicks,
    "tone": tone,
}


def distractors(each: int, n: int, sr: int, seed: int) -> Iterator[tuple[str, Signal]]:
    """Make ``each`` sounds of every kind, at levels from 0 to -80 dB of full scale.

    Parameters
    ----------
    each, n : int
        Sounds a kind, and samples a sound.
    sr : int
        In Hz.
    seed : int

    Yields
    ------
    kind : str
    y : float [shape=(n,)]
    """
    rng = np.random.default_rng((seed, 0xD15))
    for kind, make in MAKERS.items():
        for _ in range(each):
            y = make(n, sr, rng)
            if kind != "lowest bits":  # which has the only level it can have
                y = y / max(float(np.abs(y).max()), 1e-20) * 10 ** (rng.uniform(-80, 0) / 20)
            yield kind, y
