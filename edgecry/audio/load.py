"""Audio in: anything libsndfile decodes, mixed to mono and brought to one rate, as librosa.load does.

A recording is decoded, mixed and resampled block by block, so that memory is bounded by the mono
signal that comes out, whatever the file's rate and channels, and whatever its header claims.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import SEEK_END, BytesIO
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

import numpy as np
from numpy.typing import NDArray

from edgecry.arrays import Float32
from edgecry.audio.decoder import BLOCK, Decoder, warn
from edgecry.audio.mixing import CANCELLED
from edgecry.errors import AudioError, EdgecryError

MIN_RATE: Final = 1_000
MAX_RATE: Final = 768_000
MAX_CHANNELS: Final = 256

#: The longest recording, unless it is set otherwise, in seconds.
DAY: Final = 86_400.0
#: Share of the samples of a file that may be NaN or infinite, and are taken for silence.
MAX_INVALID: Final = 0.01
#: Recordings in a row in one file that are read.
MAX_PARTS: Final = 10_000
#: Seconds that tell whether channels cancel each other; a few samples do so by chance.
_TOLD: Final = 0.1
#: Samples that are resampled all at once; of more, only blocks are held.
_SHORT: Final = 1 << 20
#: Zero and unit of each type of array; libsndfile scales files alike.
_SCALES: Final = {
    "uint8": (128, 2.0**-7),
    "int16": (0, 2.0**-15),
    "int32": (0, 2.0**-31),
    "float32": (0, 1.0),
    "float64": (0, 1.0),
}


@dataclass(frozen=True, eq=False)
class Waveform:
    """A mono signal that has been checked.

    Parameters
    ----------
    samples : np.ndarray [shape=(n,), dtype=float32], n >= 1
        The signal. Full scale is 1; more is allowed, NaN and infinity are not.
    sr : int in [1000, 768000]
        Sampling rate in Hz.
    origin : str
        Where it came from, for messages.

    Raises
    ------
    AudioError
        ``samples`` has another type or shape, is empty or not finite, or ``sr`` is out of range.
    """

    samples: Float32
    sr: int
    origin: str = "audio"

    def __post_init__(self) -> None:
        object.__setattr__(self, "sr", _check_rate(self.sr, f"{self.origin}: sr"))
        samples = cast(object, self.samples)
        if not isinstance(samples, np.ndarray) or samples.dtype != np.float32 or samples.ndim != 1:
            raise AudioError(
                f"{self.origin}: samples are {_describe(samples)}; a Waveform takes float32 of shape (n,), "
                "and load_audio((array, rate)) makes one of other arrays"
            )
        if samples.size == 0:
            raise AudioError(f"{self.origin}: holds no samples; record or copy it again")
        _check_finite(samples, 0, self.sr, self.origin)

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.sr


@dataclass(frozen=True)
class AudioOptions:
    """How recordings are read.

    Parameters
    ----------
    strict : bool
        Whether damage is an error: a recording that is cut short, or a sample that is NaN or infinite.
        Otherwise what is there counts, with an :class:`~edgecry.errors.EdgecryWarning`.
    longest : float > 0
        The longest recording, in seconds. At 16 kHz an hour takes 230 MB of memory.

    Raises
    ------
    AudioError
        A value is out of range.
    """

    strict: bool = False
    longest: float = DAY

    def __post_init__(self) -> None:
        if self.strict is False and type(self.longest) is float and self.longest == DAY:
            return  # without the module that checks, which a process that answers once does not need
        from edgecry.checks import number, shown

        if not isinstance(self.strict, bool):
            raise AudioError(f"strict: found {shown(self.strict)}; allowed are True and False")
        number("longest", self.longest, 0.0, 1e9, "s", above=True, error=AudioError)


#: What :func:`load_audio` takes.
Source = str | os.PathLike[str] | bytes | BinaryIO | tuple[NDArray[Any], int] | Waveform


def load_audio(source: Source, sr: int = 16000, options: AudioOptions = AudioOptions()) -> Waveform:
    """Decode a recording, mix it to mono and bring it to one rate.

    The samples are those of ``librosa.load(path, sr=sr)``, bit for bit: float32, channels averaged
    before resampling, soxr "HQ", ``ceil(n * sr / rate)`` of them. There are three exceptions, each with an
    :class:`~edgecry.errors.EdgecryWarning`: a sample of a file that is NaN or infinite is silence, of
    channels that cancel each other the loudest is taken, and of recordings in a row in one file all are read.

    Parameters
    ----------
    source : path, bytes, binary file object, (array, rate) or Waveform
        A recording in any format that libsndfile reads, or the ffmpeg of this machine if it has one, by
        its path or its content. A file object is read from its position to its end, stays open, and may
        be a pipe. An array has shape (n,) or
        (n, channels) and is float at full scale 1, or int16, int32 or uint8 at that type's.
    sr : int in [1000, 768000]
        Wanted sampling rate in Hz.
    options : AudioOptions
        How long a recording may be, and whether damage is an error.

    Raises
    ------
    AudioError
        The source cannot be read, is not audio, holds no samples or is too long for the options or for
        the memory, an array holds NaN or infinity, or a rate or number of channels is out of range.
    """
    sr = _check_rate(sr, "sr")
    try:
        return _load(source, sr, options)
    except MemoryError:
        raise AudioError(
            f"{_name(source)}: its samples do not fit into the memory that is free; cut it into parts"
        ) from None


def _load(source: Source, sr: int, options: AudioOptions) -> Waveform:
    if isinstance(source, Waveform):
        if source.sr == sr:
            return source
        return _from_array(source.samples, source.sr, sr, source.origin, options)
    if isinstance(source, tuple):
        if len(source) != 2:
            raise AudioError(f"source: a tuple of {len(source)}; expected (array, rate)")
        return _from_array(source[0], source[1], sr, "array", options)
    if isinstance(source, bytes | bytearray | memoryview):
        return _from_file(BytesIO(source), sr, "bytes", options)
    if isinstance(source, str | os.PathLike):
        return _from_path(os.fsdecode(source), sr, options)
    if hasattr(source, "read"):
        return _from_stream(source, sr, _name(source), options)
    raise AudioError(
        f"source: {type(source).__name__} is no audio; allowed are a path, bytes, a binary file object, "
        "an (array, rate) tuple and a Waveform"
    )


def _name(source: object) -> str:
    """What a source is called in messages."""
    if isinstance(source, str | os.PathLike):
        return os.fsdecode(source)
    if isinstance(source, bytes | bytearray | memoryview):
        return "bytes"
    return str(getattr(source, "name", "file object" if hasattr(source, "read") else "array"))


# -- the kinds of source ---------------------------------------------------------------------------


def _from_path(path: str, sr: int, options: AudioOptions) -> Waveform:
    if not path:
        raise AudioError("source: the path is empty; name a recording")
    try:
        file = Path(path).open("rb")  # noqa: SIM115 - what goes wrong inside is told elsewhere
    except FileNotFoundError:
        raise AudioError(f"{path}: {_why_missing(path)}") from None
    except IsADirectoryError:
        raise AudioError(f"{path}: is a directory; name the recordings in it") from None
    except PermissionError:
        raise AudioError(f"{path}: may not be read; check its permissions") from None
    except (OSError, ValueError) as error:
        raise AudioError(f"{path!r}: cannot be opened ({error}); check the name") from error
    with file:
        return _from_stream(file, sr, path, options)


def _why_missing(path: str) -> str:
    scheme, is_address, _ = path.partition("://")
    if is_address and scheme.isalnum():
        if scheme.lower() == "file":
            return "is an address, not a file; leave 'file://' out"
        return "is an address, not a file; save what is there as a file first"
    if path.startswith("~"):
        return "no such file; only a shell replaces ~, and not within quotes, so write the whole path"
    return "no such file; check the name"


def _from_stream(file: Any, sr: int, origin: str, options: AudioOptions) -> Waveform:
    # File objects are of any make, and raise anything: gzip an EOFError, zipfile its own.
    try:
        is_text = isinstance(file.read(0), str)
        is_seekable = hasattr(file, "seekable") and file.seekable()
        if is_seekable:
            at = file.tell()
            file.seek(0, SEEK_END)
            file.seek(at)
    except Exception as error:
        raise AudioError(f"{origin}: cannot be read ({error}); open it for reading, mode 'rb'") from error
    if is_text:
        raise AudioError(f"{origin}: is open as text; open it with mode 'rb'")
    if is_seekable:
        return _from_file(file, sr, origin, options)
    from edgecry.audio.spool import spooled  # for pipes alone

    with spooled(file, origin) as spool:
        return _from_file(cast(BinaryIO, spool), sr, origin, options)


def _from_file(file: BinaryIO, sr: int, origin: str, options: AudioOptions) -> Waveform:
    at = file.tell()
    samples, following = _decoded(file, sr, origin, options, options.longest)
    if following is None:
        return Waveform(samples, sr, origin)
    return Waveform(_with_following(file, at + following, samples, sr, origin, options), sr, origin)


def _with_following(
    file: BinaryIO, at: int, first: Float32, sr: int, origin: str, options: AudioOptions
) -> Float32:
    """Read on where a file holds recordings in a row, as players do."""
    joined, parts = bytearray(first.data), 1
    following: int | None = 0
    while following is not None:
        if parts == MAX_PARTS:
            raise AudioError(f"{origin}: holds over {MAX_PARTS} recordings in a row; cut it into parts")
        file.seek(at)
        try:
            left = options.longest - len(joined) / (4 * sr)
            samples, following = _decoded(file, sr, origin, options, left)
        except EdgecryError as error:
            if options.strict:
                raise
            warn(f"{origin}: what follows after {len(joined) / (4 * sr):.2f} s is left out: {error}")
            break
        joined += samples.data
        at += following or 0
        parts += 1
    if parts > 1:
        warn(f"{origin}: holds {parts} recordings in a row; they are heard as one")
    return np.frombuffer(joined, np.float32)


def _decoded(
    file: BinaryIO, sr: int, origin: str, options: AudioOptions, longest: float
) -> tuple[Float32, int | None]:
    """Decode one recording from the file's position on.

    Returns
    -------
    samples : float32 [shape=(n,)]
        Mono, at ``sr``.
    next : int or None
        Bytes to the beginning of the next one in this file.
    """
    start, channel = file.tell(), None
    while True:
        with Decoder(file, origin, options.strict) as decoder:
            rate = _check_rate(decoder.rate, f"{origin}: sampling rate in its header")
            _check_channels(decoder.channels, f"{origin}: its header")
            mono = Mono(rate, origin, longest, channel, mends=not options.strict)
            mono.check_length(decoder.stated_seconds)
            samples = _join(mono.of(decoder.blocks()), rate, sr)
        if channel is not None or (channel := mono.instead_of_mix()) is None:
            return samples, decoder.next
        del samples
        warn(
            f"{origin}: its channels cancel each other, as of a balanced microphone on a stereo input; "
            f"only channel {channel + 1} is heard"
        )
        file.seek(start)


def _from_array(array: object, rate: object, sr: int, origin: str, options: AudioOptions) -> Waveform:
    rate = _check_rate(rate, f"{origin}: rate")
    if not isinstance(array, np.ndarray) or array.dtype.name not in _SCALES or array.ndim not in (1, 2):
        raise AudioError(
            f"{origin}: found {_describe(array)}; allowed are {', '.join(_SCALES)} "
            "of shape (n,) or (n, channels)"
        )
    if isinstance(array, np.ma.MaskedArray):
        raise AudioError(f"{origin}: found a masked array; fill what is masked, or leave it out")
    if array.ndim == 2:
        _check_channels(array.shape[1], f"{origin} of shape {array.shape}, which is (n, channels)")
    mono = Mono(rate, origin, options.longest)
    samples = _join(mono.of(_array_blocks(array)), rate, sr)
    channel = mono.instead_of_mix()
    if channel is not None:
        warn(f"{origin}: its channels cancel each other; only channel {channel + 1} is heard")
        samples = _join(Mono(rate, origin, options.longest).of(_array_blocks(array[:, channel])), rate, sr)
    return Waveform(samples, sr, origin)


def _array_blocks(array: NDArray[Any]) -> Iterator[Float32]:
    zero, unit = _SCALES[array.dtype.name]
    for start in range(0, len(array), BLOCK):
        with np.errstate(over="ignore"):
            block = array[start : start + BLOCK].astype(np.float32, copy=False)
        yield block if unit == 1 else (block - np.float32(zero)) * np.float32(unit)


# -- mono, at the wanted rate ----------------------------------------------------------------------


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
        Whether samples that are not finite are taken for silence, in place, and warned of.

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
        for block in blocks:
            mono = self._mix(block)
            if not np.isfinite(mono).all():
                if not self._mends:
                    _check_finite(mono, self._frames, self._rate, self._origin)
                bad = ~np.isfinite(block)
                self._invalid += int(np.count_nonzero(bad.any(axis=1)))
                block[bad] = 0
                mono = self._mix(block)
                _check_finite(mono, self._frames, self._rate, self._origin)  # a sum may overflow
            self._frames += len(mono)
            self.check_length(self._frames / self._rate)
            if block.ndim == 2 and block.shape[1] > 1 and self._channel is None:
                self._weigh(block, mono)
            yield mono
        self._judge()

    def check_length(self, seconds: float) -> None:
        """Refuse what is too long."""
        if seconds > self._longest:
            raise AudioError(
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
                f"{self._origin}: {self._invalid} of {self._frames} samples are NaN or infinite; it is not "
                "sound, so repair or record it again"
            )
        if self._invalid:
            warn(f"{self._origin}: {self._invalid} of its samples are NaN or infinite; they are silence")


def _join(blocks: Iterable[Float32], rate: int, sr: int) -> Float32:
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
    # Rounded as in librosa.resample: soxr may give a sample more or less.
    size = math.ceil(n * (sr / rate))
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


# -- checks ----------------------------------------------------------------------------------------


def _check_rate(rate: object, name: str) -> int:
    if isinstance(rate, bool) or not isinstance(rate, int | np.integer):
        found = _describe(rate) if isinstance(rate, np.ndarray) else repr(rate)
        raise AudioError(f"{name}: found {found}; allowed are whole numbers, {MIN_RATE} to {MAX_RATE} Hz")
    if not MIN_RATE <= rate <= MAX_RATE:
        raise AudioError(f"{name}: {rate} Hz is out of range; allowed are {MIN_RATE} to {MAX_RATE} Hz")
    return int(rate)


def _check_channels(channels: int, name: str) -> None:
    if not 1 <= channels <= MAX_CHANNELS:
        raise AudioError(f"{name}: {channels} channels; allowed are 1 to {MAX_CHANNELS}")


def _check_finite(samples: Float32, before: int, rate: int, origin: str) -> None:
    finite = np.isfinite(samples)
    if not finite.all():
        at = int(np.argmin(finite))
        raise AudioError(
            f"{origin}: sample {before + at} (at {(before + at) / rate:.3f} s) is {samples[at]}; "
            "only finite values are sound, so repair or record it again"
        )


def _describe(value: object) -> str:
    if isinstance(value, np.ndarray):
        return f"{value.dtype} of shape {value.shape}"
    return type(value).__name__
