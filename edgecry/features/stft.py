"""What families share: frames, the Hann window, and the short-time Fourier transform of each geometry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from edgecry.arrays import Float32, Float64
from edgecry.features.kernels import Kernels

#: Number of uncentred frames that are always multiplied together. A matrix product adds in an order that
#: depends on its shape, but frames that windows of a stream share must not depend on how many were computed
#: at once. Stretches whose first frames are a multiple of this apart share frames to the last bit.
BLOCK: Final = 16
#: Number of chunks of magnitudes that are handed on together.
_GROUP = 16
#: Bytes of magnitudes that are kept for a second pass. Those of longer clips (over a minute) are computed
#: again, so that memory grows with the samples and not with their spectra.
_KEEP_BYTES = 8 * 2**20


@dataclass(frozen=True)
class Geometry:
    """A short-time Fourier transform: sizes in samples, and whether frames reach beyond the ends."""

    n_fft: int
    hop_length: int
    win_length: int
    center: bool = True

    @property
    def bins(self) -> int:
        """Number of frequencies from 0 to Nyquist."""
        return 1 + self.n_fft // 2

    def n_frames(self, n_samples: int) -> int:
        """Return the number of frames of ``n_samples``; at least one."""
        reach = n_samples if self.center else max(0, n_samples - self.n_fft)
        return 1 + reach // self.hop_length

    @property
    def lead(self) -> int:
        """Samples by which the window of the first frame begins before the clip; negative if inside."""
        inset = (self.n_fft - self.win_length) // 2
        return self.n_fft // 2 - inset if self.center else -inset

    def n_certain(self, n_samples: int) -> int:
        """Return how many centred frames of a clip depend on none but its first ``n_samples``."""
        return max(0, 1 + (n_samples + self.lead - self.win_length) // self.hop_length)


@lru_cache(maxsize=8)
def hann(win_length: int) -> Float64:
    """Return a periodic Hann window, as scipy.signal.get_window("hann", win_length)."""
    return 0.5 + 0.5 * np.cos(np.linspace(-np.pi, np.pi, win_length + 1)[:-1])


def stretches(
    y: Float32, geometry: Geometry, rows: int, first: int = 0, last: int | None = None
) -> Iterator[tuple[int, Float32]]:
    """Cut ``y`` into pieces of ``rows`` frames, with zeros beyond the ends.

    With ``first`` and ``last``, only frames between these come; ``first`` is a multiple of ``rows``.

    Yields
    ------
    first : int
        Index of the piece's first frame.
    stretch : float32 [shape=((frames - 1) * hop_length + win_length,)]
        The samples of its frames, which must not be changed. The last piece may have fewer frames.
    """
    hop, win = geometry.hop_length, geometry.win_length
    end = geometry.n_frames(len(y)) if last is None else last
    for at in range(first, end, rows):
        count = min(rows, end - at)
        start, size = at * hop - geometry.lead, (count - 1) * hop + win
        low, high = max(start, 0), min(start + size, len(y))
        # What lies inside is not copied, unless it is read-only: numba's kernels take no such array.
        if high - low == size and y.flags.writeable:
            yield at, y[low:high]
            continue
        stretch = np.zeros(size, np.float32)
        if low < high:
            stretch[low - start : high - start] = y[low:high]
        yield at, stretch


def rows_at_once(y: Float32, geometry: Geometry, kernels: Kernels) -> int:
    """Return how many frames to transform at a time: what suits the engine, or all if they are fewer.

    Frames that are not centred come in whole blocks.
    """
    rows = min(geometry.n_frames(len(y)), kernels.frames_at_once(geometry.n_fft))
    return rows if geometry.center else -(-rows // BLOCK) * BLOCK


def magnitudes(
    y: Float32, geometry: Geometry, kernels: Kernels, first: int = 0, last: int | None = None
) -> Float32:
    """Transform the frames of ``y`` from ``first`` to ``last``, of which the first is that of a piece.

    Returns
    -------
    float32 [shape=(frames, 1 + n_fft // 2)]
    """
    rows = rows_at_once(y, geometry, kernels)
    last = geometry.n_frames(len(y)) if last is None else last
    transform = kernels.magnitudes(hann(geometry.win_length), geometry.hop_length, geometry.n_fft, rows)
    S = np.empty((last - first, geometry.bins), np.float32)
    for at, stretch in stretches(y, geometry, rows, first, last):
        transform(stretch, S[at - first : at - first + rows])
    return S


def group_size(y: Float32, geometry: Geometry, kernels: Kernels) -> int:
    """Return how many frames of magnitudes are handed on together, because each piece costs calls."""
    return _GROUP * rows_at_once(y, geometry, kernels)


class Magnitudes:
    """|STFT| of a clip, in pieces. It can be iterated over as often as needed.

    Iterating yields float32 arrays of shape (frames, 1 + n_fft // 2). Together they are the transposed
    ``np.abs(librosa.stft(y))``.
    """

    def __init__(self, y: Float32, geometry: Geometry, kernels: Kernels) -> None:
        self.geometry = geometry
        self.n_frames = geometry.n_frames(len(y))
        self._y, self._kernels = y, kernels
        self._chunks: list[Float32] = []
        self._keep = self.n_frames * geometry.bins * 4 <= _KEEP_BYTES

    def __iter__(self) -> Iterator[Float32]:
        if self._chunks:
            yield from self._chunks
            return
        for S in self._computed():
            if self._keep:
                self._chunks.append(S)
            yield S

    def _computed(self) -> Iterator[Float32]:
        size = group_size(self._y, self.geometry, self._kernels)
        for first in range(0, self.n_frames, size):
            last = min(first + size, self.n_frames)
            yield magnitudes(self._y, self.geometry, self._kernels, first, last)
