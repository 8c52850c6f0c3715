"""Recordings that libsndfile cannot read, decoded by the ffmpeg of this machine, if it has one.

ffmpeg is a process of its own that gets the file and nothing else: no shell, no network, no demuxer that
opens further files (playlists), no environment of ours. It ends with the recording, or after a set time.
"""

from __future__ import annotations

import os
import re
import shutil
import struct
import subprocess
from contextlib import suppress
from io import BufferedReader
from tempfile import TemporaryFile
from threading import Timer
from typing import IO, BinaryIO, Final, cast

import numpy as np
from numpy.typing import NDArray

#: Demuxers that may be used. Each reads the one file that it is given.
DEMUXERS: Final = (
    *("mov", "mp4", "m4a", "3gp", "3g2", "mj2", "matroska", "webm", "asf", "amr", "amrnb", "amrwb", "aac"),
    *("wv", "ape", "tta", "mpc", "mpc8", "dsf", "ac3", "eac3", "ogg", "mp3", "flac", "wav", "w64", "aiff"),
    *("caf", "au", "avi", "flv", "mpegts", "mpeg"),
)
#: Seconds after which ffmpeg is ended, whatever it does.
SECONDS: Final = 900.0

#: What libsndfile states where it does not know the number of frames.
_UNKNOWN: Final = 2**63 - 1


class FfmpegError(Exception):
    """ffmpeg does not read it; says why."""


def installed() -> bool:
    """Tell whether there is an ffmpeg on the path."""
    return shutil.which("ffmpeg") is not None


class FfmpegFile:
    """A recording that ffmpeg decodes, with as much of ``soundfile.SoundFile`` as the decoder uses.

    Parameters
    ----------
    file : binary file object
        Copied from its position on to a temporary file, unless ``descriptor`` is there.
    descriptor : int or None
        Of the same recording as a plain file, which ffmpeg then reads itself. Not closed.
    seconds : float
        Seconds after which decoding is ended.

    Raises
    ------
    FfmpegError
        ffmpeg is missing, or does not read it.
    """

    format: Final = "ffmpeg"
    frames: Final = _UNKNOWN

    def __init__(self, file: BinaryIO, descriptor: int | None = None, seconds: float = SECONDS) -> None:
        program = shutil.which("ffmpeg")
        if program is None:
            raise FfmpegError("ffmpeg is not installed")
        self._at = 0
        self._late, self._seconds = False, seconds
        self._errors: IO[bytes] = TemporaryFile()  # noqa: SIM115 - closed with this object
        if descriptor is not None:
            self._process = _start(program, descriptor, self._errors)
        else:
            with TemporaryFile() as spool:
                shutil.copyfileobj(file, spool)
                spool.flush()
                self._process = _start(program, spool.fileno(), self._errors)
        self._timer = Timer(seconds, self._end_late)
        self._timer.daemon = True
        self._timer.start()
        self._out = cast(BufferedReader, self._process.stdout)
        try:
            self.samplerate, self.channels = self._read_header()
        except BaseException:
            self.close()
            raise

    def read(self, out: NDArray[np.float32]) -> NDArray[np.float32]:
        """Fill ``out`` of shape (n, channels), and return the part that was filled."""
        data = self._out.read(len(out) * 4 * self.channels)
        frames = len(data) // (4 * self.channels)
        self._at += frames
        values = np.frombuffer(data, "<f4", frames * self.channels)
        out[:frames] = values.reshape(frames, self.channels)
        return out[:frames]

    def tell(self) -> int:
        """Return how many frames were read."""
        return self._at

    def complaint(self) -> str:
        """Return, after the last frame, what ffmpeg says is wrong with the recording; "" if nothing is."""
        self._process.wait()
        failure = "" if self._process.returncode == 0 else "ffmpeg failed"
        return self._lateness() or self._said() or failure

    def close(self) -> None:
        """End ffmpeg."""
        self._timer.cancel()
        self._process.kill()
        self._process.wait()
        self._out.close()
        self._errors.close()

    def _lateness(self) -> str:
        return f"ffmpeg did not come to an end in {self._seconds:g} s" if self._late else ""

    def _end_late(self) -> None:
        self._late = True
        self._process.kill()

    def _read_header(self) -> tuple[int, int]:
        """Read the header of the WAV that ffmpeg writes, up to its first sample."""
        found = None
        if len(self._out.read(12)) == 12:
            while len(head := self._out.read(8)) == 8:
                name, size = struct.unpack("<4sI", head)
                if name == b"data" and found is not None:
                    return found
                body = self._out.read(size + size % 2)
                if name == b"fmt " and len(body) >= 8:
                    channels, rate = struct.unpack_from("<2xHI", body)
                    found = rate, channels
        self._process.wait()
        raise FfmpegError(self._lateness() or self._said() or "it finds no sound in it")

    def _said(self) -> str:
        """The first line of what ffmpeg wrote on stderr, without the names of its demuxer and of our file."""
        with suppress(OSError, ValueError):
            self._errors.seek(0)
            lines = self._errors.read(2000).decode("utf-8", "replace").splitlines()
            words = [line.partition("] ")[2] or line for line in lines]
            first = next((line.strip() for line in words if line.strip()), "")
            return re.sub(r"^(?:file:)?/dev/fd/\d+: ", "", first)
        return ""


def _start(program: str, descriptor: int, errors: IO[bytes]) -> subprocess.Popen[bytes]:
    name = f"file:/dev/fd/{descriptor}"
    limits = ["-nostdin", "-hide_banner", "-v", "error", "-threads", "1"]
    limits += ["-protocol_whitelist", "file", "-format_whitelist", ",".join(DEMUXERS)]
    sound = ["-map", "0:a:0", "-map_metadata", "-1", "-fflags", "+bitexact", "-c:a", "pcm_f32le"]
    try:
        return subprocess.Popen(  # noqa: S603 - no shell, and only the path of a file of ours
            [program, *limits, "-i", name, *sound, "-f", "wav", "pipe:1"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            pass_fds=(descriptor,),
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
        )
    except OSError as error:
        raise FfmpegError(f"ffmpeg cannot be started: {error}") from error
