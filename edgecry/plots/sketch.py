"""Sketch: the contents of a picture of a recording, in a bounded number of columns.

The length is not known before the end. So columns are narrow at first, and whenever there are too many, two
neighbours become one. Memory is that of :data:`COLUMNS` columns, for ten seconds as for ten hours.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np

from edgecry.arrays import Float32, Float64, framed
from edgecry.features.mel import mel_filters, mel_frequencies

#: The rate in Hz of the samples. The highest frequency of the picture is half of it.
SR: Final = 16000
#: The most columns; an even number.
COLUMNS: Final = 2048
#: Samples of a narrow column, and of the spectrum around its middle.
HOP: Final = 256
N_FFT: Final = 1024
#: Mel bands of the spectrogram, and their lowest frequency in Hz.
BANDS: Final = 96
LOWEST: Final = 50.0
#: Number of narrow columns whose spectra are computed together.
_AT_ONCE: Final = 512
_AROUND: Final = (N_FFT - HOP) // 2


class Sketch:
    """An envelope and a mel spectrogram, made block by block.

    Attributes
    ----------
    n : int
        Samples so far, at :data:`SR`.
    """

    def __init__(self) -> None:
        self._window = np.hanning(N_FFT).astype(np.float32)
        self._bands = mel_filters(SR, N_FFT, BANDS, LOWEST, SR / 2).T.astype(np.float32)
        self.clear()

    @classmethod
    def of(cls, blocks: Iterable[Float32 | None]) -> Sketch:
        """Sketch a recording from its blocks at :data:`SR`. After None, they begin again."""
        sketch = cls()
        for y in blocks:
            if y is None:
                sketch.clear()
            else:
                sketch.push(y)
        sketch.finish()
        return sketch

    def clear(self) -> None:
        """Forget all samples."""
        self.n = self._narrow = 0
        self._each = 1  # number of narrow columns in a column
        self._rest = np.zeros(_AROUND, np.float32)
        self._low, self._high = np.full(COLUMNS, np.inf), np.full(COLUMNS, -np.inf)
        self._power = np.zeros((COLUMNS, BANDS))

    def push(self, y: Float32) -> None:
        """Take the next samples [shape=(n,)]."""
        self.n += len(y)
        self._rest = np.concatenate([self._rest, y])
        self._look()

    def finish(self) -> None:
        """Complete the last column with silence."""
        missing = -(-self.n // HOP) - self._narrow
        if missing > 0:
            end = np.zeros((missing - 1) * HOP + N_FFT - len(self._rest), np.float32)
            self._rest = np.concatenate([self._rest, end])
            self._look()

    @property
    def step(self) -> float:
        """Length of a column in seconds."""
        return self._each * HOP / SR

    @property
    def duration(self) -> float:
        """Length of the samples so far, in seconds."""
        return self.n / SR

    @property
    def envelope(self) -> tuple[Float64, Float64]:
        """Lowest and highest sample of each column [shape=(n_columns,)]."""
        return self._low[: self._columns], self._high[: self._columns]

    @property
    def power(self) -> Float64:
        """Mean power of each band in each column [shape=(n_columns, BANDS)]."""
        counts = np.full(self._columns, self._each)
        counts[-1:] = self._narrow - self._each * (self._columns - 1)
        mean: Float64 = self._power[: self._columns] / counts[:, None]
        return mean

    @property
    def _columns(self) -> int:
        return -(-self._narrow // self._each)

    def _look(self) -> None:
        while (n := min(_AT_ONCE, (len(self._rest) - N_FFT) // HOP + 1)) > 0:
            frames = framed(self._rest, N_FFT, HOP)[:n]
            spectra = np.fft.rfft(frames * self._window)
            power = (spectra.real**2 + spectra.imag**2).astype(np.float32) @ self._bands
            own = self._rest[_AROUND : _AROUND + n * HOP].reshape(n, HOP)
            self._add(own.min(1), own.max(1), power)
            self._rest = self._rest[n * HOP :]

    def _add(self, low: Float32, high: Float32, power: Float32) -> None:
        """Add narrow columns to the columns that contain them."""
        place = self._narrow + np.arange(len(low))
        self._narrow += len(low)
        while self._columns > COLUMNS:
            self._halve()
        place //= self._each
        firsts = np.flatnonzero(np.diff(place, prepend=-1))
        where = place[firsts]
        self._low[where] = np.minimum(self._low[where], np.minimum.reduceat(low, firsts))
        self._high[where] = np.maximum(self._high[where], np.maximum.reduceat(high, firsts))
        self._power[where] += np.add.reduceat(power, firsts, axis=0)

    def _halve(self) -> None:
        half = COLUMNS // 2
        self._low[:half], self._low[half:] = np.minimum(self._low[::2], self._low[1::2]), np.inf
        self._high[:half], self._high[half:] = np.maximum(self._high[::2], self._high[1::2]), -np.inf
        self._power[:half], self._power[half:] = self._power[::2] + self._power[1::2], 0
        self._each *= 2


def band_of(hz: float) -> float:
    """Tell where a frequency lies among the bands: 0 is the middle of the lowest, BANDS - 1 of the last."""
    centres = mel_frequencies(BANDS + 2, LOWEST, SR / 2)
    return float(np.interp(hz, centres, np.arange(-1.0, BANDS + 1)))
