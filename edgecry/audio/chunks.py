"""Chunks of any kind and size to mono samples at one rate, as ``load_audio`` makes them of the whole."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Final, TypeGuard

import numpy as np
from numpy.typing import NDArray

from edgecry.arrays import Float32
from edgecry.audio.mixing import Mixer
from edgecry.audio.pcm_format import LOUDEST, PcmFormat
from edgecry.errors import AudioError

#: What ``push`` takes.
Chunk = bytes | bytearray | memoryview | NDArray[np.int16] | NDArray[np.float32] | NDArray[np.float64]

_TYPES: Final = ("int16", "float32", "float64")
#: Samples that are converted at a time, so that a large chunk takes no more memory than small ones.
_BLOCK: Final = 32_768
_NOTHING: Final = np.empty(0, np.float32)


class Intake:
    """Takes what a microphone, a pipe or a file gives, and gives mono samples at a model's rate.

    The samples are, to the last bit, those of :func:`~edgecry.audio.load.load_audio` of all chunks together,
    however they are cut; but that channels cancel each other is known after a second of a stream.

    Parameters
    ----------
    sr : int in [1000, 768000]
        Rate of the chunks in Hz.
    channels : int in [1, 256]
        Their channels.
    wanted : int
        Rate that is wanted.

    Attributes
    ----------
    frames : int
        Samples of each channel that were taken since :meth:`finish`.
    invalid : int
        Of them, those that were NaN, infinite or over ``LOUDEST`` and taken for silence: a stream
        cannot stop for them.

    Raises
    ------
    AudioError
        A value is out of range.
    """

    def __init__(self, sr: int, channels: int, wanted: int) -> None:
        PcmFormat(sr, channels)
        self.sr, self.channels, self._wanted = sr, channels, wanted
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self.frames: int = 0
        self.invalid: int = 0
        self._given: int = 0
        self._odd = b""  # half a sample
        self._part = _NOTHING  # of a frame: samples of its first channels
        self._resampler: Any = None
        self._mixer = Mixer(self.sr)

    def feed(self, chunk: Chunk) -> Iterator[Float32]:
        """Take a chunk.

        Parameters
        ----------
        chunk : bytes, or int16, float32 or float64 [shape=(n,) or (n, channels)]
            Bytes are 16-bit samples, the least significant byte first. What is flat is interleaved, and
            may end anywhere: the rest of a sample or of a frame is awaited. Floats have full scale 1.

        Yields
        ------
        float32 [shape=(m,)]
            Samples, in pieces of a bounded size.

        Raises
        ------
        AudioError
            It is of another type or shape; then nothing of it is taken.
        """
        samples = self._samples(chunk)
        size = max(1, _BLOCK // self.channels) * self.channels
        for start in range(0, len(samples), size):
            yield self._at_rate(self._mono(samples[start : start + size]))

    def finish(self) -> Float32:
        """End a stretch without a hole, and give what the resampler still holds of it."""
        tail = _NOTHING
        if self._resampler is not None:
            tail = self._resampler.resample_chunk(_NOTHING, last=True)
            # Rounded as load_audio does: soxr may give a sample more or less.
            missing = math.ceil(self.frames * (self._wanted / self.sr)) - self._given
            tail = np.pad(tail[: max(0, missing)], (0, max(0, missing - len(tail))))
        self.frames = self._given = 0
        self._odd, self._part, self._resampler = b"", _NOTHING, None
        return tail

    # -- the steps -------------------------------------------------------------------------------------

    def _samples(self, chunk: Chunk) -> NDArray[Any]:
        """One sample after the other, all channels of a frame in turn."""
        if isinstance(chunk, bytes | bytearray) or _is_plain(chunk):
            data = self._odd + bytes(chunk) if self._odd else memoryview(chunk).cast("B")
            whole = len(data) // 2
            self._odd = bytes(data[2 * whole :])
            return np.frombuffer(data, "<i2", whole)
        if not isinstance(chunk, np.ndarray) or chunk.dtype.name not in _TYPES or chunk.ndim not in (1, 2):
            raise AudioError(
                f"chunk: found {_describe(chunk)}; allowed are bytes (s16le) and arrays of "
                f"{', '.join(_TYPES)}, of shape (n,) or (n, {self.channels})"
            )
        if isinstance(chunk, np.ma.MaskedArray):
            raise AudioError("chunk: found a masked array; fill what is masked, or leave it out")
        if chunk.ndim == 2 and chunk.shape[1] != self.channels:
            raise AudioError(
                f"chunk: found shape {chunk.shape}; expected (n, {self.channels}), as channels = "
                f"{self.channels} was given"
            )
        if self._odd or (chunk.ndim == 2 and len(self._part)):
            raise AudioError(
                "chunk: an array after part of a sample or frame; push the rest of that first, or keep to "
                "one kind of chunk"
            )
        return chunk.reshape(-1)

    def _mono(self, samples: NDArray[Any]) -> Float32:
        """Convert samples at full scale 1, check them, and mix what frames are complete."""
        if samples.dtype.kind == "i":
            y = samples.astype(np.float32)
            y *= np.float32(2.0**-15)
        else:
            y = self._valid(samples)
        if self.channels > 1:
            y = np.concatenate((self._part, y))
            whole = len(y) - len(y) % self.channels
            self._part = y[whole:]
            y = self._mixer.mix(y[:whole].reshape(-1, self.channels))
        self.frames += len(y)
        return y

    def _valid(self, samples: NDArray[Any]) -> Float32:
        """Convert floats, with silence in the place of those that are no samples."""
        with np.errstate(over="ignore"):
            y = samples.astype(np.float32)
        # NaN comes through min and max, and no comparison with it is true.
        if len(y) and not -LOUDEST <= y.min() <= y.max() <= LOUDEST:
            bad = ~(np.abs(y) <= LOUDEST)
            self.invalid += int(np.count_nonzero(bad))
            y[bad] = 0
        return y

    def _at_rate(self, y: Float32) -> Float32:
        if self.sr == self._wanted:
            return y
        if self._resampler is None:
            import soxr

            self._resampler = soxr.ResampleStream(self.sr, self._wanted, 1, dtype="float32", quality="HQ")
        out: Float32 = self._resampler.resample_chunk(y)
        self._given += len(out)
        return out


def _is_plain(chunk: object) -> TypeGuard[memoryview]:
    """Tell whether it looks at bytes, or at 16-bit samples."""
    return isinstance(chunk, memoryview) and chunk.contiguous and chunk.format in ("B", "b", "c", "h", "<h")


def _describe(value: object) -> str:
    if isinstance(value, np.ndarray):
        return f"{value.dtype} of shape {value.shape}"
    return type(value).__name__
