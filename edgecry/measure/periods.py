"""Periods of a voice, one by one: how much their length (jitter) and their amplitude (shimmer) change.

Periods are found as Praat finds them ("To PointProcess (cc)"): from the loudest point in the middle of a
voiced stretch, each next one is where the cross-correlation of one period of sound is highest, at 0.8 to 1.25
of the expected period. Definitions are those of Praat's manual ("Voice 2. Jitter", "Voice 3. Shimmer").
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import soxr

from edgecry.arrays import Float32, Float64
from edgecry.measure.pitch import Pitch

#: Periods are looked for this many times more finely than the samples.
_FINER: Final = 4
#: Where the next period is looked for, in expected periods, how similar it must be, and how much of the
#: energy it must have: after the last one there may be a similar nothing.
_NEAR, _FAR, _ALIKE, _FAINT = 0.8, 1.25, 0.3, 0.01
#: Neighbours that differ by more than these factors are not compared, because one of them is not a period.
MAX_PERIOD_FACTOR: Final = 1.3
MAX_AMPLITUDE_FACTOR: Final = 1.6
#: The amplitude of a period is the level of twice this part of it.
_AMPLITUDE_PART: Final = 0.2


@dataclass
class Periods:
    """The successive periods of each voiced stretch.

    Attributes
    ----------
    lengths, amplitudes : list of float64 [shape=(n,)]
        Seconds, and level (RMS) around the point where each period begins; an array for each stretch.
    """

    lengths: list[Float64] = field(default_factory=list)
    amplitudes: list[Float64] = field(default_factory=list)

    @property
    def jitter(self) -> float | None:
        """Average difference of neighbouring periods over the average period. None if there are too few."""
        return _change(self.lengths, MAX_PERIOD_FACTOR)

    @property
    def shimmer(self) -> float | None:
        """Average difference of neighbouring amplitudes over the average amplitude; None if too few."""
        return _change(self.amplitudes, MAX_AMPLITUDE_FACTOR)


def find_periods(y: Float32, sr: int, pitch: Pitch) -> Periods:
    """Find the periods of each stretch of frames that has a voice.

    Parameters
    ----------
    y : float32 [shape=(n,)]
    sr : int
        In Hz.
    pitch : Pitch
        Of ``y``.
    """
    found = Periods()
    if not pitch.voiced.any():
        return found
    finer = _Signal(soxr.resample(y, sr, _FINER * sr, quality="HQ").astype(np.float64), _FINER * sr)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], pitch.voiced.astype(np.int8), [0]))))
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        stretch = slice(first, last)
        points, lengths = finer.periods(pitch.times[stretch], pitch.f0[stretch])
        if len(lengths) > 1:
            found.lengths.append(lengths / finer.sr)
            found.amplitudes.append(
                np.array([finer.level(point, length) for point, length in zip(points, lengths, strict=True)])
            )
    return found


class _Signal:
    """A signal in which periods are looked for. Places are counted in samples."""

    def __init__(self, x: Float64, sr: int) -> None:
        self._x, self.sr = x, sr
        self._energy = np.concatenate(([0.0], np.cumsum(x * x)))

    def periods(self, times: Float64, f0: Float64) -> tuple[list[int], Float64]:
        """Return where periods begin, and their lengths in samples, in the order of time."""
        centres, expected = times * self.sr, self.sr / f0
        middle, period = centres[len(centres) // 2], expected[len(expected) // 2]
        around = slice(max(0, int(middle - period / 2)), int(middle + period / 2) + 1)
        start = around.start + int(np.abs(self._x[around]).argmax())
        half = (centres[1] - centres[0]) / 2 if len(centres) > 1 else period
        low, high = centres[0] - half, centres[-1] + half
        left, right = (self._walk(start, way, low, high, centres, expected) for way in (-1, 1))
        points = [at for at, _ in left[::-1]] + [start] * bool(right) + [at for at, _ in right[:-1]]
        return points, np.array([length for _, length in (*left[::-1], *right)])

    def _walk(
        self, at: int, way: int, low: float, high: float, centres: Float64, expected: Float64
    ) -> list[tuple[int, float]]:
        """Go from period to period, and return where each step ends, and how long it is."""
        found: list[tuple[int, float]] = []
        place = float(at)  # not rounded, so that rounding does not add up
        while (
            length := self._step(round(place), way, float(np.interp(place, centres, expected)))
        ) is not None:
            place += way * length
            if not low <= place <= high:
                break
            found.append((round(place), length))
        return found

    def _step(self, at: int, way: int, period: float) -> float | None:
        """Return the distance to where the sound is most like that at ``at``; None if it is nowhere."""
        half, near, far = round(period / 2), int(_NEAR * period), int(np.ceil(_FAR * period))
        first = at + near if way > 0 else at - far
        start, stop = first - half, first + far - near + half
        if start < 0 or stop > len(self._x) or at < half or at + half > len(self._x):
            return None
        dots = np.correlate(self._x[start:stop], self._x[at - half : at + half], "valid")
        energies = self._energy[start + 2 * half : stop + 1] - self._energy[start : stop - 2 * half + 1]
        own = self._energy[at + half] - self._energy[at - half]
        alike = dots / np.sqrt(np.maximum(energies * own, 1e-30))
        best = int(alike.argmax())
        if not 0 < best < len(alike) - 1 or alike[best] < _ALIKE or energies[best] < _FAINT * own:
            return None
        before, here, after = alike[best - 1 : best + 2]
        place = first + best + 0.5 * (before - after) / (before - 2 * here + after)
        return abs(float(place) - at)

    def level(self, at: int, period: float) -> float:
        """Return the level around a place, weighted by a Hann window."""
        half = max(2, round(_AMPLITUDE_PART * period))
        part = self._x[max(0, at - half) : at + half + 1]
        window = np.hanning(len(part) + 2)[1:-1]
        return float(np.sqrt(np.sum(window * part**2) / window.sum()))


def _change(rows: list[Float64], factor: float) -> float | None:
    pairs = [np.stack((row[:-1], row[1:])) for row in rows]
    if not pairs:
        return None
    found = np.hstack(pairs)
    alike = found.max(axis=0) <= factor * found.min(axis=0)
    if not alike.any():
        return None
    return float(np.abs(np.diff(found, axis=0))[0, alike].mean() / np.concatenate(rows).mean())
