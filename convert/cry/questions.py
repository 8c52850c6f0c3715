"""Questions: changes cries before the detector is asked again. Cuts them, moves them away, covers them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from convert.cry.examples import SR, Example
from convert.cry.rooms import any_room
from edgecry.arrays import Float32
from edgecry.audio.load import load_audio

#: Shortest and longest cuts of cries, in seconds.
LENGTHS: Final[Mapping[str, tuple[float, float]]] = {
    "0.5 to 0.7 s": (0.5, 0.7),
    "0.7 to 1 s": (0.7, 1.0),
    "1 to 2 s": (1.0, 2.0),
    "2 to 3 s": (2.0, 3.0),
}
#: Categories of the sounds that cries are put under.
OVER: Final[Mapping[str, tuple[str, ...]]] = {
    "lullaby": ("music", "phone_music", "instrument", "singing"),
    "noise machine": ("vacuum_cleaner", "washing_machine", "air_conditioner", "dishwasher", "rain"),
    "TV": ("speech", "speech_radio", "cartoon_voice", "speech_acted"),
}
RATIOS: Final = (10.0, 0.0, -5.0)
_SEED: Final = 77
#: The longest part of a cry that is asked about, and the least that lies over it, in seconds.
_ASKED: Final = 3.0
_LEAST: Final = 2.0

Change = Callable[[Float32, np.random.Generator], Float32]


def cut_short(low: float, high: float) -> Change:
    """Keep the loudest stretch of ``low`` to ``high`` seconds."""
    return lambda y, rng: loudest(y, round(rng.uniform(low, high) * SR))


def far_away(y: Float32, rng: np.random.Generator) -> Float32:
    """Make a recording sound as from across a room."""
    response = any_room(SR, rng)
    size = len(y) + len(response)
    heard = np.fft.irfft(np.fft.rfft(y, size) * np.fft.rfft(response, size), size)
    out: Float32 = heard[: len(y)].astype(np.float32)
    return out


def loudest(y: Float32, n: int) -> Float32:
    """Give the stretch of ``n`` samples with the most power."""
    if len(y) <= n:
        return y
    power = np.concatenate([[0.0], np.cumsum(np.square(y, dtype=np.float64))])
    start = int(np.argmax(power[n:] - power[:-n]))
    return y[start : start + n]


def changed(example: Example, change: Change) -> Float32:
    """Give the samples of a recording after a change. Its name is the seed."""
    return change(load_audio(example.sound.path, SR).samples, _rng(example))


def under(example: Example, other: Example, ratio_db: float, whole: bool = False) -> Float32:
    """Give the samples of a cry with another recording over it.

    Parameters
    ----------
    example, other : Example
        A cry, and the sound over it. A sound that is too short is repeated.
    ratio_db : float
        Ratio of the power of the cry to that of the other sound, in dB.
    whole : bool
        True to take the whole recording of the cry, and not its loudest 3 s.
    """
    cry = load_audio(example.sound.path, SR).samples
    if not whole:
        cry = loudest(cry, round(_ASKED * SR))
    y = load_audio(other.sound.path, SR).samples
    y = np.roll(np.resize(y, max(len(y), len(cry))), -int(_rng(example).integers(len(y))))[: len(cry)]
    power, over = (float(np.mean(np.square(x, dtype=np.float64))) for x in (cry, y))
    gain = np.sqrt(power / max(over, 1e-20)) * 10 ** (-ratio_db / 20)
    mixed: Float32 = (cry + gain * y).astype(np.float32)
    return mixed


def backgrounds(examples: Mapping[int, Example], names: tuple[str, ...]) -> list[int]:
    """Give the rows of recordings of these categories that last long enough."""
    return [
        row
        for row, example in examples.items()
        if example.sound.category in names
        and not example.sound.is_cry
        and load_audio(example.sound.path, SR).samples.size >= _LEAST * SR
    ]


def _rng(example: Example) -> np.random.Generator:
    return np.random.default_rng((_SEED, *example.sound.path.name.encode()))
