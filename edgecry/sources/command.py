"""Raw PCM from any program that writes it: arecord, or ffmpeg with the stream of a camera."""

from __future__ import annotations

import logging
import os
import select
import signal
import subprocess
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from edgecry import children
from edgecry.audio.pcm import PcmDecoder
from edgecry.audio.pcm_format import PcmFormat
from edgecry.errors import AudioError
from edgecry.needs import Need, Program
from edgecry.sources.base import NOTHING, Source
from edgecry.sources.pipe import PIPE_BYTES, Lull
from edgecry.words import split, without_secrets

if TYPE_CHECKING:
    from edgecry.sources.settings import SourceSettings

#: Of what a program says: characters of a line, and lines a minute, that go to the log.
MAX_LINE: Final = 300
MAX_LINES: Final = 20

log = logging.getLogger("edgecry")


class CommandSource(Source):
    """Samples that a program writes to its standard output; one run of it.

    The program gets a process group of its own, and all of that is gone after ``close``.

    Parameters
    ----------
    command : str
        The program and its arguments, quoted as in a shell; no shell sees it.
    pcm : PcmFormat
        What it writes, unless that begins with a WAV header.

    Raises
    ------
    AudioError
        The command is empty, its quotes are not closed, or it needs a shell.
    """

    network = True  # it may be ffmpeg with the stream of a camera

    def __init__(self, command: str, pcm: PcmFormat) -> None:
        self._arguments = split("command", command, AudioError)
        self.name = self._arguments[0]
        self.sr = pcm.sr
        self._decoder = PcmDecoder(pcm, self.name)
        self._process: subprocess.Popen[bytes] | None = None
        self._poll = select.poll()
        self._sayings = _Sayings(self.name)

    @classmethod
    def make(cls, settings: SourceSettings) -> CommandSource:
        """Make one run of the program that settings name."""
        return cls(settings.command, settings.pcm)

    @classmethod
    def shown(cls, settings: SourceSettings) -> str:
        """Return the command without the passwords in its addresses."""
        return without_secrets(settings.command)

    @classmethod
    def needs(cls, settings: SourceSettings) -> tuple[Need, ...]:
        """Return the program that has to be there."""
        return (Program(split("command", settings.command, AudioError)[0]),)

    def open(self) -> None:
        """Start the program."""
        try:
            self._process = process = children.start(
                self._arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise AudioError(f"{self.name}: cannot be started ({reason}); check the command") from error
        self._out, self._err = (pipe.fileno() for pipe in (process.stdout, process.stderr) if pipe)
        for fd in (self._out, self._err):
            self._poll.register(fd, select.POLLIN)
        self._lull = Lull(self._out, self._decoder.format.byte_rate)

    def read(self, timeout: float) -> NDArray[np.float32] | None:
        """Wait for samples; what the program says meanwhile goes to the log."""
        if self._process is None:
            return None
        self._lull.wait()
        ready = [fd for fd, _ in self._poll.poll(1000 * timeout)]
        if self._err in ready:
            said = os.read(self._err, PIPE_BYTES)
            self._sayings.feed(said)
            if not said:
                self._poll.unregister(self._err)
        if self._out not in ready:
            return NOTHING
        data = os.read(self._out, PIPE_BYTES)
        self._lull.note(len(data), self._decoder.format.byte_rate)
        if data:
            return self._decoder.feed(data)
        self.complaint = self._end(patience=children.GRACE)  # it has closed its output, and is about to end
        return None

    def close(self) -> None:
        """End the program and all that it started; gently at first."""
        self._end(patience=0)

    def _end(self, patience: float) -> str | None:
        """Be done with the program; tell what was wrong with it if it ended by itself in time."""
        process, self._process = self._process, None
        if process is None:
            return self.complaint
        ended = children.wait(process, patience)
        if not children.end(process):
            log.warning("%s: process %d cannot be killed", self.name, process.pid)
        code = process.returncode or 0
        self._hear_out()
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
        if not ended:
            return f"{self.name}: wrote no more, but did not end" if patience else None
        if code == 0:
            return None
        how = f"died of {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
        return f"{self.name}: {how}: {self._sayings.last}".removesuffix(": ")

    def _hear_out(self) -> None:
        """Log the last words, as far as they have come."""
        os.set_blocking(self._err, False)
        with suppress(OSError):
            self._sayings.feed(os.read(self._err, PIPE_BYTES))
        self._sayings.end()


class _Sayings:
    """What a program writes to its standard error, as lines of the log: bounded, and printable."""

    def __init__(self, name: str) -> None:
        self.last = ""
        self._name = name
        self._rest = b""
        self._is_long = False  # in a line of which enough was said
        self._minute = -1
        self._lines = 0

    def feed(self, data: bytes) -> None:
        # ffmpeg rewrites its line of progress with carriage returns.
        *lines, self._rest = (self._rest + data).replace(b"\r", b"\n").split(b"\n")
        for line in lines:
            if not self._is_long:
                self._say(line)
            self._is_long = False
        if self._is_long:
            self._rest = b""
        elif len(self._rest) > MAX_LINE:
            self._say(self._rest)
            self._rest, self._is_long = b"", True

    def end(self) -> None:
        self._say(self._rest)
        self._rest = b""

    def _say(self, line: bytes) -> None:
        text = line[: 4 * MAX_LINE].decode("utf-8", "backslashreplace")
        text = without_secrets(text)[:MAX_LINE].strip()  # ffmpeg names the address that it cannot open
        text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
        if not text:
            return
        self.last = text
        minute = int(time.monotonic() // 60)
        if minute != self._minute:
            if self._lines > MAX_LINES:
                log.info("%s: %d more lines", self._name, self._lines - MAX_LINES)
            self._minute, self._lines = minute, 0
        self._lines += 1
        if self._lines <= MAX_LINES:
            log.info("%s: %s", self._name, text)
