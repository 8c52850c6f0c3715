"""Finds the units of a cry by the level: stretches of sound between pauses, mostly one expiration each."""

from __future__ import annotations

from typing import Final

import numpy as np

from edgecry.arrays import Float32, Float64

#: Length of a frame and step between two, in seconds.
FRAME: Final = 0.02
STEP: Final = 0.005
#: Share of frames that are louder than the loud level, and that are quieter than the background's.
_LOUD, _QUIET = 0.05, 0.10
#: Level of silence, in dB of full scale.
_SILENT: Final = -120.0


def levels(y: Float32, sr: int) -> Float64:
    """Return the level of each frame in dB of full scale (a constant 1 has 0 dB), at least -120."""
    size, step = round(FRAME * sr), round(STEP * sr)
    energy = np.concatenate(([0.0], np.cumsum(np.square(y, dtype=np.float64))))
    starts = np.arange(0, max(0, len(y) - size) + 1, step)
    power = (energy[np.minimum(starts + size, len(y))] - energy[starts]) / size
    found: Float64 = 10 * np.log10(np.maximum(power, 10 ** (_SILENT / 10)))
    return found


def segments(y: Float32, sr: int, depth: float, min_unit: float, min_pause: float) -> list[tuple[int, int]]:
    """Find the stretches of sound.

    A frame is sound if it is less than ``depth`` dB under the loud frames (the 95th percentile). If the
    background is nearer than twice that, the limit is halfway between it and the loud frames.

    Parameters
    ----------
    y : float32 [shape=(n,)]
    sr : int
        In Hz.
    depth : float
        In dB.
    min_unit, min_pause : float
        Seconds.

    Returns
    -------
    list of (int, int)
        Beginning and end of each stretch, in samples.
    """
    level = levels(y, sr)
    loud, quiet = np.quantile(level, (1 - _LOUD, _QUIET))
    if loud <= _SILENT:
        return []
    is_sound = level > loud - min(depth, max(3.0, (loud - quiet) / 2))
    edges = np.flatnonzero(np.diff(np.concatenate(([0], is_sound.astype(np.int8), [0]))))
    # A frame stands for the step in its middle.
    size, step = round(FRAME * sr), round(STEP * sr)
    places = np.clip(edges * step + (size - step) // 2, 0, len(y)).reshape(-1, 2)
    found: list[tuple[int, int]] = []
    for start, end in places.tolist():
        if found and start - found[-1][1] < min_pause * sr:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return [(start, end) for start, end in found if end - start >= min_unit * sr]
