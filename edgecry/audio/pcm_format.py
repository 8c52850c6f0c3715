"""How a program writes sound when no header says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from edgecry.audio.mono import MAX_CHANNELS, MAX_RATE, MIN_RATE
from edgecry.checks import one_of, whole
from edgecry.errors import AudioError

#: Bytes of a sample of each encoding: signed integers and float, the least significant byte first.
ENCODINGS: Final = {"s16le": 2, "s24le": 3, "s32le": 4, "f32le": 4}

#: Full scale is 1. What is over this is no sound, and would overflow when it is measured.
LOUDEST: Final = 1e6


@dataclass(frozen=True)
class PcmFormat:
    """How a program writes sound when no header says so.

    Parameters
    ----------
    sr : int in [1000, 768000]
        Frames a second.
    channels : int in [1, 256]
        Samples in a frame, one after the other.
    encoding : {"s16le", "s24le", "s32le", "f32le"}
        What a sample is.

    Raises
    ------
    AudioError
        A value is out of range.
    """

    sr: int = 16000
    channels: int = 1
    encoding: str = "s16le"

    def __post_init__(self) -> None:
        whole("sr", self.sr, MIN_RATE, MAX_RATE, "Hz", error=AudioError)
        whole("channels", self.channels, 1, MAX_CHANNELS, error=AudioError)
        one_of("encoding", self.encoding, ENCODINGS, error=AudioError)

    @property
    def frame_bytes(self) -> int:
        """Bytes of one frame."""
        return ENCODINGS[self.encoding] * self.channels

    @property
    def byte_rate(self) -> int:
        """Bytes of one second."""
        return self.frame_bytes * self.sr

    def __str__(self) -> str:
        return f"{self.encoding}, {self.sr} Hz, {self.channels} channel{'s' * (self.channels > 1)}"
