"""Recordings to blocks of samples, with every way a file can be bad told apart.

16-bit WAV, which is what recorders write, is read without libsndfile: it takes a third of the time, and a
process that meets nothing else never loads that library. libsndfile reads everything else.
"""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Iterator
from io import SEEK_END, BufferedReader
from typing import Any, BinaryIO, Final, Self, cast

import numpy as np
from numpy.typing import NDArray

from edgecry.audio.file_header import RARE, ChunkHeader, WavFormat, lacks_ogg_end, read_chunk_header
from edgecry.audio.view import View
from edgecry.errors import AudioError, EdgecryWarning
from edgecry.forks import unforked

#: Seconds that may be missing at the end without a word: some recorders count the header as sound.
UNNOTICED: Final = 0.1
#: Values decoded at once, all channels together: 256 kB, which a cache holds. A short recording is one block.
BLOCK: Final = 65_536
#: libsndfile's count of frames where the header does not say it.
_UNKNOWN_FRAMES: Final = 2**63 - 1
#: Bytes a second of the slowest MP3, of 8 kbit/s; the number of frames in its header may be any.
_SLOWEST_MP3: Final = 1000
#: How the formats begin of which libsndfile makes the same by callbacks and from a descriptor.
_DIRECT: Final = (b"RIFF", b"FORM", b"fLaC", b"OggS")
#: How files begin in which something stands in front of the recording.
_IN_FRONT: Final = (b"ID3", b"\0\0\0\0")
#: How text of two bytes a letter begins, in either order.
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")
#: Bytes behind the end that a header states that are worth a word.
_MUCH: Final = 16_000
#: MP3 encoders disagree on whether the frame that holds the count is counted, and on the last one.
_MP3_SLACK: Final = 2 * 1152


