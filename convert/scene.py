"""Ten minutes next to a cot, synthesised: a room, barks, two cries, a white-noise machine halfway.

What happens when is known to the sample, so that ``edgecry listen`` can be tested from end to end. The
barks are noise bursts with decaying harmonics: short and loud, and no cries.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from convert.errors import ConversionError
from convert.synth import add, expirations, room, synthetic_cry

Signal = NDArray[np.floating[Any]]

#: Of the whole, where things happen: the cries begin, and the machine is switched on.
CRIES: Final = (0.15, 0.65)
MACHINE: Final = 0.5
#: Seconds that the cries last in ten minutes; in less, in proportion, but never under ``SHORTEST``.
LENGTHS: Final = (15.0, 40.0)
SHORTEST: Final = 8.0
#: RMS in dB of full scale of the room and of the machine, and the peaks of cries and barks.
ROOM_DB: Final = -60.0
MACHINE_DB: Final = -45.0
CRY_PEAK: Final = 0.5
BARK_PEAK: Final = 0.4


@dataclass(frozen=True)
class Scene:
    """Sound, and what is in it.

    Attributes
    ----------
    samples : float32 [shape=(n,)]
        Mono.
    sr : int
        Samples a second.
    cries, barks : tuple of (float, float)
        Where each begins and ends, in seconds.
    machine : float
        When the white-noise machine is switched on, in seconds.
    """

    samples: NDArray[np.float32]
    sr: int
    cries: tuple[tuple[float, float], ...]
    barks: tuple[tuple[float, float], ...]
    machine: float

    def truth(self) -> dict[str, Any]:
        """Plain types, ready for JSON: all but the samples."""

        def spans(found: tuple[tuple[float, float], ...]) -> list[dict[str, float]]:
            return [{"start": round(start, 3), "end": round(end, 3)} for start, end in found]

        return {
            "seconds": round(len(self.samples) / self.sr, 3),
            "sr": self.sr,
            "cries": spans(self.cries),
            "barks": spans(self.barks),
            "machine": round(self.machine, 3),
        }


def scene(seconds: float = 600.0, seed: int = 0, sr: int = 16000) -> Scene:
    """Synthesise a scene.

    Parameters
    ----------
    seconds : float in [60, 3600]
        Its length.
    seed : int
        The same seed gives the same scene.
    sr : int
        Samples a second.

    Raises
    ------
    ConversionError
        ``seconds`` or ``sr`` is out of range.
    """
    if not 60 <= seconds <= 3600:
        raise ConversionError(f"seconds: {seconds:g} is out of range; allowed are 60 to 3600 s")
    if not 8000 <= sr <= 192_000:
        raise ConversionError(f"sr: {sr} Hz is out of range; allowed are 8000 to 192000 Hz")
    rng = np.random.default_rng(seed)
    n = round(seconds * sr)
    y = 10 ** (ROOM_DB / 20) * room(n, rng)
    machine = round(MACHINE * n)
    y[machine:] += 10 ** (MACHINE_DB / 20) * rng.standard_normal(n - machine)
    cries = []
    for i, (share, length) in enumerate(zip(CRIES, LENGTHS, strict=True)):
        part = max(SHORTEST, length * seconds / 600.0)
        start = share * seconds
        add(y, start, synthetic_cry(sr, part, seed + i, peak=CRY_PEAK, room_db=-120.0), sr)
        plan = expirations(part, seed + i)
        cries.append((start + plan[0].start, start + plan[-1].start + plan[-1].duration))
    barks = _add_barks(y, sr, rng, cries)
    return Scene(np.clip(y, -1, 1).astype(np.float32), sr, tuple(cries), tuple(barks), machine / sr)


def bark(sr: int, rng: np.random.Generator) -> Signal:
    """A dog's bark: a burst of noise from 300 to 3000 Hz and a few harmonics, that dies away in 0.2 s."""
    n = round(0.25 * sr)
    t = np.arange(n) / sr
    spectrum = np.fft.rfft(rng.standard_normal(n))
    frequency = np.fft.rfftfreq(n, 1 / sr)
    spectrum[(frequency < 300) | (frequency > 3000)] = 0
    noise = np.fft.irfft(spectrum, n)
    f0 = rng.uniform(250, 450) * (1 - 0.3 * t / t[-1])
    phase = 2 * np.pi * np.cumsum(f0) / sr
    voice = sum(np.sin(k * phase) * np.exp(-t * 6 * k) / k for k in range(1, 6))
    y = (noise / np.abs(noise).max() + voice) * np.exp(-t / 0.06) * np.minimum(1, t / 0.005)
    return np.asarray(y / np.abs(y).max())


def _add_barks(
    y: Signal, sr: int, rng: np.random.Generator, cries: list[tuple[float, float]]
) -> list[tuple[float, float]]:
    """Bark two or three times in a row, once a minute, well away from the cries."""
    seconds, length = len(y) / sr, 0.25
    barks = []
    for minute in np.arange(20.0, seconds - 5.0, 60.0):
        at = float(minute) + rng.uniform(0, 10)
        if any(start - 25 < at < end + 25 for start, end in cries):
            continue
        for _ in range(int(rng.integers(2, 4))):
            add(y, at, BARK_PEAK * rng.uniform(0.5, 1) * bark(sr, rng), sr)
            barks.append((at, at + length))
            at += rng.uniform(0.4, 0.9)
    return barks
