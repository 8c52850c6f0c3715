"""A picture of a recording: its spectrogram as PNG, in colours, made without any library of pictures."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from edgecry.arrays import Float32, Float64
from edgecry.errors import AudioError
from edgecry.features.mel import mel_filters
from edgecry.forks import unforked

#: Columns at most, rows, and columns a second of a short recording.
WIDTH: Final = 640
HEIGHT: Final = 96
PACE: Final = 40.0
#: Samples of a spectrum, and how many of them are looked at for one column.
N_FFT: Final = 1024
LOOKS: Final = 4
#: Looks that are transformed at once. All of a picture would take megabytes for a moment.
BATCH: Final = 16
#: Samples that are read at once, where looks are no further apart.
BLOCK: Final = 16_384
#: Decibels between the darkest and the brightest.
RANGE: Final = 70.0
#: Colours from quiet to loud, between which the others lie: black, violet, red, orange, pale yellow.
COLOURS: Final = ((0, 0, 4), (66, 10, 104), (147, 38, 103), (221, 81, 58), (252, 165, 10), (252, 255, 164))


def picture(path: Path) -> bytes:
    """Draw a recording: time from left to right, and frequency from below, as the ear hears it.

    Memory does not grow with the length: of a long recording, every column looks at some places.

    Raises
    ------
    AudioError
        It cannot be read.
    """
    import soundfile

    try:
        with unforked:
            opened = soundfile.SoundFile(os.fsencode(path))  # as soundfile cannot encode every name
        with opened as sound:
            bands = _bands(sound.samplerate)
            power = np.concatenate([_columns(looks) @ bands.T for looks in _looks(sound)]).T
    except (RuntimeError, OSError) as error:
        reason = getattr(error, "error_string", error)
        raise AudioError(f"{path}: cannot be read ({reason})") from error
    decibels = np.log10(power + 1e-12)
    decibels *= 10
    decibels -= decibels.max()
    share = np.clip(1 + decibels / RANGE, 0, 1)
    return png(np.round(255 * share[::-1]).astype(np.uint8))


def png(indexes: NDArray[np.uint8]) -> bytes:
    """Write an image of :data:`COLOURS`, uint8 [shape=(height, width)], 255 being the brightest."""
    height, width = indexes.shape
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)  # 8 bits, a palette
    rows = np.zeros((height, width + 1), np.uint8)  # each row begins with its filter: none
    rows[:, 1:] = indexes
    parts = [
        (b"IHDR", header), (b"PLTE", _palette()), (b"IDAT", zlib.compress(rows.tobytes(), 6)), (b"IEND", b"")
    ]  # fmt: skip
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in parts
    )


def _looks(sound: Any) -> Iterator[Float32]:
    """Read what each column looks at, for some columns at a time [shape=(n, looks, N_FFT)]."""
    frames = sound.frames
    n = max(1, min(WIDTH, round(frames / sound.samplerate * PACE)))
    looks = max(1, min(LOOKS, frames // n // N_FFT))
    starts = [frames * i // (n * looks) for i in range(n * looks)]
    pieces = (_on if frames // len(starts) < BLOCK else _apart)(sound, starts)
    while found := list(islice(pieces, BATCH // looks * looks)):
        yield np.array(found).reshape(-1, looks, N_FFT)


def _on(sound: Any, starts: Iterable[int]) -> Iterator[Float32]:
    """Read N_FFT samples from each place, in order, by reading on.

    Whoever seeks in FLAC decodes a block again, and soundfile seeks after each read.
    """
    held, end = np.empty(0, np.float32), 0  # the newest samples, and where they end
    for start in starts:
        while end < start + N_FFT and len(more := _read(sound, BLOCK)):
            held, end = np.concatenate([held[-N_FFT:], more]), end + len(more)
        at = len(held) - (end - start)
        yield _whole(held[at : at + N_FFT])


def _apart(sound: Any, starts: Iterable[int]) -> Iterator[Float32]:
    """Read N_FFT samples from each place; what is between them is not decoded."""
    for start in starts:
        sound.seek(start)
        yield _whole(_read(sound, N_FFT))


def _read(sound: Any, n: int) -> Float32:
    mono: Float32 = sound.read(n, "float32", always_2d=True).mean(axis=1)
    return mono


def _whole(piece: Float32) -> Float32:
    """Fill up what the end of the recording has cut short, with silence."""
    return piece if len(piece) == N_FFT else np.pad(piece, (0, N_FFT - len(piece)))


def _columns(looks: Float32) -> Float64:
    """Return the loudest power in each bin, of the looks of each column [shape=(n, 1 + N_FFT // 2)]."""
    spectra: Float64 = np.abs(np.fft.rfft(looks * _window())) ** 2
    loudest: Float64 = spectra.max(axis=1)
    return loudest


@lru_cache(maxsize=1)
def _window() -> Float64:
    return np.hanning(N_FFT)


@lru_cache(maxsize=2)
def _bands(sr: int) -> Float64:
    return mel_filters(sr, N_FFT, HEIGHT, 60.0, min(8000.0, sr / 2))


@lru_cache(maxsize=1)
def _palette() -> bytes:
    steps = np.linspace(0, len(COLOURS) - 1, 256)
    found = [np.interp(steps, range(len(COLOURS)), channel) for channel in zip(*COLOURS, strict=True)]
    return np.round(np.array(found).T).astype(np.uint8).tobytes()
