"""Channels of a stream to one."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edgecry.arrays import Float32

#: Power of the mix, as a share of what channels that have nothing in common leave, under which the channels
#: cancel each other: each is nearly the other one turned upside down, at a correlation under -0.9.
CANCELLED: Final = 0.1
#: Seconds after which it is told anew whether they do.
SPAN: Final = 1.0


class Mixer:
    """Averages channels; of channels that cancel each other, the loudest is taken.

    A balanced microphone on a stereo input gives a sound and the same one turned upside down: their average
    is silence. Whether it is so is known after each second, so the result does not depend on how the stream
    is cut.

    Parameters
    ----------
    sr : int
        Frames a second.

    Attributes
    ----------
    channel : int or None
        The one that is taken alone, counted from 0.
    """

    def __init__(self, sr: int) -> None:
        self.channel: int | None = None
        self._span = max(1, round(SPAN * sr))
        self._begin()

    def mix(self, frames: NDArray[np.float32]) -> Float32:
        """Mix frames, float32 [shape=(n, channels)], to float32 [shape=(n,)]."""
        if frames.shape[1] == 1:
            return frames[:, 0]
        mixed = np.empty(len(frames), np.float32)
        start = 0
        while start < len(frames):
            stop = min(len(frames), start + self._span - self._count)
            mixed[start:stop] = self._piece(frames[start:stop])
            if self._count == self._span:
                self._judge()
            start = stop
        return mixed

    def _begin(self) -> None:
        self._count = 0
        self._mixed = 0.0
        self._power: NDArray[np.float64] | float = 0.0

    def _piece(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        self._count += len(frames)
        with np.errstate(over="ignore", invalid="ignore"):
            average = frames.mean(axis=1, dtype=np.float32)
            self._power = self._power + np.einsum("ij,ij->j", frames, frames).astype(np.float64)
            self._mixed += float(np.dot(average, average))
        return average if self.channel is None else frames[:, self.channel]

    def _judge(self) -> None:
        """Take the mix or a channel from here on; the mix is taken again when it is clearly better."""
        power = np.asarray(self._power)
        alone = float(power.sum()) / len(power) ** 2  # of a mix of channels that have nothing in common
        if math.isfinite(alone) and alone > 0:
            if self._mixed < CANCELLED * alone:
                self.channel = int(power.argmax())
            elif self._mixed > 2 * CANCELLED * alone:
                self.channel = None
        self._begin()
