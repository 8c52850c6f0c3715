"""Raw PCM, in pieces of any size, to mono samples."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecry.audio.mixing import Mixer
from edgecry.audio.mono import FULL_RATE, low_rate
from edgecry.audio.pcm_format import ENCODINGS, LOUDEST, PcmFormat
from edgecry.audio.stream_header import WavStripper
from edgecry.audio.stream_looks import FirstLook
from edgecry.errors import AudioError

log = logging.getLogger("edgecry")


class PcmDecoder:
    """Turns bytes into samples; what is cut in the middle of a frame waits for its rest.

    Parameters
    ----------
    pcm : PcmFormat
        What the bytes are, unless they begin with a WAV header.
    origin : str
        Where they come from, for messages.

    Attributes
    ----------
    invalid : int
        Frames that were NaN, infinite or over ``LOUDEST``, and taken for silence: a stream cannot stop for
        them.
    """

    def __init__(self, pcm: PcmFormat, origin: str = "pcm") -> None:
        self.invalid = 0
        self._wav = WavStripper(pcm, origin)
        self._rest = b""
        self._origin = origin
        self._mixer: Mixer | None = None  # a WAV header may tell another rate
        self._look: FirstLook | None = None

    @property
    def format(self) -> PcmFormat:
        """The format of the bytes; that of the WAV header, once there was one."""
        return self._wav.format

    def feed(self, data: bytes) -> NDArray[np.float32]:
        """Decode the next bytes and mix them to mono.

        Returns
        -------
        np.ndarray [shape=(n,), dtype=float32]
            The frames that are complete; full scale is 1.

        Raises
        ------
        AudioError
            They begin with the header of something that cannot be used here, or cannot be samples at all.
        """
        data = self._rest + self._wav.feed(data)
        whole = len(data) - len(data) % self.format.frame_bytes
        self._rest = data[whole:]
        if not whole:
            return np.empty(0, np.float32)
        self._refuse_other(data[:whole])
        frames = _samples(data[:whole], self.format.encoding).reshape(-1, self.format.channels)
        mono = self._mixed(frames)
        if self.format.encoding == "f32le":
            mono = self._sound(mono)
        return mono

    def _refuse_other(self, data: bytes) -> None:
        encoding = self.format.encoding
        if self._look is None:
            self._look = FirstLook(ENCODINGS[encoding])
            if self.format.sr < FULL_RATE:
                log.warning("%s: %s", self._origin, low_rate(self.format.sr))
        if not self._look.add(data):
            raise AudioError(
                f"{self._origin}: is not sound in {encoding}: its bytes look like text, compressed sound "
                f"or 8-bit sound; have its program write {encoding}, or set the format to what it writes"
            )

    def _mixed(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        """Mix to mono, and say so when one channel is taken instead, or no longer."""
        if self._mixer is None:
            self._mixer = Mixer(self.format.sr)
        before = self._mixer.channel
        mono = self._mixer.mix(frames)
        if self._mixer.channel != before:
            if before is None:
                log.warning(
                    "%s: its channels cancel each other, as of a balanced microphone on a stereo input; "
                    "only the louder one is heard",
                    self._origin,
                )
            elif self._mixer.channel is None:
                log.info("%s: its channels do not cancel each other any more", self._origin)
        return mono

    def _sound(self, mono: NDArray[np.float32]) -> NDArray[np.float32]:
        bad = ~(np.abs(mono) <= LOUDEST)
        n = int(np.count_nonzero(bad))
        if n:
            self.invalid += n
            mono = np.where(bad, np.float32(0), mono)
        return mono


def _samples(data: bytes, encoding: str) -> NDArray[np.float32]:
    if encoding == "f32le":
        return np.frombuffer(data, "<f4").astype(np.float32)
    if encoding == "s16le":
        return np.frombuffer(data, "<i2") * np.float32(2.0**-15)
    integers: NDArray[Any]
    if encoding == "s24le":
        # The upper three bytes of a 32-bit integer.
        padded = np.zeros((len(data) // 3, 4), np.uint8)
        padded[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
        integers = padded.view("<i4")[:, 0]
    else:
        integers = np.frombuffer(data, "<i4")
    return integers.astype(np.float32) * np.float32(2.0**-31)
