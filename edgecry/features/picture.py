"""A picture of a recording: its spectrogram as PNG, in colours, made without any library of pictures."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from edgecry.arrays import Float64
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
            opened = soundfile.SoundFile(path)
        with opened as sound:
            columns = [_column(part) for part in _parts(sound)]
            bands = _bands(sound.samplerate)
    except (RuntimeError, OSError) as error:
        raise AudioError(f"{path}: cannot be read ({error})") from error
    power = bands @ np.array(columns or [np.zeros(N_FFT // 2 + 1)]).T
    decibels = 10 * np.log10(power + 1e-12)
    share = np.clip(1 + (decibels - decibels.max()) / RANGE, 0, 1)
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


def _parts(sound: Any) -> Iterator[NDArray[np.float32]]:
    """Read the samples of each column: as many as its looks need, spread over its stretch."""
    frames = sound.frames
    n = max(1, min(WIDTH, round(frames / sound.samplerate * PACE)))
    for i in range(n):
        start, stop = frames * i // n, max(frames * (i + 1) // n, frames * i // n + N_FFT)
        looks = max(1, min(LOOKS, (stop - start) // N_FFT))
        pieces = []
        for k in range(looks):
            sound.seek(min(frames, start + (stop - start) * k // looks))
            piece = sound.read(N_FFT, "float32", always_2d=True).mean(axis=1)
            pieces.append(np.pad(piece, (0, N_FFT - len(piece))))
        yield np.array(pieces, np.float32)


def _column(pieces: NDArray[np.float32]) -> Float64:
    """Return the loudest power in each bin [shape=(1 + N_FFT // 2,)]."""
    spectra: Float64 = np.abs(np.fft.rfft(pieces * np.hanning(N_FFT))) ** 2
    loudest: Float64 = spectra.max(axis=0)
    return loudest


@lru_cache(maxsize=2)
def _bands(sr: int) -> Float64:
    return mel_filters(sr, N_FFT, HEIGHT, 60.0, min(8000.0, sr / 2))


@lru_cache(maxsize=1)
def _palette() -> bytes:
    steps = np.linspace(0, len(COLOURS) - 1, 256)
    found = [np.interp(steps, range(len(COLOURS)), channel) for channel in zip(*COLOURS, strict=True)]
    return np.round(np.array(found).T).astype(np.uint8).tobytes()
