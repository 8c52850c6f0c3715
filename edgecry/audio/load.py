"""Audio in: anything libsndfile decodes, mixed to mono and brought to one rate, as librosa.load does.

A recording is decoded, mixed and resampled block by block, so that memory is bounded by the mono
signal that comes out, whatever the file's rate and channels, and whatever its header claims.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import SEEK_END, BytesIO
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

import numpy as np
from numpy.typing import NDArray

from edgecry.arrays import Float32
from edgecry.audio.decoder import Decoder, warn
from edgecry.audio.mono import (
    SCALES,
    Mono,
    array_blocks,
    check_channels,
    check_finite,
    check_rate,
    describe,
    join,
)
from edgecry.errors import AudioError, EdgecryError, TooLongError

#: The longest recording, unless it is set otherwise, in seconds.
DAY: Final = 86_400.0
#: Recordings in a row in one file that are read.
MAX_PARTS: Final = 10_000


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
        object.__setattr__(self, "sr", check_rate(self.sr, f"{self.origin}: sr"))
        samples = cast(object, self.samples)
        if not isinstance(samples, np.ndarray) or samples.dtype != np.float32 or samples.ndim != 1:
            raise AudioError(
                f"{self.origin}: samples are {describe(samples)}; a Waveform takes float32 of shape (n,), "
                "and load_audio((array, rate)) makes one of other arrays"
            )
        if samples.size == 0:
            raise AudioError(f"{self.origin}: holds no samples; record or copy it again")
        check_finite(samples, 0, self.sr, self.origin)

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
        Whether damage is an error: a recording that is cut short, or a sample that is NaN, infinite or huge.
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
        if type(self.strict) is bool and type(self.longest) is float and 0 < self.longest <= 1e9:
            return  # without the module that checks, which a process that answers once does not need
        from edgecry.checks import number, shown

        if not isinstance(self.strict, bool):
            raise AudioError(f"strict: found {shown(self.strict)}; allowed are True and False")
        number("longest", self.longest, 0.0, 1e9, "s", above=True, error=AudioError)


class OnlyShort(AudioOptions):
    """As AudioOptions; but of recordings in a row, too, that are too long, no part is taken for all."""


#: What :func:`load_audio` takes.
Source = str | os.PathLike[str] | bytes | BinaryIO | tuple[NDArray[Any], int] | Waveform


def load_audio(source: Source, sr: int = 16000, options: AudioOptions = AudioOptions()) -> Waveform:
    """Decode a recording, mix it to mono and bring it to one rate.

    The samples are those of ``librosa.load(path, sr=sr)``, bit for bit: float32, channels averaged
    before resampling, soxr "HQ", ``ceil(n * sr / rate)`` of them. There are three exceptions, each with an
    :class:`~edgecry.errors.EdgecryWarning`: a sample of a file that is NaN, infinite or over 1e10 is
    silence, of channels that cancel each other the loudest is taken, and of recordings in a row in one file
    all are read.

    Parameters
    ----------
    source : path, bytes, binary file object, (array, rate) or Waveform
        A recording in any format that libsndfile reads, or the ffmpeg of this machine if it has one, by its
        path or its content, or by an address such as ``s3://`` or ``https://`` (extra remote). A file
        object is read from its position to its end, stays open, and may be a pipe. An array has shape (n,)
        or (n, channels) and is float at full scale 1, or int16, int32 or uint8 at that type's.
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
    sr = check_rate(sr, "sr")
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
    with opened(source) as (file, origin):
        return _from_file(file, sr, origin, options)


def _name(source: object) -> str:
    """Return the name of a source in messages."""
    if isinstance(source, str | os.PathLike):
        return os.fsdecode(source)
    if isinstance(source, bytes | bytearray | memoryview):
        return "bytes"
    return str(getattr(source, "name", "file object" if hasattr(source, "read") else "array"))


# -- the kinds of source ---------------------------------------------------------------------------


