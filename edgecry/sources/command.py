"""Raw PCM from any program that writes it: arecord, or ffmpeg with the stream of a camera."""

from __future__ import annotations

import logging
import os
import select
import shlex
import signal
import subprocess
import time
from contextlib import suppress
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edgecry.audio.pcm import PcmDecoder
from edgecry.audio.pcm_format import PcmFormat
from edgecry.errors import AudioError
from edgecry.sources.base import NOTHING, Source
from edgecry.sources.pipe import PIPE_BYTES, Lull

#: Seconds a program has to end when asked to, before it is killed.
GRACE: Final = 2.0
#: Of what a program says: characters of a line, and lines a minute, that go to the log.
MAX_LINE: Final = 300
MAX_LINES: Final = 20
_STEP: Final = 0.01

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
        The command is empty, or its quotes are not closed.
    """

    def __init__(self, command: str, pcm: PcmFormat) -> None:
        try:
            self._arguments = shlex.split(command)
        except ValueError as error:
            raise AudioError(f"command: {command!r} cannot be split ({error}); check its quotes") from error
        if not self._arguments:
            raise AudioError("command: is empty; name a program that writes raw PCM, and its arguments")
        self.name = self._arguments[0]
        self.sr = pcm.sr
        self._decoder = PcmDecoder(pcm, self.name)
        self._process: subprocess.Popen[bytes] | None = None
        self._poll = select.poll()
        self._sayings = _Sayings(self.name)

    def open(self) -> None:
        """Start the program."""
        try:
            self._process = process = subprocess.Popen(  # noqa: S603 - the user's own command
                self._arguments,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                start_new_session=True,
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
        self.complaint = self._end(patience=GRACE)  # it has closed its output, and is about to end
        return None

    def close(self) -> None:
        """End the program and all that it started; gently at first."""
        self._end(patience=0)

    def _end(self, patience: float) -> str | None:
        """Be done with the program; tell what was wrong with it if it ended by itself in time."""
        process, self._process = self._process, None
        if process is None:
            return self.complaint
        ended = _wait(process.pid, patience)
        # Until the process is waited for, its number and its group's cannot be anybody else's.
        _signal_group(process.pid, signal.SIGTERM)
        _wait(process.pid, GRACE)
        _signal_group(process.pid, signal.SIGKILL)
        try:
            code = process.wait(GRACE)
        except subprocess.TimeoutExpired:  # it runs as somebody else, or hangs in a driver
            log.warning("%s: process %d cannot be killed", self.name, process.pid)
            code = 0
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
        text = line[: 4 * MAX_LINE].decode("utf-8", "backslashreplace")[:MAX_LINE].strip()
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


def _wait(pid: int, timeout: float) -> bool:
    """Wait for a child to end, and leave its remains for ``Popen.wait``."""
    until = time.monotonic() + timeout
    with suppress(ChildProcessError):  # nobody's remains are kept where SIGCHLD is ignored
        while os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
            if time.monotonic() >= until:
                return False
            time.sleep(_STEP)
    return True


def _signal_group(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):  # it may be gone, or be somebody else's
        os.killpg(pid, number)
