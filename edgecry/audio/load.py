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

from edgecry.audio.decoder import BLOCK, Decoder
from edgecry.errors import AudioError

MIN_RATE: Final = 1_000
MAX_RATE: Final = 768_000
MAX_CHANNELS: Final = 256

#: What of a pipe is kept in memory; a longer one goes to a temporary file.
_SPOOL_BYTES: Final = 8 << 20
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

    samples: NDArray[np.float32]
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


#: What :func:`load_audio` takes.
Source = str | os.PathLike[str] | bytes | BinaryIO | tuple[NDArray[Any], int] | Waveform


def load_audio(source: Source, sr: int = 16000) -> Waveform:
    """Decode a recording, mix it to mono and bring it to one rate.

    The samples are those of ``librosa.load(path, sr=sr)``, bit for bit: float32, channels averaged
    before resampling, soxr "HQ", ``ceil(n * sr / rate)`` of them.

    Parameters
    ----------
    source : path, bytes, binary file object, (array, rate) or Waveform
        A recording in any format libsndfile reads, by its path or its content. A file object is
        read from its position to its end, stays open, and may be a pipe. An array has shape (n,) or
        (n, channels) and is float at full scale 1, or int16, int32 or uint8 at that type's.
    sr : int in [1000, 768000]
        Wanted sampling rate in Hz.

    Raises
    ------
    AudioError
        The source cannot be read, is no audio, is cut short, holds no samples or NaN or infinity,
        or a rate or number of channels is out of range.
    """
    sr = _check_rate(sr, "sr")
    if isinstance(source, Waveform):
        return source if source.sr == sr else _from_array(source.samples, source.sr, sr, source.origin)
    if isinstance(source, tuple):
        if len(source) != 2:
            raise AudioError(f"source: a tuple of {len(source)}; expected (array, rate)")
        return _from_array(source[0], source[1], sr, "array")
    if isinstance(source, bytes | bytearray | memoryview):
        return _from_file(BytesIO(source), sr, "bytes")
    if isinstance(source, str | os.PathLike):
        return _from_path(os.fsdecode(source), sr)
    if hasattr(source, "read"):
        return _from_stream(source, sr, str(getattr(source, "name", "file object")))
    raise AudioError(
        f"source: {type(source).__name__} is no audio; allowed are a path, bytes, a binary file object, "
        "an (array, rate) tuple and a Waveform"
    )


# -- the kinds of source ---------------------------------------------------------------------------


def _from_path(path: str, sr: int) -> Waveform:
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
        return _from_stream(file, sr, path)


def _why_missing(path: str) -> str:
    scheme, is_address, _ = path.partition("://")
    if is_address and scheme.isalnum():
        if scheme.lower() == "file":
            return "is an address, not a file; leave 'file://' out"
        return "is an address, not a file; save what is there as a file first"
    if path.startswith("~"):
        return "no such file; only a shell replaces ~, and not within quotes, so write the whole path"
    return "no such file; check the name"


def _from_stream(file: Any, sr: int, origin: str) -> Waveform:
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
        return _from_file(file, sr, origin)
    import shutil  # for pipes alone
    from tempfile import SpooledTemporaryFile

    with SpooledTemporaryFile(_SPOOL_BYTES) as spool:
        try:
            shutil.copyfileobj(file, spool)
        except Exception as error:
            raise AudioError(f"{origin}: cannot be read to its end ({error}); try again") from error
        spool.seek(0)
        return _from_file(cast(BinaryIO, spool), sr, origin)


def _from_file(file: BinaryIO, sr: int, origin: str) -> Waveform:
    with Decoder(file, origin) as decoder:
        rate = _check_rate(decoder.rate, f"{origin}: sampling rate in its header")
        _check_channels(decoder.channels, f"{origin}: its header")
        return Waveform(_join(decoder.blocks(), rate, sr, origin), sr, origin)


def _from_array(array: object, rate: object, sr: int, origin: str) -> Waveform:
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
    return Waveform(_join(_array_blocks(array), rate, sr, origin), sr, origin)


def _array_blocks(array: NDArray[Any]) -> Iterator[NDArray[np.float32]]:
    zero, unit = _SCALES[array.dtype.name]
    for start in range(0, len(array), BLOCK):
        with np.errstate(over="ignore"):
            block = array[start : start + BLOCK].astype(np.float32, copy=False)
        yield block if unit == 1 else (block - np.float32(zero)) * np.float32(unit)


# -- mono, at the wanted rate ----------------------------------------------------------------------


def _join(blocks: Iterable[NDArray[np.float32]], rate: int, sr: int, origin: str) -> NDArray[np.float32]:
    """Mix blocks of shape (n, channels) or (n,) to one signal, and resample it: on the way, if it is long."""
    resampler = None
    # A bytearray grows in place, so that nothing but the result itself is ever held.
    joined, n = bytearray(), 0
    for block in blocks:
        mono = _mix(block)
        _check_finite(mono, n, rate, origin)
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


def _resampled(samples: NDArray[np.float32], rate: int, sr: int, size: int) -> NDArray[np.float32]:
    """All at once, which gives the same samples as a stream in two thirds of the time."""
    import soxr

    out: NDArray[np.float32] = soxr.resample(samples, rate, sr, quality="HQ")[:size]
    return out if len(out) == size else np.concatenate((out, np.zeros(size - len(out), np.float32)))


def _mix(block: NDArray[np.float32]) -> NDArray[np.float32]:
    """Average the channels, in float32 and in the order np.mean adds them, as librosa.to_mono does."""
    if block.ndim == 1:
        return block
    if block.shape[1] == 1:
        return np.ascontiguousarray(block[:, 0])
    with np.errstate(over="ignore", invalid="ignore"):
        return cast(NDArray[np.float32], block.mean(axis=1))


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


def _check_finite(samples: NDArray[np.float32], before: int, rate: int, origin: str) -> None:
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