@contextmanager
def opened(source: Source) -> Iterator[tuple[BinaryIO, str]]:
    """Open a source that holds bytes as a file that can be sought, and say what it is called.

    Yields
    ------
    file : binary file object
        At the beginning of the recording. The caller's own file object stays open.
    origin : str
        Its name, for messages.

    Raises
    ------
    AudioError
        It is not there, may not be read, or is no source.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        yield BytesIO(source), "bytes"
    elif isinstance(source, str | os.PathLike):
        path = os.fsdecode(source)
        with _opened_path(path) as file, _seekable(file, path) as found:
            yield found, path
    elif hasattr(source, "read"):
        origin = _name(source)
        with _seekable(source, origin) as found:
            yield found, origin
    else:
        raise AudioError(
            f"source: {type(source).__name__} is no audio; allowed are a path, bytes, a binary file object, "
            "an (array, rate) tuple and a Waveform"
        )


def _opened_path(path: str) -> BinaryIO:
    if not path:
        raise AudioError("source: the path is empty; name a recording")
    try:
        return Path(path).open("rb")
    except FileNotFoundError:
        if "://" in path:
            from edgecry.audio.remote import is_address, open_address  # for addresses alone

            if is_address(path):
                return open_address(path)
        raise AudioError(f"{path}: {_why_missing(path)}") from None
    except IsADirectoryError:
        raise AudioError(f"{path}: is a directory; name the recordings in it") from None
    except PermissionError:
        raise AudioError(f"{path}: may not be read; check its permissions") from None
    except (OSError, ValueError) as error:
        raise AudioError(f"{path!r}: cannot be opened ({error}); check the name") from error


def _why_missing(path: str) -> str:
    if path.lower().startswith("file://"):
        return "is an address, not a file; leave 'file://' out"
    if path.startswith("~"):
        return "no such file; only a shell replaces ~, and not within quotes, so write the whole path"
    return "no such file; check the name"


@contextmanager
def _seekable(file: Any, origin: str) -> Iterator[BinaryIO]:
    """Give a file that can be sought: itself, or what a pipe holds."""
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
        yield file
        return
    from edgecry.audio.spool import spooled  # for pipes alone

    with spooled(file, origin) as spool:
        yield cast(BinaryIO, spool)


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
            if options.strict or (isinstance(error, TooLongError) and isinstance(options, OnlyShort)):
                raise
            warn(f"{origin}: what follows after {len(joined) / (4 * sr):.2f} s is left out: {error}")
            break
        joined += samples.data
        at += following or 0
        parts += 1
    if parts > 1:
        warn(f"{origin}: holds {parts} recordings in a row; all parts are heard, as one")
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
            rate = check_rate(decoder.rate, f"{origin}: sampling rate in its header")
            check_channels(decoder.channels, f"{origin}: its header")
            mono = Mono(rate, origin, longest, channel, mends=not options.strict)
            mono.check_length(decoder.stated_seconds)
            samples = join(mono.of(decoder.blocks()), rate, sr)
        if channel is not None or (channel := mono.instead_of_mix()) is None:
            return samples, decoder.next
        del samples
        warn(
            f"{origin}: its channels cancel each other, as of a balanced microphone on a stereo input; "
            f"only channel {channel + 1} is heard"
        )
        file.seek(start)


def _from_array(array: object, rate: object, sr: int, origin: str, options: AudioOptions) -> Waveform:
    rate = check_rate(rate, f"{origin}: rate")
    if not isinstance(array, np.ndarray) or array.dtype.name not in SCALES or array.ndim not in (1, 2):
        raise AudioError(
            f"{origin}: found {describe(array)}; allowed are {', '.join(SCALES)} "
            "of shape (n,) or (n, channels)"
        )
    if isinstance(array, np.ma.MaskedArray):
        raise AudioError(f"{origin}: found a masked array; fill what is masked, or leave it out")
    if array.ndim == 2:
        check_channels(array.shape[1], f"{origin} of shape {array.shape}, which is (n, channels)")
    mono = Mono(rate, origin, options.longest)
    samples = join(mono.of(array_blocks(array)), rate, sr)
    channel = mono.instead_of_mix()
    if channel is not None:
        warn(f"{origin}: its channels cancel each other; only channel {channel + 1} is heard")
        samples = join(Mono(rate, origin, options.longest).of(array_blocks(array[:, channel])), rate, sr)
    return Waveform(samples, sr, origin)
