"""One FLAC file in the making: under another name until it is whole, and honest about a full disk."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from edgecry.forks import unforked
from edgecry.syncing import sync_folder

#: What is added to the name of a file while it is written.
PART: Final = ".part"
_MENDED: Final = ".mended"
#: Seconds of sound after which the disk has what was written, so that a power cut takes no more.
_SYNC_EVERY: Final = 10.0
#: Opens a file to write and read, given its path and mode.
Opener = Callable[[Path, str], BinaryIO]


def open_file(path: Path, mode: str) -> BinaryIO:
    """Open without a buffer, so that a failure shows where it happens; a new file is its owner's alone."""
    return open(path, mode, buffering=0, opener=_for_owner)  # type: ignore[return-value]


def _for_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def recover(part: Path, path: Path) -> float:
    """Write what can be read of a file that was not finished to a file of its own.

    Parameters
    ----------
    part : Path
        A FLAC file that lacks its end, and in its header the number of its samples.
    path : Path
        The name of the whole one.

    Returns
    -------
    float
        Seconds that were read; 0 if there is no sound in it, and no new file then.

    Raises
    ------
    OSError
        The new file cannot be written.
    """
    import soundfile

    try:
        with unforked:
            sound = soundfile.SoundFile(os.fsencode(part))  # as soundfile cannot encode every name
    except (RuntimeError, OSError):
        return 0.0
    with sound:
        path.with_name(path.name + _MENDED).unlink(missing_ok=True)  # of a crash while it was recovered
        whole = ClipFile(path, sound.samplerate, suffix=_MENDED)
        try:
            with suppress(RuntimeError):  # the end, or what is damaged
                while len(samples := sound.read(sound.samplerate, "int16")):
                    whole.write(samples)
            if not whole.frames:
                whole.discard()
                return 0.0
            whole.finish()
        except BaseException:
            whole.discard()
            raise
    return whole.frames / whole.sr


class ClipFile:
    """Mono 16-bit samples to a FLAC file, piece by piece.

    Parameters
    ----------
    path : Path
        Its name once it is whole.
    sr : int
        Samples a second.
    opener : callable, optional
        Opens the file.
    suffix : str
        What is added to its name until then.

    Raises
    ------
    OSError
        It cannot be made.
    """

    def __init__(self, path: Path, sr: int, opener: Opener = open_file, suffix: str = PART) -> None:
        import soundfile

        self.path = path
        self.sr = sr
        self.frames = 0
        self._synced = 0
        self._part = path.with_name(path.name + suffix)
        self._file = _Checked(opener(self._part, "xb+"))
        self._sound: Any = None
        try:
            with unforked:
                self._sound = self._attempt(
                    lambda: soundfile.SoundFile(
                        self._file, "w", samplerate=sr, channels=1, format="FLAC", subtype="PCM_16"
                    )
                )
        except BaseException:
            self.discard()
            raise

    @property
    def size(self) -> int:
        """Bytes written so far."""
        return self._file.size

    def write(self, samples: NDArray[np.int16]) -> None:
        """Add samples; raises OSError where they cannot be written, such as on a full disk."""
        self._attempt(lambda: self._sound.write(samples))
        self.frames += len(samples)
        if self.frames - self._synced >= _SYNC_EVERY * self.sr:
            if not self._synced:  # its name is new
                sync_folder(self.path.parent)
            self._synced = self.frames
            self._file.sync()

    def finish(self) -> None:
        """Make sure that all of it is on the disk, and give it its name; OSError if that cannot be."""
        self._attempt(self._sound.close)
        self._file.sync()
        self._file.close()
        self._part.rename(self.path)
        sync_folder(self.path.parent)

    def discard(self) -> None:
        """Close and remove it, whatever state it is in."""
        with suppress(Exception):  # whatever libsndfile says of a file that failed before
            if self._sound is not None:
                self._sound.close()
        with suppress(OSError):
            self._file.close()
        with suppress(OSError):
            self._part.unlink(missing_ok=True)

    def _attempt(self, call: Callable[[], Any]) -> Any:
        """Call libsndfile; what the disk said goes before what libsndfile makes of it."""
        try:
            result = call()
        except (RuntimeError, AssertionError) as error:  # of soundfile
            raise self._file.error or OSError(f"libsndfile: {error}") from error
        if self._file.error is not None:
            raise self._file.error
        return result


class _Checked:
    """A file for libsndfile that remembers why a write failed; libsndfile itself may not even notice.

    Its calls come through C, where an exception would only be printed.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.error: OSError | None = None
        self.size = 0

    def write(self, data: Any) -> int:
        data = memoryview(data).cast("B")
        done = 0
        try:
            while self.error is None and done < len(data):
                done += self._file.write(data[done:]) or 0
            self.size = max(self.size, self._file.tell())
        except OSError as error:
            self.error = error
        # What could not be written is passed over: the whole file will be discarded.
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def read(self, n: int = -1) -> bytes:
        return self._file.read(n)

    def readinto(self, buffer: Any) -> int:
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def sync(self) -> None:
        os.fsync(self._file.fileno())

    def close(self) -> None:
        self._file.close()
