"""Recordings to blocks of samples, with every way a file can be bad told apart.

16-bit WAV, which is what recorders write, is read without libsndfile: it takes a third of the time, and a
process that meets nothing else never loads that library. libsndfile reads everything else.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from contextlib import suppress
from io import SEEK_END, SEEK_SET, BufferedReader
from pathlib import Path
from typing import Any, BinaryIO, Final, Self, cast

import numpy as np
from numpy.typing import NDArray

from edgecry.audio.file_header import (
    ChunkHeader,
    WavFormat,
    lacks_ogg_end,
    read_chunk_header,
    unreadable_format,
)
from edgecry.errors import AudioError

READABLE: Final = "WAV, FLAC, OGG (Vorbis, Opus), MP3 and AIFF"

#: Values decoded at once, all channels together: 256 kB, which a cache holds. A short recording is one block.
BLOCK: Final = 65_536
#: libsndfile's count of frames where the header does not say it.
_UNKNOWN_FRAMES: Final = 2**63 - 1
#: MP3 encoders disagree on whether the frame that holds the count is counted, and on the last one.
_MP3_SLACK: Final = 2 * 1152


class Decoder:
    """An opened recording: what its header says, and its samples in blocks.

    Decoding is sequential and never looks at the length a header claims, except to notice, at the
    end, that there was less. Use it as a context manager.

    Parameters
    ----------
    file : binary file object, seekable
        Read from its position to its end; not closed.
    origin : str
        Its name, for messages.

    Raises
    ------
    AudioError
        The file is empty, or no audio that libsndfile reads.
    """

    def __init__(self, file: BinaryIO, origin: str) -> None:
        self._origin = origin
        self._file, self._view = file, _View(file)
        if self._view.seek(0, SEEK_END) == 0:
            raise AudioError(f"{origin}: is empty (0 bytes); record or copy it again")
        self._header = read_chunk_header(cast(BinaryIO, self._view))
        if self._header is not None and self._header.never_filled_in:
            # libsndfile takes a size of 0 at its word, and this one as "to the end".
            self._view.patch(self._header.size_at, b"\xff\xff\xff\xff")
        self._view.seek(0)
        self._sound: Any = self._open_plain() or self._open()

    @property
    def rate(self) -> int:
        """Sampling rate in Hz, as the header has it."""
        return int(self._sound.samplerate)

    @property
    def channels(self) -> int:
        """Number of channels, as the header has it."""
        return int(self._sound.channels)

    def blocks(self) -> Iterator[NDArray[np.float32]]:
        """Yield the samples as arrays of shape (n, channels); each is overwritten by the next.

        Raises
        ------
        AudioError
            The file cannot be read on, is damaged, or ends before its header says.
        """
        buffer = np.empty((max(1, BLOCK // self.channels), self.channels), np.float32)
        frames, stated = 0, int(self._sound.frames)
        try:
            # Not beyond what is stated: a tag may follow there, which FLAC takes for damage.
            while len(block := self._sound.read(out=buffer[: stated - frames])):
                frames += len(block)
                yield block
        except RuntimeError as error:  # soundfile's, which may not have been imported
            raise self._cut_short(int(self._sound.tell()), _reason(error)) from error
        self._view.raise_failure(self._origin)
        if shortfall := self._shortfall(frames):
            raise self._cut_short(frames, shortfall)

    def _open_plain(self) -> _Pcm16File | None:
        header = self._header
        if header is None or header.format is None or not header.format.is_plain_pcm16:
            return None
        return _Pcm16File(cast(BinaryIO, self._view), header, header.format)

    def _open(self) -> Any:
        try:
            import soundfile
        except OSError as error:
            raise AudioError(f"libsndfile is missing ({error}); 'apt install libsndfile1'") from error
        try:
            sound = soundfile.SoundFile(self._direct() or self._view)
        except soundfile.SoundFileError as error:
            self._view.raise_failure(self._origin)
            raise self._unreadable(_reason(error)) from error
        # soundfile seeks after each read of a seekable file, which makes MP3 lose its bit reservoir.
        sound.seekable = lambda: False
        return sound

    def _direct(self) -> int | None:
        """Descriptor of a plain file that libsndfile can read by itself, which saves calls back."""
        if not self._view.is_whole or not isinstance(self._file, BufferedReader):
            return None
        descriptor = os.dup(self._file.fileno())  # libsndfile closes the one it is given
        os.lseek(descriptor, 0, os.SEEK_SET)
        return descriptor

    def _unreadable(self, reason: str) -> AudioError:
        self._view.seek(0)
        head = self._view.read(16)
        if name := unreadable_format(head, self._origin):
            return AudioError(f"{self._origin}: {name} cannot be read; convert it with {self._ffmpeg()}")
        header = self._header
        if header is not None and header.format is not None:
            reason += f", its header says {header.format.channels} channels at {header.format.rate} Hz"
        return AudioError(
            f"{self._origin}: is no recording that can be read ({reason}, it begins with {head!r}); "
            f"{READABLE} can, so convert it with {self._ffmpeg()}"
        )

    def _cut_short(self, frames: int, reason: str) -> AudioError:
        return AudioError(
            f"{self._origin}: is cut short or damaged after {frames / self.rate:.2f} s ({reason}); "
            f"copy it again, or keep what is there with {self._ffmpeg()}"
        )

    def _shortfall(self, frames: int) -> str:
        """Say what is missing at the end, if the header or the format tells that something is."""
        header, stated = self._header, int(self._sound.frames)
        if header is not None:
            if header.open_ended or header.promised <= header.present:
                return ""
            return f"its header promises {header.promised} bytes of audio, {header.present} are there"
        if self._sound.format == "OGG" and lacks_ogg_end(cast(BinaryIO, self._view)):
            return "the page that ends an Ogg stream is missing"
        slack = _MP3_SLACK if self._sound.format == "MP3" else 0
        if stated < _UNKNOWN_FRAMES and frames < stated - slack:
            return f"its header promises {stated / self.rate:.2f} s"
        return ""

    def _ffmpeg(self) -> str:
        """The command that makes a readable file of this one."""
        path = Path(self._origin)
        is_pcm = path.suffix.lower() in (".raw", ".pcm")
        pcm = "-f s16le -ar 16000 -ac 1 " if is_pcm else ""
        return f"'ffmpeg {pcm}-i {shlex.quote(self._origin) if path.is_file() else 'IN'} out.wav'"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._sound.close()


def _reason(error: Exception) -> str:
    return str(getattr(error, "error_string", error)).rstrip(".").removeprefix("Error : ")


class _View:
    """A seekable file from its position on, in the shape libsndfile calls back.

    An exception inside a callback from C would be printed and lost, so none of these raises;
    :meth:`raise_failure` raises the first one afterwards.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._start = file.tell()
        self._patch = (0, b"")
        self._failure: Exception | None = None

    @property
    def is_whole(self) -> bool:
        """The file is seen as it is, from its first byte."""
        return self._start == 0 and not self._patch[1]

    def patch(self, at: int, data: bytes) -> None:
        """Show ``data`` at this offset instead of what is there."""
        self._patch = (at, data)

    def raise_failure(self, origin: str) -> None:
        """Raise what a read ran into, as an AudioError."""
        if self._failure is not None:
            raise AudioError(f"{origin}: cannot be read ({self._failure}); check its medium")

    def seek(self, offset: int, whence: int = SEEK_SET) -> int:
        # Damaged headers point before the start and far beyond the end; as with lseek, the position stays.
        with suppress(OSError, OverflowError, ValueError):
            if whence == SEEK_END:
                self._file.seek(offset, SEEK_END)
            else:
                base = self._start if whence == SEEK_SET else self._file.tell()
                self._file.seek(max(self._start, base + offset))
        return self.tell()

    def tell(self) -> int:
        return self._file.tell() - self._start

    def read(self, count: int) -> bytes:
        at = self.tell()
        try:
            data = self._file.read(count)
        except Exception as error:  # whatever the file object is, and raises
            self._failure = self._failure or error
            return b""
        where, new = self._patch
        if new and at <= where < at + len(data):
            data = (data[: where - at] + new + data[where - at + len(new) :])[: len(data)]
        return data