class Decoder:
    """An opened recording: what its header says, and its samples in blocks.

    Decoding is sequential and never looks at the length a header claims, except to notice, at the
    end, that there was less. Use it as a context manager.

    Parameters
    ----------
    file : binary file object, seekable
        Read from its position to its end, or to where another recording begins; not closed.
    origin : str
        Its name, for messages.
    strict : bool
        Whether a recording that is cut short or damaged is an error. Otherwise what is there counts,
        with a warning if more than ``UNNOTICED`` seconds are missing.

    Raises
    ------
    AudioError
        The file is empty, or no audio that libsndfile or the ffmpeg of this machine reads.
    """

    def __init__(self, file: BinaryIO, origin: str, strict: bool = False) -> None:
        self._origin, self._strict = origin, strict
        self._file, self._view = file, View(file)
        self._fd: int | None = None  # what libsndfile reads from, if not by calls back
        self._size = self._view.seek(0, SEEK_END)
        if self._size == 0:
            raise AudioError(f"{origin}: is empty (0 bytes); record or copy it again")
        self._view.seek(0)
        self._head = self._view.read(16)
        self._front = self._skip_front() if self._head.startswith(_IN_FRONT) else 0
        self._header = self._read_header()
        self._next = self._find_next()
        if self._next is not None:
            self._view.end(self._next)
            self._header = self._read_header()
        if self._header is not None and self._header.mend is not None:
            self._view.patch(*self._header.mend)
        elif self._head.startswith(b"BW64"):
            self._view.patch(0, b"RF64")  # the same format under its older name, which libsndfile knows
        self._view.seek(0)
        self._sound: Any = self._open_plain() or self._open()

    def _skip_front(self) -> int:
        """Begin behind a tag, or behind zeros, and return how many bytes that are."""
        from edgecry.audio.preamble import find_start

        start = find_start(cast(BinaryIO, self._view), self._head)
        if start and not self._head[0]:
            warn(f"{self._origin}: begins with {start} zeros, as a broken copy does; what follows is heard")
        self._view.seek(start)
        if start:
            self._view = View(self._file)
            self._head = self._view.read(16)
        return start

    @property
    def next(self) -> int | None:
        """Where the next recording begins in this file, in bytes from where the file stood."""
        return None if self._next is None else self._front + self._next

    def _read_header(self) -> ChunkHeader | None:
        """Read what the header says of the audio; None if it does not tell."""
        view = cast(BinaryIO, self._view)
        if not self._head.startswith(RARE):
            return read_chunk_header(view)
        from edgecry.audio.rare_headers import read_rare_header

        return read_rare_header(view)

    @property
    def rate(self) -> int:
        """Sampling rate in Hz, as the header has it."""
        return int(self._sound.samplerate)

    @property
    def channels(self) -> int:
        """Number of channels, as the header has it."""
        return int(self._sound.channels)

    @property
    def stated_seconds(self) -> float:
        """Length by the header, in seconds; 0 where it does not say, or more than the bytes can hold."""
        stated = int(self._sound.frames)
        if not (stated < _UNKNOWN_FRAMES and self.rate > 0):
            return 0.0
        seconds = stated / self.rate
        is_mp3 = getattr(self._sound, "format", "") == "MP3"
        return 0.0 if is_mp3 and seconds > self._size / _SLOWEST_MP3 else seconds

    def blocks(self) -> Iterator[NDArray[np.float32]]:
        """Yield the samples as arrays of shape (n, channels); each is overwritten by the next.

        Raises
        ------
        AudioError
            The file cannot be read on; or it is damaged or ends before its header says, and nothing of
            it is there or ``strict`` is set.
        """
        buffer = np.empty((max(1, BLOCK // self.channels), self.channels), np.float32)
        frames, stated = 0, int(self._sound.frames)
        try:
            # Not beyond what is stated: a tag may follow there, which FLAC takes for damage.
            while len(block := self._sound.read(out=buffer[: stated - frames])):
                frames += len(block)
                yield block
        except RuntimeError as error:  # soundfile's, which may not have been imported
            self._view.raise_failure(self._origin)
            whole = max(0, int(self._sound.tell()) - frames)  # before the damage, in the buffer
            frames += whole
            self._cut_short(frames, _reason(error), error)
            yield buffer[:whole]
            return
        self._view.raise_failure(self._origin)
        self._look_behind()
        self._warn_of_more()
        shortfall, missing = self._shortfall(frames)
        if shortfall and (self._strict or frames == 0 or missing > UNNOTICED):
            self._cut_short(frames, shortfall)

    def _find_next(self) -> int | None:
        """Look for another recording after this one; for plain WAV that fills its file there is no need."""
        header = self._header
        if header is not None and not header.open_ended and abs(header.promised - header.present) <= 1:
            return None
        from edgecry.audio.parts import find_next

        return find_next(cast(BinaryIO, self._view), self._head, header)

    def _look_behind(self) -> None:
        """Look for a recording of another kind behind FLAC, which ends where its decoder has stopped."""
        if self._next is not None or not self._head.startswith(b"fLaC"):
            return
        from edgecry.audio.parts import find_behind

        at = self._view.tell() if self._fd is None else os.lseek(self._fd, 0, os.SEEK_CUR)
        self._next = find_behind(cast(BinaryIO, self._view), at)

    def _warn_of_more(self) -> None:
        """Tell of bytes behind the end that the header states, which a recorder may not have mended."""
        header = self._header
        if header is None or header.format is None or header.open_ended or self._next is not None:
            return
        if header.present - header.promised < _MUCH:
            return
        from edgecry.audio.parts import bytes_behind

        if more := bytes_behind(cast(BinaryIO, self._view), header):
            warn(
                f"{self._origin}: its header tells of {header.promised} bytes of sound, and {more} more "
                "follow, which are not heard; if they are sound, have its header mended"
            )

    def _open_plain(self) -> _Pcm16File | None:
        header = self._header
        if header is None or header.format is None or not header.format.is_plain_pcm16:
            return None
        return _Pcm16File(cast(BinaryIO, self._view), header, header.format)

    def _open(self) -> Any:
        if self._head.startswith(_UTF16):
            self._refuse_other()  # to libsndfile it is a silent MP3
        try:
            import soundfile
        except OSError as error:
            raise AudioError(f"libsndfile is missing ({error}); 'apt install libsndfile1'") from error
        try:
            with unforked:  # soundfile holds a lock while it opens
                self._fd = self._direct()
                sound = soundfile.SoundFile(self._view if self._fd is None else self._fd)
        except soundfile.SoundFileError as error:
            self._view.notice()
            self._view.raise_failure(self._origin)
            return self._open_elsewhere(_reason(error))
        # soundfile seeks after each read of a seekable file, which makes MP3 lose its bit reservoir.
        sound.seekable = lambda: False
        return sound

    def _direct(self) -> int | None:
        """Descriptor of a plain file that libsndfile can read by itself, which saves calls back.

        Only of formats of which it makes the same this way: of damaged files of other kinds it does not.
        """
        if self._head[:4] not in _DIRECT and self._head[:1] != b"\xff" and self._head[:3] != b"ID3":
            return None
        return self._descriptor()

    def _descriptor(self) -> int | None:
        if not self._view.is_whole or not isinstance(self._file, BufferedReader):
            return None
        descriptor = os.dup(self._file.fileno())  # libsndfile closes the one it is given
        os.lseek(descriptor, 0, os.SEEK_SET)
        return descriptor

    def _open_elsewhere(self, reason: str) -> Any:
        """Open with ffmpeg what libsndfile does not read, or say what it is and what helps."""
        from edgecry.audio import ffmpeg, unreadable

        self._refuse_other()
        name = unreadable.lacking_format(self._head)
        if name is None and unreadable.is_headerless(self._origin):
            todo = f"convert it with {unreadable.conversion(self._origin)}, as nothing in it says what it is"
            raise AudioError(f"{self._origin}: PCM without a header cannot be read; {todo}")
        if not ffmpeg.installed():
            found = f"{name} cannot be read" if name else self._described(reason)
            todo = f"install ffmpeg, or convert it with {unreadable.conversion(self._origin)}"
            raise AudioError(f"{self._origin}: {found}; {todo} where it is installed")
        descriptor = self._descriptor()
        self._view.seek(0)
        try:
            return ffmpeg.FfmpegFile(cast(BinaryIO, self._view), descriptor)
        except ffmpeg.FfmpegError as error:
            found = f"{name} that cannot be read" if name else self._described(reason)
            raise AudioError(
                f"{self._origin}: {'is ' * bool(name)}{found}; ffmpeg cannot read it either ({error}), "
                "so copy or record it again"
            ) from error
        finally:
            if descriptor is not None:
                os.close(descriptor)

    def _refuse_other(self) -> None:
        """Raise an error if this is certainly no recording."""
        from edgecry.audio.unreadable import other_than_sound

        if other := other_than_sound(cast(BinaryIO, self._view)):
            raise AudioError(f"{self._origin}: is {other.name}; {other.advice}")
        self._view.seek(0)

    def _described(self, reason: str) -> str:
        header = self._header
        if header is not None and header.format is not None:
            reason += f", its header says {header.format.channels} channels at {header.format.rate} Hz"
        return f"is no recording that can be read ({reason}, it begins with {self._head!r})"

    def _cut_short(self, frames: int, reason: str, cause: Exception | None = None) -> None:
        """Refuse a recording that is not whole, or warn that only a part of it counts."""
        found = f"is cut short or damaged after {frames / self.rate:.2f} s ({reason})"
        if self._strict or frames == 0:
            raise AudioError(f"{self._origin}: {found}; copy it again") from cause
        warn(f"{self._origin}: {found}; only what comes before counts")

    def _shortfall(self, frames: int) -> tuple[str, float]:
        """Say what is missing at the end, if that can be told, and how many seconds: inf if unknown."""
        header, stated = self._header, int(self._sound.frames)
        if self._sound.format == "ffmpeg":
            return self._sound.complaint(), math.inf
        if header is not None:
            if header.open_ended or header.promised <= header.present:
                return "", 0.0
            seconds = header.promised / max(1, header.present) * frames / self.rate - frames / self.rate
            return (
                f"its header promises {header.promised} bytes of audio, {header.present} are there",
                seconds,
            )
        if self._sound.format == "OGG" and lacks_ogg_end(cast(BinaryIO, self._view)):
            return "the page that ends an Ogg stream is missing", math.inf
        slack = _MP3_SLACK if self._sound.format == "MP3" else 0
        if stated < _UNKNOWN_FRAMES and frames < stated - slack:
            return f"its header promises {stated / self.rate:.2f} s", (stated - frames) / self.rate
        return "", 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._sound.close()
        self._view.notice()


def warn(text: str) -> None:
    """Tell of a recording that is odd, yet heard."""
    warnings.warn(text, EdgecryWarning, stacklevel=2)


def _reason(error: Exception) -> str:
    return str(getattr(error, "error_string", error)).rstrip(".").removeprefix("Error : ")


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
