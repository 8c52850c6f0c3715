"""What programs write where PCM is expected: headers that lie, damage, values that are not numbers."""

from __future__ import annotations

import struct
from itertools import pairwise
from pathlib import Path
from random import Random

import numpy as np

from benchmarks.reliability.campaign import Campaign, Wrong
from benchmarks.reliability.mutation import damaged
from edgecry.arrays import Float32
from edgecry.audio.pcm import PcmDecoder
from edgecry.audio.pcm_format import ENCODINGS, LOUDEST, PcmFormat
from edgecry.errors import AudioError

SR = 16_000
FRAMES = 3000
#: The code and the bits of each encoding in a WAV header.
_WAV = {"s16le": (1, 16), "s24le": (1, 24), "s32le": (1, 32), "f32le": (3, 32)}
#: Floats that are no sound.
_BAD = (float("nan"), float("inf"), float("-inf"), 2e6, -3e38)


class StreamBytes(Campaign):
    """Decode a stream in one piece and in pieces of any size: the same finite samples, or an AudioError."""

    name = "bytes of a stream"
    faults = "headers that lie, damage, NaN and infinity, odd pieces"
    quick, usual, long = 2000, 30_000, 1_000_000

    def prepare(self, _folder: Path) -> None:
        """Nothing is shared."""

    def attempt(self, random: Random) -> str:
        """Make a stream, decode it in two ways, and compare; a raw one also with what was written."""
        pcm = PcmFormat(SR, random.choice((1, 1, 2, 5)), random.choice(tuple(ENCODINGS)))
        data, expected, bad = sound(pcm, random)
        has_header, is_damaged = random.random() < 0.5, random.random() < 0.5
        if has_header:
            data = header(pcm, len(data), random) + data
        if is_damaged:
            data = damaged(data, random)
        whole, pieces = decoded(pcm, [data]), decoded(pcm, cut(data, random))
        if (whole is None) != (pieces is None):
            raise Wrong(f"in one piece {outcome(whole)}, in many {outcome(pieces)}")
        if whole is None or pieces is None:
            return "refused"
        (x, invalid), (y, again) = whole, pieces
        if not np.array_equal(x, y) or invalid != again:
            raise Wrong(f"{len(x)} samples in one piece, {len(y)} in many, or others")
        if not (np.abs(x) <= LOUDEST).all():
            raise Wrong("a sample is no number, or over the loudest")
        if has_header or is_damaged:
            return "decoded"
        if pcm.channels == 1 and (invalid != bad or not np.array_equal(x, expected)):
            raise Wrong(f"{invalid} of {bad} values are told, or other samples than were written")
        return "as written"


def sound(pcm: PcmFormat, random: Random) -> tuple[bytes, Float32, int]:
    """Make noise as bytes; return also its samples, for one channel, and how many of them are no sound."""
    rng, count = np.random.default_rng(random.getrandbits(32)), FRAMES * pcm.channels
    if pcm.encoding == "f32le":
        x = rng.uniform(-1, 1, count).astype("<f4")
        places = rng.choice(count, random.choice((0, 0, 1, 50)), replace=False)
        x[places] = [random.choice(_BAD) for _ in places]
        return x.tobytes(), np.where(np.abs(x) <= LOUDEST, x, np.float32(0)), len(places)
    width = ENCODINGS[pcm.encoding]
    integers = rng.integers(-(2 ** (8 * width - 1)), 2 ** (8 * width - 1), count)
    data = b"".join(int(value).to_bytes(width, "little", signed=True) for value in integers)
    return data, integers.astype(np.float32) * np.float32(2.0 ** (1 - 8 * width)), 0


def header(pcm: PcmFormat, size: int, random: Random) -> bytes:
    """Make a WAV header that is right in most of its fields."""
    code, bits = _WAV[random.choice((pcm.encoding, pcm.encoding, "s16le"))]
    channels = random.choice((pcm.channels, pcm.channels, pcm.channels, 0, 1, 2, 257, 65535))
    rate = random.choice((SR, SR, SR, SR, 0, 8000, 44_100, 2**32 - 1))
    size = random.choice((size, size, 0, 2**32 - 1, 2**31, size // 2, size // 2 + 1, size + 7))
    block = channels * bits // 8
    fmt = struct.pack("<HHIIHH", code, channels, rate, rate * block % 2**32, block % 2**16, bits)
    between = random.choice((b"", b"", b"LIST" + struct.pack("<I", 5) + b"INFO\0\0"))
    chunks = struct.pack("<4sI", b"fmt ", len(fmt)) + fmt + between + struct.pack("<4sI", b"data", size)
    return struct.pack("<4sI4s", b"RIFF", (4 + len(chunks) + size) % 2**32, b"WAVE") + chunks


def cut(data: bytes, random: Random) -> list[bytes]:
    """Cut the stream anywhere, the first bytes more often than others."""
    places = [random.randrange(min(len(data), 64) + 1) for _ in range(random.randrange(6))]
    places += [random.randrange(len(data) + 1) for _ in range(random.randrange(20))]
    edges = [0, *sorted(places), len(data)]
    return [data[start:stop] for start, stop in pairwise(edges)]


def decoded(pcm: PcmFormat, pieces: list[bytes]) -> tuple[Float32, int] | None:
    """Decode piece by piece; return the samples and how many were no sound, or None if it is refused."""
    decoder = PcmDecoder(pcm)
    try:
        found = [decoder.feed(piece) for piece in pieces]
    except AudioError:
        return None
    return np.concatenate(found), decoder.invalid


def outcome(found: object) -> str:
    return "refused" if found is None else "decoded"