class _Pcm16File:
    """An opened WAV file with as much of ``soundfile.SoundFile`` as :class:`Decoder` uses.

    Parameters
    ----------
    file : binary file object, seekable
        Read from the beginning of its audio on; not closed.
    header : ChunkHeader
        Where its audio is.
    form : WavFormat
        Of the samples; ``is_plain_pcm16``.
    """

    format: Final = "WAV"

    def __init__(self, file: BinaryIO, header: ChunkHeader, form: WavFormat) -> None:
        self.samplerate, self.channels = form.rate, form.channels
        self.frames = header.readable // form.block_align
        self._file, self._frame, self._at = file, form.block_align, 0
        file.seek(header.audio_at)

    def read(self, out: NDArray[np.float32]) -> NDArray[np.float32]:
        """Fill ``out`` of shape (n, channels), and return the part that was filled; full scale is 1."""
        data = self._read_bytes(min(len(out), self.frames - self._at) * self._frame)
        frames = len(data) // self._frame
        self._at += frames
        found = np.frombuffer(data, "<i2", frames * self.channels).reshape(frames, self.channels)
        np.multiply(found, np.float32(2.0**-15), out=out[:frames])
        return out[:frames]

    def tell(self) -> int:
        """Return how many frames were read."""
        return self._at

    def close(self) -> None:
        """Do nothing, as the file is somebody else's."""

    def _read_bytes(self, count: int) -> bytes:
        """Read on until there are ``count`` of them, or nothing more comes."""
        data = self._file.read(count)
        while len(data) < count and (more := self._file.read(count - len(data))):
            data += more
        return data
