"""One FLAC file in the making: under another name until it is whole, and honest about a full disk."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from edgecry.clips.folder import PART

#: Opens a file to write and read, given its path and mode.
Opener = Callable[[Path, str], BinaryIO]


def open_file(path: Path, mode: str) -> BinaryIO:
    """Open without a buffer, so that a failure shows where it happens."""
    return path.open(mode, buffering=0)  # type: ignore[return-value]


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

    Raises
    ------
    OSError
        It cannot be made.
    """

    def __init__(self, path: Path, sr: int, opener: Opener = open_file) -> None:
        import soundfile

        self.path = path
        self.frames = 0
        self._part = path.with_name(path.name + PART)
        self._file = _Checked(opener(self._part, "xb+"))
        self._sound: Any = None
        try:
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

    def finish(self) -> None:
        """Make sure that all of it is on the disk, and give it its name; OSError if that cannot be."""
        self._attempt(self._sound.close)
        self._file.sync()
        self._file.close()
        self._part.rename(self.path)

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
