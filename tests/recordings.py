"""Recordings in memory, for tests of what reads them."""

import io
import struct

import numpy as np
import soundfile


def noisy_tone(n: int, channels: int = 1, sr: int = 16000, seed: int = 0) -> np.ndarray:
    """A tone with noise of its own in every channel, float32 of shape (n, channels)."""
    rng = np.random.default_rng(seed)
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(n) / sr)
    return (tone[:, None] + 0.05 * rng.standard_normal((n, channels))).astype(np.float32)


def encode(samples: np.ndarray, sr: int = 16000, kind: str = "WAV", subtype: str = "PCM_16") -> bytes:
    """The content of a file that libsndfile writes."""
    file = io.BytesIO()
    soundfile.write(file, samples, sr, format=kind, subtype=subtype)
    return file.getvalue()


def wav(
    data: bytes = b"\1\0" * 1600,
    *,
    channels: int = 1,
    rate: int = 16000,
    size: int | None = None,
    total: int | None = None,
    tail: bytes = b"",
    before: bytes = b"",
) -> bytes:
    """A 16-bit WAV file put together by hand, so that its header can lie."""
    size = len(data) if size is None else size
    total = 36 + len(before) + len(data) + len(tail) if total is None else total
    form = struct.pack("<HHIIHH", 1, channels, rate, rate * channels * 2 % 2**32, channels * 2 % 2**16, 16)
    head = b"RIFF" + struct.pack("<I", total) + b"WAVEfmt " + struct.pack("<I", 16) + form
    return head + before + b"data" + struct.pack("<I", size) + data + tail
