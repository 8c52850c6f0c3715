"""Samples from a microphone, by PortAudio; needs the extra ``mic``."""

from __future__ import annotations

import queue
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from edgecry.audio.pcm import PcmDecoder
from edgecry.audio.pcm_format import PcmFormat
from edgecry.errors import AudioError
from edgecry.needs import Microphone, Need
from edgecry.sources.base import NOTHING, Gap, Source

if TYPE_CHECKING:
    from edgecry.sources.settings import SourceSettings

#: Seconds of sound that come at once: short beside a window, and few awakenings.
BLOCK: Final = 0.4
#: Blocks that wait for the reader, 20 s.
_QUEUE: Final = 50
_INSTALL: Final = "install it with: pip install '.[mic]'"
_LIBRARY: Final = "install PortAudio, on Debian with: sudo apt install libportaudio2"


@dataclass(frozen=True)
class Device:
    """A microphone that is there.

    Attributes
    ----------
    index : int
        Its number, which may change when things are plugged in.
    name : str
        Its name; a part that no other has is enough to choose it by.
    channels : int
        How many it has.
    sr : int
        Its usual rate in Hz.
    is_default : bool
        Whether it is the one taken if none is named.
    """

    index: int
    name: str
    channels: int
    sr: int
    is_default: bool


def list_devices() -> list[Device]:
    """Microphones that are there now.

    Raises
    ------
    AudioError
        sounddevice or PortAudio is missing or fails.
    """
    sounddevice = _sounddevice()
    try:
        found, default = sounddevice.query_devices(), sounddevice.default.device[0]
    except sounddevice.PortAudioError as error:
        raise AudioError(f"device: PortAudio cannot list the devices ({error})") from error
    return [
        Device(i, d["name"], d["max_input_channels"], round(d["default_samplerate"]), i == default)
        for i, d in enumerate(found)
        if d["max_input_channels"] > 0
    ]


class DeviceSource(Source):
    """Samples from a microphone; one run of it.

    Parameters
    ----------
    device : str or int, optional
        A part of its name or its number; the system's default if left out.
    pcm : PcmFormat, optional
        Rate and channels to record with, and "s16le".
    """

    live = True

    def __init__(self, device: str | int | None = None, pcm: PcmFormat | None = None) -> None:
        self.name = "microphone" if device in (None, "") else f"microphone {device}"
        self._device = None if device == "" else device
        self._pcm = pcm or PcmFormat()
        self.sr = self._pcm.sr
        self._decoder = PcmDecoder(self._pcm, self.name)
        self._queue: queue.Queue[bytes | Gap] = queue.Queue(_QUEUE)
        self._stream: Any = None
        self._lost = 0  # samples that had no room in the queue, told with the next block
        self._due: float | None = None  # when the next block begins, by the device's clock

    @classmethod
    def make(cls, settings: SourceSettings) -> DeviceSource:
        """Make one run of the microphone that settings name."""
        return cls(settings.device, settings.pcm)

    @classmethod
    def needs(cls, settings: SourceSettings) -> tuple[Need, ...]:
        """Return the microphone that has to be there."""
        return (Microphone(settings.device),)

    def open(self) -> None:
        """Begin to record."""
        if self._pcm.encoding != "s16le":
            raise AudioError(f"{self.name}: encoding {self._pcm.encoding}; allowed is s16le")
        sounddevice = _sounddevice()
        try:
            self._stream = sounddevice.RawInputStream(
                samplerate=self.sr,
                blocksize=round(BLOCK * self.sr),
                device=self._device,
                channels=self._pcm.channels,
                dtype="int16",
                callback=self._take,
            )
            self._stream.start()
        except (sounddevice.PortAudioError, ValueError, OSError) as error:
            self.close()
            raise AudioError(f"{self.name}: {_line(error)}; {_advice()}") from error

    def read(self, timeout: float) -> NDArray[np.float32] | Gap | None:
        """Wait for samples."""
        if self._stream is None:
            return None
        try:
            block = self._queue.get(timeout=timeout)
        except queue.Empty:
            if self._stream.active:
                return NOTHING
            self.complaint = f"{self.name}: stopped; check its plug"
            return None
        return block if isinstance(block, Gap) else self._decoder.feed(block)

    def close(self) -> None:
        """Let go of the microphone."""
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close(ignore_errors=True)

    def _take(self, data: Any, frames: int, times: Any, status: Any) -> None:
        """Be called by PortAudio, on a thread of its own that must never wait."""
        begin = float(times.inputBufferAdcTime)
        if status and status.input_overflow and self._due is not None:
            self._lost += max(0, round((begin - self._due) * self.sr))
        self._due = begin + frames / self.sr
        try:
            if self._lost:
                self._queue.put_nowait(Gap(self._lost))
                self._lost = 0
            self._queue.put_nowait(bytes(data))
        except queue.Full:
            self._lost += frames


def _sounddevice() -> Any:
    try:
        import sounddevice
    except ImportError:
        raise AudioError(f"device: the package sounddevice is not installed; {_INSTALL}") from None
    except OSError as error:
        raise AudioError(f"device: PortAudio is missing ({_line(error)}); {_LIBRARY}") from error
    return sounddevice


def _advice() -> str:
    """Name the microphones there are, as far as that is possible now."""
    try:
        devices = list_devices()
    except AudioError:
        devices = []
    if not devices:
        return "no microphone is there; plug one in, and check that this user is in the group audio"
    shown = ", ".join(f"{d.index} {d.name!r} ({d.channels} ch, {d.sr} Hz)" for d in devices)
    return f"there are: {shown}"


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())
