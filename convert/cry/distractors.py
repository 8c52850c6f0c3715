"""Synthetic sounds that are not cries and that corpora lack: quiet devices, machines, lullabies, alarms.

They stand for quiet rooms, cheap microphones, fans, noise machines, music boxes and sirens. The seeds of
training are never used for a test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

import numpy as np

from convert.cry.variation import Signal, coloured_noise

Maker = Callable[[int, int, np.random.Generator], Signal]


def fan(n: int, sr: int, rng: np.random.Generator) -> Signal:
    """A noise machine or a fan: noise of any colour with a resonance and slow swells."""
    f = np.maximum(np.fft.rfftfreq(n, 1 / sr), 20)
    knots = np.log2([50, 100, 200, 400, 800, 1600, 3200, 8000])
    gain = rng.normal(0, 5, 8) - rng.uniform(0, 9) * (knots - knots[4])
    response = 10 ** (np.interp(np.log2(f), knots, gain) / 20)
    y = np.fft.irfft(np.fft.rfft(rng.standard_normal(n)) * response, n)
    t = np.arange(n) / sr
    if rng.random() < 0.5:
        y *= 1 + rng.uniform(0.1, 0.9) * np.sin(2 * np.pi * rng.uniform(0.1, 6) * t + rng.uniform(0, 6))
    return y


def shush(n: int, sr: int, rng: np.random.Generator) -> Signal:
    """Shushes or heart beats over noise, as noise machines play."""
    rate, t = rng.uniform(0.6, 1.6), np.arange(n) / sr
    gate = np.clip(np.sin(2 * np.pi * rate * t + rng.uniform(0, 6)), 0, 1) ** rng.uniform(0.5, 4)
    return fan(n, sr, rng) * (gate + rng.uniform(0, 0.2))


def hum(n: int, sr: int, rng: np.random.Generator) -> Signal:
    """Mains hum: 50 or 60 Hz and its harmonics, over a little noise."""
    t = np.arange(n) / sr
    mains = rng.choice([50.0, 60.0]) * (1 + rng.normal(0, 0.002))
    y = coloured_noise(n, sr, 0, rng) * 10 ** rng.uniform(-4, -1)
    for k in range(1, int(rng.integers(2, 40))):
        y += rng.lognormal() / k * np.sin(2 * np.pi * mains * k * t + rng.uniform(0, 2 * np.pi))
    return y


def motor(n: int, sr: int, rng: np.random.Generator) -> Signal:
    """A motor: many harmonics of 60 to 900 Hz that drift a little, in noise."""
    t = np.arange(n) / sr
    f0 = np.exp(rng.uniform(np.log(60), np.log(900))) * (
        1 + rng.uniform(0, 0.03) * np.sin(2 * np.pi * rng.uniform(0.05, 1) * t)
    )
    phase, y = 2 * np.pi * np.cumsum(f0) / sr, fan(n, sr, rng) * 10 ** rng.uniform(-2, 0.3)
    for k in range(1, int(rng.integers(3, 30))):
        y += rng.lognormal() / k ** rng.uniform(0.3, 1.5) * np.sin(k * phase + rng.uniform(0, 6))
    return y


def clicks(n: int, sr: int, rng: np.random.Generator) -> Signal:
    """Clicks of a single sample over a quiet room."""
    y = coloured_noise(n, sr, 0, rng) * 10 ** rng.uniform(-5, -2)
    y[rng.integers(0, n, int(rng.integers(1, 12)))] += rng.uniform(-1, 1)
    return y


def constant(n: int, sr: int, rng: np.random.Generator) -> Signal:
    """A DC offset, as an unbalanced converter has it, over a quiet room."""
    return rng.uniform(-1, 1) + coloured_noise(n, sr, 0, rng) * 10 ** rng.uniform(-6, -2)


def units(n: int, sr: int, rng: np.random.Generator) -> Signal:  # noqa: ARG001
    """The lowest bits of a 16-bit converter that hears nothing."""
    return np.round(rng.normal(0, rng.uniform(0.2, 3), n)) / 32768


def tone(n: int, sr: int, rng: np.random.Generator) -> Signal:
    """A tone of any pitch, swelling or steady."""
    t = np.arange(n) / sr
    swell = 1 + rng.uniform(0, 0.9) * np.sin(2 * np.pi * rng.uniform(0.2, 8) * t)
    pitch = np.exp(rng.uniform(np.log(100), np.log(3500)))
    y: Signal = swell * np.sin(2 * np.pi * pitch * t)
    return y + coloured_noise(n, sr, 0, rng) * 10 ** rng.uniform(-4, -1)


def chirps(n: int, sr: int, rng: np.random.Generator) -> Signal:
    """A tone that sweeps up, down or both: alarms, sirens, slide whistles."""
    t = np.arange(n) / sr
    low, high = np.sort(np.exp(rng.uniform(np.log(150), np.log(3500), 2)))
    period = rng.uniform(0.15, 4)
    x = (t / period + rng.random()) % 1
    shape = [x, 1 - x, 1 - np.abs(2 * x - 1), 0.5 + 0.5 * np.sin(2 * np.pi * x), (x > 0.5) * 1.0][
        int(rng.integers(5))
    ]
    y = np.sin(2 * np.pi * np.cumsum(low * (high / low) ** shape) / sr)
    if rng.random() < 0.4:
        y = np.clip(y * rng.uniform(1, 6), -1, 1)
    out: Signal = y + coloured_noise(n, sr, 1, rng) * 10 ** rng.uniform(-4, -1)
    return out


def beeps(n: int, sr: int, rng: np.random.Generator) -> Signal:
    """Beeps of one or two pitches, as of clocks and appliances."""
    t = np.arange(n) / sr
    rate, duty = rng.uniform(0.7, 6), rng.uniform(0.1, 0.7)
    on = ((t * rate) % 1) < duty
    pitch = np.where(((t * rate).astype(int) % 2) == 0, *np.exp(rng.uniform(np.log(300), np.log(3500), 2)))
    y = np.sin(2 * np.pi * np.cumsum(pitch) / sr) * on
    if rng.random() < 0.5:
        y = np.sign(y) * rng.uniform(0.3, 1) + y
    out: Signal = y + coloured_noise(n, sr, 1, rng) * 10 ** rng.uniform(-4, -1)
    return out


def music_box(n: int, sr: int, rng: np.random.Generator) -> Signal:
    """A lullaby: struck notes of a major scale with decaying partials, some chords, at a slow pace."""
    y = np.zeros(n)
    scale = np.array([0, 2, 4, 5, 7, 9, 11, 12, 14, 16])
    root = 220 * 2 ** (rng.integers(-4, 20) / 12)
    partials = (
        np.array([[1, 1], [2, 0.4], [3, 0.2], [4, 0.1]])
        if rng.random() < 0.4
        else np.array([[1, 1], [2.76, 0.4], [5.4, 0.2]])
    )
    beat, decay = rng.uniform(0.18, 0.6), rng.uniform(0.15, 1.5)
    step, at = int(rng.integers(0, 8)), rng.uniform(0, beat)
    while at < n / sr:
        step = int(np.clip(step + rng.integers(-2, 3), 0, 9))
        chord = (
            [step] + ([max(step - 2, 0)] if rng.random() < 0.3 else []) + ([0] if rng.random() < 0.2 else [])
        )
        start = int(at * sr)
        t = np.arange(n - start) / sr
        for s in chord:
            for ratio, gain in partials:
                f = root * 2 ** (scale[s] / 12) * ratio
                if f < sr / 2.2:
                    y[start:] += (
                        gain
                        * np.exp(-t / decay * ratio**0.5)
                        * np.sin(2 * np.pi * f * t)
                        * rng.uniform(0.6, 1)
                    )
        at += beat * float(rng.choice([1, 1, 1, 2, 0.5, 3]))
    out: Signal = y + coloured_noise(n, sr, 1, rng) * 10 ** rng.uniform(-4, -1.5) * max(np.abs(y).max(), 1e-9)
    return out


def hummed(n: int, sr: int, rng: np.random.Generator) -> Signal:
    """Roughly a sung lullaby: a voice of 150 to 450 Hz with vibrato on slow notes, with two formants."""
    t = np.arange(n) / sr
    scale, root = np.array([0, 2, 4, 5, 7, 9, 12]), np.exp(rng.uniform(np.log(130), np.log(330)))
    beat = rng.uniform(0.3, 0.9)
    notes = root * 2 ** (
        scale[np.clip(np.cumsum(rng.integers(-2, 3, int(n / sr / beat) + 2)) % 7, 0, 6)] / 12
    )
    at = np.minimum((t / beat).astype(int), len(notes) - 1)
    f0 = np.convolve(notes[at], np.ones(800) / 800, "same")
    f0 = f0 * (1 + rng.uniform(0, 0.025) * np.sin(2 * np.pi * rng.uniform(4.5, 6.5) * t))
    phase = 2 * np.pi * np.cumsum(f0) / sr
    formants = (rng.uniform(280, 850), rng.uniform(800, 2300))
    y = np.zeros(n)
    for k in range(1, 16):
        f = f0 * k
        gain = sum(1 / (1 + ((f - c) / 110) ** 2) for c in formants) + 0.02
        y += gain * np.sin(k * phase) / k**0.5
    envelope = 0.3 + np.clip(np.sin(np.pi * ((t / beat) % 1)), 0, 1) ** 0.4
    out: Signal = y * envelope + coloured_noise(n, sr, 1, rng) * 10 ** rng.uniform(-3, -1.3)
    return out


def bursts(n: int, sr: int, rng: np.random.Generator) -> Signal:
    """Short voiced bursts that die away, over a quiet room: barks, yelps, squeaks, knocks that ring."""
    y = coloured_noise(n, sr, 1, rng) * 10 ** rng.uniform(-4, -1.5)
    pitch, decay = np.exp(rng.uniform(np.log(150), np.log(900))), rng.uniform(0.02, 0.15)
    glide, noisy, at = rng.uniform(-0.4, 0.4), rng.uniform(0, 1.5), rng.uniform(0, 0.8)
    low, high = rng.uniform(100, 600), rng.uniform(1200, 4000)
    while at < n / sr:
        start = round(at * sr)
        t = np.arange(min(n - start, round(6 * decay * sr))) / sr
        spectrum = np.fft.rfft(rng.standard_normal(len(t)))
        f = np.fft.rfftfreq(len(t), 1 / sr)
        noise = np.fft.irfft(np.where((f > low) & (f < high), spectrum, 0), len(t))
        phase = 2 * np.pi * pitch * rng.uniform(0.9, 1.1) * np.cumsum(1 + glide * t / (6 * decay)) / sr
        voice = sum(np.sin(k * phase) * np.exp(-t * k * rng.uniform(2, 8)) / k for k in range(1, 7))
        burst = voice + noisy * noise / max(float(np.abs(noise).max(initial=0)), 1e-9)
        y[start : start + len(t)] += (
            rng.uniform(0.4, 1) * burst * np.exp(-t / decay) * np.minimum(1, t / 0.005)
        )
        at += rng.uniform(0.3, 1) if rng.random() < 0.75 else rng.uniform(1, 3)
    return y


def silence(n: int, sr: int, rng: np.random.Generator) -> Signal:  # noqa: ARG001
    """Nothing at all."""
    return np.zeros(n)


def _noise(slope: float) -> Maker:
    return lambda n, sr, rng: coloured_noise(n, sr, slope, rng)


MAKERS: Final[Mapping[str, Maker]] = {
    "silence": silence,
    "lowest bits": units,
    "hum": hum,
    "motor": motor,
    "white noise": _noise(0),
    "pink noise": _noise(1),
    "brown noise": _noise(2),
    "fan": fan,
    "shush": shush,
    "DC": constant,
    "clicks": clicks,
    "tone": tone,
    "chirps": chirps,
    "beeps": beeps,
    "music box": music_box,
    "hummed": hummed,
    "bursts": bursts,
}
#: How many sounds of a kind are learned: more of kinds that vary, and none of a kind that is only tested.
LEARNED: Final = 15
MORE: Final[Mapping[str, int]] = {
    "silence": 1,
    "music box": 50,
    "hummed": 30,
    "fan": 50,
    "shush": 20,
    "motor": 30,
    "bursts": 0,
}


def distractors(each: int, n: int, sr: int, seed: int) -> Iterator[tuple[str, Signal]]:
    """Make ``each`` sounds of every kind, at levels from 0 to -80 dB of full scale.

    Parameters
    ----------
    each, n : int
        Number of sounds of each kind, and of samples of each sound.
    sr : int
        In Hz.
    seed : int

    Yields
    ------
    kind : str
    y : float [shape=(n,)]
    """
    yield from _made(dict.fromkeys(MAKERS, each), n, sr, seed)


def lessons(n: int, sr: int, seed: int) -> Iterator[tuple[str, Signal]]:
    """Make the sounds that are learned, as :func:`distractors`."""
    yield from _made({kind: MORE.get(kind, LEARNED) for kind in MAKERS}, n, sr, seed)


def _made(counts: Mapping[str, int], n: int, sr: int, seed: int) -> Iterator[tuple[str, Signal]]:
    rng = np.random.default_rng((seed, 0xD15))
    for kind, count in counts.items():
        for _ in range(count):
            y = MAKERS[kind](n, sr, rng)
            if kind != "lowest bits":  # silence has only one level
                y = y / max(float(np.abs(y).max()), 1e-20) * 10 ** (rng.uniform(-80, 0) / 20)
            yield kind, y
