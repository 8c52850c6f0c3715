"""Blocks of sound to mono at the wanted rate; what is wrong with them is noticed on the way."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from edgecry.arrays import Float32
from edgecry.audio.decoder import BLOCK, warn
from edgecry.audio.mixing import CANCELLED
from edgecry.errors import AudioError, TooLongError

MIN_RATE: Final = 1_000
#: A telephone's, which holds all that tells a cry. At less, too little is left, and any answer is "no cry".
FULL_RATE: Final = 8_000
MAX_RATE: Final = 768_000
MAX_CHANNELS: Final = 256

#: Full scale is 1, or that of whole numbers of 32 bits. What is over this is a damaged sample, not sound.
HUGE: Final = 1e10
#: Share of the samples of a file that may be NaN, infinite or huge, and are taken for silence.
MAX_INVALID: Final = 0.01
#: Seconds that tell whether channels cancel each other; a few samples do so by chance.
_TOLD: Final = 0.1
#: Samples that are resampled all at once; of more, only blocks are held.
_SHORT: Final = 1 << 20
#: Zero and unit of each type of array; libsndfile scales files alike.
SCALES: Final = {
    "uint8": (128, 2.0**-7),
    "int16": (0, 2.0**-15),
    "int32": (0, 2.0**-31),
    "float32": (0, 1.0),
    "float64": (0, 1.0),
}


class Mono:
    """Mixes blocks of a recording to one channel, and notices on the way what is wrong with them.

    Parameters
    ----------
    rate : int
        In Hz.
    origin : str
        For messages.
    longest : float
        Seconds that it may last.
    channel : int or None
        The one to take; None mixes all.
    mends : bool
        Whether samples that are not finite, or huge, are taken for silence, in place, and warned of.

    Raises
    ------
    AudioError
        While blocks are mixed: it is too long, or holds a sample that is not finite, or too many of them.
    """

    def __init__(
        self, rate: int, origin: str, longest: float, channel: int | None = None, mends: bool = False
    ) -> None:
        self._rate, self._origin, self._longest = rate, origin, longest
        self._channel, self._mends = channel, mends
        self._frames = self._invalid = 0
        self._mixed = 0.0
        self._power: NDArray[np.float64] | None = None

    def of(self, blocks: Iterable[Float32]) -> Iterator[Float32]:
        """Yield each block, of shape (n, channels) or (n,), as mono of shape (n,)."""
        if self._rate < FULL_RATE:
            warn(f"{self._origin}: {low_rate(self._rate)}")
        for block in blocks:
            mono = self._mix(block)
            if not self._mends:
                check_finite(mono, self._frames, self._rate, self._origin)
            elif len(mono) and not -HUGE <= mono.min() <= mono.max() <= HUGE:
                bad = ~(np.abs(block) <= HUGE)
                self._invalid += int(np.count_nonzero(bad.any(axis=1)))
                block[bad] = 0
                mono = self._mix(block)
                check_finite(mono, self._frames, self._rate, self._origin)  # a sum may overflow
            self._frames += len(mono)
            self.check_length(self._frames / self._rate)
            if block.ndim == 2 and block.shape[1] > 1 and self._channel is None:
                self._weigh(block, mono)
            yield mono
        self._judge()

    def check_length(self, seconds: float) -> None:
        """Refuse what is too long."""
        if seconds > self._longest:
            raise TooLongError(
                f"{self._origin}: lasts {seconds:.0f} s or more, and {self._longest:.0f} s are allowed; "
                "cut it into parts, or allow more (longest)"
            )

    def instead_of_mix(self) -> int | None:
        """Return the loudest channel if the channels cancel each other, which only the end shows."""
        if self._power is None or self._frames < _TOLD * self._rate:
            return None
        alone = float(self._power.sum()) / len(self._power) ** 2  # of a mix of unrelated channels
        return int(self._power.argmax()) if self._mixed < CANCELLED * alone else None

    def _mix(self, block: Float32) -> Float32:
        """Average the channels, in float32 and in the order np.mean adds them, as librosa.to_mono does."""
        if block.ndim == 1:
            return np.ascontiguousarray(block)
        if block.shape[1] == 1 or self._channel is not None:
            return np.ascontiguousarray(block[:, self._channel or 0])
        with np.errstate(over="ignore", invalid="ignore"):
            return cast(Float32, block.mean(axis=1))

    def _weigh(self, block: Float32, mono: Float32) -> None:
        with np.errstate(over="ignore"):
            power = np.einsum("ij,ij->j", block, block).astype(np.float64)
            self._mixed += float(np.dot(mono, mono))
        self._power = power if self._power is None else self._power + power

    def _judge(self) -> None:
        if self._invalid > MAX_INVALID * self._frames:
            raise AudioError(
                f"{self._origin}: {self._invalid} of {self._frames} samples are NaN, infinite or over "
                f"{HUGE:g}; it is not sound, so repair or record it again"
            )
        if self._invalid:
            damaged = f"{self._invalid} of its samples are NaN, infinite or over {HUGE:g}"
            warn(f"{self._origin}: {damaged}; they are silence")


def at_rate(blocks: Iterable[Float32], rate: int, sr: int) -> Iterator[Float32]:
    """Resample blocks of mono as they come. Together they are what :func:`join` gives, to the last bit."""
    if rate == sr:
        yield from blocks
        return
    import soxr

    resampler = soxr.ResampleStream(rate, sr, 1, dtype="float32", quality="HQ")
    n = given = 0
    for mono in blocks:
        y = resampler.resample_chunk(mono)
        n, given = n + len(mono), given + len(y)
        yield y
    if n:
        missing = max(0, _resampled_length(n, rate, sr) - given)
        y = resampler.resample_chunk(np.empty(0, np.float32), last=True)[:missing]
        yield np.pad(y, (0, missing - len(y)))


def join(blocks: Iterable[Float32], rate: int, sr: int) -> Float32:
    """Join blocks of mono to one signal, and resample it: on the way, if it is long."""
    resampler = None
    # A bytearray grows in place, so that nothing but the result itself is ever held.
    joined, n = bytearray(), 0
    for mono in blocks:
        n += len(mono)
        if rate != sr and resampler is None and n > _SHORT:
            import soxr

            resampler = soxr.ResampleStream(rate, sr, 1, dtype="float32", quality="HQ")
            mono = np.concatenate((np.frombuffer(joined, np.float32), mono))
            joined.clear()
        joined += (resampler.resample_chunk(mono) if resampler else mono).data
    if rate == sr or n == 0:
        return np.frombuffer(joined, np.float32)
    size = _resampled_length(n, rate, sr)
    if resampler is None:
        return _resampled(np.frombuffer(joined, np.float32), rate, sr, size)
    joined += resampler.resample_chunk(np.empty(0, np.float32), last=True).data
    del joined[4 * size :]
    joined.extend(bytes(4 * size - len(joined)))
    return np.frombuffer(joined, np.float32)


def _resampled(samples: Float32, rate: int, sr: int, size: int) -> Float32:
    """All at once, which gives the same samples as a stream in two thirds of the time."""
    import soxr

    out: Float32 = soxr.resample(samples, rate, sr, quality="HQ")[:size]
    return out if len(out) == size else np.concatenate((out, np.zeros(size - len(out), np.float32)))


def _resampled_length(n: int, rate: int, sr: int) -> int:
    """Return the samples after resampling, rounded as in librosa.resample: soxr may give one more or less."""
    return math.ceil(n * (sr / rate))


def array_blocks(array: NDArray[Any]) -> Iterator[Float32]:
    """Yield an array of one of the types of ``SCALES`` in blocks, float32 at full scale 1."""
    zero, unit = SCALES[array.dtype.name]
    for start in range(0, len(array), BLOCK):
        with np.errstate(over="ignore"):
            block = array[start : start + BLOCK].astype(np.float32, copy=False)
        yield block if unit == 1 else (block - np.float32(zero)) * np.float32(unit)


# -- checks ----------------------------------------------------------------------------------------


def check_rate(rate: object, name: str) -> int:
    """Return a sampling rate in Hz, or raise an AudioError if it is not allowed."""
    if isinstance(rate, bool) or not isinstance(rate, int | np.integer):
        found = describe(rate) if isinstance(rate, np.ndarray) else repr(rate)
        raise AudioError(f"{name}: found {found}; allowed are whole numbers, {MIN_RATE} to {MAX_RATE} Hz")
    if not MIN_RATE <= rate <= MAX_RATE:
        raise AudioError(f"{name}: {rate} Hz is out of range; allowed are {MIN_RATE} to {MAX_RATE} Hz")
    return int(rate)


def low_rate(rate: int) -> str:
    """Say what a sampling rate under :data:`FULL_RATE` lacks."""
    return (
        f"at {rate} Hz it holds nothing above {rate / 2:g} Hz, which is too little to tell a cry; "
        f"record at {FULL_RATE} Hz or more"
    )


def check_channels(channels: int, name: str) -> None:
    """Raise an AudioError if there are no channels, or too many."""
    if not 1 <= channels <= MAX_CHANNELS:
        raise AudioError(f"{name}: {channels} channels; allowed are 1 to {MAX_CHANNELS}")


def check_finite(samples: Float32, before: int, rate: int, origin: str) -> None:
    """Raise an AudioError that names the first sample that is not finite; ``before`` samples came earlier."""
    finite = np.isfinite(samples)
    if not finite.all():
        at = int(np.argmin(finite))
        raise AudioError(
            f"{origin}: sample {before + at} (at {(before + at) / rate:.3f} s) is {samples[at]}; "
            "only finite values are sound, so repair or record it again"
        )


def describe(value: object) -> str:
    """Say of what type and shape a value is."""
    if isinstance(value, np.ndarray):
        return f"{value.dtype} of shape {value.shape}"
    return type(value).__name__
